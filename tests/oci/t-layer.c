/* SPDX-License-Identifier: Apache-2.0 */
/* Layers told to a sink that writes down what it hears. */
#include "oci/layer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/lib/print-sink.h"
#include "tests/lib/tar.h"

/* Lends a buffer in pieces of step bytes. */
struct piece_src {
	struct oci_layer_src src;
	const uint8_t *p;
	size_t len, pos, step;
	int fail; /* < 0: what comes at the end in place of 0 */
};

static ssize_t next_piece(struct oci_layer_src *src, const void **ret, struct err *e)
{
	struct piece_src *s = container_of(src, struct piece_src, src);
	size_t n = MIN(s->step, s->len - s->pos);

	if (n == 0 && s->fail)
		return err_set(e, s->fail, "the source failed");
	*ret = s->p + s->pos;
	s->pos += n;
	return (ssize_t)n;
}

static int apply(const struct buf *tar, size_t step, struct print_sink *sink, struct err *e)
{
	struct piece_src s = { .src.next = next_piece, .p = tar->p, .len = tar->len, .step = step };
	int rc = oci_layer_apply(&s.src, &sink->sink, NULL, e);

	if (rc == 0)
		assert_int_equal(s.pos, s.len); /* read to the end */
	return rc;
}

static void expect(const struct buf *tar, const char *want)
{
	const size_t steps[] = { 1, 511, 512, 4096, SIZE_MAX };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct print_sink sink;
		struct err e = { 0 };

		if (steps[i] == 1 && tar->len > 16384)
			continue;
		print_sink_init(&sink);
		if (apply(tar, steps[i], &sink, &e) < 0)
			fail_msg("%s", e.text);
		if (steps[i] == SIZE_MAX)
			assert_string_equal((char *)sink.text.p, want);
		print_sink_finish(&sink);
	}
}

static void expect_error(const struct buf *tar, int code, const char *words)
{
	struct print_sink sink;
	struct err e = { 0 };

	print_sink_init(&sink);
	int rc = apply(tar, SIZE_MAX, &sink, &e);
	if (rc != code || !strstr(e.text, words))
		fail_msg("%d '%s' in place of %d '%s'", rc, e.text, code, words);
	print_sink_finish(&sink);
}

static void test_types(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	tar_add(&b, &(struct tar_entry){ .name = "./", .type = '5', .mode = 0700, .uid = 1 });
	tar_add(&b, &(struct tar_entry){ .name = "/etc//./x/", .type = '5', .mtime = 7 });
	tar_add(&b,
		&(struct tar_entry){ .name = "etc/f", .data = "hello", .mode = 04755, .uid = 5, .gid = 6 });
	tar_add(&b, &(struct tar_entry){ .name = "etc/old", .type = '7', .data = "seven" });
	tar_add(&b, &(struct tar_entry){ .name = "etc/empty" });
	tar_add(&b, &(struct tar_entry){ .name = "etc/s", .type = '2', .link = "../../a b" });
	tar_add(&b, &(struct tar_entry){ .name = "etc/h", .type = '1', .link = "./etc/f" });
	tar_add(&b, &(struct tar_entry){ .name = "c", .type = '3', .major = 1, .minor = 3, .mode = 0666 });
	tar_add(&b, &(struct tar_entry){ .name = "b", .type = '4', .major = 7, .minor = 9, .mode = 0660 });
	tar_add(&b, &(struct tar_entry){ .name = "p", .type = '6', .mode = 0640 });
	tar_end(&b);
	expect(&b, "layer\n"
		   "dir / 0700 1:0 0.000000000\n"
		   "dir etc/x 0755 0:0 7.000000000\n"
		   "file etc/f 4755 5:6 0.000000000 size=5 hello\n"
		   "file etc/old 0644 0:0 0.000000000 size=5 seven\n"
		   "file etc/empty 0644 0:0 0.000000000 size=0\n"
		   "symlink etc/s 0777 0:0 0.000000000 -> ../../a%20b\n"
		   "link etc/h -> etc/f\n"
		   "chr c 0666 0:0 0.000000000 1,3\n"
		   "blk b 0660 0:0 0.000000000 7,9\n"
		   "fifo p 0640 0:0 0.000000000\n");
}

