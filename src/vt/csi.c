/* SPDX-License-Identifier: Apache-2.0 */
/* csi.c - control sequences: the table of what is known, and those that move, erase and scroll. */
#include "vt/vt-priv.h"

int vt_param(const struct vt *vt, int i, int def)
{
	return i < vt->nparams && i < PARAMS_MAX && vt->params[i] > 0 ? vt->params[i] : def;
}

static int count(const struct vt *vt)
{
	return vt_param(vt, 0, 1);
}

static void cursor_up(struct vt *vt)
{
	int limit = vt->y >= vt->top ? vt->top : 0;

	vt_goto(vt, MAX(vt->y - count(vt), limit), vt->x);
}

static void cursor_down(struct vt *vt)
{
	int limit = vt->y <= vt->bottom ? vt->bottom : vt->rows - 1;

	vt_goto(vt, MIN(vt->y + count(vt), limit), vt->x);
}

static void cursor_right(struct vt *vt)
{
	vt_goto(vt, vt->y, vt->x + count(vt));
}

static void cursor_left(struct vt *vt)
{
	vt_goto(vt, vt->y, vt->x - count(vt));
}

static void next_line(struct vt *vt)
{
	cursor_down(vt);
	vt->x = 0;
}

static void previous_line(struct vt *vt)
{
	cursor_up(vt);
	vt->x = 0;
}

static void column(struct vt *vt)
{
	vt_goto(vt, vt->y, count(vt) - 1);
}

static void line(struct vt *vt)
{
	vt_goto_origin(vt, count(vt) - 1, vt->x);
}

static void line_relative(struct vt *vt)
{
	vt_goto_origin(vt, vt->y - (vt->modes & M_OM ? vt->top : 0) + count(vt), vt->x);
}

static void position(struct vt *vt)
{
	vt_goto_origin(vt, vt_param(vt, 0, 1) - 1, vt_param(vt, 1, 1) - 1);
}

static void tab_forward(struct vt *vt)
{
	for (int n = MIN(count(vt), vt->cols); n > 0; n--)
		vt_control(vt, '\t');
}

static void tab_back(struct vt *vt)
{
	int x = vt->x;

	for (int n = MIN(count(vt), vt->cols); n > 0 && x > 0; n--)
		do
			x--;
		while (x > 0 && !(vt->tabs[x / 8] & 1 << x % 8));
	vt_goto(vt, vt->y, x);
}

static void tab_clear(struct vt *vt)
{
	int what = vt_param(vt, 0, 0);

	if (what == 0)
		vt->tabs[vt->x / 8] &= ~(1 << vt->x % 8);
	else if (what == 3)
		memset(vt->tabs, 0, sizeof(vt->tabs));
}

/* Erases [x0, x1) of row y; selective: not what DECSCA protects. */
static void erase_row(struct vt *vt, int y, int x0, int x1, bool selective)
{
	struct row *r = vt_line(vt, y);

	if (x0 == 0)
		vt_break_before(vt, y);
	if (x1 == vt->cols)
		r->wrapped = false;
	if (!selective) {
		vt_row_erase(vt, r, x0, x1, vt->pen.bg);
		return;
	}
	for (int x = x0; x < x1; x++)
		if (!(r->cells[x].attr & VT_PROTECTED))
			vt_row_erase(vt, r, x, x + 1, vt->pen.bg);
}

static void erase_rows(struct vt *vt, int y0, int y1, bool selective)
{
	for (int y = y0; y < y1; y++)
		erase_row(vt, y, 0, vt->cols, selective);
}

static void erase_display(struct vt *vt)
{
	bool selective = vt->prefix == '?';

	switch (vt_param(vt, 0, 0)) {
	case 0:
		erase_row(vt, vt->y, vt->x, vt->cols, selective);
		erase_rows(vt, vt->y + 1, vt->rows, selective);
		break;
	case 1:
		erase_rows(vt, 0, vt->y, selective);
		erase_row(vt, vt->y, 0, vt->x + 1, selective);
		break;
	case 2:
		erase_rows(vt, 0, vt->rows, selective);
		break;
	case 3:
		if (!selective && vt->s == &vt->main)
			vt_sb_clear(&vt->sb);
		break;
	default:
		return;
	}
	vt->pending = false;
}

