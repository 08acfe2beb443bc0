/* SPDX-License-Identifier: Apache-2.0 */
/* t-call.c - calls of every kind between our client and our server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/rpc/pair.h"

static Echo__Request request(const char *text)
{
	Echo__Request r = ECHO__REQUEST__INIT;

	r.text = (char *)text;
	return r;
}

static void unary(void **state)
{
	struct pair p;
	struct said s;
	Echo__Request r = request("hello");

	(void)state;
	pair_open(&p);
	assert_int_equal(said_start(&s, &p, &r, 0), 0);
	assert_false(s.done);
	pair_run(&p, &s.done);
	assert_int_equal(s.rc, 0);
	assert_string_equal(s.text, "hello");
	assert_int_equal(rpc_server_ncalls(p.server), 0);
	pair_close(&p);
	assert_int_equal(s.times, 1);
}

static void errors(void **state)
{
	struct pair p;
	struct said s;

	(void)state;
	pair_open(&p);
	for (int code = 1; code < RPC_NCODES; code++) {
		Echo__Request r = request("nö: 100% — 'файл'");

		r.fail = (uint32_t)code;
		assert_int_equal(said_start(&s, &p, &r, 0), 0);
		pair_run(&p, &s.done);
		assert_int_equal(s.op.core.code, code);
		assert_int_equal(s.rc, rpc_code_errno((enum rpc_code)code));
		assert_string_equal(s.err, r.text);
	}
	pair_close(&p);
}

static void many(void **state)
{
	enum { N = 3000 };
	struct pair p;
	struct said *s = calloc(N, sizeof(*s));

	(void)state;
	pair_open(&p);
	for (int i = 0; i < N; i++) {
		char text[32];
		Echo__Request r = request(text);

		snprintf(text, sizeof(text), "call %d", i);
		assert_int_equal(said_start(&s[i], &p, &r, 60000), 0);
	}
	pair_run(&p, NULL);
	for (int i = 0; i < N; i++) {
		char text[32];

		snprintf(text, sizeof(text), "call %d", i);
		assert_int_equal(s[i].times, 1);
		assert_int_equal(s[i].rc, 0);
		assert_string_equal(s[i].text, text);
	}
	pair_close(&p);
	free(s);
}

static void large(void **state)
{
	const uint32_t max = RPC_MSG_MAX - 64;
	struct pair p;
	struct said s;
	Echo__Request r = request("big");
	uint8_t *data = calloc(1, RPC_MSG_MAX);

	(void)state;
	pair_open(&p);
	r.data = (ProtobufCBinaryData){ max, data };
	assert_int_equal(said_start(&s, &p, &r, 0), 0);
	pair_run(&p, &s.done);
	assert_int_equal(s.rc, 0);
	assert_int_equal(s.data_len, max);
	/* Over the limit: refused before anything is sent, on either side. */
	r.data.len = RPC_MSG_MAX;
	assert_int_equal(said_start(&s, &p, &r, 0), -EMSGSIZE);
	r.data.len = 0;
	r.size = RPC_MSG_MAX;
	assert_int_equal(said_start(&s, &p, &r, 0), 0);
	pair_run(&p, &s.done);
	assert_int_equal(s.op.core.code, RPC_RESOURCE_EXHAUSTED);
	assert_non_null(strstr(s.err, "over the limit"));
	pair_close(&p);
	free(data);
}

static void streams(void **state)
{
	struct pair p;
	struct heard h;
	Echo__Request r = request("tick");

	(void)state;
	pair_open(&p);
	r.count = 20000;
	r.size = 1000;
	assert_int_equal(heard_start(&h, &p, ECHO_COUNT, &r, 0), 0);
	pair_run(&p, &h.done);
	assert_int_equal(h.rc, 0);
	assert_int_equal(h.n, 20000);
	assert_int_equal(h.bytes, 20000 * 1000);

	r.count = 0; /* a stream of nothing */
	assert_int_equal(heard_start(&h, &p, ECHO_COUNT, &r, 0), 0);
	pair_run(&p, &h.done);
	assert_int_equal(h.rc, 0);
	assert_int_equal(h.n, 0);

	assert_int_equal(heard_start(&h, &p, ECHO_SUM, NULL, 0), 0);
	r.count = 7;
	for (int i = 0; i < 100; i++)
		assert_int_equal(rpc_stream_send(&h.op, &r.base), 0);
	rpc_stream_half_close(&h.op);
	assert_int_equal(rpc_stream_send(&h.op, &r.base), -EPIPE);
	pair_run(&p, &h.done);
	assert_int_equal(h.rc, 0);
	assert_int_equal(h.total, 700);

	assert_int_equal(heard_start(&h, &p, ECHO_CHAT, NULL, 0), 0);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(rpc_stream_send(&h.op, &r.base), 0);
		pair_run(&p, NULL);
		assert_int_equal(h.n, i + 1);
	}
	rpc_stream_half_close(&h.op);
	pair_run(&p, &h.done);
	assert_int_equal(h.rc, 0);
	assert_int_equal(rpc_server_ncalls(p.server), 0);
	pair_close(&p);
}

