/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox-end.c - how a container ends: by itself, asked to, or with its VM. */
#include "shim/sandbox-inside.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "shim.pb-c.h"
#include "shim/record.h"
#include "store/events.h"
#include "vm/agent.h"

#define SHUTDOWN_MS 5000
#define KILL_VM_MS 1000
#define LOST_MS 1000 /* in which the end of the VM follows that of its agent */

void sandbox_answer_start(struct sandbox *sb)
{
	struct rpc_call *call = TAKE(sb->start_call);

	if (!call)
		return;
	if (sb->start_rc == -ENOENT || sb->start_rc == -EACCES)
		rpc_call_fail(call, sb->start_rc == -ENOENT ? RPC_NOT_FOUND : RPC_PERMISSION_DENIED, "%s",
			      sb->start_err.text);
	else
		rpc_call_fail(call, RPC_INTERNAL, "%s", sb->start_err.text);
}

static void answer_stops(struct sandbox *sb)
{
	Shim__StopResponse resp = SHIM__STOP_RESPONSE__INIT;

	resp.exit_code = sb->exit_code;
	list_each(struct sandbox_stop_call, s, &sb->stop_calls, link) {
		list_remove(&s->link);
		rpc_call_reply(s->call, &resp.base);
		free(s);
	}
}

static void record_end(struct sandbox *sb)
{
	char code[16];

	snprintf(code, sizeof(code), "%d", sb->exit_code);
	record_event(sb, "exit",
		     (const char *[]){ "exit_code", code, *sb->cause ? "cause" : NULL, sb->cause, NULL });
	if (sb->stop_asked)
		record_event(sb, "stop", NULL);
}

/* All of it is over: write it down, let the name go, tell those who wait. */
static void gone(struct sandbox *sb)
{
	if (sb->state == SANDBOX_GONE)
		return;
	sb->state = SANDBOX_GONE;
	sb->finished = clock_real_ns();
	uv_timer_stop(&sb->stop_timer);
	uv_timer_stop(&sb->lost_timer);
	list_each(struct proc, p, &sb->procs, link)
		proc_vm_gone(p, 128 + SIGKILL);
	record_screen(sb);
	record_state(sb, true);
	record_end(sb);
	if (!sb->main || sb->main->drained)
		crilog_finish(&sb->log); /* else a slow client holds the last of the output */
	if (sb->remove) {
		struct err e = { 0 };

		if (container_remove(sb->root, sb->id, &e) < 0)
			log_error("%s", e.text);
		else
			store_event(sb->root, "container", "delete", sb->id, json_str(sb->config, "name") ?: "",
				    (const char *[]){ "image", json_str(sb->config, "image"), NULL });
	}
	close(TAKE_FD(sb->lock_fd));
	sandbox_answer_start(sb);
	if (sb->main)
		proc_answer_waiters(sb->main, sb->exit_code);
	answer_stops(sb);
	stats_end(&sb->stats);
	freeze_end(&sb->freeze, "the container has ended");
	sb->on_gone(sb);
}

static void on_vm_stopped(struct vm_stop *op, int rc, const struct err *e)
{
	gone(container_of(op, struct sandbox, vm_stop));
}

void sandbox_kill_vm(struct sandbox *sb)
{
	struct err e = { 0 };

	if (sb->vm_stopping || sb->state == SANDBOX_GONE)
		return;
	sb->vm_stopping = true;
	sb->state = SANDBOX_STOPPING;
	forward_destroy(TAKE(sb->forward));
	if (!sb->vm)
		gone(sb);
	else if (vm_stop(&sb->vm_stop, sb->vm, KILL_VM_MS, on_vm_stopped, &e) < 0) {
		log_error("cannot stop the VM: %s", e.text);
		gone(sb);
	}
}

static void on_shutdown(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	/* Success has no answer: the connection ends, and the VM with it. */
	sandbox_kill_vm(container_of(op, struct sandbox, shutdown));
}

