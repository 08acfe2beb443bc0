/* SPDX-License-Identifier: Apache-2.0 */
/* proc.c - one process in the guest. */
#include "shim/proc.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/str.h"
#include "shim/sandbox.h"
#include "shim.pb-c.h"
#include "vm/agent.h"

#define AGENT_MS 30000 /* for what the guest does at once */

/* An optional field is a oneof whose case is the field's number (proto/for-c.awk). */
#define NAME_PROCESS(req, p)                                                                            \
	do {                                                                                            \
		(req).id = (p)->id;                                                                     \
		(req).opt_container_id_case = 2;                                                        \
		(req).containerid = (p)->sb->id;                                                        \
	} while (0)

struct waiter {
	struct list link;
	struct rpc_call *call;
};

static char *command_line(const cJSON *args)
{
	AUTO_BUF struct buf b = { 0 };
	const cJSON *a;

	cJSON_ArrayForEach(a, args) {
		const char *s = cJSON_GetStringValue(a);

		if (s && (buf_adds(&b, b.len ? " " : "") < 0 || buf_adds(&b, s) < 0))
			return NULL;
	}
	return buf_steal(&b);
}

static void check_end(struct proc *p)
{
	/* Without terminal both outputs count. */
	if (p->drained || !p->exited || (p->tty ? !p->con.done : !p->out[0].done || !p->out[1].done))
		return;
	p->drained = true;
	p->on_exited(p);
}

static void on_channel_drained(struct channel *c)
{
	struct proc *p = c->stream == CRILOG_STDOUT ? container_of(c, struct proc, out[0]) :
						      container_of(c, struct proc, out[1]);

	check_end(p);
}

static void on_console_drained(void *arg)
{
	check_end(arg);
}

static bool behind(const struct proc *p, int which)
{
	return p->stream[which].port && p->sb->vm && transport_holds(vm_transport(p->sb->vm), p->stream[which].port);
}

static bool channel_behind(struct channel *c)
{
	return c->stream == CRILOG_STDOUT ? behind(container_of(c, struct proc, out[0]), PROC_STDOUT) :
					    behind(container_of(c, struct proc, out[1]), PROC_STDERR);
}

static bool console_behind(void *arg)
{
	return behind(arg, PROC_STDOUT);
}

static void on_channel_log_failed(struct channel *c, const struct err *e)
{
	struct proc *p = c->stream == CRILOG_STDOUT ? container_of(c, struct proc, out[0]) :
						      container_of(c, struct proc, out[1]);

	sandbox_note_log_failure(p->sb, e);
}

static void on_console_log_failed(void *arg, const struct err *e)
{
	struct proc *p = arg;

	sandbox_note_log_failure(p->sb, e);
}

static void on_stream(struct transport_listener *l, int fd)
{
	struct proc_stream *s = container_of(l, struct proc_stream, listener);
	struct proc *p = s->p;
	int which = (int)(s - p->stream);

	transport_unlisten(l); /* one connection each */
	if (p->tty && which == PROC_STDIN)
		console_set_input(&p->con, fd);
	else if (p->tty)
		console_set_output(&p->con, fd);
	else if (which == PROC_STDIN)
		inlet_set_fd(&p->in, fd);
	else
		channel_set_fd(&p->out[which - PROC_STDOUT], fd);
}

static void on_resized(void *arg, int rows, int cols);
static void on_viewers(void *arg);

static int open_streams(struct proc *p, struct err *e)
{
	for (int i = 0; i < PROC_NSTREAMS; i++) {
		struct proc_stream *s = &p->stream[i];
		int rc;

		s->p = p;
		/* A terminal is always typed into; its stderr is its stdout. */
		if (i == PROC_STDERR ? p->tty : i == PROC_STDIN && !p->open_stdin && !p->tty)
			continue;
		s->port = TRANSPORT_PORT_STDIO_FIRST + p->sb->next_port++ % (TRANSPORT_PORT_STDIO_LAST -
									    TRANSPORT_PORT_STDIO_FIRST);
		rc = transport_listen(&s->listener, vm_transport(p->sb->vm), s->port, on_stream, e);
		if (rc < 0) {
			s->port = 0;
			return rc;
		}
	}
	return 0;
}

