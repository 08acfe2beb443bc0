/* SPDX-License-Identifier: Apache-2.0 */
/* A file system from a stranger: opened, walked, read, checked, and joined with itself as overlayfs does. The
 * input is blocks of 1 KiB, each behind its number (le16); all others of 4 MiB are zeros. The corpus was made
 * of file systems by mke2fs -d of a few files with blocks of 1 KiB, with and without each of: extents,
 * checksums, 64bit, inline_data, a journal that is not finished. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ext4/check.h"
#include "ext4/merge.h"

#define SIZE (4u << 20)
#define BLOCK 1024u
#define READ_MAX (1u << 20) /* bytes of contents that are read of one input */
#define ENTRIES_MAX 2000

struct fuzz_src {
	struct ext4_src src;
	const uint8_t *block[SIZE / BLOCK]; /* NULL: zeros */
};

struct walking {
	struct ext4_reader *r;
	size_t left;
	unsigned entries;
};

static int read_src(struct ext4_src *src, void *p, size_t n, uint64_t off)
{
	struct fuzz_src *s = container_of(src, struct fuzz_src, src);

	for (uint8_t *to = p; n;) {
		size_t into = off % BLOCK, piece = MIN(n, BLOCK - into);
		const uint8_t *from = s->block[off / BLOCK];

		if (from)
			memcpy(to, from + into, piece);
		else
			memset(to, 0, piece);
		to += piece;
		off += piece;
		n -= piece;
	}
	return 0;
}

static void read_file(struct walking *w, uint32_t ino)
{
	static uint8_t p[4096];
	struct ext4_file *f;
	uint64_t len;
	bool data;

	if (ext4_file_open(w->r, ino, &f, NULL) < 0)
		return;
	for (uint64_t at = 0;
	     at < ext4_file_size(f) && w->left && ext4_file_span(f, at, &data, &len, NULL) == 0; at += len) {
		size_t n = MIN(MIN(len, sizeof(p)), w->left);

		w->left -= n;
		if (ext4_file_read(f, p, n, at, NULL) < 0)
			break;
	}
	ext4_file_close(f);
}

static int on_entry(void *arg, const struct ext4_walk_entry *en, struct err *e)
{
	struct walking *w = arg;
	struct ext4_attrs a;
	char *target;
	uint32_t ino;

	(void)e;
	if (ext4_attrs_load(w->r, en->st.ino, &a, NULL) == 0)
		ext4_attrs_finish(&a);
	if (ext4_reader_link(w->r, en->st.ino, &target, NULL) == 0)
		free(target);
	ext4_reader_find(w->r, en->path, true, &ino, NULL);
	read_file(w, en->st.ino);
	return ++w->entries > ENTRIES_MAX;
}

static int on_merged(void *arg, const struct ext4_merge_entry *en, struct err *e)
{
	(void)en;
	(void)e;
	return ++*(unsigned *)arg > ENTRIES_MAX ? -ECANCELED : 0;
}

static int on_finding(void *arg, const char *text, struct err *e)
{
	(void)arg;
	(void)text;
	(void)e;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct fuzz_src s;
	struct walking w = { .left = READ_MAX };
	unsigned merged = 0;

	s = (struct fuzz_src){ .src = { read_src, SIZE } };
	for (; n >= 2 + BLOCK; p += 2 + BLOCK, n -= 2 + BLOCK)
		s.block[(p[0] | p[1] << 8) % (SIZE / BLOCK)] = p + 2;
	if (ext4_reader_open_src(&s.src, &w.r, NULL) < 0)
		return 0;
	ext4_reader_walk(w.r, EXT4_ROOT_INO, ~0u, on_entry, &w, NULL);
	ext4_merge_walk(w.r, w.r, EXT4_ROOT_INO, false, on_merged, &merged, NULL);
	ext4_check(w.r, on_finding, NULL, NULL, NULL);
	ext4_reader_close(w.r);
	return 0;
}
