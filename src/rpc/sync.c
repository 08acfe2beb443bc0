/* SPDX-License-Identifier: Apache-2.0 */
/* sync.c - a client with poll(2) for a loop. */
#include "rpc/sync.h"

#include <poll.h>

#include "base/auto.h"
#include "rpc/msg.h"

int rpc_sync_init(struct rpc_sync *s, int fd, struct err *e)
{
	int rc = rpc_client_create(&s->client, e);

	if (rc < 0)
		return rc;
	rpc_drive_init(&s->drive, rpc_client_session(s->client), fd);
	return 0;
}

void rpc_sync_finish(struct rpc_sync *s)
{
	rpc_client_destroy(TAKE(s->client));
	rpc_drive_finish(&s->drive);
}

int rpc_sync_wait(struct rpc_sync *s, const bool *done, struct err *e)
{
	uint32_t events = rpc_drive_prepare(&s->drive);

	while (!*done && events) {
		struct pollfd p = { .fd = s->drive.fd, .events = (short)events }; /* EPOLLIN is POLLIN… */
		int n = poll(&p, 1, rpc_drive_timeout_ms(&s->drive));

		if (n < 0 && errno != EINTR)
			return err_sys(e, -errno, "cannot wait for an answer");
		events = n > 0 ? rpc_drive_ready(&s->drive, (uint32_t)p.revents)
			       : rpc_drive_prepare(&s->drive);
	}
	return *done ? 0 : err_set(e, -ENOTCONN, "the connection is closed");
}

struct answer {
	struct rpc_unary op;
	bool done;
	int rc;
	ProtobufCMessage **ret;
	struct err *e;
};

static int copy(const ProtobufCMessage *msg, ProtobufCMessage **ret, struct err *e)
{
	AUTO_BUF struct buf b = { 0 };
	int rc = rpc_msg_pack(&b, msg, e);

	if (rc < 0)
		return rc;
	return rpc_msg_unpack(msg->descriptor,
			      &(struct rpc_msg){ b.p + RPC_MSG_HEAD, (uint32_t)(b.len - RPC_MSG_HEAD) }, ret,
			      e);
}

static void on_answer(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct answer *a = container_of(op, struct answer, op);

	a->done = true;
	a->rc = rc < 0 ? err_set(a->e, rc, "%s", e->text) : a->ret ? copy(resp, a->ret, a->e) : 0;
}

int rpc_sync_unary(struct rpc_sync *s, const struct rpc_method *method, const ProtobufCMessage *req,
		   int64_t timeout_ms, ProtobufCMessage **ret, struct err *e)
{
	struct answer a = { .ret = ret, .e = e };
	int rc = rpc_unary_start(&a.op, s->client, method, req, timeout_ms, on_answer, e);

	if (rc < 0)
		return rc;
	rc = rpc_sync_wait(s, &a.done, e);
	return a.done ? a.rc : rc;
}
