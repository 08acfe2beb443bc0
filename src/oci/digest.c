/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - content digests by libcrypto: its plain functions, as the first use of the others costs a millisecond of
 * reading openssl.cnf and looking for providers, in each of our processes. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "oci/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "base/auto.h"
#include "base/str.h"

static const struct {
	const char *name;
	size_t len; /* bytes */
} algs[OCI_NALGS] = {
	[OCI_SHA256] = { "sha256", SHA256_DIGEST_LENGTH },
	[OCI_SHA512] = { "sha512", SHA512_DIGEST_LENGTH },
};

union hash {
	SHA256_CTX sha256;
	SHA512_CTX sha512;
};

/* The algorithm of a digest's text, or -1 if it is none. */
static int alg_of(const char *s)
{
	for (int i = 0; i < OCI_NALGS; i++) {
		size_t n = strlen(algs[i].name);

		if (strncmp(s, algs[i].name, n) == 0 && s[n] == ':' && str_is_hex(s + n + 1, 2 * algs[i].len))
			return i;
	}
	return -1;
}

bool oci_digest_valid(const char *s)
{
	return s && alg_of(s) >= 0;
}

int oci_digest_parse(const char *s, struct oci_digest *ret, struct err *e)
{
	if (!oci_digest_valid(s))
		return err_set(e, -EINVAL, "'%.80s' is not a digest of form sha256:… or sha512:…", s);
	memcpy(ret->text, s, strlen(s) + 1);
	return 0;
}

enum oci_alg oci_digest_alg(const struct oci_digest *d)
{
	int alg = alg_of(d->text);

	return alg < 0 ? OCI_SHA256 : (enum oci_alg)alg;
}

const char *oci_digest_hex(const struct oci_digest *d)
{
	const char *colon = strchr(d->text, ':');

	return colon ? colon + 1 : d->text;
}

const char *oci_alg_name(enum oci_alg alg)
{
	return algs[alg].name;
}

bool oci_digest_eq(const struct oci_digest *a, const struct oci_digest *b)
{
	return strcmp(a->text, b->text) == 0;
}

void oci_digest_path(const struct oci_digest *d, char ret[static OCI_DIGEST_MAX + 8])
{
	snprintf(ret, OCI_DIGEST_MAX + 8, "blobs/%s/%s", oci_alg_name(oci_digest_alg(d)), oci_digest_hex(d));
}

int oci_hash_init(struct oci_hash *h, enum oci_alg alg)
{
	union hash *x = malloc(sizeof *x);

	*h = (struct oci_hash){ .alg = alg, .ctx = x };
	if (!x)
		return -ENOMEM;
	if (alg == OCI_SHA512)
		SHA512_Init(&x->sha512);
	else
		SHA256_Init(&x->sha256);
	return 0;
}

int oci_hash_add(struct oci_hash *h, const void *p, size_t n)
{
	union hash *x = h->ctx;

	h->len += n;
	if (h->alg == OCI_SHA512)
		SHA512_Update(&x->sha512, p, n);
	else
		SHA256_Update(&x->sha256, p, n);
	return 0;
}

int oci_hash_end(struct oci_hash *h, struct oci_digest *ret)
{
	union hash *x = h->ctx;
	uint8_t sum[SHA512_DIGEST_LENGTH];

	if (h->alg == OCI_SHA512)
		SHA512_Final(sum, &x->sha512);
	else
		SHA256_Final(sum, &x->sha256);
	int used = snprintf(ret->text, sizeof ret->text, "%s:", algs[h->alg].name);
	str_hex(sum, algs[h->alg].len, ret->text + used);
	return 0;
}

void oci_hash_finish(struct oci_hash *h)
{
	free(h->ctx);
	h->ctx = NULL;
}

int oci_digest_of(enum oci_alg alg, const void *p, size_t n, struct oci_digest *ret)
{
	struct oci_hash h AUTO(oci_hash_finish) = { 0 };
	int rc = oci_hash_init(&h, alg);

	if (rc == 0)
		rc = oci_hash_add(&h, p, n);
	if (rc == 0)
		rc = oci_hash_end(&h, ret);
	return rc;
}
