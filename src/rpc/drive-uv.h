/* SPDX-License-Identifier: Apache-2.0 */
/* drive-uv.h - moves the bytes of a client or server between a connected, non-blocking stream descriptor
 * and a libuv loop. What is sent in one turn of the loop goes out in as few writes as it can.
 *
 * fd is taken when 0 is returned. closed comes once, when the connection has ended (rc is 0 after an orderly
 * end, else what went wrong is in e); all calls have had their callbacks by then. It is the place for
 * rpc_client_destroy or rpc_server_destroy, which may also be called before: closed then never comes.
 * The loop must turn once more after destroy, as for every handle of libuv. */
#ifndef BERTH_RPC_DRIVE_UV_H
#define BERTH_RPC_DRIVE_UV_H

#include <uv.h>

#include "rpc/client.h"
#include "rpc/server.h"

typedef void (*rpc_uv_closed_cb)(void *data, int rc, const struct err *e);

/* data: also what rpc_call_data returns. */
int rpc_uv_serve(uv_loop_t *loop, int fd, const struct rpc_method *methods, void *data,
		 rpc_uv_closed_cb closed, struct rpc_server **ret, struct err *e);
/* closed may be NULL. */
int rpc_uv_connect(uv_loop_t *loop, int fd, void *data, rpc_uv_closed_cb closed, struct rpc_client **ret,
		   struct err *e);

#endif
