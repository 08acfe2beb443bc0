/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c - two stream sockets joined. */
#include "shim/relay.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

#define RELAY_BUF (64u << 10)

struct side {
	struct relay *r;
	uv_poll_t poll;
	int fd;
	bool eof;     /* no more comes from it */
	bool shut;    /* no more goes to it */
	char *buf;    /* read from it, for the other side */
	size_t off, len;
	int events;
};

struct relay {
	struct side side[2];
	void (*done)(void *arg);
	void *arg;
	int open;
	bool ending;
};

static void on_closed(uv_handle_t *h)
{
	struct side *s = container_of((uv_poll_t *)h, struct side, poll);
	struct relay *r = s->r;

	if (--r->open)
		return;
	for (int i = 0; i < 2; i++) {
		close(r->side[i].fd);
		free(r->side[i].buf);
	}
	if (r->done)
		r->done(r->arg);
	free(r);
}

void relay_cancel(struct relay *r)
{
	if (r->ending)
		return;
	r->ending = true;
	for (int i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&r->side[i].poll, on_closed);
}

/* Moves what it can from s to the other side. < 0: the connection is gone. */
static int pump(struct side *s, struct side *to)
{
	for (;;) {
		ssize_t n;

		while (s->len) {
			n = send(to->fd, s->buf + s->off, s->len, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0)
				return errno == EAGAIN || errno == EINTR ? 0 : -errno;
			s->off += (size_t)n;
			s->len -= (size_t)n;
		}
		if (s->eof) {
			if (!to->shut)
				shutdown(to->fd, SHUT_WR);
			to->shut = true;
			return 0;
		}
		n = recv(s->fd, s->buf, RELAY_BUF, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		s->off = 0;
		s->len = (size_t)n;
		s->eof = n == 0;
	}
}

static void on_ready(uv_poll_t *h, int status, int events);

static void set_events(struct side *s, const struct side *other)
{
	int want = (!s->eof && s->len == 0 ? UV_READABLE : 0) | (other->len ? UV_WRITABLE : 0);

	if (want == s->events)
		return;
	s->events = want;
	if (want)
		uv_poll_start(&s->poll, want, on_ready);
	else
		uv_poll_stop(&s->poll);
}

static void on_ready(uv_poll_t *h, int status, int events)
{
	struct side *s = container_of(h, struct side, poll);
	struct relay *r = s->r;
	struct side *a = &r->side[0], *b = &r->side[1];

	if (pump(a, b) < 0 || pump(b, a) < 0 || (a->shut && b->shut)) {
		relay_cancel(r);
		return;
	}
	set_events(a, b);
	set_events(b, a);
}

int relay_start(uv_loop_t *loop, int fd_a, int fd_b, void (*done)(void *arg), void *arg, struct relay **ret,
		struct err *e)
{
	struct relay *r = calloc(1, sizeof(*r));
	int fds[2] = { fd_a, fd_b };

	for (int i = 0; r && i < 2; i++) {
		r->side[i].r = r;
		r->side[i].fd = fds[i];
		r->side[i].buf = malloc(RELAY_BUF);
	}
	if (!r || !r->side[0].buf || !r->side[1].buf) {
		close(fd_a);
		close(fd_b);
		if (r) {
			free(r->side[0].buf);
			free(r->side[1].buf);
		}
		free(r);
		return err_sys(e, -ENOMEM, "cannot join two streams");
	}
	r->done = done;
	r->arg = arg;
	r->open = 2;
	for (int i = 0; i < 2; i++)
		uv_poll_init(loop, &r->side[i].poll, fds[i]); /* fails for regular files only */
	set_events(&r->side[0], &r->side[1]);
	set_events(&r->side[1], &r->side[0]);
	if (ret)
		*ret = r;
	return 0;
}
