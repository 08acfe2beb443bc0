/* SPDX-License-Identifier: Apache-2.0 */
/* writer-int.h - the writer's parts, for src/ext4 only.
 *
 * sink.c takes what comes; then ext4_writer_finish calls, in this order, dir.c (numbers, directories),
 * extent.c and xattr blocks, place.c (where tables go), inode.c, super.c. */
#ifndef BERTH_EXT4_WRITER_INT_H
#define BERTH_EXT4_WRITER_INT_H

#include "ext4/alloc.h"
#include "ext4/io.h"
#include "ext4/layout.h"
#include "ext4/out.h"
#include "ext4/tree.h"
#include "ext4/writer.h"
#include "ext4/xattr.h"

/* The file that is being filled, or a directory's blocks. */
struct ext4_filling {
	uint32_t node; /* 0: none */
	uint64_t size, off;
	struct ext4_run *runs;
	uint32_t nruns, runs_cap;
};

struct ext4_writer {
	struct fs_sink sink;
	struct ext4_opts opts;
	struct ext4_io_fd fd_io;
	struct ext4_io *io;
	struct ext4_mem mem;
	struct ext4_alloc alloc;
	struct ext4_tree tree;
	struct ext4_xattrs xattrs;
	struct ext4_out out;
	struct ext4_filling file;
	bool over; /* finished, or failed */
	int failed; /* with what */

	uint32_t fs_seed; /* of all checksums */
	uint32_t hash_seed[4]; /* of directories */
	uint32_t last_ino; /* the highest in use */
	struct ext4_big *big; /* files whose extents need blocks, in the order of nodes */
	uint32_t nbig, big_cap;
	struct ext4_group_desc *desc; /* once the tables have their places */
	uint32_t inodes_per_group;
	uint64_t journal; /* its first block; 0 for none */
	uint32_t journal_blocks;
	uint64_t free_blocks; /* counted with the bitmaps */
};

/* A file of more runs than its inode holds: the root of its extent tree. */
struct ext4_big {
	uint32_t node, nblocks; /* blocks that the tree takes */
	uint8_t block[60]; /* i_block */
};

/* extent.c. Appends n blocks at pblk to the runs being gathered, joined to the last if they follow it;
 * lblk is the first's number in the file. */
int runs_append(struct ext4_filling *f, uint32_t lblk, uint64_t pblk, uint32_t n, struct err *e);
/* Writes the extent trees of all nodes that need blocks for them. */
int extents_write(struct ext4_writer *w, struct err *e);
/* Up to 4 runs, right into i_block. */
void extent_inline(const struct ext4_run *runs, uint32_t n, uint8_t ret[60]);

/* dir.c: gives the nodes their inode numbers. */
int dirs_number(struct ext4_writer *w, struct err *e);
/* Writes all directories and long symlinks; tree_dir becomes tree_data. */
int dirs_write(struct ext4_writer *w, struct err *e);

/* dx.c: the blocks of one directory, by their number in it. entries are sorted here. */
struct dx_entry {
	uint32_t hash, name;
};
int dx_write(struct ext4_writer *w, uint32_t node, uint32_t parent_ino, struct dx_entry *v, uint32_t n,
	     struct err *e);
/* dir.c: fills a block of entries from p + used on as far as they fit. Returns how many, and where the last
 * one begins. */
uint32_t dir_fill(struct ext4_writer *w, uint8_t *p, uint32_t used, const struct dx_entry *v, uint32_t n,
		  uint32_t *ret_last);
/* "." and "..", 24 bytes. */
void dir_dots(uint8_t *p, uint32_t ino, uint32_t parent_ino);
/* Ends a block of entries: the last one reaches to the checksum. */
void dir_seal(uint8_t *p, uint32_t last, uint32_t seed);

/* inode.c */
int xattr_blocks_write(struct ext4_writer *w, struct err *e);
int inodes_write(struct ext4_writer *w, struct err *e);

/* place.c: decides the size if nobody did, and where bitmaps, inode tables and journal go. At create if
 * the size is known, else at finish. */
int place_known(struct ext4_writer *w, struct err *e);
int place_tables(struct ext4_writer *w, uint32_t inodes_per_group, struct err *e);
int place_at_finish(struct ext4_writer *w, struct err *e);

/* super.c */
int journal_write(struct ext4_writer *w, struct err *e);
int bitmaps_write(struct ext4_writer *w, struct err *e);
/* Group descriptors and the copies of the superblock; the superblock itself comes last. */
int super_write(struct ext4_writer *w, struct err *e);

#endif
