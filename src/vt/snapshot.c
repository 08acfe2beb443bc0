/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.c - a terminal as the bytes that make another one like it.
 *
 * Rows are written from top to bottom as a program would print them, scrollback first, so that they scroll
 * to where they were. A row that goes on in the next one is left by printing over its edge: "x" wraps, and
 * what follows paints over it. Blanks are stepped over or erased, never written. */
#include <stdlib.h>

#include "vt/vt-priv.h"

struct snap {
	struct vt *vt;
	struct buf *out;
	int rc;
	struct vt_cell pen; /* of the terminal that reads this */
	uint8_t g[4], gl;
	bool dirty; /* an "x" stands in the first column */
};

static void add(struct snap *sn, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct snap *sn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (sn->rc == 0)
		sn->rc = buf_vaddf(sn->out, fmt, ap);
	va_end(ap);
}

static void pen(struct snap *sn, const struct vt_cell *c)
{
	const struct vt *vt = sn->vt;
	const uint16_t shown = (uint16_t)~(VT_WIDE | VT_TAIL | VT_PROTECTED);
	const char *id, *uri, *old_id, *old_uri;
	char sgr[SGR_BYTES];

	if (c->fg != sn->pen.fg || c->bg != sn->pen.bg || ((c->attr ^ sn->pen.attr) & shown) ||
	    vt_cell_underline_color(vt, c) != vt_cell_underline_color(vt, &sn->pen)) {
		vt_sgr_write(vt, c, sgr);
		add(sn, "%s", sgr);
	}
	if ((c->attr ^ sn->pen.attr) & VT_PROTECTED)
		add(sn, "\033[%d\"q", c->attr & VT_PROTECTED ? 1 : 0);
	uri = vt_cell_link(vt, c, &id);
	old_uri = vt_cell_link(vt, &sn->pen, &old_id);
	if (uri != old_uri)
		add(sn, "\033]8;%s%s;%s\033\\", uri && *id ? "id=" : "", uri ? id : "", uri ? uri : "");
	sn->pen = *c;
}

static void pen_default(struct snap *sn)
{
	pen(sn, &(struct vt_cell){ 0 });
}

static void text(struct snap *sn, const struct vt_cell *c)
{
	char s[VT_CELL_TEXT_MAX];

	vt_cell_text(sn->vt, c, s);
	pen(sn, c);
	add(sn, "%s", s);
}

static void step(struct snap *sn, int *skip)
{
	if (*skip == 1)
		add(sn, "\033[C");
	else if (*skip > 1)
		add(sn, "\033[%dC", *skip);
	*skip = 0;
}

static void erase(struct snap *sn, uint32_t bg, int n)
{
	pen(sn, &(struct vt_cell){ .bg = bg });
	add(sn, "\033[%dX", n);
}

/* The cells, from column 0 of a blank row. True: the last column was printed, so that the next wraps. */
static bool row_cells(struct snap *sn, const struct vt_cell *c, int n)
{
	int skip = 0;

	for (int x = 0; x < n;) {
		int k = 1;

		if (c[x].ch) {
			step(sn, &skip);
			text(sn, &c[x]);
			x += c[x].attr & VT_WIDE ? 2 : 1;
			continue;
		}
		if (c[x].bg || (x == 0 && sn->dirty)) {
			while (c[x].bg && x + k < n && !c[x + k].ch && c[x + k].bg == c[x].bg)
				k++;
			step(sn, &skip);
			erase(sn, c[x].bg, k);
		}
		skip += k;
		x += k;
	}
	return n == sn->vt->cols && n > 0 && (c[n - 1].ch || c[n - 1].attr & VT_TAIL);
}

/* On to the next row as the same line; last: the cell in the last column. */
static void wrap(struct snap *sn, bool pending, const struct vt_cell *last)
{
	int cols = sn->vt->cols;

	if (!pending)
		add(sn, "\033[%dG", cols);
	pen_default(sn);
	add(sn, pending ? "x" : "xx");
	if (!pending && sn->vt->rows > 1) {
		add(sn, "\033[A\033[%dG", cols);
		erase(sn, last->bg, 1);
		pen_default(sn);
		add(sn, "\n");
	}
	add(sn, "\r");
	sn->dirty = true;
}

static void row(struct snap *sn, const struct vt_cell *c, int n, bool wrapped, bool last)
{
	static const struct vt_cell blank;
	bool pending;

	while (n > 0 && cell_is_zero(&c[n - 1]))
		n--;
	pending = row_cells(sn, c, n);
	if (n == 0 && sn->dirty)
		erase(sn, 0, 1);
	sn->dirty = false;
	if (wrapped && !last) {
		wrap(sn, pending, n == sn->vt->cols ? &c[n - 1] : &blank);
	} else if (!last) {
		pen_default(sn);
		add(sn, "\r\n");
	}
}

