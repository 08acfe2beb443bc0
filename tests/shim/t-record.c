/* SPDX-License-Identifier: Apache-2.0 */
/* t-record.c - state.json as the shim leaves it. */
#include "shim-test.h"

#include <sys/stat.h>

#include "base/auto.h"
#include "base/json.h"
#include "shim/record.h"
#include "shim/sandbox.h"

static const struct {
	enum sandbox_state state;
	bool paused, dead, last, remove;
	const char *word; /* NULL: nothing is written */
} rows[] = {
	{ SANDBOX_STARTING, false, false, false, false, "starting" },
	{ SANDBOX_STARTING, true, false, false, false, "starting" },
	{ SANDBOX_RUNNING, false, false, false, false, "running" },
	{ SANDBOX_RUNNING, false, false, false, true, "running" },
	{ SANDBOX_RUNNING, true, false, false, false, "paused" },
	{ SANDBOX_STOPPING, true, false, false, false, "stopping" },
	{ SANDBOX_STOPPING, false, true, false, false, "stopping" },
	{ SANDBOX_GONE, false, false, true, false, "exited" },
	{ SANDBOX_GONE, false, true, true, false, "dead" },
	{ SANDBOX_GONE, true, false, true, false, "exited" },
	{ SANDBOX_GONE, false, false, true, true, NULL },
};

static void test_states(void **state)
{
	struct bench b;
	char folder[16] = "containers/c";

	bench_begin(&b);
	assert_int_equal(mkdirat(b.dir, "containers", 0700), 0);
	assert_int_equal(mkdirat(b.dir, folder, 0700), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sandbox sb = { .state = rows[i].state, .paused = rows[i].paused, .dead = rows[i].dead,
				      .remove = rows[i].remove, .exit_code = 7, .started = 1, .cause = "because" };
		AUTO_FREE char *text = NULL;
		AUTO_JSON cJSON *j = NULL;

		sb.dir = openat(b.dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		unlinkat(sb.dir, "state.json", 0);
		record_state(&sb, rows[i].last);
		if (file_load(sb.dir, "state.json", 1 << 20, &text, NULL, NULL) == 0)
			assert_int_equal(json_parse(text, strlen(text), "state", &j, NULL), 0);
		close(sb.dir);
		if (!rows[i].word) {
			assert_null(text);
			continue;
		}
		if (!j || strcmp(json_str(j, "state"), rows[i].word) != 0)
			fail_msg("row %zu: %s", i, text ? text : "nothing");
		assert_string_equal(json_str(j, "cause"), "because");
		assert_string_equal(json_str(j, "started"), "1970-01-01T00:00:00.000000001Z");
		assert_null(json_str(j, "finished"));
		/* A code is told once there is one; a pid as long as there is a process. */
		assert_int_equal(json_int(j, "exit_code", -1), rows[i].last ? 7 : -1);
		assert_int_equal(json_int(j, "pid", -1), rows[i].last ? 0 : getpid());
	}
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_states) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
