/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - deferred calls: one idle handle for each loop, kept in loop->data. */
#include "base/loop.h"

#include <errno.h>
#include <stdlib.h>

struct deferred {
	uv_check_t check; /* runs the calls */
	uv_idle_t idle;   /* keeps poll from sleeping while there are some */
	struct list pending;
	bool active;
};

static void on_idle(uv_idle_t *h)
{
	(void)h;
}

static void on_check(uv_check_t *h)
{
	struct deferred *q = h->data;
	struct list now;

	/* Calls that the calls below add wait for the next turn. */
	list_init(&now);
	if (!list_empty(&q->pending)) {
		now = q->pending;
		now.next->prev = now.prev->next = &now;
		list_init(&q->pending);
	}
	while (!list_empty(&now)) {
		struct loop_defer *d = list_entry(now.next, struct loop_defer, link);

		list_remove(&d->link);
		d->pending = false;
		d->fn(d);
	}
	if (list_empty(&q->pending)) {
		uv_idle_stop(&q->idle);
		uv_check_stop(&q->check);
		q->active = false;
	}
}

static struct deferred *queue_of(uv_loop_t *loop)
{
	struct deferred *q = loop->data;

	if (q)
		return q;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	list_init(&q->pending);
	uv_check_init(loop, &q->check);
	uv_idle_init(loop, &q->idle);
	q->check.data = q->idle.data = q;
	loop->data = q;
	return q;
}

int loop_defer(uv_loop_t *loop, struct loop_defer *d, void (*fn)(struct loop_defer *d))
{
	struct deferred *q = queue_of(loop);

	if (!q)
		return -ENOMEM;
	d->fn = fn;
	if (d->pending)
		return 0;
	d->pending = true;
	list_append(&q->pending, &d->link);
	if (!q->active) {
		uv_idle_start(&q->idle, on_idle);
		uv_check_start(&q->check, on_check);
		q->active = true;
	}
	return 0;
}

void loop_defer_cancel(struct loop_defer *d)
{
	if (!d->pending)
		return;
	list_remove(&d->link);
	d->pending = false;
}

static void on_idle_closed(uv_handle_t *h)
{
	free(h->data);
}

static void on_check_closed(uv_handle_t *h)
{
	struct deferred *q = h->data;

	uv_close((uv_handle_t *)&q->idle, on_idle_closed);
}

void loop_finish(uv_loop_t *loop)
{
	struct deferred *q = loop->data;

	if (!q)
		return;
	loop->data = NULL;
	uv_close((uv_handle_t *)&q->check, on_check_closed);
}
