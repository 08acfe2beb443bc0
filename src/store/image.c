/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - from names to images. */
#include "store/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "oci/ref.h"
#include "store/container.h"
#include "store/content.h"
#include "store/rootfs.h"

#define PREFIX_MIN 4

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "out of memory");
}

void store_image_finish(struct store_image *m)
{
	oci_image_finish(&m->image);
	strv_free(m->names);
	m->names = NULL;
}

/* All names that the index has for that digest; *ret stays NULL if there is none. */
static int collect_names(const struct store_tags *t, const struct oci_digest *d, char ***ret)
{
	char **v = calloc(t->n + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++) {
		if (!t->v[i].name || !oci_digest_eq(&t->v[i].desc.digest, d))
			continue;
		v[n] = strdup(t->v[i].name);
		if (!v[n++]) {
			strv_free(v);
			return -ENOMEM;
		}
	}
	if (!n) {
		free(v);
		v = NULL;
	}
	*ret = v;
	return 0;
}

/* Of an index: the first image whose documents are there, for whatever platform it is. */
static int load_foreign(struct store *s, const struct oci_desc *d, struct oci_image *ret, struct err *e)
{
	AUTO(oci_index_finish) struct oci_index x = { 0 };
	AUTO_FREE char *text = NULL;
	enum oci_kind kind;
	size_t len;
	int rc = store_blob_load(s, d, OCI_MANIFEST_MAX, &text, &len, e);

	if (rc == 0)
		rc = oci_doc_kind(text, len, d->media_type, &kind, e);
	if (rc == 0 && kind != OCI_KIND_INDEX)
		rc = -ENOENT;
	if (rc == 0)
		rc = oci_index_parse(text, len, &x, e);
	for (size_t i = 0; rc == 0 && i < x.nentries; i++)
		if (!x.entries[i].attestation &&
		    oci_layout_any(&s->layout, &x.entries[i], &x.entries[i].platform, ret, NULL) == 0) {
			ret->top = *d;
			return 0;
		}
	return rc < 0 ? rc : -ENOENT;
}

static int load_any(struct store *s, const struct store_tags *t, const struct oci_desc *d,
		    const struct oci_platform *want, struct store_image *ret, struct err *e)
{
	struct store_image m = { .rootfs_bytes = 0 };
	struct oci_platform host;

	oci_platform_host(&host);
	int rc = oci_layout_any(&s->layout, d, want ? want : &host, &m.image, e);
	if (rc == -ENOENT && !want && load_foreign(s, d, &m.image, NULL) == 0)
		rc = 0;
	if (rc < 0)
		return rc;
	if (collect_names(t, &d->digest, &m.names) < 0) {
		store_image_finish(&m);
		return no_memory(e);
	}
	if (!m.image.artifact && store_rootfs_key(&m.image.config, m.rootfs_key, NULL) == 0)
		store_rootfs_has(s, m.rootfs_key, &m.rootfs_bytes);
	*ret = m;
	return 0;
}

/* An image, and no artifact. */
static int load_image(struct store *s, const struct store_tags *t, const struct oci_desc *d,
		      const struct oci_platform *want, struct store_image *ret, struct err *e)
{
	int rc = load_any(s, t, d, want, ret, e);

	if (rc < 0 || !ret->image.artifact)
		return rc;
	rc = oci_manifest_check_image(&ret->image.manifest, e);
	store_image_finish(ret);
	return err_wrap(e, rc, "image '%s'", d->digest.text);
}

/* ---- by name --------------------------------------------------------------------------------------------
 */

static const struct oci_desc *find_digest(const struct store_tags *t, const char *digest)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->v[i].desc.digest.text, digest))
			return &t->v[i].desc;
	return NULL;
}

/* NULL in *ret if no name or digest of the index fits. tag_ret (may be NULL): the index's own name. */
static int find_name(const struct store_tags *t, const char *name, const struct oci_desc **ret,
		     const char **tag_ret, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };

	*ret = NULL;
	int rc = oci_ref_try(name, &ref, e);
	if (rc <= 0 || ref.transport != OCI_REGISTRY)
		return rc < 0 ? rc : 0;
	AUTO_FREE char *full = oci_ref_str(&ref);
	if (!full)
		return no_memory(e);
	const struct store_tag *tag = store_tags_find(t, full);
	if (tag) {
		*ret = &tag->desc;
		if (tag_ret)
			*tag_ret = tag->name;
	} else if (ref.digest) {
		*ret = find_digest(t, ref.digest);
	}
	return 0;
}

