/* SPDX-License-Identifier: Apache-2.0 */
/* t-many.c - ten thousand containers: opening, filtering and sorting them takes no time that one would feel. The bounds
 * are wide, as tests share the machine; what they would notice is work that grows with the square. */
#include <locale.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_many) };

	setlocale(LC_ALL, "C.UTF-8");
	unsetenv("SSH_CONNECTION");
	unsetenv("NO_COLOR");
	return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}
