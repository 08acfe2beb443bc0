/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-logs.c - logs: what containers wrote, each stream to its own descriptor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"

static const struct cli_opt logs_opts[] = {
	{ 'f', "follow", NULL, "go on as it grows" },
	{ 'n', "tail", "N", "only the last N lines (default all)" },
	{ 0, "since", "TIME", "from then on: RFC 3339, or 10m ago" },
	{ 0, "until", "TIME", "up to then" },
	{ 0, "filter", "FILTER", "only lines with these words, as in berth-filter(7)" },
	{ 't', "timestamps", NULL, "show times" },
	{ 0, "boot", NULL, "the virtual machine's console instead" },
	{ 0 },
};

struct showing {
	struct cli *cli;
	bool times, names, begun[3];
	const char *name;
};

static void on_line(void *arg, const struct berth_log_line *l)
{
	struct showing *s = arg;
	FILE *f = l->stream == 2 ? stderr : stdout;

	if (!s->begun[l->stream]) {
		if (s->names)
			fprintf(f, "%s | ", s->name);
		if (s->times) {
			char when[CLOCK_RFC3339_MAX];

			clock_rfc3339(l->time, when);
			fprintf(f, "%s ", when);
		}
	}
	fwrite(l->text, 1, l->len, f);
	if (!l->partial)
		putc('\n', f);
	s->begun[l->stream] = l->partial;
}

static void on_end(void *arg, int rc, const struct berth_error *e)
{
	struct showing *s = arg;

	cli_finish(s->cli, rc, e);
}

static int run_logs(struct cli *cli, const struct cli_args *a)
{
	struct showing s = { .cli = cli, .times = cli_flag(a, "timestamps"), .names = a->argc > 1 };
	const char *tail = cli_value(a, "tail");
	struct berth_logs l = { .follow = cli_flag(a, "follow"), .boot = cli_flag(a, "boot"), .tail = -1,
				.filter = cli_value(a, "filter") };
	uint64_t n;
	int code = cli_parse_time(a, "since", &l.since);

	if (code == 0)
		code = cli_parse_time(a, "until", &l.until);
	if (code)
		return code;
	if (tail && strcmp(tail, "all") != 0) {
		if (str_parse_u64(tail, INT32_MAX, &n) < 0)
			return cli_usage(a->cmd, "'%s' is not a number of lines", tail);
		l.tail = (int64_t)n;
	}
	if (l.follow && a->argc > 1)
		return cli_usage(a->cmd, "one container at a time can be followed");
	if (l.follow)
		setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < a->argc; i++) {
		l.name = s.name = a->argv[i];
		if (cli_await(cli, berth_logs(cli->berth, &l, on_line, on_end, &s, &cli->op, &cli->error)) < 0)
			code = cli_fail(cli);
	}
	return code;
}

const struct cli_cmd cli_cmd_logs = {
	.name = "logs", .looks = true, .args = "CONTAINER...", .brief = "print what containers wrote",
	.about = "Standard output goes to standard output, standard error to standard error. With -t given to run all is "
		 "standard output.",
	.opts = logs_opts, .min_args = 1, .max_args = -1, .run = run_logs,
};
