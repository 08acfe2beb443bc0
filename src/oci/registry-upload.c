/* SPDX-License-Identifier: Apache-2.0 */
/* registry-upload.c - the steps of an upload. Each is one operation (registry.h); what is not tried again inside of one
 * is: ask how much arrived, and go on from there. */
#include "oci/registry-upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "oci/registry-inside.h"
#include "oci/registry-retry.h"

#define RESTARTS_MAX 3
#define PROGRESS_MIN (64u << 10) /* bytes that make a try count as the first again */
#define LEAST_RATE 16384u        /* bytes a second: a slower request ends */
#define LEAST_MS 600000u

static const struct oci_reg_kind kind_head = { "HEAD", .may_redirect = true, .may_login = true };
static const struct oci_reg_kind kind_post = { "POST", .may_login = true };
static const struct oci_reg_kind kind_patch = { "PATCH", .may_login = true, .once = true };
static const struct oci_reg_kind kind_put = { "PUT", .may_login = true, .once = true };
static const struct oci_reg_kind kind_status = { "GET", .may_login = true };

static void look(struct oci_reg_upload *u);
static void begin(struct oci_reg_upload *u);
static void send_more(struct oci_reg_upload *u);
static void ask_status(struct oci_reg_upload *u);

/* --- the end */

static void on_end(struct loop_defer *d)
{
	struct oci_reg_upload *u = container_of(d, struct oci_reg_upload, defer);
	struct err e = u->err;

	u->active = false;
	u->cb(u, u->rc, &e); /* may free u */
}

/* Later, as we may be inside of the operation's own callback. */
static void end(struct oci_reg_upload *u, int rc)
{
	if (u->closing)
		return;
	u->closing = true;
	u->rc = rc;
	http_after_cancel(&u->wait);
	loop_defer(u->reg->loop, &u->defer, on_end);
}

/* --- one step */

/* Starts an operation on path (taken over), or on the upload's own address if that is NULL. */
static void step(struct oci_reg_upload *u, const struct oci_reg_kind *kind, const char *from, char *path, char *url,
		 uint64_t total_ms, oci_reg_cb cb)
{
	struct oci_reg_op *op = &u->op;
	int rc;

	rc = oci_reg_op_prepare(op, u->reg, u->ref, "pull,push", from, &u->err);
	op->url = url;
	snprintf(op->what, sizeof op->what, "blob '%s'", u->desc.digest.text);
	if (rc == 0 && u->cancelled)
		rc = err_set(&u->err, -ECANCELED, "canceled");
	if (rc == 0)
		rc = oci_reg_op_begin(op, u->reg, kind, path, total_ms, cb, &u->err);
	else
		free(path);
	if (rc < 0)
		end(u, rc);
	else
		u->asking = true;
}

static void fresh(struct oci_reg_upload *u)
{
	oci_reg_op_finish(&u->op);
	u->op = (struct oci_reg_op){ 0 };
}

/* What each callback begins with: true if the operation failed and nothing is left to do but to end. */
static bool failed(struct oci_reg_upload *u, int rc, const struct err *e)
{
	u->asking = false;
	u->err = *e;
	u->hint = u->op.hint;
	if (u->cancelled)
		rc = err_set(&u->err, -ECANCELED, "canceled");
	if (rc == -ECANCELED)
		end(u, rc);
	return rc == -ECANCELED;
}

static void on_wait_over(struct http_deadline *d)
{
	struct oci_reg_upload *u = container_of(d, struct oci_reg_upload, wait);

	u->waiting = false;
	u->next(u);
}

/* After a pause, as long as there is some progress. */
static void again_later(struct oci_reg_upload *u, int rc, uint64_t ms, void (*next)(struct oci_reg_upload *u))
{
	if (u->at >= u->at_last_try + PROGRESS_MIN)
		u->tries = 0;
	u->at_last_try = u->at;
	if (u->tries++ >= u->reg->retries) {
		if (u->tries > 1)
			err_wrap(&u->err, rc, "after %u tries", u->tries);
		end(u, rc);
		return;
	}
	oci_reg_warn(u->reg, "%s, trying again in %.1f s", u->err.text, (double)ms / 1000);
	fresh(u);
	u->next = next;
	u->waiting = true;
	http_after(&u->reg->http, &u->wait, ms, on_wait_over);
}

/* From the start, as the registry forgot the upload. */
static void restart(struct oci_reg_upload *u, int rc)
{
	if (u->restarts++ >= RESTARTS_MAX) {
		end(u, rc);
		return;
	}
	fresh(u);
	u->at = 0;
	free(TAKE(u->location));
	look(u); /* it may have arrived whole, and only the answer got lost */
}

