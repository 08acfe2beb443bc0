/* SPDX-License-Identifier: Apache-2.0 */
/* files.h - SandboxContext's calls for files and file systems. */
#ifndef BERTH_GUEST_FILES_H
#define BERTH_GUEST_FILES_H

#include "rpc/server.h"

void vi_method_stat(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_mkdir(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_write_file(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_filesystem_operation(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_sync(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_mount(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_umount(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_copy(struct rpc_call *call, const ProtobufCMessage *msg);
/* Of berth's own service. */
void vi_method_look(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_tree(struct rpc_call *call, const ProtobufCMessage *msg);

#endif
