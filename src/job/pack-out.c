/* SPDX-License-Identifier: Apache-2.0 */
#include "job/pack-out.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <isa-l/igzip_lib.h>

#include "base/auto.h"
#include "base/fault.h"
#include "base/file.h"

#define OUT_BYTES (256u << 10)

struct pack_out {
	int fd;
	bool gzip;
	struct oci_hash raw_hash, hash;
	struct pack_totals totals;
	struct isal_zstream z;
	uint8_t *level_buf;
	uint8_t out[OUT_BYTES];
};

int pack_out_create(int fd, bool gzip, struct pack_out **ret, struct err *e)
{
	struct pack_out *o = calloc(1, sizeof(*o));
	int rc;

	if (!o)
		return err_set(e, -ENOMEM, "out of memory");
	o->fd = fd;
	o->gzip = gzip;
	if (gzip) {
		o->level_buf = malloc(ISAL_DEF_LVL2_DEFAULT);
		rc = o->level_buf ? oci_hash_init(&o->raw_hash, OCI_SHA256) : -ENOMEM;
		if (rc == 0)
			rc = oci_hash_init(&o->hash, OCI_SHA256);
		if (rc < 0) {
			pack_out_destroy(o);
			return err_sys(e, rc, "cannot compress");
		}
		isal_deflate_init(&o->z);
		o->z.level = 2;
		o->z.level_buf = o->level_buf;
		o->z.level_buf_size = ISAL_DEF_LVL2_DEFAULT;
		o->z.gzip_flag = IGZIP_GZIP;
	}
	*ret = o;
	return 0;
}

void pack_out_destroy(struct pack_out *o)
{
	if (!o)
		return;
	oci_hash_finish(&o->raw_hash);
	oci_hash_finish(&o->hash);
	free(o->level_buf);
	free(o);
}

static int put(struct pack_out *o, const void *p, size_t n, struct err *e)
{
	int rc = fault_at(FAULT_PACK_WRITE);

	if (rc == 0)
		rc = file_write_full(o->fd, p, n);
	if (rc < 0)
		return err_sys(e, rc, "cannot write the tar");
	o->totals.written += n;
	return o->gzip ? oci_hash_add(&o->hash, p, n) : 0;
}

static int deflate_some(struct pack_out *o, const void *p, size_t n, bool end, struct err *e)
{
	o->z.next_in = (uint8_t *)p;
	o->z.avail_in = (uint32_t)n;
	o->z.end_of_stream = end;
	do {
		int rc;

		o->z.next_out = o->out;
		o->z.avail_out = sizeof(o->out);
		if (isal_deflate(&o->z) != COMP_OK)
			return err_set(e, -EIO, "cannot compress");
		rc = put(o, o->out, sizeof(o->out) - o->z.avail_out, e);
		if (rc < 0)
			return rc;
	} while (!o->z.avail_out);
	return 0;
}

int pack_out_write(struct pack_out *o, const void *p, size_t n, struct err *e)
{
	o->totals.raw += n;
	if (!o->gzip)
		return put(o, p, n, e);
	int rc = oci_hash_add(&o->raw_hash, p, n);
	if (rc < 0)
		return err_sys(e, rc, "cannot hash");
	for (const uint8_t *at = p; n;) {
		size_t piece = MIN(n, 1u << 30);

		rc = deflate_some(o, at, piece, false, e);
		if (rc < 0)
			return rc;
		at += piece;
		n -= piece;
	}
	return 0;
}

int pack_out_end(struct pack_out *o, struct pack_totals *ret, struct err *e)
{
	int rc = 0;

	if (o->gzip) {
		rc = deflate_some(o, NULL, 0, true, e);
		if (rc == 0)
			rc = oci_hash_end(&o->raw_hash, &o->totals.diff_id);
		if (rc == 0)
			rc = oci_hash_end(&o->hash, &o->totals.digest);
		if (rc == 0 && fsync(o->fd) < 0 && errno != EINVAL)
			rc = err_sys(e, -errno, "cannot write the layer to the disk");
	}
	*ret = o->totals;
	return rc;
}

uint64_t pack_out_raw(const struct pack_out *o)
{
	return o->totals.raw;
}
