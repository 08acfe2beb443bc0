/* SPDX-License-Identifier: Apache-2.0 */
/* inflate.h - decompression of a layer while it streams by: gzip (RFC 1952, any number of members), zstd
 * (RFC 8878, any number of frames, skippable ones too) or none. No I/O, bounded memory. */
#ifndef BERTH_OCI_INFLATE_H
#define BERTH_OCI_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/desc.h"

enum oci_inflate_kind { OCI_INFLATE_AUTO, OCI_INFLATE_NONE, OCI_INFLATE_GZIP, OCI_INFLATE_ZSTD };

/* What to expect of a layer of that media type. Compressed ones are told by their first bytes, since
 * there are images whose media type names another method than they use. */
enum oci_inflate_kind oci_inflate_kind_of(enum oci_kind kind);

struct oci_inflate;

/* AUTO: by the first four bytes; what is neither gzip nor zstd passes unchanged. -ENOMEM with words. */
int oci_inflate_create(enum oci_inflate_kind kind, struct oci_inflate **ret, struct err *e);
void oci_inflate_destroy(struct oci_inflate *z);

/* Takes up to nin bytes of in, writes up to nout bytes to out; both may end up short, and *ret_used and
 * *ret_made say how much was done. Progress is made whenever there is input and room for output; call it
 * again with the rest until nothing is used and nothing made. -EBADMSG with words for corrupt data, a
 * wrong check sum or bytes after the end. */
int oci_inflate_run(struct oci_inflate *z, const uint8_t *in, size_t nin, size_t *ret_used, uint8_t *out,
		    size_t nout, size_t *ret_made, struct err *e);
/* To be asked after the last input: -EBADMSG if the stream was cut short. */
int oci_inflate_end(struct oci_inflate *z, struct err *e);

#endif
