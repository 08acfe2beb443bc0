/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - the terminal UI's life: the terminal taken and given back, signals, the end. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "tui/app.h"
#include "tui/config.h"
#include "tui/task.h"
#include "tui/tty.h"
#include "tui/tui.h"

#define FRAME_MS 16
#define FRAME_SSH_MS 33

struct ui {
	struct app app;
	uv_loop_t loop;
	uv_signal_t signals[6];
	int nsignals;
	int tty;         /* for settings; the screen has its own */
	bool closed, lost;
};

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
	struct ui *ui = container_of((struct app *)arg, struct ui, app);

	ui->lost = true;
	task_keep_all(arg); /* as at SIGHUP, which may come later than this */
	app_quit(arg, 129);
}

static void ended(struct app *app)
{
	uv_stop(app->loop);
}

static void take_size(struct ui *ui)
{
	int rows, cols;

	tty_size(ui->tty, &rows, &cols);
	app_resize(&ui->app, rows, cols);
}

/* After a stop. In the background nothing: whoever brings us to the foreground sends SIGCONT again. */
static void resume(struct ui *ui)
{
	if (!tty_foreground(ui->tty))
		return;
	tty_raw(ui->tty);
	screen_enter(&ui->app.screen);
	take_size(ui); /* only the foreground is told by SIGWINCH */
	screen_redraw(&ui->app.screen);
}

static void suspend(struct app *app)
{
	struct ui *ui = container_of(app, struct ui, app);
	struct sigaction stop = { .sa_handler = SIG_DFL }, watched;
	sigset_t set;

	screen_leave(&app->screen);
	tty_restore(ui->tty);
	/* The default action stops us; SIGCONT comes back to here. */
	sigaction(SIGTSTP, &stop, &watched);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &watched, NULL); /* the next one is ours again */
	resume(ui);
}

static void on_signal(uv_signal_t *h, int sig)
{
	struct ui *ui = h->data;

	switch (sig) {
	case SIGWINCH:
		take_size(ui);
		break;
	case SIGTSTP:
		suspend(&ui->app);
		break;
	case SIGCONT:
		resume(ui);
		break;
	case SIGHUP:
		ui->lost = true;
		task_keep_all(&ui->app);
		app_quit(&ui->app, 129);
		break;
	default:
		app_quit(&ui->app, 128 + sig);
	}
}

static void watch_signals(struct ui *ui)
{
	static const int list[] = { SIGWINCH, SIGTSTP, SIGCONT, SIGHUP, SIGTERM, SIGINT };

	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		uv_signal_t *h = &ui->signals[ui->nsignals++];

		uv_signal_init(&ui->loop, h);
		h->data = ui;
		uv_signal_start(h, on_signal, list[i]);
		uv_unref((uv_handle_t *)h);
	}
}

static void on_closed(void *arg)
{
	((struct ui *)arg)->closed = true;
}

/* A line on the real stderr, for what must not be lost with the screen. */
static void last_words(const struct app *app)
{
	for (size_t i = app->msgs.n; i-- > 0 && app->msgs.unread_error;)
		if (app->msgs.list[i].level == MSG_ERROR) {
			fprintf(stderr, "berth: %s\n", app->msgs.list[i].text);
			return;
		}
}

static int open_screen(struct ui *ui, const struct tui_options *o, struct err *e)
{
	struct screen *s = &ui->app.screen;
	const char *term = getenv("TERM");
	int fd = -1, rows, cols, rc = tty_open(1, &fd, e);

	if (rc < 0)
		return rc;
	ui->tty = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	tty_size(ui->tty, &rows, &cols);
	rc = screen_init(s, &ui->loop, fd, term ? term : "", rows, cols, o->no_color ? TERM_COLOR_NEVER : TERM_COLOR_AUTO,
			 e);
	if (rc < 0)
		return rc;
	s->arg = &ui->app;
	s->draw = draw;
	s->written = written;
	s->input = input;
	s->gone = gone;
	s->gap_ms = getenv("SSH_CONNECTION") ? FRAME_SSH_MS : FRAME_MS;
	return 0;
}

static void log_failed(void *arg, const struct err *e)
{
	app_error(arg, "%s: messages are only kept until this berth ends", e->text);
}

static int run(struct ui *ui, const struct tui_options *o)
{
	const struct berth_options bo = { .config = o->config, .root = o->root, .run_root = o->run_root };
	AUTO_BUF struct buf restore = { 0 };
	struct berth_error be = { 0 };
	struct berth *berth;
	struct err e = { 0 };

	if (berth_open(&berth, &ui->loop, &bo, &be) < 0) {
		fprintf(stderr, "berth: error: %s\n", be.text);
		return 1;
	}
	if (open_screen(ui, o, &e) < 0) {
		fprintf(stderr, "berth: error: %s\nberth: hint: berth --help lists the commands, which need no such "
				"terminal\n", e.text);
		return 2;
	}
	if (term_restore_string(ui->app.screen.term, &restore) == 0)
		tty_crash_guard(ui->tty, (const char *)restore.p);
	tty_raw(ui->tty);
	watch_signals(ui);
	ui->app.suspend = suspend;
	ui->app.read_only = o->read_only;
	ui->app.commands = o->commands;
	ui->app.ended = ended;
	log_open(-1, "berth"); /* nothing may write over the screen */
	ui->app.msglog.failed = log_failed;
	ui->app.msglog.arg = &ui->app;
	msglog_open(&ui->app.msglog, &ui->loop, NULL);
	if (app_init(&ui->app, &ui->loop, berth) < 0)
		app_quit(&ui->app, 1);
	config_load(&ui->app, o->config);
	app_start(&ui->app);
	screen_dirty(&ui->app.screen);
	while (!ui->app.ending)
		uv_run(&ui->loop, UV_RUN_DEFAULT);
	ui->app.ending = true;
	berth_close(berth, on_closed, ui);
	while (!ui->closed)
		uv_run(&ui->loop, UV_RUN_ONCE);
	last_words(&ui->app);
	app_finish(&ui->app);
	screen_finish(&ui->app.screen);
	uv_run(&ui->loop, UV_RUN_NOWAIT);
	/* In the background the terminal is another's: to set it would only stop us. */
	if (!ui->lost && tty_foreground(ui->tty))
		tty_restore(ui->tty);
	tty_crash_guard(ui->tty, NULL);
	return ui->app.status;
}

int tui_main(const struct tui_options *o)
{
	struct ui *ui = calloc(1, sizeof(*ui));
	int status;

	if (!ui) {
		fprintf(stderr, "berth: error: out of memory\n");
		return 1;
	}
	uv_loop_init(&ui->loop);
	status = run(ui, o);
	free(ui);
	return status;
}
