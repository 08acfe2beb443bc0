/* SPDX-License-Identifier: Apache-2.0 */
/* detail-ask.c - what the engine knows of one container; samples of what it uses come only while they are seen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/detail.h"
#include "tui/fmt.h"
#include "tui/views.h"

#define TOP_EACH 3 /* samples */

/* What calls hold on to: the view, or NULL once it is gone. */
struct detail_link {
	struct detail *d;
	struct berth_op *stats, *top;
	bool stopping; /* stats was cancelled, its end is to come */
	int refs;
};

static void put(struct detail_link *l)
{
	if (--l->refs == 0)
		free(l);
}

static struct detail_link *get(struct detail *d)
{
	d->link->refs++;
	return d->link;
}

int detail_ask_init(struct detail *d)
{
	d->link = calloc(1, sizeof(*d->link));
	if (!d->link)
		return -ENOMEM;
	d->link->d = d;
	d->link->refs = 1;
	return 0;
}

void detail_ask_finish(struct detail *d)
{
	d->link->d = NULL;
	if (d->link->stats && !d->link->stopping)
		berth_op_cancel(d->link->stats);
	if (d->link->top)
		berth_op_cancel(d->link->top);
	put(d->link);
	cJSON_Delete(d->json);
	free(d->procs);
}

/* --- once */

static void on_inspected(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct detail_link *l = arg;
	cJSON *j = NULL;

	if (l->d && rc == 0 && json_parse(json, strlen(json), "the answer", &j, NULL) == 0) {
		cJSON_Delete(l->d->json);
		l->d->json = j;
		detail_describe(l->d);
	}
	put(l);
}

static void on_boot(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct detail_link *l = arg;
	AUTO_JSON cJSON *j = NULL;
	const cJSON *total;

	if (l->d && rc == 0 && json_parse(json, strlen(json), "the answer", &j, NULL) == 0) {
		total = cJSON_GetObjectItem(j, "total_ms");
		l->d->boot_ms = cJSON_IsNumber(total) ? total->valuedouble : 0;
		detail_describe(l->d);
	}
	put(l);
}

static void on_top(void *arg, int rc, const struct berth_error *e, const struct berth_process *v, size_t n)
{
	struct detail_link *l = arg;
	struct detail *d = l->d;
	struct detail_proc *p;

	l->top = NULL;
	n = MIN(n, (size_t)DETAIL_PROCS);
	p = d && rc == 0 ? calloc(n + 1, sizeof(*p)) : NULL;
	for (size_t i = 0; p && i < n; i++) {
		p[i] = (struct detail_proc){ .pid = v[i].pid, .started = v[i].started, .cpu = v[i].cpu_percent, .memory = v[i].memory_bytes,
					     .cpu_s = v[i].cpu_time / 1000000000 };
		snprintf(p[i].user, sizeof(p[i].user), "%s", v[i].user);
		snprintf(p[i].command, sizeof(p[i].command), "%s", v[i].command);
	}
	if (p) {
		free(d->procs);
		d->procs = p;
		d->nprocs = n;
	}
	if (d && rc != -ECANCELED) {
		snprintf(d->no_procs, sizeof(d->no_procs), "%.110s", rc < 0 ? e->text : "");
		detail_describe(d);
	}
	put(l);
}

static void ask_top(struct detail *d)
{
	if (!d->link->top && berth_container_top(d->t.v.app->berth, d->id, on_top, get(d), &d->link->top, NULL) < 0)
		put(d->link);
}

void detail_ask(struct detail *d)
{
	struct berth *b = d->t.v.app->berth;
	const struct ctr *c = model_ctr(&d->t.v.app->model, d->id);

	if (berth_container_inspect(b, d->id, on_inspected, get(d), NULL) < 0)
		put(d->link);
	if (c && c->started && berth_container_boot(b, d->id, on_boot, get(d), NULL) < 0)
		put(d->link);
	if (c && ctr_lives(c))
		ask_top(d);
}

/* --- while it is seen */