static void test_whiteouts(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	tar_add(&b, &(struct tar_entry){ .name = "a/.wh.gone" });
	tar_add(&b, &(struct tar_entry){ .name = ".wh.top" });
	tar_add(&b, &(struct tar_entry){ .name = "a/b/.wh..wh..opq" });
	tar_add(&b, &(struct tar_entry){ .name = ".wh..wh..opq" });
	tar_add(&b, &(struct tar_entry){ .name = ".wh..wh.aufs", .data = "metadata" });
	tar_add(&b, &(struct tar_entry){ .name = ".wh..wh.plnk/", .type = '5' });
	tar_add(&b, &(struct tar_entry){ .name = ".wh..wh.plnk/1.2", .data = "metadata" });
	tar_add(&b, &(struct tar_entry){ .name = "a/.wh", .data = "no whiteout" });
	tar_end(&b);
	expect(&b, "layer\n"
		   "whiteout a/gone\n"
		   "whiteout top\n"
		   "opaque a/b\n"
		   "opaque /\n"
		   "file a/.wh 0644 0:0 0.000000000 size=11 no%20whiteout\n");
}

static void test_names(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	/* NFD stays NFD; what is no UTF-8 stays as it is, in a PAX record and in a plain header */
	tar_pax(&b, (const char *const[]){ "path=e\xcc\x81", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "x" });
	tar_pax(&b, (const char *const[]){ "path=\xe9\xff\x80", "linkpath=\xc3\x28/\xed\xa0\x80", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "x", .type = '2', .link = "cut" });
	tar_add(&b, &(struct tar_entry){ .name = "\xe9", .type = '1', .link = "\xff" });
	tar_end(&b);
	expect(&b, "layer\n"
		   "file e%CC%81 0644 0:0 0.000000000 size=0\n"
		   "symlink %E9%FF%80 0777 0:0 0.000000000 -> %C3(/%ED%A0%80\n"
		   "link %E9 -> %FF\n");
}

static void test_pax(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	tar_pax(&b, (const char *const[]){ "mtime=-2.5", "atime=1000000000.25", "uid=3000000000",
					   "gid=4000000000", "comment=of no interest", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "f" });
	tar_pax(&b, (const char *const[]){ "mtime=4102444800.000000001", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "g" });
	tar_pax_bytes(&b, "SCHILY.xattr.user.bin", "a\0\n=\xff", 5);
	tar_add(&b, &(struct tar_entry){ .name = "x" });
	tar_pax(&b, (const char *const[]){ "LIBARCHIVE.xattr.user.t=aGVsbG8", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "y" });
	tar_end(&b);
	expect(&b, "layer\n"
		   "file f 0644 3000000000:4000000000 -3.500000000 atime=1000000000.250000000 size=0\n"
		   "file g 0644 0:0 4102444800.000000001 size=0\n"
		   "file x 0644 0:0 0.000000000 user.bin=a%00%0A=%FF size=0\n"
		   "file y 0644 0:0 0.000000000 user.t=hello size=0\n");
}

/* Less than a second before 1970: the sign stands at a zero. The last record decides, one header may follow another,
 * and what an entry's body holds is no header. */
