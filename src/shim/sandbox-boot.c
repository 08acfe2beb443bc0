/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox-boot.c - how a container comes up: the VM, its agent, the main process. */
#include "shim/sandbox-inside.h"

#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "rpc/drive-uv.h"
#include "shim.pb-c.h"
#include "shim/ask.h"
#include "shim/record.h"
#include "vm/agent.h"

#define LOG_BYTES (64ull << 20)
#define LOG_FILES 3

static void main_started(struct proc *p, int rc, bool early, const struct err *e);

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
		sandbox_fail_early(sb, rc, e);
		return;
	}
	sb->prepared = true;
	sb->mounts_usec = ((const Berth__Agent__V1__PrepareResponse *)resp)->mounts_usec;
	sb->prepare_end = clock_mono_ns();
	watch_events(sb);
	rc = proc_begin(sb->main, spec, sb->start_asked && !sb->held, &pe);
	if (rc < 0)
		sandbox_fail_early(sb, rc, &pe);
	if (sb->start_asked && !sb->held)
		sb->start_begin = clock_mono_ns();
}

static void on_hello(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct sandbox *sb = container_of(op, struct sandbox, hello);
	const Berth__Agent__V1__HelloResponse *h = (const void *)resp;
	struct err he = { 0 };

	if (rc < 0) {
		sandbox_fail_early(sb, rc, e);
		return;
	}
	snprintf(sb->kernel, sizeof(sb->kernel), "%s", h->kernel);
	sb->guest_memory = h->memory_bytes;
	if (h->protocol != AGENT_PROTOCOL) {
		err_set(&he, -EPROTO, "the guest agent %s speaks protocol %u, this berth %s speaks %d", h->version,
			h->protocol, PACKAGE_VERSION, AGENT_PROTOCOL);
		sandbox_fail_early(sb, -EPROTO, &he);
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
	sandbox_lost(sb, &ae);
}

static void on_dialed(struct transport_dial *op, int rc, int fd, const struct err *e)
{
	struct sandbox *sb = container_of(op, struct sandbox, dial);
	Berth__Agent__V1__HelloRequest hello = BERTH__AGENT__V1__HELLO_REQUEST__INIT;
	struct err de = { 0 };

	if (rc < 0) {
		sandbox_fail_early(sb, rc, e);
		return;
	}
	hello.protocol = AGENT_PROTOCOL;
	hello.version = (char *)PACKAGE_VERSION;
	rc = rpc_uv_connect(sb->loop, fd, sb, on_agent_closed, &sb->agent, &de);
	if (rc < 0)
		close(fd);
	else
		rc = rpc_unary_start(&sb->hello, sb->agent, &agent_hello, &hello.base, SANDBOX_AGENT_MS, on_hello, &de);
	if (rc == 0) {
		sb->prepare_begin = clock_mono_ns();
		rc = sandbox_prepare(sb, on_prepared, &de);
	}
	if (rc < 0)
		sandbox_fail_early(sb, rc, &de);
	else if (sb->forward)
		forward_open(sb->forward, vm_transport(sb->vm));
}

static void on_vm_started(struct vm_start *op, int rc, const struct err *e)
{
	struct sandbox *sb = container_of(op, struct sandbox, vm_start);
	struct err de = { 0 };

	if (rc < 0) {
		sandbox_fail_early(sb, rc, e);
		return;
	}
	sb->vm_running = true;
	rc = transport_dial(&sb->dial, vm_transport(sb->vm), TRANSPORT_PORT_AGENT, TRANSPORT_CONTROL, on_dialed, &de);
	if (rc < 0)
		sandbox_fail_early(sb, rc, &de);
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
		rc = sandbox_make_vm(sb, sandbox_on_vm_event, e);
	if (rc == 0)
		rc = proc_create(sb, sb->id, json_obj(sb->config, "spec"), json_bool(sb->config, "open_stdin", false),
				 true, 0, 0, &sb->main, e);
	if (rc < 0)
		return rc;
	sb->main->on_started = main_started;
	sb->main->on_exited = sandbox_main_exited;
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
			sandbox_fail_early(sb, rc, e);
		else
			sandbox_fail(sb, rc, e);
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

static void main_created(struct proc *p)
{
	if (p->sb->held && p->sb->state == SANDBOX_STARTING)
		reply_started(p->sb);
}

void sandbox_start(struct sandbox *sb, struct rpc_call *call, const struct proc_attach *attach, bool hold)
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
		sandbox_answer_start(sb);
		return;
	}
	if (attach) {
		int rc = proc_attach(sb->main, attach, &sb->start_tokens, &e);

		if (rc < 0) {
			sandbox_fail_early(sb, rc, &e);
			return;
		}
		sb->start_attached = true;
	}
	sb->held = hold;
	if (hold) {
		sb->main->on_created = main_created;
		if (sb->main->created)
			main_created(sb->main);
	} else if (sb->prepared) {
		sb->start_begin = clock_mono_ns();
		proc_go(sb->main);
	}
}
