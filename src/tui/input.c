/* SPDX-License-Identifier: Apache-2.0 */
/* input.c - the decoder of the user's terminal. */
#include "tui/input.h"

#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "tui/canvas.h"

enum {
	S_GROUND,
	S_UTF8,
	S_ESC,
	S_ESC_UTF8, /* Alt and a character of several bytes */
	S_CSI,
	S_SS3,
	S_LINUX,    /* CSI [ A: F1 of the Linux console */
	S_X10,      /* CSI M and three bytes */
	S_STRING,   /* DCS, OSC, APC, PM, SOS until ST */
	S_STRING_ESC,
	S_PASTE,
};

#define STRING_MAX 65536
static const char paste_end[] = "\033[201~";

void input_init(struct input *in, input_cb cb, void *arg)
{
	*in = (struct input){ .cb = cb, .arg = arg };
}

static void key(struct input *in, uint32_t k, unsigned mods)
{
	struct input_event ev = { .type = INPUT_KEY, .key = k, .mods = mods };

	in->cb(in->arg, &ev);
}

/* A single byte below 0x80. */
static void key_byte(struct input *in, uint8_t b, unsigned mods)
{
	if (b == '\r' || b == '\n') /* the terminal's driver may have made one the other */
		key(in, VT_KEY_ENTER, mods);
	else if (b == '\t')
		key(in, VT_KEY_TAB, mods);
	else if (b == 0x7f)
		key(in, VT_KEY_BACKSPACE, mods);
	else if (b == 0x1b)
		key(in, VT_KEY_ESCAPE, mods);
	else if (b == 0)
		key(in, ' ', mods | VT_CTRL);
	else if (b < 0x1b)
		key(in, b + 'a' - 1, mods | VT_CTRL);
	else if (b < 0x20)
		key(in, b + 0x40, mods | VT_CTRL);
	else
		key(in, b, mods);
}

/* --- CSI and SS3 */

struct csi {
	char lead; /* '?', '>', '<', '=' or 0 */
	int p[8];
	int np;
	char inter, final;
};

static bool csi_parse(const uint8_t *s, size_t n, struct csi *ret)
{
	size_t i = 0;

	*ret = (struct csi){ .final = (char)s[n - 1] };
	if (s[0] >= '<' && s[0] <= '?')
		ret->lead = (char)s[i++];
	for (; i < n - 1; i++) {
		if (s[i] >= '0' && s[i] <= '9') {
			int *p = &ret->p[MIN(ret->np, 7)];

			*p = MIN(*p * 10 + (s[i] - '0'), 0xffff);
		} else if (s[i] == ';') {
			ret->np = MIN(ret->np + 1, 7);
		} else if (s[i] == ':') {
			while (i + 1 < n - 1 && s[i + 1] != ';') /* sub-parameters say nothing we use */
				i++;
		} else if (s[i] >= 0x20 && s[i] < 0x30) {
			ret->inter = (char)s[i];
		} else {
			return false;
		}
	}
	ret->np++;
	return true;
}

static unsigned mods_of(int p)
{
	unsigned m = p > 1 ? (unsigned)(p - 1) : 0;

	return (m & 1 ? VT_SHIFT : 0) | (m & 2 ? VT_ALT : 0) | (m & 4 ? VT_CTRL : 0) | (m & (8 | 32) ? VT_META : 0);
}

/* The final letters that CSI and SS3 share. */
static uint32_t key_of_letter(char final)
{
	static const char arrows[] = "ABCDHFE";
	static const uint32_t keys[] = { VT_KEY_UP,   VT_KEY_DOWN, VT_KEY_RIGHT, VT_KEY_LEFT,
					 VT_KEY_HOME, VT_KEY_END,  VT_KEY_BEGIN };
	const char *at = strchr(arrows, final);

	if (at && final)
		return keys[at - arrows];
	if (final >= 'P' && final <= 'S')
		return VT_KEY_F1 + (uint32_t)(final - 'P');
	return 0;
}

static uint32_t key_of_tilde(int p)
{
	static const uint32_t low[] = { 0, VT_KEY_HOME, VT_KEY_INSERT, VT_KEY_DELETE, VT_KEY_END,
					VT_KEY_PAGE_UP, VT_KEY_PAGE_DOWN, VT_KEY_HOME, VT_KEY_END };

	if (p >= 1 && p <= 8)
		return low[p];
	if (p >= 11 && p <= 15)
		return VT_KEY_F1 + (uint32_t)(p - 11);
	if (p >= 17 && p <= 21)
		return VT_KEY_F1 + 5 + (uint32_t)(p - 17);
	if (p >= 23 && p <= 26)
		return VT_KEY_F1 + 10 + (uint32_t)(p - 23);
	if (p == 28 || p == 29)
		return VT_KEY_F1 + 14 + (uint32_t)(p - 28);
	if (p >= 31 && p <= 34)
		return VT_KEY_F1 + 16 + (uint32_t)(p - 31);
	return 0;
}

