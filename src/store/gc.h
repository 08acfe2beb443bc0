/* SPDX-License-Identifier: Apache-2.0 */
/* gc.h - removes what nothing needs: blobs that no image of index.json leads to and no lease names, root file
 * systems of no image, no container and nothing in the trash, parts of downloads older than 7 days, leases of
 * the dead, temporary files of the killed.
 *
 * A container needs what its containers/<id>/config.json names: "image_digest" (of the manifest or index)
 * and "rootfs_key". One that cannot be read keeps the collection from removing anything. */
#ifndef BERTH_STORE_GC_H
#define BERTH_STORE_GC_H

#include <stdbool.h>

#include "store/store.h"

struct store_gc_stats {
	uint64_t blobs, rootfs, parts; /* how many were removed */
	uint64_t bytes; /* how much that was */
};

/* parts: those of downloads that nobody is at, however young they are. */
int store_gc(struct store *s, bool parts, struct store_gc_stats *ret, struct err *e);

struct store_lease;
/* Ends the lease of what failed and removes the blobs that came in under it, which it remembers, unless somebody else
 * needs them by now. What other commands left to go on from stays. */
void store_gc_take_back(struct store_lease *l);

#endif
