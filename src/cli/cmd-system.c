/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-system.c - system probe and info, version, help, list-keys, and what checks use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fault.h"
#include "cli/cli.h"
#include "cli/debug-vt.h"
#include "tui/tui.h"

static const struct cli_opt format_opts[] = { { 'f', "format", "FORMAT", "table, json, or a template" }, { 0 } };

static void on_json(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct cli *cli = arg;

	if (rc == 0)
		json_parse(json, strlen(json), "the answer", &cli->rows, NULL);
	cli_finish(cli, rc, e);
}

/* An object as "key: value" lines, nested ones indented. */
static void print_lines(const cJSON *j, int indent)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, j) {
		printf("%*s%s:", indent, "", m->string);
		if (cJSON_IsObject(m)) {
			putchar('\n');
			print_lines(m, indent + 2);
		} else if (cJSON_IsString(m)) {
			printf(" %s\n", m->valuestring);
		} else {
			AUTO_FREE char *text = json_print(m);

			printf(" %s\n", text && strcmp(text, "null") != 0 ? text : "unknown");
		}
	}
}

static int print_object(const struct cli_args *a, cJSON *object)
{
	const char *format = cli_value(a, "format");
	AUTO_JSON cJSON *array = NULL;

	if (!format || strcmp(format, "table") == 0) {
		print_lines(object, 0);
		cJSON_Delete(object);
		return CLI_OK;
	}
	if (strcmp(format, "json") == 0) {
		AUTO_FREE char *text = json_print_indented(object);

		puts(text ? text : "{}");
		cJSON_Delete(object);
		return CLI_OK;
	}
	array = cJSON_CreateArray();
	cJSON_AddItemToArray(array, object);
	return cli_inspect(a, array);
}

static int run_probe(struct cli *cli, const struct cli_args *a)
{
	if (cli_await(cli, berth_system_probe(cli->berth, on_json, cli, &cli->error)) < 0)
		return cli_fail(cli);
	return print_object(a, TAKE(cli->rows));
}

const struct cli_cmd cli_cmd_system_probe = {
	.name = "system probe", .looks = true, .args = "", .brief = "which accelerator virtual machines use, and why",
	.opts = format_opts, .max_args = 0, .run = run_probe,
};

static int run_info(struct cli *cli, const struct cli_args *a)
{
	if (cli_await(cli, berth_system_info(cli->berth, on_json, cli, &cli->error)) < 0)
		return cli_fail(cli);
	return print_object(a, TAKE(cli->rows));
}

const struct cli_cmd cli_cmd_system_info = {
	.name = "system info", .looks = true, .args = "", .brief = "what this installation has and where it keeps things",
	.opts = format_opts, .max_args = 0, .run = run_info,
};
const struct cli_cmd cli_cmd_info = {
	.name = "info", .looks = true, .args = "", .brief = "as system info", .opts = format_opts, .alias = true, .max_args = 0,
	.run = run_info,
};

static int run_version(struct cli *cli, const struct cli_args *a)
{
	cJSON *j;

	if (!cli_value(a, "format")) {
		printf("berth %s\n", berth_version());
		return CLI_OK;
	}
	j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "version", berth_version());
	return print_object(a, j);
}

const struct cli_cmd cli_cmd_version = {
	.name = "version", .looks = true, .args = "", .brief = "print the version", .opts = format_opts, .max_args = 0,
	.no_engine = true, .run = run_version,
};
const struct cli_cmd cli_cmd_system_version = {
	.name = "system version", .looks = true, .args = "", .brief = "as version", .opts = format_opts, .alias = true, .max_args = 0,
	.no_engine = true, .run = run_version,
};

static int run_help(struct cli *cli, const struct cli_args *a)
{
	const struct cli_cmd *c;
	int used;

	if (a->argc == 0) {
		cli_print_help();
		return CLI_OK;
	}
	c = cli_find(a->argv, a->argc, &used);
	if (!c && a->argc == 1 && cli_is_group(a->argv[0])) {
		cli_print_group_help(a->argv[0]);
		return CLI_OK;
	}
	if (!c || used != a->argc)
		return cli_usage(a->cmd, "there is no command '%s'", a->argv[0]);
	cli_print_command_help(c);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_help = {
	.name = "help", .looks = true, .args = "[COMMAND]", .brief = "show help", .max_args = 3, .no_engine = true, .run = run_help,
};

static const struct cli_opt keys_opts[] = { CLI_FORMAT_OPT, { 0 } };

static int run_list_keys(struct cli *cli, const struct cli_args *a)
{
	const char *format = cli_value(a, "format");
	AUTO_BUF struct buf out = { 0 };

	if (format && strcmp(format, "json") != 0 && strcmp(format, "table") != 0)
		return cli_usage(a->cmd, "'%s' is not a format of the keys: table or json", format);
	if (tui_list_keys(format && strcmp(format, "json") == 0, &out) < 0) {
		cli_error("out of memory");
		return CLI_FAILED;
	}
	fwrite(out.p, 1, out.len, stdout);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_list_keys = {
	.name = "list-keys", .looks = true, .args = "", .brief = "the keys of the terminal UI", .opts = keys_opts, .max_args = 0,
	.no_engine = true, .run = run_list_keys,
};

/* --- for checks */

static const struct cli_opt vt_opts[] = {
	{ 0, "rows", "R", "rows" }, { 0, "cols", "C", "columns" }, { 0, "resize-at", "N:RxC", "after N bytes" },
	{ 0, "bench", NULL, "MB/s alone" }, { 0 },
};

static int run_debug_vt(struct cli *cli, const struct cli_args *a)
{
	AUTO_FREE const char **argv = cli_must(calloc(2 * a->ngiven + 2, sizeof(*argv)));
	int argc = 0;

	argv[argc++] = "berth debug vt";
	for (size_t i = 0; i < a->ngiven; i++) {
		const char *name = a->given[i].opt->name;

		if (strcmp(name, "rows") == 0)
			argv[argc++] = "--rows";
		else if (strcmp(name, "cols") == 0)
			argv[argc++] = "--cols";
		else if (strcmp(name, "resize-at") == 0)
			argv[argc++] = "--resize-at";
		else if (strcmp(name, "bench") == 0)
			argv[argc++] = "--bench";
		else
			continue;
		if (strcmp(name, "bench") != 0)
			argv[argc++] = a->given[i].value;
	}
	return cli_debug_vt(argc, (char **)argv);
}

static int run_debug_faults(struct cli *cli, const struct cli_args *a)
{
	const struct fault_row *t = fault_table();

	for (int i = 0; t && i < FAULT_COUNT; i++)
		printf("%-16s %s\n", t[i].name, t[i].what);
	if (t)
		return CLI_OK;
	cli_error("this build has no fault points: they come with configure --enable-faults");
	return CLI_FAILED;
}

const struct cli_cmd cli_cmd_debug_faults = {
	.name = "debug faults", .args = "", .brief = "points that BERTH_FAULT=NAME[:NTH] makes fail", .max_args = 0,
	.hidden = true, .no_engine = true, .run = run_debug_faults,
};

const struct cli_cmd cli_cmd_debug_vt = {
	.name = "debug vt", .args = "", .brief = "the terminal engine, from standard input", .opts = vt_opts,
	.max_args = 0, .hidden = true, .no_engine = true, .run = run_debug_vt,
};
