/* SPDX-License-Identifier: Apache-2.0 */
/* view-logs.c - what containers write, of several merged by time.
 *
 * Each source is read from its end. Until all have come to their ends lines are sorted by their time; from then on
 * a line that comes within 200 ms goes to its place, a later one is marked and not moved. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/fmt.h"
#include "tui/logs.h"
#include "tui/views.h"

#define WINDOW_NS 200000000ll
#define BEHIND_MAX (4ull << 20)
#define NAME_MAX_COLS 16
#define FREE_ROWS 6              /* below the last line, for the legend */

static void mix(struct logview *v, size_t at)
{
	v->changed = MIN(v->changed, at);
}

static void put(struct logsrc *s, struct text_line *l, const char *text, size_t n)
{
	struct logview *v = s->view;
	struct textview *t = &v->t;
	const struct text_line *last = t->n ? &t->lines[t->n - 1] : NULL;
	size_t at = 0;

	l->from = (uint8_t)s->at;
	l->order = l->time;
	if (v->loading && last && l->order < last->order)
		v->unsorted = true;
	if (!v->loading && last && last->order - l->order > WINDOW_NS && !l->note) {
		l->late = true;
		l->order = last->order;
	}
	if (v->unsorted) {
		struct text_line *new = text_add_n(t, l->role, text, n);

		if (new) {
			l->text = new->text;
			l->seq = new->seq;
			*new = *l;
		}
	} else if (text_insert(t, l, text, n, &at)) {
		mix(v, at);
	}
}

