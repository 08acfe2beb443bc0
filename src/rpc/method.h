/* SPDX-License-Identifier: Apache-2.0 */
/* method.h - the table of methods, which clients and servers read.
 *
 * A service is a const array of rows that ends with { 0 }; several services may share one. A client needs
 * a row without handler only. */
#ifndef BERTH_RPC_METHOD_H
#define BERTH_RPC_METHOD_H

#include <protobuf-c/protobuf-c.h>

struct rpc_call;

enum rpc_kind { RPC_UNARY, RPC_SERVER_STREAM, RPC_CLIENT_STREAM, RPC_BIDI };

struct rpc_method {
	const char *path; /* "/package.Service/Method" */
	const ProtobufCMessageDescriptor *req, *resp;
	enum rpc_kind kind;
	/* RPC_UNARY, RPC_SERVER_STREAM: comes once the request is complete; req lives until the call is
	 * finished. RPC_CLIENT_STREAM, RPC_BIDI: comes at the start with req NULL and sets
	 * rpc_call_on_message(). See rpc/server.h for what a handler does. */
	void (*handler)(struct rpc_call *call, const ProtobufCMessage *req);
};

#define RPC_MSG_MAX (4u << 20) /* bytes of one message, either way */

#endif
