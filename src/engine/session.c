/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - what is asked of a running container: attach, exec, wait, stop, kill, consoles. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/str.h"
#include "engine/shim.h"

#define METHOD(word, Name)                                                                              \
	const struct rpc_method shim_##word = { "/berth.shim.v1.Shim/" #Name,                           \
						&shim__##word##_request__descriptor,                    \
						&shim__##word##_response__descriptor, RPC_UNARY, NULL }
METHOD(start, Start);
METHOD(attach, Attach);
METHOD(exec, Exec);
METHOD(resize, Resize);
METHOD(signal, Signal);
METHOD(wait, Wait);
METHOD(stop, Stop);
METHOD(consoles, Consoles);
METHOD(screen, Screen);
METHOD(info, Info);

int eng_take_streams(const struct berth *b, const char *id, const Shim__Streams *from, struct berth_streams *ret,
		     struct err *e)
{
	const char *tokens[] = { from->io, from->stdin, from->stdout, from->stderr };
	int *fds[] = { &ret->io, &ret->in, &ret->out, &ret->err }, rc = 0;

	*ret = (struct berth_streams){ .tty = from->tty, .io = -1, .in = -1, .out = -1, .err = -1,
				       .console = from->console, .viewer = from->viewer };
	memcpy(ret->id, id, sizeof(ret->id));
	for (size_t i = 0; i < ARRAY_LEN(tokens) && rc >= 0; i++)
		if (tokens[i] && *tokens[i])
			rc = *fds[i] = eng_open_stream(b, id, tokens[i], e);
	for (size_t i = 0; i < ARRAY_LEN(fds) && rc < 0; i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	return rc < 0 ? rc : 0;
}

/* All calls here: what is asked, where the answer goes. */
struct session {
	struct eng_call call;
	struct eng_arena arena;
	union {
		berth_attached_cb attached;
		berth_exec_cb exec;
		berth_exit_cb exit;
		berth_done_cb done;
		berth_consoles_cb consoles;
		berth_text_cb text;
	} cb;
	union {
		Shim__AttachRequest attach;
		Shim__ExecRequest exec;
		Shim__ResizeRequest resize;
		Shim__SignalRequest signal;
		Shim__WaitRequest wait;
		Shim__StopRequest stop;
		Shim__ConsolesRequest consoles;
		Shim__ScreenRequest screen;
	} req;
	Shim__AttachSpec spec;
	bool detach;
	struct work work; /* kill: of the shim; wait: for it to be gone */
	bool asked_again;
	int signal;
};

static struct session *session_of(struct eng_call *c)
{
	return container_of(c, struct session, call);
}

static void session_free(struct session *s)
{
	eng_call_release(&s->call);
	eng_arena_finish(&s->arena);
	free(s);
}

static struct session *session_new(const struct rpc_method *m, eng_call_ready ready, eng_call_finish finish)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s) {
		s->call.method = m;
		s->call.ready = ready;
		s->call.finish = finish;
	}
	return s;
}

static int session_start(struct session *s, struct berth *b, const char *name, void *arg, struct berth_op **op,
			 struct berth_error *be)
{
	struct err e = { 0 };
	int rc = !s ? -ENOMEM : s->arena.failed ? -ENOMEM : eng_call_start(&s->call, b, name, arg, op, &e);

	if (rc < 0) {
		if (s)
			eng_arena_finish(&s->arena);
		free(s);
		return eng_refuse(be, rc, &e);
	}
	return 0;
}

static int send_request(struct eng_call *c, const ProtobufCMessage **req, struct err *e)
{
	*req = (const ProtobufCMessage *)&session_of(c)->req;
	return 0;
}

static void finish_done(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct session *s = session_of(c);
	struct berth_error be = { 0 };

	s->cb.done(c->op.arg, rc, eng_error(&be, rc, e, NULL));
	session_free(s);
}

/* --- attach */

