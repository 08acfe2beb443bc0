/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

static void test_sizes(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t bytes;
	} rows[] = {
		{ "0", 0, 0 },           { "1024", 0, 1024 },   { "1k", 0, 1024 },
		{ "512m", 0, 512 << 20 }, { "8G", 0, 8ull << 30 }, { "1.5GiB", 0, 3ull << 29 },
		{ "64MB", 0, 64 << 20 }, { "7b", 0, 7 },        { "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },    { "1x", -EINVAL, 0 },  { "1kk", -EINVAL, 0 },
		{ "99999p", -ERANGE, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t v = 0;

		assert_int_equal(str_parse_size(rows[i].text, &v, NULL), rows[i].rc);
		assert_int_equal(v, rows[i].bytes);
	}
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int rc;
		int64_t ms;
	} rows[] = {
		{ "10", 0, 10000 }, { "10s", 0, 10000 }, { "1m30s", 0, 90000 }, { "250ms", 0, 250 },
		{ "2h", 0, 7200000 }, { "2d4h", 0, 187200000 }, { "", -EINVAL, 0 }, { "1y", -EINVAL, 0 }, { "s", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t v = 0;

		assert_int_equal(str_parse_duration(rows[i].text, &v, NULL), rows[i].rc);
		assert_int_equal(v, rows[i].ms);
	}
}

static void test_size_words(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0B" }, { 128, "128B" }, { 1024, "1.0K" }, { 71 << 20, "71M" },
		{ 1503238553, "1.4G" }, { UINT64_MAX, "16E" }, { 1000, "1.0K" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char got[8];

		str_size(rows[i].bytes, got);
		assert_string_equal(got, rows[i].text);
	}
}

static void test_clean(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "plain", "plain" },
		{ "a\033[2Jb", "a^[[2Jb" },
		{ "\xc2\x9b" "31m", "<9b>31m" },
		{ "\x9b" "31m", "<9b>31m" },
		{ "\xe2\x80\xae" "x", "<U+202E>x" },
		{ "\xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac" },
		{ "\xc0\x80", "<c0><80>" },
		{ "\xed\xa0\x80", "<ed><a0><80>" },
		{ "\x7f\n", "^?^J" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf b = { 0 };

		assert_int_equal(str_add_clean(&b, rows[i].in, strlen(rows[i].in)), 0);
		assert_string_equal((char *)b.p, rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_size_words),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
