/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-registry.c - what a registry has: tags, manifest inspect, manifest referrers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "cli/cli.h"

static const struct cli_opt reach_opts[] = {
	{ 0, "plain-http", NULL, "without TLS" },
	{ 0, "tls-verify", NULL, "check the registry's certificate (default true)", CLI_BOOL },
	{ 0, "ca", "FILE", "certificates to trust" },
	{ 0, "creds", "USER:PASSWORD", "credentials for this once; to keep them: berth login", .secret = true },
	{ 0 },
};

struct berth_reach cli_reach(const struct cli_args *a)
{
	return (struct berth_reach){
		.plain_http = cli_flag(a, "plain-http"),
		.tls_no_verify = cli_value(a, "tls-verify") && !cli_flag(a, "tls-verify"),
		.ca_file = cli_value(a, "ca"),
		.creds = cli_value(a, "creds"),
	};
}

bool cli_is_repository(const char *name)
{
	const char *slash = strrchr(name, '/');

	return !strchr(slash ? slash : name, ':') && !strchr(name, '@');
}

/* --- tags */

static void on_tags(void *arg, int rc, const struct berth_error *e, const char *const *lines, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "tag", lines[i]);
		cJSON_AddItemToArray(cli->rows, j);
	}
	cli_finish(cli, rc, e);
}

int cli_load_tags(struct cli *cli, const char *repository, const struct berth_reach *r)
{
	int rc = cli_await(cli, berth_registry_tags(cli->berth, repository, r, on_tags, cli, &cli->op, &cli->error));

	if (rc < 0)
		cJSON_Delete(TAKE(cli->rows));
	return rc;
}

static char *cell_tag(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "tag"));
}

static int run_tags(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = { { "TAG", cell_tag }, { 0 } };
	static const struct cli_listing listing = { columns, "tag", false };
	struct berth_reach reach = cli_reach(a);
	AUTO_JSON cJSON *rows = NULL;

	if (!cli_is_repository(a->argv[0]))
		return cli_usage(a->cmd, "'%s' is not a repository: it is written [HOST/]NAME", a->argv[0]);
	if (cli_load_tags(cli, a->argv[0], &reach) < 0)
		return cli_fail(cli);
	rows = TAKE(cli->rows);
	return cli_list(a, &listing, rows, true);
}

static const struct cli_opt list_opts[] = { CLI_FORMAT_OPT, CLI_QUIET_OPT, { 0 } };

const struct cli_cmd cli_cmd_tags = {
	.name = "tags", .looks = true, .args = "REPOSITORY", .brief = "list the tags of a repository, as its registry has them",
	.opts = list_opts, .more_opts = reach_opts, .min_args = 1, .max_args = 1, .run = run_tags,
};

/* --- manifest inspect */

struct shown {
	struct cli *cli;
	bool raw;
};

static void on_manifest(void *arg, int rc, const struct berth_error *e, const char *digest, const char *media_type,
			const char *text, size_t len)
{
	struct shown *s = arg;
	AUTO_JSON cJSON *j = NULL;
	AUTO_FREE char *pretty = NULL;

	if (rc == 0 && !s->raw && json_parse(text, len, "", &j, NULL) == 0)
		pretty = json_print_indented(j);
	if (pretty)
		puts(pretty);
	else if (rc == 0)
		fwrite(text, 1, len, stdout);
	cli_finish(s->cli, rc, e);
}

static int run_manifest_inspect(struct cli *cli, const struct cli_args *a)
{
	struct shown s = { cli, cli_flag(a, "raw") };
	struct berth_reach reach = cli_reach(a);

	return cli_await(cli, berth_registry_manifest(cli->berth, a->argv[0], &reach, on_manifest, &s, &cli->op,
						      &cli->error)) < 0 ?
		       cli_fail(cli) :
		       CLI_OK;
}

static const struct cli_opt manifest_opts[] = {
	{ 0, "raw", NULL, "the bytes as they are: their sha256 is the digest" },
	{ 0 },
};

const struct cli_cmd cli_cmd_manifest_inspect = {
	.name = "manifest inspect", .looks = true, .args = "IMAGE", .brief = "show the manifest or index that a name means in its registry",
	.opts = manifest_opts, .more_opts = reach_opts, .min_args = 1, .max_args = 1, .run = run_manifest_inspect,
};

/* --- manifest referrers */

struct referrers {
	struct cli *cli;
	const char *type; /* only of that; NULL: all */
};

static void on_referrers(void *arg, int rc, const struct berth_error *e, const char *digest, const char *json)
{
	struct referrers *r = arg;
	AUTO_JSON cJSON *all = NULL;
	cJSON *it, *next;

	r->cli->rows = cJSON_CreateArray();
	if (rc == 0 && json_parse(json, strlen(json), "", &all, NULL) == 0)
		for (it = all->child; it; it = next) {
			next = it->next;
			if (!r->type || strcmp(cli_str(it, "artifact_type"), r->type) == 0)
				cJSON_AddItemToArray(r->cli->rows, cJSON_DetachItemViaPointer(all, it));
		}
	cli_finish(r->cli, rc, e);
}

static char *cell_type(const cJSON *r, bool wide)
{
	const char *type = cli_str(r, "artifact_type");

	return strdup(*type ? type : cli_str(r, "media_type"));
}

static char *cell_digest(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "digest"));
}

static int run_referrers(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "DIGEST", cell_digest }, { "SIZE", cli_cell_size }, { "TYPE", cell_type }, { 0 }
	};
	static const struct cli_listing listing = { columns, "digest", false };
	struct referrers r = { cli, cli_value(a, "artifact-type") };
	struct berth_reach reach = cli_reach(a);
	AUTO_JSON cJSON *rows = NULL;
	int rc = cli_await(cli, berth_registry_referrers(cli->berth, a->argv[0], &reach, on_referrers, &r, &cli->op,
							 &cli->error));

	rows = TAKE(cli->rows);
	return rc < 0 ? cli_fail(cli) : cli_list(a, &listing, rows, true);
}

static const struct cli_opt referrers_opts[] = {
	{ 0, "artifact-type", "TYPE", "only those of this type" },
	CLI_FORMAT_OPT,
	CLI_QUIET_OPT,
	{ 0 },
};

const struct cli_cmd cli_cmd_manifest_referrers = {
	.name = "manifest referrers", .looks = true, .args = "IMAGE",
	.brief = "list what belongs to an image in its registry: signatures, lists of contents, …",
	.about = "Those manifests whose subject is the image that the name means. Of a registry that keeps no such list, the "
		 "index under the tag sha256-HEX is read, where clients note it.",
	.opts = referrers_opts, .more_opts = reach_opts, .min_args = 1, .max_args = 1, .run = run_referrers,
};