static void mouse(struct input *in, int code, int col, int row, bool release)
{
	struct input_event ev = { .type = INPUT_MOUSE };
	int b = code & 3;

	ev.mouse.row = MAX(row - 1, 0);
	ev.mouse.col = MAX(col - 1, 0);
	ev.mouse.mods = (code & 4 ? VT_SHIFT : 0) | (code & 8 ? VT_ALT : 0) | (code & 16 ? VT_CTRL : 0);
	ev.mouse.action = release ? VT_MOUSE_RELEASE : code & 32 ? VT_MOUSE_MOVE : VT_MOUSE_PRESS;
	ev.mouse.button = code & 128 ? 8 + b : code & 64 ? 4 + b : b == 3 ? 0 : b + 1;
	in->cb(in->arg, &ev);
}

/* Keys as "CSI code ; mods u". */
static void key_unicode(struct input *in, int code, unsigned mods)
{
	if (code == 13 || code == 9 || code == 27 || code == 127)
		key_byte(in, (uint8_t)code, mods);
	else if (code >= 0x20 && code <= 0xffff && (code < 0xd800 || code >= 0xe000))
		key(in, (uint32_t)code, mods);
}

static void csi(struct input *in)
{
	struct input_event ev = { .type = INPUT_REPLY, .text = (char *)in->seq, .n = in->nseq };
	uint32_t k;
	struct csi c;

	in->state = S_GROUND;
	if (!csi_parse(in->seq, in->nseq, &c))
		return;
	if (c.lead == '<' && (c.final == 'M' || c.final == 'm')) {
		mouse(in, c.p[0], c.p[1], c.p[2], c.final == 'm');
	} else if (c.lead || c.inter || c.final == 'c' || c.final == 'n') {
		in->cb(in->arg, &ev);
	} else if (c.final == '~' && c.p[0] == 200) {
		in->state = S_PASTE;
		in->npaste = 0;
		in->paste_first = true;
	} else if (c.final == '~' && c.p[0] == 27 && c.np >= 3) {
		key_unicode(in, c.p[2], mods_of(c.p[1]));
	} else if (c.final == '~') {
		k = key_of_tilde(c.p[0]);
		if (k)
			key(in, k, mods_of(c.p[1]));
	} else if (c.final == 'u') {
		key_unicode(in, c.p[0], mods_of(c.p[1]));
	} else if (c.final == 'Z') {
		key(in, VT_KEY_TAB, VT_SHIFT | mods_of(c.p[1]));
	} else if (c.final == 'I' || c.final == 'O') {
		ev = (struct input_event){ .type = INPUT_FOCUS, .in = c.final == 'I' };
		in->cb(in->arg, &ev);
	} else if ((k = key_of_letter(c.final))) {
		key(in, k, mods_of(c.p[1]));
	}
}

static void ss3(struct input *in, uint8_t b)
{
	static const char pad[] = "jklmnopqrstuvwxyMX";
	static const uint32_t keys[] = { VT_KEY_KP_TIMES, VT_KEY_KP_PLUS, VT_KEY_KP_COMMA, VT_KEY_KP_MINUS,
					 VT_KEY_KP_POINT, VT_KEY_KP_DIVIDE, VT_KEY_KP_0, VT_KEY_KP_0 + 1,
					 VT_KEY_KP_0 + 2, VT_KEY_KP_0 + 3, VT_KEY_KP_0 + 4, VT_KEY_KP_0 + 5,
					 VT_KEY_KP_0 + 6, VT_KEY_KP_0 + 7, VT_KEY_KP_0 + 8, VT_KEY_KP_9,
					 VT_KEY_KP_ENTER, VT_KEY_KP_EQUAL };
	uint32_t k = key_of_letter((char)b);
	const char *at = strchr(pad, b);

	in->state = S_GROUND;
	if (k)
		key(in, k, 0);
	else if (at && b)
		key(in, keys[at - pad], 0);
}

/* --- paste */

static void paste_piece(struct input *in, size_t n, bool last)
{
	struct input_event ev = { .type = INPUT_PASTE, .text = in->paste, .n = n, .first = in->paste_first,
				  .last = last };

	in->cb(in->arg, &ev);
	in->paste_first = false;
	memmove(in->paste, in->paste + n, in->npaste - n);
	in->npaste -= n;
}

static void paste_byte(struct input *in, uint8_t b)
{
	size_t end = sizeof(paste_end) - 1;

	in->paste[in->npaste++] = (char)b;
	if (b == '~' && in->npaste >= end && memcmp(in->paste + in->npaste - end, paste_end, end) == 0) {
		in->npaste -= end;
		paste_piece(in, in->npaste, true);
		in->state = S_GROUND;
	} else if (in->npaste == sizeof(in->paste)) {
		paste_piece(in, in->npaste - end, false); /* the end may be half here */
	}
}

/* --- bytes */

static size_t utf8_len(uint8_t b)
{
	return b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
}

static void utf8_done(struct input *in)
{
	uint32_t cp;
	bool alt = in->state == S_ESC_UTF8;
	size_t used = canvas_utf8((char *)in->seq, in->nseq, &cp);

	in->state = S_GROUND;
	key(in, used == in->nseq && cp < 0x110000 ? cp : 0xfffd, alt ? VT_ALT : 0);
}

