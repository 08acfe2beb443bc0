/* SPDX-License-Identifier: Apache-2.0 */
/* vsock.c - the virtio-vsock device: its turns, its life. */
#include "vm/vsock-inside.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"

/* ---- the turns */

static void reap(struct vsock *v)
{
	list_each(struct vsock_stream, s, &v->dead, dead)
		if (s->tell == TELL_NOTHING)
			vsock_stream_free(v, s);
}

static void on_tell(struct loop_defer *d);

void vsock_owe_call(struct vsock *v)
{
	loop_defer(v->loop, &v->tell, on_tell);
}

static void look_for_broken(struct vsock *v)
{
	for (unsigned i = 0; i < VSOCK_NQUEUES && !v->told_broken; i++) {
		if (!v->q[i] || !v->q[i]->broken)
			continue;
		v->told_broken = true;
		v->why_broken = v->q[i]->broken;
		vsock_owe_call(v);
	}
}

static void on_again(struct loop_defer *d)
{
	struct vsock *v = container_of(d, struct vsock, again);

	vsock_run(v);
}

void vsock_run(struct vsock *v)
{
	bool more = vsock_pump_tx(v);

	more |= vsock_pump_rx(v);
	for (unsigned i = 0; i < VSOCK_NQUEUES; i++)
		vsock_signal_guest(v, i);
	if (more)
		loop_defer(v->loop, &v->again, on_again);
	reap(v);
	look_for_broken(v);
}

static void on_sockets(uv_poll_t *h, int status, int events)
{
	struct vsock *v = h->data;
	struct epoll_event ev[64];
	int n = epoll_wait(v->epfd, ev, ARRAY_LEN(ev), 0);

	for (int i = 0; i < n; i++) {
		struct vsock_stream *s = ev[i].data.ptr;

		if (ev[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			s->readable = true;
		if (ev[i].events & (EPOLLHUP | EPOLLERR))
			s->hup = true;
		if (ev[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
			vsock_stream_drain(s);
		vsock_stream_update(v, s);
	}
	vsock_run(v);
}

/* One callback that is owed. The stream may be gone after it. */
static void tell_user(struct vsock *v, struct vsock_stream *s)
{
	struct transport_listener *l = vsock_listener_of(v, s->c.hport);
	struct transport_dial *op = TAKE(s->op);
	enum tell what = s->tell;
	int fd = TAKE_FD(s->user_fd), rc = s->tell_rc;
	struct err err = { 0 };

	list_remove(&s->told);
	s->tell = TELL_NOTHING;
	if (what == TELL_ACCEPTED && l) {
		l->accepted(l, fd);
		return;
	}
	if (what != TELL_DIALED || !op || rc < 0) {
		close(fd);
		fd = -1;
	}
	if (what == TELL_DIALED && op) {
		if (rc < 0)
			err_sys(&err, rc, "cannot connect to port %u of the guest", op->port);
		op->conn = NULL;
		op->cb(op, rc, fd, &err);
	}
}

/* Callbacks to users: from the loop only, nothing of ours on the stack. They may destroy the device, whose
 * memory then stays until its handles are closed. */
static void on_tell(struct loop_defer *d)
{
	struct vsock *v = container_of(d, struct vsock, tell);
	unsigned n = 0;

	list_each(struct vsock_stream, s, &v->told, told)
		n++;
	for (; n > 0 && !v->destroyed && !list_empty(&v->told); n--)
		tell_user(v, list_entry(v->told.next, struct vsock_stream, told));
	if (v->destroyed)
		return;
	reap(v);
	if (v->why_broken) {
		log_warn("vsock: %s", v->why_broken);
		v->ops->broken(v->arg, TAKE(v->why_broken));
	} else if (!list_empty(&v->told)) {
		vsock_owe_call(v);
	}
}

void vsock_set_queue(struct vsock *v, unsigned queue, struct virtq *q)
{
	if (!q && queue == VSOCK_QUEUE_TX)
		vsock_pump_rest(v);
	v->q[queue] = q;
	if (q)
		vsock_run(v);
}

void vsock_kicked(struct vsock *v)
{
	vsock_run(v);
}

void vsock_guest_gone(struct vsock *v)
{
	vsock_pump_rest(v);
	v->q[VSOCK_QUEUE_RX] = v->q[VSOCK_QUEUE_TX] = NULL;
	v->norphans = 0;
	v->told_broken = false;
	list_each(struct vsock_stream, s, &v->all, all) {
		vsock_stream_refuse(v, s, -ENOTCONN);
		s->c.state = VSOCK_CLOSED;
		s->c.owed = 0;
		vsock_stream_drain(s);
		vsock_stream_update(v, s);
	}
	reap(v);
}

void vsock_stats(const struct vsock *v, struct vsock_stats *ret)
{
	*ret = (struct vsock_stats){ .granted = v->granted };
	list_each(struct vsock_stream, s, (struct list *)&v->all, all) {
		ret->streams++;
		ret->kept += s->c.ring_len;
	}
}

/* ---- life */

struct transport *vsock_transport(struct vsock *v)
{
	return &v->t;
}

int vsock_create(uv_loop_t *loop, uint64_t guest_cid, const struct vsock_ops *ops, void *arg, struct vsock **ret,
		 struct err *e)
{
	AUTO_FREE struct vsock *v = calloc(1, sizeof(*v));

	if (!v)
		return err_sys(e, -ENOMEM, "cannot make the vsock device");
	v->t.ops = &vsock_transport_ops;
	v->loop = loop;
	v->ops = ops;
	v->arg = arg;
	v->cid = guest_cid;
	list_init(&v->listeners);
	list_init(&v->all);
	list_init(&v->ready);
	list_init(&v->told);
	list_init(&v->dialing);
	list_init(&v->dead);
	v->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (v->epfd < 0)
		return err_sys(e, -errno, "cannot make the vsock device");
	v->poll.data = v->timer.data = v;
	uv_poll_init(loop, &v->poll, v->epfd);
	uv_poll_start(&v->poll, UV_READABLE, on_sockets);
	uv_timer_init(loop, &v->timer);
	*ret = TAKE(v);
	return 0;
}

/* Dials under way are told here, from the loop, when nothing else can happen to the device any more. */
static void on_closed(uv_handle_t *h)
{
	struct vsock *v = h->data;

	if (--v->nclosing)
		return;
	list_each(struct vsock_stream, s, &v->all, all) {
		if (s->op) {
			s->tell = TELL_DIALED;
			s->tell_rc = -ECANCELED;
			tell_user(v, s);
		}
		vsock_stream_free(v, s);
	}
	close(v->epfd);
	free(v);
}

void vsock_destroy(struct vsock *v)
{
	if (!v || v->destroyed)
		return;
	v->destroyed = true;
	loop_defer_cancel(&v->again);
	loop_defer_cancel(&v->tell);
	list_each(struct transport_listener, l, &v->listeners, link) {
		list_remove(&l->link);
		l->t = NULL;
	}
	list_each(struct vsock_stream, s, &v->all, all)
		shutdown(s->fd, SHUT_RDWR);
	v->nclosing = 2;
	uv_close((uv_handle_t *)&v->poll, on_closed);
	uv_close((uv_handle_t *)&v->timer, on_closed);
}
