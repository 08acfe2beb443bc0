/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - a terminal in the guest and those who look at it.
 *
 * The shim is the terminal: it keeps screen and scrollback, answers the guest's queries itself, and gives
 * viewers what is left. The guest and other viewers never wait for a slow one: who falls more than 256 KiB
 * behind gets a snapshot in place of the backlog. The size is that of the viewer that typed last. */
#ifndef BERTH_SHIM_CONSOLE_H
#define BERTH_SHIM_CONSOLE_H

#include <stdbool.h>

#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/watch.h"
#include "shim/crilog.h"
#include "shim/iosock.h"
#include "vt/vt.h"

struct console {
	uv_loop_t *loop;
	struct vt *vt;
	struct watch *from, *to; /* the guest's pty, both directions */
	struct buf input;        /* for the guest, when it reads slowly */
	struct list viewers;
	uint64_t last_viewer;
	struct crilog *log;      /* NULL: not logged; the caller's */
	int64_t bell_ns; /* when the bell last rang */
	bool written; /* there was output */
	bool draining, done;
	void *arg;
	void (*resized)(void *arg, int rows, int cols); /* the guest is to be told */
	void (*viewers_changed)(void *arg); /* there is one more, or one less; may be NULL */
	bool (*behind)(void *arg);                      /* more is under way from the guest, though nothing is there to read */
	void (*drained)(void *arg);                     /* the last output is on the screen: once */
	void (*log_failed)(void *arg, const struct err *e);
};

struct console_spec {
	bool stdin_, output, read_only;
	bool clipboard; /* wants OSC 52 of the guest */
	bool repaint;   /* wants a snapshot after each change of the size */
	unsigned rows, cols;
};

/* The callbacks and arg are set by the caller after this. */
/* scrollback: lines kept. */
int console_init(struct console *c, uv_loop_t *loop, int rows, int cols, int scrollback, struct crilog *log);
void console_finish(struct console *c);
void console_set_output(struct console *c, int fd);
void console_set_input(struct console *c, int fd);
/* The process has ended: what has arrived by now is shown; then the viewers get the end of file as they
 * take what is theirs. */
void console_drain(struct console *c);
/* true while a viewer has not taken all. */
bool console_busy(const struct console *c);
unsigned console_nviewers(const struct console *c);
/* A viewer, who comes to io with the token; it gets a snapshot first. */
int console_attach(struct console *c, struct iosock *io, const struct console_spec *spec,
		   char ret[static IOSOCK_TOKEN_LEN + 1], uint64_t *ret_viewer);
/* viewer 0: whoever; rows and cols 0 are ignored. */
void console_resize(struct console *c, uint64_t viewer, unsigned rows, unsigned cols);
/* The screen, or the newest scrollback lines, as text: a line a row, trailing blanks cut. */
int console_text(struct console *c, unsigned scrollback, struct buf *ret);

#endif
