/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs.h - unpacked images: rootfs/<key>/{base.ext4,meta.json}, read-only and shared by all containers of
 * the image. The key is the chain id of the layers' diff_ids with the version of the writer, so two images of
 * the same layers share one, and a berth that writes otherwise makes its own. */
#ifndef BERTH_STORE_ROOTFS_H
#define BERTH_STORE_ROOTFS_H

#include <stdbool.h>

#include "oci/config.h"
#include "store/store.h"

#define STORE_KEY_MAX 96
#define STORE_ROOTFS_WRITER 1 /* raised when the same layers give another file */

int store_rootfs_key(const struct oci_config *c, char ret[static STORE_KEY_MAX], struct err *e);
/* true if it is there; ret_bytes (may be NULL): what it takes on the disk. */
bool store_rootfs_has(struct store *s, const char *key, uint64_t *ret_bytes);
/* "<root>/rootfs/<key>/base.ext4"; the caller frees, NULL: out of memory. */
char *store_rootfs_path(struct store *s, const char *key);

/* One that is being made, under the lock of its key. */
struct store_rootfs_build {
	struct store *store;
	int lock_fd, dir_fd;
	int fd; /* of base.ext4, empty, read and write */
	char key[STORE_KEY_MAX];
	char tmp[32]; /* the folder's name until it is whole */
};

/* 1 if it is there by now, 0 if it is the caller's to make, -EWOULDBLOCK if another process makes it (with
 * wait: waits for that one to end and looks again). */
int store_rootfs_begin(struct store *s, const char *key, bool wait, struct store_rootfs_build *ret,
		       struct err *e);
/* meta: the text of meta.json. */
int store_rootfs_commit(struct store_rootfs_build *b, const char *meta, struct err *e);
/* Ends it; what was not committed is removed. */
void store_rootfs_finish(struct store_rootfs_build *b);

#endif
