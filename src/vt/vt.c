/* SPDX-License-Identifier: Apache-2.0 */
/* vt.c - life of a terminal, its size, and what is read from it. */
#include <stdlib.h>

#include "vt/vt-priv.h"

const struct vt_limits vt_limits_default = {
	.scrollback_lines = 10000,
	.scrollback_bytes = 16 << 20,
	.string_max = 100000,
	.swallow_max = 4 << 20,
};

static int clamp(int v, int min, int max)
{
	return v < min ? min : MIN(v, max);
}

static void state_init(struct vt *vt)
{
	vt->s = &vt->main;
	vt->x = vt->y = vt->top = 0;
	vt->bottom = vt->rows - 1;
	vt->pending = false;
	vt->pen = (struct vt_cell){ 0 };
	vt->modes = M_DEFAULT;
	vt->mouse = vt->coding = vt->modify_other_keys = vt->cursor_style = 0;
	memset(vt->g, 0, sizeof(vt->g));
	vt->gl = vt->single = 0;
	vt->last = 0;
	vt_tabs_init(vt, 0);
	vt_saved_init(&vt->main.saved);
	vt_saved_init(&vt->alt.saved);
	vt->main.nkitty = vt->alt.nkitty = 0;
	vt->ntitles = 0;
	vt->cwd[0] = 0;
	vt->dyn_set = 0;
	memset(vt->palette_set, 0, sizeof(vt->palette_set));
}

struct vt *vt_new(int rows, int cols, const struct vt_limits *limits, const struct vt_callbacks *cb, void *arg)
{
	struct vt *vt = calloc(1, sizeof(*vt));

	if (!vt)
		return NULL;
	vt->rows = clamp(rows, 1, VT_ROWS_MAX);
	vt->cols = clamp(cols, 1, VT_COLS_MAX);
	vt->limits = limits ? *limits : vt_limits_default;
	vt->limits.scrollback_lines = clamp(vt->limits.scrollback_lines, 0, 1000000);
	vt->limits.string_max = MAX(vt->limits.string_max, 1024);
	vt->limits.swallow_max = MAX(vt->limits.swallow_max, vt->limits.string_max);
	if (cb)
		vt->cb = *cb;
	vt->arg = arg;
	vt->default_fg = 0xe5e5e5;
	vt->gen = 1;
	vt->str = malloc(vt->limits.string_max + 1);
	if (!vt->str || vt_ext_init(vt) < 0 || vt_screen_alloc(&vt->main, vt->rows, vt->cols) < 0 ||
	    vt_screen_alloc(&vt->alt, vt->rows, vt->cols) < 0 ||
	    vt_sb_init(&vt->sb, vt->limits.scrollback_lines, vt->limits.scrollback_bytes) < 0) {
		vt_free(vt);
		return NULL;
	}
	vt->main.all_gen = vt->alt.all_gen = vt->gen;
	state_init(vt);
	return vt;
}

void vt_free(struct vt *vt)
{
	if (!vt)
		return;
	vt_sb_finish(&vt->sb);
	vt_screen_finish(&vt->main);
	vt_screen_finish(&vt->alt);
	vt_ext_finish(vt);
	free(vt->str);
	free(vt);
}

void vt_reset_state(struct vt *vt)
{
	state_init(vt);
	vt_screen_clear(vt, &vt->main);
	vt_screen_clear(vt, &vt->alt);
	vt_sb_unwrap_last(&vt->sb);
	vt_ext_reset(vt);
	vt_set_title(vt, "");
}

void vt_reset(struct vt *vt)
{
	vt->gen++;
	vt_sb_clear(&vt->sb);
	vt_parser_reset(vt);
	vt_reset_state(vt);
}

/* --- size */

static void copy_rows(const struct vt *vt, const struct screen *from, int first, struct screen *to, int rows, int cols)
{
	for (int y = 0; y < rows && first + y < vt->rows; y++) {
		const struct row *r = row_at(vt, from, first + y);
		struct row *t = &to->ring[y];

		t->used = MIN(r->used, cols);
		t->flags = r->flags;
		memcpy(t->cells, r->cells, t->used * sizeof(*t->cells));
		if (cols < vt->cols && r->cells[cols].attr & VT_TAIL)
			t->cells[cols - 1] = (struct vt_cell){ .bg = t->cells[cols - 1].bg };
	}
}

