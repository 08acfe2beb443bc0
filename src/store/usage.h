/* SPDX-License-Identifier: Apache-2.0 */
/* usage.h - what takes how much of the disk, and how much of that could go. Blocking. */
#ifndef BERTH_STORE_USAGE_H
#define BERTH_STORE_USAGE_H

#include "store/store.h"

enum store_usage_kind {
	STORE_USE_IMAGES,     /* blobs; reclaimable: those that no container needs */
	STORE_USE_ROOTFS,     /* unpacked images; the same */
	STORE_USE_CONTAINERS, /* their folders; those that do not run */
	STORE_USE_VOLUMES,
	STORE_USE_KERNELS,    /* but the default one: somebody may have asked for it, nothing is reclaimable */
	STORE_USE_TRASH,      /* what only it keeps: all of it */
	STORE_USE_PARTS,      /* of downloads and builds that nobody is at: all of it */
	STORE_USE_NKINDS
};
struct store_usage {
	uint64_t count, bytes, reclaimable;
};

const char *store_usage_word(enum store_usage_kind k); /* "images" … */
int store_usage(struct store *s, struct store_usage ret[static STORE_USE_NKINDS], struct err *e);
/* What the folder at/name takes on the disk, with all below. */
uint64_t store_tree_bytes(int at, const char *name);

#endif
