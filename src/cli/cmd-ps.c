/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-ps.c - ps, inspect, boot: containers shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/filter.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/cli.h"

/* --- ps */

static const struct cli_opt ps_opts[] = {
	{ 'a', "all", NULL, "those that do not run too" },
	{ 'n', "last", "N", "the N newest, in any state" },
	{ 'l', "latest", NULL, "the newest one, in any state" },
	{ 'f', "filter", "FILTER", "only those: name=, id=, status=, ancestor=, label=, or words as in berth-filter(7)" },
	{ 0, "no-trunc", NULL, "whole ids and commands" },
	CLI_FORMAT_OPT,
	CLI_QUIET_OPT,
	{ 0 },
};

static cJSON *row_of(const struct berth_container *c)
{
	cJSON *j = cJSON_CreateObject(), *ports, *labels;

	cJSON_AddStringToObject(j, "id", c->id);
	cJSON_AddStringToObject(j, "name", c->name);
	cJSON_AddStringToObject(j, "image", c->image);
	cJSON_AddStringToObject(j, "command", c->command);
	cJSON_AddStringToObject(j, "state", berth_state_word(c->state));
	cJSON_AddNumberToObject(j, "exit_code", c->exit_code);
	cli_add_time(j, "created", c->created);
	cli_add_time(j, "started", c->started);
	cli_add_time(j, "finished", c->finished);
	cJSON_AddNumberToObject(j, "pid", c->pid);
	cJSON_AddItemToObject(j, "ip", c->ip ? cJSON_CreateString(c->ip) : cJSON_CreateNull());
	ports = cJSON_AddArrayToObject(j, "ports");
	for (size_t i = 0; i < c->nports; i++) {
		cJSON *p = cJSON_CreateObject();

		cJSON_AddStringToObject(p, "host_ip", c->ports[i].host_ip);
		cJSON_AddNumberToObject(p, "host_port", c->ports[i].host_port);
		cJSON_AddNumberToObject(p, "container_port", c->ports[i].container_port);
		cJSON_AddStringToObject(p, "proto", c->ports[i].proto);
		cJSON_AddItemToArray(ports, p);
	}
	cJSON_AddNumberToObject(j, "memory_bytes", (double)c->memory_bytes);
	cJSON_AddNumberToObject(j, "cpus", c->cpus);
	cJSON_AddStringToObject(j, "kernel", c->kernel);
	cJSON_AddStringToObject(j, "accel", c->accel);
	cJSON_AddNullToObject(j, "health");
	cJSON_AddStringToObject(j, "cause", c->cause);
	cli_add_time(j, "silent_since", c->silent);
	labels = cJSON_AddObjectToObject(j, "labels");
	for (const char *const *l = c->labels; l && *l; l++) {
		AUTO_FREE char *key = strndup(*l, strcspn(*l, "="));

		if (key)
			cJSON_AddStringToObject(labels, key, strchr(*l, '=') ? strchr(*l, '=') + 1 : "");
	}
	return j;
}

static void on_list(void *arg, int rc, const struct berth_error *e, const struct berth_container *list, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++)
		cJSON_AddItemToArray(cli->rows, row_of(&list[i]));
	cli_finish(cli, rc, e);
}

static bool is_up(const char *state)
{
	return strcmp(state, "created") != 0 && strcmp(state, "exited") != 0 && strcmp(state, "dead") != 0;
}

/* --- filters: docker's KEY=VALUE, or the words of berth-filter(7) */

struct asked {
	const cJSON *row;
	struct buf text;
};

/* What a plain word is looked for in, or one field of it. */
static const char *field_text(void *arg, const char *field)
{
	struct asked *q = arg;
	const cJSON *p;

	q->text.len = 0;
	for (const char *const *f = (const char *const[]){ "name", "image", "id", "state", "command", NULL }; *f; f++)
		if (field ? strcmp(field, *f) == 0 : strcmp(*f, "name") == 0 || strcmp(*f, "image") == 0)
			buf_addf(&q->text, "%s\n", cli_str(q->row, *f));
	if (field && strcmp(field, "state") == 0) {
		bool up = is_up(cli_str(q->row, "state"));
		bool bad = strcmp(cli_str(q->row, "state"), "dead") == 0 ||
			   (strcmp(cli_str(q->row, "state"), "exited") == 0 && json_int(q->row, "exit_code", 0) != 0);

		buf_adds(&q->text, up ? "up\n" : bad ? "failed\n" : "");
	}
	if (!field || strcmp(field, "port") == 0)
		cJSON_ArrayForEach(p, json_arr(q->row, "ports"))
			buf_addf(&q->text, "%lld\n%lld\n", (long long)json_int(p, "host_port", 0),
				 (long long)json_int(p, "container_port", 0));
	if (!field || strcmp(field, "label") == 0)
		cJSON_ArrayForEach(p, json_obj(q->row, "labels"))
			buf_addf(&q->text, "%s=%s\n", p->string, cJSON_GetStringValue(p) ?: "");
	return q->text.p ? (const char *)q->text.p : "";
}

