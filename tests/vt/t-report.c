/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest is answered, what viewers get, and what the callbacks hear. */
#include "vt/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

struct ears {
	struct buf replies, passed, title, clip;
	int bells;
	bool allow;
};

static void on_reply(void *arg, const uint8_t *p, size_t n)
{
	buf_add(&((struct ears *)arg)->replies, p, n);
}

static void on_pass(void *arg, const uint8_t *p, size_t n)
{
	buf_add(&((struct ears *)arg)->passed, p, n);
}

static void on_title(void *arg, const char *title)
{
	struct ears *e = arg;

	buf_clear(&e->title);
	buf_adds(&e->title, title);
}

static bool on_bell(void *arg)
{
	return ++((struct ears *)arg)->bells == 1;
}

static bool on_clipboard(void *arg, const char *which, const char *text, size_t n)
{
	struct ears *e = arg;

	buf_addf(&e->clip, "%s=%s", which, text);
	return e->allow;
}

static struct vt *start(struct ears *e)
{
	static const struct vt_callbacks cb = { on_reply, on_title, on_bell, on_clipboard, on_pass };
	static const struct vt_limits limits = { 100, 1 << 20, 2000, 5000 };

	*e = (struct ears){ 0 };
	return vt_new(4, 10, &limits, &cb, e);
}

static void stop(struct vt *vt, struct ears *e)
{
	vt_free(vt);
	buf_finish(&e->replies);
	buf_finish(&e->passed);
	buf_finish(&e->title);
	buf_finish(&e->clip);
}

static const char *str(const struct buf *b)
{
	return b->p ? (const char *)b->p : "";
}

#define SAME ((const char *)1)

