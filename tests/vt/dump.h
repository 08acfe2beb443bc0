/* SPDX-License-Identifier: Apache-2.0 */
/* dump.h - what a terminal shows, in a form that can be compared: ours, and those it is held against.
 *
 * A program that dumps a terminal has the arguments ROWS COLS [CUT...]; bytes come on its standard input. It
 * prints a frame after each CUT bytes and one at the end:
 *
 *   cursor ROW COL pending 0 visible 1 alt 0
 *   then a line for each row, cells divided by 0x1f, each "ATTRS FG BG TEXT"
 *
 * ATTRS are letters: b bold, f faint, i italic, k blink, r reverse, h concealed, s struck, o overlined, u and
 * a digit for the underline. FG and BG are -, an index, or #rrggbb. The second half of a wide character has
 * no text. "pending -" when the terminal does not tell. */
#ifndef BERTH_TESTS_VT_DUMP_H
#define BERTH_TESTS_VT_DUMP_H

#include <stddef.h>
#include <stdint.h>

struct dump_terminal {
	void *(*create)(int rows, int cols);
	void (*feed)(void *terminal, const uint8_t *p, size_t n);
	void (*show)(void *terminal, int rows, int cols); /* one frame, with the two functions below */
	void (*destroy)(void *terminal);
};

void dump_head(int row, int col, char pending, int visible, int alt);
/* Colours as in vt.h; x is the column. */
void dump_cell(int x, const char *attrs, uint32_t fg, uint32_t bg, const char *text);

/* The rest of main(). */
int dump_run(int argc, char **argv, const struct dump_terminal *t);

#endif
