/* SPDX-License-Identifier: Apache-2.0 */
/* push.c - an image from the store into a registry: its blobs, several at once, each only if it is not there, then its
 * manifests, the one with the name last. */
#include "job/push-inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "store/content.h"

#define PARALLEL_DEFAULT 3
#define TICK_MS 100

static void pump(struct push *p);

/* --- the end */

static void on_tick_closed(uv_handle_t *h)
{
	struct push *p = h->data;

	oci_reg_destroy(TAKE(p->reg));
	p->calls.done(p->calls.arg, p->rc, &p->err, p->hint);
}

static void end(struct push *p)
{
	if (p->told)
		return;
	p->told = true;
	for (size_t i = 0; i < p->nblobs; i++)
		oci_reg_upload_finish(&p->blobs[i].up);
	oci_reg_op_finish(&p->op);
	uv_close((uv_handle_t *)&p->tick, on_tick_closed);
}

void push_fail(struct push *p, int rc, const struct err *e, const char *hint)
{
	if (p->failing)
		return;
	p->failing = true;
	p->rc = rc;
	p->hint = hint ? hint : p->hint;
	if (e && e->text[0])
		p->err = *e;
	else
		err_set(&p->err, rc, "%s", err_str(rc));
	uv_timer_stop(&p->tick);
	oci_reg_cancel(&p->op);
	for (size_t i = 0; i < p->nblobs; i++)
		oci_reg_upload_cancel(&p->blobs[i].up);
	work_cancel(&p->work);
	pace_cancel(&p->pace);
	if (p->outstanding == 0)
		end(p);
}

bool push_returned(struct push *p)
{
	p->outstanding--;
	if (p->failing && p->outstanding == 0)
		end(p);
	return p->failing;
}

/* --- what clients are told */

static uint64_t sent_by(const struct push_blob *b)
{
	return b->up.sent + (b->state == PUSH_GOING ? b->up.op.http.sent : 0);
}

static void measure(struct push *p)
{
	int64_t now = clock_mono_ns(), span = now - p->last_ns;
	uint64_t sent = 0;

	if (p->last_ns && span < 80000000)
		return;
	for (size_t i = 0; i < p->nblobs; i++)
		sent += sent_by(&p->blobs[i]);
	if (p->last_ns) {
		double rate = sent > p->last_sent ? (double)(sent - p->last_sent) * 1e9 / (double)span : 0;

		p->rate = p->rate > 0 ? 0.8 * p->rate + 0.2 * rate : rate;
	}
	p->last_ns = now;
	p->last_sent = sent;
}

static bool add_layer(cJSON *layers, const struct push_blob *b)
{
	cJSON *l = cJSON_CreateObject();
	bool shared = b->up.there || b->up.mounted;
	const char *state = b->state == PUSH_THERE ? shared ? "shared" : "done" : b->state == PUSH_GOING ? "upload" : "waiting";

	if (!l || !cJSON_AddItemToArray(layers, l))
		return false;
	return cJSON_AddStringToObject(l, "digest", b->desc.digest.text) &&
	       cJSON_AddNumberToObject(l, "size", (double)b->desc.size) && cJSON_AddStringToObject(l, "state", state) &&
	       cJSON_AddNumberToObject(l, "bytes", (double)(b->state == PUSH_THERE ? b->desc.size : b->up.at));
}

static void tell_progress(struct push *p, bool droppable)
{
	AUTO_JSON cJSON *ev = job_event("progress");
	cJSON *layers = ev ? cJSON_AddArrayToObject(ev, "layers") : NULL;
	uint64_t have = 0, total = 0;

	if (!layers)
		return;
	measure(p);
	for (size_t i = 0; i < p->nblobs; i++) {
		const struct push_blob *b = &p->blobs[i];

		total += b->desc.size;
		have += b->state == PUSH_THERE ? b->desc.size : MIN(b->up.at, b->desc.size);
		if (b->is_layer && cJSON_GetArraySize(layers) < OCI_LAYERS_MAX && !add_layer(layers, b))
			return;
	}
	cJSON_AddNumberToObject(ev, "bytes", (double)have);
	cJSON_AddNumberToObject(ev, "total", (double)total);
	cJSON_AddNumberToObject(ev, "rate", (double)(uint64_t)p->rate);
	if (total > have && p->rate >= 1)
		cJSON_AddNumberToObject(ev, "eta", (double)(uint64_t)((double)(total - have) / p->rate + 0.5));
	else
		cJSON_AddNullToObject(ev, "eta");
	p->calls.event(p->calls.arg, TAKE(ev), droppable);
}

