/* SPDX-License-Identifier: Apache-2.0 */
/* The reader against mke2fs -d: one tree of files, in file systems of many kinds, read back and compared with
 * the tree itself: types, modes, owners, times, links, contents, holes, attributes. What only the kernel
 * makes is in t-reader-journal.c and tests/system. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "ext4/reader.h"
#include "image.h"

static char tree[] = "/tmp/ext4-tree-XXXXXX";

/* --- the tree */

static void make_file(const char *name, size_t n, int seed)
{
	AUTO_FREE char *path = path_join(tree, name);
	AUTO_FREE char *p = malloc(n + 1);
	AUTO_CLOSE int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0640);

	assert_true(fd >= 0);
	for (size_t i = 0; i < n; i++)
		p[i] = (char)((i * 31 + i / 251 + (size_t)seed) % 255);
	assert_int_equal(file_write_full(fd, p, n), 0);
}

static void make_sparse(const char *name, off_t pieces, off_t step, off_t size)
{
	AUTO_FREE char *path = path_join(tree, name);
	AUTO_CLOSE int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0);
	for (off_t i = 0; i < pieces; i++)
		assert_int_equal(pwrite(fd, &i, sizeof(i), i * step + 7), sizeof(i));
	assert_int_equal(ftruncate(fd, size), 0);
}

static void shell(const char *fmt, ...)
{
	AUTO_FREE char *cmd = NULL;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&cmd, fmt, ap) > 0);
	va_end(ap);
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

static void set_attr(const char *name, const char *attr, size_t n)
{
	AUTO_FREE char *path = path_join(tree, name);
	AUTO_FREE char *value = malloc(n + 1);

	memset(value, 'v', n);
	/* not every file system of a host has them */
	if (lsetxattr(path, attr, value, n, 0) < 0)
		print_message("no attribute %s on %s\n", attr, name);
}

static int setup(void **state)
{
	static const size_t sizes[] = { 0,    1,    59,   60,   61,    130,    150,
					1023, 1024, 1025, 4096, 65536, 200000, 3000000 };
	char link[300];

	(void)state;
	if (system("PATH=$PATH:/usr/sbin:/sbin command -v mke2fs >/dev/null") != 0)
		return 0;
	assert_non_null(mkdtemp(tree));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char name[32];

		snprintf(name, sizeof(name), "size-%zu", sizes[i]);
		make_file(name, sizes[i], (int)i);
	}
	make_sparse("holes", 40, 300000, 40 * 300000);
	make_sparse("one-hole", 1, 1, 5 << 20);
	make_sparse("far", 2, 70 << 20, 71 << 20);
	shell("cd %s && mkdir -p a/b/c/d/e 'with space' many few && ln size-61 a/linked && ln size-61 "
	      "'a/b/linked too' && "
	      "mkfifo fifo && chmod 4711 size-1 && chmod 1777 few && touch -d @-1000.25 size-0 && "
	      "touch -d '2040-01-02 03:04:05.678901234' size-59 && for i in `seq 1 1500`; do : "
	      ">many/file-number-$i; done && "
	      "for i in `seq 1 5`; do : >few/$i; done && touch \"$(printf 'bad\\377utf8')\" && ln -s x "
	      "short-link",
	      tree);
	for (size_t i = 58; i <= 62; i++) {
		AUTO_FREE char *path = path_fmt("%s/link-%zu", tree, i);

		memset(link, 'l', i);
		link[i] = 0;
		assert_int_equal(symlink(link, path), 0);
	}
	memset(link, 'n', 255);
	link[255] = 0;
	make_file(link, 10, 1);
	if (geteuid() == 0) {
		AUTO_FREE char *a = path_join(tree, "chr"), *b = path_join(tree, "blk");

		if (mknod(a, S_IFCHR | 0600, makedev(1, 3)) < 0 ||
		    mknod(b, S_IFBLK | 0600, makedev(259, 70000)) < 0)
			print_message("no device nodes here\n");
		shell("chown 70000:80000 %s/size-1024", tree);
	}
	set_attr("size-1", "user.small", 5);
	set_attr("size-1", "user.empty", 0);
	set_attr("size-1024", "user.some", 300);
	set_attr("a", "user.dir", 30);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	file_remove_tree(AT_FDCWD, tree, NULL);
	return 0;
}

/* --- comparing */

/* CUT_HOLES: with inline data it forgets a hole at the end. */
enum { NO_ATTRS = 1, CUT_HOLES };

