/* SPDX-License-Identifier: Apache-2.0 */
/* view-text.c - lines to read: JSON, details, boot, scrollback, logs, messages, help, the palette. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "tui/act.h"
#include "tui/fmt.h"
#include "tui/rows.h"
#include "tui/views.h"

#define LINES_MAX 20000
#define LOG_TAIL 2000

struct row_line {
	char *text;
	enum role role;
	bool err;      /* stderr */
	int64_t time;  /* 0: none */
};

struct textview {
	struct view v;
	enum text_kind kind;
	char id[80], name[80], title[120];
	struct row_line *lines;
	size_t n, cap, dropped;
	size_t top;       /* among the lines that are shown */
	size_t *shown;    /* indexes of those that match only[] */
	size_t nshown, shown_cap;
	int pan, page;
	bool wrap, follow;
	int times;        /* 0 clock, 1 date, 2 none */
	char find[128], only[FILTER_TEXT_MAX + 1];
	struct filter *filter; /* of only[] */
	struct text_link *link;
};

/* What a call's callback holds on to. */
struct text_link {
	struct textview *t;
	struct berth_op *op;
	int refs;
};

static void link_put(struct text_link *l)
{
	if (--l->refs == 0)
		free(l);
}

/* --- lines */

/* A line as base/filter.h asks about it: it has no fields. */
static const char *line_text(void *arg, const char *field)
{
	return field ? NULL : arg;
}

static const struct filter_source line_source = { line_text, NULL, NULL };

static bool passes(const struct textview *t, const char *text)
{
	return filter_match(t->filter, &line_source, (void *)text);
}

static void show_line(struct textview *t, size_t i)
{
	if (!passes(t, t->lines[i].text))
		return;
	if (t->nshown == t->shown_cap) {
		size_t cap = t->shown_cap ? t->shown_cap * 2 : 256;
		size_t *v = realloc(t->shown, cap * sizeof(*v));

		if (!v)
			return;
		t->shown = v;
		t->shown_cap = cap;
	}
	t->shown[t->nshown++] = i;
}

static void show_again(struct textview *t)
{
	t->nshown = 0;
	for (size_t i = 0; i < t->n; i++)
		show_line(t, i);
	if (t->top > t->nshown)
		t->top = t->nshown;
}

static void clear(struct textview *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->lines[i].text);
	t->n = t->nshown = t->top = 0;
}

/* The oldest quarter goes when there are too many. */
static void make_room(struct textview *t)
{
	size_t drop = LINES_MAX / 4;

	if (t->n < LINES_MAX)
		return;
	for (size_t i = 0; i < drop; i++)
		free(t->lines[i].text);
	memmove(t->lines, t->lines + drop, (t->n - drop) * sizeof(*t->lines));
	t->n -= drop;
	t->dropped += drop;
	t->top = t->top > drop ? t->top - drop : 0;
	show_again(t);
}

static struct row_line *add_n(struct textview *t, enum role role, const char *s, size_t n)
{
	make_room(t);
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;
		struct row_line *v = realloc(t->lines, cap * sizeof(*v));

		if (!v)
			return NULL;
		t->lines = v;
		t->cap = cap;
	}
	t->lines[t->n] = (struct row_line){ .text = strndup(s, n), .role = role };
	if (!t->lines[t->n].text)
		return NULL;
	show_line(t, t->n);
	return &t->lines[t->n++];
}

