/* SPDX-License-Identifier: Apache-2.0 */
/* t-kernel.c - the kernels of a store: added, listed, chosen, removed. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "store/kernel.h"

static char root[64];

static int setup(void **state)
{
	AUTO_FREE char *a = NULL;
	AUTO_FREE char *b = NULL;

	snprintf(root, sizeof(root), "/tmp/berth-kernel-XXXXXX");
	assert_non_null(mkdtemp(root));
	a = path_join(root, "one");
	b = path_join(root, "two");
	assert_int_equal(file_replace(AT_FDCWD, a, "first", 5, 0600, NULL), 0);
	assert_int_equal(file_replace(AT_FDCWD, b, "other", 5, 0600, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	return file_remove_tree(AT_FDCWD, root, NULL);
}

static int add(const char *name, const char *file, const char *meta, bool chosen, struct err *e)
{
	AUTO_FREE char *path = path_join(root, file);

	return store_kernel_add(root, name, path, meta, chosen, e);
}

/* "name version size default" of each, a line each. */
static const char *listing(void)
{
	static char text[512];
	struct store_kernel *v;
	size_t n;

	*text = 0;
	assert_int_equal(store_kernel_list(root, &v, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s %d%s%s\n", v[i].name, v[i].version,
			 (int)v[i].size, v[i].features[0] ? v[i].features[0] : "", v[i].is_default ? " default" : "");
	store_kernels_free(v, n);
	return text;
}

static const char *found(const char *name)
{
	static char text[600];
	AUTO_FREE char *path = NULL;
	struct err e = { 0 };
	int rc = store_kernel_find(root, name, &path, &e);

	snprintf(text, sizeof(text), "%s", rc < 0 ? e.text : !path ? "own" : strncmp(path, root, strlen(root)) ? path :
								 path + strlen(root));
	return text;
}

static void test_life(void **state)
{
	struct err e = { 0 };
	mode_t old = umask(077);
	struct stat st;

	assert_string_equal(listing(), "");
	assert_string_equal(found(NULL), "own");
	assert_int_equal(add("new", "one", "{\"version\":\"6.1\",\"features\":[\"pvh\"]}", false, &e), 0);
	assert_int_equal(add("bare", "two", NULL, true, &e), 0);
	assert_string_equal(listing(), "bare  5 default\nnew 6.1 5pvh\n");
	umask(old);
	AUTO_FREE char *image = path_join(root, "kernels/new/vmlinux");
	assert_int_equal(stat(image, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644); /* whoever adds it: QEMU has another uid */
	assert_string_equal(found(NULL), "/kernels/bare/vmlinux");
	assert_string_equal(found("new"), "/kernels/new/vmlinux");
	assert_string_equal(found("berth"), "own");
	assert_string_equal(found("/any/file"), "/any/file");
	assert_string_equal(found("none"), "there is no kernel 'none'");

	/* The same again is no error; another of that name is one, and changes nothing. */
	assert_int_equal(add("new", "one", NULL, false, &e), 0);
	assert_int_equal(add("new", "two", NULL, true, &e), -EEXIST);
	assert_string_equal(listing(), "bare  5 default\nnew 6.1 5pvh\n");

	assert_int_equal(store_kernel_set_default(root, "new", &e), 0);
	assert_string_equal(found(NULL), "/kernels/new/vmlinux");
	assert_int_equal(store_kernel_set_default(root, "none", &e), -ENOENT);
	assert_int_equal(store_kernel_set_default(root, "berth", &e), 0);
	assert_string_equal(found(NULL), "own");

	/* A default that is removed is berth's own again. */
	assert_int_equal(store_kernel_set_default(root, "new", &e), 0);
	assert_int_equal(store_kernel_remove(root, "new", &e), 0);
	assert_string_equal(found(NULL), "own");
	assert_int_equal(store_kernel_remove(root, "new", &e), -ENOENT);
	assert_int_equal(store_kernel_remove(root, "bare", &e), 0);
	assert_string_equal(listing(), "");
}

static void test_names(void **state)
{
	static const char *const bad[] = { "", ".x", "a/b", "..", "-x", "a b", "\x1b[2J", "berth" };
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(add(bad[i], "one", NULL, false, &e), -EINVAL);
	assert_int_equal(store_kernel_remove(root, "../one", &e), -EINVAL);
	assert_int_equal(store_kernel_set_default(root, "..", &e), -EINVAL);
	assert_string_equal(listing(), "");
}

/* Nothing is seen of one whose file cannot be read. */
static void test_no_half(void **state)
{
	struct err e = { 0 };
	AUTO_FREE char *folder = path_join(root, "kernels");

	assert_int_equal(add("gone", "nosuch", NULL, true, &e), -ENOENT);
	assert_string_equal(listing(), "");
	assert_string_equal(found(NULL), "own");
	assert_int_equal(access(folder, F_OK), 0);
	/* A name that a stranger wrote into .default is not followed. */
	AUTO_FREE char *chosen = path_join(folder, ".default");
	assert_int_equal(file_replace(AT_FDCWD, chosen, "../../etc", 9, 0600, NULL), 0);
	assert_string_equal(found(NULL), "own");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_half, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
