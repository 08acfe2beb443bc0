/* SPDX-License-Identifier: Apache-2.0 */
/* screen.h - frames to the terminal and bytes from it.
 *
 * A frame is made only when something is dirty and the last one was taken whole by the terminal; then it
 * shows the newest state. Nothing happens, and no timer runs, while nothing is dirty. */
#ifndef BERTH_TUI_SCREEN_H
#define BERTH_TUI_SCREEN_H

#include <uv.h>

#include "base/buf.h"
#include "base/loop.h"
#include "base/watch.h"
#include "tui/canvas.h"
#include "tui/term.h"

struct screen {
	uv_loop_t *loop;
	struct term *term;
	struct canvas canvas;
	/* the caller's, set after screen_init */
	void *arg;
	void (*draw)(void *arg, struct canvas *c);
	void (*written)(void *arg); /* the last frame has reached the terminal whole */
	void (*input)(void *arg, const char *p, size_t n);
	void (*gone)(void *arg); /* the terminal is: nothing can be written any more; once */
	unsigned gap_ms;         /* least time between two frames */

	/* used inside */
	struct watch *tty;
	struct buf out;
	bool dirty, away, lost, framed;
	uint64_t last_ms; /* of the last frame */
	uv_timer_t *timer;
	struct loop_defer defer;
};

/* Takes fd over, also when it fails: a terminal, or in tests one end of a socket pair. */
int screen_init(struct screen *s, uv_loop_t *loop, int fd, const char *term, int rows, int cols,
		enum term_color color, struct err *e);
/* Leaves the screen as it was before, but for a terminal that is gone. */
void screen_finish(struct screen *s);
void screen_dirty(struct screen *s);
/* Another size: the next frame paints all. */
int screen_resize(struct screen *s, int rows, int cols);
void screen_redraw(struct screen *s);
void screen_mouse(struct screen *s, int mode);
/* A whole sequence, behind what was drawn. */
void screen_send(struct screen *s, const void *p, size_t n);
/* Leaves the alternate screen, for a suspension, and enters it again. */
void screen_leave(struct screen *s);
void screen_enter(struct screen *s);
int screen_fd(const struct screen *s);
/* Something is on its way to the terminal. */
bool screen_busy(const struct screen *s);

#endif
