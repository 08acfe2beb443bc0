/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c - lists. */
#include "tui/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define CELL_MAX 512
#define LEFT 3 /* columns before the first cell: cursor, mark, blank */

void rows_init(struct rows *r, const struct rows_source *source, void *arg)
{
	*r = (struct rows){ .source = source, .arg = arg, .page = 1 };
	for (int i = 0; i < source->ncolumns; i++)
		r->shown[i] = true;
}

void rows_finish(struct rows *r)
{
	free(r->index);
	filter_free(r->compiled);
	buf_finish(&r->text);
	*r = (struct rows){ 0 };
}

void rows_note(const struct rows *r, struct buf *b)
{
	if (*r->error)
		buf_adds(b, r->error);
	else if (*r->filter)
		buf_addf(b, "filter /%s   %zu of %zu shown   Esc clears it", r->filter, r->n, r->total);
}

/* --- filters: the element i of the list as base/filter.h asks about it */

struct item {
	struct rows *r;
	size_t i;
};

static const char *item_text(void *arg, const char *field)
{
	struct item *it = arg;
	struct rows *r = it->r;

	buf_clear(&r->text);
	if (!r->source->field(r->arg, it->i, field, &r->text))
		return NULL;
	return r->text.p ? (const char *)r->text.p : "";
}

static enum filter_number item_number(void *arg, const char *field, double *ret)
{
	struct item *it = arg;
	const struct rows_source *s = it->r->source;

	return s->number ? s->number(it->r->arg, it->i, field, ret) : FILTER_NONE;
}

static struct filter_source filter_source(const struct rows *r)
{
	return (struct filter_source){ item_text, item_number, r->source->fields };
}

static bool matches(struct rows *r, size_t i)
{
	const struct filter_source s = filter_source(r);
	struct item it = { r, i };

	return filter_match(r->compiled, &s, &it);
}

static void take_id(struct rows *r)
{
	snprintf(r->id, sizeof(r->id), "%s", r->n ? r->source->id(r->arg, r->index[r->cur]) : "");
}

void rows_update(struct rows *r)
{
	size_t total = r->source->count(r->arg), *index = calloc(total + 1, sizeof(*index));
	bool found = false;

	if (!index)
		return;
	free(r->index);
	r->index = index;
	r->total = total;
	r->n = 0;
	for (size_t i = 0; i < total; i++) {
		if (!matches(r, i))
			continue;
		if (!found && *r->id && strcmp(r->source->id(r->arg, i), r->id) == 0) {
			r->cur = r->n;
			found = true;
		}
		index[r->n++] = i;
	}
	if (r->cur >= r->n)
		r->cur = r->n ? r->n - 1 : 0;
	take_id(r);
}

void rows_filter(struct rows *r, const char *text)
{
	const struct filter_source s = filter_source(r);
	struct filter *f = NULL;
	struct err e = { 0 };

	snprintf(r->filter, sizeof(r->filter), "%s", text);
	*r->error = 0;
	if (filter_parse(r->filter, &s, &f, &e) < 0) {
		snprintf(r->error, sizeof(r->error), "%.200s", e.text);
		return; /* half typed: what was understood stays */
	}
	filter_free(r->compiled);
	r->compiled = f;
	rows_update(r);
}

long rows_focus(const struct rows *r)
{
	return r->n ? (long)r->index[r->cur] : -1;
}

bool rows_act(struct rows *r, enum act act)
{
	size_t page = (size_t)MAX(1, r->page - 1), last = r->n ? r->n - 1 : 0, step;

	switch (act) {
	case ACT_DOWN:
	case ACT_PAGE_DOWN:
	case ACT_HALF_DOWN:
		step = act == ACT_DOWN ? 1 : act == ACT_PAGE_DOWN ? page : MAX(1u, page / 2);
		r->cur = MIN(last, r->cur + step);
		break;
	case ACT_UP:
	case ACT_PAGE_UP:
	case ACT_HALF_UP:
		step = act == ACT_UP ? 1 : act == ACT_PAGE_UP ? page : MAX(1u, page / 2);
		r->cur = r->cur > step ? r->cur - step : 0;
		break;
	case ACT_TOP:
		r->cur = 0;
		break;
	case ACT_END:
		r->cur = last;
		break;
	default:
		return false;
	}
	take_id(r);
	return true;
}

/* Which columns are shown, how wide each is. */
static void layout(struct rows *r, int cols, int *width)
{
	const struct rows_source *s = r->source;
	int sum, spare;

	for (int i = 0; i < s->ncolumns; i++) {
		width[i] = s->columns[i].want;
		r->shown[i] = true;
	}
	for (;;) {
		int least = -1;

		sum = LEFT - 1;
		for (int i = 0; i < s->ncolumns; i++)
			if (r->shown[i]) {
				sum += width[i] + 1;
				if (s->columns[i].prio && (least < 0 || s->columns[i].prio < s->columns[least].prio))
					least = i;
			}
		if (sum <= cols || least < 0)
			break;
		r->shown[least] = false;
	}
	spare = cols - sum;
	for (int i = 0; i < s->ncolumns && spare > 0; i++)
		if (r->shown[i] && s->columns[i].grow) {
			width[i] += spare;
			spare = 0;
		}
}

static void draw_row(struct rows *r, struct canvas *c, int y, size_t row, const int *width)
{
	const struct rows_source *s = r->source;
	int x = c->cols < 60 ? 1 : LEFT;
	bool focus = row == r->cur;

	if (focus) {
		canvas_text(c, y, 0, 1, ROLE_KEY, ">");
		canvas_cursor(c, y, x);
	}
	for (int i = 0; i < s->ncolumns; i++) {
		char text[CELL_MAX] = "";
		enum role role = ROLE_TEXT;
		int w;

		if (!r->shown[i])
			continue;
		s->cell(r->arg, r->index[row], i, text, sizeof(text), &role);
		if (focus && i == 0)
			role = ROLE_CURSOR;
		w = canvas_width(text);
		canvas_cut(c, y, s->columns[i].right && w < width[i] ? x + width[i] - w : x, width[i], role, text);
		x += width[i] + 1;
	}
}

void rows_draw(struct rows *r, struct canvas *c, int top, int bottom)
{
	const struct rows_source *s = r->source;
	int width[ROWS_COLUMNS_MAX], x = c->cols < 60 ? 1 : LEFT;
	bool head = bottom - top > 2;

	layout(r, c->cols < 60 ? c->cols + 2 : c->cols, width);
	for (int i = 0; i < s->ncolumns && head; i++) {
		const char *name = s->columns[i].head;

		if (!r->shown[i])
			continue;
		canvas_cut(c, top, s->columns[i].right ? x + width[i] - canvas_width(name) : x, width[i], ROLE_HEAD,
			   name);
		x += width[i] + 1;
	}
	top += head;
	r->page = MAX(1, bottom - top);
	if (r->cur < r->top)
		r->top = r->cur;
	if (r->cur >= r->top + (size_t)r->page)
		r->top = r->cur - (size_t)r->page + 1;
	if (r->top && r->n - MIN(r->top, r->n) < (size_t)r->page)
		r->top = r->n > (size_t)r->page ? r->n - (size_t)r->page : 0;
	for (int y = top; y < bottom && r->top + (size_t)(y - top) < r->n; y++)
		draw_row(r, c, y, r->top + (size_t)(y - top), width);
}
