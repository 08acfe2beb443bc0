/* SPDX-License-Identifier: Apache-2.0 */
/* exch.c - one exchange: what waits to be taken and to be sent, and how it ends. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rpc/session.h"

#define KEEP_CAP (64u << 10) /* an empty buffer over this is freed */
#define DEADLINE_MAX_MS (10ll * 365 * 24 * 3600 * 1000)

#define NV(n, v) nv(n, v, strlen(v), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)
#define NV_COPY(n, v, len) nv(n, v, len, NGHTTP2_NV_FLAG_NO_COPY_NAME)

static nghttp2_nv nv(const char *name, const char *value, size_t len, uint8_t flags)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name), len, flags };
}

struct rpc_exch *rpc_exch_create(struct rpc_session *s)
{
	struct rpc_exch *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	x->session = s;
	x->id = -1;
	x->timeout_ms = -1;
	list_append(&s->exchs, &x->link);
	list_init(&x->ready);
	return x;
}

/* Frees it when nobody knows it any longer. */
static void put(struct rpc_exch *x)
{
	if (x->owner || x->id >= 0 || x->refs || x->queued)
		return;
	x->session->held -= x->in.len - x->in_pos;
	list_remove(&x->link);
	buf_finish(&x->in);
	buf_finish(&x->out);
	free(x);
}

void rpc_exch_release(struct rpc_exch *x)
{
	x->owner = NULL;
	x->deaf = true;
	if (!x->refs && x->in.len)
		rpc_exch_queue(x); /* to drop what it holds */
	put(x);
}

void rpc_exch_queue(struct rpc_exch *x)
{
	if (!x->queued) {
		x->queued = true;
		list_append(&x->session->ready, &x->ready);
	}
	rpc_session_wake(x->session);
}

void rpc_exch_hold(struct rpc_exch *x, bool hold)
{
	x->held = hold;
	if (!hold)
		rpc_exch_queue(x);
}

void rpc_exch_deadline(struct rpc_exch *x, int64_t timeout_ms)
{
	struct rpc_session *s = x->session;

	x->timeout_ms = MIN(timeout_ms, DEADLINE_MAX_MS);
	x->deadline_ns = clock_mono_ns() + x->timeout_ms * 1000000;
	if (!s->deadline_ns || x->deadline_ns < s->deadline_ns)
		s->deadline_ns = x->deadline_ns;
	rpc_session_wake(s);
}

/* --- sending */

static size_t pending(const struct rpc_exch *x)
{
	return x->out.len - x->out_pos;
}

static void submit_trailers(struct rpc_exch *x)
{
	AUTO_BUF struct buf words = { 0 };
	char code[12];
	nghttp2_nv v[2];
	size_t n = 0;

	snprintf(code, sizeof(code), "%d", x->code);
	v[n++] = NV_COPY("grpc-status", code, strlen(code));
	if (x->code != RPC_OK && rpc_message_encode(&words, x->err.text) == 0 && words.len)
		v[n++] = NV_COPY("grpc-message", (char *)words.p, words.len);
	if (nghttp2_submit_trailer(x->session->ng, x->id, v, n) != 0)
		nghttp2_submit_rst_stream(x->session->ng, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_INTERNAL_ERROR);
}

static ssize_t read_out(nghttp2_session *ng, int32_t id, uint8_t *p, size_t cap, uint32_t *flags,
			nghttp2_data_source *source, void *data)
{
	struct rpc_exch *x = source->ptr;
	size_t n = MIN(pending(x), cap);

	(void)ng, (void)id, (void)data;
	if (n)
		memcpy(p, x->out.p + x->out_pos, n);
	x->out_pos += n;
	if (x->want_drain && pending(x) < RPC_OUT_LOW)
		rpc_exch_queue(x);
	if (pending(x))
		return (ssize_t)n;
	x->out_pos = 0;
	buf_clear(&x->out);
	if (x->out.cap > KEEP_CAP)
		buf_finish(&x->out);
	if (x->out_end) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (x->session->role->server) {
			*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
			submit_trailers(x);
		}
	} else if (!n) {
		x->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	return (ssize_t)n;
}

/* The answer's headers, with its data behind them, or with the status alone. */
static void respond(struct rpc_exch *x, bool status_only)
{
	AUTO_BUF struct buf words = { 0 };
	nghttp2_data_provider body = { .source.ptr = x, .read_callback = read_out };
	char http[12], code[12];
	nghttp2_nv v[5];
	size_t n = 0;

	x->responded = true;
	snprintf(http, sizeof(http), "%d", x->http_status ? x->http_status : 200);
	snprintf(code, sizeof(code), "%d", x->code);
	v[n++] = NV_COPY(":status", http, strlen(http));
	v[n++] = NV("content-type", "application/grpc");
	if (status_only) {
		v[n++] = NV_COPY("grpc-status", code, strlen(code));
		if (x->encoded)
			v[n++] = NV("grpc-accept-encoding", "identity");
		if (x->code != RPC_OK && rpc_message_encode(&words, x->err.text) == 0 && words.len)
			v[n++] = NV_COPY("grpc-message", (char *)words.p, words.len);
	}
	if (nghttp2_submit_response(x->session->ng, x->id, v, n, status_only ? NULL : &body) != 0)
		nghttp2_submit_rst_stream(x->session->ng, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_INTERNAL_ERROR);
}

