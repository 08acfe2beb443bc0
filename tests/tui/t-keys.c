/* SPDX-License-Identifier: Apache-2.0 */
/* t-keys.c - the table of keys: its rules, what each key does (keys.tsv), and that each row of keys.tsv would
 * notice if its key did nothing. A row of keys.tsv: context, action, keys from home, what to look at, what it
 * must say:
 *   see   the screen has the text          gone   it has not, although it was there before the last key
 *   call  the engine was asked for it      typed  the console was sent it
 *   end   the UI ended with that status    stop   it was suspended
 *   paint at least that many bytes were drawn after the last key */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/path.h"
#include "tests/tui/keys-rows.h"

/* ---- rules ------------------------------------------------------------------------------------------------ */

static bool word_in(const char *keys, const char *word, size_t n)
{
	for (const char *p = keys; *p;) {
		size_t len = strcspn(p, " ");

		if (len == n && memcmp(p, word, n) == 0)
			return true;
		p += len;
		p += *p == ' ';
	}
	return false;
}

/* Every pair of a row and another that a lookup of its context would come to. Only a process may have a key of its
 * container's for itself. */
static void test_no_key_twice(void **state)
{
	for (int i = 0; i < keys_count; i++) {
		enum key_ctx in[KEYS_CONTEXTS];

		keys_contexts(keys_table[i].ctx, in);
		for (int k = 0; k < keys_count; k++) {
			bool reached = false;

			for (int c = 0; in[c] != CTX_NONE; c++)
				reached = reached || in[c] == keys_table[k].ctx;
			if (!reached || i == k || keys_table[i].act == keys_table[k].act ||
			    (keys_table[i].ctx == CTX_D && keys_table[k].ctx == CTX_C))
				continue;
			for (const char *p = keys_table[i].keys; *p;) {
				size_t n = strcspn(p, " ");

				if (word_in(keys_table[k].keys, p, n))
					fail_msg("%.*s is %s (%s) and %s (%s)", (int)n, p, keys_table[i].name,
						 keys_ctx_name(keys_table[i].ctx), keys_table[k].name,
						 keys_ctx_name(keys_table[k].ctx));
				p += n;
				p += *p == ' ';
			}
		}
	}
}

static void test_words(void **state)
{
	for (int i = 0; i < keys_count; i++)
		for (const char *p = keys_table[i].keys; *p;) {
			char word[16];
			size_t n = strcspn(p, " ");

			snprintf(word, sizeof(word), "%.*s", (int)n, p);
			if (!keys_word_valid(word))
				fail_msg("'%s' of %s is no key", word, keys_table[i].name);
			if (word[0] == '^' && word[1] && keys_changes(&keys_table[i]) && keys_table[i].ctx != CTX_F)
				fail_msg("%s changes something, by %s", keys_table[i].name, word);
			p += n;
			p += *p == ' ';
		}
}

/* One capital letter is one verb, of a family: to end something, to begin something anew. */
static void test_one_verb(void **state)
{
	static const char *const families[] = { "kill cancel signal", "restart retry", "exec shell" };

	for (int i = 0; i < keys_count; i++)
		for (int k = 0; k < i; k++) {
			const struct key *a = &keys_table[i], *b = &keys_table[k];
			bool kin = strcmp(a->name, b->name) == 0;

			if (!*a->keys || a->keys[1] || !isupper((unsigned char)a->keys[0]) || strcmp(a->keys, b->keys) != 0)
				continue;
			for (size_t f = 0; f < ARRAY_LEN(families); f++)
				kin = kin || (word_in(families[f], a->name, strlen(a->name)) &&
					      word_in(families[f], b->name, strlen(b->name)));
			if (!kin)
				fail_msg("%s is %s and %s", a->keys, a->name, b->name);
		}
}

static void test_lower_case_looks(void **state)
{
	for (int i = 0; i < keys_count; i++)
		if (keys_changes(&keys_table[i]) && !isupper((unsigned char)keys_table[i].keys[0]))
			fail_msg("%s changes something, by %s", keys_table[i].name, keys_table[i].keys);
}

