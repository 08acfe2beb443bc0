/* SPDX-License-Identifier: Apache-2.0 */
/* pull-unpack.c - the root file system of a pull: found, or made while its layers come. */
#include "job/pull-inside.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"

static bool is_right(const struct pull_blob *b)
{
	return b->state == BLOB_WRITING || b->state == BLOB_HERE;
}

/* Gives the unpacker layer i, if that is there, at least its beginning. */
static void feed(struct pull *p, size_t i)
{
	struct pull_layer *l = &p->layers[i];
	struct pull_blob *b = l->blob;
	struct err e = { 0 };
	int rc;

	if (!l->wanted || l->fed || p->failing)
		return;
	if (b->state == BLOB_HERE) {
		AUTO_CLOSE int fd = store_blob_open(p->store, &b->desc, &e);

		rc = fd < 0 ? fd : unpack_feed(&p->unpacker, i, fd, UINT64_MAX, &e);
	} else if (b->state == BLOB_COMING || b->state == BLOB_WRITING) {
		rc = unpack_feed(&p->unpacker, i, b->in.fd, b->in.have, &e);
		b->told = b->in.have;
		if (rc == 0 && b->in.have == b->desc.size)
			unpack_avail(&p->unpacker, i, b->in.have, true);
	} else {
		return;
	}
	l->fed = true;
	if (rc < 0)
		pull_fail(p, rc, &e, NULL);
}

static void on_want(struct unpack *u, size_t i)
{
	struct pull *p = u->data;

	if (i < p->manifest.nlayers) {
		p->layers[i].wanted = true;
		feed(p, i);
	}
}

static void on_unpack_progress(struct unpack *u, const struct unpack_progress *at)
{
	struct pull *p = u->data;

	p->at = *at;
}

/* Bytes that the unpacker read and nobody has checked yet, which could still be had anew. */
static bool unchecked(const struct pull *p)
{
	for (size_t i = 0; i < p->manifest.nlayers; i++) {
		const struct pull_blob *b = p->layers[i].blob;
		bool again = b->source + 1 < p->nsources || (b->resumed && !b->anew);

		if (p->layers[i].fed && !is_right(b) && again)
			return true;
	}
	return false;
}

void pull_unpack_more(struct pull *p, struct pull_blob *b)
{
	if (p->unpack_rc < 0 && !unchecked(p))
		pull_fail(p, p->unpack_rc, &p->unpack_err, NULL);
	if (!p->unpack_started || p->unpack_done)
		return;
	b->told = b->in.have;
	bool right = is_right(b);
	for (size_t i = 0; i < p->manifest.nlayers && !p->failing; i++) {
		if (p->layers[i].blob != b)
			continue;
		if (p->layers[i].fed)
			unpack_avail(&p->unpacker, i, right ? b->desc.size : b->in.have, right);
		else
			feed(p, i);
	}
}

static void make_again(struct pull *p);

static void on_unpacked(struct unpack *u, int rc, const struct err *e)
{
	struct pull *p = u->data;
	struct err why = *e;

	p->unpack_started = false;
	if (pull_returned(p))
		return;
	if (p->unpack_again) {
		make_again(p);
		return;
	}
	if (rc == 0) {
		p->unpack_done = true;
		pull_maybe_finish(p);
		return;
	}
	err_wrap(&why, rc, "cannot unpack the image");
	if ((rc == -EBADMSG || rc == -EINVAL) && unchecked(p)) { /* the check will tell whose fault it is */
		p->unpack_rc = rc;
		p->unpack_err = why;
		return;
	}
	pull_fail(p, rc, &why, NULL);
}

static int start_worker(struct pull *p, struct err *e)
{
	AUTO_FREE struct unpack_source *sources = calloc(p->manifest.nlayers + 1, sizeof *sources);
	struct unpack_opts opts = { .sources = sources, .nsources = p->manifest.nlayers,
				    .max_size = p->desc->max_size, .fd = p->rootfs.fd,
				    .unsynced = true, .spare = &p->spare };

	if (!sources)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < p->manifest.nlayers; i++)
		/* no digest: what comes in is checked by the store before the result counts */
		sources[i] = (struct unpack_source){ .kind = UNPACK_LAYER, .media = p->manifest.layers[i].kind,
						     .diff_id = p->config.diff_ids[i],
						     .size = p->manifest.layers[i].size };
	p->unpacker = (struct unpack){ .want = on_want, .progress = on_unpack_progress, .data = p };
	return unpack_start(&p->unpacker, p->loop, &opts, on_unpacked, e);
}

