/* SPDX-License-Identifier: Apache-2.0 */
/* real-qemu.c - the real QEMU behind the fake one. */
#include "real-qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_ID "\"id\": 987654"
#define STOP "{\"execute\": \"stop\", " OWN_ID "}\n"
#define TCG_CPU "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+arat"
#define LINE_MAX_ 65536

static volatile sig_atomic_t full, told = 1;

struct side {
	int fd;
	char buf[LINE_MAX_];
	size_t len;
};

static void fail(const char *what)
{
	fprintf(stderr, "fake-qemu: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void on_signal(int sig)
{
	full = sig == SIGUSR1;
	told = 0;
}

/* The program at the end of this one, in memory. */
static int unpack(void)
{
	const char *at = getenv("FAKE_REAL_AT");
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), fd = memfd_create("qemu", MFD_CLOEXEC);
	off_t off = at ? atoll(at) : 0;
	struct stat st;

	if (!off || self < 0 || fd < 0 || fstat(self, &st) < 0)
		fail("no real QEMU");
	while (off < st.st_size)
		if (sendfile(fd, self, &off, (size_t)(st.st_size - off)) <= 0)
			fail("cannot copy the real QEMU");
	close(self);
	return fd;
}

/* The command line, under TCG; from a memfd QEMU does not find its ROMs by itself. */
static char **words(int argc, char **argv)
{
	static const char *const roms[] = { "-L", "/usr/share/qemu", "-L", "/usr/share/seabios" };
	char **v = calloc((size_t)argc + 5, sizeof(*v));

	memcpy(v, argv, (size_t)argc * sizeof(*v));
	memcpy(v + argc, roms, sizeof(roms));
	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "-accel") == 0)
			v[i + 1] = strdup("tcg");
		else if (strcmp(argv[i], "-cpu") == 0)
			v[i + 1] = strdup(TCG_CPU);
	}
	return v;
}

static void send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w < 0 && errno == EAGAIN) {
			struct pollfd pf = { .fd = fd, .events = POLLOUT };

			poll(&pf, 1, -1);
			continue;
		}
		if (w <= 0)
			return;
		p += w;
		n -= (size_t)w;
	}
}

/* A line of QEMU's for the shim: who stopped it is not told as it is. */
static void from_qemu(char *line, size_t n, int qmp)
{
	static const char was[] = "\"status\": \"paused\"", is[] = "\"status\": \"io-error\"";
	char *at;

	if (strstr(line, OWN_ID))
		return;
	at = strstr(line, was);
	if (!at) {
		send_all(qmp, line, n);
		return;
	}
	send_all(qmp, line, (size_t)(at - line));
	send_all(qmp, is, strlen(is));
	send_all(qmp, at + strlen(was), strlen(at + strlen(was)));
}

static void from_shim(char *line, size_t n, int real)
{
	send_all(real, line, n);
	if (full && strstr(line, "\"cont\""))
		send_all(real, STOP, strlen(STOP));
}

/* Passes whole lines on. false: the other side is gone. */
static bool pass(struct side *from, int to, void (*line)(char *line, size_t n, int to))
{
	ssize_t r = recv(from->fd, from->buf + from->len, sizeof(from->buf) - 1 - from->len, MSG_DONTWAIT);
	char *nl;

	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (r <= 0)
		return false;
	from->len += (size_t)r;
	from->buf[from->len] = 0;
	while ((nl = strchr(from->buf, '\n'))) {
		size_t n = (size_t)(nl + 1 - from->buf);
		char *copy = strndup(from->buf, n);

		line(copy, n, to);
		free(copy);
		from->len -= n;
		memmove(from->buf, nl + 1, from->len + 1);
	}
	return true;
}

static pid_t start(int argc, char **argv, int qmp, int pair[2])
{
	pid_t pid, parent = getpid();
	int fd = unpack();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		fail("socketpair");
	pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		char **v = words(argc, argv);

		dup2(pair[1], qmp); /* the number that its command line has */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			fexecve(fd, v, environ);
		_exit(126);
	}
	close(fd);
	close(pair[1]);
	return pid;
}

int real_qemu(int argc, char **argv, int qmp)
{
	static struct side shim, real;
	struct sigaction act = { .sa_handler = on_signal };
	int pair[2], status;
	sigset_t usr, old;
	pid_t pid;

	sigemptyset(&usr);
	sigaddset(&usr, SIGUSR1);
	sigaddset(&usr, SIGUSR2);
	pid = start(argc, argv, qmp, pair);
	sigprocmask(SIG_BLOCK, &usr, &old);
	sigaction(SIGUSR1, &act, NULL);
	sigaction(SIGUSR2, &act, NULL);
	shim.fd = qmp;
	real.fd = pair[0];
	for (;;) {
		struct pollfd pf[2] = { { .fd = shim.fd, .events = POLLIN }, { .fd = real.fd, .events = POLLIN } };

		if (ppoll(pf, 2, NULL, &old) < 0 && errno != EINTR)
			fail("poll");
		if (!told && full)
			send_all(real.fd, STOP, strlen(STOP));
		told = 1;
		if (!pass(&real, shim.fd, from_qemu))
			break;
		if (!pass(&shim, real.fd, from_shim)) {
			kill(pid, SIGKILL);
			break;
		}
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
