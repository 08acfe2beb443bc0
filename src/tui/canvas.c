/* SPDX-License-Identifier: Apache-2.0 */
/* canvas.c - text into cells. */
#include "tui/canvas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define BROKEN 0x80000000u
#define SAFE_MAX 16 /* columns of the longest way to show something unsafe */

int canvas_resize(struct canvas *c, int rows, int cols)
{
	struct canvas_cell *cells = calloc((size_t)MAX(rows * cols, 1), sizeof(*cells));

	if (!cells)
		return -ENOMEM;
	free(c->cells);
	*c = (struct canvas){ .rows = rows, .cols = cols, .cells = cells, .cursor_visible = true };
	return 0;
}

void canvas_finish(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){ 0 };
}

void canvas_clear(struct canvas *c)
{
	memset(c->cells, 0, (size_t)c->rows * (size_t)c->cols * sizeof(*c->cells));
	c->cursor_visible = true;
	c->nzones = 0;
}

void canvas_cursor(struct canvas *c, int y, int x)
{
	c->cursor_row = MAX(0, MIN(y, c->rows - 1));
	c->cursor_col = MAX(0, MIN(x, c->cols - 1));
}

size_t canvas_utf8(const char *s, size_t n, uint32_t *ret)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t cp = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	*ret = BROKEN | p[0];
	if ((p[0] >= 0x80 && p[0] < 0xc2) || p[0] >= 0xf5 || len > n)
		return 1;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
		return 1;
	*ret = cp;
	return len;
}

