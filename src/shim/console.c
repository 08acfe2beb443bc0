/* SPDX-License-Identifier: Apache-2.0 */
/* console.c - a terminal in the guest and those who look at it. */
#include "shim/console.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"
#include "base/clock.h"

#define READ_MAX (64u << 10)
#define INPUT_MAX (64u << 10)
#define BACKLOG_MAX (256u << 10)

struct viewer {
	struct list link;
	struct console *c;
	struct iosock_wait wait;
	struct watch *w; /* NULL: has not come yet */
	uint64_t id;
	struct console_spec spec;
	struct buf out;
	size_t off;      /* of out, sent */
	bool behind;     /* out was dropped: a snapshot is due once the socket takes again */
};

static void viewer_flush(struct viewer *v);

static void viewer_end(struct viewer *v)
{
	struct console *c = v->c;
	bool came = v->w != NULL;

	iosock_cancel(&v->wait);
	list_remove(&v->link);
	watch_close(v->w);
	buf_finish(&v->out);
	free(v);
	if (came && c->viewers_changed)
		c->viewers_changed(c->arg);
}

/* What is half sent must not end inside a sequence: the snapshot begins with a reset that also ends one. */
static void viewer_drop(struct viewer *v)
{
	buf_clear(&v->out);
	v->off = 0;
	v->behind = true;
}

static void viewer_add(struct viewer *v, const void *p, size_t n)
{
	if (!v->w || !v->spec.output || v->behind)
		return;
	if (v->out.len - v->off + n > BACKLOG_MAX || buf_add(&v->out, p, n) < 0)
		viewer_drop(v);
}

static void on_pass(void *arg, const uint8_t *p, size_t n)
{
	struct console *c = arg;

	list_each(struct viewer, v, &c->viewers, link)
		viewer_add(v, p, n);
}

static void flush_input(struct console *c)
{
	while (c->to && c->input.len) {
		ssize_t n = send(watch_fd(c->to), c->input.p, c->input.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0)
			n = (ssize_t)c->input.len;
		buf_consume(&c->input, (size_t)n);
	}
	if (c->to)
		watch_set(c->to, c->input.len ? UV_WRITABLE : 0);
	/* Who types faster than the guest reads waits. */
	list_each(struct viewer, v, &c->viewers, link)
		if (v->w)
			watch_set(v->w, (c->input.len < INPUT_MAX ? UV_READABLE : 0) |
						(v->out.len > v->off || v->behind ? UV_WRITABLE : 0));
}

static void on_reply(void *arg, const uint8_t *p, size_t n)
{
	struct console *c = arg;

	/* A guest that asks and never reads the answers gets no more of them. */
	if (c->input.len + n <= 2 * INPUT_MAX)
		buf_add(&c->input, p, n);
}

/* A guest rings the viewers' bell once a second at most. */
static bool on_bell(void *arg)
{
	struct console *c = arg;
	int64_t now = clock_mono_ns();

	if (c->bell_ns && now - c->bell_ns < 1000000000)
		return false;
	c->bell_ns = now;
	return true;
}

/* Only to those who asked for it; what others get has it cut out. */
static bool on_clipboard(void *arg, const char *which, const char *base64, size_t n)
{
	struct console *c = arg;
	AUTO_BUF struct buf b = { 0 };

	if (buf_addf(&b, "\033]52;%s;", which) < 0 || buf_add(&b, base64, n) < 0 || buf_adds(&b, "\033\\") < 0)
		return false;
	list_each(struct viewer, v, &c->viewers, link)
		if (v->spec.clipboard)
			viewer_add(v, b.p, b.len);
	return false;
}

int console_init(struct console *c, uv_loop_t *loop, int rows, int cols, int scrollback, struct crilog *log)
{
	static const struct vt_callbacks cb = { .reply = on_reply, .bell = on_bell, .clipboard = on_clipboard, .pass = on_pass };
	struct vt_limits limits = vt_limits_default;

	*c = (struct console){ .loop = loop, .log = log };
	list_init(&c->viewers);
	limits.scrollback_lines = scrollback;
	c->vt = vt_new(rows, cols, &limits, &cb, c);
	return c->vt ? 0 : -ENOMEM;
}

