/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c - from an image's name down to its last blob. */
#include "store/verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "store/content.h"
#include "store/rootfs.h"

#define NEST_MAX 4

struct verify {
	struct store *store;
	const char *name;
	bool deep;
	struct pace *pace;
};

static int see(struct verify *v, const struct oci_desc *d, int depth, struct store_findings *out, struct err *e);

static int add(struct verify *v, struct store_findings *out, enum store_wrong wrong, const struct oci_desc *d,
	       const char *what, const char *why, struct err *e)
{
	return store_finding_add(out, wrong, "image", v->name, e, "%s '%s' %s", what, d->digest.text, why);
}

/* A blob that must be there. rc of the look; 0 if it is well or told about. */
static int tell(struct verify *v, struct store_findings *out, const struct oci_desc *d, const char *what, int rc,
		const struct err *why, struct err *e)
{
	AUTO_BUF struct buf text = { 0 };

	if (rc == 0)
		return 0;
	if (rc == -ENOENT)
		return add(v, out, STORE_MISSING, d, what, "is missing", e);
	if (rc != -EBADMSG && rc != -EINVAL && rc != -EFBIG && rc != -ENOTSUP) {
		*e = *why;
		return rc;
	}
	if (buf_addf(&text, "is damaged: %s", why->text) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return add(v, out, STORE_DAMAGED, d, what, (const char *)text.p, e);
}

static int see_layer(struct verify *v, const struct oci_desc *d, const struct oci_digest *diff_id,
		     struct store_findings *out, struct err *e)
{
	struct err why = { 0 };
	int rc;

	if (d->kind == OCI_KIND_LAYER_FOREIGN)
		return 0;
	if (v->deep) {
		rc = diff_id ? store_layer_verify(v->store, d, diff_id, v->pace, &why) :
			       store_blob_verify(v->store, d, v->pace, &why);
	} else {
		AUTO_CLOSE int fd = store_blob_open(v->store, d, &why);

		rc = fd < 0 ? fd : 0;
	}
	return tell(v, out, d, "layer", rc, &why, e);
}

static int see_config(struct verify *v, const struct oci_manifest *m, struct oci_config *ret,
		      struct store_findings *out, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct err why = { 0 };
	size_t len;
	int rc = store_blob_load(v->store, &m->config, OCI_MANIFEST_MAX, &text, &len, &why);

	if (rc == 0 && oci_manifest_check_image(m, NULL) == 0)
		rc = oci_config_parse(text, len, ret, &why);
	if (rc == 0 && ret->ndiff_ids && ret->ndiff_ids != m->nlayers)
		rc = err_set(&why, -EINVAL, "it names %zu layers, the manifest %zu", ret->ndiff_ids, m->nlayers);
	return tell(v, out, &m->config, "config", rc, &why, e);
}

static int see_manifest(struct verify *v, const char *text, size_t len, const struct oci_desc *d,
			struct store_findings *out, struct err *e)
{
	AUTO(oci_manifest_finish) struct oci_manifest m = { 0 };
	AUTO(oci_config_finish) struct oci_config c = { 0 };
	struct err why = { 0 };
	int rc = oci_manifest_parse(text, len, &m, &why);

	if (rc < 0)
		return tell(v, out, d, "manifest", rc, &why, e);
	for (size_t i = 0; i < m.nlayers; i++)
		pace_expect(v->deep ? v->pace : NULL, m.layers[i].size);
	rc = see_config(v, &m, &c, out, e);
	for (size_t i = 0; rc == 0 && i < m.nlayers; i++)
		rc = see_layer(v, &m.layers[i], c.ndiff_ids == m.nlayers ? &c.diff_ids[i] : NULL, out, e);
	char key[STORE_KEY_MAX];
	if (rc == 0 && v->deep && c.ndiff_ids && store_rootfs_key(&c, key, NULL) == 0 &&
	    store_rootfs_has(v->store, key, NULL)) {
		rc = store_rootfs_verify(v->store, key, true, v->pace, &why);
		if (rc == -EBADMSG)
			rc = store_finding_add(out, STORE_DAMAGED, "rootfs", key, e, "%s", why.text);
		else if (rc < 0)
			*e = why;
	}
	return rc;
}

static bool only_missing(const struct store_findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].wrong != STORE_MISSING)
			return false;
	return f->n > 0;
}

/* One entry whole is enough; what others lack was never pulled. What is damaged counts everywhere. */
static int see_index(struct verify *v, const char *text, size_t len, const struct oci_desc *d, int depth,
		     struct store_findings *out, struct err *e)
{
	AUTO(oci_index_finish) struct oci_index x = { 0 };
	AUTO(store_findings_finish) struct store_findings lacking = { 0 };
	struct err why = { 0 };
	size_t whole = 0, here = 0;
	int rc = oci_index_parse(text, len, &x, &why);

	if (rc < 0)
		return tell(v, out, d, "index", rc, &why, e);
	for (size_t i = 0; rc == 0 && i < x.nentries; i++) {
		AUTO(store_findings_finish) struct store_findings f = { 0 };

		if (!store_blob_has(v->store, &(struct oci_desc){ .digest = x.entries[i].digest }))
			continue;
		here++;
		rc = see(v, &x.entries[i], depth + 1, &f, e);
		if (rc == 0 && f.n == 0)
			whole++;
		if (rc == 0)
			rc = store_findings_take(only_missing(&f) ? &lacking : out, &f, e);
	}
	if (rc == 0 && !here && x.nentries)
		return add(v, out, STORE_MISSING, d, "of index", "no image is there", e);
	return rc == 0 && !whole ? store_findings_take(out, &lacking, e) : rc;
}

static int see(struct verify *v, const struct oci_desc *d, int depth, struct store_findings *out, struct err *e)
{
	AUTO_FREE char *text = NULL;
	enum oci_kind kind;
	struct err why = { 0 };
	size_t len;
	int rc = store_blob_load(v->store, d, OCI_MANIFEST_MAX, &text, &len, &why);

	if (rc == 0 && depth > NEST_MAX)
		rc = err_set(&why, -EINVAL, "indexes are nested more than %d deep", NEST_MAX);
	if (rc == 0)
		rc = oci_doc_kind(text, len, d->media_type, &kind, &why);
	if (rc < 0)
		return tell(v, out, d, "manifest", rc, &why, e);
	return kind == OCI_KIND_INDEX ? see_index(v, text, len, d, depth, out, e) :
					see_manifest(v, text, len, d, out, e);
}

int store_image_verify(struct store *s, const struct oci_desc *d, const char *name, bool deep, struct pace *p,
		       struct store_findings *out, struct err *e)
{
	struct verify v = { s, name, deep, p };

	return see(&v, d, 0, out, e);
}
