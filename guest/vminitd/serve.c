/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - connections of gRPC clients. */
#include "serve.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "loop.h"
#include "net.h"
#include "rpc/drive-epoll.h"
#include "rpc/server.h"

#define CLIENTS_MAX 64

struct client {
	struct vi_watch watch;
	struct vi_poller poller;
	struct rpc_server *server;
	struct rpc_drive drive;
	bool over;
};

static struct vi_watch listener;
static int nclients;

static void client_free(struct client *c)
{
	vi_watch_stop(&c->watch);
	vi_poller_remove(&c->poller);
	rpc_drive_finish(&c->drive);
	rpc_server_destroy(c->server);
	close(c->watch.fd);
	free(c);
	nclients--;
}

static int client_prepare(struct vi_poller *p)
{
	struct client *c = container_of(p, struct client, poller);
	uint32_t events = c->over ? 0 : rpc_drive_prepare(&c->drive);

	if (!events) {
		client_free(c);
		return -1;
	}
	vi_watch_set(&c->watch, events);
	return rpc_drive_timeout_ms(&c->drive);
}

static void client_ready(struct vi_watch *w, uint32_t events)
{
	struct client *c = container_of(w, struct client, watch);
	if (rpc_drive_ready(&c->drive, events) == 0)
		c->over = true; /* freed before the next wait */
}

static void on_connection(struct vi_watch *w, uint32_t events)
{
	for (int fd; (fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
		struct client *c = nclients < CLIENTS_MAX ? calloc(1, sizeof(*c)) : NULL;

		if (!c || rpc_server_create(vi_methods, c, &c->server, NULL) < 0) {
			free(c);
			close(fd);
			continue;
		}
		nclients++;
		c->watch.fd = fd;
		c->watch.ready = client_ready;
		c->poller.prepare = client_prepare;
		rpc_drive_init(&c->drive, rpc_server_session(c->server), fd);
		vi_poller_add(&c->poller);
	}
}

int vi_serve_start(struct err *e)
{
	listener.fd = vi_net_listen(VI_PORT_AGENT, e);
	if (listener.fd < 0)
		return listener.fd;
	listener.ready = on_connection;
	return vi_watch_set(&listener, EPOLLIN);
}
