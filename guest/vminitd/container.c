/* SPDX-License-Identifier: Apache-2.0 */
/* container.c - containers and their processes. */
#include "container.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "net.h"
#include "pause.h"
#include "sandbox.pb-c.h"

#define PIPE_BYTES (1 << 20)
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ull /* linux/sched.h */
#endif

struct list vi_containers = { &vi_containers, &vi_containers };

struct vi_container *vi_container_find(const char *id)
{
	list_each(struct vi_container, c, &vi_containers, link)
		if (strcmp(c->id, id) == 0)
			return c;
	return NULL;
}

struct vi_process *vi_process_find(const char *id, const char *container_id)
{
	list_each(struct vi_container, c, &vi_containers, link) {
		if (container_id && *container_id && strcmp(c->id, container_id) != 0)
			continue;
		list_each(struct vi_process, p, &c->processes, link)
			if (strcmp(p->id, id) == 0)
				return p;
	}
	return NULL;
}

/* --- create and remove */

static void process_free(struct vi_process *p)
{
	list_remove(&p->link);
	vi_child_forget(&p->child);
	vi_child_forget(&p->helper);
	for (int i = 0; i < VI_NSTDIO; i++) {
		vi_stream_close(&p->stream[i]);
		for (int *fd = (int[]){ p->child_fds[i], p->host_fds[i], p->our_fds[i], -2 }; *fd != -2; fd++)
			if (*fd >= 0)
				close(*fd);
	}
	if (p->report.added)
		vi_watch_stop(&p->report);
	if (p->report.fd >= 0)
		close(p->report.fd);
	if (p->pty >= 0)
		close(p->pty);
	if (p->pidfd >= 0)
		close(p->pidfd);
	list_each(struct vi_waiter, w, &p->waiters, link) {
		list_remove(&w->link);
		rpc_call_fail(w->call, RPC_NOT_FOUND, "process '%s' was deleted", p->id);
		free(w);
	}
	vi_filter_finish(&p->filter);
	vi_process_spec_finish(&p->spec);
	free(p);
}

static struct vi_process *process_new(const char *id)
{
	struct vi_process *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	snprintf(p->id, sizeof(p->id), "%s", id);
	p->pidfd = p->pty = p->report.fd = -1;
	for (int i = 0; i < VI_NSTDIO; i++)
		p->child_fds[i] = p->host_fds[i] = p->our_fds[i] = -1;
	list_init(&p->waiters);
	list_init(&p->link);
	list_init(&p->child.link);
	list_init(&p->helper.link);
	return p;
}

static void on_oom(struct vi_watch *w, uint32_t events)
{
	struct vi_container *c = container_of(w, struct vi_container, oom);
	uint64_t kills = vi_cgroup_number(c, "memory.events", "oom_kill");
	char text[16];

	/* A file that kernfs notifies of is always ready until it is read from the start again. */
	if (pread(w->fd, text, sizeof(text), 0) < 0)
		vi_watch_stop(w);
	if (kills <= c->oom_kills)
		return;
	c->oom_kills = kills;
	vi_event(BERTH__AGENT__V1__EVENT__TYPE__OOM, c, NULL, 0);
}

static void watch_oom(struct vi_container *c)
{
	char text[512];

	c->oom.fd = openat(c->cgroup_fd, "memory.events", O_RDONLY | O_CLOEXEC);
	c->oom.ready = on_oom;
	if (c->oom.fd < 0)
		return;
	if (read(c->oom.fd, text, sizeof(text)) < 0 || vi_watch_set(&c->oom, EPOLLPRI) < 0) {
		close(c->oom.fd);
		c->oom.fd = -1;
	}
}

static void container_free(struct vi_container *c)
{
	list_remove(&c->link);
	vi_pause_end(c);
	while (!list_empty(&c->processes))
		process_free(list_entry(c->processes.next, struct vi_process, link));
	if (c->oom.fd >= 0) {
		vi_watch_stop(&c->oom);
		close(c->oom.fd);
	}
	vi_cgroup_remove(c);
	vi_spec_finish(&c->spec);
	free(c);
}

