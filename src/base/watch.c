/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - a descriptor on the loop that outlives nobody. */
#include "base/watch.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"

struct watch {
	uv_poll_t poll;
	watch_cb cb;
	void *arg;
	int fd, events;
};

static void on_ready(uv_poll_t *h, int status, int events)
{
	struct watch *w = container_of(h, struct watch, poll);

	w->cb(w->arg, status < 0 ? UV_READABLE | UV_WRITABLE : events);
}

static void on_closed(uv_handle_t *h)
{
	free(container_of((uv_poll_t *)h, struct watch, poll));
}

struct watch *watch_new(uv_loop_t *loop, int fd, watch_cb cb, void *arg)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w || uv_poll_init(loop, &w->poll, fd) < 0) {
		free(w);
		close(fd);
		return NULL;
	}
	w->cb = cb;
	w->arg = arg;
	w->fd = fd;
	return w;
}

void watch_set(struct watch *w, int events)
{
	if (events == w->events)
		return;
	w->events = events;
	if (events)
		uv_poll_start(&w->poll, events, on_ready);
	else
		uv_poll_stop(&w->poll);
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

int watch_release(struct watch *w)
{
	int fd = w->fd;

	uv_close((uv_handle_t *)&w->poll, on_closed);
	return fd;
}

void watch_close(struct watch *w)
{
	if (w)
		close(watch_release(w));
}