static void note(struct logsrc *s, int64_t time, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void note(struct logsrc *s, int64_t time, const char *fmt, ...)
{
	struct text_line l = { .role = ROLE_DIM, .note = true, .time = time };
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(s, &l, text, strlen(text));
}

static void on_line(void *arg, const struct berth_log_line *line)
{
	struct logsrc *s = arg;
	struct text_line l = { .role = ROLE_TEXT, .err = line->stream == 2, .time = line->time };
	size_t n = line->len && line->text[line->len - 1] == '\r' ? line->len - 1 : line->len;

	if (!s->view)
		return;
	s->older = s->older || line->time < s->started;
	if (s->older && !s->told && line->time >= s->started) {
		s->told = true;
		note(s, s->started, "restarted: everything above is from its last run");
	}
	s->last = MAX(s->last, line->time);
	if (s->view->around) {
		s->earlier += line->time < s->view->around;
		s->from_time = s->got++ ? s->from_time : line->time;
		s->to_time = line->time;
	}
	l.from = (uint8_t)s->at;
	logs_search_line(s->view, &l, line->text);
	put(s, &l, line->text, n);
}

static void on_state(void *arg, const struct berth_log_state *state)
{
	struct logsrc *s = arg;
	struct logview *v = s->view;
	char size[FMT_MAX];
	bool all = true;

	if (!v)
		return;
	s->lines = state->lines;
	s->behind = state->behind;
	s->caught_up = state->caught_up;
	if (state->skipped) {
		fmt_size(state->skipped, size);
		note(s, s->last, "%s left out: this log grows faster than it can be shown", size);
	}
	if (state->rotated)
		note(s, s->last, "the log went on in a new file here");
	for (int i = 0; i < v->nsrc; i++)
		all = all && (v->src[i]->caught_up || v->src[i]->ended);
	if (v->unsorted)
		text_sort(&v->t);
	else if (v->changed < v->t.n)
		text_show_from(&v->t, v->changed);
	v->unsorted = false;
	v->changed = SIZE_MAX;
	if (v->loading && all && v->around)
		logs_show_around(v);
	v->loading = v->loading && !all;
	if (v->t.follow)
		text_to_end(&v->t);
	app_dirty(v->t.v.app);
}

static void on_end(void *arg, int rc, const struct berth_error *e)
{
	struct logsrc *s = arg;
	static const struct berth_log_state none = { .caught_up = true };
	struct berth_log_state last = none;

	s->op = NULL;
	if (s->view) {
		last.lines = s->lines;
		s->ended = true;
		if (rc < 0 && rc != -ECANCELED)
			note(s, s->last, "%s", e->text);
		else if (rc == 0 && !s->view->around)
			note(s, s->last, s->started ? "the container has ended" : "the container has not run yet");
		on_state(s, &last);
	}
	logsrc_put(s);
}

void logsrc_put(struct logsrc *s)
{
	if (--s->refs == 0)
		free(s);
}

/* Asks for the lines from then on (0: the last ones). */
static void read_source(struct logview *v, struct logsrc *s, int64_t since)
{
	struct berth_logs o = { .name = s->id, .follow = true, .tail = since || *v->read_only ? -1 : v->t.v.app->settings.logs_tail, .since = since,
				.filter = v->read_only, .behind_max = BEHIND_MAX, .state = on_state };
	struct berth_error e = { 0 };

	if (v->around) {
		o.follow = false;
		o.tail = LOG_AROUND_LINES;
		o.around = v->around;
		o.limit = 2 * LOG_AROUND_LINES;
	}
	s->ended = s->caught_up = false;
	s->refs++;
	if (berth_logs(v->t.v.app->berth, &o, on_line, on_end, s, &s->op, &e) < 0) {
		s->refs--;
		s->caught_up = s->ended = true;
		note(s, v->t.v.app->now(), "%s", e.text);
	}
}

static void drop_source(struct logsrc *s)
{
	s->view = NULL;
	if (s->op)
		berth_op_cancel(s->op);
	logsrc_put(s);
}

static struct logsrc *new_source(struct logview *v, const char *id, const char *name)
{
	const struct ctr *c = model_ctr(&v->t.v.app->model, id);
	struct logsrc *s = v->nsrc < LOG_SOURCES_MAX ? calloc(1, sizeof(*s)) : NULL;

	if (!s)
		return NULL;
	*s = (struct logsrc){ .view = v, .refs = 1, .at = v->nsrc, .started = c ? c->started : 0 };
	snprintf(s->id, sizeof(s->id), "%s", id);
	snprintf(s->name, sizeof(s->name), "%s", name);
	v->src[v->nsrc++] = s;
	return s;
}

static void measure(struct logview *v)
{
	v->t.name = NULL;
	v->t.name_width = 0;
	for (int i = 0; i < v->nsrc; i++)
		v->t.name_width = MAX(v->t.name_width, MIN(NAME_MAX_COLS, canvas_width(v->src[i]->name)));
	if (v->nsrc > 1)
		v->t.name = logs_name;
}

static void read_all(struct logview *v)
{
	struct logsrc *old[LOG_SOURCES_MAX];
	int n = v->nsrc;

	memcpy(old, v->src, sizeof(old));
	text_clear(&v->t);
	v->nsrc = 0;
	v->loading = true;
	v->unsorted = false;
	v->changed = SIZE_MAX;
	snprintf(v->read_only, sizeof(v->read_only), "%s", v->t.only);
	for (int i = 0; i < n; i++) {
		new_source(v, old[i]->id, old[i]->name);
		drop_source(old[i]);
	}
	for (int i = 0; i < v->nsrc; i++)
		read_source(v, v->src[i], 0);
	measure(v);
}

/* The ends of the logs, with the filter that is set now. */
void logs_read(struct logview *v)
{
	v->around = 0;
	read_all(v);
	if (v->search)
		logs_search_start(v, 0);
}

void logs_read_around(struct logview *v, int64_t time, int from)
{
	v->around = time;
	v->around_from = from;
	v->t.follow = false;
	read_all(v);
}

void logs_toggle(struct logview *v, const struct ctr *c)
{
	int i = 0;

	while (i < v->nsrc && strcmp(v->src[i]->id, c->id) != 0)
		i++;
	if (i == v->nsrc) {
		if (!new_source(v, c->id, c->name))
			app_info(v->t.v.app, "no more than %d logs are shown at once", LOG_SOURCES_MAX);
	} else if (v->nsrc > 1) {
		drop_source(v->src[i]);
		memmove(v->src + i, v->src + i + 1, (size_t)(--v->nsrc - i) * sizeof(*v->src));
	}
	logs_read(v);
}

bool logs_has(const struct logview *v, const char *id)
{
	for (int i = 0; i < v->nsrc; i++)
		if (strcmp(v->src[i]->id, id) == 0)
			return true;
	return false;
}

/* --- the view's life */

static int logs_open(struct view *view, const void *arg)
{
	const char *marked[LOG_SOURCES_MAX];
	struct logs_arg those = { marked, arg ? 0 : home_marked(view->app, marked, ARRAY_LEN(marked)) };
	const struct logs_arg *a = arg ?: &those;
	const struct model *m = &view->app->model;
	struct logview *v = (struct logview *)view;

	if (!arg && !those.n)
		those.n = home_up(view->app, marked, ARRAY_LEN(marked));
	text_init(&v->t);
	v->t.live = v->t.fold = true;
	v->t.follow = view->app->settings.logs_follow;
	v->t.wrap = view->app->settings.logs_wrap;
	v->t.times = (enum text_times)view->app->settings.logs_time;
	v->t.since = logs_since;
	for (size_t i = 0; i < a->n; i++)
		new_source(v, a->ids[i], model_ctr(m, a->ids[i]) ? model_ctr(m, a->ids[i])->name : a->ids[i]);
	if (!v->nsrc) {
		app_info(view->app, "no container is up: l shows the log of one that has ended");
		return -ENOENT;
	}
	logs_read(v);
	return 0;
}

static void logs_close(struct view *view)
{
	struct logview *v = (struct logview *)view;

	logs_search_stop(v);
	for (int i = 0; i < v->nsrc; i++)
		drop_source(v->src[i]);
	text_close(view);
}

/* One that runs again is read on; one may have been named. */
static void logs_changed(struct view *view, unsigned what)
{
	struct logview *v = (struct logview *)view;

	for (int i = 0; what & MODEL_CTRS && i < v->nsrc; i++) {
		struct logsrc *s = v->src[i];
		const struct ctr *c = model_ctr(&view->app->model, s->id);

		if (!c)
			continue;
		snprintf(s->name, sizeof(s->name), "%s", c->name);
		if (c->started > s->started) {
			s->older = s->older || s->last > 0;
			s->told = false;
			s->started = c->started;
		}
		if (s->ended && ctr_lives(c) && !v->around)
			read_source(v, s, s->last + 1);
	}
	measure(v);
}

/* --- what is drawn */

static void logs_title(struct view *view, struct buf *b)
{
	const struct logview *v = (struct logview *)view;
	size_t of = view->app->model.nctrs;

	if (app_cols(view->app) < 60) {
		buf_addf(b, "Logs %d of %zu", v->nsrc, of);
		if (*v->t.only)
			buf_addf(b, "   &%s", v->t.only);
		buf_addf(b, "   follow %s", v->t.follow ? "on" : "off");
		return;
	}
	buf_adds(b, "Logs ");
	for (int i = 0; i < v->nsrc; i++)
		buf_addf(b, " %s", v->src[i]->name);
	buf_addf(b, " (%d of %zu)", v->nsrc, of);
}

static void count_text(const struct logview *v, char *ret, size_t max)
{
	char passed[32], of[32];
	uint64_t lines = 0;

	for (int i = 0; i < v->nsrc; i++)
		lines += v->src[i]->lines;
	text_number(v->t.passed, passed);
	text_number(lines, of);
	if (*v->t.only || v->t.err_only)
		snprintf(ret, max, "%s of %s lines", passed, of);
	else
		snprintf(ret, max, "%s line%s", passed, v->t.passed == 1 ? "" : "s");
}

static size_t match_number(const struct textview *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->mark; i++)
		n += !t->rows[i].more && filter_has(t->lines[t->rows[i].i].text, t->find);
	return n;
}

