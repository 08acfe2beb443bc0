/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - a VM and the container in it, from boot to end. */
#include "shim/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "rpc/drive-uv.h"
#include "shim.pb-c.h"
#include "shim/ask.h"
#include "shim/record.h"
#include "store/events.h"
#include "vm/agent.h"

#define AGENT_MS 30000
#define SHUTDOWN_MS 5000
#define KILL_VM_MS 1000
#define LOST_MS 1000 /* in which the end of the VM follows that of its agent */
#define LOG_BYTES (64ull << 20)
#define LOG_FILES 3
#define ENDED_EXECS 64

static void main_started(struct proc *p, int rc, bool early, const struct err *e);

/* --- the end */

static void answer_start(struct sandbox *sb)
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
	answer_start(sb);
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

/* The container never ran. */
static void fail(struct sandbox *sb, int rc, const struct err *e)
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

/* A VM without agent is of no use. Why it went is told best by the VM's own end, which comes in a moment; if
 * it does not, the agent alone is gone. */
static void lost(struct sandbox *sb, const struct err *e)
{
	if (sb->lost.code)
		return;
	sb->lost = *e;
	uv_timer_start(&sb->lost_timer, on_lost, LOST_MS, 0);
}

/* As fail, for steps whose errno must not be taken for that of the container's program. */
static void fail_early(struct sandbox *sb, int rc, const struct err *e)
{
	if (sb->vm_running && rc == -ENOTCONN)
		lost(sb, e);
	else
		fail(sb, rc == -ENOENT || rc == -EACCES ? -EIO : rc, e);
}

void sandbox_fail_boot(struct sandbox *sb, int rc, const struct err *e)
{
	fail_early(sb, rc, e);
}

static void main_exited(struct proc *p)
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

/* Ended execs stay for a while, for those who ask for their exit code or last screen. */
static void prune_execs(struct sandbox *sb)
{
	unsigned n = 0;

	for (struct list *l = sb->procs.prev, *before; l != &sb->procs; l = before) {
		struct proc *p = list_entry(l, struct proc, link);

		before = l->prev;
		if (p != sb->main && p->drained && ++n > ENDED_EXECS && !proc_busy(p) && !p->calling)
			proc_destroy(p);
	}
}

static void record_exec(const struct proc *p, const char *action)
{
	char code[16];

	snprintf(code, sizeof(code), "%d", p->exit_code);
	record_event(p->sb, action,
		     (const char *[]){ "exec_id", p->id, "command", p->command, p->exited ? "exit_code" : NULL, code, NULL });
}

void sandbox_exec_started(struct proc *p)
{
	record_exec(p, "exec");
}

