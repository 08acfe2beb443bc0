/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tui/drive.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/auto.h"

static int64_t clock_ns;

static int64_t now(void)
{
	return clock_ns;
}

void drive_later(struct drive *d, int64_t ns)
{
	clock_ns += ns;
}

static void host_memory(uint64_t *used, uint64_t *total)
{
	*used = FAKE_MEM_USED;
	*total = FAKE_MEM_TOTAL;
}

static void draw(void *arg, struct canvas *c)
{
	app_draw(arg, c);
}

static void written(void *arg)
{
	app_written(arg);
}

static void input(void *arg, const char *p, size_t n)
{
	app_input(arg, p, n);
}

static void gone(void *arg)
{
}

static void suspend(struct app *app)
{
	container_of(app, struct drive, app)->suspended++;
}

static bool on_bell(void *arg)
{
	((struct drive *)arg)->bells++;
	return true;
}

static bool on_clipboard(void *arg, const char *which, const char *base64, size_t n)
{
	struct drive *d = arg;

	d->clipboard.len = 0;
	buf_add(&d->clipboard, base64, n);
	return false;
}

void drive_environment(void)
{
	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "UTC", 1);
	unsetenv("SSH_CONNECTION");
	unsetenv("TMUX");
	unsetenv("NO_COLOR");
}

struct drive *drive_open(const struct drive_options *o)
{
	struct drive *d = calloc(1, sizeof(*d));
	struct screen *s = &d->app.screen;
	struct err e = { 0 };
	static const struct vt_callbacks cb = { .bell = on_bell, .clipboard = on_clipboard };
	int pair[2];

	uv_loop_init(&d->loop);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0 ||
	    screen_init(s, &d->loop, pair[0], o->term, o->rows, o->cols, o->mono ? TERM_COLOR_NEVER : TERM_COLOR_AUTO, &e) < 0) {
		fprintf(stderr, "# no screen: %s\n", e.text);
		abort();
	}
	d->peer = pair[1];
	d->vt = vt_new(o->rows, o->cols, NULL, &cb, d);
	if (o->model)
		o->model(&d->fake);
	d->berth = fake_new(&d->loop, &d->fake);
	s->arg = &d->app;
	s->draw = draw;
	s->written = written;
	s->input = input;
	s->gone = gone;
	clock_ns = FAKE_NOW;
	d->app.now = now;
	d->app.host_memory = host_memory;
	d->app.config_path = "/dev/null"; /* not that of who runs the test */
	d->app.suspend = suspend;
	app_init(&d->app, &d->loop, d->berth);
	screen_dirty(s);
	drive_settle(d);
	return d;
}

static void nothing(struct fake *f)
{
	f->empty = true;
}

struct drive *drive_new(const char *term, int rows, int cols, bool empty)
{
	const struct drive_options o = { .term = term, .rows = rows, .cols = cols, .model = empty ? nothing : NULL };

	return drive_open(&o);
}

static void name_handle(uv_handle_t *h, void *arg)
{
	fprintf(stderr, "# left behind: a %s\n", uv_handle_type_name(h->type));
}

void drive_free(struct drive *d)
{
	d->app.ending = true;
	berth_close(d->berth, NULL, NULL);
	app_finish(&d->app);
	screen_finish(&d->app.screen);
	for (int i = 0; i < 4; i++)
		uv_run(&d->loop, UV_RUN_NOWAIT);
	loop_finish(&d->loop);
	for (int i = 0; uv_loop_close(&d->loop) == UV_EBUSY; i++) {
		if (i == 100) {
			uv_walk(&d->loop, name_handle, NULL);
			abort(); /* the UI left a handle behind */
		}
		uv_run(&d->loop, UV_RUN_NOWAIT);
	}
	vt_free(d->vt);
	close(d->peer);
	buf_finish(&d->fake.calls);
	buf_finish(&d->fake.typed);
	buf_finish(&d->clipboard);
	buf_finish(&d->text);
	free(d);
}

