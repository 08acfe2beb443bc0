/* SPDX-License-Identifier: Apache-2.0 */
/* t-bytes.c - what a step costs on the line to the terminal, at 80x24: a slow one must stay usable. The bounds are
 * those of the design; each is held for the worst of three kinds of terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"

/* A view of 22 full rows. */
enum { CURSOR_STEP = 60, SCROLL = 130, NEW_VIEW = 2200, STATS_TICK = 200 };
#define MANY 40
#define TICKING 8

static const char *const terms[] = { "xterm-256color", "tmux-256color", "vt100" };
static struct berth_stats samples[TICKING];

static void many(struct fake *f)
{
	static const char *const states[] = { "api", "worker", "db-main", "cache", "proxy" };
	static struct berth_container v[MANY];
	static char ids[MANY][65], names[MANY][20];

	for (int i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%064d", i + 1);
		snprintf(names[i], sizeof(names[i]), "%s-%d", states[i % 5], i);
		v[i] = (struct berth_container){ .id = ids[i], .name = names[i], .image = i % 2 ? "nginx:1.27" : "acme/worker:9f2c",
						 .image_id = "b", .command = "c", .state = BERTH_RUNNING, .kernel = "", .accel = "",
						 .started = FAKE_NOW - (i + 1) * 700000000000ll, .cause = "" };
	}
	for (int i = 0; i < TICKING; i++)
		samples[i] = (struct berth_stats){ .id = ids[MANY - 1 - i], .name = "", .running = true,
						   .cpu_percent = 1.1 * i, .memory_bytes = (40ull + 3 * (unsigned)i) << 20 };
	f->containers.v = v;
	f->containers.n = MANY;
	f->stats.v = samples;
	f->stats.n = TICKING;
}

static struct drive *start(const char *term, bool mono, const char *keys)
{
	const struct drive_options o = { term, 24, 80, mono, many };
	struct drive *d = drive_open(&o);

	drive_keys(d, keys);
	d->frames = 0;
	return d;
}

static void finish(struct drive *d, const char *term, const char *what, size_t bound)
{
	printf("# %-15s %-16s %4zu of %zu bytes\n", what, term, d->frames, bound);
	if (!d->frames || d->frames > bound)
		fail_msg("%s on %s takes %zu bytes, not more than %zu", what, term, d->frames, bound);
	drive_free(d);
}

static void test_cursor_step(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
		struct drive *d = start(terms[i], false, "j j j");

		drive_keys(d, "j");
		finish(d, terms[i], "cursor step", CURSOR_STEP);
	}
}

static void test_scroll(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
		struct drive *d = drive_new(terms[i], 24, 80, false);

		drive_keys(d, "l g");
		d->frames = 0;
		drive_keys(d, "j");
		finish(d, terms[i], "one-line scroll", SCROLL);
		/* In a list the cursor makes its step as well. */
		d = start(terms[i], false, "^F");
		drive_keys(d, "j");
		finish(d, terms[i], "list scroll", SCROLL + CURSOR_STEP);
	}
}

static void test_new_view(void **state)
{
	for (size_t i = 0; i < 2 * ARRAY_LEN(terms); i++) {
		bool mono = i % 2;
		struct drive *d = start(terms[i / 2], mono, "2");

		drive_keys(d, "Esc");
		finish(d, terms[i / 2], mono ? "new view, mono" : "new view", NEW_VIEW);
	}
}

static void test_stats_tick(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
		struct drive *d = start(terms[i], false, "j");

		for (int k = 0; k < TICKING; k++) {
			samples[k].cpu_percent += 1.3;
			samples[k].memory_bytes += 2 << 20;
		}
		fake_stats(d->berth);
		drive_settle(d);
		finish(d, terms[i], "stats tick", STATS_TICK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor_step),
		cmocka_unit_test(test_scroll),
		cmocka_unit_test(test_new_view),
		cmocka_unit_test(test_stats_tick),
	};

	drive_environment();
	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
