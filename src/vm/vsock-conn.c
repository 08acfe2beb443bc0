/* SPDX-License-Identifier: Apache-2.0 */
/* vsock-conn.c - one vsock stream: its states, credits and debts. */
#include "vm/vsock-conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* In the order they are paid. */
static const struct {
	uint8_t bit;
	uint16_t op;
} debts[] = {
	{ VSOCK_OWE_REQUEST, VSOCK_OP_REQUEST },   { VSOCK_OWE_RESPONSE, VSOCK_OP_RESPONSE },
	{ VSOCK_OWE_CREDIT, VSOCK_OP_CREDIT_UPDATE }, { VSOCK_OWE_SHUTDOWN, VSOCK_OP_SHUTDOWN },
	{ VSOCK_OWE_RST, VSOCK_OP_RST },
};

void vsock_conn_init(struct vsock_conn *c, uint32_t hport, uint32_t gport, uint32_t grant, bool dialed)
{
	*c = (struct vsock_conn){
		.hport = hport, .gport = gport, .grant = grant,
		.state = dialed ? VSOCK_DIALING : VSOCK_UP,
		.owed = dialed ? VSOCK_OWE_REQUEST : VSOCK_OWE_RESPONSE,
	};
}

void vsock_conn_finish(struct vsock_conn *c)
{
	free(c->ring);
	c->ring = NULL;
	c->ring_len = 0;
}

void vsock_conn_reset(struct vsock_conn *c)
{
	if (c->state == VSOCK_CLOSED)
		return;
	c->state = VSOCK_RESETTING;
	c->owed = VSOCK_OWE_RST;
}

/* A stream that is over in both directions ends with a reset, as Linux guests expect of their peer. */
static void settle(struct vsock_conn *c)
{
	bool guest_done = (c->guest_shut & VSOCK_SHUT_SEND) && c->ring_len == 0;
	bool host_done = c->host_shut & VSOCK_SHUT_SEND;

	if (c->state != VSOCK_UP)
		return;
	if (c->guest_shut == VSOCK_SHUT_BOTH) {
		vsock_conn_reset(c);
	} else if (c->host_shut == VSOCK_SHUT_BOTH || (guest_done && host_done)) {
		c->state = VSOCK_RESETTING;
		c->owed |= VSOCK_OWE_RST;
	}
}

static enum vsock_todo violated(struct vsock_conn *c)
{
	vsock_conn_reset(c);
	return VSOCK_TODO_CLOSED;
}

static enum vsock_todo data(struct vsock_conn *c, uint32_t len)
{
	if (c->state != VSOCK_UP || (c->guest_shut & VSOCK_SHUT_SEND) ||
	    len > c->grant - (c->rx_cnt - c->fwd_cnt))
		return violated(c);
	c->rx_cnt += len;
	return len ? VSOCK_TODO_DATA : VSOCK_TODO_NONE;
}

static enum vsock_todo on_response(struct vsock_conn *c)
{
	if (c->state != VSOCK_DIALING || (c->owed & VSOCK_OWE_REQUEST))
		return violated(c);
	c->state = VSOCK_UP;
	return VSOCK_TODO_CONNECTED;
}

static enum vsock_todo on_shutdown(struct vsock_conn *c, uint32_t flags)
{
	if (c->state != VSOCK_UP)
		return violated(c);
	c->guest_shut |= flags & VSOCK_SHUT_BOTH;
	settle(c);
	return VSOCK_TODO_SHUT;
}

enum vsock_todo vsock_conn_packet(struct vsock_conn *c, const struct vsock_packet *k)
{
	if (c->state == VSOCK_RESETTING || c->state == VSOCK_CLOSED) {
		if (k->op == VSOCK_OP_RST) {
			c->state = VSOCK_CLOSED;
			c->owed = 0;
		}
		return VSOCK_TODO_NONE; /* its reset is on the way */
	}
	c->peer_alloc = k->buf_alloc;
	c->peer_fwd = k->fwd_cnt;
	switch (k->op) {
	case VSOCK_OP_REQUEST:
		return c->owed & VSOCK_OWE_RESPONSE && c->rx_cnt == 0 ? VSOCK_TODO_NONE : violated(c);
	case VSOCK_OP_RESPONSE:
		return on_response(c);
	case VSOCK_OP_RST:
		c->state = VSOCK_CLOSED;
		c->owed = 0;
		return VSOCK_TODO_CLOSED;
	case VSOCK_OP_SHUTDOWN:
		return on_shutdown(c, k->flags);
	case VSOCK_OP_RW:
		return data(c, k->len);
	case VSOCK_OP_CREDIT_REQUEST:
		if (c->state == VSOCK_UP)
			c->owed |= VSOCK_OWE_CREDIT;
		return VSOCK_TODO_NONE;
	default:
		return VSOCK_TODO_NONE;
	}
}

