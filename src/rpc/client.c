/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - ops: from a call to its callback. */
#include "rpc/client.h"

#include <stdlib.h>

#include "rpc/session.h"

struct rpc_client {
	struct rpc_session session;
};

/* What differs between the kinds of ops. */
struct rpc_op_kind {
	void (*message)(struct rpc_op *op, const struct rpc_msg *m);
	void (*drain)(struct rpc_op *op);
	/* The last touch. code and e may be changed by what the op lacks. */
	void (*end)(struct rpc_op *op, enum rpc_code code, const struct err *e);
};

/* --- what the exchange tells */

static void tell_message(struct rpc_exch *x, const struct rpc_msg *m)
{
	struct rpc_op *op = x->owner;

	op->kind->message(op, m);
}

/* The server's last word: its status, or what stands for it. */
static void tell_half_close(struct rpc_exch *x)
{
	int status = x->http_status;

	x->over = x->deaf = true;
	if (x->id >= 0) /* it does not want to hear the rest */
		nghttp2_submit_rst_stream(x->session->ng, NGHTTP2_FLAG_NONE, x->id, NGHTTP2_CANCEL);
	if (x->too_large) {
		x->code = RPC_RESOURCE_EXHAUSTED;
		err_set(&x->err, -ENOSPC, "the answer's headers are too large");
	} else if (status == 200 && x->grpc && x->has_status) {
		x->err.code = rpc_code_errno(x->code);
	} else if (x->has_status && x->code != RPC_OK) {
		x->err.code = rpc_code_errno(x->code);
	} else if (status != 200) {
		x->code = rpc_code_of_http(status);
		err_set(&x->err, rpc_code_errno(x->code), "the server answered with HTTP status %d", status);
	} else {
		x->code = x->grpc ? RPC_INTERNAL : RPC_UNKNOWN;
		err_set(&x->err, rpc_code_errno(x->code), "the server's answer %s",
			x->grpc ? "has no status" : "is not gRPC");
	}
}

static void tell_drain(struct rpc_exch *x)
{
	struct rpc_op *op = x->owner;

	op->kind->drain(op);
}

static void tell_over(struct rpc_exch *x)
{
	struct rpc_op *op = x->owner;
	struct err e = x->err;
	enum rpc_code code = x->code;

	if (code != RPC_OK && !e.text[0])
		err_set(&e, e.code, "%s", rpc_code_name(code));
	op->exch = NULL;
	op->client = NULL;
	rpc_exch_release(x);
	op->kind->end(op, code, &e);
}

static void on_freed(struct rpc_session *session)
{
	free(session->owner);
}

static const struct rpc_role role = {
	.message = tell_message,
	.half_close = tell_half_close,
	.drain = tell_drain,
	.over = tell_over,
	.freed = on_freed,
};

/* --- the client */

int rpc_client_create(struct rpc_client **ret, struct err *e)
{
	AUTO_FREE struct rpc_client *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return err_set(e, -ENOMEM, "out of memory for a connection");
	rc = rpc_session_init(&c->session, &role, c, e);
	if (rc < 0)
		return rc;
	*ret = TAKE(c);
	return 0;
}

void rpc_client_destroy(struct rpc_client *c)
{
	if (c)
		rpc_session_destroy(&c->session, RPC_CANCELLED, "the call was given up");
}

bool rpc_client_alive(const struct rpc_client *c)
{
	const struct rpc_session *s = &c->session;

	return !s->ended && !s->doomed && !s->goaway && nghttp2_session_check_request_allowed(s->ng);
}

struct rpc_session *rpc_client_session(struct rpc_client *c)
{
	return &c->session;
}

/* --- ops */

static int start(struct rpc_op *op, struct rpc_client *c, const struct rpc_method *method,
		 const ProtobufCMessage *req, bool half_close, int64_t timeout_ms, struct err *e)
{
	struct rpc_exch *x;
	int rc = 0;

	if (!c || !rpc_client_alive(c))
		return err_set(e, -ENOTCONN, "the connection is closed");
	x = rpc_exch_create(&c->session);
	if (!x)
		return err_set(e, -ENOMEM, "out of memory for a call");
	x->method = method;
	if (req)
		rc = rpc_exch_send(x, req, true, e);
	x->out_end = half_close;
	if (rc == 0)
		rc = rpc_exch_request(x, method->path, timeout_ms, e);
	if (rc < 0) {
		rpc_exch_release(x);
		return rc;
	}
	x->owner = op;
	op->client = c;
	op->method = method;
	op->exch = x;
	op->code = RPC_OK;
	return 0;
}

