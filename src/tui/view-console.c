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

#include "base/watch.h"
#include "tui/act.h"
#include "tui/views.h"
#include "vt/vt.h"

#define MENU_MS 300
#define RESIZE_MS 100
#define READ_MAX (64u << 10)
#define PENDING_MAX (1u << 20)

enum phase { PHASE_STARTING, PHASE_LIVE, PHASE_ENDED };

struct consview {
	struct view v;
	char id[65], name[80], exec_id[80];
	unsigned n;
	enum phase phase;
	struct vt *vt;
	struct watch *w;
	struct buf pending; /* for the guest, when it reads slowly */
	uint64_t viewer;
	bool read_only, prefix, menu;
	int exit_code;
	bool known_exit;
	char error[320];
	/* Calls under way outlive the view. */
	struct link *link;
	uv_timer_t *timer, *resize_timer;
};

/* What a call's callback holds on to: the view, or NULL once it is gone. */
struct link {
	struct consview *v;
	int refs;
	struct berth_op *attach, *wait;
};

static void link_put(struct link *l)
{
	if (--l->refs == 0)
		free(l);
}

static int guest_rows(const struct view *v)
{
	return MAX(1, app_rows(v->app) - 1);
}

/* --- the stream */

static void flush(struct consview *c)
{
	while (c->w && c->pending.len) {
		ssize_t n = send(watch_fd(c->w), c->pending.p, c->pending.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			break;
		buf_consume(&c->pending, (size_t)n);
	}
	if (c->w)
		watch_set(c->w, UV_READABLE | (c->pending.len ? UV_WRITABLE : 0));
}

static void send_guest(struct consview *c, const void *p, size_t n)
{
	if (c->phase != PHASE_LIVE || c->read_only || !n || c->pending.len + n > PENDING_MAX)
		return;
	buf_add(&c->pending, p, n);
	flush(c);
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
			c->phase = PHASE_ENDED;
			break;
		}
		vt_feed(c->vt, chunk, (size_t)n);
	}
	flush(c);
	app_dirty(c->v.app);
}

static void take_streams(struct consview *c, const struct berth_streams *s)
{
	const int others[] = { s->in, s->out, s->err };

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i] >= 0)
			close(others[i]);
	if (s->io < 0) {
		c->phase = PHASE_ENDED;
		snprintf(c->error, sizeof(c->error), "%s has no terminal: l shows its log", c->name);
		return;
	}
	c->viewer = s->viewer;
	c->w = watch_new(c->v.app->loop, s->io, on_stream, c);
	c->phase = c->w ? PHASE_LIVE : PHASE_ENDED;
	flush(c);
	snprintf(c->v.app->last_console, sizeof(c->v.app->last_console), "%s:%u", c->id, c->n);
}

static void on_exit_code(void *arg, int rc, const struct berth_error *e, int code)
{
	struct link *l = arg;
	struct consview *c = l->v;

	l->wait = NULL;
	if (c && rc == 0) {
		c->known_exit = true;
		c->exit_code = code;
		app_dirty(c->v.app);
	}
	link_put(l);
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

static void on_attached(void *arg, int rc, const struct berth_error *e, const struct berth_streams *s)
{
	struct link *l = arg;
	struct consview *c = l->v;

	l->attach = NULL;
	if (!c) {
		const int fds[] = { s ? s->io : -1, s ? s->in : -1, s ? s->out : -1, s ? s->err : -1 };

		for (size_t i = 0; i < ARRAY_LEN(fds); i++)
			if (fds[i] >= 0)
				close(fds[i]);
	} else if (rc < 0) {
		c->phase = PHASE_ENDED;
		snprintf(c->error, sizeof(c->error), "%.300s", e->text);
		app_error(c->v.app, "%s: %s", c->name, e->text);
	} else {
		take_streams(c, s);
		if (*s->notice)
			app_info(c->v.app, "%s", s->notice);
		wait_for_end(c);
		app_dirty(c->v.app);
	}
	link_put(l);
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
					    (c->read_only ? BERTH_ATTACH_READ_ONLY : 0),
				   .rows = (unsigned)guest_rows(&c->v), .cols = (unsigned)app_cols(c->v.app) };
	struct berth_error e = { 0 };
	int rc;

	snprintf(name, sizeof(name), "%s:%u", c->id, c->n);
	rc = start ? berth_container_start(c->v.app->berth, c->id, &at, on_attached, c->link, &c->link->attach, &e) :
		     berth_container_attach(c->v.app->berth, &at, on_attached, c->link, &c->link->attach, &e);
	if (rc == 0) {
		c->link->refs++;
		return;
	}
	c->phase = PHASE_ENDED;
	snprintf(c->error, sizeof(c->error), "%.300s", e.text);
}

