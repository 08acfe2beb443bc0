/* SPDX-License-Identifier: Apache-2.0 */
/* t-channel.c - the streams of a process without terminal: nothing is lost, and a slow reader slows the process. */
#include "shim-test.h"

#include "shim/channel.h"

struct world {
	struct bench b;
	struct iosock *io;
	struct crilog log;
	struct channel out;
	struct inlet in;
	int guest, guest_in; /* the guest's ends */
	int drained;
};

static void on_drained(struct channel *c)
{
	container_of(c, struct world, out)->drained++;
}

static int setup(void **state)
{
	static struct world w;
	int pair[2];

	w = (struct world){ 0 };
	bench_begin(&w.b);
	assert_int_equal(iosock_create(&w.b.loop, w.b.dir, "io.sock", &w.io, NULL), 0);
	assert_int_equal(crilog_open(&w.log, w.b.dir, 64 << 20, 3, NULL), 0);
	assert_int_equal(channel_init(&w.out, &w.b.loop, &w.log, CRILOG_STDOUT, on_drained, NULL), 0);
	assert_int_equal(inlet_init(&w.in, &w.b.loop), 0);
	assert_int_equal(sock_pair(pair), 0);
	channel_set_fd(&w.out, pair[0]);
	w.guest = pair[1];
	assert_int_equal(sock_pair(pair), 0);
	inlet_set_fd(&w.in, pair[0]);
	w.guest_in = pair[1];
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	channel_finish(&w->out);
	inlet_finish(&w->in);
	iosock_destroy(w->io);
	crilog_finish(&w->log);
	close(w->guest);
	close(w->guest_in);
	bench_end(&w->b);
	return 0;
}

static int reader(struct world *w)
{
	char token[IOSOCK_TOKEN_LEN + 1];

	assert_int_equal(channel_attach(&w->out, w->io, token), 0);
	return bench_come(&w->b, token);
}

