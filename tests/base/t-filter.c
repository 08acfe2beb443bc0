/* SPDX-License-Identifier: Apache-2.0 */
#include "base/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"

/* One container, as a list shows it. */
static const char *text(void *arg, const char *field)
{
	if (!field)
		return "worker-1\nacme/worker:9f2c\n8080>80\nenv=prod\nteam=Core";
	if (strcmp(field, "id") == 0)
		return "3f9c2a71b0de";
	if (strcmp(field, "state") == 0)
		return "exited\nfailed";
	if (strcmp(field, "image") == 0)
		return "acme/worker:9f2c";
	if (strcmp(field, "label") == 0)
		return "env=prod\nteam=Core";
	return NULL;
}

static enum filter_number number(void *arg, const char *field, double *ret)
{
	*ret = strcmp(field, "mem") == 0 ? 201 << 20 : 51 * 60;
	return strcmp(field, "mem") == 0 ? FILTER_AMOUNT : strcmp(field, "up") == 0 ? FILTER_SECONDS : FILTER_NONE;
}

static const char *const fields[] = { "state", "image", "label", "mem", "up", "cpu", NULL };
static const struct filter_source source = { text, number, fields };

static void test_words(void **state)
{
	static const struct {
		const char *filter;
		bool match;
	} rows[] = {
		{ "", true },
		{ "   ", true },
		{ "worker", true },
		{ "WORKER", false }, /* a capital makes it exact */
		{ "core", true },
		{ "Core", true },
		{ "nginx", false },
		{ "!nginx", true },
		{ "!worker", false },
		{ "worker prod", true }, /* both */
		{ "worker nginx", false },
		{ "nginx|worker", true }, /* either */
		{ "nginx|redis", false },
		{ "prod nginx|worker", true },
		{ "!nginx|redis", true }, /* neither */
		{ "!nginx|worker", false },
		{ "nginx|", false },
		{ "|", true },
		{ "!", false }, /* a word like any other */
		{ "3f9c", true }, /* an id begins so */
		{ "3f9", false },
		{ "9c2a71", false },
		{ "state:failed", true },
		{ "state:fail", true },
		{ "state=fail", false },
		{ "state=failed", true },
		{ "!state:failed", false },
		{ "image:worker state:up", false },
		{ "image:worker|state:up", true },
		{ "acme/worker:9f2c", true }, /* no field's name before the colon */
		{ "label:env", true },
		{ "label=env", true },
		{ "label=env=prod", true },
		{ "label=env=pro", false },
		{ "label=team=core", true },
		{ "label=team=CORE", false },
		{ "port:8080", false }, /* a word: "port" is no field of this source */
		{ "mem>200M", true },
		{ "mem>=201M", true },
		{ "mem<201m", false },
		{ "mem<=201m", true },
		{ "mem>1G", false },
		{ "up>50m", true },
		{ "up<1h", true },
		{ "up>2d", false },
		{ "cpu>1%", false }, /* not known of it: no comparison holds */
		{ "!cpu>1", true },
		{ "re:^worker-[12]$", true },
		{ "re:^worker-[23]$", false },
		{ "re:ACME", false },
		{ "re:^[a-z]+[+]*-*[0-9]+$", true },
		{ "re:(w+o+r+k+)+e+r+-[]0-9+]+", true },
		{ "!re:nginx", true },
		{ "re:\"nginx|prod\"", true },
		{ "\"worker-1\"", true },
		{ "\"worker 1\"", false },
		{ "\"!worker\"", false },
		{ "\"state:failed\"", false }, /* in quotes it is a word */
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct filter *f = NULL;
		struct err e = { 0 };

		if (filter_parse(rows[i].filter, &source, &f, &e) < 0)
			fail_msg("'%s': %s", rows[i].filter, e.text);
		if (filter_match(f, &source, NULL) != rows[i].match)
			fail_msg("'%s' must %smatch", rows[i].filter, rows[i].match ? "" : "not ");
		filter_free(f);
	}
	assert_true(filter_match(NULL, &source, NULL));
}

static void test_refused(void **state)
{
	static const struct {
		const char *filter, *says;
	} rows[] = {
		{ "mem>much", "compares mem with 'much'" },
		{ "\"open", "quote" },
		{ "re:(", "'(' is none" },
		{ "re:(a)\\1", "not known here" },
		{ "re:a{1,30000}", "not known here" },
		{ "re:\\wG++++++++++++++++++++++++", "repeats what repeats" },
		{ "re:(((((((a+)+)+)+)+)+)+)+", "repeats what repeats" },
		{ "a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7", "more than 32 words" },
	};
	char text[FILTER_TEXT_MAX + 2];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct filter *f = NULL;
		struct err e = { 0 };

		assert_int_equal(filter_parse(rows[i].filter, &source, &f, &e), -EINVAL);
		if (!strstr(e.text, rows[i].says))
			fail_msg("'%s': '%s' does not say '%s'", rows[i].filter, e.text, rows[i].says);
		assert_null(f);
	}
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	struct filter *f = NULL;
	assert_int_equal(filter_parse(text, &source, &f, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
