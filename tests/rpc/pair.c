/* SPDX-License-Identifier: Apache-2.0 */
/* pair.c - see pair.h. */
#include "tests/rpc/pair.h"

#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/sock.h"

void pair_open(struct pair *p)
{
	struct err e = { 0 };

	memset(p, 0, sizeof(*p));
	assert_int_equal(sock_pair(p->fds), 0);
	assert_int_equal(rpc_server_create(echo_methods, &p->echo, &p->server, &e), 0);
	assert_int_equal(rpc_client_create(&p->client, &e), 0);
	rpc_drive_init(&p->sd, rpc_server_session(p->server), p->fds[0]);
	rpc_drive_init(&p->cd, rpc_client_session(p->client), p->fds[1]);
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : MIN(a, b);
}

void pair_run(struct pair *p, const bool *until)
{
	while (!until || !*until) {
		uint32_t cw = rpc_drive_prepare(&p->cd), sw = rpc_drive_prepare(&p->sd);
		struct pollfd fds[2] = {
			{ .fd = sw ? p->fds[0] : -1, .events = (short)sw },
			{ .fd = cw ? p->fds[1] : -1, .events = (short)cw },
		};
		int timeout = sooner(rpc_drive_timeout_ms(&p->sd), rpc_drive_timeout_ms(&p->cd));

		if (until && *until)
			break;
		if ((!cw && !sw) || poll(fds, 2, until ? timeout : 0) < 0)
			break;
		if (!until && !fds[0].revents && !fds[1].revents)
			break;
		if (fds[0].revents)
			rpc_drive_ready(&p->sd, (uint32_t)fds[0].revents);
		if (fds[1].revents)
			rpc_drive_ready(&p->cd, (uint32_t)fds[1].revents);
	}
}

void pair_close(struct pair *p)
{
	rpc_client_destroy(TAKE(p->client));
	rpc_server_destroy(TAKE(p->server));
	rpc_drive_finish(&p->sd);
	rpc_drive_finish(&p->cd);
	for (int i = 0; i < 2; i++)
		if (p->fds[i] >= 0)
			close(p->fds[i]);
}

static void on_said(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct said *s = container_of(op, struct said, op);
	const Echo__Reply *r = (const Echo__Reply *)resp;

	s->done = true;
	s->times++;
	s->rc = rc;
	assert_int_equal(rc < 0, !r);
	snprintf(s->err, sizeof(s->err), "%s", rc < 0 ? e->text : "");
	snprintf(s->text, sizeof(s->text), "%s", r ? r->text : "");
	s->data_len = r ? r->data.len : 0;
	s->total = r ? r->total : 0;
}

int said_start(struct said *s, struct pair *p, const Echo__Request *req, int64_t timeout_ms)
{
	memset(s, 0, sizeof(*s));
	return rpc_unary_start(&s->op, p->client, &echo_methods[ECHO_SAY], &req->base, timeout_ms, on_said,
			       NULL);
}

static void on_heard(struct rpc_stream *op, const ProtobufCMessage *msg)
{
	struct heard *h = container_of(op, struct heard, op);
	const Echo__Reply *r = (const Echo__Reply *)msg;

	assert_false(h->done);
	if (op->core.method->kind != RPC_CLIENT_STREAM)
		assert_int_equal(r->index, h->n);
	h->n++;
	h->bytes += r->data.len;
	h->total = r->total;
	snprintf(h->last, sizeof(h->last), "%s", r->text);
}

static void on_end(struct rpc_stream *op, int rc, const struct err *e)
{
	struct heard *h = container_of(op, struct heard, op);

	h->done = true;
	h->times++;
	h->rc = rc;
	snprintf(h->err, sizeof(h->err), "%s", e->text);
}

int heard_start(struct heard *h, struct pair *p, int method, const Echo__Request *first, int64_t timeout_ms)
{
	memset(h, 0, sizeof(*h));
	return rpc_stream_start(&h->op, p->client, &echo_methods[method], first ? &first->base : NULL,
				timeout_ms, on_heard, on_end, NULL);
}
