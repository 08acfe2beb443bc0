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
	p->lost = p->lost || n < 0;
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

static int on_read(struct tar_src *s, void *to, size_t n, struct err *e)
{
	struct copy_pipe_in *p = container_of(s, struct copy_pipe_in, src);
	size_t have = 0;

	while (have < n) {
		ssize_t got = copy_pipe_in_some(p, (uint8_t *)to + have, n - have, e);

		if (got < 0)
			return (int)got;
		p->lost = p->lost || got == 0;
		if (got == 0)
			return have ? err_set(e, -EBADMSG, "the copy is cut short") : 0;
		have += (size_t)got;
	}
	return 1;
}

static int on_skip(struct tar_src *s, uint64_t n, struct err *e)
{
	uint8_t waste[4096];

	while (n) {
		size_t len = MIN(n, sizeof(waste));
		int rc = on_read(s, waste, len, e);

		if (rc <= 0)
			return rc < 0 ? rc : err_set(e, -EBADMSG, "the copy is cut short");
		n -= len;
	}
	return 0;
}

void copy_pipe_in_init(struct copy_pipe_in *p, int fd, struct pace *pace)
{
	p->src.read = on_read;
	p->src.skip = on_skip;
	p->fd = fd;
	p->lost = false;
	p->pace = pace;
	p->at = p->len = 0;
}
