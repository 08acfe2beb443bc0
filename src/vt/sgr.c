/* SPDX-License-Identifier: Apache-2.0 */
/* sgr.c - SGR, read and written. Extended colours come as 38;5;n, 38;2;r;g;b and, after ECMA-48 T.416,
 * with colons: 38:5:n, 38:2::r:g:b, 38:2:r:g:b. */
#include "vt/vt-priv.h"

static int value(const struct vt *vt, int i)
{
	return MAX(vt->params[i], 0);
}

/* The colour that begins at params[*at] (38, 48 or 58); *at moves to its last parameter. False: none. */
static bool extended(const struct vt *vt, int n, int *at, uint32_t *ret)
{
	int i = *at + 1, last = *at, rgb;
	bool colons = i < n && vt->subs >> i & 1;

	if (colons)
		while (last + 1 < n && vt->subs >> (last + 1) & 1)
			last++;
	else
		last = n - 1;
	if (i > last) {
		*at = last;
		return false;
	}
	switch (value(vt, i)) {
	case 5:
		*at = colons ? last : MIN(i + 1, last);
		if (i + 1 > last || value(vt, i + 1) > 255)
			return false;
		*ret = VT_COLOR_INDEX | value(vt, i + 1);
		return true;
	case 2:
		rgb = colons && last - i >= 4 ? i + 2 : i + 1; /* with colons a colour space may come first */
		*at = colons ? last : MIN(i + 3, last);
		if (rgb + 2 > last)
			return false;
		for (int k = 0; k < 3; k++)
			if (value(vt, rgb + k) > 255)
				return false;
		*ret = VT_COLOR_RGB | value(vt, rgb) << 16 | value(vt, rgb + 1) << 8 | value(vt, rgb + 2);
		return true;
	}
	*at = colons ? last : i;
	return false;
}

static void underline(struct vt_cell *pen, int style)
{
	if (style <= 5)
		pen->attr = (pen->attr & ~VT_UNDERLINE) | style << 8;
}

static void one(struct vt *vt, struct vt_cell *pen, int v)
{
	static const uint16_t bits[10] = {
		[1] = VT_BOLD, [2] = VT_FAINT, [3] = VT_ITALIC, [5] = VT_BLINK, [6] = VT_BLINK,
		[7] = VT_REVERSE, [8] = VT_CONCEAL, [9] = VT_STRIKE,
	};

	if (v == 0) {
		pen->fg = pen->bg = 0;
		pen->attr &= VT_PROTECTED;
		pen->ext = pen->ext ? vt_ext_with_ul(vt, pen->ext, 0) : 0;
	} else if (v < 10 && bits[v]) {
		pen->attr |= bits[v];
	} else if (v == 4) {
		underline(pen, 1);
	} else if (v == 21) {
		underline(pen, 2);
	} else if (v == 22) {
		pen->attr &= ~(VT_BOLD | VT_FAINT);
	} else if (v == 24) {
		underline(pen, 0);
	} else if (v == 23 || (v >= 25 && v <= 29)) {
		pen->attr &= ~bits[v - 20];
	} else if (v >= 30 && v <= 37) {
		pen->fg = VT_COLOR_INDEX | (v - 30);
	} else if (v == 39) {
		pen->fg = 0;
	} else if (v >= 40 && v <= 47) {
		pen->bg = VT_COLOR_INDEX | (v - 40);
	} else if (v == 49) {
		pen->bg = 0;
	} else if (v == 53) {
		pen->attr |= VT_OVERLINE;
	} else if (v == 55) {
		pen->attr &= ~VT_OVERLINE;
	} else if (v == 59) {
		pen->ext = vt_ext_with_ul(vt, pen->ext, 0);
	} else if (v >= 90 && v <= 97) {
		pen->fg = VT_COLOR_INDEX | (v - 90 + 8);
	} else if (v >= 100 && v <= 107) {
		pen->bg = VT_COLOR_INDEX | (v - 100 + 8);
	}
}

void vt_sgr(struct vt *vt)
{
	struct vt_cell *pen = &vt->pen;
	int n = MIN(vt->nparams, PARAMS_MAX);

	if (n == 0)
		one(vt, pen, 0);
	for (int i = 0; i < n; i++) {
		int v = value(vt, i);
		uint32_t color;

		if (vt->subs >> i & 1)
			continue;
		if (v == 38 || v == 48 || v == 58) {
			if (!extended(vt, n, &i, &color))
				continue;
			if (v == 38)
				pen->fg = color;
			else if (v == 48)
				pen->bg = color;
			else
				pen->ext = vt_ext_with_ul(vt, pen->ext, color);
		} else if (v == 4 && i + 1 < n && vt->subs >> (i + 1) & 1) {
			underline(pen, value(vt, i + 1));
		} else {
			one(vt, pen, v);
		}
	}
}

static int color_write(char *p, uint32_t color, int base)
{
	unsigned v = VT_COLOR_VALUE(color);

	if (VT_COLOR_KIND(color) == VT_COLOR_RGB)
		return sprintf(p, base == 58 ? ";%d:2::%d:%d:%d" : ";%d;2;%d;%d;%d", base, v >> 16, v >> 8 & 255, v & 255);
	if (base == 58)
		return sprintf(p, ";58:5:%d", v);
	if (v < 8)
		return sprintf(p, ";%d", base - 8 + v);
	if (v < 16)
		return sprintf(p, ";%d", base + 44 + v);
	return sprintf(p, ";%d;5;%d", base, v);
}

int vt_sgr_write(const struct vt *vt, const struct vt_cell *pen, char ret[static SGR_BYTES])
{
	static const struct {
		uint16_t bit;
		const char *text;
	} bits[] = {
		{ VT_BOLD, ";1" }, { VT_FAINT, ";2" }, { VT_ITALIC, ";3" }, { VT_BLINK, ";5" },
		{ VT_REVERSE, ";7" }, { VT_CONCEAL, ";8" }, { VT_STRIKE, ";9" }, { VT_OVERLINE, ";53" },
	};
	static const char *const underlines[] = { "", ";4", ";21", ";4:3", ";4:4", ";4:5", "", "" };
	uint32_t ul = vt_cell_underline_color(vt, pen);
	char *p = ret + sprintf(ret, "\033[0");

	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if (pen->attr & bits[i].bit)
			p = stpcpy(p, bits[i].text);
	p = stpcpy(p, underlines[VT_UNDERLINE_STYLE(pen->attr)]);
	if (pen->fg)
		p += color_write(p, pen->fg, 38);
	if (pen->bg)
		p += color_write(p, pen->bg, 48);
	if (ul)
		p += color_write(p, ul, 58);
	*p++ = 'm';
	*p = 0;
	return p - ret;
}
