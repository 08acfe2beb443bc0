/* SPDX-License-Identifier: Apache-2.0 */
/* screen.c - rows of cells: clearing, scrolling, moving. A row moves by its pointer; the whole screen by
 * turning the ring of rows. */
#include <stdlib.h>

#include "vt/vt-priv.h"

int vt_screen_alloc(struct screen *s, int rows, int cols)
{
	s->ring = calloc(rows, sizeof(*s->ring));
	s->mem = calloc((size_t)rows * cols, sizeof(*s->mem));
	s->top = 0;
	if (!s->ring || !s->mem) {
		vt_screen_finish(s);
		return -ENOMEM;
	}
	for (int y = 0; y < rows; y++)
		s->ring[y].cells = s->mem + (size_t)y * cols;
	return 0;
}

void vt_screen_finish(struct screen *s)
{
	free(s->ring);
	free(s->mem);
	s->ring = NULL;
	s->mem = NULL;
}

static void row_clear(struct row *r)
{
	memset(r->cells, 0, r->used * sizeof(*r->cells));
	r->used = 0;
	r->flags = 0;
	r->wrapped = false;
}

void vt_screen_clear(struct vt *vt, struct screen *s)
{
	for (int y = 0; y < vt->rows; y++)
		row_clear(&s->ring[y]);
	s->all_gen = vt->gen;
}

void vt_row_touch(struct vt *vt, struct row *r)
{
	r->gen = vt->gen;
}

/* Both halves of the wide character around the left edge of x become blanks. */
void vt_row_split_wide(struct vt *vt, struct row *r, int x)
{
	if (x <= 0 || x >= vt->cols || !(r->cells[x].attr & VT_TAIL))
		return;
	for (int i = x - 1; i <= x; i++)
		r->cells[i] = (struct vt_cell){ .bg = r->cells[i].bg };
}

static void row_fill(struct vt *vt, struct row *r, int x0, int x1, uint32_t bg)
{
	if (bg) {
		for (int x = x0; x < x1; x++)
			r->cells[x] = (struct vt_cell){ .bg = bg };
		r->used = MAX(r->used, x1);
		r->flags |= ROW_STYLED;
	} else if (x0 < r->used) {
		memset(&r->cells[x0], 0, (MIN(x1, r->used) - x0) * sizeof(*r->cells));
		if (x1 >= r->used)
			r->used = x0;
		if (!r->used)
			r->flags = 0;
	}
	vt_row_touch(vt, r);
}

void vt_row_erase(struct vt *vt, struct row *r, int x0, int x1, uint32_t bg)
{
	if (x0 >= x1)
		return;
	vt_row_split(vt, r, x0);
	vt_row_split(vt, r, x1);
	row_fill(vt, r, x0, x1, bg);
}

static void row_blank(struct vt *vt, struct row *r, uint32_t bg)
{
	row_clear(r);
	if (bg)
		row_fill(vt, r, 0, vt->cols, bg);
}

void vt_break_before(struct vt *vt, int y)
{
	if (y > 0)
		vt_line(vt, y - 1)->wrapped = false;
	else if (vt->s == &vt->main)
		vt_sb_unwrap_last(&vt->sb);
}

static void scroll_all_up(struct vt *vt, bool keep)
{
	struct row *r = vt_line(vt, 0);

	if (keep && vt->s == &vt->main)
		vt_sb_push(vt, &vt->sb, r->cells, r->used, !r->flags, r->wrapped);
	row_blank(vt, r, vt->pen.bg);
	if (++vt->s->top == vt->rows)
		vt->s->top = 0;
	vt->s->all_gen = vt->gen;
}

/* Moves row `from` to `to`; those between move by one the other way. */
static void rotate(struct vt *vt, int from, int to)
{
	struct row moved = *vt_line(vt, from);
	int step = from < to ? 1 : -1;

	for (int y = from; y != to; y += step) {
		struct row *r = vt_line(vt, y);

		*r = *vt_line(vt, y + step);
		vt_row_touch(vt, r);
	}
	*vt_line(vt, to) = moved;
	vt_row_touch(vt, vt_line(vt, to));
}

