/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - the Shim service on shim.sock. */
#include "shim/serve.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/sock.h"
#include "rpc/drive-uv.h"
#include "shim.pb-c.h"
#include "shim/ask.h"

#define CLIENTS_MAX 256
#define ARGS_MAX 65536

struct client {
	struct list link;
	struct serve *s;
	struct rpc_server *server;
};

struct serve {
	struct sandbox *sb;
	struct watch *listener;
	struct list clients;
	unsigned nclients;
	void (*drained)(void *arg);
	void *arg;
};

/* --- the methods */

static struct sandbox *sandbox_of(struct rpc_call *call)
{
	const struct client *c = rpc_call_data(call);

	return c->s->sb;
}

static void set_streams(Shim__Streams *s, const struct proc *p, const struct proc_tokens *t)
{
	s->tty = p->tty;
	s->io = (char *)t->io;
	s->stdin = (char *)t->in;
	s->stdout = (char *)t->out;
	s->stderr = (char *)t->err;
	s->console = p->console_n == PROC_NO_CONSOLE ? 0 : p->console_n;
	s->viewer = t->viewer;
}

static struct proc_attach attach_of(const Shim__AttachSpec *a)
{
	return (struct proc_attach){ a->stdin, a->output, a->read_only, a->clipboard, a->repaint, a->rows, a->cols };
}

static void on_info(struct rpc_call *call, const ProtobufCMessage *msg)
{
	static const Shim__State words[] = { [SANDBOX_STARTING] = SHIM__STATE__STATE_STARTING,
					     [SANDBOX_RUNNING] = SHIM__STATE__STATE_RUNNING,
					     [SANDBOX_STOPPING] = SHIM__STATE__STATE_STOPPING,
					     [SANDBOX_GONE] = SHIM__STATE__STATE_EXITED };
	const struct sandbox *sb = sandbox_of(call);
	Shim__InfoResponse resp = SHIM__INFO_RESPONSE__INIT;

	resp.state = sb->state == SANDBOX_RUNNING && (sb->paused || sb->frozen) ? SHIM__STATE__STATE_PAUSED :
										   words[sb->state];
	resp.exit_code = sb->exit_code;
	resp.cause = (char *)sb->cause;
	resp.qemu_pid = sb->vm ? vm_pid(sb->vm) : 0;
	resp.accel = (char *)(sb->vm && vm_boot(sb->vm)->kvm ? "kvm" : "tcg");
	rpc_call_reply(call, &resp.base);
}

static void on_start(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__StartRequest *req = (const void *)msg;
	struct proc_attach a;

	if (req->attach)
		a = attach_of(req->attach);
	sandbox_start(sandbox_of(call), call, req->attach ? &a : NULL, req->hold);
}

static void on_attach(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__AttachRequest *req = (const void *)msg;
	struct proc *p = sandbox_find_console(sandbox_of(call), req->console);
	Shim__AttachResponse resp = SHIM__ATTACH_RESPONSE__INIT;
	Shim__Streams streams = SHIM__STREAMS__INIT;
	struct proc_attach a = { .output = true };
	struct proc_tokens tokens;
	struct err e = { 0 };
	int rc;

	if (!p) {
		rpc_call_fail(call, RPC_NOT_FOUND, "there is no console %u", req->console);
		return;
	}
	if (req->attach)
		a = attach_of(req->attach);
	rc = proc_attach(p, &a, &tokens, &e);
	if (rc < 0) {
		rpc_call_fail_err(call, rc, &e);
		return;
	}
	set_streams(&streams, p, &tokens);
	resp.streams = &streams;
	rpc_call_reply(call, &resp.base);
}

/* An Exec call that waits for its process to start. */
struct exec_call {
	struct rpc_call *call;
	struct proc_tokens tokens;
	bool attached;
};

