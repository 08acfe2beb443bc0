/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - calls of clients that the guest's agent answers. */
#include "shim/ask.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/log.h"
#include "shim.pb-c.h"
#include "shim/record.h"
#include "shim/sandbox.h"
#include "shim/update.h"
#include "vm/agent.h"

#define ASK_MS 20000 /* the agent itself gives up freezing before */

struct ask {
	struct rpc_unary op;
	struct sandbox *sb;
	struct rpc_call *call; /* NULL: nobody waits, or not any more */
};

static void on_client_gone(struct rpc_call *call)
{
	struct ask *a = rpc_call_context(call);

	a->call = NULL;
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
}

/* 0, or the call was answered. */
static int begin(struct sandbox *sb, struct rpc_call *call, const struct rpc_method *m, const ProtobufCMessage *req,
		 rpc_unary_cb cb)
{
	struct ask *a = calloc(1, sizeof(*a));
	struct err e = { 0 };
	int rc = a ? 0 : err_sys(&e, -ENOMEM, "cannot ask the guest");

	if (rc == 0) {
		a->sb = sb;
		a->call = call;
		rc = rpc_unary_start(&a->op, sb->agent, m, req, ASK_MS, cb, &e);
	}
	if (rc < 0) {
		free(a);
		if (call)
			rpc_call_fail_err(call, rc, &e);
		return rc;
	}
	if (call) {
		rpc_call_set_context(call, a);
		rpc_call_on_cancel(call, on_client_gone);
	}
	return 0;
}

/* The client's call, if it is to be answered with resp; else NULL. a is freed. */
static struct rpc_call *end(struct ask *a, int rc, const struct err *e)
{
	struct rpc_call *call = a->call;

	free(a);
	if (call && rc < 0)
		rpc_call_fail_err(call, rc == -ENOTCONN || rc == -ECANCELED ? -EIO : rc, e);
	else if (rc < 0)
		log_info("%s", e->text);
	return rc < 0 ? NULL : call;
}

/* A container that runs, in a VM that does: else the call is refused. */
static bool check_runs(struct sandbox *sb, struct rpc_call *call)
{
	if (sb->state != SANDBOX_RUNNING || !sb->agent)
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "container %.12s is not running", sb->id);
	else if (sb->paused)
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "container %.12s stands still until the host has space: %s",
			      sb->id, sb->cause);
	else
		return true;
	return false;
}

/* --- top */

/* "nginx -g 'daemon off;'" as it is; a kernel thread, or one without arguments: [name]. */
static char *command_of(const Berth__Agent__V1__Process *p)
{
	AUTO_BUF struct buf b = { 0 };

	for (size_t i = 0; i < p->n_args; i++)
		if ((i && buf_addc(&b, ' ') < 0) || buf_adds(&b, p->args[i]) < 0)
			return NULL;
	if (!b.len && buf_addf(&b, "[%s]", p->name) < 0)
		return NULL;
	return buf_steal(&b);
}

static int32_t ns_pid_of(const Berth__Agent__V1__ProcessListResponse *r, int32_t pid)
{
	for (size_t i = 0; pid && i < r->n_processes; i++)
		if (r->processes[i]->pid == pid)
			return r->processes[i]->ns_pid;
	return 0;
}

static void answer_top(struct rpc_call *call, const Berth__Agent__V1__ProcessListResponse *from)
{
	Shim__TopResponse resp = SHIM__TOP_RESPONSE__INIT;
	AUTO_FREE Shim__TopProcess *rows = calloc(from->n_processes + 1, sizeof(*rows));
	AUTO_FREE Shim__TopProcess **list = calloc(from->n_processes + 1, sizeof(*list));

	if (!rows || !list) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	for (size_t i = 0; i < from->n_processes; i++) {
		const Berth__Agent__V1__Process *p = from->processes[i];
		int64_t age = from->time_ns - p->start_time_ns;
		Shim__TopProcess *t = list[i] = &rows[i];

		shim__top_process__init(t);
		t->pid = p->ns_pid ? p->ns_pid : p->pid;
		t->ppid = ns_pid_of(from, p->ppid);
		t->user = p->user;
		t->state = p->state;
		t->memory_bytes = p->rss_bytes;
		t->time_usec = p->user_usec + p->system_usec;
		t->cpu_percent = age > 0 ? (double)t->time_usec * 1000 * 100 / (double)age : 0;
		t->started_ns = p->start_time_ns;
		t->tty = p->tty;
		t->threads = p->threads;
		t->command = command_of(p);
	}
	resp.processes = list;
	resp.n_processes = from->n_processes;
	resp.truncated = from->truncated;
	rpc_call_reply(call, &resp.base);
	for (size_t i = 0; i < from->n_processes; i++)
		free(rows[i].command);
}

