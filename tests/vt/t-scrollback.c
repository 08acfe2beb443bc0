/* SPDX-License-Identifier: Apache-2.0 */
/* Scrollback and new sizes: lines are wrapped anew, the cursor stays on its character. Screens are written
 * as in t-screen.c, the lines of scrollback b"ab\\/cd\\|efore a '/'; '\' ends a row that goes on in the next. */
#include "vt/vt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

static void add_line(const struct vt *vt, const struct vt_cell *c, int n, bool wrapped, struct buf *out)
{
	size_t end = out->len;

	for (int x = 0; x < n; x++) {
		char text[VT_CELL_TEXT_MAX];

		vt_cell_text(vt, &c[x], text);
		buf_adds(out, text);
		if (c[x].ch && c[x].ch != ' ')
			end = out->len;
	}
	out->len = end;
	if (wrapped)
		buf_addc(out, '\\');
}

static char *picture(struct vt *vt)
{
	struct buf out = { 0 };
	struct vt_cell cells[VT_COLS_MAX];
	struct vt_cursor c = vt_cursor(vt);

	for (int i = 0; i < vt_scrollback(vt); i++) {
		bool wrapped;
		int n = vt_scrollback_line(vt, i, cells, VT_COLS_MAX, &wrapped);

		buf_adds(&out, i ? "|" : "");
		add_line(vt, cells, n, wrapped, &out);
	}
	buf_adds(&out, "/");
	for (int y = 0; y < vt_rows(vt); y++) {
		struct vt_row r = vt_row(vt, y);

		buf_adds(&out, y ? "|" : "");
		add_line(vt, r.cells, vt_cols(vt), r.wrapped, &out);
	}
	buf_addf(&out, " %d,%d%s", c.row, c.col, c.pending ? "+" : "");
	return buf_steal(&out);
}

/* Input on 3 rows of 6; then a new size. */
static const struct {
	const char *input;
	int rows, cols;
	const char *picture;
} rows[] = {
	{ "a\r\nb\r\nc\r\nd", 3, 6, "a/b|c|d 2,1" },
	{ "abcdefgh", 3, 6, "/abcdef\\|gh| 1,2" },
	{ "abcdefgh", 3, 8, "/abcdefgh|| 0,7+" },
	{ "abcdefgh", 3, 9, "/abcdefgh|| 0,8" },
	{ "abcdefgh", 3, 4, "/abcd\\|efgh| 1,3+" },
	{ "abcdefgh", 3, 3, "/abc\\|def\\|gh 2,2" },
	{ "abcdefgh", 3, 2, "ab\\/cd\\|ef\\|gh 2,1+" },
	{ "abcdefgh\033[1;4H", 3, 3, "/abc\\|def\\|gh 1,0" },
	{ "abcdef", 3, 6, "/abcdef|| 0,5+" },
	{ "abcdef", 3, 7, "/abcdef|| 0,6" },
	{ "abcdef", 3, 3, "/abc\\|def| 1,2+" },
	{ "abc\r\ndef", 3, 3, "/abc|def| 1,2+" },
	{ "ab\r\n\r\ncd", 3, 2, "/ab||cd 2,1+" },
	{ "漢字仮名", 3, 5, "/漢字\\|仮名| 1,4" },
	{ "漢字仮名", 3, 3, "漢\\/字\\|仮\\|名 2,2" },
	{ "漢字仮名", 3, 8, "/漢字仮名|| 0,7+" },
	{ "漢字仮名", 3, 1, "/|| 0,0" },
	/* rows come from the scrollback when the screen was full, and go there */
	{ "a\r\nb\r\nc\r\nd", 5, 6, "/a|b|c|d| 3,1" },
	{ "a\r\nb\r\nc\r\nd", 2, 6, "a|b/c|d 1,1" },
	{ "a\r\nb\r\nc\r\nd\033[2J\033[H$", 5, 6, "a/$|||| 0,1" },
	{ "a\r\nb", 1, 6, "a/b 0,1" },
	{ "a\r\nb", 2, 6, "/a|b 1,1" },
	{ "a\r\nb\r\nc\033[H", 2, 6, "/a|b 0,0" },
	{ "a\r\nb\r\n", 2, 6, "a/b| 1,0" },
	/* a line that runs from the scrollback onto the screen */
	{ "abcdefghijklmnopqrstuvwxyz", 3, 26, "/abcdefghijklmnopqrstuvwxyz|| 0,25+" },
	{ "abcdefghijklmnopqrstuvwxyz", 3, 5, "abcde\\|fghij\\|klmno\\/pqrst\\|uvwxy\\|z 2,1" },
	{ "abcdefghijklmnopqrstuvwxyz\033[2J", 3, 26, "abcdefghijkl/|| 2,2" },
	/* a cursor among blanks */
	{ "\033[1;6H", 3, 3, "/\\|| 1,2" },
	{ "ab\033[1;6H", 3, 3, "/ab\\|| 1,2" },
	/* the alternate screen is cut, the main one below it wrapped */
	{ "abcdefgh\033[?1049hABCDEFGH", 3, 4, "/|  AB|EFGH 2,3" },
	{ "abcdefgh\033[?1049hABCDEF\033[?1049l", 3, 4, "/abcd\\|efgh| 1,3+" },
	{ "\033[2;3r", 5, 6, "/|||| 0,0" },
};

