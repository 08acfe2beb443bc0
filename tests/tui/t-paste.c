/* SPDX-License-Identifier: Apache-2.0 */
/* t-paste.c - pastes into a guest that reads slowly or not at all: pieces, what is typed meanwhile, stopping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"

#define LINE "0123456789 abcdefghijklmnopqrstuvwxyz \xc3\xa4\xc3\xb6\xc3\xbc!"
#define LINES 2500

static void sees(struct drive *d, const char *what)
{
	if (!strstr(drive_screen(d), what))
		fail_msg("no '%s' on:\n%s", what, drive_screen(d));
}

/* A guest that has mode 2004 and does not read. */
static struct drive *deaf_guest(bool bracketed)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);
	static const char on[] = "\033[?2004h";

	drive_keys(d, "a");
	if (bracketed)
		assert_int_equal(send(d->fake.io, on, sizeof(on) - 1, MSG_DONTWAIT), sizeof(on) - 1);
	drive_settle(d);
	d->fake.deaf = true;
	return d;
}

/* 2,500 lines, as a terminal hands them over: in several reads. C0 in it never reaches the guest. */
static void paste_much(struct drive *d)
{
	drive_bytes(d, "\033[200~", 6);
	for (int i = 0; i < LINES; i++)
		drive_bytes(d, LINE "\x01\n", sizeof(LINE "\x01\n") - 1);
	drive_bytes(d, "\033[201~", 6);
}

/* The guest reads all that comes. */
static void hear(struct drive *d)
{
	size_t was;

	d->fake.deaf = false;
	do {
		was = d->fake.typed.len;
		drive_settle(d);
	} while (d->fake.typed.len != was);
}

static void expect_lines(const struct drive *d, size_t from, size_t n)
{
	const size_t len = sizeof(LINE); /* a newline for the NUL */

	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = d->fake.typed.p + from + i * len;

		if (memcmp(p, LINE, len - 1) != 0 || p[len - 1] != '\n')
			fail_msg("line %zu is '%.*s'", i, (int)len, (const char *)p);
	}
}

static bool ends_with(const struct drive *d, const char *text)
{
	size_t n = strlen(text);

	return d->fake.typed.len >= n && memcmp(d->fake.typed.p + d->fake.typed.len - n, text, n) == 0;
}

static void test_whole(void **state)
{
	struct drive *d = deaf_guest(true);

	paste_much(d);
	sees(d, "pasting, ");
	sees(d, "^C stops the paste");
	drive_keys(d, "x");
	hear(d);
	assert_int_equal(d->fake.typed.len, 6 + LINES * sizeof(LINE) + 6 + 1);
	assert_memory_equal(d->fake.typed.p, "\033[200~", 6);
	expect_lines(d, 6, LINES);
	assert_true(ends_with(d, "\033[201~x")); /* what was typed meanwhile came behind it */
	sees(d, "keys go to web1");
	drive_free(d);
}

static void test_stopped(void **state)
{
	struct drive *d = deaf_guest(true);

	paste_much(d);
	drive_keys(d, "x ^C");
	sees(d, "the paste was stopped");
	sees(d, "keys go to web1");
	hear(d);
	/* Some of it was on its way; of what was not nothing comes, and the guest's paste has an end. */
	assert_true(d->fake.typed.len < 64 << 10);
	expect_lines(d, 6, (d->fake.typed.len - 6 - 7) / sizeof(LINE) - 1);
	assert_true(ends_with(d, "\033[201~x"));
	drive_keys(d, "^C");
	assert_true(ends_with(d, "x\x03")); /* it is the guest's again */
	drive_free(d);
}

/* Without the mode each line would be run: asked first, and no bracket to close. */
static void test_stopped_plain(void **state)
{
	struct drive *d = deaf_guest(false);

	paste_much(d);
	sees(d, "Paste 2500 lines");
	drive_keys(d, "y");
	sees(d, "pasting, ");
	drive_keys(d, "^C");
	hear(d);
	assert_true(d->fake.typed.len > 0 && d->fake.typed.len < 64 << 10);
	assert_null(memchr(d->fake.typed.p, '\033', d->fake.typed.len));
	drive_free(d);
}

static void test_one_at_a_time(void **state)
{
	struct drive *d = deaf_guest(true);

	paste_much(d);
	drive_bytes(d, "\033[200~second\033[201~", 18);
	sees(d, "another paste is under way");
	hear(d);
	assert_true(ends_with(d, "\033[201~"));
	assert_int_equal(d->fake.typed.len, 6 + LINES * sizeof(LINE) + 6);
	drive_free(d);
}

/* Enter is one key, whether the terminal's driver makes NL of its CR or not; a guest gets CR. */
static void test_enter(void **state)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	drive_bytes(d, "a", 1);
	drive_bytes(d, "\r", 1);
	drive_bytes(d, "\n", 1);
	assert_int_equal(d->fake.typed.len, 2);
	assert_memory_equal(d->fake.typed.p, "\r\r", 2);
	drive_keys(d, "^] d X");
	sees(d, "New process in web1");
	drive_bytes(d, "\n", 1); /* the button */
	sees(d, "web1:");
	drive_free(d);
}

/* Closing the view is no obstacle. */
static void test_detach_meanwhile(void **state)
{
	struct drive *d = deaf_guest(true);

	paste_much(d);
	drive_keys(d, "^] d");
	sees(d, "Containers 4");
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_stopped_plain),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_detach_meanwhile),
		cmocka_unit_test(test_enter),
	};

	drive_environment();
	return cmocka_run_group_tests_name("paste", tests, NULL, NULL);
}
