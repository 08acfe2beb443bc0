/* SPDX-License-Identifier: Apache-2.0 */
/* vm.h - one virtual machine: started, watched, ended. Loop thread only.
 *
 * The machine's QEMU and virtiofsd are children of this process and die with the thread that started
 * them. The guest is up when its agent has connected to host port 1023. */
#ifndef BERTH_VM_VM_H
#define BERTH_VM_VM_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/err.h"
#include "vm/transport.h"
#include "vm/vm-config.h"

struct vm;

enum vm_event_kind {
	VM_EVENT_ACCEL,   /* KVM did not work here: text says it in a line; the VM starts again with TCG */
	VM_EVENT_PAUSED,  /* the host's disk is full: text; it goes on by itself when there is space */
	VM_EVENT_RESUMED, /* after VM_EVENT_PAUSED */
	VM_EVENT_EXITED,  /* the machine, which had been up, has ended: end and text; comes once */
};

enum vm_end {
	VM_END_CLEAN,   /* the agent ended it */
	VM_END_STOPPED, /* vm_stop did */
	VM_END_CRASH,   /* the guest's kernel or agent died without a report: text has the console's tail */
	VM_END_QEMU,    /* QEMU itself failed, or was killed by somebody else */
};

struct vm_event {
	enum vm_event_kind kind;
	enum vm_end end;  /* for VM_EVENT_EXITED */
	const char *text; /* for a person; lives for the callback only */
};

/* Stages of a start, monotonic ns; 0 = not reached. A start that fell back to TCG tells the second try;
 * tried_kvm_ns is what the first one cost. */
struct vm_boot {
	int64_t begin;   /* vm_start */
	int64_t qemu;    /* QEMU answered on QMP */
	int64_t kernel;  /* the guest's vsock driver came up */
	int64_t agent;   /* the agent's ready notice */
	int64_t tried_kvm_ns;
	bool kvm;        /* what it runs on */
	enum vm_share_kind share; /* how the binds are shared, for the agent's mount */
};

typedef void (*vm_event_cb)(struct vm *vm, const struct vm_event *ev, void *arg);

/* Copies cfg; descriptors in it are duplicated. Nothing is started. */
int vm_create(uv_loop_t *loop, const struct vm_config *cfg, vm_event_cb on_event, void *arg, struct vm **ret,
	      struct err *e);
/* Kills what still runs, frees, then calls done(arg) from the loop (may be NULL). Streams end. */
void vm_destroy(struct vm *vm, void (*done)(void *arg), void *arg);

/* Good from vm_create on: listen before vm_start, dial after it. Lives as long as vm. */
struct transport *vm_transport(struct vm *vm);
const struct vm_boot *vm_boot(const struct vm *vm);
pid_t vm_pid(const struct vm *vm); /* QEMU's; 0: none */

/* Starts the machine; the callback comes with 0 when the agent is ready. A machine starts once. Errors are
 * said whole: no QEMU, no kernel, guest did not start (with the console's tail). */
struct vm_start;
typedef void (*vm_start_cb)(struct vm_start *op, int rc, const struct err *e);
struct vm_start {
	struct vm *vm; /* used inside */
	vm_start_cb cb;
};
int vm_start(struct vm_start *op, struct vm *vm, vm_start_cb cb, struct err *e);
void vm_start_cancel(struct vm_start *op);

/* Ends the machine from outside (asking the agent is done elsewhere): QMP quit, SIGKILL after kill_ms.
 * The callback comes when QEMU is reaped, also if the machine had ended or never began. */
struct vm_stop;
typedef void (*vm_stop_cb)(struct vm_stop *op, int rc, const struct err *e);
struct vm_stop {
	struct vm *vm; /* used inside */
	vm_stop_cb cb;
	struct list link;
};
int vm_stop(struct vm_stop *op, struct vm *vm, int kill_ms, vm_stop_cb cb, struct err *e);

/* All vCPUs stop or go on; cb-less: told by QMP in order. -ENOTCONN if it does not run. */
int vm_pause(struct vm *vm, struct err *e);
int vm_resume(struct vm *vm, struct err *e);

#endif
