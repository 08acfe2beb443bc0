/* SPDX-License-Identifier: Apache-2.0 */
/* What docker's cp makes of two paths, a row each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/auto.h"
#include "engine/copy-plan.h"

static void test_parse(void **state)
{
	static const struct {
		const char *given, *cwd, *path, *name;
		bool contents, is_folder;
	} rows[] = {
		{ "a", "/w/x", "/w/x/a", "a", false, false },
		{ "a/", "/w", "/w/a", "a", false, true },
		{ "a/.", "/w", "/w/a", "a", true, true },
		{ ".", "/w", "/w", "w", true, true },
		{ "..", "/w/x", "/w", "w", false, false },
		{ "../../../b//c/../d", "/w/x", "/b/d", "d", false, false },
		{ "/", "/w", "/", "", false, true },
		{ "", "/", "/", "", false, false },
		{ "/a/..", "/", "/", "", false, false },
		{ "./a:b", "/w", "/w/a:b", "a:b", false, false },
		{ "/...", "/", "/...", "...", false, false },
	};
	struct copy_end *end = malloc(sizeof(*end));
	char *deep = malloc(3 * PATH_MAX);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(copy_end_parse(rows[i].given, rows[i].cwd, end, NULL), 0);
		assert_string_equal(end->path, rows[i].path);
		assert_string_equal(end->name, rows[i].name);
		assert_int_equal(end->contents, rows[i].contents);
		assert_int_equal(end->is_folder, rows[i].is_folder);
	}
	memset(deep, 'x', NAME_MAX + 1);
	deep[NAME_MAX + 1] = 0;
	assert_int_equal(copy_end_parse(deep, "/", end, NULL), -ENAMETOOLONG);
	for (size_t i = 0; i < 3 * PATH_MAX; i++)
		deep[i] = i % 2 ? '/' : 'x';
	deep[3 * PATH_MAX - 1] = 0;
	assert_int_equal(copy_end_parse(deep, "/", end, NULL), -ENAMETOOLONG);
	free(deep);
	free(end);
}

static void test_follow(void **state)
{
	static const char *const rows[][3] = {
		{ "/a/l", "b", "/a/b" }, { "/a/l", "../b", "/b" }, { "/l", "b/c", "/b/c" },
		{ "/a/l", "/b", "/b" },	 { "/a/l", ".", "/a" },	   { "/l", "../../..", "/" },
	};
	struct copy_end *end = malloc(sizeof(*end));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(copy_end_parse(rows[i][0], "/", end, NULL), 0);
		assert_int_equal(copy_end_follow(end, rows[i][1], NULL), 0);
		assert_string_equal(end->path, rows[i][2]);
	}
	free(end);
}

static void test_plan(void **state)
{
	static const struct {
		const char *src;
		mode_t src_mode;
		const char *dst;
		mode_t dst_mode; /* 0: nothing is there */
		bool parents;
		int rc;
		const char *folder, *name;
	} rows[] = {
		{ "/s/f", S_IFREG, "/d", S_IFDIR, false, 0, "/d", "f" },
		{ "/s/f", S_IFREG, "/d/", S_IFDIR, false, 0, "/d", "f" },
		{ "/s/f", S_IFREG, "/d/x", S_IFREG, false, 0, "/d", "x" },
		{ "/s/f", S_IFREG, "/x", 0, false, 0, "/", "x" },
		{ "/s/f", S_IFREG, "/d/x/", 0, false, -ENOENT, "", "" },
		{ "/s/f", S_IFREG, "/d/x/", 0, true, 0, "/d/x", "f" },
		{ "/s/f", S_IFREG, "/d/x/", S_IFREG, false, -ENOTDIR, "", "" },
		{ "/s/f/", S_IFREG, "/d", S_IFDIR, false, -ENOTDIR, "", "" },
		{ "/s/f", S_IFBLK, "/d", S_IFDIR, false, -EINVAL, "", "" },
		{ "/s/f", S_IFREG, "/d/x", S_IFCHR, false, -EINVAL, "", "" },
		{ "/s", S_IFDIR, "/d", S_IFDIR, false, 0, "/d", "s" },
		{ "/s/.", S_IFDIR, "/d", S_IFDIR, false, 0, "/d", "" },
		{ "/s/.", S_IFDIR, "/d/x", 0, false, 0, "/d", "x" },
		{ "/s", S_IFDIR, "/d/x/", 0, false, 0, "/d", "x" },
		{ "/s", S_IFDIR, "/d/x", S_IFREG, false, -ENOTDIR, "", "" },
		{ "/", S_IFDIR, "/d", S_IFDIR, false, 0, "/d", "" },
		{ "/", S_IFDIR, "/d/x", 0, false, 0, "/d", "x" },
		{ "/s/l", S_IFLNK, "/d", S_IFDIR, false, 0, "/d", "l" },
		{ "/s/f", S_IFREG, "/", S_IFDIR, false, 0, "/", "f" },
	};
	struct copy_end *src = malloc(sizeof(*src)), *dst = malloc(sizeof(*dst));
	struct copy_plan *plan = malloc(sizeof(*plan));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };

		assert_int_equal(copy_end_parse(rows[i].src, "/", src, NULL), 0);
		assert_int_equal(copy_end_parse(rows[i].dst, "/", dst, NULL), 0);
		src->exists = true;
		src->mode = rows[i].src_mode | 0644;
		dst->exists = rows[i].dst_mode != 0;
		dst->mode = rows[i].dst_mode;
		assert_int_equal(copy_plan_make(src, dst, rows[i].parents, plan, &e), rows[i].rc);
		if (rows[i].rc < 0) {
			assert_true(*e.text);
			continue;
		}
		assert_string_equal(plan->folder, rows[i].folder);
		assert_string_equal(plan->name, rows[i].name);
		assert_int_equal(plan->make, rows[i].parents);
	}
	free(src);
	free(dst);
	free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse), cmocka_unit_test(test_follow), cmocka_unit_test(test_plan) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