static void exec_exited(struct proc *p)
{
	struct sandbox *sb = p->sb;

	proc_answer_waiters(p, p->exit_code);
	if (p->tty)
		container_touch(sb->dir);
	record_exec(p, "exec_exit");
	prune_execs(sb);
	sb->on_idle(sb);
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

static void on_vm_event(struct vm *vm, const struct vm_event *ev, void *arg)
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

/* --- boot */

static void on_event(struct rpc_stream *op, const ProtobufCMessage *msg)
{
	struct sandbox *sb = container_of(op, struct sandbox, events);
	const Berth__Agent__V1__Event *ev = (const void *)msg;

	if (ev->type == BERTH__AGENT__V1__EVENT__TYPE__OOM) {
		sb->oom_killed = true;
		record_state(sb, false);
		record_event_number(sb, "oom", "oom_kills", (int)MIN(ev->oom_kills, INT32_MAX));
	} else if (ev->type == BERTH__AGENT__V1__EVENT__TYPE__PAUSE || ev->type == BERTH__AGENT__V1__EVENT__TYPE__RESUME)
		ask_note_frozen(sb, ev->type == BERTH__AGENT__V1__EVENT__TYPE__PAUSE);
}

static void on_events_end(struct rpc_stream *op, int rc, const struct err *e)
{
	log_debug("events of the guest ended");
}

static void watch_events(struct sandbox *sb)
{
	Berth__Agent__V1__EventsRequest req = BERTH__AGENT__V1__EVENTS_REQUEST__INIT;

	rpc_stream_start(&sb->events, sb->agent, &agent_events, &req.base, 0, on_event, on_events_end, NULL);
}

static void on_prepared(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct sandbox *sb = container_of(op, struct sandbox, prepare);
	const cJSON *spec = json_obj(sb->config, "spec");
	struct err pe = { 0 };

	if (rc < 0) {
		fail_early(sb, rc, e);
		return;
	}
	sb->prepared = true;
	sb->mounts_usec = ((const Berth__Agent__V1__PrepareResponse *)resp)->mounts_usec;
	sb->prepare_end = clock_mono_ns();
	watch_events(sb);
	rc = proc_begin(sb->main, spec, sb->start_asked, &pe);
	if (rc < 0)
		fail_early(sb, rc, &pe);
	if (sb->start_asked)
		sb->start_begin = clock_mono_ns();
}

static void on_hello(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct sandbox *sb = container_of(op, struct sandbox, hello);
	const Berth__Agent__V1__HelloResponse *h = (const void *)resp;
	struct err he = { 0 };

	if (rc < 0) {
		fail_early(sb, rc, e);
		return;
	}
	snprintf(sb->kernel, sizeof(sb->kernel), "%s", h->kernel);
	sb->guest_memory = h->memory_bytes;
	if (h->protocol != AGENT_PROTOCOL) {
		err_set(&he, -EPROTO, "the guest agent %s speaks protocol %u, this berth %s speaks %d", h->version,
			h->protocol, PACKAGE_VERSION, AGENT_PROTOCOL);
		fail_early(sb, -EPROTO, &he);
	}
}

static void on_agent_closed(void *data, int rc, const struct err *e)
{
	struct sandbox *sb = data;
	struct err ae = { 0 };

	rpc_client_destroy(TAKE(sb->agent));
	if (sb->state != SANDBOX_STARTING && sb->state != SANDBOX_RUNNING)
		return;
	err_set(&ae, -EIO, "the guest agent closed its connection%s%s", rc < 0 ? ": " : "", rc < 0 ? e->text : "");
	lost(sb, &ae);
}

static void on_dialed(struct transport_dial *op, int rc, int fd, const struct err *e)
{
	struct sandbox *sb = container_of(op, struct sandbox, dial);
	Berth__Agent__V1__HelloRequest hello = BERTH__AGENT__V1__HELLO_REQUEST__INIT;
	struct err de = { 0 };

	if (rc < 0) {
		fail_early(sb, rc, e);
		return;
	}
	hello.protocol = AGENT_PROTOCOL;
	hello.version = (char *)PACKAGE_VERSION;
	rc = rpc_uv_connect(sb->loop, fd, sb, on_agent_closed, &sb->agent, &de);
	if (rc < 0)
		close(fd);
	else
		rc = rpc_unary_start(&sb->hello, sb->agent, &agent_hello, &hello.base, AGENT_MS, on_hello, &de);
	if (rc == 0) {
		sb->prepare_begin = clock_mono_ns();
		rc = sandbox_prepare(sb, on_prepared, &de);
	}
	if (rc < 0)
		fail_early(sb, rc, &de);
	else if (sb->forward)
		forward_open(sb->forward, vm_transport(sb->vm));
}

static void on_vm_started(struct vm_start *op, int rc, const struct err *e)
{
	struct sandbox *sb = container_of(op, struct sandbox, vm_start);
	struct err de = { 0 };

	if (rc < 0) {
		fail_early(sb, rc, e);
		return;
	}
	sb->vm_running = true;
	rc = transport_dial(&sb->dial, vm_transport(sb->vm), TRANSPORT_PORT_AGENT, TRANSPORT_CONTROL, on_dialed, &de);
	if (rc < 0)
		fail_early(sb, rc, &de);
}

int sandbox_boot(struct sandbox *sb, struct err *e)
{
	AUTO_JSON cJSON *ports = NULL;
	const cJSON *wanted = json_arr(sb->config, "ports");
	int rc;

	sb->boot_begin = clock_mono_ns();
	rc = crilog_open(&sb->log, sb->dir, (uint64_t)json_int(sb->config, "log_size", LOG_BYTES),
			 (unsigned)json_int(sb->config, "log_files", LOG_FILES), e);
	if (rc == 0)
		rc = iosock_create(sb->loop, sb->run_dir, "io.sock", &sb->io, e);
	if (rc == 0 && cJSON_GetArraySize(wanted) > 0) {
		rc = forward_create(sb->loop, wanted, &sb->forward, &ports, e);
		sb->ports = TAKE(ports);
	}
	if (rc == 0)
		rc = sandbox_make_vm(sb, on_vm_event, e);
	if (rc == 0)
		rc = proc_create(sb, sb->id, json_obj(sb->config, "spec"), json_bool(sb->config, "open_stdin", false),
				 true, 0, 0, &sb->main, e);
	if (rc < 0)
		return rc;
	sb->main->on_started = main_started;
	sb->main->on_exited = main_exited;
	sb->main->console_n = sb->next_console++;
	list_append(&sb->procs, &sb->main->link);
	container_keep_spare(sb->dir);
	record_state(sb, false);
	return vm_start(&sb->vm_start, sb->vm, on_vm_started, e);
}

/* --- start */

static void reply_started(struct sandbox *sb)
{
	struct rpc_call *call = TAKE(sb->start_call);
	Shim__StartResponse resp = SHIM__START_RESPONSE__INIT;
	Shim__Streams streams = SHIM__STREAMS__INIT;

	if (!call)
		return;
	if (sb->start_attached) {
		streams.tty = sb->main->tty;
		streams.io = sb->start_tokens.io;
		streams.stdin = sb->start_tokens.in;
		streams.stdout = sb->start_tokens.out;
		streams.stderr = sb->start_tokens.err;
		streams.viewer = sb->start_tokens.viewer;
		resp.streams = &streams;
	}
	resp.notice = sb->notice;
	rpc_call_reply(call, &resp.base);
}

static void main_started(struct proc *p, int rc, bool early, const struct err *e)
{
	struct sandbox *sb = p->sb;

	if (rc < 0) {
		if (early || rc == -ENOTCONN)
			fail_early(sb, rc, e);
		else
			fail(sb, rc, e);
		return;
	}
	if (sb->state != SANDBOX_STARTING)
		return;
	sb->state = SANDBOX_RUNNING;
	sb->started = clock_real_ns();
	sb->start_end = clock_mono_ns();
	record_state(sb, false);
	record_boot(sb);
	reply_started(sb);
	stats_go(&sb->stats);
	record_event(sb, "start", NULL);
}

static void on_start_call_gone(struct rpc_call *call)
{
	struct sandbox *sb = rpc_call_context(call);

	/* Its client is gone; what it asked for goes on. */
	sb->start_call = NULL;
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
}

void sandbox_start(struct sandbox *sb, struct rpc_call *call, const struct proc_attach *attach)
{
	struct err e = { 0 };

	if (sb->start_asked) {
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "container %.12s was started already", sb->id);
		return;
	}
	sb->start_asked = true;
	sb->start_call = call;
	rpc_call_set_context(call, sb);
	rpc_call_on_cancel(call, on_start_call_gone);
	if (sb->failed || sb->state == SANDBOX_STOPPING || sb->state == SANDBOX_GONE) {
		if (!sb->failed) {
			sb->start_rc = -ECANCELED;
			err_set(&sb->start_err, -ECANCELED, "the container was stopped while it started");
		}
		answer_start(sb);
		return;
	}
	if (attach) {
		int rc = proc_attach(sb->main, attach, &sb->start_tokens, &e);

		if (rc < 0) {
			fail_early(sb, rc, &e);
			return;
		}
		sb->start_attached = true;
	}
	if (sb->prepared) {
		sb->start_begin = clock_mono_ns();
		proc_go(sb->main);
	}
}

