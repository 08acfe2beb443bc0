/* SPDX-License-Identifier: Apache-2.0 */
/* job.h - the client's side of jobs: start berth-job or join the one that does the same already, follow what
 * it tells, leave it, cancel it, let it go on alone. job/proto.h tells what is said. */
#ifndef BERTH_ENGINE_JOB_H
#define BERTH_ENGINE_JOB_H

#include <stdbool.h>
#include <sys/types.h>

#include <uv.h>

#include "base/buf.h"
#include "base/loop.h"
#include "job/proto.h"

struct eng_job;
typedef void (*eng_job_cb)(struct eng_job *op, int rc, const struct err *e);

/* Zeroed, then filled, then started. */
struct eng_job {
	/* Of the caller: each event but the last ("hello", "stage", "progress", "warning"); may be NULL. */
	void (*event)(struct eng_job *op, const char *name, const cJSON *event);
	void *data;

	char id[JOB_ID_MAX];
	bool joined;    /* it ran already */

	/* Valid in the callback. */
	cJSON *result;  /* "done"; NULL after a failure or detach */
	char *hint;     /* of an error, or NULL */

	/* used inside */
	uv_loop_t *loop;
	uv_poll_t poll;
	uv_timer_t timer;
	struct loop_defer defer;
	eng_job_cb cb;
	struct buf in;
	struct err err;
	char *run_root;
	char kind[16];
	char *desc;     /* the text, NULL to join only */
	size_t desc_len;
	int dir, fd, log;
	unsigned open, waits;
	bool watching, ending, leaving, active;
	int rc;
};

/* Contract of base/loop.h. Starts the job that d describes or joins it. rc: 0 done (or detached), -ECANCELED,
 * -EPIPE if the job ended without a word, else the job's own error. */
int eng_job_start(struct eng_job *op, uv_loop_t *loop, const struct job_desc *d, eng_job_cb cb, struct err *e);
/* Joins the job of that id (a prefix that is unique will do). -ENOENT. */
int eng_job_join(struct eng_job *op, uv_loop_t *loop, const char *run_root, const char *id, eng_job_cb cb,
		 struct err *e);
/* Leaves it: it is cancelled if nobody else listens and nobody detached. */
void eng_job_cancel(struct eng_job *op);
/* Cancels it for all who listen. */
void eng_job_cancel_all(struct eng_job *op);
/* Leaves it, and it goes on whether anybody listens or not. */
void eng_job_detach(struct eng_job *op);
/* After the callback. */
void eng_job_finish(struct eng_job *op);

struct eng_job_info {
	char id[JOB_ID_MAX];
	char *kind, *ref, *platform, *started;
	pid_t pid;
};

/* The jobs that run; what dead ones left is removed. */
int eng_job_list(const char *run_root, struct eng_job_info **ret, size_t *ret_n, struct err *e);
/* Takes away what dead jobs left. */
void eng_jobs_sweep(const char *run_root);
void eng_job_list_free(struct eng_job_info *v, size_t n);

#endif
