/* SPDX-License-Identifier: Apache-2.0 */
/* fsm.c - the life of a machine, as a table. */
#include "vm/fsm.h"

static const struct vm_step table[VM_NSTATES][VM_NEVENTS] = {
	[VM_NEW] = {
		[EV_START]      = { ACT_SPAWN,   VM_SPAWNED },
		[EV_STOP]       = { ACT_ENDED,   VM_DEAD },
	},
	[VM_SPAWNED] = {
		[EV_STOP]       = { ACT_QUIT,    VM_STOPPING },
		[EV_QMP_UP]     = { ACT_NONE,    VM_BOOTING },
		[EV_READY]      = { ACT_UP,      VM_RUNNING },
		[EV_TRIAL_OVER] = { ACT_RETRY,   VM_RETRYING },
		[EV_KVM_ERROR]  = { ACT_RETRY,   VM_RETRYING },
		[EV_TIMEOUT]    = { ACT_FAIL,    VM_STOPPING },
		[EV_IO_ERROR]   = { ACT_PAUSED,  VM_SPAWNED },
		[EV_RESUMED]    = { ACT_RESUMED, VM_SPAWNED },
		[EV_BROKEN]     = { ACT_FAIL,    VM_STOPPING },
		[EV_EXIT]       = { ACT_ENDED,   VM_DEAD },
		[EV_TRIAL_EXIT] = { ACT_RESPAWN, VM_SPAWNED },
	},
	[VM_BOOTING] = {
		[EV_STOP]       = { ACT_QUIT,    VM_STOPPING },
		[EV_READY]      = { ACT_UP,      VM_RUNNING },
		[EV_TRIAL_OVER] = { ACT_RETRY,   VM_RETRYING },
		[EV_KVM_ERROR]  = { ACT_RETRY,   VM_RETRYING },
		[EV_TIMEOUT]    = { ACT_FAIL,    VM_STOPPING },
		[EV_IO_ERROR]   = { ACT_PAUSED,  VM_BOOTING },
		[EV_RESUMED]    = { ACT_RESUMED, VM_BOOTING },
		[EV_BROKEN]     = { ACT_FAIL,    VM_STOPPING },
		[EV_EXIT]       = { ACT_ENDED,   VM_DEAD },
		[EV_TRIAL_EXIT] = { ACT_RESPAWN, VM_SPAWNED },
	},
	[VM_RETRYING] = {
		[EV_STOP]       = { ACT_NONE,    VM_STOPPING },
		[EV_QMP_UP]     = { ACT_NONE,    VM_RETRYING },
		[EV_READY]      = { ACT_NONE,    VM_RETRYING }, /* too late */
		[EV_KVM_ERROR]  = { ACT_NONE,    VM_RETRYING },
		[EV_IO_ERROR]   = { ACT_NONE,    VM_RETRYING },
		[EV_RESUMED]    = { ACT_NONE,    VM_RETRYING },
		[EV_BROKEN]     = { ACT_NONE,    VM_RETRYING },
		[EV_EXIT]       = { ACT_SPAWN,   VM_SPAWNED },
		[EV_TRIAL_EXIT] = { ACT_SPAWN,   VM_SPAWNED },
	},
	[VM_RUNNING] = {
		[EV_STOP]       = { ACT_QUIT,    VM_STOPPING },
		[EV_QMP_UP]     = { ACT_NONE,    VM_RUNNING },
		[EV_READY]      = { ACT_NONE,    VM_RUNNING },
		[EV_KVM_ERROR]  = { ACT_FAIL,    VM_STOPPING },
		[EV_IO_ERROR]   = { ACT_PAUSED,  VM_PAUSED },
		[EV_RESUMED]    = { ACT_NONE,    VM_RUNNING },
		[EV_BROKEN]     = { ACT_FAIL,    VM_STOPPING },
		[EV_EXIT]       = { ACT_ENDED,   VM_DEAD },
	},
	[VM_PAUSED] = {
		[EV_STOP]       = { ACT_QUIT,    VM_STOPPING },
		[EV_READY]      = { ACT_NONE,    VM_PAUSED },
		[EV_KVM_ERROR]  = { ACT_FAIL,    VM_STOPPING },
		[EV_IO_ERROR]   = { ACT_NONE,    VM_PAUSED },
		[EV_RESUMED]    = { ACT_RESUMED, VM_RUNNING },
		[EV_BROKEN]     = { ACT_FAIL,    VM_STOPPING },
		[EV_EXIT]       = { ACT_ENDED,   VM_DEAD },
	},
	[VM_STOPPING] = {
		[EV_STOP]       = { ACT_NONE,    VM_STOPPING },
		[EV_QMP_UP]     = { ACT_NONE,    VM_STOPPING },
		[EV_READY]      = { ACT_NONE,    VM_STOPPING },
		[EV_KVM_ERROR]  = { ACT_NONE,    VM_STOPPING },
		[EV_IO_ERROR]   = { ACT_NONE,    VM_STOPPING },
		[EV_RESUMED]    = { ACT_NONE,    VM_STOPPING },
		[EV_BROKEN]     = { ACT_NONE,    VM_STOPPING },
		[EV_EXIT]       = { ACT_ENDED,   VM_DEAD },
		[EV_TRIAL_EXIT] = { ACT_ENDED,   VM_DEAD },
	},
	[VM_DEAD] = {
		[EV_STOP]       = { ACT_NONE,    VM_DEAD },
		[EV_BROKEN]     = { ACT_NONE,    VM_DEAD },
	},
};

const struct vm_step *vm_fsm_step(enum vm_state state, enum vm_ev ev)
{
	return &table[state][ev];
}

const char *vm_state_name(enum vm_state state)
{
	static const char *const names[VM_NSTATES] = {
		[VM_NEW] = "new", [VM_SPAWNED] = "starting", [VM_BOOTING] = "booting", [VM_RETRYING] = "restarting",
		[VM_RUNNING] = "running", [VM_PAUSED] = "paused", [VM_STOPPING] = "stopping", [VM_DEAD] = "dead",
	};

	return names[state];
}

const char *vm_ev_name(enum vm_ev ev)
{
	static const char *const names[VM_NEVENTS] = {
		[EV_START] = "start", [EV_STOP] = "stop", [EV_QMP_UP] = "QMP up", [EV_READY] = "agent ready",
		[EV_TRIAL_OVER] = "KVM trial over", [EV_KVM_ERROR] = "KVM internal error", [EV_TIMEOUT] = "time-out",
		[EV_IO_ERROR] = "I/O error", [EV_RESUMED] = "resumed", [EV_BROKEN] = "broken", [EV_EXIT] = "QEMU exit",
		[EV_TRIAL_EXIT] = "QEMU exit in KVM trial",
	};

	return names[ev];
}
