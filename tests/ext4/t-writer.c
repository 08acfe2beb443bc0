/* SPDX-License-Identifier: Apache-2.0 */
/* All that a tree can hold, at its limits, judged by e2fsck and read back by debugfs. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "ext4/csum.h"
#include "ext4/dirhash.h"
#include "image.h"

static const struct fs_attr plain = { .mode = 0644 };

static void test_crc32c(void **state)
{
	assert_int_equal(ext4_crc32c(~0u, "123456789", 9) ^ ~0u, 0xe3069283);
}

static void test_empty(void **state)
{
	struct ext4_opts o = image_opts;
	struct image im;

	image_open(&im, &image_opts);
	image_finish(&im);
	assert_int_equal(im.st.inodes, 0);
	image_remove(&im);
	o.lost_found = true;
	o.label = "sixteen bytes...";
	o.time = 1700000000;
	image_open(&im, &o);
	image_finish(&im);
	image_says(&im, "ls -l /", "lost+found", NULL);
	image_says(&im, "show_super_stats -h", "sixteen bytes...", "be470304-0506-4708-890a-0b0c0d0e0f10",
		   NULL);
	image_remove(&im);
}

static void test_kinds(void **state)
{
	char fast[60], slow[4096];
	struct image im;

	memset(fast, 'f', 59);
	memset(slow, 's', 4095);
	fast[59] = slow[4095] = 0;
	image_open(&im, &image_opts);
	MUST(&im, im.s->ops->add_symlink(im.s, "fast", fast, &plain, &im.e));
	MUST(&im, im.s->ops->add_symlink(im.s, "slow", slow, &plain, &im.e));
	slow[60] = 0;
	MUST(&im, im.s->ops->add_symlink(im.s, "sixty", slow, &plain, &im.e));
	MUST(&im, im.s->ops->add_node(im.s, "null", S_IFCHR, 1, 3, &plain, &im.e));
	MUST(&im, im.s->ops->add_node(im.s, "big", S_IFBLK, 4095, 1048575, &plain, &im.e));
	MUST(&im, im.s->ops->add_node(im.s, "fifo", S_IFIFO, 0, 0, &plain, &im.e));
	MUST(&im, im.s->ops->add_node(im.s, "sock", S_IFSOCK, 0, 0, &plain, &im.e));
	image_file(&im, "empty", "");
	image_file(&im, "text", "hello");
	image_link(&im, "again", "text");
	image_link(&im, "null2", "null");
	image_finish(&im);
	image_says(&im, "stat /fast", "Fast link dest: \"ffff", NULL);
	image_says(&im, "stat /slow", "Type: symlink", "Size: 4095", "(0):", NULL);
	image_says(&im, "stat /sixty", "Type: symlink", "Size: 60", "(0):", NULL);
	image_says(&im, "stat /null", "character special", "Links: 2", "01:03", NULL);
	image_says(&im, "stat /big", "block special", "4095:1048575", NULL);
	image_says(&im, "stat /fifo", "FIFO", NULL);
	image_says(&im, "stat /sock", "socket", NULL);
	image_says(&im, "stat /empty", "regular", "Size: 0", "Blockcount: 0", NULL);
	image_says(&im, "stat /again", "Links: 2", "Size: 5", NULL);
	image_says(&im, "cat /again", "hello", NULL);
	image_remove(&im);
}

static void test_times(void **state)
{
	static const struct {
		struct fs_time t;
		const char *shown;
	} rows[] = {
		{ { -2147483648LL, 0 }, "0x80000000:00000000" },
		{ { -1, 999999999 }, "0xffffffff:ee6b27fc" },
		{ { 0, 0 }, "0x00000000:00000000" },
		{ { 2147483647LL, 1 }, "0x7fffffff:00000004" },
		{ { 2147483648LL, 1 }, "0x80000000:00000005" },
		{ { 15032385535LL, 999999999 }, "0x7fffffff:ee6b27ff" },
		{ { -2147483649LL, 7 }, "0x80000000:00000000" },
		{ { INT64_MIN, 0 }, "0x80000000:00000000" },
		{ { INT64_MAX, 0 }, "0x7fffffff:ee6b27ff" },
		{ { 1, UINT32_MAX }, "0x00000001:ee6b27fc" },
	};
	struct image im;

	image_open(&im, &image_opts);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct fs_attr a = { .mode = 0600, .mtime = rows[i].t };
		char name[16];

		snprintf(name, sizeof(name), "f%zu", i);
		MUST(&im, im.s->ops->add_node(im.s, name, S_IFIFO, 0, 0, &a, &im.e));
	}
	image_finish(&im);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char cmd[32], want[64];

		snprintf(cmd, sizeof(cmd), "stat /f%zu", i);
		snprintf(want, sizeof(want), "mtime: %s", rows[i].shown);
		image_says(&im, cmd, want, NULL);
	}
	image_remove(&im);
}

static void test_owner(void **state)
{
	const struct fs_attr a = { .mode = 06755, .uid = 4294967294u /* shown as -2 */, .gid = 70000 };
	struct image im;

	image_open(&im, &image_opts);
	MUST(&im, im.s->ops->add_dir(im.s, "d", &a, &im.e));
	image_finish(&im);
	image_says(&im, "stat /d", "Mode:  06755", "User:    -2", "Group: 70000", NULL);
	image_remove(&im);
}

