/* SPDX-License-Identifier: Apache-2.0 */
/* t-crilog.c - the container's log: lines, pieces of lines, both streams, rotation, a disk that refuses. */
#include "shim-test.h"

#include <regex.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>

#include "shim/crilog.h"

#define STAMP "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z "

static int setup(void **state)
{
	static struct bench b;

	bench_begin(&b);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	bench_end(*state);
	return 0;
}

/* The file without its stamps, each of which is checked. The caller frees. */
static char *lines_of(struct bench *b, const char *name)
{
	char *text, *out, *to;
	regex_t re;
	regmatch_t m;

	if (file_load(b->dir, name, 8 << 20, &text, NULL, NULL) < 0)
		return NULL;
	assert_int_equal(regcomp(&re, "^" STAMP, REG_EXTENDED), 0);
	out = to = calloc(1, strlen(text) + 1);
	for (char *p = text; *p;) {
		size_t n = strcspn(p, "\n");

		if (regexec(&re, p, 1, &m, 0) != 0)
			fail_msg("no stamp: %.60s", p);
		memcpy(to, p + m.rm_eo, n + 1 - (size_t)m.rm_eo);
		to += n + 1 - (size_t)m.rm_eo;
		assert_int_equal(p[n], '\n');
		p += n + 1;
	}
	regfree(&re);
	free(text);
	return out;
}

static void expect(struct bench *b, const char *name, const char *wanted)
{
	char *got = lines_of(b, name);

	if (!got || strcmp(got, wanted) != 0)
		fail_msg("%s: got '%s', wanted '%s'", name, got ? got : "(none)", wanted);
	free(got);
}

/* What was written, in which pieces, makes no difference; only the end of a stream does. */
static const struct {
	const char *put[6]; /* "1text" to stdout, "2text" to stderr */
	const char *log;
} cases[] = {
	{ { "1one\n" }, "stdout F one\n" },
	{ { "1one\ntwo\n" }, "stdout F one\nstdout F two\n" },
	{ { "1o", "1n", "1e\n" }, "stdout F one\n" },
	{ { "1one", "1\n" }, "stdout F one\n" },
	{ { "1\n\n" }, "stdout F \nstdout F \n" },
	{ { "1no end" }, "stdout P no end\n" },
	{ { "1a", "2b\n", "1c\n" }, "stderr F b\nstdout F ac\n" },
	{ { "1a", "2b" }, "stdout P a\nstderr P b\n" },
	{ { "1a\r\n" }, "stdout F a\r\n" },
	{ { "1\xff\xfe\n" }, "stdout F \xff\xfe\n" },
	{ { NULL }, "" },
};

static void test_lines(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct crilog l;

		unlinkat(b->dir, "log", 0);
		assert_int_equal(crilog_open(&l, b->dir, 1 << 20, 3, NULL), 0);
		for (size_t k = 0; k < 6 && cases[i].put[k]; k++)
			assert_int_equal(crilog_add(&l, cases[i].put[k][0] == '2' ? CRILOG_STDERR : CRILOG_STDOUT,
						    cases[i].put[k] + 1, strlen(cases[i].put[k] + 1), NULL), 0);
		crilog_finish(&l);
		expect(b, "log", cases[i].log);
	}
}

static void test_zero_bytes(void **state)
{
	struct bench *b = *state;
	struct crilog l;
	char *text;
	size_t n;

	assert_int_equal(crilog_open(&l, b->dir, 1 << 20, 3, NULL), 0);
	assert_int_equal(crilog_add(&l, CRILOG_STDOUT, "a\0b\n", 4, NULL), 0);
	crilog_finish(&l);
	assert_int_equal(file_load(b->dir, "log", 1 << 20, &text, &n, NULL), 0);
	assert_memory_equal(text + n - 4, "a\0b\n", 4);
	free(text);
}

