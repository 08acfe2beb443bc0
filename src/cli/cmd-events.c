/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-events.c - events: what happened to containers and images, and what happens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"

static const struct cli_opt events_opts[] = {
	{ 'f', "filter", "FILTER", "only those: type=, event=, container=, image=; of one key any, of several all" },
	{ 0, "since", "TIME", "from then on: RFC 3339, seconds since 1970, or 10m ago" },
	{ 0, "until", "TIME", "up to then, and end" },
	CLI_FORMAT_OPT,
	{ 0 },
};

static const char *const filter_keys[] = { "type", "event", "action", "container", "image", "id", "name", NULL };

struct showing {
	struct cli *cli;
	const struct cli_args *a;
	const char **filters;
	const char *format;
	unsigned shown;
	int code;
};

/* --- filters */

static const char *attribute(const struct berth_event *ev, const char *key)
{
	size_t n = strlen(key);

	for (const char *const *at = ev->attributes; *at; at++)
		if (strncmp(*at, key, n) == 0 && (*at)[n] == '=')
			return *at + n + 1;
	return NULL;
}

/* An id may be cut, as everywhere. */
static bool is_object(const struct berth_event *ev, const char *type, const char *word)
{
	const char *id = str_starts(ev->id, "sha256:") && !str_starts(word, "sha256:") ? ev->id + 7 : ev->id;

	return (!type || strcmp(ev->type, type) == 0) &&
	       (strcmp(ev->name, word) == 0 || (strlen(word) >= 2 && str_starts(id, word)));
}

static bool matches(const struct berth_event *ev, const char *key, size_t n, const char *value)
{
	if (strncmp(key, "type", n) == 0)
		return strcmp(ev->type, value) == 0;
	if (strncmp(key, "event", n) == 0 || strncmp(key, "action", n) == 0)
		return strcmp(ev->action, value) == 0;
	if (strncmp(key, "container", n) == 0)
		return is_object(ev, "container", value);
	if (strncmp(key, "image", n) == 0) {
		const char *image = attribute(ev, "image");

		return is_object(ev, "image", value) || (image && strcmp(image, value) == 0);
	}
	if (strncmp(key, "id", n) == 0)
		return str_starts(ev->id, value);
	return strcmp(ev->name, value) == 0;
}

/* Of several filters with one key one must match, as with docker. */
static bool wanted(const struct showing *s, const struct berth_event *ev)
{
	for (const char **f = s->filters; f && *f; f++) {
		size_t n = (size_t)(strchr(*f, '=') - *f);
		bool any = false;

		for (const char **g = s->filters; *g && !any; g++)
			any = strncmp(*f, *g, n + 1) == 0 && matches(ev, *g, n, *g + n + 1);
		if (!any)
			return false;
	}
	return true;
}

static int check_filters(const struct cli_args *a, const char *const *filters)
{
	for (; filters && *filters; filters++) {
		const char *eq = strchr(*filters, '=');
		bool known = false;

		for (const char *const *k = filter_keys; eq && *k; k++)
			known |= strlen(*k) == (size_t)(eq - *filters) && strncmp(*k, *filters, strlen(*k)) == 0;
		if (!known)
			return cli_usage(a->cmd, "'%s' is not a filter: type=, event=, container=, image=, id= or name=",
					 *filters);
	}
	return 0;
}

/* --- showing */

static cJSON *row_of(const struct berth_event *ev)
{
	cJSON *j = cJSON_CreateObject(), *attributes;

	cli_add_time(j, "time", ev->time);
	cJSON_AddStringToObject(j, "type", ev->type);
	cJSON_AddStringToObject(j, "action", ev->action);
	cJSON_AddStringToObject(j, "id", ev->id);
	cJSON_AddStringToObject(j, "name", ev->name);
	attributes = cJSON_AddObjectToObject(j, "attributes");
	for (const char *const *at = ev->attributes; *at; at++) {
		AUTO_FREE char *key = strndup(*at, strcspn(*at, "="));

		if (key && attributes)
			cJSON_AddStringToObject(attributes, key, *at + strlen(key) + 1);
	}
	return j;
}

/* As docker has it: "TIME TYPE ACTION ID (NAME, key=value, …)". */
static void print_line(const struct berth_event *ev)
{
	AUTO_FREE char *when = cli_time(ev->time);
	AUTO_FREE char *id = cli_short_id(ev->id);
	AUTO_BUF struct buf b = { 0 };

	buf_addf(&b, "%s %s %s %s (", when ? when : "", ev->type, ev->action, id ? id : "");
	str_add_clean(&b, ev->name, strlen(ev->name));
	for (const char *const *at = ev->attributes; *at; at++) {
		buf_adds(&b, ", ");
		str_add_clean(&b, *at, strlen(*at));
	}
	printf("%s)\n", b.p ? (char *)b.p : "");
}

static void on_event(void *arg, const struct berth_event *ev)
{
	static const struct cli_listing none = { .quiet_key = "id" };
	struct showing *s = arg;

	if (s->code || !wanted(s, ev))
		return;
	if (!s->format || strcmp(s->format, "table") == 0) {
		print_line(ev);
	} else {
		AUTO_JSON cJSON *rows = cJSON_CreateArray();
		cJSON *row = row_of(ev);

		cJSON_AddItemToArray(rows, row);
		if (strcmp(s->format, "json") == 0) {
			AUTO_FREE char *text = json_print(row);

			printf("%s%s", s->shown ? ",\n" : "[", text ? text : "{}");
		} else {
			s->code = cli_list(s->a, &none, rows, true);
		}
	}
	s->shown++;
	if (fflush(stdout) != 0 || s->code) /* nobody reads, or the format is wrong */
		berth_op_cancel(s->cli->op);
}

static void on_end(void *arg, int rc, const struct berth_error *e)
{
	struct showing *s = arg;

	cli_finish(s->cli, rc, e);
}

static int run_events(struct cli *cli, const struct cli_args *a)
{
	AUTO_FREE const char **filters = cli_values(a, "filter");
	struct showing s = { .cli = cli, .a = a, .filters = filters, .format = cli_value(a, "format") };
	struct berth_events o = { 0 };
	int code = check_filters(a, filters), rc;

	if (code == 0)
		code = cli_parse_time(a, "since", &o.since);
	if (code == 0)
		code = cli_parse_time(a, "until", &o.until);
	if (code)
		return code;
	o.follow = !o.until || o.until > clock_real_ns();
	rc = cli_await(cli, berth_events(cli->berth, &o, on_event, on_end, &s, &cli->op, &cli->error));
	if (s.format && strcmp(s.format, "json") == 0)
		printf("%s]\n", s.shown ? "" : "[");
	if (s.code)
		return s.code;
	return rc < 0 && (rc != -ECANCELED || cli->interrupted) ? cli_fail(cli) : CLI_OK;
}

const struct cli_cmd cli_cmd_events = {
	.name = "events", .looks = true, .args = "", .brief = "show what happens to containers and images",
	.about = "As it happens, whoever does it, until interrupted; with --since also what was kept of the time before, some ten "
		 "thousand events. Of containers: create, start, exec, exec_exit, exit, stop, kill, oom, pause, unpause, rename, "
		 "delete, restore; of images: pull, tag, untag, delete, restore. With --format json all of it is one array.",
	.opts = events_opts, .max_args = 0, .run = run_events,
};
