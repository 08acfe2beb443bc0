/* SPDX-License-Identifier: Apache-2.0 */
/* confine.h - what a QEMU may do to the host: nothing but what it was handed.
 *
 * A user of its own where we are root, no capabilities, no core files, and Landlock to its libraries, ROMs
 * and the files it opens again by /proc/self/fd. Applied in the child between fork and exec, so whatever
 * allocates is done before. */
#ifndef BERTH_VM_CONFINE_H
#define BERTH_VM_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "vm/share.h"

struct confine {
	bool drop;         /* become uid and gid */
	uid_t uid;
	gid_t gid;
	gid_t kvm_gid;     /* supplementary, if has_kvm_gid */
	bool has_kvm_gid;
	bool make_kvm;     /* a /dev/kvm of its own, in a mount namespace of its own */
	unsigned kvm_rdev; /* of that device */
	char *scratch;     /* a folder to mount things on */
	const struct share_plan *share; /* 9p: the binds are made for QEMU itself */
	int ruleset;       /* Landlock; -1: the kernel has none */
};

struct confine_want {
	const char *qemu;  /* absolute path of the program */
	bool kvm;          /* it will open /dev/kvm */
	uid_t uid;         /* 0: stay who we are */
	gid_t gid;
	int run_dirfd;
	const struct share_plan *share; /* for 9p; lives as long as ret */
	const int *files;  /* what it opens by /proc/self/fd */
	size_t nfiles;
};

int confine_init(const struct confine_want *w, struct confine *ret, struct err *e);
void confine_finish(struct confine *c);
/* For struct spawn's prepare, with a struct confine. 0 or -errno. */
int confine_enter(void *arg);

#endif