static void on_sample(void *arg, const struct berth_stats *s)
{
	struct detail_link *l = arg;
	struct detail *d = l->d;

	if (!d || !s->running || strcmp(s->id, d->id) != 0)
		return;
	if (d->t.v.app->top != &d->t.v || !d->t.v.app->settings.stats_ms || !app_watched(d->t.v.app)) {
		if (!l->stopping)
			berth_op_cancel(l->stats);
		l->stopping = true;
		return;
	}
	if (d->nsamples == DETAIL_SAMPLES)
		memmove(d->sample, d->sample + 1, sizeof(*d->sample) * (size_t)--d->nsamples);
	d->sample[d->nsamples++] = (struct detail_sample){ s->time, s->cpu_percent, s->memory_bytes, s->memory_limit_bytes,
							   s->net_rx_bytes, s->net_tx_bytes, s->block_read_bytes,
							   s->block_write_bytes };
	if (d->pushed++ % TOP_EACH == TOP_EACH - 1)
		ask_top(d);
	detail_describe(d);
}

static void on_stats_end(void *arg, int rc, const struct berth_error *e)
{
	struct detail_link *l = arg;

	l->stats = NULL;
	l->stopping = false;
	put(l);
}

void detail_watch(struct detail *d)
{
	const struct ctr *c = model_ctr(&d->t.v.app->model, d->id);
	const char *const names[] = { d->id, NULL };

	if (d->link->stats || !c || !ctr_lives(c) || !d->t.v.app->settings.stats_ms || !app_watched(d->t.v.app))
		return;
	if (berth_stats_watch(d->t.v.app->berth, names, (unsigned)d->t.v.app->settings.stats_ms, on_sample, on_stats_end, get(d), &d->link->stats, NULL) < 0)
		put(d->link);
}

/* --- drawn */

/* A sign for each sample: none, '.', ':', '|' of most. */
static void graph(const struct detail *d, bool mem, double most, char *ret)
{
	int i;

	for (i = 0; i < d->nsamples; i++) {
		double v = mem ? (double)d->sample[i].memory : d->sample[i].cpu;

		ret[i] = most <= 0 || v <= 0 ? '_' : v * 3 <= most ? '.' : v * 3 <= most * 2 ? ':' : '|';
	}
	ret[i] = 0;
}

static void rate(uint64_t now, uint64_t was, int64_t ns, char ret[static FMT_MAX])
{
	char size[FMT_MAX];

	if (ns <= 0 || now <= was) {
		snprintf(ret, FMT_MAX, "0");
		return;
	}
	now = (uint64_t)((double)(now - was) * 1e9 / (double)ns);
	(now < 10 << 10 ? fmt_size_fine : fmt_size)(now, size);
	snprintf(ret, FMT_MAX, "%.12s/s", size);
}

void detail_add_stats(struct detail *d)
{
	const struct detail_sample *now = &d->sample[d->nsamples - 1], *was = d->nsamples > 1 ? now - 1 : now;
	char row[DETAIL_SAMPLES + 1], mem[FMT_MAX], limit[FMT_MAX], rates[4][FMT_MAX];
	double peak = 0;

	for (int i = 0; i < d->nsamples; i++)
		peak = MAX(peak, d->sample[i].cpu);
	graph(d, false, peak, row);
	text_add(&d->t, ROLE_TEXT, "cpu  %6.1f%%  %-*s   peak %.1f%%", now->cpu, DETAIL_SAMPLES, row, peak);
	graph(d, true, (double)now->limit, row);
	fmt_size(now->memory, mem);
	fmt_size(now->limit, limit);
	text_add(&d->t, ROLE_TEXT, "mem   %6s  %-*s   %.0f%% of %s", mem, DETAIL_SAMPLES, row,
		 now->limit ? (double)now->memory * 100 / (double)now->limit : 0, limit);
	rate(now->rx, was->rx, now->time - was->time, rates[0]);
	rate(now->tx, was->tx, now->time - was->time, rates[1]);
	rate(now->rd, was->rd, now->time - was->time, rates[2]);
	rate(now->wr, was->wr, now->time - was->time, rates[3]);
	text_add(&d->t, ROLE_TEXT, "net     in %s  out %s        disk  read %s  write %s", rates[0], rates[1], rates[2], rates[3]);
}
