/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - images of the store: listed, inspected, removed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/create.h"
#include "engine/engine.h"
#include "oci/ref.h"
#include "store/events.h"
#include "store/gc.h"
#include "store/image.h"
#include "store/import.h"
#include "store/load.h"
#include "store/trash.h"

struct image_op {
	struct berth_op op;
	struct work work;
	char *ref;
	unsigned flags;
	union {
		berth_images_cb list;
		berth_json_cb json;
		berth_lines_cb lines;
	} cb;
	struct eng_arena arena;
	struct berth_image *rows;
	size_t n, cap;
	char *json;
	char **lines;
};

static void image_op_free(struct image_op *o)
{
	eng_arena_finish(&o->arena);
	free(o->rows);
	free(o->json);
	free(o->ref);
	strv_free(o->lines);
	free(o);
}

static int image_op_start(struct berth *b, struct image_op *o, void *arg, int (*fn)(struct work *w, struct err *e),
			  void (*done)(struct work *w, int rc, const struct err *e), struct berth_error *be)
{
	int rc;

	eng_op_begin(b, &o->op, arg, NULL, NULL);
	rc = work_start(&o->work, b->loop, fn, done);
	if (rc < 0) {
		list_remove(&o->op.link);
		image_op_free(o);
		return eng_refuse(be, rc, NULL);
	}
	return 0;
}

static int64_t created_of(const struct store_image *m)
{
	int64_t ns = 0;

	return m->image.config.created && clock_parse_rfc3339(m->image.config.created, &ns) == 0 ? ns : 0;
}

/* --- the list: a row a name */

static unsigned users_of(const char *id, char **used)
{
	unsigned n = 0;

	for (; used && *used; used++)
		n += strcmp(*used, id) == 0;
	return n;
}

/* The image ids of all containers. */
static char **used_images(const struct berth *b)
{
	char **ids = NULL, **used;
	size_t k = 0;

	if (container_ids(b->root, &ids, NULL) < 0)
		return NULL;
	used = calloc(strv_len((const char *const *)ids) + 1, sizeof(*used));
	for (char **id = ids; used && *id; id++) {
		struct container c = { 0 };

		if (container_read(b->root, *id, &c, NULL) == 0) {
			used[k] = strdup(json_str(c.config, "image_id") ?: "");
			k += used[k] != NULL;
			container_finish(&c);
		}
	}
	strv_free(ids);
	return used;
}

static const struct berth_image_layer *layers_of(struct image_op *o, const struct oci_manifest *m)
{
	struct berth_image_layer *v = eng_arena_take(&o->arena, calloc(m->nlayers + 1, sizeof(*v)));

	for (size_t i = 0; v && i < m->nlayers; i++)
		v[i] = (struct berth_image_layer){ eng_arena_str(&o->arena, m->layers[i].digest.text),
						   (uint64_t)m->layers[i].size };
	return v;
}

static int add_row(struct image_op *o, const struct store_image *m, const char *name, char **used)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	AUTO_FREE char *repo = NULL;
	AUTO_FREE char *familiar = NULL;
	const char *id = oci_image_id(&m->image)->text;
	char platform[OCI_PLATFORM_MAX], short_id[13] = "";
	struct berth_image *row;

	if (o->n == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 32;

		row = realloc(o->rows, cap * sizeof(*row));
		if (!row)
			return -ENOMEM;
		o->rows = row;
		o->cap = cap;
	}
	if (name && oci_ref_parse(name, &ref, NULL) == 0) {
		repo = oci_ref_name(&ref, false);
		familiar = oci_ref_familiar(&ref);
	}
	if (strlen(id) > 19)
		memcpy(short_id, id + 7, 12);
	oci_platform_str(&m->image.config.platform, platform);
	row = &o->rows[o->n++];
	*row = (struct berth_image){
		.id = eng_arena_str(&o->arena, id),
		.digest = eng_arena_str(&o->arena, m->image.top.digest.text),
		.repository = eng_arena_str(&o->arena, repo),
		.tag = eng_arena_str(&o->arena, ref.tag),
		.name = eng_arena_str(&o->arena, familiar ? familiar : short_id),
		.platform = m->image.artifact ? NULL : eng_arena_str(&o->arena, platform),
		.artifact_type = m->image.artifact ?
					 eng_arena_str(&o->arena, oci_manifest_artifact_type(&m->image.manifest)) :
					 NULL,
		.created = created_of(m),
		.size_bytes = m->image.size,
		.layers = (unsigned)m->image.manifest.nlayers,
		.rootfs_bytes = m->rootfs_bytes,
		.used = users_of(id, used),
		.layer_list = layers_of(o, &m->image.manifest),
	};
	return o->arena.failed ? -ENOMEM : 0;
}