static int container_create(const char *id, const void *config, size_t len, struct vi_container **ret, struct err *e)
{
	struct vi_container *c;
	size_t n = 0;
	int rc;

	list_each(struct vi_container, other, &vi_containers, link)
		n++;
	if (n >= VI_CONTAINERS_MAX)
		return err_set(e, -EMFILE, "there are %zu containers already", n);
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_sys(e, -ENOMEM, "cannot make container '%s'", id);
	snprintf(c->id, sizeof(c->id), "%s", id);
	c->cgroup_fd = c->oom.fd = c->frozen.fd = -1;
	list_init(&c->pausers);
	list_init(&c->processes);
	list_init(&c->link);
	rc = vi_spec_parse(config, len, id, &c->spec, e);
	if (rc == 0)
		rc = vi_cgroup_make(c, e);
	if (rc < 0) {
		container_free(c);
		return err_wrap(e, rc, "container '%s'", id);
	}
	watch_oom(c);
	list_append(&vi_containers, &c->link);
	*ret = c;
	return 0;
}

static size_t count_processes(const struct vi_container *c)
{
	size_t n = 0;

	for (const struct list *l = c->processes.next; l != &c->processes; l = l->next)
		n++;
	return n;
}

int vi_process_create(const char *id, const char *container_id, const uint32_t port[VI_NSTDIO], const void *config,
		      size_t len, struct err *e)
{
	bool is_init = strcmp(id, container_id) == 0;
	struct vi_container *c = vi_container_find(container_id);
	struct vi_process *p;
	int rc;

	if (!*id || strlen(id) > VI_ID_MAX || strchr(id, '/'))
		return err_set(e, -EINVAL, "'%.64s' is not an id", id);
	if (is_init && c)
		return err_set(e, -EEXIST, "container '%s' is there already", id);
	if (!is_init && !c)
		return err_set(e, -ENOENT, "there is no container '%s'", container_id);
	if (!is_init && vi_process_find(id, container_id))
		return err_set(e, -EEXIST, "process '%s' is there already", id);
	if (!is_init && (!c->init || !c->init->started || c->init->exited))
		return err_set(e, -EBUSY, "container '%s' is not running", container_id);
	if (!is_init && c->paused)
		return err_set(e, -EBUSY, "container '%s' is paused", container_id);
	if (c && count_processes(c) >= VI_PROCESSES_MAX)
		return err_set(e, -EMFILE, "container '%s' has too many processes", container_id);
	p = process_new(id);
	if (!p)
		return err_sys(e, -ENOMEM, "cannot make process '%s'", id);
	rc = vi_process_spec_parse(config, len, &p->spec, e);
	if (rc == 0 && is_init)
		rc = container_create(id, config, len, &c, e);
	if (rc == 0 && c->spec.seccomp)
		rc = vi_filter_compile(c->spec.seccomp, &p->filter, e);
	if (rc < 0) {
		process_free(p);
		if (is_init && c && !c->init)
			container_free(c);
		return rc;
	}
	memcpy(p->port, port, sizeof(p->port));
	p->ctr = c;
	list_append(&c->processes, &p->link);
	if (is_init)
		c->init = p;
	return 0;
}

int vi_process_delete(struct vi_process *p, struct err *e)
{
	struct vi_container *c = p->ctr;

	if (p->starting || (p->started && !p->exited))
		return err_set(e, -EBUSY, "process '%s' is running", p->id);
	if (p != c->init)
		process_free(p);
	else
		container_free(c);
	return 0;
}

/* --- wait */

static void answer_wait(struct vi_process *p, struct rpc_call *call)
{
	Sandbox__WaitProcessResponse resp = SANDBOX__WAIT_PROCESS_RESPONSE__INIT;
	Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

	at.seconds = p->exited_ns / 1000000000;
	at.nanos = (int32_t)(p->exited_ns % 1000000000);
	resp.exitcode = p->exit_code;
	resp.exited_at = &at;
	rpc_call_reply(call, &resp.base);
}

