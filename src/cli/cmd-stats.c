/* SPDX-License-Identifier: Apache-2.0 */
/* cmd-stats.c - stats: what containers use, once or as it changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"

#define INTERVAL_MS 1000
#define ROUND_MS 100         /* samples this near to the first one are shown with it */
#define SILENT_NS 3000000000 /* a container that was not heard of for so long has ended */

static const struct cli_opt stats_opts[] = {
	{ 0, "no-stream", NULL, "print once and end" },
	{ 0, "no-trunc", NULL, "whole ids" },
	CLI_FORMAT_OPT,
	CLI_QUIET_OPT,
	{ 0 },
};

static cJSON *row_of(const struct berth_stats *s)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "id", s->id);
	cJSON_AddStringToObject(j, "name", s->name);
	cJSON_AddNumberToObject(j, "cpu_percent", (double)(int64_t)(s->cpu_percent * 100 + 0.5) / 100);
	cJSON_AddNumberToObject(j, "memory_bytes", (double)s->memory_bytes);
	cJSON_AddNumberToObject(j, "memory_limit_bytes", (double)s->memory_limit_bytes);
	cJSON_AddNumberToObject(j, "host_pss_bytes", (double)s->host_pss_bytes);
	cJSON_AddNumberToObject(j, "net_rx_bytes", (double)s->net_rx_bytes);
	cJSON_AddNumberToObject(j, "net_tx_bytes", (double)s->net_tx_bytes);
	cJSON_AddNumberToObject(j, "block_read_bytes", (double)s->block_read_bytes);
	cJSON_AddNumberToObject(j, "block_write_bytes", (double)s->block_write_bytes);
	cJSON_AddNumberToObject(j, "pids", (double)s->pids);
	return j;
}

static uint64_t number(const cJSON *r, const char *key)
{
	return (uint64_t)json_int(r, key, 0);
}

static char *cell_id(const cJSON *r, bool wide)
{
	return wide ? strdup(cli_str(r, "id")) : cli_short_id(cli_str(r, "id"));
}

static char *cell_name(const cJSON *r, bool wide)
{
	return strdup(cli_str(r, "name"));
}

static char *formatted(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *formatted(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	return text;
}

static char *two_sizes(uint64_t a, uint64_t b)
{
	char x[8], y[8];

	str_size(a, x);
	str_size(b, y);
	return formatted("%s / %s", x, y);
}

static char *cell_cpu(const cJSON *r, bool wide)
{
	return formatted("%.2f%%", cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(r, "cpu_percent")));
}

static char *cell_memory(const cJSON *r, bool wide)
{
	return two_sizes(number(r, "memory_bytes"), number(r, "memory_limit_bytes"));
}

static char *cell_percent(const cJSON *r, bool wide)
{
	uint64_t limit = number(r, "memory_limit_bytes");

	return formatted("%.2f%%", limit ? 100.0 * (double)number(r, "memory_bytes") / (double)limit : 0);
}

static char *cell_host(const cJSON *r, bool wide)
{
	char text[8];

	str_size(number(r, "host_pss_bytes"), text);
	return strdup(text);
}

static char *cell_net(const cJSON *r, bool wide)
{
	return two_sizes(number(r, "net_rx_bytes"), number(r, "net_tx_bytes"));
}

static char *cell_block(const cJSON *r, bool wide)
{
	return two_sizes(number(r, "block_read_bytes"), number(r, "block_write_bytes"));
}

static char *cell_pids(const cJSON *r, bool wide)
{
	return formatted("%llu", (unsigned long long)number(r, "pids"));
}

static const struct cli_column columns[] = {
	{ "CONTAINER ID", cell_id },
	{ "NAME", cell_name },
	{ "CPU %", cell_cpu, true },
	{ "MEM USAGE / LIMIT", cell_memory, true },
	{ "MEM %", cell_percent, true },
	{ "NET I/O", cell_net, true },
	{ "BLOCK I/O", cell_block, true },
	{ "PIDS", cell_pids, true },
	{ "HOST MEM", cell_host, true },
	{ NULL },
};
static const struct cli_listing listing = { columns, "id", true };

/* --- once */

static void on_rows(void *arg, int rc, const struct berth_error *e, const struct berth_stats *list, size_t n)
{
	struct cli *cli = arg;

	cli->rows = cJSON_CreateArray();
	for (size_t i = 0; rc == 0 && i < n; i++)
		cJSON_AddItemToArray(cli->rows, row_of(&list[i]));
	cli_finish(cli, rc, e);
}

static int print_once(struct cli *cli, const struct cli_args *a)
{
	int code;

	if (cli_await(cli, berth_stats(cli->berth, a->argv, on_rows, cli, &cli->op, &cli->error)) < 0) {
		cJSON_Delete(TAKE(cli->rows));
		return cli_fail(cli);
	}
	code = cli_list(a, &listing, cli->rows, cli_flag(a, "no-trunc"));
	cJSON_Delete(TAKE(cli->rows));
	return code;
}

