/* SPDX-License-Identifier: Apache-2.0 */
/* view-console.c - a guest's terminal, full height; the last row says where keys go.
 *
 * The shim is the terminal; here the same engine draws what it sends: a snapshot, then live bytes. Every key
 * goes to the guest but the prefix ^] (or F12), whose menu appears after 300 ms. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tui/act.h"
#include "tui/console.h"
#include "tui/views.h"
#include "vt/vt.h"

#define RESIZE_MS 100
#define READ_MAX (64u << 10)
#define PENDING_MAX (1u << 20)
#define SEND_BUFFER 8192

void console_link_put(struct console_link *l)
{
	if (--l->refs == 0)
		free(l);
}

int console_rows(const struct view *v)
{
	return MAX(1, app_rows(v->app) - 1);
}

/* --- the stream */

void console_flush(struct consview *c)
{
	do {
		while (c->w && c->pending.len) {
			ssize_t n = send(watch_fd(c->w), c->pending.p, c->pending.len, MSG_NOSIGNAL | MSG_DONTWAIT);

			if (n < 0)
				break;
			buf_consume(&c->pending, (size_t)n);
		}
	} while (c->w && console_paste_more(c));
	if (c->w)
		watch_set(c->w, UV_READABLE | (c->pending.len ? UV_WRITABLE : 0));
}

void console_send(struct consview *c, const void *p, size_t n)
{
	struct buf *to = console_pasting(c) ? &c->job.behind : &c->pending;

	if (c->phase != CONSOLE_LIVE || c->read_only || !n || to->len + n > PENDING_MAX)
		return;
	buf_add(to, p, n);
	console_flush(c);
}

static void on_stream(void *arg, int events)
{
	struct consview *c = arg;
	char chunk[READ_MAX];

	for (int turns = 0; turns < 4; turns++) {
		ssize_t n = recv(watch_fd(c->w), chunk, sizeof(chunk), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			watch_close(TAKE(c->w));
			c->phase = CONSOLE_ENDED;
			break;
		}
		vt_feed(c->vt, chunk, (size_t)n);
	}
	console_flush(c);
	if (c->v.app->top == &c->v)
		app_mouse(c->v.app);
	app_dirty(c->v.app);
}

static void take_streams(struct consview *c, const struct berth_streams *s)
{
	const int others[] = { s->in, s->out, s->err };

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i] >= 0)
			close(others[i]);
	if (s->io < 0) {
		c->phase = CONSOLE_ENDED;
		snprintf(c->error, sizeof(c->error), "%s has no terminal: l shows its log", c->name);
		return;
	}
	/* What a socket holds cannot be taken back: a paste that is stopped must find most of itself still here. */
	setsockopt(s->io, SOL_SOCKET, SO_SNDBUF, &(int){ SEND_BUFFER }, sizeof(int));
	c->viewer = s->viewer;
	c->began = c->began ? c->began : c->v.app->now();
	c->w = watch_new(c->v.app->loop, s->io, on_stream, c);
	c->phase = c->w ? CONSOLE_LIVE : CONSOLE_ENDED;
	console_flush(c);
	snprintf(c->v.app->last_console, sizeof(c->v.app->last_console), "%s:%u", c->id, c->n);
}

static void on_exit_code(void *arg, int rc, const struct berth_error *e, int code)
{
	struct console_link *l = arg;
	struct consview *c = l->v;

	l->wait = NULL;
	if (c && rc == 0) {
		c->known_exit = true;
		c->exit_code = code;
		c->ended = c->v.app->now();
		app_dirty(c->v.app);
	}
	console_link_put(l);
}

static void wait_for_end(struct consview *c)
{
	char name[80];
	int rc;

	snprintf(name, sizeof(name), "%s:%u", c->id, c->n);
	rc = *c->exec_id ? berth_exec_wait(c->v.app->berth, c->id, c->exec_id, on_exit_code, c->link, &c->link->wait,
					   NULL) :
			   berth_container_wait(c->v.app->berth, name, on_exit_code, c->link, &c->link->wait, NULL);
	if (rc == 0)
		c->link->refs++;
}

static const struct con *own_con(const struct consview *c)
{
	char id[80];

	snprintf(id, sizeof(id), "%s:%u", c->id, c->n);
	return model_con(&c->v.app->model, id);
}

