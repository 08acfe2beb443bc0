/* SPDX-License-Identifier: Apache-2.0 */
/* mkfs.h - an empty ext4 file system in a sparse file, in about a millisecond.
 *
 * Group tables are left as holes and marked zeroed, so the kernel has nothing to initialise and the file
 * takes under 100 KiB until it is used. */
#ifndef BERTH_EXT4_MKFS_H
#define BERTH_EXT4_MKFS_H

#include <stdbool.h>

#include "ext4/writer.h"

#define EXT4_MKFS_SIZE (UINT64_C(8) << 30)

struct ext4_mkfs_opts {
	struct ext4_opts fs; /* size 0 means EXT4_MKFS_SIZE */
	uint32_t root_mode; /* 07777; 0 means 0755; the root is owned by 0:0 */
	bool overlay; /* make the directories /upper and /work, of the root's mode and time */
};

/* fd as for ext4_writer_create. The usual choice for a container is { .fs = { .uuid = …, .journal =
 * EXT4_JOURNAL_ORDERED }, .overlay = true }. 0 or -errno with words. */
int ext4_mkfs(int fd, const struct ext4_mkfs_opts *opts, struct err *e);

#endif
