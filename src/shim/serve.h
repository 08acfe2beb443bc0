/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - the Shim service on shim.sock. */
#ifndef BERTH_SHIM_SERVE_H
#define BERTH_SHIM_SERVE_H

#include "shim/sandbox.h"

struct serve;

/* Takes listen_fd over. */
int serve_create(struct sandbox *sb, int listen_fd, struct serve **ret, struct err *e);
/* Number of clients connected. */
unsigned serve_nclients(const struct serve *s);
/* Takes no more clients; those that are there get their answers; then done(arg), which may come at once. */
void serve_drain(struct serve *s, void (*done)(void *arg), void *arg);
void serve_destroy(struct serve *s);

#endif
