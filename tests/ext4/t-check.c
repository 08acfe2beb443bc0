/* SPDX-License-Identifier: Apache-2.0 */
/* The check against e2fsck: what that calls clean has no finding, in file systems of many kinds; single
 * faults are found and named; and of images with random bits turned over, what e2fsck finds is found.
 * BERTH_TEST_SEEDS=N turns over that many times. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/path.h"
#include "ext4/check.h"
#include "image.h"

/* $1 becomes a file system with options $2 of a small tree: an indexed folder, links, attributes, a file in
 * pieces. */
static const char make[] = "set -e; d=`mktemp -d`; trap 'rm -rf $d' EXIT; mkdir -p $d/many $d/a/b/c;"
			   "for i in `seq 500`; do : >$d/many/a-name-of-some-length-$i; done; : "
			   ">$d/many/`printf 'h\\303\\266her'`;"
			   "head -c 100000 /dev/zero | tr '\\0' x >$d/a/file; ln $d/a/file $d/a/b/linked; ln "
			   "-s a/file $d/short; mkfifo $d/fifo;"
			   "ln -s `seq -s/ 60` $d/long; for i in 1 2 3 4 5 6 7 8 9; do echo $i | dd "
			   "of=$d/holes bs=1 seek=${i}00000 conv=notrunc; done 2>/dev/null;"
			   "truncate -s 0 $1; truncate -s ${3:-60M} $1; mke2fs -q -F $2 -d $d $1 >/dev/null "
			   "2>&1; e2fsck -fyD $1 >/dev/null 2>&1 || true;"
			   "e2fsck -fn $1 >/dev/null 2>&1 || echo bad;";

static int keep(void *arg, const char *text, struct err *e)
{
	struct buf *b = arg;

	(void)e;
	return buf_addf(b, "%s\n", text);
}

/* The findings, a line each; "" for none. The caller frees. */
static char *check(struct image *im)
{
	struct buf b = { 0 };
	struct ext4_reader *r;
	struct ext4_check_result res;
	struct err e = { 0 };
	int rc = ext4_reader_open(im->fd, &r, &e);

	buf_adds(&b, "");
	if (rc < 0) {
		buf_addf(&b, "%s\n", e.text);
		return buf_steal(&b);
	}
	rc = ext4_check(r, keep, &b, &res, &e);
	if (rc < 0)
		fail_msg("the check ended with %d: %s", rc, e.text);
	ext4_reader_close(r);
	return buf_steal(&b);
}

static void build(struct image *im, const char *options, const char *size)
{
	AUTO_FREE char *cmd = path_fmt("set -- %%s '%s' '%s'; %s", options, size, make), *out = NULL;

	image_open(im, NULL);
	out = image_run(im, cmd);
	if (*out)
		fail_msg("mke2fs %s: %s", options, out);
}

static const char *const kinds[] = {
	"-t ext4",
	"-t ext4 -b 1024",
	"-t ext4 -b 65536",
	"-t ext2 -b 1024",
	"-t ext2 -b 1024 -r 0 -O none",
	"-t ext3 -I 128",
	"-t ext4 -O ^extents,^64bit",
	"-t ext4 -O ^metadata_csum,uninit_bg",
	"-t ext4 -O metadata_csum_seed",
	"-t ext4 -b 1024 -O meta_bg,^resize_inode",
	"-t ext4 -O sparse_super2",
	"-t ext4 -O bigalloc -C 16384",
	"-t ext4 -O inline_data",
	"-t ext4 -O ea_inode",
	"-t ext4 -I 512 -O large_dir,project,quota",
	"-t ext4 -O ^flex_bg",
	"-t ext4 -O mmp",
	"-t ext4 -O orphan_file",
};

static void test_clean(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		AUTO_FREE char *found = NULL;
		struct image im;

		build(&im, kinds[i], "60M");
		found = check(&im);
		if (*found)
			fail_msg("%s: %s", kinds[i], found);
		image_remove(&im);
	}
}

/* A file system of ours with something in each place. */
static void test_own(void **state)
{
	struct image im;
	AUTO_FREE char *found = NULL;

	(void)state;
	image_open(&im, &image_opts);
	image_dir(&im, "d");
	for (int i = 0; i < 2000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "d/file number %d", i);
		image_file(&im, path, "text");
	}
	image_link(&im, "linked", "d/file number 7");
	image_finish(&im);
	found = check(&im);
	assert_string_equal(found, "");
	image_remove(&im);
}

/* --- single faults, made by debugfs, which keeps the checksums right */

