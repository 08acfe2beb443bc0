/* SPDX-License-Identifier: Apache-2.0 */
/* own-job.h - a long operation of this process, shown as a job (job/proto.h): berth jobs and the UI list it, anybody of
 * this user may follow and cancel it. It ends with this process: what it left is taken away by the next who looks. */
#ifndef BERTH_ENGINE_OWN_JOB_H
#define BERTH_ENGINE_OWN_JOB_H

#include "engine/engine.h"

struct eng_own_job;

/* verb: what jobs calls it; ref: what it is about; of: what is cancelled when somebody asks for it, begun by eng_op_begin
 * before the loop turns. */
int eng_own_job_begin(struct eng_own_job **ret, struct berth *b, const char *verb, const char *ref, struct berth_op *of,
		      struct err *e);
/* Its folder, whose lock this process holds. */
const char *eng_own_job_folder(const struct eng_own_job *j);
/* j may be NULL in both. */
void eng_own_job_tell(struct eng_own_job *j, const struct berth_progress *p);
/* The last call: it is gone from the list, and its memory goes by itself. */
void eng_own_job_end(struct eng_own_job *j, int rc, const struct err *e);

#endif