static void test_reflow(void **state)
{
	int failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct vt *vt = vt_new(3, 6, NULL, NULL, NULL);
		AUTO_FREE char *got = NULL;

		vt_feed(vt, rows[i].input, strlen(rows[i].input));
		assert_int_equal(vt_resize(vt, rows[i].rows, rows[i].cols), 0);
		got = picture(vt);
		if (strcmp(got, rows[i].picture)) {
			fprintf(stderr, "row %zu: got '%s', not '%s'\n", i, got, rows[i].picture);
			failed++;
		}
		vt_free(vt);
	}
	assert_int_equal(failed, 0);
}

/* Wide, narrow and back: the text is as before. */
static void test_there_and_back(void **state)
{
	struct vt *vt = vt_new(5, 40, NULL, NULL, NULL);
	AUTO_FREE char *before = NULL, *after = NULL;

	for (int i = 0; i < 200; i++) {
		char line[160];
		int n = snprintf(line, sizeof(line), "\033[%dm%d 漢字 e\xcc\x81%.*s\r\n", 30 + i % 8, i, i % 70,
				 "the quick brown fox jumps over the lazy dog, and over many more, one by one");

		vt_feed(vt, line, n);
	}
	before = picture(vt);
	for (int cols = 39; cols >= 8; cols -= 3)
		vt_resize(vt, 5, cols);
	vt_resize(vt, 5, 40);
	after = picture(vt);
	assert_string_equal(before, after);
	vt_free(vt);
}

static void test_attributes_survive(void **state)
{
	static const char line[] = "\033[1;38;2;1;2;3;48;5;9mab\033[4:3;58:5:7me\xcc\x81\033[m "
				   "\033]8;id=i;http://u\033\\li\033]8;;\033\\\033[41m\033[K\r\n\n\n\n";
	struct vt *vt = vt_new(3, 20, NULL, NULL, NULL);
	struct vt_cell live[20], kept[20];
	uint32_t marks[VT_MARKS_MAX];
	const char *id;
	bool wrapped;

	vt_feed(vt, line, sizeof(line) - 1 - 5);
	memcpy(live, vt_row(vt, 0).cells, sizeof(live));
	vt_feed(vt, line + sizeof(line) - 1 - 5, 5);
	assert_int_equal(vt_scrollback(vt), 2);
	assert_int_equal(vt_scrollback_line(vt, 0, kept, 20, &wrapped), 20);
	assert_memory_equal(live, kept, sizeof(live)); /* equal extensions share an index */
	assert_int_equal(vt_cell_marks(vt, &kept[2], marks), 1);
	assert_int_equal(vt_cell_underline_color(vt, &kept[2]), VT_COLOR_INDEX | 7);
	assert_string_equal(vt_cell_link(vt, &kept[4], &id), "http://u");
	assert_int_equal(vt_scrollback_line(vt, 2, kept, 20, &wrapped), -ERANGE);
	assert_int_equal(vt_scrollback_line(vt, 0, kept, 3, &wrapped), 20); /* cut to 3 */
	vt_free(vt);
}

