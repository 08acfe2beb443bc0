/* SPDX-License-Identifier: Apache-2.0 */
/* work.c - a function run in libuv's pool, its end told on the loop. */
#include "base/work.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

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

static void wait_for_start(void *start)
{
	uv_sem_wait(start);
}

/* libuv aborts the process when it cannot start its pool. So as many threads as that has are tried first, all at a time; what
 * the C library gave them it keeps for the next ones. */
static int try_threads(void)
{
	const char *size = getenv("UV_THREADPOOL_SIZE");
	size_t want = size && atoi(size) > 0 ? (size_t)atoi(size) : 4, n = 0;
	AUTO_FREE uv_thread_t *threads = calloc(want, sizeof(*threads));
	uv_sem_t start;
	int rc;

	if (!threads || uv_sem_init(&start, 0) < 0)
		return -ENOMEM;
	for (rc = 0; rc == 0 && n < want; n += rc == 0)
		rc = uv_thread_create(&threads[n], wait_for_start, &start);
	for (size_t i = 0; i < n; i++)
		uv_sem_post(&start);
	for (size_t i = 0; i < n; i++)
		uv_thread_join(&threads[i]);
	uv_sem_destroy(&start);
	return rc;
}

int work_start(struct work *w, uv_loop_t *loop, int (*fn)(struct work *w, struct err *e),
	       void (*done)(struct work *w, int rc, const struct err *e))
{
	static _Atomic bool tried;
	int rc = tried ? 0 : try_threads();

	if (rc < 0)
		return rc;
	tried = true;
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