int canvas_utf8_put(uint32_t cp, char ret[static 4])
{
	if (cp < 0x80) {
		ret[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		ret[0] = (char)(0xc0 | cp >> 6);
		ret[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		ret[0] = (char)(0xe0 | cp >> 12);
		ret[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | (cp >> 18 & 7));
	ret[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

static bool is_bidi(uint32_t cp)
{
	return cp == 0x061c || cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

/* How an unsafe code point is shown; false if it is safe as it is. */
static bool unsafe(uint32_t cp, char ret[static SAFE_MAX])
{
	if (cp & BROKEN || (cp >= 0x80 && cp < 0xa0))
		snprintf(ret, SAFE_MAX, "<%02x>", cp & 0xff);
	else if (cp < 0x20 || cp == 0x7f)
		snprintf(ret, SAFE_MAX, "^%c", cp ^ 0x40);
	else if (is_bidi(cp))
		snprintf(ret, SAFE_MAX, "<U+%04X>", cp);
	else
		return false;
	return true;
}

/* The cell, after the other half of a wide character it cuts was blanked; NULL outside. */
static struct canvas_cell *take(struct canvas *c, int y, int x)
{
	struct canvas_cell *cell;

	if (y < 0 || y >= c->rows || x < 0 || x >= c->cols)
		return NULL;
	cell = &c->cells[y * c->cols + x];
	if (cell->tail && x > 0)
		cell[-1].ch = ' ';
	if (x + 1 < c->cols && cell[1].tail) {
		cell[1].tail = false;
		cell[1].ch = ' ';
	}
	return cell;
}

static void put(struct canvas *c, int y, int x, uint32_t cp, int width, enum role role)
{
	struct canvas_cell *cell = take(c, y, x);

	if (!cell || (width == 2 && x + 1 >= c->cols))
		return;
	*cell = (struct canvas_cell){ .ch = cp, .role = (uint8_t)role };
	if (width == 2) {
		cell = take(c, y, x + 1);
		*cell = (struct canvas_cell){ .role = (uint8_t)role, .tail = true };
	}
}

static void put_mark(struct canvas *c, int y, int x, uint32_t cp)
{
	struct canvas_cell *cell;

	/* Joiners and variation selectors are dropped: terminals do not agree on what they do. */
	if (y < 0 || y >= c->rows || x < 0 || x >= c->cols || cp == 0x200d || (cp >= 0xfe00 && cp <= 0xfe0f))
		return;
	cell = &c->cells[y * c->cols + x];
	if (cell->tail && x > 0)
		cell--;
	for (int i = 0; i < CANVAS_MARKS; i++)
		if (!cell->mark[i]) {
			cell->mark[i] = cp;
			return;
		}
}

int canvas_textn(struct canvas *c, int y, int x, int max, enum role role, const char *s, size_t n)
{
	int room = c->cols - x, at = 0;

	if (max >= 0 && max < room)
		room = max;
	for (size_t used; n > 0; s += used, n -= used) {
		char safe[SAFE_MAX];
		uint32_t cp;
		int width;

		used = canvas_utf8(s, n, &cp);
		if (unsafe(cp, safe)) {
			for (const char *q = safe; *q && at < room; q++)
				put(c, y, x + at++, (uint8_t)*q, 1, role);
			if (at >= room)
				break;
			continue;
		}
		width = vt_width(cp);
		if (width == 0) {
			if (at > 0)
				put_mark(c, y, x + at - 1, cp);
			continue;
		}
		if (at + width > room)
			break;
		put(c, y, x + at, cp, width, role);
		at += width;
	}
	return at;
}

/* What of a text goes into a line: up to its end, or to the last blank that fits. */
static size_t line_bytes(const char *p, int width)
{
	size_t n = strcspn(p, "\n"), fit = canvas_fit(p, n, width), cut = fit;

	while (fit < n && cut > 0 && p[cut] != ' ')
		cut--;
	return cut ? cut : fit;
}

int canvas_wrapped(struct canvas *c, int y, int x, int bottom, enum role role, const char *s)
{
	for (; *s && y < bottom && c->cols > 2 * x; y++) {
		size_t n = line_bytes(s, c->cols - 2 * x);

		canvas_textn(c, y, x, -1, role, s, n);
		s += n;
		s += *s == '\n' || *s == ' ';
	}
	return y;
}

int canvas_wrapped_rows(int cols, const char *s)
{
	int rows = 0;

	for (; *s && cols > 0; rows++) {
		s += line_bytes(s, cols);
		s += *s == '\n' || *s == ' ';
	}
	return rows;
}

int canvas_text(struct canvas *c, int y, int x, int max, enum role role, const char *s)
{
	return canvas_textn(c, y, x, max, role, s, strlen(s));
}

int canvas_textf(struct canvas *c, int y, int x, int max, enum role role, const char *fmt, ...)
{
	AUTO_BUF struct buf b = { 0 };
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = buf_vaddf(&b, fmt, ap);
	va_end(ap);
	return rc < 0 || !b.p ? 0 : canvas_textn(c, y, x, max, role, (const char *)b.p, b.len);
}

int canvas_cut(struct canvas *c, int y, int x, int max, enum role role, const char *s)
{
	int room = MIN(max < 0 ? c->cols : max, c->cols - x), w = canvas_width(s), at;

	if (room <= 0)
		return 0;
	if (w <= room)
		return canvas_text(c, y, x, room, role, s);
	at = canvas_text(c, y, x, room - 1, role, s);
	while (at < room - 1)
		put(c, y, x + at++, ' ', 1, role);
	put(c, y, x + at, '>', 1, role);
	return at + 1;
}

int canvas_right(struct canvas *c, int y, int end, enum role role, const char *s)
{
	int x = MAX(0, end - canvas_width(s));

	canvas_text(c, y, x, end - x, role, s);
	return x;
}

void canvas_blank(struct canvas *c, int y, int x, int n, enum role role)
{
	for (int i = 0; i < n && x + i < c->cols; i++)
		put(c, y, x + i, 0, 1, role);
	canvas_zones_drop(c, y, x, n);
}

void canvas_paint(struct canvas *c, int y, int x, int n, enum role role)
{
	for (int i = MAX(0, x); y >= 0 && y < c->rows && i < x + n && i < c->cols; i++)
		c->cells[y * c->cols + i].role = (uint8_t)role;
}

void canvas_guest(struct canvas *c, int y, int x, const struct vt_cell *cell, const uint32_t *marks, int nmarks)
{
	bool wide = cell->attr & VT_WIDE;
	uint32_t ch = cell->ch < 0x20 || (cell->ch >= 0x7f && cell->ch < 0xa0) || is_bidi(cell->ch) ? 0 : cell->ch;

	if (cell->attr & VT_TAIL)
		return; /* drawn with its left half, if that is on the canvas */
	if (wide && x + 1 >= c->cols)
		ch = ' ', wide = false;
	put(c, y, x, ch, wide ? 2 : 1, ROLE_GUEST);
	for (int i = 0; i <= wide && y >= 0 && y < c->rows && x >= 0 && x + i < c->cols; i++) {
		struct canvas_cell *to = &c->cells[y * c->cols + x + i];

		to->fg = cell->fg;
		to->bg = cell->bg;
		to->attr = cell->attr & (uint16_t)~(VT_WIDE | VT_TAIL);
	}
	for (int i = 0; i < nmarks; i++)
		put_mark(c, y, x, marks[i]);
}

/* Columns of s[0..n); stops before max is passed if max >= 0, and tells in *ret_used how far it came. */
static int measure(const char *s, size_t n, int max, size_t *ret_used)
{
	int at = 0;
	size_t i = 0;

	for (size_t used; i < n; i += used) {
		char safe[SAFE_MAX];
		uint32_t cp;
		int width;

		used = canvas_utf8(s + i, n - i, &cp);
		width = unsafe(cp, safe) ? (int)strlen(safe) : vt_width(cp);
		if (max >= 0 && at + width > max)
			break;
		at += width;
	}
	if (ret_used)
		*ret_used = i;
	return at;
}

int canvas_widthn(const char *s, size_t n)
{
	return measure(s, n, -1, NULL);
}

int canvas_width(const char *s)
{
	return measure(s, strlen(s), -1, NULL);
}

size_t canvas_fit(const char *s, size_t n, int max)
{
	size_t used;

	measure(s, n, MAX(max, 0), &used);
	return used;
}

int canvas_row_text(const struct canvas *c, int y, struct buf *ret)
{
	size_t end = ret->len;
	int rc = 0;

	for (int x = 0; x < c->cols && rc == 0; x++) {
		const struct canvas_cell *cell = &c->cells[y * c->cols + x];
		char text[4];

		if (cell->tail)
			continue;
		rc = buf_add(ret, text, (size_t)canvas_utf8_put(cell->ch ? cell->ch : ' ', text));
		for (int i = 0; i < CANVAS_MARKS && cell->mark[i] && rc == 0; i++)
			rc = buf_add(ret, text, (size_t)canvas_utf8_put(cell->mark[i], text));
		if (cell->ch && cell->ch != ' ')
			end = ret->len;
	}
	if (rc == 0 && ret->p) {
		ret->len = end;
		ret->p[end] = 0;
	}
	return rc;
}
