/* SPDX-License-Identifier: Apache-2.0 */
/* drive-epoll.c - reads, runs and writes; the caller waits. drive-uv.c stands on it. */
#include "rpc/drive-epoll.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "rpc/session.h"

#define CHUNK (64u << 10) /* bytes of one read or write */
#define READS 4 /* in one turn, so that other descriptors have theirs */

static void on_wake(void *drive)
{
	struct rpc_drive *d = drive;

	if (d->wake)
		d->wake(d);
}

static void on_detach(void *drive)
{
	struct rpc_drive *d = drive;

	d->session = NULL;
	if (!d->rc)
		d->rc = err_set(&d->err, -ECANCELED, "this end closed the connection");
	if (d->gone)
		d->gone(d);
}

void rpc_drive_init(struct rpc_drive *d, struct rpc_session *s, int fd)
{
	*d = (struct rpc_drive){ .session = s, .fd = fd };
	rpc_session_attach(s, on_wake, on_detach, d);
}

void rpc_drive_finish(struct rpc_drive *d)
{
	if (d->session)
		rpc_session_attach(d->session, NULL, NULL, NULL);
	free(d->out);
	*d = (struct rpc_drive){ .fd = -1, .rc = 1 };
}

/* Callbacks may destroy the session: d->session is to be looked at again after this. */
static void end(struct rpc_drive *d, int rc, const struct err *e)
{
	if (d->rc)
		return;
	d->rc = rc;
	if (rc < 0)
		d->err = *e;
	rpc_session_end(d->session, rc < 0 ? e->text : "the connection was closed");
}

static void flush(struct rpc_drive *d)
{
	struct err e = { 0 };
	ssize_t n;

	if (!d->out && !(d->out = malloc(CHUNK))) {
		err_set(&e, -ENOMEM, "out of memory for a connection");
		return end(d, e.code, &e);
	}
	for (;;) {
		if (d->out_pos == d->out_len) {
			n = rpc_session_send(d->session, d->out, CHUNK, &e);
			if (n < 0)
				return end(d, (int)n, &e);
			if (n == 0)
				return;
			d->out_pos = 0;
			d->out_len = (uint32_t)n;
		}
		n = send(d->fd, d->out + d->out_pos, d->out_len - d->out_pos, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			err_sys(&e, -errno, "cannot write to the connection");
			return end(d, e.code, &e);
		}
		d->out_pos += (uint32_t)n;
	}
}

uint32_t rpc_drive_prepare(struct rpc_drive *d)
{
	do {
		if (d->rc)
			return 0;
		if (rpc_session_run(d->session) && !d->rc)
			flush(d);
	} while (!d->rc && rpc_session_due(d->session));
	if (!d->rc && d->out_pos == d->out_len && rpc_session_over(d->session)) {
		struct err e = d->session->err;

		end(d, e.code < 0 ? e.code : 1, &e);
	}
	if (d->rc)
		return 0;
	return d->out_pos < d->out_len ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

int rpc_drive_timeout_ms(const struct rpc_drive *d)
{
	int64_t left;

	if (d->rc || !d->session->deadline_ns)
		return -1;
	left = d->session->deadline_ns - clock_mono_ns();
	return left <= 0 ? 0 : (int)MIN((left + 999999) / 1000000, 1000 * 1000);
}

/* false: there is no more now, or the connection is over. */
static bool pull(struct rpc_drive *d)
{
	uint8_t p[CHUNK];
	struct err e = { 0 };
	ssize_t n = recv(d->fd, p, sizeof(p), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return errno == EINTR;
	if (n < 0) {
		err_sys(&e, -errno, "cannot read from the connection");
		end(d, e.code, &e);
		return false;
	}
	if (n == 0) {
		end(d, 1, NULL);
		return false;
	}
	if (rpc_session_recv(d->session, p, (size_t)n, &e) < 0) {
		flush(d); /* the reason, if there is room */
		end(d, e.code, &e);
		return false;
	}
	rpc_session_run(d->session);
	return !d->rc && (size_t)n == sizeof(p);
}

uint32_t rpc_drive_ready(struct rpc_drive *d, uint32_t events)
{
	if (!d->rc && events & ~(uint32_t)EPOLLOUT)
		for (int i = 0; i < READS && pull(d); i++)
			continue;
	return rpc_drive_prepare(d);
}

int rpc_drive_result(const struct rpc_drive *d, struct err *e)
{
	if (d->rc < 0)
		err_set(e, d->rc, "%s", d->err.text);
	return d->rc;
}
