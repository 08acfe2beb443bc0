/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - the store of a user: images, unpacked root file systems, containers. Its folder:
 *
 *   version             "1": the format; a newer one is refused
 *   content/            an OCI image layout: oci-layout, index.json, blobs/<alg>/<hex>
 *   content/ingest/     <alg>-<hex>: blobs on their way in, kept 7 days to resume from
 *   rootfs/<key>/       base.ext4, meta.json (rootfs.h)
 *   containers/ volumes/ networks/ kernels/ trash/ cache/
 *   leases/             what must stay although nothing refers to it yet (lease.h)
 *
 * Every write is a temporary file in the same folder, fsync, rename, fsync of the folder. Readers never
 * lock; writers hold a flock per object. All calls of src/store block: they are made in the work pool
 * (base/work.h) or in a process of their own, not on a loop's thread. One struct store may be used by
 * several threads. */
#ifndef BERTH_STORE_STORE_H
#define BERTH_STORE_STORE_H

#include "base/err.h"
#include "oci/layout.h"

#define STORE_VERSION 1

struct store {
	char *root; /* absolute path */
	int fd; /* of root */
	int leases_fd;
	struct oci_layout layout; /* of content/ */
};

/* Opens the store, made if it is not there (folders 0700). -ENOTSUP for a newer version. */
int store_open(const char *root, struct store **ret, struct err *e);
void store_close(struct store *s);

#define STORE_MARKER "content/oci-layout"

/* The folders of each store; NULL behind the last. */
extern const char *const store_folders[];
/* Makes what of the store's own folders and files is not there. */
int store_make(struct store *s, struct err *e);

#endif
