/* SPDX-License-Identifier: Apache-2.0 */
#include "vt/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

static bool same_cell(struct vt *a, const struct vt_cell *ca, struct vt *b, const struct vt_cell *cb)
{
	char ta[VT_CELL_TEXT_MAX], tb[VT_CELL_TEXT_MAX];
	const char *la, *lb, *ia, *ib;

	vt_cell_text(a, ca, ta);
	vt_cell_text(b, cb, tb);
	la = vt_cell_link(a, ca, &ia);
	lb = vt_cell_link(b, cb, &ib);
	return ca->ch == cb->ch && ca->fg == cb->fg && ca->bg == cb->bg && ca->attr == cb->attr && !strcmp(ta, tb) &&
	       vt_cell_underline_color(a, ca) == vt_cell_underline_color(b, cb) && !la == !lb &&
	       (!la || (!strcmp(la, lb) && !strcmp(ia, ib)));
}

static void say_cell(const char *who, struct vt *vt, const struct vt_cell *c)
{
	char text[VT_CELL_TEXT_MAX];
	const char *link = vt_cell_link(vt, c, NULL);

	vt_cell_text(vt, c, text);
	fprintf(stderr, "  %s: '%s' ch %x fg %x bg %x attr %x ul %x link %s\n", who, text, c->ch, c->fg, c->bg, c->attr,
		vt_cell_underline_color(vt, c), link ? link : "-");
}

static bool same_line(struct vt *a, const struct vt_cell *ca, struct vt *b, const struct vt_cell *cb, int n,
		      const char *what, int y)
{
	for (int x = 0; x < n; x++)
		if (!same_cell(a, &ca[x], b, &cb[x])) {
			fprintf(stderr, "%s %d, column %d differs\n", what, y, x);
			say_cell("a", a, &ca[x]);
			say_cell("b", b, &cb[x]);
			return false;
		}
	return true;
}

static bool same_screen(struct vt *a, struct vt *b)
{
	if (vt_rows(a) != vt_rows(b) || vt_cols(a) != vt_cols(b)) {
		fprintf(stderr, "sizes differ\n");
		return false;
	}
	for (int y = 0; y < vt_rows(a); y++) {
		struct vt_row ra = vt_row(a, y), rb = vt_row(b, y);

		if (!same_line(a, ra.cells, b, rb.cells, vt_cols(a), "row", y))
			return false;
		if (ra.wrapped != rb.wrapped) {
			fprintf(stderr, "row %d: wrapped %d and %d\n", y, ra.wrapped, rb.wrapped);
			return false;
		}
	}
	return true;
}

static bool same_scrollback(struct vt *a, struct vt *b, int lines)
{
	int na = vt_scrollback(a), nb = vt_scrollback(b), cols = vt_cols(a);
	AUTO_FREE struct vt_cell *ca = calloc(cols, sizeof(*ca)), *cb = calloc(cols, sizeof(*cb));

	if (lines < 0 && na != nb) {
		fprintf(stderr, "scrollback: %d and %d lines\n", na, nb);
		return false;
	}
	lines = lines < 0 ? na : MIN(lines, MIN(na, nb));
	for (int i = 1; i <= lines; i++) {
		bool wa, wb;
		int la = vt_scrollback_line(a, na - i, ca, cols, &wa);
		int lb = vt_scrollback_line(b, nb - i, cb, cols, &wb);

		if (la != lb || wa != wb) {
			fprintf(stderr, "scrollback line -%d: %d cells%s and %d%s\n", i, la, wa ? " wrapped" : "", lb,
				wb ? " wrapped" : "");
			return false;
		}
		if (!same_line(a, ca, b, cb, la, "scrollback line -", i))
			return false;
	}
	return true;
}

bool vt_same_modes(struct vt *a, struct vt *b)
{
	struct vt_modes ma = vt_modes(a), mb = vt_modes(b);

	if (ma.alt != mb.alt || ma.app_cursor != mb.app_cursor || ma.app_keypad != mb.app_keypad ||
	    ma.autowrap != mb.autowrap || ma.reverse_wrap != mb.reverse_wrap || ma.origin != mb.origin ||
	    ma.insert != mb.insert || ma.newline != mb.newline || ma.reverse_video != mb.reverse_video ||
	    ma.backspace_bs != mb.backspace_bs || ma.bracketed_paste != mb.bracketed_paste || ma.focus != mb.focus ||
	    ma.alt_scroll != mb.alt_scroll || ma.sync != mb.sync || ma.modify_other_keys != mb.modify_other_keys ||
	    ma.kitty_flags != mb.kitty_flags || ma.mouse != mb.mouse || ma.coding != mb.coding || ma.top != mb.top ||
	    ma.bottom != mb.bottom) {
		fprintf(stderr, "modes differ\n");
		return false;
	}
	return true;
}

