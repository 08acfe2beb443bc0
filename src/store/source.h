/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - files by name, out of a folder or a tar archive: what images are loaded from. Nothing in it is trusted: a
 * name is looked up among the names that it has, never on this machine. Blocking. */
#ifndef BERTH_STORE_SOURCE_H
#define BERTH_STORE_SOURCE_H

#include <stdbool.h>

#include "base/pace.h"
#include "store/store.h"

struct store_source_member; /* of an archive */

struct store_source {
	const char *name; /* for errors; the caller's */
	int dir_fd;       /* of a folder; -1: an archive */
	int fd;           /* of an archive, uncompressed, read by offset */
	struct store_source_member *v; /* by name */
	size_t n;
};

/* A folder or a file: a tar archive, gzip or zstd around it or not. What cannot be read by offset, or is compressed, is
 * copied into the store's file system first, without a name, at most max bytes (0: 64 GiB). fd stays the caller's. */
int store_source_open(struct store *s, int fd, const char *name, uint64_t max, struct pace *p, struct store_source *ret,
		      struct err *e);
/* Over a layout's folder, which stays the caller's. */
void store_source_of_layout(const struct oci_layout *l, struct store_source *ret);
void store_source_finish(struct store_source *src);

/* Bytes of a file. */
struct store_range {
	int fd;
	bool own; /* fd is to be closed */
	uint64_t off, size;
};
/* -ENOENT with words; -EINVAL for what is no file. Links of an archive are followed within it. */
int store_source_find(const struct store_source *src, const char *path, struct store_range *ret, struct err *e);
void store_range_finish(struct store_range *r);
bool store_source_has(const struct store_source *src, const char *path);
/* The whole of a file, 0 behind it; -EFBIG over max. */
int store_source_text(const struct store_source *src, const char *path, size_t max, char **ret, size_t *ret_len,
		      struct err *e);

#endif