static void kick(struct rpc_exch *x)
{
	if (x->deferred) {
		x->deferred = false;
		nghttp2_session_resume_data(x->session->ng, x->id);
	}
	rpc_session_wake(x->session);
}

int rpc_exch_send(struct rpc_exch *x, const ProtobufCMessage *msg, bool last, struct err *e)
{
	int rc;

	if (x->over)
		return err_set(e, -ECANCELED, "the call has ended");
	if (!last && pending(x) > RPC_OUT_HIGH) {
		x->want_drain = true;
		return -EAGAIN;
	}
	if (x->out_pos > pending(x)) {
		buf_consume(&x->out, x->out_pos);
		x->out_pos = 0;
	}
	rc = rpc_msg_pack(&x->out, msg, e);
	if (rc < 0)
		return rc;
	if (x->id < 0)
		return 0;
	if (x->session->role->server && !x->responded)
		respond(x, false);
	kick(x);
	return 0;
}

int rpc_exch_request(struct rpc_exch *x, const char *path, int64_t timeout_ms, struct err *e)
{
	struct rpc_session *s = x->session;
	nghttp2_data_provider body = { .source.ptr = x, .read_callback = read_out };
	char timeout[RPC_TIMEOUT_MAX];
	nghttp2_nv v[8];
	size_t n = 0;
	int32_t id;

	v[n++] = NV(":method", "POST");
	v[n++] = NV(":scheme", "http");
	v[n++] = NV_COPY(":path", path, strlen(path));
	v[n++] = NV(":authority", "localhost");
	v[n++] = NV("te", "trailers");
	v[n++] = NV("content-type", "application/grpc");
	if (timeout_ms > 0) {
		rpc_timeout_format(timeout_ms, timeout);
		v[n++] = NV_COPY("grpc-timeout", timeout, strlen(timeout));
	}
	id = nghttp2_submit_request(s->ng, NULL, v, n, &body, x);
	if (id < 0)
		return err_set(e, id == NGHTTP2_ERR_NOMEM ? -ENOMEM : -ENOTCONN, "cannot start a call: %s",
			       nghttp2_strerror(id));
	x->id = id;
	if (timeout_ms > 0)
		rpc_exch_deadline(x, timeout_ms);
	rpc_session_wake(s);
	return 0;
}

void rpc_exch_half_close(struct rpc_exch *x)
{
	x->out_end = true;
	if (x->id >= 0)
		kick(x);
}

static void send_status(struct rpc_exch *x, enum rpc_code code, const char *words)
{
	x->code = code;
	err_set(&x->err, rpc_code_errno(code), "%s", words);
	if (x->id < 0 || x->out_end)
		return;
	x->out_end = true;
	if (!x->responded)
		respond(x, !pending(x));
	kick(x);
}

void rpc_exch_finish(struct rpc_exch *x, enum rpc_code code, const char *words)
{
	send_status(x, code, words);
	rpc_exch_release(x);
}

void rpc_exch_abort(struct rpc_exch *x, enum rpc_code code, const char *fmt, ...)
{
	char words[sizeof(x->err.text)];
	va_list ap;

	if (x->over)
		return;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	x->over = x->deaf = true;
	if (x->session->role->server) {
		send_status(x, code, words);
	} else {
		x->code = code;
		err_set(&x->err, rpc_code_errno(code), "%s", words);
		if (x->id >= 0)
			nghttp2_submit_rst_stream(x->session->ng, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_CANCEL);
	}
	rpc_exch_queue(x);
}

/* --- telling the owner */

static bool not_grpc(const struct rpc_exch *x)
{
	return !x->session->role->server && (x->http_status != 200 || !x->grpc);
}

/* Takes one message and tells it. false: there is none. */
static bool take(struct rpc_exch *x)
{
	struct rpc_msg m;
	struct err e = { 0 };
	ssize_t n;

	if (x->in_pos == x->in.len)
		return false;
	if (not_grpc(x)) { /* a page of words for people: its status says it all */
		x->session->held -= x->in.len - x->in_pos;
		x->in_pos = x->in.len;
		return false;
	}
	n = rpc_msg_next(x->in.p + x->in_pos, x->in.len - x->in_pos, RPC_MSG_MAX, &m, &e);

	if (n < 0) {
		enum rpc_code code = x->session->role->server ? RPC_UNIMPLEMENTED : RPC_INTERNAL;

		rpc_exch_abort(x, n == -EMSGSIZE ? RPC_RESOURCE_EXHAUSTED : code, "%s", e.text);
	}
	if (n <= 0)
		return false;
	x->in_pos += (size_t)n;
	x->session->held -= (size_t)n;
	x->session->role->message(x, &m);
	return true;
}

