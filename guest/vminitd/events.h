/* SPDX-License-Identifier: Apache-2.0 */
/* events.h - Agent/Events: what happens, to all who listen. */
#ifndef BERTH_GUEST_EVENTS_H
#define BERTH_GUEST_EVENTS_H

#include "rpc/server.h"

void vi_method_events(struct rpc_call *call, const ProtobufCMessage *msg);

#endif
