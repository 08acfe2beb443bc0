/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - berth: finds the command, opens the engine, runs it; alone on a terminal, the terminal UI. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/reserve.h"
#include "cli/cli.h"
#include "tui/tui.h"

/* --- words */

static void say(const char *kind, const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "berth: %s: ", kind);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("error", fmt, ap);
	va_end(ap);
}

void cli_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning", fmt, ap);
	va_end(ap);
}

void cli_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("hint", fmt, ap);
	va_end(ap);
}

int cli_usage(const struct cli_cmd *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cli_error("%s%s%s", c ? c->name : "", c ? ": " : "", text);
	if (c)
		cli_hint("berth %s --help tells its options", c->name);
	else
		cli_hint("berth --help tells more");
	return CLI_USAGE;
}

int cli_fail_with(const struct berth_error *e)
{
	cli_error("%s", e->text);
	if (*e->hint)
		cli_hint("%s", e->hint);
	return CLI_FAILED;
}

int cli_fail(struct cli *cli)
{
	if (cli->interrupted && cli->rc == -ECANCELED)
		return CLI_INTERRUPTED;
	return cli_fail_with(&cli->error);
}

int cli_flush(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	if (errno != EPIPE)
		cli_error("cannot write to standard output: %s", strerror(errno));
	return rc ? rc : CLI_FAILED;
}

/* --- waiting for an operation */

void cli_finish(struct cli *cli, int rc, const struct berth_error *e)
{
	cli->finished = true;
	cli->op = NULL;
	cli->rc = rc;
	if (rc < 0 && e)
		cli->error = *e;
	uv_stop(&cli->loop);
}

void cli_on_done(void *cli, int rc, const struct berth_error *e)
{
	cli_finish(cli, rc, e);
}

int cli_wait(struct cli *cli)
{
	while (!cli->finished)
		uv_run(&cli->loop, UV_RUN_DEFAULT);
	cli->finished = false;
	return cli->rc;
}

int cli_await(struct cli *cli, int start_rc)
{
	if (start_rc < 0) {
		cli->rc = start_rc;
		cli->op = NULL;
		return start_rc;
	}
	return cli_wait(cli);
}

