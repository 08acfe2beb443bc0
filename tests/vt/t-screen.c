/* SPDX-License-Identifier: Apache-2.0 */
/* What sequences do to the screen: rows of input and the screen after it, '|' between lines, trailing
 * blanks cut; the cursor counts from 0, and '+' says that a wrap is pending. */
#include "vt/vt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

struct row {
	const char *name, *input, *screen, *cursor;
};

#define ABC "aaaaaaaaaa\r\nbbbbbbbbbb\r\ncccccccccc\r\ndddddddddd"

static const struct row rows[] = {
	/* printing and wrapping: 4 rows of 10 */
	{ "text", "hello", "hello|||", "0,5" },
	{ "CR LF", "ab\r\ncd", "ab|cd||", "1,2" },
	{ "LF keeps the column", "ab\ncd", "ab|  cd||", "1,4" },
	{ "full row waits", "0123456789", "0123456789|||", "0,9+" },
	{ "and wraps", "0123456789a", "0123456789|a||", "1,1" },
	{ "CR ends waiting", "0123456789\rx", "x123456789|||", "0,1" },
	{ "BS goes left from the last column", "0123456789\bx", "01234567x9|||", "0,9" },
	{ "LF ends waiting", "0123456789\nx", "0123456789|         x||", "1,9+" },
	{ "SGR does not", "0123456789\033[1mx", "0123456789|x||", "1,1" },
	{ "CUF does", "0123456789\033[Cx", "012345678x|||", "0,9+" },
	{ "EL does", "0123456789\033[Kx", "012345678x|||", "0,9+" },
	{ "no autowrap", "\033[?7l0123456789abc", "012345678c|||", "0,9" },
	{ "scrolls at the bottom", ABC "e", "bbbbbbbbbb|cccccccccc|dddddddddd|e", "3,1" },
	{ "tab", "a\tb", "a       b|||", "0,9" },
	{ "tab stops at the edge", "a\t\t\tb", "a        b|||", "0,9+" },
	{ "HTS and TBC", "\033[4G\033H\r\tx\033[3g\r\ty", "   x     y|||", "0,9+" },
	{ "CBT", "abcdefghi\033[Zx", "abcdefghx|||", "0,9" },
	{ "CHT", "\033[2Ix", "         x|||", "0,9+" },
	{ "VT and FF are LF", "a\vb\fc", "a| b|  c|", "2,3" },
	{ "NEL, IND, RI", "ab\033Ec\033Dd\033Me", "ab|c e| d|", "1,3" },
	{ "RI at the top scrolls", "ab\r\ncd\033[H\033Mx", "x|ab|cd|", "0,1" },
	{ "REP", "x\033[3b", "xxxx|||", "0,4" },
	{ "REP stops at the edge", "x\033[99b", "xxxxxxxxxx|||", "0,9+" },
	/* movement */
	{ "CUP", "\033[2;3Hx", "|  x||", "1,3" },
	{ "HVP and clamping", "\033[99;99fx", "|||         x", "3,9+" },
	{ "CUP without numbers", "abc\033[Hx", "xbc|||", "0,1" },
	{ "CUU CUD CUF CUB", "\033[2;2H\033[Ax\033[2Bx\033[3Cx\033[4Dx", " x||  xx  x|", "2,4" },
	{ "CNL CPL", "ab\033[2Ec\033[Fd", "ab|d|c|", "1,1" },
	{ "CHA HPA VPA", "\033[3Ga\033[6`b\033[3dc", "  a  b||      c|", "2,7" },
	{ "HPR VPR", "\033[2aa\033[2ex", "  a||   x|", "2,4" },
	{ "CUU stops at the margin", "\033[2;3r\033[3;1H\033[9Ax", "|x||", "1,1" },
	{ "CUD stops at the margin", "\033[2;3r\033[2;1H\033[9Bx", "||x|", "2,1" },
	{ "CUU above the margin", "\033[3;4r\033[2;1H\033[9Ax", "x|||", "0,1" },
	{ "DECSC DECRC", "ab\0337\033[3;3Hx\0338y", "aby||  x|", "0,3" },
	{ "DECRC without DECSC", "abc\0338x", "xbc|||", "0,1" },
	{ "SCOSC SCORC", "ab\033[s\033[3;3Hx\033[uy", "aby||  x|", "0,3" },
	/* erasing */
	{ "EL 0", "abcdef\033[3G\033[K", "ab|||", "0,2" },
	{ "EL 1", "abcdef\033[3G\033[1K", "   def|||", "0,2" },
	{ "EL 2", "abcdef\033[3G\033[2K", "|||", "0,2" },
	{ "ED 0", ABC "\033[2;3H\033[J", "aaaaaaaaaa|bb||", "1,2" },
	{ "ED 1", ABC "\033[2;3H\033[1J", "|   bbbbbbb|cccccccccc|dddddddddd", "1,2" },
	{ "ED 2", ABC "\033[2J", "|||", "3,9" },
	{ "ECH", "abcdef\033[2G\033[3X", "a   ef|||", "0,1" },
	{ "ECH over the edge", "abcdef\033[2G\033[99X", "a|||", "0,1" },
	{ "DECSEL leaves what is protected", "ab\033[1\"qcd\033[0\"qef\033[?2K", "  cd|||", "0,6" },
	{ "EL does not", "ab\033[1\"qcd\033[0\"qef\033[2K", "|||", "0,6" },
	/* inserting, deleting */
	{ "ICH", "abcdef\033[2G\033[2@", "a  bcdef|||", "0,1" },
	{ "ICH pushes out", "0123456789\033[2G\033[3@", "0   123456|||", "0,1" },
	{ "DCH", "abcdef\033[2G\033[2P", "adef|||", "0,1" },
	{ "DCH more than there is", "abcdef\033[2G\033[99P", "a|||", "0,1" },
	{ "IRM", "abc\r\033[4hxy\033[4lz", "xyzbc|||", "0,3" },
	{ "IL", ABC "\033[2;3H\033[L", "aaaaaaaaaa||bbbbbbbbbb|cccccccccc", "1,0" },
	{ "DL", ABC "\033[2;3H\033[M", "aaaaaaaaaa|cccccccccc|dddddddddd|", "1,0" },
	{ "IL in margins", ABC "\033[1;3r\033[2H\033[L", "aaaaaaaaaa||bbbbbbbbbb|dddddddddd", "1,0" },
	{ "DL outside of margins does nothing", ABC "\033[1;2r\033[4;2H\033[M", "aaaaaaaaaa|bbbbbbbbbb|cccccccccc|dddddddddd", "3,1" },
	{ "SU SD", ABC "\033[2S\033[T", "|cccccccccc|dddddddddd|", "3,9" },
	/* margins and origin */
	{ "DECSTBM homes", "abc\033[2;3r", "abc|||", "0,0" },
	{ "DECSTBM scrolls inside", ABC "\033[2;3r\033[3;1H\n", "aaaaaaaaaa|cccccccccc||dddddddddd", "2,0" },
	{ "LF below the margin stays", ABC "\033[1;2r\033[4;1H\n\n", "aaaaaaaaaa|bbbbbbbbbb|cccccccccc|dddddddddd", "3,0" },
	{ "bad margins are ignored", "\033[2;2Habc\033[3;3r\033[3;2rx", "| abcx||", "1,5" },
	{ "DECOM", "\033[2;3r\033[?6h\033[1;1Hx\033[9;1Hy", "|x|y|", "2,1" },
	{ "DECOM off homes", "\033[2;3r\033[?6h\033[?6lx", "x|||", "0,1" },
	{ "wrap at the bottom margin", "\033[1;2r\033[2;1H0123456789a", "0123456789|a||", "1,1" },
	/* charsets */
	{ "DEC graphics", "\033(0lqk\033(Bx", "┌─┐x|||", "0,4" },
	{ "SO SI", "\033)0\016q\017q", "─q|||", "0,2" },
	{ "SS2", "\033*0\033Nqq", "─q|||", "0,2" },
	{ "LS3", "\033+0\033oqq\017q", "──q|||", "0,3" },
	{ "UK", "\033(A#\033(B#", "£#|||", "0,2" },
	/* characters of two columns, of none */
	{ "wide", "漢字x", "漢字x|||", "0,5" },
	{ "wide at the edge", "012345678漢", "012345678|漢||", "1,2" },
	{ "wide fills the row", "01234567漢", "01234567漢|||", "0,9+" },
	{ "wide, no autowrap", "\033[?7l012345678漢", "012345678|||", "0,9" },
	{ "over the left half", "漢x\rab", "abx|||", "0,2" },
	{ "over one half", "漢x\ra", "a x|||", "0,1" },
	{ "over the right half", "漢x\033[2Ga", " ax|||", "0,2" },
	{ "ECH of one half", "漢x\033[X\033[2G\033[X", "  x|||", "0,1" },
	{ "DCH of one half", "漢x\r\033[P", " x|||", "0,0" },
	{ "ICH within", "漢x\033[2G\033[@", "   x|||", "0,1" },
	{ "ICH pushes a half out", "01234567漢\r\033[@", " 01234567|||", "0,0" },
	{ "combining", "e\xcc\x81x", "e\xcc\x81x|||", "0,2" },
	{ "combining at the edge", "012345678e\xcc\x81", "012345678e\xcc\x81|||", "0,9+" },
	{ "combining on nothing", "\xcc\x81x", "x|||", "0,1" },
	{ "combining over a wide one", "漢\xcc\x81", "漢\xcc\x81|||", "0,2" },
	{ "at most six marks", "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
	  "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81|||", "0,1" },
	{ "joiners and selectors are dropped", "a\xe2\x80\x8d\xef\xb8\x8f\xe2\x80\xaex", "ax|||", "0,2" },
	{ "no UTF-8", "a\xff\xc3x\xe2\x82y", "a��x�y|||", "0,6" },
	{ "overlong", "\xc0\xaf", "��|||", "0,2" },
	{ "surrogate", "\xed\xa0\x80", "���|||", "0,3" },
	/* the parser */
	{ "control within a sequence", "ab\033[\b2Cx", "ab x|||", "0,4" },
	{ "CAN", "\033[3\030x", "x|||", "0,1" },
	{ "ESC in a sequence begins anew", "\033[3\033[2Cx", "  x|||", "0,3" },
	{ "many parameters", "\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;9Hx", "x|||", "0,1" },
	{ "huge number", "\033[99999999999999999999Cx", "         x|||", "0,9+" },
	{ "unknown sequences", "\033[?99x\033[1 !yx\033#9\033[=5z", "x|||", "0,1" },
	{ "C1 in UTF-8", "\302\2332Cx\302\205y", "  x|y||", "1,1" },
	{ "OSC and others are swallowed", "a\033]0;t\007b\033P1q~\033\\c\033_x\033\\d\033^x\033\\e\033Xx\033\\f", "abcdef|||", "0,6" },
	{ "a string broken off by ESC", "\033]0;t\033[Cx", " x|||", "0,2" },
	{ "DEL is nothing", "a\177b", "ab|||", "0,2" },
	{ "DECALN", "\033#8", "EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE", "0,0" },
	{ "RIS", ABC "\033[2;3r\033c", "|||", "0,0" },
	{ "DECSTR", "\033[2;3r\033[?6h\033[4h\033[!p\033[2;1Hab\033[2;1Hc", "|cb||", "1,1" },
	{ "LNM", "\033[20hab\nc", "ab|c||", "1,1" },
	{ "reverse wrap", "\033[?45h0123456789ab\b\b\b\bx", "01234567x9|ab||", "0,9" },
	/* the alternate screen */
	{ "1049 and back", "main\033[?1049halt\033[?1049lx", "mainx|||", "0,5" },
	{ "1049 clears", "main\033[?1049h\033[H", "|||", "0,0" },
	{ "47 keeps the cursor", "main\033[?47hx", "    x|||", "0,5" },
	{ "alt is fresh each time", "\033[?47hx\033[?47l\033[?47h", "|||", "0,1" },
};

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

static void test_rows(void **state)
{
	int failed = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct vt *vt = vt_new(4, 10, NULL, NULL, NULL);
		struct vt_cursor c;
		AUTO_BUF struct buf got = { 0 };
		char cursor[32];

		vt_feed(vt, rows[i].input, strlen(rows[i].input));
		c = vt_cursor(vt);
		snprintf(cursor, sizeof(cursor), "%d,%d%s", c.row, c.col, c.pending ? "+" : "");
		screen_text(vt, &got);
		if (strcmp((char *)got.p, rows[i].screen) || strcmp(cursor, rows[i].cursor)) {
			fprintf(stderr, "%s: got '%s' at %s, not '%s' at %s\n", rows[i].name, (char *)got.p, cursor,
				rows[i].screen, rows[i].cursor);
			failed++;
		}
		vt_free(vt);
	}
	assert_int_equal(failed, 0);
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
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