int proc_create(struct sandbox *sb, const char *id, const cJSON *spec, bool open_stdin, bool logged, unsigned rows,
		unsigned cols, struct proc **ret, struct err *e)
{
	const cJSON *process = json_obj(spec, "process");
	struct crilog *log = logged ? &sb->log : NULL;
	struct proc *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return err_sys(e, -ENOMEM, "cannot start a process");
	p->sb = sb;
	snprintf(p->id, sizeof(p->id), "%s", id);
	p->tty = json_bool(process, "terminal", false);
	p->open_stdin = open_stdin;
	p->console_n = PROC_NO_CONSOLE;
	p->command = command_line(json_arr(process, "args"));
	list_init(&p->waiters);
	list_init(&p->link);
	if (p->tty) {
		rc = console_init(&p->con, sb->loop, rows ? (int)rows : 24, cols ? (int)cols : 80, sb->scrollback, log);
		p->con.arg = p;
		p->con.resized = on_resized;
		p->con.viewers_changed = on_viewers;
		p->con.behind = console_behind;
		p->con.drained = on_console_drained;
		p->con.log_failed = on_console_log_failed;
	} else {
		rc = channel_init(&p->out[0], sb->loop, log, CRILOG_STDOUT, on_channel_drained,
				  on_channel_log_failed);
		if (rc == 0)
			rc = channel_init(&p->out[1], sb->loop, log, CRILOG_STDERR, on_channel_drained,
					  on_channel_log_failed);
		p->out[0].behind = p->out[1].behind = channel_behind;
		if (rc == 0)
			rc = inlet_init(&p->in, sb->loop);
	}
	if (rc < 0 || !p->command)
		rc = err_sys(e, -ENOMEM, "cannot start a process");
	else
		rc = open_streams(p, e);
	if (rc < 0) {
		proc_destroy(p);
		return rc;
	}
	*ret = p;
	return 0;
}

void proc_destroy(struct proc *p)
{
	if (!p)
		return;
	for (int i = 0; i < PROC_NSTREAMS; i++)
		if (p->stream[i].port)
			transport_unlisten(&p->stream[i].listener);
	proc_answer_waiters(p, p->exit_code);
	channel_finish(&p->out[0]);
	channel_finish(&p->out[1]);
	inlet_finish(&p->in);
	console_finish(&p->con);
	list_remove(&p->link);
	free(p->command);
	free(p);
}

/* --- start */

static void send_size(struct proc *p);

static void started(struct proc *p, int rc, bool early, const struct err *e)
{
	void (*cb)(struct proc *p, int rc, bool early, const struct err *e) = p->on_started;

	p->on_started = NULL;
	if (cb)
		cb(p, rc, early, e);
}

static void ended(struct proc *p, int exit_code)
{
	if (p->exited)
		return;
	p->exited = true;
	p->exit_code = exit_code;
	for (int i = 0; i < PROC_NSTREAMS; i++)
		if (p->stream[i].port)
			transport_unlisten(&p->stream[i].listener);
	inlet_finish(&p->in);
	if (p->tty) {
		console_drain(&p->con);
		return;
	}
	channel_drain(&p->out[0]);
	channel_drain(&p->out[1]);
}

static void on_removed(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	container_of(op, struct proc, remove)->calling = false;
	if (rc < 0)
		log_debug("cannot remove a process from the guest: %s", e->text);
}

static void on_waited(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct proc *p = container_of(op, struct proc, wait);
	const Sandbox__WaitProcessResponse *w = (const void *)resp;
	Sandbox__DeleteProcessRequest req = SANDBOX__DELETE_PROCESS_REQUEST__INIT;

	if (rc < 0) /* the VM is going: proc_vm_gone comes */
		return;
	if (p != p->sb->main) {
		NAME_PROCESS(req, p);
		p->calling = rpc_unary_start(&p->remove, p->sb->agent, &agent_delete_process, &req.base, AGENT_MS,
					     on_removed, NULL) == 0;
	}
	ended(p, w->exitcode);
}

static void on_process_started(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct proc *p = container_of(op, struct proc, start);
	Sandbox__WaitProcessRequest req = SANDBOX__WAIT_PROCESS_REQUEST__INIT;
	struct err we = { 0 };

	if (rc < 0) {
		started(p, rc, false, e);
		return;
	}
	p->started = true;
	if (p->tty && (p->told_rows != vt_rows(p->con.vt) || p->told_cols != vt_cols(p->con.vt)))
		send_size(p);
	NAME_PROCESS(req, p);
	rc = rpc_unary_start(&p->wait, p->sb->agent, &agent_wait_process, &req.base, 0, on_waited, &we);
	started(p, rc, true, &we);
}

static void send_start(struct proc *p)
{
	Sandbox__StartProcessRequest req = SANDBOX__START_PROCESS_REQUEST__INIT;
	struct err e = { 0 };
	int rc;

	NAME_PROCESS(req, p);
	rc = rpc_unary_start(&p->start, p->sb->agent, &agent_start_process, &req.base, AGENT_MS,
			     on_process_started, &e);
	if (rc < 0)
		started(p, rc, true, &e);
}

static void on_created(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct proc *p = container_of(op, struct proc, create);

	p->created = rc == 0;
	if (rc < 0)
		started(p, rc, true, e);
	else if (p->go)
		send_start(p);
	else if (p->on_created)
		p->on_created(p);
}

/* The specification with the console's size as it is now, so that the program never sees another. */
static cJSON *with_size(struct proc *p, const cJSON *spec)
{
	cJSON *copy = cJSON_Duplicate(spec, 1), *process = cJSON_GetObjectItemCaseSensitive(copy, "process"), *size;

	if (!p->tty || !process)
		return copy;
	p->told_rows = vt_rows(p->con.vt);
	p->told_cols = vt_cols(p->con.vt);
	cJSON_DeleteItemFromObjectCaseSensitive(process, "consoleSize");
	size = cJSON_AddObjectToObject(process, "consoleSize");
	cJSON_AddNumberToObject(size, "height", p->told_rows);
	cJSON_AddNumberToObject(size, "width", p->told_cols);
	return copy;
}

