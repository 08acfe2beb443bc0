/* SPDX-License-Identifier: Apache-2.0 */
/* app.c - the stack of views, and how keys find their way. */
#include "tui/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "tui/act.h"
#include "tui/clip.h"
#include "tui/command.h"
#include "tui/config.h"
#include "tui/form.h"
#include "tui/mouse.h"
#include "tui/prompt.h"
#include "tui/task.h"
#include "tui/views.h"

#define ESC_MS 25
#define ESC_SSH_MS 100

static void on_event(void *arg, const struct input_event *ev);

static void on_changed(void *arg, unsigned changes)
{
	struct app *app = arg;
	unsigned what = 0;

	what |= changes & BERTH_CHANGED_CONTAINERS ? MODEL_CTRS | MODEL_CONS : 0;
	what |= changes & BERTH_CHANGED_IMAGES ? MODEL_IMGS : 0;
	what |= changes & BERTH_CHANGED_JOBS ? MODEL_JOBS : 0;
	what |= changes & BERTH_CHANGED_TRASH ? MODEL_TRASH : 0;
	model_refresh(app, what);
}

int app_init(struct app *app, uv_loop_t *loop, struct berth *berth)
{
	struct berth_error e = { 0 };

	app->loop = loop;
	app->berth = berth;
	app->focused = true;
	settings_take(&app->settings, NULL);
	app->mouse = app->settings.mouse;
	if (!app->now)
		app->now = clock_real_ns;
	if (!app->host_memory)
		app->host_memory = stats_host_memory;
	list_init(&app->tasks);
	list_init(&app->runs);
	input_init(&app->input, on_event, app);
	app->esc_timer = calloc(1, sizeof(*app->esc_timer));
	if (!app->esc_timer)
		return -ENOMEM;
	uv_timer_init(loop, app->esc_timer);
	app->esc_timer->data = app;
	if (app_push(app, &view_containers, NULL) < 0 || stats_init(app) < 0)
		return -ENOMEM;
	if (berth_watch(berth, on_changed, app, &e) < 0)
		app_error(app, "%s: the lists do not follow changes", e.text);
	model_refresh(app, MODEL_ALL);
	model_probe(app);
	return 0;
}

/* In the order of the option's words. */
static const struct view_class *const starts[] = { NULL, &view_images, &view_logs, &view_jobs, &view_consoles, &view_messages,
						   &view_trash, &view_host, &view_events };

void app_start(struct app *app)
{
	const struct view_class *cls = app->settings.start < ARRAY_LEN(starts) ? starts[app->settings.start] : NULL;

	app->starting = cls == &view_logs && !app->starting && !app->model.nctrs; /* of those that are up: they must be known */
	if (cls && !app->starting && !app->top->below)
		app_push(app, cls, NULL);
}

static void free_timer(uv_handle_t *h)
{
	free(h);
}

void app_finish(struct app *app)
{
	if (app->ask.active)
		app->ask.answer(app, 0, app->ask.id, app->ask.arg);
	while (app->saves) /* a file is being written */
		uv_run(app->loop, UV_RUN_ONCE);
	while (app->top) {
		struct view *v = app->top;

		app->top = v->below;
		if (v->cls->close)
			v->cls->close(v);
		free(v);
	}
	command_drop_all(app);
	form_memory_finish(app);
	config_finish(app);
	task_drop_all(app);
	if (app->esc_timer)
		uv_close((uv_handle_t *)app->esc_timer, free_timer);
	app->esc_timer = NULL;
	stats_finish(app);
	model_finish(&app->model);
	msglog_close(&app->msglog);
	msgs_finish(&app->msgs);
	buf_finish(&app->clip);
	buf_finish(&app->clip_screen);
}

void app_dirty(struct app *app)
{
	screen_dirty(&app->screen);
}

int app_rows(const struct app *app)
{
	return app->screen.canvas.rows;
}

int app_cols(const struct app *app)
{
	return app->screen.canvas.cols;
}

void app_quit(struct app *app, int status)
{
	if (app->ending)
		return;
	app->ending = true;
	app->status = status;
	if (app->ended)
		app->ended(app);
}

void app_resize(struct app *app, int rows, int cols)
{
	if (rows == app_rows(app) && cols == app_cols(app))
		return;
	if (screen_resize(&app->screen, rows, cols) < 0)
		return;
	for (struct view *v = app->top; v; v = v->below)
		if (v->cls->resized)
			v->cls->resized(v);
}

