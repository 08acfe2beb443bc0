/* SPDX-License-Identifier: Apache-2.0 */
/* update.h - other limits for a container that runs. */
#ifndef BERTH_SHIM_UPDATE_H
#define BERTH_SHIM_UPDATE_H

#include <stdint.h>

#include "rpc/server.h"

struct sandbox;

/* 0: as it is. Of a container that runs; what its VM has no room for is answered as waiting. Answers the call. */
void update_limits(struct sandbox *sb, struct rpc_call *call, uint64_t memory, double cpus, uint64_t pids);

#endif
