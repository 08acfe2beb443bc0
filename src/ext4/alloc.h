/* SPDX-License-Identifier: Apache-2.0 */
/* alloc.h - which block is next, and which groups hold a copy of the superblock.
 *
 * Blocks are handed out upwards from the start, past the places that copies of the superblock and the
 * group descriptors need; blocks that came back are handed out again only when the top has reached the
 * limit. See blockgroup.rst (sparse_super, flex_bg). */
#ifndef BERTH_EXT4_ALLOC_H
#define BERTH_EXT4_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ext4_run {
	uint64_t pblk; /* first block on the disk */
	uint32_t lblk; /* first block in the file; unused for free runs */
	uint32_t len; /* in blocks */
};

struct ext4_geo {
	uint64_t nblocks;
	uint32_t ngroups;
	uint32_t gdt_blocks; /* that the descriptors of ngroups take */
	uint32_t gdt_reserved; /* that no data may take behind each superblock: at least gdt_blocks */
	bool super2; /* copies in the groups 1 and ngroups - 1 only (sparse_super2) */
};

struct ext4_alloc {
	struct ext4_geo geo;
	uint64_t top; /* next block that was never handed out */
	uint64_t stop; /* top may not pass this without a step over a superblock's copy */
	uint64_t limit; /* end of the file system, or what it may grow to */
	struct ext4_run *free; /* given back */
	uint32_t nfree, free_cap;
	uint32_t nmerged; /* that many at the head of free are sorted, with gaps between */
};

uint32_t ext4_geo_groups(uint64_t nblocks);
bool ext4_geo_has_super(const struct ext4_geo *g, uint32_t group);
/* The next group behind this one that has a copy, UINT32_MAX for none. */
uint32_t ext4_geo_next_super(const struct ext4_geo *g, uint32_t group);
/* Blocks in group, fewer than EXT4_GROUP_BLOCKS in the last only. */
uint32_t ext4_geo_group_len(const struct ext4_geo *g, uint32_t group);

/* geo is taken as it stands; limit in blocks. */
void ext4_alloc_init(struct ext4_alloc *a, const struct ext4_geo *geo, uint64_t limit);
void ext4_alloc_finish(struct ext4_alloc *a);
/* 1 to max blocks in one piece. -ENOSPC with words. */
int ext4_alloc_some(struct ext4_alloc *a, uint32_t max, uint64_t *ret, uint32_t *ret_len, struct err *e);
/* n blocks in one piece, n less than a group holds. -ENOSPC with words, or -ENOMEM. */
int ext4_alloc_all(struct ext4_alloc *a, uint32_t n, uint64_t *ret, struct err *e);
int ext4_alloc_free(struct ext4_alloc *a, uint64_t pblk, uint32_t len);
/* Sorts and joins what was given back. */
void ext4_alloc_merge(struct ext4_alloc *a);

#endif