static void stream_failure(void **state)
{
	struct pair p;
	struct heard h;
	Echo__Request r = request("enough");

	(void)state;
	pair_open(&p);
	assert_int_equal(heard_start(&h, &p, ECHO_CHAT, NULL, 0), 0);
	assert_int_equal(rpc_stream_send(&h.op, &r.base), 0);
	r.fail = RPC_ABORTED;
	assert_int_equal(rpc_stream_send(&h.op, &r.base), 0);
	pair_run(&p, &h.done);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.op.core.code, RPC_ABORTED);
	assert_string_equal(h.err, "enough");
	assert_int_equal(rpc_stream_send(&h.op, &r.base), -EPIPE);
	pair_close(&p);
}

/* The receiver holds: the sender is told to wait, and nothing is lost. */
static void back_pressure(void **state)
{
	struct pair p;
	struct heard h;
	Echo__Request r = request("");
	uint8_t data[10000] = { 0 };
	uint64_t sent = 0;

	(void)state;
	pair_open(&p);
	p.echo.held = 3;
	assert_int_equal(heard_start(&h, &p, ECHO_SUM, NULL, 0), 0);
	r.data = (ProtobufCBinaryData){ sizeof(data), data };
	for (int rc = 0; rc == 0;) {
		rc = rpc_stream_send(&h.op, &r.base);
		if (rc == 0)
			sent += sizeof(data);
		else
			assert_int_equal(rc, -EAGAIN);
		pair_run(&p, NULL);
	}
	assert_true(sent > RPC_MSG_MAX / 8 && sent < 4 << 20);
	p.echo.held = 0;
	assert_non_null(p.echo.holding);
	rpc_call_hold(p.echo.holding, false);
	rpc_stream_half_close(&h.op);
	pair_run(&p, &h.done);
	assert_int_equal(h.rc, 0);
	assert_int_equal(h.total, sent);

	/* The other way: our callback holds, the server's queue fills, then drains. */
	r = request("tick");
	r.count = 5000;
	r.size = 1000;
	assert_int_equal(heard_start(&h, &p, ECHO_COUNT, &r, 0), 0);
	rpc_stream_hold(&h.op, true);
	pair_run(&p, NULL);
	assert_int_equal(h.n, 0);
	assert_int_equal(rpc_server_ncalls(p.server), 1);
	rpc_stream_hold(&h.op, false);
	pair_run(&p, &h.done);
	assert_int_equal(h.n, 5000);
	pair_close(&p);
}

static void deadline(void **state)
{
	struct pair p;
	struct said s;
	Echo__Request r = request("late");

	(void)state;
	pair_open(&p);
	r.never = true;
	assert_int_equal(said_start(&s, &p, &r, 20), 0);
	pair_run(&p, &s.done);
	assert_int_equal(s.rc, -ETIMEDOUT);
	pair_run(&p, NULL);
	while (rpc_server_ncalls(p.server))
		rpc_drive_prepare(&p.sd);
	assert_int_equal(p.echo.cancelled, 1);
	pair_close(&p);
	assert_int_equal(p.echo.cancelled, 1);
}

static void cancel(void **state)
{
	struct pair p;
	struct said s;
	struct heard h;
	Echo__Request r = request("stop");

	(void)state;
	pair_open(&p);
	r.never = true;
	assert_int_equal(said_start(&s, &p, &r, 0), 0);
	rpc_unary_cancel(&s.op); /* before it was sent */
	assert_false(s.done);
	pair_run(&p, NULL);
	assert_int_equal(s.rc, -ECANCELED);
	assert_int_equal(p.echo.cancelled, 0);

	assert_int_equal(said_start(&s, &p, &r, 0), 0);
	assert_int_equal(heard_start(&h, &p, ECHO_CHAT, NULL, 0), 0);
	pair_run(&p, NULL);
	assert_int_equal(rpc_server_ncalls(p.server), 2);
	rpc_unary_cancel(&s.op);
	rpc_unary_cancel(&s.op);
	rpc_stream_cancel(&h.op);
	assert_false(s.done);
	pair_run(&p, NULL);
	assert_int_equal(s.rc, -ECANCELED);
	assert_int_equal(s.times, 1);
	assert_int_equal(h.rc, -ECANCELED);
	assert_int_equal(p.echo.cancelled, 2);
	assert_int_equal(rpc_server_ncalls(p.server), 0);
	pair_close(&p);
}

