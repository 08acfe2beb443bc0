/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c - a bucket of tokens for what floods are made of. */
#include "rpc/guard.h"

#include <nghttp2/nghttp2.h>

#include "base/auto.h"

#define NS_PER_TOKEN (1000000000 / RPC_GUARD_PER_SECOND)

int rpc_guard_spend(struct rpc_guard *g, int64_t now_ns, unsigned n, struct err *e)
{
	int64_t back = (now_ns - g->since_ns) / NS_PER_TOKEN;

	if (back > 0) {
		g->spent -= MIN(back, g->spent);
		g->since_ns = now_ns;
	}
	g->spent += n;
	if (g->spent > RPC_GUARD_BURST)
		return err_set(e, -EPROTO, "the peer floods the connection");
	return 0;
}

int rpc_guard_frame(struct rpc_guard *g, int64_t now_ns, uint8_t type, uint8_t flags, uint32_t len,
		    struct err *e)
{
	switch (type) {
	case NGHTTP2_DATA:
		return len || (flags & NGHTTP2_FLAG_END_STREAM) ? 0 : rpc_guard_spend(g, now_ns, 1, e);
	case NGHTTP2_HEADERS:
		g->continuations = g->headers = g->header_bytes = 0;
		return 0;
	case NGHTTP2_CONTINUATION:
		if (++g->continuations > RPC_GUARD_CONTINUATIONS)
			return err_set(e, -EPROTO, "the peer sends endless headers");
		return 0;
	case NGHTTP2_WINDOW_UPDATE: /* follow the messages that we send */
	case NGHTTP2_GOAWAY:
		return 0;
	default:
		return rpc_guard_spend(g, now_ns, 1, e);
	}
}

int rpc_guard_header(struct rpc_guard *g, uint32_t name_len, uint32_t value_len)
{
	g->headers++;
	g->header_bytes += name_len + value_len + 32;
	return g->headers > RPC_GUARD_HEADERS || g->header_bytes > RPC_GUARD_HEADER_BYTES ? -EMSGSIZE : 0;
}
