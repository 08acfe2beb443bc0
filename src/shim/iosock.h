/* SPDX-License-Identifier: Apache-2.0 */
/* iosock.h - io.sock: raw streams given out by token.
 *
 * A client connects, writes "IO <token>\n" (32 hex digits) and owns the stream that the token stands for.
 * A token is good once and for 10 s; a wrong one is a closed connection. */
#ifndef BERTH_SHIM_IOSOCK_H
#define BERTH_SHIM_IOSOCK_H

#include <uv.h>

#include "base/err.h"
#include "base/list.h"

#define IOSOCK_TOKEN_LEN 32

struct iosock;

/* What waits for a client. Embed it. */
struct iosock_wait {
	struct list link; /* used inside */
	struct iosock *owner;
	char token[IOSOCK_TOKEN_LEN + 1];
	uint64_t deadline; /* uv_now() */
	/* fd is the callee's, connected and non-blocking; -1: nobody came in time. Comes once. */
	void (*taken)(struct iosock_wait *w, int fd);
};

/* Listens on name in dir, which stays the caller's. */
int iosock_create(uv_loop_t *loop, int dir, const char *name, struct iosock **ret, struct err *e);
/* Those who wait are told -1. */
void iosock_destroy(struct iosock *s);

/* Makes a token, in w->token. */
int iosock_wait(struct iosock *s, struct iosock_wait *w, void (*taken)(struct iosock_wait *w, int fd));
/* Takes it back; taken does not come. At ease with zeroed memory. */
void iosock_cancel(struct iosock_wait *w);

#endif
