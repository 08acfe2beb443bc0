/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-upkeep.c - image verify and prune, system check, df and prune: what the store has, and whether it is well. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/cli.h"

/* --- findings: a line each, or by --format */

struct findings {
	struct cli *cli;
	uint64_t leftovers, leftover_bytes;
	unsigned open; /* not repaired */
};

static void on_findings(void *arg, int rc, const struct berth_error *e, const struct berth_findings *f)
{
	struct findings *to = arg;

	cli_progress_end(to->cli);
	if (!to->cli->rows)
		to->cli->rows = cJSON_CreateArray();
	to->leftovers = f ? f->leftovers : 0;
	to->leftover_bytes = f ? f->leftover_bytes : 0;
	for (size_t i = 0; f && i < f->n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "kind", f->v[i].kind);
		cJSON_AddStringToObject(j, "object", f->v[i].object);
		cJSON_AddStringToObject(j, "text", f->v[i].text);
		cJSON_AddItemToObject(j, "repaired", f->v[i].repaired ? cJSON_CreateString(f->v[i].repaired) :
									cJSON_CreateNull());
		cJSON_AddItemToArray(to->cli->rows, j);
		to->open += !f->v[i].repaired;
	}
	cli_finish(to->cli, rc, e);
}

static void on_reading(void *arg, const struct berth_progress *p)
{
	cli_on_progress(((struct findings *)arg)->cli, p);
}

static void print_finding(const cJSON *row)
{
	const char *words[] = { cli_str(row, "kind"), cli_str(row, "object"), cli_str(row, "text"),
				json_str(row, "repaired") };
	AUTO_BUF struct buf line = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(words) && words[i]; i++) {
		buf_adds(&line, i == 0 ? "" : i == 1 ? " " : i == 2 ? ": " : "; ");
		str_add_clean(&line, words[i], strlen(words[i]));
	}
	puts(line.p ? (char *)line.p : "");
}

/* well: what is said if there is none. */
static int print_findings(const struct cli_args *a, const cJSON *rows, const char *well)
{
	const char *format = cli_value(a, "format");
	const cJSON *row;

	if (format && strcmp(format, "table") != 0)
		return cli_inspect(a, rows);
	cJSON_ArrayForEach(row, rows)
		print_finding(row);
	if (!cJSON_GetArraySize(rows) && well)
		puts(well);
	return CLI_OK;
}

/* --- image verify */

static const struct cli_opt verify_opts[] = { CLI_FORMAT_OPT, { 0 } };

static int run_verify(struct cli *cli, const struct cli_args *a)
{
	struct findings f = { .cli = cli };
	AUTO_JSON cJSON *all = cJSON_CreateArray();
	int code = CLI_OK, shown;

	for (int i = 0; i < a->argc && code != CLI_INTERRUPTED; i++) {
		int rc = cli_await(cli, berth_image_verify(cli->berth, a->argv[i], on_reading, on_findings, &f, &cli->op,
							   &cli->error));

		AUTO_JSON cJSON *rows = TAKE(cli->rows);
		if (rc < 0)
			code = cli_fail(cli);
		if (rc == 0 && !cJSON_GetArraySize(rows) && !cli_value(a, "format"))
			printf("%s is whole\n", a->argv[i]);
		while (rows && rows->child)
			cJSON_AddItemToArray(all, cJSON_DetachItemViaPointer(rows, rows->child));
	}
	shown = print_findings(a, all, NULL);
	return code ? code : shown ? shown : f.open ? CLI_FAILED : CLI_OK;
}

const struct cli_cmd cli_cmd_image_verify = {
	.name = "image verify", .args = "IMAGE...", .brief = "read all of images again: are they what they were?",
	.about = "Every blob is read and its digest compared, every layer unpacked in passing and compared with what the "
		 "image says of it; and is the unpacked root file system whole? Exit status 1 if something is wrong.",
	.opts = verify_opts, .min_args = 1, .max_args = -1, .run = run_verify,
};