static int64_t ns_of(const cJSON *r, const char *key);

static enum filter_number field_number(void *arg, const char *field, double *ret)
{
	const struct asked *q = arg;
	int64_t ns = ns_of(q->row, strcmp(field, "up") == 0 ? "started" : "created");

	if (strcmp(field, "mem") == 0 || strcmp(field, "cpus") == 0 || strcmp(field, "exit") == 0) {
		const char *key = *field == 'm' ? "memory_bytes" : *field == 'e' ? "exit_code" : "cpus";
		const cJSON *v = cJSON_GetObjectItemCaseSensitive(q->row, key);

		*ret = cJSON_IsNumber(v) ? v->valuedouble : 0;
		return cJSON_IsNumber(v) ? FILTER_AMOUNT : FILTER_NONE;
	}
	*ret = (double)(clock_real_ns() - ns) / 1e9;
	return ns && (strcmp(field, "age") == 0 || (strcmp(field, "up") == 0 && is_up(cli_str(q->row, "state")))) ?
		       FILTER_SECONDS : FILTER_NONE;
}

static const char *const fields[] = { "name", "image", "id",  "state", "command", "port",
				      "label", "mem",  "cpus", "exit", "up",	  "age", NULL };
static const struct filter_source source = { field_text, field_number, fields };

/* docker's forms: name and image have it, the others are it. -1: not one. */
static int matches_as_docker(const cJSON *row, const char *filter)
{
	const char *eq = strchr(filter, '=');
	size_t n = eq ? (size_t)(eq - filter) : 0;

	if (!eq)
		return -1;
	eq++;
	if (n == 4 && strncmp(filter, "name", n) == 0)
		return strstr(cli_str(row, "name"), eq) != NULL;
	if (n == 2 && strncmp(filter, "id", n) == 0)
		return str_starts(cli_str(row, "id"), eq);
	if ((n == 5 && strncmp(filter, "state", n) == 0) || (n == 6 && strncmp(filter, "status", n) == 0))
		return strcmp(cli_str(row, "state"), eq) == 0;
	if ((n == 5 && strncmp(filter, "image", n) == 0) || (n == 8 && strncmp(filter, "ancestor", n) == 0))
		return strstr(cli_str(row, "image"), eq) != NULL;
	if (n == 5 && strncmp(filter, "label", n) == 0) {
		AUTO_FREE char *key = strndup(eq, strcspn(eq, "="));
		const char *have = key ? json_str(json_obj(row, "labels"), key) : NULL;

		return have && (!strchr(eq, '=') || strcmp(strchr(eq, '=') + 1, have) == 0);
	}
	return -1;
}

/* Takes away the rows that a filter does not choose. A word that docker would take for KEY=VALUE, of a key that
 * neither knows, is an error. */
static int choose(const struct cli_args *a, cJSON *rows, const char *word)
{
	static const cJSON none;
	bool docker = matches_as_docker(&none, word) >= 0;
	size_t key = strspn(word, "abcdefghijklmnopqrstuvwxyz-");
	struct filter *f = NULL;
	struct err e = { 0 };
	bool known = false;

	for (const char *const *w = fields; *w; w++)
		known = known || (strlen(*w) == key && strncmp(*w, word, key) == 0);
	if (!docker && key && word[key] == '=' && !known)
		return cli_usage(a->cmd, "'%s' is not a filter: name, id, state, image, label, or the words of "
					 "berth-filter(7)", word);
	if (!docker && filter_parse(word, &source, &f, &e) < 0)
		return cli_usage(a->cmd, "%s", e.text);
	for (cJSON *r = rows->child, *next; r; r = next) {
		struct asked q = { .row = r };
		bool keep = docker ? matches_as_docker(r, word) : filter_match(f, &source, &q);

		next = r->next;
		buf_finish(&q.text);
		if (!keep)
			cJSON_Delete(cJSON_DetachItemViaPointer(rows, r));
	}
	filter_free(f);
	return 0;
}

static char *cell_id(const cJSON *r, bool wide)
{
	return wide ? strdup(cli_str(r, "id")) : cli_short_id(cli_str(r, "id"));
}

