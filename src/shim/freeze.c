/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/freeze.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/path.h"
#include "shim.pb-c.h"
#include "shim/sandbox.h"
#include "vm/agent.h"

#define HOLD_MS 600000 /* nobody keeps a container from writing for longer */
#define HOLDERS_MAX 16

struct holder {
	struct list link;
	struct freeze *f;
	struct rpc_call *call;
};

static void step(struct freeze *f);

void freeze_init(struct freeze *f, struct sandbox *sb)
{
	f->sb = sb;
	list_init(&f->holders);
	uv_timer_init(sb->loop, &f->timer);
	uv_unref((uv_handle_t *)&f->timer);
	f->timer.data = f;
}

static void drop(struct holder *h)
{
	list_remove(&h->link);
	free(h);
}

static void fail_all(struct freeze *f, enum rpc_code code, const char *why)
{
	list_each(struct holder, h, &f->holders, link) {
		rpc_call_fail(h->call, code, "%s", why);
		drop(h);
	}
}

static void tell(struct holder *h)
{
	Shim__FrozenEvent m = SHIM__FROZEN_EVENT__INIT;

	rpc_call_send(h->call, &m.base);
}

/* --- the guest */

static void on_frozen(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct freeze *f = container_of(op, struct freeze, op);

	if (rc < 0) {
		f->state = FREEZE_NONE;
		fail_all(f, RPC_UNAVAILABLE, e->text);
		return;
	}
	f->state = FREEZE_HELD;
	list_each(struct holder, h, &f->holders, link)
		tell(h);
	step(f);
}

static void on_thawed(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct freeze *f = container_of(op, struct freeze, op);

	f->state = FREEZE_NONE;
	if (rc < 0)
		log_warn("thaw: %s", e->text);
	step(f);
}

static int ask(struct freeze *f, bool freeze, struct err *e)
{
	Sandbox__FilesystemOperationRequest req = SANDBOX__FILESYSTEM_OPERATION_REQUEST__INIT;
	Sandbox__FiFreezeParams on = SANDBOX__FI_FREEZE_PARAMS__INIT;
	Sandbox__FiThawParams off = SANDBOX__FI_THAW_PARAMS__INIT;
	AUTO_FREE char *path = path_fmt("/run/berth/%s/upper", f->sb->id);

	if (!path)
		return err_sys(e, -ENOMEM, "cannot ask the guest");
	req.path = path;
	if (freeze) {
		req.operation_case = SANDBOX__FILESYSTEM_OPERATION_REQUEST__OPERATION_FREEZE;
		req.freeze = &on;
	} else {
		req.operation_case = SANDBOX__FILESYSTEM_OPERATION_REQUEST__OPERATION_THAW;
		req.thaw = &off;
	}
	/* without a time limit: what was given up halfway could stay frozen */
	return rpc_unary_start(&f->op, f->sb->agent, &agent_filesystem_operation, &req.base, 0,
			       freeze ? on_frozen : on_thawed, e);
}

static void on_late(uv_timer_t *t)
{
	freeze_end(t->data, "it took longer than ten minutes, and the container had to write again");
}

/* Towards what the holders want. */
static void step(struct freeze *f)
{
	bool wanted = !list_empty(&f->holders);
	struct err e = { 0 };

	if (f->state == FREEZE_NONE && wanted) {
		if (!f->sb->agent || ask(f, true, &e) < 0)
			fail_all(f, RPC_UNAVAILABLE, *e.text ? e.text : "the guest is gone");
		else
			f->state = FREEZE_ASKED;
		uv_timer_start(&f->timer, on_late, HOLD_MS, 0);
	} else if (f->state == FREEZE_HELD && !wanted) {
		uv_timer_stop(&f->timer);
		f->state = FREEZE_NONE;
		if (f->sb->agent && ask(f, false, &e) < 0)
			log_warn("thaw: %s", e.text);
		else if (f->sb->agent)
			f->state = FREEZE_THAWING;
	}
}

/* --- the clients */

static void on_gone(struct rpc_call *call)
{
	struct holder *h = rpc_call_context(call);
	struct freeze *f = h->f;

	drop(h);
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
	step(f);
}

void freeze_hold(struct freeze *f, struct rpc_call *call)
{
	struct holder *h = NULL;
	size_t n = 0;

	for (const struct list *l = f->holders.next; l != &f->holders; l = l->next)
		n++;
	if (n < HOLDERS_MAX)
		h = calloc(1, sizeof(*h));
	if (!h) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "too many read the container's disk already");
		return;
	}
	h->f = f;
	h->call = call;
	list_append(&f->holders, &h->link);
	rpc_call_set_context(call, h);
	rpc_call_on_cancel(call, on_gone);
	if (f->state == FREEZE_HELD)
		tell(h);
	step(f);
}

void freeze_end(struct freeze *f, const char *why)
{
	fail_all(f, RPC_ABORTED, why);
	step(f);
}

void freeze_finish(struct freeze *f)
{
	fail_all(f, RPC_UNAVAILABLE, "the container has ended");
	uv_close((uv_handle_t *)&f->timer, NULL);
}
