/* SPDX-License-Identifier: Apache-2.0 */
/* kernel.h - the guest's kernel and initramfs: found, and looked at before QEMU does. */
#ifndef BERTH_VM_KERNEL_H
#define BERTH_VM_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct vm_kernel {
	int fd, initramfs_fd;
	char *path;
	/* of meta.json; NULL: unknown */
	char *version, *arch;
	char **features;     /* NULL-terminated */
	bool patched_timers; /* meta.json names the feature lapic_timer_khz */
	char id[80];         /* another file has another one */
};

/* Opens them; NULL paths mean berth's own: BERTH_KERNEL (for tests), the build tree that the running program
 * was made in, the helpers' folder. -ENOENT and -ENOEXEC say what to do. */
int vm_kernel_open(const char *kernel, const char *initramfs, struct vm_kernel *ret, struct err *e);
/* Is berth's own initramfs, the guest's agent in it, installed? */
bool vm_kernel_has_agent(void);
void vm_kernel_finish(struct vm_kernel *k);

/* The file's bytes: 0 for an x86-64 ELF with a PVH entry or a bzImage, -ENOEXEC with words. No I/O. */
int vm_kernel_check(const uint8_t *p, size_t n, struct err *e);

#endif