static void test_just_before_1970(void **state)
{
	static const char fake[] = "13 mtime=-0.5\n";
	AUTO_BUF struct buf b = { 0 };
	char name[3000];

	memset(name, 'n', sizeof(name));
	for (size_t i = 200; i < sizeof(name); i += 200)
		name[i] = '/';
	tar_pax(&b, (const char *const[]){ "mtime=-0.5", "atime=-0.000000001", "ctime=-0.25", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "f", .data = fake });
	tar_pax(&b, (const char *const[]){ "mtime=0.5", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "g" });
	tar_pax(&b, (const char *const[]){ "mtime=-0.5", "mtime=0.75", "atime=-0", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "h" });
	tar_add(&b, &(struct tar_entry){ .name = "l", .type = '1', .link = "h", .data = "body of a link" });
	tar_pax(&b, (const char *const[]){ "path=i", "comment=mtime=0.5", "atime=-0.75", "mtime=-00.125", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "././@LongLink", .type = 'L', .data = name, .len = sizeof(name) });
	tar_add(&b, &(struct tar_entry){ .name = "x" });
	tar_end(&b);
	expect(&b, "layer\n"
		   "file f 0644 0:0 -1.500000000 atime=-1.999999999 size=14 13%20mtime=-0.5%0A\n"
		   "file g 0644 0:0 0.500000000 size=0\n"
		   "file h 0644 0:0 0.750000000 atime=0.000000000 size=0\n"
		   "link l -> h\n"
		   "file i 0644 0:0 -1.875000000 atime=-1.250000000 size=0\n");
}

/* The kernel's form: version 2, then tag, permissions, id; the mode's group bits are the mask. */
static void test_acl(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	tar_pax(&b, (const char *const[]){
			    "SCHILY.acl.access=user::rw-,user:lisa:r--:1000,group::r--,mask::rw-,other::---",
			    NULL });
	tar_add(&b, &(struct tar_entry){ .name = "f", .mode = 0660 });
	tar_pax(&b, (const char *const[]){ "SCHILY.acl.default=user::rwx,group::r-x,other::r-x", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "d", .type = '5' });
	tar_end(&b);
	expect(&b, "layer\n"
		   "file f 0660 0:0 0.000000000 system.posix_acl_access=%02%00%00%00"
		   "%01%00%06%00%FF%FF%FF%FF%02%00%04%00%E8%03%00%00%04%00%04%00%FF%FF%FF%FF"
		   "%10%00%06%00%FF%FF%FF%FF%20%00%00%00%FF%FF%FF%FF size=0\n"
		   "dir d 0755 0:0 0.000000000 system.posix_acl_default=%02%00%00%00"
		   "%01%00%07%00%FF%FF%FF%FF%04%00%05%00%FF%FF%FF%FF%20%00%05%00%FF%FF%FF%FF\n");

	AUTO_BUF struct buf bad = { 0 };
	tar_pax(&bad,
		(const char *const[]){
			"SCHILY.acl.access=user::rw-,user:lisa:r--,group::r--,mask::rw-,other::---", NULL });
	tar_add(&bad, &(struct tar_entry){ .name = "f" });
	tar_end(&bad);
	expect_error(&bad, -EINVAL, "entry 'f': an ACL for 'lisa'");
}

static void test_sparse(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	char data[512 + 8] = "2\n8\n4\n100\n0\n";

	memcpy(data + 512, "DATA", 4);
	tar_pax(&b, (const char *const[]){ "GNU.sparse.major=1", "GNU.sparse.minor=0",
					   "GNU.sparse.name=dir/s", "GNU.sparse.realsize=100", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "GNUSparseFile.0/s", .data = data, .len = 516 });
	tar_add(&b, &(struct tar_entry){ .name = "after", .data = "x" });
	tar_end(&b);
	expect(&b, "layer\n"
		   "file dir/s 0644 0:0 0.000000000 size=100 hole(8) DATA hole(88)\n"
		   "file after 0644 0:0 0.000000000 size=1 x\n");
}

static void test_long_names(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	char name[301], want[400];

	memset(name, 'g', 150);
	name[150] = '/';
	memset(name + 151, 'h', 149);
	name[300] = 0;
	tar_add(&b, &(struct tar_entry){ .name = "././@LongLink", .type = 'L', .data = name, .len = 301 });
	tar_add(&b, &(struct tar_entry){ .name = "cut" });
	tar_end(&b);
	snprintf(want, sizeof(want), "layer\nfile %s 0644 0:0 0.000000000 size=0\n", name);
	expect(&b, want);
}

