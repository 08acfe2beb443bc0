/* SPDX-License-Identifier: Apache-2.0 */
/* t-msglog.c - messages on the disk: what is written, who may read it, how it is put aside. */
#include <locale.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "tui/msglog.h"

struct fix {
	uv_loop_t loop;
	struct msglog log;
	char dir[64];
	char *path;
	int failures;
	char why[600];
};

static void failed(void *arg, const struct err *e)
{
	struct fix *f = arg;

	f->failures++;
	snprintf(f->why, sizeof(f->why), "%s", e->text);
}

static int setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/berth-test.XXXXXX");
	uv_loop_init(&f->loop);
	if (!mkdtemp(f->dir))
		return -1;
	f->path = path_fmt("%s/state/berth/messages.log", f->dir);
	f->log.failed = failed;
	f->log.arg = f;
	msglog_open(&f->log, &f->loop, f->path);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	msglog_close(&f->log);
	uv_loop_close(&f->loop);
	file_remove_tree(AT_FDCWD, f->dir, NULL);
	free(f->path);
	free(f);
	return 0;
}

static char *text_of(const char *path)
{
	char *text = NULL;

	assert_int_equal(file_load(AT_FDCWD, path, 4 << 20, &text, NULL, NULL), 0);
	return text;
}

static void test_lines(void **state)
{
	struct fix *f = *state;
	struct stat st;

	msglog_add(&f->log, MSG_CLI, 1795528950000000000ll, "berth stop web1");
	msglog_add(&f->log, MSG_INFO, 1795528951000000000ll, "web1 stopped");
	msglog_add(&f->log, MSG_ERROR, 1795528952000000000ll, "web1: port 8080 is taken");
	uv_run(&f->loop, UV_RUN_DEFAULT);
	AUTO_FREE char *text = text_of(f->path);

	assert_non_null(strstr(text, "2026-11-24T"));
	assert_non_null(strstr(text, "Z same-as berth stop web1\n"));
	assert_non_null(strstr(text, "Z info web1 stopped\n"));
	assert_non_null(strstr(text, "Z error web1: port 8080 is taken\n"));
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(f->failures, 0);
}

/* What was not written when the interface ends is written then. */
static void test_close(void **state)
{
	struct fix *f = *state;

	msglog_add(&f->log, MSG_INFO, 1, "one");
	msglog_add(&f->log, MSG_INFO, 1, "two");
	msglog_close(&f->log);
	AUTO_FREE char *text = text_of(f->path);

	assert_non_null(strstr(text, "one\n"));
	assert_non_null(strstr(text, "two\n"));
}

static void test_put_aside(void **state)
{
	struct fix *f = *state;
	AUTO_FREE char *older = path_fmt("%s.1", f->path);
	char line[1001];
	struct stat st;

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = 0;
	for (int i = 0; i < 2500; i++) {
		msglog_add(&f->log, MSG_INFO, 1, line);
		if (i % 50 == 0)
			uv_run(&f->loop, UV_RUN_DEFAULT);
	}
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(stat(f->path, &st), 0);
	assert_in_range(st.st_size, 1, MSGLOG_MAX);
	assert_int_equal(stat(older, &st), 0);
	assert_in_range(st.st_size, MSGLOG_MAX / 2, MSGLOG_MAX);
}

/* A link in the file's place is not followed, and that is told once. */
static void test_link(void **state)
{
	struct fix *f = *state;
	AUTO_FREE char *folder = path_fmt("%s/state/berth", f->dir), *other = path_fmt("%s/other", f->dir);

	assert_int_equal(path_mkdirs(folder, 0700, NULL), 0);
	assert_int_equal(symlink(other, f->path), 0);
	for (int i = 0; i < 3; i++) {
		msglog_add(&f->log, MSG_INFO, 1, "text");
		uv_run(&f->loop, UV_RUN_DEFAULT);
	}
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(f->failures, 1);
	assert_non_null(strstr(f->why, "messages.log"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close, setup, teardown),
		cmocka_unit_test_setup_teardown(test_put_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link, setup, teardown),
	};

	return cmocka_run_group_tests_name("messages on the disk", tests, NULL, NULL);
}
