/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - how a gRPC call ends: a code and words. "Status codes and their use in gRPC". */
#ifndef BERTH_RPC_STATUS_H
#define BERTH_RPC_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum rpc_code {
	RPC_OK,
	RPC_CANCELLED,
	RPC_UNKNOWN,
	RPC_INVALID_ARGUMENT,
	RPC_DEADLINE_EXCEEDED,
	RPC_NOT_FOUND,
	RPC_ALREADY_EXISTS,
	RPC_PERMISSION_DENIED,
	RPC_RESOURCE_EXHAUSTED,
	RPC_FAILED_PRECONDITION,
	RPC_ABORTED,
	RPC_OUT_OF_RANGE,
	RPC_UNIMPLEMENTED,
	RPC_INTERNAL,
	RPC_UNAVAILABLE,
	RPC_DATA_LOSS,
	RPC_UNAUTHENTICATED,
	RPC_NCODES
};

/* "NOT_FOUND"; never NULL. */
const char *rpc_code_name(enum rpc_code code);
/* The negative errno that stands for a code among us; 0 for RPC_OK. rpc_code_of_errno() of it is code again.
 */
int rpc_code_errno(enum rpc_code code);
/* The code under which an errno (of either sign) travels; RPC_UNKNOWN for one without a better. */
enum rpc_code rpc_code_of_errno(int rc);
/* What an HTTP status (RFC 9110) or an HTTP/2 error code (RFC 9113, 7) means where gRPC's own is missing. */
enum rpc_code rpc_code_of_http(int status);
enum rpc_code rpc_code_of_h2(uint32_t error_code);

/* grpc-status: a decimal number. A number we do not know is RPC_UNKNOWN; -EINVAL for anything else. */
int rpc_code_parse(const char *p, size_t n, enum rpc_code *ret);

/* grpc-message: UTF-8 with %XX for bytes outside 0x20..0x7e and for '%'. -ENOMEM. Decoding never refuses: a
 * broken %XX stays as it stands. */
int rpc_message_encode(struct buf *ret, const char *text);
int rpc_message_decode(struct buf *ret, const char *p, size_t n);

/* grpc-timeout: at most 8 digits and a unit of H M S m u n. Milliseconds, rounded up. -EINVAL. */
#define RPC_TIMEOUT_MAX 16
void rpc_timeout_format(int64_t timeout_ms, char ret[static RPC_TIMEOUT_MAX]);
int rpc_timeout_parse(const char *p, size_t n, int64_t *ret_ms);

#endif
