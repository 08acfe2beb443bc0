/* SPDX-License-Identifier: Apache-2.0 */
/* t-console.c - a terminal and those who look at it: sizes, snapshots, read-only, slow viewers, the end. */
#include "shim-test.h"

#include "shim/console.h"

#define SCROLLBACK 50

struct world {
	struct bench b;
	struct iosock *io;
	struct crilog log;
	struct console c;
	int guest_out, guest_in; /* the guest's ends */
	int rows, cols, resized, drained, viewers;
};

struct view {
	int fd;
	uint64_t id;
};

static void on_viewers(void *arg)
{
	struct world *w = arg;

	w->viewers++;
}

static void on_resized(void *arg, int rows, int cols)
{
	struct world *w = arg;

	w->rows = rows;
	w->cols = cols;
	w->resized++;
}

static void on_drained(void *arg)
{
	((struct world *)arg)->drained++;
}

static int setup(void **state)
{
	static struct world w;
	int pair[2];

	w = (struct world){ 0 };
	bench_begin(&w.b);
	assert_int_equal(iosock_create(&w.b.loop, w.b.dir, "io.sock", &w.io, NULL), 0);
	assert_int_equal(crilog_open(&w.log, w.b.dir, 1 << 20, 3, NULL), 0);
	assert_int_equal(console_init(&w.c, &w.b.loop, 24, 80, SCROLLBACK, &w.log), 0);
	w.c.arg = &w;
	w.c.resized = on_resized;
	w.c.viewers_changed = on_viewers;
	w.c.drained = on_drained;
	assert_int_equal(sock_pair(pair), 0);
	console_set_output(&w.c, pair[0]);
	w.guest_out = pair[1];
	assert_int_equal(sock_pair(pair), 0);
	console_set_input(&w.c, pair[0]);
	w.guest_in = pair[1];
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	console_finish(&w->c);
	iosock_destroy(w->io);
	crilog_finish(&w->log);
	close(w->guest_out);
	close(w->guest_in);
	bench_end(&w->b);
	return 0;
}

static struct view look(struct world *w, unsigned rows, unsigned cols, bool read_only)
{
	struct console_spec spec = { .stdin_ = true, .output = true, .read_only = read_only, .rows = rows, .cols = cols };
	char token[IOSOCK_TOKEN_LEN + 1];
	struct view v;

	assert_int_equal(console_attach(&w->c, w->io, &spec, token, &v.id), 0);
	v.fd = bench_come(&w->b, token);
	return v;
}

