/* SPDX-License-Identifier: Apache-2.0 */
/* control.c - C0 controls and escape sequences. */
#include "vt/vt-priv.h"

void vt_tabs_init(struct vt *vt, int from)
{
	for (int x = 0; x < VT_COLS_MAX; x++) {
		if (x < from)
			continue;
		if (x % 8 == 0)
			vt->tabs[x / 8] |= 1 << x % 8;
		else
			vt->tabs[x / 8] &= ~(1 << x % 8);
	}
}

static void backspace(struct vt *vt)
{
	vt->pending = false;
	if (vt->x > 0) {
		vt->x--;
	} else if (vt->modes & M_REVWRAP && vt->modes & M_AWM && vt->y > vt->top) {
		vt->y--;
		vt->x = vt->cols - 1;
	}
}

static void tab(struct vt *vt)
{
	int x = vt->x;

	if (x == vt->cols - 1)
		return;
	do
		x++;
	while (x < vt->cols - 1 && !(vt->tabs[x / 8] & 1 << x % 8));
	vt->x = x;
}

void vt_control(struct vt *vt, uint8_t c)
{
	switch (c) {
	case '\b':
		backspace(vt);
		break;
	case '\t':
		tab(vt);
		break;
	case '\n':
	case '\v':
	case '\f':
		vt_index(vt);
		if (vt->modes & M_LNM)
			vt->x = 0;
		break;
	case '\r':
		vt->x = 0;
		vt->pending = false;
		break;
	case 0x0e:
	case 0x0f:
		vt->gl = c == 0x0e;
		break;
	}
}

void vt_saved_init(struct saved *sv)
{
	*sv = (struct saved){ 0 };
}

void vt_save_cursor(struct vt *vt)
{
	struct saved *sv = &vt->s->saved;

	sv->x = vt->x;
	sv->y = vt->y;
	sv->pending = vt->pending;
	sv->origin = vt->modes & M_OM;
	sv->pen = vt->pen;
	memcpy(sv->g, vt->g, sizeof(sv->g));
	sv->gl = vt->gl;
}

void vt_restore_cursor(struct vt *vt)
{
	const struct saved *sv = &vt->s->saved;
	const struct vt_cell *c;
	int y = sv->y;

	vt->modes = sv->origin ? vt->modes | M_OM : vt->modes & ~M_OM;
	if (sv->origin)
		y = MIN(MAX(y, vt->top), vt->bottom);
	vt_goto(vt, y, sv->x);
	c = &vt_line(vt, vt->y)->cells[vt->x];
	vt->pending = sv->pending && vt->x == vt->cols - 1 && vt->modes & M_AWM && (c->ch || c->attr & VT_TAIL);
	vt->pen = sv->pen;
	memcpy(vt->g, sv->g, sizeof(vt->g));
	vt->gl = sv->gl;
}

void vt_soft_reset(struct vt *vt)
{
	vt->modes &= ~(M_OM | M_IRM | M_CKM | M_NKM | M_REVWRAP);
	vt->modes |= M_AWM | M_TCEM;
	vt->top = 0;
	vt->bottom = vt->rows - 1;
	memset(vt->g, 0, sizeof(vt->g));
	vt->gl = vt->single = 0;
	vt->pen = (struct vt_cell){ 0 };
	vt->pending = false;
	vt_saved_init(&vt->s->saved);
}

static void align(struct vt *vt)
{
	vt->top = 0;
	vt->bottom = vt->rows - 1;
	vt->modes &= ~M_OM;
	for (int y = 0; y < vt->rows; y++) {
		struct row *r = vt_line(vt, y);

		vt_break_before(vt, y);
		r->flags = 0;
		for (int x = 0; x < vt->cols; x++)
			r->cells[x] = (struct vt_cell){ .ch = 'E' };
		r->used = vt->cols;
		r->wrapped = false;
		vt_row_touch(vt, r);
	}
	vt_goto(vt, 0, 0);
}

static uint8_t charset(uint8_t final)
{
	return final == '0' || final == '2' ? CHARSET_GRAPHICS : final == 'A' ? CHARSET_UK : CHARSET_ASCII;
}

static void escape_inter(struct vt *vt, uint8_t final)
{
	uint8_t i = vt->inter[0];

	if (vt->ninter > 1) { /* charsets with names of two bytes, out of UTF-8 for good: none is known */
		vt->verdict = CUT;
		return;
	}
	if (i >= '(' && i <= '+')
		vt->g[i - '('] = charset(final);
	else if (i >= '-' && i <= '/')
		vt->g[i - '-' + 1] = CHARSET_ASCII;
	else if (i == '#' && final == '8')
		align(vt);
	else if (i == '%' || i == ' ')
		vt->verdict = CUT; /* out of UTF-8, 8-bit answers, ANSI levels: not for viewers */
}

void vt_escape(struct vt *vt, uint8_t final)
{
	if (vt->ninter) {
		escape_inter(vt, final);
		return;
	}
	switch (final) {
	case '7':
		vt_save_cursor(vt);
		break;
	case '8':
		vt_restore_cursor(vt);
		break;
	case '=':
	case '>':
		vt->modes = final == '=' ? vt->modes | M_NKM : vt->modes & ~M_NKM;
		break;
	case 'D':
		vt_index(vt);
		break;
	case 'E':
		vt_index(vt);
		vt->x = 0;
		break;
	case 'H':
		vt->tabs[vt->x / 8] |= 1 << vt->x % 8;
		break;
	case 'M':
		vt_reverse_index(vt);
		break;
	case 'N':
	case 'O':
		vt->single = final - 'N' + 2;
		break;
	case 'Z':
		vt_report_da(vt);
		vt->verdict = CUT;
		break;
	case 'c':
		vt_reset_state(vt);
		break;
	case 'n':
	case 'o':
		vt->gl = final - 'n' + 2;
		break;
	}
}
