/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - what is in an ext4 file system, without mounting it.
 *
 * Reads what this project's writer, mke2fs and the kernel make: blocks of 1 to 64 KiB, extents of any depth
 * and block maps, 32 and 64 bit, flex_bg, meta_bg, bigalloc, indexed directories, inline data, attributes in
 * inodes, blocks and inodes of their own. A journal that was not finished is replayed in memory: nothing is
 * ever written. Refused with -EOPNOTSUPP: what is compressed, encrypted, folds case or carries verity (the
 * file, not the file system), a journal on another device, fast commits.
 *
 * The bytes are taken for hostile: each number is checked before it is used, each checksum where the file
 * system has them; what is wrong is -EUCLEAN (with words that name inode and block), and memory is bounded.
 * Inodes are known by number, the root is EXT4_ROOT_INO. One reader belongs to one thread. See
 * Documentation/filesystems/ext4. */
#ifndef BERTH_EXT4_READER_H
#define BERTH_EXT4_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs-sink.h"
#include "ext4/layout.h"

/* Where the bytes come from. */
struct ext4_src {
	/* All n bytes, or -errno. off + n is never over size. */
	int (*read)(struct ext4_src *s, void *p, size_t n, uint64_t off);
	uint64_t size; /* bytes */
};

struct ext4_reader;

/* fd: a regular file or a block device open for reading; stays the caller's. -EINVAL: no ext4. */
int ext4_reader_open(int fd, struct ext4_reader **ret, struct err *e);
/* The same over other bytes; src lives as long as the reader. */
int ext4_reader_open_src(struct ext4_src *src, struct ext4_reader **ret, struct err *e);
void ext4_reader_close(struct ext4_reader *r);

struct ext4_info {
	uint64_t size, free; /* bytes */
	uint32_t block_size, inodes, free_inodes;
	uint8_t uuid[16];
	char label[17];
	bool replayed; /* the journal had to be */
	uint32_t transactions; /* that many */
};
void ext4_reader_info(const struct ext4_reader *r, struct ext4_info *ret);

struct ext4_stat {
	uint32_t ino, mode, uid, gid, nlink; /* mode with its type */
	uint32_t major, minor; /* of devices */
	uint64_t size; /* bytes */
	uint64_t blocks; /* of 512 bytes */
	struct fs_time mtime, atime, ctime;
	uint32_t flags; /* EXT4_*_FL */
};
/* -EUCLEAN for an inode that is not in use. */
int ext4_reader_stat(struct ext4_reader *r, uint32_t ino, struct ext4_stat *ret, struct err *e);

/* The inode of a path from the root ("" and "/" are the root); symlinks are followed inside the file system,
 * the last one if follow is true. -ENOENT, -ENOTDIR, -ELOOP. */
int ext4_reader_find(struct ext4_reader *r, const char *path, bool follow, uint32_t *ret, struct err *e);
/* Target of a symlink with a 0 behind it, the caller frees. */
int ext4_reader_link(struct ext4_reader *r, uint32_t ino, char **ret, struct err *e);

/* --- directories */

struct ext4_name {
	uint32_t ino;
	uint32_t text; /* in the arena, ended by 0 */
	uint8_t len, ftype; /* enum ext4_ftype; 0 where the directory does not say */
};
/* All names of a directory but "." and "..", sorted by their bytes. */
struct ext4_names {
	struct ext4_name *v;
	struct buf arena;
	uint32_t n, cap;
	uint32_t parent; /* what ".." says */
};
int ext4_names_load(struct ext4_reader *r, uint32_t ino, struct ext4_names *ret, struct err *e);
void ext4_names_finish(struct ext4_names *v);
const char *ext4_names_text(const struct ext4_names *v, uint32_t i);
/* NULL if it is not there. */
const struct ext4_name *ext4_names_find(const struct ext4_names *v, const char *name);

/* --- attributes */

struct ext4_attrs {
	struct fs_xattr *v; /* sorted by name; ACLs in the kernel's form, as in fs-sink.h */
	size_t n;
	void *mem; /* of all names and values */
};
int ext4_attrs_load(struct ext4_reader *r, uint32_t ino, struct ext4_attrs *ret, struct err *e);
void ext4_attrs_finish(struct ext4_attrs *a);

/* --- contents of regular files */

struct ext4_file;
int ext4_file_open(struct ext4_reader *r, uint32_t ino, struct ext4_file **ret, struct err *e);
void ext4_file_close(struct ext4_file *f);
uint64_t ext4_file_size(const struct ext4_file *f);
/* From off (less than the size) on: *ret_len bytes are all data, or all a hole, which reads as zeros. */
int ext4_file_span(struct ext4_file *f, uint64_t off, bool *ret_data, uint64_t *ret_len, struct err *e);
/* All n bytes; off + n is at most the size. */
int ext4_file_read(struct ext4_file *f, void *p, size_t n, uint64_t off, struct err *e);

/* --- a whole tree */

struct ext4_walk_entry {
	const char *path; /* from where the walk began, "" for that itself; no leading '/' */
	const char *name; /* its last part */
	struct ext4_stat st;
};
/* Every entry at or below ino, directories before what is in them, names in the order of their bytes. A
 * directory met twice is -EUCLEAN; max_depth 0 means ino and its entries only. fn's result other than 0 ends
 * the walk and is returned. */
typedef int (*ext4_walk_cb)(void *arg, const struct ext4_walk_entry *en, struct err *e);
int ext4_reader_walk(struct ext4_reader *r, uint32_t ino, unsigned max_depth, ext4_walk_cb fn, void *arg,
		     struct err *e);

#endif
