/* SPDX-License-Identifier: Apache-2.0 */
/* pull.c - an image from a registry into the store: what the name means here and there, manifest, config and
 * layers, several at once, unpacked into its root file system while they come, and named when all of it is there. */
#include "job/pull-inside.h"

#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "store/events.h"
#include "store/tags.h"

#define TICK_MS 100

static void get_manifest(struct pull *p, const char *digest);

/* --- the end */

static void on_handle_closed(uv_handle_t *h)
{
	struct pull *p = h->data;

	if (--p->handles > 0)
		return;
	pull_sources_close(p);
	p->calls.done(p->calls.arg, p->rc, &p->err, p->hint);
}

/* Nothing is outstanding: lets go of what is open. On failure the parts of downloads stay, to go on from. */
static void end(struct pull *p)
{
	if (p->told)
		return;
	p->told = true;
	for (size_t i = 0; i < p->nblobs; i++)
		pull_blob_finish(&p->blobs[i], true);
	pull_blob_finish(&p->config_blob, true);
	for (size_t i = 0; i < p->ndocs; i++)
		free(TAKE(p->docs[i].text));
	oci_reg_op_finish(&p->op);
	unpack_spare_finish(&p->spare);
	if (p->rootfs_open)
		store_rootfs_finish(&p->rootfs);
	p->rootfs_open = false;
	store_lease_end(&p->lease);
	uv_close((uv_handle_t *)&p->again, on_handle_closed);
	uv_close((uv_handle_t *)&p->tick, on_handle_closed);
}

void pull_fail(struct pull *p, int rc, const struct err *e, const char *hint)
{
	if (p->failing)
		return;
	p->failing = true;
	p->rc = rc;
	p->hint = hint;
	if (e && e->text[0])
		p->err = *e;
	else
		err_set(&p->err, rc, "%s", err_str(rc));
	p->err.code = rc;
	uv_timer_stop(&p->again);
	uv_timer_stop(&p->tick);
	oci_reg_cancel(&p->op);
	for (size_t i = 0; i < p->nblobs; i++)
		pull_blob_cancel(&p->blobs[i]);
	pull_blob_cancel(&p->config_blob);
	for (size_t i = 0; i < p->ndocs; i++)
		work_cancel(&p->docs[i].work);
	pull_unpack_cancel(p);
	work_cancel(&p->work);
	if (p->outstanding == 0)
		end(p);
}

bool pull_returned(struct pull *p)
{
	p->outstanding--;
	if (p->failing && p->outstanding == 0)
		end(p);
	return p->failing;
}

static void pull_cancel(void *job)
{
	struct pull *p = job;
	struct err e = { 0 };

	if (p->finishing)
		return; /* being named: the result is there */
	err_set(&e, -ECANCELED, "canceled");
	pull_fail(p, -ECANCELED, &e, NULL);
}

static void tell_done(struct pull *p)
{
	cJSON *ev = job_event("done");
	const struct oci_digest *image = p->known_whole ? &p->known_image :
					 p->artifact	? &p->manifest_desc.digest :
							  &p->manifest.config.digest;
	uint64_t size = p->known_whole ? p->known_size : p->manifest.config.size;

	for (size_t i = 0; !p->known_whole && i < p->nblobs; i++)
		size += p->blobs[i].desc.size;
	if (!ev)
		return;
	store_event(p->store->root, "image", "pull", image->text, p->name,
		    (const char *[]){ "digest", p->top.digest.text, NULL });
	cJSON_AddStringToObject(ev, "digest", p->top.digest.text);
	cJSON_AddStringToObject(ev, "image", image->text);
	cJSON_AddNumberToObject(ev, "size", (double)size);
	cJSON_AddNumberToObject(ev, "fetched", (double)p->fetched);
	cJSON_AddNumberToObject(ev, "ms", (double)((clock_mono_ns() - p->started_ns) / 1000000));
	p->calls.event(p->calls.arg, ev, false);
}