static void tell_done(struct push *p)
{
	cJSON *ev = job_event("done");
	uint64_t size = 0, sent = 0;
	unsigned mounted = 0;

	for (size_t i = 0; i < p->nblobs; i++) {
		size += p->blobs[i].desc.size;
		sent += p->blobs[i].up.sent;
		mounted += p->blobs[i].up.mounted;
	}
	if (!ev)
		return;
	cJSON_AddStringToObject(ev, "digest", p->manifests[p->nmanifests - 1].desc.digest.text);
	cJSON_AddNumberToObject(ev, "size", (double)size);
	cJSON_AddNumberToObject(ev, "sent", (double)sent);
	cJSON_AddNumberToObject(ev, "mounted", mounted);
	cJSON_AddNumberToObject(ev, "ms", (double)((clock_mono_ns() - p->started_ns) / 1000000));
	p->calls.event(p->calls.arg, ev, false);
}

/* --- manifests */

static void on_put(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct push *p = container_of(op, struct push, op);
	const struct push_manifest *m = &p->manifests[p->next_manifest];
	struct err why = *e;
	const char *hint = op->hint;

	if (push_returned(p))
		return;
	if (rc == 0 && !oci_digest_none(&op->digest) && !oci_digest_eq(&op->digest, &m->desc.digest))
		rc = err_set(&why, -EBADMSG, "%s keeps manifest '%s' as '%s'", p->ref.host, m->desc.digest.text,
			     op->digest.text);
	if (rc < 0) {
		push_fail(p, rc, &why, hint);
		return;
	}
	if (!oci_digest_none(&m->subject) && !op->has_subject) {
		push_note_subject(p);
		return;
	}
	p->next_manifest++;
	push_next_manifest(p);
}

static void on_head(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct push *p = container_of(op, struct push, op);
	struct err why = *e;
	const char *hint = op->hint;
	bool same = rc == 0 && oci_digest_eq(&op->digest, &p->manifests[p->nmanifests - 1].desc.digest);

	if (push_returned(p))
		return;
	/* some servers do not like HEAD, and some let only those write who may not read */
	if (rc < 0 && rc != -ENOENT && rc != -EPROTO && rc != -EIO && rc != -EACCES) {
		push_fail(p, rc, &why, hint);
		return;
	}
	if (same) /* whoever took it had all that it leads to */
		p->next_manifest = p->nmanifests;
	push_next_manifest(p);
}

void push_fresh(struct push *p)
{
	oci_reg_op_finish(&p->op);
	p->op = (struct oci_reg_op){ 0 };
}

void push_next_manifest(struct push *p)
{
	struct push_manifest *m = &p->manifests[p->next_manifest];
	struct err e = { 0 };
	int rc;

	push_fresh(p);
	if (p->next_manifest == p->nmanifests) {
		uv_timer_stop(&p->tick);
		tell_progress(p, false);
		tell_done(p);
		end(p);
		return;
	}
	if (!p->asked_top) {
		p->asked_top = true;
		rc = oci_reg_manifest(&p->op, p->reg, &p->ref, NULL, true, on_head, &e);
	} else {
		bool last = p->next_manifest == p->nmanifests - 1;

		rc = oci_reg_manifest_put(&p->op, p->reg, &p->ref, last ? p->ref.tag : m->desc.digest.text,
					  m->desc.media_type, m->text, m->len, on_put, &e);
	}
	if (rc < 0)
		push_fail(p, rc, &e, NULL);
	else
		p->outstanding++;
}

/* --- blobs */

static void close_blob(struct push_blob *b)
{
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
}

static void on_uploaded(struct oci_reg_upload *u, int rc, const struct err *e)
{
	struct push_blob *b = container_of(u, struct push_blob, up);
	struct push *p = b->push;
	struct err why = *e;
	const char *hint = u->hint;

	close_blob(b);
	p->active--;
	b->state = PUSH_THERE;
	if (push_returned(p))
		return;
	if (rc < 0) {
		push_fail(p, rc, &why, rc == -ENODATA ? "pull it again, then push" : hint);
		return;
	}
	pump(p);
}