static void erase_line(struct vt *vt)
{
	bool selective = vt->prefix == '?';

	switch (vt_param(vt, 0, 0)) {
	case 0:
		erase_row(vt, vt->y, vt->x, vt->cols, selective);
		break;
	case 1:
		erase_row(vt, vt->y, 0, vt->x + 1, selective);
		break;
	case 2:
		erase_row(vt, vt->y, 0, vt->cols, selective);
		break;
	default:
		return;
	}
	vt->pending = false;
}

static void erase_cells(struct vt *vt)
{
	vt_row_erase(vt, vt_line(vt, vt->y), vt->x, MIN(vt->x + count(vt), vt->cols), vt->pen.bg);
	vt->pending = false;
}

static void insert_cells(struct vt *vt)
{
	vt_insert_cells(vt, count(vt));
}

static void delete_cells(struct vt *vt)
{
	vt_delete_cells(vt, count(vt));
}

static void insert_lines(struct vt *vt)
{
	if (vt->y < vt->top || vt->y > vt->bottom)
		return;
	vt_scroll_down(vt, vt->y, vt->bottom, count(vt));
	vt_goto(vt, vt->y, 0);
}

static void delete_lines(struct vt *vt)
{
	if (vt->y < vt->top || vt->y > vt->bottom)
		return;
	vt_scroll_up(vt, vt->y, vt->bottom, count(vt), false);
	vt_goto(vt, vt->y, 0);
}

static void scroll_up(struct vt *vt)
{
	vt->pending = false;
	vt_scroll_up(vt, vt->top, vt->bottom, count(vt), true);
}

static void scroll_down(struct vt *vt)
{
	if (vt->nparams > 1) { /* begin of highlight tracking: a terminal would wait for an answer */
		vt->verdict = CUT;
		return;
	}
	vt->pending = false;
	vt_scroll_down(vt, vt->top, vt->bottom, count(vt));
}

static void repeat(struct vt *vt)
{
	uint32_t cp = vt->last;

	if (cp)
		for (int n = MIN(count(vt), vt->cols - vt->x); n > 0; n--)
			vt_print(vt, cp);
}

static void margins(struct vt *vt)
{
	int top = vt_param(vt, 0, 1) - 1, bottom = MIN(vt_param(vt, 1, vt->rows), vt->rows) - 1;

	if (top >= bottom)
		return;
	vt->top = top;
	vt->bottom = bottom;
	vt_goto_origin(vt, 0, 0);
}

static void save(struct vt *vt)
{
	vt_save_cursor(vt);
}

static void restore(struct vt *vt)
{
	vt_restore_cursor(vt);
}

static void cursor_style(struct vt *vt)
{
	int n = vt_param(vt, 0, 0);

	if (n > 6)
		return;
	vt->cursor_style = n ? (n - 1) / 2 : 0;
	vt->modes = n == 0 || n % 2 ? vt->modes | M_BLINK : vt->modes & ~M_BLINK;
}

static void protect(struct vt *vt)
{
	int n = vt_param(vt, 0, 0);

	if (n == 1)
		vt->pen.attr |= VT_PROTECTED;
	else if (n == 0 || n == 2)
		vt->pen.attr &= ~VT_PROTECTED;
}

static void modify_keys(struct vt *vt)
{
	if (vt_param(vt, 0, 4) == 4)
		vt->modify_other_keys = vt->prefix == '>' && vt->nparams > 0 ? MIN(vt_param(vt, 1, 0), 2) : 0;
}

static void modify_keys_off(struct vt *vt)
{
	if (vt_param(vt, 0, 2) == 4)
		vt->modify_other_keys = 0;
}

static void kitty_push(struct vt *vt)
{
	struct screen *s = vt->s;

	if (s->nkitty == KITTY_MAX) {
		memmove(s->kitty, s->kitty + 1, KITTY_MAX - 1);
		s->nkitty--;
	}
	s->kitty[s->nkitty++] = vt_param(vt, 0, 0) & 1;
}

