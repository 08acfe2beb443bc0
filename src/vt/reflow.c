/* SPDX-License-Identifier: Apache-2.0 */
/* reflow.c - a new size for the main screen.
 *
 * The rows of the screen go behind those of the scrollback; when the width changes, all are wrapped anew on
 * the way. Then the last of them come back onto a new screen. Lines are numbered from the oldest that was
 * ever kept, so the cursor is found again when some were dropped. */
#include <stdlib.h>

#include "vt/vt-priv.h"

/* A position: line number and column. */
struct place {
	uint64_t line;
	int x;
	bool pending;
};

struct reflow {
	struct vt *vt;
	struct scrollback *out;
	struct vt_cell *row; /* the row being filled: cols cells */
	int cols, x;
};

static void emit_row(struct reflow *f, bool wrapped)
{
	vt_sb_push(f->vt, f->out, f->row, f->x, false, wrapped);
	memset(f->row, 0, f->cols * sizeof(*f->row));
	f->x = 0;
}

static void emit_cell(struct reflow *f, const struct vt_cell *c)
{
	f->row[f->x++] = *c;
	if (c->attr & VT_WIDE) {
		f->row[f->x] = *c;
		f->row[f->x].ch = 0;
		f->row[f->x++].attr ^= VT_WIDE | VT_TAIL;
	}
}

static struct place here(const struct reflow *f)
{
	return (struct place){ f->out->first + f->out->count, f->x, false };
}

/* Takes n cells of a row of the old width; next: the first cell of the row after, if the line goes on. */
static void take_row(struct reflow *f, const struct vt_cell *c, int used, int old_cols, const struct vt_cell *next,
		     struct place *places[], const int xs[], int nplaces)
{
	int n = used;

	while (n > 0 && cell_is_zero(&c[n - 1]))
		n--;
	if (next && !(next->attr & VT_WIDE && n == old_cols - 1))
		n = old_cols;
	for (int i = 0; i < nplaces; i++)
		n = MAX(n, xs[i]);
	for (int x = 0; x <= n; x++) {
		int w = x == n || c[x].attr & VT_TAIL ? 0 : c[x].attr & VT_WIDE ? 2 : 1;

		if (w > 0 && w <= f->cols && f->x + w > f->cols)
			emit_row(f, true);
		for (int i = 0; i < nplaces; i++)
			if (xs[i] == x)
				*places[i] = here(f);
		if (w > 0 && w <= f->cols)
			emit_cell(f, &c[x]);
	}
	if (!next)
		emit_row(f, false);
}

/* Wraps the old scrollback anew into f->out, and frees it on the way. */
static void take_scrollback(struct reflow *f, struct scrollback *old, struct vt_cell *a, struct vt_cell *b)
{
	struct vt *vt = f->vt;
	bool wrapped, next_wrapped;

	if (!old->count)
		return;
	vt_sb_read(vt, old, 0, a, vt->cols, &wrapped);
	for (;;) {
		const struct vt_cell *next = NULL;

		if (old->count > 1)
			vt_sb_read(vt, old, 1, b, vt->cols, &next_wrapped);
		if (wrapped)
			next = old->count > 1 ? b : row_at(vt, &vt->main, 0)->cells;
		take_row(f, a, vt->cols, vt->cols, next, NULL, NULL, 0);
		vt_sb_drop_first(old);
		if (!old->count)
			break;
		struct vt_cell *t = a;
		a = b;
		b = t;
		wrapped = next_wrapped;
	}
}

/* Rows of the screen that count: up to the last with content, that of the cursor, that a line runs into. */
static int rows_in_use(const struct vt *vt, int cursor)
{
	int n = vt->rows;

	while (n - 1 > cursor && !row_at(vt, &vt->main, n - 1)->used && !row_at(vt, &vt->main, n - 2)->wrapped)
		n--;
	return n;
}

struct resize {
	struct place cursor, saved, top; /* top: of the first row of the old screen */
	uint64_t end;
	bool bottom_used;
};

static void take_screen(struct reflow *f, struct resize *rs, int cx, int cy, bool pending)
{
	struct vt *vt = f->vt;
	const struct saved *sv = &vt->main.saved;
	int n = rows_in_use(vt, cy);

	rs->bottom_used = n == vt->rows;
	for (int y = 0; y < n; y++) {
		struct row *r = row_at(vt, &vt->main, y);
		struct place *places[3];
		int xs[3], np = 0;

		if (y == 0) {
			xs[np] = 0;
			places[np++] = &rs->top;
		}
		if (y == cy) {
			xs[np] = cx + pending;
			places[np++] = &rs->cursor;
		}
		if (y == sv->y) {
			xs[np] = 0; /* only its line is kept, and its column where it is still there */
			places[np++] = &rs->saved;
		}
		take_row(f, r->cells, r->used, vt->cols, r->wrapped && y + 1 < n ? row_at(vt, &vt->main, y + 1)->cells : NULL,
			 places, xs, np);
	}
	rs->end = f->out->first + f->out->count;
	if (sv->y >= n)
		rs->saved = (struct place){ rs->end + sv->y - n, 0, false };
}

/* The same width: rows are only appended. */
static void append_screen(struct vt *vt, struct resize *rs, int cx, int cy, bool pending)
{
	struct scrollback *sb = &vt->sb;
	int n = rows_in_use(vt, cy);
	uint64_t base;

	rs->bottom_used = n == vt->rows;
	for (int y = 0; y < n; y++) {
		struct row *r = row_at(vt, &vt->main, y);

		vt_sb_push(vt, sb, r->cells, r->used, !r->flags, r->wrapped);
	}
	rs->end = sb->first + sb->count;
	base = rs->end - n;
	rs->top = (struct place){ base, 0, false };
	rs->cursor = (struct place){ base + cy, cx, pending };
	rs->saved = (struct place){ base + vt->main.saved.y, 0, false };
}

