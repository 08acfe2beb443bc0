/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - one line of text that is being typed. */
#ifndef BERTH_TUI_LINE_H
#define BERTH_TUI_LINE_H

#include "tui/canvas.h"
#include "tui/input.h"

#define LINE_MAX_BYTES 1024

struct line {
	char text[LINE_MAX_BYTES]; /* UTF-8, always terminated */
	size_t len, cur;           /* bytes; cur stands between two characters */
};

void line_set(struct line *l, const char *text);
/* Typing, moving, deleting as in a shell. True if the key meant something to a line. */
bool line_key(struct line *l, const struct input_event *ev);
/* A paste: its first line, without control characters. */
void line_paste(struct line *l, const char *p, size_t n);
/* Draws width columns, scrolled so that the cursor is seen. Returns the cursor's column on the canvas. */
int line_draw(const struct line *l, struct canvas *c, int y, int x, int width, enum role role);

#endif