struct comparing {
	struct ext4_reader *r;
	struct image *im;
	const char *what;
	int n, lacks;
};

static void compare_content(struct comparing *c, const struct ext4_walk_entry *en, const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY);
	AUTO_FREE char *a = malloc(1 << 20), *b = malloc(1 << 20);
	struct ext4_file *f;
	struct err err = { 0 };
	uint64_t at = 0, size = en->st.size;

	if (ext4_file_open(c->r, en->st.ino, &f, &err) < 0)
		fail_msg("%s: %s: %s", c->what, en->path, err.text);
	while (at < size) {
		bool data;
		uint64_t len;

		if (ext4_file_span(f, at, &data, &len, &err) < 0)
			fail_msg("%s: %s: %s", c->what, en->path, err.text);
		assert_true(len > 0 && len <= size - at);
		for (uint64_t end = at + len; at < end;) {
			size_t n = MIN(end - at, 1u << 20);

			assert_int_equal(pread(fd, a, n, (off_t)at), n);
			memset(b, 0, n);
			if (data && ext4_file_read(f, b, n, at, &err) < 0)
				fail_msg("%s: %s: %s", c->what, en->path, err.text);
			if (memcmp(a, b, n))
				fail_msg("%s: %s differs in %zu bytes from %llu on", c->what, en->path, n,
					 (unsigned long long)at);
			at += n;
		}
	}
	ext4_file_close(f);
}

static void compare_attrs(struct comparing *c, const struct ext4_walk_entry *en, const char *path)
{
	char names[4096], value[70000];
	ssize_t n = llistxattr(path, names, sizeof(names));
	struct ext4_attrs a;
	struct err err = { 0 };
	size_t found = 0, wanted = 0;

	if (ext4_attrs_load(c->r, en->st.ino, &a, &err) < 0)
		fail_msg("%s: %s: %s", c->what, en->path, err.text);
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t len = lgetxattr(path, names + at, value, sizeof(value));

		wanted++;
		for (size_t i = 0; i < a.n; i++)
			found += !strcmp(a.v[i].name, names + at) && a.v[i].len == (size_t)len &&
				 !memcmp(a.v[i].value, value, a.v[i].len);
	}
	if (found != wanted || a.n != wanted)
		fail_msg("%s: %s has %zu attributes, %zu of them right, not %zu", c->what, en->path, a.n,
			 found, wanted);
	ext4_attrs_finish(&a);
}

static int compare_entry(void *arg, const struct ext4_walk_entry *en, struct err *e)
{
	struct comparing *c = arg;
	AUTO_FREE char *path = path_fmt("%s/%s", tree, en->path), *target = NULL;
	char want[300] = "";
	struct stat st;

	if (!strncmp(en->path, "lost+found", 10))
		return 0;
	c->n++;
	if (lstat(path, &st) < 0)
		fail_msg("%s: '%s' is not in the tree", c->what, en->path);
	if (*en->path && st.st_mode != en->st.mode)
		fail_msg("%s: '%s' has mode %o, not %o", c->what, en->path, en->st.mode, st.st_mode);
	if (*en->path && (st.st_uid != en->st.uid || st.st_gid != en->st.gid))
		fail_msg("%s: '%s' belongs to %u:%u", c->what, en->path, en->st.uid, en->st.gid);
	/* mke2fs 1.47.0 keeps whole seconds, and has no use for the root's */
	if (*en->path && (uint32_t)st.st_mtime != (uint32_t)en->st.mtime.sec)
		fail_msg("%s: '%s' has time %lld", c->what, en->path, (long long)en->st.mtime.sec);
	if (!S_ISDIR(st.st_mode))
		assert_int_equal(en->st.nlink, st.st_nlink);
	if (S_ISREG(st.st_mode) && c->lacks == CUT_HOLES && en->st.size < (uint64_t)st.st_size) {
		AUTO_FREE char *cmd = path_fmt("stat /%s", en->path),
			       *size = path_fmt("Size: %llu\n", (unsigned long long)en->st.size);

		image_says(c->im, cmd, size, NULL);
	} else if (S_ISREG(st.st_mode)) {
		assert_int_equal(en->st.size, st.st_size);
		compare_content(c, en, path);
	} else if (S_ISLNK(st.st_mode)) {
		assert_true(readlink(path, want, sizeof(want) - 1) > 0);
		if (ext4_reader_link(c->r, en->st.ino, &target, e) < 0)
			fail_msg("%s: %s: %s", c->what, en->path, e->text);
		assert_string_equal(target, want);
	} else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
		assert_int_equal(en->st.major, major(st.st_rdev));
		assert_int_equal(en->st.minor, minor(st.st_rdev));
	}
	if (*en->path && c->lacks != NO_ATTRS)
		compare_attrs(c, en, path);
	return 0;
}

