/* SPDX-License-Identifier: Apache-2.0 */
/* work.h - the only door to threads: a function run in the pool, its end told on the loop. */
#ifndef BERTH_BASE_WORK_H
#define BERTH_BASE_WORK_H

#include <uv.h>

#include "base/err.h"

struct work {
	uv_work_t req; /* used inside */
	int rc;
	struct err err;
	int (*fn)(struct work *w, struct err *e);
	void (*done)(struct work *w, int rc, const struct err *e);
};

/* Runs fn(w, &err) in the pool, then done(w, rc, &err) on the loop thread, once. Embed w in a struct of
 * your own; fn must touch only that. The contract of base/loop.h. -EAGAIN, -ENOMEM: the pool cannot be started. */
int work_start(struct work *w, uv_loop_t *loop, int (*fn)(struct work *w, struct err *e),
	       void (*done)(struct work *w, int rc, const struct err *e));
/* Takes it back if no thread has begun it (done comes with -ECANCELED); otherwise it goes on. */
void work_cancel(struct work *w);

#endif