static int ready_attach(struct eng_call *c, const ProtobufCMessage **req, struct err *e)
{
	struct session *s = session_of(c);

	s->req.attach.console = c->console;
	return send_request(c, req, e);
}

static void finish_attach(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct session *s = session_of(c);
	const Shim__AttachResponse *r = (const void *)resp;
	struct berth_streams streams;
	struct berth_error be = { 0 };
	struct err ae = e ? *e : (struct err){ 0 };

	if (rc == 0)
		rc = r->streams ? eng_take_streams(c->op.b, c->ctr.id, r->streams, &streams, &ae) : -EPROTO;
	s->cb.attached(c->op.arg, rc, eng_error(&be, rc, &ae, NULL), rc < 0 ? NULL : &streams);
	session_free(s);
}

int berth_container_attach(struct berth *b, const struct berth_attach *at, berth_attached_cb done, void *arg,
			   struct berth_op **op, struct berth_error *e)
{
	struct session *s = session_new(&shim_attach, ready_attach, finish_attach);

	if (s) {
		shim__attach_request__init(&s->req.attach);
		shim__attach_spec__init(&s->spec);
		s->spec.stdin = at->flags & BERTH_ATTACH_STDIN;
		s->spec.output = at->flags & BERTH_ATTACH_OUTPUT;
		s->spec.read_only = at->flags & BERTH_ATTACH_READ_ONLY;
		s->spec.clipboard = at->flags & BERTH_ATTACH_CLIPBOARD;
		s->spec.repaint = at->flags & BERTH_ATTACH_REPAINT;
		s->spec.rows = at->rows;
		s->spec.cols = at->cols;
		s->req.attach.attach = &s->spec;
		s->cb.attached = done;
	}
	return session_start(s, b, at->name, arg, op, e);
}

/* --- exec */

static void finish_exec(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct session *s = session_of(c);
	const Shim__ExecResponse *r = (const void *)resp;
	struct berth_streams streams = { .io = -1, .in = -1, .out = -1, .err = -1 };
	struct berth_error be = { 0 };
	struct err xe = e ? *e : (struct err){ 0 };

	if (rc < 0 && !c->client)
		rc = eng_not_of_process(rc, &xe);
	if (rc == 0 && r->streams)
		rc = eng_take_streams(c->op.b, c->ctr.id, r->streams, &streams, &xe);
	s->cb.exec(c->op.arg, rc, eng_error(&be, rc, &xe, NULL), rc < 0 ? NULL : &streams, rc < 0 ? NULL : r->exec_id);
	session_free(s);
}

int berth_exec(struct berth *b, const struct berth_exec *x, berth_exec_cb done, void *arg, struct berth_op **op,
	       struct berth_error *e)
{
	struct session *s = session_new(&shim_exec, send_request, finish_exec);

	if (s) {
		Shim__ExecRequest *r = &s->req.exec;

		shim__exec_request__init(r);
		r->args = (char **)eng_arena_strv(&s->arena, x->args);
		r->n_args = strv_len(x->args);
		r->env = (char **)eng_arena_strv(&s->arena, x->env);
		r->n_env = strv_len(x->env);
		r->user = (char *)eng_arena_str(&s->arena, x->user ? x->user : "");
		r->cwd = (char *)eng_arena_str(&s->arena, x->workdir ? x->workdir : "");
		r->tty = x->tty;
		r->stdin = x->open_stdin;
		r->detach = x->detach;
		r->privileged = x->privileged;
		r->rows = x->rows;
		r->cols = x->cols;
		r->clipboard = x->clipboard;
		r->repaint = x->repaint;
		s->cb.exec = done;
	}
	return session_start(s, b, x->name, arg, op, e);
}

/* --- wait */