static void test_names(void **state)
{
	char longest[256];
	struct image im;

	memset(longest, 'n', 255);
	longest[255] = 0;
	image_open(&im, &image_opts);
	image_file(&im, longest, "1");
	image_file(&im, "\x01\x7f\xff\xfe new\nline \\ \"", "2");
	image_file(&im, "a b", "3");
	image_finish(&im);
	image_says(&im, "ls -p /", longest, "\x01\x7f\xff\xfe new\nline \\ \"", NULL);
	image_says(&im, "cat \"/a b\"", "3", NULL);
	image_remove(&im);
}

static void test_deep(void **state)
{
	char path[4096] = "d";
	struct image im;

	image_open(&im, &image_opts);
	for (int i = 1; i < 200; i++)
		strcat(path, "/d");
	strcat(path, "/file");
	image_file(&im, path, "deep");
	image_finish(&im);
	memmove(path + 4, path, strlen(path) + 1);
	memcpy(path, "cat ", 4);
	image_says(&im, path, "deep", NULL);
	assert_int_equal(im.st.inodes, 201);
	image_remove(&im);
}

/* Directories of one block, of one index level and of two. */
static void test_big_directories(void **state)
{
	static const struct {
		const char *dir, *fmt, *last;
		int n;
	} rows[] = {
		{ "small", "n%d", "stat /small/n300", 301 },
		{ "twenty", "file-%d", "stat /twenty/file-19999", 20000 },
		{ "wide", "%0250d", NULL, 9000 },
	};
	struct image im;

	image_open(&im, &image_opts);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (int k = 0; k < rows[i].n; k++) {
			char path[300], name[280];

			snprintf(name, sizeof(name), rows[i].fmt, k);
			snprintf(path, sizeof(path), "%s/%s", rows[i].dir, name);
			MUST(&im, im.s->ops->add_file(im.s, path, 0, &plain, &im.e));
			MUST(&im, im.s->ops->end_file(im.s, &im.e));
		}
	}
	image_finish(&im);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].last)
			image_says(&im, rows[i].last, "regular", NULL);
	image_says(&im, "htree_dump /wide", "Indirect levels: 1", NULL);
	image_says(&im, "htree_dump /twenty", "Indirect levels: 0", NULL);
	image_remove(&im);
}

static void test_hash(void **state)
{
	static const char *const names[] = { "a", "hello", "exactly-thirty-two-bytes-of-name",
					     "a-name-of-more-than-thirty-two-bytes-that-takes-two-rounds" };
	const uint32_t none[4] = { 0 };
	struct image im;

	image_open(&im, &image_opts);
	image_finish(&im);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		AUTO_FREE char *cmd = path_fmt("dx_hash -h half_md4 \"%s\"", names[i]);
		char want[32];

		snprintf(want, sizeof(want), "is 0x%08" PRIx32,
			 ext4_dirhash(names[i], strlen(names[i]), none));
		image_says(&im, cmd, want, NULL);
	}
	image_remove(&im);
}

static void test_many_subdirectories(void **state)
{
	struct image im;

	image_open(&im, &image_opts);
	for (int i = 0; i < 65010; i++) {
		char path[32];

		snprintf(path, sizeof(path), "%s/%d", i < 64998 ? "most" : "rest", i);
		image_dir(&im, path);
	}
	for (int i = 0; i < 64998 + 1; i++) {
		char path[32];

		snprintf(path, sizeof(path), "more/%d", i);
		image_dir(&im, path);
	}
	image_finish(&im);
	image_says(&im, "stat /most", "Links: 65000", NULL);
	image_says(&im, "stat /more", "Links: 1 ", NULL);
	image_remove(&im);
}