/* The console has the size of another viewer, who typed last: ours shows what fits. */
static void adopt_size(struct consview *c)
{
	const struct con *con = own_con(c);
	int rows = con && con->rows ? (int)con->rows : console_rows(&c->v);
	int cols = con && con->cols ? (int)con->cols : app_cols(c->v.app);

	c->sized = rows != console_rows(&c->v) || cols != app_cols(c->v.app);
	vt_resize(c->vt, rows, cols);
}

static void on_attached(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s)
{
	struct console_link *l = arg;
	struct consview *c = l->v;

	l->attach = NULL;
	if (!c) {
		const int fds[] = { s ? s->io : -1, s ? s->in : -1, s ? s->out : -1, s ? s->err : -1 };

		for (size_t i = 0; i < ARRAY_LEN(fds); i++)
			if (fds[i] >= 0)
				close(fds[i]);
	} else if (rc < 0) {
		c->phase = CONSOLE_ENDED;
		snprintf(c->error, sizeof(c->error), "%.300s", e->text);
		app_error(c->v.app, "%s: %s", c->name, e->text);
	} else {
		take_streams(c, s);
		if (own_con(c) && own_con(c)->viewers > 0)
			adopt_size(c);
		if (*s->notice)
			app_info(c->v.app, "%s", s->notice);
		wait_for_end(c);
		app_dirty(c->v.app);
	}
	console_link_put(l);
}

/* --- the view's life */

static uv_timer_t *timer_new(struct consview *c)
{
	uv_timer_t *t = calloc(1, sizeof(*t));

	if (t) {
		uv_timer_init(c->v.app->loop, t);
		t->data = c;
	}
	return t;
}

static void timer_free(uv_handle_t *h)
{
	free(h);
}

static void connect_guest(struct consview *c, bool start)
{
	char name[80];
	struct berth_attach at = { .name = name, .flags = BERTH_ATTACH_STDIN | BERTH_ATTACH_OUTPUT |
					    (c->read_only ? BERTH_ATTACH_READ_ONLY : 0) |
					    (c->v.app->settings.guest_clipboard != GUEST_NO ? BERTH_ATTACH_CLIPBOARD : 0) | BERTH_ATTACH_REPAINT,
				   .rows = (unsigned)console_rows(&c->v), .cols = (unsigned)app_cols(c->v.app) };
	struct berth_error e = { 0 };
	int rc;

	snprintf(name, sizeof(name), "%s:%u", c->id, c->n);
	rc = start ? berth_container_start(c->v.app->berth, c->id, &at, on_attached, c->link, &c->link->attach, &e) :
		     berth_container_attach(c->v.app->berth, &at, on_attached, c->link, &c->link->attach, &e);
	if (rc == 0) {
		c->link->refs++;
		return;
	}
	c->phase = CONSOLE_ENDED;
	snprintf(c->error, sizeof(c->error), "%.300s", e.text);
}

static int console_open(struct view *v, const void *arg)
{
	const struct console_arg *a = arg;
	struct consview *c = (struct consview *)v;
	static const struct vt_limits limits = { .string_max = 100000, .swallow_max = 4 << 20 };
	static const struct vt_callbacks cb = { .bell = console_on_bell, .clipboard = console_on_clipboard };

	snprintf(c->id, sizeof(c->id), "%s", a->id);
	snprintf(c->name, sizeof(c->name), "%s", a->name);
	c->n = a->n;
	c->read_only = v->app->read_only;
	c->vt = vt_new(console_rows(v), app_cols(v->app), &limits, &cb, c);
	c->link = calloc(1, sizeof(*c->link));
	c->timer = timer_new(c);
	c->resize_timer = timer_new(c);
	if (!c->vt || !c->link || !c->timer || !c->resize_timer) {
		app_error(v->app, "out of memory: cannot open a console");
		return -ENOMEM;
	}
	c->link->v = c;
	c->link->refs = 1;
	if (a->streams) {
		snprintf(c->exec_id, sizeof(c->exec_id), "%s", a->exec_id);
		take_streams(c, a->streams);
		wait_for_end(c);
	} else {
		connect_guest(c, a->start);
	}
	if (!a->start && !a->streams) /* those were told by who asked for them */
		app_cli(v->app, a->n ? "berth attach %s:%u" : "berth attach %s", a->name, a->n);
	msgs_hide(&v->app->msgs);
	return 0;
}