static int work_name(struct work *w, struct err *e)
{
	struct pull *p = container_of(w, struct pull, work);

	if (p->rootfs_open) {
		AUTO_FREE char *meta = pull_unpack_meta(p);
		int rc = meta ? store_rootfs_commit(&p->rootfs, meta, e) : -ENOMEM;

		if (rc < 0)
			return rc;
	}
	return store_tag_set(p->store, p->name, &p->top, e);
}

static void on_named(struct work *w, int rc, const struct err *e)
{
	struct pull *p = container_of(w, struct pull, work);

	if (pull_returned(p))
		return;
	if (rc < 0) {
		pull_fail(p, rc, e, NULL);
		return;
	}
	tell_done(p);
	end(p);
}

void pull_maybe_finish(struct pull *p)
{
	if (p->failing || p->finishing || !p->unpack_done || !p->layers || p->config_blob.state != BLOB_HERE)
		return;
	for (size_t i = 0; i < p->ndocs; i++)
		if (p->docs[i].text)
			return;
	for (size_t i = 0; i < p->nblobs; i++)
		if (p->blobs[i].state != BLOB_HERE)
			return;
	p->finishing = true;
	uv_timer_stop(&p->tick);
	pull_tell_progress(p, false);
	int rc = work_start(&p->work, p->loop, work_name, on_named);
	if (rc < 0)
		pull_fail(p, rc, NULL, NULL);
	else
		p->outstanding++;
}

/* --- config and layers */

/* The blob of layer i, which may be that of one below. */
static struct pull_blob *blob_for(struct pull *p, const struct oci_desc *d)
{
	for (size_t i = 0; i < p->nblobs; i++)
		if (oci_digest_eq(&p->blobs[i].desc.digest, &d->digest))
			return &p->blobs[i];
	pull_blob_init(&p->blobs[p->nblobs], p, d);
	return &p->blobs[p->nblobs++];
}

static int check_config(struct pull *p, struct err *e)
{
	char want[OCI_PLATFORM_MAX], have[OCI_PLATFORM_MAX];

	if (p->config.ndiff_ids != p->manifest.nlayers)
		return err_set(e, -EBADMSG, "the image's config names %zu layers, its manifest %zu",
			       p->config.ndiff_ids, p->manifest.nlayers);
	if (!p->config.platform.arch[0] || oci_platform_match(&p->platform, &p->config.platform))
		return 0;
	oci_platform_str(&p->platform, want);
	oci_platform_str(&p->config.platform, have);
	if (p->desc->platform_given)
		return err_set(e, -ENOENT, "the image is for %s, not for %s", have, want);
	pull_warn(p, "the image is for %s, this machine is %s", have, want);
	return 0;
}

static void on_tick(uv_timer_t *t)
{
	pull_tell_progress(t->data, true);
}

/* All that the manifest names comes at the same time; what is unpacked waits for the config. */
static void start_blobs(struct pull *p)
{
	size_t n = p->manifest.nlayers;

	p->blobs = calloc(n + 1, sizeof *p->blobs);
	p->layers = calloc(n + 1, sizeof *p->layers);
	if (!p->blobs || !p->layers) {
		pull_fail(p, -ENOMEM, NULL, NULL);
		return;
	}
	for (size_t i = 0; i < n; i++)
		p->layers[i].blob = blob_for(p, &p->manifest.layers[i]);
	pull_tell_progress(p, false);
	uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS);
	pull_blob_begin(&p->config_blob);
	if (!p->failing)
		pull_blobs_pump(p);
}

void pull_on_config(struct pull *p)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	struct err e = { 0 };
	int rc = 0;

	if (!p->artifact) {
		rc = pull_blob_load(&p->config_blob, OCI_MANIFEST_MAX, &text, &len, &e);
		if (rc == 0)
			rc = oci_config_parse(text, len, &p->config, &e);
		if (rc == 0)
			rc = check_config(p, &e);
	}
	if (rc < 0)
		pull_fail(p, rc, &e, NULL);
	else
		pull_unpack_start(p);
}

/* --- manifests */

