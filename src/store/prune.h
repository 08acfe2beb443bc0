/* SPDX-License-Identifier: Apache-2.0 */
/* prune.h - images that no container uses, taken away. Blocking. */
#ifndef BERTH_STORE_PRUNE_H
#define BERTH_STORE_PRUNE_H

#include <stdbool.h>

#include "base/pace.h"
#include "store/store.h"

struct store_pruned {
	char **untagged, **deleted; /* names, digests; NULL-terminated */
	size_t nuntagged, ndeleted;
};

/* Takes from the index all images without a name or, with all, all that no container uses. Blobs go in the collection
 * that should follow. What was done before an error is in ret too. */
int store_prune_images(struct store *s, bool all, struct pace *p, struct store_pruned *ret, struct err *e);
void store_pruned_finish(struct store_pruned *p);

#endif
