/* SPDX-License-Identifier: Apache-2.0 */
/* transport.h - the way to the guest: byte streams by port, whatever carries them.
 *
 * A stream is a connected, non-blocking, CLOEXEC AF_UNIX stream socket. Half-close works both ways
 * (shutdown(SHUT_WR) is end of file at the other side); a reset by the guest is a close of both
 * directions. Nothing above vm/ knows which implementation it talks to. Loop thread only. */
#ifndef BERTH_VM_TRANSPORT_H
#define BERTH_VM_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"

#define TRANSPORT_PORT_READY 1023   /* host: the agent connects here once it serves */
#define TRANSPORT_PORT_AGENT 1024   /* guest: the agent's gRPC */
#define TRANSPORT_PORT_FORWARD 1026 /* guest: "tcp <port>\n", then a published port's bytes */
#define TRANSPORT_PORT_STDIO_FIRST 0x40000000u /* host: ports the shim gives out, */
#define TRANSPORT_PORT_STDIO_LAST 0x4fffffffu  /* both included */

/* What a stream is for; each kind has a bound of its own on how many there may be at once. */
enum transport_kind {
	TRANSPORT_CONTROL, /* agent and stdio: 256 */
	TRANSPORT_FORWARD, /* published ports: 4096 */
	TRANSPORT_CLIENT,  /* vsock.sock and vsock.sock_P: 256 */
	TRANSPORT_NKINDS,
};

struct transport;
struct transport_dial;
struct transport_listener;

/* rc 0: fd is the callee's. rc < 0: fd is -1; -ECONNREFUSED the guest refused, -ENOTCONN there is no
 * guest (any more), -EMFILE too many of this kind, -ETIMEDOUT no answer in 10 s, -ECANCELED. */
typedef void (*transport_dial_cb)(struct transport_dial *op, int rc, int fd, const struct err *e);

/* An operation; zeroed memory is an idle one. The contract of base/loop.h. */
struct transport_dial {
	struct transport *t; /* used inside, as all below */
	struct list link;
	void *conn;
	transport_dial_cb cb;
	uint32_t port;
	enum transport_kind kind;
};

struct transport_listener {
	struct list link; /* used inside */
	struct transport *t;
	uint32_t port;
	/* A stream that the guest opened; fd is the callee's, who may close it to decline. May unlisten. */
	void (*accepted)(struct transport_listener *l, int fd);
};

struct transport_ops {
	int (*dial)(struct transport *t, struct transport_dial *op, struct err *e);
	void (*dial_cancel)(struct transport *t, struct transport_dial *op);
	int (*listen)(struct transport *t, struct transport_listener *l, struct err *e);
	void (*unlisten)(struct transport *t, struct transport_listener *l);
	bool (*holds)(struct transport *t, uint32_t port); /* NULL: it never does */
};

struct transport {
	const struct transport_ops *ops;
};

/* Opens a stream to the guest's port. */
int transport_dial(struct transport_dial *op, struct transport *t, uint32_t port, enum transport_kind kind,
		   transport_dial_cb cb, struct err *e);
void transport_dial_cancel(struct transport_dial *op);

/* Takes streams that the guest opens to the host's port from now on, before the guest is up and over its
 * restarts, until unlisten. -EADDRINUSE. l stays the caller's. */
int transport_listen(struct transport_listener *l, struct transport *t, uint32_t port,
		     void (*accepted)(struct transport_listener *l, int fd), struct err *e);
/* At ease with a zeroed listener and with a second call. */
void transport_unlisten(struct transport_listener *l);
/* Bytes that the guest sent to the host's port are not in the stream's socket yet: it was full, or has not been handed
 * out. They come, or the stream ends. So a socket with nothing to read says nothing about what the guest has sent. */
bool transport_holds(struct transport *t, uint32_t port);

#endif
