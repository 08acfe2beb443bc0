/* SPDX-License-Identifier: Apache-2.0 */
/* osc.c - operating system commands: title, colours, hyperlinks, clipboard; and what of them viewers get. */
#include <stdlib.h>

#include <stdlib.h>

#include "vt/vt-priv.h"

static bool is_utf8(const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;

	while (n > 0) {
		uint32_t cp;
		bool bad;
		int len = vt_utf8_decode(p, n, &cp, &bad);

		if (len == 0 || bad)
			return false;
		p += len;
		n -= len;
	}
	return true;
}

/* The text with broken UTF-8 replaced, cut at a character. */
static void copy_text(char *to, size_t size, const char *s, size_t n)
{
	size_t len = 0;

	while (n > 0) {
		uint32_t cp;
		bool bad;
		char c[4];
		int used = vt_utf8_decode((const uint8_t *)s, n, &cp, &bad), k = vt_utf8_encode(cp, c);

		if (len + k >= size)
			break;
		memcpy(to + len, c, k);
		len += k;
		s += used ? (size_t)used : n;
		n -= used ? (size_t)used : n;
	}
	to[len] = 0;
}

static int hex(const char *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] >= '0' && s[i] <= '9')
			v = v << 4 | (s[i] - '0');
		else if ((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'f')
			v = v << 4 | ((s[i] | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* X11's rgb:r/g/b with 1 to 4 digits each, or #rrggbb and its kin. */
bool vt_color_parse(const char *s, uint32_t *ret)
{
	uint32_t rgb = 0;

	if (!strncmp(s, "rgb:", 4)) {
		s += 4;
		for (int i = 0; i < 3; i++) {
			size_t n = strcspn(s, "/");
			int v = n >= 1 && n <= 4 ? hex(s, n) : -1;

			if (v < 0 || s[n] != (i < 2 ? '/' : 0))
				return false;
			rgb = rgb << 8 | (uint32_t)(v * 255 / ((1 << 4 * n) - 1));
			s += n + 1;
		}
	} else if (*s == '#') {
		size_t n = strlen(++s) / 3;

		if (strlen(s) != 3 * n || n < 1 || n > 4)
			return false;
		for (int i = 0; i < 3; i++, s += n) {
			int v = hex(s, n);

			if (v < 0)
				return false;
			rgb = rgb << 8 | (uint32_t)(n == 1 ? v << 4 : v >> (4 * n - 8));
		}
	} else {
		return false;
	}
	*ret = rgb;
	return true;
}

static uint32_t index_color(const struct vt *vt, int i)
{
	static const uint32_t base[16] = {
		0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
		0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
	};
	static const uint8_t step[6] = { 0, 95, 135, 175, 215, 255 };

	if (vt->palette_set[i / 8] & 1 << i % 8)
		return vt->palette[i];
	if (i < 16)
		return base[i];
	if (i >= 232)
		return (8 + 10 * (i - 232)) * 0x010101u;
	i -= 16;
	return step[i / 36] << 16 | step[i / 6 % 6] << 8 | step[i % 6];
}

uint32_t vt_dyn_color(const struct vt *vt, int i)
{
	if (vt->dyn_set & 1 << i)
		return vt->dyn[i];
	return i == 1 ? vt->default_bg : vt->default_fg;
}

uint32_t vt_color_rgb(const struct vt *vt, uint32_t color, bool is_bg)
{
	if (VT_COLOR_KIND(color) == VT_COLOR_RGB)
		return VT_COLOR_VALUE(color);
	if (VT_COLOR_KIND(color) == VT_COLOR_INDEX)
		return index_color(vt, VT_COLOR_VALUE(color) & 255);
	return vt_dyn_color(vt, is_bg);
}

static void reply_color(struct vt *vt, const char *what, uint32_t rgb, bool bel)
{
	unsigned r = rgb >> 16, g = rgb >> 8 & 255, b = rgb & 255;

	vt_reply(vt, "\033]%s;rgb:%02x%02x/%02x%02x/%02x%02x%s", what, r, r, g, g, b, b, bel ? "\007" : "\033\\");
}

/* OSC 4: pairs of index and colour. */
static enum verdict palette(struct vt *vt, char *s, bool bel)
{
	enum verdict verdict = PASS;

	while (s && *s) {
		char *index = strsep(&s, ";"), *color = strsep(&s, ";"), *end, what[16];
		long i = strtol(index, &end, 10);
		uint32_t rgb;

		if (!color || *end || end == index || i < 0 || i > 255)
			return CUT;
		if (!strcmp(color, "?")) {
			snprintf(what, sizeof(what), "4;%d", (int)i);
			reply_color(vt, what, index_color(vt, i), bel);
			verdict = CUT;
		} else if (vt_color_parse(color, &rgb)) {
			vt->palette[i] = rgb;
			vt->palette_set[i / 8] |= 1 << i % 8;
		}
	}
	vt->s->all_gen = vt->gen;
	return verdict;
}

static enum verdict palette_reset(struct vt *vt, char *s)
{
	if (!s || !*s)
		memset(vt->palette_set, 0, sizeof(vt->palette_set));
	while (s && *s) {
		long i = strtol(strsep(&s, ";"), NULL, 10);

		if (i >= 0 && i < 256)
			vt->palette_set[i / 8] &= ~(1 << i % 8);
	}
	vt->s->all_gen = vt->gen;
	return PASS;
}

/* OSC 10, 11, 12: further values are for the numbers after it. */
static enum verdict dynamic(struct vt *vt, int number, char *s, bool bel)
{
	enum verdict verdict = PASS;

	for (; s; number++) {
		char *color = strsep(&s, ";"), what[16];
		uint32_t rgb;

		if (!strcmp(color, "?")) {
			verdict = CUT;
			if (number > 12)
				continue;
			snprintf(what, sizeof(what), "%d", number);
			reply_color(vt, what, vt_dyn_color(vt, number - 10), bel);
		} else if (number <= 12 && vt_color_parse(color, &rgb)) {
			vt->dyn[number - 10] = rgb;
			vt->dyn_set |= 1 << (number - 10);
		}
	}
	vt->s->all_gen = vt->gen;
	return verdict;
}

static enum verdict dynamic_reset(struct vt *vt, int number)
{
	vt->dyn_set &= ~(1 << (number - 110));
	vt->s->all_gen = vt->gen;
	return PASS;
}

static enum verdict title(struct vt *vt, const char *s)
{
	char text[VT_TITLE_MAX];

	copy_text(text, sizeof(text), s, strlen(s));
	vt_set_title(vt, text);
	return PASS;
}

void vt_set_title(struct vt *vt, const char *text)
{
	if (!strcmp(vt->title, text))
		return;
	memmove(vt->title, text, strlen(text) + 1);
	if (vt->cb.title && !vt->quiet)
		vt->cb.title(vt->arg, vt->title);
}

/* OSC 8: parameters key=value:…; URI */
static enum verdict hyperlink(struct vt *vt, char *s)
{
	char *p = strsep(&s, ";"), id[LINK_ID_MAX] = "";

	if (!s || strlen(s) >= URI_MAX || !is_utf8(s, strlen(s)))
		return CUT;
	for (size_t n; (n = strcspn(p, ":")), *p; p += n + (p[n] == ':'))
		if (!strncmp(p, "id=", 3))
			copy_text(id, sizeof(id), p + 3, n - 3);
	vt->pen.ext = vt_ext_with_link(vt, vt->pen.ext, id, s);
	return PASS;
}

static enum verdict clipboard(struct vt *vt, char *s)
{
	char *which = strsep(&s, ";");

	if (!s || strlen(which) > 16 || strspn(which, "cpqs01234567") != strlen(which) || !strcmp(s, "?") || !vt->cb.clipboard || vt->quiet)
		return CUT;
	if (strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != strlen(s))
		return CUT;
	return vt->cb.clipboard(vt->arg, which, s, strlen(s)) ? PASS : CUT;
}

/* True: viewers may get an OSC of this number although it means nothing here. */
static bool harmless(int number, const char *s)
{
	static const uint16_t list[] = { 1, 5, 6, 9, 22, 105, 106, 133, 633, 777 };

	if (number >= 13 && number <= 19)
		return !strchr(s, '?');
	if (number >= 113 && number <= 119)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (list[i] == number)
			return !strchr(s, '?') || number == 1 || number == 9 || number >= 133;
	return false;
}

static enum verdict run(struct vt *vt, int number, char *s, bool bel)
{
	switch (number) {
	case 0:
	case 2:
		return title(vt, s);
	case 4:
		return palette(vt, s, bel);
	case 7:
		copy_text(vt->cwd, sizeof(vt->cwd), s, strlen(s));
		return PASS;
	case 8:
		return hyperlink(vt, s);
	case 10:
	case 11:
	case 12:
		return dynamic(vt, number, s, bel);
	case 52:
		return clipboard(vt, s);
	case 104:
		return palette_reset(vt, s);
	case 110:
	case 111:
	case 112:
		return dynamic_reset(vt, number);
	}
	return harmless(number, s) ? PASS : CUT;
}

static void osc(struct vt *vt, bool bel)
{
	bool clean = is_utf8(vt->str, vt->str_len);
	char *s = vt->str;
	int number = 0;

	if (*s < '0' || *s > '9')
		return;
	for (; *s >= '0' && *s <= '9'; s++)
		number = MIN(number * 10 + (*s - '0'), PARAM_MAX);
	if (*s && *s++ != ';')
		return;
	if (run(vt, number, s, bel) != PASS || !clean)
		return;
	for (size_t i = 0; i < vt->str_len; i++) /* taken apart at its semicolons: put it together again */
		if (!vt->str[i])
			vt->str[i] = ';';
	vt_pass_bytes(vt, "\033]", 2);
	vt_pass_bytes(vt, vt->str, vt->str_len);
	vt_pass_bytes(vt, bel ? "\007" : "\033\\", bel ? 1 : 2);
}

void vt_string_end(struct vt *vt, bool bel)
{
	if (vt->str_total != vt->str_len)
		return; /* it was too long */
	vt->str[vt->str_len] = 0;
	if (vt->str_kind == ']')
		osc(vt, bel);
	else if (vt->str_kind == 'P')
		vt_dcs(vt);
}
