/* SPDX-License-Identifier: Apache-2.0 */
/* attach.c - a container's streams joined to this process's own, until it ends or the user detaches.
 *
 * With a terminal: it is made raw and put back on every way out, SIGTERM and SIGHUP included; the detach keys
 * (C-p C-q unless told otherwise) are looked for, where C-p alone is passed on after console.delay-ms; the size follows
 * the window. Without: three streams, binary-clean, end of stdin passed on, signals forwarded. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"
#include "cli/attach-keys.h"
#include "cli/cli.h"
#include "vt/vt.h"

#define CHUNK (64u << 10)
#define RESIZE_MS 100

/* From one descriptor to another, one chunk at a time. Either may be a plain file, which cannot be waited for:
 * such a one is always ready, and its writes block. */
struct pipe_end {
	int fd;
	uv_poll_t poll;
	bool pollable, open;
	int events;
};

struct pump {
	struct session *s;
	struct pipe_end from, to;
	char *chunk;
	size_t off, len;
	bool active, eof;
	bool socket_to;  /* shut it at the end */
	void (*ended)(struct session *s);
};

struct session {
	const struct cli_session *in;
	struct cli *cli;
	struct pump stdin_, out, err;
	struct attach_keys keys;
	uv_timer_t key_timer, resize_timer;
	uv_signal_t signals[8];
	int nsignals;
	struct termios saved;
	struct vt *vt;   /* with a terminal: what its modes are */
	bool raw, tty;
	bool exited, detached, lost;
	int exit_code;
	int dying;       /* a signal that ends us once the terminal is as it was */
	int outs;        /* outputs that are open */
	struct berth_op *wait;
	int handles;
};

void cli_terminal_size(int fd, unsigned *rows, unsigned *cols)
{
	struct winsize w = { 0 };

	*rows = *cols = 0;
	if (ioctl(fd, TIOCGWINSZ, &w) == 0) {
		*rows = w.ws_row;
		*cols = w.ws_col;
	}
}

/* Where nobody can be asked, only a plain yes counts. */
unsigned cli_guest_clipboard(const struct cli *cli)
{
	return strcmp(conf_text(&cli->conf, CONF_CONSOLE_GUEST_CLIPBOARD), "yes") == 0 ? BERTH_ATTACH_CLIPBOARD : 0;
}

/* --- the terminal */

static struct session *raw_session; /* for the handler of fatal signals */

/* true if the terminal is not as a shell wants it; most programs leave it so, and the cursor then stays. */
static bool left_modes(const struct vt *vt)
{
	struct vt_modes m = vt_modes(vt);
	struct vt_cursor c = vt_cursor(vt);
	struct vt_cell pen = vt_pen(vt);

	return m.alt || m.app_cursor || m.app_keypad || !m.autowrap || m.origin || m.insert || m.newline ||
	       m.reverse_video || m.bracketed_paste || m.focus || m.modify_other_keys || m.kitty_flags || m.mouse ||
	       m.top != 0 || m.bottom != vt_rows(vt) - 1 || !c.visible || c.style || pen.fg || pen.bg || pen.attr;
}

static void restore_terminal(struct session *s)
{
	AUTO_BUF struct buf leave = { 0 };

	if (!s->raw)
		return;
	s->raw = false;
	raw_session = NULL;
	/* What the guest left on is turned off: the same engine as in the shim knows what that is. */
	if (s->vt && isatty(1) && left_modes(s->vt) && vt_leave(s->vt, &leave) == 0 && leave.len)
		file_write_full(1, leave.p, leave.len);
	tcsetattr(0, TCSADRAIN, &s->saved);
}

static int make_raw(struct session *s)
{
	struct termios t;

	if (tcgetattr(0, &s->saved) < 0)
		return -errno;
	t = s->saved;
	cfmakeraw(&t);
	if (tcsetattr(0, TCSADRAIN, &t) < 0)
		return -errno;
	s->raw = true;
	raw_session = s;
	return 0;
}

