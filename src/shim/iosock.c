/* SPDX-License-Identifier: Apache-2.0 */
/* iosock.c - raw streams given out by token. */
#include "shim/iosock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sock.h"
#include "base/str.h"
#include "base/watch.h"

#define TOKEN_MS 10000
#define GREET_LEN (3 + IOSOCK_TOKEN_LEN + 1) /* "IO <token>\n" */
#define GUESTS_MAX 64

struct guest {
	struct list link;
	struct iosock *s;
	struct watch *w;
	char text[GREET_LEN];
	size_t len;
};

struct iosock {
	uv_loop_t *loop;
	struct watch *w;
	uv_timer_t timer;
	unsigned nguests;
	struct list waits, guests;
};

static void guest_end(struct guest *g)
{
	list_remove(&g->link);
	g->s->nguests--;
	watch_close(g->w);
	free(g);
}

static struct iosock_wait *find(struct iosock *s, const char *token)
{
	list_each(struct iosock_wait, w, &s->waits, link) {
		if (memcmp(w->token, token, IOSOCK_TOKEN_LEN) == 0)
			return w;
	}
	return NULL;
}

static void on_guest(void *arg, int events)
{
	struct guest *g = arg;
	struct iosock_wait *w;
	ssize_t n = recv(watch_fd(g->w), g->text + g->len, GREET_LEN - g->len, MSG_DONTWAIT);
	int fd;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	g->len += n > 0 ? (size_t)n : 0;
	if (n > 0 && g->len < GREET_LEN)
		return;
	w = n > 0 && memcmp(g->text, "IO ", 3) == 0 && g->text[GREET_LEN - 1] == '\n' ? find(g->s, g->text + 3) :
											   NULL;
	if (!w) {
		guest_end(g);
		return;
	}
	fd = watch_release(TAKE(g->w));
	guest_end(g);
	iosock_cancel(w);
	w->taken(w, fd);
}

static void on_connection(void *arg, int events)
{
	struct iosock *s = arg;
	int fd = accept4(watch_fd(s->w), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct guest *g;

	if (fd < 0)
		return;
	g = s->nguests < GUESTS_MAX && sock_check_peer(fd, getuid()) == 0 ? calloc(1, sizeof(*g)) : NULL;
	if (!g) {
		close(fd);
		return;
	}
	g->s = s;
	s->nguests++;
	list_append(&s->guests, &g->link);
	g->w = watch_new(s->loop, fd, on_guest, g);
	if (g->w)
		watch_set(g->w, UV_READABLE);
	else
		guest_end(g);
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
	int fd = s ? sock_listen_at(dir, name, e) : err_sys(e, -ENOMEM, "cannot listen on '%s'", name);

	if (fd < 0) {
		free(s);
		return fd;
	}
	s->w = watch_new(loop, fd, on_connection, s);
	if (!s->w) {
		free(s);
		return err_sys(e, -ENOMEM, "cannot listen on '%s'", name);
	}
	s->loop = loop;
	list_init(&s->waits);
	list_init(&s->guests);
	uv_timer_init(loop, &s->timer);
	watch_set(s->w, UV_READABLE);
	*ret = s;
	return 0;
}

static void on_timer_closed(uv_handle_t *h)
{
	free(container_of((uv_timer_t *)h, struct iosock, timer));
}

void iosock_destroy(struct iosock *s)
{
	if (!s)
		return;
	while (!list_empty(&s->waits)) {
		struct iosock_wait *w = list_entry(s->waits.next, struct iosock_wait, link);

		iosock_cancel(w);
		w->taken(w, -1);
	}
	list_each(struct guest, g, &s->guests, link)
		guest_end(g);
	watch_close(s->w);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
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