/* Keeps where the upload goes on. */
static int keep_location(struct oci_reg_upload *u)
{
	char *url = NULL;
	int rc = 0;

	/* an answer without one: the address stays */
	if (u->location && !u->op.http.answer.location)
		return 0;
	rc = oci_reg_op_location(&u->op, &url, &u->err);
	if (rc < 0)
		return rc;
	free(u->location);
	u->location = url;
	return 0;
}

/* --- is it there? */

static void on_looked(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct oci_reg_upload *u = container_of(op, struct oci_reg_upload, op);
	uint64_t size = op->size;

	if (failed(u, rc, e))
		return;
	if (rc == 0 && (!size || size == u->desc.size)) {
		u->there = !u->restarts;
		end(u, 0);
		return;
	}
	if (rc == 0)
		rc = err_set(&u->err, -EBADMSG, "blob '%s' has %llu bytes at %s, not %llu", u->desc.digest.text,
			     (unsigned long long)size, u->reg->host, (unsigned long long)u->desc.size);
	/* where it sent us to may know of reading only: sending it once more does no harm */
	if (rc == -EACCES && !op->at_home)
		rc = -ENOENT;
	if (rc != -ENOENT) {
		end(u, rc);
		return;
	}
	if (u->fd < 0) {
		end(u, err_set(&u->err, -ENODATA, "blob '%s' is neither in the store nor at %s", u->desc.digest.text,
			       u->reg->host));
		return;
	}
	begin(u);
}

static void look(struct oci_reg_upload *u)
{
	step(u, &kind_head, NULL, oci_reg_fmt("/v2/%s/blobs/%s", u->ref->repo, u->desc.digest.text), NULL,
	     u->reg->limits.total_ms, on_looked);
}

/* --- mount it, or begin */

static void on_begun(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct oci_reg_upload *u = container_of(op, struct oci_reg_upload, op);
	bool mounting = u->from && !u->restarts;

	if (failed(u, rc, e))
		return;
	if (rc == -EACCES && mounting) { /* of the other repository, most likely: without it, then */
		u->from = NULL;
		begin(u);
		return;
	}
	if (rc < 0) {
		end(u, rc);
		return;
	}
	if (op->http.answer.status == 201 && mounting) {
		u->mounted = true;
		u->at = u->desc.size;
		end(u, 0);
		return;
	}
	rc = keep_location(u);
	if (rc < 0) {
		end(u, rc);
		return;
	}
	u->at = 0;
	fresh(u);
	send_more(u);
}

static void begin(struct oci_reg_upload *u)
{
	const char *from = u->restarts ? NULL : u->from;
	char *path;

	fresh(u);
	path = from ? oci_reg_fmt("/v2/%s/blobs/uploads/?mount=%s&from=%s", u->ref->repo, u->desc.digest.text, from) :
		      oci_reg_fmt("/v2/%s/blobs/uploads/", u->ref->repo);
	step(u, &kind_post, from, path, NULL, u->reg->limits.total_ms, on_begun);
}

/* --- its bytes */

static void on_sent(struct http_req *r)
{
	struct oci_reg_op *op = container_of(r, struct oci_reg_op, http);
	struct oci_reg_upload *u = container_of(op, struct oci_reg_upload, op);

	u->at = u->base + r->sent;
	if (u->progress)
		u->progress(u);
}

/* A piece did not arrive, or not all of it. */
static void broken(struct oci_reg_upload *u, int rc)
{
	long status = u->op.http.answer.status;

	u->sent += u->op.http.sent;
	u->at = u->base;
	if (u->op.may_retry) {
		again_later(u, rc, u->op.retry_ms, ask_status);
	} else if (rc == -ENOENT || status == 416) { /* it forgot us, or has other bytes than we think */
		restart(u, rc);
	} else if (u->piece < u->desc.size && (status == 400 || status == 405 || status == 413 || status == 501)) {
		u->piece = UINT64_MAX; /* it wants no pieces */
		restart(u, rc);
	} else {
		end(u, rc);
	}
}

static void on_piece(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct oci_reg_upload *u = container_of(op, struct oci_reg_upload, op);
	uint64_t have = u->base + op->send.len;

	if (failed(u, rc, e))
		return;
	if (rc < 0) {
		broken(u, rc);
		return;
	}
	u->sent += op->http.sent;
	if (op->http.answer.range && (oci_upload_range(op->http.answer.range, &have) < 0 || have > u->desc.size ||
				      have <= u->base)) {
		rc = err_set(&u->err, -EPROTO, "%s says to have '%.60s' of %s", u->reg->host, op->http.answer.range,
			     op->what);
		end(u, rc);
		return;
	}
	rc = keep_location(u);
	if (rc < 0) {
		end(u, rc);
		return;
	}
	u->at = have;
	u->tries = 0;
	fresh(u);
	send_more(u);
}