static void feed_byte(struct input *in, uint8_t b);

static void utf8_byte(struct input *in, uint8_t b)
{
	if ((b & 0xc0) != 0x80) {
		utf8_done(in);
		feed_byte(in, b);
		return;
	}
	in->seq[in->nseq++] = b;
	if (in->nseq == utf8_len(in->seq[0]))
		utf8_done(in);
}

static void ground(struct input *in, uint8_t b, int utf8_state, unsigned mods)
{
	in->state = S_GROUND;
	if (b < 0x80) {
		key_byte(in, b, mods);
	} else if (b >= 0xc2 && b < 0xf5) {
		in->seq[0] = b;
		in->nseq = 1;
		in->state = utf8_state;
	} else {
		key(in, 0xfffd, mods);
	}
}

static void esc(struct input *in, uint8_t b)
{
	in->nseq = 0;
	in->swallowed = 0;
	if (b == '[') {
		in->state = S_CSI;
	} else if (b == 'O') {
		in->state = S_SS3;
	} else if (strchr("P]_^X", b) && b) {
		in->state = S_STRING;
		in->seq[in->nseq++] = b;
	} else if (b == 0x1b) {
		key(in, VT_KEY_ESCAPE, 0); /* the second may begin something */
	} else {
		ground(in, b, S_ESC_UTF8, VT_ALT);
	}
}

static void csi_byte(struct input *in, uint8_t b)
{
	if (b == 0x1b) {
		in->state = S_ESC;
		return;
	}
	if (b < 0x20 || b > 0x7e) {
		in->state = S_GROUND; /* no sequence after all: what it was is lost */
		return;
	}
	if (in->nseq == 0 && b == '[') {
		in->state = S_LINUX;
		return;
	}
	if (in->nseq == 0 && b == 'M') {
		in->state = S_X10;
		return;
	}
	if (in->nseq < sizeof(in->seq) - 1)
		in->seq[in->nseq++] = b;
	else
		in->swallowed++;
	if (b >= 0x40) {
		if (in->swallowed)
			in->state = S_GROUND;
		else
			csi(in);
	} else if (in->swallowed > STRING_MAX) {
		in->state = S_GROUND;
	}
}

static void string_end(struct input *in)
{
	struct input_event ev = { .type = INPUT_REPLY, .text = (char *)in->seq, .n = in->nseq };

	in->state = S_GROUND;
	in->cb(in->arg, &ev);
}

static void feed_byte(struct input *in, uint8_t b)
{
	switch (in->state) {
	case S_GROUND:
		if (b == 0x1b)
			in->state = S_ESC;
		else
			ground(in, b, S_UTF8, 0);
		break;
	case S_UTF8:
	case S_ESC_UTF8:
		utf8_byte(in, b);
		break;
	case S_ESC:
		esc(in, b);
		break;
	case S_CSI:
		csi_byte(in, b);
		break;
	case S_SS3:
		if (b == 0x1b) {
			key(in, 'O', VT_ALT);
			in->state = S_ESC;
		} else {
			ss3(in, b);
		}
		break;
	case S_LINUX:
		in->state = S_GROUND;
		if (b >= 'A' && b <= 'E')
			key(in, VT_KEY_F1 + (uint32_t)(b - 'A'), 0);
		break;
	case S_X10:
		in->seq[in->nseq++] = b;
		if (in->nseq == 3) {
			in->state = S_GROUND;
			mouse(in, (int)in->seq[0] - 32, (int)in->seq[1] - 32, (int)in->seq[2] - 32,
			      (in->seq[0] & 3) == 3 && !((in->seq[0] - 32) & 32));
		}
		break;
	case S_STRING:
		if (b == 0x1b)
			in->state = S_STRING_ESC;
		else if (b == 0x07)
			string_end(in);
		else if (++in->swallowed > STRING_MAX)
			in->state = S_GROUND;
		else if (in->nseq < sizeof(in->seq))
			in->seq[in->nseq++] = b;
		break;
	case S_STRING_ESC:
		string_end(in);
		if (b != '\\') {
			in->state = S_ESC;
			feed_byte(in, b);
		}
		break;
	case S_PASTE:
		paste_byte(in, b);
		break;
	}
}

void input_feed(struct input *in, const void *p, size_t n)
{
	const uint8_t *s = p;

	for (size_t i = 0; i < n; i++)
		feed_byte(in, s[i]);
}

bool input_pending(const struct input *in)
{
	return in->state != S_GROUND && in->state != S_PASTE;
}

void input_flush(struct input *in)
{
	int state = in->state;

	if (!input_pending(in))
		return;
	in->state = S_GROUND;
	if (state == S_ESC)
		key(in, VT_KEY_ESCAPE, 0);
	else if (state == S_CSI && in->nseq == 0)
		key(in, '[', VT_ALT);
	else if (state == S_SS3)
		key(in, 'O', VT_ALT);
	else if (state == S_STRING && in->nseq == 1)
		key(in, in->seq[0], VT_ALT);
	else if (state == S_UTF8 || state == S_ESC_UTF8)
		key(in, 0xfffd, state == S_ESC_UTF8 ? VT_ALT : 0);
}
