/* SPDX-License-Identifier: Apache-2.0 */
/* clip.c - copying: to tmux if we are in it, else by OSC 52 if it is not too long, and always to a buffer of ours. */
#include "tui/clip.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* tmux's set-clipboard is "external" as it comes: it ignores OSC 52 of programs, but not its own. */
struct to_tmux {
	uv_process_t process;
	uv_pipe_t in;
	uv_write_t write;
	struct app *app;
	struct buf text;
	int handles;
	bool failed;
};

static void encode(const char *p, size_t n, struct buf *b)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)(uint8_t)p[i] << 16 | (i + 1 < n ? (uint32_t)(uint8_t)p[i + 1] << 8 : 0) |
			     (i + 2 < n ? (uint8_t)p[i + 2] : 0);

		buf_addc(b, digits[v >> 18 & 63]);
		buf_addc(b, digits[v >> 12 & 63]);
		buf_addc(b, i + 1 < n ? digits[v >> 6 & 63] : '=');
		buf_addc(b, i + 2 < n ? digits[v & 63] : '=');
	}
}

/* The keys that paste it in a console. */
static const char *paste_keys(void)
{
	static char text[32];
	char prefix[8], second[8];
	const struct key *row = keys_row(CTX_K, ACT_PASTE);

	keys_prefix(prefix, second);
	snprintf(text, sizeof(text), "%s %.*s", prefix, (int)strcspn(row ? row->keys : "", " "), row ? row->keys : "");
	return text;
}

static void to_terminal(struct app *app, const char *text, size_t n)
{
	AUTO_BUF struct buf b = { 0 };

	if ((n + 2) / 3 * 4 > CLIP_OSC52_MAX) {
		app_info(app, "%zu bytes are in berth's own buffer: too long for the terminal's; %s pastes them", n, paste_keys());
		return;
	}
	buf_adds(&b, "\033]52;c;");
	encode(text, n, &b);
	buf_adds(&b, "\033\\");
	screen_send(&app->screen, b.p, b.len);
	app_info(app, "sent %zu bytes to the terminal; %s pastes them here", n, paste_keys());
}

static void on_closed(uv_handle_t *h)
{
	struct to_tmux *t = h->data;

	if (--t->handles)
		return;
	t->app->saves--;
	buf_finish(&t->text);
	free(t);
}

static void on_exit_status(uv_process_t *p, int64_t status, int sig)
{
	struct to_tmux *t = p->data;

	if (!t->app->ending) {
		if (status == 0 && sig == 0)
			app_info(t->app, "sent %zu bytes to tmux; %s pastes them here", t->text.len, paste_keys());
		else if (t->app->settings.clipboard == CLIPBOARD_AUTO)
			to_terminal(t->app, (const char *)t->text.p, t->text.len);
		else
			app_error(t->app, "tmux did not take %zu bytes: %s pastes them here", t->text.len, paste_keys());
	}
	uv_close((uv_handle_t *)&t->in, on_closed);
	uv_close((uv_handle_t *)p, on_closed);
}

static void on_sent(uv_write_t *w, int status)
{
}

static void on_shutdown(uv_shutdown_t *s, int status)
{
	free(s);
}