/* Keeps a document under the digest that it was asked for by. */
static int work_store(struct work *w, struct err *e)
{
	struct pull_doc *doc = container_of(w, struct pull_doc, work);
	struct pull *p = doc->pull;
	const struct oci_desc *d = &doc->desc;
	struct store_ingest in;
	int rc = store_ingest_begin(p->store, &p->lease, d, &in, e);

	if (rc == -EWOULDBLOCK) { /* as short as it is, another process has it in a moment: add our own copy */
		struct oci_desc same = *d;

		return store_blob_add(p->store, &p->lease, doc->text, d->size, &same, e);
	}
	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (in.have)
		rc = store_ingest_rewind(&in, e);
	if (rc == 0)
		rc = store_ingest_write(&in, doc->text, d->size, e);
	if (rc == 0)
		rc = store_ingest_commit(&in, e);
	store_ingest_finish(&in, false);
	return rc;
}

static void on_stored(struct work *w, int rc, const struct err *e)
{
	struct pull_doc *doc = container_of(w, struct pull_doc, work);
	struct pull *p = doc->pull;

	free(TAKE(doc->text));
	if (pull_returned(p))
		return;
	if (rc < 0)
		pull_fail(p, rc, e, NULL);
	else
		pull_maybe_finish(p);
}

/* Takes text, whose bytes were checked. */
static int store_document(struct pull *p, const struct oci_desc *d, char *text)
{
	struct pull_doc *doc = &p->docs[p->ndocs];

	*doc = (struct pull_doc){ .pull = p, .desc = *d, .text = text };
	int rc = work_start(&doc->work, p->loop, work_store, on_stored);
	if (rc < 0) {
		free(text);
		return rc;
	}
	p->ndocs++;
	p->outstanding++;
	return 0;
}

static int take_manifest(struct pull *p, const char *text, size_t len, struct err *e)
{
	int rc = oci_manifest_parse(text, len, &p->manifest, e);

	if (rc < 0)
		return rc;
	p->artifact = oci_manifest_is_artifact(&p->manifest);
	if (!p->artifact || p->unpack) {
		rc = oci_manifest_check_image(&p->manifest, e);
		if (rc < 0 && p->artifact)
			p->hint = "--unpack=false keeps it as it is";
		if (rc < 0)
			return rc;
	}
	strcpy(p->manifest_desc.media_type, p->manifest.media_type);
	if (!p->top.media_type[0])
		strcpy(p->top.media_type, p->manifest.media_type);
	pull_blob_init(&p->config_blob, p, &p->manifest.config);
	return 0;
}

static int take_index(struct pull *p, const char *text, size_t len, struct err *e)
{
	struct oci_index x AUTO(oci_index_finish) = { 0 };
	const struct oci_desc *d;
	int rc = oci_index_parse(text, len, &x, e);

	if (rc == 0)
		rc = oci_index_choose(&x, &p->platform, &d, e);
	if (rc == 0 && ++p->depth > PULL_DEPTH_MAX)
		rc = err_set(e, -EINVAL, "indexes are nested deeper than %d", PULL_DEPTH_MAX);
	if (rc < 0)
		return rc;
	if (!p->top.media_type[0])
		strcpy(p->top.media_type, x.media_type);
	p->manifest_desc = *d;
	return 0;
}

/* A manifest or an index that p->manifest_desc (or, at first, p->top) leads to; text is taken. */
static void take_document(struct pull *p, char *text, size_t len, const char *media_type)
{
	enum oci_kind kind;
	struct err e = { 0 };
	struct oci_desc d = p->manifest_desc;
	int rc = oci_doc_kind(text, len, media_type, &kind, &e);

	if (rc == 0)
		rc = kind == OCI_KIND_INDEX ? take_index(p, text, len, &e) : take_manifest(p, text, len, &e);
	if (rc == 0)
		rc = store_document(p, &d, TAKE(text));
	free(text);
	if (rc < 0)
		pull_fail(p, err_wrap(&e, rc, "image '%s'", p->name), &e, p->hint);
	else if (kind == OCI_KIND_INDEX)
		get_manifest(p, p->manifest_desc.digest.text);
	else
		start_blobs(p);
}