/* --- system check */

static const struct cli_opt check_opts[] = {
	{ 0, "repair", NULL, "move what is broken to the trash, tidy up" },
	{ 0, "quick", NULL, "do not read the bytes of blobs, nor what is in root file systems" },
	CLI_FORMAT_OPT,
	{ 0 },
};

static void tell_leftovers(const struct cli *cli, const struct findings *f)
{
	char size[8];

	if (!f->leftovers || cli->progress == CLI_PROGRESS_NONE)
		return;
	str_size(f->leftover_bytes, size);
	fprintf(stderr, "interrupted commands left %llu things (%s), to go on from: berth system prune takes them away\n",
		(unsigned long long)f->leftovers, size);
}

static int run_check(struct cli *cli, const struct cli_args *a)
{
	struct findings f = { .cli = cli };
	unsigned flags = (cli_flag(a, "repair") ? BERTH_CHECK_REPAIR : 0) | (cli_flag(a, "quick") ? BERTH_CHECK_QUICK : 0);
	AUTO_JSON cJSON *rows = NULL;
	int rc = cli_await(cli, berth_system_check(cli->berth, flags, on_reading, on_findings, &f, &cli->op,
						   &cli->error));

	rows = TAKE(cli->rows);
	if (rc < 0)
		return cli_fail(cli);
	tell_leftovers(cli, &f);
	int shown = print_findings(a, rows, "store is clean");
	if (f.open && !shown)
		cli_hint(flags & BERTH_CHECK_REPAIR ? "a container needs what is left: berth pull of its image, or berth rm" :
						      "berth system check --repair moves what is broken to the trash");
	return shown ? shown : f.open ? CLI_FAILED : CLI_OK;
}

const struct cli_cmd cli_cmd_system_check = {
	.name = "system check", .args = "", .brief = "is all that is kept what it should be?",
	.about = "Names lead to images that are whole, every blob has its digest, containers have what they need, and every "
		 "unpacked root file system agrees with itself, as by berth rootfs check. What "
		 "interrupted commands left to go on from is not wrong. Exit status 1 if something is. --repair moves images "
		 "that are not whole to the trash with their names, other broken things to trash/.quarantine (a root file system that no container needs is unpacked anew when "
		 "one does), and deletes "
		 "nothing; berth trash purge does.",
	.opts = check_opts, .max_args = 0, .run = run_check,
};

/* --- system df */

static const struct cli_opt df_opts[] = { CLI_FORMAT_OPT, { 0 } };

static void on_usage(void *arg, int rc, const struct berth_error *e, const struct berth_usage *rows, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "kind", rows[i].kind);
		cJSON_AddNumberToObject(j, "count", (double)rows[i].count);
		cJSON_AddNumberToObject(j, "size_bytes", (double)rows[i].size_bytes);
		cJSON_AddNumberToObject(j, "reclaimable_bytes", (double)rows[i].reclaimable_bytes);
		cJSON_AddItemToArray(cli->rows, j);
	}
	cli_finish(cli, rc, e);
}

static char *cell_kind(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "kind"));
}

static char *cell_count(const cJSON *r, bool wide)
{
	AUTO_BUF struct buf b = { 0 };

	return buf_addf(&b, "%lld", (long long)json_int(r, "count", 0)) < 0 ? NULL : buf_steal(&b);
}

static char *cell_reclaimable(const cJSON *r, bool wide)
{
	int64_t all = json_int(r, "size_bytes", 0), n = json_int(r, "reclaimable_bytes", 0);
	AUTO_BUF struct buf b = { 0 };
	char size[8];

	str_size((uint64_t)n, size);
	return buf_addf(&b, all ? "%s (%lld%%)" : "%s", size, all ? (long long)(n * 100 / all) : 0) < 0 ? NULL :
													  buf_steal(&b);
}

