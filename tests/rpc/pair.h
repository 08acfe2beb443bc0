/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h - a client and a server on a socketpair, driven by turns on one thread. */
#ifndef BERTH_TESTS_RPC_PAIR_H
#define BERTH_TESTS_RPC_PAIR_H

#include "rpc/client.h"
#include "rpc/drive-epoll.h"
#include "rpc/server.h"
#include "tests/rpc/echo.h"

struct pair {
	struct echo echo;
	struct rpc_server *server;
	struct rpc_client *client;
	struct rpc_drive sd, cd;
	int fds[2];
};

void pair_open(struct pair *p);
/* Runs both ends until neither has anything to do, or *until (may be NULL) is set; waits for deadlines. */
void pair_run(struct pair *p, const bool *until);
void pair_close(struct pair *p);

/* A unary call that remembers how it ended. */
struct said {
	struct rpc_unary op;
	bool done;
	int rc, times;
	char text[512], err[512];
	size_t data_len;
	uint64_t total;
};
int said_start(struct said *s, struct pair *p, const Echo__Request *req, int64_t timeout_ms);

/* A stream that remembers. */
struct heard {
	struct rpc_stream op;
	bool done;
	int rc, times;
	unsigned n;
	uint64_t bytes, total;
	char err[512], last[128];
};
int heard_start(struct heard *h, struct pair *p, int method, const Echo__Request *first, int64_t timeout_ms);

#endif
