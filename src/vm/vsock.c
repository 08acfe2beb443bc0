/* SPDX-License-Identifier: Apache-2.0 */
/* vsock.c - the virtio-vsock device.
 *
 * All sockets are in one epoll set of our own, edge-triggered, so a stream whose guest gives no credit costs
 * no wake-up however often its socket hangs up. What there is to do is kept in lists: ready (something may
 * go to the guest), told (a callback is owed to a user), dead (to be freed once nobody is on the stack). */
#include "vm/vsock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/sock.h"
#include "vm/vsock-conn.h"

#define HASH_SIZE 1024
#define ORPHANS_MAX 64
#define TX_BUDGET 256   /* packets from the guest in one turn of the loop */
#define RX_BUDGET 128   /* streams served in one turn */
#define FEED_CHAINS 16  /* guest buffers filled by one readv */
#define FEED_IOV 256
#define FEED_MAX (64u << 10)
#define HDR_PIECES 4
#define EPHEMERAL_FIRST 0x80000000u

static const unsigned kind_max[TRANSPORT_NKINDS] = {
	[TRANSPORT_CONTROL] = 256, [TRANSPORT_FORWARD] = 4096, [TRANSPORT_CLIENT] = 256,
};

/* Credit for a new stream by what is granted already. The last row must last for all streams that the first
 * two leave: (40 + 12 + 8.4) MiB for 160 + 192 + 4256. */
static const struct {
	size_t below;
	uint32_t grant;
} grants[] = { { 40u << 20, 256u << 10 }, { 52u << 20, 64u << 10 }, { VSOCK_BUFFER_MAX, 2u << 10 } };

enum tell { TELL_NOTHING, TELL_ACCEPTED, TELL_DIALED };

struct stream {
	struct vsock_conn c;
	struct list all, ready, told, dialing, dead;
	struct stream *hash_next;
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
	struct stream *hash[HASH_SIZE];
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

static void run(struct vsock *v);

static struct vsock *of_transport(struct transport *t)
{
	return container_of(t, struct vsock, t);
}

/* ---- streams */

static unsigned slot(uint32_t hport, uint32_t gport)
{
	return ((hport * 2654435761u) ^ (gport * 40503u)) >> 7 & (HASH_SIZE - 1);
}

static struct stream *lookup(struct vsock *v, uint32_t hport, uint32_t gport)
{
	struct stream *s = v->hash[slot(hport, gport)];

	while (s && (s->c.hport != hport || s->c.gport != gport))
		s = s->hash_next;
	return s;
}

static void unhash(struct vsock *v, struct stream *s)
{
	struct stream **p = &v->hash[slot(s->c.hport, s->c.gport)];

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

/* A stream on fd, which is taken over. -EMFILE, -ENOMEM or epoll's errno. */
static int stream_new(struct vsock *v, int fd, uint32_t hport, uint32_t gport, enum transport_kind kind,
		      bool dialed, struct stream **ret)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET };
	uint32_t grant = grant_for(v);
	struct stream *s;
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

static void stream_free(struct vsock *v, struct stream *s)
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

static void on_tell(struct loop_defer *d);

static void tell(struct vsock *v, struct stream *s, enum tell what, int rc)
{
	s->tell = what;
	s->tell_rc = rc;
	list_remove(&s->dialing);
	list_remove(&s->told);
	list_append(&v->told, &s->told);
	loop_defer(v->loop, &v->tell, on_tell);
}

/* The dial that this stream stands for has failed. */
static void refuse(struct vsock *v, struct stream *s, int rc)
{
	if (s->op && s->tell == TELL_NOTHING)
		tell(v, s, TELL_DIALED, rc);
	list_remove(&s->dialing);
}

/* Lets the sockets and the lists follow the connection's state; called after each change of it. */
static void stream_update(struct vsock *v, struct stream *s)
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
static void send_failed(struct stream *s, int code)
{
	if (code != EAGAIN && code != EINTR)
		vsock_conn_host_shut(&s->c, VSOCK_SHUT_RECV);
}

static void drain(struct stream *s)
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

static void deliver(struct vsock *v, struct stream *s, const struct virtq_chain *ch)
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

/* ---- from the guest */

static void orphan(struct vsock *v, const struct vsock_packet *k)
{
	if (k->op == VSOCK_OP_RST)
		return;
	v->orphan[v->norphans].hport = k->hport;
	v->orphan[v->norphans++].gport = k->gport;
}

static struct transport_listener *listener_of(struct vsock *v, uint32_t port)
{
	list_each(struct transport_listener, l, &v->listeners, link)
		if (l->port == port)
			return l;
	return NULL;
}

/* A new stream that the guest asks for, or NULL: refused. */
static struct stream *accept_guest(struct vsock *v, const struct vsock_packet *k)
{
	struct transport_listener *l = listener_of(v, k->hport);
	int fd[2] = { -1, -1 };
	struct stream *s;

