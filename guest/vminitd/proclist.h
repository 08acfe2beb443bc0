/* SPDX-License-Identifier: Apache-2.0 */
/* proclist.h - Agent/ProcessList: the processes of a container, as ps prints them. */
#ifndef BERTH_GUEST_PROCLIST_H
#define BERTH_GUEST_PROCLIST_H

#include "rpc/server.h"

void vi_method_process_list(struct rpc_call *call, const ProtobufCMessage *msg);

#endif
