/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - bytes between a process and the host. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

#define COPY_BUF (64u << 10)
#define SPLICE_MAX (1u << 20)

static void tell_drained(struct vi_stream *s)
{
	void (*fn)(struct vi_stream *s) = s->drained;

	if (!s->drain || !fn)
		return;
	s->drained = NULL;
	fn(s);
}

static void release(struct vi_stream *s)
{
	vi_watch_stop(&s->src);
	vi_watch_stop(&s->dst);
	if (!s->keep_src)
		close(s->src.fd);
	if (s->shut_dst)
		shutdown(s->dst.fd, SHUT_WR);
	else
		close(s->dst.fd);
	free(TAKE(s->buf));
	s->live = false;
}

void vi_stream_close(struct vi_stream *s)
{
	if (s->live)
		release(s);
}

static void end(struct vi_stream *s)
{
	release(s);
	s->drain = true;
	tell_drained(s);
	if (s->ended)
		s->ended(s);
}

enum step { STEP_ON, STEP_WAIT_SRC, STEP_WAIT_DST, STEP_END };

static bool readable_now(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0;
}

static enum step step_splice(struct vi_stream *s)
{
	ssize_t n = splice(s->src.fd, NULL, s->dst.fd, NULL, SPLICE_MAX, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n > 0)
		return STEP_ON;
	if (n == 0)
		return STEP_END;
	if (errno == EAGAIN)
		return readable_now(s->src.fd) ? STEP_WAIT_DST : STEP_WAIT_SRC;
	if (errno == EINTR)
		return STEP_ON;
	if (errno == EINVAL && !s->copy) { /* one of the two cannot */
		s->buf = malloc(COPY_BUF);
		s->copy = true;
		return s->buf ? STEP_ON : STEP_END;
	}
	return STEP_END;
}

static enum step step_copy(struct vi_stream *s)
{
	ssize_t n;

	if (s->len) {
		n = write(s->dst.fd, s->buf + s->off, s->len);
		if (n < 0)
			return errno == EAGAIN ? STEP_WAIT_DST : errno == EINTR ? STEP_ON : STEP_END;
		s->off += (size_t)n;
		s->len -= (size_t)n;
		return STEP_ON;
	}
	n = read(s->src.fd, s->buf, COPY_BUF);
	if (n < 0)
		return errno == EAGAIN ? STEP_WAIT_SRC : errno == EINTR ? STEP_ON : STEP_END;
	s->off = 0;
	s->len = (size_t)n;
	return n ? STEP_ON : STEP_END;
}

static void pump(struct vi_stream *s)
{
	for (int turns = 0; s->live; turns++) {
		enum step st = turns < 64 ? (s->copy ? step_copy(s) : step_splice(s)) : STEP_WAIT_SRC;

		switch (st) {
		case STEP_ON:
			break;
		case STEP_WAIT_SRC:
			vi_watch_set(&s->dst, 0);
			if (vi_watch_set(&s->src, EPOLLIN) < 0) {
				end(s);
				return;
			}
			if (turns < 64)
				tell_drained(s);
			return;
		case STEP_WAIT_DST:
			vi_watch_set(&s->src, 0);
			if (vi_watch_set(&s->dst, EPOLLOUT) < 0)
				end(s);
			return;
		case STEP_END:
			end(s);
			return;
		}
	}
}

static void on_src(struct vi_watch *w, uint32_t events)
{
	pump(container_of(w, struct vi_stream, src));
}

static void on_dst(struct vi_watch *w, uint32_t events)
{
	pump(container_of(w, struct vi_stream, dst));
}

int vi_stream_start(struct vi_stream *s, int src, int dst)
{
	s->src = (struct vi_watch){ .fd = src, .ready = on_src };
	s->dst = (struct vi_watch){ .fd = dst, .ready = on_dst };
	s->off = s->len = 0;
	if (s->copy) {
		s->buf = malloc(COPY_BUF);
		if (!s->buf)
			return -ENOMEM;
	}
	s->live = true;
	pump(s);
	return 0;
}

void vi_stream_drain(struct vi_stream *s)
{
	s->drain = true;
	if (s->live)
		pump(s);
	else
		tell_drained(s);
}