/* What the UI wrote, shown by the terminal. */
static bool take(struct drive *d)
{
	char chunk[65536];
	ssize_t n = recv(d->peer, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n <= 0)
		return false;
	d->frames += (size_t)n;
	vt_feed(d->vt, chunk, (size_t)n);
	return true;
}

void drive_settle(struct drive *d)
{
	/* The timers of a test are those of a lone Esc and of menus: they end by themselves. */
	for (int quiet = 0; quiet < 4; quiet++) {
		uv_run(&d->loop, UV_RUN_NOWAIT);
		if (take(d) || screen_busy(&d->app.screen))
			quiet = 0;
		if (d->app.esc_timer && uv_is_active((uv_handle_t *)d->app.esc_timer)) {
			uv_run(&d->loop, UV_RUN_ONCE);
			quiet = 0;
		}
	}
	fake_take_typed(d->berth);
}

void drive_bytes(struct drive *d, const char *p, size_t n)
{
	if (send(d->peer, p, n, MSG_DONTWAIT) != (ssize_t)n)
		abort();
	drive_settle(d);
}

static const struct {
	const char *word, *bytes;
} named[] = {
	{ "Enter", "\r" },      { "Esc", "\033" },      { "Tab", "\t" },	{ "S-Tab", "\033[Z" },  { "Space", " " },
	{ "Up", "\033[A" },     { "Down", "\033[B" },   { "Right", "\033[C" },  { "Left", "\033[D" },   { "Home", "\033[H" },
	{ "End", "\033[F" },    { "PgUp", "\033[5~" },  { "PgDn", "\033[6~" },  { "F1", "\033OP" },     { "F5", "\033[15~" },
	{ "F12", "\033[24~" },  { "paste", "\033[200~y\033[201~" },
};

static bool one_key(struct drive *d, const char *word, size_t n)
{
	char ctrl;

	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (strlen(named[i].word) == n && memcmp(named[i].word, word, n) == 0) {
			drive_bytes(d, named[i].bytes, strlen(named[i].bytes));
			return true;
		}
	if (n == 2 && word[0] == '^') {
		ctrl = word[1] & 0x1f;
		drive_bytes(d, &ctrl, 1);
		return true;
	}
	if (n == 1)
		drive_bytes(d, word, 1);
	return n == 1;
}

bool drive_keys(struct drive *d, const char *keys)
{
	while (*keys) {
		size_t n = strcspn(keys, " ");

		if (*keys == '"' && keys[1]) {
			for (keys++; *keys && *keys != '"'; keys++)
				drive_bytes(d, keys, 1);
			keys += *keys == '"';
			n = 0;
		} else if (n && !one_key(d, keys, n)) {
			return false;
		}
		keys += n;
		keys += *keys == ' ';
	}
	return true;
}

const struct vt_cell *drive_cell(struct drive *d, int y, int x)
{
	struct vt_row row;

	if (y < 0 || x < 0 || y >= vt_rows(d->vt))
		return NULL;
	row = vt_row(d->vt, y);
	return x < row.used ? &row.cells[x] : NULL;
}

const char *drive_calls(const struct drive *d)
{
	return d->fake.calls.p ? (const char *)d->fake.calls.p : "";
}

const char *drive_screen(struct drive *d)
{
	d->text.len = 0;
	for (int y = 0; y < vt_rows(d->vt); y++) {
		struct vt_row row = vt_row(d->vt, y);
		size_t begin = d->text.len;

		for (int x = 0; x < row.used; x++) {
			char text[VT_CELL_TEXT_MAX];

			vt_cell_text(d->vt, &row.cells[x], text);
			buf_adds(&d->text, text);
		}
		while (d->text.len > begin && d->text.p[d->text.len - 1] == ' ')
			d->text.len--;
		buf_addc(&d->text, '\n');
	}
	return (const char *)d->text.p;
}