/* ---- keys.tsv --------------------------------------------------------------------------------------------- */

/* Where the last key of the row begins. */
static const char *last_key(const char *keys)
{
	const char *last = strrchr(keys, ' ');

	return last ? last + 1 : keys;
}

/* NULL: it holds. */
static char *look(struct drive *d, const struct keys_row *r, bool before)
{
	const char *screen = drive_screen(d);
	const char *calls = drive_calls(d);
	const char *typed = d->fake.typed.p ? (const char *)d->fake.typed.p : "";
	bool ok = false;

	if (strcmp(r->kind, "see") == 0)
		ok = strstr(screen, r->want) != NULL;
	else if (strcmp(r->kind, "gone") == 0)
		ok = before && !strstr(screen, r->want);
	else if (strcmp(r->kind, "call") == 0)
		ok = strstr(calls, r->want) != NULL;
	else if (strcmp(r->kind, "typed") == 0)
		ok = memmem(typed, d->fake.typed.len, r->want[0] == '^' ? "\035" : r->want, r->want[0] == '^' ? 1 : strlen(r->want));
	else if (strcmp(r->kind, "end") == 0)
		ok = d->app.ending && d->app.status == atoi(r->want);
	else if (strcmp(r->kind, "stop") == 0)
		ok = d->suspended == 1;
	else if (strcmp(r->kind, "paint") == 0)
		ok = d->frames >= (size_t)atoi(r->want);
	return ok ? NULL : path_fmt("%s: keys %s: no %s '%s'; calls:\n%styped: %s\nscreen:\n%s", r->action, r->keys, r->kind,
				    r->want, calls, typed, screen);
}

static char *run(const struct keys_row *r)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);
	AUTO_FREE char *first = strndup(r->keys, (size_t)(last_key(r->keys) - r->keys));
	struct berth_stats sample = { .id = d->app.model.ctrs[0].id, .name = "web1", .running = true };
	bool before;
	char *said;

	d->fake.stats.v = &sample;
	d->fake.stats.n = 1;
	drive_keys(d, first);
	before = strstr(drive_screen(d), r->want) != NULL;
	d->frames = 0;
	drive_keys(d, last_key(r->keys));
	said = look(d, r, before);
	drive_free(d);
	return said;
}

static void test_rows(void **state)
{
	int failed = 0;

	for (size_t i = 0; i < nrows; i++) {
		AUTO_FREE char *said = NULL;

		if (!rows_key(&rows[i]))
			fail_msg("keys.tsv: there is no %s in %s", rows[i].action, rows[i].ctx);
		said = run(&rows[i]);
		failed += said != NULL;
		if (said)
			print_error("%s\n", said);
	}
	assert_int_equal(failed, 0);
}

/* With its action taken away each row must fail: else it does not test its key. */
static void test_rows_would_notice(void **state)
{
	int blind = 0;

	for (size_t i = 0; i < nrows; i++) {
		AUTO_FREE char *said = NULL;

		assert_int_equal(keys_mute(rows_ctx(rows[i].ctx), rows_key(&rows[i])->act, NULL), 0);
		said = run(&rows[i]);
		keys_reset();
		blind += !said;
		if (!said)
			print_error("keys.tsv: %s (%s) passes although %s does nothing\n", rows[i].action, rows[i].ctx,
				    rows[i].keys);
	}
	assert_int_equal(blind, 0);
}

static void test_rows_for_all(void **state)
{
	for (int k = 0; k < keys_count; k++) {
		bool found = false;

		for (size_t i = 0; i < nrows; i++)
			found = found || rows_key(&rows[i]) == &keys_table[k];
		if (!found)
			fail_msg("keys.tsv has no row for %s (%s)", keys_table[k].name, keys_ctx_letter(keys_table[k].ctx));
	}
}

/* ---- changed by the user ---------------------------------------------------------------------------------- */

