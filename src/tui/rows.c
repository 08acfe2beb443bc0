/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c - lists. */
#include "tui/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "tui/rows-priv.h"

#define CELL_MAX 512
#define LEFT 3 /* columns before the first cell: cursor, mark, blank */

void rows_init(struct rows *r, const struct rows_source *source, void *arg)
{
	*r = (struct rows){ .source = source, .arg = arg, .page = 1, .sort = source->order };
	for (int i = 0; i < source->ncolumns; i++)
		r->shown[i] = true;
}

void rows_finish(struct rows *r)
{
	free(r->index);
	for (size_t i = 0; i < r->nmarks; i++)
		free(r->marks[i]);
	free(r->marks);
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
	else if (r->some)
		buf_addf(b, "%zu of %zu shown, those in use   . shows all", r->n, r->total);
}

void rows_found(const struct rows *r, struct buf *b)
{
	buf_addf(b, "%zu of %zu", r->n, r->total);
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

	if (!index)
		return;
	free(r->index);
	r->index = index;
	r->total = total;
	r->n = 0;
	for (size_t i = 0; i < total; i++)
		if (matches(r, i) && (!r->some || r->source->used(r->arg, i)))
			index[r->n++] = i;
	rows_sort(r);
	rows_drop_marks(r);
	for (size_t k = 0; k < r->n && *r->id; k++)
		if (strcmp(r->source->id(r->arg, index[k]), r->id) == 0) {
			r->cur = k;
			break;
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

static bool go_back(struct rows *r)
{
	bool was = r->nmarks || *r->filter;

	if (r->nmarks)
		rows_mark_none(r);
	else if (*r->filter)
		rows_filter(r, "");
	return was;
}

bool rows_act(struct rows *r, enum act act, int index)
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
	case ACT_PICK:
		r->cur = MIN(last, (size_t)MAX(index, 0));
		break;
	case ACT_SORT_ON:
		rows_sort_on(r, index);
		return true;
	case ACT_BACK:
	case ACT_INTERRUPT:
		return go_back(r);
	case ACT_MARK:
		if (!r->source->marks)
			return false;
		if (r->n)
			rows_mark(r, r->index[r->cur], !rows_marked(r, r->index[r->cur]));
		r->cur = MIN(last, r->cur + 1);
		break;
	case ACT_MARK_ALL:
		if (!r->source->marks)
			return false;
		rows_mark_all(r);
		break;
	case ACT_SORT_COLUMN:
		rows_sort_by(r, index == 0 ? -1 : 1);
		return true;
	case ACT_SORT_REVERSE:
		r->reverse = !r->reverse;
		rows_update(r);
		return true;
	case ACT_SHOW_ALL:
		if (!r->source->used)
			return false;
		r->some = !r->some;
		rows_update(r);
		return true;
	default:
		return false;
	}
	take_id(r);
	return true;
}

/* --- drawing */

static bool is_narrow(const struct canvas *c)
{
	return c->cols < 60;
}

/* The blanks before a column. That it can do without them holds for the one that usually stands before it. */
static int blanks(const struct rows *r, const struct canvas *c, int i)
{
	int gap = r->source->columns[i].gap;

	return 1 + (gap < 0 && (is_narrow(c) || !i || !r->shown[i - 1]) ? 0 : gap);
}

/* What is left over: half of it to each of the growing columns before the last one of them, and to that the rest. */
static void share(const struct rows *r, int spare, int *width)
{
	const struct column *columns = r->source->columns;
	int last = -1;

	for (int i = 0; i < r->source->ncolumns; i++)
		if (r->shown[i] && columns[i].most)
			last = i;
	for (int i = 0; i <= last && spare > 0; i++) {
		int more = r->shown[i] ? MIN(columns[i].most - width[i], i == last ? spare : (spare + 1) / 2) : 0;

		if (more > 0) {
			width[i] += more;
			spare -= more;
		}
	}
}

/* Which columns are shown, how wide each is. */
static void layout(struct rows *r, const struct canvas *c, int *width)
{
	const struct rows_source *s = r->source;
	int sum;

	for (int i = 0; i < s->ncolumns; i++) {
		width[i] = is_narrow(c) && s->columns[i].narrow ? s->columns[i].narrow : s->columns[i].want;
		r->shown[i] = true;
	}
	for (;;) {
		int least = -1;

		sum = is_narrow(c) ? 0 : LEFT - 1;
		for (int i = 0; i < s->ncolumns; i++)
			if (r->shown[i]) {
				sum += blanks(r, c, i) + width[i];
				if (s->columns[i].prio && (least < 0 || s->columns[i].prio < s->columns[least].prio))
					least = i;
			}
		if (sum <= c->cols || least < 0)
			break;
		r->shown[least] = false;
	}
	share(r, is_narrow(c) ? 0 : c->cols - sum, width);
}

static void draw_row(struct rows *r, struct canvas *c, int y, size_t row, const int *width)
{
	const struct rows_source *s = r->source;
	int x = is_narrow(c) ? 0 : LEFT - 1;
	bool focus = row == r->cur, marked = rows_marked(r, r->index[row]);

	if (focus)
		canvas_text(c, y, 0, 1, ROLE_TEXT, ">"); /* plain: half of what a step costs on the line */
	if (marked)
		canvas_text(c, y, is_narrow(c) ? 0 : 1, 1, ROLE_MARK, "*");
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
		x += blanks(r, c, i);
		if (focus && i == 0)
			canvas_cursor(c, y, x);
		canvas_cut(c, y, s->columns[i].right && w < width[i] ? x + width[i] - w : x, width[i], role, text);
		x += width[i];
	}
	canvas_zone(c, y, 0, c->cols, ZONE_ROW, row, focus);
}

static void draw_heads(struct rows *r, struct canvas *c, int y, const int *width)
{
	int x = is_narrow(c) ? 0 : LEFT - 1;

	for (int i = 0; i < r->source->ncolumns; i++) {
		const struct column *k = &r->source->columns[i];
		int at;

		if (!r->shown[i])
			continue;
		x += blanks(r, c, i);
		at = k->right ? x + width[i] - canvas_width(k->head) : x + k->sign;
		canvas_cut(c, y, at, x + width[i] - at, i == r->sort ? ROLE_SORTED : ROLE_HEAD, k->head);
		canvas_zone(c, y, x, width[i], ZONE_HEAD, (size_t)i, false);
		x += width[i];
	}
}

int rows_draw(struct rows *r, struct canvas *c, int top, int bottom)
{
	int width[ROWS_COLUMNS_MAX], y;
	bool head = bottom - top > 2;

	layout(r, c, width);
	if (head)
		draw_heads(r, c, top, width);
	top += head;
	r->page = MAX(1, bottom - top);
	if (r->cur < r->top)
		r->top = r->cur;
	if (r->cur >= r->top + (size_t)r->page)
		r->top = r->cur - (size_t)r->page + 1;
	if (r->top && r->n - MIN(r->top, r->n) < (size_t)r->page)
		r->top = r->n > (size_t)r->page ? r->n - (size_t)r->page : 0;
	for (y = top; y < bottom && r->top + (size_t)(y - top) < r->n; y++)
		draw_row(r, c, y, r->top + (size_t)(y - top), width);
	return y;
}