static int run_df(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "KIND", cell_kind }, { "COUNT", cell_count, true }, { "SIZE", cli_cell_size, true },
		{ "RECLAIMABLE", cell_reclaimable, true }, { 0 },
	};
	static const struct cli_listing listing = { columns, "kind", false };
	AUTO_JSON cJSON *rows = NULL;
	int rc = cli_await(cli, berth_system_df(cli->berth, on_usage, cli, &cli->error));

	rows = TAKE(cli->rows);
	return rc < 0 ? cli_fail(cli) : cli_list(a, &listing, rows, false);
}

const struct cli_cmd cli_cmd_system_df = {
	.name = "system df", .looks = true, .args = "", .brief = "what takes how much of the disk",
	.about = "Reclaimable is what no container uses or what does not run, the trash, and parts of downloads that nobody "
		 "is at: berth system prune and berth trash purge take it away.",
	.opts = df_opts, .max_args = 0, .run = run_df,
};

/* --- pruning */

static const struct cli_opt image_prune_opts[] = {
	{ 'a', "all", NULL, "all images that no container uses, not only those without a name" },
	{ 'f', "force", NULL, "do not ask" },
	{ 0 },
};
static const struct cli_opt system_prune_opts[] = {
	{ 'a', "all", NULL, "all images that no container uses, not only those without a name" },
	{ 0, "volumes", NULL, "volumes too (there are none yet)" },
	{ 'f', "force", NULL, "do not ask" },
	{ 0 },
};

static void on_pruned(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n, uint64_t bytes)
{
	char size[8];

	for (size_t i = 0; i < n; i++)
		puts(lines[i]);
	str_size(bytes, size);
	if (rc == 0)
		printf("Total reclaimed space: %s\n", size);
	cli_finish(arg, rc, e);
}

/* true: go on. Who cannot be asked has said it by calling. */
static bool agreed(struct cli *cli, const struct cli_args *a, const char *what)
{
	AUTO_FREE char *question = NULL, *answer = NULL;

	if (cli_flag(a, "force") || !isatty(0) || !isatty(2))
		return true;
	if (asprintf(&question, "This removes %s. Go on? [y/N] ", what) < 0)
		return false;
	answer = cli_ask(cli, question, false);
	return answer && (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0);
}

static int prune(struct cli *cli, const struct cli_args *a, unsigned flags, const char *what)
{
	if (!agreed(cli, a, what))
		return cli->interrupted ? CLI_INTERRUPTED : CLI_OK;
	return cli_await(cli, berth_prune(cli->berth, flags, on_pruned, cli, &cli->op, &cli->error)) < 0 ? cli_fail(cli) :
													     CLI_OK;
}

static int run_image_prune(struct cli *cli, const struct cli_args *a)
{
	bool all = cli_flag(a, "all");

	return prune(cli, a, all ? BERTH_PRUNE_ALL_IMAGES : 0,
		     all ? "all images that no container uses" : "all images without a name that no container uses");
}

const struct cli_cmd cli_cmd_image_prune = {
	.name = "image prune", .args = "", .brief = "remove images that have no name",
	.about = "An image that a container was made from stays. On a terminal it is asked first.",
	.opts = image_prune_opts, .max_args = 0, .run = run_image_prune,
};

static int run_system_prune(struct cli *cli, const struct cli_args *a)
{
	bool all = cli_flag(a, "all");

	return prune(cli, a,
		     BERTH_PRUNE_CONTAINERS | BERTH_PRUNE_PARTS | (all ? BERTH_PRUNE_ALL_IMAGES : 0),
		     all ? "all containers that do not run, all images that no container uses then, and what interrupted "
			   "pulls left" :
			   "all containers that do not run, all images without a name, and what interrupted pulls left");
}

const struct cli_cmd cli_cmd_system_prune = {
	.name = "system prune", .args = "", .brief = "remove what is not in use",
	.about = "Containers that do not run, images without a name that no container uses (-a: with names too), and what "
		 "interrupted pulls left. The trash stays: berth trash purge. On a terminal it is asked first.",
	.opts = system_prune_opts, .max_args = 0, .run = run_system_prune,
};
