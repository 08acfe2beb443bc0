/* SPDX-License-Identifier: Apache-2.0 */
/* task.c - what may block, done by a child. */
#include "task.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "loop.h"

#define TASKS_MAX 64
#define REPORT_FD 3 /* in the child */
#define NOTE 1      /* as rc: there is more to come */

struct task {
	struct vi_child child;
	struct vi_watch report;
	struct rpc_call *call; /* NULL: nobody waits any more */
	const ProtobufCMessage *msg; /* lives as long as the call */
	const char *what;
	vi_task_done noted, done;
	struct vi_task_result result;
	bool told, exited;
};

static int ntasks;

void vi_call_fail(struct rpc_call *call, const char *what, int rc, const struct err *e)
{
	enum rpc_code code = rpc_code_of_errno(rc);

	rpc_call_fail(call, code == RPC_UNKNOWN || code == RPC_OK ? RPC_INTERNAL : code, "%s: %s", what,
		      e && *e->text ? e->text : err_str(rc));
}

/* Both have come: what it says, and its end. */
static void check_end(struct task *t)
{
	struct rpc_call *call = t->call;
	struct err lost = { 0 };

	if (!t->exited || t->report.fd >= 0)
		return;
	if (!t->told) {
		err_set(&lost, -EIO, "its process was killed");
		t->result.rc = -EIO;
		t->result.err = lost;
	}
	if (call && t->result.rc < 0)
		vi_call_fail(call, t->what, t->result.rc, &t->result.err);
	else if (call)
		t->done(call, t->msg, &t->result);
	ntasks--;
	free(t);
}

static void on_exited(struct vi_child *c, int status)
{
	struct task *t = container_of(c, struct task, child);

	t->exited = true;
	check_end(t);
}

static void on_report(struct vi_watch *w, uint32_t events)
{
	struct task *t = container_of(w, struct task, report);
	ssize_t n = recv(w->fd, &t->result, sizeof(t->result), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == (ssize_t)sizeof(t->result) && t->result.rc == NOTE) {
		if (t->call && t->noted)
			t->noted(t->call, t->msg, &t->result);
		return;
	}
	t->told = n == (ssize_t)sizeof(t->result);
	t->result.err.text[sizeof(t->result.err.text) - 1] = 0;
	vi_watch_stop(w);
	close(TAKE_FD(w->fd));
	check_end(t);
}

static void on_call_gone(struct rpc_call *call)
{
	struct task *t = rpc_call_context(call);

	t->call = NULL;
	if (!t->exited)
		kill(t->child.pid, SIGKILL);
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
}

void vi_task_note(const struct vi_task_result *r)
{
	struct vi_task_result note = *r;

	note.rc = NOTE;
	send(REPORT_FD, &note, sizeof(note), MSG_NOSIGNAL);
}

static _Noreturn void run(int sock, const ProtobufCMessage *msg, vi_task_fn fn)
{
	struct vi_task_result r;
	sigset_t none;
	int fd = dup2(sock, REPORT_FD);

	memset(&r, 0, sizeof(r));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	syscall(SYS_close_range, REPORT_FD + 1, ~0u, 0);
	umask(0);
	r.rc = fn(msg, &r, &r.err);
	_exit(send(fd, &r, sizeof(r), MSG_NOSIGNAL) < 0);
}

void vi_task_start(struct rpc_call *call, const ProtobufCMessage *msg, const char *what, vi_task_fn fn,
		   vi_task_done done)
{
	vi_task_start_noting(call, msg, what, fn, NULL, done);
}

void vi_task_start_noting(struct rpc_call *call, const ProtobufCMessage *msg, const char *what, vi_task_fn fn,
			  vi_task_done noted, vi_task_done done)
{
	struct task *t = ntasks < TASKS_MAX ? calloc(1, sizeof(*t)) : NULL;
	int sock[2], rc = t ? 0 : -ENOMEM;
	pid_t pid = -1;

	if (rc == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		rc = -errno;
	if (rc == 0) {
		pid = fork();
		if (pid == 0)
			run(sock[1], msg, fn);
		if (pid < 0)
			rc = -errno;
		close(sock[1]);
		if (pid < 0)
			close(sock[0]);
	}
	if (rc < 0) {
		free(t);
		vi_call_fail(call, what, rc, NULL);
		return;
	}
	ntasks++;
	t->call = call;
	t->msg = msg;
	t->what = what;
	t->noted = noted;
	t->done = done;
	list_init(&t->child.link);
	vi_child_add(&t->child, pid, on_exited);
	t->report.fd = sock[0];
	t->report.ready = on_report;
	vi_watch_set(&t->report, EPOLLIN);
	rpc_call_set_context(call, t);
	rpc_call_on_cancel(call, on_call_gone);
}
