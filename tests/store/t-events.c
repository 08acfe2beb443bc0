/* SPDX-License-Identifier: Apache-2.0 */
/* t-events.c - events of many writers, files that take each other's place, lines that a crash broke. */
#include <fcntl.h>
#include <setjmp.h>
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
#include "base/log.h"
#include "base/path.h"
#include "store/events.h"

static int setup(void **state)
{
	static char root[64];

	snprintf(root, sizeof(root), "/tmp/berth-events-XXXXXX");
	assert_non_null(mkdtemp(root));
	*state = root;
	return 0;
}

static int teardown(void **state)
{
	file_remove_tree(AT_FDCWD, *state, NULL);
	return 0;
}

/* Whole lines at the head of b, each to seen; broken ones are counted. */
struct seen {
	int n, broken;
	int64_t last;
	int next[16]; /* of each writer: "n" counts up */
	bool ordered;
	struct buf text; /* a line may come in pieces */
};

static void take(struct buf *b, struct seen *s)
{
	char *p = (char *)b->p, *nl;

	while (p && p < (char *)b->p + b->len && (nl = memchr(p, '\n', (size_t)((char *)b->p + b->len - p)))) {
		struct store_event ev;

		if (store_event_parse(p, (size_t)(nl - p), &ev) < 0) {
			s->broken++;
		} else {
			int writer = atoi(ev.id), n = atoi(json_str(ev.attributes, "n") ?: "-1");

			s->ordered = s->ordered && ev.time >= s->last && n == s->next[writer];
			s->last = ev.time;
			s->next[writer] = n + 1;
			s->n++;
			store_event_finish(&ev);
		}
		p = nl + 1;
	}
	if (b->p)
		buf_consume(b, (size_t)(p - (char *)b->p));
}

static void read_some(struct store_events *r, struct seen *s)
{
	while (store_events_read(r, &s->text, NULL) > 0)
		take(&s->text, s);
}

static void read_all(struct store_events *r, struct seen *s)
{
	read_some(r, s);
	assert_int_equal(s->text.len, 0);
	buf_finish(&s->text);
}

static void write_one(const char *root, int writer, int n, const char *text)
{
	char id[16], number[16];

	snprintf(id, sizeof(id), "%d", writer);
	snprintf(number, sizeof(number), "%d", n);
	store_event(root, "container", "start", id, "web", (const char *[]){ "n", number, "text", text, NULL });
}

