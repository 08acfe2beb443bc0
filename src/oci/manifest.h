/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - image manifests and indexes, OCI's and docker's (schema 2, manifest lists), and the choice of
 * a platform. OCI image specification, manifest.md and image-index.md. No I/O. */
#ifndef BERTH_OCI_MANIFEST_H
#define BERTH_OCI_MANIFEST_H

#include <stddef.h>

#include "base/err.h"
#include "oci/desc.h"

#define OCI_MANIFEST_MAX (4u << 20) /* bytes of a manifest, an index or a config */
#define OCI_LAYERS_MAX 1024
#define OCI_INDEX_MAX 4096 /* entries of an index */

struct oci_manifest {
	char media_type[OCI_MT_MAX]; /* as it says itself or, if it does not, as OCI names its form */
	char artifact_type[OCI_MT_MAX]; /* "" for an image */
	struct oci_desc subject; /* what it belongs to; digest none: nothing */
	struct oci_desc config;
	struct oci_desc *layers; /* lowest first */
	size_t nlayers;
};

struct oci_index {
	char media_type[OCI_MT_MAX];
	struct oci_desc subject; /* as above */
	struct oci_desc *entries;
	size_t nentries;
};

/* What a document is: by the media type it came with (may be NULL), by its own "mediaType", else by its
 * members. INDEX, MANIFEST or an error: -ENOTSUP for schema 1, -EINVAL for what is neither. */
int oci_doc_kind(const char *text, size_t len, const char *media_type, enum oci_kind *ret, struct err *e);

/* Strict on what is used, blind to the rest. -EFBIG over the limits above, -EINVAL, -ENOMEM; with words. */
int oci_manifest_parse(const char *text, size_t len, struct oci_manifest *ret, struct err *e);
int oci_index_parse(const char *text, size_t len, struct oci_index *ret, struct err *e);
void oci_manifest_finish(struct oci_manifest *m);
void oci_index_finish(struct oci_index *x);

/* It is no image and says so: by its artifact type, its config's type, or layers that are none. */
bool oci_manifest_is_artifact(const struct oci_manifest *m);
/* The type that it has as an artifact. */
const char *oci_manifest_artifact_type(const struct oci_manifest *m);
/* true if its config and layers are such that it can be unpacked and run; else -ENOTSUP with words that
 * name the layer (foreign, unknown media type) or the artifact type. */
int oci_manifest_check_image(const struct oci_manifest *m, struct err *e);

/* The entry that serves want best, the first of equals; points into x. An index of one entry without
 * platform serves any. -ENOENT with words that list what there is. */
int oci_index_choose(const struct oci_index *x, const struct oci_platform *want,
		     const struct oci_desc **ret, struct err *e);

#endif
