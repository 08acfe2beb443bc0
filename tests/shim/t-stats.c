/* SPDX-License-Identifier: Apache-2.0 */
/* t-stats.c - when samples are due. */
#include "shim/stats.h"
#include "shim-test.h"

#define S 1000000000ll

/* Two shims that were asked at different moments take their samples at the same ones. */
static void test_same_moment(void **state)
{
	static const int64_t asked[] = { 100 * S, 100 * S + 1, 100 * S + S / 3, 100 * S + S / 2 - 1 };

	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		assert_int_equal(stats_next_due(asked[i], S), 101 * S);
	assert_int_equal(stats_next_due(7 * S, 2 * S), 8 * S);
}

/* A sample that came late, or a subscriber that came just before a beat, does not make two in a row. */
static void test_not_too_soon(void **state)
{
	for (int64_t now = 50 * S; now < 53 * S; now += S / 16) {
		int64_t due = stats_next_due(now, S);

		assert_int_equal(due % S, 0);
		assert_true(due - now >= S / 2 && due - now <= S + S / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_moment),
		cmocka_unit_test(test_not_too_soon),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
