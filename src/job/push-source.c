/* SPDX-License-Identifier: Apache-2.0 */
/* push-source.c - what a push takes from the store. */
#include "job/push-inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "store/content.h"
#include "store/image.h"
#include "store/load.h"
#include "store/tags.h"

#define DEPTH_MAX 4 /* of indexes in indexes */

static struct push_blob *find_blob(struct push *p, const struct oci_digest *d)
{
	for (size_t i = 0; i < p->nblobs; i++)
		if (oci_digest_eq(&p->blobs[i].desc.digest, d))
			return &p->blobs[i];
	return NULL;
}

static int add_blob(struct push *p, const struct oci_desc *d, bool is_layer, struct err *e)
{
	if (find_blob(p, &d->digest) || d->kind == OCI_KIND_LAYER_FOREIGN)
		return 0; /* foreign layers are had from elsewhere by everybody */
	if (p->nblobs >= PUSH_BLOBS_MAX)
		return err_set(e, -EFBIG, "it has more than %u blobs", PUSH_BLOBS_MAX);
	if (p->nblobs == p->blobs_cap) {
		size_t cap = p->blobs_cap ? p->blobs_cap * 2 : 32;
		struct push_blob *v = realloc(p->blobs, cap * sizeof *v);

		if (!v)
			return err_set(e, -ENOMEM, "out of memory");
		p->blobs = v;
		p->blobs_cap = cap;
	}
	/* first the lease, then the look: so it stays */
	int rc = store_lease_add(&p->lease, &d->digest, e);
	if (rc < 0)
		return rc;
	p->blobs[p->nblobs++] = (struct push_blob){ .push = p, .desc = *d, .is_layer = is_layer, .fd = -1 };
	return 0;
}

static int add_manifest(struct push *p, const struct oci_desc *d, const struct oci_digest *subject, char *text, size_t len,
			struct err *e)
{
	struct push_manifest *v = realloc(p->manifests, (p->nmanifests + 1) * sizeof *v);

	if (!v) {
		free(text);
		return err_set(e, -ENOMEM, "out of memory");
	}
	p->manifests = v;
	v[p->nmanifests] = (struct push_manifest){ *d, *subject, text, len };
	v[p->nmanifests++].desc.size = len;
	return 0;
}

static bool has_manifest(const struct push *p, const struct oci_digest *d)
{
	for (size_t i = 0; i < p->nmanifests; i++)
		if (oci_digest_eq(&p->manifests[i].desc.digest, d))
			return true;
	return false;
}

static int take(struct push *p, const struct oci_desc *d, unsigned depth, struct err *e);

static int take_image(struct push *p, const char *text, size_t len, struct oci_desc *d, struct oci_digest *subject,
		      struct err *e)
{
	struct oci_manifest m AUTO(oci_manifest_finish) = { 0 };
	int rc = oci_manifest_parse(text, len, &m, e);

	strcpy(d->media_type, m.media_type);
	*subject = m.subject.digest;
	for (size_t i = 0; rc == 0 && i < m.nlayers; i++)
		rc = add_blob(p, &m.layers[i], true, e);
	return rc < 0 ? rc : add_blob(p, &m.config, false, e);
}

/* All that it leads to, or the one image that serves the platform. */
static int take_index(struct push *p, const char *text, size_t len, struct oci_desc *d, unsigned depth,
		      struct oci_digest *subject, struct err *e)
{
	struct oci_index x AUTO(oci_index_finish) = { 0 };
	struct oci_platform want;
	const struct oci_desc *one;
	int rc = oci_index_parse(text, len, &x, e);

	strcpy(d->media_type, x.media_type);
	*subject = x.subject.digest;
	if (rc < 0)
		return rc;
	if (p->desc->all_platforms) {
		for (size_t i = 0; rc == 0 && i < x.nentries; i++)
			rc = take(p, &x.entries[i], depth + 1, e);
		return rc;
	}
	rc = oci_platform_parse(p->desc->platform, &want, e);
	if (rc == 0)
		rc = oci_index_choose(&x, &want, &one, e);
	return rc < 0 ? rc : take(p, one, depth + 1, e);
}

