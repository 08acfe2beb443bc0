/* SPDX-License-Identifier: Apache-2.0 */
/* logs-search.c - a text found in the whole of the logs, while a view keeps but some thousand lines: who reads is the
 * pool, from the oldest line on, and the view jumps to what was found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/logs.h"

#define HITS_MAX 500000 /* more are counted, and not gone to */

struct hit {
	int64_t time;
	int from; /* index of the source */
};

struct log_search {
	struct logview *view; /* NULL: it is not wanted any more */
	int refs, running;
	int64_t until;        /* lines from then on are told by the view itself */
	struct hit *hits;
	size_t n, cap, more;
	bool unsorted;
	int wanted;           /* a step to be done once all is read */
	struct part {
		struct log_search *s;
		struct berth_op *op;
		int at;
		uint64_t read, size;
	} part[LOG_SOURCES_MAX];
};

static void put(struct log_search *s)
{
	if (--s->refs > 0)
		return;
	free(s->hits);
	free(s);
}

static void add(struct log_search *s, int64_t time, int from)
{
	if (s->n == s->cap && s->n < HITS_MAX) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct hit *v = realloc(s->hits, cap * sizeof(*v));

		s->hits = v ? v : s->hits;
		s->cap = v ? cap : s->cap;
	}
	if (s->n == s->cap || s->n >= HITS_MAX) {
		s->more++;
		return;
	}
	s->unsorted = s->unsorted || (s->n && s->hits[s->n - 1].time > time);
	s->hits[s->n++] = (struct hit){ time, from };
}

static int by_time(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	return x->time != y->time ? (x->time < y->time ? -1 : 1) : x->from - y->from;
}

static void sort(struct log_search *s)
{
	if (s->unsorted)
		qsort(s->hits, s->n, sizeof(*s->hits), by_time);
	s->unsorted = false;
}