static void draw_head(struct logview *v, struct canvas *c, int y)
{
	struct textview *t = &v->t;
	char count[80];
	int end = canvas_right(c, y, c->cols, ROLE_HINT, t->follow ? "follow on" : "follow off"), x;

	count_text(v, count, sizeof(count));
	x = 1 + canvas_text(c, y, 1, -1, ROLE_HINT, *t->only ? "filter " : t->err_only ? "stderr only  " : "");
	if (*t->only)
		x += canvas_textf(c, y, x, end - x - 20, ROLE_FIND, "&%s", t->only) + 2;
	x += canvas_text(c, y, x, end - x - 2, ROLE_TEXT, count);
	if (*t->find && end - x > 20) {
		if (!logs_search_text(v, end - x > 31 + canvas_width(t->find), count, sizeof(count)))
			snprintf(count, sizeof(count), "%zu of %zu", t->mark ? match_number(t) : (size_t)0, t->matched);
		x = MAX(x + 2, MIN(50, end - 11 - canvas_width(t->find) - canvas_width(count)));
		x += canvas_text(c, y, x, -1, ROLE_HINT, "find ");
		x += canvas_textf(c, y, x, end - x - canvas_width(count) - 4, ROLE_FIND, "/%s", t->find) + 2;
		canvas_text(c, y, x, -1, ROLE_TEXT, count);
	}
}

static void logs_draw(struct view *view, struct canvas *c, int top, int bottom)
{
	struct logview *v = (struct logview *)view;

	if (c->cols >= 60)
		draw_head(v, c, top++);
	text_draw(view, c, top, bottom);
	if (c->cols >= 60 && v->t.nrows + FREE_ROWS < (size_t)(bottom - top))
		canvas_text(c, bottom - FREE_ROWS + 2, 1, -1, ROLE_DIM,
			    "! is stderr.  Names are coloured too, never only coloured.");
}

static void logs_note(struct view *view, struct buf *b)
{
	const struct logview *v = (struct logview *)view;
	char text[80];
	uint64_t behind = 0;

	if (app_cols(view->app) < 60) {
		count_text(v, text, sizeof(text));
		buf_adds(b, text);
		return;
	}
	for (int i = 0; i < v->nsrc; i++)
		behind += v->src[i]->behind;
	fmt_size(behind, text);
	buf_addf(b, "reading: %s behind.  Above 20 MB/s the view skips ahead and says how much.", behind ? text : "0 B");
}

static int logs_hints(struct view *v, struct hint *ret, int max)
{
	static const struct hint hints[] = {
		{ ACT_FOLLOW, NULL, NULL },	{ ACT_ONLY, "filter", NULL },   { ACT_FIND, NULL, NULL }, { ACT_SOURCES, NULL, NULL },
		{ ACT_TIME, NULL, NULL },	{ ACT_PREV_NEXT, "next error", "]" }, { ACT_SELECT, NULL, NULL },
		{ ACT_SAVE, NULL, NULL },
	};

	memcpy(ret, hints, sizeof(hints));
	return ARRAY_LEN(hints);
}

const struct view_class view_logs = {
	.name = "logs", .own_right = OWN_NARROW, .ctx = CTX_O, .text = text_all, .size = sizeof(struct logview), .open = logs_open, .close = logs_close,
	.title = logs_title, .draw = logs_draw, .hints = logs_hints, .act = logs_act, .changed = logs_changed,
	.find = logs_find, .note = logs_note,
};
