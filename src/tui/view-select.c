/* SPDX-License-Identifier: Apache-2.0 */
/* view-select.c - a still text with a cursor of its own: scrolled, searched, selected, copied. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filter.h"
#include "tui/clip.h"
#include "tui/save.h"
#include "tui/views.h"

enum anchor { ANCHOR_NONE, ANCHOR_TEXT, ANCHOR_LINES, ANCHOR_BLOCK };

struct selview {
	struct view v;
	struct buf text;
	char **line; /* into text */
	int n, top, page, pan;
	int row, col;        /* of the cursor; columns */
	enum anchor anchor;
	int arow, acol;      /* where the selection began */
	char name[100], find[128];
};

static int split(struct selview *s)
{
	char *p = (char *)s->text.p, *end = p + s->text.len - 1; /* without the NUL */
	int n = 1;

	for (char *q = p; q < end; q++)
		n += *q == '\n';
	s->line = calloc((size_t)n, sizeof(*s->line));
	if (!s->line)
		return -ENOMEM;
	while (p < end) {
		char *nl = memchr(p, '\n', (size_t)(end - p));

		s->line[s->n++] = p;
		if (!nl)
			break;
		*nl = 0;
		p = nl + 1;
	}
	return 0;
}

static int width(const struct selview *s, int row)
{
	return row < s->n ? canvas_width(s->line[row]) : 0;
}

/* Bytes of a row before that column. */
static size_t bytes_at(const struct selview *s, int row, int col)
{
	return canvas_fit(s->line[row], strlen(s->line[row]), col);
}

static int select_open(struct view *v, const void *arg)
{
	const struct select_arg *a = arg;
	struct selview *s = (struct selview *)v;

	if (buf_add(&s->text, a->text, a->len) < 0 || buf_addc(&s->text, 0) < 0 || split(s) < 0) {
		buf_finish(&s->text);
		app_error(v->app, "out of memory: nothing can be selected");
		return -ENOMEM;
	}
	snprintf(s->name, sizeof(s->name), "%s", a->name);
	s->page = MAX(1, app_rows(v->app) - 3);
	s->row = a->row < 0 ? MAX(0, s->n - 1) : MIN(a->row, MAX(0, s->n - 1));
	s->col = a->col;
	s->top = MAX(0, a->row < 0 ? s->n - s->page : s->row - s->page / 2);
	if (a->row >= 0 && s->n <= s->page)
		s->top = 0;
	s->anchor = a->begin ? ANCHOR_TEXT : ANCHOR_NONE;
	s->arow = s->row;
	s->acol = s->col;
	if (a->find)
		app_prompt(v->app, '/', "");
	return 0;
}

static void select_close(struct view *v)
{
	free(((struct selview *)v)->line);
	buf_finish(&((struct selview *)v)->text);
}

static void select_title(struct view *v, struct buf *b)
{
	const struct selview *s = (struct selview *)v;
	static const char *const words[] = { "", "  selecting", "  selecting lines", "  selecting a block" };

	buf_addf(b, "Text of %s   line %d of %d%s", s->name, s->row + 1, s->n, words[s->anchor]);
	if (*s->find)
		buf_addf(b, "   /%s", s->find);
}

/* --- the selection */

/* Columns of the row that are selected: [*from, *to). */
static bool selected(const struct selview *s, int row, int *from, int *to)
{
	int r1 = MIN(s->arow, s->row), r2 = MAX(s->arow, s->row);
	bool down = s->arow < s->row || (s->arow == s->row && s->acol <= s->col);
	int c1 = down ? s->acol : s->col, c2 = down ? s->col : s->acol;

	if (s->anchor == ANCHOR_NONE || row < r1 || row > r2)
		return false;
	*from = 0;
	*to = MAX(1, width(s, row));
	if (s->anchor == ANCHOR_BLOCK) {
		*from = MIN(s->acol, s->col);
		*to = MAX(s->acol, s->col) + 1;
	} else if (s->anchor == ANCHOR_TEXT) {
		*from = row == r1 ? c1 : 0;
		*to = row == r2 ? c2 + 1 : *to;
	}
	return true;
}