static void begin_blob(struct push_blob *b)
{
	struct push *p = b->push;
	struct err e = { 0 };
	int rc = 0;

	b->state = PUSH_GOING;
	if (store_blob_has(p->store, &b->desc)) {
		b->fd = store_blob_open(p->store, &b->desc, &e);
		rc = b->fd < 0 ? b->fd : 0;
	}
	b->up = (struct oci_reg_upload){ .desc = b->desc, .fd = b->fd, .from = b->from,
					  .piece_size = p->desc->piece_size };
	if (rc == 0)
		rc = oci_reg_upload_start(&b->up, p->reg, &p->ref, on_uploaded, &e);
	if (rc < 0) {
		push_fail(p, rc, &e, NULL);
		return;
	}
	p->active++;
	p->outstanding++;
}

static void pump(struct push *p)
{
	size_t most = p->desc->parallel ? p->desc->parallel : PARALLEL_DEFAULT, left = 0;

	for (size_t i = 0; i < p->nblobs && !p->failing; i++) {
		if (p->blobs[i].state == PUSH_WAITING && p->active < most)
			begin_blob(&p->blobs[i]);
		left += p->blobs[i].state != PUSH_THERE;
	}
	if (!left && !p->failing)
		push_next_manifest(p);
}

/* --- beginning */

static int work_prepare(struct work *w, struct err *e)
{
	struct push *p = container_of(w, struct push, work);
	int rc = push_source(p, e);

	return rc < 0 ? rc : job_reach_init(&p->reach, p->desc, p->ref.host, p->ref.repo, e);
}

static void on_tick(uv_timer_t *t)
{
	tell_progress(t->data, true);
}

static void on_prepared(struct work *w, int rc, const struct err *e)
{
	struct push *p = container_of(w, struct push, work);
	struct err why = *e;

	if (push_returned(p))
		return;
	if (rc == 0)
		rc = job_reach_open(&p->reach, p->loop, p->desc, &p->calls, &p->reg, &why);
	if (rc < 0) {
		push_fail(p, rc, &why, NULL);
		return;
	}
	p->calls.event(p->calls.arg, job_event_text("stage", "uploading"), false);
	tell_progress(p, false);
	uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS);
	pump(p);
}

static void push_cancel(void *job)
{
	struct push *p = job;
	struct err e = { 0 };

	if (p->told)
		return;
	err_set(&e, -ECANCELED, "canceled");
	push_fail(p, -ECANCELED, &e, NULL);
}

static void push_destroy(void *job)
{
	struct push *p = job;

	if (!p)
		return;
	push_source_finish(p);
	oci_ref_finish(&p->ref);
	job_reach_finish(&p->reach);
	free(p->referrers);
	free(p);
}

static int set_names(struct push *p, struct err *e)
{
	int rc = oci_ref_parse(p->desc->ref, &p->ref, e);

	if (rc == 0 && p->ref.transport != OCI_REGISTRY)
		rc = err_set(e, -EINVAL, "'%s' is not in a registry", p->desc->ref);
	if (rc == 0 && (p->ref.digest || !p->ref.tag))
		rc = err_set(e, -EINVAL, "'%s' is not a name to push to: it is written [HOST/]NAME[:TAG]", p->desc->ref);
	if (rc == 0 && !p->desc->src)
		rc = err_set(e, -EINVAL, "the job's description lacks 'src'");
	return rc;
}

static int push_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, void **ret,
		      struct err *e)
{
	struct push *p = calloc(1, sizeof *p);
	int rc;

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	p->loop = loop;
	p->desc = d;
	p->calls = *calls;
	p->lease.fd = -1;
	p->started_ns = clock_mono_ns();
	rc = set_names(p, e);
	if (rc == 0) {
		rc = work_start(&p->work, loop, work_prepare, on_prepared);
		if (rc < 0)
			err_sys(e, rc, "cannot start");
	}
	if (rc < 0) {
		push_destroy(p);
		return rc;
	}
	p->outstanding = 1;
	uv_timer_init(loop, &p->tick);
	p->tick.data = p;
	*ret = p;
	return 0;
}

const struct job_kind job_kind_push = { "push", push_start, push_cancel, push_destroy };