static void one(const char *what, const char *options, int lacks)
{
	struct image im;
	struct comparing c = { .im = &im, .what = what, .lacks = lacks };
	AUTO_FREE char *cmd = NULL, *count = path_fmt("find %s | wc -l; : %%s", tree), *n = NULL, *out = NULL;

	if (access(tree, R_OK) != 0)
		skip();
	image_open(&im, NULL);
	assert_int_equal(ftruncate(im.fd, 300 << 20), 0);
	cmd = path_fmt(
		"mke2fs -q -F %s -d %s %%s 2>&1 | grep -v -i -e warning -e proceed -e 128-byte -e '^$'; true",
		options, tree);
	out = image_run(&im, cmd);
	if (*out)
		fail_msg("mke2fs %s: %s", options, out);
	if (ext4_reader_open(im.fd, &c.r, &im.e) < 0)
		fail_msg("%s: %s", what, im.e.text);
	if (ext4_reader_walk(c.r, EXT4_ROOT_INO, ~0u, compare_entry, &c, &im.e) < 0)
		fail_msg("%s: %s", what, im.e.text);
	n = image_run(&im, count);
	assert_int_equal(c.n, atoi(n));
	ext4_reader_close(c.r);
	image_remove(&im);
}

/* Inline data of a file that grew: what is behind it reads as zeros. */
static void test_inline_grown(void **state)
{
	AUTO_FREE char *buf = malloc(10000), *out = NULL;
	uint64_t len = 0, at = 0;
	struct ext4_reader *r;
	struct ext4_file *f;
	struct image im;
	uint32_t ino;
	bool data;

	image_open(&im, NULL);
	assert_int_equal(ftruncate(im.fd, 8 << 20), 0);
	out = image_run(&im, "f=%s; (mke2fs -q -F -t ext4 -O inline_data $f && printf hello >$f.in && debugfs -w -R \"write $f.in f\" $f && "
			     "debugfs -w -R 'sif f size 7000000000' $f; rm -f $f.in; e2fsck -fn $f >/dev/null; echo $?) 2>&1 | tail -n 1");
	assert_string_equal(out, "0\n");
	MUST(&im, ext4_reader_open(im.fd, &r, &im.e));
	MUST(&im, ext4_reader_find(r, "f", true, &ino, &im.e));
	MUST(&im, ext4_file_open(r, ino, &f, &im.e));
	assert_true(ext4_file_size(f) == 7000000000);
	MUST(&im, ext4_file_read(f, buf, 10000, 0, &im.e));
	assert_memory_equal(buf, "hello\0\0", 7);
	for (int i = 5; i < 10000; i++)
		assert_int_equal(buf[i], 0);
	MUST(&im, ext4_file_read(f, buf, 1, 6999999999, &im.e));
	assert_int_equal(buf[0], 0);
	for (; at < 7000000000; at += len) {
		MUST(&im, ext4_file_span(f, at, &data, &len, &im.e));
		assert_true(len && data == (at == 0));
	}
	assert_true(at == 7000000000);
	ext4_file_close(f);
	ext4_reader_close(r);
	image_remove(&im);
}

static const struct row {
	const char *what, *options;
	int lacks; /* what mke2fs does not do then */
} rows[] = {
	{ "ext4", "-t ext4" },
	{ "blocks of 1 KiB", "-t ext4 -b 1024" },
	{ "blocks of 2 KiB", "-t ext4 -b 2048" },
	{ "blocks of 16 KiB", "-t ext4 -b 16384" },
	{ "blocks of 64 KiB", "-t ext4 -b 65536" },
	{ "ext2, blocks of 1 KiB", "-t ext2 -b 1024" },
	{ "ext2, blocks of 4 KiB", "-t ext2 -b 4096" },
	{ "revision 0", "-t ext2 -b 1024 -r 0 -O none", NO_ATTRS },
	{ "ext3, small inodes", "-t ext3 -I 128" },
	{ "no extents", "-t ext4 -O ^extents,^64bit" },
	{ "32 bit", "-t ext4 -O ^64bit" },
	{ "no checksums", "-t ext4 -O ^metadata_csum,uninit_bg" },
	{ "checksums with a seed", "-t ext4 -O metadata_csum_seed" },
	{ "meta_bg", "-t ext4 -b 1024 -O meta_bg,^resize_inode" },
	{ "sparse_super2", "-t ext4 -O sparse_super2" },
	{ "bigalloc", "-t ext4 -O bigalloc -C 16384" },
	{ "bigalloc, blocks of 1 KiB", "-t ext4 -b 1024 -O bigalloc -C 16384" },
	{ "inline data", "-t ext4 -O inline_data", CUT_HOLES },
	{ "inline data, large inodes", "-t ext4 -I 1024 -O inline_data", CUT_HOLES },
	{ "ea_inode", "-t ext4 -O ea_inode" },
	{ "large inodes, large_dir", "-t ext4 -I 512 -O large_dir,project,quota" },
};

