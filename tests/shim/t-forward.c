/* SPDX-License-Identifier: Apache-2.0 */
/* t-forward.c - published ports and the relay below them, with a guest that is a socket pair. */
#include "shim-test.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/json.h"
#include "shim/forward.h"
#include "shim/relay.h"
#include "vm/transport.h"

/* A transport whose dials the test answers. */
struct guest {
	struct transport t;
	struct transport_dial *dial;
	int cancelled;
};

struct world {
	struct bench b;
	struct guest g;
	struct forward *f;
	cJSON *ports;
	int done;
};

static int fake_dial(struct transport *t, struct transport_dial *op, struct err *e)
{
	struct guest *g = container_of(t, struct guest, t);

	assert_int_equal(op->port, TRANSPORT_PORT_FORWARD);
	g->dial = op;
	return 0;
}

static void fake_cancel(struct transport *t, struct transport_dial *op)
{
	container_of(t, struct guest, t)->cancelled++;
}

static const struct transport_ops ops = { .dial = fake_dial, .dial_cancel = fake_cancel };

/* The guest takes the connection; its end. */
static int answer(struct world *w)
{
	struct transport_dial *op = w->g.dial;
	int pair[2];

	assert_non_null(op);
	assert_int_equal(sock_pair(pair), 0);
	w->g.dial = NULL;
	op->cb(op, 0, pair[0], NULL);
	return pair[1];
}

static int setup(void **state)
{
	static struct world w;

	w = (struct world){ .g.t.ops = &ops };
	bench_begin(&w.b);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	forward_destroy(w->f);
	cJSON_Delete(w->ports);
	bench_end(&w->b);
	return 0;
}

static int publish(struct world *w, const char *text, struct err *e)
{
	cJSON *wanted = cJSON_Parse(text);
	int rc = forward_create(&w->b.loop, wanted, &w->f, &w->ports, e);

	cJSON_Delete(wanted);
	return rc;
}

static uint16_t port_of(struct world *w, int i)
{
	return (uint16_t)json_int(cJSON_GetArrayItem(w->ports, i), "host_port", 0);
}

static int call(struct world *w, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	bench_turn(&w->b);
	return fd;
}

#define ONE "[{\"host_ip\":\"127.0.0.1\",\"host_port\":0,\"container_port\":80,\"proto\":\"tcp\"}]"

static void test_there_and_back(void **state)
{
	struct world *w = *state;
	char got[64] = "";
	int fd, guest;

	assert_int_equal(publish(w, ONE, NULL), 0);
	assert_true(port_of(w, 0) > 0);
	forward_open(w->f, &w->g.t);
	fd = call(w, port_of(w, 0));
	send(fd, "GET", 3, 0);
	guest = answer(w);
	assert_int_equal(bench_read(&w->b, guest, got, 7), 7);
	assert_string_equal(got, "tcp 80\n");
	/* Nothing of the client's before the guest has said yes. */
	bench_turn(&w->b);
	assert_int_equal(recv(guest, got, 1, MSG_DONTWAIT), -1);
	send(guest, "OK\nhello", 8, 0);
	assert_int_equal(bench_read(&w->b, guest, got, 3), 3);
	assert_memory_equal(got, "GET", 3);
	assert_int_equal(bench_read(&w->b, fd, got, 5), 5);
	assert_memory_equal(got, "hello", 5);
	/* Half-closed: the other direction goes on. */
	shutdown(fd, SHUT_WR);
	assert_true(bench_closed(&w->b, guest));
	send(guest, "late", 4, 0);
	assert_int_equal(bench_read(&w->b, fd, got, 4), 4);
	close(guest);
	assert_true(bench_closed(&w->b, fd));
	close(fd);
}

/* What the guest says in place of OK. */
static void test_refusals(void **state)
{
	static const char *const words[] = { "", "NO\n", "O", "OKAY", "\n\n\n" };
	struct world *w = *state;

	assert_int_equal(publish(w, ONE, NULL), 0);
	forward_open(w->f, &w->g.t);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		int fd = call(w, port_of(w, 0)), guest = answer(w);

		if (*words[i])
			send(guest, words[i], strlen(words[i]), MSG_NOSIGNAL);
		shutdown(guest, SHUT_WR);
		assert_true(bench_closed(&w->b, fd));
		close(guest), close(fd);
	}
	/* A dial that fails. */
	int fd = call(w, port_of(w, 0));
	struct transport_dial *op = w->g.dial;

	op->cb(op, -ECONNREFUSED, -1, NULL);
	assert_true(bench_closed(&w->b, fd));
	close(fd);
}

static void test_before_the_guest_is_up(void **state)
{
	struct world *w = *state;
	int fd;

	assert_int_equal(publish(w, ONE, NULL), 0);
	fd = call(w, port_of(w, 0));
	assert_true(bench_closed(&w->b, fd));
	assert_null(w->g.dial);
	close(fd);
}

