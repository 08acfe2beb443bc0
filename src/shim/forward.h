/* SPDX-License-Identifier: Apache-2.0 */
/* forward.h - published ports: listeners on the host whose connections cross to the guest. */
#ifndef BERTH_SHIM_FORWARD_H
#define BERTH_SHIM_FORWARD_H

#include <uv.h>

#include "base/json.h"
#include "vm/transport.h"

struct forward;

/* ports: [{host_ip, host_port, container_port, proto}] of the container's configuration. All are taken, or
 * none: -EADDRINUSE and such name the port. *ret_ports is the same list with the ports really taken, the
 * caller's to delete. Connections are refused until forward_open. */
int forward_create(uv_loop_t *loop, const cJSON *ports, struct forward **ret, cJSON **ret_ports, struct err *e);
/* The guest's agent is there. */
void forward_open(struct forward *f, struct transport *t);
/* Closes listeners and connections. NULL is fine. */
void forward_destroy(struct forward *f);

#endif
