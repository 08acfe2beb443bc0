/* SPDX-License-Identifier: Apache-2.0 */
/* pack-out.h - where a tar goes: as it is, or compressed with gzip and both digests known. */
#ifndef BERTH_JOB_PACK_OUT_H
#define BERTH_JOB_PACK_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/digest.h"

struct pack_out;

struct pack_totals {
	uint64_t raw, written; /* bytes */
	struct oci_digest diff_id, digest; /* with gzip: of the tar, of what was written */
};

/* fd stays the caller's. */
int pack_out_create(int fd, bool gzip, struct pack_out **ret, struct err *e);
int pack_out_write(struct pack_out *o, const void *p, size_t n, struct err *e);
int pack_out_end(struct pack_out *o, struct pack_totals *ret, struct err *e);
uint64_t pack_out_raw(const struct pack_out *o);
void pack_out_destroy(struct pack_out *o);

#endif
