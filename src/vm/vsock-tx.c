/* SPDX-License-Identifier: Apache-2.0 */
/* vsock-tx.c - packets from the guest. */
#include "vm/vsock-inside.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/sock.h"

#define TX_BUDGET 256 /* packets from the guest in one turn of the loop */

static void orphan(struct vsock *v, const struct vsock_packet *k)
{
	if (k->op == VSOCK_OP_RST)
		return;
	v->orphan[v->norphans].hport = k->hport;
	v->orphan[v->norphans++].gport = k->gport;
}

struct transport_listener *vsock_listener_of(struct vsock *v, uint32_t port)
{
	list_each(struct transport_listener, l, &v->listeners, link)
		if (l->port == port)
			return l;
	return NULL;
}

/* A new stream that the guest asks for, or NULL: refused. */
static struct vsock_stream *accept_guest(struct vsock *v, const struct vsock_packet *k)
{
	struct transport_listener *l = vsock_listener_of(v, k->hport);
	int fd[2] = { -1, -1 };
	struct vsock_stream *s;

	if (l && sock_pair(fd) < 0)
		return NULL;
	if (!l)
		fd[0] = v->ops->open ? v->ops->open(v->arg, k->hport) : -ECONNREFUSED;
	if (fd[0] < 0)
		return NULL;
	if (vsock_stream_new(v, fd[0], k->hport, k->gport, l ? TRANSPORT_CONTROL : TRANSPORT_CLIENT, false, &s) < 0) {
		close(fd[0]);
		if (fd[1] >= 0)
			close(fd[1]);
		return NULL;
	}
	if (l) {
		s->user_fd = fd[1];
		vsock_stream_tell(v, s, TELL_ACCEPTED, 0);
	}
	return s;
}

static void greet(struct vsock_stream *s)
{
	char line[24];
	int n = snprintf(line, sizeof(line), "OK %u\n", s->c.hport);

	s->greet = false;
	if (send(s->fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		vsock_conn_reset(&s->c);
}

static void on_packet(struct vsock *v, const struct vsock_packet *k, struct virtq_chain *ch)
{
	struct vsock_stream *s = vsock_stream_find(v, k->hport, k->gport);

	if (!s) {
		if (k->op == VSOCK_OP_REQUEST)
			s = accept_guest(v, k);
		if (!s) {
			orphan(v, k);
			return;
		}
	}
	switch (vsock_conn_packet(&s->c, k)) {
	case VSOCK_TODO_CONNECTED:
		if (s->greet)
			greet(s);
		else
			vsock_stream_tell(v, s, TELL_DIALED, 0);
		list_remove(&s->dialing);
		break;
	case VSOCK_TODO_DATA:
		virtq_chain_cut(ch, k->len);
		vsock_stream_deliver(s, ch);
		break;
	case VSOCK_TODO_CLOSED:
		vsock_stream_refuse(v, s, -ECONNREFUSED);
		break;
	case VSOCK_TODO_SHUT:
	case VSOCK_TODO_NONE:
		break;
	}
	vsock_stream_update(v, s);
}

bool vsock_pump_tx(struct vsock *v)
{
	struct virtq *q = v->q[VSOCK_QUEUE_TX];
	uint8_t raw[VSOCK_HDR_LEN];
	struct virtq_chain ch;
	struct vsock_packet k;

	v->tx_stalled = false;
	if (!vsock_queue_live(v, VSOCK_QUEUE_TX))
		return false;
	for (int budget = TX_BUDGET; budget > 0; budget--) {
		int r;

		if (v->norphans == ORPHANS_MAX) {
			v->tx_stalled = true;
			return false;
		}
		r = virtq_peek(q, 0, false, &ch);
		if (r == 0 && virtq_arm(q))
			continue;
		if (r <= 0)
			return false;
		if (virtq_chain_read(&ch, raw, sizeof(raw)) && vsock_packet_parse(raw, v->cid, ch.len, &k) == 0)
			on_packet(v, &k, &ch);
		else
			log_debug("vsock: malformed packet dropped");
		virtq_push(q, ch.head, 0);
	}
	return true;
}

void vsock_pump_rest(struct vsock *v)
{
	for (int i = 0; i < VIRTQ_SIZE_MAX / TX_BUDGET + VIRTQ_SIZE_MAX / ORPHANS_MAX; i++) {
		v->norphans = 0;
		if (!vsock_pump_tx(v) && !v->tx_stalled)
			break;
	}
	v->tx_stalled = false;
}
