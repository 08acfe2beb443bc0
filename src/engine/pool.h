/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - an operation that is one function in the pool, which tells how far it is and can be cancelled. */
#ifndef BERTH_ENGINE_POOL_H
#define BERTH_ENGINE_POOL_H

#include "base/pace.h"
#include "engine/engine.h"

/* Zeroed, then filled, then started. */
struct eng_pool {
	int (*run)(struct eng_pool *p, struct err *e); /* in the pool: looks at p->pace */
	/* On the loop's thread, once: calls the caller's callback. */
	void (*end)(struct eng_pool *p, int rc, const struct berth_error *e);
	void (*free)(struct eng_pool *p); /* after end, or if it did not start */
	berth_progress_cb progress; /* may be NULL; done and total in bytes */
	struct berth_progress view; /* verb, object and stage are the caller's */
	const char *hint; /* set by run; NULL: none */
	bool listed; /* it is a job that others see (own-job.h), called as the view says */

	struct berth_op op;
	struct work work;
	struct pace pace;
	uv_timer_t tick;
	struct eng_own_job *own;
	int rc;
	struct err err;
};

/* As the starting functions of berth.h; p is freed if it fails. */
int eng_pool_start(struct eng_pool *p, struct berth *b, void *arg, struct berth_op **op, struct berth_error *be);

#endif
