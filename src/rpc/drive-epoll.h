/* SPDX-License-Identifier: Apache-2.0 */
/* drive-epoll.h - moves the bytes of a client or server for a caller that owns the wait (epoll or poll).
 *
 *	rpc_drive_init(&conn->drive, rpc_server_session(server), fd);
 *	for (;;) {
 *		uint32_t events = rpc_drive_prepare(&conn->drive);   // before each wait
 *		...events is 0: the connection is over: rpc_drive_finish, rpc_server_destroy, close(fd)...
 *		...epoll_ctl if events changed; wait at most rpc_drive_timeout_ms()...
 *		rpc_drive_ready(&conn->drive, revents);              // if fd has events
 *	}
 *
 * Handlers and callbacks run within rpc_drive_prepare and rpc_drive_ready. They may destroy the client or
 * server, which ends the drive with -ECANCELED; its memory stays until those functions have returned. */
#ifndef BERTH_RPC_DRIVE_EPOLL_H
#define BERTH_RPC_DRIVE_EPOLL_H

#include <stdint.h>

#include "base/err.h"

struct rpc_session;

struct rpc_drive {
	struct rpc_session *session; /* NULL once it was destroyed */
	int fd;
	int rc; /* 0 while it stands, 1 after an orderly end, -errno */
	struct err err; /* words of -errno */
	uint8_t *out; /* bytes taken from the session that fd has not */
	uint32_t out_pos, out_len;
	/* Both may be NULL. wake: call rpc_drive_prepare soon; gone: the session was destroyed. */
	void (*wake)(struct rpc_drive *d);
	void (*gone)(struct rpc_drive *d);
};

/* fd: connected, non-blocking, stays the caller's. */
void rpc_drive_init(struct rpc_drive *d, struct rpc_session *s, int fd);
/* Leaves session and fd alone. */
void rpc_drive_finish(struct rpc_drive *d);
/* Runs deadlines, handlers and callbacks that are due and writes what waits. Returns what to wait for,
 * EPOLLIN and EPOLLOUT; 0: the connection is over, all calls have had their callbacks. */
uint32_t rpc_drive_prepare(struct rpc_drive *d);
/* Until the next deadline, -1 if there is none: the longest wait after rpc_drive_prepare. */
int rpc_drive_timeout_ms(const struct rpc_drive *d);
/* fd has events (EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR): reads, runs, writes. As rpc_drive_prepare. */
uint32_t rpc_drive_ready(struct rpc_drive *d, uint32_t events);
/* 0 while the connection stands, 1 after an orderly end, -errno with words in e after another. */
int rpc_drive_result(const struct rpc_drive *d, struct err *e);

#endif
