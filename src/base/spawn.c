/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.c - child processes over clone, execve and pidfd. */
#include "base/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fault.h"
#include "base/file.h"

#define SPAWN_FD_MAX 64
#define STACK_SIZE (64u << 10)

#ifdef __SANITIZE_ADDRESS__
#define SHARE_MEMORY false /* it knows the stacks that it made alone */
#else
#define SHARE_MEMORY true
#endif

/* What a new process is told. */
struct start {
	const struct spawn *spawn;
	int report; /* a pipe: -errno if it does not come to exec */
	pid_t parent;
	uint8_t *stacks; /* of two processes that share our memory; NULL: each has a copy */
};

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void fail(int report, int code)
{
	if (write(report, &code, sizeof(code)) < 0)
		_exit(127);
	_exit(127);
}

/* Puts every descriptor on its number. First all out of the way, above every target, then in place. */
static int place_fds(const struct spawn *s, int *report)
{
	int high[SPAWN_FD_MAX], base = 3, fl;

	for (size_t i = 0; i < s->nfds; i++)
		base = s->fds[i].target >= base ? s->fds[i].target + 1 : base;
	fl = fcntl(*report, F_DUPFD_CLOEXEC, base);
	if (fl < 0)
		return -errno;
	*report = fl;
	for (size_t i = 0; i < s->nfds; i++) {
		high[i] = fcntl(s->fds[i].fd, F_DUPFD_CLOEXEC, base);
		if (high[i] < 0)
			return -errno;
	}
	for (int fd = 0; fd < 3; fd++) {
		int null = open("/dev/null", O_RDWR);

		if (null < 0 || (null != fd && dup2(null, fd) < 0))
			return -errno;
		if (null != fd)
			close(null);
	}
	for (size_t i = 0; i < s->nfds; i++)
		if (dup2(high[i], s->fds[i].target) < 0)
			return -errno;
	/* All that was not named goes at exec. */
	if (syscall(SYS_close_range, 3, UINT_MAX, 4 /* CLOSE_RANGE_CLOEXEC */) < 0)
		return -errno;
	for (size_t i = 0; i < s->nfds; i++)
		if (fcntl(s->fds[i].target, F_SETFD, 0) < 0)
			return -errno;
	return 0;
}

static void become(const struct start *st)
{
	const struct spawn *s = st->spawn;
	int report = st->report, rc;
	sigset_t none;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	rc = place_fds(s, &report);
	if (rc < 0)
		fail(report, rc);
	if (s->cwd && chdir(s->cwd) < 0)
		fail(report, -errno);
	if (s->prepare && (rc = s->prepare(s->prepare_arg)) < 0)
		fail(report, rc);
	if (s->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail(report, -errno);
	if (s->die_with_parent && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != st->parent))
		fail(report, -ESRCH);
	execvpe(s->file, (char *const *)s->argv, (char *const *)(s->envp ? s->envp : (const char *const *)environ));
	fail(report, -errno);
}

static int child(void *arg)
{
	become(arg);
	return 0;
}

/* A process that runs fn. If it shares our memory, which is much quicker than a copy of it, this thread waits until it
 * has come to exec or its end. */
static pid_t start_process(int (*fn)(void *arg), struct start *st, size_t stack)
{
	if (st->stacks)
		return clone(fn, st->stacks + (stack + 1) * STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, st);
	pid_t pid = fork();
	if (pid == 0)
		fn(st);
	return pid;
}

static int leader(void *arg)
{
	struct start *st = arg;

	if (st->spawn->new_session && setsid() < 0)
		fail(st->report, -errno);
	if (!st->spawn->orphan)
		become(st);
	if (start_process(child, st, 1) < 0)
		fail(st->report, -errno);
	_exit(0);
}

/* No signal is to find the new process with our handlers and our memory. */
static pid_t start_leader(struct start *st)
{
	void *stacks = st->spawn->prepare || !SHARE_MEMORY ?
			       MAP_FAILED :
			       mmap(NULL, 2 * STACK_SIZE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	sigset_t all, old;

	st->stacks = stacks == MAP_FAILED ? NULL : stacks;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid_t pid = start_process(leader, st, 0);
	int code = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (st->stacks)
		munmap(st->stacks, 2 * STACK_SIZE);
	errno = code;
	return pid;
}

int spawn_start(const struct spawn *s, pid_t *ret_pid, int *ret_pidfd, struct err *e)
{
	AUTO_CLOSE int out = -1;
	AUTO_CLOSE int in = -1;
	AUTO_CLOSE int pidfd = -1;
	int p[2], code = 0;
	struct start st = { .spawn = s, .parent = getpid() };
	pid_t pid;
	ssize_t r;

	if (s->nfds > SPAWN_FD_MAX)
		return err_set(e, -E2BIG, "cannot start '%s': too many descriptors", s->file);
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, -errno, "cannot start '%s'", s->file);
	out = p[0];
	in = p[1];
	code = fault_at(FAULT_SPAWN);
	if (code < 0)
		return err_sys(e, code, "cannot start '%s'", s->file);
	st.report = in;
	pid = start_leader(&st);
	if (pid < 0)
		return err_sys(e, -errno, "cannot start '%s'", s->file);
	if (!s->orphan && (pidfd = (int)syscall(SYS_pidfd_open, pid, 0)) < 0) {
		code = -errno;
		kill(pid, SIGKILL);
	}
	close(TAKE_FD(in));
	r = file_read_full(out, &code, sizeof(code));
	if (s->orphan || r == sizeof(code) || code < 0)
		reap(pid);
	if (r == sizeof(code) || code < 0)
		return err_sys(e, code, "cannot start '%s'", s->file);
	if (s->orphan)
		return 0;
	*ret_pid = pid;
	*ret_pidfd = TAKE_FD(pidfd);
	return 0;
}

void spawn_end(pid_t pid, int pidfd)
{
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	reap(pid);
	close(pidfd);
}

static void on_closed(uv_handle_t *h)
{
	struct spawn_child *c = container_of((uv_poll_t *)h, struct spawn_child, poll);

	c->pid = 0;
	c->exited(c, c->status);
}

static void on_exit_ready(uv_poll_t *h, int status, int events)
{
	struct spawn_child *c = container_of(h, struct spawn_child, poll);
	pid_t r = waitpid(c->pid, &c->status, WNOHANG);

	if (r == 0)
		return;
	if (r < 0)
		c->status = 0;
	uv_poll_stop(&c->poll);
	close(c->pidfd);
	c->pidfd = -1;
	uv_close((uv_handle_t *)&c->poll, on_closed);
}

int spawn_watch(struct spawn_child *c, uv_loop_t *loop, pid_t pid, int pidfd,
		void (*exited)(struct spawn_child *c, int status))
{
	int rc = uv_poll_init(loop, &c->poll, pidfd);

	if (rc < 0)
		return rc;
	c->pid = pid;
	c->pidfd = pidfd;
	c->exited = exited;
	return uv_poll_start(&c->poll, UV_READABLE, on_exit_ready);
}

int spawn_kill(struct spawn_child *c, int sig)
{
	if (!c->pid || c->pidfd < 0)
		return -ESRCH;
	return syscall(SYS_pidfd_send_signal, c->pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}
