/* SPDX-License-Identifier: Apache-2.0 */
/* view-home.c - home: the containers, and while there is none, what to begin with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/act.h"
#include "tui/fmt.h"
#include "tui/prompt.h"
#include "tui/rows.h"
#include "tui/task.h"
#include "tui/view-first.h"
#include "tui/views.h"

struct home {
	struct view v;
	struct rows rows;
	size_t pick;       /* of the first screen */
	uv_timer_t *timer; /* while a VM boots */
};

/* --- the list */

static struct app *app_of(void *arg)
{
	return ((struct home *)arg)->v.app;
}

static size_t count(void *arg)
{
	return app_of(arg)->model.nctrs;
}

static const struct ctr *at(void *arg, size_t i)
{
	return &app_of(arg)->model.ctrs[i];
}

static const char *row_id(void *arg, size_t i)
{
	return at(arg, i)->id;
}

/* Of each of many rows, for each key of a filter: no formatting. */
static void add_line(struct buf *b, const char *text)
{
	buf_adds(b, text);
	buf_addc(b, '\n');
}

static bool field(void *arg, size_t i, const char *name, struct buf *b)
{
	const struct ctr *c = at(arg, i);
	bool failed = ctr_failed(c);
	const struct {
		const char *name, *text;
	} texts[] = { { "name", c->name }, { "image", c->image }, { "port", c->ports }, { "label", c->labels },
		      { "id", c->id }, { "command", c->command } };

	if (name && strcmp(name, "state") == 0)
		return buf_addf(b, "%s\n%s", berth_state_word(c->state), ctr_lives(c) ? "up" : failed ? "failed" : "") == 0;
	for (size_t k = 0; k < ARRAY_LEN(texts); k++)
		if (name ? strcmp(name, texts[k].name) == 0 : k < 4)
			add_line(b, texts[k].text);
	return true;
}

static enum filter_number number(void *arg, size_t i, const char *name, double *ret)
{
	const struct ctr *c = at(arg, i);
	/* What a reader looks for first; not a field of filters. */
	static const int ranks[] = { [BERTH_RUNNING] = 8, [BERTH_STARTING] = 7, [BERTH_STOPPING] = 6, [BERTH_PAUSED] = 5,
				     [BERTH_DEAD] = 2, [BERTH_EXITED] = 2, [BERTH_CREATED] = 1 };
	const struct stat_sample *used;
	bool up = strcmp(name, "up") == 0;
	int64_t from = up ? c->started : c->created;

	if (strcmp(name, "cpus") == 0 || strcmp(name, "limit") == 0) {
		*ret = *name == 'l' ? (double)c->memory : c->cpus;
		return FILTER_AMOUNT;
	}
	if (strcmp(name, "mem") == 0 || strcmp(name, "cpu") == 0) {
		used = stats_last(app_of(arg), c->id);
		*ret = !used ? 0 : *name == 'm' ? (double)used->memory : used->cpu;
		return used && ctr_lives(c) ? FILTER_AMOUNT : FILTER_NONE;
	}
	if (strcmp(name, "rank") == 0) {
		*ret = ranks[c->state] + ctr_failed(c);
		return FILTER_AMOUNT;
	}
	if (strcmp(name, "exit") == 0) {
		*ret = c->exit_code;
		return ctr_lives(c) || c->state == BERTH_CREATED ? FILTER_NONE : FILTER_AMOUNT;
	}
	*ret = (double)(app_of(arg)->now() - from) / 1e9;
	return from && (!up || ctr_lives(c)) ? FILTER_SECONDS : FILTER_NONE;
}

static const char *const fields[] = { "name", "image", "id",  "state", "command", "port",  "label",
				      "cpu",  "mem",   "cpus", "limit", "exit",   "up",   "age",   NULL };

enum { COL_NAME, COL_STATE, COL_UP, COL_CPU, COL_MEM, COL_IMAGE, COL_PORTS, COL_CON };

