/* SPDX-License-Identifier: Apache-2.0 */
/* vsock-dial.c - streams that the host begins, and those that it listens for: the device as a transport. */
#include "vm/vsock-inside.h"

#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/sock.h"

#define EPHEMERAL_FIRST 0x80000000u

static struct vsock *of_transport(struct transport *t)
{
	return container_of(t, struct vsock, t);
}

static void on_dial_timer(uv_timer_t *h)
{
	struct vsock *v = h->data;
	int64_t now = clock_mono_ns();

	list_each(struct vsock_stream, s, &v->dialing, dialing) {
		if (s->deadline_ns > now) {
			uv_timer_start(&v->timer, on_dial_timer,
				       (uint64_t)((s->deadline_ns - now) / 1000000 + 1), 0);
			break;
		}
		vsock_stream_refuse(v, s, -ETIMEDOUT);
		vsock_conn_reset(&s->c);
		vsock_stream_update(v, s);
	}
	vsock_run(v);
}

/* A stream to the guest on fd, which is taken over only on success. */
static int dial(struct vsock *v, int fd, uint32_t port, enum transport_kind kind, struct vsock_stream **ret,
		struct err *e)
{
	uint32_t hport;
	int rc;

	if (!vsock_queue_live(v, VSOCK_QUEUE_RX) || !vsock_queue_live(v, VSOCK_QUEUE_TX))
		return err_set(e, -ENOTCONN, "cannot connect to port %u of the guest: it is not up", port);
	do
		hport = v->next_port++ | EPHEMERAL_FIRST;
	while (vsock_stream_find(v, hport, port));
	rc = vsock_stream_new(v, fd, hport, port, kind, true, ret);
	if (rc == -EMFILE)
		return err_set(e, rc, "cannot connect to port %u of the guest: too many connections", port);
	if (rc < 0)
		return err_sys(e, rc, "cannot connect to port %u of the guest", port);
	(*ret)->deadline_ns = clock_mono_ns() + VSOCK_DIAL_TIMEOUT_MS * 1000000ll;
	list_append(&v->dialing, &(*ret)->dialing);
	if (!uv_is_active((uv_handle_t *)&v->timer))
		uv_timer_start(&v->timer, on_dial_timer, VSOCK_DIAL_TIMEOUT_MS, 0);
	vsock_stream_update(v, *ret);
	return 0;
}

static int op_dial(struct transport *t, struct transport_dial *op, struct err *e)
{
	struct vsock *v = of_transport(t);
	struct vsock_stream *s;
	int fd[2], rc;

	rc = sock_pair(fd);
	if (rc < 0)
		return err_sys(e, rc, "cannot connect to port %u of the guest", op->port);
	rc = dial(v, fd[0], op->port, op->kind, &s, e);
	if (rc < 0) {
		close(fd[0]);
		close(fd[1]);
		return rc;
	}
	s->user_fd = fd[1];
	s->op = op;
	op->conn = s;
	vsock_run(v);
	return 0;
}

static void op_dial_cancel(struct transport *t, struct transport_dial *op)
{
	struct vsock *v = of_transport(t);
	struct vsock_stream *s = op->conn;

	if (!s || s->tell != TELL_NOTHING)
		return;
	vsock_stream_refuse(v, s, -ECANCELED);
	vsock_conn_reset(&s->c);
	vsock_stream_update(v, s);
	vsock_run(v);
}

static int op_listen(struct transport *t, struct transport_listener *l, struct err *e)
{
	struct vsock *v = of_transport(t);

	if (vsock_listener_of(v, l->port))
		return err_sys(e, -EADDRINUSE, "cannot listen on vsock port %u", l->port);
	list_append(&v->listeners, &l->link);
	return 0;
}

static void op_unlisten(struct transport *t, struct transport_listener *l)
{
	list_remove(&l->link);
}

int vsock_adopt(struct vsock *v, int fd, uint32_t port, struct err *e)
{
	struct vsock_stream *s;
	int rc = dial(v, fd, port, TRANSPORT_CLIENT, &s, e);

	if (rc < 0) {
		close(fd);
		return rc;
	}
	s->greet = true;
	vsock_run(v);
	return 0;
}

static bool op_holds(struct transport *t, uint32_t port)
{
	struct vsock *v = of_transport(t);

	for (struct list *l = v->all.next; l != &v->all; l = l->next) {
		const struct vsock_stream *s = list_entry(l, struct vsock_stream, all);

		if (s->c.hport == port && (s->c.ring_len > 0 || s->tell == TELL_ACCEPTED))
			return true;
	}
	return false;
}

const struct transport_ops vsock_transport_ops = {
	.dial = op_dial, .dial_cancel = op_dial_cancel, .listen = op_listen, .unlisten = op_unlisten,
	.holds = op_holds,
};