static void on_put(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct oci_reg_upload *u = container_of(op, struct oci_reg_upload, op);
	char words[240];

	if (failed(u, rc, e))
		return;
	if (rc < 0) {
		oci_reg_error_text((char *)op->http.buf.p, op->http.buf.len, words, sizeof words);
		if (strncmp(words, "DIGEST_INVALID", 14) == 0)
			end(u, err_set(&u->err, -EBADMSG, "%s did not get blob '%s' as it is: %s", u->reg->host,
				       u->desc.digest.text, words));
		else
			broken(u, rc);
		return;
	}
	u->sent += op->http.sent;
	u->at = u->desc.size;
	end(u, 0);
}

static char *with_digest(const struct oci_reg_upload *u)
{
	size_t n = strcspn(u->location, "#");

	return oci_reg_fmt("%.*s%cdigest=%s", (int)n, u->location, memchr(u->location, '?', n) ? '&' : '?',
			   u->desc.digest.text);
}

/* The next piece, or the end. What is small, or wanted in one piece, goes with the request that ends the upload. */
static void send_more(struct oci_reg_upload *u)
{
	uint64_t left = u->desc.size - u->at, n = MIN(left, u->piece);
	bool last = left == 0 || (u->at == 0 && n == left);
	uint64_t ms = u->reg->limits.total_ms ? LEAST_MS + n * 1000 / LEAST_RATE : 0;
	char *url = last ? with_digest(u) : strdup(u->location);

	u->base = u->at;
	if (!url) {
		end(u, err_set(&u->err, -ENOMEM, "out of memory"));
		return;
	}
	u->op.content_type = "application/octet-stream";
	u->op.send = (struct http_body){ .fd = u->fd, .at = u->at, .len = n };
	u->op.http.on_sent = on_sent;
	if (!last)
		snprintf(u->op.content_range, sizeof u->op.content_range, "%llu-%llu", (unsigned long long)u->at,
			 (unsigned long long)(u->at + n - 1));
	step(u, last ? &kind_put : &kind_patch, NULL, strdup(""), url, ms, last ? on_put : on_piece);
}

/* --- what arrived? */

static void on_status(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct oci_reg_upload *u = container_of(op, struct oci_reg_upload, op);
	uint64_t have = 0;

	if (failed(u, rc, e))
		return;
	if (rc == -ENOENT || (rc == 0 && op->http.answer.range &&
			      (oci_upload_range(op->http.answer.range, &have) < 0 || have > u->desc.size))) {
		restart(u, rc < 0 ? rc : err_set(&u->err, -EPROTO, "%s says to have '%.60s' of %s", u->reg->host,
						 op->http.answer.range, op->what));
		return;
	}
	if (rc == 0)
		rc = keep_location(u);
	if (rc < 0) {
		end(u, rc);
		return;
	}
	u->at = have;
	fresh(u);
	send_more(u);
}

static void ask_status(struct oci_reg_upload *u)
{
	char *url = strdup(u->location);

	if (!url) {
		end(u, err_set(&u->err, -ENOMEM, "out of memory"));
		return;
	}
	step(u, &kind_status, NULL, strdup(""), url, u->reg->limits.total_ms, on_status);
}

/* --- the whole */

int oci_reg_upload_start(struct oci_reg_upload *u, struct oci_reg *reg, const struct oci_ref *ref,
			 oci_reg_upload_cb cb, struct err *e)
{
	u->reg = reg;
	u->ref = ref;
	u->cb = cb;
	u->piece = u->piece_size ? u->piece_size : OCI_UPLOAD_PIECE;
	if (u->piece >= u->desc.size)
		u->piece = UINT64_MAX;
	u->active = true;
	look(u);
	return 0;
}

void oci_reg_upload_cancel(struct oci_reg_upload *u)
{
	if (!u->active || u->cancelled)
		return;
	u->cancelled = true;
	if (u->asking)
		oci_reg_cancel(&u->op);
	else if (u->waiting)
		end(u, err_set(&u->err, -ECANCELED, "canceled"));
}

void oci_reg_upload_finish(struct oci_reg_upload *u)
{
	oci_reg_op_finish(&u->op);
	free(TAKE(u->location));
}
