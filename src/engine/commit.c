/* SPDX-License-Identifier: Apache-2.0 */
/* commit.c - what a container changed becomes a layer on its image, with a configuration of its own. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/disks.h"
#include "engine/own-job.h"
#include "job/pack.h"
#include "oci/instruction.h"
#include "oci/ref.h"
#include "store/content.h"
#include "store/events.h"
#include "store/image.h"
#include "store/tags.h"

struct commit_op {
	struct berth_op op;
	struct eng_disks disks;
	struct pack pack;
	struct work work;
	struct pace pace; /* ends the work in the pool */
	struct eng_progress view;
	struct eng_own_job *job;
	struct eng_arena arena;
	berth_progress_cb progress;
	berth_committed_cb done;
	struct berth_commit c;
	struct oci_ref ref;
	int layer; /* a file without a name */
	bool in_disks, in_pack;
	char *full; /* the new name */
	struct oci_desc manifest, config;
};

static void end(struct commit_op *o, int rc, const struct err *e)
{
	struct berth_error be = { 0 };

	eng_own_job_end(o->job, rc, e);
	eng_op_end(&o->op);
	o->done(o->op.arg, rc, eng_error(&be, rc, e, NULL), rc < 0 ? NULL : o->config.digest.text,
		rc < 0 ? NULL : o->manifest.digest.text);
	if (o->layer >= 0)
		close(o->layer);
	free(o->full);
	eng_disks_finish(&o->disks);
	oci_ref_finish(&o->ref);
	eng_arena_finish(&o->arena);
	free(o);
}

/* --- the configuration */

static bool has_key(const char *const *env, const char *entry)
{
	size_t n = strcspn(entry, "=");

	for (; env && *env; env++)
		if (!strncmp(*env, entry, n) && (*env)[n] == '=')
			return true;
	return false;
}

/* The environment of the container, but for what berth gives to every one. */
static int take_env(const struct commit_op *o, const struct store_image *m, cJSON *config, struct err *e)
{
	const char *const *image = (const char *const *)m->image.config.env;
	const cJSON *process = json_obj(json_obj(o->disks.ctr.config, "spec"), "process");
	AUTO_JSON cJSON *list = cJSON_CreateArray();
	const cJSON *item;

	cJSON_ArrayForEach(item, json_arr(process, "env"))
	{
		static const char *const given[] = { "HOSTNAME=", "TERM=xterm", "PATH=", NULL };
		bool skip = false;

		if (!cJSON_IsString(item))
			continue;
		for (size_t i = 0; given[i]; i++)
			skip = skip || (str_starts(item->valuestring, given[i]) &&
					!has_key(image, item->valuestring));
		if (!skip && !cJSON_AddItemToArray(list, cJSON_CreateString(item->valuestring)))
			return err_set(e, -ENOMEM, "out of memory");
	}
	cJSON_DeleteItemFromObjectCaseSensitive(config, "Env");
	if (cJSON_GetArraySize(list))
		cJSON_AddItemToObject(config, "Env", TAKE(list));
	return 0;
}

/* What the container ran: behind the image's entry point, or in its place. */
static void take_command(const struct commit_op *o, const struct store_image *m, cJSON *config)
{
	const cJSON *command = json_arr(o->disks.ctr.config, "command");
	char **entry = m->image.config.entrypoint;
	int n = entry ? (int)strv_len((const char *const *)entry) : 0;
	AUTO_JSON cJSON *cmd = cJSON_Duplicate(command, true);
	bool behind = cmd && n <= cJSON_GetArraySize(cmd);

	for (int i = 0; behind && i < n; i++)
		behind = !strcmp(cJSON_GetStringValue(cJSON_GetArrayItem(cmd, i)) ?: "", entry[i]);
	if (!cJSON_GetArraySize(cmd))
		return;
	if (behind)
		for (int i = 0; i < n; i++)
			cJSON_DeleteItemFromArray(cmd, 0);
	else
		cJSON_DeleteItemFromObjectCaseSensitive(config, "Entrypoint");
	cJSON_DeleteItemFromObjectCaseSensitive(config, "Cmd");
	if (cJSON_GetArraySize(cmd))
		cJSON_AddItemToObject(config, "Cmd", TAKE(cmd));
}

