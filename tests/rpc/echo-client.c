/* SPDX-License-Identifier: Apache-2.0 */
/* echo-client.c - our client against a server of the echo service that is not ours: echo-client SOCKET. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/sock.h"
#include "rpc/sync.h"
#include "tests/rpc/pair.h"

static const char *path;

struct line {
	struct pair pair; /* only its client, for said_start and heard_start */
	struct rpc_sync sync;
	int fd;
};

static void line_open(struct line *l)
{
	struct err e = { 0 };

	*l = (struct line){ .fd = sock_connect(path, &e) };
	if (l->fd < 0)
		fail_msg("%s", e.text);
	assert_int_equal(rpc_sync_init(&l->sync, l->fd, &e), 0);
	l->pair.client = l->sync.client;
}

static void line_close(struct line *l)
{
	rpc_sync_finish(&l->sync);
	close(l->fd);
}

static Echo__Request request(const char *text)
{
	Echo__Request r = ECHO__REQUEST__INIT;

	r.text = (char *)text;
	return r;
}

static void unary(void **state)
{
	struct line l;
	struct said s;
	Echo__Request r = request("zu Bérth");

	(void)state;
	line_open(&l);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(said_start(&s, &l.pair, &r, 10000), 0);
		assert_int_equal(rpc_sync_wait(&l.sync, &s.done, NULL), 0);
		assert_int_equal(s.rc, 0);
		assert_string_equal(s.text, "zu Bérth");
	}
	line_close(&l);
}

static void status(void **state)
{
	struct line l;
	struct said s;

	(void)state;
	line_open(&l);
	for (uint32_t code = 1; code < RPC_NCODES; code++) {
		Echo__Request r = request("nö: 100% — 'файл'");

		r.fail = code;
		assert_int_equal(said_start(&s, &l.pair, &r, 10000), 0);
		assert_int_equal(rpc_sync_wait(&l.sync, &s.done, NULL), 0);
		assert_int_equal(s.op.core.code, code);
		assert_string_equal(s.err, r.text);
	}
	line_close(&l);
}

static void many(void **state)
{
	enum { N = 300 };
	struct line l;
	struct said *s = calloc(N, sizeof(*s));

	(void)state;
	line_open(&l);
	for (int i = 0; i < N; i++) {
		char text[32];
		Echo__Request r = request(text);

		snprintf(text, sizeof(text), "call %d", i);
		assert_int_equal(said_start(&s[i], &l.pair, &r, 60000), 0);
	}
	for (int i = 0; i < N; i++) {
		char text[32];

		assert_int_equal(rpc_sync_wait(&l.sync, &s[i].done, NULL), 0);
		snprintf(text, sizeof(text), "call %d", i);
		assert_int_equal(s[i].rc, 0);
		assert_string_equal(s[i].text, text);
	}
	line_close(&l);
	free(s);
}

static void large(void **state)
{
	const uint32_t max = RPC_MSG_MAX - 64;
	struct line l;
	struct said s;
	Echo__Request r = request("big");
	AUTO_FREE uint8_t *data = calloc(1, max);

	(void)state;
	line_open(&l);
	r.data = (ProtobufCBinaryData){ max, data };
	assert_int_equal(said_start(&s, &l.pair, &r, 30000), 0);
	assert_int_equal(rpc_sync_wait(&l.sync, &s.done, NULL), 0);
	assert_string_equal(s.err, "");
	assert_int_equal(s.data_len, max);
	/* More than we take, from a server that does not mind. */
	r = request("too big");
	r.size = RPC_MSG_MAX + 1;
	assert_int_equal(said_start(&s, &l.pair, &r, 30000), 0);
	assert_int_equal(rpc_sync_wait(&l.sync, &s.done, NULL), 0);
	assert_int_equal(s.op.core.code, RPC_RESOURCE_EXHAUSTED);
	r = request("still well");
	assert_int_equal(said_start(&s, &l.pair, &r, 30000), 0);
	assert_int_equal(rpc_sync_wait(&l.sync, &s.done, NULL), 0);
	assert_int_equal(s.rc, 0);
	line_close(&l);
}

static void streams(void **state)
{
	struct line l;
	struct heard h;
	Echo__Request r = request("tick");

	(void)state;
	line_open(&l);
	r.count = 1000;
	r.size = 2000;
	assert_int_equal(heard_start(&h, &l.pair, ECHO_COUNT, &r, 30000), 0);
	assert_int_equal(rpc_sync_wait(&l.sync, &h.done, NULL), 0);
	assert_int_equal(h.rc, 0);
	assert_int_equal(h.n, 1000);
	assert_int_equal(h.bytes, 2000000);

	assert_int_equal(heard_start(&h, &l.pair, ECHO_SUM, NULL, 30000), 0);
	r.count = 3;
	for (int i = 0; i < 500; i++)
		assert_int_equal(rpc_stream_send(&h.op, &r.base), 0);
	rpc_stream_half_close(&h.op);
	assert_int_equal(rpc_sync_wait(&l.sync, &h.done, NULL), 0);
	assert_int_equal(h.rc, 0);
	assert_int_equal(h.total, 1500);

	assert_int_equal(heard_start(&h, &l.pair, ECHO_CHAT, NULL, 30000), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(rpc_stream_send(&h.op, &r.base), 0);
	rpc_stream_half_close(&h.op);
	assert_int_equal(rpc_sync_wait(&l.sync, &h.done, NULL), 0);
	assert_int_equal(h.rc, 0);
	assert_int_equal(h.n, 100);
	line_close(&l);
}

static void deadline_and_cancel(void **state)
{
	struct line l;
	struct said s;
	struct heard h;
	Echo__Request r = request("never");

	(void)state;
	line_open(&l);
	r.never = true;
	assert_int_equal(said_start(&s, &l.pair, &r, 50), 0);
	assert_int_equal(rpc_sync_wait(&l.sync, &s.done, NULL), 0);
	assert_int_equal(s.rc, -ETIMEDOUT);

	assert_int_equal(heard_start(&h, &l.pair, ECHO_CHAT, NULL, 30000), 0);
	r.never = false;
	assert_int_equal(rpc_stream_send(&h.op, &r.base), 0);
	while (h.n == 0) {
		/* turn until its first reply is here */
		said_start(&s, &l.pair, &r, 10000);
		rpc_sync_wait(&l.sync, &s.done, NULL);
	}
	rpc_stream_cancel(&h.op);
	assert_int_equal(rpc_sync_wait(&l.sync, &h.done, NULL), 0);
	assert_int_equal(h.rc, -ECANCELED);
	line_close(&l);
}

static void unknown(void **state)
{
	static const struct rpc_method shout = { "/berth.test.echo.v1.Echo/Shout", &echo__request__descriptor,
						 &echo__reply__descriptor, RPC_UNARY, NULL };
	struct line l;
	struct err e = { 0 };
	Echo__Request r = request("?");

	(void)state;
	line_open(&l);
	assert_int_equal(rpc_sync_unary(&l.sync, &shout, &r.base, 10000, NULL, &e), -ENOSYS);
	line_close(&l);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unary),   cmocka_unit_test(status),  cmocka_unit_test(many),
		cmocka_unit_test(large),   cmocka_unit_test(streams), cmocka_unit_test(deadline_and_cancel),
		cmocka_unit_test(unknown),
	};

	if (argc != 2)
		return 2;
	path = argv[1];
	return cmocka_run_group_tests_name("our client", tests, NULL, NULL);
}
