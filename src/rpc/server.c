/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - calls: from a request to its handler, and back. */
#include "rpc/server.h"

#include <stdio.h>
#include <stdlib.h>

#include "rpc/session.h"

/* Cancelled calls whose handlers have not finished them count too. */
#define NCALLS_MAX 1024

struct rpc_server {
	struct rpc_session session;
	void *data;
	struct list calls;
	size_t ncalls;
};

struct rpc_call {
	struct list link; /* in server->calls */
	struct rpc_server *server; /* NULL once it is gone */
	struct rpc_exch *exch; /* NULL once cancelled */
	const struct rpc_method *method;
	void *data, *context;
	ProtobufCMessage *req;
	bool seen; /* its handler was called, and will finish it */
	rpc_call_cb on_cancel, on_drain;
	rpc_call_message_cb on_message;
};

static void call_free(struct rpc_call *call)
{
	if (call->server) {
		list_remove(&call->link);
		call->server->ncalls--;
	}
	rpc_msg_free(call->req);
	free(call);
}

/* --- what the exchange tells */

static struct rpc_call *call_create(struct rpc_server *s, struct rpc_exch *x)
{
	struct rpc_call *call = s->ncalls < NCALLS_MAX ? calloc(1, sizeof(*call)) : NULL;

	if (!call)
		return NULL;
	call->server = s;
	call->exch = x;
	call->method = x->method;
	call->data = s->data;
	x->owner = call;
	list_append(&s->calls, &call->link);
	s->ncalls++;
	return call;
}

static void tell_start(struct rpc_exch *x)
{
	struct rpc_server *s = x->session->owner;
	struct rpc_call *call;
	char words[RPC_PATH_MAX + 32];

	if (x->too_large)
		return rpc_exch_finish(x, RPC_RESOURCE_EXHAUSTED, "the request's headers are too large");
	if (!x->post || !x->grpc) {
		x->http_status = x->post ? 415 : 405;
		return rpc_exch_finish(x, RPC_INTERNAL, "not a gRPC request");
	}
	if (!x->method) {
		snprintf(words, sizeof(words), "unknown method '%s'", x->path);
		return rpc_exch_finish(x, RPC_UNIMPLEMENTED, words);
	}
	if (x->encoded)
		return rpc_exch_finish(x, RPC_UNIMPLEMENTED, "compressed messages are not supported");
	if (x->bad_timeout)
		return rpc_exch_finish(x, RPC_INTERNAL, "not a time limit in grpc-timeout");
	call = call_create(s, x);
	if (!call)
		return rpc_exch_finish(x, RPC_RESOURCE_EXHAUSTED, "too many calls on this connection");
	if (x->timeout_ms >= 0)
		rpc_exch_deadline(x, x->timeout_ms);
	if (call->method->kind == RPC_CLIENT_STREAM || call->method->kind == RPC_BIDI) {
		call->seen = true;
		call->method->handler(call, NULL);
	}
}

/* Its last word may find that the client has gone, which ends the exchange at once: then nobody else frees the call. */
static void detach(struct rpc_call *call)
{
	call->seen = true;
	call->on_cancel = call->on_drain = NULL;
}

/* Ends a call that its handler has not seen. */
static void refuse(struct rpc_call *call, enum rpc_code code, const char *words)
{
	detach(call);
	rpc_exch_finish(call->exch, code, words);
	call_free(call);
}

static void tell_message(struct rpc_exch *x, const struct rpc_msg *m)
{
	struct rpc_call *call = x->owner;
	ProtobufCMessage *msg;
	struct err e = { 0 };
	int rc;

	if (!call->seen && call->req)
		return refuse(call, RPC_INTERNAL, "more than one message in the request");
	rc = rpc_msg_unpack(call->method->req, m, &msg, &e);
	if (rc < 0 && !call->seen)
		return refuse(call, rc == -ENOMEM ? RPC_RESOURCE_EXHAUSTED : RPC_INTERNAL, e.text);
	if (rc < 0)
		return rpc_exch_abort(x, rc == -ENOMEM ? RPC_RESOURCE_EXHAUSTED : RPC_INTERNAL, "%s", e.text);
	if (!call->seen) {
		call->req = msg;
		return;
	}
	if (call->on_message)
		call->on_message(call, msg);
	rpc_msg_free(msg);
}

static void tell_half_close(struct rpc_exch *x)
{
	struct rpc_call *call = x->owner;

	if (call->seen) {
		if (call->on_message)
			call->on_message(call, NULL);
	} else if (!call->req) {
		refuse(call, RPC_INTERNAL, "no message in the request");
	} else {
		call->seen = true;
		call->method->handler(call, call->req);
	}
}

