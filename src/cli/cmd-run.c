/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-run.c - run, create, start: containers made and started. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "cli/run-opts.h"

/* --- pieces */

struct making {
	struct cli *cli;
	char id[65];
};

static void on_created(void *arg, int rc, const struct berth_error *e, const char *id)
{
	struct making *m = arg;

	if (rc == 0)
		snprintf(m->id, sizeof(m->id), "%s", id);
	cli_finish(m->cli, rc, e);
}

static void on_making(void *arg, const struct berth_progress *p)
{
	const struct making *m = arg;

	cli_on_progress(m->cli, p);
}

static int make(struct cli *cli, const struct cli_args *a, char ret_id[65])
{
	struct making m = { .cli = cli };
	struct run_spec s;
	const char *cidfile = cli_value(a, "cidfile");
	int rc = run_spec_init(&s, a);

	if (rc == 0 && cidfile && access(cidfile, F_OK) == 0)
		rc = cli_usage(a->cmd, "the file '%s' is there already", cidfile);
	if (rc) {
		run_spec_finish(&s);
		return rc;
	}
	rc = cli_await(cli, berth_container_create(cli->berth, &s.c, on_making, on_created, &m, &cli->op,
						   &cli->error));
	cli_progress_end(cli);
	run_spec_finish(&s);
	if (rc < 0) {
		int code = cli_fail(cli);

		return code == CLI_FAILED ? CLI_BERTH_FAILED : code;
	}
	if (cidfile) {
		struct err e = { 0 };

		if (file_replace(AT_FDCWD, cidfile, m.id, strlen(m.id), 0644, &e) < 0)
			cli_error("%s", e.text);
	}
	memcpy(ret_id, m.id, sizeof(m.id));
	return 0;
}

struct starting {
	struct cli *cli;
	struct berth_streams streams;
};

static void on_started(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s)
{
	struct starting *st = arg;

	if (rc == 0)
		st->streams = *s;
	cli_finish(st->cli, rc, e);
}

static int start(struct cli *cli, const char *name, const struct berth_attach *at, struct berth_streams *ret)
{
	struct starting st = { .cli = cli };
	int rc = cli_await(cli, berth_container_start(cli->berth, name, at, on_started, &st, &cli->op, &cli->error));

	*ret = st.streams;
	if (rc == 0 && *st.streams.notice)
		cli_warn("%s", st.streams.notice);
	return rc;
}

static void on_removed(void *cli, int rc, const struct berth_error *e)
{
	cli_finish(cli, rc, e);
}

static int fail_start(struct cli *cli, const char *id, bool remove)
{
	int rc = cli->rc, code = cli_fail(cli);

	/* A shim that ran has removed it by itself; else it is for us. */
	if (remove) {
		struct berth_error e;

		cli->interrupted = false;
		if (berth_container_remove(cli->berth, id, BERTH_REMOVE_FORCE, on_removed, cli, &e) == 0)
			cli_wait(cli);
	}
	return code == CLI_FAILED ? berth_exit_code_of(rc) : code;
}

static struct berth_attach attach_for(const struct cli *cli, const char *name, bool in)
{
	struct berth_attach at = { .name = name,
				   .flags = BERTH_ATTACH_OUTPUT | (in ? BERTH_ATTACH_STDIN : 0) | cli_guest_clipboard(cli) };

	cli_terminal_size(0, &at.rows, &at.cols);
	if (!at.rows)
		cli_terminal_size(1, &at.rows, &at.cols);
	return at;
}

/* --- run */

static int run_run(struct cli *cli, const struct cli_args *a)
{
	bool detach = cli_flag(a, "detach"), rm = cli_flag(a, "rm"), in = cli_flag(a, "interactive");
	struct berth_streams streams;
	struct berth_attach at;
	char id[65];
	int rc;

	if (cli_flag(a, "tty") && in && !detach && !isatty(0)) {
		cli_error("run: standard input is not a terminal, as -t with -i wants");
		return CLI_BERTH_FAILED;
	}
	rc = make(cli, a, id);
	if (rc)
		return rc;
	at = attach_for(cli, id, in);
	if (start(cli, id, detach ? NULL : &at, &streams) < 0)
		return fail_start(cli, id, rm);
	if (detach) {
		puts(id);
		return CLI_OK;
	}
	return cli_session(&(struct cli_session){
		.cli = cli,
		.streams = &streams,
		.name = id,
		.detach_keys = cli_value(a, "detach-keys"),
		.no_stdin = !in,
		.sig_proxy = !cli_value(a, "sig-proxy") || cli_flag(a, "sig-proxy"),
	});
}

