/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - OCI image layouts made by hand, for tests. A failure of the file system ends the test. */
#ifndef BERTH_TESTS_LAYOUT_H
#define BERTH_TESTS_LAYOUT_H

#include "base/buf.h"
#include "oci/digest.h"

struct test_layer {
	const struct buf *tar;
	char how; /* 'g': gzip, 'z': zstd, 0: as it is */
	const char *fault; /* NULL, or what is wrong: "diff_id", "digest", "cut" (the blob is, its digest is
			    * right), "size" (the file is longer than the manifest says) */
};

struct test_image {
	const char *tag; /* NULL: the entry has no name */
	const char *config; /* members of the config's "config", or NULL */
	struct test_layer layers[8]; /* up to the first without tar */
	struct oci_digest manifest, id; /* filled */
};

/* Makes dir a layout, or adds to the one it is. */
void layout_add(const char *dir, struct test_image *m);
/* A blob in dir, and its digest. */
void layout_add_blob(const char *dir, const void *p, size_t n, struct oci_digest *ret);
/* As gzip or zstd has it; appended to ret. */
void layout_compress(char how, const void *p, size_t n, struct buf *ret);

#endif
