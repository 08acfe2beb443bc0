/* SPDX-License-Identifier: Apache-2.0 */
/* t-hostile.c - peers that break the rules, or keep them in order to do harm: either end says no, stays
 * within its bounds, and ends each call once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "rpc/session.h"
#include "tests/rpc/h2.h"
#include "tests/rpc/pair.h"

#define SAY "/berth.test.echo.v1.Echo/Say"
#define SUM "/berth.test.echo.v1.Echo/Sum"
#define WHOLE (NGHTTP2_FLAG_END_HEADERS)
#define LAST (NGHTTP2_FLAG_END_STREAM)

/* A server, or a client, and the hand that writes its peer's frames. */
struct bout {
	struct pair pair; /* one of its ends */
	struct rpc_session *session;
	struct h2 *h;
	struct err e;
	int rc; /* of rpc_session_recv, the first that was not 0 */
};

static void drain(struct bout *b)
{
	uint8_t p[4096];
	ssize_t n;

	do {
		rpc_session_run(b->session);
		while ((n = rpc_session_send(b->session, p, sizeof(p), NULL)) > 0)
			h2_read(b->h, p, (size_t)n);
	} while (rpc_session_due(b->session));
}

/* Gives what was written to the victim, a piece at a time. */
static void feed_by(struct bout *b, size_t piece)
{
	struct buf *out = &b->h->out;

	for (size_t pos = 0; pos < out->len && b->rc == 0; pos += piece) {
		b->rc = rpc_session_recv(b->session, out->p + pos, MIN(piece, out->len - pos), &b->e);
		drain(b);
	}
	buf_clear(out);
}

static void feed(struct bout *b)
{
	feed_by(b, 65536);
}

static void against_server(struct bout *b)
{
	memset(b, 0, sizeof(*b));
	b->h = h2_create();
	assert_int_equal(rpc_server_create(echo_methods, &b->pair.echo, &b->pair.server, NULL), 0);
	b->session = rpc_server_session(b->pair.server);
	b->session->guard.since_ns = INT64_MAX; /* nothing is forgiven, however slow the test */
}

static void against_client(struct bout *b)
{
	memset(b, 0, sizeof(*b));
	b->h = h2_create();
	assert_int_equal(rpc_client_create(&b->pair.client, NULL), 0);
	b->session = rpc_client_session(b->pair.client);
	b->session->guard.since_ns = INT64_MAX;
	b->h->skip = NGHTTP2_CLIENT_MAGIC_LEN;
	h2_hello(b->h, false);
}

static void finish(struct bout *b)
{
	rpc_server_destroy(b->pair.server);
	rpc_client_destroy(b->pair.client);
	h2_free(b->h);
}

/* A gRPC message of n zero bytes that says it has len. */
static void data(struct h2 *h, uint8_t flags, int32_t id, uint8_t compressed, uint32_t len, size_t n)
{
	AUTO_FREE uint8_t *p = calloc(1, 5 + n);

	p[0] = compressed;
	p[1] = (uint8_t)(len >> 24);
	p[2] = (uint8_t)(len >> 16);
	p[3] = (uint8_t)(len >> 8);
	p[4] = (uint8_t)len;
	h2_frame(h, NGHTTP2_DATA, flags, id, p, 5 + n);
}

static void assert_flood(struct bout *b)
{
	assert_int_equal(b->rc, -EPROTO);
	assert_int_equal(b->h->goaway, NGHTTP2_ENHANCE_YOUR_CALM);
}

