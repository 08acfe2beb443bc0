/* SPDX-License-Identifier: Apache-2.0 */
/* load-docker.c - archives of docker save: manifest.json lists images, each a config and tars of layers, which get a
 * manifest of OCI's. The config stays byte for byte, so the image's id does. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/str.h"
#include "oci/inflate.h"
#include "oci/ref.h"
#include "store/content.h"
#include "store/load.h"

#define IMAGES_MAX 4096
#define CHUNK (256u << 10)

struct docker {
	struct store *store;
	struct store_lease *lease;
	const struct store_source *src;
	const char *tag;
	struct pace *pace;
	struct store_loaded *out;
};

/* What is read of a layer to know it. */
struct layer {
	struct oci_hash stored, inner;
	struct oci_inflate *inflate;
	uint8_t *in, *out;
};

static void layer_finish(struct layer *l)
{
	oci_hash_finish(&l->stored);
	oci_hash_finish(&l->inner);
	oci_inflate_destroy(l->inflate);
	free(l->in);
	free(l->out);
}

static int inflate(struct layer *l, size_t n, struct err *e)
{
	for (size_t at = 0, used = 0, made = 1; made || at < n; at += used) {
		int rc = oci_inflate_run(l->inflate, l->in + at, n - at, &used, l->out, CHUNK, &made, e);

		if (rc < 0)
			return rc;
		if (made && oci_hash_add(&l->inner, l->out, made) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		if (!used && !made)
			break;
	}
	return 0;
}

/* The digest of a compressed layer's bytes; what is in it must have diff_id. */
static int measure(struct docker *k, const struct store_range *r, const struct oci_digest *diff_id, struct oci_digest *ret,
		   struct err *e)
{
	AUTO(layer_finish) struct layer l = { .in = malloc(CHUNK), .out = malloc(CHUNK) };
	struct oci_digest inner;

	if (!l.in || !l.out || oci_hash_init(&l.stored, OCI_SHA256) < 0 ||
	    oci_hash_init(&l.inner, oci_digest_alg(diff_id)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = oci_inflate_create(OCI_INFLATE_AUTO, &l.inflate, e);
	for (uint64_t at = 0; rc == 0 && at < r->size;) {
		ssize_t n = pread(r->fd, l.in, (size_t)MIN(r->size - at, (uint64_t)CHUNK), (off_t)(r->off + at));

		if (n <= 0)
			return err_sys(e, n < 0 ? -errno : -EIO, "cannot read a layer");
		at += (uint64_t)n;
		rc = oci_hash_add(&l.stored, l.in, (size_t)n) < 0 ? err_set(e, -ENOMEM, "out of memory") :
								    inflate(&l, (size_t)n, e);
		if (rc == 0)
			rc = pace_step(k->pace, 0, e);
	}
	if (rc == 0)
		rc = oci_inflate_end(l.inflate, e);
	if (rc == 0 && (oci_hash_end(&l.stored, ret) < 0 || oci_hash_end(&l.inner, &inner) < 0))
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0 && !oci_digest_eq(&inner, diff_id))
		rc = err_set(e, -EBADMSG, "its digest is %s, the image's config says %s", inner.text, diff_id->text);
	return rc;
}

static const char *media_of(const struct store_range *r)
{
	uint8_t head[4] = { 0 };

	if (r->size < 4 || pread(r->fd, head, 4, (off_t)r->off) != 4)
		return OCI_MT_LAYER;
	return head[0] == 0x1f && head[1] == 0x8b		   ? OCI_MT_LAYER_GZIP :
	       memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0 ? OCI_MT_LAYER_ZSTD :
								     OCI_MT_LAYER;
}

static int load_layer(struct docker *k, const char *path, const struct oci_digest *diff_id, struct oci_desc *ret,
		      struct err *e)
{
	AUTO(store_range_finish) struct store_range r = { .fd = -1 };
	struct oci_desc d = { .size = 0 };
	int rc = store_source_find(k->src, path, &r, e);

	if (rc < 0)
		return rc;
	strcpy(d.media_type, media_of(&r));
	d.kind = oci_media_kind(d.media_type);
	d.size = r.size;
	d.digest = *diff_id; /* of one that is not compressed; taking it in checks it */
	if (d.kind != OCI_KIND_LAYER_TAR)
		rc = measure(k, &r, diff_id, &d.digest, e);
	if (rc == 0)
		rc = store_blob_add_range(k->store, k->lease, &r, &d, k->pace, e);
	if (rc < 0)
		return err_wrap(e, rc, "layer '%.200s'", path);
	*ret = d;
	return 0;
}

/* A config whose name says its digest must have it. */
static int check_config_name(const char *path, const struct oci_digest *d, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strspn(name, "0123456789abcdef");

	if (n != 64 || (name[n] && strcmp(name + n, ".json") != 0) || strncmp(name, oci_digest_hex(d), 64) == 0)
		return 0;
	return err_set(e, -EBADMSG, "config '%.200s' is damaged: its digest is %s", path, d->text);
}

static int add_manifest(struct docker *k, const struct oci_desc *config, const struct oci_desc *layers, size_t n,
			struct oci_desc *ret, struct err *e)
{
	AUTO_JSON cJSON *m = cJSON_CreateObject();
	cJSON *list, *c = oci_desc_json(config);
	bool ok = m && cJSON_AddNumberToObject(m, "schemaVersion", 2) &&
		  cJSON_AddStringToObject(m, "mediaType", OCI_MT_MANIFEST);

	if (!ok || !c || !cJSON_AddItemToObject(m, "config", c)) {
		cJSON_Delete(c);
		return err_set(e, -ENOMEM, "out of memory");
	}
	list = cJSON_AddArrayToObject(m, "layers");
	for (size_t i = 0; list && i < n; i++)
		cJSON_AddItemToArray(list, oci_desc_json(&layers[i]));
	AUTO_FREE char *text = list ? json_print(m) : NULL;
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	*ret = (struct oci_desc){ .kind = OCI_KIND_MANIFEST };
	strcpy(ret->media_type, OCI_MT_MANIFEST);
	return store_blob_add(k->store, k->lease, text, strlen(text), ret, e);
}

static int add_names(struct docker *k, const cJSON *tags, const struct oci_desc *d, struct err *e)
{
	const cJSON *tag;
	bool named = false;

	cJSON_ArrayForEach(tag, tags)
	{
		AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
		int rc = cJSON_IsString(tag) ? oci_ref_parse(tag->valuestring, &ref, e) : -EINVAL;

		if (rc == 0 && ref.transport != OCI_REGISTRY)
			rc = err_set(e, -EINVAL, "'%.200s' is no name of an image", tag->valuestring);
		AUTO_FREE char *full = rc == 0 ? oci_ref_str(&ref) : NULL;
		if (rc == 0)
			rc = full ? store_loaded_add(k->out, d, full, e) : err_set(e, -ENOMEM, "out of memory");
		if (rc < 0)
			return rc;
		named = true;
	}
	return named ? 0 : store_loaded_add(k->out, d, NULL, e);
}

/* Has the image the name that was asked for: "a/b:1" or "1"? */
static bool is_wanted(const struct docker *k, const cJSON *tags)
{
	const cJSON *tag;

	if (!k->tag)
		return true;
	cJSON_ArrayForEach(tag, tags)
	{
		const char *name = cJSON_IsString(tag) ? tag->valuestring : "", *colon = strrchr(name, ':');

		if (strcmp(name, k->tag) == 0 || (colon && strcmp(colon + 1, k->tag) == 0))
			return true;
	}
	return false;
}

static int load_image(struct docker *k, const cJSON *image, struct err *e)
{
	AUTO(oci_config_finish) struct oci_config c = { 0 };
	AUTO_FREE char *text = NULL;
	AUTO_FREE struct oci_desc *layers = NULL;
	const char *path = json_str(image, "Config");
	const cJSON *list = json_arr(image, "Layers"), *tags = json_arr(image, "RepoTags"), *layer;
	struct oci_desc config = { .kind = OCI_KIND_CONFIG }, manifest;
	size_t len, n = 0;

	if (!is_wanted(k, tags))
		return 0;
	if (!path || !list)
		return err_set(e, -EINVAL, "manifest.json lists an image without config or layers");
	int rc = store_source_text(k->src, path, OCI_MANIFEST_MAX, &text, &len, e);
	if (rc == 0)
		rc = oci_config_parse(text, len, &c, e);
	if (rc == 0 && c.ndiff_ids != (size_t)cJSON_GetArraySize(list))
		rc = err_set(e, -EINVAL, "its config names %zu layers, manifest.json %d", c.ndiff_ids,
			     cJSON_GetArraySize(list));
	layers = calloc(c.ndiff_ids + 1, sizeof(*layers));
	if (rc == 0 && !layers)
		rc = err_set(e, -ENOMEM, "out of memory");
	cJSON_ArrayForEach(layer, list)
		if (rc == 0) {
			rc = cJSON_IsString(layer) ? load_layer(k, layer->valuestring, &c.diff_ids[n], &layers[n], e) :
						     err_set(e, -EINVAL, "manifest.json names a layer that is no text");
			n++;
		}
	strcpy(config.media_type, OCI_MT_CONFIG);
	if (rc == 0)
		rc = store_blob_add(k->store, k->lease, text, len, &config, e);
	if (rc == 0)
		rc = check_config_name(path, &config.digest, e);
	if (rc == 0)
		rc = add_manifest(k, &config, layers, n, &manifest, e);
	return rc == 0 ? add_names(k, tags, &manifest, e) : rc;
}

int store_load_docker(struct store *s, struct store_lease *l, const struct store_source *src, const char *tag,
		      struct pace *p, struct store_loaded *out, struct err *e)
{
	struct docker k = { s, l, src, tag, p, out };
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *j = NULL;
	const cJSON *image;
	size_t len;
	int rc = store_source_text(src, "manifest.json", OCI_MANIFEST_MAX, &text, &len, e);

	if (rc == 0)
		rc = json_parse(text, len, "manifest.json", &j, e);
	if (rc == 0 && (!cJSON_IsArray(j) || cJSON_GetArraySize(j) > IMAGES_MAX))
		rc = err_set(e, -EINVAL, "manifest.json is no list of images");
	cJSON_ArrayForEach(image, j)
		if (rc == 0)
			rc = load_image(&k, image, e);
	return rc < 0 ? err_wrap(e, rc, "'%s'", src->name) : 0;
}
