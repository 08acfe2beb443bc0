/* SPDX-License-Identifier: Apache-2.0 */
/* tags.h - the names of images: content/index.json, as skopeo and podman read it. An entry's
 * org.opencontainers.image.ref.name is the whole reference ("docker.io/library/debian:latest", or
 * "…@sha256:…" for an image fetched by digest); an entry without is an image whose last tag moved on. */
#ifndef BERTH_STORE_TAGS_H
#define BERTH_STORE_TAGS_H

#include "store/store.h"

struct store_tag {
	char *name; /* NULL for an entry without one */
	struct oci_desc desc;
};

struct store_tags {
	struct store_tag *v;
	size_t n;
};

int store_tags_load(struct store *s, struct store_tags *ret, struct err *e);
void store_tags_finish(struct store_tags *t);
/* Points into t; NULL. */
const struct store_tag *store_tags_find(const struct store_tags *t, const char *name);

/* Names d, whose blob must be there; name NULL: it stays without one. An image that loses its last name this
 * way stays too. */
int store_tag_set(struct store *s, const char *name, const struct oci_desc *d, struct err *e);
/* Removes the name; the entry with it. -ENOENT. */
int store_tag_remove(struct store *s, const char *name, struct err *e);
/* Removes all entries, named or not, of that digest. Their number, or -errno. */
int store_tag_remove_digest(struct store *s, const struct oci_digest *d, struct err *e);

#endif
