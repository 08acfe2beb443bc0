/* SPDX-License-Identifier: Apache-2.0 */
/* server.h - the serving end of one gRPC connection. It does no I/O: rpc/drive-uv.h and rpc/drive-epoll.h
 * move its bytes. One thread.
 *
 * A handler answers at once or later, from anywhere on that thread. Every call is to be finished exactly
 * once, by rpc_call_reply or rpc_call_fail, and must not be touched after; until then it stays, whatever
 * happens to the connection. A call is cancelled, at most once, when the client cancels it, its deadline
 * passes, or the connection or the server goes: on_cancel comes (it may finish the call), and what is sent
 * from then on is dropped in silence. */
#ifndef BERTH_RPC_SERVER_H
#define BERTH_RPC_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "rpc/method.h"
#include "rpc/status.h"

struct rpc_server;
struct rpc_session;

/* methods stays the caller's and must outlive the server and its calls. -ENOMEM. */
int rpc_server_create(const struct rpc_method *methods, void *data, struct rpc_server **ret, struct err *e);
/* Cancels the calls still open and frees the server; also from within a handler. Detaches its drive. */
void rpc_server_destroy(struct rpc_server *s);
/* Takes no further calls (GOAWAY); those open go on, then the connection ends. */
void rpc_server_drain(struct rpc_server *s);
/* Calls that are not finished. */
size_t rpc_server_ncalls(const struct rpc_server *s);
struct rpc_session *rpc_server_session(struct rpc_server *s);

typedef void (*rpc_call_cb)(struct rpc_call *call);
/* msg lives for the callback; NULL: the client has sent its last one. */
typedef void (*rpc_call_message_cb)(struct rpc_call *call, const ProtobufCMessage *msg);

void *rpc_call_data(const struct rpc_call *call); /* what rpc_server_create was given; also after its end */
const struct rpc_method *rpc_call_method(const struct rpc_call *call);
bool rpc_call_cancelled(const struct rpc_call *call);
/* The handler's own pointer, NULL at first. */
void rpc_call_set_context(struct rpc_call *call, void *context);
void *rpc_call_context(const struct rpc_call *call);
void rpc_call_on_cancel(struct rpc_call *call, rpc_call_cb fn);

/* Client streams. While held back, no message comes, and the client soon can send no more. */
void rpc_call_on_message(struct rpc_call *call, rpc_call_message_cb fn);
void rpc_call_hold(struct rpc_call *call, bool hold);

/* Sends one message of a server stream. -EAGAIN: too much waits for the client already, nothing was
 * queued; on_drain comes when there is room. -EMSGSIZE over RPC_MSG_MAX, -ENOMEM, -ECANCELED. */
int rpc_call_send(struct rpc_call *call, const ProtobufCMessage *msg);
void rpc_call_on_drain(struct rpc_call *call, rpc_call_cb fn);

/* Finishes with RPC_OK. RPC_UNARY, RPC_CLIENT_STREAM: msg is the answer. Others: NULL, or a last message. */
void rpc_call_reply(struct rpc_call *call, const ProtobufCMessage *msg);
/* Finishes with an error. */
void rpc_call_fail(struct rpc_call *call, enum rpc_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same from what a function returned and said: rc < 0, e may be NULL. */
void rpc_call_fail_err(struct rpc_call *call, int rc, const struct err *e);

#endif
