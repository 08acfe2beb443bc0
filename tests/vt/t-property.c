/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold for any stream: cut anywhere it gives the same; a snapshot makes the same terminal;
 * viewers that get only what passes see the same; any sizes are safe; memory has a bound. */
#include "vt/compare.h"

#include <dirent.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/path.h"

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

/* Recorded sessions: byte by byte as whole; a viewer that comes at some point gets a snapshot and what passes from
 * there on, and sees the same; so does one of another size once both are resized. */
static void session(const char *name, const uint8_t *p, size_t n, int rows, int cols)
{
	struct end whole, cut;

	end_init(&whole, rows, cols);
	end_init(&cut, rows, cols);
	vt_feed(whole.vt, p, n);
	for (size_t i = 0; i < n; i++)
		vt_feed(cut.vt, p + i, 1);
	if (!vt_same(whole.vt, cut.vt, -1) || !same_bytes(&whole.replies, &cut.replies) || !same_bytes(&whole.passed, &cut.passed))
		fail_msg("%s, byte by byte", name);
	end_finish(&cut);
	for (int i = 1; i < 8; i++) {
		struct end live, viewer;
		AUTO_BUF struct buf snap = { 0 };

		end_init(&live, rows, cols);
		end_init(&viewer, rows, cols);
		vt_feed(live.vt, p, n * i / 8);
		assert_int_equal(vt_snapshot(live.vt, 0, 200, &snap), 0);
		vt_restore(viewer.vt, snap.p, snap.len);
		if (!vt_same(live.vt, viewer.vt, 200))
			fail_msg("%s, snapshot after %d/8", name, i);
		live.passed.len = 0;
		vt_feed(live.vt, p + n * i / 8, n - n * i / 8);
		vt_feed(viewer.vt, live.passed.p, live.passed.len);
		if (!vt_same(whole.vt, live.vt, -1) || !vt_same(live.vt, viewer.vt, 0) || viewer.replies.len > 0)
			fail_msg("%s, from %d/8 on", name, i);
		for (int k = 0; k < 6; k++) {
			int r = rows + (k % 3 - 1) * 5, c = cols + (k % 2 ? -17 : 20);

			assert_int_equal(vt_resize(live.vt, r, c) | vt_resize(viewer.vt, r, c), 0);
			if (!vt_sound(live.vt) || vt_rows(live.vt) != vt_rows(viewer.vt))
				fail_msg("%s, resized to %dx%d", name, r, c);
		}
		end_finish(&live);
		end_finish(&viewer);
	}
	end_finish(&whole);
}

static void test_sessions(void **state)
{
	AUTO_FREE char *dir = path_join(getenv("abs_top_srcdir") ?: ".", "tests/vt/sessions");
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		const char *size = strrchr(e->d_name, '-');
		AUTO_FREE char *path = path_join(dir, e->d_name), *bytes = NULL;
		size_t len = 0, room = 1 << 20;
		int rows, cols;
		FILE *f;

		if (!size || sscanf(size, "-%dx%d.vt", &cols, &rows) != 2)
			continue;
		f = fopen(path, "rb");
		bytes = malloc(room);
		assert_true(f && bytes);
		len = fread(bytes, 1, room, f);
		fclose(f);
		session(e->d_name, (uint8_t *)bytes, len, rows, cols);
		n++;
	}
	closedir(d);
	assert_true(n > 10);
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

/* All memory of a terminal whose guest fills what can be filled: each cell in colours of its own, with marks and
 * links, long titles, palettes, strings without end, new sizes. */
static void test_hostile_memory(void **state)
{
	struct mallinfo2 before = mallinfo2(), after;
	struct vt *vt = vt_new(50, 200, NULL, NULL, NULL);
	AUTO_FREE char *long_string = malloc(200000);

	assert_non_null(long_string);
	memset(long_string, 'A', 200000);
	for (int i = 0; i < 400000; i++) {
		char text[128];
		int n = snprintf(text, sizeof(text), "\033[38;2;%d;%d;1;48;2;%d;1;2;4;58:2::1:%d:%dmx\xcc\x81\xcc\x82\xcc%c", i >> 8 & 255,
				 i & 255, i & 127, i & 255, i >> 9 & 255, 0x80 + i % 64);

		vt_feed(vt, text, n);
		if (i % 100 == 0) {
			n = snprintf(text, sizeof(text), "\033]8;id=%d;http://h/%d\007\033]4;%d;#%06x\007\033[22t", i, i, i & 255, i);
			vt_feed(vt, text, n);
		}
		if (i % 20000 == 0) {
			vt_feed(vt, i % 40000 ? "\033]2;" : "\033P", i % 40000 ? 4 : 2);
			vt_feed(vt, long_string, 200000);
			vt_feed(vt, "\033\\", 2);
			vt_resize(vt, 50 + i / 20000 % 5, 200 - i / 20000);
		}
	}
	after = mallinfo2();
	assert_true(vt_scrollback_bytes(vt) <= (16 << 20) + 200000);
	assert_true(after.uordblks + after.hblkhd <= before.uordblks + before.hblkhd + (19 << 20));
	vt_free(vt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),  cmocka_unit_test(test_snapshot), cmocka_unit_test(test_pass),
		cmocka_unit_test(test_resize), cmocka_unit_test(test_sessions), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_hostile_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