static int load_list(struct work *w, struct err *e)
{
	struct image_op *o = container_of(w, struct image_op, work);
	struct store_image *v = NULL;
	char **used = used_images(o->op.b);
	size_t n = 0;
	int rc = store_image_list(o->op.b->store, &v, &n, e);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!v[i].names || !*v[i].names)
			rc = add_row(o, &v[i], NULL, used);
		for (char **name = v[i].names; rc == 0 && name && *name; name++)
			rc = add_row(o, &v[i], *name, used);
	}
	store_image_list_free(v, n);
	strv_free(used);
	return rc;
}

static void on_list(struct work *w, int rc, const struct err *e)
{
	struct image_op *o = container_of(w, struct image_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	o->cb.list(o->op.arg, rc, eng_error(&be, rc, e, NULL), o->rows, rc < 0 ? 0 : o->n);
	image_op_free(o);
}

int berth_image_list(struct berth *b, berth_images_cb done, void *arg, struct berth_error *e)
{
	struct image_op *o = calloc(1, sizeof(*o));

	if (!o)
		return eng_refuse(e, -ENOMEM, NULL);
	o->cb.list = done;
	return image_op_start(b, o, arg, load_list, on_list, e);
}

/* --- one of them */

static bool has_string(const cJSON *array, const char *text)
{
	const cJSON *s;

	cJSON_ArrayForEach(s, array)
		if (strcmp(s->valuestring, text) == 0)
			return true;
	return false;
}

static char *describe(const struct store_image *m)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	const struct oci_image *img = &m->image;
	cJSON *config = NULL, *tags = cJSON_AddArrayToObject(j, "RepoTags"), *layers, *root;
	cJSON *digests = cJSON_AddArrayToObject(j, "RepoDigests");
	char platform[OCI_PLATFORM_MAX];

	for (char **n = m->names; n && *n; n++) {
		AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
		AUTO_FREE char *familiar = oci_ref_parse(*n, &ref, NULL) == 0 ? oci_ref_familiar(&ref) : NULL;

		AUTO_FREE char *repo = familiar ? oci_ref_name(&ref, true) : NULL;
		AUTO_FREE char *pinned = repo ? path_fmt("%s@%s", repo, img->top.digest.text) : NULL;

		cJSON_AddItemToArray(tags, cJSON_CreateString(familiar ? familiar : *n));
		if (pinned && !has_string(digests, pinned))
			cJSON_AddItemToArray(digests, cJSON_CreateString(pinned));
	}
	oci_platform_str(&img->config.platform, platform);
	cJSON_AddStringToObject(j, "id", img->manifest.config.digest.text);
	cJSON_AddStringToObject(j, "Id", img->manifest.config.digest.text);
	cJSON_AddStringToObject(j, "digest", img->top.digest.text);
	cJSON_AddStringToObject(j, "manifest", img->manifest_desc.digest.text);
	cJSON_AddStringToObject(j, "platform", platform);
	cJSON_AddStringToObject(j, "created", img->config.created ?: "");
	cJSON_AddStringToObject(j, "Created", img->config.created ?: "");
	cJSON_AddStringToObject(j, "Os", img->config.platform.os);
	cJSON_AddStringToObject(j, "Architecture", img->config.platform.arch);
	if (img->config.platform.variant[0])
		cJSON_AddStringToObject(j, "Variant", img->config.platform.variant);
	cJSON_AddStringToObject(j, "Author", img->config.author ?: "");
	cJSON_AddNumberToObject(j, "size_bytes", (double)img->size);
	cJSON_AddNumberToObject(j, "Size", (double)img->size);
	cJSON_AddNumberToObject(j, "rootfs_bytes", (double)m->rootfs_bytes);
	layers = cJSON_AddArrayToObject(j, "layers");
	for (size_t i = 0; i < img->manifest.nlayers; i++)
		cJSON_AddItemToArray(layers, cJSON_CreateString(img->manifest.layers[i].digest.text));
	root = cJSON_AddObjectToObject(j, "RootFS");
	cJSON_AddStringToObject(root, "Type", "layers");
	layers = cJSON_AddArrayToObject(root, "Layers");
	for (size_t i = 0; i < img->config.ndiff_ids; i++)
		cJSON_AddItemToArray(layers, cJSON_CreateString(img->config.diff_ids[i].text));
	if (json_parse(img->config_json, img->config_len, "the image's configuration", &config, NULL) == 0) {
		const cJSON *c = json_obj(config, "config");

		cJSON_AddItemToObject(j, "Config", c ? cJSON_Duplicate(c, 1) : cJSON_CreateObject());
		cJSON_Delete(config);
	}
	return json_print(j);
}