/* Input; the answer to the guest; what passes, SAME: the input. */
static const struct {
	const char *input, *reply, *pass;
} rows[] = {
	{ "plain \033[1mtext\r\n\t\033(0q\033(B", "", SAME },
	{ "a\033[cb", "\033[?62;22c", "ab" },
	{ "a\033[0cb", "\033[?62;22c", "ab" },
	{ "a\033Zb", "\033[?62;22c", "ab" },
	{ "\033[>c", "\033[>1;300;0c", "" },
	{ "\033[=c", "\033P!|00000000\033\\", "" },
	{ "\033[5n", "\033[0n", "" },
	{ "ab\033[6n", "\033[1;3R", "ab" },
	{ "ab\033[?6n", "\033[?1;3R", "ab" },
	{ "\033[2;3r\033[?6h\033[2;2H\033[6n", "\033[2;2R", "\033[2;3r\033[?6h\033[2;2H" },
	{ "\033[?15n\033[?25n\033[?26n\033[?53n", "\033[?13n\033[?21n\033[?27;1;0;0n\033[?53n", "" },
	{ "\033[?996n", "\033[?997;1n", "" },
	{ "\033[?25$p", "\033[?25;1$y", "" },
	{ "\033[?2004h\033[?2004$p", "\033[?2004;1$y", "\033[?2004h" },
	{ "\033[?2026$p", "\033[?2026;2$y", "" },
	{ "\033[?7777$p\033[4$p", "\033[?7777;0$y\033[4;2$y", "" },
	{ "\033[>q\033[>0q", "\033P>|berth(" PACKAGE_VERSION ")\033\\\033P>|berth(" PACKAGE_VERSION ")\033\\", "" },
	{ "\033[x", "\033[2;1;1;128;128;1;0x", "" },
	{ "\033[?u", "\033[?0u", "" },
	{ "\033[>5u\033[?u", "\033[?1u", "\033[>5u" },
	{ "\033[>4;2m\033[?4m", "\033[>4;2m", "\033[>4;2m" },
	{ "\033[1;31m\033P$qm\033\\", "\033P1$r0;1;31m\033\\", "\033[1;31m" },
	{ "\033[2;3r\033P$qr\033\\", "\033P1$r2;3r\033\\", "\033[2;3r" },
	{ "\033[4 q\033P$q q\033\\", "\033P1$r4 q\033\\", "\033[4 q" },
	{ "\033P$qz\033\\", "\033P0$r\033\\", "" },
	{ "\033P+q544e;436f\033\\", "\033P1+r544e=787465726d2d323536636f6c6f72\033\\\033P1+r436f=323536\033\\", "" },
	{ "\033P+q6b75;436f\033\\", "\033P0+r\033\\", "" },
	{ "\033]4;1;?\007", "\033]4;1;rgb:cdcd/0000/0000\007", "" },
	{ "\033]4;1;rgb:12/34/56\033\\\033]4;1;?\033\\", "\033]4;1;rgb:1212/3434/5656\033\\", "\033]4;1;rgb:12/34/56\033\\" },
	{ "\033]10;?\007\033]11;?\007", "\033]10;rgb:e5e5/e5e5/e5e5\007\033]11;rgb:0000/0000/0000\007", "" },
	{ "\033]10;?;?\007", "\033]10;rgb:e5e5/e5e5/e5e5\007\033]11;rgb:0000/0000/0000\007", "" },
	{ "\033]11;#fff\007\033]11;?\007\033]111\007\033]11;?\007",
	  "\033]11;rgb:f0f0/f0f0/f0f0\007\033]11;rgb:0000/0000/0000\007", "\033]11;#fff\007\033]111\007" },
	{ "\033[18t\033[19t", "\033[8;4;10t\033[9;4;10t", "" },
	{ "\033[21t\033[20t\033[14t\033[11t", "", "" },        /* not the title, nothing of the window */
	{ "\033[8;50;90t\033[3;0;0t\033[2t\033[30t", "", "" }, /* nor any change of it */
	{ "\033[22;0t\033[23;0t", "", SAME },
	{ "a\005b", "", "ab" },
	{ "\007\007", "", "\007" },
	{ "\033[5i\033[?5i\033[4i", "", "" },
	{ "\033[?2l\033[?3h\033[?1001h\033[?2048h\033[2h", "", "" },
	{ "\033[?25;2;7;3l", "", "\033[?25;7l" },
	{ "\033[4;2h", "", "\033[4h" },
	{ "\033[?2004h\033[?1049h\033[?2026h", "", SAME },
	{ "\033% @\033%@\033%G\033 G", "", "" },
	{ "\033[61\"p\033[*y\033[$w\033['z\033[1;2'{\033[$|\033[*|\033[#R", "", "" },
	{ "\033P1;1|17/414243\033\\", "", "" }, /* DECUDK */
	{ "\033_Ga=q;\033\\\033^x\033\\\033Xx\033\\\033P1q~\033\\x", "", "x" },
	{ "\033]0;title\007\033]2;other\033\\\033]8;;http://x\033\\\033]7;file:///\007\033]133;A\007", "", SAME },
	{ "\033]52;c;?\007\033]52;;?\033\\", "", "" },
	{ "\033]52;c;aGk=\007", "", "" },
	{ "\033]50;?\007\033]1337;File=:x\007\033]3;A=b\007\033]60\007\033]5522;x\007", "", "" },
	{ "\033]0;bro\033[1mken", "", "\033[1mken" },
	{ "\033]0;c1\302\233x\007", "", "\033]0;c1x\007" },
	{ "\033]0;\xff\007x", "", "x" },
	/* nothing joins over a cut to make a new sequence */
	{ "\033[6\033[cn", "\033[?62;22c", "n" },
	{ "\033\033[c[c", "\033[?62;22c", "[c" },
	{ "\302\033[c\2336n", "\033[?62;22c", "\xef\xbf\xbd\xef\xbf\xbd" "6n" },
	{ "\033[3\033", "", "" },
	{ "\033[2\302\2336n", "\033[1;1R", "" },
	{ "\302\2336n\302\233c", "\033[1;1R\033[?62;22c", "" },
	{ "\302\2331mx", "", SAME },
	/* controls within a sequence pass at once */
	{ "a\033[\r\n1mb", "", "a\r\n\033[1mb" },
	{ "a\033[\r\n6n", "\033[2;1R", "a\r\n" },
	{ "a\033[6\030n", "", "a\030n" },
	{ "\xff\xc3x", "", "\xef\xbf\xbd\xef\xbf\xbdx" },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ears e;
		struct vt *vt = start(&e);
		const char *pass = rows[i].pass == SAME ? rows[i].input : rows[i].pass;

		vt_feed(vt, rows[i].input, strlen(rows[i].input));
		if (strcmp(str(&e.replies), rows[i].reply) || strcmp(str(&e.passed), pass)) {
			print_error("row %zu: '%s'\nanswers '%s'\nnot     '%s'\n", i, rows[i].input, str(&e.replies),
				    rows[i].reply);
			fail_msg("passes '%s'\nnot    '%s'", str(&e.passed), pass);
		}
		stop(vt, &e);
	}
}

