/* SPDX-License-Identifier: Apache-2.0 */
/* vsock-inside.h - what the files of the device share; nobody else includes it.
 *
 * All sockets are in one epoll set of our own, edge-triggered, so a stream whose guest gives no credit costs
 * no wake-up however often its socket hangs up. What there is to do is kept in lists: ready (something may
 * go to the guest), told (a callback is owed to a user), dead (to be freed once nobody is on the stack). */
#ifndef BERTH_VM_VSOCK_INSIDE_H
#define BERTH_VM_VSOCK_INSIDE_H

#include <uv.h>

#include "base/loop.h"
#include "vm/vsock-conn.h"
#include "vm/vsock.h"

#define HASH_SIZE 1024
#define ORPHANS_MAX 64

enum tell { TELL_NOTHING, TELL_ACCEPTED, TELL_DIALED };

struct vsock_stream {
	struct vsock_conn c;
	struct list all, ready, told, dialing, dead;
	struct vsock_stream *hash_next;
	bool hashed, is_dead;
	bool readable, hup; /* as epoll said last */
	bool shut_wr, shut_rd;
	bool greet;         /* adopted: its socket wants the OK line */
	int fd;
	int user_fd;        /* the other end, until it is handed out */
	enum transport_kind kind;
	enum tell tell;
	int tell_rc;
	struct transport_dial *op;
	int64_t deadline_ns;
};

struct vsock {
	struct transport t;
	uv_loop_t *loop;
	const struct vsock_ops *ops;
	void *arg;
	uint64_t cid;
	struct virtq *q[VSOCK_NQUEUES];
	int epfd;
	uv_poll_t poll;
	uv_timer_t timer; /* of dials */
	struct loop_defer again, tell;
	struct list listeners, all, ready, told, dialing, dead;
	struct vsock_stream *hash[HASH_SIZE];
	unsigned count[TRANSPORT_NKINDS];
	size_t granted;
	uint32_t next_port;
	/* Resets for packets of no stream. When it is full, nothing more is read from the guest. */
	struct {
		uint32_t hport, gport;
	} orphan[ORPHANS_MAX];
	unsigned norphans;
	bool tx_stalled, told_broken, destroyed;
	const char *why_broken; /* to be told */
	int nclosing;
};

static inline bool vsock_queue_live(struct vsock *v, unsigned queue)
{
	return v->q[queue] && !v->q[queue]->broken;
}

/* --- vsock-stream.c */
struct vsock_stream *vsock_stream_find(struct vsock *v, uint32_t hport, uint32_t gport);
/* A stream on fd, which is taken over. -EMFILE, -ENOMEM or epoll's errno. */
int vsock_stream_new(struct vsock *v, int fd, uint32_t hport, uint32_t gport, enum transport_kind kind, bool dialed,
		     struct vsock_stream **ret);
void vsock_stream_free(struct vsock *v, struct vsock_stream *s);
/* Its user is owed a call. */
void vsock_stream_tell(struct vsock *v, struct vsock_stream *s, enum tell what, int rc);
/* The dial that this stream stands for has failed. */
void vsock_stream_refuse(struct vsock *v, struct vsock_stream *s, int rc);
/* Lets the sockets and the lists follow the connection's state; called after each change of it. */
void vsock_stream_update(struct vsock *v, struct vsock_stream *s);
/* What is kept for the host's socket, as far as that takes it. */
void vsock_stream_drain(struct vsock_stream *s);
/* Data of the guest, to the socket or kept for it. */
void vsock_stream_deliver(struct vsock_stream *s, const struct virtq_chain *ch);

/* --- vsock-tx.c */
struct transport_listener *vsock_listener_of(struct vsock *v, uint32_t port);
/* Packets that the guest sent. true: the budget is used up, there may be more. */
bool vsock_pump_tx(struct vsock *v);
/* What a guest that has stopped left in its ring. It can write no more, so this ends with the ring. */
void vsock_pump_rest(struct vsock *v);

/* --- vsock-rx.c */
/* Resets, debts and data, one stream after another. true: there is more that could go at once. */
bool vsock_pump_rx(struct vsock *v);
void vsock_signal_guest(struct vsock *v, unsigned queue);

/* --- vsock-dial.c */
extern const struct transport_ops vsock_transport_ops;

/* --- vsock.c */
/* One turn: both queues as far as the budgets go, the rest in the loop's next turn. */
void vsock_run(struct vsock *v);
/* The calls that are owed are made in the loop's next turn. */
void vsock_owe_call(struct vsock *v);

#endif
