/* SPDX-License-Identifier: Apache-2.0 */
/* share.c - files and folders of the host in the VM. */
#include "vm/share.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "base/sock.h"
#include "base/spawn.h"

#define SHARE_DIR "share"
#define SOCKET_NAME "share.sock"

static const char *const servers[] = { "/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd" };

/* ---- the plan */

/* A mount point of the source's kind. */
static int make_point(const char *target, bool is_dir, struct err *e)
{
	int fd;

	if (is_dir) {
		if (mkdir(target, 0700) < 0 && errno != EEXIST)
			return err_sys(e, -errno, "cannot make mount point '%s'", target);
		return 0;
	}
	fd = open(target, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, -errno, "cannot make mount point '%s'", target);
	close(fd);
	return 0;
}

static int plan_bind(struct share_plan *p, size_t i, const struct vm_bind *b, struct err *e)
{
	struct stat st;

	if (b->source[0] != '/')
		return err_set(e, -EINVAL, "cannot share '%s': the path is not absolute", b->source);
	if (stat(b->source, &st) < 0)
		return err_sys(e, -errno, "cannot share '%s'", b->source);
	p->bind[i].source = strdup(b->source);
	p->bind[i].target = path_fmt("%s/%zu", p->dir, i);
	p->bind[i].readonly = b->readonly;
	p->n = i + 1;
	if (!p->bind[i].source || !p->bind[i].target)
		return err_sys(e, -ENOMEM, "cannot share '%s'", b->source);
	return make_point(p->bind[i].target, S_ISDIR(st.st_mode), e);
}

int share_plan_init(struct share_plan *p, int run_dirfd, const struct vm_bind *binds, size_t n, struct err *e)
{
	struct share_plan plan AUTO(share_plan_finish) = { .userns = geteuid() != 0 };
	char run_dir[PATH_MAX], link[32];
	ssize_t len;
	int rc;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", run_dirfd);
	len = readlink(link, run_dir, sizeof(run_dir) - 1);
	if (len < 0)
		return err_sys(e, -errno, "cannot share files");
	run_dir[len] = 0;
	plan.dir = path_join(run_dir, SHARE_DIR);
	plan.bind = calloc(n, sizeof(*plan.bind));
	if (!plan.dir || !plan.bind)
		return err_sys(e, -ENOMEM, "cannot share files");
	if (mkdir(plan.dir, 0755) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "cannot make folder '%s'", plan.dir);
	for (size_t i = 0; i < n; i++) {
		rc = plan_bind(&plan, i, &binds[i], e);
		if (rc < 0)
			return rc;
	}
	snprintf(plan.uid_map, sizeof(plan.uid_map), "0 %u 1\n", (unsigned)geteuid());
	snprintf(plan.gid_map, sizeof(plan.gid_map), "0 %u 1\n", (unsigned)getegid());
	*p = plan;
	plan = (struct share_plan){ 0 };
	return 0;
}

void share_plan_finish(struct share_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->bind[i].source);
		free(p->bind[i].target);
	}
	free(p->bind);
	free(p->dir);
	*p = (struct share_plan){ 0 };
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

