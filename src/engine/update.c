/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - other limits for a container: written down for its next start, then told to the one that runs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "engine/create.h"
#include "engine/shim.h"
#include "store/events.h"

static const struct rpc_method shim_update = { "/berth.shim.v1.Shim/Update", &shim__update_request__descriptor,
					       &shim__update_response__descriptor, RPC_UNARY, NULL };

struct updating {
	struct berth_op op; /* while it is written */
	struct work work;
	struct eng_call call;
	struct container_limits limits;
	Shim__UpdateRequest req;
	char *name;
	char id[CONTAINER_ID_LEN + 1];
	berth_updated_cb done;
};

static void finish(struct updating *u, void *arg, int rc, const struct err *e, const char *waiting)
{
	struct berth_error be = { 0 };

	u->done(arg, rc, eng_error(&be, rc, e, NULL), waiting);
	free(u->name);
	free(u);
}

/* --- the one that runs */

static int ready(struct eng_call *c, const ProtobufCMessage **req, struct err *e)
{
	struct updating *u = container_of(c, struct updating, call);
	const char *state = container_state_word(&c->ctr);

	if (strcmp(state, "running") != 0 && strcmp(state, "paused") != 0)
		return 1;
	shim__update_request__init(&u->req);
	u->req.memory_bytes = u->limits.memory;
	u->req.cpus = u->limits.cpus;
	u->req.pids = u->limits.pids;
	*req = &u->req.base;
	return 0;
}

static void on_told(struct eng_call *c, int rc, const ProtobufCMessage *msg, const struct err *e)
{
	struct updating *u = container_of(c, struct updating, call);
	const Shim__UpdateResponse *resp = (const void *)msg;
	const char *waiting = NULL;

	if (rc == 0 && resp && (resp->memory_waits || resp->cpus_wait))
		waiting = !resp->cpus_wait ? "memory" : !resp->memory_waits ? "cpus" : "memory and cpus";
	eng_call_release(c);
	finish(u, c->op.arg, rc, e, waiting);
}

/* --- written down */

static int write_in_pool(struct work *w, struct err *e)
{
	struct updating *u = container_of(w, struct updating, work);
	const char *root = u->op.b->root;
	char memory[32] = "", cpus[32] = "", pids[32] = "";
	const char *attributes[7] = { NULL };
	int n = 0, rc = container_find(root, u->name, u->id, e);

	if (rc == 0)
		rc = container_set_limits(root, u->id, &u->limits, e);
	if (rc < 0)
		return rc;
	if (u->limits.memory) {
		snprintf(memory, sizeof(memory), "%" PRIu64, u->limits.memory);
		attributes[n++] = "memory";
		attributes[n++] = memory;
	}
	if (u->limits.cpus > 0) {
		snprintf(cpus, sizeof(cpus), "%g", u->limits.cpus);
		attributes[n++] = "cpus";
		attributes[n++] = cpus;
	}
	if (u->limits.pids) {
		snprintf(pids, sizeof(pids), "%" PRIu64, u->limits.pids);
		attributes[n++] = "pids_limit";
		attributes[n++] = pids;
	}
	store_event_container(root, u->id, "update", attributes);
	return 0;
}

static void on_written(struct work *w, int rc, const struct err *e)
{
	struct updating *u = container_of(w, struct updating, work);
	struct err ce = { 0 };

	eng_op_end(&u->op);
	if (rc < 0) {
		finish(u, u->op.arg, rc, e, NULL);
		return;
	}
	u->call.method = &shim_update;
	u->call.any_state = true;
	u->call.ready = ready;
	u->call.finish = on_told;
	rc = eng_call_start(&u->call, u->op.b, u->id, u->op.arg, NULL, &ce);
	if (rc < 0)
		finish(u, u->op.arg, rc, &ce, NULL);
}

int berth_container_update(struct berth *b, const char *name, const struct berth_limits *l, berth_updated_cb done, void *arg,
			   struct berth_error *be)
{
	struct updating *u = calloc(1, sizeof(*u));
	struct err e = { 0 };
	int rc = create_check_limits(l->memory_bytes, l->cpus, &e);

	if (rc == 0 && (!u || !(u->name = strdup(name))))
		rc = err_sys(&e, -ENOMEM, "cannot update '%s'", name);
	if (rc == 0) {
		u->done = done;
		u->limits = (struct container_limits){ .memory = l->memory_bytes, .cpus = l->cpus, .pids = l->pids };
		eng_op_begin(b, &u->op, arg, NULL, NULL);
		rc = work_start(&u->work, b->loop, write_in_pool, on_written);
		if (rc < 0)
			list_remove(&u->op.link);
	}
	if (rc < 0) {
		if (u)
			free(u->name);
		free(u);
		return eng_refuse(be, rc, &e);
	}
	return 0;
}
