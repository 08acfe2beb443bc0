/* SPDX-License-Identifier: Apache-2.0 */
/* msg.h - messages on a gRPC stream: their frame, and protobuf in it. No I/O. */
#ifndef BERTH_RPC_MSG_H
#define BERTH_RPC_MSG_H

#include <stdint.h>
#include <sys/types.h>

#include <protobuf-c/protobuf-c.h>

#include "base/buf.h"
#include "base/err.h"

#define RPC_MSG_HEAD 5
/* What an unpacked message may take in memory: a few bytes can stand for many. */
#define RPC_UNPACKED_MAX (64u << 20)

struct rpc_msg {
	const uint8_t *body;
	uint32_t len;
};

/* One gRPC message at the head of p[0..n). gRPC over HTTP/2, "Length-Prefixed-Message":
 *   0: u8 compressed (0 or 1)   1: u32 big-endian length   5: body
 * Returns bytes used (> 0; ret->body points into p and lives as long as p), 0 if more are needed,
 * -EPROTO for another flag than 0 (no compression was agreed on), -EMSGSIZE for a length over max. */
ssize_t rpc_msg_next(const uint8_t *p, size_t n, uint32_t max, struct rpc_msg *ret, struct err *e);

/* Appends the frame of msg. -EMSGSIZE over RPC_MSG_MAX, -ENOMEM; ret is as it was then. */
int rpc_msg_pack(struct buf *ret, const ProtobufCMessage *msg, struct err *e);
/* Returns a message for rpc_msg_free. -EBADMSG: not one of this type; -ENOMEM: also over RPC_UNPACKED_MAX. */
int rpc_msg_unpack(const ProtobufCMessageDescriptor *type, const struct rpc_msg *m, ProtobufCMessage **ret,
		   struct err *e);
void rpc_msg_free(ProtobufCMessage *msg);

#endif