/* Ends the VM in good order, so that what the container wrote is on its disk; --rm needs none of it. */
static void shut_down(struct sandbox *sb)
{
	Berth__Agent__V1__ShutdownRequest req = BERTH__AGENT__V1__SHUTDOWN_REQUEST__INIT;

	if (sb->state == SANDBOX_STOPPING)
		return;
	sb->state = SANDBOX_STOPPING;
	uv_timer_stop(&sb->stop_timer);
	freeze_end(&sb->freeze, "the container is to end");
	if (sb->remove || !sb->agent ||
	    rpc_unary_start(&sb->shutdown, sb->agent, &agent_shutdown, &req.base, SHUTDOWN_MS, on_shutdown, NULL) < 0)
		sandbox_kill_vm(sb);
}

void sandbox_fail(struct sandbox *sb, int rc, const struct err *e)
{
	if (sb->state == SANDBOX_STOPPING || sb->state == SANDBOX_GONE)
		return;
	sb->failed = true;
	sb->start_rc = rc;
	sb->start_err = *e;
	sb->exit_code = rc == -ENOENT ? 127 : rc == -EACCES ? 126 : 125;
	snprintf(sb->cause, sizeof(sb->cause), "%s", e->text);
	sandbox_kill_vm(sb);
}

/* The VM went by itself, or is of no use any more. */
static void dead(struct sandbox *sb, const char *why)
{
	if (sb->state != SANDBOX_STARTING && sb->state != SANDBOX_RUNNING)
		return;
	sb->dead = true;
	sb->exit_code = 255;
	snprintf(sb->cause, sizeof(sb->cause), "%s", why);
	if (!sb->main || !sb->main->started) {
		sb->failed = true;
		sb->start_rc = -EIO;
		err_set(&sb->start_err, -EIO, "%s", sb->cause);
	}
	sandbox_kill_vm(sb);
}

static void on_lost(uv_timer_t *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, lost_timer);

	dead(sb, sb->lost.text);
}

void sandbox_lost(struct sandbox *sb, const struct err *e)
{
	if (sb->lost.code)
		return;
	sb->lost = *e;
	uv_timer_start(&sb->lost_timer, on_lost, LOST_MS, 0);
}

void sandbox_fail_early(struct sandbox *sb, int rc, const struct err *e)
{
	if (sb->vm_running && rc == -ENOTCONN)
		sandbox_lost(sb, e);
	else
		sandbox_fail(sb, rc == -ENOENT || rc == -EACCES ? -EIO : rc, e);
}

void sandbox_fail_boot(struct sandbox *sb, int rc, const struct err *e)
{
	sandbox_fail_early(sb, rc, e);
}

void sandbox_main_exited(struct proc *p)
{
	struct sandbox *sb = p->sb;

	if (sb->state == SANDBOX_GONE) {
		crilog_finish(&sb->log);
		sb->on_idle(sb);
		return;
	}
	if (!sb->dead)
		sb->exit_code = p->exit_code;
	if (sb->oom_killed && p->exit_code == 128 + SIGKILL)
		snprintf(sb->cause, sizeof(sb->cause), "out of memory, killed by the guest's kernel");
	shut_down(sb);
}

/* The host's disk is full, or has space again. */
static void vm_paused(struct sandbox *sb, bool paused, const char *text)
{
	if (sb->state == SANDBOX_STOPPING || sb->state == SANDBOX_GONE)
		return;
	sb->paused = paused;
	if (!paused)
		container_keep_spare(sb->dir);
	snprintf(sb->cause, sizeof(sb->cause), "%s", paused ? text : "");
	record_state(sb, false);
	record_event(sb, paused ? "pause" : "unpause", (const char *[]){ paused ? "cause" : NULL, text, NULL });
}

void sandbox_on_vm_event(struct vm *vm, const struct vm_event *ev, void *arg)
{
	struct sandbox *sb = arg;

	log_info("VM: %s", ev->text ? ev->text : "");
	if (ev->kind == VM_EVENT_ACCEL) {
		snprintf(sb->notice, sizeof(sb->notice), "%s", ev->text);
		return;
	}
	if (ev->kind != VM_EVENT_EXITED) {
		vm_paused(sb, ev->kind == VM_EVENT_PAUSED, ev->text ? ev->text : "");
		return;
	}
	sb->vm_running = false;
	dead(sb, ev->text ? ev->text : "the VM ended"); /* unless somebody asked for it */
	sandbox_kill_vm(sb);
}
