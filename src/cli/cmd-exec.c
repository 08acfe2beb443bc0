/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-exec.c - exec, attach, consoles, screen: what is done with the processes of running containers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "cli/run-opts.h"

/* --- exec */

static const struct cli_opt exec_opts[] = {
	{ 'd', "detach", NULL, "run in the background" },
	{ 'i', "interactive", NULL, "keep standard input open" },
	{ 't', "tty", NULL, "give the process a terminal" },
	{ 'e', "env", "KEY[=VALUE]", "set an environment variable" },
	{ 0, "env-file", "FILE", "read environment variables from a file" },
	{ 'w', "workdir", "DIR", "working directory" },
	{ 'u', "user", "USER[:GROUP]", "user and group" },
	{ 0, "privileged", NULL, "with all capabilities" },
	{ 0, "detach-keys", "KEYS", "keys that detach (default ctrl-p,ctrl-q)" },
	{ 0 },
};

struct executing {
	struct cli *cli;
	struct berth_streams streams;
	char exec_id[80];
};

static void on_exec(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s, const char *id)
{
	struct executing *x = arg;

	if (rc == 0) {
		x->streams = *s;
		snprintf(x->exec_id, sizeof(x->exec_id), "%s", id);
	}
	cli_finish(x->cli, rc, e);
}

/* "K" alone takes this process's value. */
static const char **resolve_env(struct run_spec *s, const char **env)
{
	size_t n = 0;

	for (size_t i = 0; env && env[i]; i++) {
		const char *value = strchr(env[i], '=') ? NULL : getenv(env[i]);

		if (strchr(env[i], '='))
			env[n++] = env[i];
		else if (value)
			env[n++] = run_spec_own(s, path_fmt("%s=%s", env[i], value));
	}
	if (env)
		env[n] = NULL;
	return env;
}

static int run_exec(struct cli *cli, const struct cli_args *a)
{
	struct executing x = { .cli = cli };
	struct run_spec s = { 0 };
	int rc;
	struct berth_exec o = {
		.name = a->argv[0],
		.args = a->argv + 1,
		.tty = cli_flag(a, "tty"),
		.open_stdin = cli_flag(a, "interactive"),
		.detach = cli_flag(a, "detach"),
		.user = cli_value(a, "user"),
		.workdir = cli_value(a, "workdir"),
		.privileged = cli_flag(a, "privileged"),
	};

	if (o.tty && o.open_stdin && !o.detach && !isatty(0)) {
		cli_error("exec: standard input is not a terminal, as -t with -i wants");
		return CLI_BERTH_FAILED;
	}
	o.env = resolve_env(&s, run_env(&s, a, &rc));
	if (rc) {
		run_spec_finish(&s);
		return rc;
	}
	o.clipboard = cli_guest_clipboard(cli) != 0;
	cli_terminal_size(0, &o.rows, &o.cols);
	rc = cli_await(cli, berth_exec(cli->berth, &o, on_exec, &x, &cli->op, &cli->error));
	run_spec_finish(&s);
	if (rc < 0) {
		int code = cli_fail(cli);

		if (code != CLI_FAILED)
			return code;
		return rc == -ESRCH ? CLI_FAILED : berth_exit_code_of(rc);
	}
	if (o.detach)
		return CLI_OK;
	return cli_session(&(struct cli_session){
		.cli = cli,
		.streams = &x.streams,
		.name = a->argv[0],
		.exec_id = x.exec_id,
		.detach_keys = cli_value(a, "detach-keys"),
		.no_stdin = !o.open_stdin,
		.sig_proxy = true,
	});
}

const struct cli_cmd cli_cmd_exec = {
	.name = "exec",
	.args = "CONTAINER CMD [ARG...]",
	.brief = "run another command in a running container",
	.about = "Exits with the command's code, or as berth run when it could not be started. With -t it gets a "
		 "console of its own, which outlives this terminal: berth consoles lists them.",
	.opts = exec_opts,
	.min_args = 2,
	.max_args = -1,
	.options_end_at_arg = true,
	.run = run_exec,
};

/* --- attach */

static const struct cli_opt attach_opts[] = {
	{ 0, "no-stdin", NULL, "only look" },
	{ 0, "detach-keys", "KEYS", "keys that detach (default ctrl-p,ctrl-q)" },
	{ 0, "sig-proxy", NULL, "pass signals on to the process (default true)", CLI_BOOL },
	{ 0 },
};

struct attaching {
	struct cli *cli;
	struct berth_streams streams;
};

static void on_attached(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s)
{
	struct attaching *at = arg;

	if (rc == 0)
		at->streams = *s;
	cli_finish(at->cli, rc, e);
}