	if (l && sock_pair(fd) < 0)
		return NULL;
	if (!l)
		fd[0] = v->ops->open ? v->ops->open(v->arg, k->hport) : -ECONNREFUSED;
	if (fd[0] < 0)
		return NULL;
	if (stream_new(v, fd[0], k->hport, k->gport, l ? TRANSPORT_CONTROL : TRANSPORT_CLIENT, false, &s) < 0) {
		close(fd[0]);
		if (fd[1] >= 0)
			close(fd[1]);
		return NULL;
	}
	if (l) {
		s->user_fd = fd[1];
		tell(v, s, TELL_ACCEPTED, 0);
	}
	return s;
}

static void greet(struct stream *s)
{
	char line[24];
	int n = snprintf(line, sizeof(line), "OK %u\n", s->c.hport);

	s->greet = false;
	if (send(s->fd, line, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
		vsock_conn_reset(&s->c);
}

static void on_packet(struct vsock *v, const struct vsock_packet *k, struct virtq_chain *ch)
{
	struct stream *s = lookup(v, k->hport, k->gport);

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
			tell(v, s, TELL_DIALED, 0);
		list_remove(&s->dialing);
		break;
	case VSOCK_TODO_DATA:
		virtq_chain_cut(ch, k->len);
		deliver(v, s, ch);
		break;
	case VSOCK_TODO_CLOSED:
		refuse(v, s, -ECONNREFUSED);
		break;
	case VSOCK_TODO_SHUT:
	case VSOCK_TODO_NONE:
		break;
	}
	stream_update(v, s);
}

static bool queue_live(struct vsock *v, unsigned queue)
{
	return v->q[queue] && !v->q[queue]->broken;
}

/* Packets that the guest sent. true: the budget is used up, there may be more. */
static bool pump_tx(struct vsock *v)
{
	struct virtq *q = v->q[VSOCK_QUEUE_TX];
	uint8_t raw[VSOCK_HDR_LEN];
	struct virtq_chain ch;
	struct vsock_packet k;

	v->tx_stalled = false;
	if (!queue_live(v, VSOCK_QUEUE_TX))
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

/* ---- to the guest */

enum put { PUT_DONE, PUT_STARVED, PUT_NOTHING };

/* The guest's next free buffer. false: there is none, and we are told when there is. */
static bool next_buffer(struct vsock *v, unsigned ahead, struct virtq_chain *ch)
{
	struct virtq *q = v->q[VSOCK_QUEUE_RX];
	int r = virtq_peek(q, ahead, true, ch);

	if (r == 0 && ahead == 0 && virtq_arm(q))
		r = virtq_peek(q, ahead, true, ch);
	return r > 0;
}

static void put_header(const struct vsock *v, const struct vsock_packet *k, const struct iovec *iov, unsigned n)
{
	uint8_t raw[VSOCK_HDR_LEN], *p = raw;

	vsock_packet_write(k, v->cid, raw);
	for (unsigned i = 0; i < n; p += iov[i++].iov_len)
		memcpy(iov[i].iov_base, p, iov[i].iov_len);
}

static enum put put_control(struct vsock *v, const struct vsock_packet *k)
{
	struct iovec hdr[HDR_PIECES];
	struct virtq_chain ch;
	unsigned n;

	if (!queue_live(v, VSOCK_QUEUE_RX) || !next_buffer(v, 0, &ch))
		return PUT_STARVED;
	n = virtq_chain_split(&ch, VSOCK_HDR_LEN, hdr, HDR_PIECES);
	if (!n) {
		v->q[VSOCK_QUEUE_RX]->broken = "no room for a header in a buffer";
		return PUT_STARVED;
	}
	put_header(v, k, hdr, n);
	virtq_push(v->q[VSOCK_QUEUE_RX], ch.head, VSOCK_HDR_LEN);
	return PUT_DONE;
}

/* Guest buffers side by side, so that one readv fills many. */
struct feed {
	struct {
		struct iovec hdr[HDR_PIECES];
		unsigned nhdr;
		uint16_t head;
		uint32_t room;
	} buf[FEED_CHAINS];
	unsigned nbufs;
	struct iovec iov[FEED_IOV];
	unsigned niov;
	uint32_t room;
};

/* Collects buffers for up to want bytes. */
static void feed_collect(struct vsock *v, uint32_t want, struct feed *f)
{
	struct virtq_chain ch;

	f->nbufs = f->niov = f->room = 0;
	while (f->nbufs < FEED_CHAINS && f->room < want && next_buffer(v, f->nbufs, &ch)) {
		unsigned n = virtq_chain_split(&ch, VSOCK_HDR_LEN, f->buf[f->nbufs].hdr, HDR_PIECES);

		if (!n || ch.len == 0) {
			v->q[VSOCK_QUEUE_RX]->broken = "no room for data in a buffer";
			return;
		}
		virtq_chain_cut(&ch, want - f->room);
		if (f->niov + ch.niov > FEED_IOV)
			return;
		memcpy(f->iov + f->niov, ch.iov, ch.niov * sizeof(ch.iov[0]));
		f->niov += ch.niov;
		f->buf[f->nbufs].nhdr = n;
		f->buf[f->nbufs].head = ch.head;
		f->buf[f->nbufs++].room = (uint32_t)ch.len;
		f->room += (uint32_t)ch.len;
	}
}

/* Bytes from the stream's socket straight into guest memory. */
static enum put feed(struct vsock *v, struct stream *s)
{
	uint32_t want = MIN(vsock_conn_credit(&s->c), FEED_MAX), left;
	struct vsock_packet k;
	struct feed f;
	ssize_t r;

	if (!queue_live(v, VSOCK_QUEUE_RX))
		return PUT_STARVED;
	feed_collect(v, want, &f);
	if (v->q[VSOCK_QUEUE_RX]->broken || f.nbufs == 0)
		return PUT_STARVED;
	do
		r = readv(s->fd, f.iov, (int)f.niov);
	while (r < 0 && errno == EINTR);
	if (r < 0 && errno == EAGAIN) {
		s->readable = false;
		return PUT_NOTHING;
	}
	if (r <= 0) {
		s->readable = false;
		vsock_conn_host_shut(&s->c, r < 0 || s->hup ? VSOCK_SHUT_BOTH : VSOCK_SHUT_SEND);
		return PUT_NOTHING;
	}
	left = (uint32_t)r;
	for (unsigned i = 0; left; i++) {
		uint32_t len = MIN(left, f.buf[i].room);

		vsock_conn_data(&s->c, len, &k);
		put_header(v, &k, f.buf[i].hdr, f.buf[i].nhdr);
		virtq_push(v->q[VSOCK_QUEUE_RX], f.buf[i].head, VSOCK_HDR_LEN + len);
		left -= len;
	}
	return PUT_DONE;
}

static enum put serve(struct vsock *v, struct stream *s)
{
	struct vsock_packet k;

	while (vsock_conn_owes(&s->c, &k)) {
		if (put_control(v, &k) == PUT_STARVED)
			return PUT_STARVED;
		vsock_conn_paid(&s->c, &k);
	}
	if (s->readable && vsock_conn_credit(&s->c))
		return feed(v, s);
	return PUT_NOTHING;
}

static void signal_guest(struct vsock *v, unsigned queue)
{
	if (queue_live(v, queue) && virtq_wants_signal(v->q[queue]))
		v->ops->signal(v->arg, queue);
}

/* Resets, debts and data, one stream after another. true: there is more that could go at once. */
static bool pump_rx(struct vsock *v)
{
	if (!queue_live(v, VSOCK_QUEUE_RX))
		return false;
	while (v->norphans) {
		struct vsock_packet k = { .hport = v->orphan[v->norphans - 1].hport,
					  .gport = v->orphan[v->norphans - 1].gport,
					  .op = VSOCK_OP_RST };

		if (put_control(v, &k) == PUT_STARVED)
			return false;
		v->norphans--;
	}
	for (int budget = RX_BUDGET; budget > 0 && !list_empty(&v->ready); budget--) {
		struct stream *s = list_entry(v->ready.next, struct stream, ready);

		if (serve(v, s) == PUT_STARVED)
			return false;
		signal_guest(v, VSOCK_QUEUE_RX); /* it works on this while we fetch more */
		list_remove(&s->ready);
		stream_update(v, s);
	}
	return !list_empty(&v->ready) || v->tx_stalled;
}

/* ---- the turns */

static void reap(struct vsock *v)
{
	list_each(struct stream, s, &v->dead, dead)
		if (s->tell == TELL_NOTHING)
			stream_free(v, s);
}

static void look_for_broken(struct vsock *v)
{
	for (unsigned i = 0; i < VSOCK_NQUEUES && !v->told_broken; i++) {
		if (!v->q[i] || !v->q[i]->broken)
			continue;
		v->told_broken = true;
		v->why_broken = v->q[i]->broken;
		loop_defer(v->loop, &v->tell, on_tell);
	}
}

static void on_again(struct loop_defer *d)
{
	struct vsock *v = container_of(d, struct vsock, again);

	run(v);
}

static void run(struct vsock *v)
{
	bool more = pump_tx(v);

	more |= pump_rx(v);
	for (unsigned i = 0; i < VSOCK_NQUEUES; i++)
		signal_guest(v, i);
	if (more)
		loop_defer(v->loop, &v->again, on_again);
	reap(v);
	look_for_broken(v);
}

static void on_sockets(uv_poll_t *h, int status, int events)
{
	struct vsock *v = h->data;
	struct epoll_event ev[64];
	int n = epoll_wait(v->epfd, ev, ARRAY_LEN(ev), 0);

	for (int i = 0; i < n; i++) {
		struct stream *s = ev[i].data.ptr;

		if (ev[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			s->readable = true;
		if (ev[i].events & (EPOLLHUP | EPOLLERR))
			s->hup = true;
		if (ev[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
			drain(s);
		stream_update(v, s);
	}
	run(v);
}

/* One callback that is owed. The stream may be gone after it. */
static void tell_user(struct vsock *v, struct stream *s)
{
	struct transport_listener *l = listener_of(v, s->c.hport);
	struct transport_dial *op = TAKE(s->op);
	enum tell what = s->tell;
	int fd = TAKE_FD(s->user_fd), rc = s->tell_rc;
	struct err err = { 0 };

	list_remove(&s->told);
	s->tell = TELL_NOTHING;
	if (what == TELL_ACCEPTED && l) {
		l->accepted(l, fd);
		return;
	}
	if (what != TELL_DIALED || !op || rc < 0) {
		close(fd);
		fd = -1;
	}
	if (what == TELL_DIALED && op) {
		if (rc < 0)
			err_sys(&err, rc, "cannot connect to port %u of the guest", op->port);
		op->conn = NULL;
		op->cb(op, rc, fd, &err);
	}
}

/* Callbacks to users: from the loop only, nothing of ours on the stack. They may destroy the device, whose
 * memory then stays until its handles are closed. */
static void on_tell(struct loop_defer *d)
{
	struct vsock *v = container_of(d, struct vsock, tell);
	unsigned n = 0;

	list_each(struct stream, s, &v->told, told)
		n++;
	for (; n > 0 && !v->destroyed && !list_empty(&v->told); n--)
		tell_user(v, list_entry(v->told.next, struct stream, told));
	if (v->destroyed)
		return;
	reap(v);
	if (v->why_broken) {
		log_warn("vsock: %s", v->why_broken);
		v->ops->broken(v->arg, TAKE(v->why_broken));
	} else if (!list_empty(&v->told)) {
		loop_defer(v->loop, &v->tell, on_tell);
	}
}

/* What a guest that has stopped left in its ring. It can write no more, so this ends with the ring. */
static void pump_rest(struct vsock *v)
{
	for (int i = 0; i < VIRTQ_SIZE_MAX / TX_BUDGET + VIRTQ_SIZE_MAX / ORPHANS_MAX; i++) {
		v->norphans = 0;
		if (!pump_tx(v) && !v->tx_stalled)
			break;
	}
	v->tx_stalled = false;
}

void vsock_set_queue(struct vsock *v, unsigned queue, struct virtq *q)
{
	if (!q && queue == VSOCK_QUEUE_TX)
		pump_rest(v);
	v->q[queue] = q;
	if (q)
		run(v);
}

void vsock_kicked(struct vsock *v)
{
	run(v);
}

void vsock_guest_gone(struct vsock *v)
{
	pump_rest(v);
	v->q[VSOCK_QUEUE_RX] = v->q[VSOCK_QUEUE_TX] = NULL;
	v->norphans = 0;
	v->told_broken = false;
	list_each(struct stream, s, &v->all, all) {
		refuse(v, s, -ENOTCONN);
		s->c.state = VSOCK_CLOSED;
		s->c.owed = 0;
		drain(s);
		stream_update(v, s);
	}
	reap(v);
}

void vsock_stats(const struct vsock *v, struct vsock_stats *ret)
{
	*ret = (struct vsock_stats){ .granted = v->granted };
	list_each(struct stream, s, (struct list *)&v->all, all) {
		ret->streams++;
		ret->kept += s->c.ring_len;
	}
}

/* ---- dial and listen */

static void on_dial_timer(uv_timer_t *h)
{
	struct vsock *v = h->data;
	int64_t now = clock_mono_ns();

	list_each(struct stream, s, &v->dialing, dialing) {
		if (s->deadline_ns > now) {
			uv_timer_start(&v->timer, on_dial_timer,
				       (uint64_t)((s->deadline_ns - now) / 1000000 + 1), 0);
			break;
		}
		refuse(v, s, -ETIMEDOUT);
		vsock_conn_reset(&s->c);
		stream_update(v, s);
	}
	run(v);
}

/* A stream to the guest on fd, which is taken over only on success. */
static int dial(struct vsock *v, int fd, uint32_t port, enum transport_kind kind, struct stream **ret,
		struct err *e)
{
	uint32_t hport;
	int rc;

	if (!queue_live(v, VSOCK_QUEUE_RX) || !queue_live(v, VSOCK_QUEUE_TX))
		return err_set(e, -ENOTCONN, "cannot connect to port %u of the guest: it is not up", port);
	do
		hport = v->next_port++ | EPHEMERAL_FIRST;
	while (lookup(v, hport, port));
	rc = stream_new(v, fd, hport, port, kind, true, ret);
	if (rc == -EMFILE)
		return err_set(e, rc, "cannot connect to port %u of the guest: too many connections", port);
	if (rc < 0)
		return err_sys(e, rc, "cannot connect to port %u of the guest", port);
	(*ret)->deadline_ns = clock_mono_ns() + VSOCK_DIAL_TIMEOUT_MS * 1000000ll;
	list_append(&v->dialing, &(*ret)->dialing);
	if (!uv_is_active((uv_handle_t *)&v->timer))
		uv_timer_start(&v->timer, on_dial_timer, VSOCK_DIAL_TIMEOUT_MS, 0);
	stream_update(v, *ret);
	return 0;
}

static int op_dial(struct transport *t, struct transport_dial *op, struct err *e)
{
	struct vsock *v = of_transport(t);
	struct stream *s;
	int fd[2], rc;

	rc = sock_pair(fd);
	if (rc < 0)
		return err_sys(e, rc, "cannot connect to port %u of the guest", op->port);
	rc = dial(v, fd[0], op->port, op->kind, &s, e);
	if (rc < 0) {
		close(fd[0]);
		close(fd[1]);
		return rc;
	}
	s->user_fd = fd[1];
	s->op = op;
	op->conn = s;
	run(v);
	return 0;
}

static void op_dial_cancel(struct transport *t, struct transport_dial *op)
{
	struct vsock *v = of_transport(t);
	struct stream *s = op->conn;

	if (!s || s->tell != TELL_NOTHING)
		return;
	refuse(v, s, -ECANCELED);
	vsock_conn_reset(&s->c);
	stream_update(v, s);
	run(v);
}

static int op_listen(struct transport *t, struct transport_listener *l, struct err *e)
{
	struct vsock *v = of_transport(t);

	if (listener_of(v, l->port))
		return err_sys(e, -EADDRINUSE, "cannot listen on vsock port %u", l->port);
	list_append(&v->listeners, &l->link);
	return 0;
}

static void op_unlisten(struct transport *t, struct transport_listener *l)
{
	list_remove(&l->link);
}

int vsock_adopt(struct vsock *v, int fd, uint32_t port, struct err *e)
{
	struct stream *s;
	int rc = dial(v, fd, port, TRANSPORT_CLIENT, &s, e);

	if (rc < 0) {
		close(fd);
		return rc;
	}
	s->greet = true;
	run(v);
	return 0;
}

/* ---- life */

static bool op_holds(struct transport *t, uint32_t port)
{
	struct vsock *v = of_transport(t);

	for (struct list *l = v->all.next; l != &v->all; l = l->next) {
		const struct stream *s = list_entry(l, struct stream, all);

		if (s->c.hport == port && (s->c.ring_len > 0 || s->tell == TELL_ACCEPTED))
			return true;
	}
	return false;
}

static const struct transport_ops transport_ops = {
	.dial = op_dial, .dial_cancel = op_dial_cancel, .listen = op_listen, .unlisten = op_unlisten,
	.holds = op_holds,
};

struct transport *vsock_transport(struct vsock *v)
{
	return &v->t;
}

int vsock_create(uv_loop_t *loop, uint64_t guest_cid, const struct vsock_ops *ops, void *arg, struct vsock **ret,
		 struct err *e)
{
	AUTO_FREE struct vsock *v = calloc(1, sizeof(*v));

	if (!v)
		return err_sys(e, -ENOMEM, "cannot make the vsock device");
	v->t.ops = &transport_ops;
	v->loop = loop;
	v->ops = ops;
	v->arg = arg;
	v->cid = guest_cid;
	list_init(&v->listeners);
	list_init(&v->all);
	list_init(&v->ready);
	list_init(&v->told);
	list_init(&v->dialing);
	list_init(&v->dead);
	v->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (v->epfd < 0)
		return err_sys(e, -errno, "cannot make the vsock device");
	v->poll.data = v->timer.data = v;
	uv_poll_init(loop, &v->poll, v->epfd);
	uv_poll_start(&v->poll, UV_READABLE, on_sockets);
	uv_timer_init(loop, &v->timer);
	*ret = TAKE(v);
	return 0;
}

/* Dials under way are told here, from the loop, when nothing else can happen to the device any more. */
static void on_closed(uv_handle_t *h)
{
	struct vsock *v = h->data;

	if (--v->nclosing)
		return;
	list_each(struct stream, s, &v->all, all) {
		if (s->op) {
			s->tell = TELL_DIALED;
			s->tell_rc = -ECANCELED;
			tell_user(v, s);
		}
		stream_free(v, s);
	}
	close(v->epfd);
	free(v);
}

void vsock_destroy(struct vsock *v)
{
	if (!v || v->destroyed)
		return;
	v->destroyed = true;
	loop_defer_cancel(&v->again);
	loop_defer_cancel(&v->tell);
	list_each(struct transport_listener, l, &v->listeners, link) {
		list_remove(&l->link);
		l->t = NULL;
	}
	list_each(struct stream, s, &v->all, all)
		shutdown(s->fd, SHUT_RDWR);
	v->nclosing = 2;
	uv_close((uv_handle_t *)&v->poll, on_closed);
	uv_close((uv_handle_t *)&v->timer, on_closed);
}
