/* SPDX-License-Identifier: Apache-2.0 */
/* Two file systems joined by the real worker: all that ext4 can hold comes over, as the container saw it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/path.h"
#include "ext4/reader.h"
#include "ext4/writer.h"
#include "job/rootfs.h"

#define SINCE 2000
#define STAMP 1500
#define LONG "a-name-of-255-bytes-" \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" \
	"01234567890123456789012345678901234"

static char *helper;

static int temp(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

/* --- what is joined */

static struct fs_attr attr(uint32_t mode, int64_t sec, uint32_t nsec)
{
	const struct fs_time t = { sec, nsec };

	return (struct fs_attr){ .mode = mode, .uid = 7, .gid = 8, .mtime = t, .atime = t, .ctime = t };
}

static void file(struct fs_sink *s, const char *path, const char *text, uint64_t hole, const struct fs_attr *a)
{
	struct err e = { 0 };

	if (s->ops->add_file(s, path, strlen(text) + hole, a, &e) < 0 ||
	    s->ops->write(s, text, strlen(text), &e) < 0 || (hole && s->ops->hole(s, hole, &e) < 0) ||
	    s->ops->end_file(s, &e) < 0)
		fail_msg("%s: %s", path, e.text);
}

static void dir(struct fs_sink *s, const char *path, const struct fs_attr *a)
{
	assert_int_equal(s->ops->add_dir(s, path, a, NULL), 0);
}

static int make(void (*fill)(struct fs_sink *s))
{
	const struct ext4_opts o = { .size = 64 << 20 };
	struct fs_sink *s;
	struct err e = { 0 };
	int fd = temp();

	if (ext4_writer_create(fd, &o, &s, &e) < 0 || s->ops->layer(s, &e) < 0)
		fail_msg("%s", e.text);
	fill(s);
	if (ext4_writer_finish(s, NULL, &e) < 0)
		fail_msg("%s", e.text);
	ext4_writer_destroy(s);
	return fd;
}

static void fill_base(struct fs_sink *s)
{
	struct fs_attr a = attr(0644, 1000, 123456789), d = attr(0755, 1000, 0);

	dir(s, "", &d);
	dir(s, "etc", &d);
	file(s, "etc/hosts", "of the source", 0, &a);
	file(s, "kept", "kept", 0, &a);
	assert_int_equal(s->ops->add_link(s, "kept-too", "kept", NULL), 0);
	assert_int_equal(s->ops->add_node(s, "old-socket", S_IFSOCK, 0, 0, &a, NULL), 0);
	file(s, "gone", "gone", 0, &a);
	dir(s, "hidden", &d);
	file(s, "hidden/below", "below", 0, &a);
}

static void fill_upper(struct fs_sink *s)
{
	static const struct fs_xattr attrs[] = { { "user.mine", "value", 5 }, { "trusted.other", "\0\1", 2 } },
				     opaque = { "trusted.overlay.opaque", "y", 1 };
	struct fs_attr a = attr(0600, 3000, 5), set = attr(04755, 1234, 999999999), d = attr(0755, 3000, 0);

	dir(s, "upper", &d);
	dir(s, "upper/etc", &d);
	file(s, "upper/etc/hosts", "of the machine", 0, &a);
	assert_int_equal(s->ops->add_node(s, "upper/gone", S_IFCHR, 0, 0, &a, NULL), 0);
	assert_int_equal(s->ops->add_node(s, "upper/socket", S_IFSOCK, 0, 0, &a, NULL), 0);
	assert_int_equal(s->ops->add_link(s, "upper/socket-too", "upper/socket", NULL), 0);
	assert_int_equal(s->ops->add_node(s, "upper/fifo", S_IFIFO, 0, 0, &a, NULL), 0);
	assert_int_equal(s->ops->add_node(s, "upper/char", S_IFCHR, 5, 700000, &a, NULL), 0);
	assert_int_equal(s->ops->add_node(s, "upper/block", S_IFBLK, 259, 3, &a, NULL), 0);
	assert_int_equal(s->ops->add_symlink(s, "upper/link", "../to", &a, NULL), 0);
	file(s, "upper/" LONG, "long", 0, &a);
	file(s, "upper/sparse", "begin", 70000000, &a);
	set.xattrs = attrs;
	set.nxattrs = 2;
	file(s, "upper/set", "set", 0, &set);
	d.xattrs = &opaque;
	d.nxattrs = 1;
	dir(s, "upper/hidden", &d);
	file(s, "upper/hidden/new", "new", 0, &a);
}

/* --- the join */

struct join {
	struct rootfs_create op;
	int rc;
	struct err err;
};

static void on_done(struct rootfs_create *op, int rc, const struct err *e)
{
	struct join *j = container_of(op, struct join, op);

	j->rc = rc;
	j->err = *e;
}

static struct join join(int base, int upper, const char *upper_dir, uint64_t max_size, int out)
{
	const struct unpack_merged m = { .base = base, .upper = upper, .dir = upper_dir, .since = { SINCE, 0 }, .stamp = { STAMP, 1 } };
	const struct rootfs_opts o = { .merged = &m, .fd = out, .helper = helper, .size = 64 << 20, .max_size = max_size };
	uv_loop_t loop = { .data = NULL };
	struct join j = { .rc = 1 };
	struct err e = { 0 };

