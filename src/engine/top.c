/* SPDX-License-Identifier: Apache-2.0 */
/* top.c - the processes of a container; it paused and unpaused. */
#include <stdlib.h>

#include "base/auto.h"
#include "engine/shim.h"

#define METHOD(word, Name)                                                                              \
	static const struct rpc_method shim_##word = { "/berth.shim.v1.Shim/" #Name,                    \
						       &shim__##word##_request__descriptor,             \
						       &shim__##word##_response__descriptor, RPC_UNARY, NULL }
METHOD(top, Top);
METHOD(pause, Pause);
METHOD(unpause, Unpause);

/* A call without parameters. */
struct plain {
	struct eng_call call;
	union {
		berth_processes_cb processes;
		berth_done_cb done;
	} cb;
	union {
		Shim__TopRequest top;
		Shim__PauseRequest pause;
		Shim__UnpauseRequest unpause;
	} req;
};

static int send_request(struct eng_call *c, const ProtobufCMessage **req, struct err *e)
{
	*req = (const ProtobufCMessage *)&container_of(c, struct plain, call)->req;
	return 0;
}

static int begin(struct plain *p, struct berth *b, const char *name, const struct rpc_method *m,
		 eng_call_finish finish, void *arg, struct berth_op **op, struct berth_error *be)
{
	struct err e = { 0 };
	int rc;

	p->call.method = m;
	p->call.ready = send_request;
	p->call.finish = finish;
	rc = eng_call_start(&p->call, b, name, arg, op, &e);
	if (rc < 0)
		free(p);
	return rc < 0 ? eng_refuse(be, rc, &e) : 0;
}

/* --- top */

static void finish_top(struct eng_call *c, int rc, const ProtobufCMessage *msg, const struct err *e)
{
	struct plain *p = container_of(c, struct plain, call);
	const Shim__TopResponse *resp = (const void *)msg;
	AUTO_FREE struct berth_process *list = rc < 0 ? NULL : calloc(resp->n_processes + 1, sizeof(*list));
	struct berth_error be = { 0 };

	if (rc == 0 && !list)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < resp->n_processes; i++) {
		const Shim__TopProcess *t = resp->processes[i];

		list[i] = (struct berth_process){
			.pid = t->pid,
			.ppid = t->ppid,
			.user = t->user,
			.state = t->state,
			.cpu_percent = t->cpu_percent,
			.memory_bytes = t->memory_bytes,
			.cpu_time = (int64_t)t->time_usec * 1000,
			.started = t->started_ns,
			.threads = t->threads,
			.tty = t->tty,
			.command = t->command,
		};
	}
	p->cb.processes(c->op.arg, rc, eng_error(&be, rc, e, NULL), list, rc < 0 ? 0 : resp->n_processes);
	eng_call_release(c);
	free(p);
}

int berth_container_top(struct berth *b, const char *name, berth_processes_cb done, void *arg, struct berth_op **op,
			struct berth_error *e)
{
	struct plain *p = calloc(1, sizeof(*p));

	if (!p)
		return eng_refuse(e, -ENOMEM, NULL);
	shim__top_request__init(&p->req.top);
	p->cb.processes = done;
	return begin(p, b, name, &shim_top, finish_top, arg, op, e);
}

/* --- pause, unpause */

static void finish_done(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct plain *p = container_of(c, struct plain, call);
	struct berth_error be = { 0 };

	p->cb.done(c->op.arg, rc, eng_error(&be, rc, e, NULL));
	eng_call_release(c);
	free(p);
}

int berth_container_pause(struct berth *b, const char *name, berth_done_cb done, void *arg, struct berth_error *e)
{
	struct plain *p = calloc(1, sizeof(*p));

	if (!p)
		return eng_refuse(e, -ENOMEM, NULL);
	shim__pause_request__init(&p->req.pause);
	p->cb.done = done;
	return begin(p, b, name, &shim_pause, finish_done, arg, NULL, e);
}

int berth_container_unpause(struct berth *b, const char *name, berth_done_cb done, void *arg, struct berth_error *e)
{
	struct plain *p = calloc(1, sizeof(*p));

	if (!p)
		return eng_refuse(e, -ENOMEM, NULL);
	shim__unpause_request__init(&p->req.unpause);
	p->cb.done = done;
	return begin(p, b, name, &shim_unpause, finish_done, arg, NULL, e);
}
