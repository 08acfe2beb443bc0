/* SPDX-License-Identifier: Apache-2.0 */
/* t-room.c - what there is to read is whole where the terminal is small, and in its place before it is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"
#include "tests/tui/sees.h"

#define WEB1 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct drive *start(int rows, int cols, void (*model)(struct fake *f), const char *keys)
{
	const struct drive_options o = { "xterm-256color", rows, cols, false, model };
	struct drive *d = drive_open(&o);

	drive_keys(d, keys);
	return d;
}

/* Rows before the one that begins so. */
static size_t row_of(struct drive *d, const char *text)
{
	const char *screen = drive_screen(d), *at = strstr(screen, text);
	size_t n = 0;

	if (!at)
		fail_msg("no '%s' on:\n%s", text, screen);
	for (; at && screen < at; screen++)
		n += *screen == '\n';
	return n;
}

static void deaf_guest(struct fake *f)
{
	f->no_top = "the guest does not answer";
}

/* Numbers and processes have their places before they are known, so nothing moves when they come. */
static void test_sections_stay(void **state)
{
	static const struct berth_stats sample[] = { { .id = WEB1, .time = FAKE_NOW, .running = true, .cpu_percent = 3.1 } };
	struct drive *d = start(24, 80, deaf_guest, "d");
	size_t events = row_of(d, " EVENTS "), processes = row_of(d, " PROCESSES ");

	SEES(d, "STATS  every 2 s, last 60 s");
	SEES(d, "the first numbers come within 2 s");
	SEES(d, "the guest does not answer");
	d->fake.no_top = NULL;
	d->fake.stats.v = sample;
	d->fake.stats.n = 1;
	for (int i = 0; i < 3; i++) {
		fake_stats(d->berth);
		drive_settle(d);
	}
	SEES(d, "cpu     3.1%");
	SEES(d, "1  root");
	SEES_NOT(d, "does not answer");
	assert_int_equal(row_of(d, "PROCESSES "), processes);
	assert_int_equal(row_of(d, "EVENTS "), events);
	drive_free(d);
}

static struct berth_container ended[] = {
	{ .id = WEB1, .name = "web1", .image = "i", .image_id = "i", .command = "c", .kernel = "", .accel = "", .cause = "",
	  .state = BERTH_EXITED, .started = FAKE_NOW - 60000000000, .finished = FAKE_NOW - 18000000000 },
};
static const struct berth_console one_console[] = {
	{ .id = WEB1 ":1", .container = "web1", .n = 1, .command = "bash", .exit_code = 3 },
};

static void one_ended(struct fake *f)
{
	f->containers.v = ended;
	f->containers.n = 1;
	f->consoles.v = one_console;
	f->consoles.n = 1;
}