static void collect(const struct selview *s, struct buf *b)
{
	int r1 = s->anchor ? MIN(s->arow, s->row) : s->row, r2 = s->anchor ? MAX(s->arow, s->row) : s->row;

	for (int row = r1; row <= r2 && row < s->n; row++) {
		int from = 0, to = width(s, row);
		size_t begin, end;

		if (s->anchor)
			selected(s, row, &from, &to);
		begin = bytes_at(s, row, from);
		end = MAX(begin, bytes_at(s, row, to));
		while (end > begin && s->line[row][end - 1] == ' ')
			end--;
		if (row > r1)
			buf_addc(b, '\n');
		buf_add(b, s->line[row] + begin, end - begin);
	}
	if (s->anchor == ANCHOR_LINES)
		buf_addc(b, '\n');
}

/* --- drawing */

static void select_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct selview *s = (struct selview *)v;

	s->page = MAX(1, bottom - top);
	if (s->row < s->top)
		s->top = s->row;
	if (s->row >= s->top + s->page)
		s->top = s->row - s->page + 1;
	if (s->col < s->pan)
		s->pan = s->col;
	if (s->col >= s->pan + c->cols)
		s->pan = s->col - c->cols + 1;
	for (int y = 0; y < s->page && s->top + y < s->n; y++) {
		int row = s->top + y, from, to;
		const char *text = s->line[row], *hit;

		canvas_text(c, top + y, 0, -1, ROLE_TEXT, text + bytes_at(s, row, s->pan));
		for (hit = *s->find ? strcasestr(text, s->find) : NULL; hit; hit = strcasestr(hit + 1, s->find))
			canvas_paint(c, top + y, canvas_widthn(text, (size_t)(hit - text)) - s->pan, canvas_width(s->find),
				     ROLE_FIND);
		if (selected(s, row, &from, &to))
			canvas_paint(c, top + y, MAX(0, from - s->pan), to - MAX(from, s->pan), ROLE_CURSOR);
	}
	canvas_cursor(c, top + s->row - s->top, s->col - s->pan);
}

static int select_hints(struct view *v, struct hint *ret, int max)
{
	static const struct hint hints[] = {
		{ ACT_ANCHOR, "select", "v" }, { ACT_ANCHOR_LINE, "lines", NULL }, { ACT_ANCHOR_BLOCK, "block", NULL },
		{ ACT_COPY, NULL, NULL },      { ACT_FIND, NULL, NULL },	  { ACT_SAVE, NULL, NULL },
		{ ACT_BACK, "leave", NULL },
	};

	memcpy(ret, hints, sizeof(hints));
	return ARRAY_LEN(hints);
}

/* --- moving */

static bool is_blank(const struct selview *s, int col)
{
	size_t at = bytes_at(s, s->row, col);
	char ch = s->line[s->row][at];

	return ch == ' ' || ch == '\t' || !ch;
}

static void word(struct selview *s, int step)
{
	int w = width(s, s->row);

	if (step > 0 && s->col + 1 >= w && s->row + 1 < s->n) {
		s->row++;
		s->col = 0;
		return;
	}
	if (step < 0 && s->col == 0 && s->row > 0) {
		s->row--;
		s->col = MAX(0, width(s, s->row) - 1);
		return;
	}
	if (step > 0) {
		while (s->col + 1 < w && !is_blank(s, s->col))
			s->col++;
		while (s->col + 1 < w && is_blank(s, s->col))
			s->col++;
	} else {
		for (s->col--; s->col > 0 && is_blank(s, s->col);)
			s->col--;
		while (s->col > 0 && !is_blank(s, s->col - 1))
			s->col--;
	}
}

