/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-life.c - stop, kill, pause, unpause, wait, rm, restart, rename: containers ended, and named anew. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "cli/cli.h"

/* Does one thing to each container named; prints those it worked for, as docker does. */
static int for_each(struct cli *cli, const struct cli_args *a, int (*start)(struct cli *cli, const struct cli_args *a,
									      const char *name))
{
	int code = CLI_OK;

	for (int i = 0; i < a->argc && !cli->interrupted; i++) {
		if (cli_await(cli, start(cli, a, a->argv[i])) < 0)
			code = cli_fail(cli);
		else
			puts(a->argv[i]);
	}
	return cli->interrupted ? CLI_INTERRUPTED : code;
}

/* --- stop */

static const struct cli_opt stop_opts[] = {
	{ 't', "time", "SECONDS", "wait this long before SIGKILL (default: the container's, 10)" },
	{ 0 },
};

static int time_of(const struct cli_args *a, int64_t *ret_ms)
{
	const char *word = cli_value(a, "time");
	uint64_t v;

	*ret_ms = -1;
	if (!word || strcmp(word, "-1") == 0)
		return 0;
	if (str_parse_u64(word, 1000000, &v) < 0)
		return cli_usage(a->cmd, "'%s' is not a number of seconds", word);
	*ret_ms = (int64_t)v * 1000;
	return 0;
}

static int start_stop(struct cli *cli, const struct cli_args *a, const char *name)
{
	int64_t ms;

	time_of(a, &ms);
	return berth_container_stop(cli->berth, name, ms, cli_on_done, cli, &cli->error);
}

static int run_stop(struct cli *cli, const struct cli_args *a)
{
	int64_t ms;
	int rc = time_of(a, &ms);

	return rc ? rc : for_each(cli, a, start_stop);
}

const struct cli_cmd cli_cmd_stop = {
	.name = "stop", .args = "CONTAINER...", .brief = "stop running containers",
	.about = "Sends the stop signal (TERM unless the image or run say otherwise), then SIGKILL after the time-out, "
		 "and waits for the end of the virtual machine.",
	.opts = stop_opts, .min_args = 1, .max_args = -1, .run = run_stop,
};

/* --- restart */

static void on_restarted(void *cli, int rc, const struct berth_error *e, const struct berth_streams *s)
{
	cli_finish(cli, rc, e);
}

static int run_restart(struct cli *cli, const struct cli_args *a)
{
	int code = CLI_OK;
	int64_t ms;
	int rc = time_of(a, &ms);

	for (int i = 0; rc == 0 && i < a->argc; i++) {
		const char *name = a->argv[i];

		if (cli_await(cli, berth_container_stop(cli->berth, name, ms, cli_on_done, cli, &cli->error)) < 0 ||
		    cli_await(cli, berth_container_start(cli->berth, name, NULL, on_restarted, cli, &cli->op,
							 &cli->error)) < 0)
			code = cli_fail(cli);
		else
			puts(name);
	}
	return rc ? rc : code;
}

const struct cli_cmd cli_cmd_restart = {
	.name = "restart", .args = "CONTAINER...", .brief = "stop containers, then start them again",
	.opts = stop_opts, .min_args = 1, .max_args = -1, .run = run_restart,
};

/* --- kill */

static const struct cli_opt kill_opts[] = {
	{ 's', "signal", "SIGNAL", "by name or number (default KILL)" },
	{ 0, "pid", "PID", "to this process of one container, as top numbers it" },
	{ 0 },
};

static int start_kill(struct cli *cli, const struct cli_args *a, const char *name)
{
	const char *word = cli_value(a, "signal"), *pid = cli_value(a, "pid");
	int sig = word ? berth_signal_number(word) : SIGKILL;

	if (pid)
		return berth_process_kill(cli->berth, name, atoi(pid), 0, sig, cli_on_done, cli, &cli->error);
	return berth_container_kill(cli->berth, name, sig, cli_on_done, cli, &cli->error);
}

