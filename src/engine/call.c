/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - one call to a container's shim. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sock.h"
#include "engine/engine.h"
#include "rpc/drive-uv.h"

static void end(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	if (c->ended)
		return;
	c->ended = true;
	eng_op_end(&c->op);
	c->finish(c, rc, resp, e);
}

void eng_call_release(struct eng_call *c)
{
	rpc_client_destroy(TAKE(c->client));
	container_finish(&c->ctr);
}

static void on_reply(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct eng_call *c = container_of(op, struct eng_call, unary);

	c->calling = false;
	if (c->ended)
		return;
	if (c->cancelled && rc < 0) {
		struct err ce = { 0 };

		end(c, err_set(&ce, -ECANCELED, "canceled"), NULL, &ce);
		return;
	}
	end(c, rc, resp, e);
}

static int dial(struct eng_call *c, struct err *e)
{
	AUTO_FREE char *dir = eng_run_dir(c->op.b, c->ctr.id);
	AUTO_FREE char *path = dir ? path_join(dir, "shim.sock") : NULL;
	int fd = path ? sock_connect(path, NULL) : -ENOMEM, rc;

	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return err_set(e, -ENOTCONN, "container %s is not running (%s)", c->name, container_state_word(&c->ctr));
	if (fd < 0)
		return err_sys(e, fd, "cannot reach the shim of container %s", c->name);
	rc = rpc_uv_connect(c->op.b->loop, fd, c, NULL, &c->client, e);
	if (rc < 0)
		close(fd);
	return rc;
}

static void on_found(struct work *w, int rc, const struct err *we)
{
	struct eng_call *c = container_of(w, struct eng_call, work);
	const ProtobufCMessage *req = NULL;
	struct err e = *we;

	if (rc == 0 && c->cancelled)
		rc = err_set(&e, -ECANCELED, "canceled");
	if (rc == 0 && !c->any_state && !c->ctr.alive)
		rc = err_set(&e, -ENOTCONN, "container %s is not running (%s)", c->name, container_state_word(&c->ctr));
	if (rc == 0)
		rc = c->ready(c, &req, &e);
	if (rc == 1) {
		end(c, 0, NULL, NULL);
		return;
	}
	if (rc == 0)
		rc = dial(c, &e);
	if (rc == 0)
		rc = rpc_unary_start(&c->unary, c->client, c->method, req, 0, on_reply, &e);
	if (rc < 0)
		end(c, rc, NULL, &e);
	else
		c->calling = true;
}

static int find(struct work *w, struct err *e)
{
	struct eng_call *c = container_of(w, struct eng_call, work);
	char id[CONTAINER_ID_LEN + 1];
	int rc = container_find(c->op.b->root, c->name, id, e);

	return rc < 0 ? rc : container_read(c->op.b->root, id, &c->ctr, e);
}

static void cancel(struct berth_op *op)
{
	struct eng_call *c = container_of(op, struct eng_call, op);

	c->cancelled = true;
	if (c->calling)
		rpc_unary_cancel(&c->unary);
}

int eng_call_start(struct eng_call *c, struct berth *b, const char *name, void *arg, struct berth_op **ret,
		   struct err *e)
{
	int rc = eng_split_console(name, c->name, &c->console, e);

	if (rc < 0)
		return rc;
	eng_op_begin(b, &c->op, arg, cancel, ret);
	rc = work_start(&c->work, b->loop, find, on_found);
	if (rc < 0) {
		list_remove(&c->op.link);
		return err_sys(e, rc, "cannot start a thread");
	}
	return 0;
}
