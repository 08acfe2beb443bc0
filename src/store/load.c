/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - the images of a layout, and the names of all. */
#include "store/load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/str.h"
#include "oci/ref.h"
#include "store/gc.h"
#include "store/import.h"
#include "store/spool.h"
#include "store/tags.h"

#define MARKER_MAX 4096
#define IMAGES_MAX 4096
#define CONTAINERD_NAME "io.containerd.image.name" /* docker and containerd write it beside ref.name */

int store_loaded_add(struct store_loaded *out, const struct oci_desc *d, const char *name, struct err *e)
{
	struct oci_desc *v = reallocarray(out->v, out->n + 1, sizeof(*v));
	if (v)
		out->v = v;
	char **names = reallocarray(out->names, out->n + 1, sizeof(*names));
	if (names)
		out->names = names;
	char *copy = name ? strdup(name) : NULL;
	if (!v || !names || (name && !copy)) {
		free(copy);
		return err_set(e, -ENOMEM, "out of memory");
	}
	v[out->n] = *d;
	names[out->n++] = copy;
	return 0;
}

void store_loaded_finish(struct store_loaded *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	free(l->names);
	free(l->v);
	*l = (struct store_loaded){ 0 };
}

/* --- layouts */

static int check_marker(const struct store_source *src, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *j = NULL;
	size_t len;
	int rc = store_source_text(src, "oci-layout", MARKER_MAX, &text, &len, e);

	if (rc == 0)
		rc = json_parse(text, len, "oci-layout", &j, e);
	if (rc < 0)
		return rc;
	const char *version = json_str(j, "imageLayoutVersion");
	if (!version || strncmp(version, "1.", 2) != 0)
		return err_set(e, -EINVAL, "'%s' is an image layout of version '%s', which is not known", src->name,
			       version ? version : "");
	return 0;
}

/* The full reference that an entry of the index is known by, *ret NULL if it says none: a tag alone is no name. */
static int name_of(const cJSON *entry, char **ret, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	const cJSON *notes = json_obj(entry, "annotations");
	const char *name = json_str(notes, CONTAINERD_NAME);

	if (!name) {
		name = json_str(notes, OCI_REF_NAME);
		if (name && !strpbrk(name, ":/"))
			name = NULL;
	}
	*ret = NULL;
	int rc = name ? oci_ref_try(name, &ref, e) : 0;
	if (rc <= 0 || ref.transport != OCI_REGISTRY)
		return MIN(rc, 0);
	*ret = oci_ref_str(&ref);
	return *ret ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static bool has_name(const cJSON *entry, const char *tag)
{
	const char *name = json_str(json_obj(entry, "annotations"), OCI_REF_NAME);

	return name && strcmp(name, tag) == 0;
}

/* As oci_layout_find has it: the whole ref.name or, if none is that, what is behind its ':'. */
static bool is_wanted(const cJSON *list, const cJSON *entry, const char *tag)
{
	const char *name = json_str(json_obj(entry, "annotations"), OCI_REF_NAME);
	const char *colon = name ? strrchr(name, ':') : NULL;
	const cJSON *other;

	if (!tag || has_name(entry, tag))
		return true;
	cJSON_ArrayForEach(other, list)
		if (has_name(other, tag))
			return false;
	return colon && strcmp(colon + 1, tag) == 0;
}

static int load_layout(struct store *s, struct store_lease *l, const struct store_source *src, const char *tag,
		       bool single, struct pace *p, struct store_loaded *out, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *j = NULL;
	const cJSON *list, *entry;
	size_t len;
	int rc = check_marker(src, e);

	if (rc == 0)
		rc = store_source_text(src, "index.json", OCI_MANIFEST_MAX, &text, &len, e);
	if (rc == 0)
		rc = json_parse(text, len, "index.json", &j, e);
	if (rc < 0)
		return err_wrap(e, rc, "'%s'", src->name);
	list = json_arr(j, "manifests");
	if (!list || cJSON_GetArraySize(list) > IMAGES_MAX)
		return err_set(e, -EINVAL, "'%s': index.json has %s manifests", src->name, list ? "too many" : "no");
	if (single && !tag && cJSON_GetArraySize(list) > 1)
		tag = "latest";
	cJSON_ArrayForEach(entry, list)
	{
		AUTO_FREE char *name = NULL;
		struct oci_desc d;

		if (!is_wanted(list, entry, tag))
			continue;
		rc = oci_desc_parse(entry, &d, e);
		if (rc == 0)
			rc = store_import_desc(s, l, src, &d, p, e);
		if (rc == 0)
			rc = name_of(entry, &name, e);
		if (rc == 0)
			rc = store_loaded_add(out, &d, name, e);
		if (rc < 0)
			return err_wrap(e, rc, "'%s'", src->name);
	}
	return 0;
}

/* --- both */

static int load_all(struct store *s, struct store_lease *l, const struct store_source *src, const char *tag, bool single,
		    struct pace *p, struct store_loaded *out, struct err *e)
{
	if (store_source_has(src, "oci-layout") && store_source_has(src, "index.json"))
		return load_layout(s, l, src, tag, single, p, out, e);
	if (store_source_has(src, "manifest.json"))
		return store_load_docker(s, l, src, tag, p, out, e);
	return err_set(e, -EINVAL, "'%s' holds no images: it has neither 'oci-layout' nor 'manifest.json'", src->name);
}

static int name_all(struct store *s, const struct store_loaded *l, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->n; i++)
		rc = store_tag_set(s, l->names[i], &l->v[i], e);
	return rc;
}

static int check_single(const struct store_source *src, const struct store_loaded *l, struct err *e)
{
	for (size_t i = 1; i < l->n; i++)
		if (!oci_digest_eq(&l->v[i].digest, &l->v[0].digest))
			return err_set(e, -EINVAL, "'%s' has several images, so one must be named", src->name);
	return 0;
}

int store_load(struct store *s, const struct store_source *src, const char *tag, bool single, struct pace *p,
	       struct store_loaded *ret, struct err *e)
{
	struct store_loaded out = { 0 };
	struct store_lease lease = { .fd = -1 };
	int rc = store_lease_begin(s, &lease, e);

	lease.remember = true;
	if (rc == 0)
		rc = load_all(s, &lease, src, tag, single, p, &out, e);
	if (rc == 0 && !out.n)
		rc = tag ? err_set(e, -ENOENT, "'%s' has no image '%s'", src->name, tag) :
			   err_set(e, -ENOENT, "'%s' has no images", src->name);
	if (rc == 0 && single)
		rc = check_single(src, &out, e);
	if (rc == 0)
		rc = single ? store_tag_set(s, NULL, &out.v[0], e) : name_all(s, &out, e);
	if (rc < 0) {
		store_loaded_finish(&out);
		store_gc_take_back(&lease);
		return rc;
	}
	store_lease_end(&lease);
	*ret = out;
	return 0;
}

int store_load_file(struct store *s, const struct oci_ref *ref, struct pace *p, struct oci_desc *ret, struct err *e)
{
	AUTO(store_loaded_finish) struct store_loaded out = { 0 };
	struct store_source src;
	AUTO_CLOSE int fd = store_input_open(ref->path);
	int rc = fd < 0 ? err_sys(e, fd, "cannot open '%s'", ref->path) :
			  store_source_open(s, fd, ref->path, 0, p, &src, e);

	if (rc < 0)
		return rc;
	rc = store_load(s, &src, ref->tag, true, p, &out, e);
	store_source_finish(&src);
	if (rc == 0)
		*ret = out.v[0];
	return rc;
}