static struct row_line *add(struct textview *t, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static struct row_line *add(struct textview *t, enum role role, const char *fmt, ...)
{
	AUTO_BUF struct buf b = { 0 };
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = buf_vaddf(&b, fmt, ap);
	va_end(ap);
	return rc < 0 ? NULL : add_n(t, role, (const char *)b.p, b.len);
}

static void add_text(struct textview *t, const char *text, size_t len)
{
	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;

		add_n(t, ROLE_TEXT, text, n);
		text += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
}

static void to_end(struct textview *t)
{
	t->top = t->nshown > (size_t)t->page ? t->nshown - (size_t)t->page : 0;
}

/* --- where they come from */

static void on_json(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct text_link *l = arg;
	struct textview *t = l->t;
	AUTO_JSON cJSON *j = NULL;
	AUTO_FREE char *text = NULL;

	if (t && rc < 0)
		add(t, ROLE_BAD, "%s", e->text);
	else if (t && json_parse(json, strlen(json), "the answer", &j, NULL) == 0 && (text = cJSON_Print(j))) {
		for (char *p = text; *p; p++)
			if (*p == '\t')
				*p = ' ';
		add_text(t, text, strlen(text));
	}
	if (t)
		app_dirty(t->v.app);
	link_put(l);
}

static void on_boot(void *arg, int rc, const struct berth_error *e, const char *json)
{
	struct text_link *l = arg;
	struct textview *t = l->t;
	AUTO_JSON cJSON *j = NULL;
	const cJSON *s;
	double total;

	if (t && rc < 0)
		add(t, ROLE_BAD, "%s", e->text);
	if (t && rc == 0 && json_parse(json, strlen(json), "the answer", &j, NULL) == 0) {
		total = cJSON_GetNumberValue(cJSON_GetObjectItem(j, "total_ms"));
		add(t, ROLE_TEXT, "Boot of %s   %.0f ms to the first output   %s", t->name, total,
		    json_str(j, "accel") ?: "");
		add(t, ROLE_TEXT, "%s", "");
		add(t, ROLE_HEAD, "%-12s %8s %8s", "PHASE", "START", "TOOK");
		cJSON_ArrayForEach(s, json_arr(j, "stages")) {
			double at = cJSON_GetNumberValue(cJSON_GetObjectItem(s, "start_ms"));
			double ms = cJSON_GetNumberValue(cJSON_GetObjectItem(s, "ms"));
			int from = total > 0 ? (int)(at * 44 / total) : 0, n = total > 0 ? (int)(ms * 44 / total + 0.5) : 0;

			add(t, ROLE_TEXT, "%-12s %8.1f %8.1f  %*s%.*s", json_str(s, "name") ?: "", at, ms, from, "",
			    n > 0 ? n : 1, "############################################");
		}
	}
	if (t)
		app_dirty(t->v.app);
	link_put(l);
}

static void on_scrollback(void *arg, int rc, const struct berth_error *e, const char *text, size_t len)
{
	struct text_link *l = arg;
	struct textview *t = l->t;

	if (t && rc < 0)
		add(t, ROLE_BAD, "%s", e->text);
	else if (t)
		add_text(t, text, len);
	if (t) {
		to_end(t);
		app_dirty(t->v.app);
	}
	link_put(l);
}

static void on_log_line(void *arg, const struct berth_log_line *line)
{
	struct text_link *l = arg;
	struct row_line *r;

	if (!l->t)
		return;
	r = add_n(l->t, ROLE_TEXT, line->text, line->len && line->text[line->len - 1] == '\r' ? line->len - 1 : line->len);
	if (r) {
		r->err = line->stream == 2;
		r->time = line->time;
	}
	if (l->t->follow)
		to_end(l->t);
	app_dirty(l->t->v.app);
}

static void on_log_end(void *arg, int rc, const struct berth_error *e)
{
	struct text_link *l = arg;

	l->op = NULL;
	if (l->t && rc < 0 && rc != -ECANCELED)
		add(l->t, ROLE_BAD, "%s", e->text);
	else if (l->t && rc == 0)
		add(l->t, ROLE_DIM, "the container has ended");
	if (l->t)
		app_dirty(l->t->v.app);
	link_put(l);
}

static void describe(struct textview *t)
{
	const struct ctr *c = model_ctr(&t->v.app->model, t->id);
	const struct model *m = &t->v.app->model;
	char state[40], text[FMT_MAX];

	clear(t);
	if (!c) {
		add(t, ROLE_DIM, "%s is gone", t->name);
		return;
	}
	ctr_state_text(c, state, sizeof(state));
	add(t, (enum role)ctr_state_role(c), "%s   %s   %s   id %.12s", c->name, state, c->image, c->id);
	if (*c->cause)
		add(t, ROLE_WARN, "why    %s", c->cause);
	add(t, ROLE_TEXT, "run    %s", c->command);
	fmt_size(c->memory, text);
	add(t, ROLE_TEXT, "vm     %g cpu%s, %s RAM, %s, kernel %s", c->cpus, c->cpus == 1 ? "" : "s", text,
	    *c->accel ? c->accel : "not started yet", *c->kernel ? c->kernel : "-");
	add(t, ROLE_TEXT, "net    %s", *c->ports ? c->ports : "no published ports");
	if (c->started) {
		fmt_date(c->started, text);
		add(t, ROLE_TEXT, "began  %s", text);
	}
	if (c->finished && !ctr_lives(c)) {
		fmt_date(c->finished, text);
		add(t, ROLE_TEXT, "ended  %s", text);
	}
	add(t, ROLE_TEXT, "%s", "");
	add(t, ROLE_HEAD, "CONSOLES");
	for (size_t i = 0; i < m->ncons; i++)
		if (strncmp(m->cons[i].id, c->id, 64) == 0)
			add(t, ROLE_TEXT, "%u  %-6s %ux%u  %u viewer%s  %s", m->cons[i].n,
			    m->cons[i].alive ? "up" : "ended", m->cons[i].cols, m->cons[i].rows, m->cons[i].viewers,
			    m->cons[i].viewers == 1 ? "" : "s", m->cons[i].command);
}

static int ask(struct textview *t)
{
	struct berth *b = t->v.app->berth;
	struct berth_logs logs = { .name = t->id, .follow = true, .tail = LOG_TAIL };
	struct berth_error e = { 0 };
	int rc = 0;

	t->link->refs++;
	switch (t->kind) {
	case TEXT_RAW:
		rc = berth_container_inspect(b, t->id, on_json, t->link, &e);
		break;
	case TEXT_IMAGE:
		rc = berth_image_inspect(b, t->id, on_json, t->link, &e);
		break;
	case TEXT_BOOT:
		rc = berth_container_boot(b, t->id, on_boot, t->link, &e);
		break;
	case TEXT_SCROLLBACK:
		rc = berth_console_scrollback(b, t->id, 10000, on_scrollback, t->link, &e);
		break;
	case TEXT_LOGS:
		rc = berth_logs(b, &logs, on_log_line, on_log_end, t->link, &t->link->op, &e);
		break;
	case TEXT_DETAIL:
		link_put(t->link);
		describe(t);
		break;
	}
	if (rc < 0) {
		link_put(t->link);
		add(t, ROLE_BAD, "%s", e.text);
	}
	return 0;
}

static int text_open(struct view *v, const void *arg)
{
	static const char *const words[] = {
		[TEXT_RAW] = "Raw", [TEXT_IMAGE] = "Raw", [TEXT_BOOT] = "Boot", [TEXT_DETAIL] = "Detail",
		[TEXT_LOGS] = "Logs", [TEXT_SCROLLBACK] = "Scrollback",
	};
	const struct text_arg *a = arg;
	struct textview *t = (struct textview *)v;

	t->kind = a->kind;
	t->page = MAX(1, app_rows(v->app) - 3);
	t->follow = a->kind == TEXT_LOGS;
	snprintf(t->id, sizeof(t->id), "%s", a->id);
	snprintf(t->name, sizeof(t->name), "%s", a->name);
	snprintf(t->title, sizeof(t->title), "%s > %s", words[a->kind], a->name);
	t->link = calloc(1, sizeof(*t->link));
	if (!t->link)
		return -ENOMEM;
	t->link->t = t;
	t->link->refs = 1;
	return ask(t);
}

static void text_close(struct view *v)
{
	struct textview *t = (struct textview *)v;

	if (t->link) {
		t->link->t = NULL;
		if (t->link->op)
			berth_op_cancel(t->link->op);
		link_put(t->link);
	}
	clear(t);
	filter_free(t->filter);
	free(t->lines);
	free(t->shown);
}

static void text_title(struct view *v, struct buf *b)
{
	const struct textview *t = (struct textview *)v;

	buf_adds(b, t->title);
	if (t->kind == TEXT_LOGS && t->v.cls == &view_logs)
		buf_addf(b, "   follow %s", t->follow ? "on" : "off");
	if (*t->only)
		buf_addf(b, "   &%s  %zu of %zu lines", t->only, t->nshown, t->n);
}

/* --- drawing */

static int draw_line(struct textview *t, struct canvas *c, int y, int bottom, const struct row_line *l)
{
	char at[FMT_MAX];
	int x = 1, used = 1;
	const char *p = l->text, *hit = *t->find ? strcasestr(l->text, t->find) : NULL;
	size_t left;

	if (l->time && t->times < 2) {
		(t->times == 0 ? fmt_clock_ms : fmt_date)(l->time, at);
		x += canvas_text(c, y, x, -1, ROLE_DIM, at) + 1;
		canvas_text(c, y, x, 1, ROLE_BAD, l->err ? "!" : " ");
		x += 2;
	}
	for (int skip = t->wrap ? 0 : t->pan; skip > 0 && *p; skip--) {
		uint32_t cp;

		p += canvas_utf8(p, strlen(p), &cp);
	}
	left = strlen(p);
	if (!t->wrap || canvas_width(p) <= c->cols - x) {
		canvas_cut(c, y, x, -1, l->role, p);
	} else {
		for (; left && y < bottom; y++, used++) {
			size_t n = canvas_fit(p, left, c->cols - x);

			if (!n)
				break;
			canvas_textn(c, y, x, -1, l->role, p, n);
			p += n;
			left -= n;
		}
		used = MAX(1, used - 1);
	}
	if (hit && !t->wrap && hit >= p)
		canvas_paint(c, y, x + canvas_widthn(p, (size_t)(hit - p)), canvas_width(t->find), ROLE_FIND);
	return used;
}

static void text_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct textview *t = (struct textview *)v;
	bool was_end = t->top + (size_t)t->page >= t->nshown;

	if (t->page != bottom - top) {
		t->page = MAX(1, bottom - top);
		if (t->follow || (was_end && t->kind == TEXT_SCROLLBACK))
			to_end(t);
	}
	canvas_cursor(c, top, 0);
	for (size_t i = t->top; i < t->nshown && top < bottom; i++)
		top += draw_line(t, c, top, bottom, &t->lines[t->shown[i]]);
}

