/* SPDX-License-Identifier: Apache-2.0 */
/* t-sizes.c - every view in every size: what must be seen is, nothing is drawn outside, and keys still work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"

static const struct {
	int rows, cols;
} sizes[] = {
	{ 60, 200 }, { 24, 80 }, { 24, 79 }, { 15, 60 }, { 12, 100 }, { 10, 40 }, { 9, 40 }, { 10, 39 }, { 6, 30 }, { 4, 20 },
	{ 4, 19 },   { 3, 20 },  { 3, 18 },  { 2, 5 },   { 1, 1 },
};

/* Keys that lead to a view, and the word that its first row must have where there is room for a title. */
static const struct {
	const char *keys, *title;
} views[] = {
	{ "", "4" },		  { "2", "Images" },	 { "2 Enter", "Images" }, { "6", "Jobs" },    { "e", "Messages" },
	{ "9", "Trash" },	  { "c", "Consoles" },	 { "?", "Help" },	  { ":", "" },	      { "d", "web1" },
	{ "l", "Logs" },	  { "C", "Run a" },	 { "C ^N", "Image" },	  { "X", "New" },     { "2 P", "Pull" },
	{ "2 P \"a\" Enter Enter", "Images > a" }, { "A", "Log in" }, { "i", "web1" },	  { "b", "Boot" },    { "/", "4" },
	{ "Space Space", "4" },
};

static bool small(int rows, int cols)
{
	return rows < 10 || cols < 40;
}

static bool too_small(int rows, int cols)
{
	return rows < 4 || cols < 20;
}

static struct drive *start(int rows, int cols, const char *keys)
{
	struct drive *d = drive_new("xterm-256color", rows, cols, false);

	drive_keys(d, keys);
	return d;
}

static void check(struct drive *d, size_t view, int rows, int cols)
{
	const char *screen = drive_screen(d);
	struct vt_cursor at = vt_cursor(d->vt);
	AUTO_FREE char *first = strndup(screen, strcspn(screen, "\n"));

	assert_in_range(at.row, 0, rows - 1);
	assert_in_range(at.col, 0, cols - 1);
	if (too_small(rows, cols)) {
		if (strncmp(first, "too small: ", MIN(11u, (size_t)cols)) != 0)
			fail_msg("%dx%d, keys '%s': it does not say that it is too small:\n%s", cols, rows, views[view].keys,
				 screen);
		return;
	}
	if (!small(rows, cols) && !strstr(first, views[view].title))
		fail_msg("%dx%d, keys '%s': no '%s' in the title:\n%s", cols, rows, views[view].keys, views[view].title, screen);
}

static void test_each(void **state)
{
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++)
		for (size_t v = 0; v < ARRAY_LEN(views); v++) {
			struct drive *d = start(sizes[s].rows, sizes[s].cols, views[v].keys);

			check(d, v, sizes[s].rows, sizes[s].cols);
			drive_free(d);
		}
}

/* One view open while the terminal takes all sizes in turn, and back. */
static void test_resized(void **state)
{
	for (size_t v = 0; v < ARRAY_LEN(views); v++) {
		struct drive *d = start(24, 80, views[v].keys);
		AUTO_FREE char *before = strdup(drive_screen(d));

		for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
			vt_resize(d->vt, sizes[s].rows, sizes[s].cols);
			app_resize(&d->app, sizes[s].rows, sizes[s].cols);
			drive_settle(d);
			check(d, v, sizes[s].rows, sizes[s].cols);
		}
		vt_resize(d->vt, 24, 80);
		app_resize(&d->app, 24, 80);
		drive_settle(d);
		assert_string_equal(drive_screen(d), before);
		drive_free(d);
	}
}

/* A question is seen and can be answered wherever something can be seen at all. */
static void test_question(void **state)
{
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		struct drive *d = start(sizes[s].rows, sizes[s].cols, "T");

		if (!too_small(sizes[s].rows, sizes[s].cols) && !strstr(drive_screen(d), "[y/N]"))
			fail_msg("%dx%d: no question:\n%s", sizes[s].cols, sizes[s].rows, drive_screen(d));
		drive_keys(d, "y");
		if (!too_small(sizes[s].rows, sizes[s].cols))
			assert_string_equal((const char *)d->fake.calls.p, "stop web1\n");
		else if (d->fake.calls.len)
			fail_msg("%dx%d: a question that cannot be read was answered", sizes[s].cols, sizes[s].rows);
		drive_free(d);
	}
}

static void test_quit(void **state)
{
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		struct drive *d = start(sizes[s].rows, sizes[s].cols, "2 Esc q");

		assert_true(d->app.ending);
		drive_free(d);
	}
}

/* Rows below 40x10 are the list's: the focused one is among them. */
static void test_focus_is_seen(void **state)
{
	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		struct drive *d = start(sizes[s].rows, sizes[s].cols, "G");

		if (!too_small(sizes[s].rows, sizes[s].cols) && !strstr(drive_screen(d), "migrate"))
			fail_msg("%dx%d: the cursor's row is not seen:\n%s", sizes[s].cols, sizes[s].rows, drive_screen(d));
		drive_free(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each), cmocka_unit_test(test_resized), cmocka_unit_test(test_question),
		cmocka_unit_test(test_quit), cmocka_unit_test(test_focus_is_seen),
	};

	drive_environment();
	return cmocka_run_group_tests_name("sizes", tests, NULL, NULL);
}
