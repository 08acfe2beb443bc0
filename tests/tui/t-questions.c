/* SPDX-License-Identifier: Apache-2.0 */
/* t-questions.c - nothing is changed by accident. Every row of the table that changes something is reached as keys.tsv
 * says; then no string of keys without a late y alone, and no paste, may make the UI ask the engine for a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/keys-rows.h"

#define STRINGS 25
#define KEYS_EACH 12

/* What looks at a console takes its size there, and a job is followed by looking: that is no change. */
static bool changed(struct drive *d)
{
	const char *p = drive_calls(d);

	for (; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, "resize ", 7) != 0 && strncmp(p, "follow ", 7) != 0)
			return true;
	return false;
}

/* Keys of the table but y, Enter (which presses a form's button) and what is at once by design: start, hold. */
static size_t all_keys(char (*ret)[16], size_t max)
{
	size_t n = 0;

	for (int i = 0; i < keys_count; i++) {
		if ((keys_changes(&keys_table[i]) && keys_table[i].ask == ASK_NONE) || keys_table[i].ctx == CTX_P)
			continue;
		for (const char *p = keys_table[i].keys; *p && n < max;) {
			size_t len = strcspn(p, " ");

			snprintf(ret[n], sizeof(ret[n]), "%.*s", (int)len, p);
			if (strcmp(ret[n], "y") != 0 && strcmp(ret[n], "Enter") != 0 && strcmp(ret[n], "Q") != 0 &&
			    strcmp(ret[n], "q") != 0)
				n++;
			p += len;
			p += *p == ' ';
		}
	}
	return n;
}

/* Each changing row with what it takes to get there. */
static const struct key *next(size_t *at, const struct keys_row **ret)
{
	while (*at < nrows) {
		const struct keys_row *r = &rows[(*at)++];
		const struct key *k = rows_key(r);

		*ret = r;
		if (k && keys_changes(k) && k->ask != ASK_NONE)
			return k;
	}
	return NULL;
}

static struct drive *reach(const struct keys_row *r)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	drive_keys(d, r->keys);
	if (changed(d))
		fail_msg("%s (%s): %s alone did: %s", r->action, r->ctx, r->keys, drive_calls(d));
	return d;
}

static void test_every_changing_row_is_reached(void **state)
{
	for (int i = 0; i < keys_count; i++) {
		const struct keys_row *r;
		bool found = !keys_changes(&keys_table[i]);

		for (size_t at = 0; at < nrows; at++) {
			r = &rows[at];
			found = found || rows_key(r) == &keys_table[i];
		}
		if (!found)
			fail_msg("keys.tsv has no row for %s", keys_table[i].name);
	}
}

static void test_random_keys(void **state)
{
	static char keys[400][16];
	size_t n = all_keys(keys, ARRAY_LEN(keys)), at = 0;
	const struct keys_row *r;
	unsigned seed = 1;

	assert_in_range(n, 60, ARRAY_LEN(keys) - 1);
	while (next(&at, &r))
		for (int s = 0; s < STRINGS; s++) {
			struct drive *d = reach(r);
			AUTO_BUF struct buf typed = { 0 };

			buf_adds(&typed, r->keys);
			for (int k = 0; k < KEYS_EACH && !d->app.ending; k++) {
				const char *key = keys[(size_t)rand_r(&seed) % n];

				buf_addf(&typed, " %s", key);
				drive_keys(d, key);
			}
			if (changed(d))
				fail_msg("%s did: %s", (const char *)typed.p, drive_calls(d));
			drive_free(d);
		}
}

/* The key and its y in one read: y was typed before the question could be read. */
static void test_early_answers(void **state)
{
	static const char *const early[] = { "y", "yy", "yyy", "y\r", "\ry\r", "old-db\r", "trash\r", "y\033y" };
	const struct keys_row *r;

	for (size_t at = 0; next(&at, &r);) {
		const char *last = strrchr(r->keys, ' ') ? strrchr(r->keys, ' ') + 1 : r->keys;
		AUTO_FREE char *first = strndup(r->keys, (size_t)(last - r->keys));

		if (rows_key(r)->ask == ASK_FORM)
			continue; /* Enter is the answer of a form, and what is typed is seen in it */
		for (size_t i = 0; i < ARRAY_LEN(early); i++) {
			struct drive *d = drive_new("xterm-256color", 24, 80, false);
			char bytes[64];

			drive_keys(d, first);
			snprintf(bytes, sizeof(bytes), "%s%s", last, early[i]);
			drive_bytes(d, bytes, strlen(bytes));
			if (changed(d))
				fail_msg("%s and '%s' in one read did: %s", r->keys, early[i], drive_calls(d));
			drive_free(d);
		}
	}
}

