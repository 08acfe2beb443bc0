/* SPDX-License-Identifier: Apache-2.0 */
/* pull-blob.c - the blobs of a pull: is it there, what of it is there, the rest of it, its digest. */
#include "job/pull-inside.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"

#define PARALLEL_DEFAULT 3
#define ELSEWHERE_MS 150       /* how often to look for a blob that another process downloads */
#define TELL_BYTES (128u << 10) /* the unpacker is told of more in steps of this */

void pull_blob_init(struct pull_blob *b, struct pull *p, const struct oci_desc *d)
{
	*b = (struct pull_blob){ .pull = p, .desc = *d, .in.fd = -1 };
}

void pull_blob_finish(struct pull_blob *b, bool keep)
{
	if (b->in_open)
		store_ingest_finish(&b->in, keep);
	b->in_open = false;
	oci_reg_op_finish(&b->op);
}

void pull_blob_cancel(struct pull_blob *b)
{
	if (b->state == BLOB_COMING)
		oci_reg_cancel(&b->op);
	if (b->state == BLOB_BEGINNING) /* what is all here is worth writing */
		work_cancel(&b->work);
}

static bool is_layer(const struct pull_blob *b)
{
	return b != &b->pull->config_blob;
}

/* Its bytes are right, though maybe not in their place yet. */
static void use(struct pull_blob *b)
{
	struct pull *p = b->pull;

	if (!is_layer(b)) {
		pull_on_config(p);
		return;
	}
	pull_unpack_more(p, b);
	if (!p->failing)
		pull_blobs_pump(p);
}

static void here(struct pull_blob *b)
{
	b->state = BLOB_HERE;
	use(b);
	if (!b->pull->failing)
		pull_maybe_finish(b->pull);
}

int pull_blob_load(struct pull_blob *b, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	if (!b->in_open)
		return store_blob_load(b->pull->store, &b->desc, max, ret, ret_len, e);
	if (b->in.have > max)
		return err_set(e, -EFBIG, "blob '%s' is larger than %zu bytes", b->desc.digest.text, max);
	AUTO_FREE char *text = calloc(1, b->in.have + 1);
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t at = 0; at < b->in.have;) {
		ssize_t n = pread(b->in.fd, text + at, b->in.have - at, (off_t)at);

		if (n <= 0)
			return err_sys(e, n < 0 ? -errno : -EIO, "cannot read blob '%s'", b->desc.digest.text);
		at += (size_t)n;
	}
	*ret = TAKE(text);
	*ret_len = b->in.have;
	return 0;
}

static void download(struct pull_blob *b);

/* Its bytes are wrong, but some of them were kept from before: they may be the wrong ones. True if all of it is to be
 * fetched once more. */
static bool once_more(struct pull_blob *b, int rc)
{
	if (rc != -EBADMSG || !b->resumed || b->anew)
		return false;
	b->anew = true;
	pull_warn(b->pull, "what was kept of blob '%s' does not fit the rest: fetching all of it", b->desc.digest.text);
	return true;
}

/* It did not come from where it was sought: true if it is sought again, or elsewhere. What came stays, unless it is
 * wrong. */
static bool seek_again(struct pull_blob *b, int rc, const struct err *why)
{
	struct pull *p = b->pull;

	if (!once_more(b, rc)) {
		if (!pull_source_next(p, b->source, rc, why))
			return false;
		b->source++;
	}
	if (rc == -EBADMSG && is_layer(b))
		pull_unpack_anew(p, b);
	oci_reg_op_finish(&b->op);
	if (b->in_open && rc != -EBADMSG) { /* the part stays ours: the unpacker shares its lock */
		p->active += is_layer(b);
		download(b);
		return true;
	}
	pull_blob_finish(b, false);
	b->state = BLOB_WAITING;
	if (is_layer(b))
		pull_blobs_pump(p);
	else
		pull_blob_begin(b);
	return true;
}

/* --- writing */

static void on_again(uv_timer_t *t);

static int work_commit(struct work *w, struct err *e)
{
	struct pull_blob *b = container_of(w, struct pull_blob, work);

	return store_ingest_commit(&b->in, e);
}

static void on_committed(struct work *w, int rc, const struct err *e)
{
	struct pull_blob *b = container_of(w, struct pull_blob, work);
	struct pull *p = b->pull;

	if (rc == 0) {
		store_ingest_finish(&b->in, false);
		b->in_open = false;
		b->state = BLOB_HERE;
	}
	if (pull_returned(p))
		return;
	if (rc < 0) {
		pull_fail(p, rc, e, NULL);
		return;
	}
	if (uv_is_active((uv_handle_t *)&p->again)) /* config and layer of an artifact may be one blob */
		uv_timer_start(&p->again, on_again, 0, 0);
	pull_maybe_finish(p);
}

