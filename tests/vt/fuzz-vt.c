/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-vt.c - any bytes, any sizes. The byte 0xfe followed by two more is a new size (no UTF-8 has it),
 * 0xfd reads scrollback and makes a snapshot that must give the same terminal. */
#include <assert.h>
#include <string.h>

#include "base/auto.h"
#include "vt/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void look(void *arg, const uint8_t *p, size_t n)
{
	size_t *sum = arg;

	for (size_t i = 0; i < n; i++)
		*sum += p[i];
}

static bool yes(void *arg, const char *which, const char *text, size_t n)
{
	return true;
}

static void check(struct vt *vt)
{
	AUTO_BUF struct buf snap = { 0 };
	struct vt_cell cells[64];
	bool wrapped;
	struct vt *copy;

	for (int i = 0; i < vt_scrollback(vt); i++)
		assert(vt_scrollback_line(vt, i, cells, 64, &wrapped) <= vt_cols(vt));
	assert(vt_snapshot(vt, 0, 0, &snap) == 0);
	copy = vt_new(vt_rows(vt), vt_cols(vt), NULL, NULL, NULL);
	vt_restore(copy, snap.p, snap.len);
	if (vt_rows(vt) > 1 && vt_cols(vt) > 1)
		assert(vt_same(vt, copy, 0));
	vt_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct vt_callbacks cb = { .reply = look, .pass = look, .clipboard = yes };
	static const struct vt_limits limits = { 50, 1 << 17, 2000, 8000 };
	const uint8_t *end = p + n;
	size_t sum = 0;
	struct vt *vt = vt_new(6, 20, &limits, &cb, &sum);
	int checks = 0;

	while (p < end) {
		const uint8_t *from = p;

		while (p < end && *p != 0xfe && *p != 0xfd)
			p++;
		vt_feed(vt, from, p - from);
		if (end - p >= 3 && *p == 0xfe)
			vt_resize(vt, p[1] % 40, p[2] % 60);
		else if (p < end && *p == 0xfd && checks++ < 4)
			check(vt);
		if (p < end)
			p += *p == 0xfe ? MIN(3, end - p) : 1;
	}
	assert(vt_sound(vt));
	check(vt);
	vt_free(vt);
	return 0;
}
