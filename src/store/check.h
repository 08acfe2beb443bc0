/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - is the whole store what it should be? Blocking, for the pool.
 *
 * Other processes may work meanwhile. What they are at, and what a killed one left that the next collection takes
 * away or the next pull goes on from, is no finding: it is counted. */
#ifndef BERTH_STORE_CHECK_H
#define BERTH_STORE_CHECK_H

#include "base/pace.h"
#include "store/finding.h"
#include "store/store.h"

struct store_check {
	struct store_findings findings;
	uint64_t blobs, images, containers; /* looked at */
	uint64_t leftovers, leftover_bytes; /* parts, blobs, folders and leases that nobody is at */
};

/* deep: every blob's bytes are read, too, and all that the unpacked file systems say of themselves. */
int store_check(struct store *s, bool deep, struct pace *p, struct store_check *ret, struct err *e);
void store_check_finish(struct store_check *c);

/* Mends what store_check found and tells of it in the findings: what is broken goes to trash/.quarantine/, images that
 * are not whole go to the trash, with their names; what nobody needs is collected. A root file system or an image that
 * a container uses stays. */
int store_repair(struct store *s, struct store_check *c, struct err *e);

#endif