static int run_kill(struct cli *cli, const struct cli_args *a)
{
	const char *word = cli_value(a, "signal"), *pid = cli_value(a, "pid");
	uint64_t n;

	if (word && berth_signal_number(word) < 0)
		return cli_usage(a->cmd, "'%s' is not a signal", word);
	if (pid && (str_parse_u64(pid, INT32_MAX, &n) < 0 || n == 0))
		return cli_usage(a->cmd, "'%s' is not the number of a process", pid);
	if (pid && a->argc > 1)
		return cli_usage(a->cmd, "--pid is of one container");
	return for_each(cli, a, start_kill);
}

const struct cli_cmd cli_cmd_kill = {
	.name = "kill", .args = "CONTAINER...", .brief = "send a signal to containers' processes",
	.opts = kill_opts, .min_args = 1, .max_args = -1, .run = run_kill,
};

/* --- pause, unpause */

static int start_pause(struct cli *cli, const struct cli_args *a, const char *name)
{
	return berth_container_pause(cli->berth, name, cli_on_done, cli, &cli->error);
}

static int run_pause(struct cli *cli, const struct cli_args *a)
{
	return for_each(cli, a, start_pause);
}

const struct cli_cmd cli_cmd_pause = {
	.name = "pause", .args = "CONTAINER...", .brief = "freeze the processes of containers",
	.about = "They stand still until unpause. A signal that ends the container (KILL, its stop signal) lets it go on; other "
		 "signals reach it then. The virtual machine itself goes on: its clock does not stop.",
	.min_args = 1, .max_args = -1, .run = run_pause,
};

static int start_unpause(struct cli *cli, const struct cli_args *a, const char *name)
{
	return berth_container_unpause(cli->berth, name, cli_on_done, cli, &cli->error);
}

static int run_unpause(struct cli *cli, const struct cli_args *a)
{
	return for_each(cli, a, start_unpause);
}

const struct cli_cmd cli_cmd_unpause = {
	.name = "unpause", .args = "CONTAINER...", .brief = "let paused containers go on", .min_args = 1,
	.max_args = -1, .run = run_unpause,
};

/* --- wait */

static void on_exit_code(void *arg, int rc, const struct berth_error *e, int code)
{
	if (rc == 0)
		printf("%d\n", code);
	cli_finish(arg, rc, e);
}

static int run_wait(struct cli *cli, const struct cli_args *a)
{
	int code = CLI_OK;

	for (int i = 0; i < a->argc; i++) {
		if (cli_await(cli, berth_container_wait(cli->berth, a->argv[i], on_exit_code, cli, &cli->op,
							&cli->error)) < 0)
			code = cli_fail(cli);
		fflush(stdout);
		if (code == CLI_INTERRUPTED)
			break;
	}
	return code;
}

const struct cli_cmd cli_cmd_wait = {
	.name = "wait", .looks = true, .args = "CONTAINER...", .brief = "wait for containers to end and print their exit codes",
	.min_args = 1, .max_args = -1, .run = run_wait,
};

/* --- rm */

static const struct cli_opt rm_opts[] = {
	{ 'f', "force", NULL, "kill those that run" },
	{ 0, "trash", NULL, "keep them in the trash for 7 days" },
	{ 'v', "volumes", NULL, "accepted for docker's sake: a container has no volumes of its own yet" },
	{ 0 },
};

static int start_rm(struct cli *cli, const struct cli_args *a, const char *name)
{
	return berth_container_remove(cli->berth, name, cli_remove_flags(a), cli_on_done, cli, &cli->error);
}

static int run_rm(struct cli *cli, const struct cli_args *a)
{
	return for_each(cli, a, start_rm);
}

const struct cli_cmd cli_cmd_rm = {
	.name = "rm", .args = "CONTAINER...", .brief = "remove containers",
	.about = "For good, with their disks and logs, unless --trash is given: berth trash restore takes that back.",
	.opts = rm_opts, .min_args = 1, .max_args = -1, .run = run_rm,
};

/* --- rename */

static int run_rename(struct cli *cli, const struct cli_args *a)
{
	return cli_await(cli, berth_container_rename(cli->berth, a->argv[0], a->argv[1], cli_on_done, cli,
						     &cli->error)) < 0 ?
		       cli_fail(cli) :
		       CLI_OK;
}

const struct cli_cmd cli_cmd_rename = {
	.name = "rename", .args = "CONTAINER NAME", .brief = "give a container another name", .min_args = 2,
	.max_args = 2, .run = run_rename,
};
