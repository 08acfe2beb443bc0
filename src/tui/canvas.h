/* SPDX-License-Identifier: Apache-2.0 */
/* canvas.h - cells that views draw on: text with roles, clipped and made safe.
 *
 * Rows and columns count from 0. Whatever text is given, no control character, no bidi control and no
 * half of a wide character ever is in a cell: C0 and DEL are drawn as ^X, C1 and broken UTF-8 as <9b>,
 * bidi controls as <U+202E>. A test reads a canvas back as text; term.c puts it on a terminal. */
#ifndef BERTH_TUI_CANVAS_H
#define BERTH_TUI_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "tui/theme.h"
#include "vt/vt.h"

#define CANVAS_MARKS 2 /* combining marks kept on a cell */

struct canvas_cell {
	uint32_t ch; /* 0: blank */
	uint32_t mark[CANVAS_MARKS];
	uint32_t fg, bg; /* ROLE_GUEST: colours as in struct vt_cell */
	uint16_t attr;   /* ROLE_GUEST: VT_BOLD…; else added to the role's */
	uint8_t role;
	bool tail; /* the right half of a wide character */
};

#define CANVAS_ZONES 400

/* Where a click means something. */
enum zone_kind { ZONE_ROW /* of a list */, ZONE_HEAD /* of a column */, ZONE_KEY /* is pressed */ };
struct canvas_zone {
	int y, x, width;
	enum zone_kind kind;
	size_t value; /* what it is to the view: a row, a column */
	bool here;    /* a row that has the cursor */
	char key[12];
};

/* Zeroed memory is a canvas of 0 by 0. */
struct canvas {
	int rows, cols;
	struct canvas_cell *cells;
	int cursor_row, cursor_col;
	bool cursor_visible;
	struct canvas_zone zones[CANVAS_ZONES]; /* the later ones lie above */
	int nzones;
};

/* 0 or -ENOMEM; the new canvas is blank. */
int canvas_resize(struct canvas *c, int rows, int cols);
void canvas_finish(struct canvas *c);
void canvas_clear(struct canvas *c);
void canvas_cursor(struct canvas *c, int y, int x);

/* A text in lines from row y on, none at bottom or below it, broken at blanks. Returns the row behind the last one. */
int canvas_wrapped(struct canvas *c, int y, int x, int bottom, enum role role, const char *s);
/* How many rows that takes in so many columns. */
int canvas_wrapped_rows(int cols, const char *s);
/* Draws UTF-8 from column x, at most max columns (-1: to the edge). Returns the columns it took. */
int canvas_text(struct canvas *c, int y, int x, int max, enum role role, const char *s);
int canvas_textn(struct canvas *c, int y, int x, int max, enum role role, const char *s, size_t n);
int canvas_textf(struct canvas *c, int y, int x, int max, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* The same, but text that is too long ends with '>'. */
int canvas_cut(struct canvas *c, int y, int x, int max, enum role role, const char *s);
/* So that the text ends before column end. Returns the column where it begins. */
int canvas_right(struct canvas *c, int y, int end, enum role role, const char *s);
void canvas_blank(struct canvas *c, int y, int x, int n, enum role role);
/* Gives n cells another role. */
void canvas_paint(struct canvas *c, int y, int x, int n, enum role role);
/* A cell of a guest's screen. */
void canvas_guest(struct canvas *c, int y, int x, const struct vt_cell *cell, const uint32_t *marks, int nmarks);

/* canvas-zone.c; what is too much is not there. */
void canvas_zone(struct canvas *c, int y, int x, int width, enum zone_kind kind, size_t value, bool here);
void canvas_zone_key(struct canvas *c, int y, int x, int width, const char *key);
/* What is drawn over has none of its own left. */
void canvas_zones_drop(struct canvas *c, int y, int x, int width);
/* NULL: nothing is there. */
const struct canvas_zone *canvas_zone_at(const struct canvas *c, int y, int x);

/* Columns that canvas_text would take. */
int canvas_width(const char *s);
int canvas_widthn(const char *s, size_t n);
/* Bytes of s that fit into max columns. */
size_t canvas_fit(const char *s, size_t n, int max);
/* Appends row y as UTF-8 without trailing blanks. */
int canvas_row_text(const struct canvas *c, int y, struct buf *ret);

/* One code point of s[0..n), n > 0: returns its bytes (≥ 1); *ret is it, or 0x80000000 | byte for a
 * byte that is no UTF-8. */
size_t canvas_utf8(const char *s, size_t n, uint32_t *ret);
/* Code point to UTF-8; returns bytes. */
int canvas_utf8_put(uint32_t cp, char ret[static 4]);

#endif
