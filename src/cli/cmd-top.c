/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-top.c - top: the processes of a container. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"

static const struct cli_opt top_opts[] = {
	CLI_FORMAT_OPT,
	CLI_QUIET_OPT,
	{ 0 },
};

/* Hours, minutes and seconds of CPU, as ps has them. */
static void time_text(int64_t ns, char ret[static 32])
{
	int64_t s = ns / 1000000000;

	snprintf(ret, 32, "%02lld:%02lld:%02lld", (long long)(s / 3600), (long long)(s / 60 % 60), (long long)(s % 60));
}

static cJSON *row_of(const struct berth_process *p)
{
	cJSON *j = cJSON_CreateObject();
	char text[32];

	cJSON_AddNumberToObject(j, "pid", p->pid);
	cJSON_AddNumberToObject(j, "ppid", p->ppid);
	cJSON_AddStringToObject(j, "user", p->user);
	cJSON_AddStringToObject(j, "state", p->state);
	cJSON_AddNumberToObject(j, "cpu_percent", (double)(int64_t)(p->cpu_percent * 10 + 0.5) / 10);
	cJSON_AddNumberToObject(j, "memory_bytes", (double)p->memory_bytes);
	time_text(p->cpu_time, text);
	cJSON_AddStringToObject(j, "time", text);
	cli_add_time(j, "started", p->started);
	cJSON_AddNumberToObject(j, "threads", p->threads);
	cJSON_AddStringToObject(j, "tty", p->tty);
	cJSON_AddStringToObject(j, "command", p->command);
	return j;
}

static void on_processes(void *arg, int rc, const struct berth_error *e, const struct berth_process *list, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++)
		cJSON_AddItemToArray(cli->rows, row_of(&list[i]));
	cli_finish(cli, rc, e);
}

static char *number_cell(const cJSON *r, const char *key, const char *fmt)
{
	char text[32];

	snprintf(text, sizeof(text), fmt, cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(r, key)));
	return strdup(text);
}

static char *cell_pid(const cJSON *r, bool wide)
{
	return number_cell(r, "pid", "%.0f");
}

static char *cell_user(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "user"));
}

static char *cell_cpu(const cJSON *r, bool wide)
{
	return number_cell(r, "cpu_percent", "%.1f");
}

static char *cell_memory(const cJSON *r, bool wide)
{
	char text[8];

	str_size((uint64_t)json_int(r, "memory_bytes", 0), text);
	return strdup(text);
}

static char *cell_tty(const cJSON *r, bool wide)
{
	return strdup(*cli_str(r, "tty") ? cli_str(r, "tty") : "-");
}

static char *cell_time(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "time"));
}

static char *cell_command(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "command"));
}

static const struct cli_column columns[] = {
	{ "PID", cell_pid, true },
	{ "USER", cell_user },
	{ "CPU %", cell_cpu, true },
	{ "MEM", cell_memory, true },
	{ "TTY", cell_tty },
	{ "TIME", cell_time },
	{ "COMMAND", cell_command },
	{ NULL },
};
static const struct cli_listing listing = { columns, "pid", false };

static int run_top(struct cli *cli, const struct cli_args *a)
{
	int code;

	if (cli_await(cli, berth_container_top(cli->berth, a->argv[0], on_processes, cli, &cli->op, &cli->error)) < 0)
		code = cli_fail(cli);
	else
		code = cli_list(a, &listing, cli->rows, false);
	cJSON_Delete(TAKE(cli->rows));
	return code;
}

const struct cli_cmd cli_cmd_top = {
	.name = "top", .looks = true, .args = "CONTAINER", .brief = "list the processes of a container",
	.about = "Numbers are those of the container, names of users those of its own /etc/passwd. CPU in percent of one CPU "
		 "over the process's whole life, as ps counts it.",
	.opts = top_opts, .min_args = 1, .max_args = 1, .run = run_top,
};
