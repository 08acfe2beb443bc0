/* SPDX-License-Identifier: Apache-2.0 */
/* The reader and the check against trees of several levels that mke2fs and e2fsck make: extents, clusters whose pieces
 * are in different nodes, block maps, indexed folders. What only the kernel makes is in tests/system/ext4-kernel.sh. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "ext4/check.h"
#include "image.h"

#define PIECES 29000u /* more than two levels of nodes of 1 KiB can tell of */
#define STEP 4096u /* of each, the first KiB holds data */
#define NAMES 1500u

static char tree[] = "/tmp/ext4-deep-XXXXXX";

static void piece(uint32_t i, uint32_t block[256])
{
	for (uint32_t k = 0; k < 256; k++)
		block[k] = (i + 1) * 2654435761u ^ k;
}

static int setup(void **state)
{
	AUTO_FREE char *file = NULL;
	AUTO_CLOSE int fd = -1;

	(void)state;
	if (system("PATH=$PATH:/usr/sbin:/sbin; command -v mke2fs debugfs >/dev/null") != 0)
		return 0;
	assert_non_null(mkdtemp(tree));
	file = path_join(tree, "pieces");
	fd = open(file, O_CREAT | O_WRONLY | O_EXCL, 0600);
	assert_true(fd >= 0);
	for (uint32_t i = 0; i < PIECES; i++) {
		uint32_t block[256];

		piece(i, block);
		assert_int_equal(pwrite(fd, block, sizeof(block), (off_t)i * STEP), sizeof(block));
	}
	for (uint32_t i = 0; i < NAMES; i++) {
		AUTO_FREE char *name = path_fmt("%s/many/%0200u", tree, i * 2654435761u);

		if (i == 0) {
			AUTO_FREE char *dir = path_join(tree, "many");

			assert_int_equal(mkdir(dir, 0755), 0);
		}
		assert_int_equal(close(open(name, O_CREAT | O_WRONLY, 0600)), 0);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	file_remove_tree(AT_FDCWD, tree, NULL);
	return 0;
}

static int keep(void *arg, const char *text, struct err *e)
{
	(void)e;
	return buf_addf(arg, "%s\n", text);
}

static void compare_file(struct ext4_reader *r)
{
	struct err e = { 0 };
	struct ext4_file *f;
	uint32_t ino;

	assert_int_equal(ext4_reader_find(r, "/pieces", false, &ino, &e), 0);
	assert_int_equal(ext4_file_open(r, ino, &f, &e), 0);
	assert_int_equal(ext4_file_size(f), (PIECES - 1) * STEP + 1024);
	for (uint32_t i = 0; i < PIECES; i++) {
		uint32_t got[STEP / 4], want[STEP / 4] = { 0 };
		size_t n = i + 1 < PIECES ? STEP : 1024;

		piece(i, want);
		assert_int_equal(ext4_file_read(f, got, n, (uint64_t)i * STEP, &e), 0);
		if (memcmp(got, want, n))
			fail_msg("piece %u is another", i);
	}
	ext4_file_close(f);
}

static void compare_names(struct ext4_reader *r)
{
	struct ext4_names names;
	struct err e = { 0 };
	uint32_t ino;

	assert_int_equal(ext4_reader_find(r, "/many", false, &ino, &e), 0);
	if (ext4_names_load(r, ino, &names, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(names.n, NAMES);
	for (uint32_t i = 0; i < NAMES; i++) {
		AUTO_FREE char *name = path_fmt("%0200u", i * 2654435761u);

		assert_non_null(ext4_names_find(&names, name));
	}
	ext4_names_finish(&names);
}

static const struct row {
	const char *options;
	const char *ask, *says; /* of debugfs: that it is as deep as we think */
	const char *index;
} rows[] = {
	{ "-t ext4 -b 1024", "ex /pieces", "\n 3/ 3 ", "Indirect levels: 1" },
	{ "-t ext4 -b 1024 -O bigalloc -C 16384", "ex /pieces", "\n 3/ 3 ", "Indirect levels: 1" },
	{ "-t ext4 -b 1024 -O large_dir", "ex /pieces", "\n 3/ 3 ", "Indirect levels: 1" },
	{ "-t ext2 -b 1024 -O dir_index", "stat /pieces", "(DIND)", "Indirect levels: 1" },
};

static void test_row(void **state)
{
	const struct row *row = *state;
	AUTO_FREE char *cmd = path_fmt("set -- %%s; mke2fs -q -F %s -d %s $1 >/dev/null 2>&1; e2fsck -fyD $1 >/dev/null 2>&1;"
				       "e2fsck -fn $1 >/dev/null 2>&1 || echo bad", row->options, tree), *out = NULL;
	AUTO_BUF struct buf found = { 0 };
	struct ext4_check_result res;
	struct ext4_reader *r;
	struct image im;

	if (access(tree, R_OK) != 0)
		skip();
	image_open(&im, NULL);
	assert_int_equal(ftruncate(im.fd, 200 << 20), 0);
	out = image_run(&im, cmd);
	if (*out)
		fail_msg("mke2fs %s: %s", row->options, out);
	image_says(&im, row->ask, row->says, NULL);
	image_says(&im, "htree_dump /many", row->index, NULL);
	if (ext4_reader_open(im.fd, &r, &im.e) < 0)
		fail_msg("%s: %s", row->options, im.e.text);
	compare_file(r);
	compare_names(r);
	buf_adds(&found, "");
	if (ext4_check(r, keep, &found, &res, &im.e) < 0)
		fail_msg("%s: %s", row->options, im.e.text);
	if (res.findings)
		fail_msg("%s: %s", row->options, (char *)found.p);
	ext4_reader_close(r);
	image_remove(&im);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows)];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){ rows[i].options, test_row, NULL, NULL, (void *)&rows[i] };
	return _cmocka_run_group_tests("ext4 reader, deep", tests, ARRAY_LEN(tests), setup, teardown);
}