static int console_open(struct view *v, const void *arg)
{
	const struct console_arg *a = arg;
	struct consview *c = (struct consview *)v;
	static const struct vt_limits limits = { .string_max = 4096, .swallow_max = 4 << 20 };

	snprintf(c->id, sizeof(c->id), "%s", a->id);
	snprintf(c->name, sizeof(c->name), "%s", a->name);
	c->n = a->n;
	c->read_only = v->app->read_only;
	c->vt = vt_new(guest_rows(v), app_cols(v->app), &limits, NULL, NULL);
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
	app_cli(v->app, "berth %s %s", a->start ? "start -ai" : "attach", a->name);
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
	link_put(c->link);
	watch_close(TAKE(c->w));
	buf_finish(&c->pending);
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

	snprintf(name, sizeof(name), "%s:%u", c->id, c->n);
	if (c->phase == PHASE_LIVE)
		berth_console_resize(c->v.app->berth, name, c->viewer, (unsigned)guest_rows(&c->v),
				     (unsigned)app_cols(c->v.app), on_resize_sent, NULL, NULL);
}

static void console_resized(struct view *v)
{
	struct consview *c = (struct consview *)v;

	vt_resize(c->vt, guest_rows(v), app_cols(v->app));
	uv_timer_start(c->resize_timer, send_size, RESIZE_MS, 0);
}

/* --- drawing */

static void draw_menu(struct consview *c, struct canvas *cv, int bottom)
{
	static const char *const lines[] = {
		" Menu: Esc closes it.   ^] again sends a real ^] to the guest.",
		"  d detach, to the list   n next    p previous   1-9 console   c all consoles",
		"  [ scroll back   = size here   r read-only   l logs   i detail",
		"  X new process   T stop  K signal   : command   ? help",
	};
	int y = bottom - (int)ARRAY_LEN(lines);

	for (size_t i = 0; i < ARRAY_LEN(lines); i++, y++) {
		if (y < 0)
			continue;
		canvas_blank(cv, y, 0, cv->cols, ROLE_TEXT);
		canvas_cut(cv, y, 0, -1, i == 0 ? ROLE_TITLE : ROLE_TEXT, lines[i]);
	}
}

static void draw_status(struct consview *c, struct canvas *cv)
{
	const struct ctr *ctr = model_ctr(&c->v.app->model, c->id);
	const struct con *con;
	char left[200], id[80], right[80];
	unsigned viewers;

	if (ctr) /* it may have been named since */
		snprintf(c->name, sizeof(c->name), "%s", ctr->name);
	snprintf(id, sizeof(id), "%s:%u", c->id, c->n);
	con = model_con(&c->v.app->model, id);
	viewers = con ? con->viewers : 1;
	canvas_blank(cv, cv->rows - 1, 0, cv->cols, ROLE_STATUS);
	if (c->phase == PHASE_ENDED && c->known_exit)
		snprintf(left, sizeof(left), "%s:%u  exit %d   Enter closes   l log", c->name, c->n, c->exit_code);
	else if (c->phase == PHASE_ENDED)
		snprintf(left, sizeof(left), "%s:%u  %.90s   Enter closes", c->name, c->n, *c->error ? c->error : "ended");
	else if (c->phase == PHASE_STARTING)
		snprintf(left, sizeof(left), "%s:%u  starting ...", c->name, c->n);
	else if (viewers > 1)
		snprintf(left, sizeof(left), "%s:%u %s  %s  %dx%d  %u viewers", c->name, c->n, con ? con->command : "",
			 c->read_only ? "read-only" : "rw", vt_cols(c->vt), vt_rows(c->vt), viewers);
	else
		snprintf(left, sizeof(left), "%s:%u %s  %s  %dx%d", c->name, c->n, con ? con->command : "",
			 c->read_only ? "read-only" : "rw", vt_cols(c->vt), vt_rows(c->vt));
	if (c->prefix)
		snprintf(right, sizeof(right), "keys go to THIS MENU, Esc closes");
	else if (c->phase == PHASE_LIVE)
		snprintf(right, sizeof(right), "keys go to %.20s  ^] menu  F12", c->name);
	else
		*right = 0;
	canvas_cut(cv, cv->rows - 1, 0, cv->cols - canvas_width(right) - 1, ROLE_STATUS, left);
	if (canvas_width(right) < cv->cols - 12)
		canvas_right(cv, cv->rows - 1, cv->cols, ROLE_STATUS, right);
}

