/* SPDX-License-Identifier: Apache-2.0 */
/* tar.h - the members of a tar archive, one after another, and headers for one that is written.
 *
 * For archives of images and of copies, not for layers (oci/layer.h). ustar, GNU long names, PAX's path, linkpath and
 * size, base-256 sizes; what a member is beyond that only if it is asked for. No I/O of its own, bounded memory. */
#ifndef BERTH_BASE_TAR_H
#define BERTH_BASE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define TAR_BLOCK 512
#define TAR_NAME_MAX 4096     /* bytes of a member's name */
#define TAR_META_MAX (1u << 20) /* bytes of one PAX header */

/* Where the bytes come from. */
struct tar_src {
	/* 1: all n bytes are in p; 0: the end, before the first of them; -EBADMSG: in between; -errno with words. */
	int (*read)(struct tar_src *s, void *p, size_t n, struct err *e);
	/* n bytes that are not wanted. */
	int (*skip)(struct tar_src *s, uint64_t n, struct err *e);
};

/* A source of what comes as it comes: skipped by being read. */
struct tar_stream {
	struct tar_src src;
	/* Some bytes, up to n; 0 at the end, -errno with words. */
	ssize_t (*some)(struct tar_stream *s, void *p, size_t n, struct err *e);
};
void tar_stream_init(struct tar_stream *s, ssize_t (*some)(struct tar_stream *s, void *p, size_t n, struct err *e));

enum tar_kind { TAR_FILE, TAR_DIR, TAR_SYMLINK, TAR_HARDLINK, TAR_OTHER };

struct tar_member {
	enum tar_kind kind;
	char name[TAR_NAME_MAX + 1]; /* as it stands in the archive */
	char link[TAR_NAME_MAX + 1]; /* of links */
	uint64_t size;               /* of a file, else 0 */
	/* with attrs */
	char type;                   /* as it stands in the header: '6' is a FIFO */
	bool sparse;                 /* its bytes are in a form that is not known here */
	uint32_t mode, uid, gid;     /* mode: 07777 */
	int64_t mtime;
	uint32_t mtime_nsec;
};

struct tar_walk {
	struct tar_src *src;
	uint64_t left; /* bytes of the last member, with what fills its last block; the caller may take some by src->read */
	uint64_t members;
	bool attrs;     /* to be set by who wants more than names and bytes, and takes an archive of nothing: tar_walk_finish then */
	struct buf pax; /* with attrs: the records of the last member */
};
void tar_walk_finish(struct tar_walk *w);

/* 1: the next member, whose bytes follow in src; 0: there are no more; -EBADMSG for what is no tar, -EFBIG over the
 * limits above; with words. The end is two blocks of zeros or the end of the bytes. */
int tar_next(struct tar_walk *w, struct tar_member *ret, struct err *e);

/* With attrs: the last member's next extended attribute. *at is 0 at first. */
struct tar_xattr {
	char name[256];
	const void *value;
	size_t len;
};
bool tar_next_xattr(const struct tar_walk *w, size_t *at, struct tar_xattr *ret);

/* A header: a file of size bytes, or a folder (its name ends in '/'), mode 0644 or 0755, owned by 0, of 1970. How many
 * bytes of ret it takes: a name over 100 bytes has a PAX header before. -ENAMETOOLONG over 400. */
#define TAR_HEADER_MAX (3 * TAR_BLOCK)
int tar_header(const char *name, uint64_t size, uint8_t ret[static TAR_HEADER_MAX]);
/* How many zeros follow size bytes. */
static inline size_t tar_fill(uint64_t size)
{
	return (size_t)(-size & (TAR_BLOCK - 1));
}

#endif