static bool row_is_blank(const struct row *r)
{
	for (int x = 0; x < r->used; x++)
		if (!cell_is_zero(&r->cells[x]))
			return false;
	return true;
}

/* Blank rows at the end are there anyway on a screen that was cleared, and a viewer with fewer rows would scroll for
 * them until it sees nothing else. behind: lines that came before have to leave the screen, so all rows are needed. */
static void screen(struct snap *sn, const struct screen *s, bool behind)
{
	int n = sn->vt->rows;

	while (!behind && n > 1 && row_is_blank(row_at(sn->vt, s, n - 1)) && !row_at(sn->vt, s, n - 2)->wrapped)
		n--;
	for (int y = 0; y < n; y++) {
		const struct row *r = row_at(sn->vt, s, y);

		row(sn, r->cells, r->used, r->wrapped, y == n - 1);
	}
	pen_default(sn);
}

static void scrollback(struct snap *sn, int lines)
{
	struct vt *vt = sn->vt;
	AUTO_FREE struct vt_cell *cells = calloc(vt->cols, sizeof(*cells));

	if (!cells)
		sn->rc = -ENOMEM;
	for (int i = vt->sb.count - MIN((uint32_t)lines, vt->sb.count); i < (int)vt->sb.count && sn->rc == 0; i++) {
		bool wrapped;
		int n = vt_sb_read(vt, &vt->sb, i, cells, vt->cols, &wrapped);

		row(sn, cells, MIN(n, vt->cols), wrapped, false);
	}
}

static void charsets(struct snap *sn, const uint8_t g[4], uint8_t gl)
{
	static const char *const shifts[] = { "\017", "\016", "\033n", "\033o" };

	for (int i = 0; i < 4; i++)
		if (g[i] != sn->g[i])
			add(sn, "\033%c%c", "()*+"[i], "B0A"[g[i]]);
	if (gl != sn->gl)
		add(sn, "%s", shifts[gl]);
	memcpy(sn->g, g, sizeof(sn->g));
	sn->gl = gl;
}

/* What DECSC would save. top: where row 0 of cursor addresses is in origin mode. */
static void state(struct snap *sn, const struct screen *s, const struct saved *st, int top)
{
	static const uint8_t ascii[4];
	const struct vt_cell *c = row_at(sn->vt, s, st->y)->cells + st->x;

	charsets(sn, ascii, 0);
	add(sn, "\033[?6%c", st->origin ? 'h' : 'l');
	if (st->pending && c->attr & VT_TAIL)
		c--;
	add(sn, "\033[%d;%dH", st->y + 1 - (st->origin ? top : 0), st->x + 1 - (c->attr & VT_WIDE && st->pending));
	if (st->pending)
		text(sn, c); /* printed once more: it leaves the wrap pending */
	pen(sn, &st->pen);
	charsets(sn, st->g, st->gl);
}

static void saved(struct snap *sn, const struct screen *s)
{
	const struct saved *sv = &s->saved;
	const struct vt_cell *c = row_at(sn->vt, s, sv->y)->cells + sv->x;
	static const struct saved none;

	if (memcmp(&none.pen, &sv->pen, sizeof(none.pen)) || sv->x || sv->y || sv->pending || sv->origin || sv->gl ||
	    memcmp(none.g, sv->g, sizeof(none.g))) {
		state(sn, s, sv, 0);
		add(sn, "\0337");
		if (sv->pending && !c->ch && !(c->attr & VT_TAIL)) /* a space was put there */
			erase(sn, c->bg, 1);
		pen_default(sn);
	}
	for (int i = 0; i < s->nkitty; i++)
		add(sn, "\033[>%du", s->kitty[i]);
}

static void tabs(struct snap *sn)
{
	const struct vt *vt = sn->vt;
	bool usual = true;

	for (int x = 0; x < vt->cols; x++)
		usual = usual && !(vt->tabs[x / 8] >> x % 8 & 1) == !!(x % 8);
	if (usual)
		return;
	add(sn, "\033[3g");
	for (int x = 0; x < vt->cols; x++)
		if (vt->tabs[x / 8] >> x % 8 & 1)
			add(sn, "\033[%dG\033H", x + 1);
	add(sn, "\r");
}

static void colors(struct snap *sn)
{
	const struct vt *vt = sn->vt;

	for (int i = 0; i < 256; i++)
		if (vt->palette_set[i / 8] & 1 << i % 8)
			add(sn, "\033]4;%d;#%06x\033\\", i, vt->palette[i]);
	for (int i = 0; i < 3; i++)
		if (vt->dyn_set & 1 << i)
			add(sn, "\033]%d;#%06x\033\\", 10 + i, vt->dyn[i]);
}

