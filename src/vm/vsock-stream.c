/* SPDX-License-Identifier: Apache-2.0 */
/* vsock-stream.c - the streams of the device: made, found, freed, and their host sockets. */
#include "vm/vsock-inside.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

static const unsigned kind_max[TRANSPORT_NKINDS] = {
	[TRANSPORT_CONTROL] = 256, [TRANSPORT_FORWARD] = 4096, [TRANSPORT_CLIENT] = 256,
};

/* Credit for a new stream by what is granted already. The last row must last for all streams that the first
 * two leave: (40 + 12 + 8.4) MiB for 160 + 192 + 4256. */
static const struct {
	size_t below;
	uint32_t grant;
} grants[] = { { 40u << 20, 256u << 10 }, { 52u << 20, 64u << 10 }, { VSOCK_BUFFER_MAX, 2u << 10 } };

static unsigned slot(uint32_t hport, uint32_t gport)
{
	return ((hport * 2654435761u) ^ (gport * 40503u)) >> 7 & (HASH_SIZE - 1);
}

struct vsock_stream *vsock_stream_find(struct vsock *v, uint32_t hport, uint32_t gport)
{
	struct vsock_stream *s = v->hash[slot(hport, gport)];

	while (s && (s->c.hport != hport || s->c.gport != gport))
		s = s->hash_next;
	return s;
}

static void unhash(struct vsock *v, struct vsock_stream *s)
{
	struct vsock_stream **p = &v->hash[slot(s->c.hport, s->c.gport)];

	if (!s->hashed)
		return;
	while (*p != s)
		p = &(*p)->hash_next;
	*p = s->hash_next;
	s->hashed = false;
}

static uint32_t grant_for(const struct vsock *v)
{
	for (size_t i = 0; i < ARRAY_LEN(grants); i++)
		if (v->granted + grants[i].grant <= grants[i].below)
			return grants[i].grant;
	return 0;
}

int vsock_stream_new(struct vsock *v, int fd, uint32_t hport, uint32_t gport, enum transport_kind kind,
		     bool dialed, struct vsock_stream **ret)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	uint32_t grant = grant_for(v);
	struct vsock_stream *s;
	unsigned at = slot(hport, gport);

	if (v->count[kind] >= kind_max[kind] || !grant)
		return -EMFILE;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	ev.data.ptr = s;
	if (epoll_ctl(v->epfd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		free(s);
		return -errno;
	}
	vsock_conn_init(&s->c, hport, gport, grant, dialed);
	s->fd = fd;
	s->user_fd = -1;
	s->kind = kind;
	list_append(&v->all, &s->all);
	list_init(&s->ready);
	list_init(&s->told);
	list_init(&s->dialing);
	list_init(&s->dead);
	s->hash_next = v->hash[at];
	v->hash[at] = s;
	s->hashed = true;
	v->count[kind]++;
	v->granted += grant;
	*ret = s;
	return 0;
}

void vsock_stream_free(struct vsock *v, struct vsock_stream *s)
{
	unhash(v, s);
	list_remove(&s->all);
	list_remove(&s->ready);
	list_remove(&s->told);
	list_remove(&s->dialing);
	list_remove(&s->dead);
	close(s->fd); /* leaves the epoll set with it: no other descriptor of this socket exists here */
	if (s->user_fd >= 0)
		close(s->user_fd);
	v->count[s->kind]--;
	v->granted -= s->c.grant;
	vsock_conn_finish(&s->c);
	free(s);
}

void vsock_stream_tell(struct vsock *v, struct vsock_stream *s, enum tell what, int rc)
{
	s->tell = what;
	s->tell_rc = rc;
	list_remove(&s->dialing);
	list_remove(&s->told);
	list_append(&v->told, &s->told);
	vsock_owe_call(v);
}

void vsock_stream_refuse(struct vsock *v, struct vsock_stream *s, int rc)
{
	if (s->op && s->tell == TELL_NOTHING)
		vsock_stream_tell(v, s, TELL_DIALED, rc);
	list_remove(&s->dialing);
}

void vsock_stream_update(struct vsock *v, struct vsock_stream *s)
{
	struct vsock_packet k;

	if ((s->c.guest_shut & VSOCK_SHUT_RECV) && !s->shut_rd) {
		s->shut_rd = true;
		shutdown(s->fd, SHUT_RD);
		vsock_conn_host_shut(&s->c, VSOCK_SHUT_SEND);
	}
	if ((s->c.guest_shut & VSOCK_SHUT_SEND) && s->c.ring_len == 0 && !s->shut_wr) {
		s->shut_wr = true;
		shutdown(s->fd, SHUT_WR);
	}
	if (s->c.state == VSOCK_CLOSED) {
		unhash(v, s);
		list_remove(&s->ready);
		if (s->c.ring_len == 0 && !s->is_dead) {
			s->is_dead = true;
			list_append(&v->dead, &s->dead);
		}
		return;
	}
	if (vsock_conn_owes(&s->c, &k) || (s->readable && vsock_conn_credit(&s->c))) {
		if (list_empty(&s->ready))
			list_append(&v->ready, &s->ready);
	}
}

/* ---- host sockets */

/* What becomes of a failed send: nothing for EAGAIN; else the reader is gone and its bytes are dropped. */
static void send_failed(struct vsock_stream *s, int code)
{
	if (code != EAGAIN && code != EINTR)
		vsock_conn_host_shut(&s->c, VSOCK_SHUT_RECV);
}

void vsock_stream_drain(struct vsock_stream *s)
{
	struct iovec iov[2];
	unsigned n;

	while ((n = vsock_conn_kept(&s->c, iov)) > 0) {
		struct msghdr m = { .msg_iov = iov, .msg_iovlen = n };
		ssize_t w = s->c.host_shut & VSOCK_SHUT_RECV ? (ssize_t)s->c.ring_len :
							       sendmsg(s->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (w < 0) {
			send_failed(s, errno);
			if (errno == EAGAIN)
				return;
			continue;
		}
		vsock_conn_drained(&s->c, (uint32_t)w);
	}
}

void vsock_stream_deliver(struct vsock_stream *s, const struct virtq_chain *ch)
{
	struct msghdr m = { .msg_iov = (struct iovec *)ch->iov, .msg_iovlen = ch->niov };
	ssize_t w = 0;

	if (s->c.host_shut & VSOCK_SHUT_RECV) {
		vsock_conn_forwarded(&s->c, (uint32_t)ch->len);
		return;
	}
	if (s->c.ring_len == 0) {
		w = sendmsg(s->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (w < 0) {
			send_failed(s, errno);
			w = s->c.host_shut & VSOCK_SHUT_RECV ? (ssize_t)ch->len : 0;
		}
		vsock_conn_forwarded(&s->c, (uint32_t)w);
	}
	if ((size_t)w < ch->len && vsock_conn_keep(&s->c, ch->iov, ch->niov, (size_t)w) < 0)
		vsock_conn_reset(&s->c);
}
