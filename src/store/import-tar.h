/* SPDX-License-Identifier: Apache-2.0 */
/* import-tar.h - a root file system in a tar archive becomes an image of one layer. Blocking. */
#ifndef BERTH_STORE_IMPORT_TAR_H
#define BERTH_STORE_IMPORT_TAR_H

#include "base/pace.h"
#include "store/store.h"

struct store_import_tar {
	const char *source;  /* for errors */
	const char *name;    /* in full; NULL: it stays without one */
	const char *message; /* of the layer's step; NULL: how it came in */
	const char *const *changes; /* instructions of oci/change.h; NULL-terminated, NULL: none */
	struct oci_platform platform;
	uint64_t max; /* bytes, unpacked; 0: 64 GiB */
};

/* The layer is kept as fd has it: plain, gzip or zstd. All headers are looked at first: -EBADMSG for what is no tar or is
 * cut short, -EINVAL for a name that leaves the tree. ret: of the manifest; ret_id: of the config. */
int store_import_tar(struct store *s, const struct store_import_tar *o, int fd, struct pace *p, struct oci_desc *ret,
		     struct oci_digest *ret_id, struct err *e);

#endif
