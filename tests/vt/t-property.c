/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold for any stream: cut anywhere it gives the same; a snapshot makes the same terminal;
 * viewers that get only what passes see the same; any sizes are safe; memory has a bound. */
#include "vt/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

#define STREAM_BYTES 1500

struct end {
	struct vt *vt;
	struct buf replies, passed;
};

static void on_reply(void *arg, const uint8_t *p, size_t n)
{
	buf_add(&((struct end *)arg)->replies, p, n);
}

static void on_pass(void *arg, const uint8_t *p, size_t n)
{
	buf_add(&((struct end *)arg)->passed, p, n);
}

static bool on_clipboard(void *arg, const char *which, const char *text, size_t n)
{
	return true;
}

static void end_init(struct end *e, int rows, int cols)
{
	static const struct vt_callbacks cb = { .reply = on_reply, .pass = on_pass, .clipboard = on_clipboard };
	static const struct vt_limits limits = { 200, 1 << 20, 4096, 1 << 16 };

	*e = (struct end){ 0 };
	e->vt = vt_new(rows, cols, &limits, &cb, e);
	assert_non_null(e->vt);
}

static void end_finish(struct end *e)
{
	vt_free(e->vt);
	buf_finish(&e->replies);
	buf_finish(&e->passed);
}

static bool same_bytes(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || !memcmp(a->p, b->p, a->len));
}

static void random_size(struct rng *r, int *rows, int *cols)
{
	*rows = 1 + rng_next(r, 12);
	*cols = 1 + rng_next(r, 40);
}

static void test_split(void **state)
{
	for (uint32_t seed = 0; seed < 300; seed++) {
		struct rng r = { seed };
		uint8_t stream[STREAM_BYTES];
		int rows, cols;
		struct end whole, cut;
		size_t n;

		random_size(&r, &rows, &cols);
		n = stream_random(&r, rows, cols, stream, sizeof(stream));
		end_init(&whole, rows, cols);
		end_init(&cut, rows, cols);
		vt_feed(whole.vt, stream, n);
		for (size_t at = 0; at < n;) {
			size_t k = seed % 2 ? 1 : 1 + rng_next(&r, 20);

			k = MIN(k, n - at);
			vt_feed(cut.vt, stream + at, k);
			at += k;
		}
		if (!vt_sound(whole.vt) || !vt_same(whole.vt, cut.vt, -1) || !same_bytes(&whole.replies, &cut.replies) ||
		    !same_bytes(&whole.passed, &cut.passed))
			fail_msg("seed %u", seed);
		end_finish(&whole);
		end_finish(&cut);
	}
}

static void test_snapshot(void **state)
{
	for (uint32_t seed = 0; seed < 1500; seed++) {
		struct rng r = { 1000 + seed };
		uint8_t stream[STREAM_BYTES];
		struct end live, copy;
		AUTO_BUF struct buf snap = { 0 };
		int rows, cols, lines = rng_next(&r, 2) ? 50 : 0;
		size_t n;

		random_size(&r, &rows, &cols);
		rows = MAX(rows, 2);
		cols = MAX(cols, 2);
		n = stream_random(&r, rows, cols, stream, 1 + rng_next(&r, sizeof(stream) - 1));
		end_init(&live, rows, cols);
		end_init(&copy, rows, cols);
		vt_feed(live.vt, stream, n);
		assert_int_equal(vt_snapshot(live.vt, 0, lines, &snap), 0);
		vt_restore(copy.vt, snap.p, snap.len);
		if (!vt_same(live.vt, copy.vt, lines))
			fail_msg("seed %u", seed);
		assert_int_equal(copy.replies.len, 0);
		/* and both go on alike */
		live.passed.len = 0;
		n = stream_random(&r, rows, cols, stream, 300);
		vt_feed(live.vt, "~", 1); /* for REP */
		vt_feed(live.vt, stream, n);
		vt_feed(copy.vt, live.passed.p, live.passed.len);
		if (!vt_same(live.vt, copy.vt, 0))
			fail_msg("seed %u, going on", seed);
		end_finish(&live);
		end_finish(&copy);
	}
}

static void test_pass(void **state)
{
	for (uint32_t seed = 0; seed < 500; seed++) {
		struct rng r = { 5000 + seed };
		uint8_t stream[STREAM_BYTES];
		int rows, cols;
		struct end live, viewer, second;
		size_t n;

		random_size(&r, &rows, &cols);
		n = stream_random(&r, rows, cols, stream, sizeof(stream));
		end_init(&live, rows, cols);
		end_init(&viewer, rows, cols);
		end_init(&second, rows, cols);
		vt_feed(live.vt, stream, n);
		vt_feed(viewer.vt, live.passed.p, live.passed.len);
		if (!vt_same(live.vt, viewer.vt, -1) || viewer.replies.len > 0)
			fail_msg("seed %u: %zu bytes of answers", seed, viewer.replies.len);
		if (!same_bytes(&live.passed, &viewer.passed))
			fail_msg("seed %u: the filter cuts from what it let through", seed);
		end_finish(&live);
		end_finish(&viewer);
		end_finish(&second);
	}
}

static void test_resize(void **state)
{
	for (uint32_t seed = 0; seed < 200; seed++) {
		struct rng r = { 9000 + seed };
		struct end e;

		end_init(&e, 5, 20);
		for (int i = 0; i < 40; i++) {
			uint8_t stream[200];
			int rows, cols;

			vt_feed(e.vt, stream, stream_random(&r, vt_rows(e.vt), vt_cols(e.vt), stream, sizeof(stream)));
			random_size(&r, &rows, &cols);
			assert_int_equal(vt_resize(e.vt, rows, cols), 0);
			if (!vt_sound(e.vt) || vt_scrollback(e.vt) > 200)
				fail_msg("seed %u, resize %d to %dx%d", seed, i, rows, cols);
		}
		end_finish(&e);
	}
}

static void test_memory(void **state)
{
	static const struct vt_limits limits = { 1000000, 1 << 20, 4096, 1 << 16 };
	struct vt *vt = vt_new(24, 200, &limits, NULL, NULL);
	struct rng r = { 7 };
	uint8_t stream[8192];

	for (int i = 0; i < 400; i++) {
		char line[64];
		int n = snprintf(line, sizeof(line), "\033]8;;http://host/%d\033\\\033[38;2;%d;7;9mlink\xcc\x81\r\n", i, i % 256);

		vt_feed(vt, line, n);
		vt_feed(vt, stream, stream_random(&r, 24, 200, stream, sizeof(stream)));
		assert_true(vt_sound(vt));
	}
	assert_true(vt_scrollback_bytes(vt) <= (1 << 20) + 65536 + 1001024 * 8);
	vt_free(vt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),  cmocka_unit_test(test_snapshot), cmocka_unit_test(test_pass),
		cmocka_unit_test(test_resize), cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