static int text_hints(struct view *v, struct hint *ret, int max)
{
	const struct textview *t = (struct textview *)v;
	int n = 0;

	if (t->v.cls == &view_logs) {
		ret[n++] = (struct hint){ ACT_FOLLOW, NULL, NULL };
		ret[n++] = (struct hint){ ACT_ONLY, "only", NULL };
	}
	ret[n++] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[n++] = (struct hint){ ACT_WRAP, NULL, NULL };
	if (t->v.cls == &view_logs)
		ret[n++] = (struct hint){ ACT_TIME, NULL, NULL };
	ret[n++] = (struct hint){ ACT_BACK, NULL, NULL };
	return n;
}

static void step_find(struct textview *t, int step)
{
	size_t i = t->top;

	if (!*t->find || !t->nshown)
		return;
	for (size_t k = 0; k < t->nshown; k++) {
		i = (i + t->nshown + (size_t)(step + (int)t->nshown)) % t->nshown;
		if (filter_has(t->lines[t->shown[i]].text, t->find)) {
			t->top = i;
			t->follow = false;
			return;
		}
	}
	app_info(t->v.app, "no line has '%s'", t->find);
}

/* Only lines that this filter chooses; half a filter, while it is typed, changes nothing yet. */
static void set_only(struct textview *t, const char *text)
{
	struct filter *f = NULL;

	if (filter_parse(text, &line_source, &f, NULL) < 0)
		return;
	filter_free(t->filter);
	t->filter = f;
	snprintf(t->only, sizeof(t->only), "%s", text);
	show_again(t);
}