const struct cli_cmd cli_cmd_run = {
	.name = "run",
	.args = "IMAGE [CMD [ARG...]]",
	.brief = "make a container and run a command in it",
	.about = "Pulls the image if it is missing, makes a container from it, boots its virtual machine and starts "
		 "the command, or the image's own. In the foreground standard input, output and error are joined "
		 "to the process, signals are passed on, and berth exits with the process's code: 125 if berth "
		 "itself failed before it ran, 126 if it cannot be executed, 127 if it was not found, 128+n for "
		 "signal n. With -it the terminal is the process's; C-p C-q detaches and leaves it running. With --rootfs "
		 "FILE there is no image: the arguments are the command, and FILE, made by berth rootfs create or "
		 "another program, is the read-only base of the container's files.",
	.opts = cli_run_opts,
	.min_args = 1,
	.max_args = -1,
	.options_end_at_arg = true,
	.run = run_run,
};

static int run_create(struct cli *cli, const struct cli_args *a)
{
	char id[65];
	int rc = make(cli, a, id);

	if (rc)
		return rc == CLI_BERTH_FAILED ? CLI_FAILED : rc;
	puts(id);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_create = {
	.name = "create",
	.args = "IMAGE [CMD [ARG...]]",
	.brief = "make a container without starting it",
	.about = "As berth run, with the same options, but nothing is started. Prints the id.",
	.opts = cli_run_opts,
	.min_args = 1,
	.max_args = -1,
	.options_end_at_arg = true,
	.run = run_create,
};

/* --- start */

static const struct cli_opt start_opts[] = {
	{ 'a', "attach", NULL, "join the process's output, and exit with its code" },
	{ 'i', "interactive", NULL, "join standard input too" },
	{ 0, "detach-keys", "KEYS", "keys that detach (default ctrl-p,ctrl-q)" },
	{ 0, "sig-proxy", NULL, "pass signals on to the process (default true)", CLI_BOOL },
	{ 0 },
};

static int run_start(struct cli *cli, const struct cli_args *a)
{
	bool attach = cli_flag(a, "attach") || cli_flag(a, "interactive");
	int code = CLI_OK;

	if (attach && a->argc > 1)
		return cli_usage(a->cmd, "one container at a time can be attached");
	for (int i = 0; i < a->argc; i++) {
		struct berth_attach at = attach_for(cli, a->argv[i], cli_flag(a, "interactive"));
		struct berth_streams streams;
		int rc = start(cli, a->argv[i], attach ? &at : NULL, &streams);

		/* Starting what runs is no error, as with docker. */
		if (rc == -EALREADY && !attach)
			rc = 0;
		if (rc < 0) {
			int failed = cli_fail(cli);

			code = attach && failed == CLI_FAILED && rc != -ESRCH ? berth_exit_code_of(rc) : failed;
			continue;
		}
		if (attach)
			return cli_session(&(struct cli_session){
				.cli = cli,
				.streams = &streams,
				.name = streams.id,
				.detach_keys = cli_value(a, "detach-keys"),
				.no_stdin = !cli_flag(a, "interactive"),
				.sig_proxy = !cli_value(a, "sig-proxy") || cli_flag(a, "sig-proxy"),
			});
		puts(a->argv[i]);
	}
	return code;
}

const struct cli_cmd cli_cmd_start = {
	.name = "start",
	.args = "CONTAINER...",
	.brief = "start containers that were made or have ended",
	.opts = start_opts,
	.min_args = 1,
	.max_args = -1,
	.run = run_start,
};
