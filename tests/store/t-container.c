/* SPDX-License-Identifier: Apache-2.0 */
/* t-container.c - what the store keeps of containers: names, states, removal, a folder that others write too. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "store/container.h"

static int setup(void **state)
{
	static char root[64];

	snprintf(root, sizeof(root), "/tmp/berth-container-XXXXXX");
	assert_non_null(mkdtemp(root));
	*state = root;
	return 0;
}

static int teardown(void **state)
{
	file_remove_tree(AT_FDCWD, *state, NULL);
	return 0;
}

/* An id that is fill over and over, behind a beginning. */
static const char *id_of(const char *begin, char fill)
{
	static char ids[4][CONTAINER_ID_LEN + 1];
	static int next;
	char *id = ids[next++ % 4];

	memset(id, fill, CONTAINER_ID_LEN);
	memcpy(id, begin, strlen(begin));
	return id;
}

static int create(const char *root, const char *id, const char *name, struct err *e)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();

	cJSON_AddStringToObject(j, "id", id);
	cJSON_AddStringToObject(j, "name", name);
	return container_create(root, j, e);
}

/* The owner is another process, which is killed. */
static void test_owned(void **state)
{
	const char *root = *state, *id = id_of("0ed", '5');
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	AUTO(container_finish) struct container c = { 0 };
	int ready[2], lock = -1;
	char byte;

	cJSON_AddStringToObject(j, "id", id);
	cJSON_AddStringToObject(j, "name", "owned");
	cJSON_AddBoolToObject(j, "owned", true);
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (container_create_owned(root, j, &lock, NULL) >= 0 && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(container_read(root, id, &c, NULL), 0);
	assert_false(container_is_orphan(root, &c));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(container_is_orphan(root, &c));
	assert_int_equal(container_remove(root, id, NULL), 0);
	assert_false(container_is_orphan(root, &c)); /* it is gone already */
	cJSON_ReplaceItemInObjectCaseSensitive(c.config, "owned", cJSON_CreateFalse());
	assert_false(container_is_orphan(root, &c));
	close(ready[0]);
	close(ready[1]);
}

static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = { { "ab", true }, { "a_b.c-9", true }, { "9a", true }, { "a", false }, { "", false }, { ".ab", false },
		     { "_ab", false }, { "-ab", false }, { "a b", false }, { "a/b", false }, { "a:b", false },
		     { "\xc3\xa4" "b", false }, { "..", false } };
	char longest[130];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (container_name_valid(rows[i].name) != rows[i].valid)
			fail_msg("'%s'", rows[i].name);
	memset(longest, 'a', sizeof(longest));
	longest[128] = 0;
	assert_true(container_name_valid(longest));
	longest[128] = 'a';
	longest[129] = 0;
	assert_false(container_name_valid(longest));
}

static void test_create_and_find(void **state)
{
	const char *root = *state, *a = id_of("abcd1", '0'), *b = id_of("abcd2", '0');
	char found[CONTAINER_ID_LEN + 1];
	struct container c = { 0 };
	struct err e = { 0 };
	int dir = create(root, a, "one", &e);

	assert_true(dir >= 0);
	close(dir);
	assert_int_equal(create(root, b, "one", &e), -EEXIST);
	assert_non_null(strstr(e.text, "the name 'one' is taken by container abcd10000000"));
	/* A name that is another's id, or the beginning of one, is a name like any. */
	dir = create(root, b, "abcd1", &e);
	assert_true(dir >= 0);
	close(dir);
	static const struct {
		const char *word;
		int rc;
		char which;
	} rows[] = { { "one", 0, 'a' }, { "abcd1", 0, 'b' }, { "abcd10", 0, 'a' }, { "abcd2", 0, 'b' },
		     { "abcd", -ENOTUNIQ, 0 }, { "two", -ENOENT, 0 }, { "", -ENOENT, 0 }, { "ONE", -ENOENT, 0 },
		     { "..", -ENOENT, 0 }, { "abcd1/../abcd2", -ENOENT, 0 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int rc = container_find(root, rows[i].word, found, &e);

		if (rc != rows[i].rc || (rc == 0 && strcmp(found, rows[i].which == 'a' ? a : b) != 0))
			fail_msg("'%s': %d, %s", rows[i].word, rc, rc ? e.text : found);
	}
	assert_int_equal(container_read(root, a, &c, &e), 0);
	assert_string_equal(json_str(c.config, "name"), "one");
	assert_null(c.state);
	assert_false(c.alive);
	container_finish(&c);
	assert_int_equal(container_read(root, id_of("0", '0'), &c, &e), -ENOENT);
	assert_int_equal(container_open(root, "../..", &e), -ENOENT);
}

/* What is said, what lives, and what a user sees. */
static void test_states(void **state)
{
	static const struct {
		const char *said; /* NULL: nothing yet */
		bool alive;
		const char *seen;
	} rows[] = { { NULL, false, "created" }, { NULL, true, "starting" }, { "starting", true, "starting" },
		     { "starting", false, "dead" }, { "running", true, "running" }, { "running", false, "dead" },
		     { "paused", true, "paused" }, { "paused", false, "dead" }, { "stopping", true, "stopping" },
		     { "stopping", false, "dead" }, { "exited", false, "exited" }, { "exited", true, "exited" },
		     { "dead", false, "dead" }, { "created", false, "created" }, { "nonsense", false, "dead" } };
	const char *root = *state;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char begin[24], name[24];
		struct container c = { 0 };
		int dir, lock = -1;

		snprintf(begin, sizeof(begin), "%02zx", i);
		snprintf(name, sizeof(name), "c%zu", i);
		const char *id = id_of(begin, 'a');
		dir = create(root, id, name, &e);
		assert_true(dir >= 0);
		if (rows[i].said) {
			AUTO_JSON cJSON *j = cJSON_CreateObject();

			cJSON_AddStringToObject(j, "state", rows[i].said);
			assert_int_equal(container_write_state(dir, j, i & 1, &e), 0);
		}
		if (rows[i].alive)
			lock = lock_try(dir, "lock", false, &e);
		assert_int_equal(container_read(root, id, &c, &e), 0);
		if (strcmp(container_state_word(&c), rows[i].seen) != 0)
			fail_msg("row %zu: %s", i, container_state_word(&c));
		container_finish(&c);
		if (lock >= 0)
			close(lock);
		close(dir);
	}
}

