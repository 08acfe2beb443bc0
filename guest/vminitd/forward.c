/* SPDX-License-Identifier: Apache-2.0 */
/* forward.c - port 1026: "tcp <port>\n" from the host, a connection to that port of the sandbox, "OK\n", then
 * bytes both ways. The sandbox's own address is tried first, then 127.0.0.1, for programs that listen there
 * alone. */
#include "forward.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "join.h"
#include "loop.h"
#include "net.h"

#define LINE_MAX_BYTES 16
#define CONNS_MAX 4096
#define TRIES 2

struct conn {
	struct vi_watch host, inner;
	char line[LINE_MAX_BYTES];
	size_t len;
	uint16_t port;
	int tried;
};

static struct vi_watch listener;
static int nconns;

static void conn_free(struct conn *c)
{
	vi_watch_stop(&c->host);
	vi_watch_stop(&c->inner);
	if (c->host.fd >= 0)
		close(c->host.fd);
	if (c->inner.fd >= 0)
		close(c->inner.fd);
	free(c);
	nconns--;
}

/* The first address of a device that is not the loopback. */
static in_addr_t own_address(void)
{
	struct ifaddrs *all = NULL;
	in_addr_t found = htonl(INADDR_LOOPBACK);

	if (getifaddrs(&all) < 0)
		return found;
	for (struct ifaddrs *a = all; a; a = a->ifa_next)
		if (a->ifa_addr && a->ifa_addr->sa_family == AF_INET && !(a->ifa_flags & IFF_LOOPBACK)) {
			found = ((struct sockaddr_in *)a->ifa_addr)->sin_addr.s_addr;
			break;
		}
	freeifaddrs(all);
	return found;
}

static void on_join_end(void *arg)
{
	nconns--;
}

static void join(struct conn *c)
{
	int host, inner;

	if (write(c->host.fd, "OK\n", 3) != 3) {
		conn_free(c);
		return;
	}
	vi_watch_stop(&c->host);
	vi_watch_stop(&c->inner);
	host = TAKE_FD(c->host.fd);
	inner = TAKE_FD(c->inner.fd);
	nconns++; /* of the two that are one from here on */
	conn_free(c);
	if (vi_join(host, inner, on_join_end, NULL) < 0)
		nconns--;
}

static void dial(struct conn *c);

static void on_inner(struct vi_watch *w, uint32_t events)
{
	struct conn *c = container_of(w, struct conn, inner);
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		vi_watch_stop(w);
		close(TAKE_FD(w->fd));
		dial(c);
		return;
	}
	join(c);
}

static void dial(struct conn *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(c->port) };

	if (c->tried == TRIES) {
		conn_free(c);
		return;
	}
	a.sin_addr.s_addr = c->tried++ == 0 ? own_address() : htonl(INADDR_LOOPBACK);
	c->inner.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	c->inner.ready = on_inner;
	if (c->inner.fd < 0) {
		conn_free(c);
		return;
	}
	if (connect(c->inner.fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno != EINPROGRESS) {
		close(TAKE_FD(c->inner.fd));
		dial(c);
		return;
	}
	if (vi_watch_set(&c->inner, EPOLLOUT) < 0)
		conn_free(c);
}

static void on_host(struct vi_watch *w, uint32_t events)
{
	struct conn *c = container_of(w, struct conn, host);
	uint64_t port;

	/* A byte at a time: what follows the newline is not ours. */
	while (c->len < sizeof(c->line)) {
		ssize_t n = read(w->fd, c->line + c->len, 1);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			break;
		if (c->line[c->len] == '\n') {
			c->line[c->len] = 0;
			if (strncmp(c->line, "tcp ", 4) != 0 || str_parse_u64(c->line + 4, 65535, &port) < 0)
				break;
			c->port = (uint16_t)port;
			vi_watch_stop(w);
			dial(c);
			return;
		}
		c->len++;
	}
	conn_free(c);
}

static void on_connection(struct vi_watch *w, uint32_t events)
{
	for (int fd; (fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
		struct conn *c = nconns < CONNS_MAX ? calloc(1, sizeof(*c)) : NULL;

		if (!c) {
			close(fd);
			continue;
		}
		nconns++;
		c->host.fd = fd;
		c->host.ready = on_host;
		c->inner.fd = -1;
		if (vi_watch_set(&c->host, EPOLLIN) < 0)
			conn_free(c);
	}
}

int vi_forward_start(struct err *e)
{
	listener.fd = vi_net_listen(VI_PORT_FORWARD, e);
	if (listener.fd < 0)
		return listener.fd;
	listener.ready = on_connection;
	return vi_watch_set(&listener, EPOLLIN);
}