static void on_exec_started(struct proc *p, int rc, bool early, const struct err *e)
{
	struct exec_call *x = TAKE(p->starter);
	Shim__ExecResponse resp = SHIM__EXEC_RESPONSE__INIT;
	Shim__Streams streams = SHIM__STREAMS__INIT;

	if (rc < 0 && early && (rc == -ENOENT || rc == -EACCES))
		rpc_call_fail(x->call, RPC_INTERNAL, "%s", e->text);
	else if (rc < 0)
		rpc_call_fail_err(x->call, rc, e);
	if (rc < 0) {
		free(x);
		p->on_exited = proc_destroy; /* not in the guest, or ended there */
		proc_vm_gone(p, 125);
		return;
	}
	if (x->attached) {
		set_streams(&streams, p, &x->tokens);
		resp.streams = &streams;
	}
	resp.exec_id = p->id;
	rpc_call_reply(x->call, &resp.base);
	free(x);
	sandbox_exec_started(p);
}

static void on_exec(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__ExecRequest *req = (const void *)msg;
	struct sandbox *sb = sandbox_of(call);
	struct proc_attach a = { req->stdin, true, false, req->clipboard, req->repaint, req->rows, req->cols };
	struct sandbox_exec spec = { .user = req->user, .cwd = req->cwd, .tty = req->tty, .open_stdin = req->stdin,
				     .privileged = req->privileged, .rows = req->rows, .cols = req->cols };
	struct exec_call *x = calloc(1, sizeof(*x));
	struct proc *p = NULL;
	struct err e = { 0 };
	int rc = x ? 0 : -ENOMEM;

	if (rc == 0 && (req->n_args == 0 || req->n_args > ARGS_MAX || req->n_env > ARGS_MAX))
		rc = err_set(&e, -EINVAL, "a command to run is missing");
	if (rc == 0) {
		spec.args = calloc(req->n_args + 1, sizeof(char *));
		spec.env = calloc(req->n_env + 1, sizeof(char *));
		rc = spec.args && spec.env ? 0 : -ENOMEM;
	}
	if (rc == 0) {
		memcpy(spec.args, req->args, req->n_args * sizeof(char *));
		if (req->n_env)
			memcpy(spec.env, req->env, req->n_env * sizeof(char *));
		rc = sandbox_exec(sb, &spec, &p, &e);
	}
	free(spec.args);
	free(spec.env);
	if (rc == 0 && !req->detach) {
		rc = proc_attach(p, &a, &x->tokens, &e);
		x->attached = rc == 0;
	}
	if (rc < 0) {
		rpc_call_fail_err(call, rc, &e);
		free(x);
		return;
	}
	x->call = call;
	p->starter = x;
	p->on_started = on_exec_started;
}

static void on_resize(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__ResizeRequest *req = (const void *)msg;
	struct proc *p = sandbox_find_console(sandbox_of(call), req->console);
	Shim__ResizeResponse resp = SHIM__RESIZE_RESPONSE__INIT;

	if (!p || !p->tty) {
		rpc_call_fail(call, p ? RPC_FAILED_PRECONDITION : RPC_NOT_FOUND, "%s %u",
			      p ? "no terminal is at" : "there is no console", req->console);
		return;
	}
	console_resize(&p->con, req->viewer, req->rows, req->cols);
	rpc_call_reply(call, &resp.base);
}

static void on_signal(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__SignalRequest *req = (const void *)msg;
	struct sandbox *sb = sandbox_of(call);
	struct proc *p = sandbox_find_exec(sb, req->exec_id);
	Shim__SignalResponse resp = SHIM__SIGNAL_RESPONSE__INIT;
	struct err e = { 0 };
	int rc;

	if (!p) {
		rpc_call_fail(call, RPC_NOT_FOUND, "there is no such process");
		return;
	}
	if (req->signal < 1 || req->signal > 64) {
		rpc_call_fail(call, RPC_INVALID_ARGUMENT, "%d is not a signal", req->signal);
		return;
	}
	if (req->pid && req->pid != 1) { /* 1 is the main process */
		ask_signal(sb, call, req->pid, req->started_ns, req->signal);
		return;
	}
	rc = sandbox_signal(sb, p, req->signal, &e);
	if (rc < 0)
		rpc_call_fail_err(call, rc, &e);
	else
		rpc_call_reply(call, &resp.base);
}

