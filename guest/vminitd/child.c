/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - what a new process does between clone and exec: its namespaces' insides, its root, its rights. */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "container.h"
#include "mountopt.h"
#include "user.h"
#include "vpath.h"

/* --- telling the agent */

static void tell(int report, int kind, int value, const char *text, int fd)
{
	struct vi_report r = { .kind = kind, .value = value };
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &r, sizeof(r) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	snprintf(r.text, sizeof(r.text), "%s", text);
	if (fd >= 0) {
		struct cmsghdr *c;

		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	if (sendmsg(report, &m, MSG_NOSIGNAL) < 0)
		_exit(125);
}

static _Noreturn void fail(int report, int rc, const struct err *e)
{
	tell(report, VI_REPORT_FAILED, rc, e->text, -1);
	_exit(125);
}

/* --- the root file system */

static const struct {
	const char *path;
	unsigned major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },	  { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 },  { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const char *const default_links[][2] = {
	{ "/dev/fd", "/proc/self/fd" },	      { "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
	{ "/dev/ptmx", "pts/ptmx" },
};

/* A folder, or a file for a bind of one, to mount on. */
static int make_target(int root, const char *path, bool folder, struct err *e)
{
	char name[NAME_MAX + 1];
	AUTO_CLOSE int there = path_open_in_root(root, path, O_PATH, 0);
	AUTO_CLOSE int dir = -1;
	int rc = 0;

	if (there >= 0)
		return 0;
	dir = vi_vpath_parent(root, path, true, name);
	if (dir < 0)
		return err_sys(e, dir, "cannot make mount point '%s'", path);
	if (!*name)
		return 0;
	if (folder)
		rc = mkdirat(dir, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
	else {
		AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

		rc = fd < 0 ? -errno : 0;
	}
	return rc < 0 ? err_sys(e, rc, "cannot make mount point '%s'", path) : 0;
}

static int do_mount(int root, const struct vi_mount *m, struct err *e)
{
	struct vi_mountopt o = { 0 };
	const char *type = m->type && strcmp(m->type, "cgroup") == 0 ? "cgroup2" : m->type;
	struct stat st;
	bool folder = true;
	int rc = vi_mountopt_parse(m->options, m->noptions, &o, e);

	if (rc == 0 && (o.flags & MS_BIND || (type && strcmp(type, "bind") == 0))) {
		if (!(o.flags & MS_BIND))
			o.flags |= MS_BIND | MS_REC;
		if (stat(m->source, &st) < 0)
			rc = err_sys(e, -errno, "cannot bind '%s'", m->source);
		else
			folder = S_ISDIR(st.st_mode);
	}
	if (rc == 0)
		rc = make_target(root, m->dest, folder, e);
	if (rc == 0)
		rc = vi_mount_at(type, m->source, root, m->dest, &o, e);
	vi_mountopt_finish(&o);
	return rc;
}

static int make_device(int root, const struct vi_device *d, struct err *e)
{
	char name[NAME_MAX + 1];
	AUTO_CLOSE int dir = vi_vpath_parent(root, d->path, true, name);

	if (dir < 0)
		return err_sys(e, dir, "cannot make device '%s'", d->path);
	if (mknodat(dir, name, d->mode, d->dev) < 0) {
		if (errno == EEXIST)
			return 0;
		return err_sys(e, -errno, "cannot make device '%s'", d->path);
	}
	if (fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0 || fchmodat(dir, name, d->mode & 07777, 0) < 0)
		return err_sys(e, -errno, "cannot set the mode of device '%s'", d->path);
	return 0;
}

static int make_dev(int root, const struct vi_spec *s, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(default_devices); i++) {
		struct vi_device d = { .path = default_devices[i].path, .mode = S_IFCHR | 0666,
				       .dev = makedev(default_devices[i].major, default_devices[i].minor) };

		rc = make_device(root, &d, e);
	}
	for (size_t i = 0; rc == 0 && i < s->ndevices; i++)
		rc = make_device(root, &s->devices[i], e);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(default_links); i++) {
		char name[NAME_MAX + 1];
		AUTO_CLOSE int dir = vi_vpath_parent(root, default_links[i][0], true, name);

		if (dir >= 0 && symlinkat(default_links[i][1], dir, name) < 0 && errno != EEXIST)
			rc = err_sys(e, -errno, "cannot make '%s'", default_links[i][0]);
	}
	return rc;
}

/* A root without a /dev of its own keeps what it has: nothing is written into the image's. */
static bool has_own_dev(const struct vi_spec *s)
{
	for (size_t i = 0; i < s->nmounts; i++)
		if (strcmp(s->mounts[i].dest, "/dev") == 0)
			return true;
	return false;
}

static int enter_root(const struct vi_spec *s, struct err *e)
{
	AUTO_CLOSE int root = -1;
	int rc = 0;

	if (mount(NULL, "/", NULL, MS_REC | (s->propagation ? s->propagation : MS_PRIVATE), NULL) < 0)
		return err_sys(e, -errno, "cannot set the propagation of the root");
	if (mount(s->root_path, s->root_path, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(e, -errno, "cannot use root '%s'", s->root_path);
	root = open(s->root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(e, -errno, "cannot open root '%s'", s->root_path);
	for (size_t i = 0; rc == 0 && i < s->nmounts; i++)
		rc = do_mount(root, &s->mounts[i], e);
	if (rc == 0 && has_own_dev(s))
		rc = make_dev(root, s, e);
	if (rc < 0)
		return rc;
	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_sys(e, -errno, "cannot enter root '%s'", s->root_path);
	return 0;
}

static int set_sysctls(const struct vi_spec *s, struct err *e)
{
	for (size_t i = 0; i < s->nsysctl; i++) {
		AUTO_FREE char *path = path_fmt("/proc/sys/%s", s->sysctl[i].key);
		AUTO_CLOSE int fd = -1;

		/* "a.b/c" keeps its dots where slashes separate (sysctl.d(5)). */
		if (path && !strchr(s->sysctl[i].key, '/'))
			for (char *p = path + 10; *p; p++)
				*p = *p == '.' ? '/' : *p;
		fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;
		if (fd < 0 || file_write_full(fd, s->sysctl[i].value, strlen(s->sysctl[i].value)) < 0)
			return err_sys(e, -errno, "cannot set kernel parameter '%s'", s->sysctl[i].key);
	}
	return 0;
}

static int hide_paths(const struct vi_spec *s, struct err *e)
{
	struct stat st;

	for (const char **p = s->masked; p && *p; p++) {
		if (lstat(*p, &st) < 0 || S_ISLNK(st.st_mode))
			continue;
		if (S_ISDIR(st.st_mode) ? mount("tmpfs", *p, "tmpfs", MS_RDONLY, "size=0k") < 0 :
					  mount("/dev/null", *p, NULL, MS_BIND, NULL) < 0)
			return err_sys(e, -errno, "cannot mask '%s'", *p);
	}
	for (const char **p = s->readonly; p && *p; p++) {
		if (lstat(*p, &st) < 0 || S_ISLNK(st.st_mode))
			continue;
		if (mount(*p, *p, NULL, MS_BIND | MS_REC, NULL) < 0 ||
		    mount(NULL, *p, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_REC | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			  NULL) < 0)
			return err_sys(e, -errno, "cannot make '%s' read-only", *p);
	}
	if (s->root_readonly && mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0)
		return err_sys(e, -errno, "cannot make the root read-only");
	return 0;
}

/* --- the process */

static int open_pty(struct vi_process *p, int report, struct err *e)
{
	AUTO_CLOSE int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct winsize size = { .ws_row = (unsigned short)p->spec.rows, .ws_col = (unsigned short)p->spec.cols };
	int unlock = 0, slave;

	if (master < 0)
		master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, -errno, "cannot make a terminal: no devpts in the container");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	if (slave < 0)
		return err_sys(e, -errno, "cannot open the terminal");
	if (size.ws_row && size.ws_col)
		ioctl(master, TIOCSWINSZ, &size);
	tell(report, VI_REPORT_PTY, 0, "", master);
	if (setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_sys(e, -errno, "cannot take the terminal");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return err_sys(e, -errno, "cannot take the terminal");
	if (slave > 2)
		close(slave);
	return 0;
}

/* /dev/console of a container is its init's terminal. */
static void bind_console(void)
{
	char tty[64];
	int fd;

	if (ttyname_r(0, tty, sizeof(tty)) != 0)
		return;
	fd = open("/dev/console", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	close(fd);
	mount(tty, "/dev/console", NULL, MS_BIND, NULL);
}

static int take_stdio(struct vi_process *p, struct err *e)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < VI_NSTDIO; i++) {
		int fd = p->child_fds[i] >= 0 ? p->child_fds[i] : null;

		if (fd < 0 || dup2(fd, i) < 0)
			return err_sys(e, -errno, "cannot take standard input and output");
	}
	setsid();
	return 0;
}

static int load_text(const char *path, char **ret)
{
	if (file_load(AT_FDCWD, path, VI_PASSWD_MAX, ret, NULL, NULL) < 0)
		*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

static int find_user(struct vi_process *p, struct vi_user *u, struct err *e)
{
	AUTO_FREE char *passwd = NULL;
	AUTO_FREE char *group = NULL;
	int rc;

	if (load_text("/etc/passwd", &passwd) < 0 || load_text("/etc/group", &group) < 0)
		return err_sys(e, -ENOMEM, "cannot look up the user");
	if (p->spec.user) {
		rc = vi_user_resolve(p->spec.user, passwd, group, u, e);
		if (rc < 0)
			return rc;
	} else {
		u->uid = p->spec.uid;
		u->gid = p->spec.gid;
		vi_user_home(u->uid, passwd, u->home, sizeof(u->home));
	}
	for (size_t i = 0; i < p->spec.ngids && u->ngroups < VI_GROUPS_MAX; i++)
		u->groups[u->ngroups++] = p->spec.gids[i];
	return 0;
}

static int set_caps(const struct vi_caps *c)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2];

	for (int i = 0; i < 2; i++) {
		d[i].effective = (uint32_t)(c->effective >> (32 * i));
		d[i].permitted = (uint32_t)(c->permitted >> (32 * i));
		d[i].inheritable = (uint32_t)(c->inheritable >> (32 * i));
	}
	if (syscall(SYS_capset, &h, d) < 0)
		return -errno;
	for (int cap = 0; cap < 64; cap++)
		if (c->ambient & 1ull << cap && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -errno;
	return 0;
}

static int drop_rights(struct vi_process *p, const struct vi_user *u, struct err *e)
{
	struct vi_caps caps = p->spec.have_caps ? p->spec.caps : vi_caps_default;
	int rc;

	/* Without no_new_privs a filter needs a capability that is gone after this. */
	if (!p->spec.no_new_privs && p->filter.code && (rc = vi_filter_install(&p->filter)) < 0)
		return err_sys(e, rc, "cannot install the seccomp filter");
	for (int cap = 0; cap < 64; cap++)
		if (!(caps.bounding & 1ull << cap) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return err_sys(e, -errno, "cannot drop a capability");
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (setgroups(u->ngroups, u->groups) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
	    setresuid(u->uid, u->uid, u->uid) < 0)
		return err_sys(e, -errno, "cannot become user %u", u->uid);
	/* What a user other than root gains at exec comes from ambient and files alone. */
	if (u->uid != 0) {
		caps.effective = caps.permitted = caps.ambient;
		caps.inheritable |= caps.ambient;
	}
	rc = set_caps(&caps);
	if (rc < 0)
		return err_sys(e, rc, "cannot set the capabilities");
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (p->spec.no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, -errno, "cannot set no_new_privs");
	if (p->spec.no_new_privs && p->filter.code && (rc = vi_filter_install(&p->filter)) < 0)
		return err_sys(e, rc, "cannot install the seccomp filter");
	return 0;
}

static int enter_cwd(const char *cwd, struct err *e)
{
	if (path_mkdirs(cwd, 0755, NULL) < 0 && access(cwd, F_OK) < 0)
		return err_sys(e, -errno, "cannot make working directory '%s'", cwd);
	return chdir(cwd) < 0 ? err_sys(e, -errno, "cannot enter working directory '%s'", cwd) : 0;
}

static const char *env_get(const char *const *env, const char *key)
{
	size_t n = strlen(key);

	for (; env && *env; env++)
		if (strncmp(*env, key, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* As a shell looks for it; errno tells how it went. */
static void exec_path(const char *file, char *const *argv, char *const *env)
{
	const char *path = env_get((const char *const *)env, "PATH") ?: "/usr/local/bin:/usr/bin:/bin";
	int seen = ENOENT;

	if (strchr(file, '/')) {
		execve(file, argv, env);
		return;
	}
	while (*path) {
		char full[PATH_MAX];
		size_t n = strcspn(path, ":");

		if (snprintf(full, sizeof(full), "%.*s/%s", (int)n, n ? path : ".", file) < (int)sizeof(full)) {
			execve(full, argv, env);
			if (errno != ENOENT && errno != ENOTDIR)
				seen = errno;
		}
		path += n + (path[n] == ':');
	}
	errno = seen;
}

/* All that init and exec have in common, in the container's root already. */
static _Noreturn void run(struct vi_process *p, int report, bool is_init)
{
	static struct vi_user u;
	const char **env = p->spec.env;
	struct err e = { 0 };
	size_t n = 0;
	sigset_t none;
	int rc = p->spec.terminal ? open_pty(p, report, &e) : take_stdio(p, &e);

	if (rc == 0 && p->spec.terminal && is_init)
		bind_console();
	if (rc == 0 && is_init)
		rc = hide_paths(&p->ctr->spec, &e);
	if (rc == 0)
		rc = find_user(p, &u, &e);
	if (rc == 0 && !p->spec.terminal)
		for (int i = 0; i < 3; i++)
			if (p->child_fds[i] >= 0 && fchown(i, u.uid, (gid_t)-1) < 0)
				continue; /* a socket, say: no harm */
	for (size_t i = 0; rc == 0 && i < p->spec.nrlimits; i++)
		if (setrlimit((__rlimit_resource_t)p->spec.rlimits[i].resource, &p->spec.rlimits[i].lim) < 0)
			rc = err_sys(&e, -errno, "cannot set a limit");
	if (rc == 0 && p->spec.have_oom) {
		char text[16];
		int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

		snprintf(text, sizeof(text), "%d", p->spec.oom_score_adj);
		if (fd >= 0)
			file_write_full(fd, text, strlen(text));
	}
	if (rc == 0)
		rc = enter_cwd(p->spec.cwd ? p->spec.cwd : "/", &e);
	if (rc == 0)
		rc = drop_rights(p, &u, &e);
	if (rc < 0)
		fail(report, rc, &e);
	if (p->spec.umask >= 0)
		umask((mode_t)p->spec.umask);
	if (!env_get(env, "HOME")) {
		while (env && env[n])
			n++;
		env = calloc(n + 2, sizeof(*env));
		if (env && n)
			memcpy(env, p->spec.env, n * sizeof(*env));
		if (env)
			env[n] = path_fmt("HOME=%s", *u.home ? u.home : "/");
	}
	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	syscall(SYS_close_range, 3, UINT_MAX, 4 /* CLOSE_RANGE_CLOEXEC */);
	exec_path(p->spec.args[0], (char *const *)p->spec.args, (char *const *)env);
	rc = -errno;
	err_sys(&e, rc, "exec '%s'", p->spec.args[0]);
	tell(report, VI_REPORT_EXEC_FAILED, rc, e.text, -1);
	_exit(127);
}

void vi_child_init(struct vi_process *p, int report)
{
	const struct vi_spec *s = &p->ctr->spec;
	struct err e = { 0 };
	int rc = 0;

	for (size_t i = 0; i < s->nns; i++) {
		/* The cgroup namespace's root is where the process stands: after it was put there. */
		if (s->ns[i].flag == CLONE_NEWCGROUP && !s->ns[i].path && unshare(CLONE_NEWCGROUP) < 0)
			rc = err_sys(&e, -errno, "cannot make a cgroup namespace");
		if (s->ns[i].path) {
			AUTO_CLOSE int fd = open(s->ns[i].path, O_RDONLY | O_CLOEXEC);

			if (fd < 0 || setns(fd, s->ns[i].flag) < 0)
				rc = err_sys(&e, -errno, "cannot join namespace '%s'", s->ns[i].path);
		}
	}
	if (rc == 0 && s->hostname && sethostname(s->hostname, strlen(s->hostname)) < 0)
		rc = err_sys(&e, -errno, "cannot set host name '%s'", s->hostname);
	if (rc == 0 && s->domainname && setdomainname(s->domainname, strlen(s->domainname)) < 0)
		rc = err_sys(&e, -errno, "cannot set domain name '%s'", s->domainname);
	if (rc == 0)
		rc = enter_root(s, &e);
	if (rc == 0)
		rc = set_sysctls(s, &e);
	if (rc < 0)
		fail(report, rc, &e);
	run(p, report, true);
}

/* In the cgroup already. Joins the container's namespaces, then becomes, as a child of the agent, the process. */
void vi_child_exec(struct vi_process *p, int report)
{
	const struct vi_container *c = p->ctr;
	struct { uint64_t v[8]; } args = { { CLONE_PARENT } };
	struct err e = { 0 };
	int flags = CLONE_NEWNS;
	long pid;

	for (size_t i = 0; i < c->spec.nns; i++)
		flags |= c->spec.ns[i].flag;
	if (setns(c->init->pidfd, flags) < 0) {
		int rc = err_sys(&e, errno == ESRCH ? -EBUSY : -errno, "cannot join the container");

		fail(report, rc, &e);
	}
	pid = syscall(SYS_clone3, &args, 64);
	if (pid < 0) {
		int rc = err_sys(&e, -errno, "cannot make a process");

		fail(report, rc, &e);
	}
	if (pid > 0) {
		tell(report, VI_REPORT_PID, (int)pid, "", -1);
		_exit(0);
	}
	if (chdir("/") < 0)
		_exit(125);
	run(p, report, false);
}
