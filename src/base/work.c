/* SPDX-License-Identifier: Apache-2.0 */
/* work.c - a function run in libuv's pool, its end told on the loop. */
#include "base/work.h"

#include "base/auto.h"

static void in_pool(uv_work_t *req)
{
	struct work *w = container_of(req, struct work, req);

	w->rc = w->fn(w, &w->err);
}

static void on_loop(uv_work_t *req, int status)
{
	struct work *w = container_of(req, struct work, req);

	if (status < 0)
		w->rc = err_set(&w->err, status, "canceled");
	w->done(w, w->rc, &w->err);
}

int work_start(struct work *w, uv_loop_t *loop, int (*fn)(struct work *w, struct err *e),
	       void (*done)(struct work *w, int rc, const struct err *e))
{
	w->rc = 0;
	w->err = (struct err){ 0 };
	w->fn = fn;
	w->done = done;
	return uv_queue_work(loop, &w->req, in_pool, on_loop);
}

void work_cancel(struct work *w)
{
	uv_cancel((uv_req_t *)&w->req);
}
