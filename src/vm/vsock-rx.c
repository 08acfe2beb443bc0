/* SPDX-License-Identifier: Apache-2.0 */
/* vsock-rx.c - packets to the guest: debts first, then data from sockets straight into its buffers. */
#include "vm/vsock-inside.h"

#include <string.h>

#include "base/auto.h"

#define RX_BUDGET 128  /* streams served in one turn */
#define FEED_CHAINS 16 /* guest buffers filled by one readv */
#define FEED_IOV 256
#define FEED_MAX (64u << 10)
#define HDR_PIECES 4

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

	if (!vsock_queue_live(v, VSOCK_QUEUE_RX) || !next_buffer(v, 0, &ch))
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
static enum put feed(struct vsock *v, struct vsock_stream *s)
{
	uint32_t want = MIN(vsock_conn_credit(&s->c), FEED_MAX), left;
	struct vsock_packet k;
	struct feed f;
	ssize_t r;

	if (!vsock_queue_live(v, VSOCK_QUEUE_RX))
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

static enum put serve(struct vsock *v, struct vsock_stream *s)
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

void vsock_signal_guest(struct vsock *v, unsigned queue)
{
	if (vsock_queue_live(v, queue) && virtq_wants_signal(v->q[queue]))
		v->ops->signal(v->arg, queue);
}

bool vsock_pump_rx(struct vsock *v)
{
	if (!vsock_queue_live(v, VSOCK_QUEUE_RX))
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
		struct vsock_stream *s = list_entry(v->ready.next, struct vsock_stream, ready);

		if (serve(v, s) == PUT_STARVED)
			return false;
		vsock_signal_guest(v, VSOCK_QUEUE_RX); /* it works on this while we fetch more */
		list_remove(&s->ready);
		vsock_stream_update(v, s);
	}
	return !list_empty(&v->ready) || v->tx_stalled;
}
