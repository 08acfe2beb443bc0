/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - vminitd: PID 1 of the VM. Mounts what every program expects, serves, tells the host. With
 * --listen unix:PATH (tests) it serves there and leaves the system as it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "forward.h"
#include "loop.h"
#include "net.h"
#include "netif.h"
#include "serve.h"

extern int64_t vi_ready_ns; /* methods.c: when it served, since the kernel began */

static const struct {
	const char *type, *path;
	unsigned long flags;
	const char *data;
} mounts[] = {
	{ "devtmpfs", "/dev", MS_NOSUID, "mode=755" },
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666" },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777" },
	{ "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755" },
	{ "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777" },
};

static void mount_all(void)
{
	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		mkdir(mounts[i].path, 0755);
		if (mount(mounts[i].type, mounts[i].path, mounts[i].type, mounts[i].flags, mounts[i].data) < 0 &&
		    errno != EBUSY)
			log_error("cannot mount %s: %s", mounts[i].path, err_str(errno));
	}
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR);
	for (int i = 0; i < 3; i++)
		if (fd >= 0 && fd != i)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* The kernel's first root can be left by nobody, and so no container could pivot away from it: a tmpfs on top
 * of it is the root from here on. */
static void move_root(void)
{
	mkdir("/root", 0755);
	if (mount("tmpfs", "/root", "tmpfs", 0, "mode=755,size=16m") < 0 || chdir("/root") < 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		log_error("cannot move the root: %s", err_str(errno));
}

static void raise_limits(void)
{
	struct rlimit files = { 1 << 16, 1 << 20 };

	setrlimit(RLIMIT_NOFILE, &files);
}

static int tell_ready(void)
{
	struct err e = { 0 };
	char line[64];
	int fd = vi_net_connect(VI_PORT_READY, &e), n;

	if (fd < 0) {
		log_error("%s", e.text);
		return fd;
	}
	n = snprintf(line, sizeof(line), "berth-agent %s 1\n", PACKAGE_VERSION);
	if (write(fd, line, (size_t)n) != n)
		log_error("cannot tell the host that the agent is ready");
	return 0; /* kept open: the sign of life */
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	bool test = argc == 3 && strcmp(argv[1], "--listen") == 0 && strncmp(argv[2], "unix:", 5) == 0;
	int rc;

	log_open(2, "vminitd");
	log_set_level(LOG_LEVEL_WARN);
	if (!test && argc > 1 && getpid() != 1) {
		fprintf(stderr, "usage: vminitd [--listen unix:PATH]\n");
		return 2;
	}
	if (test) {
		vi_net_use_unix(argv[2] + 5);
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	} else {
		move_root();
		mount_all();
		open_console();
	}
	umask(022);
	raise_limits();
	rc = vi_loop_init();
	if (rc == 0 && !test && vi_netif_init(&e) < 0)
		log_error("%s", e.text);
	if (rc == 0)
		rc = vi_serve_start(&e);
	if (rc == 0)
		rc = vi_forward_start(&e);
	if (rc < 0)
		log_error("cannot serve: %s", e.text);
	vi_ready_ns = clock_mono_ns();
	if (!test)
		tell_ready();
	vi_loop_run();
	return 1;
}
