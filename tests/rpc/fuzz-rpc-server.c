/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may send: bounds hold, and each call ends once. The first byte says in which pieces the rest
 * comes, and whether a preface and empty settings go before it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "rpc/server.h"
#include "rpc/session.h"
#include "tests/rpc/echo.h"

static const uint8_t hello[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";

static int feed(struct rpc_session *s, const uint8_t *p, size_t n, size_t piece)
{
	for (size_t pos = 0; pos < n; pos += piece) {
		uint8_t out[4096];

		if (rpc_session_recv(s, p + pos, MIN(piece, n - pos), NULL) < 0)
			return -1;
		assert(s->held <= RPC_HELD_MAX);
		do {
			rpc_session_run(s);
			while (rpc_session_send(s, out, sizeof(out), NULL) > 0)
				continue;
		} while (rpc_session_due(s));
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct echo echo = { 0 };
	struct rpc_server *server;

	if (n < 1 || rpc_server_create(echo_methods, &echo, &server, NULL) < 0)
		return 0;
	struct rpc_session *s = rpc_server_session(server);
	/* sizeof with its last 0 is the length of the settings frame */
	if (!(p[0] & 1) || feed(s, hello, sizeof(hello), sizeof(hello)) == 0)
		feed(s, p + 1, n - 1, (size_t)(p[0] >> 1) * 8 + 1);
	rpc_session_end(s, "the end");
	assert(rpc_server_ncalls(server) == 0);
	rpc_server_destroy(server);
	return 0;
}
