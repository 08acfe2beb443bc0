/* SPDX-License-Identifier: Apache-2.0 */
/* sync.h - unary calls that block, for tests and tiny tools. */
#ifndef BERTH_RPC_SYNC_H
#define BERTH_RPC_SYNC_H

#include "rpc/client.h"
#include "rpc/drive-epoll.h"

struct rpc_sync {
	struct rpc_client *client;
	struct rpc_drive drive;
};

/* fd: connected, non-blocking, stays the caller's. -ENOMEM. */
int rpc_sync_init(struct rpc_sync *s, int fd, struct err *e);
void rpc_sync_finish(struct rpc_sync *s);
/* Calls and waits. ret (may be NULL): the answer, for rpc_msg_free. Returns as the callback of rpc_unary. */
int rpc_sync_unary(struct rpc_sync *s, const struct rpc_method *method, const ProtobufCMessage *req,
		   int64_t timeout_ms, ProtobufCMessage **ret, struct err *e);
/* Waits and runs callbacks until *done or the connection is over (-ENOTCONN). */
int rpc_sync_wait(struct rpc_sync *s, const bool *done, struct err *e);

#endif