static bool text_act(struct view *v, enum act act, int index)
{
	struct textview *t = (struct textview *)v;
	size_t page = (size_t)MAX(1, t->page - 1), last = t->nshown > (size_t)t->page ? t->nshown - (size_t)t->page : 0;
	size_t step = act == ACT_DOWN || act == ACT_UP ? 1 : act == ACT_PAGE_DOWN || act == ACT_PAGE_UP ? page :
						       MAX((size_t)1, page / 2);

	switch (act) {
	case ACT_DOWN:
	case ACT_PAGE_DOWN:
	case ACT_HALF_DOWN:
		t->top = MIN(last, t->top + step);
		break;
	case ACT_UP:
	case ACT_PAGE_UP:
	case ACT_HALF_UP:
		t->top = t->top > step ? t->top - step : 0;
		t->follow = false;
		break;
	case ACT_TOP:
		t->top = 0;
		t->follow = false;
		break;
	case ACT_END:
		t->top = last;
		t->follow = t->v.cls == &view_logs;
		break;
	case ACT_PAN:
		t->pan = MAX(0, t->pan + (index == 0 ? -8 : 8));
		break;
	case ACT_WRAP:
		t->wrap = !t->wrap;
		break;
	case ACT_FOLLOW:
		t->follow = !t->follow;
		if (t->follow)
			t->top = last;
		break;
	case ACT_TIME:
		t->times = (t->times + 1) % 3;
		break;
	case ACT_ONLY:
		app_prompt(v->app, '&', t->only);
		break;
	case ACT_FIND_NEXT:
		step_find(t, 1);
		break;
	case ACT_FIND_PREV:
		step_find(t, -1);
		break;
	case ACT_BACK:
	case ACT_INTERRUPT:
		if (!*t->only && !*t->find)
			return false;
		*t->find = 0;
		set_only(t, "");
		break;
	default:
		return false;
	}
	return true;
}

