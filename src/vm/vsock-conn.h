/* SPDX-License-Identifier: Apache-2.0 */
/* vsock-conn.h - one vsock stream between guest and host: its states, credits and debts. No I/O.
 *
 * Packets that we owe the guest are bits, not a queue, and bytes that the host's socket did not take yet
 * lie in a ring of exactly the credit granted: a guest cannot make a connection cost more than that. */
#ifndef BERTH_VM_VSOCK_CONN_H
#define BERTH_VM_VSOCK_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vm/vsock-packet.h"

enum vsock_state {
	VSOCK_DIALING, /* the host asked, the guest has not answered */
	VSOCK_UP,
	VSOCK_RESETTING, /* a reset is owed */
	VSOCK_CLOSED,    /* the guest is done with it; the ring may still drain */
};

enum vsock_debt {
	VSOCK_OWE_REQUEST = 1,
	VSOCK_OWE_RESPONSE = 2,
	VSOCK_OWE_CREDIT = 4,
	VSOCK_OWE_SHUTDOWN = 8,
	VSOCK_OWE_RST = 16,
};

struct vsock_conn {
	uint32_t hport, gport;
	enum vsock_state state;
	uint8_t owed;       /* enum vsock_debt */
	uint8_t guest_shut; /* VSOCK_SHUT_*: what the guest will do no more */
	uint8_t host_shut;  /* … and the host */
	uint32_t grant;     /* bytes we let the guest have under way */
	uint32_t rx_cnt, fwd_cnt, fwd_told;     /* from the guest: received, forwarded, forwarded as it knows */
	uint32_t tx_cnt, peer_alloc, peer_fwd;  /* to the guest: sent, its buffer, taken by its reader */
	uint8_t *ring;      /* grant bytes, NULL while empty */
	uint32_t ring_off, ring_len;
};

/* What a packet asks of the device. */
enum vsock_todo {
	VSOCK_TODO_NONE,
	VSOCK_TODO_CONNECTED, /* the guest accepted */
	VSOCK_TODO_DATA,      /* forward the payload; it fits the credit */
	VSOCK_TODO_SHUT,      /* guest_shut has changed */
	VSOCK_TODO_CLOSED,    /* reset by the guest (or refused), or for a violation by us */
};

/* dialed: by the host; a request is owed. Else the guest asked, and a response is owed. */
void vsock_conn_init(struct vsock_conn *c, uint32_t hport, uint32_t gport, uint32_t grant, bool dialed);
void vsock_conn_finish(struct vsock_conn *c);

/* The guest's packet on this connection, which for one that the guest opens includes the request. */
enum vsock_todo vsock_conn_packet(struct vsock_conn *c, const struct vsock_packet *k);

/* The next packet owed. false: none. Once it is in the guest's ring: paid. */
bool vsock_conn_owes(const struct vsock_conn *c, struct vsock_packet *ret);
void vsock_conn_paid(struct vsock_conn *c, const struct vsock_packet *k);

/* How many bytes from the host may go to the guest now. */
uint32_t vsock_conn_credit(const struct vsock_conn *c);
/* The header for len of them; counts them as sent. */
void vsock_conn_data(struct vsock_conn *c, uint32_t len, struct vsock_packet *ret);

/* The host's socket took len bytes (or they were dropped, its reader being gone). */
void vsock_conn_forwarded(struct vsock_conn *c, uint32_t len);
/* The host will send no more (VSOCK_SHUT_SEND), take no more (VSOCK_SHUT_RECV). */
void vsock_conn_host_shut(struct vsock_conn *c, unsigned flags);
/* Owes a reset and nothing else. */
void vsock_conn_reset(struct vsock_conn *c);

/* Keeps what the socket refused: the bytes of iov behind the first skip. They fit by the credit.
 * 0 or -ENOMEM. */
int vsock_conn_keep(struct vsock_conn *c, const struct iovec *iov, unsigned niov, size_t skip);
/* The kept bytes, oldest first: 0, 1 or 2 pieces. */
unsigned vsock_conn_kept(const struct vsock_conn *c, struct iovec ret[static 2]);
/* The socket took len of them: frees them and counts them as forwarded. */
void vsock_conn_drained(struct vsock_conn *c, uint32_t len);

#endif
