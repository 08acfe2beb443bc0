/* SPDX-License-Identifier: Apache-2.0 */
/* t-palette.c - the palette: what it offers first, commands of the shell typed out and run, and earlier input, there
 * and in the other lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/path.h"
#include "tests/tui/drive.h"
#include "tests/tui/sees.h"
#include "tui/tui.h"

static const struct tui_command commands[] = {
	{ "ps", "list containers", "", true },
	{ "port", "ports of a container", "CONTAINER", true },
	{ "rename", "give a container another name", "CONTAINER NAME", false },
	{ "rm", "remove containers", "CONTAINER...", false },
	{ "pause", "freeze containers", "CONTAINER...", false },
	{ "follow", "says a line and goes on", "", true },
	{ "rootfs create", "make a root file system", "DIR NAME", false },
	{ 0 },
};

/* Stands for berth: says what it was called with, on both streams; "follow" stays until it is ended. */
static const char script[] = "#!/bin/sh\n"
			     "while [ \"$1\" != follow ] && [ \"${1#--}\" != \"$1\" ]; do shift 2; done\n"
			     "echo \"[$*]\"\n"
			     "[ \"$1\" = follow ] && { trap \"echo ended >>$0.log; exit 0\" TERM; echo $$ >$0.pid; while :; do read x <$0.fifo; done; }\n"
			     "[ \"$1\" = rename ] && echo \"$*\" >>$0.log\n"
			     "echo warned >&2\n"
			     "[ \"$1\" = port ] && exit 3\n"
			     "exit 0\n";
static char program[64];

static int make_program(void **state)
{
	AUTO_FREE char *fifo = NULL;
	FILE *f;

	snprintf(program, sizeof(program), "/tmp/berth-palette-XXXXXX");
	assert_non_null(mkdtemp(program));
	strcat(program, "/berth");
	f = fopen(program, "we");
	assert_non_null(f);
	fputs(script, f);
	fclose(f);
	fifo = path_fmt("%s.fifo", program);
	return chmod(program, 0700) == 0 && mkfifo(fifo, 0600) == 0 ? 0 : -1;
}

static int remove_program(void **state)
{
	static const char *const ends[] = { "", ".log", ".pid", ".fifo" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		AUTO_FREE char *path = path_fmt("%s%s", program, ends[i]);

		unlink(path);
	}
	*strrchr(program, '/') = 0;
	rmdir(program);
	return 0;
}

static bool log_has(const char *text)
{
	AUTO_FREE char *path = path_fmt("%s.log", program);
	char all[4096] = "";
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	all[fread(all, 1, sizeof(all) - 1, f)] = 0;
	fclose(f);
	return strstr(all, text) != NULL;
}

static struct drive *start(const char *keys)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	d->app.commands = commands;
	d->app.program = program;
	drive_keys(d, keys);
	return d;
}

/* Programs take their time: the loop waits for what they say. */
static void until(struct drive *d, const char *text)
{
	for (int i = 0; i < 2000 && !strstr(drive_screen(d), text); i++) {
		uv_run(&d->loop, UV_RUN_ONCE);
		drive_settle(d);
	}
	SEES(d, text);
}

/* --- what is offered */

static int row_of(struct drive *d, const char *text)
{
	const char *screen = drive_screen(d), *at = strstr(screen, text);
	int row = 0;

	if (!at)
		fail_msg("no '%s' on:\n%s", text, screen);
	for (; screen < at; screen++)
		row += *screen == '\n';
	return row;
}

/* By where it fits: the name's begin, a word of it, within it, the description. */
static void test_order(void **state)
{
	struct drive *d = start(": \"re\"");

	assert_true(row_of(d, "   redraw ") < row_of(d, "   turn the order"));
	assert_true(row_of(d, "   rename ") < row_of(d, "   turn the order"));
	assert_true(row_of(d, "   turn the order") < row_of(d, "   create "));
	drive_keys(d, "^U \"res\"");
	assert_true(row_of(d, ">  restart web1") < row_of(d, "   hold, resume web1"));
	drive_free(d);
}

/* A command that is an action by another name is that action, with its key and its question. */
static void test_same_as_action(void **state)
{
	struct drive *d = start("End : \"rm\"");

	SEES(d, ">  rm migrate          remove containers                 D       [y/N]");
	drive_keys(d, "Enter");
	SEES(d, "Delete migrate?");
	drive_keys(d, "Esc g : \"pause\" Enter");
	assert_string_equal((const char *)d->fake.calls.p, "pause web1\n");
	drive_free(d);
	d = start("2 : \"rm\"");
	SEES(d, "line"); /* images have no container to delete */
	drive_free(d);
}

/* What is not there is said, and may be mended; "container rm" is rm. */
static void test_nothing_is_called_so(void **state)
{
	struct drive *d = start(": \"nosuch\" Enter");

	SEES(d, "No action and no command is called so.");
	SEES(d, ":nosuch");
	drive_keys(d, "^U \"container rename web1 web2\"");
	SEES(d, "berth rename CONTAINER NAME");
	drive_keys(d, "Enter");
	SEES(d, "berth rename web1 web2");
	SEES(d, "[y/N]");
	drive_free(d);
}

/* --- commands */

static void test_looking(void **state)
{
	struct drive *d = start(": \"ps \"");

	SEES(d, "berth ps");
	SEES(d, "Enter runs it and shows what it says.");
	drive_keys(d, "\"-a\" Enter");
	until(d, "[done]");
	SEES(d, "[ps -a]");
	SEES(d, "warned");
	drive_keys(d, "Esc : \"port\" Enter");
	SEES(d, ":port web1");
	drive_keys(d, "Enter");
	until(d, "[exit 3]");
	SEES(d, "[port web1]");
	drive_free(d);
}

