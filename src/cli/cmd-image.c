/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-image.c - pull, images, tag, rmi, jobs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/cli.h"

/* --- pull */

static const struct cli_opt pull_opts[] = {
	{ 0, "platform", "OS/ARCH[/VARIANT]", "another platform than this machine's" },
	{ 'a', "all-tags", NULL, "all tags of a repository" },
	{ 0, "plain-http", NULL, "without TLS" },
	{ 0, "tls-verify", NULL, "check the registry's certificate (default true)", CLI_BOOL },
	{ 0, "ca", "FILE", "certificates to trust" },
	{ 0, "creds", "USER:PASSWORD", "credentials for this once; to keep them: berth login", .secret = true },
	{ 0, "parallel", "N", "downloads at once (default 3)" },
	{ 0, "max-size", "SIZE", "largest unpacked size (default 64g)" },
	{ 0, "unpack", NULL, "build the root file system too (default true)", CLI_BOOL },
	{ 'q', "quiet", NULL, "no progress" },
	{ 0 },
};

static void on_pulled(void *arg, int rc, const struct berth_error *e, const char *digest, const char *id)
{
	struct cli *cli = arg;

	cli_progress_end(cli);
	if (rc == 0)
		printf("%s\n", digest);
	cli_finish(cli, rc, e);
}

static int pull_one(struct cli *cli, struct berth_pull *p, const char *ref)
{
	p->ref = ref;
	return cli_await(cli, berth_pull(cli->berth, p, cli_on_progress, on_pulled, cli, &cli->op, &cli->error)) < 0 ?
		       cli_fail(cli) :
		       CLI_OK;
}

static int pull_all_tags(struct cli *cli, const struct cli_args *a, struct berth_pull *p, const char *repository)
{
	struct berth_reach reach = cli_reach(a);
	AUTO_JSON cJSON *tags = NULL;
	const cJSON *row;
	int code = CLI_OK;

	if (cli_load_tags(cli, repository, &reach) < 0)
		return cli_fail(cli);
	tags = TAKE(cli->rows);
	cJSON_ArrayForEach(row, tags)
	{
		AUTO_FREE char *ref = path_fmt("%s:%s", repository, cli_str(row, "tag"));
		int one = ref ? pull_one(cli, p, ref) : CLI_FAILED;

		code = one ? one : code;
		if (code == CLI_INTERRUPTED)
			break;
	}
	return code;
}

static int run_pull(struct cli *cli, const struct cli_args *a)
{
	const char *parallel = cli_value(a, "parallel"), *max = cli_value(a, "max-size");
	struct berth_pull p = {
		.platform = cli_value(a, "platform"),
		.plain_http = cli_flag(a, "plain-http"),
		.tls_no_verify = cli_value(a, "tls-verify") && !cli_flag(a, "tls-verify"),
		.ca_file = cli_value(a, "ca"),
		.creds = cli_value(a, "creds"),
		.no_unpack = cli_value(a, "unpack") && !cli_flag(a, "unpack"),
	};
	struct err e = { 0 };
	uint64_t n = 0;
	int code = CLI_OK;
	bool all_tags = cli_flag(a, "all-tags");

	if (parallel && (str_parse_u64(parallel, 64, &n) < 0 || n == 0))
		return cli_usage(a->cmd, "'%s' is not a number of downloads", parallel);
	p.parallel = (unsigned)n;
	if (max && str_parse_size(max, &p.max_size, &e) < 0)
		return cli_usage(a->cmd, "--max-size: %s", e.text);
	if (cli_flag(a, "quiet"))
		cli->progress = CLI_PROGRESS_NONE;
	for (int i = 0; all_tags && i < a->argc; i++)
		if (!cli_is_repository(a->argv[i]))
			return cli_usage(a->cmd, "--all-tags takes a name without a tag, not '%s'", a->argv[i]);
	for (int i = 0; i < a->argc && code != CLI_INTERRUPTED; i++) {
		int one = all_tags ? pull_all_tags(cli, a, &p, a->argv[i]) : pull_one(cli, &p, a->argv[i]);

		code = one ? one : code;
	}
	return code;
}

const struct cli_cmd cli_cmd_pull = {
	.name = "pull", .args = "IMAGE...", .brief = "get images from a registry",
	.about = "Layers are unpacked into the image's root file system while they download. What was downloaded and "
		 "checked stays after an interrupt, to go on from. Prints the digest of what each name names.",
	.opts = pull_opts, .min_args = 1, .max_args = -1, .run = run_pull,
};
const struct cli_cmd cli_cmd_image_pull = {
	.name = "image pull", .args = "IMAGE...", .brief = "as pull", .opts = pull_opts, .alias = true, .min_args = 1,
	.max_args = -1, .run = run_pull,
};

/* --- images */