static void cancel(struct rpc_op *op)
{
	if (op->exch)
		rpc_exch_abort(op->exch, RPC_CANCELLED, "canceled");
}

static enum rpc_code unpack_code(const struct err *e)
{
	return e->code == -ENOMEM ? RPC_RESOURCE_EXHAUSTED : RPC_INTERNAL;
}

/* --- one request, one answer */

static void unary_message(struct rpc_op *core, const struct rpc_msg *m)
{
	struct rpc_unary *op = container_of(core, struct rpc_unary, core);
	struct err e = { 0 };

	if (op->resp)
		rpc_exch_abort(core->exch, RPC_INTERNAL, "the server sent more than one answer");
	else if (rpc_msg_unpack(core->method->resp, m, &op->resp, &e) < 0)
		rpc_exch_abort(core->exch, unpack_code(&e), "%s", e.text);
}

static void unary_end(struct rpc_op *core, enum rpc_code code, const struct err *e)
{
	struct rpc_unary *op = container_of(core, struct rpc_unary, core);
	ProtobufCMessage *resp = TAKE(op->resp);
	struct err none = { 0 };

	if (code == RPC_OK && !resp) {
		code = RPC_INTERNAL;
		err_set(&none, rpc_code_errno(code), "the server sent no answer");
		e = &none;
	}
	core->code = code;
	op->cb(op, rpc_code_errno(code), code == RPC_OK ? resp : NULL, e);
	rpc_msg_free(resp);
}

static void no_drain(struct rpc_op *op)
{
	(void)op;
}

static const struct rpc_op_kind unary_kind = {
	.message = unary_message,
	.drain = no_drain,
	.end = unary_end,
};

int rpc_unary_start(struct rpc_unary *op, struct rpc_client *c, const struct rpc_method *method,
		    const ProtobufCMessage *req, int64_t timeout_ms, rpc_unary_cb cb, struct err *e)
{
	*op = (struct rpc_unary){ .core.kind = &unary_kind, .cb = cb };
	return start(&op->core, c, method, req, true, timeout_ms, e);
}

void rpc_unary_cancel(struct rpc_unary *op)
{
	cancel(&op->core);
}

/* --- streams */

static void stream_message(struct rpc_op *core, const struct rpc_msg *m)
{
	struct rpc_stream *op = container_of(core, struct rpc_stream, core);
	ProtobufCMessage *msg;
	struct err e = { 0 };

	if (rpc_msg_unpack(core->method->resp, m, &msg, &e) < 0)
		return rpc_exch_abort(core->exch, unpack_code(&e), "%s", e.text);
	op->on_message(op, msg);
	rpc_msg_free(msg);
}

static void stream_drain(struct rpc_op *core)
{
	struct rpc_stream *op = container_of(core, struct rpc_stream, core);

	if (op->on_drain)
		op->on_drain(op);
}

static void stream_end(struct rpc_op *core, enum rpc_code code, const struct err *e)
{
	struct rpc_stream *op = container_of(core, struct rpc_stream, core);

	core->code = code;
	op->on_end(op, rpc_code_errno(code), e);
}

static const struct rpc_op_kind stream_kind = {
	.message = stream_message,
	.drain = stream_drain,
	.end = stream_end,
};

int rpc_stream_start(struct rpc_stream *op, struct rpc_client *c, const struct rpc_method *method,
		     const ProtobufCMessage *first, int64_t timeout_ms, rpc_stream_message_cb on_message,
		     rpc_stream_end_cb on_end, struct err *e)
{
	bool half_close = method->kind == RPC_UNARY || method->kind == RPC_SERVER_STREAM;

	*op = (struct rpc_stream){ .core.kind = &stream_kind, .on_message = on_message, .on_end = on_end };
	return start(&op->core, c, method, first, half_close, timeout_ms, e);
}

int rpc_stream_send(struct rpc_stream *op, const ProtobufCMessage *msg)
{
	struct rpc_exch *x = op->core.exch;

	if (!x || x->over || x->out_end)
		return -EPIPE;
	return rpc_exch_send(x, msg, false, NULL);
}

void rpc_stream_half_close(struct rpc_stream *op)
{
	if (op->core.exch && !op->core.exch->out_end)
		rpc_exch_half_close(op->core.exch);
}

void rpc_stream_hold(struct rpc_stream *op, bool hold)
{
	if (op->core.exch)
		rpc_exch_hold(op->core.exch, hold);
}

void rpc_stream_cancel(struct rpc_stream *op)
{
	cancel(&op->core);
}