static void test_faults(void **state)
{
	static const struct {
		const char *debugfs, *words;
	} cases[] = {
		{ "sif a/file links_count 5", "says that it has 5 links, but it has 2" },
		{ "sif a/file blocks 7", "says that it has 7 sectors" },
		{ "sif a/file size 100", "does not go with its blocks" },
		{ "sif a/file mode 0", "no kind that there is" },
		{ "sif a/file dtime 5", "time of deletion" },
		{ "sif fifo size 5", "device, FIFO or socket and has a size" },
		{ "clri a/b/c", "leads to inode" },
		{ "unlink a/b/c", "is not reached from the root" },
		{ "unlink fifo", "has no name" },
		{ "ln a/b a/twice", "two names" },
		{ "freeb 3000 2", "" },
		{ "setb 20000 3", "block bitmap of group" },
		{ "freei <40>", "inode bitmap of group" },
		{ "set_bg 0 free_blocks_count 5", "of the descriptor of group 0 is wrong" },
		{ "ssv free_blocks_count 5", "superblock says that 5 blocks are free" },
		{ "ssv free_inodes_count 5", "superblock says that 5 inodes are free" },
		{ "sif short block[0] 0", "0 in its target" },
		{ "sif holes block[5] 0x7fffffff", "outside" },
		{ "sif many flags 0x81000", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *cmd = path_fmt("debugfs -w -R '%s' %%s 2>&1", cases[i].debugfs),
			       *found = NULL, *out = NULL;
		struct image im;

		if (!cases[i].words || !*cases[i].words)
			continue;
		build(&im, "-t ext4 -b 4096", "100M");
		out = image_run(&im, cmd);
		found = check(&im);
		if (!strstr(found, cases[i].words))
			fail_msg("%s (%s): %s", cases[i].debugfs, out, *found ? found : "nothing found");
		image_remove(&im);
	}
}

/* --- bits turned over */

static uint32_t rnd_state;

static uint32_t rnd(uint32_t below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 17;
	rnd_state ^= rnd_state << 5;
	return rnd_state % below;
}

/* What it says if it finds something; else NULL. The caller frees. */
static char *e2fsck_finds(struct image *im)
{
	char *out = image_run(im, "e2fsck -fn %s 2>&1 && echo clean");

	if (!strstr(out, "\nclean"))
		return out;
	free(out);
	return NULL;
}

static int read_everything(void *arg, const struct ext4_walk_entry *en, struct err *e)
{
	struct ext4_reader *r = arg;
	static char p[65536];
	struct ext4_attrs a;
	struct ext4_file *f;

	if (ext4_attrs_load(r, en->st.ino, &a, e) == 0)
		ext4_attrs_finish(&a);
	if (ext4_file_open(r, en->st.ino, &f, e) == 0) {
		uint64_t size = ext4_file_size(f), len;
		bool data;

		for (uint64_t at = 0; at < size && ext4_file_span(f, at, &data, &len, e) == 0; at += len)
			if (data && ext4_file_read(f, p, MIN(len, sizeof(p)), at, e) < 0)
				break;
		ext4_file_close(f);
	}
	return 0;
}

/* Blocks of 1 KiB that are not empty, which is where faults make a difference. */
static uint32_t used_blocks(const uint8_t *p, uint32_t n, uint32_t *ret)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < 1024; j++)
			if (p[i * 1024 + j]) {
				ret[k++] = i;
				break;
			}
	return k;
}

static void turn_over(const char *options, uint32_t seeds, bool all)
{
	const uint32_t size = 3 << 20;
	AUTO_FREE uint8_t *p = malloc(size);
	static uint32_t used[4096];
	uint32_t nused, e2fsck = 0, missed = 0;
	struct image im;

	build(&im, options, "3M");
	assert_int_equal(pread(im.fd, p, size, 0), size);
	nused = used_blocks(p, size / 1024, used);
	for (uint32_t seed = 1; seed <= seeds; seed++) {
		uint32_t n, at[3], bit[3];
		struct ext4_reader *r;
		AUTO_FREE char *found = NULL, *said = NULL;
		struct err e = { 0 };

		rnd_state = seed * 2654435761u + 1;
		n = 1 + rnd(3);
		for (uint32_t i = 0; i < n; i++) {
			at[i] = used[rnd(nused)] * 1024 + rnd(1024);
			bit[i] = 1u << rnd(8);
			p[at[i]] ^= (uint8_t)bit[i];
			assert_int_equal(pwrite(im.fd, p + at[i], 1, at[i]), 1);
		}
		found = check(&im);
		if (ext4_reader_open(im.fd, &r, &e) == 0) {
			ext4_reader_walk(r, EXT4_ROOT_INO, ~0u, read_everything, r, &e);
			ext4_reader_close(r);
		}
		said = e2fsck_finds(&im);
		e2fsck += said != NULL;
		missed += said && !*found;
		if (all && said && !*found)
			fail_msg("%s: seed %u: e2fsck finds what the check does not: %s", options, seed,
				 said);
		for (uint32_t i = 0; i < n; i++) {
			p[at[i]] ^= (uint8_t)bit[i];
			assert_int_equal(pwrite(im.fd, p + at[i], 1, at[i]), 1);
		}
	}
	/* without checksums a few of the fields that e2fsck minds are of no use to anybody */
	if (e2fsck == 0 || missed * 20 > e2fsck)
		fail_msg("%s: e2fsck finds %u, the check %u fewer", options, e2fsck, missed);
	image_remove(&im);
}

static void test_turned(void **state)
{
	const char *seeds = getenv("BERTH_TEST_SEEDS");
	uint32_t n = seeds ? (uint32_t)atoi(seeds) : 40;

	(void)state;
	turn_over("-t ext4 -b 1024 -O ^has_journal,^resize_inode -N 1024", n, true);
	turn_over("-t ext4 -b 1024 -O ^has_journal,^resize_inode,^metadata_csum -N 1024", n, true);
	turn_over("-t ext2 -b 1024 -O ^resize_inode -N 1024", n, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_turned),
	};

	if (system("PATH=$PATH:/usr/sbin:/sbin command -v debugfs >/dev/null") != 0) {
		printf("1..0 # SKIP debugfs is not installed\n");
		return 0;
	}
	return cmocka_run_group_tests_name("ext4 check", tests, NULL, NULL);
}
