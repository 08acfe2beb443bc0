/* SPDX-License-Identifier: Apache-2.0 */
/* way-in.c - the VM's ports for other programs of this user. */
#include "vm/way-in.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/list.h"
#include "base/log.h"
#include "base/sock.h"

#define LINE_MAX_LEN 32
#define PATIENCE_MS 10000

struct client {
	struct list link;
	struct way_in *w;
	uv_poll_t poll;
	uv_timer_t timer;
	int fd;
	char line[LINE_MAX_LEN];
	size_t len;
	int nclosing;
};

struct way_in {
	uv_loop_t *loop;
	uv_poll_t poll;
	struct vsock *dev;
	int dirfd, fd;
	struct list clients;
	unsigned nclients;
	bool parked; /* too many wait: not listening */
};

int way_in_parse(const char *p, size_t n, uint32_t *ret_port)
{
	static const char word[] = "CONNECT ";
	size_t have = MIN(n, sizeof(word) - 1), at = sizeof(word) - 1;
	uint64_t port = 0;

	if (memcmp(p, word, have) != 0)
		return -EPROTO;
	for (; at < n && p[at] >= '0' && p[at] <= '9' && port <= UINT32_MAX; at++)
		port = port * 10 + (uint64_t)(p[at] - '0');
	if (at >= LINE_MAX_LEN || port >= UINT32_MAX) /* the last one means "any" */
		return -EPROTO;
	if (at >= n)
		return 0;
	if (p[at] != '\n' || at == sizeof(word) - 1)
		return -EPROTO;
	*ret_port = (uint32_t)port;
	return (int)at + 1;
}

static void on_listen(uv_poll_t *p, int status, int events);

static void on_client_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	if (--c->nclosing)
		return;
	auto_close(&c->fd);
	free(c);
}

/* Ends the waiting; the socket is closed unless it was taken. */
static void client_done(struct client *c)
{
	if (c->nclosing)
		return;
	list_remove(&c->link);
	if (c->w) {
		c->w->nclients--;
		if (c->w->parked) {
			c->w->parked = false;
			uv_poll_start(&c->w->poll, UV_READABLE, on_listen);
		}
	}
	c->nclosing = 2;
	uv_close((uv_handle_t *)&c->poll, on_client_closed);
	uv_close((uv_handle_t *)&c->timer, on_client_closed);
}

static void on_patience(uv_timer_t *t)
{
	client_done(t->data);
}

/* Takes the line byte by byte: what follows it is the guest's. */
static void on_client(uv_poll_t *p, int status, int events)
{
	struct client *c = p->data;
	struct err err = { 0 };
	uint32_t port;
	int used = 0;

	while (used == 0 && c->len < sizeof(c->line)) {
		ssize_t n = recv(c->fd, c->line + c->len, 1, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			break;
		used = way_in_parse(c->line, ++c->len, &port);
	}
	if (used > 0) {
		uv_poll_stop(&c->poll);
		if (vsock_adopt(c->w->dev, TAKE_FD(c->fd), port, &err) < 0)
			log_debug("%s", err.text);
	}
	client_done(c);
}

static void client_new(struct way_in *w, int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c || uv_poll_init(w->loop, &c->poll, fd) < 0) {
		free(c);
		close(fd);
		return;
	}
	c->w = w;
	c->fd = fd;
	uv_timer_init(w->loop, &c->timer);
	c->poll.data = c->timer.data = c;
	list_append(&w->clients, &c->link);
	w->nclients++;
	uv_poll_start(&c->poll, UV_READABLE, on_client);
	uv_timer_start(&c->timer, on_patience, PATIENCE_MS, 0);
}

static void on_listen(uv_poll_t *p, int status, int events)
{
	struct way_in *w = p->data;
	int fd;

	if (w->nclients >= WAY_IN_WAITING_MAX) {
		w->parked = true;
		uv_poll_stop(&w->poll);
		return;
	}
	fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (sock_check_peer(fd, geteuid()) < 0)
		close(fd);
	else
		client_new(w, fd);
}

int way_in_open(struct way_in *w, uint32_t port)
{
	char name[sizeof(WAY_IN_SOCKET) + 12];
	int fd;

	if (!w || port == TRANSPORT_PORT_READY ||
	    (port >= TRANSPORT_PORT_STDIO_FIRST && port <= TRANSPORT_PORT_STDIO_LAST))
		return -ECONNREFUSED;
	snprintf(name, sizeof(name), WAY_IN_SOCKET "_%u", port);
	fd = sock_connect_at(w->dirfd, name, NULL);
	if (fd >= 0 && sock_check_peer(fd, geteuid()) < 0) {
		close(fd);
		return -ECONNREFUSED;
	}
	return fd;
}

int way_in_create(uv_loop_t *loop, struct vsock *dev, int dirfd, struct way_in **ret, struct err *e)
{
	AUTO_CLOSE int dir = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	AUTO_CLOSE int fd = -1;
	AUTO_FREE struct way_in *w = calloc(1, sizeof(*w));

	if (!w || dir < 0)
		return err_sys(e, w ? -errno : -ENOMEM, "cannot serve '" WAY_IN_SOCKET "'");
	fd = sock_listen_at(dir, WAY_IN_SOCKET, e);
	if (fd < 0)
		return fd;
	if (uv_poll_init(loop, &w->poll, fd) < 0)
		return err_set(e, -EIO, "cannot serve '" WAY_IN_SOCKET "'");
	w->loop = loop;
	w->dev = dev;
	w->dirfd = TAKE_FD(dir);
	w->fd = TAKE_FD(fd);
	w->poll.data = w;
	list_init(&w->clients);
	uv_poll_start(&w->poll, UV_READABLE, on_listen);
	*ret = TAKE(w);
	return 0;
}

static void on_closed(uv_handle_t *h)
{
	struct way_in *w = h->data;

	close(w->fd);
	close(w->dirfd);
	free(w);
}

void way_in_destroy(struct way_in *w)
{
	if (!w)
		return;
	w->parked = false;
	list_each(struct client, c, &w->clients, link) {
		c->w = NULL;
		client_done(c);
	}
	unlinkat(w->dirfd, WAY_IN_SOCKET, 0);
	uv_close((uv_handle_t *)&w->poll, on_closed);
}
