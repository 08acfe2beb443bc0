/* SPDX-License-Identifier: Apache-2.0 */
/* t-uv.c - the drive on a libuv loop: both ends, ends of connections, objects that go within callbacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/loop.h"
#include "base/sock.h"
#include "rpc/drive-uv.h"
#include "rpc/sync.h"
#include "rpc/msg.h"
#include "tests/rpc/echo.h"

struct end {
	int times, rc;
	char err[512];
};

struct world {
	struct echo echo; /* first: what rpc_call_data gives */
	uv_loop_t loop;
	struct rpc_server *server;
	struct rpc_client *client;
	struct end server_end, client_end;
	struct rpc_unary op;
	int rc, answers;
	char text[512];
};

static void note(struct end *end, int rc, const struct err *e)
{
	end->times++;
	end->rc = rc;
	snprintf(end->err, sizeof(end->err), "%s", e->text);
}

static void server_closed(void *data, int rc, const struct err *e)
{
	struct world *w = data;

	note(&w->server_end, rc, e);
	rpc_server_destroy(TAKE(w->server));
}

static void client_closed(void *data, int rc, const struct err *e)
{
	struct world *w = data;

	note(&w->client_end, rc, e);
	rpc_client_destroy(TAKE(w->client));
}

static void setup(struct world *w)
{
	struct err e = { 0 };
	int fds[2];

	memset(w, 0, sizeof(*w));
	uv_loop_init(&w->loop);
	assert_int_equal(sock_pair(fds), 0);
	assert_int_equal(rpc_uv_serve(&w->loop, fds[0], echo_methods, w, server_closed, &w->server, &e), 0);
	assert_int_equal(rpc_uv_connect(&w->loop, fds[1], w, client_closed, &w->client, &e), 0);
}

/* Nothing may be left on the loop. */
static void teardown(struct world *w)
{
	uv_run(&w->loop, UV_RUN_DEFAULT);
	loop_finish(&w->loop);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
}

static void hang_up(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct world *w = container_of(op, struct world, op);

	w->answers++;
	w->rc = rc;
	snprintf(w->text, sizeof(w->text), "%s", resp ? ((const Echo__Reply *)resp)->text : e->text);
	rpc_client_destroy(TAKE(w->client)); /* from within: the server then sees the end */
}

static void call(struct world *w, const Echo__Request *r, int64_t timeout_ms, rpc_unary_cb cb)
{
	assert_int_equal(
		rpc_unary_start(&w->op, w->client, &echo_methods[ECHO_SAY], &r->base, timeout_ms, cb, NULL),
		0);
}

static void unary(void **state)
{
	struct world w;
	Echo__Request r = ECHO__REQUEST__INIT;

	(void)state;
	setup(&w);
	r.text = (char *)"over libuv";
	call(&w, &r, 60000, hang_up);
	assert_int_equal(w.answers, 0);
	teardown(&w);
	assert_int_equal(w.answers, 1);
	assert_int_equal(w.rc, 0);
	assert_string_equal(w.text, "over libuv");
	assert_int_equal(w.server_end.times, 1);
	assert_int_equal(w.server_end.rc, 0);
	assert_int_equal(w.client_end.times, 0); /* destroyed before: closed does not come */
}

static void deadline(void **state)
{
	struct world w;
	Echo__Request r = ECHO__REQUEST__INIT;

	(void)state;
	setup(&w);
	r.never = true;
	call(&w, &r, 15, hang_up);
	teardown(&w);
	assert_int_equal(w.rc, -ETIMEDOUT);
	assert_int_equal(w.echo.cancelled, 1);
}

static void note_answer(struct rpc_unary *op, int rc, const ProtobufCMessage *resp, const struct err *e)
{
	struct world *w = container_of(op, struct world, op);

	(void)resp;
	w->answers++;
	w->rc = rc;
	snprintf(w->text, sizeof(w->text), "%s", e->text);
}

struct late {
	struct loop_defer defer;
	struct world *w;
};

/* Ends the server once the request has arrived. */
static void stop_server(struct loop_defer *d)
{
	struct world *w = container_of(d, struct late, defer)->w;

	if (rpc_server_ncalls(w->server))
		rpc_server_destroy(TAKE(w->server));
	else
		loop_defer(&w->loop, d, stop_server);
}