static int ready_wait(struct eng_call *c, const ProtobufCMessage **req, struct err *e)
{
	struct session *s = session_of(c);

	if (!c->ctr.alive) {
		if (strcmp(container_state_word(&c->ctr), "created") == 0)
			return err_set(e, -ENOTCONN, "container %s has not been started yet", c->name);
		if (*s->req.wait.exec_id || c->console)
			return err_set(e, -ENOENT, "the process has ended with container %s", c->name);
		return 1;
	}
	s->req.wait.console = c->console;
	return send_request(c, req, e);
}

static void finish_wait(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e);

#define GONE_TRIES 500
#define GONE_STEP_US 10000

static int read_when_gone(struct work *w, struct err *e)
{
	struct session *s = container_of(w, struct session, work);
	const char *root = s->call.op.b->root;
	AUTO_CLOSE int dir = container_open(root, s->call.ctr.id, e);
	char id[CONTAINER_ID_LEN + 1];

	for (int i = 0; dir >= 0 && i < GONE_TRIES && lock_is_held(dir, "lock"); i++)
		usleep(GONE_STEP_US);
	memcpy(id, s->call.ctr.id, sizeof(id));
	container_finish(&s->call.ctr);
	return container_read(root, id, &s->call.ctr, e);
}

static void on_gone(struct work *w, int rc, const struct err *e)
{
	struct session *s = container_of(w, struct session, work);
	struct err ne = { 0 };

	eng_op_end(&s->call.op);
	if (rc == 0 && strcmp(container_state_word(&s->call.ctr), "exited") == 0)
		finish_wait(&s->call, 0, NULL, NULL);
	else
		finish_wait(&s->call, -ENOTCONN, NULL, &ne);
}

/* A shim that has told all and leaves takes connections no more, and ours may be one that it never saw: then the end of
 * the container is on the disk. */
static bool wait_till_gone(struct session *s)
{
	struct berth_op *op = &s->call.op;

	s->asked_again = true;
	if (work_start(&s->work, op->b->loop, read_when_gone, on_gone) < 0)
		return false;
	eng_op_begin(op->b, op, op->arg, op->cancel, NULL);
	return true;
}

static void finish_wait(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct session *s = session_of(c);
	const Shim__WaitResponse *r = (const void *)resp;
	struct berth_error be = { 0 };
	bool dead = strcmp(container_state_word(&c->ctr), "dead") == 0;
	int code = resp ? r->exit_code : (int)json_int(c->ctr.state, "exit_code", dead ? 255 : 0);
	const char *name = c->ctr.config ? json_str(c->ctr.config, "name") : NULL;
	struct err we = e ? *e : (struct err){ 0 };

	if (rc == -ENOTCONN && c->client && !s->asked_again && !c->op.b->closing && wait_till_gone(s))
		return;
	if (rc == -ENOTCONN && c->client)
		err_set(&we, rc, "the shim of container %s was killed", name ? name : c->name);
	else if (rc == 0 && resp && *r->cause)
		err_set(&we, -EIO, "the VM of container %s died: %s", name ? name : c->name, r->cause);
	s->cb.exit(c->op.arg, rc, eng_error(&be, rc < 0 ? rc : we.code, &we, NULL), code);
	session_free(s);
}

static int start_wait(struct berth *b, const char *name, const char *exec_id, berth_exit_cb done, void *arg,
		      struct berth_op **op, struct berth_error *e)
{
	struct session *s = session_new(&shim_wait, ready_wait, finish_wait);

	if (s) {
		shim__wait_request__init(&s->req.wait);
		s->req.wait.exec_id = (char *)eng_arena_str(&s->arena, exec_id);
		s->call.any_state = s->call.patient = true;
		s->cb.exit = done;
	}
	return session_start(s, b, name, arg, op, e);
}

int berth_container_wait(struct berth *b, const char *name, berth_exit_cb done, void *arg, struct berth_op **op,
			 struct berth_error *e)
{
	return start_wait(b, name, "", done, arg, op, e);
}