static void on_fatal(int sig)
{
	if (raw_session)
		tcsetattr(0, TCSANOW, &raw_session->saved);
	signal(sig, SIG_DFL);
	raise(sig);
}

/* --- the end */

static void check_end(struct session *s)
{
	if (s->dying || s->detached || s->lost || (s->exited && s->outs == 0))
		cli_finish(s->cli, 0, NULL);
}

static void on_exit_code(void *arg, int rc, const struct berth_error *e, int code)
{
	struct session *s = arg;

	s->wait = NULL;
	if (s->detached || s->lost || s->dying)
		return;
	if (rc < 0) {
		s->lost = true;
		s->cli->error = *e;
	} else {
		s->exited = true;
		s->exit_code = code;
		if (e)
			s->cli->error = *e;
	}
	check_end(s);
}

/* --- moving bytes */

static void pump_run(struct pump *p);

static void on_pump_ready(uv_poll_t *h, int status, int events)
{
	struct pump *p = h->data;

	pump_run(p);
}

static void end_want(struct pump *p, struct pipe_end *e, int events)
{
	if (!e->pollable || e->events == events)
		return;
	e->events = events;
	if (events)
		uv_poll_start(&e->poll, events, on_pump_ready);
	else
		uv_poll_stop(&e->poll);
}

static void pump_stop(struct pump *p)
{
	if (!p->active)
		return;
	p->active = false;
	end_want(p, &p->from, 0);
	end_want(p, &p->to, 0);
	if (p->socket_to)
		shutdown(p->to.fd, SHUT_WR);
	p->ended(p->s);
}

/* What may go on of n bytes read from the terminal: fewer if detach keys are among them. */
static size_t look_for_keys(struct session *s, char *chunk, size_t n)
{
	size_t out = attach_keys_feed(&s->keys, chunk, n, CHUNK);

	if (s->keys.detached)
		s->detached = true;
	return out;
}

static void on_key_late(uv_timer_t *t)
{
	struct session *s = t->data;

	/* Only the first of the detach keys came: it was meant for the guest. */
	s->stdin_.len += attach_keys_release(&s->keys, s->stdin_.chunk + s->stdin_.off + s->stdin_.len,
					     CHUNK - s->stdin_.off - s->stdin_.len);
	pump_run(&s->stdin_);
}

static bool pump_write(struct pump *p)
{
	while (p->len) {
		ssize_t n = write(p->to.fd, p->chunk + p->off, p->len);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			end_want(p, &p->to, UV_WRITABLE);
			end_want(p, &p->from, 0);
			return false;
		}
		if (n < 0) {
			/* Nobody reads any more: what comes is dropped, so that the process does not hang. */
			n = (ssize_t)p->len;
			if (p->socket_to) {
				p->eof = true;
			}
		}
		p->off += (size_t)n;
		p->len -= (size_t)n;
	}
	p->off = 0;
	end_want(p, &p->to, 0);
	return true;
}

static void pump_run(struct pump *p)
{
	struct session *s = p->s;

	for (int turns = 0; p->active; turns++) {
		ssize_t n;

		if (!pump_write(p))
			return;
		if (p->eof) {
			pump_stop(p);
			return;
		}
		if (turns == 16 && p->from.pollable)
			break;
		n = read(p->from.fd, p->chunk, p == &s->stdin_ && s->raw ? CHUNK / 2 : CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			p->eof = true;
			continue;
		}
		p->len = (size_t)n;
		if (p == &s->out && s->vt)
			vt_feed(s->vt, p->chunk, p->len);
		if (p == &s->stdin_ && s->raw) {
			p->len = look_for_keys(s, p->chunk, p->len);
			if (s->keys.held)
				uv_timer_start(&s->key_timer, on_key_late, conf_number(&s->cli->conf, CONF_CONSOLE_DELAY_MS), 0);
			else
				uv_timer_stop(&s->key_timer);
			if (s->detached) {
				pump_write(p);
				check_end(s);
				return;
			}
		}
	}
	end_want(p, &p->from, UV_READABLE);
}