static const struct cli_opt images_opts[] = {
	{ 0, "digests", NULL, "show digests" },
	{ 0, "no-trunc", NULL, "whole ids" },
	{ 'a', "all", NULL, "accepted for docker's sake: all are shown" },
	{ 'f', "filter", "KEY=VALUE", "only those: reference" },
	CLI_FORMAT_OPT,
	CLI_QUIET_OPT,
	{ 0 },
};

static void on_images(void *arg, int rc, const struct berth_error *e, const struct berth_image *list, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "id", list[i].id);
		cJSON_AddStringToObject(j, "digest", list[i].digest);
		cJSON_AddItemToObject(j, "repository", list[i].repository ? cJSON_CreateString(list[i].repository) :
									    cJSON_CreateNull());
		cJSON_AddItemToObject(j, "tag", list[i].tag ? cJSON_CreateString(list[i].tag) : cJSON_CreateNull());
		cJSON_AddStringToObject(j, "name", list[i].name);
		cJSON_AddItemToObject(j, "platform", list[i].platform ? cJSON_CreateString(list[i].platform) : cJSON_CreateNull());
		cJSON_AddItemToObject(j, "artifact_type", list[i].artifact_type ?
								  cJSON_CreateString(list[i].artifact_type) :
								  cJSON_CreateNull());
		cli_add_time(j, "created", list[i].created);
		cJSON_AddNumberToObject(j, "size_bytes", (double)list[i].size_bytes);
		cJSON_AddNumberToObject(j, "layers", list[i].layers);
		cJSON_AddNumberToObject(j, "rootfs_bytes", (double)list[i].rootfs_bytes);
		cJSON_AddItemToArray(cli->rows, j);
	}
	cli_finish(cli, rc, e);
}

/* "debian:12" without its tag; as docker shows it. */
static char *cell_repository(const cJSON *r, bool wide)
{
	const char *name = cli_str(r, "name"), *tag = json_str(r, "tag");
	size_t n = strlen(name);

	if (!json_str(r, "repository"))
		return strdup("<none>");
	if (tag && n > strlen(tag) + 1 && str_ends(name, tag))
		n -= strlen(tag) + 1;
	return strndup(name, strcspn(name, "@") < n ? strcspn(name, "@") : n);
}

static char *cell_tag(const cJSON *r, bool wide)
{
	return strdup(json_str(r, "tag") ?: "<none>");
}

static char *cell_id(const cJSON *r, bool wide)
{
	return wide ? strdup(cli_str(r, "id")) : cli_short_id(cli_str(r, "id"));
}

static char *cell_digest(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "digest"));
}

static char *cell_created(const cJSON *r, bool wide)
{
	int64_t ns = 0;

	clock_parse_rfc3339(cli_str(r, "created"), &ns);
	return cli_ago(ns);
}

static char *cell_rootfs(const cJSON *r, bool wide)
{
	char text[8];
	int64_t n = json_int(r, "rootfs_bytes", 0);

	if (!n)
		return strdup(json_str(r, "artifact_type") ? "artifact" : "-");
	str_size((uint64_t)n, text);
	return strdup(text);
}

static int run_images(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "REPOSITORY", cell_repository }, { "TAG", cell_tag },		  { "IMAGE ID", cell_id },
		{ "CREATED", cell_created },	   { "SIZE", cli_cell_size, true }, { "ROOTFS", cell_rootfs, true }, { 0 },
	};
	static const struct cli_column with_digests[] = {
		{ "REPOSITORY", cell_repository }, { "TAG", cell_tag },	      { "DIGEST", cell_digest },
		{ "IMAGE ID", cell_id },	   { "CREATED", cell_created }, { "SIZE", cli_cell_size, true }, { 0 },
	};
	struct cli_listing listing = { cli_flag(a, "digests") ? with_digests : columns, "id", true };
	AUTO_FREE const char **filters = cli_values(a, "filter");
	AUTO_JSON cJSON *rows = NULL;

	for (const char **f = filters; f && *f; f++)
		if (!str_starts(*f, "reference="))
			return cli_usage(a->cmd, "'%s' is not a filter: reference", *f);
	if (cli_await(cli, berth_image_list(cli->berth, on_images, cli, &cli->error)) < 0) {
		cJSON_Delete(TAKE(cli->rows));
		return cli_fail(cli);
	}
	rows = TAKE(cli->rows);
	for (cJSON *r = rows->child, *next; r; r = next) {
		bool keep = !a->argc || strstr(cli_str(r, "name"), a->argv[0]);

		next = r->next;
		for (const char **f = filters; f && *f; f++)
			keep = keep && strstr(cli_str(r, "name"), *f + 10);
		if (!keep)
			cJSON_Delete(cJSON_DetachItemViaPointer(rows, r));
	}
	return cli_list(a, &listing, rows, cli_flag(a, "no-trunc"));
}

