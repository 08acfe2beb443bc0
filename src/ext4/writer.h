/* SPDX-License-Identifier: Apache-2.0 */
/* writer.h - a tree of files becomes an ext4 file system, in one pass.
 *
 * The writer is a struct fs_sink (base/fs-sink.h). File data goes to the disk in the order it arrives;
 * names, inodes and directories stay in memory (about 128 bytes an entry) until ext4_writer_finish lays
 * them down behind the data, the superblock last: what was not finished is no file system. The same
 * calls with the same options give the same bytes. It needs no root, no mount and no other library.
 *
 * What it makes: blocks of 4 KiB, inodes of 256 bytes, extents, 64bit, metadata_csum, flex_bg, dir_index
 * (every directory of more than one block), sparse_super, large_file, huge_file, dir_nlink, extra_isize;
 * see Documentation/filesystems/ext4 of the kernel. Beyond the contract of fs_sink:
 * - a symlink in the middle of a path is followed inside the tree (40 at most, else -ELOOP); ".." in its
 *   target stops at the root;
 * - a lower layer's file where a parent directory is needed gives way; this layer's is -ENOTDIR;
 * - a symlink's mode is 0777, as on any Linux, whatever the source says;
 * - holes stay holes, data stays data: zeros that were written take blocks;
 * - a 65001st name of a file is -EMLINK; a directory may hold any number of directories;
 * - times outside 1901-12-13 to 2446-05-10 become the nearest that fits;
 * - ACLs are checked (-EINVAL) and kept as the kernel keeps them: the mode follows an access ACL, and
 *   one that says no more than the mode is dropped;
 * - extended attributes whose name ext4 has no number for (not user., trusted., security., ACL) are
 *   dropped and counted; more than an inode and a block can hold are -E2BIG. */
#ifndef BERTH_EXT4_WRITER_H
#define BERTH_EXT4_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs-sink.h"

struct ext4_io;

enum ext4_journal {
	EXT4_JOURNAL_NONE,
	EXT4_JOURNAL_ORDERED, /* only metadata, after the data it points to */
	EXT4_JOURNAL_WRITEBACK,
	EXT4_JOURNAL_DATA,
};

struct ext4_opts {
	/* Bytes of the file system, rounded down to 4 KiB; 1 MiB to 16 TiB. 0: decided at finish, the
	 * smallest power of two of at least 64 MiB + 1.25 of what is used, with as many inodes as used
	 * and a few more. */
	uint64_t size;
	uint64_t max_size; /* with size 0: -ENOSPC above it; 0 means 1 TiB */
	uint64_t ninodes; /* with a size: at least as many; 0 means one for 16 KiB */
	uint64_t max_memory; /* bytes for names, inodes and attributes, else -ENOMEM; 0 means 240 MiB */
	uint8_t uuid[16]; /* taken as it is; also seeds checksums and directory hashes */
	const char *label; /* at most 16 bytes, NULL for none */
	enum ext4_journal journal;
	int64_t time; /* of the file system, and of a root that nobody describes; seconds since 1970 */
	bool lost_found; /* make /lost+found */
	bool sync; /* fsync before and after the superblock is written */
	bool early; /* the caller syncs it: what was written is sent to the disk soon, as with sync */
};

#define EXT4_SIZE_MIN (UINT64_C(1) << 20)
#define EXT4_SIZE_MAX (UINT64_C(16) << 40)
#define EXT4_SIZE_UNASKED (UINT64_C(1) << 40) /* max_size 0 */

/* As people write them: "ordered", "writeback", "data", "none" or ""; 32 hex digits, dashes anywhere between. -EINVAL. */
int ext4_parse_journal(const char *word, enum ext4_journal *ret, struct err *e);
int ext4_parse_uuid(const char *s, uint8_t ret[16], struct err *e);
/* -EINVAL with words for what no file system can have, before any of it is made. */
int ext4_opts_check(const struct ext4_opts *o, struct err *e);

struct ext4_stats {
	uint64_t size; /* bytes of the file system */
	uint64_t used; /* bytes of it in use, its own tables included */
	uint64_t inodes; /* in use, without the reserved ones */
	uint64_t memory; /* bytes that names, inodes and attributes took */
	uint64_t dropped_xattrs; /* names that ext4 has no number for */
};

/* fd: a regular file open for writing; it is cut to nothing first and stays the caller's. *ret is
 * destroyed with ext4_writer_destroy. -EINVAL for options that make no file system, -ENOMEM, or what
 * the file answered. */
int ext4_writer_create(int fd, const struct ext4_opts *opts, struct fs_sink **ret, struct err *e);
/* The same over other storage, for tests; io lives as long as the writer. */
int ext4_writer_create_io(struct ext4_io *io, const struct ext4_opts *opts, struct fs_sink **ret,
			  struct err *e);
/* Writes all that is not data. Only 0 means that there is a file system; then, as after any failure,
 * the sink takes no more. ret may be NULL. */
int ext4_writer_finish(struct fs_sink *s, struct ext4_stats *ret, struct err *e);
void ext4_writer_destroy(struct fs_sink *s);

#endif
