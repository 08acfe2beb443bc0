/* SPDX-License-Identifier: Apache-2.0 */
/* links.h - where a file with several names was met first. */
#ifndef BERTH_JOB_LINKS_H
#define BERTH_JOB_LINKS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct link_first;

/* Zeroed memory is an empty one. */
struct links {
	struct link_first *v; /* open addressing */
	uint32_t n, cap;
	struct buf arena; /* of paths */
};

/* The path that inode ino of the file system fs has already (good until the next call), or NULL: then path is kept. */
int links_find(struct links *l, const void *fs, uint32_t ino, const char *path, const char **ret, struct err *e);
void links_finish(struct links *l);

#endif
