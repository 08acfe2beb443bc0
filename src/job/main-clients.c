/* SPDX-License-Identifier: Apache-2.0 */
/* main-clients.c - the listeners of a job. */
#include "job/main-clients.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/sock.h"
#include "job/proto.h"

#define BACKLOG_MAX (16u << 20) /* bytes that a client may owe us the reading of */
#define LINGER_MS 2000

struct client {
	struct job_clients *all;
	struct list link;
	uv_poll_t poll;
	uv_timer_t linger;
	int fd;
	unsigned open;
	struct buf in, out;
	bool detached, closing;
};

static void watch(struct client *cl);

static void handle_closed(struct job_clients *c)
{
	if (--c->open == 0 && c->ending && c->closed)
		c->closed(c);
}

static void on_closed(struct client *cl)
{
	struct job_clients *c = cl->all;

	if (--cl->open > 0)
		return;
	close(cl->fd);
	buf_finish(&cl->in);
	buf_finish(&cl->out);
	free(cl);
	handle_closed(c);
}

static void on_poll_closed(uv_handle_t *h)
{
	on_closed(container_of((uv_poll_t *)h, struct client, poll));
}

static void on_linger_closed(uv_handle_t *h)
{
	on_closed(container_of((uv_timer_t *)h, struct client, linger));
}

static void client_close(struct client *cl)
{
	struct job_clients *c = cl->all;

	if (cl->closing)
		return;
	cl->closing = true;
	list_remove(&cl->link);
	c->n--;
	uv_poll_stop(&cl->poll);
	uv_close((uv_handle_t *)&cl->poll, on_poll_closed);
	uv_close((uv_handle_t *)&cl->linger, on_linger_closed);
	if (c->n == 0 && !c->detached && !c->ending)
		c->cancel(c);
}

static void send_line(struct client *cl, const char *line, size_t len);
static char *as_line(cJSON *event, size_t *ret_len);

static void leave(struct client *cl)
{
	struct job_clients *c = cl->all;

	if (c->ending)
		return;
	if (c->n == 1 && !c->detached) {
		c->cancel(c);
		return;
	}
	size_t len;
	AUTO_FREE char *line = as_line(job_event_error(-ECANCELED, "canceled", NULL), &len);
	if (line)
		send_line(cl, line, len);
}

static void command(struct client *cl, const char *line, size_t len)
{
	switch (job_cmd_parse(line, len)) {
	case JOB_CMD_DETACH:
		cl->all->detached = true;
		break;
	case JOB_CMD_CANCEL:
		if (!cl->all->ending)
			cl->all->cancel(cl->all);
		break;
	case JOB_CMD_LEAVE:
		leave(cl);
		break;
	case JOB_CMD_NONE:
		break;
	}
}

/* 0, or -1 when the client is gone. */
static int take_input(struct client *cl)
{
	char chunk[1024];
	ssize_t n = read(cl->fd, chunk, sizeof chunk);
	uint8_t *end;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0 || cl->in.len + (size_t)n > JOB_CMD_MAX || buf_add(&cl->in, chunk, (size_t)n) < 0)
		return -1;
	while (cl->in.len && (end = memchr(cl->in.p, '\n', cl->in.len))) {
		command(cl, (char *)cl->in.p, (size_t)(end - cl->in.p));
		buf_consume(&cl->in, (size_t)(end - cl->in.p) + 1);
	}
	return 0;
}