static void test_row(void **state)
{
	const struct row *row = *state;

	one(row->what, row->options, row->lacks);
}

/* --- what is no ext4 */

static void test_refused(void **state)
{
	static const struct {
		const char *cmd, *words;
	} cases[] = {
		{ "truncate -s 0 %s", "no ext4" },
		{ "truncate -s 10M %s", "no ext4" },
		{ "truncate -s 20M %s; mke2fs -q -t ext4 %s; truncate -s 19M %s", "but its file only" },
		{ "mke2fs -q -t ext4 -O journal_dev %s 8M", "journal_dev" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ext4_reader *r;
		struct image im;
		AUTO_FREE char *cmd = path_fmt("set -- %%s; %s", cases[i].cmd);

		for (char *at; (at = strstr(strstr(cmd, "; ") + 2, "%s"));)
			memcpy(at, "$1", 2);
		image_open(&im, NULL);
		free(image_run(&im, cmd));
		assert_true(ext4_reader_open(im.fd, &r, &im.e) < 0);
		if (!strstr(im.e.text, cases[i].words))
			fail_msg("case %zu says: %s", i, im.e.text);
		image_remove(&im);
	}
}

/* --- paths */

static void find(struct image *im, struct ext4_reader *r, const char *path, bool follow, const char *same,
		 int rc)
{
	uint32_t a = 0, b = 0;

	assert_int_equal(ext4_reader_find(r, path, follow, &a, &im->e), rc);
	if (same) {
		MUST(im, ext4_reader_find(r, same, false, &b, &im->e));
		assert_int_equal(a, b);
	}
}

static void test_paths(void **state)
{
	static const struct fs_attr attr = { .mode = 0777 };
	struct ext4_reader *r;
	struct image im;

	(void)state;
	image_open(&im, &image_opts);
	image_dir(&im, "usr");
	image_dir(&im, "usr/lib");
	image_file(&im, "usr/lib/x", "x");
	MUST(&im, im.s->ops->add_symlink(im.s, "lib", "usr/lib", &attr, &im.e));
	MUST(&im, im.s->ops->add_symlink(im.s, "usr/up", "../../../usr", &attr, &im.e));
	MUST(&im, im.s->ops->add_symlink(im.s, "abs", "/usr/./lib//x", &attr, &im.e));
	MUST(&im, im.s->ops->add_symlink(im.s, "loop", "loop/x", &attr, &im.e));
	image_finish(&im);
	MUST(&im, ext4_reader_open(im.fd, &r, &im.e));
	find(&im, r, "", true, "/", 0);
	find(&im, r, "/usr/../usr//lib/./x", false, "usr/lib/x", 0);
	find(&im, r, "../../usr", false, "usr", 0);
	find(&im, r, "lib/x", false, "usr/lib/x", 0);
	find(&im, r, "usr/up/lib/x", false, "usr/lib/x", 0);
	find(&im, r, "abs", true, "usr/lib/x", 0);
	find(&im, r, "lib", true, "usr/lib", 0);
	find(&im, r, "lib", false, "lib", 0);
	find(&im, r, "loop", true, NULL, -ELOOP);
	find(&im, r, "nowhere", true, NULL, -ENOENT);
	find(&im, r, "usr/lib/x/y", true, NULL, -ENOTDIR);
	ext4_reader_close(r);
	image_remove(&im);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows) + 3];
	size_t n = 0;

	for (; n < ARRAY_LEN(rows); n++)
		tests[n] = (struct CMUnitTest){ rows[n].what, test_row, NULL, NULL, (void *)&rows[n] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_refused);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_inline_grown);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_paths);
	return _cmocka_run_group_tests("ext4 reader", tests, n, setup, teardown);
}
