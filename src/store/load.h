/* SPDX-License-Identifier: Apache-2.0 */
/* load.h - images out of archives and folders: image layouts (OCI), and what docker save writes (manifest.json).
 * Blocking. */
#ifndef BERTH_STORE_LOAD_H
#define BERTH_STORE_LOAD_H

#include "store/lease.h"
#include "store/source.h"

struct store_loaded {
	struct oci_desc *v; /* a row for each name, or for an image without one */
	char **names;       /* of v[i], in full; NULL: none */
	size_t n;
};

/* All images in src or, with tag, the one of that name (its full name, or the tag alone). All is checked before anything
 * gets a name; after an error no blob of it stays. single: there must be just one, which gets no name. */
int store_load(struct store *s, const struct store_source *src, const char *tag, bool single, struct pace *p,
	       struct store_loaded *ret, struct err *e);
void store_loaded_finish(struct store_loaded *l);
/* The one image that "oci:…", "oci-archive:…" or "docker-archive:…" names, without a name. */
struct oci_ref;
int store_load_file(struct store *s, const struct oci_ref *ref, struct pace *p, struct oci_desc *ret, struct err *e);

/* load-docker.c: the images of manifest.json, not yet named. */
int store_load_docker(struct store *s, struct store_lease *l, const struct store_source *src, const char *tag, struct pace *p,
		      struct store_loaded *out, struct err *e);
/* Adds a row; name may be NULL. */
int store_loaded_add(struct store_loaded *out, const struct oci_desc *d, const char *name, struct err *e);

#endif
