/* SPDX-License-Identifier: Apache-2.0 */
/* t-conf.c - the configuration file: values, issues with their lines, entries, defaults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"

static struct conf parse(const char *text)
{
	struct conf c;

	assert_int_equal(conf_parse(&c, "f", text, strlen(text)), 0);
	return c;
}

static void values(void **state)
{
	struct conf c = parse("# mine\n[run]\n  cpus = 1.5\nmemory=512m ; enough\nnetwork = none\r\nstop-timeout = 1m30s\n"
			      "[pull]\nplain-http = a:5000 b\n[console]\ndetach-keys =\n");

	assert_int_equal(c.nissues, 0);
	assert_int_equal(conf_number(&c, CONF_RUN_CPUS), 1500);
	assert_int_equal(conf_number(&c, CONF_RUN_MEMORY), 512 << 20);
	assert_string_equal(conf_text(&c, CONF_RUN_NETWORK), "none");
	assert_int_equal(conf_number(&c, CONF_RUN_STOP_TIMEOUT), 90000);
	assert_true(conf_has_word(&c, CONF_PULL_PLAIN_HTTP, "a:5000"));
	assert_true(conf_has_word(&c, CONF_PULL_PLAIN_HTTP, "b"));
	assert_false(conf_has_word(&c, CONF_PULL_PLAIN_HTTP, "a"));
	assert_true(conf_given(&c, CONF_CONSOLE_DETACH_KEYS));
	assert_string_equal(conf_text(&c, CONF_CONSOLE_DETACH_KEYS), "");
	conf_finish(&c);
}

/* A row: a file, its only issue. The defaults hold, and what is right counts. */
static void issues(void **state)
{
	static const struct {
		const char *text, *issue;
	} cases[] = {
		{ "cpus = 2\n", "f:1: 'cpus' stands before the first [section]" },
		{ "[run]\n\ncpu = 2\n", "f:3: there is no option 'cpu' in section 'run'" },
		{ "[run]\ncpus 2\n", "f:2: 'cpus 2' is not a line 'key = value'" },
		{ "[run]\ncpus = 65\n", "f:2: cpus is '65', which is not a number from 0.01 to 64; the default is used" },
		{ "[run]\ncpus = two\n", "f:2: cpus is 'two', which is not a number from 0.01 to 64; the default is used" },
		{ "[run]\nnetwork = lan\n",
		  "f:2: network is 'lan', which is not one of host-user|none; the default is used" },
		{ "[run]\nmemory = 5\n", "f:2: memory is '5', which is not a size from 6.0M to 16T, as in 512m; the default is used" },
		{ "[ruin]\ncpus = 2\nwhat\n[run]\n", "f:1: there is no section 'ruin'" },
		{ "[run\ncpus = 2\n", "f:1: '[run' has no ']'" },
		{ "[run]\nnetwork = none\nnetwork = host-user\n",
		  "f:3: network was given in line 2 already; this one counts" },
		{ "[keys]\nwhat\n", "f:2: 'what' is not a line 'key = value'" },
		{ "[run]\npids-limit = \x1b[2J\n",
		  "f:2: pids-limit is '?[2J', which is not a number from 0 to 4194304; the default is used" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf c = parse(cases[i].text);
		char text[400] = "";

		if (c.nissues)
			conf_issue_str(&c, &c.issues[0], text, sizeof(text));
		assert_string_equal(text, cases[i].issue);
		assert_int_equal(c.nissues, 1);
		assert_int_equal(conf_number(&c, CONF_RUN_CPUS), 1000);
		assert_int_equal(conf_number(&c, CONF_RUN_MEMORY), 0);
		conf_finish(&c);
	}
}

static void all_are_told(void **state)
{
	struct conf c = parse("[run]\ncpus = x\nbad\n[no]\n[pull]\nparallel = 0\n");

	assert_int_equal(c.nissues, 4);
	assert_int_equal(c.issues[0].line, 2);
	assert_int_equal(c.issues[1].line, 3);
	assert_int_equal(c.issues[2].line, 4);
	assert_int_equal(c.issues[3].line, 6);
	conf_finish(&c);
}

static void entries(void **state)
{
	static const char *const want[][2] = { { "global.:", "palette" }, { "console.=", "size-here" },
					       { "containers.F5", "restart" }, { "logs.x", "none" } };
	struct conf c = parse("[keys]\nglobal.: = palette\nconsole.= = size-here\n  containers.F5 = restart ; mine\nlogs.x=none\n");

	assert_int_equal(c.nissues, 0);
	assert_int_equal(c.nentries, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(c.entries[i].section, "keys");
		assert_string_equal(c.entries[i].name, want[i][0]);
		assert_string_equal(c.entries[i].value, want[i][1]);
		assert_int_equal(c.entries[i].line, i + 2);
	}
	conf_finish(&c);
}

/* What is printed as the default is the default: with its comments taken away it changes nothing. */
static void defaults(void **state)
{
	struct conf none = parse(""), all;
	struct buf text = { 0 };

	assert_int_equal(conf_print_defaults(&text), 0);
	for (char *p = (char *)text.p; (p = strstr(p, "\n;")) != NULL; p++)
		p[1] = strstr(p, ".F5") && strstr(p, ".F5") < strchr(p + 1, '\n') ? '#' : ' ';
	all = parse((char *)text.p);
	for (size_t i = 0; i < CONF_COUNT; i++) {
		assert_string_equal(conf_text(&all, i), conf_options[i].def);
		assert_int_equal(conf_given(&all, i), 1);
		if (*conf_options[i].def)
			assert_int_equal(conf_number(&all, i), conf_number(&none, i));
	}
	conf_finish(&all);
	conf_finish(&none);
	buf_finish(&text);
}

static void files(void **state)
{
	char dir[] = "/tmp/berth-t-conf.XXXXXX", path[64];
	struct conf c;
	FILE *f;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config", dir);
	assert_int_equal(conf_load(&c, path), 0);
	assert_int_equal(c.nissues, 1); /* it was named, and is not there */
	conf_finish(&c);
	f = fopen(path, "w");
	fputs("[run]\ncpus = 4", f);
	fclose(f);
	assert_int_equal(conf_load(&c, path), 0);
	assert_int_equal(c.nissues, 0);
	assert_int_equal(conf_number(&c, CONF_RUN_CPUS), 4000);
	conf_finish(&c);
	unlink(path);
	rmdir(dir);
}

/* Read again: what is wrong now is as it was, what is gone is the default. */
static void test_after(void **state)
{
	char path[] = "/tmp/berth-conf-XXXXXX";
	static const char text[] = "[run]\ncpus = many\nmemory = 64m\n[keys]\na.b = c\n";
	struct conf was = parse("[run]\ncpus = 3\nstop-timeout = 1s\n[keys]\na.b = x\na.c = y\na.d = z\n"), c;
	int fd = mkstemp(path);

	was.entries[2].wrong = true;
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(conf_load_after(&c, path, &was), 0);
	assert_int_equal(conf_number(&c, CONF_RUN_CPUS), 3000);
	assert_int_equal(conf_number(&c, CONF_RUN_MEMORY), 64 << 20);
	assert_int_equal(conf_number(&c, CONF_RUN_STOP_TIMEOUT), 10000);
	assert_int_equal(c.nissues, 1);
	assert_int_equal(c.issues[0].line, 2);
	assert_non_null(strstr(c.issues[0].text, "what was before is kept"));
	assert_string_equal(conf_entry_before(&c, &c.entries[0]), "x");
	assert_null(conf_entry_before(&c, &was.entries[2]));
	conf_reject(&c, CONF_RUN_MEMORY, "is odd");
	assert_int_equal(conf_number(&c, CONF_RUN_MEMORY), 0);
	conf_finish(&c);
	unlink(path);
	assert_int_equal(conf_load_after(&c, path, &was), 0);
	assert_int_equal(conf_number(&c, CONF_RUN_CPUS), 3000);
	assert_int_equal(c.nentries, 3);
	assert_int_equal(c.nissues, 1);
	conf_finish(&c);
	conf_finish(&was);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after),
		cmocka_unit_test(values),  cmocka_unit_test(issues),   cmocka_unit_test(all_are_told),
		cmocka_unit_test(entries), cmocka_unit_test(defaults), cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
