/* SPDX-License-Identifier: Apache-2.0 */
/* t-forms.c - forms: what is wrong is told, the command line is what is done, drafts, and logins that leave no trace. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"
#include "tests/tui/sees.h"

static struct drive *start(const char *keys)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	drive_keys(d, keys);
	return d;
}

static bool sees(struct drive *d, const char *text)
{
	return strstr(drive_screen(d), text) != NULL;
}

/* Fields are reached with Tab from Image on: Name 1, Command 2, Console 3, CPUs 4, Memory 5, Disk 6, Network 7, Ports 8,
 * Volumes 9, Environment 10, Remove 11, More 12. */
static void tab(struct drive *d, int n)
{
	while (n-- > 0)
		drive_keys(d, "Tab");
}

static void test_wrong_fields(void **state)
{
	static const struct {
		int field;
		const char *typed, *says;
	} cases[] = {
		{ 1, "\"a b\"", "only letters" }, { 1, "\"web1\"", "another container has it" }, { 4, "\"x\"", "as in 1 or 2.5" },
		{ 5, "\"12x\"", "as in 256M" },   { 6, "\"-\"", "as in 1G" },		     { 7, "\"lan\"", "host-user or none" },
		{ 8, "\"80\"", "'80': as in 8080:80" }, { 9, "\"data:/x\"", "/host:/path" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct drive *d = start("C \"nginx\"");

		tab(d, cases[i].field);
		drive_keys(d, "^U");
		drive_keys(d, cases[i].typed);
		drive_keys(d, "Tab");
		SEES(d, cases[i].says); /* on its line, once the cursor has left */
		drive_keys(d, "S-Tab");
		assert_string_equal(drive_calls(d), "");
		drive_free(d);
	}
}

/* What is left as it was is not sent. */
static void test_edit(void **state)
{
	struct drive *d = start("E");

	SEES(d, "Name         [web1 ");
	SEES(d, "Memory       [256M ");
	SEES(d, "CPUs         [2 ");
	drive_keys(d, "Enter");
	SEES(d, "nothing is another than it was");
	drive_keys(d, "Tab ^U \"64M\" Tab Tab \"0\" Tab Enter");
	SEES(d, "it is not a number of processes");
	assert_string_equal(drive_calls(d), "");
	drive_keys(d, "^U \"30\" Tab");
	SEES(d, "berth update -m 64M --pids-limit 30 web1");
	drive_keys(d, "Enter");
	assert_string_equal(drive_calls(d), "update web1 memory 67108864 cpus 0 pids 30\n");
	SEES(d, "web1 has its new limits");
	drive_free(d);
}

static void test_save(void **state)
{
	struct drive *d = start("W");

	SEES(d, "File         [web1.tar ");
	SEES(d, "berth export -o web1.tar web1");
	drive_keys(d, "Enter");
	assert_string_equal(drive_calls(d), "export web1 web1.tar\n");
	SEES(d, "web1.tar is written");
	assert_false(sees(d, "To a file"));
	drive_keys(d, "2 W");
	SEES(d, "berth save -o debian-stable.tar debian:stable");
	drive_keys(d, "Enter");
	SEES(d, "the disk is full");
	SEES(d, "To a file"); /* another try */
	drive_keys(d, "^U \"/dev/null\" Tab Enter");
	SEES(d, "it is there already");
	assert_string_equal(drive_calls(d), "export web1 web1.tar\nsave debian:stable debian-stable.tar\n");
	drive_free(d);
}

/* U gives the old name back. */
static void test_rename(void **state)
{
	struct drive *d = start("E S-Tab S-Tab S-Tab S-Tab ^U \"site\"");

	tab(d, 4);
	SEES(d, "berth rename web1 site");
	drive_keys(d, "Enter");
	assert_string_equal(drive_calls(d), "rename web1 site\n");
	SEES(d, "web1 is now site, U gives it the old name");
	drive_keys(d, "U");
	SEES(d, "Call web1 web1 again?"); /* the fake keeps its names */
	drive_keys(d, "n");
	assert_string_equal(drive_calls(d), "rename web1 site\n");
	drive_keys(d, "U");
	drive_keys(d, "y");
	assert_string_equal(drive_calls(d), "rename web1 site\nrename web1 web1\n");
	drive_free(d);
}

/* A wrong field is where the cursor goes, and nothing is done. */
static void test_nothing_wrong_is_run(void **state)
{
	struct drive *d = start("C \"nginx\"");

	tab(d, 5);
	drive_keys(d, "\"12x\"");
	tab(d, 8);
	SEES(d, "> [ Run ]");
	drive_keys(d, "Enter");
	SEES(d, "Memory: as in 256M");
	assert_string_equal(drive_calls(d), "");
	drive_free(d);
}

static void test_command_line(void **state)
{
	struct drive *d = start("C \"nginx:1\"");

	SEES(d, "berth run -it --name nginx-1 nginx:1\n");
	tab(d, 2);
	drive_keys(d, "\"sh -c 'a  b'\"");
	SEES(d, "berth run -it --name nginx-1 nginx:1 sh -c 'a  b'\n");
	drive_keys(d, "Tab Space");
	SEES(d, "berth run -dit --name nginx-1 nginx:1");
	drive_keys(d, "Space Tab \"2.5\" Tab \"256M\" Tab \"1G\" Tab \"none\"");
	SEES(d, "berth run -it --name nginx-1 --cpus 2.5 -m 256M --root-size 1G --network\n   none nginx:1 sh");
	drive_keys(d, "^U Tab \"80:80 81:81\"");
	SEES(d, "--root-size 1G -p 80:80");
	drive_keys(d, "Tab Tab \"A=1\" Tab Space");
	SEES(d, "berth run -it --rm --name");
	SEES(d, "-e A=1");
	drive_free(d);
}

static void test_more(void **state)
{
	struct drive *d = start("C \"nginx\"");

	tab(d, 12);
	drive_keys(d, "Enter \"ana\" Tab \"/srv\" Tab \"box\" Tab \"a=b\" Tab Space");
	SEES(d, "User         [ana ");
	SEES(d, "-u ana -w /srv --hostname box -l a=b");
	SEES(d, "--read-only nginx");
	drive_keys(d, "S-Tab S-Tab S-Tab ^U \"srv\" Tab");
	SEES(d, "from / on");
	drive_free(d);
}

/* The created container's name is the one that is free; the user's own stays when the image changes. */
static void test_name(void **state)
{
	struct drive *d = start("C \"web\"");

	SEES(d, "Name         [web-1 ");
	drive_keys(d, "^U \"web1\" Tab ^U \"mine\" S-Tab \"x\"");
	SEES(d, "Name         [mine ");
	drive_free(d);
}

static void test_draft(void **state)
{
	struct drive *d = start("C \"nginx\" Tab Tab \"sleep 9\" Esc C");

	SEES(d, "Image        [nginx ");
	SEES(d, "Command      [sleep 9 ");
	tab(d, 1);
	drive_keys(d, "Esc 2 C");
	SEES(d, "Image        [debian:stable ");
	drive_free(d);
}

static void test_choices(void **state)
{
	struct drive *d = start("C ^N");

	SEES(d, "Run a container > Image");
	drive_keys(d, "j Enter");
	SEES(d, "Image        [nginx:1.27 ");
	drive_free(d);
}

static void test_narrow(void **state)
{
	struct drive *d = drive_new("xterm-256color", 10, 40, false);

	drive_keys(d, "C \"nginx\"");
	SEES(d, "Image     [nginx ");
	tab(d, 10);
	SEES(d, "Environm");
	tab(d, 3);
	SEES(d, "> [ Run ]");
	drive_free(d);
}

static void test_label(void **state)
{
	struct drive *d = start("2 L \"shop:dev\"");

	SEES(d, "Another name for debian:stable");
	SEES(d, "berth tag debian:stable shop:dev\n");
	drive_keys(d, "Enter Enter");
	assert_string_equal(drive_calls(d), "tag debian:stable shop:dev\n");
	drive_free(d);
}

/* ---- logins ------------------------------------------------------------------------------------------------- */

static struct drive *refused_pull(void)
{
	struct drive *d = start("2 P \"reg.acme.io/shop:dev\" Enter Enter");

	fake_pull_fails(d->berth, -EACCES, "reg.acme.io does not give access");
	drive_settle(d);
	SEES(d, "Log in to reg.acme.io");
	return d;
}

static void test_login_goes_on(void **state)
{
	struct drive *d = refused_pull();

	drive_keys(d, "\"ana\" Tab \"s3cret\"");
	assert_false(sees(d, "s3cret"));
	drive_keys(d, "Tab Enter");
	assert_string_equal(drive_calls(d), "pull reg.acme.io/shop:dev\nlogin reg.acme.io ana s3cret\npull reg.acme.io/shop:dev\n");
	assert_false(sees(d, "Log in to"));
	drive_keys(d, "e");
	SEES(d, "logged in to reg.acme.io as ana");
	SEES(d, "$ berth login -u ana reg.acme.io");
	assert_false(sees(d, "s3cret"));
	drive_free(d);
}

static void test_login_refused(void **state)
{
	struct drive *d = refused_pull();

	d->fake.refuses = true;
	drive_keys(d, "\"ana\" Tab \"wrong\" Tab Enter");
	SEES(d, "Log in to reg.acme.io");
	SEES(d, "the login is not right");
	drive_keys(d, "\"right\"");
	d->fake.refuses = false;
	drive_keys(d, "Tab Enter");
	assert_non_null(strstr(drive_calls(d), "login reg.acme.io ana right\npull"));
	drive_free(d);
}

/* It waits for as long as one likes, and never opens over what is being typed. */
static void test_login_waits(void **state)
{
	struct drive *d = start("2 P \"reg.acme.io/shop:dev\" Enter Enter 2 C");

	fake_pull_fails(d->berth, -EACCES, "reg.acme.io does not give access");
	drive_settle(d);
	SEES(d, "Run a container");
	drive_free(d);

	d = refused_pull();
	drive_keys(d, "\"ana\" Esc");
	SEES(d, "waiting for you: login needed");
	SEES(d, "2 jobs");
	drive_keys(d, "Enter");
	SEES(d, "Log in to reg.acme.io");
	assert_false(sees(d, "[ana"));
	drive_free(d);
}

/* Among the jobs it is seen that it asks; a pull that failed otherwise can be begun again from there. */
static void test_jobs(void **state)
{
	struct drive *d = refused_pull();

	drive_keys(d, "Esc 6");
	SEES(d, "? asks");
	drive_keys(d, "G Enter");
	SEES(d, "Log in to reg.acme.io");
	drive_free(d);

	d = start("2 P \"a\" Enter Enter 6");
	fake_pull_fails(d->berth, -EIO, "the network is down");
	drive_settle(d);
	SEES(d, "x failed");
	SEES(d, "! 14:02 a: the network is down"); /* on what, too */
	drive_keys(d, "G R");
	assert_string_equal(drive_calls(d), "pull a\npull a\n");
	drive_keys(d, "g Enter");
	SEES(d, "Images > postgres:16");
	assert_non_null(strstr(drive_calls(d), "follow 0000000000000007"));
	drive_free(d);

	d = start("2 P \"a\" Enter Enter 6");
	fake_pull_fails(d->berth, -ECANCELED, "canceled");
	drive_settle(d);
	SEES(d, "- cancelled");
	drive_free(d);
}

static void test_logout(void **state)
{
	struct drive *d = start("A S-Tab ^U \"reg.acme.io\" Tab Tab Tab Tab Enter");

	assert_string_equal(drive_calls(d), "logout reg.acme.io\n");
	SEES(d, "logged out of reg.acme.io");
	drive_free(d);
}

static void test_import(void **state)
{
	struct drive *d = start("2 I Tab Tab Enter");

	SEES(d, "is needed");
	drive_keys(d, "\"/nowhere/x.tar\" Tab Tab Enter");
	SEES(d, "No such file");
	assert_null(strstr(drive_calls(d), "load"));
	drive_free(d);

	d = start("2 I \"/dev/null\"");
	SEES(d, "berth load -i /dev/null");
	drive_keys(d, "Tab Tab Enter");
	assert_non_null(strstr(drive_calls(d), "load /dev/null"));
	SEES(d, "acme/app:1 and 1 more are here");
	assert_false(sees(d, "Images from a file"));
	drive_free(d);

	d = start("2 I \"/dev/null\" Tab \"mine:1\"");
	SEES(d, "berth import /dev/null mine:1");
	drive_keys(d, "Tab Enter");
	assert_non_null(strstr(drive_calls(d), "import /dev/null mine:1"));
	SEES(d, "it is no tar");
	SEES(d, "Images from a file"); /* another try */
	drive_keys(d, "Esc");
	assert_false(sees(d, "Images from a file"));
	drive_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_fields),
		cmocka_unit_test(test_import), cmocka_unit_test(test_nothing_wrong_is_run),
		cmocka_unit_test(test_command_line), cmocka_unit_test(test_more),
		cmocka_unit_test(test_name),	     cmocka_unit_test(test_draft),
		cmocka_unit_test(test_choices),	     cmocka_unit_test(test_label),
		cmocka_unit_test(test_narrow), cmocka_unit_test(test_edit), cmocka_unit_test(test_save), cmocka_unit_test(test_rename),
		cmocka_unit_test(test_login_goes_on), cmocka_unit_test(test_login_refused),
		cmocka_unit_test(test_login_waits),  cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_logout),
	};

	drive_environment();
	return cmocka_run_group_tests_name("forms", tests, NULL, NULL);
}
