/* SPDX-License-Identifier: Apache-2.0 */
/* registry-loop.c - libcurl's multi interface on a libuv loop, and deadlines. */
#include "oci/registry-loop.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/err.h"
#include "oci/registry-http.h"

/* --- driving libcurl: a poll handle for each of its sockets, one timer */

struct http_sock {
	uv_poll_t poll;
	struct list link;
	struct http *http;
	curl_socket_t fd;
};

static void break_off(struct http *h);

static void on_handle_closed(struct http *h)
{
	if (--h->open == 0 && h->closing && h->closed)
		h->closed(h);
}

static void on_sock_closed(uv_handle_t *handle)
{
	struct http_sock *s = container_of((uv_poll_t *)handle, struct http_sock, poll);
	struct http *h = s->http;

	free(s);
	on_handle_closed(h);
}

static void reap(struct http *h)
{
	CURLMsg *m;
	int left;

	while (!h->closing && (m = curl_multi_info_read(h->multi, &left))) {
		struct http_req *r = NULL;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&r);
		http_request_ended(r, code);
	}
}

/* Lets libcurl do what is due for fd. */
static void act(struct http *h, curl_socket_t fd, int flags)
{
	int running;

	if (curl_multi_socket_action(h->multi, fd, flags, &running) != CURLM_OK)
		break_off(h);
	reap(h);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct http_sock *s = container_of(poll, struct http_sock, poll);
	struct http *h = s->http;
	int flags = 0;

	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	act(h, s->fd, flags);
}

static void on_curl_timer(uv_timer_t *t)
{
	act(container_of(t, struct http, curl_timer), CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *data)
{
	struct http *h = data;

	if (h->closing)
		return 0;
	if (ms < 0)
		uv_timer_stop(&h->curl_timer);
	else
		uv_timer_start(&h->curl_timer, on_curl_timer, (uint64_t)ms, 0);
	return 0;
}

/* Watches the socket fd for what libcurl waits for, s: NULL or what watches it already. */
static int watch(struct http *h, struct http_sock *s, curl_socket_t fd, int what)
{
	if (!s) {
		s = calloc(1, sizeof *s);
		if (!s)
			return -1;
		s->http = h;
		s->fd = fd;
		if (uv_poll_init_socket(h->loop, &s->poll, fd) < 0) {
			free(s);
			return -1;
		}
		h->open++;
		list_append(&h->sockets, &s->link);
		curl_multi_assign(h->multi, fd, s);
	}
	return uv_poll_start(&s->poll,
			     (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
			     on_poll) < 0 ? -1 : 0;
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *sock_data)
{
	struct http *h = data;
	struct http_sock *s = sock_data;

	if (what != CURL_POLL_REMOVE) {
		if (watch(h, s, fd, what) == 0)
			return 0;
		break_off(h);
		return -1;
	}
	if (s) {
		list_remove(&s->link);
		uv_poll_stop(&s->poll);
		uv_close((uv_handle_t *)&s->poll, on_sock_closed);
		curl_multi_assign(h->multi, fd, NULL);
	}
	return 0;
}

/* --- deadlines: few, so a list and one timer for the nearest */

static void arm(struct http *h);

static void on_timer(uv_timer_t *t)
{
	struct http *h = container_of(t, struct http, timer);
	int64_t now = clock_mono_ns();
	bool again;

	/* a call may add or cancel others: look from the start after each */
	do {
		again = false;
		list_each(struct http_deadline, d, &h->deadlines, link) {
			if (d->at_ns > now)
				continue;
			http_after_cancel(d);
			d->fn(d);
			again = true;
			break;
		}
	} while (again);
	arm(h);
}

static void arm(struct http *h)
{
	int64_t first = INT64_MAX, now = clock_mono_ns();

	if (h->closing)
		return;
	list_each(struct http_deadline, d, &h->deadlines, link) {
		if (d->at_ns < first)
			first = d->at_ns;
	}
	if (first == INT64_MAX) {
		uv_timer_stop(&h->timer);
		return;
	}
	uv_update_time(h->loop);
	uv_timer_start(&h->timer, on_timer, first > now ? (uint64_t)(first - now) / 1000000 + 1 : 0, 0);
}

void http_after_cancel(struct http_deadline *d)
{
	if (!d->at_ns)
		return;
	d->at_ns = 0;
	list_remove(&d->link);
}

void http_after(struct http *h, struct http_deadline *d, uint64_t ms, void (*fn)(struct http_deadline *d))
{
	http_after_cancel(d);
	if (ms > (uint64_t)INT64_MAX / 4000000)
		ms = (uint64_t)INT64_MAX / 4000000;
	d->fn = fn;
	d->at_ns = clock_mono_ns() + (int64_t)ms * 1000000;
	list_append(&h->deadlines, &d->link);
	arm(h);
}

/* --- the client */

static void on_broken(struct http_deadline *d)
{
	http_requests_lost(container_of(d, struct http, broken));
}

/* libcurl could not go on, which is for want of memory: it does nothing more for any transfer, and does not say of
 * which it is true. So none is waited for. */
static void break_off(struct http *h)
{
	if (!h->closing)
		http_after(h, &h->broken, 0, on_broken);
}


int http_init(struct http *h, uv_loop_t *loop, struct err *e)
{
	*h = (struct http){ .loop = loop };
	list_init(&h->deadlines);
	list_init(&h->sockets);
	list_init(&h->requests);
	h->multi = curl_multi_init();
	if (!h->multi)
		return err_set(e, -ENOMEM, "out of memory");
	uv_timer_init(loop, &h->curl_timer);
	uv_timer_init(loop, &h->timer);
	h->open = 2;
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	return 0;
}

static void on_curl_timer_closed(uv_handle_t *handle)
{
	on_handle_closed(container_of((uv_timer_t *)handle, struct http, curl_timer));
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_handle_closed(container_of((uv_timer_t *)handle, struct http, timer));
}

void http_close(struct http *h, void (*closed)(struct http *h))
{
	h->closing = true;
	h->closed = closed;
	curl_multi_cleanup(h->multi); /* tells set_socket of most that it closes, not of all */
	h->multi = NULL;
	list_each(struct http_sock, s, &h->sockets, link) {
		list_remove(&s->link);
		uv_close((uv_handle_t *)&s->poll, on_sock_closed);
	}
	uv_close((uv_handle_t *)&h->curl_timer, on_curl_timer_closed);
	uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}