static void test_limits(void **state)
{
	static const struct vt_limits few = { 3, 1 << 20, 2000, 5000 }, none = { 0, 0, 2000, 5000 };
	struct vt *vt = vt_new(1, 6, &few, NULL, NULL);
	AUTO_FREE char *got = NULL;

	vt_feed(vt, "a\r\nb\r\nc\r\nd\r\ne\r\nf", 16);
	got = picture(vt);
	assert_string_equal(got, "c|d|e/f 0,1");
	assert_int_equal(vt_scrollback_first(vt), 2);
	vt_feed(vt, "\033[3J", 4);
	assert_int_equal(vt_scrollback(vt), 0);
	assert_int_equal(vt_scrollback_first(vt), 5);
	vt_free(vt);

	vt = vt_new(2, 6, &none, NULL, NULL);
	vt_feed(vt, "abcdefgh\r\nij\r\nkl", 16);
	assert_int_equal(vt_scrollback(vt), 0);
	vt_resize(vt, 2, 3);
	vt_resize(vt, 4, 8);
	free(got);
	got = picture(vt);
	assert_string_equal(got, "/ij|kl|| 1,2");
	vt_free(vt);
}

static void test_bytes(void **state)
{
	struct vt *vt = vt_new(24, 200, NULL, NULL, NULL);
	char line[201];

	memset(line, 'x', sizeof(line));
	line[199] = '\r';
	line[200] = '\n';
	for (int i = 0; i < 20000; i++)
		vt_feed(vt, line, sizeof(line));
	assert_int_equal(vt_scrollback(vt), 10000);
	assert_true(vt_scrollback_bytes(vt) < 10000 * 220 + 3 * 65536);
	vt_free(vt);
}

static void test_width(void **state)
{
	static const struct {
		uint32_t cp;
		int width;
	} list[] = {
		{ 0, 0 }, { 0x1f, 0 }, { ' ', 1 }, { '~', 1 }, { 0x7f, 0 }, { 0x9f, 0 }, { 0xa0, 1 }, { 0xad, 1 },
		{ 0x300, 0 }, { 0x483, 0 }, { 0x410, 1 }, { 0x1100, 2 }, { 0x1160, 0 }, { 0x200b, 0 }, { 0x200d, 0 },
		{ 0x2500, 1 }, { 0x3000, 2 }, { 0x4e00, 2 }, { 0xac00, 2 }, { 0xd7a3, 2 }, { 0xfe0f, 0 }, { 0xff01, 2 },
		{ 0xfffd, 1 }, { 0x1f600, 2 }, { 0x20000, 2 }, { 0xe0100, 0 }, { 0x10ffff, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (vt_width(list[i].cp) != list[i].width)
			fail_msg("U+%04X is %d wide", list[i].cp, vt_width(list[i].cp));
}

/* A viewer with fewer rows than the terminal: text at the top is seen, not scrolled away for blank rows. */
static void test_snapshot_on_fewer_rows(void **state)
{
	static const struct vt_limits limits = { 100, 1 << 20, 4096, 1 << 16 };
	static const char text[] = "one\r\n$ two";
	struct vt *vt = vt_new(23, 20, &limits, NULL, NULL), *small = vt_new(5, 20, &limits, NULL, NULL);
	AUTO_BUF struct buf snap = { 0 };
	AUTO_FREE char *seen = NULL;

	assert_non_null(vt);
	assert_non_null(small);
	vt_feed(vt, text, sizeof(text) - 1);
	assert_int_equal(vt_snapshot(vt, VT_SNAPSHOT_CLEAR, 0, &snap), 0);
	vt_feed(small, (const char *)snap.p, snap.len);
	seen = picture(small);
	assert_string_equal(seen, "/one|$ two||| 1,5");
	vt_free(vt);
	vt_free(small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reflow), cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_attributes_survive), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_width),
		cmocka_unit_test(test_snapshot_on_fewer_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
