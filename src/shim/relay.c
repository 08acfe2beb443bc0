/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c - two stream sockets joined. */
#include "shim/relay.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/watch.h"

#define RELAY_BUF (64u << 10)

struct side {
	struct watch *w;
	bool eof;  /* no more comes from it */
	bool shut; /* no more goes to it */
	char *buf; /* read from it, for the other side */
	size_t off, len;
};

struct relay {
	struct side side[2];
	void (*done)(void *arg);
	void *arg;
};

void relay_cancel(struct relay *r)
{
	void (*done)(void *arg) = r->done;
	void *arg = r->arg;

	for (int i = 0; i < 2; i++) {
		watch_close(r->side[i].w);
		free(r->side[i].buf);
	}
	free(r);
	if (done)
		done(arg);
}

/* Moves what it can from s to the other side. < 0: the connection is gone. */
static int pump(struct side *s, struct side *to)
{
	for (;;) {
		ssize_t n;

		while (s->len) {
			n = send(watch_fd(to->w), s->buf + s->off, s->len, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0)
				return errno == EAGAIN || errno == EINTR ? 0 : -errno;
			s->off += (size_t)n;
			s->len -= (size_t)n;
		}
		if (s->eof) {
			if (!to->shut)
				shutdown(watch_fd(to->w), SHUT_WR);
			to->shut = true;
			return 0;
		}
		n = recv(watch_fd(s->w), s->buf, RELAY_BUF, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		s->off = 0;
		s->len = (size_t)n;
		s->eof = n == 0;
	}
}

static void set_events(struct side *s, const struct side *other)
{
	watch_set(s->w, (!s->eof && s->len == 0 ? UV_READABLE : 0) | (other->len ? UV_WRITABLE : 0));
}

static void on_ready(void *arg, int events)
{
	struct relay *r = arg;
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
	bool ok = r != NULL;

	for (int i = 0; i < 2; i++) {
		if (!r) {
			close(fds[i]);
			continue;
		}
		r->side[i].buf = malloc(RELAY_BUF);
		r->side[i].w = watch_new(loop, fds[i], on_ready, r);
		ok = ok && r->side[i].buf && r->side[i].w;
	}
	if (!ok) {
		if (r)
			relay_cancel(r);
		return err_sys(e, -ENOMEM, "cannot join two streams");
	}
	r->done = done;
	r->arg = arg;
	set_events(&r->side[0], &r->side[1]);
	set_events(&r->side[1], &r->side[0]);
	if (ret)
		*ret = r;
	return 0;
}
