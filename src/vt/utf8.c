/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c - code points in and out. Unicode 15, 3.9: overlong forms and surrogates are no UTF-8, and of a
 * broken sequence the longest part that could have begun a good one is one error. */
#include "vt/vt-priv.h"

int vt_utf8_decode(const uint8_t *p, size_t n, uint32_t *ret, bool *ret_bad)
{
	uint8_t lo = 0x80, hi = 0xbf;
	uint32_t cp;
	int len;

	*ret_bad = false;
	*ret = UTF8_BAD;
	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	} else if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		len = 2;
		cp = p[0] & 0x1f;
	} else if ((p[0] & 0xf0) == 0xe0) {
		len = 3;
		cp = p[0] & 0x0f;
		if (p[0] == 0xe0)
			lo = 0xa0;
		else if (p[0] == 0xed)
			hi = 0x9f;
	} else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
		len = 4;
		cp = p[0] & 0x07;
		if (p[0] == 0xf0)
			lo = 0x90;
		else if (p[0] == 0xf4)
			hi = 0x8f;
	} else {
		*ret_bad = true;
		return 1;
	}
	for (int i = 1; i < len; i++) {
		if ((size_t)i == n)
			return 0;
		if (p[i] < lo || p[i] > hi) {
			*ret_bad = true;
			return i;
		}
		cp = cp << 6 | (p[i] & 0x3f);
		lo = 0x80;
		hi = 0xbf;
	}
	*ret = cp;
	return len;
}

int vt_utf8_encode(uint32_t cp, char ret[4])
{
	if (cp < 0x80) {
		ret[0] = cp;
		return 1;
	}
	if (cp < 0x800) {
		ret[0] = 0xc0 | cp >> 6;
		ret[1] = 0x80 | (cp & 0x3f);
		return 2;
	}
	if (cp < 0x10000) {
		ret[0] = 0xe0 | cp >> 12;
		ret[1] = 0x80 | (cp >> 6 & 0x3f);
		ret[2] = 0x80 | (cp & 0x3f);
		return 3;
	}
	ret[0] = 0xf0 | cp >> 18;
	ret[1] = 0x80 | (cp >> 12 & 0x3f);
	ret[2] = 0x80 | (cp >> 6 & 0x3f);
	ret[3] = 0x80 | (cp & 0x3f);
	return 4;
}