static char *cell_image(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "image"));
}

static char *cell_command(const cJSON *r, bool wide)
{
	const char *c = cli_str(r, "command");

	return !wide && strlen(c) > 24 ? path_fmt("%.23s…", c) : strdup(c);
}

static int64_t ns_of(const cJSON *r, const char *key)
{
	int64_t ns = 0;

	clock_parse_rfc3339(cli_str(r, key), &ns);
	return ns;
}

static char *cell_created(const cJSON *r, bool wide)
{
	return cli_ago(ns_of(r, "created"));
}

static char *cell_status(const cJSON *r, bool wide)
{
	const char *state = cli_str(r, "state");
	AUTO_FREE char *started = cli_ago(ns_of(r, "started"));
	AUTO_FREE char *finished = cli_ago(ns_of(r, "finished"));

	if ((strcmp(state, "running") == 0 || strcmp(state, "paused") == 0) && started) {
		started[str_ends(started, " ago") ? strlen(started) - 4 : strlen(started)] = 0;
		return path_fmt("Up %s%s%s", started, *state == 'p' ? " (Paused)" : "",
				*cli_str(r, "silent_since") ? " (not answering)" : "");
	}
	if (strcmp(state, "exited") == 0)
		return path_fmt("Exited (%lld) %s", (long long)json_int(r, "exit_code", 0), finished ? finished : "");
	if (strcmp(state, "dead") == 0)
		return strdup("Dead");
	return path_fmt("%c%s", state[0] - 32, state + 1);
}

static char *cell_ports(const cJSON *r, bool wide)
{
	AUTO_BUF struct buf b = { 0 };
	const cJSON *p;

	cJSON_ArrayForEach(p, json_arr(r, "ports"))
		buf_addf(&b, "%s%s:%lld->%lld/%s", b.len ? ", " : "", cli_str(p, "host_ip"),
			 (long long)json_int(p, "host_port", 0), (long long)json_int(p, "container_port", 0),
			 cli_str(p, "proto"));
	return buf_steal(&b);
}

static char *cell_name(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "name"));
}

static int run_ps(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "CONTAINER ID", cell_id }, { "IMAGE", cell_image },	{ "COMMAND", cell_command },
		{ "CREATED", cell_created }, { "STATUS", cell_status }, { "PORTS", cell_ports },
		{ "NAMES", cell_name },	     { 0 },
	};
	static const struct cli_listing listing = { columns, "id", true };
	AUTO_FREE const char **filters = cli_values(a, "filter");
	const char *last = cli_value(a, "last");
	uint64_t max = UINT64_MAX;
	AUTO_JSON cJSON *rows = NULL;
	bool all = cli_flag(a, "all") || last || cli_flag(a, "latest");

	if (last && str_parse_u64(last, 1000000, &max) < 0)
		return cli_usage(a->cmd, "'%s' is not a number of containers", last);
	if (cli_flag(a, "latest"))
		max = 1;
	for (const char **f = filters; f && *f; f++)
		if (str_starts(*f, "status=") || strstr(*f, "state"))
			all = true;
	if (cli_await(cli, berth_container_list(cli->berth, on_list, cli, &cli->error)) < 0) {
		cJSON_Delete(TAKE(cli->rows));
		return cli_fail(cli);
	}
	rows = TAKE(cli->rows);
	for (const char **f = filters; f && *f; f++) {
		int rc = choose(a, rows, *f);

		if (rc)
			return rc;
	}
	for (cJSON *r = rows->child, *next; r; r = next) {
		bool keep = all || is_up(cli_str(r, "state"));

		next = r->next;
		if (keep && max > 0)
			max--;
		else
			cJSON_Delete(cJSON_DetachItemViaPointer(rows, r));
	}
	return cli_list(a, &listing, rows, cli_flag(a, "no-trunc"));
}

const struct cli_cmd cli_cmd_ps = {
	.name = "ps", .looks = true,
	.args = "",
	.brief = "list containers",
	.opts = ps_opts,
	.max_args = 0,
	.run = run_ps,
};
const struct cli_cmd cli_cmd_container_ls = {
	.name = "container ls", .looks = true, .args = "", .brief = "as ps", .opts = ps_opts, .alias = true, .run = run_ps,
};

/* --- inspect */

static const struct cli_opt inspect_opts[] = { { 'f', "format", "FORMAT", "json, jsonl, KEY[,KEY...] or a template" },
					       { 0, "type", "KIND", "container or image" },
					       { 0 } };