static int run_attach(struct cli *cli, const struct cli_args *a)
{
	bool look = cli_flag(a, "no-stdin");
	struct attaching x = { .cli = cli };
	struct berth_attach at = { .name = a->argv[0], .flags = BERTH_ATTACH_OUTPUT };

	at.flags |= (look ? BERTH_ATTACH_READ_ONLY : BERTH_ATTACH_STDIN) | cli_guest_clipboard(cli);
	cli_terminal_size(0, &at.rows, &at.cols);
	if (cli_await(cli, berth_container_attach(cli->berth, &at, on_attached, &x, &cli->op, &cli->error)) < 0)
		return cli_fail(cli);
	return cli_session(&(struct cli_session){
		.cli = cli,
		.streams = &x.streams,
		.name = a->argv[0],
		.detach_keys = cli_value(a, "detach-keys"),
		.no_stdin = look && !x.streams.tty,
		.sig_proxy = !cli_value(a, "sig-proxy") || cli_flag(a, "sig-proxy"),
	});
}

const struct cli_cmd cli_cmd_attach = {
	.name = "attach",
	.args = "CONTAINER[:N]",
	.brief = "join a running container's console, its screen as it stands",
	.about = "N is a console's number, as berth consoles lists them; 0, the default, is the main process. C-p C-q "
		 "detaches and leaves everything running.",
	.opts = attach_opts,
	.min_args = 1,
	.max_args = 1,
	.run = run_attach,
};

/* --- consoles */

static const struct cli_opt consoles_opts[] = { CLI_FORMAT_OPT, CLI_QUIET_OPT, { 0 } };

static void on_consoles(void *arg, int rc, const struct berth_error *e, const struct berth_console *list, size_t n)
{
	struct cli *cli = arg;
	cJSON *rows = cJSON_CreateArray();

	for (size_t i = 0; rc == 0 && i < n; i++) {
		cJSON *j = cJSON_CreateObject();

		cJSON_AddStringToObject(j, "id", list[i].id);
		cJSON_AddStringToObject(j, "container", list[i].container);
		cJSON_AddNumberToObject(j, "n", list[i].n);
		cJSON_AddStringToObject(j, "command", list[i].command);
		cJSON_AddNumberToObject(j, "rows", list[i].rows);
		cJSON_AddNumberToObject(j, "cols", list[i].cols);
		cJSON_AddNumberToObject(j, "viewers", list[i].viewers);
		cJSON_AddBoolToObject(j, "alive", list[i].alive);
		cJSON_AddItemToArray(rows, j);
	}
	cli->rows = rows;
	cli_finish(cli, rc, e);
}

static char *cell_console(const cJSON *r, bool wide)
{
	return path_fmt("%s:%lld", cli_str(r, "container"), (long long)json_int(r, "n", 0));
}

static char *cell_command(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "command"));
}

static char *cell_size(const cJSON *r, bool wide)
{
	long long rows = json_int(r, "rows", 0);

	return rows ? path_fmt("%lldx%lld", (long long)json_int(r, "cols", 0), rows) : strdup("-");
}

static char *cell_viewers(const cJSON *r, bool wide)
{
	return path_fmt("%lld", (long long)json_int(r, "viewers", 0));
}

static char *cell_alive(const cJSON *r, bool wide)
{
	return strdup(json_bool(r, "alive", false) ? "up" : "ended");
}

static int run_consoles(struct cli *cli, const struct cli_args *a)
{
	static const struct cli_column columns[] = {
		{ "CONSOLE", cell_console }, { "STATE", cell_alive }, { "SIZE", cell_size },
		{ "VIEWERS", cell_viewers, true }, { "COMMAND", cell_command }, { 0 },
	};
	static const struct cli_listing listing = { columns, "id", false };
	AUTO_JSON cJSON *rows = NULL;

	if (cli_await(cli, berth_console_list(cli->berth, a->argc ? a->argv[0] : NULL, on_consoles, cli, &cli->error)) < 0)
		return cli_fail(cli);
	rows = TAKE(cli->rows);
	return cli_list(a, &listing, rows, false);
}

const struct cli_cmd cli_cmd_consoles = {
	.name = "consoles", .looks = true,
	.args = "[CONTAINER]",
	.brief = "list consoles: command, size, viewers",
	.opts = consoles_opts,
	.max_args = 1,
	.run = run_consoles,
};

/* --- screen */

static void on_screen(void *arg, int rc, const struct berth_error *e, const char *text, size_t len)
{
	if (rc == 0)
		fwrite(text, 1, len, stdout);
	cli_finish(arg, rc, e);
}

static int run_screen(struct cli *cli, const struct cli_args *a)
{
	if (cli_await(cli, berth_console_screen(cli->berth, a->argv[0], on_screen, cli, &cli->error)) < 0)
		return cli_fail(cli);
	return CLI_OK;
}

const struct cli_cmd cli_cmd_screen = {
	.name = "screen", .looks = true,
	.args = "CONTAINER[:N]",
	.brief = "print a console's screen as text",
	.about = "Of a container that has ended: its main console as it was then.",
	.min_args = 1,
	.max_args = 1,
	.run = run_screen,
};
