/* SPDX-License-Identifier: Apache-2.0 */
/* drive-epoll.h - moves the bytes of a client or server for a caller that owns the wait (epoll or poll).
 *
 *	rpc_drive_init(&conn->drive, rpc_server_session(server), fd);
 *	for (;;) {
 *		uint32_t events = rpc_drive_prepare(&conn->drive);   // before each wait
 *		...epoll_ctl if events changed; wait at most rpc_drive_timeout_ms()...
 *		if (rpc_drive_ready(&conn->drive, revents, &e) < 0)  // when fd has events
 *			...rpc_server_destroy(server); rpc_drive_finish(&conn->drive)...
 *	}
 */
#ifndef BERTH_RPC_DRIVE_EPOLL_H
#define BERTH_RPC_DRIVE_EPOLL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct rpc_session;

struct rpc_drive {
	struct rpc_session *session;
	int fd;
	int rc; /* why it ended, < 0; 1 after an orderly end */
	struct err err;
	uint8_t *out; /* bytes taken from the session that fd has not */
	uint32_t out_pos, out_len;
};

/* fd: connected, non-blocking, stays the caller's. */
void rpc_drive_init(struct rpc_drive *d, struct rpc_session *s, int fd);
/* Leaves the session alone; fd too. */
void rpc_drive_finish(struct rpc_drive *d);
/* Runs deadlines and callbacks that are due and writes what waits. Returns what to wait for, EPOLLIN and
 * EPOLLOUT; 0: the connection is over (rpc_drive_result). */
uint32_t rpc_drive_prepare(struct rpc_drive *d);
/* Until the next deadline, -1 if there is none: the longest wait after rpc_drive_prepare. */
int rpc_drive_timeout_ms(const struct rpc_drive *d);
/* Reads, runs handlers and callbacks, writes. 0, or as rpc_drive_result once it is over. */
int rpc_drive_ready(struct rpc_drive *d, uint32_t events, struct err *e);
/* 0 while the connection stands, 1 after an orderly end, -errno with words in e after another. All calls
 * have had their callbacks then. */
int rpc_drive_result(const struct rpc_drive *d, struct err *e);

#endif
