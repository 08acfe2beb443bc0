/* SPDX-License-Identifier: Apache-2.0 */
/* way-in.h - the VM's ports for other programs of this user, in the form of Firecracker and Cloud
 * Hypervisor.
 *
 * <run_dir>/vsock.sock: a client writes "CONNECT <port>\n", reads "OK <number>\n", and then has that port
 * of the guest. A connection that the guest opens to host port P goes to the unix socket vsock.sock_<P> if
 * somebody listens there, and is reset otherwise; ports that the transport listens on come first, and
 * 1023 and 0x40000000-0x4fffffff are never looked for. */
#ifndef BERTH_VM_WAY_IN_H
#define BERTH_VM_WAY_IN_H

#include <stddef.h>

#include <uv.h>

#include "base/err.h"
#include "vm/vsock.h"

#define WAY_IN_SOCKET "vsock.sock"
#define WAY_IN_WAITING_MAX 64 /* clients that have not said their port yet */

struct way_in;

/* Binds and listens in the folder; dirfd is duplicated, dev stays the caller's. */
int way_in_create(uv_loop_t *loop, struct vsock *dev, int dirfd, struct way_in **ret, struct err *e);
/* Unlinks the socket; clients that were not connected yet are closed. At ease with NULL. */
void way_in_destroy(struct way_in *w);
/* For struct vsock_ops: a socket for the guest's connection to port, or -errno. */
int way_in_open(struct way_in *w, uint32_t port);

/* A client's line, p[0..n): bytes used (> 0) and the port, 0 if more are needed, -EPROTO. No I/O. */
int way_in_parse(const char *p, size_t n, uint32_t *ret_port);

#endif