static void on_manifest(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct pull *p = container_of(op, struct pull, op);
	struct err why = *e;

	if (pull_returned(p))
		return;
	if (rc < 0) {
		if (!pull_source_next(p, p->source, rc, &why)) {
			pull_fail(p, rc, &why, op->hint);
			return;
		}
		p->source++;
		get_manifest(p, p->depth ? p->manifest_desc.digest.text : NULL);
		return;
	}
	if (p->depth && op->size != p->manifest_desc.size) {
		rc = err_set(&why, -EBADMSG, "manifest '%s' has %llu bytes, not %llu", op->digest.text,
			     (unsigned long long)op->size, (unsigned long long)p->manifest_desc.size);
		pull_fail(p, rc, &why, NULL);
		return;
	}
	if (!p->depth) {
		p->top = (struct oci_desc){ .digest = op->digest, .size = op->size };
		p->manifest_desc = p->top;
	}
	size_t len = op->body.len;
	char *text = buf_steal(&op->body);
	if (!text)
		pull_fail(p, -ENOMEM, NULL, NULL);
	else
		take_document(p, text, len, op->media_type);
}

/* The document of that digest, or the one that the reference names. */
static void get_manifest(struct pull *p, const char *digest)
{
	char *text;
	size_t len;
	struct err e = { 0 };

	if (digest && store_blob_load(p->store, &p->manifest_desc, OCI_MANIFEST_MAX, &text, &len, NULL) == 0) {
		take_document(p, text, len, p->manifest_desc.media_type);
		return;
	}
	oci_reg_op_finish(&p->op);
	p->op = (struct oci_reg_op){ 0 };
	struct pull_source *s;
	int rc = pull_source_get(p, p->source, &s, &e);
	if (rc == 0)
		rc = oci_reg_manifest(&p->op, s->reg, &s->ref, digest, false, on_manifest, &e);
	if (rc < 0)
		pull_fail(p, rc, &e, NULL);
	else
		p->outstanding++;
}

static void ask_what_it_means(struct pull *p);

static void on_head(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct pull *p = container_of(op, struct pull, op);
	struct err why = *e;

	if (pull_returned(p))
		return;
	if (rc < 0 && rc != -EPROTO && rc != -EIO) { /* some servers do not like HEAD: GET may still do */
		if (!pull_source_next(p, p->source, rc, &why)) {
			pull_fail(p, rc, &why, op->hint);
			return;
		}
		p->source++;
		ask_what_it_means(p);
		return;
	}
	if (rc < 0 || oci_digest_none(&op->digest) || !oci_digest_eq(&op->digest, &p->known.digest)) {
		pull_unpack_expect(p);
		rc = p->known_whole ? store_lease_begin(p->store, &p->lease, &why) : 0;
		if (rc < 0)
			pull_fail(p, rc, &why, NULL);
		else
			get_manifest(p, NULL);
		return;
	}
	p->top = p->known;
	if (p->known_whole) {
		p->finishing = true;
		tell_done(p);
		end(p);
		return;
	}
	p->manifest_desc = p->known;
	p->depth = 1;
	get_manifest(p, p->known.digest.text);
}

/* --- what is here already */

/* true if all of the image that d leads to is in the store. */
static bool all_there(struct pull *p, const struct oci_desc *d)
{
	struct oci_image m;
	struct oci_layout *layout = &p->store->layout;
	char key[STORE_KEY_MAX];
	bool all = true;

	if (oci_layout_image(layout, d, &p->platform, &m, NULL) < 0)
		return false;
	for (size_t i = 0; all && i < m.manifest.nlayers; i++)
		all = store_blob_has(p->store, &m.manifest.layers[i]);
	if (all && p->unpack)
		all = store_rootfs_key(&m.config, key, NULL) == 0 && store_rootfs_has(p->store, key, NULL);
	if (m.config.platform.arch[0] && !oci_platform_match(&p->platform, &m.config.platform))
		all = false; /* what to say about it is told in one place */
	p->known_image = m.manifest.config.digest;
	p->known_size = m.size;
	oci_image_finish(&m);
	return all;
}