static int take_container(const struct commit_op *o, const struct store_image *m, cJSON *config,
			  struct err *e)
{
	const cJSON *labels = json_obj(o->disks.ctr.config, "labels");
	const char *cwd = json_str(json_obj(json_obj(o->disks.ctr.config, "spec"), "process"), "cwd");
	int rc = take_env(o, m, config, e);

	take_command(o, m, config);
	if (cJSON_GetArraySize(labels)) {
		cJSON_DeleteItemFromObjectCaseSensitive(config, "Labels");
		cJSON_AddItemToObject(config, "Labels", cJSON_Duplicate(labels, true));
	}
	if (cwd && strcmp(cwd, "/")) {
		cJSON_DeleteItemFromObjectCaseSensitive(config, "WorkingDir");
		cJSON_AddStringToObject(config, "WorkingDir", cwd);
	}
	for (size_t i = 0; rc == 0 && o->c.changes && o->c.changes[i]; i++)
		rc = oci_instruction_apply(config, o->c.changes[i], e);
	return rc;
}

static cJSON *member(cJSON *j, const char *key, bool array)
{
	cJSON *o = cJSON_GetObjectItemCaseSensitive(j, key);

	if (array ? cJSON_IsArray(o) : cJSON_IsObject(o))
		return o;
	cJSON_DeleteItemFromObjectCaseSensitive(j, key);
	return array ? cJSON_AddArrayToObject(j, key) : cJSON_AddObjectToObject(j, key);
}

static void set_string(cJSON *j, const char *key, const char *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(j, key);
	if (value)
		cJSON_AddStringToObject(j, key, value);
}

static int make_config(const struct commit_op *o, const struct store_image *m, cJSON *j, bool empty,
		       struct err *e)
{
	const cJSON *command = json_arr(o->disks.ctr.config, "command"), *item;
	AUTO_BUF struct buf by = { 0 };
	char now[CLOCK_RFC3339_MAX];
	cJSON *history, *row;
	int rc = take_container(o, m, member(j, "config", false), e);

	if (rc < 0)
		return rc;
	clock_rfc3339(clock_real_ns(), now);
	set_string(j, "created", now);
	if (o->c.author)
		set_string(j, "author", o->c.author);
	cJSON_DeleteItemFromObjectCaseSensitive(j, "container_config"); /* of the image's own making */
	cJSON_DeleteItemFromObjectCaseSensitive(j, "container");
	if (!empty)
		cJSON_AddItemToArray(member(member(j, "rootfs", false), "diff_ids", true),
				     cJSON_CreateString(o->pack.result.diff_id.text));
	cJSON_ArrayForEach(item, command)
		buf_addf(&by, "%s%s", by.len ? " " : "", cJSON_GetStringValue(item) ?: "");
	history = member(j, "history", true);
	row = cJSON_CreateObject();
	cJSON_AddStringToObject(row, "created", now);
	cJSON_AddStringToObject(row, "created_by", by.p ? (char *)by.p : "");
	if (o->c.author)
		cJSON_AddStringToObject(row, "author", o->c.author);
	if (o->c.message)
		cJSON_AddStringToObject(row, "comment", o->c.message);
	if (empty)
		cJSON_AddBoolToObject(row, "empty_layer", true);
	return cJSON_AddItemToArray(history, row) ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* --- the blobs */

static int add_doc(struct store *s, struct store_lease *l, const cJSON *j, const char *type,
		   struct oci_desc *d, struct err *e)
{
	AUTO_FREE char *text = json_print(j);

	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	*d = (struct oci_desc){ .kind = oci_media_kind(type) };
	snprintf(d->media_type, sizeof(d->media_type), "%s", type);
	return store_blob_add(s, l, text, strlen(text), d, e);
}

/* A layer's descriptor in an OCI manifest: docker's own types have names there. */
static cJSON *layer_json(const struct oci_desc *d)
{
	struct oci_desc own = *d;

	if (own.kind == OCI_KIND_LAYER_GZIP)
		snprintf(own.media_type, sizeof(own.media_type), "%s", OCI_MT_LAYER_GZIP);
	return oci_desc_json(&own);
}

static int add_manifest(struct commit_op *o, struct store_lease *l, const struct store_image *m,
			const struct oci_desc *layer, struct err *e)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	cJSON *layers;
	int rc;

