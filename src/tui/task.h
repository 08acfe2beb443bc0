/* SPDX-License-Identifier: Apache-2.0 */
/* task.h - long work that this berth began: pulls, and containers on their way. It goes on while its view is
 * closed; its last progress is kept for whoever looks. */
#ifndef BERTH_TUI_TASK_H
#define BERTH_TUI_TASK_H

#include "tui/app.h"

/* What is known of a layer beyond the last progress. */
struct task_layer {
	int64_t began, ended; /* ns; 0: not yet */
	int64_t measured;     /* when done was last compared */
	uint64_t done, rate;
};

struct task {
	struct list link;
	struct app *app;
	struct berth_op *op; /* NULL: over */
	const char *verb;    /* "Pull", "Run", "Build", "Start"; of another berth's job what jobs calls it */
	char *object;        /* what the user named */
	char job[24], platform[32];
	char stage[96], note[160], digest[96];
	int64_t noted;       /* when the note came */
	uint64_t done, total, rate;
	bool percent;        /* done is of 100, not of bytes */
	char waits[65];      /* "" or the container that is to be started once there is a kernel */
	struct berth_layer *layers; /* digests are owned */
	struct task_layer *more; /* of the same layers */
	size_t nlayers;
	bool failed, cancelled; /* cancelled is failed too */
	bool fetches;        /* cancelled, it leaves parts to go on from */
	bool follows;        /* another berth's job: it is not ours to end by leaving */
	bool pull, run;      /* a pull and nothing more, a container that is made: they can begin anew */
	struct berth_create create; /* of run */
	void *own;           /* what create points to; freed with the task */
	bool asks;           /* it waits for a login of host */
	char host[160];
	char error[320];
	int64_t began, ended;
	bool console;        /* open its console once it is made */
	bool background;     /* start it without one */
	char name[80];
};

/* Both return the task, or NULL after a message. A container that is made is started, unless neither console
 * nor background says so. */
struct task *task_pull(struct app *app, const char *ref);
/* own holds what c points to; the task's from now on, also when there is none. */
struct task *task_run(struct app *app, const struct berth_create *c, bool console, bool background, void *own);
/* A job of another berth is watched; its task, or NULL after a message. verb as berth jobs has it. */
struct task *task_follow(struct app *app, const char *id, const char *verb, const char *object);
/* Does a job of that verb leave something to go on from? */
bool task_fetches(const char *verb);
/* The pull or run begins anew; what was fetched is used. */
void task_retry(struct task *t);
#define TASK_KERNEL "the kernel" /* the object of its build */
/* By a job, unless it is being built. */
void task_build_kernel(struct app *app);
/* How far it is; -1: it is not being built. */
int task_kernel_percent(const struct app *app);
/* False: nothing is to be waited for, it can be started now. */
bool task_start_later(struct app *app, const char *id, const char *name);
void task_cancel(struct task *t);
int task_asking(const struct app *app); /* how many wait for the user */
int task_running(const struct app *app);
void task_keep_all(struct app *app);
void task_drop_all(struct app *app);
/* The one of that job, or NULL; it knows more than the list of jobs does. */
struct task *task_of_job(const struct app *app, const char *id);
/* The running task of that object, or NULL. */
struct task *task_find(const struct app *app, const char *object);

#endif
