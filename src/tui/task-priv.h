/* SPDX-License-Identifier: Apache-2.0 */
/* task-priv.h - what the kinds of tasks share. */
#ifndef BERTH_TUI_TASK_PRIV_H
#define BERTH_TUI_TASK_PRIV_H

#include "tui/task.h"

/* NULL after a message. */
struct task *task_new(struct app *app, const char *object);
void task_free(struct task *t);
/* A berth_progress_cb. */
void task_on_progress(void *task, const struct berth_progress *p);
/* Its operation has ended; an error becomes a message. */
void task_over(struct task *t, int rc, const struct berth_error *e);
/* Its container is made: its console is opened, or it is started, as was asked for. */
void task_go_on(struct task *t, const char *id);
/* True: it waits for the kernel that is being built, and task_go_on is called then. */
bool task_wait_for_kernel(struct task *t, const char *id);

#endif