/* What may change something is typed out, asked about, and only then run. */
static void test_changing(void **state)
{
	struct drive *d = start(": \"rename\" Enter");

	SEES(d, "berth rename CONTAINER NAME");
	SEES(d, ":rename web1");
	drive_keys(d, "\"'web 2'\" Enter");
	SEES(d, "Run this command?");
	SEES(d, "berth rename web1 'web 2'");
	drive_keys(d, "n");
	assert_false(log_has("rename"));
	drive_keys(d, ": \"rename web1 web3\" Enter y");
	until(d, "[done]");
	assert_true(log_has("rename web1 web3"));
	drive_keys(d, "e");
	SEES(d, "$ berth rename web1 web3");
	drive_free(d);
}

static void test_not_read_only(void **state)
{
	struct drive *d = start("");

	d->app.read_only = true;
	drive_keys(d, ": \"rename web1 web2\"");
	SEES(d, "it is read-only");
	drive_keys(d, "Enter");
	SEES(d, "rename: refused, this berth is read-only");
	drive_keys(d, ": \"ps \" Enter");
	until(d, "[done]");
	drive_free(d);
}

/* Neither a paste nor a y that comes too early runs it. */
static void test_no_accident(void **state)
{
	static const char both[] = ":rename web1 web9\ry", paste[] = "\033[200~rename web1 web9\r\n\033[201~\ry";
	struct drive *d = start("");

	drive_bytes(d, both, strlen(both));
	drive_keys(d, "Esc");
	drive_keys(d, ":");
	drive_bytes(d, paste, strlen(paste));
	assert_false(log_has("web9"));
	drive_free(d);
}

static void test_wrong_lines(void **state)
{
	struct drive *d = start(": \"rename 'web1\" Enter");

	SEES(d, "a quote is open");
	drive_keys(d, ": \"nonsense web1\" Enter");
	SEES(d, "No action and no command is called so.");
	drive_keys(d, "Esc");
	SEES_NOT(d, "nonsense");
	assert_null(d->fake.calls.p);
	drive_free(d);
}

static void test_completion(void **state)
{
	struct drive *d = start(": \"rename wor\" Tab");

	SEES(d, ":rename worker-1");
	drive_keys(d, "^U \"ren\" Tab");
	SEES(d, ":rename web1");
	drive_free(d);
}

/* One that only looks ends with its view. */
static void test_left(void **state)
{
	AUTO_FREE char *pid = path_fmt("%s.pid", program);
	struct drive *d = start(": \"follow \" Enter");

	until(d, "[follow]");
	while (access(pid, F_OK) < 0)
		uv_run(&d->loop, UV_RUN_NOWAIT);
	SEES(d, "it runs; Esc ends it");
	drive_keys(d, "Esc");
	SEES(d, "Containers 4");
	while (!log_has("ended"))
		uv_run(&d->loop, UV_RUN_NOWAIT);
	drive_free(d);
}

/* --- earlier input */

static void test_history(void **state)
{
	struct drive *d = start(": \"ps -a\" Enter");

	until(d, "[done]");
	drive_keys(d, "Esc : \"port db\" Enter");
	until(d, "[exit 3]");
	drive_keys(d, "Esc : ^R");
	SEES(d, ":port db");
	SEES(d, "Enter take it  ^R an older one  Esc back");
	drive_keys(d, "^R");
	SEES(d, ":ps -a");
	drive_keys(d, "Esc ^R \"rt\"");
	SEES(d, ":port db");
	SEES(d, "history: rt");
	drive_keys(d, "\"x\"");
	SEES(d, "not there: rtx");
	drive_keys(d, "Enter");
	SEES(d, "berth port CONTAINER");
	drive_keys(d, "Enter");
	until(d, "[exit 3]");
	drive_free(d);
}

/* A filter's words are no file's name: each line has its own. */
static void test_history_of_each(void **state)
{
	struct drive *d = start("/ \"web\" Enter Esc / \"db\" Enter Esc l / \"line 1\" Enter & \"line\" Enter");

	drive_keys(d, "W Up");
	SEES(d, ">db.log");
	drive_keys(d, "Esc & ^U Up");
	SEES(d, "&line");
	drive_keys(d, "Esc / Up");
	SEES(d, "/line 1");
	drive_keys(d, "Up");
	SEES(d, "/line 1");
	drive_keys(d, "Esc Esc Esc / ^R");
	SEES(d, "/db");
	drive_keys(d, "^R");
	SEES(d, "/web");
	SEES(d, "1 shown"); /* it filters already */
	drive_keys(d, "\"d\"");
	SEES(d, "history: d");
	SEES(d, "/db");
	drive_keys(d, "Esc Esc");
	SEES(d, "worker-1");
	drive_free(d);
}

/* The line of a view goes with it. */
static void test_line_goes_with_its_view(void **state)
{
	struct drive *d = start("2 /");

	app_switch(&d->app, NULL);
	drive_keys(d, "j j");
	SEES(d, ">  worker-1");
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	      cmocka_unit_test(test_nothing_is_called_so), cmocka_unit_test(test_same_as_action),
		cmocka_unit_test(test_looking),	      cmocka_unit_test(test_changing),
		cmocka_unit_test(test_not_read_only), cmocka_unit_test(test_no_accident),
		cmocka_unit_test(test_wrong_lines),   cmocka_unit_test(test_completion),
		cmocka_unit_test(test_left),	      cmocka_unit_test(test_history),
		cmocka_unit_test(test_history_of_each), cmocka_unit_test(test_line_goes_with_its_view),
	};

	drive_environment();
	return cmocka_run_group_tests_name("palette", tests, make_program, remove_program);
}
