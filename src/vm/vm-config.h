/* SPDX-License-Identifier: Apache-2.0 */
/* vm-config.h - what a VM is made of. Plain values: who fills it in owns the memory; vm_create copies. */
#ifndef BERTH_VM_CONFIG_H
#define BERTH_VM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define VM_DISKS_MAX 64
#define VM_BINDS_MAX 256
#define VM_SHARE_TAG "berth" /* virtiofs or 9p tag; the share holds the binds as "0", "1", … */

enum vm_accel { VM_ACCEL_AUTO, VM_ACCEL_KVM, VM_ACCEL_TCG };

/* A raw image. With one or two disks each is virtio-blk; with more the first is, the others are on
 * virtio-scsi. The guest finds a disk by its serial. */
struct vm_disk {
	int fd;             /* open for what is asked; stays the caller's; locking is the caller's too */
	const char *serial; /* at most 20 of [A-Za-z0-9_-] */
	bool readonly;
};

enum vm_net_kind { VM_NET_NONE, VM_NET_USER };

/* VM_NET_USER is QEMU's own user networking: the guest is 10.0.2.15/24, gateway and host 10.0.2.2, DNS
 * 10.0.2.3. */
struct vm_net {
	enum vm_net_kind kind;
	uint8_t mac[6];
};

enum vm_share_kind { VM_SHARE_NONE, VM_SHARE_VIRTIOFS, VM_SHARE_9P };

/* A file or folder of the host that the guest sees in the share, under its index. */
struct vm_bind {
	const char *source; /* absolute */
	bool readonly;
};

struct vm_config {
	const char *name;      /* in messages, and in QEMU's -name: [A-Za-z0-9_.-] */
	const char *run_dir;   /* the VM's folder: console.log, vsock.sock, share/ */
	unsigned cpus;         /* 1 … 64 */
	uint64_t memory;       /* bytes, whole MiB, at least 64 MiB */
	const char *kernel;    /* vmlinux or bzImage; NULL: berth's own */
	const char *initramfs; /* NULL: berth's own */
	const char *cmdline;   /* more words for the kernel; NULL: none */
	const struct vm_disk *disks;
	size_t ndisks;
	const struct vm_bind *binds; /* none: no share device */
	size_t nbinds;
	enum vm_share_kind share; /* wanted; VM_SHARE_NONE: virtiofs where it can run, else 9p */
	struct vm_net net;
	enum vm_accel accel;   /* AUTO: BERTH_ACCEL, else tried once and remembered */
	bool no_balloon;       /* leave out the device (free memory then does not come back) */
	const char *qemu;      /* NULL: qemu-system-x86_64 from PATH */
	uid_t uid;             /* who QEMU runs as where we are root; 0: a user of its own, made from the name */
	gid_t gid;
	int kvm_ready_ms;      /* 0: 2000 */
	int tcg_ready_ms;      /* 0: 30000 */
};

/* A copy that stands alone: strings, and descriptors duplicated (opened again to read only where they allow
 * more than is asked). Released at once when it fails. */
int vm_config_copy(const struct vm_config *c, struct vm_config *ret, struct err *e);
/* Frees a copy. At ease with a zeroed one. */
void vm_config_release(struct vm_config *c);

#endif