int eng_image_find(struct berth *b, const char *name, struct store_image *ret, struct err *e)
{
	AUTO_FREE char *builtin = eng_builtin_images();

	return builtin ? store_image_take_in(b->store, builtin, name, NULL, NULL, ret, e) : -ENOMEM;
}

int eng_image_resolve(struct berth *b, const char *name, struct oci_desc *ret, struct err *e)
{
	struct store_image m;
	int rc = store_image_resolve(b->store, name, ret, NULL);

	if (rc == 0)
		return 0;
	rc = eng_image_find(b, name, &m, e);
	if (rc < 0)
		return rc;
	*ret = m.image.top;
	store_image_finish(&m);
	return 0;
}

static int load_one(struct work *w, struct err *e)
{
	struct image_op *o = container_of(w, struct image_op, work);
	struct store_image m;
	int rc = eng_image_find(o->op.b, o->ref, &m, e);

	if (rc < 0)
		return rc;
	o->json = describe(&m);
	store_image_finish(&m);
	return o->json ? 0 : err_sys(e, -ENOMEM, "cannot describe image %s", o->ref);
}

static void on_one(struct work *w, int rc, const struct err *e)
{
	struct image_op *o = container_of(w, struct image_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	o->cb.json(o->op.arg, rc, eng_error(&be, rc, e, NULL), o->json);
	image_op_free(o);
}

int berth_image_inspect(struct berth *b, const char *ref, berth_json_cb done, void *arg, struct berth_error *e)
{
	struct image_op *o = calloc(1, sizeof(*o));

	if (!o || !(o->ref = strdup(ref))) {
		free(o);
		return eng_refuse(e, -ENOMEM, NULL);
	}
	o->cb.json = done;
	return image_op_start(b, o, arg, load_one, on_one, e);
}

/* --- removal */

static int remove_image(struct work *w, struct err *e)
{
	struct image_op *o = container_of(w, struct image_op, work);
	char **untagged = NULL, **deleted = NULL;
	struct store_gc_stats gone;
	size_t n = 0, k;
	char id[CONTAINER_ID_LEN + 1];
	bool force = o->flags & BERTH_REMOVE_FORCE;
	int rc = o->flags & BERTH_REMOVE_TRASH ?
			 store_trash_image(o->op.b->store, o->ref, force, &untagged, id, e) :
			 store_image_remove(o->op.b->store, o->ref, force, &untagged, &deleted, e);

	if (rc < 0)
		return rc;
	k = strv_len((const char *const *)untagged) + strv_len((const char *const *)deleted);
	o->lines = calloc(k + 1, sizeof(*o->lines));
	for (char **s = untagged; o->lines && s && *s; s++)
		if (asprintf(&o->lines[n], "Untagged: %s", *s) >= 0)
			n++;
	for (char **s = deleted; o->lines && s && *s; s++)
		if (asprintf(&o->lines[n], "Deleted: %s", *s) >= 0)
			n++;
	for (char **s = untagged; s && *s; s++)
		store_event(o->op.b->root, "image", "untag", deleted && *deleted ? *deleted : "", *s, NULL);
	if (o->flags & BERTH_REMOVE_TRASH)
		store_event(o->op.b->root, "image", "delete", "", untagged && *untagged ? *untagged : o->ref,
			    (const char *[]){ "trash", id, NULL });
	for (char **s = deleted; s && *s; s++)
		store_event(o->op.b->root, "image", "delete", *s, untagged && *untagged ? *untagged : o->ref, NULL);
	strv_free(untagged);
	strv_free(deleted);
	return store_gc(o->op.b->store, false, &gone, e);
}

static void on_removed(struct work *w, int rc, const struct err *e)
{
	struct image_op *o = container_of(w, struct image_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	o->cb.lines(o->op.arg, rc, eng_error(&be, rc, e, NULL), (const char *const *)o->lines,
		    rc < 0 ? 0 : strv_len((const char *const *)o->lines));
	image_op_free(o);
}

int berth_image_remove(struct berth *b, const char *ref, unsigned flags, berth_lines_cb done, void *arg,
		       struct berth_error *e)
{
	struct image_op *o = calloc(1, sizeof(*o));

	if (!o || !(o->ref = strdup(ref))) {
		free(o);
		return eng_refuse(e, -ENOMEM, NULL);
	}
	o->flags = flags;
	o->cb.lines = done;
	return image_op_start(b, o, arg, remove_image, on_removed, e);
}