static void on_handle_closed(uv_handle_t *h)
{
	struct session *s = h->data;

	s->handles--;
}

static void handle_close(struct session *s, uv_handle_t *h)
{
	h->data = s;
	uv_close(h, on_handle_closed);
}

static void end_open(struct session *s, struct pump *p, struct pipe_end *e, int fd)
{
	e->fd = fd;
	e->open = true;
	if (uv_poll_init(&s->cli->loop, &e->poll, fd) == 0) {
		e->pollable = true;
		e->poll.data = p;
		s->handles++;
	}
}

/* A descriptor of our own for what we share with the shell: non-blocking must not leak to it. */
static int own_end(int fd, int flags)
{
	char path[32];
	struct stat st;
	int own = -1;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (isatty(fd) || (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)))
		own = open(path, flags | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int pump_start(struct session *s, struct pump *p, int from, int to, void (*ended)(struct session *s))
{
	p->s = s;
	p->chunk = malloc(CHUNK);
	if (!p->chunk)
		return -ENOMEM;
	p->active = true;
	p->ended = ended;
	end_open(s, p, &p->from, from);
	end_open(s, p, &p->to, to);
	return 0;
}

static void end_close(struct session *s, struct pipe_end *e)
{
	if (e->open && e->pollable)
		handle_close(s, (uv_handle_t *)&e->poll);
	if (e->open)
		close(e->fd);
	e->open = false;
}

static void stdin_ended(struct session *s)
{
	/* The terminal vanished: as if the user had detached. */
	if (s->raw && s->stdin_.eof && !s->exited) {
		s->detached = true;
		check_end(s);
	}
}

static void out_ended(struct session *s)
{
	s->outs--;
	/* A terminal's stream that ends before its process: another end of the same, or the shim is gone. */
	check_end(s);
}

/* --- signals */

static void on_resize_sent(void *arg, int rc, const struct berth_error *e)
{
}

static void send_size(uv_timer_t *t)
{
	struct session *s = t->data;
	char name[300];
	unsigned rows, cols;

	cli_terminal_size(0, &rows, &cols);
	snprintf(name, sizeof(name), "%s:%u", s->in->name, s->in->streams->console);
	berth_console_resize(s->cli->berth, name, s->in->streams->viewer, rows, cols, on_resize_sent, s, NULL);
}

static void on_signal(uv_signal_t *h, int sig)
{
	struct session *s = h->data;

	if (sig == SIGWINCH) {
		uv_timer_start(&s->resize_timer, send_size, RESIZE_MS, 0);
		return;
	}
	if (s->tty) {
		/* The guest has the keys; a signal from outside is for us: the container goes on. */
		s->dying = sig;
		check_end(s);
		return;
	}
	if (!s->in->sig_proxy) {
		s->dying = sig;
		check_end(s);
	} else if (s->in->exec_id) {
		berth_exec_kill(s->cli->berth, s->in->name, s->in->exec_id, sig, on_resize_sent, s, NULL);
	} else {
		berth_container_kill(s->cli->berth, s->in->name, sig, on_resize_sent, s, NULL);
	}
}

static void watch_signals(struct session *s)
{
	static const int for_tty[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, 0 };
	static const int forwarded[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, 0 };

	uv_signal_stop(&s->cli->sigint);
	uv_signal_stop(&s->cli->sigterm);
	for (const int *sig = s->tty ? for_tty : forwarded; *sig; sig++) {
		uv_signal_t *h = &s->signals[s->nsignals++];

		uv_signal_init(&s->cli->loop, h);
		h->data = s;
		s->handles++;
		uv_signal_start(h, on_signal, *sig);
	}
}

/* --- all of it */

static void close_all(struct session *s)
{
	end_close(s, &s->stdin_.from);
	end_close(s, &s->stdin_.to);
	end_close(s, &s->out.from);
	end_close(s, &s->out.to);
	end_close(s, &s->err.from);
	end_close(s, &s->err.to);
	for (int i = 0; i < s->nsignals; i++)
		handle_close(s, (uv_handle_t *)&s->signals[i]);
	handle_close(s, (uv_handle_t *)&s->key_timer);
	handle_close(s, (uv_handle_t *)&s->resize_timer);
	if (s->wait) {
		berth_op_cancel(s->wait);
		while (s->wait)
			uv_run(&s->cli->loop, UV_RUN_ONCE);
	}
	while (s->handles)
		uv_run(&s->cli->loop, UV_RUN_ONCE);
	s->cli->finished = false;
	free(s->stdin_.chunk);
	free(s->out.chunk);
	free(s->err.chunk);
	vt_free(s->vt);
}

static int open_streams(struct session *s)
{
	const struct berth_streams *st = s->in->streams;
	int rc = 0, in = s->tty ? st->io : st->in;

	if (in >= 0 && !s->in->no_stdin) {
		rc = pump_start(s, &s->stdin_, own_end(0, O_RDONLY), in, stdin_ended);
		s->stdin_.socket_to = !s->tty;
	}
	if (rc == 0 && (s->tty ? st->io : st->out) >= 0) {
		int from = s->tty ? fcntl(st->io, F_DUPFD_CLOEXEC, 3) : st->out;

		rc = pump_start(s, &s->out, from, own_end(1, O_WRONLY), out_ended);
		s->outs++;
	}
	if (rc == 0 && !s->tty && st->err >= 0) {
		rc = pump_start(s, &s->err, st->err, own_end(2, O_WRONLY), out_ended);
		s->outs++;
	}
	return rc;
}

static int result(struct session *s)
{
	if (s->dying) {
		fprintf(stderr, "berth: detached; berth attach %.12s comes back\n", s->in->streams->id);
		return 128 + s->dying;
	}
	if (s->detached) {
		fprintf(stderr, "%sberth: detached; berth attach %.12s comes back\n", s->tty ? "\r\n" : "",
			s->in->streams->id);
		return CLI_OK;
	}
	if (s->lost) {
		cli_fail_with(&s->cli->error);
		return CLI_BERTH_FAILED;
	}
	if (*s->cli->error.text)
		cli_fail_with(&s->cli->error);
	return s->exit_code;
}

int cli_session(const struct cli_session *in)
{
	static const struct vt_limits no_scrollback = { .string_max = 4096, .swallow_max = 4 << 20 };
	struct session *s = calloc(1, sizeof(*s));
	struct berth_error e = { 0 };
	int rc, code;

	if (!s)
		return CLI_BERTH_FAILED;
	s->in = in;
	s->cli = in->cli;
	s->cli->error = (struct berth_error){ 0 };
	s->tty = in->streams->tty;
	uv_timer_init(&s->cli->loop, &s->key_timer);
	uv_timer_init(&s->cli->loop, &s->resize_timer);
	s->key_timer.data = s->resize_timer.data = s;
	s->handles = 2;
	rc = attach_keys_init(&s->keys, in->detach_keys ?: conf_text(&s->cli->conf, CONF_CONSOLE_DETACH_KEYS));
	if (rc == 0)
		rc = open_streams(s);
	if (rc == 0)
		rc = in->exec_id ? berth_exec_wait(s->cli->berth, in->name, in->exec_id, on_exit_code, s, &s->wait, &e) :
				   berth_container_wait(s->cli->berth, in->name, on_exit_code, s, &s->wait, &e);
	if (rc < 0) {
		s->lost = true;
		s->cli->error = e;
	} else {
		watch_signals(s);
		if (s->tty && !in->no_stdin && isatty(0) && make_raw(s) == 0) {
			s->vt = vt_new(24, 80, &no_scrollback, NULL, NULL);
			signal(SIGSEGV, on_fatal);
			signal(SIGABRT, on_fatal);
			signal(SIGBUS, on_fatal);
		}
		pump_run(&s->stdin_);
		pump_run(&s->out);
		pump_run(&s->err);
		cli_wait(s->cli);
	}
	restore_terminal(s);
	close_all(s);
	code = result(s);
	free(s);
	return code;
}
