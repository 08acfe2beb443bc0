/* SPDX-License-Identifier: Apache-2.0 */
/* view-command.c - a command of the shell runs, without a terminal, and what it says is shown.
 *
 * It is this program again, over the same store. One that only looks ends with its view; what changes something goes on,
 * and its end is told among the messages. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "tui/command.h"
#include "tui/form.h"
#include "tui/text.h"
#include "tui/views.h"

#define GLOBAL_WORDS 12
#define PART_MAX (64u << 10) /* of a line that has no end */

struct run;

struct cmdview {
	struct textview t;
	struct run *run; /* NULL: it has ended */
};

struct run {
	struct list link; /* of app->runs */
	struct app *app;
	struct cmdview *v; /* NULL: the view is gone */
	uv_process_t process;
	uv_pipe_t pipe[2];
	struct buf part[2]; /* of a line, from stdout, from stderr */
	char chunk[16384];
	char name[200];
	bool looks, exited, closing;
	int handles, open; /* pipes that have not ended */
	int64_t status;
	int signal;
};

/* --- what it says */

static void add_line(struct run *r, int from, size_t n)
{
	struct text_line *l = r->v ? text_add_n(&r->v->t, ROLE_TEXT, (const char *)r->part[from].p, n) : NULL;

	if (l)
		l->err = from == 1;
}

static void take(struct run *r, int from, const char *p, size_t n)
{
	struct buf *part = &r->part[from];
	uint8_t *nl;

	if (!r->v || buf_add(part, p, n) < 0)
		return;
	while (part->len && ((nl = memchr(part->p, '\n', part->len)) || part->len > PART_MAX)) {
		size_t len = nl ? (size_t)(nl - part->p) : part->len;

		add_line(r, from, len);
		buf_consume(part, len + (nl != NULL));
	}
	if (r->v->t.follow)
		text_to_end(&r->v->t);
	app_dirty(r->app);
}

static void end_text(const struct run *r, char *ret, size_t max)
{
	if (r->signal)
		snprintf(ret, max, "ended by signal %d", r->signal);
	else
		snprintf(ret, max, r->status ? "exit %lld" : "done", (long long)r->status);
}

/* --- its end */

static void on_closed(uv_handle_t *h)
{
	struct run *r = h->data;

	if (--r->handles)
		return;
	buf_finish(&r->part[0]);
	buf_finish(&r->part[1]);
	free(r);
}

static void finish(struct run *r)
{
	if (r->closing)
		return;
	r->closing = true;
	if (r->v)
		r->v->run = NULL;
	r->v = NULL;
	list_remove(&r->link);
	if (!r->handles) {
		free(r);
		return;
	}
	for (int i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&r->pipe[i], on_closed);
	uv_close((uv_handle_t *)&r->process, on_closed);
}

/* It has ended, and all it said is here. */
static void check_end(struct run *r)
{
	char text[40];

	if (!r->exited || r->open || r->closing)
		return;
	end_text(r, text, sizeof(text));
	for (int i = 0; i < 2; i++)
		if (r->part[i].len)
			add_line(r, i, r->part[i].len);
	if (r->v)
		text_add(&r->v->t, r->status || r->signal ? ROLE_BAD : ROLE_DIM, "[%s]", text);
	else if (!r->looks)
		app_info(r->app, "%s: %s", r->name, text);
	if (r->v && r->v->t.follow)
		text_to_end(&r->v->t);
	app_dirty(r->app);
	finish(r);
}

static void on_exit_status(uv_process_t *p, int64_t status, int sig)
{
	struct run *r = p->data;

	r->exited = true;
	r->status = status;
	r->signal = sig;
	check_end(r);
}

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *ret)
{
	struct run *r = h->data;

	(void)want;
	*ret = uv_buf_init(r->chunk, sizeof(r->chunk));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	struct run *r = s->data;
	int from = s == (uv_stream_t *)&r->pipe[1];

	if (n > 0) {
		take(r, from, b->base, (size_t)n);
	} else if (n < 0) {
		uv_read_stop(s);
		r->open--;
		check_end(r);
	}
}

