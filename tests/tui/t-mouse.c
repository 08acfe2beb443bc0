/* SPDX-License-Identifier: Apache-2.0 */
/* t-mouse.c - clicks look and move, and never change anything; guests get the mouse when they ask for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"
#include "tests/tui/sees.h"

static struct drive *start(const char *keys)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	drive_keys(d, keys);
	return d;
}

/* A button pressed and let go, as a terminal tells it. */
static void button(struct drive *d, int code, int row, int col)
{
	char text[64];

	snprintf(text, sizeof(text), "\033[<%d;%d;%dM", code, col + 1, row + 1);
	drive_bytes(d, text, strlen(text));
	text[strlen(text) - 1] = 'm';
	if (code < 64) /* a wheel is not let go */
		drive_bytes(d, text, strlen(text));
}

/* On the first place with that text. */
static void click(struct drive *d, const char *text)
{
	const char *screen = drive_screen(d), *at = strstr(screen, text), *line = at;
	int row = 0;

	if (!at)
		fail_msg("no '%s' to click on:\n%s", text, screen);
	while (line > screen && line[-1] != '\n')
		line--;
	for (const char *p = screen; p < line; p++)
		row += *p == '\n';
	button(d, 0, row, (int)(at - line));
}

static void test_rows(void **state)
{
	struct drive *d = start("");

	click(d, "worker-1");
	SEES(d, ">  worker-1");
	SEES(d, "Containers 4"); /* it was only chosen */
	click(d, "worker-1");
	SEES(d, "Containers > worker-1");
	drive_keys(d, "Esc");
	click(d, "db ");
	click(d, "migrate");
	SEES(d, ">  migrate");
	button(d, 2, 3, 5); /* the right button means nothing */
	SEES(d, ">  migrate");
	button(d, 64, 3, 5);
	SEES(d, ">  web1");
	drive_free(d);
}

static void test_heads(void **state)
{
	struct drive *d = start("");

	click(d, "NAME");
	SEES(d, "Sorted by NAME, then STATE.");
	click(d, "NAME");
	SEES(d, "Sorted by NAME, turned round, then STATE.");
	click(d, "IMAGE");
	SEES(d, "Sorted by IMAGE, then STATE.");
	assert_string_equal(drive_calls(d), "");
	drive_free(d);
}

static void test_hints(void **state)
{
	struct drive *d = start("");

	click(d, "l logs");
	SEES(d, "web1 line 59");
	click(d, "help");
	SEES(d, "Help for: Logs");
	click(d, "Esc back  F1");
	click(d, "/ find");
	click(d, "Esc clear");
	SEES(d, "web1 line 59");
	drive_keys(d, "Esc /");
	click(d, "Enter keep");
	SEES_NOT(d, "Enter keep");
	drive_free(d);
}

/* A hint that asks puts up the question, which no click answers. */
static void test_questions(void **state)
{
	struct drive *d = start("");

	click(d, "T stop");
	SEES(d, "Stop web1?");
	for (int row = 0; row < 24; row++)
		for (int col = 0; col < 80; col += 5)
			button(d, 0, row, col);
	SEES(d, "Stop web1?");
	assert_string_equal(drive_calls(d), "");
	drive_keys(d, "y");
	assert_string_equal(drive_calls(d), "stop web1\n");
	drive_free(d);
}

/* The click and a y behind it in one read: nothing is answered yet. */
static void test_no_early_y(void **state)
{
	struct drive *d = start("");
	static const char both[] = "\033[<0;56;24My";

	drive_bytes(d, both, strlen(both));
	assert_string_equal(drive_calls(d), "");
	drive_free(d);
}

/* What asks nothing must be typed. */
static void test_nothing_at_once(void **state)
{
	static const struct {
		const char *keys, *text;
	} cases[] = {
		{ "", "H hold" }, { "End", "S start" }, { "2 C", "[ Run ]" }, { "2 C", "Enter run" }, { "2 P \"a\" Enter", "Enter pull" },
		{ ": \"hold\"", "hold, resume web1" }, { ": \"hold\"", "Enter do it" },
		{ "A \"u\" Enter \"p\" Enter", "Enter log in" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct drive *d = start(cases[i].keys);

		click(d, cases[i].text);
		SEES(d, "a click changes nothing");
		if (strstr(drive_screen(d), cases[i].text))
			click(d, cases[i].text);
		assert_string_equal(drive_calls(d), "");
		drive_free(d);
	}
}

/* No file is written, and its name still stands there. */
static void test_no_file(void **state)
{
	struct drive *d = start("l W");

	click(d, "Enter write");
	SEES(d, ">web1.log");
	assert_int_equal(d->app.saves, 0);
	drive_free(d);
}

static void test_forms(void **state)
{
	struct drive *d = start("C");

	click(d, "Memory");
	drive_keys(d, "^U \"77M\"");
	SEES(d, "Memory [77M ");
	click(d, "[ Cancel ]");
	SEES(d, "> [ Cancel ]");
	click(d, "[ Cancel ]");
	SEES(d, "Containers 4");
	drive_free(d);
}

/* The palette takes clicks for itself, not for the list below it. */
static void test_above_a_list(void **state)
{
	struct drive *d = start(":");

	click(d, "worker-1");
	click(d, "worker-1");
	SEES(d, "match");
	drive_keys(d, "\"view-im\"");
	click(d, "images              images");
	SEES(d, "Images 2");
	drive_free(d);
}

static void test_first_screen(void **state)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, true);

	click(d, "nginx ");
	SEES(d, ">  nginx");
	click(d, "nginx ");
	SEES(d, "Run a container");
	drive_free(d);
}

