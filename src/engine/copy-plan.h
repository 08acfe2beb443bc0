/* SPDX-License-Identifier: Apache-2.0 */
/* copy-plan.h - what docker's cp makes of two paths: which folder is written to, and what the copy is called there. No
 * I/O. */
#ifndef BERTH_ENGINE_COPY_PLAN_H
#define BERTH_ENGINE_COPY_PLAN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* One of the two. */
struct copy_end {
	char path[PATH_MAX];     /* absolute, without "." and ".." */
	char name[NAME_MAX + 1]; /* its last part as it was given; "" for the root */
	bool contents;           /* it was given as "x/.": what the folder holds */
	bool is_folder;          /* it was given as "x/" or "x/.": it must be one */
	bool exists;
	uint32_t mode;           /* with its type, if it exists */
	uint64_t size;
};

/* path as it was given, taken from cwd if it is relative. -EINVAL, -ENAMETOOLONG with words. */
int copy_end_parse(const char *path, const char *cwd, struct copy_end *ret, struct err *e);
/* Where the symlink end->path leads, without a look at what is there. */
int copy_end_follow(struct copy_end *end, const char *link, struct err *e);

struct copy_plan {
	char folder[PATH_MAX];   /* where the copy is put */
	char name[NAME_MAX + 1]; /* what it is called there; "": what the source holds, without itself */
	bool make;               /* the folder may have to be made, with those above it */
};
/* parents: folders that are missing are made. Errors are those of docker, in our words. */
int copy_plan_make(const struct copy_end *src, const struct copy_end *dst, bool parents, struct copy_plan *ret, struct err *e);

#endif
