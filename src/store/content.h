/* SPDX-License-Identifier: Apache-2.0 */
/* content.h - blobs: in only with the right digest and size, visible whole or not at all. */
#ifndef BERTH_STORE_CONTENT_H
#define BERTH_STORE_CONTENT_H

#include <stdbool.h>

#include "base/pace.h"
#include "store/lease.h"
#include "store/source.h"
#include "store/store.h"

/* true if the blob is there with d->size bytes (any number if that is 0). */
bool store_blob_has(struct store *s, const struct oci_desc *d);
/* fd, -ENOENT or -errno with words. */
int store_blob_open(struct store *s, const struct oci_desc *d, struct err *e);
/* The bytes, digest checked; the caller frees. */
int store_blob_load(struct store *s, const struct oci_desc *d, size_t max, char **ret, size_t *ret_len,
		    struct err *e);
/* Adds n bytes; fills d->digest (sha256) and d->size. */
int store_blob_add(struct store *s, struct store_lease *l, const void *p, size_t n, struct oci_desc *d,
		   struct err *e);
/* Adds the bytes of r, which must be d. p may be NULL. */
int store_blob_add_range(struct store *s, struct store_lease *l, const struct store_range *r, const struct oci_desc *d,
			 struct pace *p, struct err *e);

/* A blob on its way in. */
struct store_ingest {
	struct store *store;
	struct oci_desc desc;
	struct oci_hash hash;
	int fd; /* of the part, flock held; readable too: the bytes so far can be unpacked already */
	uint64_t have; /* bytes so far; > 0 right after begin: those of an earlier try, to go on from */
	char name[OCI_DIGEST_MAX];
	bool checked, committed;
	bool no_space; /* a write found the disk full: the part is not kept, its room is wanted */
};

/* Begins or goes on with d, which is added to l. 1 if the blob is there already (nothing to do, nothing to
 * finish), 0, -EWOULDBLOCK if another process is at it. d->size must be known. */
int store_ingest_begin(struct store *s, struct store_lease *l, const struct oci_desc *d,
		       struct store_ingest *ret, struct err *e);
/* -EFBIG over d->size. */
int store_ingest_write(struct store_ingest *in, const void *p, size_t n, struct err *e);
/* Starts over: drops what there is. */
int store_ingest_rewind(struct store_ingest *in, struct err *e);
/* All is there: checks size and digest (-EBADMSG). */
int store_ingest_check(struct store_ingest *in, struct err *e);
/* Checks it, unless that was done (-EBADMSG: the part is removed), and makes the blob visible; its bytes can be read
 * from fd until the end. */
int store_ingest_commit(struct store_ingest *in, struct err *e);
/* Ends it; what was not committed stays for the next try if keep is true, some of it is there, and the
 * disk was not found full. */
void store_ingest_finish(struct store_ingest *in, bool keep);

#endif
