/* SPDX-License-Identifier: Apache-2.0 */
/* mark.h - what of the store is needed: digests of blobs and keys of root file systems, found from those who need
 * them. Blocking. */
#ifndef BERTH_STORE_MARK_H
#define BERTH_STORE_MARK_H

#include <stdbool.h>

#include "store/store.h"

/* Zeroed but for store; finish at the end. */
struct store_mark {
	struct store *store;
	void *digests, *keys; /* trees of strings */
};

void store_mark_finish(struct store_mark *m);
/* d and all that it leads to, root file systems included. What is not there, is damaged or is no document leads
 * nowhere; an error is one of reading. */
int store_mark_desc(struct store_mark *m, const struct oci_desc *d, struct err *e);
int store_mark_tags(struct store_mark *m, struct err *e);
/* What containers' config.json name: "image_digest" (of the manifest or index) and "rootfs_key". One that cannot be
 * read is an error. */
int store_mark_containers(struct store_mark *m, struct err *e);
int store_mark_trash(struct store_mark *m, struct err *e);
/* Of those who hold one; what the dead left is removed with sweep. */
int store_mark_leases(struct store_mark *m, bool sweep, struct err *e);
/* All of that, such that what moves between them meanwhile is found. */
int store_mark_all(struct store_mark *m, bool sweep, struct err *e);

/* All digests, in no order that is told; the caller frees each and the array. */
int store_mark_digests(const struct store_mark *m, char ***ret, size_t *ret_n, struct err *e);
bool store_mark_has_digest(const struct store_mark *m, const char *digest);
bool store_mark_has_key(const struct store_mark *m, const char *key);

/* Calls fn for each name in the folder dir of at, but "." and ".."; those that begin with '.' only with hidden. Stops at
 * an error. No folder: no names. */
int store_each_name(int at, const char *dir, bool hidden, int (*fn)(void *arg, int dirfd, const char *name, struct err *e),
		    void *arg, struct err *e);

#endif