void console_finish(struct console *c)
{
	if (!c->loop)
		return;
	c->viewers_changed = NULL;
	list_each(struct viewer, v, &c->viewers, link)
		viewer_end(v);
	watch_close(TAKE(c->from));
	watch_close(TAKE(c->to));
	buf_finish(&c->input);
	vt_free(TAKE(c->vt));
}

static void send_snapshot(struct viewer *v)
{
	v->behind = false;
	buf_clear(&v->out);
	v->off = 0;
	vt_snapshot(v->c->vt, VT_SNAPSHOT_CLEAR, 0, &v->out);
}

static void viewer_flush(struct viewer *v)
{
	while (v->w) {
		ssize_t n;

		if (v->off == v->out.len) {
			buf_clear(&v->out);
			v->off = 0;
			if (!v->behind)
				break;
			send_snapshot(v);
		}
		n = send(watch_fd(v->w), v->out.p + v->off, v->out.len - v->off, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			viewer_end(v);
			return;
		}
		v->off += (size_t)n;
	}
	if (v->c->done && v->w && v->off == v->out.len)
		viewer_end(v);
}

static void flush_viewers(struct console *c)
{
	list_each(struct viewer, v, &c->viewers, link)
		viewer_flush(v);
	flush_input(c);
}

static void end(struct console *c)
{
	if (c->done)
		return;
	c->done = true;
	watch_close(TAKE(c->from));
	watch_close(TAKE(c->to));
	flush_viewers(c);
	c->drained(c->arg);
}

/* The end may not be told yet: what the process wrote is still under way. */
static bool awaits_more(const struct console *c)
{
	return !c->draining || (c->behind && c->behind(c->arg));
}

static void on_output(void *arg, int events)
{
	struct console *c = arg;
	char chunk[READ_MAX];

	for (int turns = 0; c->from && turns < (c->draining ? 256 : 8); turns++) {
		ssize_t n = recv(watch_fd(c->from), chunk, sizeof(chunk), MSG_DONTWAIT);
		struct err e = { 0 };

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && awaits_more(c))
			break;
		if (n <= 0) {
			watch_close(TAKE(c->from));
			break;
		}
		if (c->log && crilog_add(c->log, CRILOG_STDOUT, chunk, (size_t)n, &e) < 0 && c->log_failed)
			c->log_failed(c->arg, &e);
		c->written = true;
		vt_feed(c->vt, chunk, (size_t)n);
	}
	flush_viewers(c);
	if (!c->from && !awaits_more(c))
		end(c);
}

void console_set_output(struct console *c, int fd)
{
	watch_close(TAKE(c->from));
	c->from = watch_new(c->loop, fd, on_output, c);
	if (c->from)
		watch_set(c->from, UV_READABLE);
}

static void on_input(void *arg, int events)
{
	flush_input(arg);
}

void console_set_input(struct console *c, int fd)
{
	watch_close(TAKE(c->to));
	c->to = watch_new(c->loop, fd, on_input, c);
	flush_input(c);
}

void console_drain(struct console *c)
{
	c->draining = true;
	on_output(c, 0);
}

bool console_busy(const struct console *c)
{
	return !list_empty(&c->viewers);
}

unsigned console_nviewers(const struct console *c)
{
	unsigned n = 0;

	for (const struct list *l = c->viewers.next; l != &c->viewers; l = l->next)
		n += list_entry(l, struct viewer, link)->w != NULL;
	return n;
}

static void take_size(struct console *c, unsigned rows, unsigned cols)
{
	if (!rows || !cols || rows > VT_ROWS_MAX || cols > VT_COLS_MAX)
		return;
	if ((int)rows == vt_rows(c->vt) && (int)cols == vt_cols(c->vt))
		return;
	if (vt_resize(c->vt, (int)rows, (int)cols) < 0)
		return;
	c->resized(c->arg, (int)rows, (int)cols);
	list_each(struct viewer, v, &c->viewers, link)
		if (v->w && v->spec.output && v->spec.repaint && c->written)
			viewer_drop(v);
	flush_input(c);
}