static void lost(void **state)
{
	struct world w;
	struct late late = { .w = &w };
	Echo__Request r = ECHO__REQUEST__INIT;

	(void)state;
	setup(&w);
	r.never = true;
	call(&w, &r, 0, note_answer);
	loop_defer(&w.loop, &late.defer, stop_server);
	teardown(&w);
	assert_int_equal(w.answers, 1);
	assert_int_equal(w.rc, -ENOTCONN);
	assert_int_equal(w.echo.cancelled, 1);
	assert_int_equal(w.client_end.times, 1);
	/* A reset if the server had not read all that was sent. */
	assert_true(w.client_end.rc == 0 || w.client_end.rc == -ECONNRESET);
}

static void not_http2(void **state)
{
	struct world w = { 0 };
	struct err e = { 0 };
	char answer[512];
	int fds[2];

	(void)state;
	uv_loop_init(&w.loop);
	assert_int_equal(sock_pair(fds), 0);
	assert_int_equal(write(fds[1], "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27), 27);
	assert_int_equal(rpc_uv_serve(&w.loop, fds[0], echo_methods, &w, server_closed, &w.server, &e), 0);
	teardown(&w);
	assert_int_equal(w.server_end.rc, -EPROTO);
	assert_string_equal(w.server_end.err, "the peer does not speak HTTP/2");
	while (read(fds[1], answer, sizeof(answer)) > 0)
		continue;
	close(fds[1]);
}

/* Destroyed in the turn it was made, before the loop ran. */
static void never_ran(void **state)
{
	struct world w;
	Echo__Request r = ECHO__REQUEST__INIT;

	(void)state;
	setup(&w);
	call(&w, &r, 0, note_answer);
	rpc_client_destroy(w.client);
	rpc_server_destroy(w.server);
	assert_int_equal(w.answers, 1);
	assert_int_equal(w.rc, -ECANCELED);
	teardown(&w);
	assert_int_equal(w.client_end.times + w.server_end.times, 0);
}

static void serve_until_closed(void *arg)
{
	struct world *w = arg;

	uv_run(&w->loop, UV_RUN_DEFAULT);
}

/* The blocking client, its server in another thread. */
static void sync_client(void **state)
{
	struct world w = { 0 };
	struct err e = { 0 };
	struct rpc_sync s;
	ProtobufCMessage *msg = NULL;
	Echo__Request r = ECHO__REQUEST__INIT;
	uv_thread_t thread;
	int fds[2];

	(void)state;
	uv_loop_init(&w.loop);
	assert_int_equal(sock_pair(fds), 0);
	assert_int_equal(rpc_uv_serve(&w.loop, fds[0], echo_methods, &w, server_closed, &w.server, &e), 0);
	uv_thread_create(&thread, serve_until_closed, &w);
	assert_int_equal(rpc_sync_init(&s, fds[1], &e), 0);
	r.text = (char *)"blocking";
	for (int i = 0; i < 100; i++) {
		assert_int_equal(rpc_sync_unary(&s, &echo_methods[ECHO_SAY], &r.base, 10000, &msg, &e), 0);
		assert_string_equal(((Echo__Reply *)msg)->text, "blocking");
		rpc_msg_free(msg);
	}
	r.fail = RPC_NOT_FOUND;
	assert_int_equal(rpc_sync_unary(&s, &echo_methods[ECHO_SAY], &r.base, 10000, &msg, &e), -ENOENT);
	assert_string_equal(e.text, "blocking");
	r.fail = 0;
	r.never = true;
	assert_int_equal(rpc_sync_unary(&s, &echo_methods[ECHO_SAY], &r.base, 10, &msg, &e), -ETIMEDOUT);
	rpc_sync_finish(&s);
	close(fds[1]);
	uv_thread_join(&thread);
	teardown(&w);
	assert_int_equal(w.server_end.times, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unary),     cmocka_unit_test(deadline),  cmocka_unit_test(lost),
		cmocka_unit_test(not_http2), cmocka_unit_test(never_ran), cmocka_unit_test(sync_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
