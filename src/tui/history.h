/* SPDX-License-Identifier: Apache-2.0 */
/* history.h - earlier input of one purpose, and the search in it. */
#ifndef BERTH_TUI_HISTORY_H
#define BERTH_TUI_HISTORY_H

#include "tui/input.h"
#include "tui/line.h"

#define HISTORY_MAX 20
#define HISTORY_BYTES 256

struct history {
	char text[HISTORY_MAX][HISTORY_BYTES]; /* oldest first */
	int n;
};

/* As the newest; a text that was there already is not there twice. */
void history_add(struct history *h, const char *text);

/* What is typed narrows, newest first; the line shows what was found. */
struct history_search {
	bool on;
	struct line typed, was; /* was: the line before */
	int at;                 /* what is shown; -1: nothing has it */
};
/* The key of history, in a line. */
bool history_key(const struct input_event *ev);
void history_begin(struct history_search *s, const struct history *h, struct line *line);
/* While it is on. True: the key was the search's: itself again for an older one, Enter and Tab take what is shown, Esc
 * goes back to what was. False: what is shown is taken, and the key is the line's. */
bool history_input(struct history_search *s, const struct history *h, struct line *line, const struct input_event *ev);
/* "history: wor" */
void history_note(const struct history_search *s, struct buf *b);

#endif
