/* SPDX-License-Identifier: Apache-2.0 */
/* t-logs.c - the reader of logs: tails across rotated files, filters, what was left out of a flood. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/lock.h"
#include "engine/logs-read.h"

static char root[64];
static int dir = -1;

static int setup(void **state)
{
	snprintf(root, sizeof(root), "/tmp/berth-logs-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	close(dir);
	file_remove_tree(AT_FDCWD, root, NULL);
	return 0;
}

/* Lines from..to of a file, "line 7"; every third is of stderr. */
static void write_lines(const char *name, int from, int to)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	FILE *f = fdopen(fd, "w");

	for (int i = from; i <= to; i++)
		fprintf(f, "2026-11-24T14:02:11.%09dZ %s F line %d\n", i, i % 3 ? "stdout" : "stderr", i);
	fclose(f);
}

static struct log_reader reader(int64_t tail, const char *filter)
{
	static const struct filter_source words = { 0 };
	struct log_reader r = { .name = "x", .dir = dir, .fd = -1, .tail = tail };

	if (filter)
		assert_int_equal(filter_parse(filter, &words, &r.filter, NULL), 0);
	return r;
}

/* All there is, as "1 2 3". */
static char *all(struct log_reader *r)
{
	AUTO_BUF struct buf b = { 0 };

	do {
		assert_int_equal(log_read(r, NULL), 0);
		for (char *p = (char *)r->text.p, *nl; r->text.len && p < (char *)r->text.p + r->text.len; p = nl + 1) {
			char *text;

			nl = memchr(p, '\n', r->text.len);
			text = log_line_message(p, (size_t)(nl - p));
			assert_non_null(text);
			buf_addf(&b, "%s%.*s", b.len ? " " : "", (int)(nl - text) - 5, text + 5);
		}
		buf_clear(&r->text);
	} while (r->got);
	buf_addc(&b, 0);
	return buf_steal(&b);
}

static void expect(int64_t tail, const char *filter, const char *want, uint64_t lines)
{
	struct log_reader r = reader(tail, filter);
	AUTO_FREE char *got = all(&r);

	assert_string_equal(got, want);
	assert_int_equal(r.lines, lines);
	assert_true(r.ended);
	log_read_finish(&r);
}

static void test_tails(void **state)
{
	write_lines("log.2", 1, 2);
	write_lines("log.1", 3, 5);
	write_lines("log", 6, 8);
	expect(-1, NULL, "1 2 3 4 5 6 7 8", 8);
	expect(0, NULL, "", 0);
	expect(1, NULL, "8", 1);
	expect(3, NULL, "6 7 8", 3);
	expect(4, NULL, "5 6 7 8", 4);
	expect(7, NULL, "2 3 4 5 6 7 8", 7);
	expect(8, NULL, "1 2 3 4 5 6 7 8", 8);
	expect(100, NULL, "1 2 3 4 5 6 7 8", 8);
}

static void test_long_tail(void **state)
{
	AUTO_FREE char *got = NULL;
	struct log_reader r = reader(3000, NULL);

	write_lines("log", 1, 20000); /* more than one piece, found from the end over several */
	got = all(&r);
	assert_int_equal(r.lines, 3000);
	assert_memory_equal(got, "17001 17002 ", 12);
	log_read_finish(&r);
}

/* Lines around a time: so many before it, from it on so many as make limit. */
static void expect_around(int64_t line, int64_t tail, uint64_t limit, const char *find, const char *want)
{
	struct log_reader r = reader(tail, NULL);
	AUTO_FREE char *got = NULL;

	clock_parse_rfc3339("2026-11-24T14:02:11Z", &r.around);
	r.around += line;
	r.limit = limit;
	r.find = find;
	got = all(&r);
	if (strcmp(got, want) != 0)
		fail_msg("around %d: '%s', not '%s'", (int)line, got, want);
	log_read_finish(&r);
}

