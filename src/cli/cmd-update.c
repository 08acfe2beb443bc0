/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-update.c - update: other limits for containers that there are. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/run-opts.h"

static const struct cli_opt update_opts[] = {
	{ 'm', "memory", "SIZE", "memory limit, as in 512m" },
	{ 0, "cpus", "N", "CPUs" },
	{ 0, "pids-limit", "N", "limit of processes" },
	{ 0, "restart", "POLICY", "no (others are not there yet)" },
	{ 0 },
};

static void on_updated(void *arg, int rc, const struct berth_error *e, const char *waiting)
{
	struct cli *cli = arg;

	if (waiting)
		cli_warn("its VM was started with less: of %s it has what there is, and all of it once it is started again", waiting);
	cli_finish(cli, rc, e);
}

static int run_update(struct cli *cli, const struct cli_args *a)
{
	const char *restart = cli_value(a, "restart");
	struct berth_limits l = { 0 };
	int code = cli_take_limits(a, &l);

	if (code)
		return code;
	if (restart && strcmp(restart, "no") != 0)
		return cli_usage(a->cmd, "restart policies are not there yet: --restart is 'no'");
	if (!restart && !l.memory_bytes && !l.pids && l.cpus <= 0)
		return cli_usage(a->cmd, "nothing to change: give --memory, --cpus or --pids-limit");
	for (int i = 0; i < a->argc && !cli->interrupted; i++) {
		if (cli_await(cli, berth_container_update(cli->berth, a->argv[i], &l, on_updated, cli, &cli->error)) < 0)
			code = cli_fail(cli);
		else
			puts(a->argv[i]);
	}
	return cli->interrupted ? CLI_INTERRUPTED : code;
}

const struct cli_cmd cli_cmd_update = {
	.name = "update", .args = "CONTAINER...", .brief = "give containers other limits",
	.about = "They hold from the next start on. A container that runs has them at once as far as its virtual machine, as it was "
		 "started, has the memory and the CPUs; where it has not, berth says so.",
	.opts = update_opts, .min_args = 1, .max_args = -1, .run = run_update,
};
