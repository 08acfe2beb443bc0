/* SPDX-License-Identifier: Apache-2.0 */
/* import.c - copying what a descriptor leads to, children before parents. */
#include "store/import.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "oci/ref.h"
#include "store/content.h"
#include "store/load.h"
#include "store/tags.h"

#define NEST_MAX 4

struct import {
	struct store *store;
	struct store_lease *lease;
	const struct store_source *from;
	struct pace *pace;
};

static int copy_doc(struct import *im, const struct oci_desc *d, int depth, struct err *e);

/* -ENOENT if the source does not have it. */
static int copy_blob(struct import *im, const struct oci_desc *d, struct err *e)
{
	AUTO(store_range_finish) struct store_range r = { .fd = -1 };
	char path[OCI_DIGEST_MAX + 8];

	oci_digest_path(&d->digest, path);
	int rc = store_source_find(im->from, path, &r, e);
	return rc < 0 ? rc : store_blob_add_range(im->store, im->lease, &r, d, im->pace, e);
}

static int copy_manifest(struct import *im, const char *text, size_t len, struct err *e)
{
	AUTO(oci_manifest_finish) struct oci_manifest m = { 0 };

	int rc = oci_manifest_parse(text, len, &m, e);
	if (rc == 0)
		rc = copy_blob(im, &m.config, e);
	for (size_t i = 0; rc == 0 && i < m.nlayers; i++)
		if (m.layers[i].kind != OCI_KIND_LAYER_FOREIGN)
			rc = copy_blob(im, &m.layers[i], e);
	return rc;
}

/* The entries that are there; one must be. */
static int copy_index(struct import *im, const char *text, size_t len, int depth, struct err *e)
{
	AUTO(oci_index_finish) struct oci_index x = { 0 };
	size_t got = 0;

	int rc = oci_index_parse(text, len, &x, e);
	for (size_t i = 0; rc == 0 && i < x.nentries; i++) {
		rc = copy_doc(im, &x.entries[i], depth + 1, e);
		got += rc == 0;
		if (rc == -ENOENT)
			rc = 0;
	}
	if (rc == 0 && !got)
		return err_set(e, -ENOENT, "'%s' has none of the images that its index lists",
			       im->from->name);
	return rc;
}

/* Before it is parsed. */
static int check_digest(const char *text, size_t len, const struct oci_digest *want, struct err *e)
{
	struct oci_digest have;

	if (oci_digest_of(oci_digest_alg(want), text, len, &have) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return oci_digest_eq(&have, want) ? 0 : err_set(e, -EBADMSG, "blob '%s' is damaged: its digest is %s", want->text,
							have.text);
}

static int copy_doc(struct import *im, const struct oci_desc *d, int depth, struct err *e)
{
	AUTO_FREE char *text = NULL;
	char path[OCI_DIGEST_MAX + 8];
	struct oci_desc self = *d;
	enum oci_kind kind;
	size_t len;

	if (depth > NEST_MAX)
		return err_set(e, -EINVAL, "image indexes nested more than %d deep", NEST_MAX);
	oci_digest_path(&d->digest, path);
	int rc = store_source_text(im->from, path, OCI_MANIFEST_MAX, &text, &len, e);
	if (rc == 0 && d->size && d->size != len)
		rc = err_set(e, -EBADMSG, "blob '%s' has %zu bytes in place of %ju", d->digest.text, len, (uintmax_t)d->size);
	if (rc == 0)
		rc = check_digest(text, len, &d->digest, e);
	if (rc == 0)
		rc = oci_doc_kind(text, len, d->media_type, &kind, e);
	if (rc == 0)
		rc = kind == OCI_KIND_INDEX ? copy_index(im, text, len, depth, e)
					    : copy_manifest(im, text, len, e);
	if (rc < 0)
		return rc;
	self.size = len;
	return copy_blob(im, &self, e);
}

int store_import_desc(struct store *s, struct store_lease *l, const struct store_source *from, const struct oci_desc *d,
		      struct pace *p, struct err *e)
{
	struct import im = { s, l, from, p };

	return copy_doc(&im, d, 0, e);
}

int store_import_layout(struct store *s, const struct oci_layout *from, const struct oci_desc *d,
			const char *name, struct err *e)
{
	AUTO(store_lease_end) struct store_lease lease = { .fd = -1 };
	struct store_source src;

	store_source_of_layout(from, &src);
	int rc = store_lease_begin(s, &lease, e);
	if (rc == 0)
		rc = store_import_desc(s, &lease, &src, d, NULL, e);
	if (rc == 0)
		rc = store_tag_set(s, name, d, e);
	return rc < 0 ? err_wrap(e, rc, "cannot import '%s'", from->name) : 0;
}

int store_import_builtin(struct store *s, const char *path, const char *name, struct err *e)
{
	AUTO(oci_layout_finish) struct oci_layout l = { .fd = -1 };
	struct oci_desc d;

	int rc = oci_layout_open(path, &l, NULL);
	if (rc == 0)
		rc = oci_layout_find(&l, name, &d, NULL);
	if (rc < 0)
		return rc == -ENOMEM ? err_set(e, rc, "out of memory") : 0;
	rc = store_import_layout(s, &l, &d, name, e);
	return rc < 0 ? rc : 1;
}

/* The file's image is known by its digest then. */
static int take_file(struct store *s, const struct oci_ref *ref, const struct oci_platform *want, struct pace *p,
		     struct store_image *ret, struct err *e)
{
	struct oci_desc d;
	int rc = store_load_file(s, ref, p, &d, e);

	return rc < 0 ? rc : store_image_find(s, d.digest.text, want, ret, e);
}

int store_image_take_in(struct store *s, const char *builtin, const char *name, const struct oci_platform *want,
			struct pace *p, struct store_image *ret, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	struct err why = { 0 };
	int is_ref = oci_ref_try(name, &ref, e);

	if (is_ref < 0)
		return is_ref;
	if (ref.transport != OCI_REGISTRY)
		return take_file(s, &ref, want, p, ret, e);
	int rc = store_image_find(s, name, want, ret, &why);
	if (rc == -ENOENT && is_ref && builtin) {
		AUTO_FREE char *full = oci_ref_str(&ref);
		int made = full ? store_import_builtin(s, builtin, full, e) : err_set(e, -ENOMEM, "out of memory");

		if (made)
			return made < 0 ? made : store_image_find(s, name, want, ret, e);
	}
	return rc < 0 ? err_set(e, rc, "%s", why.text) : 0;
}
