/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused, and faults: at each write and each allocation in turn the whole fails with words and
 * leaves no superblock. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ext4/io.h"
#include "image.h"

/* Allocations fail from number fail_at on (1 is the next; 0: never). */
static long fail_at, calls;

static bool fails(void)
{
	return fail_at && ++calls >= fail_at;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
int __real_posix_memalign(void **p, size_t align, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
int __wrap_posix_memalign(void **p, size_t align, size_t n);

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

int __wrap_posix_memalign(void **p, size_t align, size_t n)
{
	return fails() ? ENOMEM : __real_posix_memalign(p, align, n);
}

/* Storage of which call fail_at fails; it only remembers whether there is a superblock. */
struct faulty {
	struct ext4_io io;
	long fail_at, calls;
	bool super;
};

static int fault(struct ext4_io *io)
{
	struct faulty *f = container_of(io, struct faulty, io);

	return ++f->calls == f->fail_at ? -EIO : 0;
}

static int f_truncate(struct ext4_io *io, uint64_t size)
{
	return fault(io);
}

static int f_write(struct ext4_io *io, const void *p, size_t n, uint64_t off)
{
	int rc = fault(io);

	if (rc == 0 && off < 2048 && off + n > 1024)
		container_of(io, struct faulty, io)->super = true;
	return rc;
}

static int f_punch(struct ext4_io *io, uint64_t off, uint64_t n)
{
	return fault(io);
}

static int f_sync(struct ext4_io *io)
{
	return fault(io);
}

static void faulty_init(struct faulty *f, long at)
{
	*f = (struct faulty){
		.io = { .truncate = f_truncate, .write = f_write, .punch = f_punch, .sync = f_sync },
		.fail_at = at,
	};
}

/* A little of everything. The first failure ends it. */
static int fill(struct fs_sink *s, struct err *e)
{
	static char data[9000];
	const struct fs_xattr x[] = { { "user.a", data, 3000 }, { "user.b", "1", 1 } };
	const struct fs_attr a = { .mode = 0755, .xattrs = x, .nxattrs = 2 }, plain = { .mode = 0644 };
	int rc = s->ops->layer(s, e);

	for (int i = 0; i < 300 && rc == 0; i++) {
		char path[48];

		snprintf(path, sizeof(path), "d%d/a-name-of-a-file-%d", i / 200, i);
		if ((rc = s->ops->add_file(s, path, sizeof(data) + 8192, i == 7 ? &a : &plain, e)) < 0 ||
		    (rc = s->ops->write(s, data, 4096, e)) < 0 || (rc = s->ops->hole(s, 8192, e)) < 0 ||
		    (rc = s->ops->write(s, data, sizeof(data) - 4096, e)) < 0)
			break;
		rc = s->ops->end_file(s, e);
	}
	if (rc < 0 || (rc = s->ops->add_file(s, "many", 8192 * 20, &plain, e)) < 0)
		return rc;
	for (int i = 0; i < 20 && rc == 0; i++) {
		rc = s->ops->write(s, data, 4096, e);
		rc = rc < 0 ? rc : s->ops->hole(s, 4096, e);
	}
	memset(data, 't', 100);
	data[100] = 0;
	if (rc < 0 || (rc = s->ops->end_file(s, e)) < 0 || (rc = s->ops->layer(s, e)) < 0 ||
	    (rc = s->ops->add_symlink(s, "link", data, &plain, e)) < 0 ||
	    (rc = s->ops->add_link(s, "again", "many", e)) < 0 ||
	    (rc = s->ops->add_dir(s, "d0", &a, e)) < 0 || (rc = s->ops->opaque(s, "d0", e)) < 0)
		return rc;
	return s->ops->whiteout(s, "d1", e);
}

static int build(struct faulty *f, uint64_t size, struct err *e)
{
	struct ext4_opts o = image_opts;
	struct fs_sink *s;
	int rc;

	o.sync = true;
	o.size = size;
	o.journal = EXT4_JOURNAL_ORDERED;
	rc = ext4_writer_create_io(&f->io, &o, &s, e);
	if (rc < 0)
		return rc;
	rc = fill(s, e);
	if (rc == 0)
		rc = ext4_writer_finish(s, NULL, e);
	else /* what failed once takes no more */
		assert_true(ext4_writer_finish(s, NULL, NULL) < 0);
	ext4_writer_destroy(s);
	return rc;
}

static void test_write_faults(void **state)
{
	static const uint64_t sizes[] = { 0, UINT64_C(1) << 30 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct faulty f;
		struct err e = { 0 };
		long total;

		faulty_init(&f, 0);
		image_must(build(&f, sizes[i], &e), &e, __FILE__, __LINE__);
		assert_true(f.super);
		total = f.calls;
		assert_true(total > 10);
		for (long n = 1; n <= total; n++) {
			faulty_init(&f, n);
			e = (struct err){ 0 };
			assert_int_equal(build(&f, sizes[i], &e), -EIO);
			assert_non_null(strstr(e.text, err_str(EIO)));
			assert_int_equal(f.super, n == total); /* the last is the sync behind it */
		}
	}
}

static void test_allocation_faults(void **state)
{
	struct faulty f;
	struct err e;
	long n;
	int rc = -1;

	for (n = 1; rc < 0 && n < 100000; n++) {
		faulty_init(&f, 0);
		e = (struct err){ 0 };
		calls = 0;
		fail_at = n;
		rc = build(&f, 0, &e);
		fail_at = 0;
		if (rc < 0) {
			assert_int_equal(rc, -ENOMEM);
			assert_true(e.text[0]);
			assert_false(f.super);
		}
	}
	assert_true(n > 10 && rc == 0);
}

static void test_full(void **state)
{
	static char data[1 << 20];
	const struct fs_attr a = { .mode = 0644 };

	/* data, then only names, run over the end */
	for (int names = 0; names < 2; names++) {
		struct ext4_opts o = image_opts;
		struct image im;
		int rc = 0;

		o.size = 4 << 20;
		image_open(&im, &o);
		for (int i = 0; i < 5000 && rc == 0; i++) {
			char path[300];

			snprintf(path, sizeof(path), "d/%0200d", i);
			rc = im.s->ops->add_file(im.s, path, names ? 0 : sizeof(data), &a, &im.e);
			if (rc == 0 && !names)
				rc = im.s->ops->write(im.s, data, sizeof(data), &im.e);
			if (rc == 0)
				rc = im.s->ops->end_file(im.s, &im.e);
		}
		if (names) {
			assert_int_equal(rc, 0);
			rc = ext4_writer_finish(im.s, NULL, &im.e);
		}
		assert_int_equal(rc, -ENOSPC);
		assert_true(im.e.text[0]);
		image_remove(&im);
	}
}

/* What is replaced makes room: ten times the size goes through a small file system. */
static void test_reuse(void **state)
{
	static char data[1 << 20];
	const struct fs_attr a = { .mode = 0644 };
	struct ext4_opts o = image_opts;
	struct image im;

	o.size = 8 << 20;
	image_open(&im, &o);
	for (int i = 0; i < 80; i++) {
		char path[16];

		snprintf(path, sizeof(path), "f%d", i % 3);
		memset(data, 'a' + i % 26, sizeof(data));
		MUST(&im, im.s->ops->add_file(im.s, path, sizeof(data), &a, &im.e));
		MUST(&im, im.s->ops->write(im.s, data, sizeof(data), &im.e));
		MUST(&im, im.s->ops->end_file(im.s, &im.e));
	}
	image_finish(&im);
	assert_true(im.st.used < 5 << 20);
	for (int i = 77; i < 80; i++) {
		char cmd[80], want[16];
		char *out;

		snprintf(cmd, sizeof(cmd), "debugfs -R 'cat /f%d' %%s 2>/dev/null | tr -d %c | wc -c", i % 3,
			 'a' + i % 26);
		out = image_run(&im, cmd);
		assert_int_equal(atoi(out), 0);
		free(out);
		snprintf(want, sizeof(want), "Size: %zu", sizeof(data));
		snprintf(cmd, sizeof(cmd), "stat /f%d", i % 3);
		image_says(&im, cmd, want, NULL);
	}
	image_remove(&im);
}

/* One call on a tree with a file "f", a directory "d" and a loop of links, and what it answers. */
static int call_link_missing(struct fs_sink *s, struct err *e)
{
	return s->ops->add_link(s, "x", "missing", e);
}
static int call_link_dir(struct fs_sink *s, struct err *e)
{
	return s->ops->add_link(s, "x", "d", e);
}
static int call_through_file(struct fs_sink *s, struct err *e)
{
	return s->ops->add_file(s, "f/x", 0, &(struct fs_attr){ 0 }, e);
}
static int call_loop(struct fs_sink *s, struct err *e)
{
	return s->ops->add_file(s, "l1/x", 0, &(struct fs_attr){ 0 }, e);
}
static int call_root_file(struct fs_sink *s, struct err *e)
{
	return s->ops->add_file(s, "", 0, &(struct fs_attr){ 0 }, e);
}
static int call_long_name(struct fs_sink *s, struct err *e)
{
	char name[257];

	memset(name, 'n', 256);
	name[256] = 0;
	return s->ops->add_dir(s, name, &(struct fs_attr){ 0 }, e);
}
static int call_empty_link(struct fs_sink *s, struct err *e)
{
	return s->ops->add_symlink(s, "x", "", &(struct fs_attr){ 0 }, e);
}
static int call_long_link(struct fs_sink *s, struct err *e)
{
	char target[4097];

	memset(target, 'n', 4096);
	target[4096] = 0;
	return s->ops->add_symlink(s, "x", target, &(struct fs_attr){ 0 }, e);
}
static int call_device(struct fs_sink *s, struct err *e)
{
	return s->ops->add_node(s, "x", S_IFCHR, 4096, 0, &(struct fs_attr){ 0 }, e);
}
static int call_type(struct fs_sink *s, struct err *e)
{
	return s->ops->add_node(s, "x", S_IFREG, 0, 0, &(struct fs_attr){ 0 }, e);
}
static int call_too_large(struct fs_sink *s, struct err *e)
{
	return s->ops->add_file(s, "x", UINT64_C(1) << 45, &(struct fs_attr){ 0 }, e);
}
static int call_stray_write(struct fs_sink *s, struct err *e)
{
	return s->ops->write(s, "x", 1, e);
}
static int call_short(struct fs_sink *s, struct err *e)
{
	int rc = s->ops->add_file(s, "x", 5, &(struct fs_attr){ 0 }, e);

	return rc < 0 ? rc : s->ops->end_file(s, e);
}
static int call_long(struct fs_sink *s, struct err *e)
{
	int rc = s->ops->add_file(s, "x", 5, &(struct fs_attr){ 0 }, e);

	return rc < 0 ? rc : s->ops->write(s, "123456", 6, e);
}
static int call_open(struct fs_sink *s, struct err *e)
{
	int rc = s->ops->add_file(s, "x", 5, &(struct fs_attr){ 0 }, e);

	return rc < 0 ? rc : ext4_writer_finish(s, NULL, e);
}
static int call_xattr(struct fs_sink *s, struct err *e)
{
	static char big[4064];
	const struct fs_xattr x = { "user.x", big, sizeof(big) };

	return s->ops->add_dir(s, "x", &(struct fs_attr){ .xattrs = &x, .nxattrs = 1 }, e);
}
static int call_default_acl(struct fs_sink *s, struct err *e)
{
	const struct fs_xattr x = { "system.posix_acl_default", "\2\0\0\0", 4 };

	return s->ops->add_node(s, "x", S_IFIFO, 0, 0, &(struct fs_attr){ .xattrs = &x, .nxattrs = 1 }, e);
}
static int call_many_links(struct fs_sink *s, struct err *e)
{
	int rc = 0;

	for (int i = 0; i < 70000 && rc == 0; i++) {
		char path[16];

		snprintf(path, sizeof(path), "h/%d", i);
		rc = s->ops->add_link(s, path, "f", e);
		if (rc < 0)
			assert_int_equal(i, 64999);
	}
	return rc;
}
static int call_layers(struct fs_sink *s, struct err *e)
{
	int rc = 0;

	while (rc == 0)
		rc = s->ops->layer(s, e);
	return rc;
}

static void test_refusals(void **state)
{
	static const struct {
		const char *name;
		int (*call)(struct fs_sink *s, struct err *e);
		int rc;
	} rows[] = {
		{ "link to nothing", call_link_missing, -ENOENT },
		{ "link to a directory", call_link_dir, -EPERM },
		{ "below a file", call_through_file, -ENOTDIR },
		{ "loop of links", call_loop, -ELOOP },
		{ "root as a file", call_root_file, -EISDIR },
		{ "long name", call_long_name, -ENAMETOOLONG },
		{ "empty link", call_empty_link, -EINVAL },
		{ "long link", call_long_link, -ENAMETOOLONG },
		{ "device number", call_device, -EINVAL },
		{ "type", call_type, -EINVAL },
		{ "file too large", call_too_large, -EFBIG },
		{ "write without a file", call_stray_write, -EINVAL },
		{ "file too short", call_short, -EINVAL },
		{ "file too long", call_long, -EFBIG },
		{ "finish within a file", call_open, -EINVAL },
		{ "large attribute", call_xattr, -E2BIG },
		{ "default ACL of a file", call_default_acl, -EINVAL },
		{ "65001 names", call_many_links, -EMLINK },
		{ "layers", call_layers, -E2BIG },
	};
	const struct fs_attr a = { .mode = 0777 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct image im;
		int rc;

		image_open(&im, &image_opts);
		image_file(&im, "f", "x");
		image_dir(&im, "d");
		MUST(&im, im.s->ops->add_symlink(im.s, "l1", "l2", &a, &im.e));
		MUST(&im, im.s->ops->add_symlink(im.s, "l2", "l1", &a, &im.e));
		rc = rows[i].call(im.s, &im.e);
		if (rc != rows[i].rc || im.e.code != rc || !im.e.text[0])
			fail_msg("%s: %d, '%s'", rows[i].name, rc, im.e.text);
		assert_int_equal(im.s->ops->layer(im.s, NULL), rc);
		assert_int_equal(ext4_writer_finish(im.s, NULL, NULL), rc);
		image_remove(&im);
	}
}

/* Nothing is behind a loop of links, so there is nothing to hide. */
static void test_hide_loop(void **state)
{
	const struct fs_attr a = { .mode = 0777 };
	struct image im;

	image_open(&im, &image_opts);
	MUST(&im, im.s->ops->add_symlink(im.s, "l", "l", &a, &im.e));
	MUST(&im, im.s->ops->whiteout(im.s, "l/x", &im.e));
	MUST(&im, im.s->ops->opaque(im.s, "l/x", &im.e));
	MUST(&im, ext4_writer_finish(im.s, NULL, &im.e));
	image_remove(&im);
}

static void test_options(void **state)
{
	const struct ext4_opts rows[] = {
		{ .size = 4096 },
		{ .size = (UINT64_C(16) << 40) + 1 },
		{ .max_size = UINT64_C(17) << 40 },
		{ .label = "seventeen bytes..." },
		{ .size = 1 << 20, .journal = EXT4_JOURNAL_DATA },
		{ .size = 1 << 20, .ninodes = 40000 },
	};
	struct image im;

	image_open(&im, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		im.e = (struct err){ 0 };
		assert_int_equal(ext4_writer_create(im.fd, &rows[i], &im.s, &im.e), -EINVAL);
		assert_true(im.e.text[0]);
	}
	image_remove(&im);
}

/* The bound on memory holds, and its words say what it is. */
static void test_memory(void **state)
{
	struct ext4_opts o = image_opts;
	struct image im;
	int rc = 0;

	o.max_memory = 1 << 20;
	image_open(&im, &o);
	for (int i = 0; i < 100000 && rc == 0; i++) {
		char path[16];

		snprintf(path, sizeof(path), "f%d", i);
		rc = im.s->ops->add_file(im.s, path, 0, &(struct fs_attr){ 0 }, &im.e);
		rc = rc < 0 ? rc : im.s->ops->end_file(im.s, &im.e);
		if (rc < 0)
			assert_true(i > (1 << 20) / 128);
	}
	assert_int_equal(rc, -ENOMEM);
	assert_non_null(strstr(im.e.text, "too many entries"));
	image_remove(&im);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_faults), cmocka_unit_test(test_allocation_faults),
		cmocka_unit_test(test_full),         cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_hide_loop),     cmocka_unit_test(test_options),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests_name("ext4 errors", tests, NULL, NULL);
}
