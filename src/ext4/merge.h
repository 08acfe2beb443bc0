/* SPDX-License-Identifier: Apache-2.0 */
/* merge.h - two file systems as overlayfs joins them: a folder of the upper one over the root of the lower
 * one.
 *
 * Known are whiteouts (character devices 0:0) and opaque folders (trusted.overlay.opaque=y): all that
 * overlayfs makes with redirect_dir=off,metacopy=off,index=off. What it makes otherwise is refused with
 * -EOPNOTSUPP. See Documentation/filesystems/overlayfs.rst. */
#ifndef BERTH_EXT4_MERGE_H
#define BERTH_EXT4_MERGE_H

#include "ext4/reader.h"

enum ext4_merge_kind {
	EXT4_MERGE_LOWER, /* only the lower one has it */
	EXT4_MERGE_ADDED, /* only the upper one */
	EXT4_MERGE_CHANGED, /* both: the upper one's is seen */
	EXT4_MERGE_GONE, /* the lower one's is hidden, and nothing is in its place */
};

struct ext4_merge_entry {
	const char *path, *name; /* as in struct ext4_walk_entry */
	enum ext4_merge_kind kind;
	struct ext4_reader *from; /* whose st it is */
	struct ext4_stat st; /* what is seen there; what is hidden, if it is gone */
	struct ext4_stat lower; /* if it changed: what it was */
	bool opaque; /* a folder of both, of which nothing of the lower one is seen */
	bool hidden; /* the folder that it is in is such a one */
};

/* Every entry, as ext4_reader_walk gives them; the first is the root. upper_only: not those that only the
 * lower one has. upper_dir: inode of the upper folder. */
typedef int (*ext4_merge_cb)(void *arg, const struct ext4_merge_entry *en, struct err *e);
int ext4_merge_walk(struct ext4_reader *lower, struct ext4_reader *upper, uint32_t upper_dir, bool upper_only,
		    ext4_merge_cb fn, void *arg, struct err *e);
/* The same from one entry on: its inodes in the two; 0 where it is not, or not seen. */
int ext4_merge_walk_from(struct ext4_reader *lower, uint32_t lower_ino, struct ext4_reader *upper, uint32_t upper_ino,
			 ext4_merge_cb fn, void *arg, struct err *e);
/* As overlayfs sees the entry `name` of a folder that is at->upper and at->lower: -ENOENT, or where it is, and what it is
 * in *from. */
struct ext4_merge_node {
	uint32_t lower, upper; /* 0: not there */
};
int ext4_merge_step(struct ext4_reader *lower, struct ext4_reader *upper, const struct ext4_merge_node *at, const char *name,
		    struct ext4_merge_node *ret, struct ext4_stat *st, struct ext4_reader **from, struct err *e);
/* Attributes of overlayfs' own, which are no part of what is seen. */
bool ext4_merge_own_attr(const char *name);

#endif