/* --- as it changes: samples of about the same moment are a round, shown together */

struct watching {
	struct cli *cli;
	const struct cli_args *a;
	uv_timer_t timer;
	cJSON *rows; /* the newest of each container, with the time it came as "heard", and "fresh" until shown */
	bool whole;  /* a round shows all containers, not only those with a new sample */
	bool screen; /* and takes the place of the round before */
	int code;
};

static void show(uv_timer_t *t)
{
	struct watching *w = t->data;
	AUTO_JSON cJSON *shown = cJSON_CreateArray();
	double now = (double)clock_mono_ns();

	for (cJSON *row = w->rows->child, *next; row; row = next) {
		cJSON *copy;

		next = row->next;
		if (now - cJSON_GetNumberValue(cJSON_GetObjectItem(row, "heard")) > SILENT_NS) {
			cJSON_Delete(cJSON_DetachItemViaPointer(w->rows, row));
			continue;
		}
		if (!w->whole && !cJSON_GetObjectItem(row, "fresh"))
			continue;
		cJSON_DeleteItemFromObject(row, "fresh");
		copy = cJSON_Duplicate(row, 1);
		cJSON_DeleteItemFromObject(copy, "heard");
		cJSON_AddItemToArray(shown, copy);
	}
	if (w->screen)
		fputs("\033[H\033[J", stdout);
	w->code = cli_list(w->a, &listing, shown, cli_flag(w->a, "no-trunc"));
	if (fflush(stdout) != 0 || w->code)
		berth_op_cancel(w->cli->op); /* nobody reads, or the format is wrong */
	/* What falls silent leaves the screen. */
	if (w->screen && cJSON_GetArraySize(w->rows) > 0)
		uv_timer_start(&w->timer, show, SILENT_NS / 1000000 + ROUND_MS, 0);
}

static void on_sample(void *arg, const struct berth_stats *s)
{
	struct watching *w = arg;
	cJSON *row = row_of(s), *old;
	bool shown_soon = uv_is_active((uv_handle_t *)&w->timer) && uv_timer_get_due_in(&w->timer) <= ROUND_MS;

	cJSON_AddNumberToObject(row, "heard", (double)clock_mono_ns());
	cJSON_AddTrueToObject(row, "fresh");
	cJSON_ArrayForEach(old, w->rows)
		if (strcmp(cli_str(old, "id"), s->id) == 0)
			break;
	if (old)
		cJSON_ReplaceItemViaPointer(w->rows, old, row);
	else
		cJSON_AddItemToArray(w->rows, row);
	if (!shown_soon)
		uv_timer_start(&w->timer, show, ROUND_MS, 0);
}

static void on_watch_end(void *arg, int rc, const struct berth_error *e)
{
	struct watching *w = arg;

	cli_finish(w->cli, rc, e);
}

static int watch(struct cli *cli, const struct cli_args *a)
{
	struct watching w = { .cli = cli, .a = a, .rows = cJSON_CreateArray() };
	const char *format = cli_value(a, "format") ?: "table";
	bool table = strcmp(format, "table") == 0 && !cli_flag(a, "quiet");
	int rc;

	w.whole = table || strcmp(format, "json") == 0;
	w.screen = table && isatty(1);
	uv_timer_init(&cli->loop, &w.timer);
	w.timer.data = &w;
	rc = cli_await(cli, berth_stats_watch(cli->berth, a->argv, INTERVAL_MS, on_sample, on_watch_end, &w, &cli->op,
					      &cli->error));
	uv_close((uv_handle_t *)&w.timer, NULL);
	uv_run(&cli->loop, UV_RUN_NOWAIT); /* the handle is in this frame */
	cJSON_Delete(w.rows);
	if (w.code)
		return w.code;
	return rc < 0 && (rc != -ECANCELED || cli->interrupted) ? cli_fail(cli) : CLI_OK;
}

static int run_stats(struct cli *cli, const struct cli_args *a)
{
	return cli_flag(a, "no-stream") ? print_once(cli, a) : watch(cli, a);
}

const struct cli_cmd cli_cmd_stats = {
	.name = "stats", .looks = true, .args = "[CONTAINER...]", .brief = "show what containers use",
	.about = "CPU in percent of one CPU, memory without page cache that can be given up, bytes over the network and to "
		 "and from disks since the start, and what the virtual machine costs the host in memory. Without names: all "
		 "that run, also those that start later. Shown each second until interrupted; with --format json each round "
		 "is an array.",
	.opts = stats_opts, .max_args = -1, .run = run_stats,
};