/* The line that becomes the first row: as before if all fits below it; lines come back from the scrollback
 * when the old screen was filled to its last row. */
static uint64_t choose_top(const struct scrollback *sb, const struct resize *rs, int rows)
{
	uint64_t top = MAX(rs->top.line, sb->first);
	uint64_t filled = rs->end > sb->first + rows ? rs->end - rows : sb->first;

	if (rs->end > top + rows || rs->bottom_used)
		top = filled;
	return MIN(MIN(top, rs->end), MAX(rs->cursor.line, sb->first));
}

static void row_measure(struct row *r, int cols)
{
	r->used = cols;
	while (r->used > 0 && cell_is_zero(&r->cells[r->used - 1]))
		r->used--;
	r->flags = 0;
	for (int x = 0; x < r->used; x++) {
		const struct vt_cell *c = &r->cells[x];

		if (c->ch >= 0x7f || !pen_is_plain(c))
			r->flags |= ROW_STYLED;
		if (c->attr & VT_WIDE)
			r->flags |= ROW_WIDE;
	}
}

/* Moves the lines from `top` on out of the scrollback onto the (new, empty) screen. */
static void fill_screen(struct vt *vt, uint64_t top)
{
	struct scrollback *sb = &vt->sb;
	uint32_t from = top - sb->first;

	for (int y = 0; y < vt->rows && from + y < sb->count; y++) {
		struct row *r = row_at(vt, &vt->main, y);

		vt_sb_read(vt, sb, from + y, r->cells, vt->cols, &r->wrapped);
		row_measure(r, vt->cols);
	}
	row_at(vt, &vt->main, vt->rows - 1)->wrapped = false;
	vt_sb_truncate(sb, from);
}

static int relative(uint64_t line, uint64_t top, int rows)
{
	return line < top ? 0 : (int)MIN(line - top, (uint64_t)rows - 1);
}

/* A wrap is pending only behind a character: a cursor that stood among blanks does not wait. */
static void put_cursor(struct vt *vt, const struct place *p, uint64_t top, int *x, int *y, bool *pending)
{
	const struct vt_cell *c;

	*y = relative(p->line, top, vt->rows);
	*x = MIN(p->x, vt->cols - 1);
	c = &row_at(vt, &vt->main, *y)->cells[*x];
	*pending = (p->pending || p->x == vt->cols) && (c->ch || c->attr & VT_TAIL);
}

static int rewrap(struct vt *vt, struct resize *rs, int cols, int cx, int cy, bool pending)
{
	AUTO_FREE struct vt_cell *buf = calloc(2 * (size_t)vt->cols + cols, sizeof(*buf));
	struct scrollback fresh, old = vt->sb;
	struct reflow f = { .vt = vt, .cols = cols };

	if (!buf || vt_sb_init(&fresh, vt->limits.scrollback_lines, vt->limits.scrollback_bytes) < 0)
		return -ENOMEM;
	fresh.loose = true;
	fresh.first = old.first;
	fresh.epoch = old.epoch + 1;
	f.out = &fresh;
	f.row = buf + 2 * (size_t)vt->cols;
	vt->ext.root[1] = buf;
	vt->ext.nroot[1] = 2 * vt->cols + cols;
	take_scrollback(&f, &old, buf, buf + vt->cols);
	take_screen(&f, rs, cx, cy, pending);
	vt->ext.nroot[1] = 0;
	vt_sb_finish(&old);
	vt->sb = fresh;
	return 0;
}

int vt_resize_main(struct vt *vt, int rows, int cols, const struct screen *alt)
{
	struct screen s = vt->main, old = vt->main;
	struct saved *sv = &vt->main.saved;
	bool shown = vt->s == &vt->main, pending = shown ? vt->pending : sv->pending, unused;
	int cx = shown ? vt->x : sv->x, cy = shown ? vt->y : sv->y;
	struct resize rs = { 0 };
	uint64_t top;

	if (vt_screen_alloc(&s, rows, cols) < 0)
		return -ENOMEM;
	if (cols == vt->cols) {
		vt->sb.loose = true;
		append_screen(vt, &rs, cx, cy, pending);
	} else if (rewrap(vt, &rs, cols, cx, cy, pending) < 0) {
		vt_screen_finish(&s);
		return -ENOMEM;
	}
	vt->main = s;
	vt_screen_finish(&vt->alt);
	vt->alt = *alt;
	vt->rows = rows;
	vt->cols = cols;
	vt_screen_finish(&old);
	vt->sb.loose = false;
	top = choose_top(&vt->sb, &rs, rows);
	fill_screen(vt, top);
	vt_sb_trim(&vt->sb);
	if (shown)
		put_cursor(vt, &rs.cursor, top, &vt->x, &vt->y, &vt->pending);
	sv = &vt->main.saved;
	if (!shown)
		put_cursor(vt, &rs.cursor, top, &sv->x, &sv->y, &sv->pending);
	else
		put_cursor(vt, &rs.saved, top, &(int){ 0 }, &sv->y, &unused);
	sv->x = MIN(sv->x, cols - 1);
	sv->pending = sv->pending && sv->x == cols - 1;
	vt->main.all_gen = vt->gen;
	return 0;
}
