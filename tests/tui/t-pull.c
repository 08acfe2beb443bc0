/* SPDX-License-Identifier: Apache-2.0 */
/* t-pull.c - pulls: what can be copied from their view; runs that wait for a login. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"
#include "tests/tui/sees.h"

static struct drive *pulling(void)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	drive_keys(d, "2 P \"postgres:16\" Enter Enter");
	return d;
}

static void assert_copied(struct drive *d, const char *want)
{
	assert_int_equal(d->app.clip.len, strlen(want));
	assert_memory_equal(d->app.clip.p, want, strlen(want));
}

/* The layer's under the cursor; while none is known the image's; before that nothing. */
static void test_digests_are_copied(void **state)
{
	struct drive *d = pulling();
	struct berth_layer layers[] = {
		{ "sha256:aaaaaaaaaaaaaaaaaaaa", 1000, 1000, BERTH_LAYER_DONE, 100 },
		{ "sha256:bbbbbbbbbbbbbbbbbbbb", 1000, 10, BERTH_LAYER_WAITING, 0 },
	};
	struct berth_progress p = { .job = "7", .verb = "pull", .object = "postgres:16", .stage = "resolving" };

	drive_keys(d, "y");
	SEES(d, "no digest is known yet");
	assert_int_equal(d->app.clip.len, 0);
	p.digest = "sha256:cccccccccccccccccccc";
	fake_progress(d->berth, &p);
	drive_settle(d);
	drive_keys(d, "y");
	assert_copied(d, "sha256:cccccccccccccccccccc");
	p.layers = layers;
	p.nlayers = 2;
	fake_progress(d->berth, &p);
	drive_settle(d);
	drive_keys(d, "Down y");
	assert_copied(d, "sha256:bbbbbbbbbbbbbbbbbbbb");
	SEES(d, "sent 27 bytes to the terminal");
	drive_keys(d, "k y");
	assert_copied(d, "sha256:aaaaaaaaaaaaaaaaaaaa");
	drive_free(d);
}

static struct drive *run_refused(const char *why)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	d->fake.no_create = why;
	drive_keys(d, "2 C Enter");
	return d;
}

/* The container that was asked for is made once the login is there, and its console opened. */
static void test_run_goes_on(void **state)
{
	struct drive *d = run_refused("login");

	SEES(d, "Run debian:stable    waiting for you: login needed (401)");
	SEES(d, "Log in to docker.io");
	drive_keys(d, "\"ana\" Enter \"secret\" Enter");
	SEES(d, "Enter log in, then the run goes on by itself");
	drive_keys(d, "Enter");
	assert_string_equal(drive_calls(d), "create debian:stable\nlogin docker.io ana secret\ncreate debian:stable\nstart worker-1\n");
	SEES(d, "shell of worker-1:0");
	drive_free(d);
}

/* Put off: it stands among the jobs, and is found again there. */
static void test_run_waits(void **state)
{
	struct drive *d = run_refused("login");

	drive_keys(d, "Esc Esc 6 End");
	SEES(d, ">  run");
	SEES(d, "? asks");
	drive_keys(d, "Enter \"ana\" Enter \"secret\" Enter Enter");
	SEES(d, "shell of worker-1:0");
	drive_free(d);
}

/* A file that cannot be read is no matter of a login. */
static void test_run_of_no_login(void **state)
{
	struct drive *d = run_refused("file");

	SEES(d, "permission denied");
	assert_null(strstr(drive_screen(d), "Log in"));
	drive_keys(d, "R");
	assert_string_equal(drive_calls(d), "create debian:stable\n");
	drive_free(d);
}

/* Why a pull failed is there to its last word. */
static void test_failure_is_told_whole(void **state)
{
	struct drive *d = pulling();

	fake_pull_fails(d->berth, -EIO, "cannot reach registry.example: Failed to connect to 192.0.2.1 port 443 after 3 ms: "
				       "Couldn't connect to server, said the library at last");
	drive_settle(d);
	SEES(d, "said the library at last");
	drive_free(d);
}

/* What another berth does is called what it is; only of what fetches something is kept. */
static void test_other_jobs(void **state)
{
	static const struct berth_job jobs[] = {
		{ .id = "00000000000000a1", .verb = "rootfs", .object = "/srv/f.ext4", .state = "running" },
		{ .id = "00000000000000b2", .verb = "push", .object = "reg.example/a:1", .state = "running" },
	};
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	d->fake.jobs.v = jobs;
	d->fake.jobs.n = ARRAY_LEN(jobs);
	drive_keys(d, "6 Home Enter");
	SEES(d, "Jobs > /srv/f.ext4");
	SEES(d, "rootfs /srv/f.ext4");
	SEES(d, "at work");
	SEES(d, "Esc back, it goes on");
	drive_keys(d, "K");
	SEES(d, "Cancel rootfs of /srv/f.ext4?");
	assert_null(strstr(drive_screen(d), "kept"));
	drive_keys(d, "n Esc Down Enter K");
	SEES(d, "Cancel push of reg.example/a:1?");
	SEES(d, "Parts that were fetched are kept.");
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests_are_copied), cmocka_unit_test(test_run_goes_on), cmocka_unit_test(test_run_waits),
		cmocka_unit_test(test_run_of_no_login),	   cmocka_unit_test(test_failure_is_told_whole),
		cmocka_unit_test(test_other_jobs),
	};

	drive_environment();
	return cmocka_run_group_tests_name("pull", tests, NULL, NULL);
}