/* 16 KiB is the longest piece, whatever the writes were. */
static void test_long_line(void **state)
{
	static const size_t steps[] = { 1 << 20, 16384, 16383, 1000, 7 };
	static char line[40001];
	struct bench *b = *state;

	memset(line, 'x', 40000);
	line[40000] = '\n';
	for (size_t s = 0; s < sizeof(steps) / sizeof(*steps); s++) {
		struct crilog l;
		char *got, *p;

		unlinkat(b->dir, "log", 0);
		assert_int_equal(crilog_open(&l, b->dir, 1 << 20, 3, NULL), 0);
		for (size_t off = 0; off < sizeof(line); off += steps[s]) {
			size_t n = sizeof(line) - off < steps[s] ? sizeof(line) - off : steps[s];

			assert_int_equal(crilog_add(&l, CRILOG_STDERR, line + off, n, NULL), 0);
		}
		crilog_finish(&l);
		got = p = lines_of(b, "log");
		for (int i = 0; i < 3; i++) {
			size_t n = i < 2 ? 16384 : 40000 - 2 * 16384;

			assert_memory_equal(p, i < 2 ? "stderr P " : "stderr F ", 9);
			assert_int_equal(strspn(p + 9, "x"), n);
			p += 9 + n + 1;
		}
		assert_int_equal(*p, 0);
		free(got);
	}
}

static void test_appends(void **state)
{
	struct bench *b = *state;
	struct crilog l;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(crilog_open(&l, b->dir, 1 << 20, 3, NULL), 0);
		crilog_add(&l, CRILOG_STDOUT, "again\n", 6, NULL);
		crilog_finish(&l);
	}
	expect(b, "log", "stdout F again\nstdout F again\n");
}

static void test_rotation(void **state)
{
	struct bench *b = *state;
	struct crilog l;
	char text[16];
	struct stat st;

	/* A line of 5 letters is 45 bytes: two a file. */
	assert_int_equal(crilog_open(&l, b->dir, 100, 3, NULL), 0);
	for (int i = 0; i < 9; i++) {
		snprintf(text, sizeof(text), "line%d\n", i);
		assert_int_equal(crilog_add(&l, CRILOG_STDOUT, text, 6, NULL), 0);
	}
	crilog_finish(&l);
	expect(b, "log", "stdout F line8\n");
	expect(b, "log.1", "stdout F line6\nstdout F line7\n");
	expect(b, "log.2", "stdout F line4\nstdout F line5\n");
	assert_int_equal(fstatat(b->dir, "log.3", &st, 0), -1);
	for (const char *const *f = (const char *const[]){ "log", "log.1", "log.2", NULL }; *f; f++) {
		assert_int_equal(fstatat(b->dir, *f, &st, 0), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		assert_true(st.st_size <= 100);
	}
}

static void test_one_file(void **state)
{
	struct bench *b = *state;
	struct crilog l;
	struct stat st;

	assert_int_equal(crilog_open(&l, b->dir, 60, 1, NULL), 0);
	crilog_add(&l, CRILOG_STDOUT, "first\n", 6, NULL);
	crilog_add(&l, CRILOG_STDOUT, "second\n", 7, NULL);
	crilog_finish(&l);
	expect(b, "log", "stdout F second\n");
	assert_int_equal(fstatat(b->dir, "log.1", &st, 0), -1);
}

/* A disk that refuses is told of once; the container goes on. */
static void test_refused(void **state)
{
	struct bench *b = *state;
	struct rlimit old, none = { 0, 0 };
	struct crilog l;
	struct err e = { 0 };

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	none.rlim_max = old.rlim_max;
	assert_int_equal(crilog_open(&l, b->dir, 1 << 20, 3, NULL), 0);
	setrlimit(RLIMIT_FSIZE, &none);
	assert_int_equal(crilog_add(&l, CRILOG_STDOUT, "lost\n", 5, &e), -EFBIG);
	assert_int_equal(crilog_add(&l, CRILOG_STDOUT, "lost\n", 5, &e), 0);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_non_null(strstr(e.text, "cannot write the container's log"));
	crilog_finish(&l);
	expect(b, "log", "");
}

static void test_not_open(void **state)
{
	struct crilog l = { 0 };
	struct err e = { 0 };

	crilog_finish(&l);
	assert_int_equal(crilog_open(&l, -1, 100, 3, &e), -EBADF);
	assert_int_equal(crilog_add(&l, CRILOG_STDOUT, "x\n", 2, &e), 0);
	crilog_finish(&l);
	crilog_finish(&l);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines), TEST(test_zero_bytes), TEST(test_long_line), TEST(test_appends),
		TEST(test_rotation), TEST(test_one_file), TEST(test_refused), TEST(test_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
