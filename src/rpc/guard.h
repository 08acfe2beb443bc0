/* SPDX-License-Identifier: Apache-2.0 */
/* guard.h - counts what a peer may do only so often: frames that cost it little and us something (PING,
 * SETTINGS, RST_STREAM, PRIORITY, empty DATA, frames out of order) and endless header blocks. No I/O. */
#ifndef BERTH_RPC_GUARD_H
#define BERTH_RPC_GUARD_H

#include <stdint.h>

#include "base/err.h"

#define RPC_GUARD_BURST 1000 /* such frames at once */
#define RPC_GUARD_PER_SECOND 200 /* and over time */
#define RPC_GUARD_CONTINUATIONS 4 /* of one header block */
#define RPC_GUARD_HEADERS 128 /* fields of one block */
#define RPC_GUARD_HEADER_BYTES (16u << 10) /* of one block, as SETTINGS_MAX_HEADER_LIST_SIZE counts */

/* Zeroed memory is a fresh one. */
struct rpc_guard {
	int64_t spent; /* tokens */
	int64_t since_ns;
	unsigned continuations, headers;
	uint32_t header_bytes;
};

/* A frame begins: its type, flags and length of RFC 9113. 0, or -EPROTO: end the connection. */
int rpc_guard_frame(struct rpc_guard *g, int64_t now_ns, uint8_t type, uint8_t flags, uint32_t len,
		    struct err *e);
/* Something else that a peer may not do often, worth n frames. */
int rpc_guard_spend(struct rpc_guard *g, int64_t now_ns, unsigned n, struct err *e);
/* A field of the block that the last HEADERS began. 0; -EMSGSIZE: the block is too large. */
int rpc_guard_header(struct rpc_guard *g, uint32_t name_len, uint32_t value_len);

#endif
