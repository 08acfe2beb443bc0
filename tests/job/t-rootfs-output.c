/* SPDX-License-Identifier: Apache-2.0 */
/* A file that appears whole, on a file system that knows no files without a name. */
#include "job/rootfs-output.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"

#define LEFT ".berth-0123456789abcdef"

static bool has_tmpfile;
static char dir[64];

/* In place of libc's. */
int openat(int at, const char *path, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (!has_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_openat, at, path, flags, mode);
}

static int setup(void **state)
{
	strcpy(dir, "/tmp/berth-output.XXXXXX");
	has_tmpfile = false;
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	return file_remove_tree(AT_FDCWD, dir, NULL);
}

static char *in_dir(const char *name)
{
	char *p = path_join(dir, name);

	assert_non_null(p);
	return p;
}

static bool is_there(const char *name)
{
	AUTO_FREE char *p = in_dir(name);
	struct stat st;

	return lstat(p, &st) == 0;
}

static int make(const char *name)
{
	AUTO_FREE char *p = in_dir(name);
	int fd = open(p, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	return fd;
}

static void begin(struct rootfs_output *o)
{
	AUTO_FREE char *p = in_dir("made");
	struct err e = { 0 };

	if (rootfs_output_begin(p, o, &e) < 0)
		fail_msg("%s", e.text);
}

static void test_whole(void **state)
{
	struct rootfs_output o;

	for (int i = 0; i < 4; i++) { /* new and in place of one, with and without */
		has_tmpfile = i % 2;
		begin(&o);
		assert_int_equal(is_there("made"), i > 0);
		assert_int_equal(o.tmp[0] != 0, !has_tmpfile);
		assert_int_equal(write(o.fd, "x", 1), 1);
		assert_int_equal(rootfs_output_commit(&o, NULL), 0);
		rootfs_output_finish(&o);
		AUTO_FREE char *p = in_dir("made");
		AUTO_FREE char *text = NULL;
		assert_int_equal(file_load(AT_FDCWD, p, 10, &text, NULL, NULL), 0);
		assert_string_equal(text, "x");
		if (i == 1)
			assert_int_equal(unlink(p), 0);
		if (i == 1)
			close(make("made"));
	}
	has_tmpfile = false;
	begin(&o);
	assert_true(is_there(o.tmp));
	char name[sizeof(o.tmp)];
	strcpy(name, o.tmp);
	rootfs_output_finish(&o);
	assert_false(is_there(name));
}

/* What a killed process left goes with the next one; what another still writes stays. */
static void test_left(void **state)
{
	static const char *const others[] = { ".berth-", ".berth-0123456789abcdeg", ".berth-0123456789abcdef0", "berth-x" };
	struct rootfs_output mine, o;
	int status, locked;
	pid_t pid;

	begin(&mine);
	pid = fork();
	if (pid == 0) {
		begin(&o);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(make(LEFT));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		close(make(others[i]));
	locked = make(".berth-aaaaaaaaaaaaaaaa");
	assert_int_equal(flock(locked, LOCK_EX), 0);
	AUTO_FREE char *link = in_dir(".berth-bbbbbbbbbbbbbbbb"), *folder = in_dir(".berth-cccccccccccccccc");
	assert_int_equal(symlink("made", link), 0);
	assert_int_equal(mkdir(folder, 0755), 0);
	begin(&o);
	assert_false(is_there(LEFT));
	assert_true(is_there(mine.tmp));
	assert_true(is_there(o.tmp));
	assert_true(is_there(".berth-aaaaaaaaaaaaaaaa"));
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		assert_true(is_there(others[i]));
	assert_true(is_there(".berth-bbbbbbbbbbbbbbbb"));
	assert_true(is_there(".berth-cccccccccccccccc"));
	AUTO_FREE char *cmd = path_fmt("ls -A %s | grep -cE '^.berth-[0-9a-f]{16}$'", dir);
	FILE *f = popen(cmd, "r");
	int n = 0;
	assert_int_equal(fscanf(f, "%d", &n), 1);
	pclose(f);
	assert_int_equal(n, 5); /* the child's is gone too */
	close(locked);
	rootfs_output_finish(&o);
	rootfs_output_finish(&mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left, setup, teardown),
	};

	return cmocka_run_group_tests_name("rootfs-output", tests, NULL, NULL);
}
