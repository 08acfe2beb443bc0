/* SPDX-License-Identifier: Apache-2.0 */
/* share.h - files and folders of the host in the VM: one folder of binds, one device for all of them.
 *
 * <run_dir>/share has a mount point for each bind, "0", "1", …; the binds exist only in a mount namespace of
 * the program that serves them: virtiofsd, or where that cannot run, QEMU's own 9p. */
#ifndef BERTH_VM_SHARE_H
#define BERTH_VM_SHARE_H

#include <stdbool.h>
#include <sys/types.h>

#include <uv.h>

#include "base/err.h"
#include "vm/vm-config.h"

struct share_plan {
	char *dir;         /* absolute, without symlinks */
	size_t n;
	struct {
		char *source, *target;
		bool readonly;
	} *bind;
	/* Who is not root enters a user namespace in which it is. */
	bool userns;
	char uid_map[32], gid_map[32];
};

/* Looks at the sources (-ENOENT, …, named) and makes the folder and its mount points. */
int share_plan_init(struct share_plan *p, int run_dirfd, const struct vm_bind *binds, size_t n, struct err *e);
void share_plan_finish(struct share_plan *p);
/* In a child before exec: a mount namespace with the binds. 0 or -errno. No allocation. */
int share_plan_enter(const struct share_plan *p);

/* How the binds are to be shared here: wanted, or for NONE virtiofs where its server can run (installed, and
 * we are root), else 9p. Without root every guest id is this user, and chown succeeds without effect.
 * -ENOENT or -EPERM when virtiofs is wanted and cannot run. */
int share_choose(enum vm_share_kind wanted, enum vm_share_kind *ret, struct err *e);

struct virtiofsd;
/* Starts the server. *ret_fd is QEMU's end of its socket. exited comes if it ends before it is destroyed. */
int virtiofsd_start(uv_loop_t *loop, const struct share_plan *p, int run_dirfd, void (*exited)(void *arg, int status),
		    void *arg, struct virtiofsd **ret, int *ret_fd, struct err *e);
/* Kills it. At ease with NULL. */
void virtiofsd_destroy(struct virtiofsd *v);

#endif
