/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - how far a job is, on standard error: lines that are drawn anew on a terminal, a line a stage
 * elsewhere, JSON for programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"

#define BAR 22
#define ROWS_MAX 12
#define DRAW_NS 100000000ll

static struct {
	int drawn;          /* lines on the terminal that the next drawing replaces */
	int64_t last_ns;
	char stage[128], note[256];
	unsigned tens;      /* of percent, told last */
} state;

static const char *const layer_word[] = { "waiting", "shared", "download", "check", "unpack", "done", "upload" };

static void erase(void)
{
	if (state.drawn)
		fprintf(stderr, "\r\033[%dA\033[J", state.drawn); /* \r: a ^C is echoed at the cursor */
	state.drawn = 0;
}

static bool is_moving(const struct berth_layer *l)
{
	return l->state == BERTH_LAYER_DOWNLOAD || l->state == BERTH_LAYER_UNPACK || l->state == BERTH_LAYER_UPLOAD;
}

/* A line no longer than the terminal is wide: one that wraps would not be erased whole. */
static void draw_line(const struct buf *line)
{
	unsigned rows, cols;
	size_t n = line->len, width = 0;

	cli_terminal_size(2, &rows, &cols);
	for (size_t i = 0; cols > 1 && i < line->len; i++)
		if ((line->p[i] & 0xc0) != 0x80 && ++width >= cols) {
			n = i;
			break;
		}
	fprintf(stderr, "%.*s\033[K\n", (int)n, line->p ? (char *)line->p : "");
	state.drawn++;
}

static void draw_layer(const struct berth_layer *l)
{
	char size[8], done[8];
	unsigned part = l->size ? (unsigned)MIN(l->done * BAR / l->size, (uint64_t)BAR) : 0;
	AUTO_BUF struct buf line = { 0 };

	str_size(l->size, size);
	str_size(l->done, done);
	buf_addf(&line, "  %.12s  %6s  %-8s", strchr(l->digest, ':') ? strchr(l->digest, ':') + 1 : l->digest, size,
		 layer_word[l->state]);
	if (is_moving(l))
		buf_addf(&line, "  [%.*s%.*s] %6s", (int)part, "######################", (int)(BAR - part),
			 "----------------------", done);
	draw_line(&line);
}

static void draw_total(const struct berth_progress *p)
{
	char done[8], total[8], rate[8];
	AUTO_BUF struct buf line = { 0 };

	str_size(p->done, done);
	str_size(p->total, total);
	str_size(p->rate, rate);
	buf_addf(&line, "%s %s: %s", p->verb ? p->verb : "", p->object ? p->object : "", p->stage ? p->stage : "");
	if (p->percent)
		buf_addf(&line, "  %llu%%", (unsigned long long)p->done);
	else if (p->total)
		buf_addf(&line, "  %llu%%  %s of %s", (unsigned long long)(p->done * 100 / p->total), done, total);
	else if (p->done)
		buf_addf(&line, "  %s", done);
	if (p->rate) {
		buf_addf(&line, "  %s/s", rate);
		if (p->total > p->done)
			buf_addf(&line, "  %llu s left", (unsigned long long)((p->total - p->done) / p->rate + 1));
	}
	draw_line(&line);
}

static void draw(const struct berth_progress *p)
{
	int64_t now = clock_mono_ns();
	size_t shown = 0;

	if (now - state.last_ns < DRAW_NS)
		return;
	state.last_ns = now;
	erase();
	draw_total(p);
	/* The ones that move first, where there are many. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < p->nlayers && shown < ROWS_MAX; i++) {
			if (p->nlayers <= ROWS_MAX ? pass == 0 : is_moving(&p->layers[i]) == (pass == 0)) {
				draw_layer(&p->layers[i]);
				shown++;
			}
		}
	fflush(stderr);
}

static void plain(const struct berth_progress *p)
{
	AUTO_BUF struct buf text = { 0 };

	if (p->stage && strcmp(p->stage, state.stage) != 0) {
		snprintf(state.stage, sizeof(state.stage), "%s", p->stage);
		str_add_clean(&text, p->stage, strlen(p->stage));
		fprintf(stderr, "%s %s: %s\n", p->verb ? p->verb : "", p->object ? p->object : "",
			text.p ? (char *)text.p : "");
	}
	if (p->percent && p->done / 10 != state.tens) {
		state.tens = (unsigned)(p->done / 10);
		fprintf(stderr, "%s %s: %llu %%\n", p->verb ? p->verb : "", p->object ? p->object : "",
			(unsigned long long)p->done);
	}
}

static void json_line(const struct berth_progress *p)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	cJSON *layers = cJSON_AddArrayToObject(j, "layers");
	AUTO_FREE char *text = NULL;

	cJSON_AddStringToObject(j, "verb", p->verb ? p->verb : "");
	cJSON_AddStringToObject(j, "object", p->object ? p->object : "");
	cJSON_AddStringToObject(j, "stage", p->stage ? p->stage : "");
	cJSON_AddNumberToObject(j, "done", (double)p->done);
	cJSON_AddNumberToObject(j, "total", (double)p->total);
	cJSON_AddNumberToObject(j, "rate", (double)p->rate);
	for (size_t i = 0; i < p->nlayers; i++) {
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "digest", p->layers[i].digest);
		cJSON_AddStringToObject(row, "state", layer_word[p->layers[i].state]);
		cJSON_AddNumberToObject(row, "size", (double)p->layers[i].size);
		cJSON_AddNumberToObject(row, "done", (double)p->layers[i].done);
		cJSON_AddItemToArray(layers, row);
	}
	text = json_print(j);
	if (text)
		fprintf(stderr, "%s\n", text);
}

void cli_on_progress(void *arg, const struct berth_progress *p)
{
	struct cli *cli = arg;

	if (p->note && strcmp(p->note, state.note) != 0 && cli->progress != CLI_PROGRESS_NONE &&
	    cli->progress != CLI_PROGRESS_JSON) {
		AUTO_BUF struct buf text = { 0 };

		erase();
		snprintf(state.note, sizeof(state.note), "%s", p->note);
		str_add_clean(&text, p->note, strlen(p->note));
		fprintf(stderr, "%s\n", text.p ? (char *)text.p : "");
	}
	if (cli->progress == CLI_PROGRESS_TTY)
		draw(p);
	else if (cli->progress == CLI_PROGRESS_PLAIN)
		plain(p);
	else if (cli->progress == CLI_PROGRESS_JSON)
		json_line(p);
}

void cli_progress_hide(struct cli *cli)
{
	if (cli->progress == CLI_PROGRESS_TTY)
		erase();
}

void cli_progress_end(struct cli *cli)
{
	if (cli->progress == CLI_PROGRESS_TTY)
		erase();
	memset(&state, 0, sizeof(state));
}