/* --- while it runs */

struct proc *sandbox_find_exec(struct sandbox *sb, const char *exec_id)
{
	if (!*exec_id)
		return sb->main;
	list_each(struct proc, p, &sb->procs, link)
		if (strcmp(p->id, exec_id) == 0)
			return p;
	return NULL;
}

struct proc *sandbox_find_console(struct sandbox *sb, uint32_t n)
{
	list_each(struct proc, p, &sb->procs, link)
		if (p->console_n == n)
			return p;
	return NULL;
}

struct kill_op {
	struct rpc_unary op;
};

static void on_killed(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	if (rc < 0)
		log_info("signal: %s", e->text);
	free(container_of(op, struct kill_op, op));
}

int sandbox_signal(struct sandbox *sb, struct proc *p, int sig, struct err *e)
{
	Sandbox__KillProcessRequest req = SANDBOX__KILL_PROCESS_REQUEST__INIT;
	struct kill_op *k;
	int rc;

	if (p->exited)
		return err_set(e, -ESRCH, "the process has ended");
	if (p == sb->main)
		record_event_number(sb, "kill", "signal", sig);
	/* A guest that stands still hears of nothing. */
	if (!p->started || !sb->agent || (sb->paused && p == sb->main && sig == SIGKILL)) {
		if (p != sb->main)
			return err_set(e, -EAGAIN, "the process has not started yet");
		sb->exit_code = 128 + sig;
		sandbox_kill_vm(sb);
		return 0;
	}
	k = calloc(1, sizeof(*k));
	if (!k)
		return err_sys(e, -ENOMEM, "cannot signal the process");
	req.id = p->id;
	req.opt_container_id_case = 2;
	req.containerid = sb->id;
	req.signal = sig;
	rc = rpc_unary_start(&k->op, sb->agent, &agent_kill_process, &req.base, AGENT_MS, on_killed, e);
	if (rc < 0)
		free(k);
	/* A signal that is to end a paused container lets it go on; others wait until it is unpaused, as with docker. */
	else if (p == sb->main && (sig == SIGKILL || sig == (int)json_int(sb->config, "stop_signal", SIGTERM)))
		ask_thaw(sb);
	return rc;
}

