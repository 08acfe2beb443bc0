/* SPDX-License-Identifier: Apache-2.0 */
/* scrollback.c - lines that left the screen, packed.
 *
 * A line is its text in UTF-8 (0: a blank never written), where attributes change with
 *   01 flags [fg:4] [bg:4] [attr:2] [ul:4]      bits 1 2 4 8 of flags: which follow, the others are default
 *   02 len:2 id 00 uri                          the hyperlink from here on; len 0: none
 *   03 n mark:4…                                marks on the character before
 * Wide characters take one place; trailing blanks are cut. Lines lie in blocks of 64 KiB, none across
 * two, which are used in turn: the oldest go when lines or blocks have run out. */
#include <stdlib.h>

#include "vt/vt-priv.h"

#define BLOCK 65536u
#define LINE_MAX_BYTES 65535u
#define CELL_BYTES (2 + 14 + 4 + 2 + 4 * VT_MARKS_MAX) /* at most, but for a link */
#define WRAPPED 0x8000u
enum { TAG_PEN = 1, TAG_LINK, TAG_MARKS };

_Static_assert(VT_COLS_MAX *CELL_BYTES <= LINE_MAX_BYTES, "");

int vt_sb_init(struct scrollback *sb, int max_lines, size_t max_bytes)
{
	*sb = (struct scrollback){
		.max = max_lines,
		.cap = max_lines + VT_ROWS_MAX,
		.nslots = MIN(MAX(max_bytes / BLOCK, 2), 65535),
	};
	sb->lines = calloc(sb->cap, sizeof(*sb->lines));
	sb->slots = calloc(sb->nslots, sizeof(*sb->slots));
	if (sb->lines && sb->slots)
		return 0;
	vt_sb_finish(sb);
	return -ENOMEM;
}

void vt_sb_finish(struct scrollback *sb)
{
	for (uint32_t i = 0; sb->slots && i < sb->nslots; i++)
		free(sb->slots[i]);
	free(sb->spare);
	free(sb->slots);
	free(sb->lines);
	*sb = (struct scrollback){ 0 };
}

size_t vt_sb_bytes(const struct scrollback *sb)
{
	size_t n = sb->spare ? 1 : 0;

	for (uint32_t i = 0; i < sb->nslots; i++)
		n += sb->slots[i] != NULL;
	return n * BLOCK + sb->cap * sizeof(*sb->lines);
}

static struct sb_line *line_at(const struct scrollback *sb, uint32_t i)
{
	uint32_t at = sb->head + i;

	return &sb->lines[at >= sb->cap ? at - sb->cap : at];
}

static uint32_t next_slot(const struct scrollback *sb, uint32_t slot)
{
	return slot + 1 == sb->nslots ? 0 : slot + 1;
}

static void release(struct scrollback *sb, uint32_t slot)
{
	if (sb->spare)
		free(sb->slots[slot]);
	else
		sb->spare = sb->slots[slot];
	sb->slots[slot] = NULL;
}

void vt_sb_drop_first(struct scrollback *sb)
{
	uint32_t keep;

	if (!sb->count)
		return;
	sb->head = sb->head + 1 == sb->cap ? 0 : sb->head + 1;
	sb->count--;
	sb->first++;
	keep = sb->count ? line_at(sb, 0)->pos >> 16 : sb->last_slot;
	for (; sb->first_slot != keep; sb->first_slot = next_slot(sb, sb->first_slot))
		release(sb, sb->first_slot);
	if (!sb->count)
		sb->last_used = 0;
}

void vt_sb_truncate(struct scrollback *sb, uint32_t count)
{
	uint32_t slot = sb->first_slot, used = 0;

	if (count >= sb->count)
		return;
	sb->count = count;
	if (count) {
		slot = line_at(sb, count - 1)->pos >> 16;
		used = (line_at(sb, count - 1)->pos & 0xffff) + line_at(sb, count - 1)->len;
	}
	for (uint32_t i = slot; i != sb->last_slot;) {
		i = next_slot(sb, i);
		release(sb, i);
	}
	sb->last_slot = slot;
	sb->last_used = used;
}

void vt_sb_clear(struct scrollback *sb)
{
	sb->first += sb->count;
	vt_sb_truncate(sb, 0);
}

void vt_sb_trim(struct scrollback *sb)
{
	while (sb->count > sb->max)
		vt_sb_drop_first(sb);
}

void vt_sb_unwrap_last(struct scrollback *sb)
{
	if (sb->count)
		line_at(sb, sb->count - 1)->cells &= ~WRAPPED;
}

