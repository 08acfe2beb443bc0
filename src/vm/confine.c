/* SPDX-License-Identifier: Apache-2.0 */
/* confine.c - what a QEMU may do to the host. */
#include "vm/confine.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define EXEC (READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define RW_FILE (READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
#define FILE_RIGHTS (RW_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
#define RULESET_FD_MIN 256
#define ALL_V1 ((1ull << 13) - 1)

/* What QEMU needs to come up, none of it the user's. */
static const struct {
	const char *path;
	__u64 rights;
} places[] = {
	{ "/usr/lib", EXEC },         { "/usr/lib64", EXEC },         { "/lib", EXEC },
	{ "/lib64", EXEC },           { "/usr/local/lib", EXEC },     { "/usr/share", READ },
	{ "/usr/local/share", READ }, { "/etc/ld.so.cache", READ },   { "/etc/resolv.conf", READ },
	{ "/proc", READ },            { "/sys/devices/system", READ }, { "/dev/null", RW_FILE },
	{ "/dev/urandom", RW_FILE },  { "/dev/random", RW_FILE },
};

/* Capabilities without which 9p cannot give files their owners. */
static const int share_caps[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETUID, CAP_SETGID };

/* ---- before the fork */

static int allow_fd(int ruleset, int fd, __u64 rights)
{
	struct landlock_path_beneath_attr a = { .allowed_access = rights, .parent_fd = fd };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		a.allowed_access &= FILE_RIGHTS;
	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0) < 0 ? -errno : 0;
}

/* What is not there needs no rule. */
static int allow(int ruleset, const char *path, __u64 rights)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? 0 : allow_fd(ruleset, fd, rights);
}

static int make_ruleset(const struct confine_want *w, int *ret)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = ALL_V1 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	AUTO_CLOSE int fd = -1;
	int rc = 0;

	*ret = -1;
	if (abi < 1)
		return 0; /* not in this kernel, or not switched on */
	if (abi >= 3)
		attr.handled_access_fs |= 3ull << 13; /* refer, truncate */
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(places) && rc == 0; i++)
		rc = allow(fd, places[i].path, places[i].rights);
	if (rc == 0)
		rc = allow(fd, w->qemu, EXEC);
	if (rc == 0 && w->kvm)
		rc = allow(fd, "/dev/kvm", RW_FILE);
	for (size_t i = 0; i < w->nfiles && rc == 0; i++)
		rc = allow_fd(fd, w->files[i], READ);
	if (rc == 0 && w->share)
		rc = allow(fd, w->share->dir, attr.handled_access_fs);
	if (rc < 0)
		return rc;
	/* Out of the way of the numbers that the child's descriptors are put on. */
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, RULESET_FD_MIN);
	return *ret < 0 ? -errno : 0;
}

/* How a QEMU of another user comes to open /dev/kvm. */
static void plan_kvm(struct confine *c)
{
	struct stat st;

	if (stat("/dev/kvm", &st) < 0 || (st.st_mode & 06) == 06)
		return;
	c->has_kvm_gid = (st.st_mode & 060) == 060 && st.st_gid != 0;
	c->kvm_gid = st.st_gid;
	c->make_kvm = !c->has_kvm_gid;
	c->kvm_rdev = (unsigned)st.st_rdev;
}

int confine_init(const struct confine_want *w, struct confine *ret, struct err *e)
{
	struct confine c = { .drop = w->uid != 0 && geteuid() == 0, .uid = w->uid, .gid = w->gid, .share = w->share };
	char link[32], run_dir[PATH_MAX];
	ssize_t n;
	int rc;

	if (c.drop && w->kvm)
		plan_kvm(&c);
	if (c.make_kvm) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", w->run_dirfd);
		n = readlink(link, run_dir, sizeof(run_dir) - 1);
		run_dir[n < 0 ? 0 : n] = 0;
		c.scratch = path_join(run_dir, "dev");
		if (!c.scratch)
			return err_sys(e, -ENOMEM, "cannot confine QEMU");
		if (mkdir(c.scratch, 0700) < 0 && errno != EEXIST) {
			rc = err_sys(e, -errno, "cannot make folder '%s'", c.scratch);
			confine_finish(&c);
			return rc;
		}
	}
	rc = make_ruleset(w, &c.ruleset);
	if (rc < 0) {
		confine_finish(&c);
		return err_sys(e, rc, "cannot confine QEMU");
	}
	*ret = c;
	return 0;
}

void confine_finish(struct confine *c)
{
	free(c->scratch);
	c->scratch = NULL;
	auto_close(&c->ruleset);
	c->ruleset = -1;
}

/* ---- in the child */

/* A device node that this user may open, in place of /dev/kvm. The folder is a tmpfs of our own, since the
 * one it lies on may refuse device nodes. */
static int enter_kvm(const struct confine *c)
{
	char node[PATH_MAX];

	snprintf(node, sizeof(node), "%s/kvm", c->scratch);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	if (mount("tmpfs", c->scratch, "tmpfs", MS_NOSUID | MS_NOEXEC, "size=4k,mode=0755") < 0)
		return -errno;
	if (mknod(node, S_IFCHR | 0600, c->kvm_rdev) < 0 || chown(node, c->uid, c->gid) < 0)
		return -errno;
	if (mount(node, "/dev/kvm", NULL, MS_BIND, NULL) < 0)
		return -errno;
	return c->ruleset >= 0 ? allow(c->ruleset, "/dev/kvm", RW_FILE) : 0;
}

static bool kept_cap(const struct confine *c, int cap)
{
	for (size_t i = 0; c->share && i < ARRAY_LEN(share_caps); i++)
		if (share_caps[i] == cap)
			return true;
	return false;
}

static int drop_caps(const struct confine *c)
{
	for (int cap = 0; cap < 64; cap++)
		if (!kept_cap(c, cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
			return -errno;
	return 0;
}

static int become(const struct confine *c)
{
	gid_t groups[1] = { c->kvm_gid };

	if (setgroups(c->has_kvm_gid ? 1 : 0, groups) < 0 || setresgid(c->gid, c->gid, c->gid) < 0 ||
	    setresuid(c->uid, c->uid, c->uid) < 0)
		return -errno;
	return 0;
}

int confine_enter(void *arg)
{
	const struct confine *c = arg;
	struct rlimit none = { 0, 0 };
	int rc = 0;

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	if (c->share)
		rc = share_plan_enter(c->share);
	if (rc == 0 && c->make_kvm)
		rc = enter_kvm(c);
	if (rc == 0)
		rc = drop_caps(c);
	if (rc == 0 && c->drop)
		rc = become(c);
	if (rc < 0)
		return rc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (c->ruleset >= 0 && syscall(SYS_landlock_restrict_self, c->ruleset, 0) < 0)
		return -errno;
	return 0;
}