/* ---- by id ------------------------------------------------------------------------------------------------
 */

/* The hex digits of "sha256:ab…" or "ab…", NULL if it is neither. */
static const char *id_digits(const char *name)
{
	const char *hex = str_starts(name, "sha256:") ? name + strlen("sha256:") : name;

	return strlen(hex) >= PREFIX_MIN && strlen(hex) <= 128 && str_is_hex(hex, strlen(hex)) ? hex : NULL;
}

static bool has_prefix(const struct oci_digest *d, const char *hex)
{
	return str_starts(oci_digest_hex(d), hex);
}

/* 1 or 0; what cannot be read is not it, but for a lack of memory, of which nothing follows. */
static int image_has_prefix(struct store *s, const struct store_tags *t, const struct oci_desc *d,
			    const struct oci_platform *want, const char *hex, struct err *e)
{
	AUTO(store_image_finish) struct store_image m = { 0 };
	int rc;

	if (has_prefix(&d->digest, hex))
		return 1;
	rc = load_any(s, t, d, want, &m, e);
	if (rc < 0)
		return rc == -ENOMEM ? rc : 0;
	return has_prefix(oci_image_id(&m.image), hex) ||
	       has_prefix(&m.image.manifest_desc.digest, hex);
}

static int find_id(struct store *s, const struct store_tags *t, const char *name,
		   const struct oci_platform *want, const struct oci_desc **ret, struct err *e)
{
	const char *hex = id_digits(name);
	const struct oci_desc *found = NULL;
	int rc;

	for (size_t i = 0; hex && i < t->n; i++) {
		const struct oci_desc *d = &t->v[i].desc;

		if (found && oci_digest_eq(&found->digest, &d->digest))
			continue;
		rc = image_has_prefix(s, t, d, want, hex, e);
		if (rc < 0)
			return rc;
		if (!rc)
			continue;
		if (found)
			return err_set(e, -EEXIST, "'%s' is the beginning of several images' ids", name);
		found = d;
	}
	*ret = found;
	return 0;
}

/* ---- the calls --------------------------------------------------------------------------------------------
 */

/* tag_ret: set if it was a name of the index, else NULL. */
static int find_desc(struct store *s, const struct store_tags *t, const char *name,
		     const struct oci_platform *want, const struct oci_desc **ret, const char **tag_ret,
		     struct err *e)
{
	*tag_ret = NULL;
	int rc = find_name(t, name, ret, tag_ret, e);
	if (rc == 0 && !*ret)
		rc = find_id(s, t, name, want, ret, e);
	if (rc < 0)
		return rc;
	return *ret ? 0 : err_set(e, -ENOENT, "there is no image '%s'", name);
}

int store_image_find(struct store *s, const char *name, const struct oci_platform *want,
		     struct store_image *ret, struct err *e)
{
	AUTO(store_tags_finish) struct store_tags t = { 0 };
	const struct oci_desc *d;
	const char *tag;

	int rc = store_tags_load(s, &t, e);
	if (rc == 0)
		rc = find_desc(s, &t, name, want, &d, &tag, e);
	return rc < 0 ? rc : load_image(s, &t, d, want, ret, e);
}

static int64_t created_ns(const struct store_image *m)
{
	int64_t ns;

	return m->image.config.created && clock_parse_rfc3339(m->image.config.created, &ns) == 0 ? ns
												 : INT64_MIN;
}

static int newest_first(const void *pa, const void *pb)
{
	int64_t a = created_ns(pa), b = created_ns(pb);

	return a > b ? -1 : a < b;
}

int store_image_list(struct store *s, struct store_image **ret, size_t *ret_n, struct err *e)
{
	AUTO(store_tags_finish) struct store_tags t = { 0 };
	size_t n = 0;

	int rc = store_tags_load(s, &t, e);
	if (rc < 0)
		return rc;
	struct store_image *v = calloc(t.n + 1, sizeof(*v));
	if (!v)
		return no_memory(e);
	for (size_t i = 0; i < t.n; i++) {
		const struct oci_desc *d = &t.v[i].desc;

		if (find_digest(&t, d->digest.text) == d && load_any(s, &t, d, NULL, &v[n], NULL) == 0)
			n++;
	}
	qsort(v, n, sizeof(*v), newest_first);
	*ret = v;
	*ret_n = n;
	return 0;
}

