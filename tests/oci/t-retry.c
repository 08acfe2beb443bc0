/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/registry-retry.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

static void test_pauses(void **state)
{
	assert_in_range(oci_retry_pause_ms(1, 0), 250, 500);
	assert_in_range(oci_retry_pause_ms(1, UINT32_MAX), 250, 500);
	assert_in_range(oci_retry_pause_ms(3, 12345), 1000, 2000);
	for (unsigned n = 1; n < 100; n++)
		assert_in_range(oci_retry_pause_ms(n, n * 7919), 250, 20000);
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *field;
		int64_t ms;
	} rows[] = {
		{ "0", 0 }, { "2", 2000 }, { "120", 120000 }, { "-1", -1 }, { "", -1 }, { "1.5", -1 }, { "soon", -1 },
		{ "99999999999999999999", -1 },
		{ "Sun, 06 Nov 1994 08:49:47 GMT", 10000 }, { "Sun, 06 Nov 1994 08:49:07 GMT", 0 },
		{ "o855255866Nov31", 1000000000000 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(oci_retry_after_ms(rows[i].field, 784111777), rows[i].ms);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *field;
		int rc;
		uint64_t first, last, total;
	} rows[] = {
		{ "bytes 0-9/10", 0, 0, 9, 10 }, { "bytes 5-9/*", 0, 5, 9, 0 }, { "Bytes 5-5/6", 0, 5, 5, 6 },
		{ "bytes 9-5/10", -EINVAL, 0, 0, 0 }, { "bytes 0-9/9", -EINVAL, 0, 0, 0 }, { "bytes */10", -EINVAL, 0, 0, 0 },
		{ "bytes 0-9", -EINVAL, 0, 0, 0 }, { "lines 0-9/10", -EINVAL, 0, 0, 0 }, { "bytes 0-9/10x", -EINVAL, 0, 0, 0 },
		{ "bytes 0-99999999999999999999999999/10", -EINVAL, 0, 0, 0 }, { "", -EINVAL, 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t first = 0, last = 0, total = 0;

		assert_int_equal(oci_content_range(rows[i].field, &first, &last, &total), rows[i].rc);
		assert_int_equal(first, rows[i].first);
		assert_int_equal(last, rows[i].last);
		assert_int_equal(total, rows[i].total);
	}
}

static void test_upload_ranges(void **state)
{
	static const struct {
		const char *field;
		int rc;
		uint64_t have;
	} rows[] = {
		{ "0-9", 0, 10 }, { "bytes=0-1233", 0, 1234 }, { "0-0", 0, 0 }, { "1-9", -EINVAL, 0 }, { "0-", -EINVAL, 0 },
		{ "0-9/10", -EINVAL, 0 }, { "", -EINVAL, 0 }, { "0-99999999999999999999", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t have = 0;

		assert_int_equal(oci_upload_range(rows[i].field, &have), rows[i].rc);
		assert_int_equal(have, rows[i].have);
	}
}

static void test_errors(void **state)
{
	static const char json[] = "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}";
	char text[100];

	oci_reg_error_text(json, strlen(json), text, sizeof text);
	assert_string_equal(text, "MANIFEST_UNKNOWN: manifest unknown");
	oci_reg_error_text("<html>", 6, text, sizeof text);
	assert_string_equal(text, "");
	oci_reg_error_text(NULL, 0, text, sizeof text);
	assert_string_equal(text, "");
}

static void test_links(void **state)
{
	static const struct {
		const char *field, *path;
	} rows[] = {
		{ "</v2/x/tags/list?last=a&n=2>; rel=\"next\"", "/v2/x/tags/list?last=a&n=2" },
		{ "<https://evil.example/v2/x?n=2>; rel=\"next\"", "/v2/x?n=2" },
		{ "</a>; rel=\"prev\", </b>; rel=next", "/b" },
		{ "<//evil.example/x>; rel=\"next\"", NULL }, { "<x>; rel=\"next\"", NULL }, { "</a>", NULL }, { "</a", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE char *path = oci_link_next(rows[i].field);

		assert_int_equal(!path, !rows[i].path);
		if (path)
			assert_string_equal(path, rows[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pauses), cmocka_unit_test(test_retry_after), cmocka_unit_test(test_ranges), cmocka_unit_test(test_upload_ranges),
		cmocka_unit_test(test_errors), cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests_name("oci/retry", tests, NULL, NULL);
}