static void check_drained(struct vi_process *p)
{
	if (!p->exited || p->draining || p->drained)
		return;
	p->drained = true;
	list_each(struct vi_waiter, w, &p->waiters, link) {
		list_remove(&w->link);
		answer_wait(p, w->call);
		free(w);
	}
}

static void on_waiter_gone(struct rpc_call *call)
{
	struct vi_waiter *w = rpc_call_context(call);

	list_remove(&w->link);
	free(w);
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
}

void vi_process_wait(struct vi_process *p, struct rpc_call *call)
{
	struct vi_waiter *w;

	if (p->drained) {
		answer_wait(p, call);
		return;
	}
	w = calloc(1, sizeof(*w));
	if (!w) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	w->call = call;
	rpc_call_set_context(call, w);
	rpc_call_on_cancel(call, on_waiter_gone);
	list_append(&p->waiters, &w->link);
}

static void on_drained(struct vi_stream *s)
{
	struct vi_process *p = s->arg;

	p->draining--;
	check_drained(p);
}

static void on_exited(struct vi_child *child, int status)
{
	struct vi_process *p = container_of(child, struct vi_process, child);
	struct vi_container *c = p->ctr;
	bool is_init = p == c->init;

	p->exited = true;
	p->exited_ns = clock_real_ns();
	p->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (!p->started)
		return; /* it never became the program: on_report tells */
	if (is_init)
		vi_pause_end(c);
	if (is_init)
		vi_cgroup_kill(c); /* those who joined its namespaces from outside */
	on_oom(&c->oom, 0);
	vi_event(BERTH__AGENT__V1__EVENT__TYPE__EXIT, c, p, p->exit_code);
	if (is_init)
		vi_event(BERTH__AGENT__V1__EVENT__TYPE__STOP, c, p, p->exit_code);
	vi_stream_close(&p->stream[VI_STDIN]);
	p->draining = 0;
	for (int i = VI_STDOUT; i < VI_NSTDIO; i++)
		if (p->stream[i].live) {
			p->stream[i].drained = on_drained;
			p->draining++;
		}
	for (int i = VI_STDOUT; i < VI_NSTDIO; i++)
		if (p->stream[i].live)
			vi_stream_drain(&p->stream[i]);
	check_drained(p);
}

/* --- start */