	cJSON_AddNumberToObject(j, "schemaVersion", 2);
	cJSON_AddStringToObject(j, "mediaType", OCI_MT_MANIFEST);
	cJSON_AddItemToObject(j, "config", oci_desc_json(&o->config));
	layers = cJSON_AddArrayToObject(j, "layers");
	for (size_t i = 0; i < m->image.manifest.nlayers; i++)
		cJSON_AddItemToArray(layers, layer_json(&m->image.manifest.layers[i]));
	if (layer)
		cJSON_AddItemToArray(layers, layer_json(layer));
	rc = add_doc(o->op.b->store, l, j, OCI_MT_MANIFEST, &o->manifest, e);
	o->manifest.platform = m->image.config.platform;
	return rc;
}

static int store_all(struct commit_op *o, struct store_lease *l, struct err *e)
{
	AUTO(store_image_finish) struct store_image m = { 0 };
	AUTO_JSON cJSON *config = NULL;
	AUTO_FREE char *text = NULL;
	const char *id = json_str(o->disks.ctr.config, "image_id"),
		   *name = json_str(o->disks.ctr.config, "image");
	struct store *s = o->op.b->store;
	struct oci_platform want;
	const char *platform = json_str(o->disks.ctr.config, "platform");
	bool empty = o->pack.result.entries == 0;
	struct oci_desc layer = { .kind = OCI_KIND_LAYER_GZIP, .media_type = OCI_MT_LAYER_GZIP };
	size_t len;
	int rc = platform ? oci_platform_parse(platform, &want, e) : 0;

	if (rc == 0 && (rc = store_image_find(s, id ? id : "", platform ? &want : NULL, &m, e)) < 0)
		err_wrap(e, rc, "the container's image '%s'", name ? name : "");
	if (rc == 0)
		rc = store_blob_load(s, &m.image.manifest.config, OCI_MANIFEST_MAX, &text, &len, e);
	if (rc == 0)
		rc = json_parse(text, len, "the image's configuration", &config, e);
	if (rc == 0)
		rc = make_config(o, &m, config, empty, e);
	if (rc < 0)
		return rc;
	layer.digest = o->pack.result.digest;
	layer.size = o->pack.result.written;
	/* the image's own blobs, lest a collection takes them while its name goes */
	for (size_t i = 0; rc == 0 && i < m.image.manifest.nlayers; i++)
		rc = store_lease_add(l, &m.image.manifest.layers[i].digest, e);
	if (rc == 0 && !empty) {
		const struct store_range all = { .fd = o->layer, .size = layer.size };

		rc = store_blob_add_range(s, l, &all, &layer, &o->pace, e);
	}
	if (rc == 0)
		rc = add_doc(s, l, config, OCI_MT_CONFIG, &o->config, e);
	if (rc == 0)
		rc = add_manifest(o, l, &m, empty ? NULL : &layer, e);
	if (rc == 0)
		rc = pace_step(&o->pace, 0, e);
	return rc < 0 ? rc : store_tag_set(s, o->full, &o->manifest, e);
}

static int store_in_pool(struct work *w, struct err *e)
{
	struct commit_op *o = container_of(w, struct commit_op, work);
	AUTO(store_lease_end) struct store_lease lease = { .fd = -1 };
	int rc = store_lease_begin(o->op.b->store, &lease, e);

	if (rc == 0)
		rc = store_all(o, &lease, e);
	if (rc == 0)
		store_event(o->op.b->root, "container", "commit", o->disks.ctr.id,
			    json_str(o->disks.ctr.config, "name") ?: "",
			    (const char *[]){ "image", o->config.digest.text, "ref", o->full, NULL });
	return rc;
}

/* --- one after the other */

static void on_stored(struct work *w, int rc, const struct err *e)
{
	end(container_of(w, struct commit_op, work), rc, e);
}