static void test_title(void **state)
{
	struct ears e;
	struct vt *vt = start(&e);
	char longer[1000];

	vt_feed(vt, "\033]2;a\001\302\205b\xff\007", 11);
	assert_string_equal(vt_title(vt), "ab\xef\xbf\xbd");
	assert_string_equal(str(&e.title), "ab\xef\xbf\xbd");
	vt_feed(vt, "\033[22t\033]0;new\007", 13);
	assert_string_equal(vt_title(vt), "new");
	vt_feed(vt, "\033[23t", 5);
	assert_string_equal(vt_title(vt), "ab\xef\xbf\xbd");
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "\033]2;", 4);
	longer[999] = 7;
	vt_feed(vt, longer, sizeof(longer));
	assert_int_equal(strlen(vt_title(vt)), VT_TITLE_MAX - 1);
	stop(vt, &e);
}

static void test_clipboard(void **state)
{
	static const char set[] = "\033]52;c;aGVsbG8=\007", bad[] = "\033]52;c;a b\007";
	struct ears e;
	struct vt *vt = start(&e);

	vt_feed(vt, set, sizeof(set) - 1);
	assert_string_equal(str(&e.clip), "c=aGVsbG8=");
	assert_int_equal(e.passed.len, 0);
	e.allow = true;
	vt_feed(vt, bad, sizeof(bad) - 1);
	assert_int_equal(e.passed.len, 0);
	vt_feed(vt, set, sizeof(set) - 1);
	assert_string_equal(str(&e.passed), set);
	stop(vt, &e);
}

static void test_long_strings(void **state)
{
	struct ears e;
	struct vt *vt = start(&e);
	char x[1000];

	memset(x, 'x', sizeof(x));
	vt_feed(vt, "\033]2;", 4);
	for (int i = 0; i < 3; i++)
		vt_feed(vt, x, sizeof(x));
	vt_feed(vt, "\007ok", 3); /* longer than is kept: dropped whole */
	assert_string_equal(vt_title(vt), "");
	assert_string_equal(str(&e.passed), "ok");
	vt_feed(vt, "\033P", 2);
	for (int i = 0; i < 6; i++)
		vt_feed(vt, x, sizeof(x));
	assert_int_equal(e.passed.len, 2 + 1000); /* without an end, it ends after 5,000 */
	stop(vt, &e);
}

static void test_long_sequences(void **state)
{
	struct ears e;
	struct vt *vt = start(&e);

	vt_feed(vt, "\033[", 2);
	for (int i = 0; i < 3000; i++)
		vt_feed(vt, "1;", 2);
	vt_feed(vt, "6n", 2);
	assert_int_equal(e.replies.len + e.passed.len, 0);
	vt_feed(vt, "x", 1);
	assert_string_equal(str(&e.passed), "x");
	assert_int_equal(vt_row(vt, 0).cells[0].ch, 'x');
	stop(vt, &e);
}

static void test_leave(void **state)
{
	static const char modes[] = "\033[?1;1000;1006;1004;2004;1049;66h\033[?25l\033[4h\033[>1u\033[>4;2m\033[3 q\033[2;3r\033[1mx";
	struct vt *a = vt_new(4, 10, NULL, NULL, NULL), *b = vt_new(4, 10, NULL, NULL, NULL);
	AUTO_BUF struct buf out = { 0 };
	struct vt *fresh = vt_new(4, 10, NULL, NULL, NULL);

	vt_feed(a, modes, sizeof(modes) - 1);
	assert_int_equal(vt_leave(a, &out), 0);
	vt_feed(b, modes, sizeof(modes) - 1);
	vt_feed(b, out.p, out.len);
	assert_true(vt_same_modes(b, fresh));
	assert_true(vt_cursor(b).visible);
	assert_int_equal(vt_pen(b).attr, 0);
	vt_free(a);
	vt_free(b);
	vt_free(fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),         cmocka_unit_test(test_title),
		cmocka_unit_test(test_clipboard),    cmocka_unit_test(test_long_strings),
		cmocka_unit_test(test_long_sequences), cmocka_unit_test(test_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
