/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - a function in the pool, watched by a timer. */
#include "engine/pool.h"

#include <string.h>

#include "base/auto.h"
#include "engine/own-job.h"

#define TICK_MS 100

static void on_closed(uv_handle_t *h)
{
	struct eng_pool *p = h->data;
	struct berth_error be = { 0 };

	eng_own_job_end(p->own, p->rc, &p->err);
	eng_op_end(&p->op);
	p->end(p, p->rc, eng_error(&be, p->rc, &p->err, p->hint));
	p->free(p);
}

static void on_done(struct work *w, int rc, const struct err *e)
{
	struct eng_pool *p = container_of(w, struct eng_pool, work);

	p->rc = rc;
	p->err = *e;
	uv_close((uv_handle_t *)&p->tick, on_closed);
}

static void on_tick(uv_timer_t *t)
{
	struct eng_pool *p = t->data;

	pace_look(&p->pace, &p->view.done, &p->view.total);
	eng_own_job_tell(p->own, &p->view);
	if (p->progress)
		p->progress(p->op.arg, &p->view);
}

static int run(struct work *w, struct err *e)
{
	struct eng_pool *p = container_of(w, struct eng_pool, work);

	return p->run(p, e);
}

static void cancel(struct berth_op *op)
{
	struct eng_pool *p = container_of(op, struct eng_pool, op);

	pace_cancel(&p->pace);
	work_cancel(&p->work);
}

int eng_pool_start(struct eng_pool *p, struct berth *b, void *arg, struct berth_op **op, struct berth_error *be)
{
	struct err e = { 0 };
	int rc = p->listed ? eng_own_job_begin(&p->own, b, p->view.verb, p->view.object, &p->op, &e) : 0;

	if (rc == 0) {
		eng_op_begin(b, &p->op, arg, cancel, NULL); /* the thread may look at it at once */
		rc = work_start(&p->work, b->loop, run, on_done);
		if (rc < 0)
			list_remove(&p->op.link);
	}
	if (rc < 0) {
		eng_own_job_end(p->own, rc, &e);
		p->free(p);
		return eng_refuse(be, rc, &e);
	}
	uv_timer_init(b->loop, &p->tick);
	p->tick.data = p;
	if (p->progress || p->own)
		uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS);
	if (op)
		*op = &p->op;
	return 0;
}
