/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest sends for a copy: whatever it is, it lands where it was asked for or nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "engine/copy-host.h"
#include "tests/lib/tar.h"

struct guest {
	int fd;
	struct buf tar;
	pthread_t thread;
};

static void *send_it(void *arg)
{
	struct guest *g = arg;

	for (size_t at = 0; at < g->tar.len;) {
		ssize_t n = send(g->fd, g->tar.p + at, g->tar.len - at, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	shutdown(g->fd, SHUT_WR);
	return NULL;
}

/* Receives the tar into folder as name. */
static int receive(struct buf *tar, const char *folder, const char *name, struct tree_stats *ret, struct err *e)
{
	struct pace pace = { 0 };
	struct guest g = { .tar = *tar };
	struct copy_host h = { .tar = -1, .wake = -1, .pace = &pace };
	int pair[2], rc, dir = open(folder, O_PATH | O_DIRECTORY);

	assert_true(dir >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	g.fd = pair[1];
	h.conn = pair[0];
	assert_int_equal(pthread_create(&g.thread, NULL, send_it, &g), 0);
	rc = copy_host_receive(&h, dir, name, true, e);
	close(pair[0]);
	pthread_join(g.thread, NULL);
	close(pair[1]);
	close(dir);
	if (ret)
		*ret = h.stats;
	buf_finish(tar);
	memset(tar, 0, sizeof(*tar));
	return rc;
}

struct fixture {
	char top[64], to[96], safe[96];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *tmp = getenv("TMPDIR");

	snprintf(f->top, sizeof(f->top), "%.40s/berth-copy.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->top));
	snprintf(f->to, sizeof(f->to), "%s/to", f->top);
	snprintf(f->safe, sizeof(f->safe), "%s/safe", f->top);
	assert_int_equal(mkdir(f->to, 0755), 0);
	assert_int_equal(mkdir(f->safe, 0755), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	file_remove_tree(AT_FDCWD, f->top, NULL);
	free(f);
	return 0;
}

static unsigned count(const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *de;
	unsigned n = 0;

	assert_non_null(d);
	while ((de = readdir(d)))
		n += strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0;
	closedir(d);
	return n;
}

static mode_t mode_of(const char *folder, const char *name)
{
	AUTO_FREE char *path = path_join(folder, name);
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_mode;
}

/* The first entry is what was asked for; the second is what a guest would like. */
static void test_strays(void **state)
{
	static const struct tar_entry rows[] = {
		{ .name = "other", .data = "x" },
		{ .name = "named", .data = "x", .type = '5' }, /* a folder over a file */
		{ .name = "namedx", .data = "x" },
		{ .name = ".bashrc", .data = "x" },
		{ .name = "../safe/x", .data = "x" },
		{ .name = "named/../../safe/x", .data = "x" },
		{ .name = "/etc/x", .data = "x" },
		{ .name = "named/x", .data = "x" }, /* below a file */
		{ .name = "named", .type = '1', .link = "../safe" },
		{ .name = "named", .type = '1', .link = ".bashrc" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = { 0 };
		struct buf b = { 0 };

		tar_add(&b, &(struct tar_entry){ .name = "named", .data = "good" });
		tar_add(&b, &rows[i]);
		tar_end(&b);
		assert_true(receive(&b, f->to, "named", NULL, &e) < 0);
		assert_true(*e.text);
		assert_int_equal(count(f->to), 1);
		assert_int_equal(count(f->safe), 0);
		assert_true(S_ISREG(mode_of(f->to, "named")));
	}
}

static void test_links(void **state)
{
	struct fixture *f = *state;
	struct buf b = { 0 };

	tar_add(&b, &(struct tar_entry){ .name = "d/", .type = '5' });
	tar_add(&b, &(struct tar_entry){ .name = "d/l", .type = '2', .link = f->safe });
	tar_add(&b, &(struct tar_entry){ .name = "d/l/x", .data = "x" });
	tar_end(&b);
	assert_int_equal(receive(&b, f->to, "d", NULL, NULL), -EXDEV);
	tar_add(&b, &(struct tar_entry){ .name = "d/up", .type = '2', .link = "../../safe" });
	tar_add(&b, &(struct tar_entry){ .name = "d/up/x", .data = "x" });
	tar_end(&b);
	assert_int_equal(receive(&b, f->to, "d", NULL, NULL), -EXDEV);
	/* a link that leads to what nobody asked for, in the same folder */
	tar_add(&b, &(struct tar_entry){ .name = "d/up", .data = "x" });
	tar_end(&b);
	assert_int_equal(receive(&b, f->to, "d", NULL, NULL), 0);
	assert_true(S_ISREG(mode_of(f->to, "d/up")));
	assert_int_equal(count(f->safe), 0);
}

static void test_modes(void **state)
{
	struct fixture *f = *state;
	struct tree_stats stats;
	struct buf b = { 0 };

	tar_add(&b, &(struct tar_entry){ .name = "d/", .type = '5', .mode = 02555 });
	tar_add(&b, &(struct tar_entry){ .name = "d/suid", .mode = 06755, .data = "x" });
	tar_add(&b, &(struct tar_entry){ .name = "d/null", .type = '3', .major = 1, .minor = 3 });
	tar_add(&b, &(struct tar_entry){ .name = "d/disk", .type = '4', .major = 8 });
	tar_end(&b);
	assert_int_equal(receive(&b, f->to, "", &stats, NULL), 0);
	assert_int_equal(mode_of(f->to, "d"), S_IFDIR | 0555);
	assert_int_equal(mode_of(f->to, "d/suid"), S_IFREG | 0755);
	assert_int_equal(mode_of(f->to, "d/null"), 0);
	assert_int_equal(stats.left_out, 2);
	assert_int_equal(stats.entries, 2);
}

/* What was there is there still, and nothing is half written. */
static void test_cut(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE char *path = path_join(f->to, "file"), *text = NULL;
	AUTO_FREE char *data = calloc(1, 100000);
	struct buf b = { 0 };

	tar_add(&b, &(struct tar_entry){ .name = "file", .data = "old" });
	tar_end(&b);
	assert_int_equal(receive(&b, f->to, "file", NULL, NULL), 0);
	memset(data, 'n', 100000);
	tar_add(&b, &(struct tar_entry){ .name = "file", .data = data, .len = 100000 });
	b.len = 50000;
	assert_int_equal(receive(&b, f->to, "file", NULL, NULL), -EBADMSG);
	tar_add(&b, &(struct tar_entry){ .name = "file", .data = "x", .size = 1u << 30 });
	assert_int_equal(receive(&b, f->to, "file", NULL, NULL), -EBADMSG);
	assert_int_equal(count(f->to), 1);
	assert_int_equal(file_load(AT_FDCWD, path, 100, &text, NULL, NULL), 0);
	assert_string_equal(text, "old");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_strays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cut, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