void console_resize(struct console *c, uint64_t viewer, unsigned rows, unsigned cols)
{
	list_each(struct viewer, v, &c->viewers, link)
		if (v->id == viewer) {
			v->spec.rows = rows;
			v->spec.cols = cols;
			if (v->spec.read_only)
				return;
		}
	if (!c->done)
		take_size(c, rows, cols);
}

static void on_viewer(void *arg, int events)
{
	struct viewer *v = arg;
	struct console *c = v->c;
	char chunk[4096];
	ssize_t n;

	if (events & UV_READABLE) {
		n = recv(watch_fd(v->w), chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			viewer_end(v);
			flush_input(c);
			return;
		}
		if (n > 0 && v->spec.stdin_ && !v->spec.read_only && !c->done) {
			c->last_viewer = v->id;
			take_size(c, v->spec.rows, v->spec.cols);
			buf_add(&c->input, chunk, (size_t)n);
		}
	}
	flush_viewers(c);
}

static void on_taken(struct iosock_wait *w, int fd)
{
	struct viewer *v = container_of(w, struct viewer, wait);
	struct console *c = v->c;

	if (fd >= 0)
		v->w = watch_new(c->loop, fd, on_viewer, v);
	if (!v->w) {
		viewer_end(v);
		return;
	}
	if (c->viewers_changed)
		c->viewers_changed(c->arg);
	/* A fresh console has nothing to show: the viewer's terminal stays as it is. */
	if (v->spec.output && c->written)
		send_snapshot(v);
	flush_viewers(c);
}

int console_attach(struct console *c, struct iosock *io, const struct console_spec *spec,
		   char ret[static IOSOCK_TOKEN_LEN + 1], uint64_t *ret_viewer)
{
	static uint64_t next_id;
	struct viewer *v = calloc(1, sizeof(*v));
	bool first = list_empty(&c->viewers);
	int rc;

	if (!v)
		return -ENOMEM;
	v->c = c;
	v->spec = *spec;
	v->id = ++next_id;
	rc = iosock_wait(io, &v->wait, on_taken);
	if (rc < 0) {
		free(v);
		return rc;
	}
	list_append(&c->viewers, &v->link);
	if (first && !spec->read_only && !c->done)
		take_size(c, spec->rows, spec->cols);
	memcpy(ret, v->wait.token, IOSOCK_TOKEN_LEN + 1);
	*ret_viewer = v->id;
	return 0;
}

/* Appends the cells without trailing blanks, and a newline. */
static int add_row_text(const struct vt *vt, const struct vt_cell *cells, int n, struct buf *ret)
{
	char text[VT_CELL_TEXT_MAX];
	size_t end = ret->len;
	int rc = 0;

	for (int x = 0; x < n && rc == 0; x++) {
		int len = vt_cell_text(vt, &cells[x], text);

		rc = buf_add(ret, text, (size_t)len);
		if (cells[x].ch && cells[x].ch != ' ')
			end = ret->len;
	}
	if (rc < 0)
		return rc;
	if (ret->p)
		ret->len = end;
	return buf_addc(ret, '\n');
}

int console_text(struct console *c, unsigned scrollback, struct buf *ret)
{
	int rc = 0;

	if (!scrollback) {
		for (int y = 0; y < vt_rows(c->vt) && rc == 0; y++) {
			struct vt_row row = vt_row(c->vt, y);

			rc = add_row_text(c->vt, row.cells, row.used, ret);
		}
		return rc;
	}
	for (int n = vt_scrollback(c->vt), i = n > (int)scrollback ? n - (int)scrollback : 0; i < n && rc == 0; i++) {
		struct vt_cell cells[VT_COLS_MAX];
		bool wrapped;
		int used = vt_scrollback_line(c->vt, i, cells, VT_COLS_MAX, &wrapped);

		rc = used < 0 ? 0 : add_row_text(c->vt, cells, used, ret);
	}
	return rc;
}