/* Gives the stream's window back, and the memory of what was taken. */
static void settle_input(struct rpc_exch *x)
{
	if (x->deaf) {
		x->session->held -= x->in.len - x->in_pos;
		x->in_pos = x->in.len;
	}
	if (x->in_pos == x->in.len) {
		buf_clear(&x->in);
		if (x->deaf || x->in.cap > KEEP_CAP)
			buf_finish(&x->in);
		x->in_pos = 0;
	} else if (x->in_pos > x->in.len / 2) {
		buf_consume(&x->in, x->in_pos);
		x->in_pos = 0;
	}
	if (x->unconsumed && (!x->held || x->deaf)) {
		if (x->id >= 0)
			nghttp2_session_consume_stream(x->session->ng, x->id, x->unconsumed);
		x->unconsumed = 0;
	}
}

static bool hears(const struct rpc_exch *x)
{
	return x->owner && !x->over && !x->deaf && !x->held;
}

static void run(struct rpc_exch *x)
{
	const struct rpc_role *role = x->session->role;

	x->refs++;
	if (role->server && x->headers && !x->started && !x->over) {
		x->started = true;
		role->start(x);
	}
	while (hears(x) && take(x))
		continue;
	if (hears(x) && x->in_end && !x->told_in_end) {
		x->told_in_end = true;
		if (x->in_pos < x->in.len)
			rpc_exch_abort(x, RPC_INTERNAL, "the last message is cut off");
		else
			role->half_close(x);
	}
	if (x->owner && !x->over && x->want_drain && pending(x) < RPC_OUT_LOW) {
		x->want_drain = false;
		role->drain(x);
	}
	if (x->over && !x->told_over) {
		x->told_over = true;
		if (x->owner)
			role->over(x);
	}
	settle_input(x);
	x->refs--;
	put(x);
}

/* Aborts what is late and finds the next deadline. */
static void expire(struct rpc_session *s)
{
	int64_t now, next = 0;

	if (!s->deadline_ns || s->deadline_ns > (now = clock_mono_ns()))
		return;
	list_each(struct rpc_exch, x, &s->exchs, link) {
		if (!x->deadline_ns || x->over || (x->started && !x->owner))
			continue;
		if (x->deadline_ns <= now)
			rpc_exch_abort(x, RPC_DEADLINE_EXCEEDED, "no answer within %" PRId64 " ms",
				       x->timeout_ms);
		else if (!next || x->deadline_ns < next)
			next = x->deadline_ns;
	}
	s->deadline_ns = next;
}

static void free_session(struct rpc_session *s)
{
	while (!list_empty(&s->exchs)) {
		struct rpc_exch *x = list_entry(s->exchs.next, struct rpc_exch, link);

		list_remove(&x->ready);
		x->queued = false;
		x->id = -1;
		x->owner = NULL;
		put(x);
	}
	nghttp2_session_del(s->ng);
	s->role->freed(s);
}

bool rpc_session_due(const struct rpc_session *s)
{
	return !s->busy && !list_empty(&s->ready);
}

bool rpc_session_run(struct rpc_session *s)
{
	if (s->busy)
		return true;
	s->busy++;
	expire(s);
	while (!list_empty(&s->ready)) {
		struct rpc_exch *x = list_entry(s->ready.next, struct rpc_exch, ready);

		list_remove(&x->ready);
		x->queued = false;
		run(x);
	}
	s->busy--;
	if (!s->doomed)
		return true;
	free_session(s);
	return false;
}

/* Tells every exchange that it is over, unless it ended well and only its owner has not heard. */
static void end_all(struct rpc_session *s, enum rpc_code code, const char *words)
{
	struct list all;

	s->ended = true;
	list_init(&all);
	list_each(struct rpc_exch, x, &s->exchs, link) {
		bool complete = !s->role->server && x->in_end && !x->held && code == RPC_UNAVAILABLE;

		x->id = -1;
		if (!x->over && !complete) {
			x->over = x->deaf = true;
			x->code = code;
			err_set(&x->err, rpc_code_errno(code), "%s", words);
		}
		list_remove(&x->link);
		list_append(&all, &x->link);
	}
	while (!list_empty(&all)) {
		struct rpc_exch *x = list_entry(all.next, struct rpc_exch, link);

		list_remove(&x->link);
		list_append(&s->exchs, &x->link);
		list_remove(&x->ready);
		x->queued = false;
		run(x);
	}
}

bool rpc_session_end(struct rpc_session *s, const char *words)
{
	if (s->ended)
		return true;
	s->busy++;
	end_all(s, RPC_UNAVAILABLE, words);
	s->busy--;
	if (!s->doomed || s->busy)
		return true;
	free_session(s);
	return false;
}

void rpc_session_destroy(struct rpc_session *s, enum rpc_code code, const char *words)
{
	if (s->doomed)
		return;
	s->doomed = true;
	if (s->detach)
		s->detach(s->drive);
	s->wake = NULL;
	s->detach = NULL;
	s->busy++;
	end_all(s, code, words);
	s->busy--;
	if (!s->busy)
		free_session(s);
}