static int enter_userns(const struct share_plan *p)
{
	int rc;

	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	/* The files of a process that must not be dumped belong to root. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return -errno;
	rc = put("/proc/self/setgroups", "deny");
	if (rc == 0)
		rc = put("/proc/self/uid_map", p->uid_map);
	if (rc == 0)
		rc = put("/proc/self/gid_map", p->gid_map);
	return rc;
}

/* In a user namespace a remount must keep the flags that the mount came with. */
static unsigned long locked_flags(const char *path)
{
	static const struct {
		unsigned long st, ms;
	} flags[] = { { ST_NOSUID, MS_NOSUID },   { ST_NODEV, MS_NODEV },       { ST_NOEXEC, MS_NOEXEC },
		      { ST_NOATIME, MS_NOATIME }, { ST_RELATIME, MS_RELATIME }, { ST_NODIRATIME, MS_NODIRATIME },
		      { ST_RDONLY, MS_RDONLY } };
	unsigned long ret = 0;
	struct statvfs v;

	if (statvfs(path, &v) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (v.f_flag & flags[i].st)
			ret |= flags[i].ms;
	return ret;
}

int share_plan_enter(const struct share_plan *p)
{
	int rc = p->userns ? enter_userns(p) : 0;

	if (rc < 0)
		return rc;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	for (size_t i = 0; i < p->n; i++) {
		const char *target = p->bind[i].target;

		if (mount(p->bind[i].source, target, NULL, MS_BIND | MS_REC, NULL) < 0)
			return -errno;
		if (p->bind[i].readonly &&
		    mount(NULL, target, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | locked_flags(target), NULL) < 0)
			return -errno;
	}
	return 0;
}

/* ---- virtiofsd */

static const char *server(void)
{
	for (size_t i = 0; i < ARRAY_LEN(servers); i++)
		if (access(servers[i], X_OK) == 0)
			return servers[i];
	return NULL;
}

int share_choose(enum vm_share_kind wanted, enum vm_share_kind *ret, struct err *e)
{
	/* It sets groups, which a user namespace with one user in it does not allow. */
	bool may = geteuid() == 0;

	if (wanted == VM_SHARE_VIRTIOFS && !server())
		return err_set(e, -ENOENT, "virtiofs needs virtiofsd, which is not installed (qemu-system-common)");
	if (wanted == VM_SHARE_VIRTIOFS && !may)
		return err_set(e, -EPERM, "virtiofs needs root; files can be shared by 9p");
	*ret = wanted != VM_SHARE_NONE ? wanted : server() && may ? VM_SHARE_VIRTIOFS : VM_SHARE_9P;
	return 0;
}

struct virtiofsd {
	struct spawn_child child;
	void (*exited)(void *arg, int status);
	void *arg;
	bool gone, destroyed;
};

static int prepare(void *arg)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	return share_plan_enter(arg);
}

static void on_exited(struct spawn_child *child, int status)
{
	struct virtiofsd *v = container_of(child, struct virtiofsd, child);

	v->gone = true;
	if (v->destroyed)
		free(v);
	else
		v->exited(v->arg, status); /* may destroy it */
}

int virtiofsd_start(uv_loop_t *loop, const struct share_plan *p, int run_dirfd, void (*exited)(void *arg, int status),
		    void *arg, struct virtiofsd **ret, int *ret_fd, struct err *e)
{
	AUTO_FREE struct virtiofsd *v = calloc(1, sizeof(*v));
	AUTO_FREE char *source = path_fmt("source=%s,sandbox=chroot,cache=auto,no_flock,no_posix_lock,log_level=err",
					  p->dir);
	AUTO_CLOSE int listener = -1;
	AUTO_CLOSE int fd = -1;
	const char *argv[] = { server(), "--fd=3", "-f", "--rlimit-nofile=0", "-o", source, NULL };
	struct spawn_fd fds[] = { { -1, 3 }, { 2, 2 } };
	struct spawn s = { .file = argv[0], .argv = argv, .fds = fds, .nfds = ARRAY_LEN(fds),
			   .die_with_parent = true, .no_new_privs = true, .prepare = prepare,
			   .prepare_arg = (void *)p };
	int pidfd, rc;
	pid_t pid;

	if (!v || !source)
		return err_sys(e, -ENOMEM, "cannot start virtiofsd");
	if (strchr(p->dir, ','))
		return err_set(e, -EINVAL, "cannot share files from '%s': virtiofsd takes no comma", p->dir);
	listener = sock_listen_at(run_dirfd, SOCKET_NAME, e);
	if (listener < 0)
		return listener;
	fd = sock_connect_at(run_dirfd, SOCKET_NAME, e);
	unlinkat(run_dirfd, SOCKET_NAME, 0);
	if (fd < 0)
		return fd;
	sock_set_nonblock(listener, 0); /* virtiofsd waits in accept */
	fds[0].fd = listener;
	rc = spawn_start(&s, &pid, &pidfd, e);
	if (rc < 0)
		return err_wrap(e, rc, "cannot share files");
	v->exited = exited;
	v->arg = arg;
	rc = spawn_watch(&v->child, loop, pid, pidfd, on_exited);
	if (rc < 0)
		return err_sys(e, rc, "cannot watch virtiofsd");
	*ret_fd = TAKE_FD(fd);
	*ret = TAKE(v);
	return 0;
}

void virtiofsd_destroy(struct virtiofsd *v)
{
	if (!v)
		return;
	v->destroyed = true;
	if (v->gone)
		free(v);
	else /* it may have ended by itself: that is told soon */
		spawn_kill(&v->child, SIGKILL);
}
