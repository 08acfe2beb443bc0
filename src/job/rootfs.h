/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs.h - root file systems: from sources that a user names into a file, and of a store's image into the
 * store. Both by the confined worker of unpack.h. */
#ifndef BERTH_JOB_ROOTFS_H
#define BERTH_JOB_ROOTFS_H

#include "job/unpack.h"
#include "store/image.h"
#include "store/rootfs.h"

struct rootfs_opts {
	struct store *store; /* for sources that are images; may be NULL: then there are none */
	const char *const *sources; /* NULL-terminated: an image's name, "oci:DIR[:TAG]", an archive, "dir:PATH",
				     * "tar:FILE" or "tar:-"; each one on top of those before it */
	const char *builtin; /* the folder of images that come with berth; may be NULL */
	const struct unpack_merged *merged; /* in place of sources, which are NULL then */
	const char *output; /* path; replaced if it is there; NULL: fd */
	int fd; /* an empty file, the caller's, which he gives a name or not */
	const struct oci_platform *platform; /* NULL: this machine's */
	uint64_t size, max_size; /* as in unpack.h */
	const char *uuid, *label, *journal;
	bool lost_found;
	const char *helper; /* as in unpack.h */
};

struct rootfs_create;
typedef void (*rootfs_create_cb)(struct rootfs_create *op, int rc, const struct err *e);

struct rootfs_create {
	void (*progress)(struct rootfs_create *op, const struct unpack_progress *p); /* may be NULL */
	void *data;
	struct unpack_result result; /* valid in the callback if rc is 0 */
	struct rootfs_job *job; /* used inside */
	rootfs_create_cb cb;
};

/* Makes the file opts->output, whole and on the disk; on failure nothing is left and an old file of that name is as it
 * was. */
int rootfs_create_start(struct rootfs_create *op, uv_loop_t *loop, const struct rootfs_opts *opts,
			rootfs_create_cb cb, struct err *e);
/* Makes rootfs/<key> of the store's image `name` unless it is there; if another process is making it, waits
 * for that. The key is that of store_image_find; result stays zero
 * if it was there. */
int rootfs_ensure_start(struct rootfs_create *op, uv_loop_t *loop, struct store *s, const char *name,
			const struct oci_platform *platform, const char *helper, rootfs_create_cb cb,
			struct err *e);
void rootfs_create_cancel(struct rootfs_create *op);

#endif
