/* SPDX-License-Identifier: Apache-2.0 */
/* check-int.h - the parts of the check, for src/ext4 only. */
#ifndef BERTH_EXT4_CHECK_INT_H
#define BERTH_EXT4_CHECK_INT_H

#include "ext4/check.h"
#include "ext4/reader-int.h"

#define CHECK_MEM_MAX (512u << 20) /* of bitmaps and of what is known of inodes */

enum check_inode_flags {
	CHECK_USED = 1,
	CHECK_DIR = 2,
	CHECK_ORPHAN = 4, /* without a name, to be deleted */
	CHECK_REACHED = 8, /* from the root */
	CHECK_ON_WAY = 16, /* being followed upwards */
	CHECK_EA = 32, /* holds the value of an attribute */
	CHECK_ODD = 64, /* cannot be looked into: encrypted, and the like */
};

/* What is known of an inode. */
struct check_inode {
	uint16_t found, links; /* names that lead to it, and what it says itself */
	uint8_t flags, ftype;
	uint32_t parent; /* of a directory: the one that has its name; 0: none */
	uint32_t dotdot; /* and what its ".." says */
};

struct check_xattr_block {
	uint64_t pblk;
	uint32_t refs, says;
};

struct check {
	struct ext4_reader *r;
	ext4_finding_cb fn;
	void *arg;
	struct ext4_check_result result;
	uint8_t **used; /* of each group, made when it is needed: a bit for each cluster */
	struct check_inode **inodes; /* likewise */
	uint32_t clusters; /* of a group */
	uint64_t memory;
	uint64_t last_cluster; /* + 1: marked last, by last_ino */
	uint32_t last_ino;
	bool orphans; /* there may be some */
	bool incomplete; /* a directory could not be read: not all names are known */
	struct check_xattr_block *xattr_blocks;
	uint32_t nxattr_blocks, xattr_cap;
};

/* check.c */
/* Tells of a fault: 0, or what ends the check. */
int check_find(struct check *c, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* What a part of the reader returned: a fault of the file system becomes a finding and 0. */
int check_take(struct check *c, int rc, struct err *e);
/* Marks n blocks as used by inode ino (0: by the file system itself); *ret, if not NULL, grows by the
 * clusters that were not marked. */
int check_mark(struct check *c, uint32_t ino, uint64_t pblk, uint64_t n, uint64_t *ret, struct err *e);
/* What is known of an inode; NULL: out of memory, e has words. */
struct check_inode *check_inode_of(struct check *c, uint32_t ino, struct err *e);
/* The same where something is known, else NULL. */
struct check_inode *check_inode_known(struct check *c, uint32_t ino);

/* check-inode.c: all inodes, and the blocks that they have. */
int check_inodes(struct check *c, struct err *e);
/* check-dir.c: names, indexes, ways to the root; then the counts of links. */
int check_dirs(struct check *c, struct err *e);
int check_links(struct check *c, struct err *e);
/* check-index.c: the index of a directory, if it has one. */
int check_index(struct check *c, uint32_t ino, struct err *e);
/* check-bitmap.c: what bitmaps and counters say, against what was found. */
int check_bitmaps(struct check *c, struct err *e);

#endif