static void say(struct world *w, const char *text)
{
	assert_int_equal(send(w->guest_out, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	bench_turn(&w->b);
}

static void type(struct world *w, struct view v, const char *text)
{
	assert_int_equal(send(v.fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	bench_turn(&w->b);
}

/* All that is there to read now. */
static const char *now(struct world *w, int fd)
{
	static char text[1 << 20];
	ssize_t n;
	size_t got = 0;

	bench_turn(&w->b);
	while ((n = recv(fd, text + got, sizeof(text) - 1 - got, MSG_DONTWAIT)) > 0) {
		got += (size_t)n;
		bench_turn(&w->b);
	}
	text[got] = 0;
	return text;
}

static void expect_screen(struct world *w, const char *wanted)
{
	struct buf text = { 0 };

	assert_int_equal(console_text(&w->c, 0, &text), 0);
	if (strncmp((char *)text.p, wanted, strlen(wanted)) != 0)
		fail_msg("screen: %s", (char *)text.p);
	buf_finish(&text);
}

static void test_live(void **state)
{
	struct world *w = *state;
	struct view v = look(w, 24, 80, false);

	assert_string_equal(now(w, v.fd), ""); /* a fresh console shows nothing: the viewer's terminal stays */
	say(w, "$ ");
	assert_string_equal(now(w, v.fd), "$ ");
	type(w, v, "ls\r");
	assert_string_equal(now(w, w->guest_in), "ls\r");
	close(v.fd);
}

/* What a guest puts into the clipboard comes to those alone who asked for it, at its place among what it writes. */
static void test_clipboard(void **state)
{
	static const char set[] = "\033]52;c;aGVsbG8=\033\\";
	struct world *w = *state;
	struct console_spec spec = { .stdin_ = true, .output = true, .clipboard = true, .rows = 24, .cols = 80 };
	struct view v = look(w, 24, 80, false), with;
	char token[IOSOCK_TOKEN_LEN + 1];

	assert_int_equal(console_attach(&w->c, w->io, &spec, token, &with.id), 0);
	with.fd = bench_come(&w->b, token);
	now(w, v.fd);
	now(w, with.fd);
	say(w, "a\033]52;c;aGVsbG8=\007b\033]52;c;?\007\033]52;\302\233c;aGk=\007c");
	assert_string_equal(now(w, v.fd), "abc");
	assert_non_null(strstr(now(w, with.fd), set));
	assert_string_equal(now(w, w->guest_in), ""); /* nobody reads the clipboard */
	close(v.fd);
	close(with.fd);
}

static void test_scrollback_limit(void **state)
{
	struct world *w = *state;
	struct buf text = { 0 };
	unsigned lines = 0;

	for (int i = 0; i < 200; i++) {
		char line[20];

		snprintf(line, sizeof(line), "%d\r\n", i);
		say(w, line);
	}
	assert_int_equal(console_text(&w->c, 100000, &text), 0);
	for (size_t i = 0; i < text.len; i++)
		lines += text.p[i] == '\n';
	assert_int_equal(lines, SCROLLBACK);
	assert_memory_equal(text.p, "127\n", 4); /* 200 lines and the empty one, of which 24 are on the screen */
	buf_finish(&text);
}

static void test_snapshot(void **state)
{
	struct world *w = *state;
	struct view v;
	const char *first;
	char *copy;

	say(w, "one\r\n\033[31mtwo\033[m\033[5;7H");
	v = look(w, 24, 80, false);
	first = now(w, v.fd);
	assert_non_null(strstr(first, "one"));
	assert_non_null(strstr(first, "two"));
	/* It makes the same screen elsewhere, cursor and all; what comes later follows. */
	copy = strdup(first);
	struct vt *other = vt_new(24, 80, NULL, &(struct vt_callbacks){ 0 }, NULL);
	vt_feed(other, copy, strlen(copy));
	say(w, "x");
	first = now(w, v.fd);
	assert_string_equal(first, "x");
	vt_feed(other, "x", 1);
	for (int y = 0; y < 24; y++)
		for (int x = 0; x < 80; x++) {
			char a[VT_CELL_TEXT_MAX + 1] = "", b[VT_CELL_TEXT_MAX + 1] = "";
			struct vt_row ra = vt_row(other, y), rb = vt_row(w->c.vt, y);

			if (x < ra.used)
				vt_cell_text(other, &ra.cells[x], a);
			if (x < rb.used)
				vt_cell_text(w->c.vt, &rb.cells[x], b);
			if (strcmp(*a ? a : " ", *b ? b : " ") != 0)
				fail_msg("%d,%d: '%s', not '%s'", y, x, a, b);
		}
	vt_free(other);
	free(copy);
	expect_screen(w, "one\ntwo\n\n\n      x\n");
	close(v.fd);
}

/* Who keeps the picture gets it anew when the size changes, in its place among the bytes; others do not. */
static void test_repaint(void **state)
{
	struct world *w = *state;
	struct console_spec spec = { .stdin_ = true, .output = true, .repaint = true, .rows = 24, .cols = 80 };
	struct view plain = look(w, 24, 80, false), kept;
	char token[IOSOCK_TOKEN_LEN + 1];
	struct vt *other;
	const char *got;

	assert_int_equal(console_attach(&w->c, w->io, &spec, token, &kept.id), 0);
	kept.fd = bench_come(&w->b, token);
	say(w, "before, in a line that is longer than the width to come");
	now(w, kept.fd);
	now(w, plain.fd);
	console_resize(&w->c, kept.id, 10, 20);
	say(w, "after");
	assert_string_equal(now(w, plain.fd), "after");
	got = now(w, kept.fd);
	other = vt_new(10, 20, NULL, &(struct vt_callbacks){ 0 }, NULL);
	vt_feed(other, got, strlen(got));
	for (int y = 0; y < 10; y++) {
		struct vt_row ra = vt_row(other, y), rb = vt_row(w->c.vt, y);

		assert_int_equal(ra.used, rb.used);
		for (int x = 0; x < ra.used; x++)
			assert_int_equal(ra.cells[x].ch, rb.cells[x].ch);
	}
	assert_non_null(strstr(got, "before"));
	console_resize(&w->c, kept.id, 10, 20); /* the same size: nothing */
	assert_string_equal(now(w, kept.fd), "");
	vt_free(other);
	close(plain.fd);
	close(kept.fd);
}

/* It is told when one comes, and when it has gone. */
static void test_viewers(void **state)
{
	struct world *w = *state;
	struct view a = look(w, 24, 80, false), b = look(w, 24, 80, true);

	assert_int_equal(w->viewers, 2);
	close(a.fd);
	bench_turn(&w->b);
	assert_int_equal(w->viewers, 3);
	assert_int_equal(console_nviewers(&w->c), 1);
	close(b.fd);
}

/* The first viewer's size counts, then that of who typed last. */
static void test_two_sizes(void **state)
{
	struct world *w = *state;
	struct view a = look(w, 30, 100, false), b;

	assert_int_equal(w->resized, 1);
	assert_int_equal(w->rows * 1000 + w->cols, 30100);
	b = look(w, 40, 120, false);
	assert_int_equal(w->resized, 1);
	type(w, b, "x");
	assert_int_equal(w->rows * 1000 + w->cols, 40120);
	type(w, b, "y");
	assert_int_equal(w->resized, 2);
	type(w, a, "z");
	assert_int_equal(w->rows * 1000 + w->cols, 30100);
	console_resize(&w->c, b.id, 50, 90);
	assert_int_equal(w->rows * 1000 + w->cols, 50090);
	type(w, a, "!");
	assert_int_equal(w->rows * 1000 + w->cols, 30100);
	type(w, b, "?");
	assert_int_equal(w->rows * 1000 + w->cols, 50090);
	assert_string_equal(now(w, w->guest_in), "xyz!?");
	assert_int_equal(console_nviewers(&w->c), 2);
	close(a.fd), close(b.fd);
	bench_turn(&w->b);
	assert_int_equal(console_nviewers(&w->c), 0);
	assert_false(console_busy(&w->c));
}

static void test_sizes_that_are_none(void **state)
{
	static const unsigned sizes[][2] = { { 0, 0 }, { 0, 80 }, { 24, 0 }, { 24, 80 }, { 1u << 31, 80 },
					     { 24, VT_COLS_MAX + 1 }, { VT_ROWS_MAX + 1, 80 } };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		console_resize(&w->c, 0, sizes[i][0], sizes[i][1]);
	assert_int_equal(w->resized, 0);
	assert_int_equal(vt_rows(w->c.vt), 24);
	console_resize(&w->c, 0, 10, 20);
	assert_int_equal(w->rows * 1000 + w->cols, 10020);
}

static void test_read_only(void **state)
{
	struct world *w = *state;
	struct view v = look(w, 30, 100, true);

	assert_int_equal(w->resized, 0);
	say(w, "seen");
	assert_string_equal(now(w, v.fd), "seen");
	type(w, v, "rm -rf /\r");
	assert_string_equal(now(w, w->guest_in), "");
	console_resize(&w->c, v.id, 50, 90);
	assert_int_equal(w->resized, 0);
	close(v.fd);
}

/* The console answers the guest itself, once, whoever looks. */
static void test_queries(void **state)
{
	struct world *w = *state;
	struct view a = look(w, 24, 80, false), b = look(w, 24, 80, false);
	const char *text;

	say(w, "\033[6n");
	text = now(w, w->guest_in);
	assert_string_equal(text, "\033[1;1R");
	assert_string_equal(now(w, a.fd), "");
	assert_string_equal(now(w, b.fd), "");
	close(a.fd), close(b.fd);
}

/* Who asks and never reads the answers gets no more of them. */
static void test_bell(void **state)
{
	struct world *w = *state;
	struct view v = look(w, 24, 80, false);

	now(w, v.fd);
	say(w, "a\a\a\a");
	assert_string_equal(now(w, v.fd), "a\a");
	w->c.bell_ns -= 1000000000; /* a second later */
	say(w, "b\a\a");
	assert_string_equal(now(w, v.fd), "b\a");
	close(v.fd);
}

static void test_flood_of_queries(void **state)
{
	struct world *w = *state;
	char ask[4096];

	for (size_t i = 0; i < sizeof(ask); i += 4)
		memcpy(ask + i, "\033[6n", 4);
	for (int i = 0; i < 400; i++) {
		assert_int_equal(send(w->guest_out, ask, sizeof(ask), MSG_NOSIGNAL), sizeof(ask));
		bench_turn(&w->b);
	}
	assert_true(w->c.input.len <= 128 << 10);
}

/* A viewer that does not read holds up nobody, and comes back to the screen as it is. */
static void test_slow_viewer(void **state)
{
	struct world *w = *state;
	struct view slow = look(w, 24, 80, false), quick = look(w, 24, 80, false);
	char line[1000];
	size_t total = 0;
	const char *text;

	memset(line, 'x', sizeof(line) - 2);
	line[sizeof(line) - 2] = '\r';
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(send(w->guest_out, line, sizeof(line), MSG_NOSIGNAL), sizeof(line));
		bench_turn(&w->b);
		total += strlen(now(w, quick.fd));
	}
	assert_int_equal(total, 3000 * sizeof(line));
	say(w, "\033[H\033[2Jthe last");
	assert_non_null(strstr(now(w, quick.fd), "the last"));
	total = 0;
	while (*(text = now(w, slow.fd))) {
		total += strlen(text);
		if (strstr(text, "the last"))
			break;
	}
	assert_non_null(strstr(text, "the last"));
	assert_true(total < 2u << 20);
	close(slow.fd), close(quick.fd);
}

/* A guest that does not read: who types waits, nothing grows. */
static void test_slow_guest(void **state)
{
	struct world *w = *state;
	struct view v = look(w, 24, 80, false);
	static char block[65536];
	size_t sent = 0, got = 0;

	memset(block, 'k', sizeof(block));
	for (int i = 0; i < 200; i++) {
		ssize_t n = send(v.fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		bench_turn(&w->b);
	}
	assert_true(sent < sizeof(block) * 200);
	assert_true(w->c.input.len <= (64 << 10) + 4096);
	for (const char *p; *(p = now(w, w->guest_in));)
		got += strlen(p);
	assert_int_equal(got, sent);
	close(v.fd);
}

static void test_end(void **state)
{
	struct world *w = *state;
	struct view v = look(w, 24, 80, false), late;
	char *text;

	assert_int_equal(send(w->guest_out, "bye\r\n", 5, 0), 5);
	console_drain(&w->c);
	assert_int_equal(w->drained, 1);
	assert_string_equal(now(w, v.fd), "bye\r\n");
	assert_true(bench_closed(&w->b, v.fd));
	/* Who comes later still sees the last screen, and the end. */
	late = look(w, 10, 10, false);
	assert_int_equal(w->resized, 0);
	assert_non_null(strstr(now(w, late.fd), "bye"));
	assert_true(bench_closed(&w->b, late.fd));
	expect_screen(w, "bye\n");
	assert_false(console_busy(&w->c));
	assert_int_equal(file_load(w->b.dir, "log", 1 << 20, &text, NULL, NULL), 0);
	assert_non_null(strstr(text, " stdout F bye\r\n"));
	free(text);
	close(v.fd), close(late.fd);
}

static void test_scrollback(void **state)
{
	struct world *w = *state;
	struct buf text = { 0 };

	for (int i = 0; i < 40; i++) {
		char line[16];

		snprintf(line, sizeof(line), "%d   \r\n", i);
		say(w, line);
	}
	assert_int_equal(console_text(&w->c, 3, &text), 0);
	assert_string_equal((char *)text.p, "14\n15\n16\n");
	buf_finish(&text);
}

static void test_nobody_comes(void **state)
{
	struct world *w = *state;
	struct console_spec spec = { .stdin_ = true, .output = true, .rows = 24, .cols = 80 };
	char token[IOSOCK_TOKEN_LEN + 1];
	uint64_t id;

	assert_int_equal(console_attach(&w->c, w->io, &spec, token, &id), 0);
	assert_true(console_busy(&w->c));
	assert_int_equal(console_nviewers(&w->c), 0);
	iosock_destroy(w->io);
	w->io = NULL;
	assert_false(console_busy(&w->c));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_live), TEST(test_snapshot), TEST(test_repaint), TEST(test_viewers), TEST(test_two_sizes), TEST(test_sizes_that_are_none),
		TEST(test_read_only), TEST(test_queries), TEST(test_bell), TEST(test_flood_of_queries), TEST(test_slow_viewer),
		TEST(test_slow_guest), TEST(test_end), TEST(test_scrollback), TEST(test_nobody_comes),
		TEST(test_clipboard), TEST(test_scrollback_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
