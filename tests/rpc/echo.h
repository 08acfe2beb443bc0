/* SPDX-License-Identifier: Apache-2.0 */
/* echo.h - the echo service of the tests. */
#ifndef BERTH_TESTS_RPC_ECHO_H
#define BERTH_TESTS_RPC_ECHO_H

#include "rpc/method.h"
#include "tests/rpc/echo.pb-c.h"

/* What rpc_call_data points to; zeroed is fine. */
struct echo {
	uint64_t cancelled; /* calls */
	char words[80]; /* path of the last */
	unsigned held; /* > 0: Sum and Chat hold the stream once that many messages came */
	struct rpc_call *holding;
};

enum { ECHO_SAY, ECHO_COUNT, ECHO_SUM, ECHO_CHAT, ECHO_CANCELLED };
extern const struct rpc_method echo_methods[];

#endif
