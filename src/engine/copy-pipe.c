/* SPDX-License-Identifier: Apache-2.0 */
/* copy-pipe.c - a tar that goes through a socket. */
#include "engine/copy-pipe.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

static int flush(struct copy_pipe_out *p, struct err *e)
{
	for (size_t at = 0; at < p->len;) {
		ssize_t n = send(p->fd, p->block + at, p->len - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		p->lost = n < 0;
		if (n < 0)
			return err_sys(e, -errno, "cannot send the copy");
		at += (size_t)n;
	}
	p->len = 0;
	return 0;
}

static int on_write(struct tree_out *o, const void *data, size_t n, struct err *e)
{
	struct copy_pipe_out *p = container_of(o, struct copy_pipe_out, out);
	int rc = pace_step(p->pace, n, e);

	for (const uint8_t *from = data; rc == 0 && n;) {
		size_t len = MIN(n, sizeof(p->block) - p->len);

		memcpy(p->block + p->len, from, len);
		p->len += len;
		from += len;
		n -= len;
		if (p->len == sizeof(p->block))
			rc = flush(p, e);
	}
	return rc;
}

void copy_pipe_out_init(struct copy_pipe_out *p, int fd, struct pace *pace)
{
	p->out.write = on_write;
	p->fd = fd;
	p->lost = false;
	p->pace = pace;
	p->len = 0;
}

int copy_pipe_out_end(struct copy_pipe_out *p, struct err *e)
{
	int rc = flush(p, e);

	if (rc == 0 && shutdown(p->fd, SHUT_WR) < 0) {
		p->lost = true;
		rc = err_sys(e, -errno, "cannot end the copy");
	}
	return rc;
}

static int fill(struct copy_pipe_in *p, struct err *e)
{
	ssize_t n;

	do
		n = recv(p->fd, p->block, sizeof(p->block), 0);
	while (n < 0 && errno == EINTR);
	p->lost = p->lost || n <= 0;
	if (n < 0)
		return err_sys(e, -errno, "cannot receive the copy");
	p->at = 0;
	p->len = (size_t)n;
	return pace_step(p->pace, (uint64_t)n, e);
}

ssize_t copy_pipe_in_some(struct copy_pipe_in *p, void *to, size_t n, struct err *e)
{
	int rc = p->at == p->len ? fill(p, e) : 0;

	if (rc < 0)
		return rc;
	n = MIN(n, p->len - p->at);
	memcpy(to, p->block + p->at, n);
	p->at += n;
	return (ssize_t)n;
}

static ssize_t some(struct tar_stream *s, void *to, size_t n, struct err *e)
{
	return copy_pipe_in_some(container_of(s, struct copy_pipe_in, stream), to, n, e);
}

void copy_pipe_in_init(struct copy_pipe_in *p, int fd, struct pace *pace)
{
	tar_stream_init(&p->stream, some);
	p->fd = fd;
	p->lost = false;
	p->pace = pace;
	p->at = p->len = 0;
}