static bool to_tmux(struct app *app)
{
	struct to_tmux *t = calloc(1, sizeof(*t));
	uv_shutdown_t *end = calloc(1, sizeof(*end));
	char name[] = "tmux", verb[] = "load-buffer", flag[] = "-w", from[] = "-";
	char *argv[] = { name, verb, flag, from, NULL };
	uv_stdio_container_t io[3] = { { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE }, { .flags = UV_IGNORE },
				       { .flags = UV_IGNORE } };
	uv_process_options_t o = { .file = "tmux", .args = argv, .stdio = io, .stdio_count = 3, .exit_cb = on_exit_status };
	uv_buf_t b;

	if (!t || !end || buf_add(&t->text, app->clip.p, app->clip.len) < 0) {
		free(t);
		free(end);
		return false;
	}
	t->app = app;
	t->handles = 2;
	app->saves++;
	uv_pipe_init(app->loop, &t->in, 0);
	t->in.data = t->process.data = t;
	io[0].data.stream = (uv_stream_t *)&t->in;
	if (uv_spawn(app->loop, &t->process, &o) < 0) {
		uv_close((uv_handle_t *)&t->in, on_closed);
		uv_close((uv_handle_t *)&t->process, on_closed);
		free(end);
		return false;
	}
	b = uv_buf_init((char *)t->text.p, (unsigned)t->text.len);
	uv_write(&t->write, (uv_stream_t *)&t->in, &b, 1, on_sent);
	if (uv_shutdown(end, (uv_stream_t *)&t->in, on_shutdown) < 0)
		free(end);
	return true;
}

void clip_copy(struct app *app, const char *text, size_t n)
{
	enum settings_clipboard way = app->settings.clipboard;
	const char *tmux = getenv("TMUX");

	buf_clear(&app->clip);
	if (!n || buf_add(&app->clip, text, n) < 0) {
		app_info(app, n ? "out of memory: nothing was copied" : "there is nothing to copy");
		return;
	}
	if (way == CLIPBOARD_OFF)
		app_info(app, "%zu bytes are in berth's own buffer; %s pastes them here", n, paste_keys());
	else if (way == CLIPBOARD_OSC52 || (way == CLIPBOARD_AUTO && (!tmux || !*tmux)))
		to_terminal(app, text, n);
	else if (!to_tmux(app))
		app_error(app, "tmux cannot be started: %zu bytes are in berth's own buffer; %s pastes them here", n, paste_keys());
}

/* --- what of a row */

static const struct ctr *named(const struct app *app, const char *id)
{
	for (size_t i = 0; i < app->model.nctrs; i++)
		if (strcmp(app->model.ctrs[i].name, id) == 0)
			return &app->model.ctrs[i];
	return NULL;
}

static void add_screen(const struct app *app, struct buf *b)
{
	for (int y = 0; y < app_rows(app); y++) {
		canvas_row_text(&app->screen.canvas, y, b);
		buf_addc(b, '\n');
	}
}

static void answer(struct app *app, char key, const char *name, void *arg)
{
	const struct ctr *c = named(app, name);
	AUTO_BUF struct buf b = { 0 };

	switch (key) {
	case 'n':
		buf_adds(&b, name);
		break;
	case 'i':
		buf_adds(&b, c ? c->id : name);
		break;
	case 'a':
		buf_adds(&b, c && c->ip ? c->ip : "");
		break;
	case 'c':
		buf_adds(&b, c ? c->command : "");
		break;
	case 'r':
		canvas_row_text(&app->screen.canvas, app->clip_row, &b);
		break;
	case 's':
		buf_add(&b, app->clip_screen.p, app->clip_screen.len);
		break;
	default:
		return;
	}
	clip_copy(app, (const char *)b.p, b.len);
}

void clip_ask(struct app *app)
{
	struct view *v = app->top;
	const char *name = v->cls->object ? v->cls->object(v) : NULL;
	bool ctr = name && named(app, name);
	char text[200], object[100];

	buf_clear(&app->clip_screen); /* as it is without the question */
	add_screen(app, &app->clip_screen);
	app->clip_row = app->screen.canvas.cursor_row;
	snprintf(object, sizeof(object), "%s", name ?: "");
	snprintf(text, sizeof(text), "Copy what%s%s?", name ? " of " : "", object);
	app_ask(app, object, "", text, answer, NULL);
	snprintf(app->ask.keys, sizeof(app->ask.keys), "%s", ctr ? "niacrs" : name ? "nrs" : "rs");
	snprintf(app->ask.answers, sizeof(app->ask.answers), "%s", ctr ? "n name  i id  a address  c command  r row  s screen  anything else: none" :
								   name ? "n name   r row   s screen   anything else: none" : "r row   s screen   anything else: none");
}