bool vt_same(struct vt *a, struct vt *b, int lines)
{
	struct vt_cursor ca = vt_cursor(a), cb = vt_cursor(b);
	struct vt_cell pa = vt_pen(a), pb = vt_pen(b);

	if (!same_screen(a, b) || !same_scrollback(a, b, lines))
		return false;
	if (ca.row != cb.row || ca.col != cb.col || ca.visible != cb.visible || ca.pending != cb.pending ||
	    ca.blink != cb.blink || ca.style != cb.style) {
		fprintf(stderr, "cursor: %d,%d pending %d style %d blink %d and %d,%d %d %d %d\n", ca.row, ca.col, ca.pending,
			ca.style, ca.blink, cb.row, cb.col, cb.pending, cb.style, cb.blink);
		return false;
	}
	if (!vt_same_modes(a, b))
		return false;
	if (!same_cell(a, &pa, b, &pb)) {
		fprintf(stderr, "pens differ\n");
		say_cell("a", a, &pa);
		say_cell("b", b, &pb);
		return false;
	}
	if (strcmp(vt_title(a), vt_title(b)) || strcmp(vt_cwd(a), vt_cwd(b))) {
		fprintf(stderr, "titles differ: '%s' and '%s'\n", vt_title(a), vt_title(b));
		return false;
	}
	for (int i = 0; i < 256; i++)
		if (vt_color_rgb(a, VT_COLOR_INDEX | i, false) != vt_color_rgb(b, VT_COLOR_INDEX | i, false)) {
			fprintf(stderr, "colour %d differs\n", i);
			return false;
		}
	return vt_color_rgb(a, 0, true) == vt_color_rgb(b, 0, true) && vt_color_rgb(a, 0, false) == vt_color_rgb(b, 0, false);
}

static bool unsound(int y, int x, const char *why)
{
	fprintf(stderr, "row %d, column %d: %s\n", y, x, why);
	return false;
}

bool vt_sound(struct vt *vt)
{
	struct vt_cursor c = vt_cursor(vt);
	struct vt_modes m = vt_modes(vt);
	int cols = vt_cols(vt);

	if (c.row < 0 || c.row >= vt_rows(vt) || c.col < 0 || c.col >= cols || (c.pending && (c.col != cols - 1 || !m.autowrap)))
		return unsound(c.row, c.col, "cursor");
	if (c.pending && !vt_row(vt, c.row).cells[c.col].ch && !(vt_row(vt, c.row).cells[c.col].attr & VT_TAIL))
		return unsound(c.row, c.col, "a wrap is pending behind a blank");
	if (m.top < 0 || m.bottom >= vt_rows(vt) || m.top > m.bottom)
		return unsound(m.top, m.bottom, "margins");
	for (int y = 0; y < vt_rows(vt); y++) {
		struct vt_row r = vt_row(vt, y);

		if (r.wrapped && y == vt_rows(vt) - 1)
			return unsound(y, 0, "the last row is wrapped");
		if (r.used < 0 || r.used > cols)
			return unsound(y, r.used, "used");
		for (int x = 0; x < cols; x++) {
			const struct vt_cell *k = &r.cells[x];
			bool tail = k->attr & VT_TAIL, wide = x > 0 && r.cells[x - 1].attr & VT_WIDE;

			if (tail != wide)
				return unsound(y, x, "half of a wide character");
			if (k->attr & VT_WIDE && (x == cols - 1 || !k->ch))
				return unsound(y, x, "wide character without room");
			if (!k->ch && !tail && (k->fg || k->attr || k->ext))
				return unsound(y, x, "a blank with attributes");
			if (x >= r.used && (k->ch | k->fg | k->bg | k->attr | k->ext))
				return unsound(y, x, "something beyond used");
			if (k->ch && (k->ch < 0x20 || k->ch > 0x10ffff || (k->ch >= 0x7f && k->ch < 0xa0)))
				return unsound(y, x, "a control in a cell");
		}
	}
	return true;
}
