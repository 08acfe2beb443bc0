/* SPDX-License-Identifier: Apache-2.0 */
/* vt-dump.c - dumps what our terminal shows (see dump.h). With --stream SEED ROWS COLS it writes a random
 * stream instead, with --snapshot ROWS COLS the snapshot that a viewer would get after its input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "vt/compare.h"
#include "vt/dump.h"

#define STREAM_BYTES 600

static void *create(int rows, int cols)
{
	return vt_new(rows, cols, NULL, NULL, NULL);
}

static void feed(void *vt, const uint8_t *p, size_t n)
{
	vt_feed(vt, p, n);
}

static void attr_letters(const struct vt_cell *c, char ret[static 16])
{
	static const struct {
		uint16_t bit;
		char letter;
	} list[] = {
		{ VT_BOLD, 'b' }, { VT_FAINT, 'f' }, { VT_ITALIC, 'i' }, { VT_BLINK, 'k' },
		{ VT_REVERSE, 'r' }, { VT_CONCEAL, 'h' }, { VT_STRIKE, 's' }, { VT_OVERLINE, 'o' },
	};
	int n = 0;

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if (c->attr & list[i].bit)
			ret[n++] = list[i].letter;
	if (VT_UNDERLINE_STYLE(c->attr)) {
		ret[n++] = 'u';
		ret[n++] = '0' + VT_UNDERLINE_STYLE(c->attr);
	}
	ret[n] = 0;
}

static void show(void *terminal, int rows, int cols)
{
	struct vt *vt = terminal;
	struct vt_cursor c = vt_cursor(vt);

	dump_head(c.row, c.col, c.pending ? '1' : '0', c.visible, vt_modes(vt).alt);
	for (int y = 0; y < rows; y++) {
		struct vt_row r = vt_row(vt, y);

		for (int x = 0; x < cols; x++) {
			char attrs[16], text[VT_CELL_TEXT_MAX];

			attr_letters(&r.cells[x], attrs);
			vt_cell_text(vt, &r.cells[x], text);
			dump_cell(x, attrs, r.cells[x].fg, r.cells[x].bg, text);
		}
		putchar('\n');
	}
}

static void destroy(void *vt)
{
	vt_free(vt);
}

static int stream(char **argv)
{
	struct rng r = { strtoull(argv[0], NULL, 10) };
	uint8_t bytes[STREAM_BYTES];
	size_t n = stream_random(&r, atoi(argv[1]), atoi(argv[2]), bytes, sizeof(bytes));

	return fwrite(bytes, 1, n, stdout) == n && fflush(stdout) == 0 ? 0 : 1;
}

static int snapshot(char **argv)
{
	struct vt *vt = vt_new(atoi(argv[0]), atoi(argv[1]), NULL, NULL, NULL);
	AUTO_BUF struct buf out = { 0 };
	uint8_t bytes[4096];
	int rc = vt ? 0 : 1;

	for (ssize_t n; rc == 0 && (n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0;)
		vt_feed(vt, bytes, n);
	if (rc == 0)
		rc = vt_snapshot(vt, VT_SNAPSHOT_CLEAR, 0, &out) < 0;
	if (rc == 0)
		rc = fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout) != 0;
	vt_free(vt);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct dump_terminal ours = { create, feed, show, destroy };

	if (argc == 5 && strcmp(argv[1], "--stream") == 0)
		return stream(argv + 2);
	if (argc == 4 && strcmp(argv[1], "--snapshot") == 0)
		return snapshot(argv + 2);
	return dump_run(argc, argv, &ours);
}
