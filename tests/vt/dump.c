/* SPDX-License-Identifier: Apache-2.0 */
#include "vt/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vt/vt.h"

#define INPUT_MAX (4u << 20)

void dump_head(int row, int col, char pending, int visible, int alt)
{
	printf("cursor %d %d pending %c visible %d alt %d\n", row, col, pending, !!visible, !!alt);
}

static void color(uint32_t c)
{
	if (VT_COLOR_KIND(c) == VT_COLOR_RGB)
		printf("#%06x ", VT_COLOR_VALUE(c));
	else if (VT_COLOR_KIND(c) == VT_COLOR_INDEX)
		printf("%u ", VT_COLOR_VALUE(c));
	else
		fputs("- ", stdout);
}

void dump_cell(int x, const char *attrs, uint32_t fg, uint32_t bg, const char *text)
{
	printf("%s%s ", x ? "\x1f" : "", attrs);
	color(fg);
	color(bg);
	fputs(text, stdout);
}

int dump_run(int argc, char **argv, const struct dump_terminal *t)
{
	int rows = argc > 2 ? atoi(argv[1]) : 0, cols = argc > 2 ? atoi(argv[2]) : 0;
	uint8_t *in = malloc(INPUT_MAX);
	size_t len = 0, at = 0;
	void *terminal;

	if (rows < 1 || cols < 1 || !in) {
		fprintf(stderr, "usage: %s ROWS COLS [CUT...] <BYTES\n", argv[0]);
		return 2;
	}
	for (ssize_t n; (n = read(STDIN_FILENO, in + len, INPUT_MAX - len)) > 0;)
		len += n;
	terminal = t->create(rows, cols);
	if (!terminal)
		return 1;
	for (int i = 3; i <= argc; i++) {
		size_t upto = i < argc ? strtoul(argv[i], NULL, 10) : len;

		upto = upto < len ? upto : len;
		if (upto > at) {
			t->feed(terminal, in + at, upto - at);
			at = upto;
		}
		t->show(terminal, rows, cols);
	}
	t->destroy(terminal);
	free(in);
	return fflush(stdout) == 0 ? 0 : 1;
}
