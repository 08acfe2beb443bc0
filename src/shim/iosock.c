/* SPDX-License-Identifier: Apache-2.0 */
/* iosock.c - raw streams given out by token. */
#include "shim/iosock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sock.h"
#include "base/str.h"

#define TOKEN_MS 10000
#define GREET_LEN (3 + IOSOCK_TOKEN_LEN + 1) /* "IO <token>\n" */
#define GUESTS_MAX 64

struct guest {
	struct list link;
	struct iosock *s;
	uv_poll_t poll;
	int fd;
	char text[GREET_LEN];
	size_t len;
};

struct iosock {
	uv_loop_t *loop;
	uv_poll_t poll;
	uv_timer_t timer;
	int fd;
	int open; /* handles */
	unsigned nguests;
	struct list waits, guests;
	bool ending;
};

static void put(struct iosock *s)
{
	if (--s->open == 0)
		free(s);
}

static void on_guest_closed(uv_handle_t *h)
{
	struct guest *g = container_of((uv_poll_t *)h, struct guest, poll);

	if (g->fd >= 0)
		close(g->fd);
	put(g->s);
	free(g);
}

static void guest_end(struct guest *g)
{
	list_remove(&g->link);
	g->s->nguests--;
	uv_close((uv_handle_t *)&g->poll, on_guest_closed);
}

static struct iosock_wait *find(struct iosock *s, const char *token)
{
	list_each(struct iosock_wait, w, &s->waits, link) {
		if (memcmp(w->token, token, IOSOCK_TOKEN_LEN) == 0)
			return w;
	}
	return NULL;
}

static void on_guest(uv_poll_t *h, int status, int events)
{
	struct guest *g = container_of(h, struct guest, poll);
	struct iosock_wait *w;
	ssize_t n = recv(g->fd, g->text + g->len, GREET_LEN - g->len, MSG_DONTWAIT);
	int fd;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		guest_end(g);
		return;
	}
	g->len += (size_t)n;
	if (g->len < GREET_LEN)
		return;
	w = memcmp(g->text, "IO ", 3) == 0 && g->text[GREET_LEN - 1] == '\n' ? find(g->s, g->text + 3) : NULL;
	if (!w) {
		guest_end(g);
		return;
	}
	/* A handle of its own descriptor: this one leaves the poll before the other enters. */
	fd = fcntl(g->fd, F_DUPFD_CLOEXEC, 3);
	guest_end(g);
	iosock_cancel(w);
	w->taken(w, fd);
}

static void on_connection(uv_poll_t *h, int status, int events)
{
	struct iosock *s = container_of(h, struct iosock, poll);
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct guest *g;

	if (fd < 0)
		return;
	g = s->nguests < GUESTS_MAX && sock_check_peer(fd, getuid()) == 0 ? calloc(1, sizeof(*g)) : NULL;
	if (!g) {
		close(fd);
		return;
	}
	g->s = s;
	g->fd = fd;
	s->open++;
	s->nguests++;
	list_append(&s->guests, &g->link);
	uv_poll_init(s->loop, &g->poll, fd);
	uv_poll_start(&g->poll, UV_READABLE, on_guest);
}

static void on_timer(uv_timer_t *t);

static void set_timer(struct iosock *s)
{
	struct iosock_wait *first;
	uint64_t now = uv_now(s->loop);

	if (list_empty(&s->waits)) {
		uv_timer_stop(&s->timer);
		return;
	}
	first = list_entry(s->waits.next, struct iosock_wait, link);
	uv_timer_start(&s->timer, on_timer, first->deadline > now ? first->deadline - now : 0, 0);
}

static void on_timer(uv_timer_t *t)
{
	struct iosock *s = container_of(t, struct iosock, timer);

	while (!list_empty(&s->waits)) {
		struct iosock_wait *w = list_entry(s->waits.next, struct iosock_wait, link);

		if (w->deadline > uv_now(s->loop))
			break;
		log_debug("nobody came for a stream");
		iosock_cancel(w);
		w->taken(w, -1);
	}
	set_timer(s);
}

int iosock_create(uv_loop_t *loop, int dir, const char *name, struct iosock **ret, struct err *e)
{
	struct iosock *s = calloc(1, sizeof(*s));

	if (!s)
		return err_sys(e, -ENOMEM, "cannot listen on '%s'", name);
	s->fd = sock_listen_at(dir, name, e);
	if (s->fd < 0) {
		int rc = s->fd;

		free(s);
		return rc;
	}
	s->loop = loop;
	s->open = 2;
	list_init(&s->waits);
	list_init(&s->guests);
	uv_timer_init(loop, &s->timer);
	uv_poll_init(loop, &s->poll, s->fd);
	uv_poll_start(&s->poll, UV_READABLE, on_connection);
	*ret = s;
	return 0;
}

static void on_timer_closed(uv_handle_t *h)
{
	put(container_of((uv_timer_t *)h, struct iosock, timer));
}

static void on_listener_closed(uv_handle_t *h)
{
	struct iosock *s = container_of((uv_poll_t *)h, struct iosock, poll);

	close(s->fd);
	put(s);
}

void iosock_destroy(struct iosock *s)
{
	if (!s || s->ending)
		return;
	s->ending = true;
	while (!list_empty(&s->waits)) {
		struct iosock_wait *w = list_entry(s->waits.next, struct iosock_wait, link);

		iosock_cancel(w);
		w->taken(w, -1);
	}
	list_each(struct guest, g, &s->guests, link)
		guest_end(g);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
	uv_close((uv_handle_t *)&s->poll, on_listener_closed);
}

int iosock_wait(struct iosock *s, struct iosock_wait *w, void (*taken)(struct iosock_wait *w, int fd))
{
	uint8_t raw[IOSOCK_TOKEN_LEN / 2];
	int rc = file_random(raw, sizeof(raw));

	if (rc < 0)
		return rc;
	str_hex(raw, sizeof(raw), w->token);
	w->owner = s;
	w->taken = taken;
	w->deadline = uv_now(s->loop) + TOKEN_MS;
	list_append(&s->waits, &w->link);
	set_timer(s);
	return 0;
}

void iosock_cancel(struct iosock_wait *w)
{
	if (!w->owner)
		return;
	list_remove(&w->link);
	w->owner = NULL;
}
