/* SPDX-License-Identifier: Apache-2.0 */
/* term.h - from a canvas to the bytes that a terminal needs.
 *
 * The only place that knows curses, which serves as a difference engine: it writes to a memory file, from
 * which the bytes are taken; it never reads, asks or waits. Curses keeps globals, so one struct term
 * exists at a time. The bytes must reach the terminal in order and in full, or term_redraw be called. */
#ifndef BERTH_TUI_TERM_H
#define BERTH_TUI_TERM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "tui/canvas.h"

struct term;

enum term_color { TERM_COLOR_AUTO, TERM_COLOR_NEVER }; /* of our own text; guests keep theirs */

/* name: of the terminal's type. -ENOTSUP: it is unknown or cannot address its cursor. */
int term_new(struct term **ret, const char *name, int rows, int cols, enum term_color color, struct err *e);
void term_free(struct term *t);
void term_resize(struct term *t, int rows, int cols);
/* The next draw paints every cell anew. */
void term_redraw(struct term *t);
/* Appends the bytes that take the screen from what was last drawn to c; the first draw, and the one after
 * term_leave, begins with what enters the alternate screen. */
int term_draw(struct term *t, const struct canvas *c, struct buf *out);
/* Appends what leaves the alternate screen and turns all modes off. */
int term_leave(struct term *t, struct buf *out);
/* Mouse reports: 0 none, 1000 clicks, 1002 with drags, 1003 with all motion. */
int term_mouse(struct term *t, int mode, struct buf *out);
/* One string that brings a terminal back from any state this one can be in; for a crash. */
int term_restore_string(struct term *t, struct buf *out);
bool term_has_color(const struct term *t);

#endif
