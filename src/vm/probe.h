/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h - what VMs run on here, and why: told from what is there and what is remembered. Nothing is started:
 * the first VM after a host boot is the trial (accel.h). Blocking. */
#ifndef BERTH_VM_PROBE_H
#define BERTH_VM_PROBE_H

#include <stdbool.h>

struct vm_probe {
	bool qemu;             /* it is installed */
	char qemu_version[64];
	char kernel[128], kernel_path[512]; /* "" if there is none */
	bool guest_init;       /* the guest's agent is installed */
	bool kvm_known, kvm_usable;
	char reason[256];      /* why KVM is, is not, or may be used */
	char since[48];        /* of the verdict: "" if there is none */
	char chosen[8];        /* "kvm" or "tcg", for the next start */
};

/* kernel: the one that a start would boot; NULL: berth's own. */
void vm_probe(const char *kernel, struct vm_probe *ret);

#endif
