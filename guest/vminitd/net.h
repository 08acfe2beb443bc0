/* SPDX-License-Identifier: Apache-2.0 */
/* net.h - connections with the host: vsock in a VM, unix sockets in tests. */
#ifndef BERTH_GUEST_NET_H
#define BERTH_GUEST_NET_H

#include <stdint.h>

#include "base/err.h"

#define VI_PORT_READY 1023
#define VI_PORT_AGENT 1024
#define VI_PORT_FORWARD 1026

/* For tests: serve on PATH, connect to PATH_P. NULL: vsock. */
void vi_net_use_unix(const char *path);
/* A listening, non-blocking socket for the guest's port. */
int vi_net_listen(uint32_t port, struct err *e);
/* A connected socket to the host's port, non-blocking; waits for the answer (the kernel's bound is 2 s). */
int vi_net_connect(uint32_t port, struct err *e);

#endif