static void scroll_one_up(struct vt *vt, int top, int bottom, bool keep)
{
	struct row *r = vt_line(vt, top);

	if (top == 0 && bottom == vt->rows - 1) {
		scroll_all_up(vt, keep);
		return;
	}
	if (keep && top == 0 && vt->s == &vt->main)
		vt_sb_push(vt, &vt->sb, r->cells, r->used, !r->flags, r->wrapped);
	row_blank(vt, r, vt->pen.bg);
	rotate(vt, top, bottom);
}

void vt_scroll_up(struct vt *vt, int top, int bottom, int n, bool keep)
{
	if (top > 0 || !keep)
		vt_break_before(vt, top);
	vt_line(vt, bottom)->wrapped = false;
	for (n = MIN(n, bottom - top + 1); n > 0; n--)
		scroll_one_up(vt, top, bottom, keep);
}

void vt_wrap(struct vt *vt)
{
	vt->pending = false;
	vt->x = 0;
	if (vt->y == vt->bottom) {
		if (vt->top > 0)
			vt_break_before(vt, vt->top);
		vt_line(vt, vt->y)->wrapped = vt->top < vt->bottom || vt->top == 0;
		scroll_one_up(vt, vt->top, vt->bottom, true);
	} else if (vt->y < vt->rows - 1) {
		vt_line(vt, vt->y++)->wrapped = true;
	}
}

void vt_scroll_down(struct vt *vt, int top, int bottom, int n)
{
	n = MIN(n, bottom - top + 1);
	if (n <= 0)
		return;
	vt_break_before(vt, top);
	for (; n > 0; n--) {
		row_blank(vt, vt_line(vt, bottom), vt->pen.bg);
		rotate(vt, bottom, top);
	}
	vt_line(vt, bottom)->wrapped = false;
}

void vt_insert_cells(struct vt *vt, int n)
{
	struct row *r = vt_line(vt, vt->y);
	int x = vt->x, keep;

	n = MIN(n, vt->cols - x);
	keep = vt->cols - x - n;
	vt_row_split(vt, r, x);
	vt_row_split(vt, r, x + keep);
	if (r->used > x) {
		memmove(&r->cells[x + n], &r->cells[x], keep * sizeof(*r->cells));
		r->used = MIN(r->used + n, vt->cols);
	}
	row_fill(vt, r, x, x + n, vt->pen.bg);
	vt->pending = false;
}

void vt_delete_cells(struct vt *vt, int n)
{
	struct row *r = vt_line(vt, vt->y);
	int x = vt->x, keep;

	n = MIN(n, vt->cols - x);
	keep = vt->cols - x - n;
	vt_row_split(vt, r, x);
	vt_row_split(vt, r, x + n);
	memmove(&r->cells[x], &r->cells[x + n], keep * sizeof(*r->cells));
	if (r->used > x)
		r->used = MAX(x, r->used - n);
	memset(&r->cells[x + keep], 0, n * sizeof(*r->cells));
	row_fill(vt, r, x + keep, vt->cols, vt->pen.bg);
	vt->pending = false;
}

void vt_index(struct vt *vt)
{
	vt->pending = false;
	if (vt->y == vt->bottom)
		vt_scroll_up(vt, vt->top, vt->bottom, 1, true);
	else if (vt->y < vt->rows - 1)
		vt->y++;
}

void vt_reverse_index(struct vt *vt)
{
	vt->pending = false;
	if (vt->y == vt->top)
		vt_scroll_down(vt, vt->top, vt->bottom, 1);
	else if (vt->y > 0)
		vt->y--;
}

void vt_goto(struct vt *vt, int y, int x)
{
	vt->y = y < 0 ? 0 : MIN(y, vt->rows - 1);
	vt->x = x < 0 ? 0 : MIN(x, vt->cols - 1);
	vt->pending = false;
}

void vt_goto_origin(struct vt *vt, int y, int x)
{
	if (vt->modes & M_OM)
		y = MIN(MAX(y, 0) + vt->top, vt->bottom);
	vt_goto(vt, y, x);
}
