/* SPDX-License-Identifier: Apache-2.0 */
/* echo-server.c - serves the echo service to clients that are not ours: echo-server uv|epoll SOCKET.
 * Prints "ready" and ends when its standard input does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/list.h"
#include "base/loop.h"
#include "rpc/drive-epoll.h"
#include "rpc/drive-uv.h"
#include "tests/rpc/echo.h"

struct conn {
	struct echo echo; /* first: what rpc_call_data gives */
	struct list link;
	struct rpc_server *server;
	struct rpc_drive drive; /* epoll */
	uint32_t events;
};

static struct list conns = { &conns, &conns };
static int listener;

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 64) < 0) {
		perror(path);
		exit(1);
	}
	puts("ready");
	fflush(stdout);
	return fd;
}

static struct conn *conn_create(void)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	list_append(&conns, &c->link);
	return c;
}

static void conn_free(struct conn *c)
{
	rpc_server_destroy(c->server);
	list_remove(&c->link);
	free(c);
}

/* --- on libuv */

static void on_closed(void *data, int rc, const struct err *e)
{
	if (rc < 0)
		fprintf(stderr, "connection: %s\n", e->text);
	conn_free(data);
}

static void on_accept(uv_poll_t *h, int status, int events)
{
	struct err e = { 0 };
	int fd;

	(void)status, (void)events;
	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = conn_create();

		if (rpc_uv_serve(h->loop, fd, echo_methods, c, on_closed, &c->server, &e) < 0)
			abort();
	}
}

static void on_stdin(uv_poll_t *h, int status, int events)
{
	(void)status, (void)events;
	uv_stop(h->loop);
}

static void serve_uv(void)
{
	uv_loop_t *loop = uv_default_loop();
	uv_poll_t in, accepting;

	uv_poll_init(loop, &in, 0);
	uv_poll_start(&in, UV_READABLE, on_stdin);
	uv_poll_init(loop, &accepting, listener);
	uv_poll_start(&accepting, UV_READABLE, on_accept);
	uv_run(loop, UV_RUN_DEFAULT);
	list_each(struct conn, c, &conns, link)
		conn_free(c);
	uv_close((uv_handle_t *)&in, NULL);
	uv_close((uv_handle_t *)&accepting, NULL);
	loop_finish(loop);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_loop_close(loop);
}

/* --- on epoll, as the guest does */

static void conn_close(struct conn *c)
{
	struct err e = { 0 };

	if (rpc_drive_result(&c->drive, &e) < 0)
		fprintf(stderr, "connection: %s\n", e.text);
	close(c->drive.fd);
	rpc_drive_finish(&c->drive);
	conn_free(c);
}

static void accept_epoll(int ep)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct conn *c = conn_create();
		struct epoll_event ev = { .data.ptr = c };

		if (rpc_server_create(echo_methods, c, &c->server, NULL) < 0)
			abort();
		rpc_drive_init(&c->drive, rpc_server_session(c->server), fd);
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	}
}

/* Before each wait. Returns how long it may be. */
static int prepare(int ep)
{
	int timeout = -1;

	list_each(struct conn, c, &conns, link) {
		uint32_t events = rpc_drive_prepare(&c->drive);
		int t = rpc_drive_timeout_ms(&c->drive);

		if (!events) {
			conn_close(c);
			continue;
		}
		if (events != c->events) {
			struct epoll_event ev = { .events = events, .data.ptr = c };

			epoll_ctl(ep, EPOLL_CTL_MOD, c->drive.fd, &ev);
			c->events = events;
		}
		if (t >= 0 && (timeout < 0 || t < timeout))
			timeout = t;
	}
	return timeout;
}

static void serve_epoll(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), input = 0;
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &listener };

	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
	ev.data.ptr = &input;
	epoll_ctl(ep, EPOLL_CTL_ADD, input, &ev);
	for (;;) {
		int timeout = prepare(ep);

		if (epoll_wait(ep, &ev, 1, timeout) < 1)
			continue;
		if (ev.data.ptr == &input)
			break;
		if (ev.data.ptr == &listener)
			accept_epoll(ep);
		else
			rpc_drive_ready(&((struct conn *)ev.data.ptr)->drive, ev.events);
	}
	list_each(struct conn, c, &conns, link)
		conn_close(c);
	close(ep);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	listener = listen_at(argv[2]);
	if (!strcmp(argv[1], "epoll"))
		serve_epoll();
	else
		serve_uv();
	close(listener);
	return 0;
}
