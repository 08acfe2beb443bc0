/* SPDX-License-Identifier: Apache-2.0 */
/* forward.c - published ports. */
#include "shim/forward.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/list.h"
#include "base/log.h"
#include "base/watch.h"
#include "shim/relay.h"

#define PORTS_MAX 1024
#define ANSWER "OK\n"

struct port {
	struct forward *f;
	struct watch *w;
	uint16_t inner;
};

/* A connection: accepted, the guest dialed, greeted, then a relay. */
struct conn {
	struct list link;
	struct forward *f; /* NULL: it has gone, the dial ends after it */
	struct transport_dial dial;
	bool dialing;
	int fd;          /* of the host's side until the relay has it */
	struct watch *w; /* of the guest's side while it is greeted */
	char answer[sizeof(ANSWER)];
	size_t got;
	struct relay *relay;
	uint16_t inner;
};

struct forward {
	uv_loop_t *loop;
	struct transport *t;
	struct port *ports;
	size_t nports;
	struct list conns;
	bool ending;
};

static void conn_free(struct conn *c)
{
	list_remove(&c->link);
	if (c->fd >= 0)
		close(c->fd);
	watch_close(c->w);
	free(c);
}

static void on_relayed(void *arg)
{
	struct conn *c = arg;

	c->relay = NULL;
	conn_free(c);
}

static void on_answer(void *arg, int events)
{
	struct conn *c = arg;
	ssize_t n = recv(watch_fd(c->w), c->answer + c->got, strlen(ANSWER) - c->got, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->got += n > 0 ? (size_t)n : 0;
	if (n > 0 && c->got < strlen(ANSWER))
		return;
	if (n <= 0 || memcmp(c->answer, ANSWER, strlen(ANSWER)) != 0 ||
	    relay_start(c->f->loop, TAKE_FD(c->fd), watch_release(TAKE(c->w)), on_relayed, c, &c->relay, NULL) < 0)
		conn_free(c);
}

static void on_dialed(struct transport_dial *op, int rc, int fd, const struct err *e)
{
	struct conn *c = container_of(op, struct conn, dial);
	char line[32];
	int n;

	c->dialing = false;
	if (rc < 0 || !c->f) {
		log_debug("a published port's connection failed: %s", e ? e->text : "");
		if (rc == 0)
			close(fd);
		conn_free(c);
		return;
	}
	n = snprintf(line, sizeof(line), "tcp %u\n", c->inner);
	if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n) {
		close(fd);
		conn_free(c);
		return;
	}
	c->w = watch_new(c->f->loop, fd, on_answer, c);
	if (c->w)
		watch_set(c->w, UV_READABLE);
	else
		conn_free(c);
}

static void on_connection(void *arg, int events)
{
	struct port *p = arg;
	struct forward *f = p->f;
	int fd = accept4(watch_fd(p->w), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	struct conn *c;

	if (fd < 0)
		return;
	c = f->t ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->f = f;
	c->fd = fd;
	c->inner = p->inner;
	list_append(&f->conns, &c->link);
	c->dialing = transport_dial(&c->dial, f->t, TRANSPORT_PORT_FORWARD, TRANSPORT_FORWARD, on_dialed, NULL) == 0;
	if (!c->dialing)
		conn_free(c);
}

/* A listening socket; *port is the one it got. */
static int tcp_listen(const char *ip, uint16_t *port, struct err *e)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a = { 0 };
	AUTO_CLOSE int fd = -1;
	socklen_t len;
	int one = 1;

	if (inet_pton(AF_INET, ip, &a.in.sin_addr) == 1) {
		a.in.sin_family = AF_INET;
		a.in.sin_port = htons(*port);
		len = sizeof(a.in);
	} else if (inet_pton(AF_INET6, ip, &a.in6.sin6_addr) == 1) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = htons(*port);
		len = sizeof(a.in6);
	} else {
		return err_set(e, -EINVAL, "cannot publish on '%s': it is not an address", ip);
	}
	fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, -errno, "cannot publish port %u", *port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, &a.sa, len) < 0 || listen(fd, 128) < 0)
		return errno == EADDRINUSE ? err_set(e, -EADDRINUSE, "port %u on %s is taken by another program",
						     *port, ip) :
					     err_sys(e, -errno, "cannot publish port %u on %s", *port, ip);
	if (getsockname(fd, &a.sa, &len) < 0)
		return err_sys(e, -errno, "cannot publish port %u", *port);
	*port = ntohs(a.sa.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
	return TAKE_FD(fd);
}

int forward_create(uv_loop_t *loop, const cJSON *ports, struct forward **ret, cJSON **ret_ports, struct err *e)
{
	AUTO_JSON cJSON *taken = cJSON_Duplicate(ports, 1);
	struct forward *f = calloc(1, sizeof(*f));
	int n = cJSON_GetArraySize(ports), rc = 0;
	cJSON *row;

	if (f)
		f->ports = calloc((size_t)n + 1, sizeof(*f->ports));
	if (!f || !f->ports || n > PORTS_MAX || (ports && !taken)) {
		if (f)
			free(f->ports);
		free(f);
		return err_sys(e, n > PORTS_MAX ? -E2BIG : -ENOMEM, "cannot publish ports");
	}
	f->loop = loop;
	list_init(&f->conns);
	cJSON_ArrayForEach(row, taken) {
		struct port *p = &f->ports[f->nports];
		uint16_t port = (uint16_t)json_int(row, "host_port", 0);
		int fd = tcp_listen(json_str(row, "host_ip") ?: "0.0.0.0", &port, e);

		if (fd < 0) {
			rc = fd;
			break;
		}
		cJSON_SetNumberHelper(cJSON_GetObjectItemCaseSensitive(row, "host_port"), port);
		p->f = f;
		p->inner = (uint16_t)json_int(row, "container_port", 0);
		p->w = watch_new(loop, fd, on_connection, p);
		if (!p->w) {
			rc = err_sys(e, -ENOMEM, "cannot publish port %u", port);
			break;
		}
		watch_set(p->w, UV_READABLE);
		f->nports++;
	}
	if (rc < 0) {
		forward_destroy(f);
		return rc;
	}
	*ret = f;
	*ret_ports = TAKE(taken);
	return 0;
}

void forward_open(struct forward *f, struct transport *t)
{
	f->t = t;
}

void forward_destroy(struct forward *f)
{
	if (!f)
		return;
	f->t = NULL;
	for (size_t i = 0; i < f->nports; i++)
		watch_close(f->ports[i].w);
	list_each(struct conn, c, &f->conns, link) {
		list_remove(&c->link);
		c->f = NULL;
		if (c->relay)
			relay_cancel(c->relay);
		else if (c->dialing)
			transport_dial_cancel(&c->dial);
		else
			conn_free(c);
	}
	free(f->ports);
	free(f);
}
