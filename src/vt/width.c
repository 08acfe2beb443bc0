/* SPDX-License-Identifier: Apache-2.0 */
/* width.c - how many columns a code point takes. */
#include "vt/vt-priv.h"

struct width_range {
	uint32_t first, last, width;
};

static const struct width_range ranges[] = {
#include "vt/width-table.h"
};

unsigned vt_width_search(uint32_t cp)
{
	size_t lo = 0, hi = ARRAY_LEN(ranges);

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (cp > ranges[mid].last)
			lo = mid + 1;
		else if (cp < ranges[mid].first)
			hi = mid;
		else
			return ranges[mid].width;
	}
	return 1;
}

int vt_width(uint32_t cp)
{
	unsigned w;

	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return 0;
	w = vt_width_class(cp);
	return w == 3 ? 0 : (int)w;
}
