/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - the calling end of one gRPC connection. It does no I/O: rpc/drive-uv.h and rpc/drive-epoll.h
 * move its bytes. One thread. Calls may start before the server was heard of.
 *
 * The ops hold to the contract of base/loop.h: an op is the caller's memory and stays until its last
 * callback, which comes exactly once. rc there is 0, or the negative errno of the gRPC code (rpc_code_errno;
 * the code itself is op->core.code) with the server's words in e. -ENOTCONN (UNAVAILABLE): the connection
 * was lost. */
#ifndef BERTH_RPC_CLIENT_H
#define BERTH_RPC_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "rpc/method.h"
#include "rpc/status.h"

struct rpc_client;
struct rpc_session;
struct rpc_exch;

int rpc_client_create(struct rpc_client **ret, struct err *e);
/* Ends what is still pending with -ECANCELED, from within, and frees the client; also from within a
 * callback. Detaches its drive. */
void rpc_client_destroy(struct rpc_client *c);
/* true while calls can be started. */
bool rpc_client_alive(const struct rpc_client *c);
struct rpc_session *rpc_client_session(struct rpc_client *c);

/* What every op has. Used inside, but for code. */
struct rpc_op {
	struct rpc_client *client;
	struct rpc_exch *exch;
	const struct rpc_method *method;
	enum rpc_code code; /* how it ended */
	const struct rpc_op_kind *kind;
};

/* One request, one answer (RPC_UNARY). */
struct rpc_unary;
/* resp lives for the callback; NULL unless rc is 0. */
typedef void (*rpc_unary_cb)(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e);
struct rpc_unary {
	struct rpc_op core;
	rpc_unary_cb cb;
	ProtobufCMessage *resp;
};
/* timeout_ms: 0 is none; the server is told and the op ends with -ETIMEDOUT. < 0: -ENOTCONN, -EMSGSIZE,
 * -ENOMEM. */
int rpc_unary_start(struct rpc_unary *op, struct rpc_client *c, const struct rpc_method *method,
		    const ProtobufCMessage *req, int64_t timeout_ms, rpc_unary_cb cb, struct err *e);
void rpc_unary_cancel(struct rpc_unary *op);

/* Any of the four kinds, as a stream. */
struct rpc_stream;
typedef void (*rpc_stream_cb)(struct rpc_stream *op);
/* msg lives for the callback. */
typedef void (*rpc_stream_message_cb)(struct rpc_stream *op, const ProtobufCMessage *msg);
typedef void (*rpc_stream_end_cb)(struct rpc_stream *op, int rc, const struct err *e);
struct rpc_stream {
	struct rpc_op core;
	rpc_stream_message_cb on_message; /* each message of the server, in order */
	rpc_stream_end_cb on_end; /* the last callback */
	rpc_stream_cb on_drain; /* may be NULL; set after start: rpc_stream_send has room again */
};
/* first: the request (RPC_UNARY, RPC_SERVER_STREAM, which are then half closed); or NULL. */
int rpc_stream_start(struct rpc_stream *op, struct rpc_client *c, const struct rpc_method *method,
		     const ProtobufCMessage *first, int64_t timeout_ms, rpc_stream_message_cb on_message,
		     rpc_stream_end_cb on_end, struct err *e);
/* -EAGAIN: too much waits for the server already, nothing was queued; on_drain comes when there is room.
 * -EMSGSIZE, -ENOMEM, -EPIPE after rpc_stream_half_close or once the call has ended. */
int rpc_stream_send(struct rpc_stream *op, const ProtobufCMessage *msg);
/* No more messages from this side. */
void rpc_stream_half_close(struct rpc_stream *op);
/* While held back, no message comes, and the server soon can send no more. */
void rpc_stream_hold(struct rpc_stream *op, bool hold);
void rpc_stream_cancel(struct rpc_stream *op);

#endif
