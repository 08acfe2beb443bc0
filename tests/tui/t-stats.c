/* SPDX-License-Identifier: Apache-2.0 */
/* t-stats.c - what containers use is asked only while somebody looks at it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/tui/drive.h"

static const struct berth_stats samples[] = {
	{ .id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", .name = "web1", .running = true,
	  .cpu_percent = 3.1, .memory_bytes = 118ull << 20 },
	{ .id = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", .name = "db", .running = true,
	  .cpu_percent = 99.0, .memory_bytes = 611ull << 20 },
};

static void model(struct fake *f)
{
	f->stats.v = samples;
	f->stats.n = 2;
}

static struct drive *home(void)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, model };
	struct drive *d = drive_open(&o);

	assert_int_equal(d->fake.watches, 1);
	assert_non_null(strstr(drive_screen(d), "3.1   118M"));
	return d;
}

static void test_another_view(void **state)
{
	struct drive *d = home();

	drive_keys(d, "2");
	assert_int_equal(d->fake.watches, 0);
	drive_keys(d, "Esc");
	assert_int_equal(d->fake.watches, 1);
	drive_keys(d, "a");
	assert_int_equal(d->fake.watches, 0);
	drive_free(d);
}

/* A shim that does not answer: when it was last heard of, in place of the state; told once, and what to do. */
static void test_silent(void **state)
{
	static struct berth_container v[] = {
		{ .id = "a", .name = "web1", .image = "nginx:1.27", .image_id = "b", .command = "c", .state = BERTH_RUNNING,
		  .kernel = "", .accel = "", .cause = "", .started = FAKE_NOW - 60000000000ll },
	};
	struct drive *d = home();

	d->fake.containers.v = v;
	d->fake.containers.n = 1;
	v[0].silent = FAKE_NOW - 30000000000ll;
	fake_changed(d->berth);
	drive_settle(d);
	assert_non_null(strstr(drive_screen(d), "web1         ? seen 14:02"));
	assert_non_null(strstr(drive_screen(d), "web1: its shim does not answer.  K kills it"));
	drive_keys(d, "k");
	fake_changed(d->berth);
	drive_settle(d);
	assert_null(strstr(drive_screen(d), "does not answer.")); /* not again */
	assert_non_null(strstr(drive_screen(d), "K kill"));
	v[0].silent = 0;
	fake_changed(d->berth);
	drive_settle(d);
	assert_non_null(strstr(drive_screen(d), "web1         + up"));
	drive_free(d);
}

static void test_focus(void **state)
{
	struct drive *d = home();

	drive_bytes(d, "\033[O", 3);
	assert_int_equal(d->fake.watches, 0);
	assert_non_null(strstr(drive_screen(d), "- paused"));
	assert_null(strstr(drive_screen(d), "118M"));
	drive_bytes(d, "\033[I", 3);
	assert_int_equal(d->fake.watches, 1);
	assert_non_null(strstr(drive_screen(d), "118M"));
	drive_free(d);
}

/* No key for a minute; what is shown then does not change the order or a filter. */
static void test_minute(void **state)
{
	struct drive *d = home();

	drive_keys(d, "/ \"mem>200M\" Enter");
	d->app.stats.last_key_ms = uv_now(&d->loop) - STATS_AWAKE_MS;
	stats_check(&d->app, false);
	drive_settle(d);
	assert_int_equal(d->fake.watches, 0);
	assert_non_null(strstr(drive_screen(d), "paused"));
	assert_non_null(strstr(drive_screen(d), ">  db"));
	assert_null(strstr(drive_screen(d), "web1"));
	drive_keys(d, "j");
	assert_int_equal(d->fake.watches, 1);
	drive_free(d);
}

static void test_order(void **state)
{
	struct drive *d = home();
	const char *screen;

	drive_keys(d, "> >");
	screen = drive_screen(d);
	assert_non_null(strstr(screen, "Sorted by CPU%"));
	assert_true(strstr(screen, "  db") < strstr(screen, "web1 "));
	drive_keys(d, "o");
	screen = drive_screen(d);
	assert_true(strstr(screen, "web1 ") < strstr(screen, "  db"));
	drive_free(d);
}

/* Nothing that could be sampled: nothing is. */
static void test_empty(void **state)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, true);

	assert_int_equal(d->fake.watches, 0);
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_another_view), cmocka_unit_test(test_silent), cmocka_unit_test(test_focus), cmocka_unit_test(test_minute),
		cmocka_unit_test(test_order),	     cmocka_unit_test(test_empty),
	};

	drive_environment();
	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
