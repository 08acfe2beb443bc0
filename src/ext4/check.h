/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - whether a file system agrees with itself.
 *
 * Looks at all that says where something is: group descriptors, both bitmaps, every inode, its extents or
 * block map, its attributes, every directory with its index, the counts of links, of what is free, and all
 * checksums. Each block may belong to one thing only. A journal that was not finished is followed in memory
 * first; what waits there to be deleted (orphans) is no fault. Contents of files and old copies of the
 * superblock are not looked at. Reads only. */
#ifndef BERTH_EXT4_CHECK_H
#define BERTH_EXT4_CHECK_H

#include "ext4/reader.h"

#define EXT4_FINDINGS_MAX 1000u /* then the check ends */

struct ext4_check_result {
	uint64_t inodes, dirs, blocks; /* in use */
	unsigned findings;
};

/* fn gets a line for each fault; returning non-zero ends the check with that. 0 however many there are;
 * -errno if it could not be carried out. */
typedef int (*ext4_finding_cb)(void *arg, const char *text, struct err *e);
int ext4_check(struct ext4_reader *r, ext4_finding_cb fn, void *arg, struct ext4_check_result *ret,
	       struct err *e);

#endif