/* d and below, what is below first. */
static int take(struct push *p, const struct oci_desc *d, unsigned depth, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct oci_desc own = *d;
	struct oci_digest subject = { "" };
	enum oci_kind kind;
	size_t len;

	if (has_manifest(p, &d->digest))
		return 0;
	if (depth > DEPTH_MAX)
		return err_set(e, -EINVAL, "indexes are nested deeper than %d", DEPTH_MAX);
	int rc = store_lease_add(&p->lease, &d->digest, e);
	if (rc == 0)
		rc = store_blob_load(p->store, d, OCI_MANIFEST_MAX, &text, &len, e);
	if (rc == -ENOENT && depth) {
		char platform[OCI_PLATFORM_MAX];

		oci_platform_str(&d->platform, platform);
		p->hint = "pull what is missing with --platform, or push one platform, without --all-platforms";
		return err_set(e, -ENOENT, "the store lacks the image '%s' for %s", d->digest.text,
			       d->platform.os[0] ? platform : "no platform");
	}
	if (rc == 0)
		rc = oci_doc_kind(text, len, d->media_type, &kind, e);
	if (rc < 0)
		return rc;
	rc = kind == OCI_KIND_INDEX ? take_index(p, text, len, &own, depth, &subject, e) :
				       take_image(p, text, len, &own, &subject, e);
	if (rc == 0 && (kind != OCI_KIND_INDEX || p->desc->all_platforms))
		rc = add_manifest(p, &own, &subject, TAKE(text), len, e);
	return rc;
}

/* Other repositories of the same registry that have some of it, as far as our names tell. */
static int find_mounts(struct push *p, struct err *e)
{
	struct store_tags tags = { 0 };
	struct oci_platform want;
	int rc = store_tags_load(p->store, &tags, e);

	if (rc == 0)
		rc = oci_platform_parse(p->desc->platform, &want, e);
	for (size_t i = 0; rc == 0 && i < tags.n; i++) {
		struct oci_ref ref AUTO(oci_ref_finish) = { 0 };
		struct oci_image m;

		if (!tags.v[i].name || oci_ref_parse(tags.v[i].name, &ref, NULL) < 0 || ref.transport != OCI_REGISTRY ||
		    strcmp(ref.host, p->ref.host) != 0 || strcmp(ref.repo, p->ref.repo) == 0 ||
		    oci_layout_image(&p->store->layout, &tags.v[i].desc, &want, &m, NULL) < 0)
			continue;
		for (size_t k = 0; k <= m.manifest.nlayers; k++) {
			const struct oci_desc *d = k < m.manifest.nlayers ? &m.manifest.layers[k] : &m.manifest.config;
			struct push_blob *b = find_blob(p, &d->digest);

			if (b && !b->from && !(b->from = strdup(ref.repo)))
				rc = err_set(e, -ENOMEM, "out of memory");
		}
		oci_image_finish(&m);
	}
	store_tags_finish(&tags);
	return rc;
}

/* What is in a file is taken in first, as the image that its digest names. */
static int resolve(struct push *p, struct oci_desc *ret, struct err *e)
{
	struct oci_ref ref AUTO(oci_ref_finish) = { 0 };

	int rc = oci_ref_try(p->desc->src, &ref, e);

	if (rc < 0)
		return rc;
	if (ref.transport != OCI_REGISTRY)
		return store_load_file(p->store, &ref, &p->pace, ret, e);
	return store_image_resolve(p->store, p->desc->src, ret, e);
}

int push_source(struct push *p, struct err *e)
{
	struct oci_desc top;
	int rc = store_open(p->desc->root, &p->store, e);

	if (rc == 0)
		rc = store_lease_begin(p->store, &p->lease, e);
	if (rc == 0)
		rc = resolve(p, &top, e);
	if (rc == 0)
		rc = take(p, &top, 0, e);
	return rc < 0 ? rc : find_mounts(p, e);
}

void push_source_finish(struct push *p)
{
	for (size_t i = 0; i < p->nblobs; i++) {
		if (p->blobs[i].fd >= 0)
			close(p->blobs[i].fd);
		free(p->blobs[i].from);
	}
	for (size_t i = 0; i < p->nmanifests; i++)
		free(p->manifests[i].text);
	free(p->blobs);
	free(p->manifests);
	p->blobs = NULL;
	p->manifests = NULL;
	p->nblobs = p->nmanifests = 0;
	store_lease_end(&p->lease);
	store_close(TAKE(p->store));
}