static void on_wait(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__WaitRequest *req = (const void *)msg;
	struct sandbox *sb = sandbox_of(call);
	struct proc *p = req->console ? sandbox_find_console(sb, req->console) : sandbox_find_exec(sb, req->exec_id);

	if (!p) {
		rpc_call_fail(call, RPC_NOT_FOUND, "there is no such process");
		return;
	}
	proc_add_waiter(p, call);
	if (p == sb->main ? sb->state == SANDBOX_GONE : p->drained)
		proc_answer_waiters(p, p == sb->main ? sb->exit_code : p->exit_code);
}

static void on_stop_call_gone(struct rpc_call *call)
{
	struct sandbox_stop_call *s = rpc_call_context(call);

	list_remove(&s->link);
	free(s);
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
}

static void on_stop(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__StopRequest *req = (const void *)msg;
	struct sandbox *sb = sandbox_of(call);
	struct sandbox_stop_call *s = calloc(1, sizeof(*s));
	Shim__StopResponse resp = SHIM__STOP_RESPONSE__INIT;

	if (!s) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	if (sb->state == SANDBOX_GONE) {
		free(s);
		resp.exit_code = sb->exit_code;
		rpc_call_reply(call, &resp.base);
		return;
	}
	s->call = call;
	list_append(&sb->stop_calls, &s->link);
	rpc_call_set_context(call, s);
	rpc_call_on_cancel(call, on_stop_call_gone);
	sandbox_stop(sb, req->timeout_ms);
}

#define CONSOLES_MAX 512

static void on_consoles(struct rpc_call *call, const ProtobufCMessage *msg)
{
	struct sandbox *sb = sandbox_of(call);
	Shim__ConsolesResponse resp = SHIM__CONSOLES_RESPONSE__INIT;
	Shim__Console rows[CONSOLES_MAX], *list[CONSOLES_MAX];

	list_each(struct proc, p, &sb->procs, link) {
		Shim__Console *c = &rows[resp.n_consoles];

		if (p->console_n == PROC_NO_CONSOLE || resp.n_consoles == CONSOLES_MAX)
			continue;
		*c = (Shim__Console)SHIM__CONSOLE__INIT;
		c->n = p->console_n;
		c->command = p->command;
		if (p->tty) {
			c->rows = (uint32_t)vt_rows(p->con.vt);
			c->cols = (uint32_t)vt_cols(p->con.vt);
			c->viewers = console_nviewers(&p->con);
		}
		c->alive = !p->exited;
		c->exit_code = p->exit_code;
		list[resp.n_consoles++] = c;
	}
	resp.consoles = list;
	rpc_call_reply(call, &resp.base);
}

static void on_screen(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__ScreenRequest *req = (const void *)msg;
	struct proc *p = sandbox_find_console(sandbox_of(call), req->console);
	Shim__ScreenResponse resp = SHIM__SCREEN_RESPONSE__INIT;
	AUTO_BUF struct buf text = { 0 };

	if (!p || !p->tty) {
		rpc_call_fail(call, p ? RPC_FAILED_PRECONDITION : RPC_NOT_FOUND, "%s %u",
			      p ? "no terminal is at" : "there is no console", req->console);
		return;
	}
	if (console_text(&p->con, req->scrollback, &text) < 0) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	resp.text.data = text.p;
	resp.text.len = text.len;
	rpc_call_reply(call, &resp.base);
}

static void on_top(struct rpc_call *call, const ProtobufCMessage *msg)
{
	ask_top(sandbox_of(call), call);
}

static void on_pause(struct rpc_call *call, const ProtobufCMessage *msg)
{
	ask_pause(sandbox_of(call), call);
}

static void on_unpause(struct rpc_call *call, const ProtobufCMessage *msg)
{
	ask_unpause(sandbox_of(call), call);
}

static void on_update(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__UpdateRequest *req = (const void *)msg;

	ask_update(sandbox_of(call), call, req->memory_bytes, req->cpus, req->pids);
}