static void test_off(void **state)
{
	struct drive *d = start("");

	assert_int_equal(vt_modes(d->vt).mouse, VT_MOUSE_CLICK);
	drive_keys(d, "m");
	assert_int_equal(vt_modes(d->vt).mouse, VT_MOUSE_OFF);
	click(d, "worker-1");
	SEES(d, ">  web1");
	drive_keys(d, "m");
	click(d, "worker-1");
	SEES(d, ">  worker-1");
	drive_free(d);
}

/* --- wherever one clicks */

static unsigned seed;

static unsigned roll(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void walk(unsigned n, const char *keys)
{
	struct drive *d = start(keys);

	seed = n;
	for (int i = 0; i < 150 && !d->app.ending; i++) {
		static const int codes[] = { 0, 0, 0, 0, 64, 65 };
		int row = roll(4) ? (int)roll(24) : 23, col = (int)roll(80), code = codes[roll(ARRAY_LEN(codes))];

		button(d, code, row, col);
		if (roll(2) && !d->app.ending)
			button(d, code, row, col);
		if (roll(12) == 0 && !d->app.ending)
			drive_keys(d, "^] d Esc");
		for (const char *p = drive_calls(d); *p; p += strcspn(p, "\n") + 1)
			if (strncmp(p, "follow ", 7) != 0) /* another's job is looked at */
				fail_msg("walk %u from '%s', click %d at %d, %d did: %s", n, keys, i, row, col, p);
	}
	drive_free(d);
}

static void test_never(void **state)
{
	static const char *const from[] = { "", "2", "6", "9", "End", "C", "2 C", ":", "X", "l", "d", "3 s", "A", "c", "2 P \"a\" Tab" };

	for (unsigned n = 0; n < 2 * ARRAY_LEN(from); n++)
		walk(n, from[n % ARRAY_LEN(from)]);
}

/* --- guests */

static void guest_says(struct drive *d, const char *text)
{
	assert_int_equal(send(d->fake.io, text, strlen(text), MSG_DONTWAIT), (ssize_t)strlen(text));
	drive_settle(d);
}

static bool typed(struct drive *d, const char *text)
{
	return memmem(d->fake.typed.p ?: (uint8_t *)"", d->fake.typed.len, text, strlen(text)) != NULL;
}

static void test_guest(void **state)
{
	struct drive *d = start("a");

	assert_int_equal(vt_modes(d->vt).mouse, VT_MOUSE_OFF);
	button(d, 0, 4, 9);
	assert_int_equal(d->fake.typed.len, 0);
	guest_says(d, "\033[?1000h\033[?1006h");
	assert_int_equal(vt_modes(d->vt).mouse, VT_MOUSE_CLICK);
	button(d, 0, 4, 9);
	assert_true(typed(d, "\033[<0;10;5M") && typed(d, "\033[<0;10;5m"));
	d->fake.typed.len = 0;
	button(d, 0, 23, 9); /* the last line is ours */
	assert_int_equal(d->fake.typed.len, 0);
	guest_says(d, "\033[?1000l");
	assert_int_equal(vt_modes(d->vt).mouse, VT_MOUSE_OFF);
	drive_free(d);
}

static void large(struct fake *f)
{
	static const struct berth_console one[] = {
		{ .id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:0", .container = "web1", .command = "nginx",
		  .rows = 40, .cols = 60, .viewers = 1, .alive = true },
	};

	f->consoles.v = one;
	f->consoles.n = 1;
}

/* Of a console that is higher and narrower than the screen, by its own rows and columns. */
static void test_guest_of_another_size(void **state)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, large };
	struct drive *d = drive_open(&o);

	drive_keys(d, "a");
	guest_says(d, "\033[?1000h\033[?1006h\033[40;1Hend");
	SEES(d, "rows 18-40");
	button(d, 0, 0, 9);
	assert_true(typed(d, "\033[<0;10;18M"));
	d->fake.typed.len = 0;
	button(d, 0, 3, 70); /* right of it */
	button(d, 0, 23, 5);
	assert_int_equal(d->fake.typed.len, 0);
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	     cmocka_unit_test(test_heads),
		cmocka_unit_test(test_hints),	     cmocka_unit_test(test_questions),
		cmocka_unit_test(test_no_early_y),   cmocka_unit_test(test_nothing_at_once),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_forms),	     cmocka_unit_test(test_above_a_list),
		cmocka_unit_test(test_first_screen), cmocka_unit_test(test_off),
		cmocka_unit_test(test_never),	     cmocka_unit_test(test_guest),
		cmocka_unit_test(test_guest_of_another_size),
	};

	drive_environment();
	return cmocka_run_group_tests_name("mouse", tests, NULL, NULL);
}
