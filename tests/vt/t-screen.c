/* SPDX-License-Identifier: Apache-2.0 */
/* What sequences do to the screen: the rows of tests/vt/cases.tsv, which are also asked of other terminals by
 * differ.py; then attributes, links and damage. */
#include "vt/vt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/path.h"

static void screen_text(const struct vt *vt, struct buf *out)
{
	for (int y = 0; y < vt_rows(vt); y++) {
		struct vt_row r = vt_row(vt, y);
		size_t end = out->len;

		for (int x = 0; x < vt_cols(vt); x++) {
			char text[VT_CELL_TEXT_MAX];

			vt_cell_text(vt, &r.cells[x], text);
			buf_adds(out, text);
			if (r.cells[x].ch && r.cells[x].ch != ' ')
				end = out->len;
		}
		out->len = end;
		buf_adds(out, y + 1 < vt_rows(vt) ? "|" : "");
		if (out->p)
			out->p[out->len] = 0;
	}
}

/* \e \n \r \t \b \\ and \xNN, in place; returns the length. */
static size_t unescape(char *s)
{
	static const char letters[] = "enrtb\\", bytes[] = "\033\n\r\t\b\\";
	const char *from = s;
	char *to = s;

	for (; *s; s++) {
		const char *at = *s == '\\' && s[1] ? strchr(letters, s[1]) : NULL;
		unsigned byte;

		if (at) {
			*to++ = bytes[at - letters];
			s++;
		} else if (sscanf(s, "\\x%2x", &byte) == 1) {
			*to++ = byte;
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = 0;
	return to - from;
}

/* 4 rows of 10; true when screen and cursor are as told. */
static bool as_told(const char *name, const char *input, size_t n, const char *screen, const char *where)
{
	struct vt *vt = vt_new(4, 10, NULL, NULL, NULL);
	AUTO_BUF struct buf got = { 0 };
	struct vt_cursor c;
	char cursor[32];
	bool same;

	vt_feed(vt, input, n);
	c = vt_cursor(vt);
	snprintf(cursor, sizeof(cursor), "%d,%d%s", c.row, c.col, c.pending ? "+" : "");
	screen_text(vt, &got);
	same = strcmp((char *)got.p, screen) == 0 && strcmp(cursor, where) == 0;
	if (!same)
		fprintf(stderr, "%s: got '%s' at %s, not '%s' at %s\n", name, (char *)got.p, cursor, screen, where);
	vt_free(vt);
	return same;
}

static void test_rows(void **state)
{
	AUTO_FREE char *path = path_join(getenv("abs_top_srcdir") ?: ".", "tests/vt/cases.tsv"), *line = NULL;
	FILE *f = fopen(path, "r");
	int nrows = 0, failed = 0;
	size_t size = 0;

	assert_non_null(f);
	for (ssize_t len; (len = getline(&line, &size, f)) > 0;) {
		char *rest = line, *name, *input, *screen, *where;
		size_t n;

		line[len - 1] = 0;
		if (*line == '#' || !*line)
			continue;
		name = strsep(&rest, "\t");
		input = strsep(&rest, "\t");
		screen = strsep(&rest, "\t");
		where = strsep(&rest, "\t");
		assert_true(where && !rest);
		n = unescape(input);
		unescape(screen);
		failed += !as_told(name, input, n, screen, where);
		nrows++;
	}
	fclose(f);
	assert_int_equal(failed, 0);
	assert_true(nrows > 100);
}

/* --- attributes: the cell in the first column after the input */

static const struct {
	const char *input;
	uint32_t fg, bg, ul;
	uint16_t attr;
} cells[] = {
	{ "x", 0, 0, 0, 0 },
	{ "\033[1;3;4;7mx", 0, 0, 0, VT_BOLD | VT_ITALIC | 1 << 8 | VT_REVERSE },
	{ "\033[1;2;22mx", 0, 0, 0, 0 },
	{ "\033[5;8;9;53mx", 0, 0, 0, VT_BLINK | VT_CONCEAL | VT_STRIKE | VT_OVERLINE },
	{ "\033[5;8;9;53;25;28;29;55mx", 0, 0, 0, 0 },
	{ "\033[31;42mx", VT_COLOR_INDEX | 1, VT_COLOR_INDEX | 2, 0, 0 },
	{ "\033[91;102mx", VT_COLOR_INDEX | 9, VT_COLOR_INDEX | 10, 0, 0 },
	{ "\033[38;5;200;48;5;17mx", VT_COLOR_INDEX | 200, VT_COLOR_INDEX | 17, 0, 0 },
	{ "\033[38;2;1;2;3;48;2;4;5;6;1mx", VT_COLOR_RGB | 0x010203, VT_COLOR_RGB | 0x040506, 0, VT_BOLD },
	{ "\033[38:2::1:2:3;48:2:4:5:6;1mx", VT_COLOR_RGB | 0x010203, VT_COLOR_RGB | 0x040506, 0, VT_BOLD },
	{ "\033[38:5:7;1mx", VT_COLOR_INDEX | 7, 0, 0, VT_BOLD },
	{ "\033[38;5mx", 0, 0, 0, 0 },
	{ "\033[38;5;999mx", 0, 0, 0, 0 },
	{ "\033[31;38;2;300;1;1mx", VT_COLOR_INDEX | 1, 0, 0, 0 },
	{ "\033[4:3;58:2::9:8:7mx", 0, 0, VT_COLOR_RGB | 0x090807, 3 << 8 },
	{ "\033[4:5;58;5;3;59mx", 0, 0, 0, 5 << 8 },
	{ "\033[21mx", 0, 0, 0, 2 << 8 },
	{ "\033[4;24mx", 0, 0, 0, 0 },
	{ "\033[31;1;mx", 0, 0, 0, 0 },
	{ "\033[31;39;41;49mx", 0, 0, 0, 0 },
	{ "\033[>4;2m\033[?4mx", 0, 0, 0, 0 },
	{ "\033[41m\033[2J", 0, VT_COLOR_INDEX | 1, 0, 0 },
	{ "\033[41;1m\033[K", 0, VT_COLOR_INDEX | 1, 0, 0 },
	{ "x\033[41m\033[H\033[L", 0, VT_COLOR_INDEX | 1, 0, 0 },
	{ "\033[44mx\033[m\033[H\033[X", 0, 0, 0, 0 },
	{ "x\033[H\033[44m\033[@", 0, VT_COLOR_INDEX | 4, 0, 0 },
	{ "\033[41m\033[1J", 0, VT_COLOR_INDEX | 1, 0, 0 },
	{ "x\033[41m\r\033[10P", 0, VT_COLOR_INDEX | 1, 0, 0 },
	{ "x\033[48;2;1;2;3m\033[4M", 0, VT_COLOR_RGB | 0x010203, 0, 0 },
	{ "x\033[48;5;99m\033[4S", 0, VT_COLOR_INDEX | 99, 0, 0 },
	{ "x\033[41m\033[T", 0, VT_COLOR_INDEX | 1, 0, 0 },
	{ "x\033[41m\033[H\033M", 0, VT_COLOR_INDEX | 1, 0, 0 },
	{ "x\033[41m\033[4H\n\n\n\n", 0, VT_COLOR_INDEX | 1, 0, 0 },
	{ "x\033[7;41m\033[2K", 0, VT_COLOR_INDEX | 1, 0, 0 },
	{ "\033[41m\346\274\242\033[m\033[2Gx", 0, VT_COLOR_INDEX | 1, 0, 0 }, /* half of a wide one is gone */
	{ "x\033[41m\033[?1047h", 0, 0, 0, 0 },
	{ "\033[1\"qx", 0, 0, 0, VT_PROTECTED },
	{ "\033[1\"q\033[0mx", 0, 0, 0, VT_PROTECTED },
};

static void test_cells(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
		struct vt *vt = vt_new(4, 10, NULL, NULL, NULL);
		const struct vt_cell *c;

		vt_feed(vt, cells[i].input, strlen(cells[i].input));
		c = vt_row(vt, 0).cells;
		if (c->fg != cells[i].fg || c->bg != cells[i].bg || c->attr != cells[i].attr ||
		    vt_cell_underline_color(vt, c) != cells[i].ul)
			fail_msg("'%s': fg %x bg %x attr %x ul %x", cells[i].input + 1, c->fg, c->bg, c->attr,
				 vt_cell_underline_color(vt, c));
		vt_free(vt);
	}
}

static void test_links(void **state)
{
	static const char input[] = "\033]8;id=a;http://x/\033\\ab\033]8;;\033\\c\033]8;;http://y;z\007d";
	struct vt *vt = vt_new(2, 10, NULL, NULL, NULL);
	const struct vt_cell *c;
	const char *id;

	vt_feed(vt, input, sizeof(input) - 1);
	c = vt_row(vt, 0).cells;
	assert_string_equal(vt_cell_link(vt, &c[1], &id), "http://x/");
	assert_string_equal(id, "a");
	assert_null(vt_cell_link(vt, &c[2], NULL));
	assert_string_equal(vt_cell_link(vt, &c[3], &id), "http://y;z");
	assert_string_equal(id, "");
	vt_free(vt);
}

/* More colours of underlines than the table has places: those that are seen are right, old ones make room. */
static void test_many_colors(void **state)
{
	struct vt *vt = vt_new(24, 80, NULL, NULL, NULL);
	const int total = 60000, seen = 20 * 80;

	for (int i = 0; i < total; i++) {
		char text[64];
		int n = snprintf(text, sizeof(text), "\033[4;58:2::%d:%d:%dmx", i >> 16, i >> 8 & 255, i & 255);

		vt_feed(vt, text, n);
	}
	for (int i = total - seen; i < total; i++) {
		int y = 23 - (total - 1 - i) / 80;
		const struct vt_cell *c = &vt_row(vt, y).cells[i % 80];

		if (vt_cell_underline_color(vt, c) != (VT_COLOR_RGB | (uint32_t)i))
			fail_msg("cell %d has the underline %x", i, vt_cell_underline_color(vt, c));
	}
	for (int i = 0; i < vt_scrollback(vt); i++) { /* lines that were packed have theirs too */
		struct vt_cell line[80];
		bool wrapped;

		assert_int_equal(vt_scrollback_line(vt, i, line, 80, &wrapped), 80);
		assert_int_equal(vt_cell_underline_color(vt, &line[7]), VT_COLOR_RGB | (uint32_t)(i * 80 + 7));
	}
	vt_free(vt);
}

/* More hyperlinks at once than are kept: some go without, none gets another's; later ones have room again. */
static void test_many_links(void **state)
{
	struct vt *vt = vt_new(24, 80, NULL, NULL, NULL);
	int without = 0, without_later = 0;

	for (int round = 0; round < 4; round++) {
		vt_feed(vt, "\033[m\033]8;;\007\033[2J\033[H", 17);
		for (int i = 0; i < 1500; i++) {
			char text[64];
			int n = snprintf(text, sizeof(text), "\033]8;;http://%d/%d\007x", round, i);

			vt_feed(vt, text, n);
		}
		for (int i = 0; i < 1500; i++) {
			const char *uri = vt_cell_link(vt, &vt_row(vt, i / 80).cells[i % 80], NULL);
			char wanted[64];

			snprintf(wanted, sizeof(wanted), "http://%d/%d", round, i);
			if (uri)
				assert_string_equal(uri, wanted);
			else
				without++;
		}
	}
	assert_true(without > 0);
	vt_feed(vt, "\033]8;;\007\033[2J\033[H", 14);
	for (int i = 0; i < 20000; i++) {
		char text[64];
		int n = snprintf(text, sizeof(text), "\033]8;;http://last/%d\007\rx", i);

		vt_feed(vt, text, n);
		without_later += !vt_cell_link(vt, &vt_row(vt, 0).cells[0], NULL);
	}
	assert_true(without_later < 20000 / 2);
	vt_free(vt);
}

static void test_damage(void **state)
{
	struct vt *vt = vt_new(3, 10, NULL, NULL, NULL);
	uint64_t g;

	vt_feed(vt, "a\r\nb\r\nc", 7);
	g = vt_generation(vt);
	vt_feed(vt, "\033[2;1Hx", 7);
	assert_false(vt_row(vt, 0).gen > g);
	assert_true(vt_row(vt, 1).gen > g);
	assert_false(vt_row(vt, 2).gen > g);
	g = vt_generation(vt);
	vt_feed(vt, "\033[3;1H\n", 7);
	for (int y = 0; y < 3; y++)
		assert_true(vt_row(vt, y).gen > g);
	g = vt_generation(vt);
	vt_feed(vt, "\033[6n\033[1m\033[2;2H", 13);
	for (int y = 0; y < 3; y++)
		assert_false(vt_row(vt, y).gen > g);
	vt_free(vt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_many_colors),
		cmocka_unit_test(test_many_links),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