static void on_kill_late(uv_timer_t *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, stop_timer);

	/* Not even SIGKILL ended it. */
	sb->exit_code = 128 + SIGKILL;
	sandbox_kill_vm(sb);
}

static void on_stop_late(uv_timer_t *t)
{
	struct sandbox *sb = container_of(t, struct sandbox, stop_timer);

	if (sandbox_signal(sb, sb->main, SIGKILL, NULL) < 0 && !sb->main->exited) {
		sb->exit_code = 128 + SIGKILL;
		sandbox_kill_vm(sb);
		return;
	}
	uv_timer_start(&sb->stop_timer, on_kill_late, 5000, 0);
}

void sandbox_stop(struct sandbox *sb, int64_t timeout_ms)
{
	int sig = (int)json_int(sb->config, "stop_signal", SIGTERM);

	if (sb->state == SANDBOX_GONE || sb->state == SANDBOX_STOPPING)
		return;
	sb->stop_asked = true;
	if (timeout_ms < 0)
		timeout_ms = json_int(sb->config, "stop_timeout_ms", 10000);
	if (!sb->main->started) {
		sb->exit_code = 128 + SIGKILL;
		sandbox_kill_vm(sb);
		return;
	}
	if (timeout_ms > 0)
		sandbox_signal(sb, sb->main, sig, NULL);
	uv_timer_start(&sb->stop_timer, on_stop_late, (uint64_t)timeout_ms, 0);
}

int sandbox_exec(struct sandbox *sb, const struct sandbox_exec *x, struct proc **ret, struct err *e)
{
	AUTO_JSON cJSON *spec = NULL;
	uint8_t raw[CONTAINER_ID_LEN / 2];
	char id[CONTAINER_ID_LEN + 1];
	struct proc *p = NULL;
	int rc;

	if (sb->state != SANDBOX_RUNNING)
		return err_set(e, -EBUSY, "container %.12s is not running", sb->id);
	if (sb->paused || sb->frozen)
		return err_set(e, -EBUSY, "container %.12s is paused", sb->id);
	rc = sandbox_exec_spec(sb, x, &spec, e);
	if (rc == 0)
		rc = file_random(raw, sizeof(raw));
	if (rc < 0)
		return rc;
	str_hex(raw, sizeof(raw), id);
	rc = proc_create(sb, id, spec, x->open_stdin, false, x->rows, x->cols, &p, e);
	if (rc < 0)
		return rc;
	if (p->tty)
		p->console_n = sb->next_console++;
	p->on_exited = exec_exited;
	list_append(&sb->procs, &p->link);
	rc = proc_begin(p, spec, true, e);
	if (rc < 0) {
		proc_destroy(p);
		return rc;
	}
	if (p->tty)
		container_touch(sb->dir);
	*ret = p;
	return 0;
}

void sandbox_note_log_failure(struct sandbox *sb, const struct err *e)
{
	log_error("the container's log has stopped: %s", e->text);
	if (!*sb->cause)
		snprintf(sb->cause, sizeof(sb->cause), "its log has stopped: %.200s", e->text);
}

bool sandbox_busy(const struct sandbox *sb)
{
	for (const struct list *l = sb->procs.next; l != &sb->procs; l = l->next)
		if (proc_busy(list_entry(l, struct proc, link)))
			return true;
	return false;
}

/* --- life of the struct */

/* --- its owner */

/* Nothing but a thread that waits for a lock is told when its holder ends. It goes with this process. */
static void *wait_for_owner(void *arg)
{
	struct sandbox *sb = arg;
	int lock = lock_wait(sb->dir, "owner", true, NULL);

	if (lock < 0)
		return NULL;
	uv_async_send(&sb->orphaned);
	close(lock);
	return NULL;
}