static void test_remap(void **state)
{
	struct drive *d;
	struct err e = { 0 };

	assert_int_equal(keys_remap("containers", "x", "exec", "config line 12", &e), 0);
	assert_int_equal(keys_remap("containers", "T", "none", "config line 13", &e), 0);
	assert_int_equal(keys_remap("containers", "F5", "restart", "config line 14", &e), 0);
	d = drive_new("xterm-256color", 24, 80, false);
	drive_keys(d, "x");
	assert_non_null(strstr(drive_screen(d), "New process"));
	drive_keys(d, "Esc T");
	assert_null(strstr(drive_screen(d), "[y/N]"));
	drive_keys(d, "F5");
	assert_non_null(strstr(drive_screen(d), "Restart web1?"));
	drive_free(d);
	keys_reset();
	assert_null(keys_row(CTX_C, ACT_STOP)->changed);
}

static void test_remap_refused(void **state)
{
	static const struct {
		const char *context, *key, *action, *says;
	} cases[] = {
		{ "nowhere", "x", "exec", "no context 'nowhere'" },
		{ "containers", "x", "fly", "no action 'fly'" },
		{ "containers", "Foo", "exec", "'Foo' is no key" },
		{ "containers", "j", "exec", "j is the key of down" },
		{ "global", "a", "help", "a is the key of console" },
		{ "containers", "^X", "kill", "no Ctrl key" },
		{ "containers", "x", "start", "must be a capital letter" },
		{ "questions", "n", "yes", "questions cannot be changed" },
		{ "global", "F5", "pan", "belong together" },
		{ "global", "Left", "none", "belong together" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err e = { 0 };

		assert_int_equal(keys_remap(cases[i].context, cases[i].key, cases[i].action, "x", &e), -EINVAL);
		if (!strstr(e.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", e.text, cases[i].says);
	}
	keys_reset();
}

/* ---- questions -------------------------------------------------------------------------------------------- */

/* Of the rows that ask [y/N]: the keys up to the question. */
static const struct {
	const char *keys, *call;
} questions[] = {
	{ "T", "stop web1" },	       { "K", "kill web1 9" }, { "R", "stop web1" },	   { "End D", "rm migrate" },
	{ "2 D", "rmi debian:stable" }, { "6 K", "cancel" },	{ "9 U", "restore old-db" }, { "a ^] T", "stop web1" },
	{ "Space Space T", "stop db" },     { "2 Space Space D", "rmi nginx" }, { "2 F", "rmi debian" },
	{ "9 Space U", "restore old-db" },
};

static void test_only_a_late_y(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
		static const char *const noes[] = { "n", "Y", "Enter", "Esc", "^C", "Space", "q", "paste", "Down" };

		for (size_t k = 0; k < ARRAY_LEN(noes); k++) {
			struct drive *d = drive_new("xterm-256color", 24, 80, false);

			drive_keys(d, questions[i].keys);
			assert_non_null(strstr(drive_screen(d), "[y/N]"));
			drive_keys(d, noes[k]);
			assert_null(strstr(drive_screen(d), "[y/N]"));
			drive_keys(d, "y");
			if (d->fake.calls.len && strstr((const char *)d->fake.calls.p, questions[i].call))
				fail_msg("%s then %s did it", questions[i].keys, noes[k]);
			drive_free(d);
		}
	}
}

/* The key and its y in one read: y was typed before the question could be read. */
static void test_no_early_y(void **state)
{
	static const char *const early[] = { "Ty", "Tyy", "Ky", "Ry", "TyTyTy", "Yy" };

	for (size_t i = 0; i < ARRAY_LEN(early); i++) {
		struct drive *d = drive_new("xterm-256color", 24, 80, false);

		drive_bytes(d, early[i], strlen(early[i]));
		if (d->fake.calls.len)
			fail_msg("'%s' in one read did: %s", early[i], (const char *)d->fake.calls.p);
		drive_free(d);
	}
}

static void test_target_is_captured(void **state)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	drive_keys(d, "T");
	d->fake.reversed = true;
	fake_changed(d->berth);
	drive_settle(d);
	drive_keys(d, "y");
	assert_string_equal((const char *)d->fake.calls.p, "stop web1\n");
	drive_free(d);
}

/* All that is marked and can be stopped, and nothing else. */
static void test_marked(void **state)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	drive_keys(d, "Space Space End Space T");
	assert_non_null(strstr(drive_screen(d), "Stop 2 containers?\nweb1, db\n"));
	drive_keys(d, "y");
	assert_string_equal((const char *)d->fake.calls.p, "stop web1\nstop db\n");
	drive_keys(d, "Esc g j j T y");
	assert_null(strstr(drive_screen(d), "marked"));
	assert_string_equal((const char *)d->fake.calls.p, "stop web1\nstop db\nstop worker-1\n");
	drive_free(d);
}

