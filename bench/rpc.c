/* SPDX-License-Identifier: Apache-2.0 */
/* rpc.c - how fast calls go: a blocking client and a server on libuv in a thread, joined by a socketpair.
 *
 *   bench/rpc [CALLS] */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/sock.h"
#include "rpc/drive-uv.h"
#include "rpc/sync.h"
#include "sandbox.pb-c.h"

static void sync_fs(struct rpc_call *call, const ProtobufCMessage *req)
{
	Sandbox__SyncResponse resp = SANDBOX__SYNC_RESPONSE__INIT;

	(void)req;
	rpc_call_reply(call, &resp.base);
}

static void write_file(struct rpc_call *call, const ProtobufCMessage *req)
{
	Sandbox__WriteFileResponse resp = SANDBOX__WRITE_FILE_RESPONSE__INIT;

	(void)req;
	rpc_call_reply(call, &resp.base);
}

static const struct rpc_method methods[] = {
	{ "/com.apple.containerization.sandbox.v3.SandboxContext/Sync", &sandbox__sync_request__descriptor,
	  &sandbox__sync_response__descriptor, RPC_UNARY, sync_fs },
	{ "/com.apple.containerization.sandbox.v3.SandboxContext/WriteFile",
	  &sandbox__write_file_request__descriptor, &sandbox__write_file_response__descriptor, RPC_UNARY,
	  write_file },
	{ 0 },
};

static struct rpc_server *server;

static void on_closed(void *data, int rc, const struct err *e)
{
	(void)data, (void)rc, (void)e;
	rpc_server_destroy(server);
}

static void serve(void *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
}

static int cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void call(struct rpc_sync *s, const struct rpc_method *m, const ProtobufCMessage *req)
{
	struct err e = { 0 };

	if (rpc_sync_unary(s, m, req, 60000, NULL, &e) < 0) {
		fprintf(stderr, "%s: %s\n", m->path, e.text);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	enum { CHUNK = 1 << 20, NCHUNKS = 500 };
	int n = argc > 1 ? atoi(argv[1]) : 20000, fds[2];
	int64_t *took = calloc((size_t)n + 1, sizeof(*took)), start;
	uint8_t *data = calloc(1, CHUNK);
	Sandbox__SyncRequest req = SANDBOX__SYNC_REQUEST__INIT;
	Sandbox__WriteFileRequest big = SANDBOX__WRITE_FILE_REQUEST__INIT;
	struct rpc_sync s;
	uv_loop_t loop;
	uv_thread_t thread;

	uv_loop_init(&loop);
	if (!took || !data || n < 1 || sock_pair(fds) < 0 || rpc_sync_init(&s, fds[1], NULL) < 0 ||
	    rpc_uv_serve(&loop, fds[0], methods, NULL, on_closed, &server, NULL) < 0)
		return 1;
	uv_thread_create(&thread, serve, &loop);
	for (int i = 0; i < n; i++) {
		start = clock_mono_ns();
		call(&s, &methods[0], &req.base);
		took[i] = clock_mono_ns() - start;
	}
	qsort(took, (size_t)n, sizeof(*took), cmp);
	printf("unary round trip, us: median %.1f, 99%% %.1f, least %.1f (%d calls)\n",
	       (double)took[n / 2] / 1e3, (double)took[n - 1 - n / 100] / 1e3, (double)took[0] / 1e3, n);
	big.data = (ProtobufCBinaryData){ CHUNK, data };
	start = clock_mono_ns();
	for (int i = 0; i < NCHUNKS; i++)
		call(&s, &methods[1], &big.base);
	printf("requests of 1 MiB: %.0f MiB/s\n", NCHUNKS / ((double)(clock_mono_ns() - start) / 1e9));
	rpc_sync_finish(&s);
	close(fds[1]);
	uv_thread_join(&thread);
	free(took);
	free(data);
	return 0;
}
