/* SPDX-License-Identifier: Apache-2.0 */
/* drive-uv.c - the drive of the host: a poll handle, a timer for deadlines, and a deferred call that
 * gathers what one turn of the loop wants to send. */
#include "rpc/drive-uv.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/loop.h"
#include "rpc/drive-epoll.h"

struct uv_drive {
	struct rpc_drive drive;
	int fd;
	uv_poll_t poll;
	uv_timer_t timer;
	struct loop_defer soon;
	int events; /* that poll waits for */
	int64_t due_ms; /* when the timer fires, in the loop's time; -1: it rests */
	int handles; /* that libuv has not closed yet */
	bool closing;
	void *data;
	rpc_uv_closed_cb closed;
};

static void on_closed(uv_handle_t *h)
{
	struct uv_drive *u = h->data;

	if (--u->handles)
		return;
	rpc_drive_finish(&u->drive);
	free(u);
}

/* The memory stays until the loop's next turn, so steps on the stack may go on. */
static void shut(struct uv_drive *u)
{
	if (u->closing)
		return;
	u->closing = true;
	loop_defer_cancel(&u->soon);
	uv_close((uv_handle_t *)&u->poll, on_closed);
	uv_close((uv_handle_t *)&u->timer, on_closed);
	close(u->fd);
}

static void over(struct uv_drive *u)
{
	struct err e = { 0 };
	int rc = rpc_drive_result(&u->drive, &e);

	rpc_drive_finish(&u->drive);
	shut(u);
	if (u->closed)
		u->closed(u->data, rc > 0 ? 0 : rc, &e);
}

static void on_poll(uv_poll_t *h, int status, int events);
static void on_timer(uv_timer_t *h);

/* Waits for what the drive wants next. */
static void settle(struct uv_drive *u, uint32_t events)
{
	int want = (events & EPOLLIN ? UV_READABLE : 0) | (events & EPOLLOUT ? UV_WRITABLE : 0);
	int timeout = rpc_drive_timeout_ms(&u->drive);
	int64_t due = timeout < 0 ? -1 : (int64_t)uv_now(u->timer.loop) + timeout;

	if (u->closing)
		return;
	if (!events)
		return over(u);
	if (want != u->events) {
		u->events = want;
		uv_poll_start(&u->poll, want, on_poll);
	}
	if (due == u->due_ms)
		return;
	u->due_ms = due;
	if (due < 0)
		uv_timer_stop(&u->timer);
	else
		uv_timer_start(&u->timer, on_timer, (uint64_t)timeout, 0);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct uv_drive *u = h->data;

	/* After an error libuv has stopped the handle; reading tells what it was. */
	if (status < 0)
		u->events = 0;
	settle(u, rpc_drive_ready(&u->drive, status < 0 || events & UV_READABLE ? EPOLLIN : EPOLLOUT));
}

static void on_timer(uv_timer_t *h)
{
	struct uv_drive *u = h->data;

	u->due_ms = -1;
	settle(u, rpc_drive_prepare(&u->drive));
}

static void on_soon(struct loop_defer *d)
{
	struct uv_drive *u = container_of(d, struct uv_drive, soon);

	settle(u, rpc_drive_prepare(&u->drive));
}

static void on_wake(struct rpc_drive *d)
{
	struct uv_drive *u = container_of(d, struct uv_drive, drive);

	if (!u->closing)
		loop_defer(u->timer.loop, &u->soon, on_soon);
}

static void on_gone(struct rpc_drive *d)
{
	shut(container_of(d, struct uv_drive, drive));
}

static int attach(uv_loop_t *loop, int fd, struct rpc_session *s, void *data, rpc_uv_closed_cb closed,
		  struct err *e)
{
	AUTO_FREE struct uv_drive *u = calloc(1, sizeof(*u));
	int rc;

	if (!u)
		return err_set(e, -ENOMEM, "out of memory for a connection");
	u->fd = fd;
	u->due_ms = -1;
	u->handles = 2;
	u->data = data;
	u->closed = closed;
	/* The first call of loop_defer is the one that can fail; it also sends the greeting. */
	rc = loop_defer(loop, &u->soon, on_soon);
	if (rc < 0)
		return err_set(e, rc, "out of memory for a connection");
	rc = uv_poll_init(loop, &u->poll, fd);
	if (rc < 0) {
		loop_defer_cancel(&u->soon);
		return err_sys(e, rc, "cannot watch a connection");
	}
	uv_timer_init(loop, &u->timer);
	u->poll.data = u->timer.data = u;
	rpc_drive_init(&u->drive, s, fd);
	u->drive.wake = on_wake;
	u->drive.gone = on_gone;
	TAKE(u);
	return 0;
}

int rpc_uv_serve(uv_loop_t *loop, int fd, const struct rpc_method *methods, void *data,
		 rpc_uv_closed_cb closed, struct rpc_server **ret, struct err *e)
{
	struct rpc_server *s;
	int rc = rpc_server_create(methods, data, &s, e);

	if (rc < 0)
		return rc;
	rc = attach(loop, fd, rpc_server_session(s), data, closed, e);
	if (rc < 0) {
		rpc_server_destroy(s);
		return rc;
	}
	*ret = s;
	return 0;
}

int rpc_uv_connect(uv_loop_t *loop, int fd, void *data, rpc_uv_closed_cb closed, struct rpc_client **ret,
		   struct err *e)
{
	struct rpc_client *c;
	int rc = rpc_client_create(&c, e);

	if (rc < 0)
		return rc;
	rc = attach(loop, fd, rpc_client_session(c), data, closed, e);
	if (rc < 0) {
		rpc_client_destroy(c);
		return rc;
	}
	*ret = c;
	return 0;
}
