/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-vt.c - any bytes, any sizes. The byte 0xfe followed by two more is a new size (no UTF-8 has it),
 * 0xfd reads scrollback and makes a snapshot that must give the same terminal. All that comes byte by byte must
 * give the same too. */
#include <assert.h>
#include <string.h>

#include "base/auto.h"
#include "vt/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* What was answered and passed on, as a sum of all bytes in their order. */
struct heard {
	uint32_t replies, passed;
};

static uint32_t add(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + p[i] + 1;
	return sum;
}

static void on_reply(void *arg, const uint8_t *p, size_t n)
{
	struct heard *h = arg;

	h->replies = add(h->replies, p, n);
}

static void on_pass(void *arg, const uint8_t *p, size_t n)
{
	struct heard *h = arg;

	h->passed = add(h->passed, p, n);
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

static struct vt *start(struct heard *h)
{
	static const struct vt_callbacks cb = { .reply = on_reply, .pass = on_pass, .clipboard = yes };
	static const struct vt_limits limits = { 50, 1 << 17, 2000, 8000 };

	*h = (struct heard){ 0 };
	return vt_new(6, 20, &limits, &cb, h);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	struct heard heard, heard_cut;
	struct vt *vt = start(&heard), *cut = start(&heard_cut); /* the second gets each byte alone */
	int checks = 0;

	while (p < end) {
		const uint8_t *from = p;

		while (p < end && *p != 0xfe && *p != 0xfd)
			p++;
		vt_feed(vt, from, p - from);
		for (; from < p; from++)
			vt_feed(cut, from, 1);
		if (end - p >= 3 && *p == 0xfe) {
			vt_resize(vt, p[1] % 40, p[2] % 60);
			vt_resize(cut, p[1] % 40, p[2] % 60);
		} else if (p < end && *p == 0xfd && checks++ < 4) {
			check(vt);
		}
		if (p < end)
			p += *p == 0xfe ? MIN(3, end - p) : 1;
	}
	assert(vt_sound(vt));
	assert(vt_same(vt, cut, -1));
	assert(heard.replies == heard_cut.replies && heard.passed == heard_cut.passed);
	check(vt);
	vt_free(vt);
	vt_free(cut);
	return 0;
}