static void on_json(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct cli *cli = arg;

	if (rc == 0)
		json_parse(json, strlen(json), "the answer", &cli->rows, NULL);
	cli_finish(cli, rc, e);
}

static int inspect_one(struct cli *cli, const char *name, const char *type)
{
	int rc = -ENOENT;

	if (!type || strcmp(type, "container") == 0)
		rc = cli_await(cli, berth_container_inspect(cli->berth, name, on_json, cli, &cli->error));
	if (rc == -ENOENT && (!type || strcmp(type, "image") == 0)) {
		struct berth_error first = cli->error;

		rc = cli_await(cli, berth_image_inspect(cli->berth, name, on_json, cli, &cli->error));
		if (rc == -ENOENT && !type) {
			cli->error = first;
			snprintf(cli->error.text, sizeof(cli->error.text), "no such container or image: %.200s", name);
			*cli->error.hint = 0;
		}
	}
	return rc;
}

static int run_inspect(struct cli *cli, const struct cli_args *a)
{
	AUTO_JSON cJSON *all = cJSON_CreateArray();
	const char *type = str_starts(a->cmd->name, "image") ? "image" : cli_value(a, "type");
	int code = CLI_OK, shown;

	for (int i = 0; i < a->argc; i++) {
		if (inspect_one(cli, a->argv[i], type) < 0)
			code = cli_fail(cli);
		else if (cli->rows)
			cJSON_AddItemToArray(all, TAKE(cli->rows));
	}
	shown = cli_inspect(a, all);
	return code ? code : shown;
}

const struct cli_cmd cli_cmd_inspect = {
	.name = "inspect", .looks = true, .args = "CONTAINER|IMAGE...", .brief = "all that is known of containers or images, as JSON",
	.opts = inspect_opts, .min_args = 1, .max_args = -1, .run = run_inspect,
};
const struct cli_cmd cli_cmd_image_inspect = {
	.name = "image inspect", .looks = true, .args = "IMAGE...", .brief = "all that is known of images, as JSON",
	.opts = inspect_opts, .min_args = 1, .max_args = -1, .run = run_inspect,
};

/* --- boot */

static const struct cli_opt boot_opts[] = { CLI_FORMAT_OPT, { 0 } };

static int run_boot(struct cli *cli, const struct cli_args *a)
{
	const char *format = cli_value(a, "format");
	AUTO_JSON cJSON *boot = NULL;
	const cJSON *s;
	double total;

	if (cli_await(cli, berth_container_boot(cli->berth, a->argv[0], on_json, cli, &cli->error)) < 0)
		return cli_fail(cli);
	boot = TAKE(cli->rows);
	if (format && strcmp(format, "table") != 0) {
		AUTO_JSON cJSON *array = NULL;

		if (strcmp(format, "json") == 0) {
			AUTO_FREE char *text = json_print_indented(boot);

			puts(text ? text : "{}");
			return CLI_OK;
		}
		array = cJSON_CreateArray();
		cJSON_AddItemToArray(array, TAKE(boot));
		return cli_inspect(a, array);
	}
	total = cJSON_GetNumberValue(cJSON_GetObjectItem(boot, "total_ms"));
	printf("%-10s  %9s  %9s\n", "STAGE", "START", "TOOK");
	cJSON_ArrayForEach(s, json_arr(boot, "stages")) {
		double start = cJSON_GetNumberValue(cJSON_GetObjectItem(s, "start_ms"));
		double ms = cJSON_GetNumberValue(cJSON_GetObjectItem(s, "ms"));
		int from = total > 0 ? (int)(start * 40 / total) : 0, n = total > 0 ? (int)(ms * 40 / total + 0.5) : 0;

		printf("%-10s  %6.1f ms  %6.1f ms  %*s%.*s\n", cli_str(s, "name"), start, ms, from, "", n > 0 ? n : 1,
		       "########################################");
	}
	printf("%-10s  %9s  %6.1f ms  %s\n", "total", "", total, cli_str(boot, "accel"));
	if (cJSON_GetObjectItem(boot, "tried_kvm_ms"))
		printf("KVM was tried first, in vain, for %.1f ms\n",
		       cJSON_GetNumberValue(cJSON_GetObjectItem(boot, "tried_kvm_ms")));
	return CLI_OK;
}

const struct cli_cmd cli_cmd_boot = {
	.name = "boot", .looks = true, .args = "CONTAINER", .brief = "the stages of a container's start, in milliseconds",
	.opts = boot_opts, .min_args = 1, .max_args = 1, .run = run_boot,
};
