/* SPDX-License-Identifier: Apache-2.0 */
/* place.c - how large the file system is and where its tables go.
 *
 * With flex_bg the tables of all groups may lie anywhere: here together, behind the group descriptors if
 * the size is known from the start, else behind the data. */
#include <stdlib.h>

#include "base/auto.h"
#include "ext4/writer-int.h"

#define SUPER2_FROM (UINT64_C(1) << 40) /* above it, copies of the superblock in two groups only */
#define BYTES_PER_INODE 16384
#define GROUP_INODES_MAX (8 * EXT4_BLOCK)
#define SPARE_BLOCKS (UINT64_C(64) << (20 - EXT4_BLOCK_BITS))

static uint32_t gdt_blocks(uint32_t ngroups)
{
	return (ngroups + EXT4_DESCS_PER_BLOCK - 1) / EXT4_DESCS_PER_BLOCK;
}

static uint32_t round_inodes(uint64_t n)
{
	return (uint32_t)(MAX(n, 1) + EXT4_INODES_PER_BLOCK - 1) & ~(EXT4_INODES_PER_BLOCK - 1);
}

static struct ext4_geo make_geo(uint64_t size)
{
	struct ext4_geo g = { .nblocks = size >> EXT4_BLOCK_BITS, .super2 = size > SUPER2_FROM };
	uint32_t rest;

	g.ngroups = ext4_geo_groups(g.nblocks);
	g.gdt_blocks = gdt_blocks(g.ngroups);
	/* a last group with room for little more than its copy of the superblock is left out */
	rest = ext4_geo_group_len(&g, g.ngroups - 1);
	if (g.ngroups > 1 && rest < g.gdt_blocks + 64) {
		g.nblocks -= rest;
		g.ngroups--;
		g.gdt_blocks = gdt_blocks(g.ngroups);
	}
	g.gdt_reserved = g.gdt_blocks;
	return g;
}

static uint32_t journal_blocks(const struct ext4_writer *w, uint64_t nblocks)
{
	static const struct {
		uint64_t below; /* blocks of the file system */
		uint32_t blocks;
	} rows[] = {
		{ 2048, 0 }, { 32768, 1024 }, { 262144, 4096 }, { 524288, 8192 }, { UINT64_MAX, 16384 }
	};
	size_t i = 0;

	if (w->opts.journal == EXT4_JOURNAL_NONE)
		return 0;
	while (nblocks >= rows[i].below)
		i++;
	return rows[i].blocks;
}

int place_known(struct ext4_writer *w, struct err *e)
{
	uint64_t size = w->opts.size, max = w->opts.max_size ? w->opts.max_size : EXT4_SIZE_UNASKED;
	uint64_t ninodes = MAX(w->opts.ninodes, size / BYTES_PER_INODE);
	struct ext4_geo g;

	if (!size) {
		g = make_geo(max);
		g.super2 = false;
		ext4_alloc_init(&w->alloc, &g, g.nblocks);
		return 0;
	}
	g = make_geo(size);
	if (ninodes > (uint64_t)g.ngroups * GROUP_INODES_MAX)
		return err_set(e, -EINVAL, "%llu inodes in %llu MiB: %llu are possible",
			       (unsigned long long)ninodes, (unsigned long long)(size >> 20),
			       (unsigned long long)g.ngroups * GROUP_INODES_MAX);
	ext4_alloc_init(&w->alloc, &g, g.nblocks);
	w->journal_blocks = journal_blocks(w, g.nblocks);
	if (!w->journal_blocks && w->opts.journal)
		return err_set(e, -EINVAL, "a journal needs a file system of at least 8 MiB");
	return place_tables(w, round_inodes((ninodes + g.ngroups - 1) / g.ngroups), e);
}

