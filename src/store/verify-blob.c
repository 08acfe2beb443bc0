/* SPDX-License-Identifier: Apache-2.0 */
/* verify-blob.c - the bytes of one blob. */
#include "store/verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "oci/inflate.h"
#include "store/content.h"

#define CHUNK (256u << 10)

/* What a blob's bytes go through. */
struct reading {
	struct oci_hash hash, inner; /* inner: of the inflated bytes */
	struct oci_inflate *inflate; /* NULL: not asked for */
	uint8_t *in, *out;
};

static void reading_finish(struct reading *r)
{
	oci_hash_finish(&r->hash);
	oci_hash_finish(&r->inner);
	oci_inflate_destroy(r->inflate);
	free(r->in);
	free(r->out);
}

static int inflate(struct reading *r, size_t n, struct err *e)
{
	for (size_t at = 0, used = 0, made = 1; made || at < n; at += used) {
		int rc = oci_inflate_run(r->inflate, r->in + at, n - at, &used, r->out, CHUNK, &made, e);

		if (rc < 0)
			return rc;
		if (made && oci_hash_add(&r->inner, r->out, made) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		if (!used && !made)
			break;
	}
	return 0;
}

static int read_through(struct reading *r, int fd, const char *name, struct pace *p, struct err *e)
{
	for (;;) {
		ssize_t n = file_read_full(fd, r->in, CHUNK);
		int rc;

		if (n < 0)
			return err_sys(e, (int)n, "cannot read blob '%s'", name);
		if (n == 0)
			return r->inflate ? oci_inflate_end(r->inflate, e) : 0;
		rc = oci_hash_add(&r->hash, r->in, (size_t)n) < 0 ? err_set(e, -ENOMEM, "out of memory") :
								    pace_step(p, (uint64_t)n, e);
		if (rc == 0 && r->inflate)
			rc = inflate(r, (size_t)n, e);
		if (rc < 0)
			return rc;
	}
}

static int verify(struct store *s, const struct oci_desc *d, const struct oci_digest *diff_id, struct pace *p,
		  struct err *e)
{
	AUTO(reading_finish) struct reading r = { .in = malloc(CHUNK) };
	struct oci_digest have, inner;

	if (!r.in || oci_hash_init(&r.hash, oci_digest_alg(&d->digest)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	if (diff_id && (!(r.out = malloc(CHUNK)) || oci_hash_init(&r.inner, oci_digest_alg(diff_id)) < 0))
		return err_set(e, -ENOMEM, "out of memory");
	int rc = diff_id ? oci_inflate_create(oci_inflate_kind_of(d->kind), &r.inflate, e) : 0;
	if (rc < 0)
		return rc;
	AUTO_CLOSE int fd = store_blob_open(s, d, e);
	if (fd < 0)
		return fd;
	rc = read_through(&r, fd, d->digest.text, p, e);
	if (rc < 0)
		return rc == -EBADMSG ? err_wrap(e, rc, "blob '%s'", d->digest.text) : rc;
	if (oci_hash_end(&r.hash, &have) < 0 || (diff_id && oci_hash_end(&r.inner, &inner) < 0))
		return err_set(e, -ENOMEM, "out of memory");
	if (!oci_digest_eq(&have, &d->digest))
		return err_set(e, -EBADMSG, "its digest is %s", have.text);
	if (diff_id && !oci_digest_eq(&inner, diff_id))
		return err_set(e, -EBADMSG, "what is in the layer has the digest %s, the image says %s", inner.text,
			       diff_id->text);
	return 0;
}

int store_blob_verify(struct store *s, const struct oci_desc *d, struct pace *p, struct err *e)
{
	return verify(s, d, NULL, p, e);
}

int store_layer_verify(struct store *s, const struct oci_desc *d, const struct oci_digest *diff_id, struct pace *p,
		       struct err *e)
{
	return verify(s, d, diff_id, p, e);
}