static void test_around(void **state)
{
	char want[200] = "";

	write_lines("log.2", 1, 2);
	write_lines("log.1", 3, 5);
	write_lines("log", 6, 8);
	expect_around(5, 2, 0, NULL, "3 4 5 6 7 8");
	expect_around(5, 2, 4, NULL, "3 4 5 6");
	expect_around(6, 0, 0, NULL, "6 7 8");
	expect_around(3, 2, 3, NULL, "1 2 3");
	expect_around(6, 100, 2, NULL, "1 2");
	expect_around(1, 3, 1, NULL, "1");
	expect_around(-5, 3, 1, NULL, "1");
	expect_around(100, 2, 9, NULL, "7 8");
	expect_around(5, 2, 0, "LINE", "");
	expect_around(5, 2, 0, "line 6", "6");
	unlinkat(dir, "log.1", 0);
	unlinkat(dir, "log.2", 0);
	write_lines("log", 9, 50000);
	for (int i = 33333 - 3; i < 33333 + 3; i++)
		snprintf(want + strlen(want), 20, "%s%d", *want ? " " : "", i);
	expect_around(33333, 3, 6, NULL, want);
	expect_around(50000, 1, 6, NULL, "49999 50000");
	expect_around(7, 1, 2, NULL, "6 7");
}

static void test_progress(void **state)
{
	struct log_reader r = reader(-1, NULL);

	write_lines("log.1", 1, 20000);
	write_lines("log", 20001, 20010);
	assert_int_equal(log_read(&r, NULL), 0);
	assert_true(r.size > 800000);
	assert_true(r.read > 0 && r.read < r.size);
	buf_clear(&r.text);
	free(all(&r));
	assert_int_equal(r.read, r.size);
	log_read_finish(&r);
}

static void test_filter(void **state)
{
	write_lines("log.1", 1, 10);
	write_lines("log", 11, 20);
	expect(-1, "\"line 1\"", "1 10 11 12 13 14 15 16 17 18 19", 20);
	expect(-1, "!1 !2|3", "4 5 6 7 8 9", 20);
	expect(12, "re:1?5$", "15", 12);
	expect(-1, "stderr", "", 20); /* the words are of the message, not of what stands before it */
}

static void test_last_line_without_end(void **state)
{
	int fd;

	write_lines("log", 1, 1);
	fd = openat(dir, "log", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "2026-11-24T14:02:11Z stdout P line 2", 36), 36);
	close(fd);
	expect(-1, NULL, "1 2", 2);
	expect(1, "2", "2", 1);
}

static void test_skips_ahead(void **state)
{
	int lock = lock_try(dir, "lock", false, NULL); /* the container lives */
	struct log_reader r = reader(-1, NULL);
	AUTO_FREE char *first = NULL, *rest = NULL;

	assert_true(lock >= 0);
	r.follow = true;
	r.behind_max = 1 << 20;
	write_lines("log", 1, 3);
	first = all(&r);
	assert_string_equal(first, "1 2 3");
	assert_true(r.caught_up);
	assert_false(r.ended);
	write_lines("log", 4, 60000); /* 3 MB at once */
	rest = all(&r);
	assert_true(r.skipped > 2000000);
	assert_string_equal(strrchr(rest, ' '), " 60000");
	assert_true(r.lines < 10000);
	assert_int_equal(r.behind, 0);
	assert_false(r.rotated);
	renameat(dir, "log", dir, "log.1");
	write_lines("log", 60001, 60001);
	free(rest);
	rest = all(&r);
	assert_string_equal(rest, "60001");
	assert_true(r.rotated);
	log_read_finish(&r);
	close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_tail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_around, setup, teardown),
		cmocka_unit_test_setup_teardown(test_progress, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_last_line_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_skips_ahead, setup, teardown),
	};

	return cmocka_run_group_tests_name("logs", tests, NULL, NULL);
}
