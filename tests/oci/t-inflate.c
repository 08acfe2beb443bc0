/* SPDX-License-Identifier: Apache-2.0 */
/* Decompression in pieces of any size, and all that can be wrong. */
#include "oci/inflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/auto.h"
#include "base/buf.h"

#define TEXT_LEN 100000

static struct buf text;

static void gzip_member(struct buf *b, const uint8_t *p, size_t n)
{
	struct isal_zstream z;
	size_t cap = n + 1024;
	AUTO_FREE uint8_t *out = malloc(cap);

	isal_deflate_stateless_init(&z);
	z.gzip_flag = IGZIP_GZIP;
	z.end_of_stream = 1;
	z.next_in = (uint8_t *)p;
	z.avail_in = (uint32_t)n;
	z.next_out = out;
	z.avail_out = (uint32_t)cap;
	assert_int_equal(isal_deflate_stateless(&z), COMP_OK);
	buf_add(b, out, z.total_out);
}

static void zstd_frame(struct buf *b, const uint8_t *p, size_t n)
{
	size_t cap = ZSTD_compressBound(n);
	AUTO_FREE uint8_t *out = malloc(cap);
	ZSTD_CCtx *c = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	size_t len = ZSTD_compress2(c, out, cap, p, n);
	ZSTD_freeCCtx(c);
	assert_false(ZSTD_isError(len));
	buf_add(b, out, len);
}

static void zstd_skippable(struct buf *b, const char *s)
{
	uint8_t h[8] = { 0x5a, 0x2a, 0x4d, 0x18, (uint8_t)strlen(s) };

	buf_add(b, h, sizeof(h));
	buf_adds(b, s);
}

/* Everything that comes out of in, taken in pieces; what the calls returned. */
static int inflate(enum oci_inflate_kind kind, const struct buf *in, size_t in_step, size_t out_step,
		   struct buf *ret, struct err *e)
{
	struct oci_inflate *z;
	AUTO_FREE uint8_t *out = malloc(out_step);
	size_t pos = 0, used, made;

	assert_int_equal(oci_inflate_create(kind, &z, e), 0);
	int rc;
	do {
		rc = oci_inflate_run(z, in->p + pos, MIN(in_step, in->len - pos), &used, out, out_step, &made,
				     e);
		pos += used;
		buf_add(ret, out, made);
	} while (rc == 0 && (used || made));
	if (rc == 0)
		assert_int_equal(pos, in->len);
	if (rc == 0)
		rc = oci_inflate_end(z, e);
	oci_inflate_destroy(z);
	return rc;
}

static void expect(enum oci_inflate_kind kind, const struct buf *in, const struct buf *want)
{
	const size_t steps[][2] = {
		{ 1, 4096 }, { 7, 13 }, { 4096, 1 }, { 100, 65536 }, { SIZE_MAX, 1 << 20 }
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		AUTO_BUF struct buf got = { 0 };
		struct err e = { 0 };

		if (inflate(kind, in, steps[i][0], steps[i][1], &got, &e) < 0)
			fail_msg("%s", e.text);
		assert_int_equal(got.len, want->len);
		if (want->len)
			assert_memory_equal(got.p, want->p, want->len);
	}
}

static void expect_bad(const struct buf *in, const char *words)
{
	AUTO_BUF struct buf got = { 0 };
	struct err e = { 0 };

	assert_int_equal(inflate(OCI_INFLATE_AUTO, in, 64, 4096, &got, &e), -EBADMSG);
	if (!strstr(e.text, words))
		fail_msg("'%s' in place of '%s'", e.text, words);
}

static void test_none(void **state)
{
	AUTO_BUF struct buf empty = { 0 };

	expect(OCI_INFLATE_AUTO, &text, &text);
	expect(OCI_INFLATE_NONE, &text, &text);
	expect(OCI_INFLATE_AUTO, &empty, &empty);
}

static void test_gzip(void **state)
{
	AUTO_BUF struct buf b = { 0 }, empty = { 0 };

	gzip_member(&b, text.p, text.len);
	expect(OCI_INFLATE_AUTO, &b, &text);
	buf_clear(&b);
	gzip_member(&b, text.p, 0);
	expect(OCI_INFLATE_GZIP, &b, &empty);
	buf_clear(&b); /* members, empty ones too */
	gzip_member(&b, text.p, 5000);
	gzip_member(&b, text.p, 0);
	gzip_member(&b, text.p + 5000, 1);
	gzip_member(&b, text.p + 5001, text.len - 5001);
	expect(OCI_INFLATE_AUTO, &b, &text);
}