/* A fresh block at the end; false: there is no memory for any. */
static bool add_block(struct scrollback *sb)
{
	bool empty = !sb->slots[sb->last_slot];
	uint32_t slot = empty ? sb->last_slot : next_slot(sb, sb->last_slot);

	while (sb->slots[slot] && sb->count) /* all are in use: this is the oldest */
		vt_sb_drop_first(sb);
	if (!sb->spare)
		sb->spare = malloc(BLOCK);
	while (!sb->spare && sb->first_slot != sb->last_slot)
		vt_sb_drop_first(sb);
	if (!sb->spare)
		return false;
	sb->slots[slot] = TAKE(sb->spare);
	sb->last_slot = slot;
	sb->last_used = 0;
	if (!sb->count)
		for (; sb->first_slot != slot; sb->first_slot = next_slot(sb, sb->first_slot))
			if (sb->slots[sb->first_slot])
				release(sb, sb->first_slot);
	return true;
}

static uint8_t *put(uint8_t *p, const void *v, size_t n)
{
	memcpy(p, v, n);
	return p + n;
}

static uint8_t *put_pen(uint8_t *p, const struct vt_cell *c, uint32_t ul)
{
	uint16_t attr = c->attr & ~(VT_WIDE | VT_TAIL);

	*p++ = TAG_PEN;
	*p++ = (c->fg ? 1 : 0) | (c->bg ? 2 : 0) | (attr ? 4 : 0) | (ul ? 8 : 0);
	if (c->fg)
		p = put(p, &c->fg, 4);
	if (c->bg)
		p = put(p, &c->bg, 4);
	if (attr)
		p = put(p, &attr, 2);
	if (ul)
		p = put(p, &ul, 4);
	return p;
}

static uint8_t *put_link(uint8_t *p, const char *id, const char *uri)
{
	uint16_t len = uri ? strlen(id) + 1 + strlen(uri) : 0;

	*p++ = TAG_LINK;
	p = put(p, &len, 2);
	if (uri) {
		p = put(p, id, strlen(id) + 1);
		p = put(p, uri, strlen(uri));
	}
	return p;
}

/* Writes those of n cells from c on that are ASCII, or blank, with the attributes of pen; returns how many. */
static int encode_run(const struct vt_cell *c, int n, const struct vt_cell *pen, uint8_t *p)
{
	int i = 0;

	for (; i < n && c[i].ch < 0x80 && c[i].fg == pen->fg && c[i].bg == pen->bg && c[i].attr == pen->attr && !c[i].ext; i++)
		p[i] = c[i].ch;
	return i;
}

/* Writes the cells to p; returns bytes, -1 if they need more than max. */
static int encode(const struct vt *vt, const struct vt_cell *cells, int n, uint8_t *buf, size_t max)
{
	uint8_t *p = buf, *end = buf + max;
	struct vt_cell pen = { 0 };
	uint32_t pen_ul = 0;
	uint16_t link = 0;

	for (int x = 0; x < n; x++) {
		const struct vt_cell *c = &cells[x];
		const struct ext *e;
		uint32_t ul;
		int want;
		size_t link_bytes = sizeof(struct link) + 4;

		if (!pen_ul && !link && !c->ext) { /* most of most lines */
			int k = encode_run(c, MIN(n - x, end - p), &pen, p);

			p += k;
			x += k;
			c += k;
			if (x == n)
				break;
		}
		if (c->attr & VT_TAIL)
			continue;
		e = &vt->ext.e[c->ext];
		ul = c->ext ? e->ul : 0;
		want = c->ext ? e->link : 0;
		if (end - p < CELL_BYTES)
			return -1;
		if (c->fg != pen.fg || c->bg != pen.bg || ul != pen_ul ||
		    ((c->attr ^ pen.attr) & ~(VT_WIDE | VT_TAIL))) {
			p = put_pen(p, c, ul);
			pen = *c;
			pen.attr &= ~(VT_WIDE | VT_TAIL);
			pen_ul = ul;
		}
		if (want != link && (p - buf) + link_bytes + (n - x) * CELL_BYTES <= LINE_MAX_BYTES) {
			if ((size_t)(end - p) < link_bytes + CELL_BYTES)
				return -1;
			p = put_link(p, vt->ext.links[want].id, want ? vt->ext.links[want].uri : NULL);
			link = want;
		}
		p += vt_utf8_encode(c->ch, (char *)p);
		if (c->ext && e->marks[0]) {
			int k = 0;

			while (k < VT_MARKS_MAX && e->marks[k])
				k++;
			*p++ = TAG_MARKS;
			*p++ = k;
			p = put(p, e->marks, k * sizeof(e->marks[0]));
		}
	}
	return p - buf;
}

static int encode_plain(const struct vt_cell *cells, int n, uint8_t *p, size_t max)
{
	int x = 0;

	if ((size_t)n > max)
		return -1;
	for (; x + 4 <= n; x += 4) {
		uint8_t four[4] = { cells[x].ch, cells[x + 1].ch, cells[x + 2].ch, cells[x + 3].ch };

		memcpy(p + x, four, 4);
	}
	for (; x < n; x++)
		p[x] = cells[x].ch;
	return n;
}

