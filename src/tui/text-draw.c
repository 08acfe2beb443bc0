/* SPDX-License-Identifier: Apache-2.0 */
/* text-draw.c - rows of text on the screen, and as they are saved. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tui/fmt.h"
#include "tui/text.h"

#define NARROW 60 /* columns, below which there is no room for times */

void text_number(uint64_t n, char ret[static 32])
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			ret[at++] = ',';
		ret[at++] = digits[i];
	}
	ret[at] = 0;
}

void text_title(struct view *v, struct buf *b)
{
	const struct textview *t = (struct textview *)v;

	buf_adds(b, t->title);
	if (*t->only)
		buf_addf(b, "   &%s  %zu of %zu lines", t->only, t->passed, t->n);
}

static void time_text(const struct textview *t, const struct text_line *l, char ret[static FMT_MAX])
{
	int64_t from = t->since ? t->since(t, l) : 0;

	if (t->times == TEXT_DATE) {
		fmt_iso_ms(l->time, ret);
	} else if (t->times == TEXT_SINCE && from && l->time >= from) {
		int64_t ms = (l->time - from) / 1000000;

		snprintf(ret, FMT_MAX, "%8lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
	} else {
		fmt_clock_ms(l->time, ret);
	}
}

/* What stands before the message. Returns its column. */
static int draw_before(const struct textview *t, struct canvas *c, int y, const struct text_line *l)
{
	bool narrow = c->cols < NARROW;
	int x = narrow && t->name ? 0 : 1;
	char at[FMT_MAX];

	if (l->time && t->times != TEXT_NO_TIME && !(narrow && t->name)) {
		time_text(t, l, at);
		x += canvas_text(c, y, x, -1, ROLE_DIM, at) + 1 + (t->name != NULL);
	}
	if (t->name) {
		enum role role = ROLE_TEXT;
		const char *name = t->name(t, l, &role);

		canvas_cut(c, y, x, t->name_width, role, name);
		x += t->name_width + 1;
	}
	if (l->time || t->name) {
		canvas_text(c, y, x, 1, ROLE_BAD, l->err ? "!" : " ");
		x += narrow && t->name ? 1 : 2;
	}
	if (l->late)
		x += canvas_text(c, y, x, -1, ROLE_WARN, "late ");
	return x;
}

/* Bytes of s for a row of room columns, cut between words if there is a good place. */
static size_t wrap_at(const char *s, size_t left, int room)
{
	size_t n = canvas_fit(s, left, room), at = n;

	if (n >= left)
		return n;
	while (at > n / 2 && s[at] != ' ')
		at--;
	return at > n / 2 && s[at] == ' ' ? at : n;
}

static int draw_wrapped(struct canvas *c, int y, int bottom, int x, const struct text_line *l)
{
	const char *p = l->text;
	size_t left = strlen(p);
	int used = 0;

	for (; left && y < bottom; y++, used++) {
		size_t n = wrap_at(p, left, c->cols - x);

		if (!n)
			break;
		canvas_textn(c, y, x, -1, l->role, p, n);
		p += n;
		left -= n;
		if (*p == ' ')
			p++, left--;
	}
	return MAX(1, used);
}

static void paint_find(const struct textview *t, struct canvas *c, int y, int x, const char *text)
{
	const char *hit = *t->find ? strcasestr(text, t->find) : NULL;

	for (; hit; hit = strcasestr(hit + 1, t->find))
		if (filter_has(hit, t->find))
			canvas_paint(c, y, x + canvas_widthn(text, (size_t)(hit - text)), canvas_width(t->find), ROLE_FIND);
}

static int draw_row(const struct textview *t, struct canvas *c, int y, int bottom, size_t row)
{
	const struct text_row *r = &t->rows[row];
	const struct text_line *l = &t->lines[r->i];
	int x = draw_before(t, c, y, l);
	bool wrap = t->wrap || (t->name && c->cols < NARROW);
	const char *p = l->text;

	if (r->more) {
		canvas_blank(c, y, 0, x, ROLE_TEXT);
		canvas_textf(c, y, x, -1, ROLE_DIM, "... %u more line%s of the same message, x expands", r->more,
			     r->more == 1 ? "" : "s");
		return 1;
	}
	if (t->mark == row + 1) {
		canvas_text(c, y, 0, 1, ROLE_KEY, ">");
		canvas_cursor(c, y, 0);
	}
	for (int skip = wrap ? 0 : t->pan; skip > 0 && *p; skip--) {
		uint32_t cp;

		p += canvas_utf8(p, strlen(p), &cp);
	}
	if (wrap && canvas_width(p) > c->cols - x)
		return draw_wrapped(c, y, bottom, x, l);
	canvas_cut(c, y, x, -1, l->role, p);
	paint_find(t, c, y, x, p);
	return 1;
}

void text_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct textview *t = (struct textview *)v;

	if (t->page != bottom - top) {
		t->page = MAX(1, bottom - top);
		if (t->follow)
			text_to_end(t);
	}
	canvas_cursor(c, top, 0);
	for (size_t i = t->top; i < t->nrows && top < bottom; i++) {
		if (t->picks)
			canvas_zone(c, top, 0, c->cols, ZONE_ROW, i, false);
		top += draw_row(t, c, top, bottom, i);
	}
}

void text_row_plain(const struct textview *t, size_t row, struct buf *b)
{
	const struct text_line *l = &t->lines[t->rows[row].i];
	enum role role = ROLE_TEXT;
	char at[FMT_MAX];

	const char *same = l->text;
	unsigned left = MAX(1u, t->rows[row].more);

	for (; left && l < t->lines + t->n; l++) {
		if (strcmp(l->text, same) != 0)
			continue; /* what no filter let through */
		left--;
		if (l->time && t->times != TEXT_NO_TIME) {
			time_text(t, l, at);
			buf_addf(b, "%s  ", at);
		}
		if (t->name)
			buf_addf(b, "%-*s ", t->name_width, t->name(t, l, &role));
		if (l->time || t->name)
			buf_addf(b, "%c ", l->err ? '!' : ' ');
		buf_addf(b, "%s%s\n", l->late ? "late " : "", l->text);
	}
}

int text_all(struct view *v, struct buf *b)
{
	const struct textview *t = (struct textview *)v;

	for (size_t i = 0; i < t->nrows; i++)
		text_row_plain(t, i, b);
	return (int)(t->mark ? t->mark - 1 : t->top);
}

int text_hints(struct view *v, struct hint *ret, int max)
{
	ret[0] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[1] = (struct hint){ ACT_WRAP, NULL, NULL };
	ret[2] = (struct hint){ ACT_BACK, NULL, NULL };
	return 3;
}