/* The row of the table has them in this order. */
enum { LEFT, DOWN, UP, RIGHT, LEFT2, DOWN2, UP2, RIGHT2, WORD, BACK, BEGIN, END, TOP, BOTTOM, HOME, LAST, PG_UP, PG_DN };

static void move(struct selview *s, int how)
{
	switch (how) {
	case LEFT:
	case LEFT2:
		s->col--;
		break;
	case RIGHT:
	case RIGHT2:
		s->col++;
		break;
	case DOWN:
	case DOWN2:
		s->row++;
		break;
	case UP:
	case UP2:
		s->row--;
		break;
	case WORD:
	case BACK:
		word(s, how == WORD ? 1 : -1);
		break;
	case BEGIN:
	case HOME:
		s->col = 0;
		break;
	case END:
	case LAST:
		s->col = MAX(0, width(s, s->row) - 1);
		break;
	case TOP:
	case BOTTOM:
		s->row = how == TOP ? 0 : s->n - 1;
		break;
	default:
		s->row += how == PG_DN ? s->page : -s->page;
		break;
	}
	s->row = MAX(0, MIN(s->row, s->n - 1));
	s->col = MAX(0, MIN(s->col, MAX(width(s, s->row) - 1, s->anchor == ANCHOR_BLOCK ? s->col : 0)));
}

static void step_find(struct selview *s, int step)
{
	for (int k = 1; *s->find && k <= s->n; k++) {
		int row = (s->row + step * k % s->n + s->n) % s->n;
		const char *hit = filter_has(s->line[row], s->find) ? strcasestr(s->line[row], s->find) : NULL;

		if (!hit)
			continue;
		s->row = row;
		s->col = canvas_widthn(s->line[row], (size_t)(hit - s->line[row]));
		return;
	}
	if (*s->find)
		app_info(s->v.app, "no line has '%s'", s->find);
}

static void set_anchor(struct selview *s, enum anchor a)
{
	if (s->anchor == a) {
		s->anchor = ANCHOR_NONE;
		return;
	}
	if (s->anchor == ANCHOR_NONE) {
		s->arow = s->row;
		s->acol = s->col;
	}
	s->anchor = a;
}

static void copy(struct selview *s)
{
	struct app *app = s->v.app;
	AUTO_BUF struct buf b = { 0 };

	collect(s, &b);
	app_drop(app, &s->v);
	clip_copy(app, (const char *)b.p, b.len);
}

static bool select_act(struct view *v, enum act act, int index)
{
	struct selview *s = (struct selview *)v;

	switch (act) {
	case ACT_MOVE:
		move(s, index);
		break;
	case ACT_ANCHOR:
	case ACT_ANCHOR_LINE:
	case ACT_ANCHOR_BLOCK:
		set_anchor(s, act == ACT_ANCHOR ? ANCHOR_TEXT : act == ACT_ANCHOR_LINE ? ANCHOR_LINES : ANCHOR_BLOCK);
		break;
	case ACT_FIND_NEXT:
	case ACT_FIND_PREV:
		step_find(s, act == ACT_FIND_NEXT ? 1 : -1);
		break;
	case ACT_COPY:
		copy(s);
		break;
	case ACT_SAVE:
		app_prompt(v->app, '>', "selection.txt");
		break;
	default:
		return false;
	}
	return true;
}

static void select_find(struct view *v, const char *text, bool done)
{
	struct selview *s = (struct selview *)v;
	struct buf b = { 0 };

	if (v->app->prompt.lead == '>') {
		if (done && *text) {
			collect(s, &b);
			save_buf(v->app, &b, text);
		}
		return;
	}
	snprintf(s->find, sizeof(s->find), "%s", text);
	if (done && *text)
		step_find(s, -1); /* the newest is looked at first */
}

const struct view_class view_select = {
	.name = "select", .ctx = CTX_S, .size = sizeof(struct selview), .open = select_open, .close = select_close,
	.title = select_title, .draw = select_draw, .hints = select_hints, .act = select_act, .find = select_find,
};
