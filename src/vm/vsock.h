/* SPDX-License-Identifier: Apache-2.0 */
/* vsock.h - the virtio-vsock device: moves bytes between the guest's rings and unix sockets.
 *
 * VIRTIO 1.2, 5.10 "Socket Device". It implements the transport. Data goes straight from guest memory to
 * the socket and back; only what a full socket refuses is copied, within the credit granted. The sum of all
 * grants is bounded (VSOCK_BUFFER_MAX), and so is the number of streams of each kind: a guest that breaks
 * the rules loses the stream, or its queue, and costs nobody else anything. Loop thread only. */
#ifndef BERTH_VM_VSOCK_H
#define BERTH_VM_VSOCK_H

#include <stdint.h>

#include <uv.h>

#include "base/err.h"
#include "vm/transport.h"
#include "vm/virtqueue.h"

#define VSOCK_BUFFER_MAX (64u << 20)
#define VSOCK_DIAL_TIMEOUT_MS 10000

enum { VSOCK_QUEUE_RX, VSOCK_QUEUE_TX, VSOCK_NQUEUES }; /* RX: what the guest receives */

struct vsock;

struct vsock_ops {
	/* The guest wants an interrupt for this queue. */
	void (*signal)(void *arg, unsigned queue);
	/* The guest broke the rules of the rings; that queue is dead. From the loop, once. */
	void (*broken)(void *arg, const char *why);
	/* The guest opens a stream to a port nobody listens on: a connected, non-blocking socket for it, or
	 * -errno to refuse. May be NULL. */
	int (*open)(void *arg, uint32_t port);
};

int vsock_create(uv_loop_t *loop, uint64_t guest_cid, const struct vsock_ops *ops, void *arg, struct vsock **ret,
		 struct err *e);
/* Ends all streams; the memory goes in the loop's next turns. */
void vsock_destroy(struct vsock *v);

struct transport *vsock_transport(struct vsock *v);

/* The rings, the caller's; NULL when the guest has stopped them. */
void vsock_set_queue(struct vsock *v, unsigned queue, struct virtq *q);
/* The guest has put something into a ring. */
void vsock_kicked(struct vsock *v);
/* The machine is gone: takes what is still in its ring, then ends all streams (those with bytes for a slow
 * reader on the host once they are read). Listeners stay. */
void vsock_guest_gone(struct vsock *v);

/* Opens a stream to the guest's port on a socket that exists; takes fd over. When the guest has accepted,
 * "OK <host port>\n" is written to it first; when not, it is closed. */
int vsock_adopt(struct vsock *v, int fd, uint32_t port, struct err *e);

struct vsock_stats {
	unsigned streams;
	size_t kept;    /* bytes in rings */
	size_t granted; /* most that there can be */
};
void vsock_stats(const struct vsock *v, struct vsock_stats *ret);

#endif
