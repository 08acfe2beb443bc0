/* SPDX-License-Identifier: Apache-2.0 */
/* kind.h - what main.c knows of a kind of job: how it is started, cancelled and put away. */
#ifndef BERTH_JOB_KIND_H
#define BERTH_JOB_KIND_H

#include <uv.h>

#include "base/err.h"
#include "base/json.h"
#include "job/proto.h"

struct job_calls {
	/* An event for the clients, which now owns it. droppable: one like it follows soon. */
	void (*event)(void *arg, cJSON *event, bool droppable);
	/* The contract of base/loop.h; the last call. hint may be NULL. After it destroy. */
	void (*done)(void *arg, int rc, const struct err *e, const char *hint);
	void *arg;
};

struct job_kind {
	const char *name;
	/* d is copied where needed and must stay until done. */
	int (*start)(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, void **ret,
		     struct err *e);
	void (*cancel)(void *job);
	void (*destroy)(void *job); /* at ease with NULL */
};

extern const struct job_kind job_kind_pull, job_kind_push, job_kind_login, job_kind_tags, job_kind_manifest,
	job_kind_referrers, job_kind_kernel;

#endif
