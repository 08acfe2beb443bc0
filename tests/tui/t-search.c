/* SPDX-License-Identifier: Apache-2.0 */
/* t-search.c - text found in the whole of logs that are longer than what a view keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"

#define LONG 100000

static void sees(struct drive *d, const char *what)
{
	if (!strstr(drive_screen(d), what))
		fail_msg("no '%s' on:\n%s", what, drive_screen(d));
}

static void long_log(struct fake *f)
{
	f->long_log = LONG;
}

/* keys: what opens the logs. */
static struct drive *logs(const char *keys)
{
	const struct drive_options o = { "xterm-256color", 24, 100, false, long_log };
	struct drive *d = drive_open(&o);

	drive_keys(d, keys);
	return d;
}

/* The row with the mark. */
static void marked(struct drive *d, const char *what)
{
	const char *p = strstr(drive_screen(d), "\n>"), *end = p ? strchr(p + 1, '\n') : NULL;

	if (!p || !memmem(p, (size_t)(end - p), what, strlen(what)))
		fail_msg("'%s' is not marked on:\n%s", what, drive_screen(d));
}

/* "0777 " is in nine lines, none of them among the last 2,000. */
static void test_older(void **state)
{
	struct drive *d = logs("l");

	drive_keys(d, "/ \"0777 \" Enter");
	sees(d, "/0777");
	/* Nothing is among the last 2,000 lines: the newest one that there is. */
	marked(d, "line 90777 of web1");
	sees(d, "9 of 9");
	sees(d, "follow off");
	drive_keys(d, "N");
	marked(d, "line 80777 of web1");
	sees(d, "8 of 9");
	drive_keys(d, "n");
	marked(d, "line 90777 of web1");
	drive_keys(d, "n");
	marked(d, "line 10777 of web1"); /* round the end */
	sees(d, "1 of 9");
	drive_keys(d, "N");
	marked(d, "line 90777 of web1");
	/* What is around it can be read, up to where it ends. */
	drive_keys(d, "k j j");
	sees(d, "line 90778 of web1");
	for (int i = 0; i < 80; i++)
		drive_keys(d, "PgDn");
	sees(d, "later lines were not read: f goes back to the end");
	drive_keys(d, "f");
	sees(d, "follow on");
	sees(d, "line 99999 of web1");
	drive_free(d);
}

static void test_here_first(void **state)
{
	struct drive *d = logs("l");

	drive_keys(d, "/ \"99990\" Enter");
	marked(d, "line 99990 of web1");
	sees(d, "1 of 1");
	drive_keys(d, "Esc");
	assert_null(strstr(drive_screen(d), "find /"));
	drive_keys(d, "/ \"nowhere\" Enter");
	sees(d, "no line of the whole log has 'nowhere'");
	drive_free(d);
}

static void test_progress_and_stop(void **state)
{
	struct drive *d = logs("l");

	d->fake.slow_logs = true;
	drive_keys(d, "/ \"0777 \" Enter");
	sees(d, "9, searching 34%");
	drive_keys(d, "N");
	marked(d, "line 90777 of web1"); /* what was found by now can be gone to */
	drive_keys(d, "Esc");
	sees(d, "follow off");
	assert_null(strstr(drive_screen(d), "searching"));
	drive_keys(d, "l");
	drive_free(d); /* a reader that goes on is no obstacle */
}

/* Of several logs the lines of one time stand together, and none is missing between the first and the last. */
static void test_several(void **state)
{
	struct drive *d = logs("3");
	const char *at;
	unsigned rows = 0;

	sees(d, "(3 of 4)");
	drive_keys(d, "/ \"50777 of db\" Enter");
	marked(d, "line 50777 of db");
	sees(d, "1 of 1");
	for (at = drive_screen(d); (at = strstr(at, "line 5077")); at++)
		rows++;
	assert_true(rows >= 18); /* of three logs each */
	drive_free(d);
}

/* Two hundred lines, each tenth of them an error. */
static void mixed_log(struct fake *f)
{
	static struct fake_line lines[200];
	static char texts[200][24];

	for (int i = 0; i < 200; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%s %d", i % 10 ? "line" : "bad", i);
		lines[i] = (struct fake_line){ "web1", FAKE_NOW - (200 - i) * 1000000000ll, i % 10 ? 1 : 2, texts[i] };
	}
	f->logs.v = lines;
	f->logs.n = f->log_lines = 200;
}

/* Where one reads is where one goes on, with fewer lines and with all of them. */
static void test_stderr_stays(void **state)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, mixed_log };
	struct drive *d = drive_open(&o);

	drive_keys(d, "l PgUp PgUp u");
	sees(d, "stderr only  20 of 200 lines");
	sees(d, "bad 190");
	drive_keys(d, "u @ \"14:01:10\" Enter");
	marked(d, "bad 120");
	drive_keys(d, "u");
	marked(d, "bad 120");
	drive_keys(d, "u");
	marked(d, "bad 120");
	drive_free(d);
}

/* What is looked for is told whole where there is room. */
static void test_find_is_told(void **state)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, mixed_log };
	struct drive *d = drive_open(&o);

	drive_keys(d, "l / \"line 19\" Enter");
	sees(d, "find /line 19  2 of 10");
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_older),
		cmocka_unit_test(test_here_first),
		cmocka_unit_test(test_progress_and_stop),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_stderr_stays),
		cmocka_unit_test(test_find_is_told),
	};

	drive_environment();
	return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