const struct cli_cmd cli_cmd_images = {
	.name = "images", .looks = true, .args = "[NAME]", .brief = "list images", .opts = images_opts, .max_args = 1,
	.run = run_images,
};
const struct cli_cmd cli_cmd_image_ls = {
	.name = "image ls", .looks = true, .args = "[NAME]", .brief = "as images", .opts = images_opts, .alias = true, .max_args = 1,
	.run = run_images,
};

/* --- tag */

static int run_tag(struct cli *cli, const struct cli_args *a)
{
	return cli_await(cli, berth_image_tag(cli->berth, a->argv[0], a->argv[1], cli_on_done, cli, &cli->error)) < 0 ?
		       cli_fail(cli) :
		       CLI_OK;
}

const struct cli_cmd cli_cmd_tag = {
	.name = "tag", .args = "IMAGE NAME", .brief = "give an image another name",
	.about = "If NAME means another image already, that one loses it.",
	.min_args = 2, .max_args = 2, .run = run_tag,
};
const struct cli_cmd cli_cmd_image_tag = {
	.name = "image tag", .args = "IMAGE NAME", .brief = "as tag", .alias = true, .min_args = 2, .max_args = 2,
	.run = run_tag,
};

/* --- rmi */

static const struct cli_opt rmi_opts[] = {
	{ 'f', "force", NULL, "also if containers use it or it has several names" },
	{ 0, "trash", NULL, "keep them in the trash for 7 days" },
	{ 0 },
};

static void on_removed(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n)
{
	for (size_t i = 0; rc == 0 && i < n; i++)
		puts(lines[i]);
	cli_finish(arg, rc, e);
}

static int run_rmi(struct cli *cli, const struct cli_args *a)
{
	int code = CLI_OK;

	for (int i = 0; i < a->argc; i++)
		if (cli_await(cli, berth_image_remove(cli->berth, a->argv[i], cli_remove_flags(a), on_removed, cli,
						      &cli->error)) < 0)
			code = cli_fail(cli);
	return code;
}

const struct cli_cmd cli_cmd_rmi = {
	.name = "rmi", .args = "IMAGE...", .brief = "remove images", .opts = rmi_opts, .min_args = 1, .max_args = -1,
	.run = run_rmi,
};

const struct cli_cmd cli_cmd_image_rm = {
	.name = "image rm", .args = "IMAGE...", .brief = "as rmi", .opts = rmi_opts, .alias = true, .min_args = 1,
	.max_args = -1, .run = run_rmi,
};

/* --- jobs */

static const struct cli_opt jobs_opts[] = { CLI_FORMAT_OPT, CLI_QUIET_OPT, { 0 } };

static void on_jobs(void *arg, int rc, const struct berth_error *e, const struct berth_job *list, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "id", list[i].id);
		cJSON_AddStringToObject(j, "verb", list[i].verb);
		cJSON_AddStringToObject(j, "object", list[i].object);
		cJSON_AddStringToObject(j, "state", list[i].state);
		cli_add_time(j, "started", list[i].started);
		cJSON_AddItemToArray(cli->rows, j);
	}
	cli_finish(cli, rc, e);
}

static char *cell_verb(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "verb"));
}

static char *cell_object(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "object"));
}

static char *cell_state(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "state"));
}

static char *cell_job(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "id"));
}

static int run_jobs(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "JOB", cell_job }, { "VERB", cell_verb }, { "OBJECT", cell_object }, { "STATE", cell_state }, { 0 },
	};
	static const struct cli_listing listing = { columns, "id", false };
	AUTO_JSON cJSON *rows = NULL;

	if (cli_await(cli, berth_job_list(cli->berth, on_jobs, cli, &cli->error)) < 0) {
		cJSON_Delete(TAKE(cli->rows));
		return cli_fail(cli);
	}
	rows = TAKE(cli->rows);
	return cli_list(a, &listing, rows, false);
}

const struct cli_cmd cli_cmd_jobs = {
	.name = "jobs", .looks = true, .args = "", .brief = "list what runs: pulls, pushes, builds, archives", .opts = jobs_opts, .max_args = 0,
	.run = run_jobs,
};

static int run_jobs_cancel(struct cli *cli, const struct cli_args *a)
{
	int code = CLI_OK;

	for (int i = 0; i < a->argc; i++) {
		if (cli_await(cli, berth_job_cancel(cli->berth, a->argv[i], cli_on_done, cli, &cli->error)) < 0)
			code = cli_fail(cli);
		else
			puts(a->argv[i]);
	}
	return code;
}

const struct cli_cmd cli_cmd_jobs_cancel = {
	.name = "jobs cancel", .args = "JOB...", .brief = "cancel jobs; what they downloaded stays to go on from",
	.min_args = 1, .max_args = -1, .run = run_jobs_cancel,
};
