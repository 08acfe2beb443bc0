/* SPDX-License-Identifier: Apache-2.0 */
/* fsm.h - the life of a machine: state x event -> what to do, and the next state. Pure. */
#ifndef BERTH_VM_FSM_H
#define BERTH_VM_FSM_H

enum vm_state {
	VM_NEW,
	VM_SPAWNED,  /* QEMU runs, QMP is not up */
	VM_BOOTING,  /* QMP is up, the agent is not */
	VM_RETRYING, /* KVM failed: its QEMU is being killed, TCG comes next */
	VM_RUNNING,
	VM_PAUSED,   /* by an error of the host's disk */
	VM_STOPPING, /* QEMU is to end */
	VM_DEAD,
	VM_NSTATES,
};

enum vm_ev {
	EV_START,      /* the user wants it */
	EV_STOP,       /* the user does not any more */
	EV_QMP_UP,
	EV_READY,      /* the agent has called */
	EV_TRIAL_OVER, /* KVM was on trial and the agent has not called in time */
	EV_KVM_ERROR,  /* QEMU stopped the vCPUs: internal error */
	EV_TIMEOUT,    /* the agent has not called at all */
	EV_IO_ERROR,   /* QEMU stopped the vCPUs: the host's disk */
	EV_RESUMED,    /* the vCPUs go on */
	EV_BROKEN,     /* a part that the machine cannot do without has failed */
	EV_EXIT,       /* QEMU is reaped */
	EV_TRIAL_EXIT, /* the same, before the agent called, with KVM on trial */
	VM_NEVENTS,
};

enum vm_act {
	ACT_NONE = 1, /* 0 is an empty cell: it cannot happen, or is refused */
	ACT_SPAWN,
	ACT_UP,      /* the agent is ready */
	ACT_RETRY,   /* kill; KVM is to blame */
	ACT_RESPAWN, /* with TCG; KVM is to blame, and its QEMU is gone already */
	ACT_FAIL,    /* kill; the reason is noted */
	ACT_QUIT,    /* ask QEMU to quit, kill it soon */
	ACT_PAUSED,
	ACT_RESUMED,
	ACT_ENDED,   /* say how it ended */
};

struct vm_step {
	enum vm_act act;
	enum vm_state next;
};

/* act is 0 for an empty cell. */
const struct vm_step *vm_fsm_step(enum vm_state state, enum vm_ev ev);
const char *vm_state_name(enum vm_state state);
const char *vm_ev_name(enum vm_ev ev);

#endif