static void titles(struct snap *sn)
{
	const struct vt *vt = sn->vt;

	for (int i = 0; i < vt->ntitles; i++)
		add(sn, "\033]2;%s\033\\\033[22;2t", vt->titles[i]);
	if (vt->title[0] || vt->ntitles)
		add(sn, "\033]2;%s\033\\", vt->title);
	if (vt->cwd[0])
		add(sn, "\033]7;%s\033\\", vt->cwd);
}

/* Prints the character REP would repeat once more where it stands, so that it is the last one there too. */
static void last_character(struct snap *sn)
{
	static const uint8_t ascii[4];
	const struct vt *vt = sn->vt;

	charsets(sn, ascii, 0);
	for (int i = 0; i < vt->rows && vt->last; i++) {
		int y = (vt->y + vt->rows - i) % vt->rows;
		const struct row *r = row_at(vt, vt->s, y);

		for (int x = 0; x < r->used; x++)
			if (r->cells[x].ch == vt->last) {
				add(sn, "\033[?6l\033[%d;%dH", y + 1, x + 1);
				text(sn, &r->cells[x]);
				return;
			}
	}
}

static void final_state(struct snap *sn)
{
	const struct vt *vt = sn->vt;
	struct saved now = {
		.x = vt->x, .y = vt->y, .pending = vt->pending, .origin = vt->modes & M_OM, .pen = vt->pen, .gl = vt->gl,
	};

	memcpy(now.g, vt->g, sizeof(now.g));
	last_character(sn);
	if (vt->top > 0 || vt->bottom < vt->rows - 1)
		add(sn, "\033[%d;%dr", vt->top + 1, vt->bottom + 1);
	if (vt->cursor_style || !(vt->modes & M_BLINK))
		add(sn, "\033[%d q", vt->cursor_style * 2 + (vt->modes & M_BLINK ? 1 : 2));
	if (sn->rc == 0)
		sn->rc = vt_mode_write(vt, false, sn->out);
	state(sn, vt->s, &now, vt->top);
	if (vt->modes & M_IRM)
		add(sn, "\033[4h");
	if (vt->single)
		add(sn, "\033%c", 'N' + vt->single - 2);
}

int vt_snapshot(struct vt *vt, unsigned flags, int lines, struct buf *out)
{
	struct snap sn = { .vt = vt, .out = out };

	if (flags & VT_SNAPSHOT_CLEAR)
		add(&sn, "\033[?1047l\033[!p\033[?7h\033[?45l\033[20l\033[0m\033[0\"q\033(B\017\033[H\033[2J");
	vt->ext.root[1] = &sn.pen;
	vt->ext.nroot[1] = 1;
	colors(&sn);
	tabs(&sn);
	if (lines > 0 && vt->sb.count)
		scrollback(&sn, lines);
	screen(&sn, &vt->main, lines > 0 && vt->sb.count);
	saved(&sn, &vt->main);
	if (vt->s == &vt->alt) {
		add(&sn, "\033[?6l\033[?1047h\033[H");
		charsets(&sn, (const uint8_t[4]){ 0 }, 0);
		screen(&sn, &vt->alt, false);
		saved(&sn, &vt->alt);
	}
	titles(&sn);
	final_state(&sn);
	vt->ext.nroot[1] = 0;
	return sn.rc;
}

void vt_restore(struct vt *vt, const void *p, size_t n)
{
	vt->quiet = true;
	vt_reset(vt);
	vt_feed(vt, p, n);
	vt->quiet = false;
}

int vt_leave(const struct vt *vt, struct buf *out)
{
	int rc = vt_mode_write(vt, true, out);

	if (rc == 0 && vt->s->nkitty)
		rc = buf_addf(out, "\033[<%du", vt->s->nkitty);
	if (rc == 0 && vt->s == &vt->alt)
		rc = buf_adds(out, "\033[?1049l");
	if (rc == 0 && vt->main.nkitty && vt->s == &vt->alt)
		rc = buf_addf(out, "\033[<%du", vt->main.nkitty);
	for (int i = 0; i < 3 && rc == 0; i++)
		if (vt->dyn_set & 1 << i)
			rc = buf_addf(out, "\033]%d\033\\", 110 + i);
	for (int i = 0; i < 256 && rc == 0; i++)
		if (vt->palette_set[i / 8] & 1 << i % 8)
			rc = buf_addf(out, "\033]104;%d\033\\", i);
	if (rc == 0 && (vt->cursor_style || !(vt->modes & M_BLINK)))
		rc = buf_adds(out, "\033[0 q");
	if (rc == 0)
		rc = buf_addf(out, "\033[?6l\033[4l\033[r\033[0m\033[0\"q\033]8;;\033\\\033(B\017\033[%d;1H", vt->rows);
	return rc;
}
