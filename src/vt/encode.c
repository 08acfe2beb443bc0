/* SPDX-License-Identifier: Apache-2.0 */
/* encode.c - keys, mouse and pasted text as the guest expects them in its modes (xterm's ctlseqs). */
#include <stdio.h>

#include "vt/vt-priv.h"

static int put(uint8_t *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int put(uint8_t *ret, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf((char *)ret, VT_KEY_BYTES, fmt, ap);
	va_end(ap);
	return n;
}

static bool kitty(const struct vt *vt)
{
	return vt->s->nkitty && vt->s->kitty[vt->s->nkitty - 1];
}

/* Keys that end in a letter: CSI or SS3 letter, CSI 1 ; mods letter. */
static int key_letter(uint8_t *ret, char letter, unsigned mods, bool ss3)
{
	if (mods)
		return put(ret, "\033[1;%u%c", mods + 1, letter);
	return put(ret, "\033%c%c", ss3 ? 'O' : '[', letter);
}

static int key_tilde(uint8_t *ret, int number, unsigned mods)
{
	if (mods)
		return put(ret, "\033[%d;%u~", number, mods + 1);
	return put(ret, "\033[%d~", number);
}

/* The control character of Ctrl and c, -1 where there is none. */
static int control_of(uint32_t c)
{
	static const char digits[] = { 0, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x7f }; /* 2..8 */

	if (c >= 'a' && c <= 'z')
		return c - 0x60;
	if (c >= '@' && c <= '_')
		return c - 0x40;
	if (c == ' ')
		return 0;
	if (c == '/')
		return 0x1f;
	if (c == '?')
		return 0x7f;
	if (c >= '2' && c <= '8')
		return digits[c - '2'];
	return -1;
}

static int with_alt(uint8_t *ret, unsigned mods, const char *p, int n)
{
	int at = 0;

	if (mods & (VT_ALT | VT_META))
		ret[at++] = 0x1b;
	memcpy(ret + at, p, n);
	return at + n;
}

static int key_char(const struct vt *vt, uint32_t c, unsigned mods, uint8_t *ret)
{
	bool more = mods & ~(unsigned)VT_SHIFT; /* Shift alone is in the character */
	int ctrl = mods & VT_CTRL ? control_of(c) : -1, n = 1;
	char utf8[4];

	if (more && kitty(vt))
		return put(ret, "\033[%u;%uu", c >= 'A' && c <= 'Z' ? c + 32 : c, mods + 1);
	if (more && (vt->modify_other_keys == 2 || (vt->modify_other_keys == 1 && mods & VT_CTRL && ctrl < 0)))
		return put(ret, "\033[27;%u;%u~", mods + 1, c);
	if (ctrl >= 0)
		utf8[0] = ctrl;
	else
		n = vt_utf8_encode(c, utf8);
	return with_alt(ret, mods, utf8, n);
}

/* Enter, Tab, Backspace, Escape: a control character, or its number once they are modified. */
static int key_ascii(const struct vt *vt, uint32_t key, unsigned mods, uint8_t *ret)
{
	bool bs = !!(vt->modes & M_BKM) != !!(mods & VT_CTRL);
	char c = key == VT_KEY_ENTER ? '\r' : key == VT_KEY_TAB ? '\t' : key == VT_KEY_ESCAPE ? 0x1b : bs ? '\b' : 0x7f;
	int number = key == VT_KEY_BACKSPACE ? 127 : c;

	if (kitty(vt) && (mods || key == VT_KEY_ESCAPE))
		return mods ? put(ret, "\033[%d;%uu", number, mods + 1) : put(ret, "\033[%du", number);
	if (key == VT_KEY_TAB && mods == VT_SHIFT)
		return put(ret, "\033[Z");
	if (mods && vt->modify_other_keys == 2)
		return put(ret, "\033[27;%u;%d~", mods + 1, number);
	if (key == VT_KEY_ENTER && vt->modes & M_LNM)
		return with_alt(ret, mods, "\r\n", 2);
	return with_alt(ret, mods, &c, 1);
}

static int key_keypad(const struct vt *vt, uint32_t key, unsigned mods, uint8_t *ret)
{
	static const char plain[] = "0123456789\r+-*/.,=", app[] = "pqrstuvwxyMkmjonlX";
	int i = key - VT_KEY_KP_0;

	if (vt->modes & M_NKM)
		return key_letter(ret, app[i], mods, true);
	if (key == VT_KEY_KP_ENTER)
		return key_ascii(vt, VT_KEY_ENTER, mods, ret);
	return key_char(vt, plain[i], mods, ret);
}

static int key_function(uint32_t n, unsigned mods, uint8_t *ret)
{
	static const uint8_t numbers[] = { 15, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34 };

	if (n < 4)
		return key_letter(ret, 'P' + n, mods, true);
	return key_tilde(ret, numbers[n - 4], mods);
}

int vt_encode_key(const struct vt *vt, uint32_t key, unsigned mods, uint8_t ret[static VT_KEY_BYTES])
{
	static const char letters[] = "ABCDHFE";
	static const uint8_t tildes[] = { 2, 3, 5, 6 };

	mods &= VT_SHIFT | VT_ALT | VT_CTRL | VT_META;
	if (key < VT_KEY_UP)
		return key >= 0xd800 && key < 0xe000 ? 0 : key_char(vt, key, mods, ret);
	if (key <= VT_KEY_BEGIN)
		return key_letter(ret, letters[key - VT_KEY_UP], mods, vt->modes & M_CKM);
	if (key <= VT_KEY_PAGE_DOWN)
		return key_tilde(ret, tildes[key - VT_KEY_INSERT], mods);
	if (key <= VT_KEY_ESCAPE)
		return key_ascii(vt, key, mods, ret);
	if (key <= VT_KEY_F20)
		return key_function(key - VT_KEY_F1, mods, ret);
	if (key <= VT_KEY_KP_EQUAL)
		return key_keypad(vt, key, mods, ret);
	return 0;
}

/* --- mouse */

static bool wanted(const struct vt *vt, const struct vt_mouse *m)
{
	if (m->button >= 4 && m->button <= 7 && m->action != VT_MOUSE_PRESS)
		return false; /* a wheel has no release */
	switch (m->action) {
	case VT_MOUSE_PRESS:
		return vt->mouse != VT_MOUSE_OFF;
	case VT_MOUSE_RELEASE:
		return vt->mouse >= VT_MOUSE_CLICK;
	case VT_MOUSE_MOVE:
		return vt->mouse == VT_MOUSE_MOTION || (vt->mouse == VT_MOUSE_DRAG && m->button > 0);
	}
	return false;
}

static int button_code(const struct vt *vt, const struct vt_mouse *m)
{
	int b = m->button, code;

	if (b >= 8)
		code = 128 + b - 8;
	else if (b >= 4)
		code = 64 + b - 4;
	else
		code = b == 0 ? 3 : b - 1;
	if (m->action == VT_MOUSE_RELEASE && vt->coding != VT_CODING_SGR)
		code = 3;
	if (m->action == VT_MOUSE_MOVE)
		code += 32;
	if (vt->mouse == VT_MOUSE_X10)
		return code;
	return code + (m->mods & VT_SHIFT ? 4 : 0) + (m->mods & (VT_ALT | VT_META) ? 8 : 0) + (m->mods & VT_CTRL ? 16 : 0);
}

/* Wheel on the alternate screen without mouse: cursor keys, if the guest asked for them (?1007). */
static int wheel_keys(const struct vt *vt, const struct vt_mouse *m, uint8_t *ret)
{
	uint32_t key = m->button == 4 ? VT_KEY_UP : VT_KEY_DOWN;
	int n = 0;

	if (!(vt->modes & M_ALTSCROLL) || vt->s != &vt->alt || m->action != VT_MOUSE_PRESS || m->button < 4 || m->button > 5)
		return 0;
	for (int i = 0; i < 3; i++) {
		uint8_t one[VT_KEY_BYTES];
		int k = vt_encode_key(vt, key, 0, one);

		memcpy(ret + n, one, k);
		n += k;
	}
	return n;
}

int vt_encode_mouse(const struct vt *vt, const struct vt_mouse *m, uint8_t ret[static VT_KEY_BYTES])
{
	int code, x = MAX(m->col, 0) + 1, y = MAX(m->row, 0) + 1;
	int n;

	if (vt->mouse == VT_MOUSE_OFF)
		return wheel_keys(vt, m, ret);
	if (m->button < 0 || m->button > 11 || x > VT_COLS_MAX || y > VT_ROWS_MAX || !wanted(vt, m))
		return 0;
	code = button_code(vt, m);
	switch (vt->coding) {
	case VT_CODING_SGR:
		return put(ret, "\033[<%d;%d;%d%c", code, x, y, m->action == VT_MOUSE_RELEASE ? 'm' : 'M');
	case VT_CODING_URXVT:
		return put(ret, "\033[%d;%d;%dM", code + 32, x, y);
	case VT_CODING_UTF8:
		n = put(ret, "\033[M");
		n += vt_utf8_encode(code + 32, (char *)ret + n);
		n += vt_utf8_encode(x + 32, (char *)ret + n);
		return n + vt_utf8_encode(y + 32, (char *)ret + n);
	}
	if (code > 223 || x > 223 || y > 223)
		return 0; /* it does not fit into a byte */
	memcpy(ret, "\033[M", 3);
	ret[3] = code + 32;
	ret[4] = x + 32;
	ret[5] = y + 32;
	return 6;
}

int vt_encode_focus(const struct vt *vt, bool in, uint8_t ret[static VT_KEY_BYTES])
{
	return vt->modes & M_FOCUS ? put(ret, "\033[%c", in ? 'I' : 'O') : 0;
}

/* --- paste */

/* Bytes at p that must not reach the guest; 0: p[0] may. */
static size_t forbidden(const uint8_t *p, size_t n)
{
	static const uint8_t end[] = "\033[201~", end_c1[] = "\302\233201~";

	if (n >= 6 && !memcmp(p, end, 6))
		return 6;
	if (n >= 6 && !memcmp(p, end_c1, 6))
		return 6;
	if (p[0] == 0xc2 && n > 1 && p[1] >= 0x80 && p[1] < 0xa0)
		return 2;
	return (p[0] < 0x20 && p[0] != '\t' && p[0] != '\n' && p[0] != '\r') || p[0] == 0x7f;
}

int vt_encode_paste(const struct vt *vt, const void *text, size_t n, struct buf *out)
{
	const uint8_t *p = text, *end = p + n;
	bool bracketed = vt->modes & M_PASTE;
	int rc = bracketed ? buf_adds(out, "\033[200~") : 0;

	while (p < end && rc == 0) {
		size_t skip = forbidden(p, end - p);

		if (skip) {
			p += skip;
		} else if (*p == '\r' || *p == '\n') {
			if (*p == '\r' && end - p > 1 && p[1] == '\n')
				p++;
			p++;
			rc = buf_addc(out, bracketed ? '\n' : '\r');
		} else {
			const uint8_t *from = p;

			while (p < end && *p >= 0x20 && *p != 0x7f && *p != 0xc2)
				p++;
			p += p == from; /* a tab, or 0xc2 that begins nothing bad */
			rc = buf_add(out, from, p - from);
		}
	}
	return rc == 0 && bracketed ? buf_adds(out, "\033[201~") : rc;
}