static void test_one(void **state)
{
	const char *root = *state;
	struct store_events r;
	struct store_event ev;
	AUTO_BUF struct buf b = { 0 };
	struct stat st;
	char path[128];

	store_event(root, "image", "pull", "sha256:12", "debian \"\n\x1b[1m:1", (const char *[]){ "a", "b", "none", NULL, NULL });
	assert_int_equal(store_events_open(&r, root, true, NULL), 0);
	assert_true(store_events_read(&r, &b, NULL) > 0);
	assert_ptr_equal(memchr(b.p, '\n', b.len), b.p + b.len - 1);
	assert_int_equal(store_event_parse((char *)b.p, b.len - 1, &ev), 0);
	assert_string_equal(ev.type, "image");
	assert_string_equal(ev.action, "pull");
	assert_string_equal(ev.id, "sha256:12");
	assert_string_equal(ev.name, "debian \"\n\x1b[1m:1");
	assert_int_equal(cJSON_GetArraySize(ev.attributes), 1);
	assert_string_equal(json_str(ev.attributes, "a"), "b");
	store_event_finish(&ev);
	store_events_close(&r);
	snprintf(path, sizeof(path), "%s/" EVENTS_FILE, root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* Only what comes after it was opened, also if there was no file then. */
static void test_from_now(void **state)
{
	const char *root = *state;
	struct store_events none, late;
	struct seen s = { .ordered = true };

	assert_int_equal(store_events_open(&none, root, false, NULL), 0);
	write_one(root, 0, 0, NULL);
	assert_int_equal(store_events_open(&late, root, false, NULL), 0);
	write_one(root, 0, 1, NULL);
	read_all(&none, &s);
	assert_int_equal(s.n, 2);
	s = (struct seen){ .ordered = true, .next = { 1 } };
	read_all(&late, &s);
	assert_int_equal(s.n, 1);
	assert_true(s.ordered);
	store_events_close(&none);
	store_events_close(&late);
}

/* Eight processes fill several files between them while a reader follows: it sees each line once, whole, in order of
 * time, and each writer's in its own order. */
static void test_many(void **state)
{
	enum { WRITERS = 8, EACH = 600 };
	const char *root = *state;
	char *text = malloc(2001);
	struct seen s = { .ordered = true };
	struct store_events r;
	pid_t pids[WRITERS];
	int living = WRITERS, status;
	struct stat st;
	char path[128];

	memset(text, 'x', 2000);
	text[2000] = 0;
	assert_int_equal(store_events_open(&r, root, false, NULL), 0);
	for (int w = 0; w < WRITERS; w++) {
		pids[w] = fork();
		if (pids[w] == 0) {
			for (int i = 0; i < EACH; i++)
				write_one(root, w, i, text);
			_exit(0);
		}
		assert_true(pids[w] > 0);
	}
	while (living) {
		read_some(&r, &s);
		while (living && waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			living--;
		}
	}
	read_all(&r, &s);
	assert_int_equal(s.n, WRITERS * EACH);
	assert_int_equal(s.broken, 0);
	assert_true(s.ordered);
	store_events_close(&r);
	/* 10 MB were written; two files are kept, none much over its bound. */
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/" EVENTS_FILE "%s", root, i ? ".1" : "");
		assert_int_equal(stat(path, &st), 0);
		assert_true(st.st_size < EVENTS_BYTES_MAX + EVENTS_LINE_MAX);
	}
	/* From the start: all that is kept, without a gap at its end. */
	s = (struct seen){ .ordered = true };
	assert_int_equal(store_events_open(&r, root, true, NULL), 0);
	read_all(&r, &s);
	assert_true(s.n > EACH && s.n < WRITERS * EACH);
	/* One that was done early may have gone with the oldest file, but nobody's end is missing. */
	for (int w = 0; w < WRITERS; w++)
		assert_true(s.next[w] == EACH || s.next[w] == 0);
	store_events_close(&r);
	free(text);
}

static void test_broken(void **state)
{
	static const char *const bad[] = {
		"", "{", "{}", "[]", "null", "{\"time\":\"yesterday\",\"type\":\"a\",\"action\":\"b\",\"id\":\"c\",\"name\":\"d\"}",
		"{\"time\":\"2026-11-24T14:02:11Z\",\"type\":1,\"action\":\"b\",\"id\":\"c\",\"name\":\"d\"}",
	};
	const char *root = *state;
	struct seen s = { .ordered = true };
	struct store_events r;
	struct store_event ev;
	char path[128];
	int fd;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(store_event_parse(bad[i], strlen(bad[i]), &ev), -EINVAL);
	/* Half a line: the next writer leaves it alone on its own. */
	write_one(root, 0, 0, NULL);
	snprintf(path, sizeof(path), "%s/" EVENTS_FILE, root);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"time\":\"2026", 13), 13);
	close(fd);
	write_one(root, 0, 1, NULL);
	assert_int_equal(store_events_open(&r, root, true, NULL), 0);
	read_all(&r, &s);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.broken, 1);
	assert_true(s.ordered);
	store_events_close(&r);
}

/* What a caller tells may be long; what is kept is not. */
static void test_long(void **state)
{
	const char *root = *state;
	AUTO_FREE char *text = calloc(1, 100001);
	AUTO_BUF struct buf b = { 0 };
	struct store_events r;
	struct store_event ev;

	memset(text, 'x', 100000);
	write_one(root, 1, 0, text);
	log_set_level(LOG_LEVEL_ERROR);
	store_event(root, "container", "start", "1", text, NULL); /* not even so */
	log_set_level(LOG_LEVEL_WARN);
	assert_int_equal(store_events_open(&r, root, true, NULL), 0);
	while (store_events_read(&r, &b, NULL) > 0)
		;
	assert_true(b.len < 1000);
	assert_int_equal(store_event_parse((char *)b.p, b.len - 1, &ev), 0);
	assert_string_equal(ev.action, "start");
	assert_int_equal(cJSON_GetArraySize(ev.attributes), 0);
	store_event_finish(&ev);
	store_events_close(&r);
}

/* A name in the store's folder that is no file of ours is neither followed nor waited for. */
static void test_not_a_file(void **state)
{
	const char *root = *state;
	char path[128], target[128];
	struct store_events r;

	snprintf(path, sizeof(path), "%s/" EVENTS_FILE, root);
	snprintf(target, sizeof(target), "%s/target", root);
	assert_int_equal(symlink(target, path), 0);
	log_set_level(LOG_LEVEL_ERROR);
	write_one(root, 0, 0, NULL);
	log_set_level(LOG_LEVEL_WARN);
	assert_int_equal(access(target, F_OK), -1);
	assert_true(store_events_open(&r, root, true, NULL) < 0);
	assert_true(store_events_open(&r, "/nonexistent", true, NULL) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_from_now, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_a_file, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