static void console_draw(struct view *v, struct canvas *cv, int top, int bottom)
{
	struct consview *c = (struct consview *)v;
	struct vt_cursor cur = vt_cursor(c->vt);
	int rows = MIN(vt_rows(c->vt), cv->rows - 1);

	for (int y = 0; y < rows; y++) {
		struct vt_row row = vt_row(c->vt, y);

		for (int x = 0; x < row.used && x < cv->cols; x++) {
			uint32_t marks[VT_MARKS_MAX];
			int n = vt_cell_marks(c->vt, &row.cells[x], marks);

			canvas_guest(cv, y, x, &row.cells[x], marks, n);
		}
	}
	if (c->phase == PHASE_STARTING && vt_generation(c->vt) <= 1)
		canvas_textf(cv, 0, 0, -1, ROLE_DIM, "starting %s ...", c->name);
	canvas_cursor(cv, MIN(cur.row, rows - 1), MIN(cur.col, cv->cols - 1));
	cv->cursor_visible = cur.visible && c->phase == PHASE_LIVE;
	if (c->menu)
		draw_menu(c, cv, cv->rows - 1);
	if (msgs_shown(&v->app->msgs)) {
		canvas_blank(cv, cv->rows - 2, 0, cv->cols, ROLE_TEXT);
		canvas_cut(cv, cv->rows - 2, 0, -1, ROLE_WARN, msgs_shown(&v->app->msgs)->text);
	}
	draw_status(c, cv);
}

/* --- keys */

static void leave_prefix(struct consview *c)
{
	c->prefix = c->menu = false;
	uv_timer_stop(c->timer);
	app_dirty(c->v.app);
}

static void on_menu_timer(uv_timer_t *t)
{
	struct consview *c = t->data;

	c->menu = true;
	app_dirty(c->v.app);
}

static void open_other(struct consview *c, const struct con *con)
{
	struct app *app = c->v.app;
	char id[65];
	const struct ctr *ctr;

	snprintf(id, sizeof(id), "%.64s", con->id);
	ctr = model_ctr(&app->model, id);
	if (!ctr)
		return;
	app_drop(app, &c->v);
	act_console(app, ctr, con->n);
}

static void step_console(struct consview *c, int step)
{
	const struct model *m = &c->v.app->model;
	char id[80];
	size_t i;

	snprintf(id, sizeof(id), "%s:%u", c->id, c->n);
	for (i = 0; i < m->ncons && strcmp(m->cons[i].id, id) != 0; i++)
		;
	if (m->ncons < 2 || i == m->ncons) {
		app_info(c->v.app, "there is no other console");
		return;
	}
	open_other(c, &m->cons[(i + m->ncons + (size_t)(step + (int)m->ncons)) % m->ncons]);
}

