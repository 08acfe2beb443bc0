/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-cp.c - cp: files between a container and the host, with docker's rules for the two paths. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "cli/cli.h"

static const struct cli_opt opts[] = {
	{ 'a', "archive", NULL, "keep users and groups (on the host: for root only)" },
	{ 'L', "follow-link", NULL, "follow SRC if it is a symlink" },
	{ 0, "parents", NULL, "make the folders above DST that are missing; and DST, if it ends in '/'" },
	{ 'q', "quiet", NULL, "no progress" },
	{ 0 },
};

/* CTR:PATH in two; a name with a colon is the host's if it begins as a path does. NULL: it is the host's. */
static char *split(const char *word, const char **path)
{
	const char *colon = *word == '/' || *word == '.' ? NULL : strchr(word, ':');

	*path = colon ? colon + 1 : word;
	return colon ? cli_must(strndup(word, (size_t)(colon - word))) : NULL;
}

struct copying {
	struct cli *cli;
	struct berth_copied result;
};

static void on_progress(void *arg, const struct berth_progress *p)
{
	cli_on_progress(((struct copying *)arg)->cli, p);
}

static void on_copied(void *arg, int rc, const struct berth_error *e, const struct berth_copied *r)
{
	struct copying *c = arg;

	cli_progress_end(c->cli);
	if (rc == 0)
		c->result = *r;
	cli_finish(c->cli, rc, e);
}

static int check(const struct cli_args *a, const char *src, const char *dst, const struct berth_copy *c)
{
	if (src && dst)
		return cli_usage(a->cmd, "one of the two must be on the host: copy to it, and from it");
	if (!c->container || !*c->container)
		return cli_usage(a->cmd, "one of the two must be in a container, as CONTAINER:PATH");
	if (!*a->argv[0] || !*a->argv[1])
		return cli_usage(a->cmd, "a path is missing");
	if (!c->local && isatty(c->fd))
		return cli_usage(a->cmd, c->out ? "a tar is not for a terminal: name a file, or send it on" :
						  "a tar does not come from a terminal: name a file, or read one");
	return CLI_OK;
}

static int run_cp(struct cli *cli, const struct cli_args *a)
{
	const char *src_path, *dst_path, *local;
	AUTO_FREE char *src = split(a->argv[0], &src_path);
	AUTO_FREE char *dst = split(a->argv[1], &dst_path);
	struct copying c = { .cli = cli };
	struct berth_copy want = { .container = src ? src : dst, .path = src ? src_path : dst_path, .out = src != NULL,
				   .follow = cli_flag(a, "follow-link"), .archive = cli_flag(a, "archive"),
				   .parents = cli_flag(a, "parents") };
	int code;

	local = src ? dst_path : src_path;
	want.local = !strcmp(local, "-") ? NULL : local;
	want.fd = want.local ? -1 : want.out ? STDOUT_FILENO : STDIN_FILENO;
	code = check(a, src, dst, &want);
	if (code != CLI_OK)
		return code;
	if (cli_flag(a, "quiet"))
		cli->progress = CLI_PROGRESS_NONE;
	if (cli_await(cli, berth_container_copy(cli->berth, &want, on_progress, on_copied, &c, &cli->op, &cli->error)) < 0)
		return want.out && !want.local && cli->rc == -EPIPE ? CLI_FAILED : cli_fail(cli);
	if (c.result.left_out)
		cli_warn("%llu devices and sockets were left out", (unsigned long long)c.result.left_out);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_cp = {
	.name = "cp",
	.args = "SRC DST",
	.brief = "copy files between a container and the host",
	.about = "One of the two is CONTAINER:PATH, where PATH begins at the container's root; the other is a path of the host "
		 "(./NAME for a name with a colon), or - for a tar on standard input or output.\n"
		 "A folder is copied with all that is in it; SRC/. means what it holds, without itself. If DST is a folder, the "
		 "copy goes into it under SRC's name; otherwise DST is its name. A DST that ends in '/' must be a folder. A file "
		 "takes the place of a file, and a folder's files join those that are there; neither takes the place of the "
		 "other. SRC that is a symlink is copied as one, unless -L is given or it ends in '/'; links below it stay "
		 "links.\n"
		 "Modes and times are kept; the owner is root in the container, and who runs berth on the host, unless -a is given "
		 "or a tar says otherwise. On the host no file gets the set-user-id bit. Devices and sockets are left out.\n"
		 "The container may run, be paused, or not run; what is mounted into one that does not run is not there then, and to "
		 "copy into it a machine is started over its disk, without its process. Nothing that is interrupted leaves a file that is half written.",
	.opts = opts,
	.min_args = 2,
	.max_args = 2,
	.run = run_cp,
};