static void test_pastes(void **state)
{
	static const char *const pastes[] = { "y", "y\r", "yes\ry\ry\r", "old-db\r", "trash\r", "\r\r\r\r", "y\033[200~y" };
	const struct keys_row *r;

	for (size_t at = 0; next(&at, &r);)
		for (size_t i = 0; i < ARRAY_LEN(pastes); i++) {
			struct drive *d = reach(r);
			char bytes[64];

			snprintf(bytes, sizeof(bytes), "\033[200~%s\033[201~", pastes[i]);
			drive_bytes(d, bytes, strlen(bytes));
			drive_bytes(d, bytes, strlen(bytes));
			if (changed(d))
				fail_msg("%s and '%s' pasted did: %s", r->keys, pastes[i], drive_calls(d));
			drive_free(d);
		}
}

/* What was asked for, with y or with Enter in a form; the list turned round in between or not. */
static char *answered(const struct keys_row *r, bool moved)
{
	struct drive *d = reach(r);
	char *said;

	if (moved) {
		d->fake.reversed = true;
		fake_changed(d->berth);
		drive_settle(d);
	}
	drive_keys(d, rows_key(r)->ask == ASK_FORM ? "Enter" : "y");
	said = strdup(drive_calls(d));
	drive_free(d);
	return said;
}

static void test_targets_are_captured(void **state)
{
	const struct keys_row *r;
	int asked = 0, forms = 0;

	for (size_t at = 0; next(&at, &r);) {
		AUTO_FREE char *stood = NULL, *moved = NULL;
		bool form = rows_key(r)->ask == ASK_FORM;

		if (!form && (rows_key(r)->ask != ASK_Y || strcmp(r->kind, "see") != 0 || !strchr(r->want, '?')))
			continue;
		stood = answered(r, false);
		moved = answered(r, true);
		forms += form && *stood;
		if (!form && !*stood)
			fail_msg("%s then y asked the engine for nothing", r->keys);
		if (strcmp(stood, moved) != 0)
			fail_msg("%s: the list moved and it was '%s', not '%s'", r->keys, moved, stood);
		asked += !form;
	}
	assert_in_range(asked, 6, 50);
	assert_in_range(forms, 4, 50);
}

static void test_undo(void **state)
{
	static const struct {
		const char *keys, *calls;
	} cases[] = {
		{ "End D y U y", "rm migrate to the trash\nrestore migrate\n" },
		{ "2 D y U y", "rmi debian:stable to the trash\nrestore debian:stable\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct drive *d = drive_new("xterm-256color", 24, 80, false);

		drive_keys(d, cases[i].keys);
		assert_string_equal(drive_calls(d), cases[i].calls);
		drive_free(d);
	}
}

/* With --read-only not even y helps; nor is there a hint at what is refused. */
static void test_read_only(void **state)
{
	struct drive *home = drive_new("xterm-256color", 24, 80, false);
	const struct keys_row *r;

	assert_non_null(strstr(drive_screen(home), "T stop"));
	home->app.read_only = true;
	drive_keys(home, "j k");
	assert_non_null(strstr(drive_screen(home), "a console  l logs  / find"));
	assert_null(strstr(drive_screen(home), "T stop"));
	drive_free(home);
	for (size_t at = 0; next(&at, &r);) {
		struct drive *d = drive_new("xterm-256color", 24, 80, false);

		d->app.read_only = true;
		drive_keys(d, r->keys);
		drive_keys(d, "y");
		drive_keys(d, "Enter");
		drive_keys(d, "\"old-db\" Enter");
		if (changed(d))
			fail_msg("read-only, and %s y Enter did: %s", r->keys, drive_calls(d));
		drive_free(d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_changing_row_is_reached),
		cmocka_unit_test(test_random_keys),
		cmocka_unit_test(test_early_answers),
		cmocka_unit_test(test_pastes),
		cmocka_unit_test(test_targets_are_captured),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_read_only),
	};

	drive_environment();
	return cmocka_run_group_tests_name("questions", tests, rows_load, NULL);
}
