/* SPDX-License-Identifier: Apache-2.0 */
/* qemu.h - one run of QEMU, with all that hangs on it: QMP, the vsock device's session, the console, the
 * server of the share. */
#ifndef BERTH_VM_QEMU_H
#define BERTH_VM_QEMU_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/err.h"
#include "base/spawn.h"
#include "vm/confine.h"
#include "vm/conlog.h"
#include "vm/kernel.h"
#include "vm/qmp.h"
#include "vm/share.h"
#include "vm/vhost.h"
#include "vm/vm-config.h"
#include "vm/vsock.h"

struct qemu;

struct qemu_ops {
	void (*qmp_up)(struct qemu *q);
	void (*driver_up)(struct qemu *q); /* the guest's kernel runs */
	/* The vCPUs stopped by themselves: "internal-error", "io-error", … as QMP's query-status. */
	void (*stopped)(struct qemu *q, const char *status);
	void (*resumed)(struct qemu *q);
	void (*broken)(struct qemu *q, const char *why);
	/* Reaped. qemu_finish may be called, and qemu_start again. */
	void (*exited)(struct qemu *q, int status);
};

struct qemu {
	uv_loop_t *loop;
	const struct qemu_ops *ops;
	struct spawn_child child; /* child.pid 0: none */
	struct qmp *qmp;
	struct vhost *vhost;
	struct vm_conlog *console, *errors;
	struct virtiofsd *fsd;
	struct share_plan plan;
	struct confine confine;
	struct qmp_cmd status_cmd, cont_cmd, quit_cmd, pause_cmd;
	bool up, asking, kvm;
	enum vm_share_kind share;
};

/* What stays the same over the tries of one machine. */
struct qemu_base {
	const struct vm_config *cfg;
	const struct vm_kernel *kernel;
	const char *program; /* absolute */
	struct vsock *dev;
	int run_dirfd;
	unsigned tsc_khz;
};

/* Zeroed memory is a run that has not begun. kvm: else TCG. */
int qemu_start(struct qemu *q, uv_loop_t *loop, const struct qemu_base *base, bool kvm, const struct qemu_ops *ops,
	       struct err *e);
void qemu_kill(struct qemu *q);
/* QMP's quit, cont and stop; -ENOTCONN when QMP is not up. */
int qemu_quit(struct qemu *q);
int qemu_cont(struct qemu *q);
int qemu_pause(struct qemu *q);
/* The last lines of the console, or of what QEMU itself said; clean text. */
int qemu_console_tail(struct qemu *q, unsigned nlines, struct buf *ret);
int qemu_errors_tail(struct qemu *q, unsigned nlines, struct buf *ret);
/* Takes apart what is left after the exit, or of a start that failed. */
void qemu_finish(struct qemu *q);

/* Where the program is: name if it has a '/', else in PATH. The caller frees. -ENOENT with a hint. */
int qemu_find(const char *name, char **ret, struct err *e);

#endif