/* All that a header may have, RFC 1952; its sum was computed by zlib. */
static void test_gzip_headers(void **state)
{
	static const struct {
		const char *head;
		size_t len;
	} rows[] = {
#define ROW(s) { s, sizeof(s) - 1 }
		ROW("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
		ROW("\x1f\x8b\x08\x02\x01\x02\x03\x04\x00\x03\x50\xf0"),
		ROW("\x1f\x8b\x08\x04\x01\x02\x03\x04\x00\x03\x04\x00\x61\x62\x63\x64"),
		ROW("\x1f\x8b\x08\x08\x01\x02\x03\x04\x00\x03\x6e\x61\x6d\x65\x00"),
		ROW("\x1f\x8b\x08\x10\x01\x02\x03\x04\x00\x03\x61\x20\x63\x6f\x6d\x6d\x65\x6e\x74\x00"),
		ROW("\x1f\x8b\x08\x0c\x01\x02\x03\x04\x00\x03\x00\x00\x6e\x61\x6d\x65\x00"),
		ROW("\x1f\x8b\x08\x12\x01\x02\x03\x04\x00\x03\x00\xa2\xf3"),
		ROW("\x1f\x8b\x08\x1a\x01\x02\x03\x04\x00\x03\x6e\x61\x6d\x65\x00\x61\x20\x63\x6f\x6d\x6d\x65\x6e\x74\x00\x73\xc6"),
		ROW("\x1f\x8b\x08\x1f\x01\x02\x03\x04\x00\x03\x04\x00\x61\x62\x63\x64\x6e\x61\x6d\x65\x00\x61\x20\x63\x6f\x6d\x6d\x65\x6e\x74\x00\x60\x96"),
	};
	AUTO_BUF struct buf plain = { 0 };

	gzip_member(&plain, text.p, text.len);
	assert_int_equal(plain.p[3], 0); /* a header of ten bytes */
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf b = { 0 };

		buf_add(&b, rows[i].head, rows[i].len);
		buf_add(&b, plain.p + 10, plain.len - 10);
		expect(OCI_INFLATE_AUTO, &b, &text);
		if (rows[i].head[3] & 2) {
			b.p[rows[i].len - 1] ^= 1;
			expect_bad(&b, "wrong check sum");
		}
		for (size_t n = 1; n < rows[i].len; n++)
			expect_bad(&(struct buf){ .p = b.p, .len = n }, n < 4 ? "" : "cut short");
	}
}

static void test_zstd(void **state)
{
	AUTO_BUF struct buf b = { 0 };

	zstd_frame(&b, text.p, text.len);
	expect(OCI_INFLATE_AUTO, &b, &text);
	buf_clear(&b); /* frames, skippable ones first, between and last */
	zstd_skippable(&b, "first");
	zstd_frame(&b, text.p, 70000);
	zstd_skippable(&b, "");
	zstd_skippable(&b, "second");
	zstd_frame(&b, text.p + 70000, text.len - 70000);
	zstd_skippable(&b, "last");
	expect(OCI_INFLATE_AUTO, &b, &text);
}

static void test_cut(void **state)
{
	AUTO_BUF struct buf gz = { 0 }, zs = { 0 };

	gzip_member(&gz, text.p, 300);
	zstd_frame(&zs, text.p, 300);
	for (size_t n = 1; n < gz.len; n++)
		expect_bad(&(struct buf){ .p = gz.p, .len = n }, "");
	for (size_t n = 1; n < zs.len; n++)
		expect_bad(&(struct buf){ .p = zs.p, .len = n }, "");
	/* a second member that is cut */
	AUTO_BUF struct buf two = { 0 };
	gzip_member(&two, text.p, 300);
	buf_add(&two, gz.p, gz.len / 2);
	expect_bad(&two, "cut short");
}

static void test_damaged(void **state)
{
	AUTO_BUF struct buf gz = { 0 }, zs = { 0 };

	gzip_member(&gz, text.p, text.len);
	gz.p[gz.len - 6] ^= 1; /* of the check sum */
	expect_bad(&gz, "wrong check sum");
	gz.p[gz.len - 6] ^= 1;
	gz.p[gz.len - 1] ^= 1; /* of the length */
	expect_bad(&gz, "wrong check sum");
	gz.p[gz.len - 1] ^= 1;
	buf_adds(&gz, "garbage");
	expect_bad(&gz, "bytes after the end");

	zstd_frame(&zs, text.p, text.len);
	zs.p[zs.len / 2] ^= 0xff;
	expect_bad(&zs, "zstd:");
	zs.p[zs.len / 2] ^= 0xff;
	buf_adds(&zs, "garbage!");
	expect_bad(&zs, "");
}

static int setup(void **state)
{
	unsigned x = 1;

	for (int i = 0; i < TEXT_LEN; i++) {
		x = x * 1103515245 + 12345;
		buf_addc(&text, (char)("etaoin shrdlu\n"[(x >> 16) % 14]));
	}
	return 0;
}

static int teardown(void **state)
{
	buf_finish(&text);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none), cmocka_unit_test(test_gzip),    cmocka_unit_test(test_gzip_headers),
		cmocka_unit_test(test_zstd),
		cmocka_unit_test(test_cut),  cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
