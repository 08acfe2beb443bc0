/* SPDX-License-Identifier: Apache-2.0 */
/* mode.c - SM, RM, DECSET, DECRST: one table of modes. */
#include "vt/vt-priv.h"

enum kind {
	K_BIT,
	K_AWM,
	K_ORIGIN,
	K_MOUSE,
	K_CODING,
	K_ALT,        /* 47, 1047 */
	K_SAVE,       /* 1048 */
	K_ALT_SAVE,   /* 1049 */
	K_NONE,       /* known, and without effect here */
};

static const struct mode {
	uint16_t number;
	bool private;
	enum kind kind;
	uint32_t bit;
} modes[] = {
	{ 4, false, K_BIT, M_IRM },
	{ 20, false, K_BIT, M_LNM },
	{ 1, true, K_BIT, M_CKM },
	{ 4, true, K_NONE },
	{ 5, true, K_BIT, M_SCNM },
	{ 6, true, K_ORIGIN, M_OM },
	{ 7, true, K_AWM, M_AWM },
	{ 8, true, K_NONE },
	{ 9, true, K_MOUSE },
	{ 12, true, K_BIT, M_BLINK },
	{ 25, true, K_BIT, M_TCEM },
	{ 45, true, K_BIT, M_REVWRAP },
	{ 47, true, K_ALT },
	{ 66, true, K_BIT, M_NKM },
	{ 67, true, K_BIT, M_BKM },
	{ 1000, true, K_MOUSE },
	{ 1002, true, K_MOUSE },
	{ 1003, true, K_MOUSE },
	{ 1004, true, K_BIT, M_FOCUS },
	{ 1005, true, K_CODING },
	{ 1006, true, K_CODING },
	{ 1007, true, K_BIT, M_ALTSCROLL },
	{ 1015, true, K_CODING },
	{ 1047, true, K_ALT },
	{ 1048, true, K_SAVE },
	{ 1049, true, K_ALT_SAVE },
	{ 2004, true, K_BIT, M_PASTE },
	{ 2026, true, K_BIT, M_SYNC },
};

static const struct mode *find(int number, bool private)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (modes[i].number == number && modes[i].private == private)
			return &modes[i];
	return NULL;
}

void vt_set_alt(struct vt *vt, bool on)
{
	if (on == (vt->s == &vt->alt))
		return;
	if (on) {
		vt_screen_clear(vt, &vt->alt);
		vt_saved_init(&vt->alt.saved);
		vt->alt.nkitty = 0;
	}
	vt->s = on ? &vt->alt : &vt->main;
	vt->pending = false;
	vt->s->all_gen = vt->gen;
}

static void set_bit(struct vt *vt, uint32_t bit, bool on)
{
	if (bit == M_SCNM && on != !!(vt->modes & M_SCNM))
		vt->s->all_gen = vt->gen;
	vt->modes = on ? vt->modes | bit : vt->modes & ~bit;
}

static void set(struct vt *vt, const struct mode *m, bool on)
{
	switch (m->kind) {
	case K_BIT:
		set_bit(vt, m->bit, on);
		break;
	case K_AWM:
		set_bit(vt, m->bit, on);
		if (!on)
			vt->pending = false;
		break;
	case K_ORIGIN:
		set_bit(vt, m->bit, on);
		vt_goto_origin(vt, 0, 0);
		break;
	case K_MOUSE:
		vt->mouse = on ? m->number : 0;
		break;
	case K_CODING:
		vt->coding = on ? m->number : 0;
		break;
	case K_ALT:
		vt_set_alt(vt, on);
		break;
	case K_SAVE:
		if (on)
			vt_save_cursor(vt);
		else
			vt_restore_cursor(vt);
		break;
	case K_ALT_SAVE:
		if (on && vt->s == &vt->main) {
			vt_save_cursor(vt);
			vt_set_alt(vt, true);
		} else if (!on) {
			vt_set_alt(vt, false);
			vt_restore_cursor(vt);
		}
		break;
	case K_NONE:
		break;
	}
}

/* Sets what is known; viewers get the sequence without the rest, so that no mode is on there that is not
 * known here. */
static void set_list(struct vt *vt, bool on)
{
	char text[PARAMS_MAX * 6 + 8];
	int n = MIN(vt->nparams, PARAMS_MAX), known = 0;
	int len = snprintf(text, sizeof(text), "\033[%s", vt->prefix ? "?" : "");

	for (int i = 0; i < n; i++) {
		const struct mode *m = find(vt->params[i], vt->prefix == '?');

		if (!m || vt->subs >> i & 1)
			continue;
		set(vt, m, on);
		len += snprintf(text + len, sizeof(text) - len, "%s%d", known++ ? ";" : "", m->number);
	}
	vt->verdict = known == vt->nparams ? PASS : CUT;
	if (!known || vt->verdict == PASS)
		return;
	text[len++] = on ? 'h' : 'l';
	vt_pass_instead(vt, text, len);
}

void vt_mode_set(struct vt *vt)
{
	set_list(vt, true);
}

void vt_mode_reset(struct vt *vt)
{
	set_list(vt, false);
}

int vt_mode_report(const struct vt *vt, bool private, int number)
{
	const struct mode *m = find(number, private);
	bool on;

	if (!m || m->kind == K_NONE)
		return 0;
	switch (m->kind) {
	case K_MOUSE:
		on = vt->mouse == number;
		break;
	case K_CODING:
		on = vt->coding == number;
		break;
	case K_ALT:
	case K_ALT_SAVE:
		on = vt->s == &vt->alt;
		break;
	case K_SAVE:
		return 0;
	default:
		on = vt->modes & m->bit;
	}
	return on ? 1 : 2;
}

int vt_mode_write(const struct vt *vt, bool off, struct buf *out)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(modes) && rc == 0; i++) {
		const struct mode *m = &modes[i];
		bool on = vt->modes & m->bit;

		if ((m->kind == K_BIT || m->kind == K_AWM) && on != !!(M_DEFAULT & m->bit) && m->bit != M_IRM)
			rc = buf_addf(out, "\033[%s%d%c", m->private ? "?" : "", m->number, on != off ? 'h' : 'l');
	}
	if (rc == 0 && vt->mouse)
		rc = buf_addf(out, "\033[?%d%c", vt->mouse, off ? 'l' : 'h');
	if (rc == 0 && vt->coding)
		rc = buf_addf(out, "\033[?%d%c", vt->coding, off ? 'l' : 'h');
	if (rc == 0 && vt->modify_other_keys)
		rc = buf_addf(out, "\033[>4;%dm", off ? 0 : vt->modify_other_keys);
	return rc;
}