void vt_sb_push(struct vt *vt, struct scrollback *sb, const struct vt_cell *cells, int used, bool plain, bool wrapped)
{
	int len = -1;

	if (!sb->max && !sb->loose)
		return;
	while (used > 0 && cell_is_zero(&cells[used - 1]))
		used--;
	if (sb->count == (sb->loose ? sb->cap : sb->max))
		vt_sb_drop_first(sb);
	for (int try = 0; len < 0; try++) {
		uint8_t *block = sb->slots[sb->last_slot];
		size_t room = LINE_MAX_BYTES - sb->last_used;

		if (block)
			len = plain ? encode_plain(cells, used, block + sb->last_used, room) :
				      encode(vt, cells, used, block + sb->last_used, room);
		if (len < 0 && (try == 1 || !add_block(sb)))
			return;
	}
	sb->count++;
	*line_at(sb, sb->count - 1) = (struct sb_line){
		.pos = sb->last_slot << 16 | sb->last_used,
		.len = len,
		.cells = used | (wrapped ? WRAPPED : 0),
	};
	sb->last_used += len;
}

static const uint8_t *get(const uint8_t *p, void *v, size_t n)
{
	memcpy(v, p, n);
	return p + n;
}

static const uint8_t *get_pen(struct vt *vt, const uint8_t *p, struct vt_cell *pen)
{
	uint8_t flags = *p++;
	uint32_t ul = 0;

	pen->fg = pen->bg = pen->attr = 0;
	if (flags & 1)
		p = get(p, &pen->fg, 4);
	if (flags & 2)
		p = get(p, &pen->bg, 4);
	if (flags & 4)
		p = get(p, &pen->attr, 2);
	if (flags & 8)
		p = get(p, &ul, 4);
	pen->ext = vt_ext_with_ul(vt, pen->ext, ul);
	return p;
}

static const uint8_t *get_link(struct vt *vt, const uint8_t *p, struct vt_cell *pen)
{
	char text[LINK_ID_MAX + URI_MAX] = "";
	uint16_t len;

	p = get(p, &len, 2);
	if (len) {
		memcpy(text, p, len);
		text[len] = 0;
	}
	pen->ext = vt_ext_with_link(vt, pen->ext, text, len ? text + strlen(text) + 1 : "");
	return p + len;
}

static const uint8_t *get_marks(struct vt *vt, const uint8_t *p, struct vt_cell *c)
{
	int n = *p++;

	for (; n > 0; n--) {
		uint32_t mark;

		p = get(p, &mark, 4);
		c->ext = vt_ext_with_mark(vt, c->ext, mark);
	}
	return p;
}

static int decode(struct vt *vt, const uint8_t *p, const uint8_t *end, struct vt_cell *cells, int max)
{
	struct vt_cell pen = { 0 };
	int x = 0, last = -1;

	vt->ext.root[2] = &pen;
	vt->ext.nroot[2] = 1;
	while (p < end) {
		uint32_t cp;
		bool bad;

		if (*p == TAG_PEN) {
			p = get_pen(vt, p + 1, &pen);
		} else if (*p == TAG_LINK) {
			p = get_link(vt, p + 1, &pen);
		} else if (*p == TAG_MARKS && last >= 0) {
			p = get_marks(vt, p + 1, &cells[last]);
		} else {
			p += vt_utf8_decode(p, end - p, &cp, &bad);
			if (x == max)
				break;
			last = x;
			cells[x] = pen;
			cells[x++].ch = cp;
			if (cp < 0x300 || vt_width(cp) != 2)
				continue;
			if (x == max) { /* cut in the middle */
				cells[x - 1] = (struct vt_cell){ .bg = pen.bg };
				break;
			}
			cells[x - 1].attr |= VT_WIDE;
			cells[x] = pen;
			cells[x++].attr |= VT_TAIL;
		}
	}
	vt->ext.nroot[2] = 0;
	return x;
}

int vt_sb_read(struct vt *vt, const struct scrollback *sb, uint32_t i, struct vt_cell *cells, int max, bool *ret_wrapped)
{
	const struct sb_line *l = line_at(sb, i);
	const uint8_t *p = sb->slots[l->pos >> 16] + (l->pos & 0xffff);

	memset(cells, 0, max * sizeof(*cells)); /* they are marked as in use while they fill */
	vt->ext.root[0] = cells;
	vt->ext.nroot[0] = max;
	decode(vt, p, p + l->len, cells, max);
	vt->ext.nroot[0] = 0;
	*ret_wrapped = l->cells & WRAPPED;
	return l->cells & ~WRAPPED;
}