/* Why it ended stands in the detail, where "p why" of a console leads. */
static void test_why(void **state)
{
	static const struct {
		int code;
		const char *cause, *says;
	} cases[] = {
		{ 0, "", "why    it ended by itself, after 42s" },
		{ 3, "", "why    it ended by itself; l shows what it said, after 42s" },
		{ 143, "", "why    SIGTERM ended it (exit 143), after 42s" },
		{ 137, "out of memory", "why    out of memory" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct drive *d;

		ended[0].exit_code = cases[i].code;
		ended[0].cause = cases[i].cause;
		d = start(24, 80, one_ended, "d");
		SEES(d, cases[i].says);
		SEES(d, "1  exit 3 ");
		SEES_NOT(d, "PROCESSES");
		drive_free(d);
	}
}

/* Questions, their answers and the console's menu at 40 columns. */
static void test_narrow(void **state)
{
	struct drive *d = start(10, 40, NULL, "y");

	SEES(d, "n name  i id  a address  c command");
	SEES(d, "r row  s screen  anything else: none");
	drive_keys(d, "Esc G D");
	SEES(d, "Delete migrate?");
	SEES(d, "U gives it back");
	SEES(d, "y delete   anything else: no");
	drive_free(d);
	d = start(10, 40, NULL, "a ^] #"); /* no key of the menu: it shows itself at once */
	SEES(d, "Menu.  Esc closes, ^] sends ^]");
	SEES(d, " 1-9 console  [ back  / find  v select");
	SEES(d, " T stop  K signal  : command  ? help");
	drive_free(d);
}

static void big_console(struct fake *f)
{
	static const struct berth_console v[] = {
		{ .id = WEB1 ":0", .container = "web1", .command = "nginx", .rows = 140, .cols = 132, .viewers = 1, .alive = true },
	};

	f->consoles.v = v;
	f->consoles.n = 1;
}

/* The console's last line says that no key goes anywhere, whatever else it has to leave out. */
static void test_status(void **state)
{
	static const int cols[] = { 40, 60, 70, 80, 100 };

	for (size_t i = 0; i < ARRAY_LEN(cols); i++) {
		struct drive *d = start(24, cols[i], big_console, "a");

		SEES(d, "132x140");
		SEES(d, "^] menu");
		drive_keys(d, "^] r");
		SEES(d, "read-only");
		SEES(d, "132x140");
		SEES(d, cols[i] < 60 ? "no keys  ^] menu" : "keys go nowhere  ^] menu");
		if (cols[i] >= 80)
			SEES(d, ": rows 1-23");
		drive_free(d);
	}
}

static void long_reason(struct fake *f)
{
	f->probe = "{\"kvm\":{\"usable\":false,\"reason\":\"a VM failed with it: KVM_CREATE_VM said that the module of this host "
		   "was built for another processor, and then that nothing more can be tried\",\"since\":\"2026-11-24T10:00:00Z\"},"
		   "\"chosen\":\"tcg\"}";
}

static void test_reason(void **state)
{
	struct drive *d = start(24, 80, long_reason, "0");

	SEES(d, "nothing more can be tried");
	SEES(d, "VMs are emulated");
	SEES(d, "kvm: what to do");
	drive_free(d);
	d = start(10, 40, long_reason, "0");
	SEES(d, "KVM_CREATE_VM");
	drive_free(d);
}

static void long_names(struct fake *f)
{
	static const struct berth_port ports[] = { { "", 8080, 80, "tcp" }, { "", 8443, 443, "tcp" }, { "", 9090, 9090, "tcp" } };
	static const struct berth_container v[] = {
		{ .id = WEB1, .name = "a-name-of-thirty-six-letters-and-more", .image = "registry.example.com/team/image:1.27.3-alpine",
		  .image_id = "i", .command = "c", .kernel = "", .accel = "", .cause = "", .state = BERTH_RUNNING,
		  .ports = ports, .nports = 3 },
	};

	f->containers.v = v;
	f->containers.n = 1;
}

/* On a wide screen all that a row has is seen. */
static void test_wide(void **state)
{
	struct drive *d = start(24, 200, long_names, "");

	SEES(d, "a-name-of-thirty-six-letters-and-more ");
	SEES(d, "registry.example.com/team/image:1.27.3-alpine");
	SEES(d, "8080>80 8443>443 9090");
	drive_free(d);
}

/* The logs of all that are up come in the order of the list. */
static void test_logs_order(void **state)
{
	struct drive *d = start(24, 80, NULL, "3");

	SEES(d, "Logs  web1 db worker-1 (3 of 4)");
	drive_keys(d, "1 < 3"); /* by name */
	SEES(d, "Logs  db web1 worker-1 (3 of 4)");
	drive_keys(d, "1 / \"worker\" Enter 3");
	SEES(d, "Logs  worker-1 web1 db (3 of 4)");
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections_stay), cmocka_unit_test(test_why),   cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_status),	      cmocka_unit_test(test_reason), cmocka_unit_test(test_wide),
		cmocka_unit_test(test_logs_order),
	};

	drive_environment();
	return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