/* Hits that are earlier than time, which are in order. */
static size_t before(struct log_search *s, int64_t time)
{
	size_t low = 0, high;

	sort(s);
	for (high = s->n; low < high;) {
		size_t mid = low + (high - low) / 2;

		if (s->hits[mid].time < time)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* --- the readers */

static void on_line(void *arg, const struct berth_log_line *line)
{
	struct part *p = arg;

	if (p->s->view && (!p->s->view->t.err_only || line->stream == 2))
		add(p->s, line->time, p->at);
}

static void on_state(void *arg, const struct berth_log_state *state)
{
	struct part *p = arg;

	p->read = state->read;
	p->size = state->size;
	if (p->s->view)
		app_dirty(p->s->view->t.v.app);
}

static void on_end(void *arg, int rc, const struct berth_error *e)
{
	struct part *p = arg;
	struct log_search *s = p->s;

	p->op = NULL;
	s->running--;
	if (s->view && rc < 0 && rc != -ECANCELED)
		app_error(s->view->t.v.app, "%s", e->text);
	if (s->view)
		app_dirty(s->view->t.v.app);
	if (s->view && s->wanted && !s->running) {
		int step = s->wanted;

		s->wanted = 0;
		logs_search_step(s->view, step);
	}
	put(s);
}

void logs_search_stop(struct logview *v)
{
	struct log_search *s = v->search;

	v->search = NULL;
	if (!s)
		return;
	s->view = NULL;
	for (int i = 0; i < LOG_SOURCES_MAX; i++)
		if (s->part[i].op)
			berth_op_cancel(s->part[i].op);
	put(s);
}

void logs_search_start(struct logview *v, int step)
{
	struct app *app = v->t.v.app;
	struct log_search *s;

	logs_search_stop(v);
	s = *v->t.find ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return;
	*s = (struct log_search){ .view = v, .refs = 1, .until = app->now(), .wanted = step };
	v->search = s;
	for (int i = 0; i < v->nsrc; i++) {
		struct part *p = &s->part[i];
		const struct berth_logs o = { .name = v->src[i]->id, .tail = -1, .until = s->until, .filter = v->t.only,
					      .find = v->t.find, .state = on_state };
		struct berth_error e = { 0 };

		p->s = s;
		p->at = i;
		s->refs++;
		s->running++;
		if (berth_logs(app->berth, &o, on_line, on_end, p, &p->op, &e) == 0)
			continue;
		s->refs--;
		s->running--;
		app_error(app, "%s", e.text);
	}
}

void logs_search_line(struct logview *v, const struct text_line *l, const char *text)
{
	if (v->search && l->time >= v->search->until && filter_has(text, v->t.find))
		add(v->search, l->time, l->from);
}

/* --- what of it is told */

static unsigned percent(const struct log_search *s)
{
	uint64_t read = 0, size = 0;

	for (int i = 0; i < LOG_SOURCES_MAX; i++) {
		read += s->part[i].read;
		size += s->part[i].size;
	}
	return size ? (unsigned)(MIN(read, size) * 100 / size) : 0;
}

bool logs_search_text(struct logview *v, bool roomy, char *ret, size_t max)
{
	struct log_search *s = v->search;
	const struct textview *t = &v->t;
	char at[32], of[32];

	if (!s)
		return false;
	text_number(s->n + s->more, of);
	if (s->running) {
		snprintf(ret, max, roomy ? "%s, searching %u%%" : "%s, %u%%", of, percent(s));
		return true;
	}
	text_number(t->mark ? before(s, t->lines[t->rows[t->mark - 1].i].time + 1) : 0, at);
	snprintf(ret, max, "%s of %s", at, of);
	return true;
}

/* --- steps */

/* The next row with it in this direction, not round the end; SIZE_MAX: none. From nowhere: what is on the screen. */
static size_t next_row(const struct textview *t, int step)
{
	size_t i = t->mark ? t->mark - 1 : step > 0 ? t->top - 1 : MIN(t->top + (size_t)t->page, t->nrows);

	for (i += (size_t)step; i < t->nrows; i += (size_t)step)
		if (!t->rows[i].more && !t->lines[t->rows[i].i].note && filter_has(t->lines[t->rows[i].i].text, t->find))
			return i;
	return SIZE_MAX;
}

static bool go_to_line(struct logview *v, int64_t time, int from)
{
	const struct textview *t = &v->t;

	size_t i = 0, row = 0;

	for (; i < t->n; i++)
		if (t->lines[i].time == time && t->lines[i].from == from && !t->lines[i].note && filter_has(t->lines[i].text, t->find))
			break;
	/* It may be one of those that a row stands for. */
	while (row + 1 < t->nrows && t->rows[row + 1].i <= i)
		row++;
	if (i == t->n || !t->nrows)
		return false;
	text_go(&v->t, row);
	return true;
}

/* All lines around a place have come. Of one log they may begin later or end earlier than of another: only the time that
 * all of them tell of is shown, so that nothing seems to be missing in between. */
void logs_show_around(struct logview *v)
{
	static const char later[] = "later lines were not read: f goes back to the end";
	int64_t from = INT64_MIN, to = INT64_MAX;
	struct text_line *l;

	for (int i = 0; i < v->nsrc; i++) {
		const struct logsrc *s = v->src[i];

		if (s->earlier >= LOG_AROUND_LINES)
			from = MAX(from, s->from_time);
		if (s->got - s->earlier >= LOG_AROUND_LINES)
			to = MIN(to, s->to_time);
	}
	text_keep(&v->t, from, to);
	l = to == INT64_MAX ? NULL : text_add_n(&v->t, ROLE_DIM, later, sizeof(later) - 1);
	if (l) {
		l->note = true;
		l->order = to;
		l->time = to;
		text_show_from(&v->t, v->t.n - 1);
	}
	if (!go_to_line(v, v->around, v->around_from))
		app_info(v->t.v.app, "that line is not in the log any more");
}

/* A hit, wherever it is: a row here, or else the lines around it are read. */
static void go_to(struct logview *v, const struct hit *h)
{
	const struct textview *t = &v->t;
	bool here = t->n && h->time >= t->lines[0].time && h->time <= t->lines[t->n - 1].time;

	if (!here || !go_to_line(v, h->time, h->from))
		logs_read_around(v, h->time, h->from);
}

bool logs_search_step(struct logview *v, int step)
{
	struct log_search *s = v->search;
	struct textview *t = &v->t;
	size_t row, i;

	if (!s || v->loading)
		return s != NULL;
	row = t->nrows ? next_row(t, step) : SIZE_MAX;
	if (row != SIZE_MAX) {
		text_go(t, row);
		return true;
	}
	sort(s);
	if (!t->n)
		i = step > 0 ? 0 : s->n - 1;
	else if (step > 0)
		i = before(s, t->lines[t->n - 1].time + 1);
	else
		i = before(s, t->lines[0].time) - 1;
	if (i >= s->n && s->running) {
		s->wanted = step;
		return true;
	}
	if (i >= s->n) /* round the end */
		i = step > 0 ? 0 : s->n - 1;
	if (i < s->n)
		go_to(v, &s->hits[i]);
	else
		app_info(t->v.app, "no line of the whole log has '%s'", t->find);
	return true;
}
