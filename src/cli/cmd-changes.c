/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-changes.c - diff, export, commit: what a container changed, and both its file systems as one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/cli.h"

/* --- diff */

static const struct cli_opt diff_opts[] = {
	CLI_FORMAT_OPT,
	CLI_QUIET_OPT,
	{ 0 },
};

static void on_changes(void *arg, int rc, const struct berth_error *e, const struct berth_file_change *v, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "kind", (const char[]){ v[i].kind, 0 });
		cli_add_name(j, "path", v[i].path);
		cJSON_AddItemToArray(cli->rows, j);
	}
	cli_finish(cli, rc, e);
}

/* docker's lines: no header. */
static void print_changes(const cJSON *rows)
{
	const cJSON *r;

	cJSON_ArrayForEach(r, rows)
	{
		AUTO_BUF struct buf b = { 0 };

		str_add_clean(&b, cli_str(r, "path"), strlen(cli_str(r, "path")));
		printf("%s %s\n", cli_str(r, "kind"), b.p ? (char *)b.p : "");
	}
}

static char *cell_kind(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "kind"));
}

static char *cell_path(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "path"));
}

static int run_diff(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = { { "KIND", cell_kind }, { "PATH", cell_path }, { 0 } };
	static const struct cli_listing listing = { columns, "path", false };
	int code;

	if (cli_await(cli, berth_container_diff(cli->berth, a->argv[0], on_changes, cli, &cli->op,
						&cli->error)) < 0) {
		code = cli_fail(cli);
	} else if (cli_value(a, "format") || cli_flag(a, "quiet")) {
		code = cli_list(a, &listing, cli->rows, false);
	} else {
		print_changes(cli->rows);
		code = cli_flush(CLI_OK);
	}
	cJSON_Delete(TAKE(cli->rows));
	return code;
}

const struct cli_cmd cli_cmd_diff = {
	.name = "diff",
	.args = "CONTAINER",
	.brief = "list what a container changed in its files",
	.about = "A line for each: A was added, C was changed, D was deleted. The container may run: its "
		 "disk stands still while "
		 "it is copied.",
	.opts = diff_opts,
	.min_args = 1,
	.max_args = 1,
	.run = run_diff,
};

/* --- export */

static const struct cli_opt export_opts[] = {
	{ 'o', "output", "FILE", "the tar to make; - is standard output (the default)" },
	{ 0 },
};

static int run_export(struct cli *cli, const struct cli_args *a)
{
	struct cli_tar t;
	int code = cli_tar_open(&t, cli, a, "-");

	if (code != CLI_OK)
		return code;
	if (cli_await(cli, berth_container_export(cli->berth, a->argv[0], t.name, t.fd, cli_tar_progress,
						  cli_tar_done, &t, &cli->op, &cli->error)) < 0)
		code = cli_tar_fail(&t);
	return cli_tar_close(&t, code);
}

const struct cli_cmd cli_cmd_export = {
	.name = "export",
	.args = "CONTAINER",
	.brief = "make a tar of a container's files",
	.about = "All that the container sees, its image's files and its own changes, as a PAX tar; what is "
		 "mounted into it is "
		 "left out. The container may run: its disk stands still while it is copied.",
	.opts = export_opts,
	.min_args = 1,
	.max_args = 1,
	.run = run_export,
};

/* --- commit */

static const struct cli_opt commit_opts[] = {
	{ 'm', "message", "TEXT", "what is written into the image's history" },
	{ 'a', "author", "NAME", "who made it" },
	{ 'c', "change", "INSTRUCTION",
	  "a line of a Containerfile, as in -c 'CMD [\"sh\"]' (may be given again)" },
	{ 0 },
};

struct committing {
	struct cli *cli;
	char id[160];
};

static void on_committed(void *arg, int rc, const struct berth_error *e, const char *id, const char *digest)
{
	struct committing *c = arg;

	cli_progress_end(c->cli);
	if (rc == 0)
		snprintf(c->id, sizeof(c->id), "%s", id);
	cli_finish(c->cli, rc, e);
}

static void on_progress(void *arg, const struct berth_progress *p)
{
	cli_on_progress(((struct committing *)arg)->cli, p);
}

static int run_commit(struct cli *cli, const struct cli_args *a)
{
	AUTO_FREE const char **changes = cli_values(a, "change");
	struct committing c = { .cli = cli };
	const struct berth_commit opts = {
		.container = a->argv[0],
		.ref = a->argv[1],
		.message = cli_value(a, "message"),
		.author = cli_value(a, "author"),
		.changes = changes,
	};

	int rc = berth_container_commit(cli->berth, &opts, on_progress, on_committed, &c, &cli->op, &cli->error);
	if (rc == -EINVAL) /* nothing was begun: it is the words */
		return cli_usage(a->cmd, "%s", cli->error.text);
	if (cli_await(cli, rc) < 0)
		return cli_fail(cli);
	puts(c.id);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_commit = {
	.name = "commit",
	.args = "CONTAINER REF",
	.brief = "make an image of a container and what it changed",
	.about = "The image gets one layer more than the container's own: what the container changed. Its "
		 "command, environment, "
		 "labels and working directory are the container's. -c changes them: CMD, ENTRYPOINT, ENV, "
		 "EXPOSE, HEALTHCHECK, "
		 "LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR. The container may run: its disk stands "
		 "still while it is "
		 "copied. Prints the image's id.",
	.opts = commit_opts,
	.min_args = 2,
	.max_args = 2,
	.run = run_commit,
};
