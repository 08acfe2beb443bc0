/* SPDX-License-Identifier: Apache-2.0 */
/* reader-int.h - the reader's parts, for src/ext4 only. */
#ifndef BERTH_EXT4_READER_INT_H
#define BERTH_EXT4_READER_INT_H

#include "ext4/reader.h"

#define EXT4_READ_PATH_MAX 65535u /* bytes of the longest path that a walk takes */
#define EXT4_READ_MEM_MAX (256u << 20) /* bytes of names, or of what was seen, in memory at once */
#define EXT4_MAP_DEPTH 5u /* of extent trees; the kernel takes no deeper ones */

/* Blocks that the journal has newer, sorted by number: at which block of the file system the newer text
 * stands. */
struct ext4_overlay_block {
	uint64_t pblk, at;
	uint32_t escaped; /* its first 4 bytes are the journal's magic */
	uint32_t seq; /* of the transaction */
};
struct ext4_overlay {
	struct ext4_overlay_block *v;
	uint32_t n, cap;
};

struct ext4_src_fd {
	struct ext4_src src;
	int fd;
};

struct ext4_reader {
	struct ext4_src *src;
	struct ext4_src_fd fd_src;
	struct ext4_super sb; /* as it is after the journal */
	uint64_t nblocks;
	uint32_t bs, bits; /* a block's bytes, and their logarithm */
	uint32_t cluster_bits; /* blocks of a cluster, as a logarithm */
	uint32_t first_block, bpg, ipg, ngroups, ninodes, isize, desc_size, first_ino;
	uint32_t seed; /* of checksums */
	bool csum, gdt_csum, filetype;
	struct ext4_overlay overlay;
	uint32_t replayed; /* transactions */
	struct {
		uint8_t *p;
		uint64_t *pblk; /* + 1; 0: empty */
		uint32_t slots;
	} cache;
};

static inline uint64_t ext4_u64(le32 lo, uint64_t hi)
{
	return le32toh(lo) | hi << 32;
}

/* reader.c */
/* The raw inode (isize bytes at p, checked for its checksum). */
int ext4_read_inode(struct ext4_reader *r, uint32_t ino, uint8_t *p, struct err *e);
/* Whether group has a copy of the superblock; the block of the nth block of descriptors. */
bool ext4_read_has_super(const struct ext4_reader *r, uint32_t group);
uint64_t ext4_read_desc_block(const struct ext4_reader *r, uint32_t nth);
int ext4_read_desc(struct ext4_reader *r, uint32_t group, struct ext4_group_desc *ret, struct err *e);
/* Of the checksums of an inode and of all that belongs to it. */
uint32_t ext4_read_seed(const struct ext4_reader *r, uint32_t ino, const struct ext4_inode *in);
void ext4_read_stat(const struct ext4_reader *r, uint32_t ino, const struct ext4_inode *in,
		    struct ext4_stat *ret);
static inline uint64_t ext4_read_size(const struct ext4_inode *in)
{
	return ext4_u64(in->size_lo, le32toh(in->size_hi));
}
int ext4_read_bad(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* read-block.c. A block's text, from the journal if that has it newer; valid until the next call. what names
 * its use for errors. */
int ext4_read_block(struct ext4_reader *r, uint64_t pblk, const uint8_t **ret, struct err *e);
/* n bytes from off of block pblk on, past the cache; they may reach over into the blocks behind it. */
int ext4_read_data(struct ext4_reader *r, uint64_t pblk, uint64_t off, void *p, size_t n, struct err *e);
int ext4_read_cache_init(struct ext4_reader *r);
void ext4_read_cache_drop(struct ext4_reader *r);

/* read-journal.c: fills the overlay if the journal is not finished. */
int ext4_read_journal(struct ext4_reader *r, struct err *e);

/* read-map.c: which block of the disk holds which of a file. */
struct ext4_span {
	uint64_t pblk; /* 0: a hole */
	uint64_t lblk, len; /* in blocks */
	bool unwritten; /* has a block, reads as zeros */
};
struct ext4_map {
	struct ext4_reader *r;
	uint32_t ino, seed, flags;
	uint64_t mapped; /* blocks told so far */
	uint8_t root[60];
	/* A block of the tree is told here once, when it is read; may be NULL. */
	int (*on_node)(void *arg, uint64_t pblk, struct err *e);
	void *arg;
	struct {
		uint64_t pblk; /* 0: none */
		uint8_t *p;
		uint64_t lo, hi; /* blocks of the file that it may speak of */
	} level[EXT4_MAP_DEPTH];
};
void ext4_map_init(struct ext4_map *m, struct ext4_reader *r, uint32_t ino, const struct ext4_inode *in);
void ext4_map_finish(struct ext4_map *m);
/* What holds block lblk (< 2^32), and how far on. */
int ext4_map_find(struct ext4_map *m, uint64_t lblk, struct ext4_span *ret, struct err *e);

/* read-data.c */
/* -EOPNOTSUPP for what no reader without keys or rules can read. */
int ext4_read_refuse(const struct ext4_inode *in, uint32_t ino, struct err *e);
/* The contents of an inode of any kind. */
int ext4_file_open_as(struct ext4_reader *r, uint32_t ino, const uint8_t *inode, struct ext4_file **ret,
		      struct err *e);

/* read-xattr.c */
#define EXT4_XATTRS_MAX (1u << 20) /* bytes of an inode's names and values together */
/* The value of system.data, as far as it lies in the inode: points into in. NULL: there is none. */
const uint8_t *ext4_read_inline(const struct ext4_reader *r, const uint8_t *inode, uint32_t *ret_len);
uint64_t ext4_read_acl_block(const struct ext4_reader *r, const struct ext4_inode *in);
/* The entries of one place: told each with the value's place; check.c uses them as well. */
struct ext4_xattr_spot {
	const struct ext4_xattr_entry *entry;
	const uint8_t *value; /* NULL: in inode `inum` */
	uint32_t inum, len;
};
typedef int (*ext4_xattr_cb)(void *arg, const struct ext4_xattr_spot *s, struct err *e);
int ext4_read_xattrs_in(uint32_t ino, const uint8_t *first, const uint8_t *base, const uint8_t *end,
			ext4_xattr_cb fn, void *arg, struct err *e);
int ext4_read_xattrs(struct ext4_reader *r, uint32_t ino, const uint8_t *inode, ext4_xattr_cb fn, void *arg,
		     struct err *e);

/* read-dir.c: all of a directory's entries, "." and ".." too. */
struct ext4_entry {
	const uint8_t *name; /* valid during the call */
	uint32_t ino, len, ftype;
	uint64_t lblk;
};
typedef int (*ext4_entry_cb)(void *arg, const struct ext4_entry *en, struct err *e);
int ext4_read_dir(struct ext4_reader *r, uint32_t ino, const uint8_t *inode, ext4_entry_cb fn, void *arg,
		  struct err *e);

/* read-seen.c: a set of numbers above 0. */
struct ext4_seen {
	uint32_t *v;
	uint32_t n, cap;
};
/* 1: it was there already; 0: it is now; -ENOMEM. */
int ext4_seen_add(struct ext4_seen *s, uint32_t v);
void ext4_seen_finish(struct ext4_seen *s);

#endif