static void on_orphaned(uv_async_t *h)
{
	struct sandbox *sb = container_of(h, struct sandbox, orphaned);

	log_warn("the process that the container belongs to has ended");
	sb->remove = true;
	sandbox_kill_vm(sb);
}

static int watch_owner(struct sandbox *sb, struct err *e)
{
	pthread_t thread;
	int rc;

	if (!json_bool(sb->config, "owned", false))
		return 0;
	uv_async_init(sb->loop, &sb->orphaned, on_orphaned);
	uv_unref((uv_handle_t *)&sb->orphaned);
	rc = pthread_create(&thread, NULL, wait_for_owner, sb);
	if (rc == 0)
		pthread_detach(thread);
	return rc ? err_sys(e, -rc, "cannot start a thread") : 0;
}

int sandbox_init(struct sandbox *sb, uv_loop_t *loop, const char *root, const char *run_root, const char *id,
		 int lock_fd, struct err *e)
{
	AUTO(container_finish) struct container c = { 0 };
	int rc;

	*sb = (struct sandbox){ .loop = loop, .root = root, .run_root = run_root, .lock_fd = lock_fd, .dir = -1,
				.run_dir = -1 };
	list_init(&sb->procs);
	list_init(&sb->stop_calls);
	uv_timer_init(loop, &sb->stop_timer);
	uv_timer_init(loop, &sb->lost_timer);
	stats_init(&sb->stats, sb);
	freeze_init(&sb->freeze, sb);
	snprintf(sb->id, sizeof(sb->id), "%s", id);
	rc = container_read(root, id, &c, e);
	if (rc == 0)
		rc = container_read_spec(root, &c, e);
	if (rc < 0)
		return rc;
	sb->config = TAKE(c.config);
	sb->remove = json_bool(sb->config, "remove", false);
	sb->dir = container_open(root, id, e);
	if (sb->dir < 0)
		return sb->dir;
	sb->run_dir_path = path_fmt("%s/%.12s", run_root, id);
	if (!sb->run_dir_path)
		return err_sys(e, -ENOMEM, "cannot open the run folder");
	sb->run_dir = open(sb->run_dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sb->run_dir < 0)
		return err_sys(e, -errno, "cannot open '%s'", sb->run_dir_path);
	return watch_owner(sb, e);
}

/* The container's lock went when it was over, so the folder of that name may be another shim's by now: what is ours is
 * removed by its descriptor, and the name only while it is that folder's, and empty. A starter whose folder is caught
 * between being made and being used makes it again. */
static void remove_run_dir(struct sandbox *sb)
{
	AUTO_CLOSEDIR DIR *d = NULL;
	struct stat ours, there;
	int copy;

	if (sb->run_dir < 0)
		return;
	copy = fcntl(sb->run_dir, F_DUPFD_CLOEXEC, 3);
	d = copy < 0 ? NULL : fdopendir(copy);
	for (struct dirent *e; d && (e = readdir(d));)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			file_remove_tree(sb->run_dir, e->d_name, NULL);
	if (fstat(sb->run_dir, &ours) == 0 && stat(sb->run_dir_path, &there) == 0 && ours.st_ino == there.st_ino &&
	    ours.st_dev == there.st_dev)
		rmdir(sb->run_dir_path);
}

void sandbox_finish(struct sandbox *sb)
{
	sb->state = SANDBOX_GONE;
	rpc_client_destroy(TAKE(sb->agent)); /* ends the calls that stand in the procs */
	while (!list_empty(&sb->procs))
		proc_destroy(list_entry(sb->procs.next, struct proc, link));
	sb->main = NULL;
	stats_finish(&sb->stats);
	freeze_finish(&sb->freeze);
	forward_destroy(TAKE(sb->forward));
	iosock_destroy(TAKE(sb->io));
	if (sb->vm)
		vm_destroy(TAKE(sb->vm), NULL, NULL);
	uv_close((uv_handle_t *)&sb->stop_timer, NULL);
	uv_close((uv_handle_t *)&sb->lost_timer, NULL);
	crilog_finish(&sb->log);
	cJSON_Delete(TAKE(sb->config));
	cJSON_Delete(TAKE(sb->ports));
	remove_run_dir(sb);
	free(TAKE(sb->run_dir_path));
	for (int *fd = (int[]){ sb->dir, sb->run_dir, sb->lock_fd, -2 }; *fd != -2; fd++)
		if (*fd >= 0)
			close(*fd);
}
