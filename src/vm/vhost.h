/* SPDX-License-Identifier: Apache-2.0 */
/* vhost.h - the vhost-user session with QEMU that puts the vsock device into the machine.
 *
 * We are the back end: QEMU hands us the guest's memory, the places of the two rings and their eventfds over
 * an inherited socket. Memory is mapped only from descriptors that cannot shrink under us. */
#ifndef BERTH_VM_VHOST_H
#define BERTH_VM_VHOST_H

#include <uv.h>

#include "base/err.h"
#include "vm/vhost-user.h"
#include "vm/vsock.h"

struct vhost;

struct vhost_ops {
	/* The guest's driver has come up: both rings work. */
	void (*driver_up)(void *arg);
	/* The session has ended: QEMU closed it (why NULL) or broke the protocol. Once. */
	void (*gone)(void *arg, const char *why);
};

/* Takes fd over, also when it fails. The device is the caller's and lives longer. */
int vhost_create(uv_loop_t *loop, int fd, struct vsock *dev, uint64_t guest_cid, const struct vhost_ops *ops,
		 void *arg, struct vhost **ret, struct err *e);
/* Takes the rings from the device and unmaps the guest's memory; the rest goes in the loop's next turn. */
void vhost_destroy(struct vhost *h);
/* An interrupt for the guest; for struct vsock_ops. At ease with NULL. */
void vhost_signal(struct vhost *h, unsigned queue);

/* One message with its descriptors, which are taken over; what the socket's reader calls. */
int vhost_handle(struct vhost *h, const struct vhost_msg *m, int *fds, unsigned nfds, struct vhost_reply *ret,
		 struct err *e);

#endif
