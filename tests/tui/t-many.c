/* SPDX-License-Identifier: Apache-2.0 */
/* t-many.c - ten thousand containers: opening, filtering and sorting them takes no time that one would feel. The bounds
 * are wide, as tests share the machine; what they would notice is work that grows with the square. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/tui/drive.h"

#define MANY 10000
#define RUNNING 200
#define BOUND_MS 1000

static struct berth_container v[MANY];
static struct berth_stats samples[RUNNING];

static void many(struct fake *f)
{
	static char ids[MANY][65], names[MANY][24];

	for (int i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%064d", i);
		snprintf(names[i], sizeof(names[i]), "container-%d", i);
		v[i] = (struct berth_container){ .id = ids[i], .name = names[i], .image = "nginx:1.27", .image_id = "b",
						 .command = "c", .state = i < RUNNING ? BERTH_RUNNING : BERTH_EXITED, .kernel = "",
						 .accel = "", .started = FAKE_NOW - (i + 1) * 1000000000ll,
						 .finished = FAKE_NOW, .cause = "" };
	}
	for (int i = 0; i < RUNNING; i++)
		samples[i] = (struct berth_stats){ .id = ids[i], .name = names[i], .running = true, .cpu_percent = i,
						   .memory_bytes = (unsigned)(i + 1) << 20 };
	f->containers.v = v;
	f->containers.n = MANY;
	f->stats.v = samples;
	f->stats.n = RUNNING;
}

static void press(struct drive *d, const char *keys, const char *sees)
{
	int64_t begin = clock_mono_ns(), ms;

	drive_keys(d, keys);
	ms = (clock_mono_ns() - begin) / 1000000;
	printf("# %-16s %4lld ms\n", keys, (long long)ms);
	if (!strstr(drive_screen(d), sees))
		fail_msg("keys %s: no '%s' on:\n%s", keys, sees, drive_screen(d));
	if (ms > BOUND_MS)
		fail_msg("keys %s took %lld ms", keys, (long long)ms);
}

static void test_many(void **state)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, many };
	struct drive *d = drive_open(&o);

	press(d, "j", "Containers 10000");
	press(d, "G", "container-");
	press(d, "/ 9 9", "/99");
	press(d, "Enter", "shown");
	press(d, "Esc >", "Containers 10000");
	press(d, ">", "Containers 10000");
	press(d, "*", " * container-");
	press(d, "Space", " * container-");
	press(d, "o", " * container-");
	press(d, "Esc . g", "200 shown");
	drive_free(d);
}

/* What has never run has no time up: such rows stay where they are while the clock goes on. */
static void created(struct fake *f)
{
	static struct berth_container news[30];
	static char ids[30][65], names[30][8];

	for (int i = 0; i < 30; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%064d", i);
		snprintf(names[i], sizeof(names[i]), "new-%02d", i);
		news[i] = (struct berth_container){ .id = ids[i], .name = names[i], .image = "nginx:1.27", .image_id = "b", .command = "c",
						 .state = BERTH_CREATED, .kernel = "", .accel = "", .cause = "" };
	}
	f->containers.v = news;
	f->containers.n = 30;
}

static int64_t ticking(void)
{
	static int64_t now = FAKE_NOW;

	return now += 1000;
}

static void test_order_without_number(void **state)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, created };
	struct drive *d = drive_open(&o);
	const char *screen;

	d->app.now = ticking;
	fake_changed(d->berth);
	drive_settle(d);
	screen = drive_screen(d);
	for (int i = 0; i < 19; i++) {
		char name[8], next[8];

		snprintf(name, sizeof(name), "new-%02d", i);
		snprintf(next, sizeof(next), "new-%02d", i + 1);
		if (!strstr(screen, name) || !strstr(strstr(screen, name), next))
			fail_msg("%s does not come before %s on:\n%s", name, next, screen);
	}
	drive_free(d);
}

/* What an image is used by may have changed without any change of images. */
static void test_images_anew(void **state)
{
	static const struct berth_image one[] = {
		{ .id = "sha256:a", .digest = "sha256:a", .name = "new:1", .platform = "linux/amd64", .size_bytes = 1 << 20, .used = 7 },
	};
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	d->fake.images.v = one;
	d->fake.images.n = 1;
	press(d, "2", "Images 1");
	press(d, "2", "new:1");
	drive_free(d);
}

/* An image of two names takes the room of one. */
static void two_names(struct fake *f)
{
	static const struct berth_image two[] = {
		{ .id = "sha256:a", .digest = "sha256:a", .name = "one:1", .platform = "linux/amd64", .size_bytes = 3 << 20, .rootfs_bytes = 9 << 20 },
		{ .id = "sha256:a", .digest = "sha256:a", .name = "two:1", .platform = "linux/amd64", .size_bytes = 3 << 20, .rootfs_bytes = 9 << 20 },
	};

	f->images.v = two;
	f->images.n = 2;
}

static void test_two_names(void **state)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, two_names };
	struct drive *d = drive_open(&o);

	press(d, "2", "Images 2  12M on disk  ");
	press(d, "2", "F would free 3.0M: 1 image no container uses.");
	press(d, "D", "0 containers are made from it.\nIt stays in the trash for 7 days, U gives it back.");
	drive_free(d);
}

/* A long while ago, a narrow terminal: each column is told whole and apart from the one before. */
static void ended(struct fake *f)
{
	static const struct {
		const char *name;
		int64_t ago;
	} ends[] = { { "one", 16 * 60 }, { "two", 5 * 3600 + 60 }, { "three", 9 * 86400 + 3600 }, { "four", 300 * 86400 } };
	static struct berth_container each[ARRAY_LEN(ends)];
	static char ids[ARRAY_LEN(ends)][65];

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(ids[i], sizeof(ids[i]), "%064zu", i);
		each[i] = (struct berth_container){ .id = ids[i], .name = ends[i].name, .image = "nginx:1.27", .image_id = "b",
						    .command = "c", .state = BERTH_EXITED, .kernel = "", .accel = "", .cause = "",
						    .finished = FAKE_NOW - ends[i].ago * 1000000000ll };
	}
	f->containers.v = each;
	f->containers.n = ARRAY_LEN(ends);
}

static void test_ages(void **state)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, ended }, small = { "xterm-256color", 10, 40, false, two_names };
	struct drive *d = drive_open(&o);

	press(d, "g", "- exit 0        16m ago   -");
	press(d, "g", "- exit 0        5h ago    -");
	press(d, "g", "- exit 0        9d ago    -");
	press(d, "g", "- exit 0        300d      -");
	drive_free(d);
	d = drive_open(&small);
	press(d, "2", "SIZE USED");
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_many), cmocka_unit_test(test_order_without_number),
					    cmocka_unit_test(test_images_anew), cmocka_unit_test(test_two_names),
					    cmocka_unit_test(test_ages) };

	drive_environment();
	return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}