static void test_no_entries(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	expect(&b, "layer\n");
	tar_end(&b);
	expect(&b, "layer\n");
}

/* What stands behind the end belongs to the stream, but not to the tree. */
static void test_padding(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	tar_add(&b, &(struct tar_entry){ .name = "f" });
	tar_end(&b);
	for (int i = 0; i < 10240; i++)
		buf_addc(&b, 0);
	expect(&b, "layer\nfile f 0644 0:0 0.000000000 size=0\n");
}

/* "..", by its name alone, and of two attributes of one name the last. */
static void test_within(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	tar_add(&b, &(struct tar_entry){ .name = "a/../b" });
	tar_add(&b, &(struct tar_entry){ .name = "x/y/../../c/./../d/e" });
	tar_add(&b, &(struct tar_entry){ .name = "q/../h", .type = '1', .link = "z/../d/e" });
	tar_add(&b, &(struct tar_entry){ .name = "d/../.wh.gone" });
	tar_add(&b, &(struct tar_entry){ .name = ".wh.x/../y" });
	tar_pax(&b, (const char *const[]){ "SCHILY.xattr.user.a=1", "SCHILY.xattr.user.b=2", "SCHILY.xattr.user.a=3", NULL });
	tar_add(&b, &(struct tar_entry){ .name = "f" });
	tar_end(&b);
	expect(&b, "layer\n"
		   "file b 0644 0:0 0.000000000 size=0\n"
		   "file d/e 0644 0:0 0.000000000 size=0\n"
		   "link h -> d/e\n"
		   "whiteout gone\n"
		   "file y 0644 0:0 0.000000000 size=0\n"
		   "file f 0644 0:0 0.000000000 user.a=1 user.b=2 user.a=3 size=0\n");
}

