/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-confine.c - limits, Landlock, seccomp. */
#include "job/unpack-confine.h"

#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/landlock.h>
#include <seccomp.h>

#include "base/auto.h"

#define MEMORY_MAX                                                                                           \
	(UINT64_C(1) << 30) /* address space: thread stacks and arenas count, the used part is far less */
#define FILES_MAX 256

static int set_limits(struct err *e)
{
	const struct {
		int what;
		uint64_t max;
	} limits[] = { { RLIMIT_AS, UNPACK_SANITIZED ? RLIM_INFINITY : MEMORY_MAX },
		       { RLIMIT_NOFILE, FILES_MAX },
		       { RLIMIT_CORE, 0 } };

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		struct rlimit r;

		if (getrlimit(limits[i].what, &r) < 0)
			return err_sys(e, -errno, "cannot read a resource limit");
		r.rlim_cur = r.rlim_max = MIN(limits[i].max, r.rlim_max);
		if (setrlimit(limits[i].what, &r) < 0)
			return err_sys(e, -errno, "cannot set a resource limit");
	}
	return 0;
}

/* ---- Landlock -------------------------------------------------------------------------------------- */

/* struct landlock_ruleset_attr as ABI 6 has it; older kernels take its first members. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* All rights that a kernel of that ABI knows are denied. */
static struct ruleset ruleset_for(int abi, size_t *ret_size)
{
	int nfs = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;

	*ret_size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	return (struct ruleset){ .fs = (UINT64_C(1) << nfs) - 1,
				 .net = abi >= 4 ? 3 : 0,
				 .scoped = abi >= 6 ? 3 : 0 };
}

static int allow_dir(int ruleset, int dir)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = dir,
	};
	return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static int set_landlock(const int *dirs, size_t ndirs, bool *ret, struct err *e)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	size_t size;

	*ret = abi >= 1;
	if (abi < 1)
		return 0;
	struct ruleset attr = ruleset_for(abi, &size);
	AUTO_CLOSE int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0)
		return err_sys(e, -errno, "cannot make a Landlock ruleset");
	for (size_t i = 0; i < ndirs; i++)
		if (allow_dir(fd, dirs[i]) < 0)
			return err_sys(e, -errno, "cannot add a Landlock rule");
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return err_sys(e, -errno, "cannot enter Landlock");
	return 0;
}

/* ---- seccomp ------------------------------------------------------------------------------------------ */

static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev),
	SCMP_SYS(pwritev2),
	SCMP_SYS(lseek),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(sync_file_range),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fallocate),
	SCMP_SYS(fadvise64),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(close),
	SCMP_SYS(dup),
	SCMP_SYS(fcntl),
	/* memory */
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	/* threads */
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(membarrier),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* signals and time */
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(tgkill),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),
	/* the control socket */
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
};

static const int allowed_for_dirs[] = {
	SCMP_SYS(getdents64), SCMP_SYS(readlinkat), SCMP_SYS(fchdir),    SCMP_SYS(flistxattr),
	SCMP_SYS(fgetxattr),  SCMP_SYS(llistxattr), SCMP_SYS(lgetxattr), SCMP_SYS(openat2),
};

/* What libraries may try at any time; they live without. */
static const int refused[] = {
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(creat),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(prlimit64),
	SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler),
	SCMP_SYS(sysinfo),
	SCMP_SYS(ioctl),
};

static int add_list(scmp_filter_ctx ctx, uint32_t action, const int *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i] < 0) /* not on this architecture */
			continue;
		int rc = seccomp_rule_add(ctx, action, v[i], 0);
		if (rc < 0 && rc != -EEXIST)
			return rc;
	}
	return 0;
}

/* mmap and mprotect without PROT_EXEC; clone for threads only. clone3 cannot be looked into, so the C library
 * is told that there is none. */
static int add_conditional(scmp_filter_ctx ctx, bool dirs)
{
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(
			ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (rc == 0 && dirs)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
	if (rc == 0 && dirs)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT));
	return rc;
}

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

static int set_seccomp(bool dirs, struct err *e)
{
	AUTO(release) scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return err_set(e, -ENOMEM, "cannot make a seccomp filter");

	int rc = add_list(ctx, SCMP_ACT_ALLOW, allowed, ARRAY_LEN(allowed));
	if (rc == 0 && dirs)
		rc = add_list(ctx, SCMP_ACT_ALLOW, allowed_for_dirs, ARRAY_LEN(allowed_for_dirs));
	if (rc == 0)
		rc = add_conditional(ctx, dirs);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(refused); i++)
		if (!dirs || (refused[i] != SCMP_SYS(openat) && refused[i] != SCMP_SYS(openat2)))
			rc = add_list(ctx, SCMP_ACT_ERRNO(EACCES), &refused[i], 1);
	if (rc == 0)
		rc = seccomp_load(ctx);
	return rc < 0 ? err_sys(e, rc, "cannot enter seccomp") : 0;
}

int unpack_confine(const int *dirs, size_t ndirs, bool *ret_landlock, struct err *e)
{
	int rc = set_limits(e);

	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = err_sys(e, -errno, "cannot give up new privileges");
	if (rc == 0 && !UNPACK_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		rc = err_sys(e, -errno, "cannot forbid being traced");
	if (rc == 0)
		rc = set_landlock(dirs, ndirs, ret_landlock, e);
	if (rc == 0 && !UNPACK_SANITIZED)
		rc = set_seccomp(ndirs > 0, e);
	return rc;
}