/* A burst, then so many a second. */
static void guard(void **state)
{
	struct rpc_guard g = { 0 };
	int64_t now = 5000000000;

	(void)state;
	assert_int_equal(rpc_guard_spend(&g, now, RPC_GUARD_BURST, NULL), 0);
	assert_int_equal(rpc_guard_spend(&g, now, 1, NULL), -EPROTO);
	now += 1000000000;
	for (int i = 1; i < RPC_GUARD_PER_SECOND; i++)
		assert_int_equal(rpc_guard_frame(&g, now, NGHTTP2_PING, 0, 8, NULL), 0);
	assert_int_equal(rpc_guard_frame(&g, now, NGHTTP2_PING, 0, 8, NULL), -EPROTO);
	/* Data and window updates are free, at any rate. */
	assert_int_equal(rpc_guard_frame(&g, now, NGHTTP2_DATA, 0, 1, NULL), 0);
	assert_int_equal(rpc_guard_frame(&g, now, NGHTTP2_WINDOW_UPDATE, 0, 4, NULL), 0);
	assert_int_equal(rpc_guard_frame(&g, now, NGHTTP2_DATA, 0, 0, NULL), -EPROTO);
}

static void garbage(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct bout b;

	(void)state;
	against_server(&b);
	buf_adds(&b.h->out, text);
	feed(&b);
	assert_int_equal(b.rc, -EPROTO);
	assert_string_equal(b.e.text, "the peer does not speak HTTP/2");
	finish(&b);

	against_server(&b);
	h2_hello(b.h, true);
	for (int i = 0; i < 100; i++)
		buf_adds(&b.h->out, text);
	feed(&b);
	assert_true(b.rc < 0 || rpc_session_over(b.session));
	assert_int_not_equal(b.h->goaway, UINT32_MAX);
	finish(&b);
}

static void ping_flood(void **state)
{
	struct bout b;

	(void)state;
	against_server(&b);
	h2_hello(b.h, true);
	for (int i = 0; i < 3000; i++)
		h2_frame(b.h, NGHTTP2_PING, 0, 0, "12345678", 8);
	feed(&b);
	assert_flood(&b);
	assert_string_equal(b.e.text, "the peer floods the connection");
	assert_true(b.h->frames[NGHTTP2_PING] <= RPC_GUARD_BURST);
	finish(&b);
}