static void on_packed(struct pack *p, int rc, const struct err *pe)
{
	struct commit_op *o = container_of(p, struct commit_op, pack);
	struct err e = *pe;

	o->in_pack = false;
	if (rc == 0)
		rc = eng_disks_check(&o->disks, &e);
	if (rc == 0 && (rc = work_start(&o->work, o->op.b->loop, store_in_pool, on_stored)) < 0)
		err_sys(&e, rc, "cannot start a thread");
	if (rc < 0)
		end(o, rc, &e);
}

static void on_progress(struct pack *p, uint64_t raw)
{
	struct commit_op *o = container_of(p, struct commit_op, pack);

	o->view.view.done = raw;
	eng_own_job_tell(o->job, &o->view.view);
	if (o->progress)
		o->progress(o->op.arg, &o->view.view);
}

static void on_disks(struct eng_disks *d, int rc, const struct err *de)
{
	struct commit_op *o = container_of(d, struct commit_op, disks);
	struct pack_opts opts = {
		.mode = PACK_LAYER, .base = d->base, .upper = d->upper, .path = ENG_UPPER_DIR
	};
	struct err e = *de;

	o->in_disks = false;
	if (rc == 0 && json_str(d->ctr.config, "rootfs_file"))
		rc = err_set(&e, -EINVAL, "it was made from a file, not from an image: export and import make an image of it");
	if (rc == 0) {
		o->layer = opts.out = open(o->op.b->root, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (o->layer < 0)
			rc = err_sys(&e, -errno, "cannot make a file in '%s'", o->op.b->root);
	}
	o->pack.progress = on_progress;
	if (rc == 0)
		rc = pack_start(&o->pack, o->op.b->loop, &opts, on_packed, &e);
	o->in_pack = rc == 0;
	if (rc < 0)
		end(o, rc, &e);
}

static void cancel(struct berth_op *op)
{
	struct commit_op *o = container_of(op, struct commit_op, op);

	pace_cancel(&o->pace);
	if (o->in_disks)
		eng_disks_cancel(&o->disks);
	else if (o->in_pack)
		pack_cancel(&o->pack);
}

/* Wrong words are told before anything is read. */
static int check(struct commit_op *o, struct err *e)
{
	AUTO_JSON cJSON *scratch = cJSON_CreateObject();
	int rc = oci_ref_parse_name(o->c.ref, &o->ref, e);

	for (size_t i = 0; rc == 0 && o->c.changes && o->c.changes[i]; i++)
		rc = oci_instruction_apply(scratch, o->c.changes[i], e);
	if (rc == 0 && !(o->full = oci_ref_str(&o->ref)))
		rc = err_set(e, -ENOMEM, "out of memory");
	return rc;
}

int berth_container_commit(struct berth *b, const struct berth_commit *c, berth_progress_cb progress,
			   berth_committed_cb done, void *arg, struct berth_op **op, struct berth_error *be)
{
	struct commit_op *o = calloc(1, sizeof(*o));
	struct err e = { 0 };
	int rc = -ENOMEM;

	if (o) {
		o->c = *c;
		o->c.container = eng_arena_str(&o->arena, c->container);
		o->c.ref = eng_arena_str(&o->arena, c->ref);
		o->c.message = eng_arena_str(&o->arena, c->message);
		o->c.author = eng_arena_str(&o->arena, c->author);
		o->c.changes = eng_arena_strv(&o->arena, c->changes);
		o->layer = -1;
		o->progress = progress;
		o->done = done;
		o->view.view.verb = "commit";
		o->view.view.object = o->c.ref;
		o->view.view.stage = "reading";
		rc = o->arena.failed ? -ENOMEM : check(o, &e);
	}
	if (rc == 0)
		rc = eng_own_job_begin(&o->job, b, "commit", o->c.ref, &o->op, &e);
	if (rc == 0)
		rc = eng_disks_start(&o->disks, b, o->c.container, on_disks, &e);
	if (rc < 0) {
		if (o) {
			eng_own_job_end(o->job, rc, &e);
			free(o->full);
			oci_ref_finish(&o->ref);
			eng_arena_finish(&o->arena);
		}
		free(o);
		return eng_refuse(be, rc, &e);
	}
	o->in_disks = true;
	eng_op_begin(b, &o->op, arg, cancel, op);
	return 0;
}
