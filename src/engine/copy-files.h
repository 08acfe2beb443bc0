/* SPDX-License-Identifier: Apache-2.0 */
/* copy-files.h - a container's files for a copy: those of one that runs, asked for by its agent, or of one that does not,
 * read from its disks. Blocking. */
#ifndef BERTH_ENGINE_COPY_FILES_H
#define BERTH_ENGINE_COPY_FILES_H

#include "base/tree-pack.h"
#include "engine/copy-plan.h"
#include "engine/engine.h"

struct copy_look {
	uint32_t mode, target_mode; /* target: of what a symlink leads to; 0 if nothing is there */
	uint64_t size;
	char link[PATH_MAX];
};

struct copy_files;
struct copy_files_ops {
	/* -ENOENT if it is not there. */
	int (*look)(struct copy_files *f, const char *path, struct copy_look *ret, struct err *e);
	/* What is at path comes out of fd as a tar, called name, as in tree_pack; and ends. */
	int (*out)(struct copy_files *f, const char *path, const char *name, struct tree_stats *stats, struct err *e);
	/* The tar that is written to fd is unpacked; NULL: that is not possible. */
	int (*in)(struct copy_files *f, const struct copy_plan *p, bool keep_owner, struct tree_stats *stats, struct err *e);
	/* The other end of out and in, for another thread: the descriptor, its own to close. -ECANCELED once stopped. */
	int (*connect)(struct copy_files *f, struct err *e);
	/* From any thread, and again: what is at work ends soon; hard: at once, if it would take long to end well. */
	void (*stop)(struct copy_files *f, bool hard);
	/* All that was written is on the disk, and nothing more is written; NULL: that is not needed. */
	int (*settle)(struct copy_files *f, struct err *e);
	void (*close)(struct copy_files *f);
};
struct copy_files {
	const struct copy_files_ops *ops;
};

int copy_files_agent(const struct berth *b, const struct container *c, struct copy_files **ret, struct err *e);
int copy_files_disk(const struct berth *b, struct container *c, struct copy_files **ret, struct err *e);

/* What end is; follow: what it leads to, also if nothing is there. */
int copy_files_find(struct copy_files *f, struct copy_end *end, bool follow, struct err *e);

#endif
