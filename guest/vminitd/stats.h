/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - SandboxContext/ContainerStatistics. */
#ifndef BERTH_GUEST_STATS_H
#define BERTH_GUEST_STATS_H

#include "rpc/server.h"

void vi_method_container_statistics(struct rpc_call *call, const ProtobufCMessage *msg);

#endif