void app_changed(struct app *app, unsigned what)
{
	for (struct view *v = app->top, *below; v; v = below) {
		below = v->below;
		if (v->cls->changed)
			v->cls->changed(v, what);
	}
	if (what & MODEL_CTRS && app->starting)
		app_start(app);
	if (what & MODEL_CTRS)
		stats_check(app, false);
	app_dirty(app);
}

/* --- views */

enum key_ctx view_ctx(const struct view *v)
{
	return v->cls->ctx_now ? v->cls->ctx_now(v) : v->cls->ctx;
}

void app_mouse(struct app *app)
{
	struct view *v = app->top;

	screen_mouse(&app->screen, v->cls->mouse ? v->cls->mouse(v) : app->mouse ? VT_MOUSE_CLICK : VT_MOUSE_OFF);
}

int app_push(struct app *app, const struct view_class *cls, const void *arg)
{
	struct view *v = calloc(1, cls->size);
	bool prompting = app_prompting(app);
	int rc;

	if (!v) {
		app_error(app, "out of memory: cannot open %s", cls->name);
		return -ENOMEM;
	}
	v->cls = cls;
	v->app = app;
	rc = cls->open ? cls->open(v, arg) : 0;
	if (rc < 0) {
		free(v);
		return rc;
	}
	v->below = app->top;
	app->top = v;
	if (!prompting && app->prompt.active && app->prompt.of == v->below)
		app->prompt.of = v; /* it was opened with a line to type */
	app_mouse(app);
	stats_check(app, false);
	app_dirty(app);
	return 0;
}

void app_drop(struct app *app, struct view *v)
{
	struct view **at = &app->top;

	while (*at && *at != v)
		at = &(*at)->below;
	if (!*at || !v->below)
		return;
	*at = v->below;
	if (app->prompt.of == v)
		app->prompt.active = false;
	if (v->cls->close)
		v->cls->close(v);
	free(v);
	app_mouse(app);
	stats_check(app, false);
	app_dirty(app);
}

void app_pop(struct app *app)
{
	app_drop(app, app->top);
}

void app_switch(struct app *app, const struct view_class *cls)
{
	while (app->top->below)
		app_pop(app);
	if (cls)
		app_push(app, cls, NULL);
}

/* --- messages */

static void say(struct app *app, enum msg_level level, const char *fmt, va_list ap)
{
	AUTO_BUF struct buf raw = { 0 }, b = { 0 };

	if (buf_vaddf(&raw, fmt, ap) < 0)
		return;
	for (size_t i = 0; i < raw.len; i++)
		if (raw.p[i] == '\n')
			raw.p[i] = ' ';
	if (str_add_clean(&b, (const char *)raw.p, raw.len) == 0 && b.p) {
		msgs_add(&app->msgs, level, app->now(), (const char *)b.p);
		msglog_add(&app->msglog, level, app->now(), (const char *)b.p);
	}
	app_changed(app, 0);
}

void app_info(struct app *app, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(app, MSG_INFO, fmt, ap);
	va_end(ap);
}

void app_error(struct app *app, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(app, MSG_ERROR, fmt, ap);
	va_end(ap);
}

void app_cli(struct app *app, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(app, MSG_CLI, fmt, ap);
	va_end(ap);
}

/* --- questions and prompts */

void app_ask(struct app *app, const char *id, const char *word, const char *text,
	     void (*answer)(struct app *app, char key, const char *id, void *arg), void *arg)
{
	struct ask *a = &app->ask;

	if (a->active)
		a->answer(app, 0, a->id, a->arg); /* the older question is answered by no */
	*a = (struct ask){ .active = true, .answer = answer, .arg = arg, .keys = "y" };
	snprintf(a->text, sizeof(a->text), "%s", text);
	snprintf(a->id, sizeof(a->id), "%s", id);
	snprintf(a->answers, sizeof(a->answers), "y %s   anything else: no", word);
	app_dirty(app);
}

void app_ask_name(struct app *app, const char *id, const char *want, const char *text,
		  void (*answer)(struct app *app, char key, const char *id, void *arg), void *arg)
{
	struct ask *a = &app->ask;

	app_ask(app, id, "", text, answer, arg);
	snprintf(a->want, sizeof(a->want), "%s", want);
	snprintf(a->answers, sizeof(a->answers), "Enter if it is %s, Esc no", strspn(want, "0123456789") == strlen(want) ? "the number" : "that");
}

/* Typed letter by letter, once the question could be read. False: it goes on. */
static bool answer_by_name(struct app *app, const struct input_event *ev, char *ret_key)
{
	struct ask *a = &app->ask;

	app_dirty(app);
	if (ev->type == INPUT_PASTE || keys_is("Esc", 3, ev) || keys_is("^C", 2, ev))
		return true;
	if (!a->armed)
		return false;
	if (!keys_is("Enter", 5, ev)) {
		line_key(&a->line, ev);
		return false;
	}
	*ret_key = strcmp(a->line.text, a->want) == 0 ? 'y' : 0;
	return true;
}