static int connect_streams(struct vi_process *p, struct err *e)
{
	for (int i = 0; i < VI_NSTDIO; i++) {
		int pair[2];
		bool in = i == VI_STDIN;

		if (!p->port[i] || (p->spec.terminal && i == VI_STDERR))
			continue;
		p->host_fds[i] = vi_net_connect(p->port[i], e);
		if (p->host_fds[i] < 0)
			return p->host_fds[i] == -ENOMEM ? -ENOMEM : -EHOSTUNREACH;
		if (p->spec.terminal)
			continue;
		if (pipe2(pair, O_CLOEXEC) < 0)
			return err_sys(e, -errno, "cannot make a pipe for process '%s'", p->id);
		p->child_fds[i] = pair[in ? 0 : 1];
		p->our_fds[i] = pair[in ? 1 : 0];
		fcntl(p->our_fds[i], F_SETPIPE_SZ, PIPE_BYTES);
		fcntl(p->our_fds[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

static void on_stream_end(struct vi_stream *s)
{
	/* Nothing: its descriptors are closed by itself. */
}

static void start_streams(struct vi_process *p)
{
	for (int i = 0; i < VI_NSTDIO; i++) {
		struct vi_stream *s = &p->stream[i];
		int ours, host = p->host_fds[i];

		if (p->child_fds[i] >= 0)
			close(TAKE_FD(p->child_fds[i]));
		if (host < 0)
			continue;
		ours = p->spec.terminal ? fcntl(p->pty, F_DUPFD_CLOEXEC, 3) : TAKE_FD(p->our_fds[i]);
		if (ours < 0)
			continue;
		p->host_fds[i] = -1;
		s->arg = p;
		s->ended = on_stream_end;
		s->copy = i == VI_STDIN || p->spec.terminal;
		if (i == VI_STDIN)
			vi_stream_start(s, host, ours);
		else
			vi_stream_start(s, ours, host);
	}
}

static void fail_start(struct vi_process *p, int rc, const struct err *e, bool of_exec)
{
	struct rpc_call *call = TAKE(p->start_call);

	p->starting = false;
	for (int i = 0; i < VI_NSTDIO; i++)
		for (int *fd = (int[]){ 0, 1, 2, -1 }; *fd >= 0; fd++) {
			int *at = *fd == 0 ? &p->child_fds[i] : *fd == 1 ? &p->host_fds[i] : &p->our_fds[i];

			if (*at >= 0)
				close(TAKE_FD(*at));
		}
	/* It counts as ended: 127 or 126 as a shell would have it, 125 for us. */
	p->exited = true;
	p->exited_ns = clock_real_ns();
	p->exit_code = !of_exec ? 125 : rc == -ENOENT || rc == -ENOTDIR ? 127 : 126;
	check_drained(p);
	if (!call)
		return;
	if (of_exec)
		rpc_call_fail(call, rc == -ENOENT || rc == -ENOTDIR ? RPC_NOT_FOUND : RPC_PERMISSION_DENIED, "%s",
			      e->text);
	else if (rc == -EHOSTUNREACH)
		rpc_call_fail(call, RPC_UNAVAILABLE, "start process '%s': %s", p->id, e->text);
	else if (rc == -EINVAL || rc == -EBUSY)
		rpc_call_fail(call, rc == -EINVAL ? RPC_INVALID_ARGUMENT : RPC_FAILED_PRECONDITION,
			      "start process '%s': %s", p->id, e->text);
	else
		rpc_call_fail(call, RPC_INTERNAL, "start process '%s': %s", p->id, e->text);
}

static void succeed(struct vi_process *p)
{
	Sandbox__StartProcessResponse resp = SANDBOX__START_PROCESS_RESPONSE__INIT;
	struct rpc_call *call = TAKE(p->start_call);
	bool is_init = p == p->ctr->init;

	p->starting = false;
	p->started = true;
	start_streams(p);
	vi_event(is_init ? BERTH__AGENT__V1__EVENT__TYPE__START : BERTH__AGENT__V1__EVENT__TYPE__EXEC, p->ctr, p, 0);
	resp.pid = p->pid;
	if (call)
		rpc_call_reply(call, &resp.base);
	/* Quicker than our reading of its report. */
	if (p->exited) {
		int status = p->exit_code >= 128 ? p->exit_code - 128 : p->exit_code << 8;

		on_exited(&p->child, status);
	}
}

static ssize_t receive(int sock, struct vi_report *r, int *ret_fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { r, sizeof(*r) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;

	*ret_fd = -1;
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	return n;
}

static void on_helper_exited(struct vi_child *c, int status)
{
}

/* What the child says on its way; the end of the socket is its exec. */
static void on_report(struct vi_watch *w, uint32_t events)
{
	struct vi_process *p = container_of(w, struct vi_process, report);
	struct vi_report r;
	struct err e = { 0 };
	ssize_t n;
	int fd;

	while ((n = receive(w->fd, &r, &fd)) > 0) {
		r.text[sizeof(r.text) - 1] = 0;
		if (r.kind == VI_REPORT_PTY && fd >= 0) {
			fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
			p->pty = fd;
		} else if (r.kind == VI_REPORT_PID) {
			p->pid = r.value;
			vi_child_adopt(&p->child, p->pid, on_exited);
		} else if (r.kind == VI_REPORT_FAILED || r.kind == VI_REPORT_EXEC_FAILED) {
			err_set(&p->fail, r.value, "%s", r.text);
			p->fail_exec = r.kind == VI_REPORT_EXEC_FAILED;
		}
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	vi_watch_stop(w);
	close(TAKE_FD(w->fd));
	if (p->fail.code)
		fail_start(p, p->fail.code, &p->fail, p->fail_exec);
	else if (!p->pid || (p->spec.terminal && p->pty < 0) || (p->exited && !p->started && p->exit_code == 137))
		fail_start(p, err_set(&e, -EIO, "it was killed before it ran"), &e, false);
	else
		succeed(p);
}

static pid_t clone_child(struct vi_process *p, bool is_init)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
			set_tid_size, cgroup;
	} args = { .flags = CLONE_PIDFD | CLONE_INTO_CGROUP, .pidfd = (uint64_t)(uintptr_t)&p->pidfd,
		   .exit_signal = SIGCHLD, .cgroup = (uint64_t)p->ctr->cgroup_fd };
	const struct vi_spec *s = &p->ctr->spec;

	for (size_t i = 0; is_init && i < s->nns; i++)
		if (!s->ns[i].path && s->ns[i].flag != CLONE_NEWCGROUP)
			args.flags |= (uint64_t)s->ns[i].flag;
	if (is_init)
		args.flags |= CLONE_NEWNS;
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

void vi_process_start(struct vi_process *p, struct rpc_call *call)
{
	bool is_init = p == p->ctr->init;
	struct err e = { 0 };
	int sock[2], rc;
	pid_t pid;

	if (p->starting || p->started || p->exited) {
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "process '%s' was started already", p->id);
		return;
	}
	if (!is_init && (!p->ctr->init->started || p->ctr->init->exited)) {
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "container '%s' is not running", p->ctr->id);
		return;
	}
	if (p->ctr->paused) {
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "container '%s' is paused", p->ctr->id);
		return;
	}
	p->starting = true;
	p->start_call = call;
	rc = connect_streams(p, &e);
	if (rc == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		rc = err_sys(&e, -errno, "cannot make a socket");
	if (rc < 0) {
		fail_start(p, rc, &e, false);
		return;
	}
	pid = clone_child(p, is_init);
	if (pid == 0) {
		close(sock[0]);
		if (is_init)
			vi_child_init(p, sock[1]);
		vi_child_exec(p, sock[1]);
	}
	close(sock[1]);
	if (pid < 0) {
		rc = err_sys(&e, -errno, "cannot make a process");
		close(sock[0]);
		fail_start(p, rc, &e, false);
		return;
	}
	if (is_init) {
		p->pid = pid;
		vi_child_add(&p->child, pid, on_exited);
	} else {
		vi_child_add(&p->helper, pid, on_helper_exited);
	}
	p->report.fd = sock[0];
	p->report.ready = on_report;
	rc = vi_watch_set(&p->report, EPOLLIN);
	if (rc < 0)
		log_error("cannot watch process '%s'", p->id);
}

/* --- while it runs */

int vi_process_kill(struct vi_process *p, int sig, struct err *e)
{
	if (sig < 0 || sig > 64)
		return err_set(e, -EINVAL, "%d is not a signal", sig);
	if (!p->started || p->exited)
		return err_set(e, -EBUSY, "process '%s' is not running", p->id);
	if (p == p->ctr->init && sig == SIGKILL)
		vi_cgroup_kill(p->ctr);
	if (kill(p->pid, sig) < 0 && errno != ESRCH)
		return err_sys(e, -errno, "cannot signal process '%s'", p->id);
	return 0;
}

int vi_process_resize(struct vi_process *p, unsigned rows, unsigned cols, struct err *e)
{
	struct winsize w = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

	if (rows > USHRT_MAX || cols > USHRT_MAX)
		return err_set(e, -EINVAL, "%u x %u is not the size of a terminal", rows, cols);
	if (!p->spec.terminal)
		return err_set(e, -EBUSY, "process '%s' has no terminal", p->id);
	if (p->pty < 0)
		return err_set(e, -EBUSY, "process '%s' is not running", p->id);
	return ioctl(p->pty, TIOCSWINSZ, &w) < 0 ? err_sys(e, -errno, "cannot resize process '%s'", p->id) : 0;
}

void vi_process_close_stdin(struct vi_process *p)
{
	vi_stream_close(&p->stream[VI_STDIN]);
}

void vi_containers_kill(void)
{
	list_each(struct vi_container, c, &vi_containers, link)
		vi_cgroup_kill(c);
}