int berth_exec_wait(struct berth *b, const char *name, const char *exec_id, berth_exit_cb done, void *arg,
		    struct berth_op **op, struct berth_error *e)
{
	return start_wait(b, name, exec_id, done, arg, op, e);
}

/* --- stop, kill */

/* Stopping what does not run is no error, as with docker. */
static int ready_stop(struct eng_call *c, const ProtobufCMessage **req, struct err *e)
{
	return c->ctr.alive ? send_request(c, req, e) : 1;
}

static void finish_stop(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	/* It went while it was asked: that is what was wanted. */
	finish_done(c, rc == -ENOTCONN ? 0 : rc, resp, e);
}

int berth_container_stop(struct berth *b, const char *name, int64_t timeout_ms, berth_done_cb done, void *arg,
			 struct berth_error *e)
{
	struct session *s = session_new(&shim_stop, ready_stop, finish_stop);

	if (s) {
		shim__stop_request__init(&s->req.stop);
		s->req.stop.timeout_ms = timeout_ms;
		s->call.any_state = true;
		s->cb.done = done;
	}
	return session_start(s, b, name, arg, NULL, e);
}

/* The shim takes no signals any more: it is given the one that needs no taking, and the VM goes with it. */
static int kill_shim(struct work *w, struct err *e)
{
	const struct session *s = container_of(w, struct session, work);

	return eng_shim_kill(s->call.op.b, s->call.name, e);
}

static void on_shim_killed(struct work *w, int rc, const struct err *e)
{
	struct session *s = container_of(w, struct session, work);
	struct berth_error be = { 0 };

	eng_op_end(&s->call.op);
	s->cb.done(s->call.op.arg, rc, eng_error(&be, rc, e, NULL));
	session_free(s);
}

static void finish_signal(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct session *s = session_of(c);

	if (c->gave_up && s->signal == SIGKILL && !c->op.b->closing && work_start(&s->work, c->op.b->loop, kill_shim, on_shim_killed) == 0) {
		struct berth *b = c->op.b;

		eng_op_begin(b, &c->op, c->op.arg, NULL, NULL);
		return;
	}
	finish_done(c, rc, resp, e);
}

/* By its exec; by its number and when it began; else the main one. */
struct to_process {
	const char *exec_id;
	int pid;
	int64_t started;
};

static int start_signal(struct berth *b, const char *name, const struct to_process *to, int sig, berth_done_cb done, void *arg,
			struct berth_error *e)
{
	struct session *s = session_new(&shim_signal, send_request, finish_signal);

	if (s) {
		s->signal = *to->exec_id || to->pid ? 0 : sig; /* of the main process: all ends with it */
		shim__signal_request__init(&s->req.signal);
		s->req.signal.exec_id = (char *)eng_arena_str(&s->arena, to->exec_id);
		s->req.signal.pid = to->pid;
		s->req.signal.started_ns = to->started;
		s->req.signal.signal = sig;
		s->cb.done = done;
	}
	return session_start(s, b, name, arg, NULL, e);
}

int berth_container_kill(struct berth *b, const char *name, int signal, berth_done_cb done, void *arg,
			 struct berth_error *e)
{
	return start_signal(b, name, &(struct to_process){ "" }, signal, done, arg, e);
}

int berth_process_kill(struct berth *b, const char *name, int pid, int64_t started, int signal, berth_done_cb done, void *arg,
		       struct berth_error *e)
{
	struct err bad = { 0 };

	if (pid < 1)
		return eng_refuse(e, err_set(&bad, -EINVAL, "%d is not the number of a process", pid), &bad);
	return start_signal(b, name, &(struct to_process){ "", pid, started }, signal, done, arg, e);
}

int berth_exec_kill(struct berth *b, const char *name, const char *exec_id, int signal, berth_done_cb done, void *arg,
		    struct berth_error *e)
{
	return start_signal(b, name, &(struct to_process){ exec_id }, signal, done, arg, e);
}