static void on_list(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct rpc_call *call = end(container_of(op, struct ask, op), rc, e);

	if (call)
		answer_top(call, (const void *)resp);
}

void ask_top(struct sandbox *sb, struct rpc_call *call)
{
	Berth__Agent__V1__ProcessListRequest req = BERTH__AGENT__V1__PROCESS_LIST_REQUEST__INIT;

	if (!check_runs(sb, call))
		return;
	req.container_id = sb->id;
	begin(sb, call, &agent_process_list, &req.base, on_list);
}

/* --- a signal to one process */

static void on_signalled(struct rpc_unary *op, int rc, const ProtobufCMessage *msg, const struct err *e)
{
	struct rpc_call *call = end(container_of(op, struct ask, op), rc, e);
	Shim__SignalResponse resp = SHIM__SIGNAL_RESPONSE__INIT;

	if (call)
		rpc_call_reply(call, &resp.base);
}

void ask_signal(struct sandbox *sb, struct rpc_call *call, int32_t pid, int64_t started_ns, int sig)
{
	Berth__Agent__V1__ProcessSignalRequest req = BERTH__AGENT__V1__PROCESS_SIGNAL_REQUEST__INIT;

	if (!check_runs(sb, call))
		return;
	req.container_id = sb->id;
	req.ns_pid = pid;
	req.start_time_ns = started_ns;
	req.signal = sig;
	begin(sb, call, &agent_process_signal, &req.base, on_signalled);
}

void ask_update(struct sandbox *sb, struct rpc_call *call, uint64_t memory, double cpus, uint64_t pids)
{
	if (check_runs(sb, call))
		update_limits(sb, call, memory, cpus, pids);
}

void ask_freeze(struct sandbox *sb, struct rpc_call *call)
{
	if (check_runs(sb, call))
		freeze_hold(&sb->freeze, call);
}

/* --- pause and unpause */

void ask_note_frozen(struct sandbox *sb, bool frozen)
{
	if (sb->frozen == frozen)
		return;
	sb->frozen = frozen;
	record_event(sb, frozen ? "pause" : "unpause", NULL);
	if (sb->state == SANDBOX_RUNNING)
		record_state(sb, false);
}

static void on_paused(struct rpc_unary *op, int rc, const ProtobufCMessage *msg, const struct err *e)
{
	struct ask *a = container_of(op, struct ask, op);
	struct sandbox *sb = a->sb;
	struct rpc_call *call;
	Shim__PauseResponse resp = SHIM__PAUSE_RESPONSE__INIT;

	if (rc == 0)
		ask_note_frozen(sb, true);
	call = end(a, rc, e);
	if (call)
		rpc_call_reply(call, &resp.base);
}

void ask_pause(struct sandbox *sb, struct rpc_call *call)
{
	Berth__Agent__V1__PauseRequest req = BERTH__AGENT__V1__PAUSE_REQUEST__INIT;

	if (!check_runs(sb, call))
		return;
	if (sb->frozen) {
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "container %.12s is paused already", sb->id);
		return;
	}
	req.container_id = sb->id;
	begin(sb, call, &agent_pause, &req.base, on_paused);
}

static void on_unpaused(struct rpc_unary *op, int rc, const ProtobufCMessage *msg, const struct err *e)
{
	struct ask *a = container_of(op, struct ask, op);
	struct sandbox *sb = a->sb;
	struct rpc_call *call;
	Shim__UnpauseResponse resp = SHIM__UNPAUSE_RESPONSE__INIT;

	if (rc == 0)
		ask_note_frozen(sb, false);
	call = end(a, rc, e);
	if (call)
		rpc_call_reply(call, &resp.base);
}

static void thaw(struct sandbox *sb, struct rpc_call *call)
{
	Berth__Agent__V1__ResumeRequest req = BERTH__AGENT__V1__RESUME_REQUEST__INIT;

	req.container_id = sb->id;
	begin(sb, call, &agent_resume, &req.base, on_unpaused);
}

void ask_unpause(struct sandbox *sb, struct rpc_call *call)
{
	if (!check_runs(sb, call))
		return;
	if (!sb->frozen) {
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "container %.12s is not paused", sb->id);
		return;
	}
	thaw(sb, call);
}

void ask_thaw(struct sandbox *sb)
{
	freeze_end(&sb->freeze, "the container is to end");
	if (sb->frozen && sb->agent)
		thaw(sb, NULL);
}
