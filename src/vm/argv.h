/* SPDX-License-Identifier: Apache-2.0 */
/* argv.h - QEMU's command line, a pure function of the configuration. */
#ifndef BERTH_VM_ARGV_H
#define BERTH_VM_ARGV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/spawn.h"
#include "vm/vm-config.h"

#define VM_SLOTS_MAX 8 /* virtio-mmio slots of the microvm machine */
#define VM_EXIT_PORT 0x501
#define VM_EXIT_CLEAN 11 /* QEMU's exit code when the agent writes 5 to VM_EXIT_PORT: 2n+1 */
#define VM_GUEST_CID 3

/* What one try of a start has in hand. Descriptors stay the caller's. */
struct vm_run {
	enum vm_accel accel;  /* KVM or TCG */
	unsigned tsc_khz;     /* the host's; 0: unknown */
	bool patched_timers;  /* the kernel knows lapic_timer_khz= */
	int kernel_fd, initramfs_fd;
	int vsock_fd, qmp_fd, console_fd;
	enum vm_share_kind share; /* NONE where there are no binds */
	int share_fd;             /* virtiofsd's socket */
	const char *share_dir;    /* 9p: the folder, absolute */
	bool share_owners;        /* 9p: QEMU's user may chown */
};

struct vm_argv {
	char **v; /* NULL-terminated; v[0] is the program */
	size_t n;
	struct spawn_fd fds[VM_DISKS_MAX + 8]; /* numbered from 3 in the order of use */
	size_t nfds;
};

/* -EINVAL with words for what cannot be: no CPU, odd memory, bad names or serials, too many disks or
 * devices. */
int vm_argv_make(const struct vm_config *c, const struct vm_run *r, struct vm_argv *ret, struct err *e);
void vm_argv_finish(struct vm_argv *a);

#endif