static int resize_alt(struct vt *vt, int rows, int cols, struct screen *ret)
{
	*ret = vt->alt;
	if (vt_screen_alloc(ret, rows, cols) < 0)
		return -ENOMEM;
	ret->all_gen = vt->gen;
	if (vt->s == &vt->alt) {
		int lost = MAX(vt->y - (rows - 1), 0);

		copy_rows(vt, &vt->alt, lost, ret, rows, cols);
		ret->saved.y = clamp(ret->saved.y - lost, 0, rows - 1);
	}
	ret->saved.x = MIN(ret->saved.x, cols - 1);
	ret->saved.y = MIN(ret->saved.y, rows - 1);
	ret->saved.pending = false;
	return 0;
}

int vt_resize(struct vt *vt, int rows, int cols)
{
	struct screen alt;
	int old_cols = vt->cols;

	rows = clamp(rows, 1, VT_ROWS_MAX);
	cols = clamp(cols, 1, VT_COLS_MAX);
	if (rows == vt->rows && cols == vt->cols)
		return 0;
	vt->gen++;
	if (resize_alt(vt, rows, cols, &alt) < 0)
		return -ENOMEM;
	if (vt_resize_main(vt, rows, cols, &alt) < 0) {
		vt_screen_finish(&alt);
		return -ENOMEM;
	}
	if (vt->s == &vt->alt)
		vt_goto(vt, vt->y, vt->x);
	vt->pending = vt->pending && vt->modes & M_AWM;
	vt->top = 0;
	vt->bottom = rows - 1;
	if (cols > old_cols)
		vt_tabs_init(vt, old_cols);
	return 0;
}

/* --- reading */

int vt_rows(const struct vt *vt)
{
	return vt->rows;
}

int vt_cols(const struct vt *vt)
{
	return vt->cols;
}

struct vt_row vt_row(const struct vt *vt, int y)
{
	const struct row *r = row_at(vt, vt->s, clamp(y, 0, vt->rows - 1));

	return (struct vt_row){ r->cells, r->used, r->wrapped, MAX(r->gen, vt->s->all_gen) };
}

uint64_t vt_generation(const struct vt *vt)
{
	return vt->gen;
}

struct vt_cursor vt_cursor(const struct vt *vt)
{
	return (struct vt_cursor){
		.row = vt->y, .col = vt->x,
		.visible = vt->modes & M_TCEM,
		.pending = vt->pending,
		.blink = vt->modes & M_BLINK,
		.style = vt->cursor_style,
	};
}

struct vt_cell vt_pen(const struct vt *vt)
{
	return vt->pen;
}

struct vt_modes vt_modes(const struct vt *vt)
{
	return (struct vt_modes){
		.alt = vt->s == &vt->alt,
		.app_cursor = vt->modes & M_CKM,
		.app_keypad = vt->modes & M_NKM,
		.autowrap = vt->modes & M_AWM,
		.reverse_wrap = vt->modes & M_REVWRAP,
		.origin = vt->modes & M_OM,
		.insert = vt->modes & M_IRM,
		.newline = vt->modes & M_LNM,
		.reverse_video = vt->modes & M_SCNM,
		.backspace_bs = vt->modes & M_BKM,
		.bracketed_paste = vt->modes & M_PASTE,
		.focus = vt->modes & M_FOCUS,
		.alt_scroll = vt->modes & M_ALTSCROLL,
		.sync = vt->modes & M_SYNC,
		.modify_other_keys = vt->modify_other_keys,
		.kitty_flags = vt->s->nkitty ? vt->s->kitty[vt->s->nkitty - 1] : 0,
		.mouse = vt->mouse,
		.coding = vt->coding,
		.top = vt->top,
		.bottom = vt->bottom,
	};
}

const char *vt_title(const struct vt *vt)
{
	return vt->title;
}

const char *vt_cwd(const struct vt *vt)
{
	return vt->cwd;
}

void vt_set_default_colors(struct vt *vt, uint32_t fg, uint32_t bg)
{
	vt->default_fg = fg & 0xffffff;
	vt->default_bg = bg & 0xffffff;
}

int vt_scrollback(const struct vt *vt)
{
	return vt->sb.count;
}

uint64_t vt_scrollback_first(const struct vt *vt)
{
	return vt->sb.first;
}

uint64_t vt_scrollback_epoch(const struct vt *vt)
{
	return vt->sb.epoch;
}

size_t vt_scrollback_bytes(const struct vt *vt)
{
	return vt_sb_bytes(&vt->sb);
}

int vt_scrollback_line(struct vt *vt, int i, struct vt_cell *cells, int max, bool *ret_wrapped)
{
	bool wrapped;
	int n;

	if (i < 0 || (uint32_t)i >= vt->sb.count || max < 0)
		return -ERANGE;
	n = vt_sb_read(vt, &vt->sb, i, cells, max, &wrapped);
	if (ret_wrapped)
		*ret_wrapped = wrapped;
	return n;
}
