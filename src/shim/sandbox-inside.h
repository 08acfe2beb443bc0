/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox-inside.h - what the files of the sandbox share; nobody else includes it. */
#ifndef BERTH_SHIM_SANDBOX_INSIDE_H
#define BERTH_SHIM_SANDBOX_INSIDE_H

#include "shim/sandbox.h"

#define SANDBOX_AGENT_MS 30000 /* in which the agent answers */

/* --- sandbox-end.c */
/* The container never ran. */
void sandbox_fail(struct sandbox *sb, int rc, const struct err *e);
/* As sandbox_fail, for steps whose errno must not be taken for that of the container's program. */
void sandbox_fail_early(struct sandbox *sb, int rc, const struct err *e);
/* A VM without agent is of no use. Why it went is told best by the VM's own end, which comes in a moment; if
 * it does not, the agent alone is gone. */
void sandbox_lost(struct sandbox *sb, const struct err *e);
/* The Start call hears why it failed, if there is one. */
void sandbox_answer_start(struct sandbox *sb);
void sandbox_main_exited(struct proc *p);
void sandbox_on_vm_event(struct vm *vm, const struct vm_event *ev, void *arg);

#endif
