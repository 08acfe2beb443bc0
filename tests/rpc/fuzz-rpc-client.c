/* SPDX-License-Identifier: Apache-2.0 */
/* What a server may answer to a call of each kind (streams 1, 3, 5 and 7): bounds hold, and each op has its
 * last callback once. The first byte says in which pieces the rest comes, and whether empty settings go
 * before it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "rpc/client.h"
#include "rpc/session.h"
#include "tests/rpc/echo.h"

static int ends;

static void on_answer(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	(void)op;
	assert((rc == 0) == (resp != NULL));
	assert(rc == 0 || e->text[0]);
	ends++;
}

static void on_message(struct rpc_stream *op, const ProtobufCMessage *msg)
{
	assert(op->core.exch && msg);
	if (((const Echo__Reply *)msg)->index == 7)
		rpc_stream_cancel(op);
}

static void on_end(struct rpc_stream *op, int rc, const struct err *e)
{
	assert(!op->core.exch && (rc == 0 || e->text[0]));
	ends++;
}

static void pump(struct rpc_session *s)
{
	uint8_t out[4096];

	do {
		rpc_session_run(s);
		while (rpc_session_send(s, out, sizeof(out), NULL) > 0)
			continue;
	} while (rpc_session_due(s));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t settings[9] = { 0, 0, 0, 4 };
	Echo__Request r = ECHO__REQUEST__INIT;
	struct rpc_unary unary;
	struct rpc_stream streams[3];
	struct rpc_client *client;
	size_t piece;
	int rc = 0;

	ends = 0;
	if (n < 1 || rpc_client_create(&client, NULL) < 0)
		return 0;
	struct rpc_session *s = rpc_client_session(client);
	rpc_unary_start(&unary, client, &echo_methods[ECHO_SAY], &r.base, 0, on_answer, NULL);
	for (int i = 0; i < 3; i++)
		rpc_stream_start(&streams[i], client, &echo_methods[ECHO_COUNT + i], i ? NULL : &r.base,
				 60000, on_message, on_end, NULL);
	rpc_stream_send(&streams[1], &r.base);
	pump(s);
	if (p[0] & 1)
		rc = rpc_session_recv(s, settings, sizeof(settings), NULL);
	piece = (size_t)(p[0] >> 1) * 8 + 1;
	for (size_t pos = 1; pos < n && rc == 0; pos += piece) {
		rc = rpc_session_recv(s, p + pos, MIN(piece, n - pos), NULL);
		assert(s->held <= RPC_HELD_MAX);
		pump(s);
	}
	rpc_session_end(s, "the end");
	assert(ends == 4);
	rpc_client_destroy(client);
	assert(ends == 4);
	return 0;
}
