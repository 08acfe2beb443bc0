/* SPDX-License-Identifier: Apache-2.0 */
/* proc.h - one process in the guest: its streams or console, how it starts and ends. */
#ifndef BERTH_SHIM_PROC_H
#define BERTH_SHIM_PROC_H

#include <stdbool.h>

#include "base/json.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "shim/channel.h"
#include "shim/console.h"
#include "store/container.h"
#include "vm/transport.h"

struct sandbox;

#define PROC_NO_CONSOLE UINT32_MAX
enum { PROC_STDIN, PROC_STDOUT, PROC_STDERR, PROC_NSTREAMS };

struct proc_stream {
	struct transport_listener listener;
	struct proc *p;
	uint32_t port; /* 0: not wanted */
};

struct proc {
	struct list link; /* in sandbox.procs */
	struct sandbox *sb;
	char id[CONTAINER_ID_LEN + 1]; /* of the main process: the container's */
	uint32_t console_n;            /* N of CTR:N; PROC_NO_CONSOLE for execs without terminal */
	bool tty, open_stdin;
	char *command; /* for a person */

	struct proc_stream stream[PROC_NSTREAMS];
	struct channel out[2]; /* without terminal */
	struct inlet in;
	struct console con; /* with terminal */

	bool created, go; /* in the guest; to be started once it is */
	bool started, exited, drained;
	int exit_code;
	struct rpc_unary create, start, wait, resize, remove;
	bool calling; /* remove is under way */
	bool resize_pending, resize_again;
	int told_rows, told_cols; /* what the guest was given at its start */
	struct list waiters;
	void *starter; /* of whoever sets on_started */
	/* How the start went; once. rc as of the agent's StartProcess, or of a step before: then early is true. */
	void (*on_started)(struct proc *p, int rc, bool early, const struct err *e);
	void (*on_created)(struct proc *p); /* without go: it is in the guest; may be NULL */
	/* It has ended and its output was passed on; once. */
	void (*on_exited)(struct proc *p);
};

/* spec: the runtime specification as CreateProcess takes it; only looked at here. logged: its output goes
 * to the container's log. The console has rows x cols, or 24 x 80 for 0. */
int proc_create(struct sandbox *sb, const char *id, const cJSON *spec, bool open_stdin, bool logged, unsigned rows,
		unsigned cols, struct proc **ret, struct err *e);
void proc_destroy(struct proc *p);

/* Creates it in the guest and, with go, starts it at once. */
int proc_begin(struct proc *p, const cJSON *spec, bool go, struct err *e);
/* Starts what was created by proc_begin without go; also before that has been answered. */
void proc_go(struct proc *p);
/* The VM is gone: it ended with it, if it had not before. */
void proc_vm_gone(struct proc *p, int exit_code);

struct proc_attach {
	bool stdin_, output, read_only, clipboard, repaint;
	unsigned rows, cols;
};
struct proc_tokens {
	char io[IOSOCK_TOKEN_LEN + 1];
	char in[IOSOCK_TOKEN_LEN + 1], out[IOSOCK_TOKEN_LEN + 1], err[IOSOCK_TOKEN_LEN + 1];
	uint64_t viewer;
};
/* Tokens of the streams asked for, "" for the others. -EPIPE: it has ended; -EBUSY: stdin is taken. */
int proc_attach(struct proc *p, const struct proc_attach *a, struct proc_tokens *ret, struct err *e);
/* The call is answered with the exit code when the process has ended; for the main one with the sandbox's. */
void proc_add_waiter(struct proc *p, struct rpc_call *call);
void proc_answer_waiters(struct proc *p, int exit_code);
/* true while a client has not taken all of the output. */
bool proc_busy(const struct proc *p);

#endif
