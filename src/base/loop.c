/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - deferred calls: a pair of handles for each loop. loop->data is the loop's owner's, who may be
 * anybody that uses our library, so what belongs to a loop is found in a list beside it. */
#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct deferred {
	struct list link;
	uv_loop_t *loop;
	uv_check_t check; /* runs the calls */
	uv_idle_t idle;   /* keeps poll from sleeping while there are some */
	struct list pending;
	bool active, running, finish;
};

/* Loops live on threads of their own; only the list is shared. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list all = { &all, &all };

static void remove_queue(struct deferred *q);

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
	q->running = true;
	while (!list_empty(&now)) {
		struct loop_defer *d = list_entry(now.next, struct loop_defer, link);

		list_remove(&d->link);
		d->pending = false;
		d->fn(d);
	}
	q->running = false;
	if (!list_empty(&q->pending))
		return;
	uv_idle_stop(&q->idle);
	uv_check_stop(&q->check);
	q->active = false;
	if (q->finish)
		remove_queue(q);
}

static struct deferred *find(const uv_loop_t *loop)
{
	struct deferred *found = NULL;

	pthread_mutex_lock(&all_lock);
	list_each(struct deferred, q, &all, link)
		if (q->loop == loop)
			found = q;
	pthread_mutex_unlock(&all_lock);
	return found;
}

static struct deferred *queue_of(uv_loop_t *loop)
{
	struct deferred *q = find(loop);

	if (q)
		return q;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->loop = loop;
	list_init(&q->pending);
	uv_check_init(loop, &q->check);
	uv_idle_init(loop, &q->idle);
	q->check.data = q->idle.data = q;
	pthread_mutex_lock(&all_lock);
	list_append(&all, &q->link);
	pthread_mutex_unlock(&all_lock);
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

static void remove_queue(struct deferred *q)
{
	pthread_mutex_lock(&all_lock);
	list_remove(&q->link);
	pthread_mutex_unlock(&all_lock);
	uv_close((uv_handle_t *)&q->check, on_check_closed);
}

void loop_finish(uv_loop_t *loop)
{
	struct deferred *q = find(loop);

	if (!q)
		return;
	q->finish = true;
	if (!q->running && list_empty(&q->pending))
		remove_queue(q);
}