static void on_stats(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Shim__StatsRequest *req = (const void *)msg;

	stats_subscribe(&sandbox_of(call)->stats, call, req->interval_ms);
}

static void on_freeze(struct rpc_call *call, const ProtobufCMessage *msg)
{
	ask_freeze(sandbox_of(call), call);
}

#define METHOD(Name, lower)                                                                             \
	{ "/berth.shim.v1.Shim/" #Name, &shim__##lower##_request__descriptor,                           \
	  &shim__##lower##_response__descriptor, RPC_UNARY, on_##lower }

static const struct rpc_method methods[] = {
	METHOD(Info, info),	  METHOD(Start, start),	  METHOD(Attach, attach),     METHOD(Exec, exec),
	METHOD(Resize, resize),	  METHOD(Signal, signal), METHOD(Wait, wait),	      METHOD(Stop, stop),
	METHOD(Consoles, consoles), METHOD(Screen, screen),
	METHOD(Top, top),	  METHOD(Pause, pause),	  METHOD(Unpause, unpause), METHOD(Update, update),
	{ "/berth.shim.v1.Shim/Stats", &shim__stats_request__descriptor, &shim__stats_sample__descriptor,
	  RPC_SERVER_STREAM, on_stats },
	{ "/berth.shim.v1.Shim/Freeze", &shim__freeze_request__descriptor, &shim__frozen_event__descriptor,
	  RPC_SERVER_STREAM, on_freeze },
	{ 0 },
};

/* --- the clients */

static void tell_drained(struct serve *s)
{
	void (*done)(void *arg) = s->drained;

	if (!done || s->nclients)
		return;
	s->drained = NULL;
	done(s->arg);
}

static void on_client_closed(void *data, int rc, const struct err *e)
{
	struct client *c = data;
	struct serve *s = c->s;

	if (rc < 0)
		log_debug("client: %s", e->text);
	list_remove(&c->link);
	s->nclients--;
	rpc_server_destroy(c->server);
	free(c);
	s->sb->on_idle(s->sb);
	tell_drained(s);
}

static void on_connection(void *arg, int events)
{
	struct serve *s = arg;
	int fd = accept4(watch_fd(s->listener), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c;
	struct err e = { 0 };

	if (fd < 0)
		return;
	c = s->nclients < CLIENTS_MAX && sock_check_peer(fd, getuid()) == 0 ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(fd);
		return;
	}
	c->s = s;
	if (rpc_uv_serve(s->sb->loop, fd, methods, c, on_client_closed, &c->server, &e) < 0) {
		log_warn("client: %s", e.text);
		close(fd);
		free(c);
		return;
	}
	list_append(&s->clients, &c->link);
	s->nclients++;
}

int serve_create(struct sandbox *sb, int listen_fd, struct serve **ret, struct err *e)
{
	struct serve *s = calloc(1, sizeof(*s));

	if (!s) {
		close(listen_fd);
		return err_sys(e, -ENOMEM, "cannot serve clients");
	}
	s->sb = sb;
	list_init(&s->clients);
	s->listener = watch_new(sb->loop, listen_fd, on_connection, s);
	if (!s->listener) {
		free(s);
		return err_sys(e, -ENOMEM, "cannot serve clients");
	}
	watch_set(s->listener, UV_READABLE);
	*ret = s;
	return 0;
}

unsigned serve_nclients(const struct serve *s)
{
	return s->nclients;
}

void serve_drain(struct serve *s, void (*done)(void *arg), void *arg)
{
	watch_close(TAKE(s->listener));
	s->drained = done;
	s->arg = arg;
	list_each(struct client, c, &s->clients, link)
		rpc_server_drain(c->server);
	tell_drained(s);
}

void serve_destroy(struct serve *s)
{
	if (!s)
		return;
	watch_close(s->listener);
	list_each(struct client, c, &s->clients, link) {
		list_remove(&c->link);
		rpc_server_destroy(c->server);
		free(c);
	}
	free(s);
}
