/* SPDX-License-Identifier: Apache-2.0 */
/* tree-unpack.h - a tar of anybody's, unpacked beneath a folder and nowhere else.
 *
 * An archive may be hostile: ".." is refused, an absolute name is taken as one beneath the folder, and no symlink on the
 * way leads out of it, whether the archive brought it or it was there. Devices are left out. Files appear whole or not at
 * all; what was there under their names is replaced, but no folder by another thing and nothing else by a folder.
 * Blocking. */
#ifndef BERTH_BASE_TREE_UNPACK_H
#define BERTH_BASE_TREE_UNPACK_H

#include "base/tar.h"
#include "base/tree-pack.h"

struct tree_into {
	int dir;
	bool is_root;     /* dir is the root of a tree of its own: absolute symlinks in it are followed, within it */
	const char *only; /* every entry is this one or lies beneath it; NULL: as it comes */
	bool keep_owner;  /* as the archive has it; otherwise uid and gid */
	bool set_owner;   /* false: it is left to the system */
	uint32_t uid, gid;
	bool foreign;     /* from a guest to the host: no set-id bits, of attributes only user.* */
};

/* Reads src to its end. stats is added to as it goes. -EBADMSG for what is no tar or a cut one, -EINVAL for a path that
 * leads out, -EXDEV or -ELOOP for a symlink that does, -EISDIR, -ENOTDIR as above, what src returns; errors name the
 * entry. */
int tree_unpack(const struct tree_into *into, struct tar_src *src, struct tree_stats *stats, struct err *e);

#endif