static void test_refused(void **state)
{
	static const struct {
		struct tar_entry entry;
		int code;
		const char *words;
	} rows[] = {
		{ { .name = "a/../../b" }, -EINVAL, "entry 'a/../../b': a path that leaves the tree" },
		{ { .name = "/../b" }, -EINVAL, "leaves the tree" },
		{ { .name = "../x", .type = '5' }, -EINVAL, "leaves the tree" },
		{ { .name = "..", .type = '2', .link = "x" }, -EINVAL, "leaves the tree" },
		{ { .name = "h", .type = '1', .link = "../etc/passwd" },
		  -EINVAL,
		  "entry 'h': hard link to '../etc/passwd'" },
		{ { .name = "h", .type = '1', .link = "a/../../etc/passwd" }, -EINVAL, "leaves the tree" },
		{ { .name = "a/..", .type = '2', .link = "x" }, -EINVAL, "the root of the tree" },
		{ { .name = "h", .type = '1', .link = "/" }, -EINVAL, "hard link to the root" },
		{ { .name = ".", .data = "x" }, -EINVAL, "the root of the tree" },
		{ { .name = "s", .type = '2', .link = "" },
		  -EINVAL,
		  "a symbolic link whose target is empty" },
		{ { .name = ".wh." }, -EINVAL, "a whiteout of nothing" },
		{ { .name = "d/.wh..." }, -EINVAL, "a whiteout of nothing" },
		{ { .name = "f", .data = "short", .size = 5000 }, -EBADMSG, "entry 'f': Truncated" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf b = { 0 };

		tar_add(&b, &rows[i].entry);
		if (!rows[i].entry.size)
			tar_end(&b);
		expect_error(&b, rows[i].code, rows[i].words);
	}
}

static void test_not_tar(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	for (int i = 0; i < 2000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	expect_error(&b, -EBADMSG, "");
}

static void test_name_too_long(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	char record[5100];

	memset(record, 'n', sizeof(record));
	memcpy(record, "path=", 5);
	record[5 + 256] = 0;
	tar_pax(&b, (const char *const[]){ record, NULL });
	tar_add(&b, &(struct tar_entry){ .name = "x" });
	expect_error(&b, -ENAMETOOLONG, "a path that is too long");
	buf_clear(&b);
	for (size_t i = 5; i < sizeof(record); i++)
		record[i] = i % 100 ? 'n' : '/';
	record[sizeof(record) - 1] = 0;
	tar_pax(&b, (const char *const[]){ record, NULL });
	tar_add(&b, &(struct tar_entry){ .name = "x" });
	expect_error(&b, -ENAMETOOLONG, "a path that is too long");
}

static void test_metadata_bomb(void **state)
{
	const size_t big = 2 << 20;
	AUTO_FREE char *value = malloc(big);
	AUTO_BUF struct buf b = { 0 }, many = { 0 };

	memset(value, 'v', big);
	tar_pax_bytes(&b, "SCHILY.xattr.user.big", value, big);
	tar_add(&b, &(struct tar_entry){ .name = "f" });
	tar_end(&b);
	expect_error(&b, -EBADMSG, "");
	/* and one under libarchive's own limit, over ours with the name's bytes */
	tar_pax_bytes(&many, "SCHILY.xattr.user.a", value, (1 << 20) - 40);
	tar_add(&many, &(struct tar_entry){ .name = "f" });
	tar_end(&many);
	struct print_sink sink;
	struct err e = { 0 };
	print_sink_init(&sink);
	int rc = apply(&many, SIZE_MAX, &sink, &e);
	assert_true(rc == 0 || rc == -EFBIG || rc == -EBADMSG);
	print_sink_finish(&sink);
}

/* Whatever call of the sink fails, its words come out and nothing more is asked of it. */
static void test_sink_fails(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	int calls = 1;

	tar_add(&b, &(struct tar_entry){ .name = "d/", .type = '5' });
	tar_add(&b, &(struct tar_entry){ .name = "d/f", .data = "data" });
	tar_add(&b, &(struct tar_entry){ .name = "d/.wh.x" });
	tar_add(&b, &(struct tar_entry){ .name = "l", .type = '1', .link = "d/f" });
	tar_end(&b);
	for (int n = 1; n <= calls; n++) {
		struct print_sink sink;
		struct err e = { 0 };

		print_sink_init(&sink);
		sink.fail_at = n;
		int rc = apply(&b, SIZE_MAX, &sink, &e);
		if (rc < 0) {
			assert_int_equal(rc, -EIO);
			assert_non_null(strstr(e.text, "failed"));
			assert_int_equal(sink.calls, n);
			calls = n + 1;
		}
		print_sink_finish(&sink);
	}
	assert_int_equal(calls, 8);
}

static void test_source_fails(void **state)
{
	AUTO_BUF struct buf b = { 0 };
	struct print_sink sink;
	struct err e = { 0 };

	tar_add(&b, &(struct tar_entry){ .name = "f", .data = "data", .size = 4000 });
	struct piece_src s = {
		.src.next = next_piece, .p = b.p, .len = b.len, .step = 100, .fail = -ECANCELED
	};
	print_sink_init(&sink);
	assert_int_equal(oci_layer_apply(&s.src, &sink.sink, NULL, &e), -ECANCELED);
	assert_non_null(strstr(e.text, "the source failed"));
	print_sink_finish(&sink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),         cmocka_unit_test(test_whiteouts),
		cmocka_unit_test(test_names),         cmocka_unit_test(test_pax),
		cmocka_unit_test(test_just_before_1970),
		cmocka_unit_test(test_acl),           cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_long_names),    cmocka_unit_test(test_no_entries),
		cmocka_unit_test(test_padding),       cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_tar),       cmocka_unit_test(test_name_too_long),
		cmocka_unit_test(test_metadata_bomb), cmocka_unit_test(test_sink_fails),
		cmocka_unit_test(test_source_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
