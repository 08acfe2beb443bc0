/* SPDX-License-Identifier: Apache-2.0 */
/* lease.h - blobs that garbage collection must leave alone although no image names them yet.
 *
 * leases/<16 hex digits> lists digests, a line each, and counts while its holder keeps the flock on it; what
 * a killed process left is removed by the next collection. Adding waits for a collection that runs. So: first
 * add, then look whether the blob is there. */
#ifndef BERTH_STORE_LEASE_H
#define BERTH_STORE_LEASE_H

#include "store/store.h"

/* In leases/: shared by who adds to a lease, exclusive for a collection. */
#define STORE_LEASES_LOCK ".lock"

struct store_lease {
	struct store *store;
	int fd; /* -1: none */
	char name[17];
	bool remember; /* set by who may have to take back what he added: blobs that were not there before */
	struct oci_digest *added;
	size_t nadded;
};

int store_lease_begin(struct store *s, struct store_lease *ret, struct err *e);
int store_lease_add(struct store_lease *l, const struct oci_digest *d, struct err *e);
/* The blob is new. 0 or -ENOMEM. */
int store_lease_added(struct store_lease *l, const struct oci_digest *d);
/* Ends it; zeroed memory and one that ended are fine. */
void store_lease_end(struct store_lease *l);

#endif
