/* SPDX-License-Identifier: Apache-2.0 */
/* t-squeeze.c - fewer bytes, and the same picture: cases by hand, and random streams through a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tui/squeeze.h"
#include "vt/vt.h"

static void test_cases(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "\033[39m\033(B\033[mx", "\033[mx" },
		{ "\033(B\033[0;1m\033[36ma\033[39m\033(B\033[m", "\033[0;1;36ma\033[m" },
		{ "\033[32m+\033[39m\033[4;33H", "\033[32m+\033[39m\033[4;33H" },
		{ "\033[38;5;0mx\033[48;2;0;0;0m\033[1my", "\033[38;5;0mx\033[48;2;0;0;0;1my" },
		{ "\033[1m\033[38;5;0;0m", "\033[m" },
		{ "\033[m\017", "\033[m" },
		{ "\033[38;5m\033[1m", "\033[38;5m\033[1m" },
		{ "\033[4:3m\033[1m", "\033[4:3m\033[1m" }, /* what is not understood stays */
		{ "a\033[Kb\033[?25hc", "a\033[Kb\033[?25hc" },
		{ "\033[1", "\033[1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf b = { 0 };

		assert_int_equal(squeeze(cases[i].in, strlen(cases[i].in), true, &b), 0);
		buf_addc(&b, 0);
		assert_string_equal((const char *)b.p, cases[i].out);
	}
}

static void test_charset_stays(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	assert_int_equal(squeeze("\033(B\033[m", 6, false, &b), 0);
	assert_memory_equal(b.p, "\033(B\033[m", 6);
}

static void feed(struct vt *vt, const struct buf *b)
{
	vt_feed(vt, b->p, b->len);
}

/* Each cell of the two, and what the next one would look like. */
static void expect_same(struct vt *a, struct vt *b, const struct buf *in)
{
	for (int y = 0; y < vt_rows(a); y++) {
		struct vt_row x = vt_row(a, y), z = vt_row(b, y);

		if (x.used != z.used || memcmp(x.cells, z.cells, (size_t)x.used * sizeof(*x.cells)) != 0)
			fail_msg("row %d is another after: %.*s", y, (int)in->len, (const char *)in->p);
	}
	struct vt_cell p = vt_pen(a), q = vt_pen(b);
	assert_memory_equal(&p, &q, sizeof(p));
}

static void test_random(void **state)
{
	static const char *const words[] = { "\033[m", "\033(B", "\033[0;1m", "\033[39m", "\033[49m", "\033[39;49m", "\033[7m",
					     "\033[27m", "\033[4m", "\033[3;4H", "x", "yy", "\033[K", "\033[38;5;0m", "\033[48;5;17m",
					     "\033[38;2;0;1;0m", "\033[1;;4m", "\033[;m", "\033[22;24m", "\r\n", "\033[90m", "\033[107m",
					     "\033[38;5m", "\033[38m", "\033[48;2;1m", "\033[0m" };
	size_t before = 0, after = 0;

	srandom(7);
	for (int round = 0; round < 3000; round++) {
		struct vt *a = vt_new(6, 20, NULL, NULL, NULL), *b = vt_new(6, 20, NULL, NULL, NULL);
		AUTO_BUF struct buf in = { 0 }, out = { 0 };

		for (long n = random() % 60; n >= 0; n--)
			buf_adds(&in, words[(size_t)random() % ARRAY_LEN(words)]);
		assert_int_equal(squeeze(in.p, in.len, true, &out), 0);
		assert_true(out.len <= in.len);
		feed(a, &in);
		feed(b, &out);
		expect_same(a, b, &in);
		before += in.len;
		after += out.len;
		vt_free(a);
		vt_free(b);
	}
	assert_true(after < before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_charset_stays),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("squeeze", tests, NULL, NULL);
}
