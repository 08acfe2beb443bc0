/* SPDX-License-Identifier: Apache-2.0 */
/* digest.h - content digests, "sha256:…" and "sha512:…", made and checked while bytes stream by.
 *
 * OCI image specification, "Digests": algorithm ":" lower-case hex of the algorithm's length. Others than
 * the two registered ones are refused. */
#ifndef BERTH_OCI_DIGEST_H
#define BERTH_OCI_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OCI_DIGEST_MAX 136 /* "sha512:" + 128 digits + 0 */

enum oci_alg { OCI_SHA256, OCI_SHA512, OCI_NALGS };

struct oci_digest {
	char text[OCI_DIGEST_MAX]; /* valid, or "" for none */
};

/* -EINVAL with words for what is no digest. */
int oci_digest_parse(const char *s, struct oci_digest *ret, struct err *e);
bool oci_digest_valid(const char *s);
/* Of a valid digest: "sha256", its hex digits. */
enum oci_alg oci_digest_alg(const struct oci_digest *d);
const char *oci_digest_hex(const struct oci_digest *d);
const char *oci_alg_name(enum oci_alg alg);
static inline bool oci_digest_none(const struct oci_digest *d)
{
	return !d->text[0];
}
bool oci_digest_eq(const struct oci_digest *a, const struct oci_digest *b);
/* "blobs/sha256/ab…" beneath an OCI layout; size OCI_DIGEST_MAX + 8 is enough. */
void oci_digest_path(const struct oci_digest *d, char ret[static OCI_DIGEST_MAX + 8]);

/* A running digest. Zeroed memory is fine for finish. */
struct oci_hash {
	void *ctx;
	enum oci_alg alg;
	uint64_t len; /* bytes so far */
};

/* 0 or -ENOMEM. */
int oci_hash_init(struct oci_hash *h, enum oci_alg alg);
int oci_hash_add(struct oci_hash *h, const void *p, size_t n);
/* The digest of what was added; h takes no more, but must be finished. */
int oci_hash_end(struct oci_hash *h, struct oci_digest *ret);
void oci_hash_finish(struct oci_hash *h);
/* Of n bytes at once. */
int oci_digest_of(enum oci_alg alg, const void *p, size_t n, struct oci_digest *ret);

#endif
