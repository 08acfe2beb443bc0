/* SPDX-License-Identifier: Apache-2.0 */
/* pause.h - Agent/Pause and Resume: the cgroup freezer. */
#ifndef BERTH_GUEST_PAUSE_H
#define BERTH_GUEST_PAUSE_H

#include "rpc/server.h"

struct vi_container;

void vi_method_pause(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_resume(struct rpc_call *call, const ProtobufCMessage *msg);
/* The container's init has ended, or the container goes: who waits for it to stand still is told. */
void vi_pause_end(struct vi_container *c);

#endif