/* "y" is what the table says it is; other answers are the question's own. */
static char answer_key(const struct ask *a, const struct input_event *ev)
{
	const struct key *row = keys_find(CTX_P, ev, NULL);

	if (strcmp(a->keys, "y") == 0)
		return row && row->act == ACT_YES ? 'y' : 0;
	return !(ev->mods & ~VT_SHIFT) && ev->key && ev->key < 0x7f && strchr(a->keys, (int)ev->key) ? (char)ev->key : 0;
}

static void answer(struct app *app, const struct input_event *ev)
{
	struct ask a = app->ask;
	char key = 0;

	if (ev->type != INPUT_KEY && ev->type != INPUT_PASTE)
		return;
	if (*a.want) {
		if (!answer_by_name(app, ev, &key))
			return;
		app->ask = (struct ask){ 0 };
		a.answer(app, key, a.id, a.arg);
		return;
	}
	/* Counts only when it was read after the question could be read, and alone. */
	if (ev->type == INPUT_KEY && a.armed && app->read_events == 1)
		key = answer_key(&a, ev);
	app->ask = (struct ask){ 0 };
	app_dirty(app);
	a.answer(app, key, a.id, a.arg);
}

void app_written(struct app *app)
{
	if (app->ask.active && app->ask.shown)
		app->ask.armed = true;
}

/* --- actions that mean the same everywhere */

static void quit_answer(struct app *app, char key, const char *id, void *arg)
{
	(void)id;
	(void)arg;
	if (key == 'k')
		task_keep_all(app);
	if (key == 'k' || key == 'c')
		app_quit(app, 0);
}

static void quit(struct app *app)
{
	int n = task_running(app);
	char text[128];

	if (n == 0) {
		app_quit(app, 0);
		return;
	}
	snprintf(text, sizeof(text), "%d job%s of this berth run%s: keep running, cancel, or stay?", n,
		 n == 1 ? "" : "s", n == 1 ? "s" : "");
	app_ask(app, "", "", text, quit_answer, NULL);
	snprintf(app->ask.keys, sizeof(app->ask.keys), "kc");
	snprintf(app->ask.answers, sizeof(app->ask.answers), "k keep running   c cancel   anything else: stay");
}

static const struct {
	enum act act;
	const struct view_class *cls;
} switches[] = {
	{ ACT_VIEW_CONTAINERS, NULL },
	{ ACT_VIEW_IMAGES, &view_images },
	{ ACT_VIEW_LOGS, &view_logs },
	{ ACT_VIEW_JOBS, &view_jobs },
	{ ACT_VIEW_EVENTS, &view_events },
	{ ACT_VIEW_MESSAGES, &view_messages },
	{ ACT_VIEW_CONSOLES, &view_consoles },
	{ ACT_VIEW_TRASH, &view_trash },
	{ ACT_VIEW_HOST, &view_host },
};

static void select_text(struct app *app)
{
	struct view *v = app->top;
	AUTO_BUF struct buf b = { 0 };
	struct select_arg arg = { .row = app->screen.canvas.cursor_row, .col = app->screen.canvas.cursor_col };

	if (v->cls->text)
		arg.row = v->cls->text(v, &b);
	for (int y = 0; !v->cls->text && y < app_rows(app); y++) {
		canvas_row_text(&app->screen.canvas, y, &b);
		buf_addc(&b, '\n');
	}
	arg.text = (const char *)b.p;
	arg.len = b.len;
	arg.name = v->cls->name;
	if (b.len)
		app_push(app, &view_select, &arg);
	else
		app_info(app, "there is no text here");
}