	assert_int_equal(uv_loop_init(&loop), 0);
	if (rootfs_create_start(&j.op, &loop, &o, on_done, &e) < 0)
		fail_msg("%s", e.text);
	uv_run(&loop, UV_RUN_DEFAULT);
	loop_finish(&loop);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	return j;
}

/* --- what came of it: a line an entry */

struct listing {
	struct ext4_reader *r;
	struct buf text;
};

static void list_attrs(struct listing *l, uint32_t ino)
{
	struct ext4_attrs a = { 0 };

	assert_int_equal(ext4_attrs_load(l->r, ino, &a, NULL), 0);
	for (size_t i = 0; i < a.n; i++)
		buf_addf(&l->text, " %s=%zu", a.v[i].name, a.v[i].len);
	ext4_attrs_finish(&a);
}

static int on_entry(void *arg, const struct ext4_walk_entry *en, struct err *e)
{
	struct listing *l = arg;
	const struct ext4_stat *st = &en->st;
	char type = "?pc?d?b?-?l?s???"[st->mode >> 12];

	buf_addf(&l->text, "%s %c%o %u:%u %u %lld.%u", strcmp(en->path, LONG) ? en->path : "LONG", type, st->mode & 07777,
		 st->uid, st->gid, type == 'd' ? 0 : st->nlink, (long long)st->mtime.sec, st->mtime.nsec);
	if (type == 'c' || type == 'b')
		buf_addf(&l->text, " %u,%u", st->major, st->minor);
	if (type == '-')
		buf_addf(&l->text, " %llu in %llu", (unsigned long long)st->size, (unsigned long long)st->blocks);
	list_attrs(l, st->ino);
	buf_adds(&l->text, "\n");
	return 0;
}

static void expect_all(int fd)
{
	struct listing l = { 0 };

	assert_int_equal(ext4_reader_open(fd, &l.r, NULL), 0);
	assert_int_equal(ext4_reader_walk(l.r, EXT4_ROOT_INO, ~0u, on_entry, &l, NULL), 0);
	assert_string_equal((char *)l.text.p,
			    " d755 7:8 0 1000.0\n"
			    "LONG -600 7:8 1 1500.1 4 in 8\n"
			    "block b600 7:8 1 1500.1 259,3\n"
			    "char c600 7:8 1 1500.1 5,700000\n"
			    "etc d755 7:8 0 1000.0\n"
			    "etc/hosts -644 7:8 1 1000.123456789 13 in 8\n"
			    "fifo p600 7:8 1 1500.1\n"
			    "hidden d755 7:8 0 1500.1\n"
			    "hidden/new -600 7:8 1 1500.1 3 in 8\n"
			    "kept -644 7:8 2 1000.123456789 4 in 8\n"
			    "kept-too -644 7:8 2 1000.123456789 4 in 8\n"
			    "link l777 7:8 1 1500.1\n"
			    "old-socket s644 7:8 1 1000.123456789\n"
			    "set -4755 7:8 1 1234.999999999 3 in 8 trusted.other=2 user.mine=5\n"
			    "socket s600 7:8 2 1500.1\n"
			    "socket-too s600 7:8 2 1500.1\n"
			    "sparse -600 7:8 1 1500.1 70000005 in 8\n");
	ext4_reader_close(l.r);
	buf_finish(&l.text);
}

static void test_all(void **state)
{
	AUTO_CLOSE int base = make(fill_base);
	AUTO_CLOSE int upper = make(fill_upper);
	AUTO_CLOSE int once = temp();
	AUTO_CLOSE int again = temp();
	AUTO_FREE char *a = malloc(64 << 20), *b = malloc(64 << 20);
	struct join j = join(base, upper, "/upper", 0, once);

	if (j.rc < 0)
		fail_msg("%s", j.err.text);
	expect_all(once);
	assert_int_equal(j.op.result.entries, 17);
	assert_int_equal(join(base, upper, "/upper", 0, again).rc, 0);
	assert_int_equal(pread(once, a, 64 << 20, 0), 64 << 20);
	assert_int_equal(pread(again, b, 64 << 20, 0), 64 << 20);
	assert_memory_equal(a, b, 64 << 20);
}

static void test_wrong(void **state)
{
	AUTO_CLOSE int base = make(fill_base);
	AUTO_CLOSE int upper = make(fill_upper);
	AUTO_CLOSE int out = temp();
	AUTO_CLOSE int nothing = temp();
	struct join j = join(base, upper, "/upper", 20, out);

	assert_int_equal(j.rc, -EFBIG);
	assert_non_null(strstr(j.err.text, "more than the 20 bytes allowed"));
	assert_int_equal(join(base, upper, "/none", 0, out).rc, -ENOENT);
	assert_int_equal(join(nothing, upper, "/upper", 0, out).rc, -EINVAL);
	assert_int_equal(join(base, nothing, "/upper", 0, out).rc, -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_all), cmocka_unit_test(test_wrong) };
	AUTO_FREE char *path = path_join(getenv("abs_top_builddir") ?: ".", "berth-unpack");

	helper = path;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
