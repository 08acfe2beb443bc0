/* SPDX-License-Identifier: Apache-2.0 */
/* tree-pack.h - files and folders as a tar: what copies carry from the guest and to it.
 *
 * Modes, owners, times to the nanosecond, symlinks, hard links, FIFOs, and the attributes user.* and
 * security.capability; devices and sockets are left out, and so is what lies in mounts of /proc and its like. Blocking. */
#ifndef BERTH_BASE_TREE_PACK_H
#define BERTH_BASE_TREE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TREE_DEPTH_MAX 400 /* folders in folders: each holds a descriptor open */

/* Where the bytes go. */
struct tree_out {
	int (*write)(struct tree_out *o, const void *p, size_t n, struct err *e);
};

struct tree_stats {
	uint64_t entries, bytes; /* of files */
	uint64_t left_out;       /* devices and sockets */
};

/* What dir/name is, a symlink as itself, and all below it, as the entry `as`; as "": what the folder name holds, without
 * itself. name "." is dir. It ends as a tar does. stats is added to as it goes. Errors name the file. */
int tree_pack(int dir, const char *name, const char *as, struct tree_out *out, struct tree_stats *stats, struct err *e);

#endif
