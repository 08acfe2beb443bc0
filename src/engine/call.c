/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - one call to a container's shim. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sock.h"
#include "engine/shim.h"
#include "rpc/drive-uv.h"

#define PATIENCE_MS 1000 /* until a shim is asked whether it answers at all */
#define PING_MS 1000     /* for that: it is silent if it does not */
#define GIVE_UP_MS 8000  /* and then the call ends */

static void free_timer(uv_handle_t *h)
{
	free(h);
}

static void stop_waiting(struct eng_call *c)
{
	if (c->timer)
		uv_close((uv_handle_t *)TAKE(c->timer), free_timer);
}

static void end(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	if (c->ended)
		return;
	c->ended = true;
	stop_waiting(c);
	eng_op_end(&c->op);
	c->finish(c, rc, resp, e);
}

void eng_call_release(struct eng_call *c)
{
	rpc_client_destroy(TAKE(c->client));
	container_finish(&c->ctr);
}

/* --- does it answer at all? */

static void on_ping(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e);

static void ping(struct eng_call *c)
{
	static const Shim__InfoRequest req = SHIM__INFO_REQUEST__INIT;

	if (!c->calling || c->pinging)
		return;
	c->pinging = rpc_unary_start(&c->ping, c->client, &shim_info, &req.base, c->silent ? GIVE_UP_MS : PING_MS, on_ping,
				     NULL) == 0;
}

static void on_patience(uv_timer_t *t)
{
	ping(t->data);
}

static void on_ping(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct eng_call *c = container_of(op, struct eng_call, ping);

	c->pinging = false;
	if (c->ended || !c->calling)
		return;
	if (rc == -ETIMEDOUT) {
		bool again = !c->silent && !c->patient && !c->hurry;

		c->silent = true;
		eng_answer_note(c->op.b, c->ctr.id, false);
		if (again) {
			ping(c);
		} else if (!c->patient) {
			c->gave_up = true;
			rpc_unary_cancel(&c->unary);
		}
	} else if (rc == 0) {
		eng_answer_note(c->op.b, c->ctr.id, true);
		c->silent = false;
		if (!c->patient && c->timer)
			uv_timer_start(c->timer, on_patience, PATIENCE_MS, 0);
	}
}

/* Without memory nothing is noticed, as if the shim answered. */
static void begin_waiting(struct eng_call *c)
{
	c->timer = calloc(1, sizeof(*c->timer));
	if (!c->timer)
		return;
	uv_timer_init(c->op.b->loop, c->timer);
	c->timer->data = c;
	uv_timer_start(c->timer, on_patience, PATIENCE_MS, 0);
}

static void on_reply(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct eng_call *c = container_of(op, struct eng_call, unary);

	c->calling = false;
	if (c->ended)
		return;
	if (c->gave_up && rc < 0) {
		struct err ge = { 0 };

		end(c, err_set(&ge, -ETIMEDOUT, "the shim of container %s does not answer", c->name), NULL, &ge);
		return;
	}
	if (rc == 0)
		eng_answer_note(c->op.b, c->ctr.id, true);
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
	if (rc < 0) {
		end(c, rc, NULL, &e);
		return;
	}
	c->calling = true;
	begin_waiting(c);
}

static int find(struct work *w, struct err *e)
{
	struct eng_call *c = container_of(w, struct eng_call, work);
	char id[CONTAINER_ID_LEN + 1];
	int rc = container_find(c->op.b->root, c->name, id, e);

	c->hurry = c->hurry || (rc == 0 && eng_silent_since(c->op.b, id));
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
