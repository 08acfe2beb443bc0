/* SPDX-License-Identifier: Apache-2.0 */
/* fs-sink.h - where a tree of files goes, entry by entry.
 *
 * What reads tar layers (src/oci) and what writes ext4 (src/ext4) meet here and know nothing else of
 * each other. A sink is filled by one thread, in the order of the source; calls fail with a negative
 * errno and words, and after the first failure the sink takes no more.
 *
 * Paths are relative to the root of the tree, cleaned by the caller: no leading or trailing '/', no
 * empty, "." or ".." component, at most PATH_MAX bytes, any byte but NUL; "" is the root itself.
 * Missing parents are made as directories (mode 0755, owner 0:0, time of the source's newest known
 * ancestor or 0). A symlink in the middle of a path is followed inside the tree only where the image
 * formats demand it; a sink may refuse instead.
 *
 * Layers: add_* replaces what an earlier layer or an earlier entry put at the path (a directory over a
 * directory keeps the children and takes the new attributes). whiteout and opaque hide only what lower
 * layers, those before the last layer() call, have put there. */
#ifndef BERTH_BASE_FS_SINK_H
#define BERTH_BASE_FS_SINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct fs_xattr {
	const char *name; /* full name: "security.capability", "system.posix_acl_access", "user.x" */
	const void *value; /* POSIX ACLs in the kernel's xattr form (little endian, version 2) */
	size_t len;
};

struct fs_time {
	int64_t sec; /* since 1970, may be negative */
	uint32_t nsec;
};

struct fs_attr {
	uint32_t mode; /* permission bits and setuid, setgid, sticky: 07777; no type bits */
	uint32_t uid, gid;
	struct fs_time mtime, atime, ctime;
	const struct fs_xattr *xattrs;
	size_t nxattrs;
};

struct fs_sink;

struct fs_sink_ops {
	/* A new layer begins: what is there now is "lower" for whiteout and opaque. Called before each
	 * layer, the first one included. */
	int (*layer)(struct fs_sink *s, struct err *e);
	int (*add_dir)(struct fs_sink *s, const char *path, const struct fs_attr *a, struct err *e);
	int (*add_symlink)(struct fs_sink *s, const char *path, const char *target, const struct fs_attr *a,
			   struct err *e);
	/* type: S_IFCHR, S_IFBLK, S_IFIFO or S_IFSOCK; major and minor for the first two. */
	int (*add_node)(struct fs_sink *s, const char *path, uint32_t type, uint32_t major, uint32_t minor,
			const struct fs_attr *a, struct err *e);
	/* A hard link to something added before (in this or a lower layer). */
	int (*add_link)(struct fs_sink *s, const char *path, const char *target, struct err *e);
	/* A regular file of exactly size bytes: add_file, then write and hole until they add up to size,
	 * then end_file. hole() skips n bytes that read as zeros. */
	int (*add_file)(struct fs_sink *s, const char *path, uint64_t size, const struct fs_attr *a,
			struct err *e);
	int (*write)(struct fs_sink *s, const void *p, size_t n, struct err *e);
	int (*hole)(struct fs_sink *s, uint64_t n, struct err *e);
	int (*end_file)(struct fs_sink *s, struct err *e);
	/* Removes path (and all below it) as lower layers left it; what is not there is no error. */
	int (*whiteout)(struct fs_sink *s, const char *path, struct err *e);
	/* Removes what lower layers put into the directory path; the directory itself stays. */
	int (*opaque)(struct fs_sink *s, const char *path, struct err *e);
};

struct fs_sink {
	const struct fs_sink_ops *ops;
};

#endif