static void make_or_wait(struct pull *p, int rc, const struct err *e);

static int work_wait(struct work *w, struct err *e)
{
	struct pull *p = container_of(w, struct pull, unpack_work);

	return store_rootfs_begin(p->store, p->key, true, &p->rootfs, e);
}

static void on_waited(struct work *w, int rc, const struct err *e)
{
	struct pull *p = container_of(w, struct pull, unpack_work);

	if (rc == 0)
		p->rootfs_open = true;
	if (pull_returned(p))
		return;
	make_or_wait(p, rc, e);
}

/* What store_rootfs_begin said. */
static void make_or_wait(struct pull *p, int rc, const struct err *why)
{
	struct err e = *why;

	if (rc == 0) {
		p->rootfs_open = true;
		rc = start_worker(p, &e);
		if (rc == 0) {
			p->outstanding++;
			p->unpack_started = true;
			return;
		}
	} else if (rc == 1) {
		p->unpack_done = true;
		pull_maybe_finish(p);
		return;
	} else if (rc == -EWOULDBLOCK) {
		pull_stage(p, "another process unpacks the same layers, waiting for it");
		rc = work_start(&p->unpack_work, p->loop, work_wait, on_waited);
		if (rc == 0) {
			p->outstanding++;
			return;
		}
	}
	pull_fail(p, rc, &e, NULL);
}

static void make_again(struct pull *p)
{
	struct err e = { 0 };

	p->unpack_again = false;
	p->unpack_rc = 0;
	p->at = (struct unpack_progress){ 0 };
	for (size_t i = 0; i < p->manifest.nlayers; i++)
		p->layers[i].wanted = p->layers[i].fed = false;
	if (p->rootfs_open)
		store_rootfs_finish(&p->rootfs);
	p->rootfs_open = false;
	make_or_wait(p, store_rootfs_begin(p->store, p->key, false, &p->rootfs, &e), &e);
}

void pull_unpack_anew(struct pull *p, const struct pull_blob *b)
{
	bool fed = false;

	for (size_t i = 0; i < p->manifest.nlayers; i++)
		fed = fed || (p->layers[i].blob == b && p->layers[i].fed);
	if (!fed)
		return;
	if (p->unpack_rc < 0) {
		make_again(p);
	} else if (p->unpack_started) {
		p->unpack_again = true;
		unpack_cancel(&p->unpacker);
	}
}

void pull_unpack_expect(struct pull *p)
{
	if (p->unpack)
		unpack_spare_start(&p->spare, NULL); /* if it fails, so will the start of another, which tells */
}

void pull_unpack_start(struct pull *p)
{
	struct err e = { 0 };
	int rc;

	if (!p->unpack) {
		p->unpack_done = true;
		return;
	}
	rc = store_rootfs_key(&p->config, p->key, &e);
	if (rc < 0) {
		pull_fail(p, rc, &e, NULL);
		return;
	}
	if (store_rootfs_has(p->store, p->key, NULL)) {
		p->unpack_done = true;
		return;
	}
	make_or_wait(p, store_rootfs_begin(p->store, p->key, false, &p->rootfs, &e), &e);
}

void pull_unpack_cancel(struct pull *p)
{
	if (p->unpack_started)
		unpack_cancel(&p->unpacker);
	work_cancel(&p->unpack_work);
}

char *pull_unpack_meta(const struct pull *p)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	char created[CLOCK_RFC3339_MAX];
	const struct unpack_result *r = &p->unpacker.result;

	clock_rfc3339(clock_real_ns(), created);
	if (!j || !cJSON_AddStringToObject(j, "key", p->key) || !cJSON_AddStringToObject(j, "created", created) ||
	    !cJSON_AddNumberToObject(j, "size", (double)r->size) ||
	    !cJSON_AddNumberToObject(j, "used", (double)r->used) ||
	    !cJSON_AddNumberToObject(j, "entries", (double)r->entries) ||
	    !cJSON_AddNumberToObject(j, "raw", (double)r->raw))
		return NULL;
	return json_print(j);
}