/* --- downloading */

static int on_data(struct oci_reg_op *op, const void *data, size_t n, struct err *e)
{
	struct pull_blob *b = container_of(op, struct pull_blob, op);
	int rc = store_ingest_write(&b->in, data, n, e);

	if (rc < 0)
		return rc;
	b->pull->fetched += n;
	if (is_layer(b) && b->in.have - b->told >= TELL_BYTES)
		pull_unpack_more(b->pull, b);
	return 0;
}

static void on_downloaded(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct pull_blob *b = container_of(op, struct pull_blob, op);
	struct pull *p = b->pull;
	struct err failed = *e;
	const char *hint = op->hint;

	if (rc == 0 && (rc = store_ingest_check(&b->in, &failed)) == -EBADMSG)
		hint = "the registry's copy is damaged, or somebody changed it";
	if (is_layer(b))
		p->active--;
	if (rc < 0)
		b->state = BLOB_WAITING;
	/* a part that the registry contradicts is not worth keeping */
	if (rc == -EBADMSG)
		pull_blob_finish(b, false);
	if (pull_returned(p))
		return;
	if (rc < 0) {
		if (!seek_again(b, rc, &failed))
			pull_fail(p, rc, &failed, hint);
		return;
	}
	oci_reg_op_finish(op);
	b->state = BLOB_WRITING;
	rc = work_start(&b->work, p->loop, work_commit, on_committed);
	if (rc < 0) {
		pull_fail(p, rc, NULL, NULL);
		return;
	}
	p->outstanding++;
	use(b);
}

static void download(struct pull_blob *b)
{
	struct pull *p = b->pull;
	struct err e = { 0 };

	b->in_open = true;
	b->resumed = b->in.have;
	b->state = BLOB_COMING;
	b->op = (struct oci_reg_op){ .data = on_data };
	if (is_layer(b))
		pull_unpack_more(p, b);
	struct pull_source *s;

	b->source = MAX(b->source, p->source);
	int rc = pull_source_get(p, b->source, &s, &e);
	if (rc == 0)
		rc = oci_reg_blob(&b->op, s->reg, &s->ref, &b->desc, b->in.have, on_downloaded, &e);
	if (rc < 0) {
		b->state = BLOB_WAITING;
		pull_fail(p, rc, &e, NULL);
	} else {
		p->outstanding++;
	}
}

/* --- beginning */

static int work_begin(struct work *w, struct err *e)
{
	struct pull_blob *b = container_of(w, struct pull_blob, work);

	return store_ingest_begin(b->pull->store, &b->pull->lease, &b->desc, &b->in, e);
}

static void on_again(uv_timer_t *t)
{
	struct pull *p = t->data;

	for (size_t i = 0; i < p->nblobs; i++)
		if (p->blobs[i].state == BLOB_ELSEWHERE)
			p->blobs[i].state = BLOB_WAITING;
	if (p->config_blob.state == BLOB_ELSEWHERE)
		pull_blob_begin(&p->config_blob);
	pull_blobs_pump(p);
}

static void on_begun(struct work *w, int rc, const struct err *e)
{
	struct pull_blob *b = container_of(w, struct pull_blob, work);
	struct pull *p = b->pull;

	if (is_layer(b) && rc != 0)
		p->active--;
	if (rc == 0)
		b->in_open = true;
	if (pull_returned(p))
		return;
	if (rc == 0) {
		download(b);
	} else if (rc == 1) {
		b->shared = true;
		here(b);
	} else if (rc == -EWOULDBLOCK) {
		b->state = BLOB_ELSEWHERE;
		if (!uv_is_active((uv_handle_t *)&p->again))
			uv_timer_start(&p->again, on_again, ELSEWHERE_MS, 0);
		pull_blobs_pump(p);
	} else {
		b->state = BLOB_WAITING;
		pull_fail(p, rc, e, NULL);
	}
}

void pull_blob_begin(struct pull_blob *b)
{
	struct pull *p = b->pull;

	b->state = BLOB_BEGINNING;
	int rc = work_start(&b->work, p->loop, work_begin, on_begun);
	if (rc < 0) {
		b->state = BLOB_WAITING;
		pull_fail(p, rc, NULL, NULL);
		return;
	}
	p->outstanding++;
	if (is_layer(b))
		p->active++;
}

void pull_blobs_pump(struct pull *p)
{
	size_t most = p->desc->parallel ? p->desc->parallel : PARALLEL_DEFAULT;

	for (size_t i = 0; i < p->nblobs && p->active < most && !p->failing; i++)
		if (p->blobs[i].state == BLOB_WAITING)
			pull_blob_begin(&p->blobs[i]);
}