static void tell_drain(struct rpc_exch *x)
{
	struct rpc_call *call = x->owner;

	if (call->on_drain)
		call->on_drain(call);
}

static void tell_over(struct rpc_exch *x)
{
	struct rpc_call *call = x->owner;

	call->exch = NULL;
	rpc_exch_release(x);
	if (!call->seen)
		call_free(call);
	else if (call->on_cancel)
		call->on_cancel(call);
}

static void on_freed(struct rpc_session *session)
{
	struct rpc_server *s = session->owner;

	list_each(struct rpc_call, call, &s->calls, link) {
		list_remove(&call->link);
		call->server = NULL;
	}
	free(s);
}

static const struct rpc_role role = {
	.server = true,
	.start = tell_start,
	.message = tell_message,
	.half_close = tell_half_close,
	.drain = tell_drain,
	.over = tell_over,
	.freed = on_freed,
};

/* --- the server */

int rpc_server_create(const struct rpc_method *methods, void *data, struct rpc_server **ret, struct err *e)
{
	AUTO_FREE struct rpc_server *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_set(e, -ENOMEM, "out of memory for a connection");
	rc = rpc_session_init(&s->session, &role, s, e);
	if (rc < 0)
		return rc;
	s->session.methods = methods;
	s->data = data;
	list_init(&s->calls);
	*ret = TAKE(s);
	return 0;
}

void rpc_server_destroy(struct rpc_server *s)
{
	if (s)
		rpc_session_destroy(&s->session, RPC_CANCELLED, "the server ended the call");
}

void rpc_server_drain(struct rpc_server *s)
{
	nghttp2_session *ng = s->session.ng;

	nghttp2_submit_goaway(ng, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(ng),
			      NGHTTP2_NO_ERROR, NULL, 0);
	rpc_session_wake(&s->session);
}

size_t rpc_server_ncalls(const struct rpc_server *s)
{
	return s->ncalls;
}

struct rpc_session *rpc_server_session(struct rpc_server *s)
{
	return &s->session;
}

/* --- the handler's side of a call */

void *rpc_call_data(const struct rpc_call *call)
{
	return call->data;
}

const struct rpc_method *rpc_call_method(const struct rpc_call *call)
{
	return call->method;
}

bool rpc_call_cancelled(const struct rpc_call *call)
{
	return !call->exch || call->exch->over;
}

void rpc_call_set_context(struct rpc_call *call, void *context)
{
	call->context = context;
}

void *rpc_call_context(const struct rpc_call *call)
{
	return call->context;
}

void rpc_call_on_cancel(struct rpc_call *call, rpc_call_cb fn)
{
	call->on_cancel = fn;
}

void rpc_call_on_message(struct rpc_call *call, rpc_call_message_cb fn)
{
	call->on_message = fn;
}

void rpc_call_on_drain(struct rpc_call *call, rpc_call_cb fn)
{
	call->on_drain = fn;
}

void rpc_call_hold(struct rpc_call *call, bool hold)
{
	if (call->exch)
		rpc_exch_hold(call->exch, hold);
}

int rpc_call_send(struct rpc_call *call, const ProtobufCMessage *msg)
{
	return call->exch ? rpc_exch_send(call->exch, msg, false, NULL) : -ECANCELED;
}

static void finish(struct rpc_call *call, enum rpc_code code, const char *words)
{
	detach(call);
	if (call->exch)
		rpc_exch_finish(call->exch, code, words);
	call_free(call);
}

void rpc_call_reply(struct rpc_call *call, const ProtobufCMessage *msg)
{
	struct err e = { 0 };

	detach(call);
	if (msg && !rpc_call_cancelled(call) && rpc_exch_send(call->exch, msg, true, &e) < 0)
		finish(call, rpc_code_of_errno(e.code), e.text);
	else
		finish(call, RPC_OK, "");
}

void rpc_call_fail(struct rpc_call *call, enum rpc_code code, const char *fmt, ...)
{
	char words[sizeof(((struct err *)0)->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	finish(call, code == RPC_OK ? RPC_UNKNOWN : code, words);
}

void rpc_call_fail_err(struct rpc_call *call, int rc, const struct err *e)
{
	finish(call, rpc_code_of_errno(rc) == RPC_OK ? RPC_UNKNOWN : rpc_code_of_errno(rc),
	       e && e->text[0] ? e->text : err_str(rc));
}
