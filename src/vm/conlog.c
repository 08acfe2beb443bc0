/* SPDX-License-Identifier: Apache-2.0 */
/* conlog.c - what the guest's kernel says. */
#include "vm/conlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/str.h"

struct vm_conlog {
	uv_poll_t poll;
	int fd, logfd;
	size_t logged;
	char tail[2 * CONLOG_TAIL_MAX]; /* the newest at the end; halved when full */
	size_t len;
};

static void keep(struct vm_conlog *c, const char *p, size_t n)
{
	size_t room = c->logged < CONLOG_FILE_MAX ? CONLOG_FILE_MAX - c->logged : 0;

	if (c->logfd >= 0 && room && file_write_full(c->logfd, p, MIN(n, room)) == 0)
		c->logged += MIN(n, room);
	if (n > CONLOG_TAIL_MAX) {
		p += n - CONLOG_TAIL_MAX;
		n = CONLOG_TAIL_MAX;
	}
	if (c->len + n > sizeof(c->tail)) {
		size_t drop = c->len + n - CONLOG_TAIL_MAX;

		drop = MIN(drop, c->len);
		memmove(c->tail, c->tail + drop, c->len - drop);
		c->len -= drop;
	}
	memcpy(c->tail + c->len, p, n);
	c->len += n;
}

/* One read. false: there was nothing. */
static bool take(struct vm_conlog *c)
{
	char chunk[4096];
	ssize_t r = read(c->fd, chunk, sizeof(chunk));

	if (r > 0)
		keep(c, chunk, (size_t)r);
	else if (r == 0 || (errno != EAGAIN && errno != EINTR))
		uv_poll_stop(&c->poll);
	return r > 0;
}

static void on_readable(uv_poll_t *p, int status, int events)
{
	take(p->data);
}

int vm_conlog_create(uv_loop_t *loop, int fd, int logfd, struct vm_conlog **ret, struct err *e)
{
	struct vm_conlog *c = calloc(1, sizeof(*c));

	if (!c || uv_poll_init(loop, &c->poll, fd) < 0) {
		free(c);
		close(fd);
		return err_sys(e, -ENOMEM, "cannot keep the guest's console");
	}
	c->fd = fd;
	c->logfd = logfd < 0 ? -1 : fcntl(logfd, F_DUPFD_CLOEXEC, 0);
	c->poll.data = c;
	uv_poll_start(&c->poll, UV_READABLE, on_readable);
	*ret = c;
	return 0;
}

int vm_conlog_tail(struct vm_conlog *c, unsigned nlines, struct buf *ret)
{
	size_t from;

	/* At the machine's end its last words may still lie in the socket; not more than a tail's worth. */
	for (int i = 0; i < 64 && take(c); i++)
		;
	while (c->len && (c->tail[c->len - 1] == '\n' || c->tail[c->len - 1] == '\r'))
		c->len--;
	for (from = c->len; from > 0; from--)
		if (c->tail[from - 1] == '\n' && --nlines == 0)
			break;
	for (size_t at = from; at < c->len;) {
		const char *nl = memchr(c->tail + at, '\n', c->len - at);
		size_t end = nl ? (size_t)(nl - c->tail) : c->len;
		size_t n = end - at;

		while (n && c->tail[at + n - 1] == '\r')
			n--;
		if (at > from && buf_addc(ret, '\n') < 0)
			return -ENOMEM;
		if (str_add_clean(ret, c->tail + at, n) < 0)
			return -ENOMEM;
		at = end + 1;
	}
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	struct vm_conlog *c = h->data;

	close(c->fd);
	auto_close(&c->logfd);
	free(c);
}

void vm_conlog_destroy(struct vm_conlog *c)
{
	if (c)
		uv_close((uv_handle_t *)&c->poll, on_closed);
}