int berth_signal_number(const char *word)
{
	uint64_t n;

	if (str_parse_u64(word, 64, &n) == 0)
		return n ? (int)n : -EINVAL;
	if (strncasecmp(word, "SIG", 3) == 0)
		word += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *abbrev = sigabbrev_np(i);

		if (abbrev && strcasecmp(abbrev, word) == 0)
			return i;
	}
	return -EINVAL;
}

/* --- consoles */

int berth_console_resize(struct berth *b, const char *name, uint64_t viewer, unsigned rows, unsigned cols,
			 berth_done_cb done, void *arg, struct berth_error *e)
{
	struct session *s = session_new(&shim_resize, send_request, finish_done);
	unsigned n = 0;
	char base[256];

	if (s) {
		shim__resize_request__init(&s->req.resize);
		eng_split_console(name, base, &n, NULL);
		s->req.resize.console = n;
		s->req.resize.viewer = viewer;
		s->req.resize.rows = rows;
		s->req.resize.cols = cols;
		s->cb.done = done;
	}
	return session_start(s, b, name, arg, NULL, e);
}

/* Of a container that ended, its last screen is in its folder. */
static int ready_screen(struct eng_call *c, const ProtobufCMessage **req, struct err *e)
{
	struct session *s = session_of(c);

	s->req.screen.console = c->console;
	if (c->ctr.alive)
		return send_request(c, req, e);
	if (c->console || s->req.screen.scrollback)
		return err_set(e, -ENOTCONN, "container %s is not running (%s)", c->name,
			       container_state_word(&c->ctr));
	return 1;
}

static void finish_screen(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct session *s = session_of(c);
	const Shim__ScreenResponse *r = (const void *)resp;
	struct berth_error be = { 0 };
	struct err se = e ? *e : (struct err){ 0 };
	AUTO_FREE char *kept = NULL;
	const char *text = resp ? (const char *)r->text.data : "";
	size_t len = resp ? r->text.len : 0;

	if (rc == 0 && !resp) {
		AUTO_CLOSE int dir = container_open(c->op.b->root, c->ctr.id, &se);

		rc = dir < 0 ? dir : file_load(dir, "screen", 4 << 20, &kept, &len, &se);
		if (rc == -ENOENT)
			err_set(&se, rc, "container %s has no screen: it had no terminal, or was never started",
				c->name);
		text = kept;
	}
	s->cb.text(c->op.arg, rc, eng_error(&be, rc, &se, NULL), rc < 0 ? NULL : text, rc < 0 ? 0 : len);
	session_free(s);
}

static int start_screen(struct berth *b, const char *name, unsigned scrollback, berth_text_cb done, void *arg,
			struct berth_error *e)
{
	struct session *s = session_new(&shim_screen, ready_screen, finish_screen);

	if (s) {
		shim__screen_request__init(&s->req.screen);
		s->req.screen.scrollback = scrollback;
		s->call.any_state = true;
		s->cb.text = done;
	}
	return session_start(s, b, name, arg, NULL, e);
}

int berth_console_screen(struct berth *b, const char *name, berth_text_cb done, void *arg, struct berth_error *e)
{
	return start_screen(b, name, 0, done, arg, e);
}

int berth_console_scrollback(struct berth *b, const char *name, unsigned max, berth_text_cb done, void *arg,
			     struct berth_error *e)
{
	return start_screen(b, name, max ? max : 1, done, arg, e);
}

/* --- the list of consoles: of one container, or of all that run, one after another */

struct console_list {
	struct berth_op op;
	berth_consoles_cb done;
	struct eng_arena arena;
	struct berth_console *rows;
	size_t n, cap;
	char **names;
	size_t next;
	bool one;
};

static void ask_next(struct console_list *l);