static bool act_everywhere(struct app *app, enum act act)
{
	for (size_t i = 0; i < ARRAY_LEN(switches); i++)
		if (switches[i].act == act) {
			app_switch(app, switches[i].cls);
			return true;
		}
	enum key_ctx ctx = view_ctx(app->top);

	switch (act) {
	case ACT_HELP:
		app_push(app, &view_help, &ctx);
		break;
	case ACT_PALETTE:
		app_push(app, &view_palette, app->top);
		break;
	case ACT_FIND:
		if (app->top->cls->find)
			app_prompt(app, '/', "");
		break;
	case ACT_BACK:
	case ACT_INTERRUPT:
		app_pop(app);
		break;
	case ACT_BACK_QUIT:
		if (app->top->below)
			app_pop(app);
		else
			quit(app);
		break;
	case ACT_QUIT:
		quit(app);
		break;
	case ACT_UNDO:
		act_undo(app);
		break;
	case ACT_LOGIN:
		app_push(app, &view_form, &(struct form_arg){ .kind = FORM_REGISTRY });
		break;
	case ACT_RELOAD:
		config_reload(app);
		break;
	case ACT_LOCK:
		app->read_only = true;
		app_info(app, "read-only: nothing is changed from here until this berth ends");
		break;
	case ACT_SELECT:
		select_text(app);
		break;
	case ACT_COPY:
		clip_ask(app);
		break;
	case ACT_MOUSE:
		app->mouse = !app->mouse;
		app_mouse(app);
		app_info(app, app->mouse ? "mouse on: a click chooses, a second one opens; Shift-drag is the terminal's own" :
					   "mouse off: it is the terminal's own");
		break;
	case ACT_LAST_CONSOLE:
		act_last_console(app);
		break;
	case ACT_REDRAW:
		screen_redraw(&app->screen);
		break;
	case ACT_SUSPEND:
		if (app->suspend)
			app->suspend(app);
		break;
	default:
		return false;
	}
	return true;
}

bool app_watched(const struct app *app)
{
	return app->focused && uv_now(app->loop) < app->stats.last_key_ms + STATS_AWAKE_MS;
}

bool app_refuses(struct app *app, const char *what)
{
	if (app->read_only)
		app_info(app, "%s: refused, this berth is read-only", what);
	return app->read_only;
}

bool app_refuses_click(struct app *app, const char *what, const char *key)
{
	if (app->clicked)
		app_info(app, "%s: a click changes nothing, the key %s does", what, key);
	return app->clicked;
}

/* What is done at once, without a question or a form. */
static bool refuses_click(struct app *app, const struct key *row)
{
	char first[16];

	keys_first(row, first, sizeof(first));
	return keys_changes(row) && row->ask == ASK_NONE && app_refuses_click(app, row->name, first);
}

bool app_act(struct app *app, enum act act, int index)
{
	struct view *v = app->top;
	const struct key *row = keys_row(view_ctx(v), act);

	app_dirty(app);
	if (row && ((keys_changes(row) && app_refuses(app, row->name)) || refuses_click(app, row)))
		return true;
	if (v->cls->act && v->cls->act(v, act, index))
		return true;
	return act_everywhere(app, act);
}

/* --- events */

void app_event(struct app *app, const struct input_event *ev)
{
	struct view *v = app->top;
	const struct key *row;
	int index = 0;

	if (app->ending || ev->type == INPUT_REPLY)
		return;
	if (ev->type == INPUT_FOCUS)
		app->focused = ev->in;
	stats_check(app, ev->type == INPUT_KEY || ev->type == INPUT_MOUSE);
	if (app->ask.active && ev->type != INPUT_FOCUS) {
		answer(app, ev);
		return;
	}
	if (app_prompting(app) && (ev->type == INPUT_KEY || ev->type == INPUT_PASTE)) {
		prompt_event(app, ev);
		return;
	}
	if (ev->type == INPUT_KEY) {
		msgs_hide(&app->msgs);
		app_dirty(app);
	}
	if (ev->type == INPUT_MOUSE && !v->cls->mouse) {
		mouse_event(app, &ev->mouse);
		return;
	}
	if (v->cls->input && v->cls->input(v, ev))
		return;
	row = ev->type == INPUT_KEY ? keys_find(view_ctx(v), ev, &index) : NULL;
	if (row)
		app_act(app, row->act, index);
}

static void on_event(void *arg, const struct input_event *ev)
{
	app_event(arg, ev);
}

static void on_esc_timer(uv_timer_t *t)
{
	struct app *app = t->data;

	app->read_events = 1;
	input_flush(&app->input);
}

static void count(void *arg, const struct input_event *ev)
{
	unsigned *n = arg;

	*n += ev->type == INPUT_PASTE ? 2 : 1;
}

void app_input(struct app *app, const char *p, size_t n)
{
	struct input dry = app->input;

	app->read_events = 0;
	dry.cb = count;
	dry.arg = &app->read_events;
	input_feed(&dry, p, n);
	input_feed(&app->input, p, n);
	if (app->ending)
		return;
	if (input_pending(&app->input))
		uv_timer_start(app->esc_timer, on_esc_timer, getenv("SSH_CONNECTION") ? ESC_SSH_MS : ESC_MS, 0);
	else
		uv_timer_stop(app->esc_timer);
}