static void test_taken_port(void **state)
{
	struct world *w = *state;
	struct err e = { 0 };
	struct forward *first;
	cJSON *ports;
	char text[256];

	assert_int_equal(publish(w, ONE, NULL), 0);
	first = w->f;
	ports = w->ports;
	/* One of two is taken: none is kept. */
	snprintf(text, sizeof(text), "[{\"host_ip\":\"127.0.0.1\",\"host_port\":0,\"container_port\":1},"
				     "{\"host_ip\":\"127.0.0.1\",\"host_port\":%u,\"container_port\":2}]", port_of(w, 0));
	w->f = NULL;
	w->ports = NULL;
	assert_int_equal(publish(w, text, &e), -EADDRINUSE);
	assert_non_null(strstr(e.text, "on 127.0.0.1 is taken by another program"));
	assert_int_equal(publish(w, "[{\"host_ip\":\"nowhere\",\"host_port\":0,\"container_port\":1}]", &e), -EINVAL);
	assert_non_null(strstr(e.text, "'nowhere': it is not an address"));
	w->f = first;
	w->ports = ports;
}

/* The end comes at every point of a connection, also while a dial is about to succeed. */
static void test_end(void **state)
{
	struct world *w = *state;
	int fd[3], guest[3];
	struct transport_dial *op;

	assert_int_equal(publish(w, ONE, NULL), 0);
	forward_open(w->f, &w->g.t);
	fd[0] = call(w, port_of(w, 0));
	guest[0] = answer(w);
	send(guest[0], "OK\n", 3, 0);
	bench_turn(&w->b);
	fd[1] = call(w, port_of(w, 0));
	guest[1] = answer(w);
	fd[2] = call(w, port_of(w, 0));
	forward_destroy(w->f);
	w->f = NULL;
	assert_int_equal(w->g.cancelled, 1);
	op = w->g.dial;
	guest[2] = answer(w);
	assert_non_null(op);
	for (int i = 0; i < 3; i++) {
		char c[8];

		while (bench_read(&w->b, guest[i], c, 8) > 0)
			;
		assert_true(bench_closed(&w->b, fd[i]));
		close(fd[i]), close(guest[i]);
	}
}

/* --- the relay alone */

static void on_done(void *arg)
{
	((struct world *)arg)->done++;
}

static void test_relay_bulk(void **state)
{
	static char out[300000], in[300000];
	struct world *w = *state;
	int a[2], b[2];
	size_t sent = 0, got = 0;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	assert_int_equal(sock_pair(a), 0);
	assert_int_equal(sock_pair(b), 0);
	assert_int_equal(relay_start(&w->b.loop, a[1], b[1], on_done, w, NULL, NULL), 0);
	/* The reader is slow: the relay holds a bounded buffer, the writer waits. */
	while (sent < sizeof(out)) {
		ssize_t n = send(a[0], out + sent, sizeof(out) - sent, MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		bench_turn(&w->b);
		if (n < 0)
			got += bench_read(&w->b, b[0], in + got, 1000);
	}
	shutdown(a[0], SHUT_WR);
	got += bench_read(&w->b, b[0], in + got, sizeof(in) - got);
	assert_int_equal(got, sizeof(out));
	assert_memory_equal(in, out, sizeof(out));
	assert_true(bench_closed(&w->b, b[0]));
	assert_int_equal(w->done, 0);
	send(b[0], "answer", 6, 0);
	assert_int_equal(bench_read(&w->b, a[0], in, 6), 6);
	shutdown(b[0], SHUT_WR);
	assert_true(bench_closed(&w->b, a[0]));
	assert_int_equal(w->done, 1);
	close(a[0]), close(b[0]);
}

static void test_relay_broken(void **state)
{
	struct world *w = *state;
	int a[2], b[2];
	struct relay *r;

	assert_int_equal(sock_pair(a), 0);
	assert_int_equal(sock_pair(b), 0);
	assert_int_equal(relay_start(&w->b.loop, a[1], b[1], on_done, w, &r, NULL), 0);
	/* The reader is gone while there is something for it. */
	close(b[0]);
	send(a[0], "x", 1, 0);
	assert_true(bench_closed(&w->b, a[0]));
	assert_int_equal(w->done, 1);
	close(a[0]);
	assert_int_equal(sock_pair(a), 0);
	assert_int_equal(sock_pair(b), 0);
	assert_int_equal(relay_start(&w->b.loop, a[1], b[1], on_done, w, &r, NULL), 0);
	relay_cancel(r);
	assert_int_equal(w->done, 2);
	assert_true(bench_closed(&w->b, a[0]) && bench_closed(&w->b, b[0]));
	close(a[0]), close(b[0]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_there_and_back), TEST(test_refusals), TEST(test_before_the_guest_is_up),
		TEST(test_taken_port), TEST(test_end), TEST(test_relay_bulk), TEST(test_relay_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
