/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - one gRPC connection over HTTP/2 (nghttp2), the same for both ends, without I/O: a drive feeds
 * it what the peer sent and writes what it has to say. For rpc/ only.
 *
 * An exchange is one stream of HTTP/2: a call seen from here. What the peer does to it is gathered while
 * bytes are fed, and told to its role (server.c, client.c) by rpc_session_run, outside nghttp2, so that
 * handlers and callbacks may do anything, also destroy the session.
 *
 * Bounds: RPC_STREAMS_MAX exchanges a client can open; of each at most a message and a window
 * (RPC_WINDOW) are held, of all together RPC_HELD_MAX; more is refused. */
#ifndef BERTH_RPC_SESSION_H
#define BERTH_RPC_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <nghttp2/nghttp2.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "rpc/guard.h"
#include "rpc/method.h"
#include "rpc/msg.h"
#include "rpc/status.h"

#define RPC_STREAMS_MAX 128
#define RPC_WINDOW (256u << 10) /* of a stream, bytes */
#define RPC_SESSION_WINDOW (1u << 20) /* of all */
#define RPC_HELD_MAX (16u << 20) /* bytes received and not yet taken, of all streams */
#define RPC_OUT_HIGH (1u << 20) /* over this, rpc_exch_send says -EAGAIN */
#define RPC_OUT_LOW (256u << 10) /* under this, there is room again */
#define RPC_PATH_MAX 128 /* of a method that we do not know, kept for words */

struct rpc_exch {
	struct list link; /* in session->exchs */
	struct list ready; /* in session->ready while queued */
	struct rpc_session *session;
	void *owner; /* the call or op; NULL before and after */
	int32_t id; /* of the stream; -1 once HTTP/2 has closed it */
	int refs; /* rpc_session_run stands on it */
	int64_t deadline_ns; /* monotonic; 0: none */

	struct buf in; /* received, from in_pos on not taken */
	size_t in_pos, unconsumed; /* unconsumed: bytes the stream's window was not given back */
	struct buf out; /* to send, from out_pos on */
	size_t out_pos;

	/* What came. */
	bool headers; /* the first block is complete */
	bool in_end; /* END_STREAM */
	bool grpc; /* content-type is gRPC's */
	bool bad_timeout;
	bool encoded; /* grpc-encoding is not identity */
	bool has_status;
	int http_status; /* client: what came, 0 if none; server: to send, 0 for 200 */
	int64_t timeout_ms; /* server: grpc-timeout, -1 if none came */
	const struct rpc_method *method; /* NULL: unknown */
	char path[RPC_PATH_MAX]; /* server: as asked for, cut */
	bool post, too_large;

	/* What was told, what was done. */
	bool queued, started, told_in_end, told_over;
	bool held; /* the owner wants no message now */
	bool deaf; /* nobody wants messages any longer: they are dropped */
	bool over; /* it ended otherwise than by the owner: code and err say how */
	bool want_drain, deferred, responded, out_end;
	enum rpc_code code; /* client: how it ended; server: what to send */
	struct err err; /* words of code */
};

/* What an end of the connection does with its exchanges. Called from rpc_session_run and _end only. */
struct rpc_role {
	bool server;
	void (*start)(struct rpc_exch *x); /* server: a request began */
	void (*message)(struct rpc_exch *x, const struct rpc_msg *m);
	void (*half_close)(struct rpc_exch *x); /* the peer sends no more messages */
	void (*drain)(struct rpc_exch *x); /* after -EAGAIN: there is room */
	void (*over)(struct rpc_exch *x); /* x->over was set; the last one */
	void (*freed)(struct rpc_session *s); /* all is gone; frees the owner, s with it */
};

struct rpc_session {
	const struct rpc_role *role;
	void *owner; /* the rpc_server or rpc_client */
	nghttp2_session *ng;
	const struct rpc_method *methods; /* server */
	struct list exchs, ready;
	size_t held; /* bytes received and not taken */
	int64_t deadline_ns; /* no exchange's is earlier; 0: none */
	struct rpc_guard guard;
	const uint8_t *piece; /* of nghttp2, to send */
	size_t piece_len;
	struct err err; /* why we end the connection */
	bool goaway; /* nothing new can be started */
	bool ended; /* the connection is gone */
	int busy; /* calls of rpc_session_run, _recv and _send on the stack */
	bool doomed; /* free it when they have returned */
	/* The drive's. wake: something is to be run or sent; detach: the session is being freed. */
	void (*wake)(void *drive);
	void (*detach)(void *drive);
	void *drive;
};

int rpc_session_init(struct rpc_session *s, const struct rpc_role *role, void *owner, struct err *e);
/* Ends all exchanges with code and words, then frees (role->freed), now or when it is no longer busy. */
void rpc_session_destroy(struct rpc_session *s, enum rpc_code code, const char *words);

/* For drives: */

/* Bytes of the peer. 0; < 0: send what rpc_session_send gives, then rpc_session_end with e. */
int rpc_session_recv(struct rpc_session *s, const uint8_t *p, size_t n, struct err *e);
/* Fills p with what is to be sent. Bytes, 0 if there is nothing now, -errno. */
ssize_t rpc_session_send(struct rpc_session *s, uint8_t *p, size_t cap, struct err *e);
/* Handlers, callbacks and deadlines that are due. false: the session was freed meanwhile. */
bool rpc_session_run(struct rpc_session *s);
/* There is something to run now. */
bool rpc_session_due(const struct rpc_session *s);
/* HTTP/2 has nothing left to say or to hear. */
bool rpc_session_over(const struct rpc_session *s);
/* The connection is gone: all exchanges end, as UNAVAILABLE with the words. As rpc_session_run. */
bool rpc_session_end(struct rpc_session *s, const char *words);
void rpc_session_attach(struct rpc_session *s, void (*wake)(void *drive), void (*detach)(void *drive),
			void *drive);

/* For roles: */

struct rpc_exch *rpc_exch_create(struct rpc_session *s);
/* Tells the drive that there is work. */
void rpc_session_wake(struct rpc_session *s);
void rpc_exch_queue(struct rpc_exch *x);
void rpc_exch_deadline(struct rpc_exch *x, int64_t timeout_ms);
void rpc_exch_hold(struct rpc_exch *x, bool hold);
/* -EAGAIN if over RPC_OUT_HIGH and not last; see rpc_msg_pack. */
int rpc_exch_send(struct rpc_exch *x, const ProtobufCMessage *msg, bool last, struct err *e);
/* Client: opens the stream. */
int rpc_exch_request(struct rpc_exch *x, const char *path, int64_t timeout_ms, struct err *e);
/* Client: no more messages. */
void rpc_exch_half_close(struct rpc_exch *x);
/* Server: the end of the answer, after what was sent. */
void rpc_exch_finish(struct rpc_exch *x, enum rpc_code code, const char *words);
/* It ends here and now, for the owner too (role->over comes). The client resets the stream, the server
 * sends the status. */
void rpc_exch_abort(struct rpc_exch *x, enum rpc_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The owner has let go; frees it if HTTP/2 has too. */
void rpc_exch_release(struct rpc_exch *x);

#endif