static void test_marked_elsewhere(void **state)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	drive_keys(d, "2 Space Space D");
	assert_non_null(strstr(drive_screen(d), "Delete 2 images?\ndebian:stable, nginx:1.27\n"));
	drive_keys(d, "y Esc F y 9 Space U");
	assert_non_null(strstr(drive_screen(d), "Give back 1 thing from the trash?"));
	drive_keys(d, "y 6 Space");
	assert_null(strstr(drive_screen(d), "marked"));
	assert_string_equal((const char *)d->fake.calls.p,
			    "rmi debian:stable to the trash\nrmi nginx:1.27 to the trash\nrmi debian:stable to the trash\n"
			    "restore old-db\n");
	drive_free(d);
}

/* A filter drops the marks of what it hides. */
static void test_marks_are_seen(void **state)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	drive_keys(d, "* / \"db\" Enter");
	assert_non_null(strstr(drive_screen(d), "1 marked: UPPER-case keys act on db."));
	drive_keys(d, "Esc Esc T y");
	assert_null(strstr(drive_calls(d), "web1"));
	drive_free(d);
}

static void many(struct fake *f)
{
	static struct berth_container v[7];
	static char ids[7][65], names[7][24];

	for (int i = 0; i < 7; i++) {
		memset(ids[i], '1' + i, 64);
		snprintf(names[i], sizeof(names[i]), "job-%d", i);
		v[i] = (struct berth_container){ .id = ids[i], .name = names[i], .image = "a", .image_id = "b", .command = "c",
						 .state = BERTH_RUNNING, .started = FAKE_NOW - i - 1, .kernel = "", .accel = "",
						 .cause = "" };
	}
	f->containers.v = v;
	f->containers.n = 7;
}

/* Of more than five the number must be typed. */
static void test_many_are_counted(void **state)
{
	const struct drive_options o = { "xterm-256color", 24, 80, false, many };
	struct drive *d = drive_open(&o);

	drive_keys(d, "* T y");
	assert_non_null(strstr(drive_screen(d), "Type how many they are: 7"));
	assert_non_null(strstr(drive_screen(d), "Enter if it is the number, Esc no"));
	drive_keys(d, "Esc T 6 Enter");
	assert_int_equal(d->fake.calls.len, 0);
	drive_keys(d, "T 7 Enter");
	assert_non_null(strstr((const char *)d->fake.calls.p, "stop 7777"));
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_key_twice),	  cmocka_unit_test(test_words),
		cmocka_unit_test(test_one_verb),	  cmocka_unit_test(test_lower_case_looks),
		cmocka_unit_test(test_rows_for_all),	  cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows_would_notice), cmocka_unit_test(test_remap),
		cmocka_unit_test(test_remap_refused),	  cmocka_unit_test(test_only_a_late_y),
		cmocka_unit_test(test_no_early_y),	  cmocka_unit_test(test_target_is_captured),
		cmocka_unit_test(test_marked),		  cmocka_unit_test(test_marked_elsewhere),
				  cmocka_unit_test(test_marks_are_seen),
		cmocka_unit_test(test_many_are_counted),
	};

	drive_environment();
	return cmocka_run_group_tests_name("keys", tests, rows_load, NULL);
}
