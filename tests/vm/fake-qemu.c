/* SPDX-License-Identifier: Apache-2.0 */
/* fake-qemu.c - stands in for QEMU in tests of the machine: takes its command line, speaks QMP and
 * vhost-user on the descriptors named there, and plays what the environment asks for.
 *
 * FAKE_PLAN: words of "kvm=…,tcg=…", each a list of steps parted by '+', played in order once QMP is up:
 *   ready@MS       the guest calls host port 1023, MS ms after the start
 *   exit@MS:CODE   ends        abort@MS   ends by a signal
 *   stop@MS:STATUS stops with that status; after "cont" it runs again
 *   say@MS:TEXT    a line on the console
 *   late@MS        ends with code 3 after a word on when its ready notice went out
 *   mute           QMP is never greeted
 *   real           the real QEMU runs, with TCG whatever was asked for (real-qemu.c)
 * MS count from when the process was made. It ends by itself when its sockets close or QMP says quit. The first disk gets a line for each start and
 * command: a file that it may write however it is confined. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"
#include "real-qemu.h"
#include "vm/vhost-user.h"

#define MEM_FD_SIZE DRIVER_MEM

static int qmp = -1, vsock = -1, console = -1, log_fd = -1;
static int kick[2], call[2];
static struct driver d;
static char status[32] = "running";
static int64_t start_ms;
static int ready_ms;

static int64_t boot_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* When this process was made, to 10 ms: what it waited for a CPU since then counts. proc(5): field 22 of
 * stat, in ticks since the boot. */
static int64_t made_ms(void)
{
	char text[1024] = "", *p;
	FILE *f = fopen("/proc/self/stat", "re");
	unsigned long long ticks = 0;

	if (f && fgets(text, sizeof(text), f) && (p = strrchr(text, ')')))
		sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		       &ticks);
	if (f)
		fclose(f);
	return ticks ? (int64_t)(ticks * 1000 / (unsigned long long)sysconf(_SC_CLK_TCK)) : boot_ms();
}

static int ms_since_start(void)
{
	return (int)(boot_ms() - start_ms);
}

static void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (log_fd >= 0)
		vdprintf(log_fd, fmt, ap);
	va_end(ap);
}

static void die(const char *what)
{
	fprintf(stderr, "fake-qemu: %s\n", what);
	exit(1);
}

/* ---- vhost-user: QEMU's side */

