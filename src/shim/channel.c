/* SPDX-License-Identifier: Apache-2.0 */
/* channel.c - the streams of a process without terminal. */
#include "shim/channel.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"

#define CHUNK (256u << 10)
#define INLET_BUF (64u << 10)

struct outlet {
	struct list link;
	struct channel *c;
	struct iosock_wait wait;
	struct watch *w; /* NULL: the client has not come yet */
	size_t off;      /* of the chunk, taken */
};

static void pump(struct channel *c);

int channel_init(struct channel *c, uv_loop_t *loop, struct crilog *log, enum crilog_stream stream,
		 void (*drained)(struct channel *c), void (*log_failed)(struct channel *c, const struct err *e))
{
	*c = (struct channel){ .loop = loop, .log = log, .stream = stream, .drained = drained,
			       .log_failed = log_failed };
	list_init(&c->outlets);
	c->chunk = malloc(CHUNK);
	return c->chunk ? 0 : -ENOMEM;
}

static void outlet_end(struct outlet *o)
{
	iosock_cancel(&o->wait);
	list_remove(&o->link);
	watch_close(o->w);
	free(o);
}

void channel_finish(struct channel *c)
{
	if (!c->loop)
		return;
	list_each(struct outlet, o, &c->outlets, link)
		outlet_end(o);
	watch_close(TAKE(c->from));
	free(TAKE(c->chunk));
	c->done = true;
}

/* Gives o what it has not of the chunk. false: it is gone. */
static bool outlet_feed(struct outlet *o)
{
	struct channel *c = o->c;

	while (o->w && o->off < c->len) {
		ssize_t n = send(watch_fd(o->w), c->chunk + o->off, c->len - o->off, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			outlet_end(o);
			return false;
		}
		o->off += (size_t)n;
	}
	if (o->w)
		watch_set(o->w, o->off < c->len ? UV_WRITABLE : 0);
	return true;
}

/* true when every outlet has the whole chunk. */
static bool feed_all(struct channel *c)
{
	bool all = true;

	list_each(struct outlet, o, &c->outlets, link)
		if (outlet_feed(o) && o->off < c->len)
			all = false;
	return all;
}

/* An outlet whose client has not come holds the stream back even while the chunk is empty. */
static bool all_here(const struct channel *c)
{
	for (const struct list *l = c->outlets.next; l != &c->outlets; l = l->next)
		if (!list_entry(l, struct outlet, link)->w)
			return false;
	return true;
}

static void end(struct channel *c)
{
	if (c->done)
		return;
	c->done = true;
	watch_close(TAKE(c->from));
	list_each(struct outlet, o, &c->outlets, link)
		outlet_end(o); /* closing is the end of file */
	c->drained(c);
}

static void add_to_log(struct channel *c)
{
	struct err e = { 0 };

	if (c->log && crilog_add(c->log, c->stream, c->chunk, c->len, &e) < 0 && c->log_failed)
		c->log_failed(c, &e);
}

/* The end may not be told yet: what the process wrote is still under way. */
static bool awaits_more(const struct channel *c)
{
	return !c->draining || (c->behind && c->behind((struct channel *)c));
}

/* Moves what can be moved; sets what to wait for. */
static void pump(struct channel *c)
{
	for (int turns = 0; !c->done; turns++) {
		ssize_t n;

		if (!feed_all(c) || !all_here(c)) {
			if (c->from)
				watch_set(c->from, 0);
			return;
		}
		c->len = 0;
		list_each(struct outlet, o, &c->outlets, link)
			o->off = 0;
		if (!c->from) {
			if (!awaits_more(c))
				end(c);
			return;
		}
		if (turns == 16) { /* others want the loop too */
			watch_set(c->from, UV_READABLE);
			return;
		}
		n = recv(watch_fd(c->from), c->chunk, CHUNK, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && awaits_more(c)) {
			watch_set(c->from, UV_READABLE);
			return;
		}
		if (n <= 0) {
			watch_close(TAKE(c->from));
			continue;
		}
		c->len = (size_t)n;
		add_to_log(c);
	}
}