static void lost_server(void **state)
{
	struct pair p;
	struct said s[3], after;
	struct heard h;
	Echo__Request r = request("gone");

	(void)state;
	pair_open(&p);
	r.never = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(said_start(&s[i], &p, &r, 0), 0);
	assert_int_equal(heard_start(&h, &p, ECHO_CHAT, NULL, 0), 0);
	pair_run(&p, NULL);
	rpc_server_destroy(p.server);
	p.server = NULL;
	assert_int_equal(p.echo.cancelled, 4);
	close(p.fds[0]);
	p.fds[0] = -1;
	pair_run(&p, &h.done);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(s[i].times, 1);
		assert_int_equal(s[i].rc, -ENOTCONN);
		assert_int_equal(s[i].op.core.code, RPC_UNAVAILABLE);
		assert_string_equal(s[i].err, "the connection was closed");
	}
	assert_int_equal(h.rc, -ENOTCONN);
	assert_int_equal(said_start(&after, &p, &r, 0), -ENOTCONN);
	pair_close(&p);
}

static void lost_client(void **state)
{
	struct pair p;
	struct said s;
	Echo__Request r = request("gone");

	(void)state;
	pair_open(&p);
	r.never = true;
	assert_int_equal(said_start(&s, &p, &r, 0), 0);
	pair_run(&p, NULL);
	rpc_client_destroy(p.client);
	p.client = NULL;
	assert_int_equal(s.rc, -ECANCELED);
	close(p.fds[1]);
	p.fds[1] = -1;
	pair_run(&p, NULL);
	assert_int_equal(p.echo.cancelled, 1);
	assert_int_equal(rpc_server_ncalls(p.server), 0);
	assert_int_equal(rpc_drive_prepare(&p.sd), 0);
	pair_close(&p);
	assert_int_equal(p.echo.cancelled, 1);
}

static void unknown_method(void **state)
{
	static const struct rpc_method other = { "/berth.test.echo.v1.Echo/Shout", &echo__request__descriptor,
						 &echo__reply__descriptor, RPC_UNARY, NULL };
	struct pair p;
	struct heard h = { 0 };

	(void)state;
	pair_open(&p);
	Echo__Request r = request("?");
	struct said s;
	assert_int_equal(said_start(&s, &p, &r, 0), 0); /* for its callback */
	pair_run(&p, &s.done);
	rpc_unary_cb cb = s.op.cb;
	memset(&s, 0, sizeof(s));
	assert_int_equal(rpc_unary_start(&s.op, p.client, &other, &r.base, 0, cb, NULL), 0);
	pair_run(&p, &s.done);
	assert_int_equal(s.op.core.code, RPC_UNIMPLEMENTED);
	assert_string_equal(s.err, "unknown method '/berth.test.echo.v1.Echo/Shout'");
	(void)h;
	pair_close(&p);
}

static void drain(void **state)
{
	struct pair p;
	struct heard h;
	struct said s;
	Echo__Request r = request("last");

	(void)state;
	pair_open(&p);
	assert_int_equal(heard_start(&h, &p, ECHO_CHAT, NULL, 0), 0);
	pair_run(&p, NULL);
	rpc_server_drain(p.server);
	pair_run(&p, NULL);
	assert_false(rpc_client_alive(p.client));
	assert_int_equal(said_start(&s, &p, &r, 0), -ENOTCONN);
	assert_int_equal(rpc_stream_send(&h.op, &r.base), 0);
	rpc_stream_half_close(&h.op);
	pair_run(&p, NULL);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.rc, 0);
	assert_int_equal(rpc_drive_result(&p.sd, NULL), 1);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unary),         cmocka_unit_test(errors),
		cmocka_unit_test(many),          cmocka_unit_test(large),
		cmocka_unit_test(streams),       cmocka_unit_test(stream_failure),
		cmocka_unit_test(back_pressure), cmocka_unit_test(deadline),
		cmocka_unit_test(cancel),        cmocka_unit_test(lost_server),
		cmocka_unit_test(lost_client),   cmocka_unit_test(unknown_method),
		cmocka_unit_test(drain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