static void vhost_send(uint32_t request, const void *payload, uint32_t size, const int *fds, unsigned nfds)
{
	uint8_t p[12 + 512];
	uint32_t flags = 1;
	union {
		char buf[CMSG_SPACE(sizeof(int) * 8)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { p, 12 + size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	memcpy(p, &request, 4);
	memcpy(p + 4, &flags, 4);
	memcpy(p + 8, &size, 4);
	if (size)
		memcpy(p + 12, payload, size);
	if (nfds) {
		struct cmsghdr *c = (struct cmsghdr *)control.buf;

		m.msg_control = control.buf;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
	}
	if (sendmsg(vsock, &m, MSG_NOSIGNAL) != (ssize_t)iov.iov_len)
		die("vhost-user send");
}

static uint64_t vhost_ask(uint32_t request, uint32_t reply_size)
{
	uint8_t p[12 + 64];
	size_t got = 0;
	uint64_t v;

	vhost_send(request, NULL, 0, NULL, 0);
	while (got < 12 + reply_size) {
		struct pollfd pf = { .fd = vsock, .events = POLLIN };
		ssize_t r;

		poll(&pf, 1, 5000);
		r = recv(vsock, p + got, 12 + reply_size - got, 0);
		if (r <= 0)
			die("vhost-user reply");
		got += (size_t)r;
	}
	memcpy(&v, p + 12, 8);
	return v;
}

/* Memory in a sealed memfd, as QEMU has it, with the driver's rings in it. */
static void vhost_up(void)
{
	int fd = memfd_create("ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint64_t table[5] = { 1, DRIVER_GPA, DRIVER_MEM, DRIVER_UVA, 0 };
	uint64_t features = vhost_ask(VHOST_GET_FEATURES, 8);
	uint64_t keep = VHOST_F_VERSION_1 | VHOST_F_PROTOCOL_FEATURES;
	void *p;

	if (!(features & VHOST_F_EVENT_IDX) || ftruncate(fd, MEM_FD_SIZE) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		die("vhost-user features");
	driver_init(&d, false);
	p = mmap(NULL, MEM_FD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memcpy(p, d.mem, MEM_FD_SIZE);
	munmap(d.mem, DRIVER_MEM);
	d.mem = p;
	driver_post(&d, 16);
	vhost_send(VHOST_SET_FEATURES, &keep, 8, NULL, 0);
	vhost_send(VHOST_SET_MEM_TABLE, table, sizeof(table), &fd, 1);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t num[2] = { i, DRIVER_ENTRIES }, base[2] = { i, 0 }, on[2] = { i, 1 };
		uint64_t index = i;
		struct {
			uint32_t index, flags;
			uint64_t desc, used, avail, log;
		} addr = { i, 0, DRIVER_UVA + d.ring[i].desc, DRIVER_UVA + d.ring[i].used,
			   DRIVER_UVA + d.ring[i].avail, 0 };

		kick[i] = eventfd(0, EFD_CLOEXEC);
		call[i] = eventfd(0, EFD_CLOEXEC);
		vhost_send(VHOST_SET_VRING_NUM, num, 8, NULL, 0);
		vhost_send(VHOST_SET_VRING_BASE, base, 8, NULL, 0);
		vhost_send(VHOST_SET_VRING_ADDR, &addr, 40, NULL, 0);
		vhost_send(VHOST_SET_VRING_KICK, &index, 8, &kick[i], 1);
		vhost_send(VHOST_SET_VRING_CALL, &index, 8, &call[i], 1);
		vhost_send(VHOST_SET_VRING_ENABLE, on, 8, NULL, 0);
	}
}

static void call_ready_port(void)
{
	struct vsock_packet k = { .op = VSOCK_OP_REQUEST, .hport = 1023, .gport = 5000 };

	vhost_up();
	driver_send(&d, &k, NULL, 0, 0);
	eventfd_write(kick[1], 1);
}

/* ---- QMP: QEMU's side */

static void __attribute__((format(printf, 1, 2))) tell(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (send(qmp, line, (size_t)n, MSG_NOSIGNAL) != n)
		exit(0);
}

static void command(const char *line)
{
	const char *id = strstr(line, "\"id\":"), *name = strstr(line, "\"execute\":\"");
	int n = id ? atoi(id + 5) : 0;

	if (!name)
		die("QMP command");
	name += 11;
	note("command %.*s\n", (int)strcspn(name, "\""), name);
	if (strncmp(name, "query-status", 12) == 0) {
		tell("{\"return\": {\"status\": \"%s\", \"singlestep\": false, \"running\": %s}, \"id\": %d}\r\n", status,
		     strcmp(status, "running") == 0 ? "true" : "false", n);
		return;
	}
	tell("{\"return\": {}, \"id\": %d}\r\n", n);
	if (strncmp(name, "cont", 4) == 0 && strcmp(status, "running") != 0) {
		strcpy(status, "running");
		tell("{\"event\": \"RESUME\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\r\n");
	}
	if (strncmp(name, "quit", 4) == 0)
		exit(0);
}

static void on_qmp(void)
{
	static char in[4096];
	static size_t len;
	ssize_t r = recv(qmp, in + len, sizeof(in) - 1 - len, MSG_DONTWAIT);
	char *nl;

	if (r < 0 && errno == EAGAIN)
		return;
	if (r <= 0)
		exit(0);
	len += (size_t)r;
	in[len] = 0;
	while ((nl = strchr(in, '\n'))) {
		*nl = 0;
		command(in);
		len -= (size_t)(nl + 1 - in);
		memmove(in, nl + 1, len + 1);
	}
}

/* ---- the plan */

static void play(char *step)
{
	char *arg = strchr(step, ':');

	if (arg)
		*arg++ = 0;
	if (strncmp(step, "ready", 5) == 0) {
		call_ready_port();
		ready_ms = ms_since_start();
	} else if (strncmp(step, "late", 4) == 0) {
		fprintf(stderr, "ready after %d ms\n", ready_ms);
		exit(3);
	} else if (strncmp(step, "exit", 4) == 0) {
		exit(arg ? atoi(arg) : 0);
	} else if (strncmp(step, "abort", 5) == 0) {
		signal(SIGABRT, SIG_DFL);
		abort();
	} else if (strncmp(step, "stop", 4) == 0) {
		snprintf(status, sizeof(status), "%s", arg ? arg : "paused");
		tell("{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 2}}\r\n");
	} else if (strncmp(step, "say", 3) == 0) {
		dprintf(console, "%s\n", arg ? arg : "");
	}
}

/* The descriptor of -chardev socket,id=NAME,fd=N. */
static int fd_of(int argc, char **argv, const char *name)
{
	char start_of[64];

	snprintf(start_of, sizeof(start_of), "socket,id=%s,fd=", name);
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], start_of, strlen(start_of)) == 0)
			return atoi(argv[i] + strlen(start_of));
	die("command line");
	return -1;
}

static const char *value_of(int argc, char **argv, const char *option)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return argv[i + 1];
	return "";
}

/* The steps for this accelerator, to be cut up. */
static char *plan_for(const char *accel)
{
	char *plan = strdup(getenv("FAKE_PLAN") ? getenv("FAKE_PLAN") : ""), *save, *word;
	size_t n = strlen(accel);

	for (word = strtok_r(plan, ",", &save); word; word = strtok_r(NULL, ",", &save))
		if (strncmp(word, accel, n) == 0 && word[n] == '=')
			return word + n + 1;
	return strdup("");
}

int main(int argc, char **argv)
{
	const char *accel = value_of(argc, argv, "-accel");
	char *save = NULL, *plan = plan_for(accel), *step;

	start_ms = made_ms();
	if (sscanf(value_of(argc, argv, "-add-fd"), "fd=%d", &log_fd) != 1)
		log_fd = -1;
	note("start %s\n", accel);
	qmp = fd_of(argc, argv, "qmp");
	vsock = fd_of(argc, argv, "vsock");
	console = fd_of(argc, argv, "console");
	step = strtok_r(plan, "+", &save);
	if (step && strcmp(step, "real") == 0)
		return real_qemu(argc, argv, qmp);
	if (step && strcmp(step, "mute") == 0)
		step = strtok_r(NULL, "+", &save);
	else
		tell("{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n");
	for (;;) {
		char *at = step ? strchr(step, '@') : NULL;
		int wait = step ? (at ? atoi(at + 1) : 0) - ms_since_start() : -1;
		struct pollfd pf = { .fd = qmp, .events = POLLIN };

		if (step && wait <= 0) {
			play(step);
			step = strtok_r(NULL, "+", &save);
			continue;
		}
		if (poll(&pf, 1, wait) > 0)
			on_qmp();
	}
}