void command_drop_all(struct app *app)
{
	while (app->runs.next && !list_empty(&app->runs))
		finish(list_entry(app->runs.next, struct run, link));
}

/* --- its begin */

static size_t global_words(const struct app *app, const char **to)
{
	size_t n = 0;
	const struct {
		const char *option, *value;
	} all[] = { { "--root", berth_root(app->berth) }, { "--run-root", berth_run_root(app->berth) },
		    { "--config", app->config_path }, { "--color", "never" }, { "--progress", "plain" } };

	to[n++] = "berth";
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (all[i].value) {
			to[n++] = all[i].option;
			to[n++] = all[i].value;
		}
	return n;
}

static int spawn(struct run *r, const char *line)
{
	const char *argv[GLOBAL_WORDS + FORM_WORDS + 1];
	char text[LINE_MAX_BYTES];
	size_t n = global_words(r->app, argv);
	uv_stdio_container_t io[3] = { { .flags = UV_IGNORE } };
	uv_process_options_t o = { .file = r->app->program ?: "/proc/self/exe", .args = (char **)argv, .stdio = io,
				   .stdio_count = 3, .exit_cb = on_exit_status };
	int rc;

	snprintf(text, sizeof(text), "%s", line);
	if (form_split(text, argv + n) < 1)
		return -EINVAL;
	r->process.data = r;
	r->handles = 3;
	for (int i = 0; i < 2; i++) {
		uv_pipe_init(r->app->loop, &r->pipe[i], 0);
		r->pipe[i].data = r;
		io[1 + i] = (uv_stdio_container_t){ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
						    .data.stream = (uv_stream_t *)&r->pipe[i] };
	}
	rc = uv_spawn(r->app->loop, &r->process, &o);
	for (int i = 0; i < 2 && rc == 0; i++) {
		uv_read_start((uv_stream_t *)&r->pipe[i], on_alloc, on_read);
		r->open++;
	}
	return rc;
}

static int command_open(struct view *v, const void *arg)
{
	struct cmdview *c = (struct cmdview *)v;
	const char *line = arg;
	struct run *r = calloc(1, sizeof(*r));
	const struct tui_command *cmd = command_of(v->app, line);
	int rc;

	if (!r) {
		app_error(v->app, "out of memory: cannot run berth %s", line);
		return -ENOMEM;
	}
	text_init(&c->t);
	c->t.live = c->t.follow = true;
	snprintf(c->t.title, sizeof(c->t.title), "Command > %s", line);
	r->app = v->app;
	r->v = c;
	r->looks = cmd && cmd->looks;
	snprintf(r->name, sizeof(r->name), "berth %.190s", line);
	c->run = r;
	list_append(&v->app->runs, &r->link);
	rc = spawn(r, line);
	if (rc < 0) {
		text_add(&c->t, ROLE_BAD, "cannot run it: %s", uv_strerror(rc));
		finish(r);
	}
	return 0;
}

static void command_close(struct view *v)
{
	struct run *r = ((struct cmdview *)v)->run;

	if (r) {
		r->v = NULL;
		if (r->looks && !r->exited)
			uv_process_kill(&r->process, SIGTERM);
	}
	text_close(v);
}

static void command_note(struct view *v, struct buf *b)
{
	const struct run *r = ((struct cmdview *)v)->run;

	if (r)
		buf_adds(b, r->looks ? "it runs; Esc ends it" : "it runs, and goes on after Esc");
}

const struct view_class view_command = {
	.name = "command", .ctx = CTX_T, .text = text_all, .size = sizeof(struct cmdview), .open = command_open,
	.close = command_close, .title = text_title, .draw = text_draw, .hints = text_hints, .act = text_act, .find = text_find,
	.note = command_note,
};
