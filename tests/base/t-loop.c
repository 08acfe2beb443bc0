/* SPDX-License-Identifier: Apache-2.0 */
/* t-loop.c - deferred calls on a loop that is somebody else's, and children that are nobody's. */
#include "base/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/spawn.h"

struct call {
	struct loop_defer d;
	uv_loop_t *loop;
	int made, again;
};

static void on_call(struct loop_defer *d)
{
	struct call *c = container_of(d, struct call, d);

	c->made++;
	if (c->again-- > 0)
		loop_defer(c->loop, &c->d, on_call);
}

/* A loop in memory that held something else: loop->data is whatever its owner put there. */
static void init(uv_loop_t *loop, void *data)
{
	memset(loop, 0x5a, sizeof(*loop));
	loop->data = data;
	assert_int_equal(uv_loop_init(loop), 0);
}

static void test_data_is_the_owners(void **state)
{
	int mine;
	uv_loop_t loop;
	struct call c = { .loop = &loop, .again = 2 };

	init(&loop, &mine);
	assert_int_equal(loop_defer(&loop, &c.d, on_call), 0);
	assert_int_equal(c.made, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(c.made, 3);
	assert_ptr_equal(loop.data, &mine);
	loop_finish(&loop);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_finish_waits_for_what_is_owed(void **state)
{
	uv_loop_t loop;
	struct call c = { .loop = &loop, .again = 1 }, later = { .loop = &loop };

	init(&loop, NULL);
	loop_defer(&loop, &c.d, on_call);
	loop_finish(&loop);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(c.made, 2);
	/* The loop is as new. */
	loop_defer(&loop, &later.d, on_call);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(later.made, 1);
	loop_finish(&loop);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_two_loops(void **state)
{
	uv_loop_t a, b;
	struct call ca = { .loop = &a }, cb = { .loop = &b };

	init(&a, NULL);
	init(&b, NULL);
	loop_defer(&a, &ca.d, on_call);
	loop_defer(&b, &cb.d, on_call);
	uv_run(&a, UV_RUN_DEFAULT);
	assert_int_equal(ca.made, 1);
	assert_int_equal(cb.made, 0);
	loop_finish(&a);
	uv_run(&a, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&a), 0);
	loop_defer_cancel(&cb.d);
	loop_finish(&b);
	uv_run(&b, UV_RUN_DEFAULT);
	assert_int_equal(cb.made, 0);
	assert_int_equal(uv_loop_close(&b), 0);
}

/* It runs, in a session of its own, and we have no child. */
static void test_orphan(void **state)
{
	const char *argv[] = { "sh", "-c", "cut -d' ' -f4,6 /proc/$$/stat", NULL };
	int out[2];
	char text[64] = "";
	ssize_t n;
	int ppid = 0, session = 0;

	assert_int_equal(pipe(out), 0);
	const struct spawn_fd fds[] = { { out[1], 1 } };
	const struct spawn s = { .file = "sh", .argv = argv, .fds = fds, .nfds = 1, .new_session = true, .orphan = true };

	assert_int_equal(spawn_start(&s, NULL, NULL, NULL), 0);
	close(out[1]);
	n = read(out[0], text, sizeof(text) - 1);
	close(out[0]);
	assert_true(n > 0);
	assert_int_equal(sscanf(text, "%d %d", &ppid, &session), 2);
	assert_int_not_equal(ppid, getpid());
	assert_int_not_equal(session, getsid(0));
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_orphan_that_cannot_start(void **state)
{
	const char *argv[] = { "nosuch", NULL };
	const struct spawn s = { .file = "/nosuch/program", .argv = argv, .orphan = true };
	struct err e = { 0 };

	assert_int_equal(spawn_start(&s, NULL, NULL, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nosuch/program"));
	assert_int_equal(waitpid(-1, NULL, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data_is_the_owners), cmocka_unit_test(test_finish_waits_for_what_is_owed),
		cmocka_unit_test(test_two_loops),	   cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_orphan_that_cannot_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