static void test_list(void **state)
{
	const char *root = *state;
	char **ids = NULL;
	struct err e = { 0 };

	assert_int_equal(container_ids(root, &ids, &e), 0);
	assert_null(ids[0]);
	strv_free(ids);
	for (int i = 0; i < 3; i++) {
		char begin[24], name[24];
		struct timespec t[2] = { { .tv_sec = 1000 + i }, { .tv_sec = 1000 + i } };
		int dir;

		snprintf(begin, sizeof(begin), "%d", i);
		snprintf(name, sizeof(name), "c%d", i);
		dir = create(root, id_of(begin, 'f'), name, &e);
		assert_int_equal(utimensat(dir, "config.json", t, 0), 0);
		close(dir);
	}
	/* What is no container counts as none: half-made ones, files, names that are no ids. */
	const char *const strange[] = { ".new-x", "abc", "0000000000000000000000000000000000000000000000000000000000000000" };
	for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
		AUTO_FREE char *path = path_fmt("%s/containers/%s", root, strange[i]);

		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_int_equal(container_ids(root, &ids, &e), 0);
	assert_int_equal(strv_len((const char *const *)ids), 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ids[i][0], '2' - i); /* newest first */
	strv_free(ids);
}

static void test_remove(void **state)
{
	const char *root = *state, *id = id_of("aa", '1');
	struct err e = { 0 };
	char found[CONTAINER_ID_LEN + 1];
	int dir = create(root, id, "gone", &e);
	AUTO_FREE char *all = path_join(root, "containers");

	assert_int_equal(file_replace(dir, "upper.ext4", "x", 1, 0600, &e), 0);
	assert_int_equal(mkdirat(dir, "sub", 0700), 0);
	close(dir);
	assert_int_equal(container_remove(root, id, &e), 0);
	assert_int_equal(container_remove(root, id, &e), -ENOENT);
	assert_int_equal(container_find(root, "gone", found, &e), -ENOENT);
	assert_int_equal(container_remove(root, "..", &e), -EINVAL);
	assert_int_equal(container_remove(root, "", &e), -EINVAL);
	/* The name is free at once. */
	dir = create(root, id, "gone", &e);
	assert_true(dir >= 0);
	close(dir);
}

static void test_bad_files(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "null", "{\"name\":", "\xff\xff" };
	const char *root = *state, *id = id_of("bb", '2');
	struct err e = { 0 };
	int dir = create(root, id, "bad", &e);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct container c = { 0 };
		int rc;

		assert_int_equal(file_replace(dir, "config.json", texts[i], strlen(texts[i]), 0600, &e), 0);
		rc = container_read(root, id, &c, &e);
		if (rc == 0)
			container_finish(&c); /* JSON, if not of ours: it has no name */
		else
			assert_non_null(strstr(e.text, "container 'bb2222222222'"));
	}
	close(dir);
}

/* The spare space is given up for the state when the disk is full. */
static void test_spare(void **state)
{
	const char *root = *state, *id = id_of("cc", '3');
	struct err e = { 0 };
	struct stat st;
	int dir = create(root, id, "spare", &e);

	container_keep_spare(dir);
	container_keep_spare(dir);
	assert_int_equal(fstatat(dir, "spare", &st, 0), 0);
	assert_true(st.st_blocks * 512 >= 32 << 10);
	container_keep_spare(-1);
	close(dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names), TEST(test_create_and_find), TEST(test_states), TEST(test_list),
		TEST(test_remove), TEST(test_bad_files), TEST(test_spare), TEST(test_owned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
