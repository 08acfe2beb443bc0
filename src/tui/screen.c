/* SPDX-License-Identifier: Apache-2.0 */
/* screen.c - pacing of frames, and the descriptor of the terminal. */
#include "tui/screen.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"

#define LEAVE_MS 200 /* how long the last bytes may take */

static void on_tty(void *arg, int events);
static void step(struct screen *s);

static void on_timer(uv_timer_t *t)
{
	step(t->data);
}

static void free_timer(uv_handle_t *h)
{
	free(h);
}

int screen_init(struct screen *s, uv_loop_t *loop, int fd, const char *term, int rows, int cols,
		enum term_color color, struct err *e)
{
	int rc;

	*s = (struct screen){ .loop = loop };
	s->tty = watch_new(loop, fd, on_tty, s);
	if (!s->tty)
		return err_set(e, -ENOMEM, "cannot watch the terminal");
	rc = term_new(&s->term, term, rows, cols, color, e);
	if (rc == 0)
		rc = canvas_resize(&s->canvas, rows, cols);
	s->timer = rc == 0 ? calloc(1, sizeof(*s->timer)) : NULL;
	if (!s->timer) {
		term_free(s->term);
		canvas_finish(&s->canvas);
		watch_close(s->tty);
		return rc < 0 ? rc : err_set(e, -ENOMEM, "out of memory");
	}
	uv_timer_init(loop, s->timer);
	s->timer->data = s;
	watch_set(s->tty, UV_READABLE);
	return 0;
}

static void lose(struct screen *s)
{
	if (s->lost)
		return;
	s->lost = true;
	buf_clear(&s->out);
	watch_set(s->tty, 0);
	if (s->gone)
		s->gone(s->arg);
}

/* Writes what it can; true when nothing is left. */
static bool flush(struct screen *s)
{
	while (s->out.len > 0 && !s->lost) {
		ssize_t n = write(watch_fd(s->tty), s->out.p, s->out.len);

		if (n > 0)
			buf_consume(&s->out, (size_t)n);
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n < 0 && errno == EAGAIN)
			break;
		else
			lose(s);
	}
	if (!s->lost && !s->away)
		watch_set(s->tty, UV_READABLE | (s->out.len ? UV_WRITABLE : 0));
	return s->out.len == 0;
}

static void frame(struct screen *s)
{
	s->dirty = false;
	s->framed = true;
	s->last_ms = uv_now(s->loop);
	canvas_clear(&s->canvas);
	s->draw(s->arg, &s->canvas);
	if (term_draw(s->term, &s->canvas, &s->out) < 0) {
		/* Without memory some bytes are lost, so all must come again. */
		buf_clear(&s->out);
		term_redraw(s->term);
	}
}

/* Whatever is to be done next: finish the last frame, make another, or wait until one may be made. */
static void step(struct screen *s)
{
	if (s->lost || s->away || !flush(s))
		return;
	if (s->framed) {
		s->framed = false;
		s->written(s->arg);
	}
	if (!s->dirty)
		return;
	if (s->last_ms && uv_now(s->loop) < s->last_ms + s->gap_ms) {
		if (!uv_is_active((uv_handle_t *)s->timer))
			uv_timer_start(s->timer, on_timer, s->last_ms + s->gap_ms - uv_now(s->loop), 0);
		return;
	}
	frame(s);
	if (flush(s) && !s->lost && s->framed) {
		s->framed = false;
		s->written(s->arg);
	}
}

static void on_defer(struct loop_defer *d)
{
	step(container_of(d, struct screen, defer));
}

void screen_dirty(struct screen *s)
{
	s->dirty = true;
	if (!s->lost && !s->away && !s->out.len)
		loop_defer(s->loop, &s->defer, on_defer);
}

static void on_tty(void *arg, int events)
{
	struct screen *s = arg;
	char chunk[4096];
	ssize_t n;

	if (events & UV_READABLE) {
		n = read(watch_fd(s->tty), chunk, sizeof(chunk));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			lose(s);
			return;
		}
		if (n > 0)
			s->input(s->arg, chunk, (size_t)n);
	}
	if (!s->lost && events & UV_WRITABLE)
		step(s);
}

int screen_resize(struct screen *s, int rows, int cols)
{
	int rc = canvas_resize(&s->canvas, rows, cols);

	if (rc < 0)
		return rc;
	term_resize(s->term, rows, cols);
	screen_dirty(s);
	return 0;
}

void screen_redraw(struct screen *s)
{
	term_redraw(s->term);
	screen_dirty(s);
}

void screen_mouse(struct screen *s, int mode)
{
	if (term_mouse(s->term, mode, &s->out) == 0 && s->out.len && !s->away)
		flush(s);
}

void screen_send(struct screen *s, const void *p, size_t n)
{
	if (!s->lost && !s->away && buf_add(&s->out, p, n) == 0)
		flush(s);
}

/* The last bytes, written here and now. */
static void flush_now(struct screen *s)
{
	struct pollfd p = { .fd = watch_fd(s->tty), .events = POLLOUT };

	while (s->out.len && !s->lost) {
		if (flush(s) || poll(&p, 1, LEAVE_MS) <= 0)
			break;
	}
}

void screen_leave(struct screen *s)
{
	if (s->away)
		return;
	s->away = true;
	if (!s->lost) {
		term_leave(s->term, &s->out);
		flush_now(s);
		watch_set(s->tty, 0);
	}
	buf_clear(&s->out);
	uv_timer_stop(s->timer);
}

void screen_enter(struct screen *s)
{
	if (!s->away || s->lost)
		return;
	s->away = false;
	s->framed = false;
	watch_set(s->tty, UV_READABLE);
	screen_redraw(s);
}

int screen_fd(const struct screen *s)
{
	return watch_fd(s->tty);
}

bool screen_busy(const struct screen *s)
{
	return s->out.len > 0 || (s->dirty && !s->away);
}

void screen_finish(struct screen *s)
{
	if (!s->term)
		return;
	screen_leave(s);
	loop_defer_cancel(&s->defer);
	uv_close((uv_handle_t *)s->timer, free_timer);
	term_free(s->term);
	s->term = NULL;
	canvas_finish(&s->canvas);
	buf_finish(&s->out);
	watch_close(s->tty);
}