static void on_guest(void *arg, int events)
{
	pump(arg);
}

void channel_set_fd(struct channel *c, int fd)
{
	watch_close(TAKE(c->from));
	c->from = watch_new(c->loop, fd, on_guest, c);
	pump(c);
}

void channel_drain(struct channel *c)
{
	c->draining = true;
	pump(c);
}

static void on_outlet(void *arg, int events)
{
	struct outlet *o = arg;
	struct channel *c = o->c;

	outlet_feed(o);
	pump(c);
}

static void on_taken(struct iosock_wait *w, int fd)
{
	struct outlet *o = container_of(w, struct outlet, wait);
	struct channel *c = o->c;

	if (fd >= 0)
		o->w = watch_new(c->loop, fd, on_outlet, o);
	if (!o->w)
		outlet_end(o);
	pump(c);
}

int channel_attach(struct channel *c, struct iosock *io, char ret[static IOSOCK_TOKEN_LEN + 1])
{
	struct outlet *o;
	int rc;

	if (c->done)
		return -EPIPE;
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->c = c;
	o->off = c->len; /* what was there before is not its */
	rc = iosock_wait(io, &o->wait, on_taken);
	if (rc < 0) {
		free(o);
		return rc;
	}
	list_append(&c->outlets, &o->link);
	memcpy(ret, o->wait.token, IOSOCK_TOKEN_LEN + 1);
	return 0;
}

/* --- standard input */

int inlet_init(struct inlet *in, uv_loop_t *loop)
{
	*in = (struct inlet){ .loop = loop };
	in->buf = malloc(INLET_BUF);
	return in->buf ? 0 : -ENOMEM;
}

void inlet_finish(struct inlet *in)
{
	iosock_cancel(&in->wait);
	watch_close(TAKE(in->to));
	watch_close(TAKE(in->from));
	free(TAKE(in->buf));
	in->shut = true;
}

static void inlet_pump(struct inlet *in)
{
	while (in->to) {
		ssize_t n;

		while (in->len) {
			n = send(watch_fd(in->to), in->buf + in->off, in->len, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
				watch_set(in->to, UV_WRITABLE);
				if (in->from)
					watch_set(in->from, 0);
				return;
			}
			if (n < 0) { /* the process reads no more */
				watch_close(TAKE(in->to));
				watch_close(TAKE(in->from));
				in->shut = true;
				return;
			}
			in->off += (size_t)n;
			in->len -= (size_t)n;
		}
		watch_set(in->to, 0);
		if (in->eof) {
			if (!in->shut)
				shutdown(watch_fd(in->to), SHUT_WR);
			in->shut = true;
			return;
		}
		if (!in->from)
			return;
		n = recv(watch_fd(in->from), in->buf, INLET_BUF, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			watch_set(in->from, UV_READABLE);
			return;
		}
		in->off = 0;
		in->len = n > 0 ? (size_t)n : 0;
		if (n <= 0) {
			in->eof = true;
			watch_close(TAKE(in->from));
		}
	}
}

static void on_inlet(void *arg, int events)
{
	inlet_pump(arg);
}

void inlet_set_fd(struct inlet *in, int fd)
{
	watch_close(TAKE(in->to));
	in->to = watch_new(in->loop, fd, on_inlet, in);
	inlet_pump(in);
}

static void on_inlet_taken(struct iosock_wait *w, int fd)
{
	struct inlet *in = container_of(w, struct inlet, wait);

	if (fd < 0)
		return;
	in->from = watch_new(in->loop, fd, on_inlet, in);
	inlet_pump(in);
}

int inlet_attach(struct inlet *in, struct iosock *io, char ret[static IOSOCK_TOKEN_LEN + 1])
{
	int rc;

	if (in->shut || in->eof)
		return -EPIPE;
	if (in->from || in->wait.owner)
		return -EBUSY;
	rc = iosock_wait(io, &in->wait, on_inlet_taken);
	if (rc == 0)
		memcpy(ret, in->wait.token, IOSOCK_TOKEN_LEN + 1);
	return rc;
}