static void say(struct world *w, const char *text)
{
	assert_int_equal(send(w->guest, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	bench_turn(&w->b);
}

static void expect(struct world *w, int fd, const char *wanted)
{
	char got[256] = "";

	assert_int_equal(bench_read(&w->b, fd, got, strlen(wanted)), strlen(wanted));
	assert_string_equal(got, wanted);
}

static void test_readers(void **state)
{
	struct world *w = *state;
	int a = reader(w), b;

	say(w, "one\n");
	expect(w, a, "one\n");
	b = reader(w);
	say(w, "two\n");
	expect(w, a, "two\n");
	expect(w, b, "two\n"); /* what was before is in the log */
	close(a);
	say(w, "three\n");
	expect(w, b, "three\n");
	close(b);
	say(w, "four\n"); /* nobody reads: it goes to the log alone */
	channel_drain(&w->out);
	assert_int_equal(w->drained, 1);
	crilog_finish(&w->log);
	char *text;
	assert_int_equal(file_load(w->b.dir, "log", 1 << 20, &text, NULL, NULL), 0);
	assert_non_null(strstr(text, "F one\n"));
	assert_non_null(strstr(text, "F four\n"));
	free(text);
}

/* A token whose client has not come holds the stream back: its first byte is not lost. */
static void test_first_byte(void **state)
{
	struct world *w = *state;
	char token[IOSOCK_TOKEN_LEN + 1];
	int fd;

	assert_int_equal(channel_attach(&w->out, w->io, token), 0);
	say(w, "early");
	fd = bench_come(&w->b, token);
	expect(w, fd, "early");
	close(fd);
}

static void test_slow_reader(void **state)
{
	static char block[65536];
	struct world *w = *state;
	int fd = reader(w);
	size_t sent = 0, got = 0;
	unsigned sum_in = 0, sum_out = 0;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 31);
	for (int i = 0; i < 200; i++) {
		ssize_t n = send(w->guest, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);

		for (ssize_t k = 0; k < n; k++)
			sum_in = sum_in * 33 + (uint8_t)block[k];
		sent += n > 0 ? (size_t)n : 0;
		bench_turn(&w->b);
	}
	assert_true(sent < 4u << 20); /* the process waits */
	while (got < sent) {
		size_t n = bench_read(&w->b, fd, block, sent - got < 1000 ? sent - got : 1000);

		assert_true(n > 0);
		for (size_t k = 0; k < n; k++)
			sum_out = sum_out * 33 + (uint8_t)block[k];
		got += n;
	}
	assert_int_equal(sum_in, sum_out);
	close(fd);
}

static void test_end(void **state)
{
	struct world *w = *state;
	char token[IOSOCK_TOKEN_LEN + 1];
	int fd = reader(w);

	assert_int_equal(send(w->guest, "last", 4, 0), 4);
	channel_drain(&w->out);
	assert_int_equal(w->drained, 1);
	expect(w, fd, "last");
	assert_true(bench_closed(&w->b, fd));
	assert_int_equal(channel_attach(&w->out, w->io, token), -EPIPE);
	close(fd);
}

/* The process has ended, a reader has not taken all: it is waited for. */
static void test_end_with_slow_reader(void **state)
{
	static char block[65536];
	struct world *w = *state;
	int fd = reader(w);
	size_t sent = 0, got = 0, n;

	for (int i = 0; i < 200; i++) {
		ssize_t r = send(w->guest, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += r > 0 ? (size_t)r : 0;
		bench_turn(&w->b);
	}
	channel_drain(&w->out);
	assert_int_equal(w->drained, 0);
	while ((n = bench_read(&w->b, fd, block, sizeof(block))) > 0)
		got += n;
	assert_int_equal(got, sent);
	assert_int_equal(w->drained, 1);
	close(fd);
}

static bool more_comes;

static bool on_behind(struct channel *c)
{
	return more_comes;
}

/* The process has ended, and some of what it wrote is still on its way to us: nothing there to read is no end. */
static void test_end_while_more_comes(void **state)
{
	struct world *w = *state;
	int fd = reader(w);

	w->out.behind = on_behind;
	more_comes = true;
	say(w, "first ");
	channel_drain(&w->out);
	bench_turn(&w->b);
	assert_int_equal(w->drained, 0);
	more_comes = false; /* the last is in the socket now */
	say(w, "last");
	assert_int_equal(w->drained, 1);
	expect(w, fd, "first last");
	assert_true(bench_closed(&w->b, fd));
	close(fd);
}

/* The same while the guest's stream has not been handed out at all. */
static void test_end_before_the_stream(void **state)
{
	struct world *w = *state;
	int fd = reader(w), pair[2];

	w->out.behind = on_behind;
	channel_set_fd(&w->out, -1);
	more_comes = true;
	channel_drain(&w->out);
	assert_int_equal(w->drained, 0);
	assert_int_equal(sock_pair(pair), 0);
	assert_int_equal(send(pair[1], "short", 5, 0), 5);
	more_comes = false;
	channel_set_fd(&w->out, pair[0]);
	bench_turn(&w->b);
	assert_int_equal(w->drained, 1);
	expect(w, fd, "short");
	close(fd);
	close(pair[1]);
}

static int writer(struct world *w)
{
	char token[IOSOCK_TOKEN_LEN + 1];

	assert_int_equal(inlet_attach(&w->in, w->io, token), 0);
	return bench_come(&w->b, token);
}

static void test_input(void **state)
{
	struct world *w = *state;
	char token[IOSOCK_TOKEN_LEN + 1];
	int fd = writer(w);

	assert_int_equal(inlet_attach(&w->in, w->io, token), -EBUSY);
	send(fd, "typed", 5, 0);
	expect(w, w->guest_in, "typed");
	/* The end that the client says comes after what it wrote. */
	send(fd, "end", 3, 0);
	shutdown(fd, SHUT_WR);
	expect(w, w->guest_in, "end");
	assert_true(bench_closed(&w->b, w->guest_in));
	assert_int_equal(inlet_attach(&w->in, w->io, token), -EPIPE);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_readers), TEST(test_first_byte), TEST(test_slow_reader), TEST(test_end),
		TEST(test_end_with_slow_reader), TEST(test_end_while_more_comes), TEST(test_end_before_the_stream),
		TEST(test_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