static void settings_flood(void **state)
{
	struct bout b;

	(void)state;
	against_server(&b);
	h2_hello(b.h, true);
	for (int i = 0; i < 3000; i++)
		h2_frame(b.h, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
	feed(&b);
	assert_flood(&b);
	finish(&b);
}

static void empty_data_flood(void **state)
{
	struct bout b;

	(void)state;
	against_server(&b);
	h2_hello(b.h, true);
	h2_request(b.h, WHOLE, 1, SUM, NULL);
	for (int i = 0; i < 3000; i++)
		h2_frame(b.h, NGHTTP2_DATA, 0, 1, NULL, 0);
	feed(&b);
	assert_flood(&b);
	finish(&b);
}

static void rapid_reset(void **state)
{
	struct bout b;

	(void)state;
	against_server(&b);
	h2_hello(b.h, true);
	for (int32_t id = 1; id < 6000; id += 2) {
		h2_request(b.h, WHOLE, id, SUM, NULL);
		h2_u32(b.h, NGHTTP2_RST_STREAM, id, NGHTTP2_CANCEL);
	}
	feed_by(&b, 100); /* so that some calls begin */
	assert_flood(&b);
	assert_true(b.pair.echo.cancelled <= RPC_GUARD_BURST);
	rpc_session_end(b.session, b.e.text);
	assert_int_equal(rpc_server_ncalls(b.pair.server), 0);
	finish(&b);
}

static void continuation_flood(void **state)
{
	struct bout b;

	(void)state;
	against_server(&b);
	h2_hello(b.h, true);
	h2_request(b.h, 0, 1, SAY, NULL);
	for (int i = 0; i < 1000; i++)
		h2_frame(b.h, NGHTTP2_CONTINUATION, 0, 1, "\x00\x01x\x01y", 5);
	feed(&b);
	assert_flood(&b);
	assert_string_equal(b.e.text, "the peer sends endless headers");
	finish(&b);
}

/* A field of 4000 bytes once, then named by its index, one byte each. */
static void header_bomb(void **state)
{
	struct bout b;
	char value[3001];
	const char *big[] = { "x-bomb", value, NULL };
	uint8_t bomb[8000];

	(void)state;
	memset(value, 'y', 3000);
	value[3000] = 0;
	memset(bomb, 0x80 | 62, sizeof(bomb));
	against_server(&b);
	h2_hello(b.h, true);
	for (int32_t id = 1; id < 200; id += 2) {
		h2_request(b.h, 0, id, SAY, big);
		h2_frame(b.h, NGHTTP2_CONTINUATION, WHOLE, id, bomb, sizeof(bomb));
	}
	feed(&b);
	assert_int_equal(b.h->streams[1].status, RPC_RESOURCE_EXHAUSTED);
	assert_string_equal(b.h->streams[1].words, "the request's headers are too large");
	assert_flood(&b); /* after some of them */
	finish(&b);
}

static void too_many_streams(void **state)
{
	struct bout b;

	(void)state;
	against_server(&b);
	h2_hello(b.h, true);
	h2_frame(b.h, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
	for (int32_t id = 1; id < 2 * 1000; id += 2)
		h2_request(b.h, WHOLE, id, SUM, NULL);
	feed(&b);
	assert_true(rpc_server_ncalls(b.pair.server) <= RPC_STREAMS_MAX);
	rpc_session_end(b.session, "the end");
	assert_int_equal(rpc_server_ncalls(b.pair.server), 0);
	assert_true(b.pair.echo.cancelled <= RPC_STREAMS_MAX);
	finish(&b);
}

/* Each row is a request, and how it is answered; the connection goes on. */
static void bad_requests(void **state)
{
	static const char *const http1[] = { ":method", "GET",        ":scheme", "http", ":path",
					     SAY,       ":authority", "x",       NULL };
	static const char *const html[] = { ":method",    "POST", ":scheme",      "http",      ":path", SAY,
					    ":authority", "x",    "content-type", "text/html", NULL };
	static const char *const gzip[] = { "grpc-encoding", "gzip", NULL };
	static const char *const time[] = { "grpc-timeout", "soon", NULL };
	struct bout b;
	struct h2 *h;

	(void)state;
	against_server(&b);
	h = b.h;
	h2_hello(h, true);
	h2_request(h, WHOLE, 1, SAY, NULL);
	data(h, 0, 1, 0, RPC_MSG_MAX + 1, 0); /* oversize, as soon as it is announced */
	h2_request(h, WHOLE, 3, SAY, NULL);
	data(h, LAST, 3, 0, 10, 9); /* cut off */
	h2_request(h, WHOLE, 5, SAY, NULL);
	data(h, LAST, 5, 1, 0, 0); /* compressed */
	h2_request(h, WHOLE, 7, SAY, NULL);
	data(h, 0, 7, 0, 0, 0); /* two messages for a unary call */
	data(h, LAST, 7, 0, 0, 0);
	h2_request(h, WHOLE | LAST, 9, SAY, NULL); /* none */
	h2_headers(h, WHOLE | LAST, 11, http1);
	h2_headers(h, WHOLE | LAST, 13, html);
	h2_request(h, WHOLE | LAST, 15, SAY, gzip);
	h2_request(h, WHOLE | LAST, 17, SAY, time);
	h2_request(h, WHOLE | LAST, 19, "/nothing", NULL);
	h2_request(h, WHOLE, 21, SAY, NULL);
	data(h, LAST, 21, 0, 4, 4); /* not protobuf: a field of number 0 */
	h2_request(h, WHOLE, 23, SAY, NULL);
	data(h, LAST, 23, 0, 0, 0); /* well */
	feed(&b);
	assert_int_equal(b.rc, 0);
	assert_int_equal(h->goaway, UINT32_MAX);
	assert_int_equal(h->streams[1].status, RPC_RESOURCE_EXHAUSTED);
	assert_int_equal(h->streams[1].rst, NGHTTP2_NO_ERROR); /* the rest is not wanted */
	assert_int_equal(h->streams[3].status, RPC_INTERNAL);
	assert_int_equal(h->streams[5].status, RPC_UNIMPLEMENTED);
	assert_int_equal(h->streams[7].status, RPC_INTERNAL);
	assert_int_equal(h->streams[9].status, RPC_INTERNAL);
	assert_int_equal(h->streams[11].http, 405);
	assert_int_equal(h->streams[13].http, 415);
	assert_int_equal(h->streams[15].status, RPC_UNIMPLEMENTED);
	assert_int_equal(h->streams[17].status, RPC_INTERNAL);
	assert_int_equal(h->streams[19].status, RPC_UNIMPLEMENTED);
	assert_int_equal(h->streams[21].status, RPC_INTERNAL);
	assert_int_equal(h->streams[23].status, RPC_OK);
	for (int id = 1; id < 24; id += 2)
		assert_true(h->streams[id].end);
	assert_int_equal(rpc_server_ncalls(b.pair.server), 0);
	finish(&b);
}

/* Many messages begun and none ended: refused beyond the bound. */
static void half_messages(void **state)
{
	static const uint8_t chunk[16384];
	struct bout b;
	unsigned refused = 0;

	(void)state;
	against_server(&b);
	h2_hello(b.h, true);
	for (int32_t id = 1; id < 2 * 100; id += 2) {
		h2_request(b.h, WHOLE, id, SAY, NULL);
		data(b.h, 0, id, 0, RPC_MSG_MAX, 0);
		feed(&b);
	}
	for (int i = 0; i < 32; i++) {
		for (int32_t id = 1; id < 2 * 100; id += 2)
			if (b.h->streams[id].status < 0)
				h2_frame(b.h, NGHTTP2_DATA, 0, id, chunk, sizeof(chunk));
		feed(&b);
		assert_true(b.session->held <= RPC_HELD_MAX);
	}
	assert_int_equal(b.rc, 0);
	for (int32_t id = 1; id < 2 * 100; id += 2)
		refused += b.h->streams[id].status == RPC_RESOURCE_EXHAUSTED;
	assert_true(refused > 0 && refused < 100);
	finish(&b);
}

/* More than the window allows. */
static void window_ignored(void **state)
{
	static const uint8_t chunk[16384];
	struct bout b;

	(void)state;
	against_server(&b);
	b.pair.echo.held = 1;
	h2_hello(b.h, true);
	h2_frame(b.h, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
	h2_request(b.h, WHOLE, 1, SUM, NULL);
	data(b.h, 0, 1, 0, 0, 0);
	feed(&b);
	for (int i = 0;
	     i < 100 && b.h->streams[1].rst == UINT32_MAX && b.rc == 0 && b.h->goaway == UINT32_MAX; i++) {
		h2_frame(b.h, NGHTTP2_DATA, 0, 1, chunk, sizeof(chunk));
		feed(&b);
		assert_true(b.session->held <= RPC_WINDOW);
	}
	assert_true(b.h->streams[1].rst == NGHTTP2_FLOW_CONTROL_ERROR ||
		    b.h->goaway == NGHTTP2_FLOW_CONTROL_ERROR);
	assert_int_equal(rpc_server_ncalls(b.pair.server), 0);
	assert_int_equal(b.pair.echo.cancelled, 1);
	finish(&b);
}

/* --- servers that harm clients */

static void ask(struct bout *b, struct said *s)
{
	Echo__Request r = ECHO__REQUEST__INIT;

	assert_int_equal(said_start(s, &b->pair, &r, 0), 0);
	drain(b);
}

static void bad_answers(void **state)
{
	static const char *const page[] = { ":status", "404", "content-type", "text/html", NULL };
	static const char *const grpc[] = { ":status", "200", "content-type", "application/grpc", NULL };
	static const char *const fine[] = { "grpc-status", "0", NULL };
	static const char *const rubbish[] = { "grpc-status", "fine", NULL };
	struct bout b;
	struct said s[8];
	struct h2 *h;

	(void)state;
	against_client(&b);
	h = b.h;
	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		ask(&b, &s[i]);
	h2_headers(h, WHOLE, 1, page);
	h2_frame(h, NGHTTP2_DATA, LAST, 1, "<html>", 6);
	h2_headers(h, WHOLE | LAST, 3, grpc); /* no status */
	h2_headers(h, WHOLE, 5, grpc);
	h2_headers(h, WHOLE | LAST, 5, fine); /* no message */
	h2_headers(h, WHOLE, 7, grpc);
	data(h, 0, 7, 0, 0, 0);
	data(h, 0, 7, 0, 0, 0); /* two */
	h2_headers(h, WHOLE, 9, grpc);
	data(h, 0, 9, 0, RPC_MSG_MAX + 1, 3);
	h2_u32(h, NGHTTP2_RST_STREAM, 11, NGHTTP2_REFUSED_STREAM);
	h2_headers(h, WHOLE, 13, grpc);
	data(h, 0, 13, 0, 7, 3);
	h2_headers(h, WHOLE | LAST, 13, fine); /* cut off */
	h2_headers(h, WHOLE, 15, grpc);
	data(h, 0, 15, 0, 0, 0);
	h2_headers(h, WHOLE | LAST, 15, rubbish);
	feed(&b);
	assert_int_equal(b.rc, 0);
	assert_int_equal(s[0].op.core.code, RPC_UNIMPLEMENTED);
	assert_string_equal(s[0].err, "the server answered with HTTP status 404");
	assert_int_equal(s[1].op.core.code, RPC_INTERNAL);
	assert_int_equal(s[2].op.core.code, RPC_INTERNAL);
	assert_string_equal(s[2].err, "the server sent no answer");
	assert_int_equal(s[3].op.core.code, RPC_INTERNAL);
	assert_int_equal(s[4].op.core.code, RPC_RESOURCE_EXHAUSTED);
	assert_int_equal(s[5].op.core.code, RPC_UNAVAILABLE);
	assert_int_equal(s[6].op.core.code, RPC_INTERNAL);
	assert_int_equal(s[7].op.core.code, RPC_INTERNAL);
	for (size_t i = 0; i < ARRAY_LEN(s); i++)
		assert_int_equal(s[i].times, 1);
	finish(&b);
}

static void server_floods(void **state)
{
	struct bout b;
	struct said s;

	(void)state;
	against_client(&b);
	ask(&b, &s);
	for (int i = 0; i < 3000; i++)
		h2_frame(b.h, NGHTTP2_PING, 0, 0, "12345678", 8);
	feed(&b);
	assert_flood(&b);
	rpc_session_end(b.session, b.e.text);
	assert_int_equal(s.times, 1);
	assert_int_equal(s.rc, -ENOTCONN);
	finish(&b);
}

static void server_goes_away(void **state)
{
	struct bout b;
	struct said s[2], after;
	const uint8_t away[8] = { 0, 0, 0, 1, 0, 0, 0, 0 }; /* the first call only */
	Echo__Request r = ECHO__REQUEST__INIT;

	(void)state;
	against_client(&b);
	ask(&b, &s[0]);
	ask(&b, &s[1]);
	h2_frame(b.h, NGHTTP2_GOAWAY, 0, 0, away, sizeof(away));
	feed(&b);
	assert_false(s[0].done);
	assert_int_equal(s[1].rc, -ENOTCONN);
	assert_string_equal(s[1].err, "the peer takes no more calls (REFUSED_STREAM)");
	assert_int_equal(said_start(&after, &b.pair, &r, 0), -ENOTCONN);
	finish(&b);
	assert_int_equal(s[0].rc, -ECANCELED);
	assert_int_equal(s[0].times, 1);
}

static void server_pushes(void **state)
{
	struct bout b;
	struct said s;

	(void)state;
	against_client(&b);
	ask(&b, &s);
	h2_frame(b.h, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0); /* to "no pushes" */
	h2_frame(b.h, NGHTTP2_PUSH_PROMISE, WHOLE, 1, "\0\0\0\2", 4);
	feed(&b);
	assert_int_equal(b.h->goaway, NGHTTP2_PROTOCOL_ERROR);
	finish(&b);
	assert_int_equal(s.times, 1);
}

/* --- the same conversation in pieces of any size */

static void shuttle(struct rpc_session *from, struct rpc_session *to, size_t piece, bool *moved)
{
	uint8_t p[65536];
	ssize_t n = rpc_session_send(from, p, piece, NULL);

	assert_true(n >= 0);
	if (n == 0)
		return;
	*moved = true;
	assert_int_equal(rpc_session_recv(to, p, (size_t)n, NULL), 0);
	rpc_session_run(to);
}

static void pieces(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 5, 9, 10, 64, 1000, 16393, 65536 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct pair p = { 0 };
		struct said s;
		struct heard h, c;
		Echo__Request r = ECHO__REQUEST__INIT;
		struct rpc_session *a, *b;
		uint8_t bytes[40000] = { 0 };

		assert_int_equal(rpc_server_create(echo_methods, &p.echo, &p.server, NULL), 0);
		assert_int_equal(rpc_client_create(&p.client, NULL), 0);
		a = rpc_client_session(p.client);
		b = rpc_server_session(p.server);
		r.text = (char *)"pieces";
		r.data = (ProtobufCBinaryData){ sizeof(bytes), bytes };
		assert_int_equal(said_start(&s, &p, &r, 60000), 0);
		r.data.len = 0;
		assert_int_equal(heard_start(&c, &p, ECHO_CHAT, NULL, 0), 0);
		for (int j = 0; j < 10; j++)
			assert_int_equal(rpc_stream_send(&c.op, &r.base), 0);
		r.fail = RPC_NOT_FOUND;
		assert_int_equal(rpc_stream_send(&c.op, &r.base), 0);
		r.fail = 0;
		r.count = 30;
		r.size = 3000;
		assert_int_equal(heard_start(&h, &p, ECHO_COUNT, &r, 0), 0);
		for (bool moved = true; moved;) {
			moved = false;
			shuttle(a, b, sizes[i], &moved);
			shuttle(b, a, sizes[i], &moved);
		}
		assert_true(s.done && h.done && c.done);
		assert_int_equal(s.rc, 0);
		assert_int_equal(s.data_len, sizeof(bytes));
		assert_int_equal(h.rc, 0);
		assert_int_equal(h.bytes, 30 * 3000);
		assert_int_equal(c.n, 10);
		assert_int_equal(c.rc, -ENOENT);
		assert_string_equal(c.err, "pieces");
		assert_int_equal(s.times + h.times + c.times, 3);
		rpc_client_destroy(p.client);
		rpc_server_destroy(p.server);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guard),
		cmocka_unit_test(garbage),
		cmocka_unit_test(ping_flood),
		cmocka_unit_test(settings_flood),
		cmocka_unit_test(empty_data_flood),
		cmocka_unit_test(rapid_reset),
		cmocka_unit_test(continuation_flood),
		cmocka_unit_test(header_bomb),
		cmocka_unit_test(too_many_streams),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(half_messages),
		cmocka_unit_test(window_ignored),
		cmocka_unit_test(bad_answers),
		cmocka_unit_test(server_floods),
		cmocka_unit_test(server_goes_away),
		cmocka_unit_test(server_pushes),
		cmocka_unit_test(pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
