/* SPDX-License-Identifier: Apache-2.0 */
/* layer.h - a layer, a tar stream of changes, told to an fs_sink entry by entry.
 *
 * OCI image specification, layer.md: whiteouts (".wh.NAME", ".wh..wh..opq") become the sink's calls. tar is
 * read by libarchive: ustar, PAX, GNU long names, all sparse forms, base-256; xattrs of SCHILY.xattr and
 * LIBARCHIVE.xattr; POSIX ACLs as their kernel xattrs. Names are bytes, not text. */
#ifndef BERTH_OCI_LAYER_H
#define BERTH_OCI_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs-sink.h"

#define OCI_LAYER_META_MAX (1u << 20) /* bytes of one entry's names and xattrs */

/* The uncompressed bytes of one layer. */
struct oci_layer_src {
	/* Lends the next bytes in *ret until the next call: how many, 0 at the end, -errno with words. */
	ssize_t (*next)(struct oci_layer_src *src, const void **ret, struct err *e);
};

struct oci_layer_stats {
	uint64_t entries; /* whiteouts included */
	uint64_t whiteouts; /* opaque markers included */
	uint64_t data; /* bytes of file content, holes not counted */
};

/* Begins a layer in sink and gives it all entries of src, then reads src to its end. stats may be NULL; it
 * is added to. After an error the sink holds part of the layer and is of no more use.
 * The process must not have called setlocale: in the C locale libarchive leaves names as they are.
 * -EBADMSG for what is no tar or a cut one, -EINVAL for a path that leaves the tree, -EFBIG over
 * OCI_LAYER_META_MAX, what sink and src return; with words that name the entry. */
int oci_layer_apply(struct oci_layer_src *src, struct fs_sink *sink, struct oci_layer_stats *stats,
		    struct err *e);

#endif