int proc_begin(struct proc *p, const cJSON *spec, bool go, struct err *e)
{
	AUTO_JSON cJSON *sized = with_size(p, spec);
	AUTO_FREE char *text = json_print(sized);
	Sandbox__CreateProcessRequest req = SANDBOX__CREATE_PROCESS_REQUEST__INIT;

	if (!text)
		return err_sys(e, -ENOMEM, "cannot start a process");
	p->go = go;
	NAME_PROCESS(req, p);
	req.configuration.data = (uint8_t *)text;
	req.configuration.len = strlen(text);
	if ((req.stdin = p->stream[PROC_STDIN].port))
		req.opt_stdin_case = SANDBOX__CREATE_PROCESS_REQUEST__OPT_STDIN_STDIN;
	if ((req.stdout = p->stream[PROC_STDOUT].port))
		req.opt_stdout_case = SANDBOX__CREATE_PROCESS_REQUEST__OPT_STDOUT_STDOUT;
	if ((req.stderr = p->stream[PROC_STDERR].port))
		req.opt_stderr_case = SANDBOX__CREATE_PROCESS_REQUEST__OPT_STDERR_STDERR;
	return rpc_unary_start(&p->create, p->sb->agent, &agent_create_process, &req.base, AGENT_MS, on_created, e);
}

void proc_go(struct proc *p)
{
	p->go = true;
	if (p->created)
		send_start(p);
}

void proc_vm_gone(struct proc *p, int exit_code)
{
	ended(p, exit_code);
}

/* --- size */

static void on_resize_done(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct proc *p = container_of(op, struct proc, resize);

	p->resize_pending = false;
	if (rc == 0 && p->resize_again)
		send_size(p);
}

/* One request is under way at a time; what changed meanwhile is told in the next. */
static void send_size(struct proc *p)
{
	Sandbox__ResizeProcessRequest req = SANDBOX__RESIZE_PROCESS_REQUEST__INIT;

	p->resize_again = p->resize_pending;
	if (p->resize_pending || p->exited || !p->started)
		return;
	NAME_PROCESS(req, p);
	req.rows = (uint32_t)vt_rows(p->con.vt);
	req.columns = (uint32_t)vt_cols(p->con.vt);
	p->resize_pending = rpc_unary_start(&p->resize, p->sb->agent, &agent_resize_process, &req.base, AGENT_MS,
					    on_resize_done, NULL) == 0;
}

static void on_resized(void *arg, int rows, int cols)
{
	struct proc *p = arg;

	send_size(p);
	container_touch(p->sb->dir); /* other viewers ask for its size */
}

static void on_viewers(void *arg)
{
	container_touch(((struct proc *)arg)->sb->dir);
}

/* --- those who look and wait */

static int attach_stream(int rc, const char *what, struct err *e)
{
	if (rc == -EPIPE)
		return err_set(e, rc, "%s has ended", what);
	if (rc == -EBUSY)
		return err_set(e, rc, "%s is attached by another client", what);
	return rc < 0 ? err_sys(e, rc, "cannot attach %s", what) : 0;
}

int proc_attach(struct proc *p, const struct proc_attach *a, struct proc_tokens *ret, struct err *e)
{
	struct console_spec spec = { a->stdin_, a->output, a->read_only, a->clipboard, a->repaint, a->rows, a->cols };
	int rc = 0;

	*ret = (struct proc_tokens){ 0 };
	if (p->tty)
		return attach_stream(console_attach(&p->con, p->sb->io, &spec, ret->io, &ret->viewer), "the console",
				     e);
	if (a->output) {
		rc = attach_stream(channel_attach(&p->out[0], p->sb->io, ret->out), "standard output", e);
		if (rc == 0)
			rc = attach_stream(channel_attach(&p->out[1], p->sb->io, ret->err), "standard error", e);
	}
	if (rc == 0 && a->stdin_ && p->open_stdin)
		rc = attach_stream(inlet_attach(&p->in, p->sb->io, ret->in), "standard input", e);
	return rc;
}

static void on_waiter_gone(struct rpc_call *call)
{
	struct waiter *w = rpc_call_context(call);

	list_remove(&w->link);
	free(w);
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
}

void proc_add_waiter(struct proc *p, struct rpc_call *call)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	w->call = call;
	list_append(&p->waiters, &w->link);
	rpc_call_set_context(call, w);
	rpc_call_on_cancel(call, on_waiter_gone);
}

void proc_answer_waiters(struct proc *p, int exit_code)
{
	Shim__WaitResponse resp = SHIM__WAIT_RESPONSE__INIT;

	resp.exit_code = exit_code;
	if (p->sb->dead)
		resp.cause = p->sb->cause;
	list_each(struct waiter, w, &p->waiters, link) {
		list_remove(&w->link);
		rpc_call_reply(w->call, &resp.base);
		free(w);
	}
}

bool proc_busy(const struct proc *p)
{
	return p->started && (!p->drained || (p->tty && console_busy(&p->con)));
}
