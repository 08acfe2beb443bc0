/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-push.c - push. */
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"

static const struct cli_opt push_opts[] = {
	{ 0, "all-platforms", NULL, "the index with the images of all platforms" },
	{ 0, "platform", "OS/ARCH[/VARIANT]", "of an index: another platform than this machine's" },
	{ 0, "plain-http", NULL, "without TLS" },
	{ 0, "tls-verify", NULL, "check the registry's certificate (default true)", CLI_BOOL },
	{ 0, "ca", "FILE", "certificates to trust" },
	{ 0, "creds", "USER:PASSWORD", "credentials for this once; to keep them: berth login", .secret = true },
	{ 0, "parallel", "N", "uploads at once (default 3)" },
	{ 'q', "quiet", NULL, "no progress" },
	{ 0 },
};

static void on_pushed(void *arg, int rc, const struct berth_error *e, const char *digest, uint64_t sent)
{
	struct cli *cli = arg;
	char size[8];

	cli_progress_end(cli);
	if (rc == 0) {
		str_size(sent, size);
		if (cli->progress != CLI_PROGRESS_NONE && cli->progress != CLI_PROGRESS_JSON)
			fprintf(stderr, "%s sent\n", sent ? size : "nothing");
		printf("%s\n", digest);
	}
	cli_finish(cli, rc, e);
}

static int run_push(struct cli *cli, const struct cli_args *a)
{
	const char *parallel = cli_value(a, "parallel");
	struct berth_push p = {
		.ref = a->argv[0],
		.dest = a->argc > 1 ? a->argv[1] : NULL,
		.all_platforms = cli_flag(a, "all-platforms"),
		.platform = cli_value(a, "platform"),
		.reach = cli_reach(a),
	};
	uint64_t n = 0;

	if (parallel && (str_parse_u64(parallel, 64, &n) < 0 || n == 0))
		return cli_usage(a->cmd, "'%s' is not a number of uploads", parallel);
	if (p.all_platforms && p.platform)
		return cli_usage(a->cmd, "--platform and --all-platforms exclude each other");
	p.parallel = (unsigned)n;
	if (cli_flag(a, "quiet"))
		cli->progress = CLI_PROGRESS_NONE;
	return cli_await(cli, berth_push(cli->berth, &p, cli_on_progress, on_pushed, cli, &cli->op, &cli->error)) < 0 ?
		       cli_fail(cli) :
		       CLI_OK;
}

const struct cli_cmd cli_cmd_push = {
	.name = "push", .args = "IMAGE [NAME]", .brief = "put an image into a registry",
	.about = "IMAGE may be oci:DIR[:TAG], oci-archive:FILE or docker-archive:FILE, too, which needs NAME. What is there already is not sent, and what another repository of the registry has is mounted from there. "
		 "Large layers go in pieces; an upload that was cut goes on where it ended. Prints the digest that the "
		 "name means in the registry then.",
	.opts = push_opts, .min_args = 1, .max_args = 2, .run = run_push,
};
const struct cli_cmd cli_cmd_image_push = {
	.name = "image push", .args = "IMAGE [NAME]", .brief = "as push", .opts = push_opts, .alias = true, .min_args = 1,
	.max_args = 2, .run = run_push,
};
