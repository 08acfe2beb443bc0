/* SPDX-License-Identifier: Apache-2.0 */
/* msg.c - the frame of a message, and protobuf with bounds. */
#include "rpc/msg.h"

#include <stdbool.h>
#include <stdlib.h>

#include "rpc/method.h"

ssize_t rpc_msg_next(const uint8_t *p, size_t n, uint32_t max, struct rpc_msg *ret, struct err *e)
{
	uint32_t len;

	if (n == 0)
		return 0;
	if (p[0] != 0)
		return err_set(e, -EPROTO,
			       p[0] == 1 ? "compressed messages are not supported" : "not a gRPC message");
	if (n < RPC_MSG_HEAD)
		return 0;
	len = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
	if (len > max)
		return err_set(e, -EMSGSIZE, "a message of %u bytes is over the limit of %u", len, max);
	if (n - RPC_MSG_HEAD < len)
		return 0;
	*ret = (struct rpc_msg){ p + RPC_MSG_HEAD, len };
	return RPC_MSG_HEAD + (ssize_t)len;
}

int rpc_msg_pack(struct buf *ret, const ProtobufCMessage *msg, struct err *e)
{
	size_t len = protobuf_c_message_get_packed_size(msg);
	uint8_t *p;

	if (len > RPC_MSG_MAX)
		return err_set(e, -EMSGSIZE, "a message of %zu bytes is over the limit of %u", len,
			       RPC_MSG_MAX);
	if (buf_reserve(ret, RPC_MSG_HEAD + len) < 0)
		return err_set(e, -ENOMEM, "out of memory for a message of %zu bytes", len);
	p = ret->p + ret->len;
	p[0] = 0;
	p[1] = (uint8_t)(len >> 24);
	p[2] = (uint8_t)(len >> 16);
	p[3] = (uint8_t)(len >> 8);
	p[4] = (uint8_t)len;
	protobuf_c_message_pack(msg, p + RPC_MSG_HEAD);
	ret->len += RPC_MSG_HEAD + len;
	ret->p[ret->len] = 0;
	return 0;
}

struct budget {
	size_t left;
	bool out; /* something was refused */
};

static void *budget_alloc(void *data, size_t n)
{
	struct budget *b = data;
	void *p = n <= b->left ? malloc(n ? n : 1) : NULL;

	if (p)
		b->left -= n;
	else
		b->out = true;
	return p;
}

static void budget_free(void *data, void *p)
{
	(void)data;
	free(p);
}

int rpc_msg_unpack(const ProtobufCMessageDescriptor *type, const struct rpc_msg *m, ProtobufCMessage **ret,
		   struct err *e)
{
	struct budget b = { .left = RPC_UNPACKED_MAX };
	ProtobufCAllocator a = { .alloc = budget_alloc, .free = budget_free, .allocator_data = &b };

	ProtobufCMessage *msg = protobuf_c_message_unpack(type, &a, m->len, m->body);

	if (msg) {
		*ret = msg;
		return 0;
	}
	if (b.out)
		return err_set(e, -ENOMEM, "no memory to unpack a %s of %u bytes", type->short_name, m->len);
	return err_set(e, -EBADMSG, "not a %s", type->short_name);
}

void rpc_msg_free(ProtobufCMessage *msg)
{
	if (msg)
		protobuf_c_message_free_unpacked(msg, NULL);
}
