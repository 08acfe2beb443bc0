/* SPDX-License-Identifier: Apache-2.0 */
/* t-procs.c - processes in a container's detail: a cursor of their own, and signals to the one that was seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"
#include "tests/tui/sees.h"

static const struct berth_process three[] = {
	{ .pid = 1, .user = "root", .state = "S", .started = 1000, .command = "init" },
	{ .pid = 29, .user = "app", .state = "S", .started = 2000, .command = "worker one" },
	{ .pid = 30, .user = "app", .state = "S", .started = 3000, .command = "worker two" },
};
/* 29 has ended and another process has its number; the others are there. */
static const struct berth_process later[] = {
	{ .pid = 1, .user = "root", .state = "S", .started = 1000, .command = "init" },
	{ .pid = 29, .user = "app", .state = "S", .started = 9000000000, .command = "someone else" },
	{ .pid = 30, .user = "app", .state = "S", .started = 3000, .command = "worker two" },
};
static const struct berth_stats sample[] = {
	{ .id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", .time = FAKE_NOW, .running = true },
};

static void store(struct fake *f)
{
	f->processes.v = three;
	f->processes.n = 3;
	f->stats.v = sample;
	f->stats.n = 1;
}

static struct drive *start(const char *keys)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, store };
	struct drive *d = drive_open(&o);

	drive_keys(d, keys);
	return d;
}

/* As a guest tells it: its start is some nanoseconds off each time. */
static const struct berth_process shaken[] = {
	{ .pid = 1, .user = "root", .state = "S", .started = 1417, .command = "init" },
	{ .pid = 29, .user = "app", .state = "S", .started = 1730, .command = "worker one" },
	{ .pid = 30, .user = "app", .state = "S", .started = 3204, .command = "worker two" },
};

/* The processes are asked for anew with every few samples. */
static void refresh(struct drive *d)
{
	for (int i = 0; i < 8; i++) {
		fake_stats(d->berth);
		drive_settle(d);
	}
}

static void test_cursor(void **state)
{
	struct drive *d = start("d");

	SEES(d, ">                 1  root");
	drive_keys(d, "j");
	SEES(d, ">                29  app");
	drive_keys(d, "j k k");
	SEES(d, ">                 1  root");
	refresh(d);
	SEES(d, ">                 1  root");
	drive_keys(d, "j");
	d->fake.processes.v = shaken;
	refresh(d);
	SEES(d, ">                29  app");
	SEES(d, "K signal");
	drive_free(d);
}

static void test_signal(void **state)
{
	struct drive *d = start("d j K");

	SEES(d, "to process 29 of web1:  worker one");
	SEES(d, "berth kill -s TERM --pid 29 web1");
	drive_keys(d, "S-Tab ^U \"1\" Enter");
	assert_string_equal(drive_calls(d), "");
	drive_keys(d, "Enter");
	assert_string_equal(drive_calls(d), "kill process 29 of web1 begun 2000 by 1\n");
	SEES(d, "1 to process 29 of web1: sent");
	drive_free(d);
}

/* Another process with its number does not take its place, neither in the form nor under the cursor. */
static void test_another_by_then(void **state)
{
	struct drive *d = start("d j");

	d->fake.processes.v = later;
	refresh(d);
	SEES(d, "someone else");
	SEES_NOT(d, ">                29");
	drive_keys(d, "K");
	SEES(d, "Kill web1?"); /* no process has the cursor: the key is the container's */
	drive_keys(d, "Esc j");
	SEES(d, ">                 1  root");
	drive_free(d);
	d = start("d j K");
	d->fake.processes.v = later;
	refresh(d);
	drive_keys(d, "Enter");
	assert_string_equal(drive_calls(d), "kill process 29 of web1 begun 2000 by 15\n");
	drive_free(d);
}

/* Where none is seen the key is the container's; a click chooses one. */
static void test_seen(void **state)
{
	const struct drive_options o = { "xterm-256color", 10, 40, false, store };
	struct drive *d = drive_open(&o);

	drive_keys(d, "d g");
	SEES_NOT(d, "worker one");
	drive_keys(d, "K");
	SEES(d, "Kill web1?");
	drive_free(d);
	d = start("d");
	SEES(d, "K signal");
	drive_keys(d, "Tab");
	SEES(d, "K kill");
	drive_bytes(d, "\033[<0;30;14M", 11);
	SEES(d, ">                29");
	SEES(d, "K signal");
	assert_string_equal(drive_calls(d), "");
	drive_free(d);
}

/* Its help has the process's key, and not the container's behind it. */
static void test_help(void **state)
{
	struct drive *d = start("d ?");

	SEES(d, "Help for: Processes");
	SEES(d, "K     signal         form");
	SEES_NOT(d, "K     kill");
	drive_keys(d, "Esc : \"kill\"");
	SEES(d, "kill web1           KILL at once                      -       [y/N]");
	drive_free(d);
}

/* What makes no sense for one that has ended is not offered; and what happened last is seen. */
static void test_ended_and_events(void **state)
{
	const struct drive_options o = { "xterm-256color", 5, 80, false, NULL };
	struct drive *d = start("End d");

	SEES(d, "S start  l logs");
	SEES_NOT(d, "T stop");
	SEES_NOT(d, "X exec");
	drive_free(d);
	d = drive_open(&o);
	drive_keys(d, "7");
	SEES(d, "exit_code=137");
	SEES_NOT(d, "create        web1");
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor), cmocka_unit_test(test_signal), cmocka_unit_test(test_another_by_then),
		cmocka_unit_test(test_seen),   cmocka_unit_test(test_help), cmocka_unit_test(test_ended_and_events),
	};

	drive_environment();
	return cmocka_run_group_tests_name("processes", tests, NULL, NULL);
}
