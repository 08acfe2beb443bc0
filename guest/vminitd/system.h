/* SPDX-License-Identifier: Apache-2.0 */
/* system.h - SandboxContext's calls for the VM as a whole: clock, environment, kernel parameters, network. */
#ifndef BERTH_GUEST_SYSTEM_H
#define BERTH_GUEST_SYSTEM_H

#include "rpc/server.h"

void vi_method_set_time(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_setenv(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_getenv(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_sysctl(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_setup_emulator(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_kill(struct rpc_call *call, const ProtobufCMessage *msg);

/* netcalls.c */
void vi_method_ip_link_set(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_ip_addr_add(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_ip_route_add_link(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_ip_route_add_default(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_configure_dns(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_configure_hosts(struct rpc_call *call, const ProtobufCMessage *msg);

#endif
