/* SPDX-License-Identifier: Apache-2.0 */
/* Journals that were not finished, as debugfs writes them: what the reader sees must be what e2fsck makes of
 * them. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "ext4/reader.h"
#include "image.h"

/* Blocks 1 to 3 of the file get B, text that begins with the journal's magic, D; then the last is revoked and
 * the first written again. $1 is the image. */
static const char make[] =
	"set -e; d=`mktemp -d`; trap 'rm -rf $d' EXIT; mkdir $d/tree; head -c 20000 /dev/zero | tr '\\0' A "
	">$d/tree/f;"
	"truncate -s 64M $1; mke2fs -q -F $2 -d $d/tree $1;"
	"set -- $1 \"$3\" `debugfs -R 'blocks f' $1 2>/dev/null`; b=`dumpe2fs -h $1 2>/dev/null | sed -n "
	"'s/^Block size: *//p'`;"
	"{ head -c $b /dev/zero | tr '\\0' B; printf '\\300;9\\230'; head -c $((b - 4)) /dev/zero | tr '\\0' "
	"C;"
	"  head -c $b /dev/zero | tr '\\0' D; } >$d/new; head -c $b /dev/zero | tr '\\0' E >$d/newer;"
	"printf \"jo $2\\njw -b $3,$4,$5 $d/new\\njw -r $5\\njw -b $3 $d/newer\\njc\\n\" | debugfs -w -f - "
	"$1 >/dev/null 2>&1;";

static char *content(struct image *im, struct ext4_reader *r)
{
	char *p = calloc(1, 20001);
	struct ext4_file *f;
	uint32_t ino;

	MUST(im, ext4_reader_find(r, "f", true, &ino, &im->e));
	MUST(im, ext4_file_open(r, ino, &f, &im->e));
	MUST(im, ext4_file_read(f, p, 20000, 0, &im->e));
	ext4_file_close(f);
	return p;
}

static const struct row {
	const char *mke2fs, *jo;
} rows[] = {
	{ "-t ext4 -b 4096", "" },
	{ "-t ext4 -b 4096", "-c -v 2" },
	{ "-t ext4 -b 4096", "-c -v 3" },
	{ "-t ext4 -b 1024", "-c -v 3" },
	{ "-t ext4 -O ^64bit", "-c -v 2" },
	{ "-t ext4 -O ^64bit", "-c -v 3" },
	{ "-t ext3 -b 1024", "" },
	{ "-t ext3 -b 1024", "-c" },
	{ "-t ext4 -O ^metadata_csum,^64bit", "-c" },
};

static void test_replay(void **state)
{
	const struct row *row = *state;
	AUTO_FREE char *cmd = path_fmt("set -- %%s '%s' '%s'; %s", row->mke2fs, row->jo, make);
	AUTO_FREE char *before = NULL, *got = NULL, *want = NULL;
	struct ext4_reader *r;
	struct ext4_info info;
	struct image im;

	image_open(&im, NULL);
	free(image_run(&im, cmd));
	if (ext4_reader_open(im.fd, &r, &im.e) < 0) {
		image_remove(&im);
		fail_msg("%s %s: %s", row->mke2fs, row->jo, im.e.text);
	}
	ext4_reader_info(r, &info);
	assert_true(info.replayed);
	assert_true(info.transactions > 0);
	got = content(&im, r);
	ext4_reader_close(r);
	assert_true(got[0] == 'B' || got[0] == 'E');
	free(image_run(&im, "e2fsck -fy %s >/dev/null 2>&1"));
	want = image_debugfs(&im, "cat f");
	if (memcmp(got, want, 20000))
		fail_msg("%s %s: not what e2fsck makes of it", row->mke2fs, row->jo);
	/* and it has nothing to say once that is done */
	MUST(&im, ext4_reader_open(im.fd, &r, &im.e));
	ext4_reader_info(r, &info);
	assert_false(info.replayed);
	ext4_reader_close(r);
	image_remove(&im);
}

/* A byte of the journal is another one: what is damaged is said, or is where the log ends. */
static void test_damaged(void **state)
{
	static const struct {
		const char *where; /* block of the journal, byte */
		const char *words; /* NULL: the log ends there */
	} cases[] = {
		{ "0 0", "no superblock" },
		{ "0 64", "superblock whose checksum" },
		{ "1 20", "transaction whose checksum" },
		{ "3 100", "block whose checksum" },
		{ "1 0", NULL },
		{ "1 8", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *cmd = path_fmt(
			"set -- %%s '-t ext4 -b 4096' '-c -v 3'; %s"
			"set -- $1 %s; n=`debugfs -R \"bmap <8> $2\" $1 2>/dev/null`;"
			"printf '\\125' | dd of=$1 bs=1 seek=$((n * 4096 + $3)) conv=notrunc 2>/dev/null",
			make, cases[i].where);
		struct ext4_reader *r = NULL;
		struct image im;
		int rc;

		image_open(&im, NULL);
		free(image_run(&im, cmd));
		rc = ext4_reader_open(im.fd, &r, &im.e);
		if (cases[i].words && (rc != -EUCLEAN || !strstr(im.e.text, cases[i].words)))
			fail_msg("case %zu says: %d %s", i, rc, im.e.text);
		if (!cases[i].words) {
			AUTO_FREE char *p = NULL;

			MUST(&im, rc);
			p = content(&im, r);
			assert_int_equal(p[0], 'A');
		}
		ext4_reader_close(r);
		image_remove(&im);
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
	size_t n = 0;

	if (system("PATH=$PATH:/usr/sbin:/sbin command -v debugfs >/dev/null") != 0) {
		printf("1..0 # SKIP debugfs is not installed\n");
		return 0;
	}
	for (; n < ARRAY_LEN(rows); n++)
		tests[n] = (struct CMUnitTest){ rows[n].mke2fs, test_replay, NULL, NULL, (void *)&rows[n] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_damaged);
	return _cmocka_run_group_tests("ext4 reader journal", tests, n, NULL, NULL);
}