/* Pieces of data and holes, and what the file must then say. */
static void test_sparse(void **state)
{
	static char data[100000];
	struct image im;
	char *out;

	memset(data, 'd', sizeof(data));
	image_open(&im, &image_opts);
	MUST(&im, im.s->ops->add_file(im.s, "hole", 1 << 20, &plain, &im.e));
	MUST(&im, im.s->ops->hole(im.s, 1 << 20, &im.e));
	MUST(&im, im.s->ops->end_file(im.s, &im.e));
	MUST(&im, im.s->ops->add_file(im.s, "huge", (uint64_t)0xffffffff << 12, &plain, &im.e));
	MUST(&im, im.s->ops->hole(im.s, ((uint64_t)0xffffffff << 12) - 1, &im.e));
	MUST(&im, im.s->ops->write(im.s, "x", 1, &im.e));
	MUST(&im, im.s->ops->end_file(im.s, &im.e));
	MUST(&im, im.s->ops->add_file(im.s, "odd", 20010, &plain, &im.e));
	MUST(&im, im.s->ops->write(im.s, "ab", 2, &im.e));
	MUST(&im, im.s->ops->hole(im.s, 10000, &im.e));
	MUST(&im, im.s->ops->write(im.s, "cd", 2, &im.e));
	MUST(&im, im.s->ops->hole(im.s, 10006, &im.e));
	MUST(&im, im.s->ops->end_file(im.s, &im.e));
	/* more pieces than an inode, a leaf and a level of leaves hold */
	MUST(&im, im.s->ops->add_file(im.s, "pieces", 3000 * 8192, &plain, &im.e));
	for (int i = 0; i < 3000; i++) {
		MUST(&im, im.s->ops->write(im.s, data, 4096, &im.e));
		MUST(&im, im.s->ops->hole(im.s, 4096, &im.e));
	}
	MUST(&im, im.s->ops->end_file(im.s, &im.e));
	/* larger than an extent and a group, in odd pieces */
	MUST(&im, im.s->ops->add_file(im.s, "large", 3000ull * sizeof(data), &plain, &im.e));
	for (int i = 0; i < 3000; i++)
		MUST(&im, im.s->ops->write(im.s, data, sizeof(data), &im.e));
	MUST(&im, im.s->ops->end_file(im.s, &im.e));
	image_finish(&im);
	image_says(&im, "stat /hole", "Size: 1048576", "Blockcount: 0", NULL);
	image_says(&im, "stat /huge", "Size: 17592186040320", "Blockcount: 8", NULL);
	image_says(&im, "stat /odd", "Size: 20010", "Blockcount: 16", NULL);
	image_says(&im, "extents /pieces", "3000 ", "1/ 2", "2/ 2", NULL);
	image_says(&im, "stat /large", "Size: 300000000", "Blockcount: 585944", NULL);
	out = image_run(&im, "debugfs -R 'cat /odd' %s 2>/dev/null | od -An -c -v | tr -d ' \\n'"
			     " | sed 's/\\\\0//g'");
	assert_string_equal(out, "abcd");
	free(out);
	out = image_run(&im, "debugfs -R 'cat /large' %s 2>/dev/null | tr -d d | wc -c");
	assert_int_equal(atoi(out), 0);
	free(out);
	image_remove(&im);
}

static void test_xattrs(void **state)
{
	static char big[3900];
	const struct fs_xattr small[] = {
		{ "user.b", "2", 1 },
		{ "user.a", "old", 3 },
		{ "user.a", "11", 2 },
		{ "com.example.x", "y", 1 },
	};
	const struct fs_xattr large[] = {
		{ "security.capability", "cap", 3 },
		{ "user.big", big, sizeof(big) },
		{ "trusted.t", "", 0 },
		{ "user.more", big, 80 },
		{ "user.small", big, 20 },
	};
	struct fs_attr a = { .mode = 0644, .xattrs = small, .nxattrs = ARRAY_LEN(small) };
	struct image im;

	memset(big, 'v', sizeof(big));
	image_open(&im, &image_opts);
	MUST(&im, im.s->ops->add_dir(im.s, "small", &a, &im.e));
	a.xattrs = large;
	a.nxattrs = 3;
	for (int i = 0; i < 1500; i++) {
		char path[32];

		snprintf(path, sizeof(path), "shared%d", i);
		MUST(&im, im.s->ops->add_node(im.s, path, S_IFIFO, 0, 0, &a, &im.e));
	}
	a.nxattrs = 5;
	MUST(&im, im.s->ops->add_dir(im.s, "both", &a, &im.e));
	image_finish(&im);
	assert_int_equal(im.st.dropped_xattrs, 1);
	image_says(&im, "ea_list /small", "user.a (2) = \"11\"", "user.b (1) = \"2\"", NULL);
	image_says(&im, "stat /small", "File ACL: 0", NULL);
	image_says(&im, "ea_list /shared0", "security.capability (3)", "user.big (3900)", "trusted.t (0)",
		   NULL);
	image_says(&im, "ea_list /shared1499", "security.capability (3)", "user.big (3900)", NULL);
	image_says(&im, "ea_list /both", "security.capability (3)", "user.big (3900)", "user.more (80)",
		   "user.small (20)", NULL);
	image_remove(&im);
}

