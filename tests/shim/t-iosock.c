/* SPDX-License-Identifier: Apache-2.0 */
/* t-iosock.c - raw streams by token: who comes with the right one, and everybody else. */
#include "shim-test.h"

struct waiter {
	struct iosock_wait w;
	int fd, calls;
};

struct world {
	struct bench b;
	struct iosock *io;
	struct waiter one, two;
};

static void on_taken(struct iosock_wait *w, int fd)
{
	struct waiter *x = container_of(w, struct waiter, w);

	x->fd = fd;
	x->calls++;
}

static int setup(void **state)
{
	static struct world w;

	w = (struct world){ .one.fd = -2, .two.fd = -2 };
	bench_begin(&w.b);
	assert_int_equal(iosock_create(&w.b.loop, w.b.dir, "io.sock", &w.io, NULL), 0);
	assert_int_equal(iosock_wait(w.io, &w.one.w, on_taken), 0);
	assert_int_equal(iosock_wait(w.io, &w.two.w, on_taken), 0);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	iosock_destroy(w->io);
	bench_end(&w->b);
	return 0;
}

static void test_each_gets_its_own(void **state)
{
	struct world *w = *state;
	int a, b;
	char got[3] = "";

	assert_int_equal(strspn(w->one.w.token, "0123456789abcdef"), IOSOCK_TOKEN_LEN);
	assert_string_not_equal(w->one.w.token, w->two.w.token);
	b = bench_come(&w->b, w->two.w.token);
	a = bench_come(&w->b, w->one.w.token);
	assert_true(w->one.fd >= 0 && w->two.fd >= 0);
	assert_int_equal(send(a, "a", 1, 0), 1);
	assert_int_equal(send(b, "b", 1, 0), 1);
	assert_int_equal(bench_read(&w->b, w->one.fd, got, 1), 1);
	assert_int_equal(bench_read(&w->b, w->two.fd, got + 1, 1), 1);
	assert_string_equal(got, "ab");
	assert_true(fcntl(w->one.fd, F_GETFL) & O_NONBLOCK);
	close(a), close(b), close(w->one.fd), close(w->two.fd);
}

/* What follows the greeting is the stream's, also when it came at once. */
static void test_early_bytes(void **state)
{
	struct world *w = *state;
	int fd = bench_connect(&w->b, "io.sock");
	char got[8] = "";

	dprintf(fd, "IO %s\nearly", w->one.w.token);
	bench_turn(&w->b);
	assert_true(w->one.fd >= 0);
	assert_int_equal(bench_read(&w->b, w->one.fd, got, 5), 5);
	assert_string_equal(got, "early");
	close(fd), close(w->one.fd);
}

static void test_byte_by_byte(void **state)
{
	struct world *w = *state;
	int fd = bench_connect(&w->b, "io.sock");
	char line[64];
	int n = snprintf(line, sizeof(line), "IO %s\n", w->one.w.token);

	for (int i = 0; i < n; i++) {
		assert_int_equal(w->one.calls, 0);
		assert_int_equal(send(fd, line + i, 1, 0), 1);
		bench_turn(&w->b);
	}
	assert_true(w->one.fd >= 0);
	close(fd), close(w->one.fd);
}

static void test_once(void **state)
{
	struct world *w = *state;
	char token[IOSOCK_TOKEN_LEN + 1];
	int a, b;

	memcpy(token, w->one.w.token, sizeof(token));
	a = bench_come(&w->b, token);
	assert_int_equal(w->one.calls, 1);
	b = bench_come(&w->b, token);
	assert_true(bench_closed(&w->b, b));
	assert_int_equal(w->one.calls, 1);
	close(a), close(b), close(w->one.fd);
}

static void test_hostile(void **state)
{
	static const char *const words[] = {
		"IO 00000000000000000000000000000000\n", "io 00000000000000000000000000000000\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
		"IO ffffffffffffffffffffffffffffffff ffffffffffffffffffffffffff\n",
	};
	struct world *w = *state;
	char almost[64];

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		int fd = bench_connect(&w->b, "io.sock");

		assert_true(send(fd, words[i], strlen(words[i]), MSG_NOSIGNAL) > 0);
		shutdown(fd, SHUT_WR);
		assert_true(bench_closed(&w->b, fd));
		close(fd);
	}
	/* The right token without its newline is no token. */
	snprintf(almost, sizeof(almost), "IO %sx", w->one.w.token);
	for (int cut = 0; cut < 3; cut++) {
		int fd = bench_connect(&w->b, "io.sock");

		almost[cut == 1 ? 10 : cut == 2 ? 35 : 36] = cut ? 0 : 'x';
		assert_true(send(fd, almost, strlen(almost), MSG_NOSIGNAL) > 0);
		shutdown(fd, SHUT_WR);
		assert_true(bench_closed(&w->b, fd));
		close(fd);
	}
	assert_int_equal(w->one.calls + w->two.calls, 0);
}

/* A crowd that says nothing is bounded, and once it goes others are served. */
static void test_crowd(void **state)
{
	struct world *w = *state;
	int fd[70], last, ended = 0;

	for (int i = 0; i < 70; i++) {
		fd[i] = bench_connect(&w->b, "io.sock");
		bench_turn(&w->b);
	}
	for (int i = 0; i < 70; i++) {
		char c;

		ended += recv(fd[i], &c, 1, MSG_DONTWAIT) == 0;
	}
	assert_int_equal(ended, 6);
	for (int i = 0; i < 70; i++)
		close(fd[i]);
	bench_turn(&w->b);
	last = bench_come(&w->b, w->one.w.token);
	assert_true(w->one.fd >= 0);
	close(last), close(w->one.fd);
}

static void test_taken_back(void **state)
{
	struct world *w = *state;
	struct iosock_wait none = { 0 };
	int fd;

	iosock_cancel(&none);
	iosock_cancel(&w->one.w);
	iosock_cancel(&w->one.w);
	fd = bench_come(&w->b, w->one.w.token);
	assert_true(bench_closed(&w->b, fd));
	assert_int_equal(w->one.calls, 0);
	close(fd);
}

/* Time passes by the loop's own clock. */
static void test_nobody_came(void **state)
{
	struct world *w = *state;

	w->one.w.deadline = uv_now(&w->b.loop);
	w->two.w.deadline = uv_now(&w->b.loop) + 60000;
	/* The next wait looks who is due. */
	struct waiter third = { .fd = -2 };
	assert_int_equal(iosock_wait(w->io, &third.w, on_taken), 0);
	bench_turn(&w->b);
	assert_int_equal(w->one.calls, 1);
	assert_int_equal(w->one.fd, -1);
	assert_int_equal(w->two.calls + third.calls, 0);
	iosock_cancel(&third.w);
}

static void test_end(void **state)
{
	struct world *w = *state;
	int fd = bench_connect(&w->b, "io.sock");

	bench_turn(&w->b);
	iosock_destroy(w->io);
	w->io = NULL;
	assert_int_equal(w->one.calls, 1);
	assert_int_equal(w->one.fd, -1);
	assert_int_equal(w->two.fd, -1);
	assert_true(bench_closed(&w->b, fd));
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_gets_its_own), TEST(test_early_bytes), TEST(test_byte_by_byte), TEST(test_once),
		TEST(test_hostile), TEST(test_crowd), TEST(test_taken_back), TEST(test_nobody_came), TEST(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
