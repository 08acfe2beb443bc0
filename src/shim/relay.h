/* SPDX-License-Identifier: Apache-2.0 */
/* relay.h - two stream sockets joined: bytes both ways, half-close passed on, never more than a bounded
 * buffer a direction in memory. */
#ifndef BERTH_SHIM_RELAY_H
#define BERTH_SHIM_RELAY_H

#include <uv.h>

#include "base/err.h"

struct relay;

/* Takes both descriptors over (non-blocking); on failure too. done(arg) comes once, when both directions have
 * ended, one failed, or from within relay_cancel; the relay is gone then. */
int relay_start(uv_loop_t *loop, int fd_a, int fd_b, void (*done)(void *arg), void *arg, struct relay **ret,
		struct err *e);
/* Closes both. */
void relay_cancel(struct relay *r);

#endif