static void cell(void *arg, size_t i, int column, char *ret, size_t max, enum role *role)
{
	const struct app *app = app_of(arg);
	const struct ctr *c = at(arg, i);
	const struct stat_sample *used = ctr_lives(c) ? stats_of(app, c->id) : NULL;
	char span[FMT_MAX], *end;
	unsigned cons = 0;

	switch (column) {
	case COL_NAME:
		snprintf(ret, max, "%s", c->name);
		break;
	case COL_STATE:
		if (c->boots && app->now() - c->boots >= 100000000)
			snprintf(ret, max, "~ boot %.1fs", (double)(app->now() - c->boots) / 1e9);
		else
			ctr_state_text(c, ret, max);
		if (app_cols(app) < 60 && c->state == BERTH_RUNNING && c->started) {
			fmt_span(app->now() - c->started, span);
			snprintf(ret, max, "+ up %s", span);
		}
		*role = (enum role)ctr_state_role(c);
		break;
	case COL_UP:
		if (ctr_lives(c) && c->started) {
			fmt_span(app->now() - c->started, ret);
		} else if (c->finished) {
			fmt_span(app->now() - c->finished, span);
			end = strpbrk(span, "hd");
			if (end)
				end[1] = 0; /* the greatest unit does */
			snprintf(ret, max, strlen(span) < 4 ? "%s ago" : "%s", span);
		} else {
			snprintf(ret, max, "-");
		}
		break;
	case COL_CPU:
		snprintf(ret, max, used ? "%.1f" : "-", used ? used->cpu : 0);
		break;
	case COL_MEM:
		if (used)
			fmt_size(used->memory, ret);
		else
			snprintf(ret, max, "%s", !ctr_lives(c) || app->stats.running ? "-" : app->settings.stats_ms ? "paused" : "off");
		break;
	case COL_IMAGE:
		snprintf(ret, max, "%s", c->image);
		break;
	case COL_PORTS:
		snprintf(ret, max, "%s", *c->ports ? c->ports : "-");
		break;
	default:
		for (size_t k = 0; k < app->model.ncons; k++)
			cons += app->model.cons[k].alive && strncmp(app->model.cons[k].id, c->id, 64) == 0;
		snprintf(ret, max, "%u", cons);
	}
}

static const struct column columns[] = {
	[COL_NAME] = { .head = "NAME", .want = 12, .narrow = 9, .most = 40 },
	[COL_STATE] = { .head = "STATE", .want = 15, .narrow = 15, .sign = 2, .sort = "rank" },
	[COL_UP] = { .head = "UP", .want = 7, .prio = 4, .sort = "up" },
	[COL_CPU] = { .head = "CPU%", .want = 4, .narrow = 5, .prio = 6, .right = true, .gap = -1, .sort = "cpu" },
	[COL_MEM] = { .head = "MEM", .want = 6, .prio = 5, .right = true, .sort = "mem" },
	[COL_IMAGE] = { .head = "IMAGE", .want = 16, .prio = 3, .gap = 1, .most = 60 },
	[COL_PORTS] = { .head = "PORTS", .want = 7, .prio = 2, .most = 40 },
	[COL_CON] = { .head = "CON", .want = 3, .prio = 1, .right = true },
};

static bool is_used(void *arg, size_t i)
{
	return ctr_lives(at(arg, i));
}

static const struct rows_source source = { count, row_id, field, number, fields, cell, columns, ARRAY_LEN(columns),
					   COL_STATE, COL_UP, is_used, true };

static bool is_first(const struct view *v)
{
	return (v->app->model.known & MODEL_CTRS) && v->app->model.nctrs == 0;
}

static int home_open(struct view *v, const void *arg)
{
	struct home *h = (struct home *)v;

	h->timer = calloc(1, sizeof(*h->timer));
	if (!h->timer)
		return -ENOMEM;
	uv_timer_init(v->app->loop, h->timer);
	h->timer->data = v->app;
	rows_init(&h->rows, &source, v);
	return 0;
}

static void free_timer(uv_handle_t *t)
{
	free(t);
}

static void home_close(struct view *v)
{
	uv_close((uv_handle_t *)((struct home *)v)->timer, free_timer);
	rows_finish(&((struct home *)v)->rows);
}

static const struct ctr *focused(struct view *v)
{
	long i = rows_focus(&((struct home *)v)->rows);

	return i < 0 || (size_t)i >= v->app->model.nctrs ? NULL : &v->app->model.ctrs[i];
}