static void text_find(struct view *v, const char *text, bool done)
{
	struct textview *t = (struct textview *)v;

	if (v->app->prompt.lead == '&') {
		set_only(t, text);
		if (t->follow)
			to_end(t);
		return;
	}
	snprintf(t->find, sizeof(t->find), "%s", text);
	if (done && *text && t->nshown && !filter_has(t->lines[t->shown[MIN(t->top, t->nshown - 1)]].text, text))
		step_find(t, 1);
}

static void text_changed(struct view *v, unsigned what)
{
	struct textview *t = (struct textview *)v;

	if (t->kind == TEXT_DETAIL && t->v.cls == &view_text && what & (MODEL_CTRS | MODEL_CONS))
		describe(t);
}

/* Of a container's detail: what can be done to it. */
static bool detail_act(struct view *v, enum act act, int index)
{
	struct textview *t = (struct textview *)v;
	const struct ctr *c = t->kind == TEXT_DETAIL ? model_ctr(&v->app->model, t->id) : NULL;

	if (text_act(v, act, index))
		return true;
	return c && act_container(v->app, act, c);
}

static int detail_hints(struct view *v, struct hint *ret, int max)
{
	const struct textview *t = (struct textview *)v;
	int n = 0;

	if (t->kind != TEXT_DETAIL)
		return text_hints(v, ret, max);
	for (size_t i = 0; i < 7; i++)
		ret[n++] = (struct hint){ (enum act[]){ ACT_CONSOLE, ACT_LOGS, ACT_BOOT, ACT_RAW, ACT_EXEC, ACT_STOP,
							ACT_BACK }[i], NULL, NULL };
	return n;
}

const struct view_class view_text = {
	.name = "text", .ctx = CTX_C, .size = sizeof(struct textview), .open = text_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = detail_hints, .act = detail_act, .changed = text_changed,
	.find = text_find,
};
const struct view_class view_logs = {
	.name = "logs", .ctx = CTX_O, .size = sizeof(struct textview), .open = text_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = text_hints, .act = text_act, .find = text_find,
};

/* --- messages */

static void fill_messages(struct textview *t)
{
	static const enum role roles[] = { ROLE_DIM, ROLE_TEXT, ROLE_BAD };
	struct msgs *m = &t->v.app->msgs;

	clear(t);
	for (size_t i = m->n; i-- > 0;) {
		const struct msg *msg = &m->list[i];
		char at[FMT_MAX];

		fmt_date(msg->time, at);
		if (msg->count > 1)
			add(t, roles[msg->level], "%s %c %s (%u times)", at, msg->level == MSG_ERROR ? '!' : ' ', msg->text,
			    msg->count);
		else
			add(t, roles[msg->level], "%s %c %s%s", at, msg->level == MSG_ERROR ? '!' : ' ',
			    msg->level == MSG_CLI ? "$ " : "", msg->text);
	}
	msgs_read(m);
}

static int messages_open(struct view *v, const void *arg)
{
	struct textview *t = (struct textview *)v;

	t->page = MAX(1, app_rows(v->app) - 3);
	snprintf(t->title, sizeof(t->title), "Messages");
	fill_messages(t);
	return 0;
}

static void messages_changed(struct view *v, unsigned what)
{
	fill_messages((struct textview *)v);
}

static void messages_note(struct view *v, struct buf *b)
{
	if (!((struct textview *)v)->n)
		buf_adds(b, "Nothing was said yet.");
}

const struct view_class view_messages = {
	.name = "messages", .ctx = CTX_T, .size = sizeof(struct textview), .open = messages_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = text_hints, .act = text_act, .changed = messages_changed,
	.find = text_find, .note = messages_note,
};

/* --- help: made from the table */

static int help_open(struct view *v, const void *arg)
{
	struct textview *t = (struct textview *)v;
	enum key_ctx own = *(const enum key_ctx *)arg, in[4];

	t->page = MAX(1, app_rows(v->app) - 3);
	snprintf(t->title, sizeof(t->title), "Help for: %s", keys_ctx_name(own));
	keys_contexts(own, in);
	for (int c = 0; in[c] != CTX_NONE; c++) {
		if (c)
			add(t, ROLE_TEXT, "%s", "");
		add(t, ROLE_HEAD, "%s", keys_ctx_name(in[c]));
		for (int i = 0; i < keys_count; i++) {
			const struct key *k = &keys_table[i];
			const char *word = keys_ask_word(k->ask);

			if (k->ctx == in[c])
				add(t, ROLE_TEXT, "  %-12s %-16s %-6s %s", k->act == ACT_CONSOLE_N ? "1..9" : k->keys, k->name,
				    word, k->what);
		}
	}
	if (own != CTX_K) {
		add(t, ROLE_TEXT, "%s", "");
		add(t, ROLE_TEXT, "In a console every key goes to the guest; ^] or F12 then ? lists its menu.");
	}
	return 0;
}

