/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - a VM and the container in it, from boot to end: what a shim is for. */
#ifndef BERTH_SHIM_SANDBOX_H
#define BERTH_SHIM_SANDBOX_H

#include <stdbool.h>

#include <uv.h>

#include "base/json.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "shim/crilog.h"
#include "shim/forward.h"
#include "shim/freeze.h"
#include "shim/iosock.h"
#include "shim/proc.h"
#include "shim/stats.h"
#include "vm/vm.h"

enum sandbox_state { SANDBOX_STARTING, SANDBOX_RUNNING, SANDBOX_STOPPING, SANDBOX_GONE };

struct sandbox_stop_call {
	struct list link;
	struct rpc_call *call;
};

struct sandbox {
	uv_loop_t *loop;
	const char *root, *run_root;
	char id[CONTAINER_ID_LEN + 1];
	char *run_dir_path;
	int dir, run_dir;      /* the container's folder in the store; its run folder */
	int lock_fd;           /* -1 once it is over */
	cJSON *config;
	bool remove;           /* --rm, or its owner is gone */
	uv_async_t orphaned;   /* its owner has ended */
	int scrollback;        /* lines that each console keeps */

	enum sandbox_state state;
	int exit_code;
	bool failed;           /* it never ran: the Start call gets start_rc and start_err */
	int start_rc;
	struct err start_err;
	char cause[512];       /* why it ended, if that needs saying */
	char notice[512];      /* for the client: KVM did not work, say */
	char kernel[128];      /* the guest's release, once known */
	uint64_t guest_memory; /* bytes that the guest sees, once known */
	bool dead;             /* the VM went without being asked */
	bool oom_killed;
	bool paused;           /* until the host's disk has space again; cause says so */
	bool frozen;           /* by pause, until unpause */
	bool stop_asked;       /* by somebody, not by its own end */
	int64_t started, finished;

	struct vm *vm;
	struct vm_start vm_start;
	struct vm_stop vm_stop;
	bool vm_stopping, vm_running;
	uint32_t next_port;
	struct transport_dial dial;
	struct rpc_client *agent;
	struct rpc_unary hello, prepare, shutdown, kill;
	struct rpc_stream events;
	bool prepared;
	struct err lost;       /* the way to the agent broke; code 0: it did not */
	uv_timer_t lost_timer;

	struct iosock *io;
	struct crilog log;
	struct forward *forward;
	cJSON *ports;          /* as really published */
	struct list procs;
	struct proc *main;
	uint32_t next_console;
	struct rpc_call *start_call; /* waits for the main process */
	struct proc_tokens start_tokens;
	bool start_asked, start_attached;
	bool held;             /* its process is made and not started */
	struct list stop_calls;
	struct stats stats;
	struct freeze freeze;
	uv_timer_t stop_timer;
	/* Monotonic ns. asked: when the client began, as its clock is ours; 0 if it did not say. */
	int64_t asked, boot_begin, prepare_begin, prepare_end, start_begin, start_end;
	uint32_t mounts_usec; /* of the agent's preparation */

	/* It is over and all is written down; clients may still be reading output (sandbox_busy). Once. */
	void (*on_gone)(struct sandbox *sb);
	/* A client has taken the last of something. */
	void (*on_idle)(struct sandbox *sb);
	void *data;
};

/* Reads the container, takes ports, and begins the VM. lock_fd is taken over. What goes wrong later is told
 * to the Start call. */
int sandbox_init(struct sandbox *sb, uv_loop_t *loop, const char *root, const char *run_root, const char *id,
		 int lock_fd, struct err *e);
int sandbox_boot(struct sandbox *sb, struct err *e);
/* sandbox_boot failed: the container is over before it began. */
void sandbox_fail_boot(struct sandbox *sb, int rc, const struct err *e);
void sandbox_finish(struct sandbox *sb);
bool sandbox_busy(const struct sandbox *sb);

/* The Start call: answered now or later. hold: the machine alone. */
void sandbox_start(struct sandbox *sb, struct rpc_call *call, const struct proc_attach *attach, bool hold);
/* Signals the main process, waits timeout_ms, kills, ends the VM. */
void sandbox_stop(struct sandbox *sb, int64_t timeout_ms);
/* 0, or -ESRCH. What cannot be asked of the guest is done to the VM. */
int sandbox_signal(struct sandbox *sb, struct proc *p, int sig, struct err *e);
/* Ends the VM at once. */
void sandbox_kill_vm(struct sandbox *sb);
struct proc *sandbox_find_exec(struct sandbox *sb, const char *exec_id);
struct proc *sandbox_find_console(struct sandbox *sb, uint32_t n);
/* Another process. */
struct sandbox_exec {
	char **args, **env; /* env: added to the container's */
	const char *user, *cwd; /* "" or NULL: the container's */
	bool tty, open_stdin, privileged;
	unsigned rows, cols;
};
int sandbox_exec(struct sandbox *sb, const struct sandbox_exec *x, struct proc **ret, struct err *e);
/* It runs, and was told to whoever asked. */
void sandbox_exec_started(struct proc *p);
void sandbox_note_log_failure(struct sandbox *sb, const struct err *e);

/* setup.c: what the container's configuration means for the VM, for the agent, and for an exec. */
int sandbox_make_vm(struct sandbox *sb, vm_event_cb on_event, struct err *e);
/* How much of its memory and CPUs, as it was started, a container can be given. */
struct sandbox_room {
	uint64_t memory;
	double cpus;
};
struct sandbox_room sandbox_room(const struct sandbox *sb);
int sandbox_prepare(struct sandbox *sb, rpc_unary_cb cb, struct err *e);
int sandbox_exec_spec(struct sandbox *sb, const struct sandbox_exec *x, cJSON **ret, struct err *e);

#endif