static void home_title(struct view *v, struct buf *b)
{
	const struct rows *r = &((struct home *)v)->rows;
	const struct model *m = &v->app->model;
	bool narrow = app_cols(v->app) < 60;
	unsigned up = 0, boot = 0, failed = 0;

	for (size_t i = 0; i < m->nctrs; i++) {
		up += m->ctrs[i].state == BERTH_RUNNING;
		boot += m->ctrs[i].state == BERTH_STARTING;
		failed += ctr_failed(&m->ctrs[i]);
	}
	buf_addf(b, narrow ? "berth %zu:" : "Containers %zu ", m->nctrs);
	if (*r->filter || r->some) {
		buf_addf(b, " %zu shown", r->n);
		return;
	}
	if (up)
		buf_addf(b, " %u up", up);
	if (boot && !narrow)
		buf_addf(b, " %u boot", boot);
	if (failed)
		buf_addf(b, " %u failed", failed);
}

static void home_title_right(struct view *v, struct buf *b)
{
	const struct stats *s = &v->app->stats;

	if (s->host_total)
		buf_addf(b, "host mem %.1f/%.1fG", (double)s->host_used / (1 << 30), (double)s->host_total / (1 << 30));
}

/* Below the list: what is marked, what the signs mean, how it is sorted. */
static void draw_below(struct home *h, struct canvas *c, int y, int bottom)
{
	AUTO_BUF struct buf order = { 0 }, marks = { 0 };

	if (bottom - y < 2)
		return;
	if (app_prompting(h->v.app)) {
		prompt_help_draw(c, y, bottom);
		return;
	}
	y += bottom - y >= 9 ? 3 : 1;
	rows_marks_note(&h->rows, &marks);
	if (marks.p)
		canvas_cut(c, y, 1, -1, ROLE_TEXT, (const char *)marks.p);
	y += bottom - y >= 6 ? 4 : 1;
	if (bottom - y < 2 || c->cols < 80)
		return;
	canvas_text(c, y++, 1, -1, ROLE_DIM,
		    "Signs: + up  ~ changing  = paused  - ended well  x failed  ? shim not answering");
	rows_order(&h->rows, &order);
	buf_adds(&order, "  < > choose the column, o turns it round.");
	canvas_cut(c, y, 1, -1, ROLE_DIM, (const char *)order.p);
}

static void home_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct home *h = (struct home *)v;

	if (is_first(v))
		first_draw(v->app, h->pick, c, top, bottom);
	else
		draw_below(h, c, rows_draw(&h->rows, c, top, bottom), bottom);
}

static int home_hints(struct view *v, struct hint *ret, int max)
{
	const struct ctr *c = focused(v);
	int n = 0;

	if (is_first(v))
		return first_hints(ret);
	ret[n++] = (struct hint){ ACT_OPEN, NULL, NULL };
	if (c && ctr_lives(c)) {
		ret[n++] = (struct hint){ ACT_CONSOLE, NULL, NULL };
		ret[n++] = (struct hint){ ACT_LOGS, NULL, NULL };
		ret[n++] = (struct hint){ c->silent ? ACT_KILL : ACT_EXEC, NULL, NULL };
		ret[n++] = (struct hint){ ACT_STOP, NULL, NULL };
		ret[n++] = (struct hint){ ACT_HOLD, c->state == BERTH_PAUSED ? "resume" : NULL, NULL };
	} else if (c) {
		ret[n++] = (struct hint){ ACT_START, NULL, NULL };
		ret[n++] = (struct hint){ ACT_LOGS, NULL, NULL };
		ret[n++] = (struct hint){ ACT_DELETE, NULL, NULL };
	}
	ret[n++] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[n++] = (struct hint){ ACT_CREATE, NULL, NULL };
	ret[n++] = (struct hint){ ACT_VIEW_IMAGES, "images", NULL };
	ret[n++] = (struct hint){ ACT_BACK_QUIT, "quit", NULL };
	return n;
}