static void consoles_end(struct console_list *l, int rc, const struct err *e)
{
	struct berth_error be = { 0 };

	eng_op_end(&l->op);
	l->done(l->op.arg, rc, eng_error(&be, rc, e, NULL), l->rows, rc < 0 ? 0 : l->n);
	eng_arena_finish(&l->arena);
	strv_free(l->names);
	free(l->rows);
	free(l);
}

static int add_consoles(struct console_list *l, const struct container *c, const Shim__ConsolesResponse *r)
{
	const char *name = eng_arena_str(&l->arena, json_str(c->config, "name"));

	for (size_t i = 0; i < r->n_consoles; i++) {
		const Shim__Console *from = r->consoles[i];
		struct berth_console *row;

		if (l->n == l->cap) {
			size_t cap = l->cap ? l->cap * 2 : 16;

			row = realloc(l->rows, cap * sizeof(*row));
			if (!row)
				return -ENOMEM;
			l->rows = row;
			l->cap = cap;
		}
		row = &l->rows[l->n++];
		*row = (struct berth_console){ .container = name, .n = from->n, .rows = from->rows, .cols = from->cols,
					       .command = eng_arena_str(&l->arena, from->command),
					       .viewers = from->viewers, .alive = from->alive,
					       .exit_code = from->exit_code };
		snprintf(row->id, sizeof(row->id), "%s:%u", c->id, from->n);
	}
	return l->arena.failed ? -ENOMEM : 0;
}

static void finish_consoles(struct eng_call *c, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct session *s = session_of(c);
	struct console_list *l = c->op.arg;
	struct err ce = e ? *e : (struct err){ 0 };

	if (rc == 0)
		rc = add_consoles(l, &c->ctr, (const void *)resp);
	else if (!l->one)
		rc = 0; /* it ended meanwhile */
	session_free(s);
	if (rc < 0)
		consoles_end(l, rc, &ce);
	else
		ask_next(l);
}

static void ask_next(struct console_list *l)
{
	struct session *s;
	struct berth_error be = { 0 };
	struct err e = { 0 };
	int rc;

	if (!l->names || !l->names[l->next]) {
		consoles_end(l, 0, NULL);
		return;
	}
	s = session_new(&shim_consoles, send_request, finish_consoles);
	if (s)
		s->call.hurry = !l->one;
	if (s)
		shim__consoles_request__init(&s->req.consoles);
	rc = session_start(s, l->op.b, l->names[l->next++], l, NULL, &be);
	if (rc < 0)
		consoles_end(l, err_set(&e, rc, "%s", be.text), &e);
}

static void on_containers(void *arg, int rc, const struct berth_error *be, const struct berth_container *list,
			  size_t n)
{
	struct console_list *l = arg;
	struct err e = { 0 };
	size_t k = 0;

	l->names = rc < 0 ? NULL : calloc(n + 1, sizeof(*l->names));
	for (size_t i = 0; l->names && i < n; i++)
		if (list[i].pid && (l->names[k] = strdup(list[i].id)))
			k++;
	if (!l->names)
		consoles_end(l, err_set(&e, rc < 0 ? rc : -ENOMEM, "%s", be ? be->text : "out of memory"), &e);
	else
		ask_next(l);
}

int berth_console_list(struct berth *b, const char *name, berth_consoles_cb done, void *arg, struct berth_error *e)
{
	struct console_list *l = calloc(1, sizeof(*l));
	struct session *s;
	int rc;

	if (!l)
		return eng_refuse(e, -ENOMEM, NULL);
	l->done = done;
	l->one = name != NULL;
	eng_op_begin(b, &l->op, arg, NULL, NULL);
	if (name) {
		s = session_new(&shim_consoles, send_request, finish_consoles);
		if (s)
			shim__consoles_request__init(&s->req.consoles);
		rc = session_start(s, b, name, l, NULL, e);
	} else {
		rc = berth_container_list(b, on_containers, l, e);
	}
	if (rc < 0) {
		list_remove(&l->op.link);
		free(l);
	}
	return rc;
}
