/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - images of the store, found as users name them. */
#ifndef BERTH_STORE_IMAGE_H
#define BERTH_STORE_IMAGE_H

#include <stdbool.h>

#include "store/store.h"
#include "store/tags.h"

/* The image's id is oci_image_id, the digest of what the tag names image.top.digest. */
struct store_image {
	struct oci_image image;
	char **names; /* all references to it, NULL-terminated; NULL if none */
	uint64_t rootfs_bytes; /* on the disk; 0 if it is not unpacked */
	char rootfs_key[OCI_DIGEST_MAX];
};

/* name: "debian", "a/b:1", "debian@sha256:…", "sha256:…" or at least 4 hex digits of an id or of a manifest's
 * digest. want NULL: this machine's platform. -ENOENT with words if there is none, -ENOTSUP for an artifact, -EEXIST
 * for a prefix of several. */
int store_image_find(struct store *s, const char *name, const struct oci_platform *want,
		     struct store_image *ret, struct err *e);
/* What a name means, whatever its platform is; else as above: *ret is what the tag names, an index if it is one. */
int store_image_resolve(struct store *s, const char *name, struct oci_desc *ret, struct err *e);
void store_image_finish(struct store_image *m);

/* All images and artifacts, newest first; those of which blobs are missing for this platform are left out. */
int store_image_list(struct store *s, struct store_image **ret, size_t *ret_n, struct err *e);
void store_image_list_free(struct store_image *v, size_t n);

/* true if a container was made from it, or if that cannot be told. */
bool store_image_used(struct store *s, const struct store_image *m);

/* docker's rmi: takes the name away and, with the last one, the image (blobs and root file system go in a
 * collection that follows). By id: all names; -EEXIST for several unless force. -EBUSY if a container uses
 * the image, unless force and another name stays or the container does not run. ret_untagged, ret_deleted
 * (each NULL-terminated, the caller's to strv_free) say what went: names, digests. */
int store_image_remove(struct store *s, const char *name, bool force, char ***ret_untagged,
		       char ***ret_deleted, struct err *e);

#endif