static void console_close(struct view *v)
{
	struct consview *c = (struct consview *)v;

	c->link->v = NULL;
	if (c->link->attach)
		berth_op_cancel(c->link->attach);
	if (c->link->wait)
		berth_op_cancel(c->link->wait);
	console_link_put(c->link);
	watch_close(TAKE(c->w));
	buf_finish(&c->pending);
	console_clip_finish(c);
	vt_free(c->vt);
	uv_close((uv_handle_t *)c->timer, timer_free);
	uv_close((uv_handle_t *)c->resize_timer, timer_free);
}

/* --- size */

static void on_resize_sent(void *arg, int rc, const struct berth_error *e)
{
}

static void send_size(uv_timer_t *t)
{
	struct consview *c = t->data;
	char name[80];

	if (c->read_only)
		return; /* who only looks does not resize */

	snprintf(name, sizeof(name), "%s:%u", c->id, c->n);
	if (c->phase == CONSOLE_LIVE)
		berth_console_resize(c->v.app->berth, name, c->viewer, (unsigned)console_rows(&c->v),
				     (unsigned)app_cols(c->v.app), on_resize_sent, NULL, NULL);
}

void console_size_here(struct consview *c)
{
	if (c->read_only) {
		app_info(c->v.app, "this viewer only looks: the console keeps its size");
		return;
	}
	vt_resize(c->vt, console_rows(&c->v), app_cols(c->v.app));
	c->sized = false;
	send_size(c->resize_timer);
}

static void console_resized(struct view *v)
{
	struct consview *c = (struct consview *)v;

	if (!c->sized)
		vt_resize(c->vt, console_rows(v), app_cols(v->app));
	uv_timer_start(c->resize_timer, send_size, RESIZE_MS, 0);
}

/* Its size was changed by another: a fresh picture, of that size. */
static void console_changed(struct view *v, unsigned what)
{
	struct consview *c = (struct consview *)v;
	const struct con *con = own_con(c);

	if (!(what & MODEL_CONS) || !con || !con->alive || !con->rows || c->phase != CONSOLE_LIVE || *c->exec_id ||
	    c->link->attach || uv_is_active((uv_handle_t *)c->resize_timer) || c->pending.len || console_pasting(c) ||
	    ((int)con->rows == vt_rows(c->vt) && (int)con->cols == vt_cols(c->vt)))
		return;
	watch_close(TAKE(c->w));
	c->phase = CONSOLE_STARTING;
	adopt_size(c);
	vt_reset(c->vt);
	connect_guest(c, false);
}

void console_start_again(struct consview *c)
{
	struct app *app = c->v.app;
	const struct form_arg exec = { .kind = FORM_EXEC, .id = c->id, .name = c->name };
	const struct console_arg again = { .id = c->id, .name = c->name, .start = true };
	const struct ctr *ctr = model_ctr(&app->model, c->id);

	if (app_refuses(app, "start"))
		return;
	if (c->n || !ctr || ctr_lives(ctr)) {
		app_push(app, &view_form, &exec);
		return;
	}
	app_cli(app, "berth start -ai %s", c->name);
	if (app_push(app, &view_console, &again) == 0)
		app_drop(app, &c->v);
}

static int console_mouse(struct view *v)
{
	const struct consview *c = (struct consview *)v;

	return c->phase == CONSOLE_LIVE ? (int)vt_modes(c->vt).mouse : 0;
}

static const char *console_object(struct view *v)
{
	return ((struct consview *)v)->name;
}

static void console_title(struct view *v, struct buf *b)
{
	buf_adds(b, ((struct consview *)v)->name);
}

const struct view_class view_console = {
	.name = "console", .ctx = CTX_K, .size = sizeof(struct consview), .full = true, .open = console_open,
	.close = console_close, .title = console_title, .draw = console_draw, .act = console_act,
	.input = console_input, .resized = console_resized, .changed = console_changed, .mouse = console_mouse,
	.object = console_object,
};