static void set_desc(struct ext4_group_desc *d, int which, uint64_t pblk)
{
	le32 lo = htole32((uint32_t)pblk), hi = htole32((uint32_t)(pblk >> 32));

	if (which == 0) {
		d->block_bitmap_lo = lo;
		d->block_bitmap_hi = hi;
	} else if (which == 1) {
		d->inode_bitmap_lo = lo;
		d->inode_bitmap_hi = hi;
	} else {
		d->inode_table_lo = lo;
		d->inode_table_hi = hi;
	}
}

int place_tables(struct ext4_writer *w, uint32_t inodes_per_group, struct err *e)
{
	const struct ext4_geo *g = &w->alloc.geo;
	int rc = 0;

	w->inodes_per_group = inodes_per_group;
	free(w->desc);
	w->desc = calloc(g->gdt_blocks, EXT4_BLOCK);
	if (!w->desc)
		return err_set(e, -ENOMEM, "out of memory");
	for (int which = 0; which < 3; which++) {
		uint32_t n = which < 2 ? 1 : inodes_per_group / EXT4_INODES_PER_BLOCK;

		for (uint32_t i = 0; i < g->ngroups; i++) {
			uint64_t pblk;

			rc = ext4_alloc_all(&w->alloc, n, &pblk, e);
			if (rc < 0)
				return rc;
			set_desc(&w->desc[i], which, pblk);
		}
	}
	return w->journal_blocks ? ext4_alloc_all(&w->alloc, w->journal_blocks, &w->journal, e) : 0;
}

/* Blocks in use up to the top, and what the copies of the superblock above it will take. */
static uint64_t used_blocks(const struct ext4_alloc *a)
{
	uint64_t used = a->top;

	for (uint32_t i = 0; i < a->nfree; i++)
		used -= a->free[i].len;
	for (uint32_t i = 0; i < a->geo.ngroups; i = ext4_geo_next_super(&a->geo, i)) {
		if ((uint64_t)i * EXT4_GROUP_BLOCKS < a->top)
			used -= a->geo.gdt_reserved - a->geo.gdt_blocks;
		else
			used += 1 + a->geo.gdt_blocks;
	}
	return used;
}

/* Tries one size. 1: it does; 0: too small. */
static int try_size(struct ext4_writer *w, uint64_t size, uint32_t ninodes, struct err *e)
{
	const struct ext4_alloc before = w->alloc;
	uint32_t n;
	int rc;

	w->alloc.geo = make_geo(size);
	w->alloc.geo.super2 = false;
	w->alloc.geo.gdt_reserved = before.geo.gdt_reserved;
	w->alloc.limit = w->alloc.geo.nblocks;
	w->journal_blocks = journal_blocks(w, w->alloc.limit);
	n = round_inodes((ninodes + w->alloc.geo.ngroups - 1) / w->alloc.geo.ngroups);
	rc = n > GROUP_INODES_MAX ? -ENOSPC : place_tables(w, n, e);
	if (rc == 0 && w->alloc.limit >= used_blocks(&w->alloc) * 5 / 4 + SPARE_BLOCKS)
		return 1;
	if (rc < 0 && rc != -ENOSPC)
		return rc;
	/* what was given back in the meantime lies above the old top */
	w->alloc.geo = before.geo;
	w->alloc.top = before.top;
	w->alloc.stop = before.stop;
	w->alloc.limit = before.limit;
	w->alloc.nfree = before.nfree;
	w->alloc.nmerged = before.nmerged;
	return 0;
}

int place_at_finish(struct ext4_writer *w, struct err *e)
{
	uint64_t max = w->alloc.limit << EXT4_BLOCK_BITS, size = SPARE_BLOCKS << EXT4_BLOCK_BITS;
	uint32_t ninodes = w->last_ino + w->last_ino / 64 + EXT4_INODES_PER_BLOCK;

	for (; size <= max; size *= 2) {
		int rc = try_size(w, size, ninodes, e);

		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	return err_set(e, -ENOSPC, "the file system would be larger than %llu MiB",
		       (unsigned long long)(max >> 20));
}