static bool console_act(struct view *v, enum act act, int index)
{
	struct consview *c = (struct consview *)v;
	struct app *app = v->app;
	char id[80];
	const struct text_arg scroll = { TEXT_SCROLLBACK, id, c->name };
	const struct ctr_arg ctr = { c->id, c->name };
	const char *const ids[] = { c->id };
	const struct logs_arg logs = { ids, 1 };
	const struct form_arg exec = { .kind = FORM_EXEC, .id = c->id, .name = c->name },
			      sig = { .kind = FORM_SIGNAL, .id = c->id, .name = c->name };

	snprintf(id, sizeof(id), "%s:%u", c->id, c->n);
	if (act == ACT_STOP && app_refuses(app, "stop"))
		return true;
	switch (act) {
	case ACT_DETACH:
		app_drop(app, v);
		break;
	case ACT_NEXT_PREV:
		step_console(c, index == 0 ? 1 : -1);
		break;
	case ACT_CONSOLE_N:
		if ((size_t)index < app->model.ncons)
			open_other(c, &app->model.cons[index]);
		else
			app_info(app, "there is no console %d", index + 1);
		break;
	case ACT_VIEW_CONSOLES:
		app_push(app, &view_consoles, NULL);
		break;
	case ACT_SCROLLBACK:
		app_push(app, &view_text, &scroll);
		break;
	case ACT_SIZE_HERE:
		send_size(c->resize_timer);
		break;
	case ACT_READ_ONLY:
		c->read_only = !c->read_only || c->v.app->read_only;
		break;
	case ACT_LOGS:
		app_push(app, &view_logs, &logs);
		break;
	case ACT_DETAIL:
		app_push(app, &view_detail, &ctr);
		break;
	case ACT_EXEC:
		app_push(app, &view_form, &exec);
		break;
	case ACT_SIGNAL:
		app_push(app, &view_form, &sig);
		break;
	case ACT_STOP:
		act_stop(app, c->id, c->name, 1);
		break;
	case ACT_SEND_PREFIX:
		send_guest(c, "\035", 1);
		break;
	case ACT_CLOSE_MENU:
		break;
	default:
		return false;
	}
	return true;
}

static void prefix_key(struct consview *c, const struct input_event *ev)
{
	int index = 0;
	const struct key *row = keys_find(CTX_K, ev, &index);

	if (!row || row->act == ACT_NONE) { /* an unknown key shows what there is, and sends nothing */
		on_menu_timer(c->timer);
		return;
	}
	leave_prefix(c);
	app_act(c->v.app, row->act, index);
}

static bool ended_key(struct consview *c, const struct input_event *ev)
{
	const char *const ids[] = { c->id };
	const struct logs_arg logs = { ids, 1 };

	if (keys_is("l", 1, ev)) {
		app_push(c->v.app, &view_logs, &logs);
		return true;
	}
	if (keys_is("Enter", 5, ev) || keys_is("Esc", 3, ev) || keys_is("q", 1, ev) || keys_is("^C", 2, ev)) {
		app_drop(c->v.app, &c->v);
		return true;
	}
	return false;
}

static bool console_input(struct view *v, const struct input_event *ev)
{
	struct consview *c = (struct consview *)v;
	uint8_t out[VT_KEY_BYTES];
	AUTO_BUF struct buf paste = { 0 };

	if (ev->type == INPUT_KEY && c->prefix) {
		prefix_key(c, ev);
		return true;
	}
	if (keys_is("^]", 2, ev) || keys_is("F12", 3, ev)) {
		c->prefix = true;
		uv_timer_start(c->timer, on_menu_timer, MENU_MS, 0);
		app_dirty(v->app);
		return true;
	}
	if (c->phase == PHASE_ENDED && ev->type == INPUT_KEY && ended_key(c, ev))
		return true;
	if (ev->type == INPUT_KEY)
		send_guest(c, out, (size_t)vt_encode_key(c->vt, ev->key, ev->mods, out));
	else if (ev->type == INPUT_PASTE && vt_encode_paste(c->vt, ev->text, ev->n, &paste) == 0)
		send_guest(c, paste.p, paste.len);
	else if (ev->type == INPUT_MOUSE && ev->mouse.row < vt_rows(c->vt))
		send_guest(c, out, (size_t)vt_encode_mouse(c->vt, &ev->mouse, out));
	else if (ev->type == INPUT_FOCUS)
		send_guest(c, out, (size_t)vt_encode_focus(c->vt, ev->in, out));
	return true;
}

static void console_title(struct view *v, struct buf *b)
{
	buf_adds(b, ((struct consview *)v)->name);
}

const struct view_class view_console = {
	.name = "console", .ctx = CTX_K, .size = sizeof(struct consview), .full = true, .open = console_open,
	.close = console_close, .title = console_title, .draw = console_draw, .act = console_act,
	.input = console_input, .resized = console_resized,
};
