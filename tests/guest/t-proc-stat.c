/* SPDX-License-Identifier: Apache-2.0 */
/* t-proc-stat.c - what /proc says of a process, names that mislead included. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "proc-stat.h"

#define REST " S 1 7 7 34817 7 4194304 106 0 0 0 12 34 0 0 20 0 3 0 5678 4472832 321 18446744073709551615 0 0"

static void test_names(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{ "7 (sh)" REST, "sh" },
		{ "7 (a b)" REST, "a b" },
		{ "7 (evil) R 1)" REST, "evil) R 1" },
		{ "7 (()" REST, "(" },
		{ "7 ()" REST, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vi_proc_stat s;

		assert_int_equal(vi_proc_stat_parse(cases[i].text, &s), 0);
		assert_string_equal(s.name, cases[i].name);
		assert_int_equal(s.state, 'S');
		assert_int_equal(s.ppid, 1);
		assert_int_equal(s.tty_nr, 34817);
		assert_int_equal(s.utime, 12);
		assert_int_equal(s.stime, 34);
		assert_int_equal(s.threads, 3);
		assert_int_equal(s.start, 5678);
		assert_int_equal(s.rss_pages, 321);
	}
}

static void test_no_stat(void **state)
{
	static const char *const texts[] = { "", "7", "7 (sh", "7 sh)", ")(", "7 (sh) S 1 7 7 34817 7", "7 (sh) S x" };
	struct vi_proc_stat s;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(vi_proc_stat_parse(texts[i], &s), -EINVAL);
}

static void test_long_name(void **state)
{
	char text[512] = "7 (";
	struct vi_proc_stat s;

	memset(text + 3, 'x', 200);
	strcpy(text + 203, ")" REST);
	assert_int_equal(vi_proc_stat_parse(text, &s), 0);
	assert_int_equal(strlen(s.name), sizeof(s.name) - 1);
}

static void test_status(void **state)
{
	static const char text[] = "Name:\tNSpid: 1\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t312\t40\t7\nThreads:\t1\n";

	assert_int_equal(vi_proc_status_number(text, "Uid", false), 1000);
	assert_int_equal(vi_proc_status_number(text, "NSpid", true), 7);
	assert_int_equal(vi_proc_status_number(text, "NSpid", false), 312);
	assert_int_equal(vi_proc_status_number(text, "Threads", true), 1);
	assert_int_equal(vi_proc_status_number(text, "Gid", false), 0);
	assert_int_equal(vi_proc_status_number("", "Gid", true), 0);
}

/* The kernel's own text, of a process with a name that tries to break it. */
static void test_this_process(void **state)
{
	char text[4096];
	struct vi_proc_stat s;
	FILE *f;
	size_t n;

	prctl(PR_SET_NAME, "x) R 0 (y", 0, 0, 0);
	f = fopen("/proc/self/stat", "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	assert_int_equal(vi_proc_stat_parse(text, &s), 0);
	assert_string_equal(s.name, "x) R 0 (y");
	assert_int_equal(s.ppid, getppid());
	assert_int_equal(s.threads, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	cmocka_unit_test(test_no_stat),	     cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_status),	cmocka_unit_test(test_this_process),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