static bool home_act(struct view *v, enum act act, int index)
{
	struct home *h = (struct home *)v;
	const struct form_arg create = { .kind = FORM_RUN };
	size_t *targets, n;
	const struct ctr *c;
	bool done = false;

	if (act == ACT_CREATE) {
		app_push(v->app, &view_form, &create);
		return true;
	}
	if (is_first(v))
		return first_act(v->app, &h->pick, act, index);
	if (rows_act(&h->rows, act, index))
		return true;
	c = focused(v);
	if (!c)
		return false;
	if (act == ACT_OPEN)
		act = ACT_DETAIL;
	if (act == ACT_LOGS && h->rows.nmarks) {
		app_push(v->app, &view_logs, NULL);
		return true;
	}
	if (!h->rows.nmarks)
		return act_container(v->app, act, c);
	targets = calloc(h->rows.n, sizeof(*targets));
	n = targets ? rows_targets(&h->rows, targets, h->rows.n) : 0;
	done = act_containers(v->app, act, targets, n);
	free(targets);
	return done || act_container(v->app, act, c);
}

static const struct rows *home_rows(const struct app *app)
{
	const struct view *v = app->top;

	while (v->below)
		v = v->below;
	return &((const struct home *)v)->rows;
}

size_t home_marked(const struct app *app, const char **ret, size_t max)
{
	const struct rows *r = home_rows(app);
	size_t n = 0;

	for (size_t k = 0; k < r->n && n < max; k++)
		if (rows_marked(r, r->index[k]))
			ret[n++] = app->model.ctrs[r->index[k]].id;
	return n;
}

size_t home_up(const struct app *app, const char **ret, size_t max)
{
	const struct model *m = &app->model;
	const struct rows *r = home_rows(app);
	size_t n = 0;

	for (size_t k = 0; k < r->n && n < max; k++)
		if (r->index[k] < m->nctrs && ctr_lives(&m->ctrs[r->index[k]]))
			ret[n++] = m->ctrs[r->index[k]].id;
	for (size_t i = 0, seen = n; i < m->nctrs && n < max; i++) {
		bool is_there = !ctr_lives(&m->ctrs[i]);

		for (size_t k = 0; k < seen && !is_there; k++)
			is_there = ret[k] == m->ctrs[i].id;
		if (!is_there)
			ret[n++] = m->ctrs[i].id; /* a filter hides it in the list */
	}
	return n;
}

/* While a VM boots its time is seen to run. */
static void on_second(uv_timer_t *t)
{
	app_dirty(t->data);
}

static void home_changed(struct view *v, unsigned what)
{
	struct home *h = (struct home *)v;
	bool boots = false;

	if (what & (MODEL_CTRS | MODEL_STATS))
		rows_update(&h->rows);
	for (size_t i = 0; what & MODEL_CTRS && i < v->app->model.nctrs; i++)
		boots = boots || v->app->model.ctrs[i].boots;
	if (what & MODEL_CTRS && boots)
		uv_timer_start(h->timer, on_second, 1000, 1000);
	else if (what & MODEL_CTRS)
		uv_timer_stop(h->timer);
}

static void home_note(struct view *v, struct buf *b)
{
	const struct home *h = (struct home *)v;
	const struct ctr *c = focused(v);

	if (is_first(v))
		buf_adds(b, "Public images need no account.   Longer introduction: man berth-tui");
	else if (*h->rows.filter || h->rows.some)
		rows_note(&h->rows, b);
	else if (c && *c->cause)
		buf_addf(b, "%s: %s", c->name, c->cause);
	else if (c && (canvas_width(c->name) > columns[COL_NAME].want || canvas_width(c->image) > columns[COL_IMAGE].want ||
		       canvas_width(c->ports) > columns[COL_PORTS].want))
		buf_addf(b, "%s  %s  %s", c->name, c->image, c->ports); /* whole, as the list cuts them */
}

static const char *home_object(struct view *v)
{
	const struct ctr *c = focused(v);

	return c ? c->name : NULL;
}

static void home_find(struct view *v, const char *text, bool done)
{
	rows_filter(&((struct home *)v)->rows, text);
}

static void home_found(struct view *v, struct buf *b)
{
	rows_found(&((struct home *)v)->rows, b);
}

const struct view_class view_containers = {
	.name = "containers", .ctx = CTX_C, .size = sizeof(struct home), .shows_stats = true, .open = home_open,
	.close = home_close,
	.title = home_title, .title_right = home_title_right, .draw = home_draw, .hints = home_hints,
	.act = home_act, .changed = home_changed,
	.object = home_object, .note = home_note, .find = home_find, .found = home_found, .fields = fields,
};