const struct view_class view_help = {
	.name = "help", .ctx = CTX_T, .size = sizeof(struct textview), .open = help_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = text_hints, .act = text_act, .find = text_find,
};

/* --- the palette: every action of the view below, narrowed by typing */

struct palette {
	struct view v;
	struct line line;
	const struct key *list[128];
	int n, cur;
	enum key_ctx ctx;
};

static void narrow(struct palette *p)
{
	enum key_ctx in[4];

	p->n = p->cur = 0;
	keys_contexts(p->ctx, in);
	for (int c = 0; in[c] != CTX_NONE; c++)
		for (int i = 0; i < keys_count && p->n < (int)ARRAY_LEN(p->list); i++)
			if (keys_table[i].ctx == in[c] && keys_table[i].act != ACT_PALETTE &&
			    (filter_has(keys_table[i].name, p->line.text) || filter_has(keys_table[i].what, p->line.text)))
				p->list[p->n++] = &keys_table[i];
}

static int palette_open(struct view *v, const void *arg)
{
	struct palette *p = (struct palette *)v;

	p->ctx = ((const struct view *)arg)->cls->ctx;
	narrow(p);
	return 0;
}

static void palette_title(struct view *v, struct buf *b)
{
	const struct palette *p = (struct palette *)v;

	buf_addf(b, "Commands  %d match", p->n);
}

static void palette_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct palette *p = (struct palette *)v;
	int rows = bottom - top - 1, first = p->cur >= rows ? p->cur - rows + 1 : 0;

	for (int i = first; i < p->n && i - first < rows; i++) {
		const struct key *k = p->list[i];
		int y = top + i - first;
		char key[16];

		keys_first(k, key, sizeof(key));
		if (i == p->cur)
			canvas_text(c, y, 0, 1, ROLE_KEY, ">");
		canvas_cut(c, y, 3, 16, i == p->cur ? ROLE_CURSOR : ROLE_TEXT, k->name);
		canvas_cut(c, y, 20, 6, ROLE_KEY, key);
		canvas_cut(c, y, 27, -1, ROLE_TEXT, k->what);
	}
	canvas_text(c, bottom - 1, 0, 1, ROLE_KEY, ":");
	canvas_cursor(c, bottom - 1, line_draw(&p->line, c, bottom - 1, 1, c->cols - 2, ROLE_INPUT));
	c->cursor_visible = true;
}

static bool palette_input(struct view *v, const struct input_event *ev)
{
	struct palette *p = (struct palette *)v;
	struct app *app = v->app;

	if (ev->type == INPUT_KEY && (keys_is("Down", 4, ev) || keys_is("Tab", 3, ev)))
		p->cur += p->cur + 1 < p->n;
	else if (ev->type == INPUT_KEY && keys_is("Up", 2, ev))
		p->cur -= p->cur > 0;
	else if (keys_is("Esc", 3, ev) || keys_is("^C", 2, ev))
		app_drop(app, v);
	else if (keys_is("Enter", 5, ev)) {
		enum act act = p->cur < p->n ? p->list[p->cur]->act : ACT_NONE;

		app_drop(app, v);
		if (act != ACT_NONE)
			app_act(app, act, 0);
	} else if (ev->type == INPUT_KEY && line_key(&p->line, ev)) {
		narrow(p);
	}
	app_dirty(app);
	return true;
}

static int palette_hints(struct view *v, struct hint *ret, int max)
{
	ret[0] = (struct hint){ ACT_ACCEPT, "do it", "Enter" };
	ret[1] = (struct hint){ ACT_NEXT_FIELD, "choose", "Up/Down" };
	ret[2] = (struct hint){ ACT_BACK, "close", "Esc" };
	return 3;
}

const struct view_class view_palette = {
	.name = "palette", .ctx = CTX_F, .size = sizeof(struct palette), .open = palette_open, .title = palette_title,
	.draw = palette_draw, .hints = palette_hints, .input = palette_input,
};