void store_image_list_free(struct store_image *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		store_image_finish(&v[i]);
	free(v);
}

/* ---- removing ---------------------------------------------------------------------------------------------
 */

static bool uses(const struct container *c, const struct store_image *m)
{
	const char *id = json_str(c->config, "image_id"), *digest = json_str(c->config, "image_digest");

	return (id && !strcmp(id, oci_image_id(&m->image)->text)) ||
	       (digest && (!strcmp(digest, m->image.top.digest.text) ||
			   !strcmp(digest, m->image.manifest_desc.digest.text)));
}

/* -EBUSY if a container uses the image; with force only one that runs counts. */
static int check_users(struct store *s, const struct store_image *m, bool force, struct err *e)
{
	char **ids = NULL;

	int rc = container_ids(s->root, &ids, e);
	for (size_t i = 0; rc == 0 && ids && ids[i]; i++) {
		AUTO(container_finish) struct container c = { 0 };

		if (container_read(s->root, ids[i], &c, NULL) < 0 || !uses(&c, m) || (force && !c.alive))
			continue;
		const char *name = json_str(c.config, "name");
		rc = err_set(e, -EBUSY, "%s container '%s' uses it", c.alive ? "the running" : "the stopped",
			     name ? name : ids[i]);
	}
	strv_free(ids);
	return rc;
}

bool store_image_used(struct store *s, const struct store_image *m)
{
	return check_users(s, m, false, NULL) < 0;
}

static char **one(const char *s)
{
	const char *v[] = { s, NULL };

	return strv_copy(v);
}

int store_image_remove(struct store *s, const char *name, bool force, char ***ret_untagged,
		       char ***ret_deleted, struct err *e)
{
	AUTO(store_tags_finish) struct store_tags t = { 0 };
	AUTO(store_image_finish) struct store_image m = { 0 };
	const struct oci_desc *d;
	const char *tag;
	char **untagged = NULL, **deleted = NULL;

	int rc = store_tags_load(s, &t, e);
	if (rc == 0)
		rc = find_desc(s, &t, name, NULL, &d, &tag, e);
	if (rc < 0)
		return rc;
	bool whole = load_any(s, &t, d, NULL, &m, NULL) == 0; /* a damaged image can be removed, too */
	if (!whole && collect_names(&t, &d->digest, &m.names) < 0)
		return no_memory(e);
	size_t nnames = m.names ? strv_len((const char *const *)m.names) : 0;
	bool last = !tag || nnames <= 1;

	if (!tag && nnames > 1 && !force)
		return err_set(e, -EEXIST, "image '%s' has several names, of which '%s' is one", name,
			       m.names[0]);
	if (last && whole)
		rc = check_users(s, &m, force, e);
	if (rc < 0)
		return err_wrap(e, rc, "cannot remove image '%s'", name);
	untagged = tag ? one(tag) : m.names ? strv_copy((const char *const *)m.names) : one(NULL);
	deleted = one(!last ? NULL : whole ? oci_image_id(&m.image)->text : d->digest.text);
	if (!untagged || !deleted)
		rc = no_memory(e);
	else
		rc = last ? store_tag_remove_digest(s, &d->digest, e) : store_tag_remove(s, tag, e);
	if (rc < 0) {
		strv_free(untagged);
		strv_free(deleted);
		return rc;
	}
	*ret_untagged = untagged;
	*ret_deleted = deleted;
	return 0;
}

/* --- what a name means */

int store_image_resolve(struct store *s, const char *name, struct oci_desc *ret, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	AUTO_FREE char *full = NULL;
	struct store_tags tags = { 0 };
	const struct store_tag *tag;
	struct store_image image;
	int rc = oci_ref_try(name, &ref, e);

	if (rc < 0)
		return rc;
	if (rc > 0 && ref.transport == OCI_REGISTRY && !(full = oci_ref_str(&ref)))
		return err_set(e, -ENOMEM, "out of memory");
	rc = store_tags_load(s, &tags, e);
	if (rc < 0)
		return rc;
	tag = full ? store_tags_find(&tags, full) : NULL;
	if (tag)
		*ret = tag->desc;
	store_tags_finish(&tags);
	if (tag)
		return 0;
	rc = store_image_find(s, name, NULL, &image, e);
	if (rc < 0)
		return rc;
	*ret = image.image.top;
	store_image_finish(&image);
	return 0;
}
