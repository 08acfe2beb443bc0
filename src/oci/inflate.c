/* SPDX-License-Identifier: Apache-2.0 */
/* inflate.c - one interface over ISA-L's inflate and libzstd. */
#include "oci/inflate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <isa-l/igzip_lib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/auto.h"
#include "oci/gzip-head.h"

#define GZIP_MAGIC_0 0x1f
#define GZIP_MAGIC_1 0x8b
#define ZSTD_WINDOW_LOG_MAX 27 /* 128 MiB: what zstd itself takes without being asked */

struct oci_inflate {
	enum oci_inflate_kind kind;
	uint8_t head[4]; /* AUTO: the first bytes, until they tell the kind; then input before any other */
	size_t head_len, head_used;
	bool begun; /* some input was taken */
	bool mid; /* inside of a gzip member or a zstd frame */
	bool in_header; /* of a gzip member */
	struct gzip_head header;
	struct inflate_state *gz;
	ZSTD_DCtx *zs;
};

enum oci_inflate_kind oci_inflate_kind_of(enum oci_kind kind)
{
	return kind == OCI_KIND_LAYER_TAR ? OCI_INFLATE_NONE : OCI_INFLATE_AUTO;
}

/* Settles the kind and makes what it needs. */
static int set_kind(struct oci_inflate *z, enum oci_inflate_kind kind, struct err *e)
{
	z->kind = kind;
	if (kind == OCI_INFLATE_GZIP) {
		z->gz = malloc(sizeof(*z->gz));
		if (!z->gz)
			return err_set(e, -ENOMEM, "cannot inflate: out of memory");
		isal_inflate_init(z->gz);
	} else if (kind == OCI_INFLATE_ZSTD) {
		z->zs = ZSTD_createDCtx();
		if (!z->zs ||
		    ZSTD_isError(ZSTD_DCtx_setParameter(z->zs, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
			return err_set(e, -ENOMEM, "cannot decompress zstd: out of memory");
	}
	return 0;
}

int oci_inflate_create(enum oci_inflate_kind kind, struct oci_inflate **ret, struct err *e)
{
	struct oci_inflate *z = calloc(1, sizeof(*z));
	if (!z)
		return err_set(e, -ENOMEM, "cannot inflate: out of memory");

	int rc = set_kind(z, kind, e);
	if (rc < 0) {
		oci_inflate_destroy(z);
		return rc;
	}
	*ret = z;
	return 0;
}

void oci_inflate_destroy(struct oci_inflate *z)
{
	if (!z)
		return;
	free(z->gz);
	ZSTD_freeDCtx(z->zs);
	free(z);
}

static const char *gzip_error(int code)
{
	switch (code) {
	case ISAL_INCORRECT_CHECKSUM:
		return "wrong check sum";
	default:
		return "corrupt data";
	}
}

/* What it takes is *used. */
static int take_header(struct oci_inflate *z, const uint8_t *in, size_t nin, size_t *used, struct err *e)
{
	int rc = 0;

	while (rc == 0 && *used < nin)
		rc = gzip_head_take(&z->header, in[(*used)++], e);
	if (rc <= 0)
		return rc;
	z->in_header = false;
	isal_inflate_reset(z->gz);
	z->gz->crc_flag = ISAL_GZIP_NO_HDR_VER;
	return 0;
}

static int run_gzip(struct oci_inflate *z, const uint8_t *in, size_t nin, size_t *used, uint8_t *out,
		    size_t nout, size_t *made, struct err *e)
{
	struct inflate_state *gz = z->gz;
	size_t head = 0;

	if (!z->mid) {
		if (nin == 0)
			return 0;
		if (in[0] != GZIP_MAGIC_0 || (nin > 1 && in[1] != GZIP_MAGIC_1))
			return err_set(e, -EBADMSG,
				       z->begun ? "bytes after the end of the gzip stream" : "not gzip");
		z->header = (struct gzip_head){ 0 };
		z->mid = z->in_header = true;
	}
	if (z->in_header) {
		int rc = take_header(z, in, nin, &head, e);

		*used = head;
		if (rc < 0 || z->in_header)
			return rc;
	}
	gz->next_in = (uint8_t *)in + head;
	gz->avail_in = (uint32_t)MIN(nin - head, (size_t)1 << 30);
	gz->next_out = out;
	gz->avail_out = (uint32_t)MIN(nout, (size_t)1 << 30);
	int code = isal_inflate(gz);
	*used = (size_t)(gz->next_in - in);
	*made = (size_t)(gz->next_out - out);
	if (code < 0)
		return err_set(e, -EBADMSG, "gzip: %s", gzip_error(code));
	if (gz->block_state == ISAL_BLOCK_FINISH)
		z->mid = false;
	return 0;
}

static int run_zstd(struct oci_inflate *z, const uint8_t *in, size_t nin, size_t *used, uint8_t *out,
		    size_t nout, size_t *made, struct err *e)
{
	ZSTD_inBuffer i = { in, nin, 0 };
	ZSTD_outBuffer o = { out, nout, 0 };

	if (nin == 0 && !z->mid)
		return 0;
	size_t code = ZSTD_decompressStream(z->zs, &o, &i);
	*used = i.pos;
	*made = o.pos;
	if (ZSTD_isError(code)) {
		if (z->begun && !z->mid && ZSTD_getErrorCode(code) == ZSTD_error_prefix_unknown)
			return err_set(e, -EBADMSG, "bytes after the end of the zstd stream");
		return err_set(e, -EBADMSG, "zstd: %s", ZSTD_getErrorName(code));
	}
	z->mid = code != 0;
	return 0;
}

static int run_none(struct oci_inflate *z, const uint8_t *in, size_t nin, size_t *used, uint8_t *out,
		    size_t nout, size_t *made, struct err *e)
{
	size_t n = MIN(nin, nout);
	if (n)
		memcpy(out, in, n);
	*used = *made = n;
	return 0;
}

static int run(struct oci_inflate *z, const uint8_t *in, size_t nin, size_t *used, uint8_t *out, size_t nout,
	       size_t *made, struct err *e)
{
	int rc = z->kind == OCI_INFLATE_GZIP   ? run_gzip(z, in, nin, used, out, nout, made, e)
		 : z->kind == OCI_INFLATE_ZSTD ? run_zstd(z, in, nin, used, out, nout, made, e)
					       : run_none(z, in, nin, used, out, nout, made, e);
	z->begun |= *used > 0;
	return rc;
}

/* The kind that the first four bytes tell. The magic of zstd's skippable frames is 0x184d2a50 to …5f. */
static enum oci_inflate_kind sniff(const uint8_t h[4])
{
	if (h[0] == GZIP_MAGIC_0 && h[1] == GZIP_MAGIC_1)
		return OCI_INFLATE_GZIP;
	if (h[0] == 0x28 && h[1] == 0xb5 && h[2] == 0x2f && h[3] == 0xfd)
		return OCI_INFLATE_ZSTD;
	if ((h[0] & 0xf0) == 0x50 && h[1] == 0x2a && h[2] == 0x4d && h[3] == 0x18)
		return OCI_INFLATE_ZSTD;
	return OCI_INFLATE_NONE;
}

int oci_inflate_run(struct oci_inflate *z, const uint8_t *in, size_t nin, size_t *ret_used, uint8_t *out,
		    size_t nout, size_t *ret_made, struct err *e)
{
	size_t used = 0, made = 0, taken = 0;
	int rc = 0;

	if (z->kind == OCI_INFLATE_AUTO && nin) {
		taken = MIN(nin, sizeof(z->head) - z->head_len);
		memcpy(z->head + z->head_len, in, taken);
		z->head_len += taken;
		if (z->head_len == sizeof(z->head))
			rc = set_kind(z, sniff(z->head), e);
	}
	if (rc == 0 && z->kind != OCI_INFLATE_AUTO) {
		if (z->head_used < z->head_len) {
			rc = run(z, z->head + z->head_used, z->head_len - z->head_used, &used, out, nout,
				 &made, e);
			z->head_used += used;
			used = 0;
		} else {
			rc = run(z, in + taken, nin - taken, &used, out, nout, &made, e);
		}
	}
	*ret_used = taken + used;
	*ret_made = made;
	return rc;
}

int oci_inflate_end(struct oci_inflate *z, struct err *e)
{
	bool none = z->kind == OCI_INFLATE_NONE || (z->kind == OCI_INFLATE_AUTO && z->head_len == 0);

	if (z->mid || (!none && !z->begun) || z->head_used < z->head_len)
		return err_set(e, -EBADMSG, "the compressed data is cut short");
	return 0;
}
