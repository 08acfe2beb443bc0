/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - a job's folder, <run-root>/jobs/<id>/ of proto.h, as the job itself writes it. */
#ifndef BERTH_JOB_FOLDER_H
#define BERTH_JOB_FOLDER_H

#include "job/proto.h"

#define JOB_FOLDER_SCRIPTS "scripts" /* a folder, of those that run any */

/* What the job is; with event the line "hello", else what "state" holds. NULL: out of memory. */
cJSON *job_folder_about(const struct job_desc *d, const char *id, const char *event);
int job_folder_write_state(int dir, const struct job_desc *d, const char *id, struct err *e);
/* Nobody is to find it any more; for the job itself, and for who has got the lock of a dead one. */
void job_folder_remove(const char *run_root, const char *id, int dir);

#endif