static int give_output(struct client *cl)
{
	while (cl->out.len) {
		ssize_t n = send(cl->fd, cl->out.p, cl->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN ? 0 : errno == EINTR ? 0 : -1;
		buf_consume(&cl->out, (size_t)n);
	}
	return 0;
}

static void on_ready(uv_poll_t *h, int status, int events)
{
	struct client *cl = container_of(h, struct client, poll);

	if (status < 0 || ((events & UV_WRITABLE) && give_output(cl) < 0) ||
	    ((events & UV_READABLE) && take_input(cl) < 0) || (cl->all->ending && !cl->out.len)) {
		client_close(cl);
		return;
	}
	watch(cl);
}

static void watch(struct client *cl)
{
	if (!cl->closing)
		uv_poll_start(&cl->poll, UV_READABLE | (cl->out.len ? UV_WRITABLE : 0), on_ready);
}

static void on_linger(uv_timer_t *t)
{
	client_close(container_of(t, struct client, linger));
}

/* What the socket takes at once needs no memory. */
static void send_line(struct client *cl, const char *line, size_t len)
{
	ssize_t sent = cl->out.len ? 0 : send(cl->fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		client_close(cl);
		return;
	}
	if (sent > 0) {
		line += sent;
		len -= (size_t)sent;
	}
	if (cl->out.len + len > BACKLOG_MAX || (len && buf_add(&cl->out, line, len) < 0))
		client_close(cl);
	else
		watch(cl);
}

static int add_client(struct job_clients *c, int fd)
{
	struct client *cl = calloc(1, sizeof *cl);

	if (!cl || c->n >= JOB_CLIENTS_MAX || uv_poll_init(c->loop, &cl->poll, fd) < 0) {
		free(cl);
		close(fd);
		return -ENOMEM;
	}
	uv_timer_init(c->loop, &cl->linger);
	cl->all = c;
	cl->fd = fd;
	cl->open = 2;
	c->open++;
	c->n++;
	list_append(&c->all, &cl->link);
	send_line(cl, c->hello, strlen(c->hello));
	return 0;
}

static void on_accept(uv_poll_t *h, int status, int events)
{
	struct job_clients *c = container_of(h, struct job_clients, accept);
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (sock_check_peer(fd, geteuid()) < 0)
		close(fd);
	else
		add_client(c, fd);
}

/* "…}\n"; event is deleted. */
static char *as_line(cJSON *event, size_t *ret_len)
{
	AUTO_FREE char *text = event ? json_print(event) : NULL;
	char *line = NULL;
	int n = text ? asprintf(&line, "%s\n", text) : -1;

	cJSON_Delete(event);
	if (n < 0)
		return NULL;
	*ret_len = (size_t)n;
	return line;
}

int job_clients_init(struct job_clients *c, uv_loop_t *loop, int listen_fd, int starter, cJSON *hello,
		     struct err *e)
{
	size_t len;
	int rc;

	list_init(&c->all);
	c->loop = loop;
	c->listen_fd = listen_fd;
	c->hello = as_line(hello, &len);
	if (!c->hello)
		return err_set(e, -ENOMEM, "out of memory");
	sock_set_nonblock(listen_fd, 1);
	rc = uv_poll_init(loop, &c->accept, listen_fd);
	if (rc < 0)
		return err_sys(e, rc, "cannot listen");
	c->open++;
	uv_poll_start(&c->accept, UV_READABLE, on_accept);
	if (starter >= 0) {
		sock_set_nonblock(starter, 1);
		rc = add_client(c, starter);
	}
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

void job_clients_tell(struct job_clients *c, cJSON *event, bool droppable)
{
	/* As job_event_error makes it. */
	static const char no_memory[] = "{\"event\":\"error\",\"text\":\"out of memory\",\"code\":-12}\n";
	size_t len = strlen(no_memory);
	AUTO_FREE char *line = as_line(event, &len);

	if (!line && droppable)
		return;
	list_each(struct client, cl, &c->all, link) {
		if (!droppable || !cl->out.len)
			send_line(cl, line ? line : no_memory, len);
	}
}

static void on_accept_closed(uv_handle_t *h)
{
	struct job_clients *c = container_of((uv_poll_t *)h, struct job_clients, accept);

	close(c->listen_fd);
	c->listen_fd = -1;
	free(TAKE(c->hello));
	handle_closed(c);
}

void job_clients_end(struct job_clients *c, cJSON *event)
{
	if (c->ending) {
		cJSON_Delete(event);
		return;
	}
	/* those who are on their way in hear the end too */
	on_accept(&c->accept, 0, UV_READABLE);
	c->ending = true;
	job_clients_tell(c, event, false);
	list_each(struct client, cl, &c->all, link) {
		if (cl->out.len)
			uv_timer_start(&cl->linger, on_linger, LINGER_MS, 0);
		else
			client_close(cl);
	}
	uv_close((uv_handle_t *)&c->accept, on_accept_closed);
}
