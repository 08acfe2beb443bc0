/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c - image manifests and indexes. */
#include "oci/manifest.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/json.h"

static int parse_doc(const char *text, size_t len, const char *what, cJSON **ret, struct err *e)
{
	if (len > OCI_MANIFEST_MAX)
		return err_set(e, -EFBIG, "the %s is larger than %u MiB", what, OCI_MANIFEST_MAX >> 20);
	int rc = json_parse(text, len, what, ret, e);
	if (rc < 0)
		return rc;
	if (cJSON_IsObject(*ret))
		return 0;
	cJSON_Delete(*ret);
	*ret = NULL;
	return err_set(e, -EINVAL, "the %s is not a JSON object", what);
}

static void set_media_type(const cJSON *j, const char *name, const char *or_else, char ret[static OCI_MT_MAX])
{
	const char *s = json_str(j, name);

	if (!s || strlen(s) >= OCI_MT_MAX)
		s = or_else;
	strcpy(ret, s);
}

static int kind_of(const cJSON *j, const char *media_type, enum oci_kind *ret, struct err *e)
{
	const char *own = json_str(j, "mediaType");
	enum oci_kind kind = oci_media_kind(own && *own ? own : media_type);
	bool list = json_arr(j, "manifests"), image = json_obj(j, "config") || json_arr(j, "layers");

	if (kind == OCI_KIND_SCHEMA1 || (json_int(j, "schemaVersion", 2) == 1 && json_arr(j, "fsLayers")))
		return err_set(e, -ENOTSUP, "it is in docker's old manifest format, schema 1, which is not "
					    "supported: push the image anew with a current tool");
	/* One document must not be two things to two readers (CVE-2021-41190). */
	if (list && image)
		return err_set(e, -EINVAL, "it is both a manifest and an index");
	if (kind == OCI_KIND_INDEX ? image : kind == OCI_KIND_MANIFEST && list)
		return err_set(e, -EINVAL, "its media type and its content disagree");
	if (kind != OCI_KIND_INDEX && kind != OCI_KIND_MANIFEST)
		kind = list ? OCI_KIND_INDEX : image ? OCI_KIND_MANIFEST : OCI_KIND_OTHER;
	if (kind == OCI_KIND_OTHER)
		return err_set(e, -EINVAL, "it is neither a manifest nor an index");
	*ret = kind;
	return 0;
}

int oci_doc_kind(const char *text, size_t len, const char *media_type, enum oci_kind *ret, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	int rc = parse_doc(text, len, "manifest", &j, e);

	return rc < 0 ? rc : kind_of(j, media_type, ret, e);
}

/* The descriptors of array, which may be NULL. */
static int parse_list(const cJSON *array, size_t max, const char *what, struct oci_desc **ret, size_t *ret_n,
		      struct err *e)
{
	size_t n = 0;
	const cJSON *it;

	cJSON_ArrayForEach(it, array)
		n++;
	if (n > max)
		return err_set(e, -EFBIG, "it has %zu %s, more than %zu", n, what, max);

	AUTO_FREE struct oci_desc *d = calloc(n ? n : 1, sizeof *d);
	if (!d)
		return err_set(e, -ENOMEM, "out of memory");
	n = 0;
	cJSON_ArrayForEach(it, array) {
		int rc = cJSON_IsObject(it) ? oci_desc_parse(it, &d[n], e) :
					      err_set(e, -EINVAL, "an entry of %s is no object", what);
		if (rc < 0)
			return rc;
		n++;
	}
	*ret = TAKE(d);
	*ret_n = n;
	return 0;
}

static int manifest_parse(const char *text, size_t len, struct oci_manifest *m, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	enum oci_kind kind;
	int rc = parse_doc(text, len, "manifest", &j, e);

	if (rc == 0)
		rc = kind_of(j, NULL, &kind, e);
	if (rc < 0)
		return rc;
	if (kind != OCI_KIND_MANIFEST)
		return err_set(e, -EINVAL, "it is an index");
	set_media_type(j, "mediaType", OCI_MT_MANIFEST, m->media_type);
	set_media_type(j, "artifactType", "", m->artifact_type);
	if (!json_obj(j, "config"))
		return err_set(e, -EINVAL, "it has no config");
	rc = oci_desc_parse(json_obj(j, "config"), &m->config, e);
	if (rc == 0 && json_obj(j, "subject"))
		rc = oci_desc_parse(json_obj(j, "subject"), &m->subject, e);
	if (rc < 0)
		return rc;
	return parse_list(json_arr(j, "layers"), OCI_LAYERS_MAX, "layers", &m->layers, &m->nlayers, e);
}

int oci_manifest_parse(const char *text, size_t len, struct oci_manifest *ret, struct err *e)
{
	struct oci_manifest m AUTO(oci_manifest_finish) = { 0 };
	int rc = manifest_parse(text, len, &m, e);

	if (rc < 0)
		return err_wrap(e, rc, "cannot read the manifest");
	*ret = m;
	m = (struct oci_manifest){ 0 };
	return 0;
}