static void on_interrupt(uv_signal_t *h, int sig)
{
	struct cli *cli = h->data;

	if (cli->interrupted || !cli->op) {
		/* A second time, or nothing to cancel: as if nobody had caught it. */
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	cli->interrupted = true;
	berth_op_cancel(cli->op);
}

/* --- life */

static int set_globals(struct cli *cli, const struct cli_args *a)
{
	const char *level = cli_value(a, "log-level") ?: getenv("BERTH_LOG");
	const char *progress = cli_value(a, "progress") ?: "auto", *color = cli_value(a, "color") ?: "auto";
	enum log_level l;
	bool unwanted;

	cli->options.root = cli_value(a, "root") ?: getenv("BERTH_ROOT");
	cli->options.run_root = cli_value(a, "run-root") ?: getenv("BERTH_RUN_ROOT");
	cli->config = cli_value(a, "config") ?: getenv("BERTH_CONFIG");
	if (level && *level) {
		if (log_level_parse(level, &l) < 0)
			return cli_usage(a->cmd, "'%s' is not a log level: error, warn, info, debug or trace", level);
		log_set_level(l);
	}
	if (strcmp(progress, "auto") == 0)
		cli->progress = isatty(2) ? CLI_PROGRESS_TTY : CLI_PROGRESS_PLAIN;
	else if (strcmp(progress, "tty") == 0)
		cli->progress = CLI_PROGRESS_TTY;
	else if (strcmp(progress, "plain") == 0)
		cli->progress = CLI_PROGRESS_PLAIN;
	else if (strcmp(progress, "json") == 0)
		cli->progress = CLI_PROGRESS_JSON;
	else if (strcmp(progress, "none") == 0)
		cli->progress = CLI_PROGRESS_NONE;
	else
		return cli_usage(a->cmd, "'%s' is not a kind of progress: auto, tty, plain, json or none", progress);
	if (strcmp(color, "auto") != 0 && strcmp(color, "always") != 0 && strcmp(color, "never") != 0)
		return cli_usage(a->cmd, "'%s' is not a choice of colour: auto, always or never", color);
	unwanted = strcmp(color, "auto") == 0 && getenv("NO_COLOR") && *getenv("NO_COLOR");
	cli->no_color = unwanted || strcmp(color, "never") == 0;
	cli->color = !cli->no_color && (strcmp(color, "always") == 0 || isatty(1));
	cli->read_only = !a->cmd && cli_flag(a, "read-only");
	for (int i = 0; a->cmd && i < (int)a->ngiven; i++)
		if (strcmp(a->given[i].opt->name, "read-only") == 0 && a->given[i].opt == cli_global_find("read-only"))
			return cli_usage(a->cmd, "--read-only is for the terminal UI, which has no command's name");
	return 0;
}

/* What is wrong in the file is said, and does not stop anything. */
static void load_config(struct cli *cli)
{
	char text[1024];

	if (conf_load(&cli->conf, cli->config) < 0)
		return;
	cli_check_config(&cli->conf);
	for (size_t i = 0; i < cli->conf.nissues; i++) {
		conf_issue_str(&cli->conf, &cli->conf.issues[i], text, sizeof(text));
		cli_warn("%s", text);
	}
	cli->options.config = cli->config;
}

static void on_closed(void *arg)
{
	struct cli *cli = arg;

	cli->berth = NULL;
}

static int run_with_engine(struct cli *cli, const struct cli_args *a)
{
	int code;

	uv_loop_init(&cli->loop);
	load_config(cli);
	if (berth_open(&cli->berth, &cli->loop, &cli->options, &cli->error) < 0) {
		code = cli_fail_with(&cli->error);
		return strcmp(a->cmd->name, "run") == 0 || strcmp(a->cmd->name, "exec") == 0 ? CLI_BERTH_FAILED : code;
	}
	uv_signal_init(&cli->loop, &cli->sigint);
	cli->sigint.data = cli;
	uv_signal_start(&cli->sigint, on_interrupt, SIGINT);
	uv_unref((uv_handle_t *)&cli->sigint);
	uv_signal_init(&cli->loop, &cli->sigterm);
	cli->sigterm.data = cli;
	uv_signal_start(&cli->sigterm, on_interrupt, SIGTERM);
	uv_unref((uv_handle_t *)&cli->sigterm);
	code = a->cmd->run(cli, a);
	code = cli_flush(code);
	/* What the kernel frees at exit needs no closing here; jobs that were started must hear of the end. */
	berth_close(cli->berth, on_closed, cli);
	while (cli->berth && uv_run(&cli->loop, UV_RUN_ONCE))
		;
	conf_finish(&cli->conf);
	return code;
}

/* For the palette; NULL if there is no memory. */
static struct tui_command *list_commands(void)
{
	struct tui_command *v;
	size_t n = 0;

	while (cli_table[n])
		n++;
	v = calloc(n + 1, sizeof(*v));
	n = 0;
	for (const struct cli_cmd *const *p = cli_table; v && *p; p++)
		if (!(*p)->hidden && !(*p)->alias)
			v[n++] = (struct tui_command){ (*p)->name, (*p)->brief, (*p)->args ?: "", (*p)->looks };
	return v;
}

/* No command: the terminal UI, or what a script would want. */
static int run_alone(struct cli *cli)
{
	static const char *const ps[] = { "berth", "ps", NULL };
	struct tui_command *commands = list_commands();
	const struct tui_options o = { .root = cli->options.root, .run_root = cli->options.run_root,
				       .config = cli->config, .no_color = cli->no_color, .read_only = cli->read_only,
				       .commands = commands };
	struct cli_args a;
	int code;

	if (!isatty(1)) {
		if (cli_parse(2, (char **)ps, &a) != 0)
			return CLI_FAILED;
		code = run_with_engine(cli, &a);
		cli_args_finish(&a);
		return code;
	}
	if (!isatty(0)) {
		cli_print_usage(NULL);
		return CLI_USAGE;
	}
	code = tui_main(&o);
	free(commands);
	return code;
}

int main(int argc, char **argv)
{
	static struct cli cli;
	struct cli_args a;
	int code;

	reserve_for_libraries();
	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit of files' sizes is an error like any other */
	log_set_level(LOG_LEVEL_WARN);
	code = cli_parse(argc, argv, &a);
	if (code == 0 && cli_flag(&a, "version")) {
		printf("berth %s\n", berth_version());
		code = cli_flush(CLI_OK);
	} else if (code == 0 && a.help) {
		if (a.cmd)
			cli_print_command_help(a.cmd);
		else if (a.group)
			cli_print_group_help(a.group);
		else
			cli_print_help();
		code = cli_flush(CLI_OK);
	} else if (code == 0) {
		code = set_globals(&cli, &a);
		if (code == 0 && !a.cmd)
			code = run_alone(&cli);
		else if (code == 0)
			code = a.cmd->no_engine ? cli_flush(a.cmd->run(&cli, &a)) : run_with_engine(&cli, &a);
	}
	cli_args_finish(&a);
	return code;
}
