/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - lines to read. */
#include "tui/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tui/fmt.h"

int text_link_new(struct textview *t)
{
	t->link = calloc(1, sizeof(*t->link));
	if (!t->link)
		return -ENOMEM;
	t->link->t = t;
	t->link->refs = 1;
	return 0;
}

struct text_link *text_link_get(struct textview *t)
{
	t->link->refs++;
	return t->link;
}

void text_link_put(struct text_link *l)
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

void text_clear(struct textview *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->lines[i].text);
	t->n = t->nshown = t->top = 0;
}

/* The oldest quarter goes when there are too many. */
static void make_room(struct textview *t)
{
	size_t drop = TEXT_LINES_MAX / 4;

	if (t->n < TEXT_LINES_MAX)
		return;
	for (size_t i = 0; i < drop; i++)
		free(t->lines[i].text);
	memmove(t->lines, t->lines + drop, (t->n - drop) * sizeof(*t->lines));
	t->n -= drop;
	t->dropped += drop;
	t->top = t->top > drop ? t->top - drop : 0;
	show_again(t);
}

struct text_line *text_add_n(struct textview *t, enum role role, const char *s, size_t n)
{
	make_room(t);
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 256;
		struct text_line *v = realloc(t->lines, cap * sizeof(*v));

		if (!v)
			return NULL;
		t->lines = v;
		t->cap = cap;
	}
	t->lines[t->n] = (struct text_line){ .text = strndup(s, n), .role = role };
	if (!t->lines[t->n].text)
		return NULL;
	show_line(t, t->n);
	return &t->lines[t->n++];
}

struct text_line *text_add(struct textview *t, enum role role, const char *fmt, ...)
{
	AUTO_BUF struct buf b = { 0 };
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = buf_vaddf(&b, fmt, ap);
	va_end(ap);
	return rc < 0 ? NULL : text_add_n(t, role, (const char *)b.p, b.len);
}

void text_add_text(struct textview *t, const char *text, size_t len)
{
	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;

		text_add_n(t, ROLE_TEXT, text, n);
		text += n + (nl != NULL);
		len -= n + (nl != NULL);
	}
}

void text_to_end(struct textview *t)
{
	t->top = t->nshown > (size_t)t->page ? t->nshown - (size_t)t->page : 0;
}

void text_init(struct textview *t)
{
	t->page = MAX(1, app_rows(t->v.app) - 3);
}

void text_close(struct view *v)
{
	struct textview *t = (struct textview *)v;

	if (t->link) {
		t->link->t = NULL;
		if (t->link->op)
			berth_op_cancel(t->link->op);
		text_link_put(t->link);
	}
	text_clear(t);
	filter_free(t->filter);
	free(t->lines);
	free(t->shown);
}

void text_title(struct view *v, struct buf *b)
{
	const struct textview *t = (struct textview *)v;

	buf_adds(b, t->title);
	if (t->live)
		buf_addf(b, "   follow %s", t->follow ? "on" : "off");
	if (*t->only)
		buf_addf(b, "   &%s  %zu of %zu lines", t->only, t->nshown, t->n);
}

/* --- drawing */

static int draw_line(struct textview *t, struct canvas *c, int y, int bottom, const struct text_line *l)
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

void text_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct textview *t = (struct textview *)v;
	bool was_end = t->top + (size_t)t->page >= t->nshown;

	if (t->page != bottom - top) {
		t->page = MAX(1, bottom - top);
		if (t->follow || (was_end && t->keep_end))
			text_to_end(t);
	}
	canvas_cursor(c, top, 0);
	for (size_t i = t->top; i < t->nshown && top < bottom; i++)
		top += draw_line(t, c, top, bottom, &t->lines[t->shown[i]]);
}

int text_hints(struct view *v, struct hint *ret, int max)
{
	ret[0] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[1] = (struct hint){ ACT_WRAP, NULL, NULL };
	ret[2] = (struct hint){ ACT_BACK, NULL, NULL };
	return 3;
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

bool text_act(struct view *v, enum act act, int index)
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
		t->follow = t->live;
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

void text_find(struct view *v, const char *text, bool done)
{
	struct textview *t = (struct textview *)v;

	if (v->app->prompt.lead == '&') {
		set_only(t, text);
		if (t->follow)
			text_to_end(t);
		return;
	}
	snprintf(t->find, sizeof(t->find), "%s", text);
	if (done && *text && t->nshown && !filter_has(t->lines[t->shown[MIN(t->top, t->nshown - 1)]].text, text))
		step_find(t, 1);
}