static int index_parse(const char *text, size_t len, struct oci_index *x, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	enum oci_kind kind;
	int rc = parse_doc(text, len, "index", &j, e);

	if (rc == 0)
		rc = kind_of(j, NULL, &kind, e);
	if (rc < 0)
		return rc;
	if (kind != OCI_KIND_INDEX)
		return err_set(e, -EINVAL, "it is a manifest");
	set_media_type(j, "mediaType", OCI_MT_INDEX, x->media_type);
	if (json_obj(j, "subject")) {
		rc = oci_desc_parse(json_obj(j, "subject"), &x->subject, e);
		if (rc < 0)
			return rc;
	}
	return parse_list(json_arr(j, "manifests"), OCI_INDEX_MAX, "manifests", &x->entries, &x->nentries, e);
}

int oci_index_parse(const char *text, size_t len, struct oci_index *ret, struct err *e)
{
	struct oci_index x AUTO(oci_index_finish) = { 0 };
	int rc = index_parse(text, len, &x, e);

	if (rc < 0)
		return err_wrap(e, rc, "cannot read the index");
	*ret = x;
	x = (struct oci_index){ 0 };
	return 0;
}

void oci_manifest_finish(struct oci_manifest *m)
{
	free(m->layers);
	m->layers = NULL;
	m->nlayers = 0;
}

void oci_index_finish(struct oci_index *x)
{
	free(x->entries);
	x->entries = NULL;
	x->nentries = 0;
}

/* Some builders leave the config's type out or give one of their own. */
static bool other_config(const struct oci_manifest *m)
{
	return strcmp(m->config.media_type, OCI_MT_EMPTY) == 0 ||
	       (m->config.kind != OCI_KIND_CONFIG && m->config.kind != OCI_KIND_OTHER);
}

bool oci_manifest_is_artifact(const struct oci_manifest *m)
{
	if (m->artifact_type[0] || other_config(m))
		return true;
	for (size_t i = 0; m->config.kind == OCI_KIND_OTHER && i < m->nlayers; i++)
		if (!oci_kind_is_layer(m->layers[i].kind))
			return true;
	return false;
}

const char *oci_manifest_artifact_type(const struct oci_manifest *m)
{
	return m->artifact_type[0] ? m->artifact_type : m->config.media_type;
}

int oci_manifest_check_image(const struct oci_manifest *m, struct err *e)
{
	if (m->artifact_type[0])
		return err_set(e, -ENOTSUP, "it is not an image but an artifact of type '%s'", m->artifact_type);
	if (other_config(m))
		return err_set(e, -ENOTSUP, "it is not an image: its config is of type '%s'",
			       m->config.media_type);
	if (m->config.size > OCI_MANIFEST_MAX)
		return err_set(e, -EFBIG, "its config is larger than %u MiB", OCI_MANIFEST_MAX >> 20);
	for (size_t i = 0; i < m->nlayers; i++) {
		const struct oci_desc *l = &m->layers[i];

		if (l->kind == OCI_KIND_LAYER_FOREIGN)
			return err_set(e, -ENOTSUP, "layer %zu is of type '%s', which registries do not hold",
				       i + 1, l->media_type);
		if (!oci_kind_is_layer(l->kind))
			return err_set(e, -ENOTSUP, "layer %zu is of type '%s', which is not known", i + 1,
				       l->media_type);
	}
	return 0;
}

static int no_match(const struct oci_index *x, const struct oci_platform *want, struct err *e)
{
	AUTO_BUF struct buf list = { 0 };
	char name[OCI_PLATFORM_MAX];

	for (size_t i = 0; i < x->nentries && list.len < 200; i++) {
		const struct oci_desc *d = &x->entries[i];

		if (d->attestation || !d->platform.arch[0])
			continue;
		oci_platform_str(&d->platform, name);
		if (buf_addf(&list, "%s%s", list.len ? ", " : "", name) < 0)
			break;
	}
	oci_platform_str(want, name);
	return err_set(e, -ENOENT, "there is no image for %s; there is %s", name,
		       list.len ? (char *)list.p : "none that names a platform");
}

int oci_index_choose(const struct oci_index *x, const struct oci_platform *want, const struct oci_desc **ret,
		     struct err *e)
{
	const struct oci_desc *best = NULL;
	int best_score = 0;

	for (size_t i = 0; i < x->nentries; i++) {
		const struct oci_desc *d = &x->entries[i];
		int score = d->attestation ? 0 : oci_platform_match(want, &d->platform);

		if (score > best_score) {
			best = d;
			best_score = score;
		}
	}
	if (!best && x->nentries == 1 && !x->entries[0].platform.arch[0] && !x->entries[0].attestation)
		best = &x->entries[0];
	if (!best)
		return no_match(x, want, e);
	*ret = best;
	return 0;
}