static void kitty_pop(struct vt *vt)
{
	vt->s->nkitty -= MIN(count(vt), vt->s->nkitty);
}

static void kitty_set(struct vt *vt)
{
	struct screen *s = vt->s;
	int flags = vt_param(vt, 0, 0) & 1, how = vt_param(vt, 1, 1);

	if (s->nkitty == 0)
		s->kitty[s->nkitty++] = 0;
	if (how == 1)
		s->kitty[s->nkitty - 1] = flags;
	else if (how == 2)
		s->kitty[s->nkitty - 1] |= flags;
	else if (how == 3)
		s->kitty[s->nkitty - 1] &= ~flags;
}

/* Those without prefix and intermediate; what is not here has no effect, and viewers get it. */
static void (*const plain[0x80])(struct vt *vt) = {
	['@'] = insert_cells,	['A'] = cursor_up,     ['B'] = cursor_down,   ['C'] = cursor_right,
	['D'] = cursor_left,	['E'] = next_line,     ['F'] = previous_line, ['G'] = column,
	['H'] = position,	['I'] = tab_forward,   ['J'] = erase_display, ['K'] = erase_line,
	['L'] = insert_lines,	['M'] = delete_lines,  ['P'] = delete_cells,  ['S'] = scroll_up,
	['T'] = scroll_down,	['X'] = erase_cells,   ['Z'] = tab_back,      ['`'] = column,
	['a'] = cursor_right,	['b'] = repeat,	       ['c'] = vt_report_da,  ['d'] = line,
	['e'] = line_relative,	['f'] = position,      ['g'] = tab_clear,     ['h'] = vt_mode_set,
	['j'] = cursor_left,	['k'] = cursor_up,     ['l'] = vt_mode_reset, ['m'] = vt_sgr,
	['n'] = vt_report_status, ['r'] = margins,     ['s'] = save,	      ['t'] = vt_window,
	['u'] = restore,	['x'] = vt_report_terminal,
};

/* Viewers do not get these: c, n, x ask; i prints. (h, l, t decide for themselves.) */
static bool plain_cut(uint8_t final)
{
	return final == 'c' || final == 'i' || final == 'n' || final == 'x';
}

/* Those with a prefix or an intermediate; what is not here is cut. */
static const struct csi {
	char prefix, inter, final;
	enum verdict verdict;
	void (*run)(struct vt *vt);
} others[] = {
	{ '?', 0, 'h', PASS, vt_mode_set },
	{ '?', 0, 'l', PASS, vt_mode_reset },
	{ '?', 0, 'J', PASS, erase_display },
	{ '?', 0, 'K', PASS, erase_line },
	{ '?', 0, 'n', CUT, vt_report_status_private },
	{ '?', 0, 'm', CUT, vt_report_keys },
	{ '?', 0, 'u', CUT, vt_report_kitty },
	{ '?', '$', 'p', CUT, vt_report_mode_private },
	{ 0, '$', 'p', CUT, vt_report_mode },
	{ '>', 0, 'c', CUT, vt_report_da2 },
	{ '=', 0, 'c', CUT, vt_report_da3 },
	{ '>', 0, 'q', CUT, vt_report_version },
	{ '>', 0, 'm', PASS, modify_keys },
	{ '>', 0, 'n', PASS, modify_keys_off },
	{ '>', 0, 'u', PASS, kitty_push },
	{ '<', 0, 'u', PASS, kitty_pop },
	{ '=', 0, 'u', PASS, kitty_set },
	{ 0, '!', 'p', PASS, vt_soft_reset },
	{ 0, ' ', 'q', PASS, cursor_style },
	{ 0, '"', 'q', PASS, protect },
};

void vt_csi(struct vt *vt, uint8_t final)
{
	if (!vt->prefix && !vt->ninter) {
		if (plain_cut(final))
			vt->verdict = CUT;
		if (plain[final])
			plain[final](vt);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		const struct csi *c = &others[i];

		if (c->final == final && c->prefix == vt->prefix && c->inter == vt->inter[0] && vt->ninter < 2) {
			vt->verdict = c->verdict;
			c->run(vt);
			return;
		}
	}
	vt->verdict = CUT;
}
