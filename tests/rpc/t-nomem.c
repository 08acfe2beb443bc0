/* SPDX-License-Identifier: Apache-2.0 */
/* t-nomem.c - the same conversation with each allocation failing in turn, once or from then on: nothing
 * breaks, nothing is lost, and each op that began ends once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/session.h"
#include "tests/rpc/pair.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_FAIL 0
#else
#define CAN_FAIL 1
#endif

static long count, fail_at; /* 0: never */
static bool for_good, failed;

#if CAN_FAIL
/* Those of the C library, which it keeps under these names for such wrappers. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t m);
void *__libc_realloc(void *p, size_t n);

static bool fails(void)
{
	if (!fail_at || ++count < fail_at || (count > fail_at && !for_good))
		return false;
	failed = true;
	return true;
}

__attribute__((visibility("default"))) void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t m)
{
	return fails() ? NULL : __libc_calloc(n, m);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
#endif

/* One way, one piece. false: the connection is broken. */
static bool shuttle(struct rpc_session *from, struct rpc_session *to, bool *moved)
{
	uint8_t p[4096];
	ssize_t n = rpc_session_send(from, p, sizeof(p), NULL);

	if (n < 0)
		return false;
	if (n == 0)
		return true;
	*moved = true;
	if (rpc_session_recv(to, p, (size_t)n, NULL) < 0)
		return false;
	rpc_session_run(to);
	rpc_session_run(from);
	return true;
}

static void talk(struct pair *p, struct said *s, struct heard h[2], int begun[3])
{
	struct rpc_session *a = rpc_client_session(p->client), *b = rpc_server_session(p->server);
	Echo__Request r = ECHO__REQUEST__INIT;
	bool moved = true, whole = true;

	r.text = (char *)"few bytes";
	begun[0] = said_start(s, p, &r, 60000);
	begun[1] = heard_start(&h[0], p, ECHO_CHAT, NULL, 0);
	if (begun[1] == 0) {
		rpc_stream_send(&h[0].op, &r.base);
		rpc_stream_half_close(&h[0].op);
	}
	r.count = 5;
	r.size = 3000;
	begun[2] = heard_start(&h[1], p, ECHO_COUNT, &r, 0);
	while (moved && whole) {
		moved = false;
		whole = shuttle(a, b, &moved) && shuttle(b, a, &moved);
	}
	/* What is pending now waits for ever, until the connection ends. */
	fail_at = 0;
	rpc_session_end(a, "the end");
	rpc_session_end(b, "the end");
}

static bool conversation(void)
{
	struct pair p = { 0 };
	struct said s = { 0 };
	struct heard h[2] = { 0 };
	int begun[3];

	if (rpc_server_create(echo_methods, &p.echo, &p.server, NULL) < 0)
		return false;
	if (rpc_client_create(&p.client, NULL) < 0) {
		rpc_server_destroy(p.server);
		return false;
	}
	talk(&p, &s, h, begun);
	assert_int_equal(s.times, begun[0] == 0);
	assert_int_equal(h[0].times, begun[1] == 0);
	assert_int_equal(h[1].times, begun[2] == 0);
	assert_int_equal(rpc_server_ncalls(p.server), 0);
	rpc_client_destroy(p.client);
	rpc_server_destroy(p.server);
	return begun[0] == 0 && s.rc == 0 && begun[1] == 0 && h[0].rc == 0 && begun[2] == 0 && h[1].rc == 0;
}

static void each_allocation(void **state)
{
	long n = 0;

	(void)state;
	if (!CAN_FAIL)
		skip();
	for (int i = 0; i < 2; i++) {
		for_good = i;
		for (n = 1; n < 100000; n++) {
			count = 0;
			failed = false;
			fail_at = n;
			bool well = conversation();

			fail_at = 0;
			if (!failed) {
				assert_true(well);
				break;
			}
		}
	}
	assert_true(n > 100);
	print_message("%ld allocations\n", n - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
