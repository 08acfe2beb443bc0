/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - a folder in the form of an OCI image layout: its index, blobs and images. Reading only,
 * blocking; one layout may be read by several threads. OCI image specification, image-layout.md. */
#ifndef BERTH_OCI_LAYOUT_H
#define BERTH_OCI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/config.h"
#include "oci/manifest.h"

#define OCI_REF_NAME "org.opencontainers.image.ref.name"

struct oci_layout {
	int fd; /* of the folder */
	char *name; /* for errors */
};

/* -errno with words; -EINVAL for a folder that is no image layout of version 1. */
int oci_layout_open(const char *path, struct oci_layout *ret, struct err *e);
/* In two steps: any folder; is it a layout? */
int oci_layout_open_folder(const char *path, struct oci_layout *ret, struct err *e);
int oci_layout_check(const struct oci_layout *l, struct err *e);
void oci_layout_finish(struct oci_layout *l);

/* The entry whose ref.name is tag ("…:tag" too); tag NULL: the only entry, or the one named "latest".
 * -ENOENT with words that list what there is. */
int oci_layout_find(const struct oci_layout *l, const char *tag, struct oci_desc *ret, struct err *e);

/* An fd of the blob, which must be d->size bytes long (if d->size is not 0). Its digest is not checked.
 * -ENOENT if it is not there, with words. */
int oci_layout_blob_open(const struct oci_layout *l, const struct oci_desc *d, struct err *e);
/* The blob's bytes, digest checked, 0 behind them; the caller frees. -EFBIG over max, -EBADMSG. */
int oci_layout_blob_load(const struct oci_layout *l, const struct oci_desc *d, size_t max, char **ret,
			 size_t *ret_len, struct err *e);

/* An image: what a descriptor leads to for one platform. */
struct oci_image {
	struct oci_desc top; /* where it began: an index or the manifest itself */
	struct oci_desc manifest_desc;
	struct oci_manifest manifest;
	struct oci_config config;
	char *config_json; /* the config blob's text */
	size_t config_len;
	uint64_t size; /* bytes of manifest, config and layers as stored */
	bool artifact; /* no image: config is empty, config_json NULL */
};

/* Follows d through indexes (nested at most 4 deep) to the manifest that serves want best and its config;
 * both are checked: as many diff_ids as layers, an image and no artifact. */
int oci_layout_image(const struct oci_layout *l, const struct oci_desc *d, const struct oci_platform *want,
		     struct oci_image *ret, struct err *e);
/* The same, of artifacts too: only their manifest is read. */
int oci_layout_any(const struct oci_layout *l, const struct oci_desc *d, const struct oci_platform *want,
		   struct oci_image *ret, struct err *e);
/* What an image is known by: its config's digest or, of an artifact, its manifest's. */
const struct oci_digest *oci_image_id(const struct oci_image *m);
void oci_image_finish(struct oci_image *m);

#endif
