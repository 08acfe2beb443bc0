/* SPDX-License-Identifier: Apache-2.0 */
/* xattr.h - extended attributes: sets of them, each kept once however many nodes have it.
 *
 * A set lies in the inode if it fits there, else in a block that up to 1024 inodes share, else some in
 * one and the rest in the other. See attributes.rst. */
#ifndef BERTH_EXT4_XATTR_H
#define BERTH_EXT4_XATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs-sink.h"
#include "ext4/vec.h"

enum xattr_place { XATTR_INODE, XATTR_BLOCK, XATTR_BOTH };

struct xattr_set {
	uint32_t text, len; /* in the arena: entries, sorted as on the disk */
	uint32_t chain, hash;
	uint32_t total, used; /* at finish: inodes that have it, those written so far */
	uint32_t blocks; /* at finish: the first of its blocks in block */
	uint16_t n; /* entries */
	uint8_t place; /* enum xattr_place */
};

struct ext4_xattrs {
	struct ext4_mem *mem;
	struct xattr_set *sets; /* from number 1 on */
	uint8_t *arena;
	uint32_t *buckets;
	uint64_t *block; /* at finish: blocks of the sets */
	uint32_t nsets, sets_cap, arena_len, arena_cap, nbuckets, nblock, block_cap;
	uint64_t key[2];
	uint64_t dropped; /* entries whose name ext4 cannot hold */
};

int ext4_xattrs_init(struct ext4_xattrs *x, struct ext4_mem *mem, struct err *e);
void ext4_xattrs_finish(struct ext4_xattrs *x);
/* The set of these attributes, 0 for none. mode (type and permissions) follows an access ACL. -EINVAL
 * for an ACL that is none, -E2BIG for more than fits. */
int ext4_xattrs_add(struct ext4_xattrs *x, const struct fs_xattr *v, size_t n, uint32_t *mode, uint32_t *ret,
		    struct err *e);
/* Writes the part of a set that lies in the inode (p: 96 zero bytes, the magic included). */
void ext4_xattrs_fill_inode(const struct ext4_xattrs *x, uint32_t set, uint8_t *p);
/* And the part that lies in a block (p: 4096 zero bytes) at pblk. */
void ext4_xattrs_fill_block(const struct ext4_xattrs *x, uint32_t set, uint8_t *p, uint64_t pblk,
			    uint32_t refs, uint32_t fs_seed);

#endif
