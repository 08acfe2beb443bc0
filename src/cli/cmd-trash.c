/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-trash.c - trash ls, restore, purge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "cli/cli.h"

static const struct cli_opt ls_opts[] = {
	{ 0, "no-trunc", NULL, "whole ids" },
	CLI_FORMAT_OPT,
	CLI_QUIET_OPT,
	{ 0 },
};

static void on_trash(void *arg, int rc, const struct berth_error *e, const struct berth_trash *list, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "id", list[i].id);
		cJSON_AddStringToObject(j, "kind", list[i].kind);
		cJSON_AddStringToObject(j, "name", list[i].name);
		cli_add_time(j, "deleted", list[i].deleted);
		cJSON_AddNumberToObject(j, "size_bytes", (double)list[i].size_bytes);
		cJSON_AddItemToArray(cli->rows, j);
	}
	cli_finish(cli, rc, e);
}

static char *cell_id(const cJSON *r, bool wide)
{
	return wide ? strdup(cli_str(r, "id")) : cli_short_id(cli_str(r, "id"));
}

static char *cell_kind(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "kind"));
}

static char *cell_name(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "name"));
}

static char *cell_deleted(const cJSON *r, bool wide)
{
	int64_t ns = 0;

	clock_parse_rfc3339(cli_str(r, "deleted"), &ns);
	return cli_ago(ns);
}

static int run_ls(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "ID", cell_id }, { "KIND", cell_kind }, { "NAME", cell_name }, { "DELETED", cell_deleted },
		{ "SIZE", cli_cell_size, true }, { 0 },
	};
	static const struct cli_listing listing = { columns, "id", true };
	AUTO_JSON cJSON *rows = NULL;

	if (cli_await(cli, berth_trash_list(cli->berth, on_trash, cli, &cli->error)) < 0) {
		cJSON_Delete(TAKE(cli->rows));
		return cli_fail(cli);
	}
	rows = TAKE(cli->rows);
	return cli_list(a, &listing, rows, cli_flag(a, "no-trunc"));
}

const struct cli_cmd cli_cmd_trash_ls = {
	.name = "trash ls", .looks = true, .args = "", .brief = "list what was deleted and can be given back", .opts = ls_opts,
	.max_args = 0, .run = run_ls,
};

static void on_restored(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n)
{
	for (size_t i = 0; rc == 0 && i < n; i++)
		puts(lines[i]);
	cli_finish(arg, rc, e);
}

static int run_restore(struct cli *cli, const struct cli_args *a)
{
	int code = CLI_OK;

	for (int i = 0; i < a->argc; i++)
		if (cli_await(cli, berth_trash_restore(cli->berth, a->argv[i], on_restored, cli, &cli->error)) < 0)
			code = cli_fail(cli);
	return code;
}

const struct cli_cmd cli_cmd_trash_restore = {
	.name = "trash restore", .args = "ID...", .brief = "give back what was deleted",
	.about = "An ID is that of berth trash ls, or a name: then the newest of that name.", .min_args = 1,
	.max_args = -1, .run = run_restore,
};

static int run_purge(struct cli *cli, const struct cli_args *a)
{
	int code = CLI_OK;

	if (!a->argc)
		return cli_await(cli, berth_trash_purge(cli->berth, NULL, cli_on_done, cli, &cli->error)) < 0 ?
			       cli_fail(cli) :
			       CLI_OK;
	for (int i = 0; i < a->argc; i++) {
		if (cli_await(cli, berth_trash_purge(cli->berth, a->argv[i], cli_on_done, cli, &cli->error)) < 0)
			code = cli_fail(cli);
		else
			puts(a->argv[i]);
	}
	return code;
}

const struct cli_cmd cli_cmd_trash_purge = {
	.name = "trash purge", .args = "[ID...]", .brief = "delete what is in the trash for good",
	.about = "Without an ID: all of it. What is older than 7 days goes by itself.", .max_args = -1,
	.run = run_purge,
};
