/* SPDX-License-Identifier: Apache-2.0 */
/* print.c - characters onto the screen: charsets, wrapping, wide characters and combining marks. */
#include "vt/vt-priv.h"

/* The DEC special graphics of 0x60..0x7e. */
static const uint16_t graphics[31] = {
	0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b, 0x2518,
	0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524,
	0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

static uint32_t translate(struct vt *vt, uint32_t cp)
{
	uint8_t set = vt->g[vt->single ? vt->single : vt->gl];

	vt->single = 0;
	if (set == CHARSET_GRAPHICS && cp == 0x5f)
		return 0xa0;
	if (set == CHARSET_GRAPHICS && cp >= 0x60 && cp <= 0x7e)
		return graphics[cp - 0x60];
	if (set == CHARSET_UK && cp == '#')
		return 0xa3;
	return cp;
}

/* The two loops that all plain text goes through, this and its way back in scrollback.c, take four at a turn. */
static void put_plain(struct vt_cell *c, const uint8_t *p, int n)
{
	int i = 0;

	for (; i + 4 <= n; i += 4) {
		c[i] = (struct vt_cell){ .ch = p[i] };
		c[i + 1] = (struct vt_cell){ .ch = p[i + 1] };
		c[i + 2] = (struct vt_cell){ .ch = p[i + 2] };
		c[i + 3] = (struct vt_cell){ .ch = p[i + 3] };
	}
	for (; i < n; i++)
		c[i] = (struct vt_cell){ .ch = p[i] };
}

/* n characters, all in this row. */
static void put_ascii(struct vt *vt, const uint8_t *p, int n)
{
	struct row *r = vt_line(vt, vt->y);
	struct vt_cell pen = vt->pen, *c = &r->cells[vt->x];

	if (r->flags & ROW_WIDE) {
		vt_row_split(vt, r, vt->x);
		vt_row_split(vt, r, vt->x + n);
	}
	if (pen_is_plain(&pen)) {
		put_plain(c, p, n);
	} else {
		for (int i = 0; i < n; i++) {
			pen.ch = p[i];
			c[i] = pen;
		}
		r->flags |= ROW_STYLED;
	}
	vt->x += n;
	r->used = MAX(r->used, vt->x);
	r->gen = vt->gen;
}

void vt_print_ascii(struct vt *vt, const uint8_t *p, size_t n)
{
	if (vt->single || vt->g[vt->gl] != CHARSET_ASCII || vt->modes & M_IRM) {
		for (size_t i = 0; i < n; i++)
			vt_print(vt, p[i]);
		return;
	}
	vt->last = p[n - 1];
	while (n > 0) {
		int k;

		if (vt->pending)
			vt_wrap(vt);
		k = MIN(n, (size_t)(vt->cols - vt->x));
		put_ascii(vt, p, k);
		p += k;
		n -= k;
		if (vt->x < vt->cols)
			continue;
		vt->x = vt->cols - 1;
		vt->pending = vt->modes & M_AWM;
		if (!vt->pending && n > 0) { /* all that remains falls on the last column */
			put_ascii(vt, p + n - 1, 1);
			vt->x = vt->cols - 1;
			n = 0;
		}
	}
}

static void combine(struct vt *vt, uint32_t mark)
{
	struct row *r = vt_line(vt, vt->y);
	int x = vt->pending ? vt->x : vt->x - 1;

	if (x > 0 && r->cells[x].attr & VT_TAIL)
		x--;
	if (x < 0 || !r->cells[x].ch)
		return;
	r->cells[x].ext = vt_ext_with_mark(vt, r->cells[x].ext, mark);
	r->flags |= ROW_STYLED;
	vt_row_touch(vt, r);
}

/* True when a character of w columns has its place at the cursor. */
static bool make_room(struct vt *vt, int w)
{
	if (w > vt->cols)
		return false;
	if (vt->pending || vt->x + w > vt->cols) {
		if (!(vt->modes & M_AWM))
			return false;
		vt_wrap(vt);
	}
	return true;
}

/* A character of w columns at x of the row, in the current attributes. */
static inline void put(struct vt *vt, struct row *r, int x, uint32_t cp, int w)
{
	struct vt_cell c = vt->pen;

	vt_row_split(vt, r, x);
	vt_row_split(vt, r, x + w);
	c.ch = cp;
	if (w == 2) {
		c.attr |= VT_WIDE;
		r->cells[x] = c;
		c.attr ^= VT_WIDE | VT_TAIL;
		c.ch = 0;
		r->cells[x + 1] = c;
		r->flags |= ROW_WIDE | ROW_STYLED;
	} else {
		r->cells[x] = c;
		if (cp >= 0x7f || !pen_is_plain(&c))
			r->flags |= ROW_STYLED;
	}
}

const uint8_t *vt_print_utf8(struct vt *vt, const uint8_t *p, const uint8_t *end)
{
	struct row *r = vt_line(vt, vt->y);
	uint32_t cp = 0;
	int x = vt->x;

	if (vt->pending || vt->modes & M_IRM)
		return p;
	while (p < end && *p >= 0xa0) {
		bool bad;
		int len = vt_utf8_decode(p, end - p, &cp, &bad);
		int w = len > 0 && !bad && cp >= 0xa0 ? vt_width_class(cp) : 0;

		if (w != 1 && w != 2)
			break;
		if (x + w >= vt->cols)
			break; /* what happens at the edge is for vt_print */
		put(vt, r, x, cp, w);
		vt->last = cp;
		x += w;
		p += len;
	}
	if (x > vt->x) {
		vt->x = x;
		vt->single = 0;
		r->used = MAX(r->used, x);
		vt_row_touch(vt, r);
	}
	return p;
}

void vt_print(struct vt *vt, uint32_t cp)
{
	int w = 1;
	struct row *r;

	if (cp < 0x7f) {
		cp = translate(vt, cp);
	} else {
		vt->single = 0;
		w = vt_width_class(cp);
	}
	if (w == 3)
		return;
	if (w == 0) {
		combine(vt, cp);
		return;
	}
	if (!make_room(vt, w))
		return;
	if (vt->modes & M_IRM)
		vt_insert_cells(vt, w);
	r = vt_line(vt, vt->y);
	put(vt, r, vt->x, cp, w);
	vt_row_touch(vt, r);
	vt->last = cp;
	vt->x += w;
	r->used = MAX(r->used, vt->x);
	if (vt->x >= vt->cols) {
		vt->x = vt->cols - 1;
		vt->pending = vt->modes & M_AWM;
	}
}