#define ACL(...)                                                                                             \
	(const uint8_t[])                                                                                    \
	{                                                                                                    \
		2, 0, 0, 0, __VA_ARGS__                                                                      \
	}
#define ACE(tag, perm, id) tag, 0, perm, 0, (id)&255, (id) >> 8 & 255, (id) >> 16 & 255, (id) >> 24
#define NOID 0xffffffffu

static void test_acls(void **state)
{
	const struct {
		const char *name;
		const uint8_t *acl;
		size_t len;
		int rc;
		const char *mode; /* what debugfs shows */
	} rows[] = {
		{ "minimal", ACL(ACE(1, 7, NOID), ACE(4, 5, NOID), ACE(0x20, 1, NOID)), 28, 0,
		  "Mode:  0751" },
		{ "full",
		  ACL(ACE(1, 6, NOID), ACE(2, 7, 1000), ACE(4, 4, NOID), ACE(0x10, 5, NOID),
		      ACE(0x20, 0, NOID)),
		  44, 0, "Mode:  0650" },
		{ "no mask", ACL(ACE(1, 6, NOID), ACE(2, 7, 1000), ACE(4, 4, NOID), ACE(0x20, 0, NOID)), 36,
		  -EINVAL, NULL },
		{ "order", ACL(ACE(4, 6, NOID), ACE(1, 6, NOID), ACE(0x20, 0, NOID)), 28, -EINVAL, NULL },
		{ "twice", ACL(ACE(1, 6, NOID), ACE(1, 6, NOID), ACE(4, 6, NOID), ACE(0x20, 0, NOID)), 36,
		  -EINVAL, NULL },
		{ "few", ACL(ACE(1, 6, NOID)), 12, -EINVAL, NULL },
		{ "tag", ACL(ACE(3, 6, NOID)), 12, -EINVAL, NULL },
		{ "permissions", ACL(ACE(1, 8, NOID)), 12, -EINVAL, NULL },
		{ "cut", ACL(ACE(1, 6, NOID)), 11, -EINVAL, NULL },
		{ "version", (const uint8_t[]){ 1, 0, 0, 0 }, 4, -EINVAL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct fs_xattr x = { "system.posix_acl_access", rows[i].acl, rows[i].len };
		const struct fs_attr a = { .mode = 0640, .xattrs = &x, .nxattrs = 1 };
		struct image im;

		image_open(&im, &image_opts);
		if (im.s->ops->add_dir(im.s, "d", &a, &im.e) != rows[i].rc)
			fail_msg("ACL '%s': %d, '%s'", rows[i].name, im.e.code, im.e.text);
		if (rows[i].rc == 0) {
			image_finish(&im);
			image_says(&im, "stat /d", rows[i].mode, NULL);
		}
		if (i == 1)
			image_says(&im, "ea_list /d", "system.posix_acl_access (28)", NULL);
		image_remove(&im);
	}
}

static void test_same_bytes(void **state)
{
	char *sums[2];

	for (int i = 0; i < 2; i++) {
		struct image im;

		image_open(&im, &image_opts);
		for (int k = 0; k < 2000; k++) {
			char path[32];

			snprintf(path, sizeof(path), "d%d/f%d", k % 7, k);
			image_file(&im, path, path);
		}
		MUST(&im, im.s->ops->layer(im.s, &im.e));
		MUST(&im, im.s->ops->whiteout(im.s, "d3", &im.e));
		image_finish(&im);
		sums[i] = image_run(&im, "sha256sum < %s");
		image_remove(&im);
	}
	assert_string_equal(sums[0], sums[1]);
	free(sums[0]);
	free(sums[1]);
}

/* What is synced goes past the page cache once it is large: the bytes are the same, a file with a hole in it and the
 * small ones between included. */
static void test_past_cache(void **state)
{
	const size_t n = (48 << 20) + 5, hole = 40 << 20, hole_len = 70000;
	AUTO_FREE char *text = malloc(n);
	char *sums[2];

	for (size_t i = 0; i < n; i++)
		text[i] = (char)(i * 7 + (i >> 12));
	for (int i = 0; i < 2; i++) {
		struct ext4_opts o = image_opts;
		struct image im;

		o.sync = i == 1;
		image_open(&im, &o);
		MUST(&im, im.s->ops->add_file(im.s, "big", n + hole_len, &plain, &im.e));
		for (size_t at = 0, k; at < n; at += k) {
			k = MIN((size_t)99991, (at < hole ? hole : n) - at);
			MUST(&im, im.s->ops->write(im.s, text + at, k, &im.e));
			if (at + k == hole)
				MUST(&im, im.s->ops->hole(im.s, hole_len, &im.e));
		}
		MUST(&im, im.s->ops->end_file(im.s, &im.e));
		for (int k = 0; k < 300; k++) {
			AUTO_FREE char *path = path_fmt("d/%d", k);

			image_file(&im, path, path);
		}
		image_finish(&im);
		assert_int_equal(fcntl(im.fd, F_GETFL) & O_DIRECT, 0);
		sums[i] = image_run(&im, "sha256sum < %s");
		image_remove(&im);
	}
	assert_string_equal(sums[0], sums[1]);
	free(sums[0]);
	free(sums[1]);
}

/* Sizes given and found, journals in each mode, and a container's empty file system. */
static void test_sizes(void **state)
{
	static const struct {
		uint64_t size;
		enum ext4_journal journal;
		const char *says;
	} rows[] = {
		{ 1 << 20, EXT4_JOURNAL_NONE, "Block count:              256" },
		{ 8 << 20, EXT4_JOURNAL_ORDERED, "journal_data_ordered" },
		{ 200000000, EXT4_JOURNAL_WRITEBACK, "journal_data_writeback" },
		{ (129 << 20) + 5, EXT4_JOURNAL_DATA, "journal_data" },
		{ UINT64_C(5) << 30, EXT4_JOURNAL_ORDERED, "Total journal blocks:     16384" },
		{ UINT64_C(3) << 40, EXT4_JOURNAL_ORDERED, "sparse_super2" },
		{ 0, EXT4_JOURNAL_ORDERED, "has_journal" },
		{ 0, EXT4_JOURNAL_NONE, "metadata_csum" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ext4_opts o = image_opts;
		struct image im;
		char *out;

		o.size = rows[i].size;
		o.journal = rows[i].journal;
		o.sync = true;
		image_open(&im, &o);
		image_file(&im, "a/b", "text");
		image_finish(&im);
		image_says(&im, "cat /a/b", "text", NULL);
		out = image_run(&im, "dumpe2fs -h %s 2>&1");
		if (!strstr(out, rows[i].says))
			fail_msg("dumpe2fs does not say '%s' but:\n%s", rows[i].says, out);
		free(out);
		image_remove(&im);
	}
}

static void test_mkfs(void **state)
{
	struct ext4_mkfs_opts o = { .fs = image_opts, .overlay = true };
	struct stat st;
	struct image im;

	o.fs.journal = EXT4_JOURNAL_ORDERED;
	image_open(&im, NULL);
	MUST(&im, ext4_mkfs(im.fd, &o, &im.e));
	image_check(&im);
	image_says(&im, "ls -l /", "upper", "work", NULL);
	image_says(&im, "stat <8>", "Mode:  0600", "Size: 67108864", NULL);
	assert_int_equal(fstat(im.fd, &st), 0);
	assert_int_equal(st.st_size, EXT4_MKFS_SIZE);
	assert_true(st.st_blocks * 512 < 256 << 10);
	image_remove(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c), cmocka_unit_test(test_empty),
		cmocka_unit_test(test_kinds),  cmocka_unit_test(test_times),
		cmocka_unit_test(test_owner),  cmocka_unit_test(test_names),
		cmocka_unit_test(test_deep),   cmocka_unit_test(test_big_directories),
		cmocka_unit_test(test_hash),   cmocka_unit_test(test_many_subdirectories),
		cmocka_unit_test(test_sparse), cmocka_unit_test(test_xattrs),
		cmocka_unit_test(test_acls),   cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_sizes),  cmocka_unit_test(test_mkfs),
		cmocka_unit_test(test_past_cache),
	};

	return cmocka_run_group_tests_name("ext4 writer", tests, NULL, NULL);
}
