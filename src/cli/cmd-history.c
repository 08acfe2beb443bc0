/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-history.c - image history: what an image was made by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "cli/cli.h"

#define BY_CHARS 45

static const struct cli_opt history_opts[] = {
	{ 0, "no-trunc", NULL, "whole commands and ids" },
	CLI_FORMAT_OPT,
	CLI_QUIET_OPT,
	{ 0 },
};

static void on_steps(void *arg, int rc, const struct berth_error *e, const struct berth_image_step *v, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddItemToObject(j, "id", v[i].id ? cJSON_CreateString(v[i].id) : cJSON_CreateNull());
		cli_add_time(j, "created", v[i].created);
		cJSON_AddStringToObject(j, "created_by", v[i].created_by);
		cJSON_AddNumberToObject(j, "size_bytes", (double)v[i].size_bytes);
		cJSON_AddStringToObject(j, "comment", v[i].comment);
		cJSON_AddStringToObject(j, "author", v[i].author);
		cJSON_AddItemToObject(j, "layer", v[i].layer ? cJSON_CreateString(v[i].layer) : cJSON_CreateNull());
		cJSON_AddItemToArray(cli->rows, j);
	}
	cli_finish(cli, rc, e);
}

static char *cell_id(const cJSON *r, bool wide)
{
	const char *id = json_str(r, "id");

	return !id ? strdup("<missing>") : wide ? strdup(id) : cli_short_id(id);
}

static char *cell_created(const cJSON *r, bool wide)
{
	int64_t ns = 0;

	clock_parse_rfc3339(cli_str(r, "created"), &ns);
	return cli_ago(ns);
}

/* The first characters, as docker cuts it. */
static char *cell_by(const cJSON *r, bool wide)
{
	const char *text = cli_str(r, "created_by");
	AUTO_BUF struct buf b = { 0 };
	size_t n = 0, chars = 0;

	for (; text[n] && (wide || chars < BY_CHARS); n++)
		chars += (text[n + 1] & 0xc0) != 0x80;
	if (buf_add(&b, text, n) < 0 || (text[n] && buf_adds(&b, "...") < 0))
		return NULL;
	return b.len ? buf_steal(&b) : strdup("");
}

static char *cell_comment(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "comment"));
}

static int run_history(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "IMAGE", cell_id }, { "CREATED", cell_created }, { "CREATED BY", cell_by },
		{ "SIZE", cli_cell_size, true }, { "COMMENT", cell_comment }, { 0 },
	};
	static const struct cli_listing listing = { columns, "id", true };
	AUTO_JSON cJSON *rows = NULL;
	int rc = cli_await(cli, berth_image_history(cli->berth, a->argv[0], on_steps, cli, &cli->error));

	rows = TAKE(cli->rows);
	return rc < 0 ? cli_fail(cli) : cli_list(a, &listing, rows, cli_flag(a, "no-trunc"));
}

const struct cli_cmd cli_cmd_history = {
	.name = "history", .looks = true, .args = "IMAGE", .brief = "what an image was made by", .opts = history_opts, .min_args = 1,
	.about = "Newest first. SIZE is that of the layer as it is stored, compressed.", .max_args = 1,
	.run = run_history,
};
const struct cli_cmd cli_cmd_image_history = {
	.name = "image history", .looks = true, .args = "IMAGE", .brief = "as history", .opts = history_opts, .alias = true, .min_args = 1,
	.max_args = 1, .run = run_history,
};
