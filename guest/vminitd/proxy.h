/* SPDX-License-Identifier: Apache-2.0 */
/* proxy.h - SandboxContext/ProxyVsock and StopVsockProxy: unix sockets of the guest joined with vsock ports. */
#ifndef BERTH_GUEST_PROXY_H
#define BERTH_GUEST_PROXY_H

#include "rpc/server.h"

void vi_method_proxy_vsock(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_stop_vsock_proxy(struct rpc_call *call, const ProtobufCMessage *msg);

#endif