static int work_prepare(struct work *w, struct err *e)
{
	struct pull *p = container_of(w, struct pull, work);
	struct store_tags tags = { 0 };
	const struct store_tag *tag;
	int rc = store_open(p->desc->root, &p->store, e);

	if (rc == 0)
		rc = pull_sources_init(p, e);
	if (rc == 0)
		rc = store_tags_load(p->store, &tags, e);
	if (rc < 0)
		return rc;
	tag = store_tags_find(&tags, p->name);
	if (tag) {
		p->known = tag->desc;
		p->known_whole = all_there(p, &tag->desc);
	}
	store_tags_finish(&tags);
	/* what a name leads to needs no lease */
	return p->known_whole ? 0 : store_lease_begin(p->store, &p->lease, e);
}

/* HEAD, as something of that name is here already. */
static void ask_what_it_means(struct pull *p)
{
	struct pull_source *s;
	struct err e = { 0 };

	oci_reg_op_finish(&p->op);
	p->op = (struct oci_reg_op){ 0 };
	int rc = pull_source_get(p, p->source, &s, &e);
	if (rc == 0)
		rc = oci_reg_manifest(&p->op, s->reg, &s->ref, NULL, true, on_head, &e);
	if (rc < 0)
		pull_fail(p, rc, &e, NULL);
	else
		p->outstanding++;
}

static void on_prepared(struct work *w, int rc, const struct err *e)
{
	struct pull *p = container_of(w, struct pull, work);
	struct err why = *e;

	if (pull_returned(p))
		return;
	if (rc < 0) {
		pull_fail(p, rc, &why, NULL);
		return;
	}
	if (!p->known_whole)
		pull_unpack_expect(p);
	if (oci_digest_none(&p->known.digest)) {
		pull_stage(p, "asking %s for %s", p->sources[0].ref.host, p->name);
		get_manifest(p, NULL);
		return;
	}
	if (p->known_whole && p->ref.digest) { /* what a digest names does not change: nobody need be asked */
		p->top = p->known;
		p->finishing = true;
		tell_done(p);
		end(p);
		return;
	}
	ask_what_it_means(p);
}

/* --- beginning */

static int set_names(struct pull *p, struct err *e)
{
	int rc = oci_ref_parse(p->desc->ref, &p->ref, e);

	if (rc == 0 && p->ref.transport != OCI_REGISTRY)
		rc = err_set(e, -EINVAL, "'%s' is not in a registry", p->desc->ref);
	if (rc == 0)
		rc = oci_platform_parse(p->desc->platform, &p->platform, e);
	if (rc < 0)
		return rc;
	if (p->ref.digest)
		free(TAKE(p->ref.tag)); /* the digest is what counts and what it is kept as */
	p->name = oci_ref_str(&p->ref);
	return p->name ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static void pull_destroy(void *job)
{
	struct pull *p = job;

	if (!p)
		return;
	oci_ref_finish(&p->ref);
	pull_sources_finish(p);
	oci_manifest_finish(&p->manifest);
	oci_config_finish(&p->config);
	free(p->name);
	free(p->blobs);
	free(p->layers);
	store_close(p->store);
	free(p);
}

static int pull_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, void **ret,
		      struct err *e)
{
	struct pull *p = calloc(1, sizeof *p);
	int rc;

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	p->loop = loop;
	p->desc = d;
	p->calls = *calls;
	p->lease.fd = -1;
	p->unpack = d->unpack;
	p->started_ns = clock_mono_ns();
	p->config_blob.pull = p;
	rc = set_names(p, e);
	if (rc == 0) {
		rc = work_start(&p->work, loop, work_prepare, on_prepared);
		if (rc < 0)
			err_sys(e, rc, "cannot start");
	}
	if (rc < 0) {
		pull_destroy(p);
		return rc;
	}
	p->outstanding = 1;
	uv_timer_init(loop, &p->again);
	uv_timer_init(loop, &p->tick);
	p->again.data = p->tick.data = p;
	p->handles = 2;
	*ret = p;
	return 0;
}

const struct job_kind job_kind_pull = { "pull", pull_start, pull_cancel, pull_destroy };