/* Every packet tells the credit. */
static void header(const struct vsock_conn *c, uint16_t op, struct vsock_packet *ret)
{
	*ret = (struct vsock_packet){ .hport = c->hport, .gport = c->gport, .op = op,
				      .buf_alloc = c->grant, .fwd_cnt = c->fwd_cnt };
}

bool vsock_conn_owes(const struct vsock_conn *c, struct vsock_packet *ret)
{
	for (size_t i = 0; i < sizeof(debts) / sizeof(debts[0]); i++) {
		if (!(c->owed & debts[i].bit))
			continue;
		header(c, debts[i].op, ret);
		if (debts[i].op == VSOCK_OP_SHUTDOWN)
			ret->flags = c->host_shut;
		return true;
	}
	return false;
}

void vsock_conn_paid(struct vsock_conn *c, const struct vsock_packet *k)
{
	for (size_t i = 0; i < sizeof(debts) / sizeof(debts[0]); i++)
		if (debts[i].op == k->op)
			c->owed &= (uint8_t)~debts[i].bit;
	c->fwd_told = k->fwd_cnt;
	c->owed &= (uint8_t)~VSOCK_OWE_CREDIT;
	if (k->op == VSOCK_OP_RST)
		c->state = VSOCK_CLOSED;
}

uint32_t vsock_conn_credit(const struct vsock_conn *c)
{
	uint32_t under_way = c->tx_cnt - c->peer_fwd;

	if (c->state != VSOCK_UP || (c->owed & VSOCK_OWE_RESPONSE) || (c->host_shut & VSOCK_SHUT_SEND) ||
	    (c->guest_shut & VSOCK_SHUT_RECV) || under_way >= c->peer_alloc)
		return 0;
	return c->peer_alloc - under_way;
}

void vsock_conn_data(struct vsock_conn *c, uint32_t len, struct vsock_packet *ret)
{
	header(c, VSOCK_OP_RW, ret);
	ret->len = len;
	c->tx_cnt += len;
	c->fwd_told = c->fwd_cnt;
	c->owed &= (uint8_t)~VSOCK_OWE_CREDIT;
}

void vsock_conn_forwarded(struct vsock_conn *c, uint32_t len)
{
	c->fwd_cnt += len;
	if (c->state == VSOCK_UP && !(c->guest_shut & VSOCK_SHUT_SEND) &&
	    c->fwd_cnt - c->fwd_told >= c->grant / 2)
		c->owed |= VSOCK_OWE_CREDIT;
	settle(c);
}

void vsock_conn_host_shut(struct vsock_conn *c, unsigned flags)
{
	if ((c->host_shut & flags) == flags)
		return;
	c->host_shut |= (uint8_t)flags;
	if (c->state == VSOCK_UP)
		c->owed |= VSOCK_OWE_SHUTDOWN;
	settle(c);
}

int vsock_conn_keep(struct vsock_conn *c, const struct iovec *iov, unsigned niov, size_t skip)
{
	if (!c->ring) {
		c->ring = malloc(c->grant);
		if (!c->ring)
			return -ENOMEM;
		c->ring_off = 0;
	}
	for (unsigned i = 0; i < niov; i++) {
		const uint8_t *p = iov[i].iov_base;
		size_t len = iov[i].iov_len;

		if (skip >= len) {
			skip -= len;
			continue;
		}
		p += skip;
		len -= skip;
		skip = 0;
		while (len) {
			uint32_t at = (c->ring_off + c->ring_len) % c->grant;
			size_t k = c->grant - at < len ? c->grant - at : len;

			if (k > c->grant - c->ring_len)
				return -ENOMEM; /* over the credit: checked before, so never */
			memcpy(c->ring + at, p, k);
			c->ring_len += (uint32_t)k;
			p += k;
			len -= k;
		}
	}
	return 0;
}

unsigned vsock_conn_kept(const struct vsock_conn *c, struct iovec ret[static 2])
{
	uint32_t first = c->grant - c->ring_off;

	if (c->ring_len == 0)
		return 0;
	if (first >= c->ring_len) {
		ret[0] = (struct iovec){ c->ring + c->ring_off, c->ring_len };
		return 1;
	}
	ret[0] = (struct iovec){ c->ring + c->ring_off, first };
	ret[1] = (struct iovec){ c->ring, c->ring_len - first };
	return 2;
}

void vsock_conn_drained(struct vsock_conn *c, uint32_t len)
{
	c->ring_off = (c->ring_off + len) % c->grant;
	c->ring_len -= len;
	if (c->ring_len == 0) {
		free(c->ring);
		c->ring = NULL;
	}
	vsock_conn_forwarded(c, len);
}
