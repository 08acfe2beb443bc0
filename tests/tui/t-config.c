/* SPDX-License-Identifier: Apache-2.0 */
/* t-config.c - each option of the interface does what it says, and what is wrong in a file is told with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/auto.h"
#include "tests/tui/drive.h"
#include "tui/config.h"
#include "tui/views.h"

static void configure(struct drive *d, const char *text)
{
	struct conf c;

	assert_int_equal(conf_parse(&c, "f", text, strlen(text)), 0);
	config_apply(&d->app, &c);
	conf_finish(&c);
	drive_settle(d);
}

static struct drive *with(const char *text)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);

	configure(d, text);
	return d;
}

static void sees(struct drive *d, const char *what)
{
	if (!strstr(drive_screen(d), what))
		fail_msg("no '%s' on:\n%s", what, drive_screen(d));
}

static void misses(struct drive *d, const char *what)
{
	if (strstr(drive_screen(d), what))
		fail_msg("'%s' is on:\n%s", what, drive_screen(d));
}

static void press(struct drive *d, const char *keys)
{
	assert_true(drive_keys(d, keys));
}

static const char *typed(struct drive *d)
{
	buf_addc(&d->fake.typed, 0);
	d->fake.typed.len--;
	return (const char *)d->fake.typed.p;
}

static void guest_says(struct drive *d, const char *text)
{
	assert_int_equal(send(d->fake.io, text, strlen(text), MSG_DONTWAIT), strlen(text));
	drive_settle(d);
}

static void paste(struct drive *d, const char *text)
{
	char bytes[1000];
	int n = snprintf(bytes, sizeof(bytes), "\033[200~%s\033[201~", text);

	drive_bytes(d, bytes, (size_t)n);
}

/* --- [ui] */

static void test_start(void **state)
{
	static const struct {
		const char *word, *title;
	} cases[] = { { "containers", "Containers 4" }, { "images", "Images 2" }, { "logs", "Logs  web1" }, { "jobs", "Jobs 1" },
		      { "consoles", "Consoles 3" }, { "messages", "Messages" }, { "trash", "Trash 1" }, { "host", "Host" } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[80];
		struct drive *d;

		snprintf(text, sizeof(text), "[ui]\nstart = %s\n", cases[i].word);
		d = with(text);
		app_start(&d->app);
		drive_settle(d);
		sees(d, cases[i].title);
		press(d, "Esc");
		sees(d, "Containers 4");
		drive_free(d);
	}
}

/* The logs of those that are up can be shown only once it is known which are. */
static void test_start_waits(void **state)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, true);

	configure(d, "[ui]\nstart = logs\n");
	app_start(&d->app);
	drive_settle(d);
	sees(d, "No containers yet");
	d->fake.empty = false;
	fake_changed(d->berth);
	drive_settle(d);
	sees(d, "Logs  web1");
	drive_free(d);
}

static void test_mouse(void **state)
{
	struct drive *d = with("[ui]\nmouse = off\n");

	assert_int_equal(vt_modes(d->vt).mouse, VT_MOUSE_OFF);
	configure(d, "[ui]\nmouse = click\n");
	assert_int_equal(vt_modes(d->vt).mouse, VT_MOUSE_CLICK);
	drive_free(d);
}

static void calls(struct drive *d, const char *wanted)
{
	buf_addc(&d->fake.calls, 0);
	assert_string_equal((const char *)d->fake.calls.p, wanted);
	d->fake.calls.len = 0;
}

static void test_confirm(void **state)
{
	struct drive *d = with("[ui]\nconfirm = all\n");

	press(d, "/ \"migrate\" Enter S");
	sees(d, "Start migrate?");
	press(d, "n");
	calls(d, "");
	press(d, "S y");
	calls(d, "start migrate\n");
	press(d, "Esc / \"db\" Enter H");
	sees(d, "Hold db?");
	press(d, "n");
	calls(d, "");
	press(d, "H y");
	calls(d, "pause db\n");
	press(d, "Esc * S");
	sees(d, "Start 1 container?");
	press(d, "y");
	calls(d, "start migrate\n");
	press(d, "Esc ?");
	sees(d, "start          [y/N]");
	press(d, "Esc");
	configure(d, "");
	press(d, "/ \"migrate\" Enter S");
	calls(d, "start migrate\n");
	drive_free(d);
}

static void test_confirm_retry(void **state)
{
	struct drive *d = with("[ui]\nconfirm = all\n");

	press(d, "2 P ^U \"nginx\" Enter Enter");
	fake_pull_fails(d->berth, -EIO, "the registry is gone");
	drive_settle(d);
	d->fake.calls.len = 0;
	press(d, "6 G R");
	sees(d, "again?");
	press(d, "n");
	calls(d, "");
	press(d, "R y");
	buf_addc(&d->fake.calls, 0);
	assert_non_null(strstr((const char *)d->fake.calls.p, "pull "));
	drive_free(d);
}

static void test_stats(void **state)
{
	struct drive *d = with("");

	assert_int_equal(d->fake.interval_ms, 2000);
	configure(d, "[ui]\nstats = 5s\n");
	assert_int_equal(d->fake.interval_ms, 5000);
	assert_int_equal(d->fake.watches, 1);
	configure(d, "[ui]\nstats = off\n");
	assert_int_equal(d->fake.watches, 0);
	sees(d, "off");
	press(d, "Enter");
	assert_int_equal(d->fake.watches, 0);
	drive_free(d);
}

static void test_read_only(void **state)
{
	struct drive *d = with("[ui]\nread-only = yes\n");

	sees(d, "READ-ONLY");
	press(d, "S");
	sees(d, "refused, this berth is read-only");
	configure(d, "");
	sees(d, "READ-ONLY"); /* only another berth may change things again */
	drive_free(d);
}

static void copies(const char *way, const char *says, const char *base64)
{
	char text[80];
	struct drive *d;

	snprintf(text, sizeof(text), "[ui]\nclipboard = %s\n", way);
	d = with(text);
	press(d, "y n");
	for (int i = 0; i < 100 && d->app.saves; i++) { /* tmux, which is none */
		uv_run(&d->loop, UV_RUN_ONCE);
		drive_settle(d);
	}
	sees(d, says);
	buf_addc(&d->clipboard, 0);
	assert_string_equal((const char *)d->clipboard.p, base64);
	press(d, "a ^] ]"); /* it is here in any case */
	assert_string_equal(typed(d), "web1");
	drive_free(d);
}

static void test_clipboard(void **state)
{
	unsetenv("TMUX");
	copies("auto", "sent 4 bytes to the terminal", "d2ViMQ==");
	copies("off", "4 bytes are in berth's own buffer", "");
	setenv("TMUX", "/nowhere,1,0", 1);
	setenv("PATH", "/nowhere", 1);
	copies("osc52", "sent 4 bytes to the terminal", "d2ViMQ==");
	copies("tmux", "tmux", "");
	unsetenv("TMUX");
}

/* --- [console] */

static void test_prefix(void **state)
{
	struct drive *d = with("[console]\nprefix = F5 ^G\n");

	press(d, "a");
	sees(d, "F5 menu  ^G");
	press(d, "^]");
	assert_string_equal(typed(d), "\035");
	press(d, "F5 F5");
	assert_string_equal(typed(d), "\035\033[15~");
	press(d, "^G ^G F5 d");
	assert_string_equal(typed(d), "\035\033[15~\033[15~");
	sees(d, "Containers 4");
	drive_free(d);
}

static void test_paste_guard(void **state)
{
	struct drive *d = with("");

	press(d, "a");
	paste(d, "one\ntwo\n");
	sees(d, "Paste 2 lines");
	press(d, "n");
	assert_string_equal(typed(d), "");
	configure(d, "[console]\npaste-guard = no\n");
	paste(d, "one\ntwo\n");
	misses(d, "Paste 2 lines");
	assert_string_equal(typed(d), "one\rtwo\r");
	drive_free(d);
}

#define SET "\033]52;c;aGVsbG8=\033\\"

static void test_guest_clipboard(void **state)
{
	struct drive *d = with("");

	press(d, "a");
	assert_true(d->fake.attach & BERTH_ATTACH_CLIPBOARD);
	guest_says(d, SET);
	sees(d, "Let web1:0 set the clipboard?");
	assert_int_equal(d->clipboard.len, 0);
	press(d, "n");
	guest_says(d, SET);
	misses(d, "set the clipboard?"); /* asked once */
	assert_int_equal(d->clipboard.len, 0);
	press(d, "^] d a");
	guest_says(d, SET);
	press(d, "y");
	assert_int_equal(d->clipboard.len, 8);
	d->clipboard.len = 0;
	guest_says(d, SET);
	assert_memory_equal(d->clipboard.p, "aGVsbG8=", 8);
	assert_int_equal(d->clipboard.len, 8);
	d->clipboard.len = 0;

	configure(d, "[console]\nguest-clipboard = no\n");
	guest_says(d, SET);
	assert_int_equal(d->clipboard.len, 0);
	press(d, "^] d a");
	assert_false(d->fake.attach & BERTH_ATTACH_CLIPBOARD);

	configure(d, "[console]\nguest-clipboard = yes\n");
	guest_says(d, SET);
	misses(d, "set the clipboard?");
	assert_int_equal(d->clipboard.len, 8);
	drive_free(d);
}

static void test_bell(void **state)
{
	struct drive *d = with("");

	press(d, "a");
	guest_says(d, "\a");
	assert_int_equal(d->bells, 1);
	configure(d, "[console]\nbell = off\n");
	guest_says(d, "\a");
	assert_int_equal(d->bells, 1);
	drive_free(d);
}

/* --- [logs] */

static void test_logs(void **state)
{
	struct drive *d = with("");

	press(d, "l");
	sees(d, "follow on");
	assert_int_equal(d->fake.tail, 2000);
	misses(d, "END-OF-LINE");
	press(d, "Esc");
	configure(d, "[logs]\nfollow = no\ntime = date\nwrap = yes\ntail = 100\n");
	press(d, "l");
	sees(d, "follow off");
	sees(d, "2026-11-24");
	assert_int_equal(d->fake.tail, 100);
	press(d, "g");
	sees(d, "END-OF-LINE");
	drive_free(d);
}

/* --- [colour] */

static const struct vt_cell *title_cell(const char *term, bool mono, const char *look, struct drive **ret)
{
	const struct drive_options o = { term, 24, 80, mono, NULL };
	struct drive *d = drive_open(&o);
	char text[100];

	snprintf(text, sizeof(text), "[colour]\ntitle = %s\n", look);
	configure(d, text);
	*ret = d;
	return drive_cell(d, 0, 8);
}

static void test_colors(void **state)
{
	static const struct {
		const char *term, *look;
		bool mono;
		uint32_t fg, bg;
		unsigned attr;
	} cases[] = {
		{ "xterm-256color", "red", false, VT_COLOR_INDEX | 1, 0, 0 },
		{ "xterm-256color", "bright-red on 17 bold", false, VT_COLOR_INDEX | 9, VT_COLOR_INDEX | 17, VT_BOLD },
		{ "xterm-256color", "default on default reverse underline", false, 0, 0, VT_REVERSE | 1 << 8 },
		{ "xterm-256color", "#ff0000 dim", false, VT_COLOR_INDEX | 196, 0, VT_FAINT },
		{ "xterm-256color", "200", false, VT_COLOR_INDEX | 200, 0, 0 },
		{ "xterm", "#00ff00", false, VT_COLOR_INDEX | 2, 0, 0 },
		{ "xterm", "200 bold", false, VT_COLOR_INDEX | 5, 0, VT_BOLD },
		{ "xterm-256color", "red on blue bold", true, 0, 0, VT_BOLD },
		{ "vt100", "red bold", false, 0, 0, VT_BOLD },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct drive *d;
		const struct vt_cell *c = title_cell(cases[i].term, cases[i].mono, cases[i].look, &d);

		assert_int_equal(c->ch, 'C');
		if (c->fg != cases[i].fg || c->bg != cases[i].bg || c->attr != cases[i].attr)
			fail_msg("%s on %s: fg %x bg %x attr %x", cases[i].look, cases[i].term, c->fg, c->bg, c->attr);
		configure(d, "");
		c = drive_cell(d, 0, 8);
		assert_int_equal(c->attr, VT_BOLD);
		drive_free(d);
	}
}

/* --- what is wrong */

static void test_issues(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[ui]\nwide = yes\n", "f:2: there is no option 'wide' in section 'ui'" },
		{ "[ui]\nstart = home\n", "f:2: start is 'home', which is not one of containers|images|logs|jobs|" },
		{ "[ui]\nstats = 10ms\n", "f:2: stats is '10ms', which is not a time from 1 to 3600 s, as in 2s, or off" },
		{ "[console]\nprefix = x\n", "f:2: prefix is 'x', which has 'x', which is no Ctrl key" },
		{ "[console]\nprefix = ^[\n", "f:2: prefix is '^[', which has '^[', which is no Ctrl key" },
		{ "[console]\nprefix =\n", "f:2: prefix is '', which has no key" },
		{ "[console]\nprefix = F5\n[keys]\nconsole.F5 = detach\n", "f:2: prefix is 'F5', which has F5, which is the key of detach" },
		{ "[keys]\nconsole.^] = detach\n", "f:2: ^] is a key of the option prefix of [console]" },
		{ "[keys]\nglobal.^J = help\n", "f:2: '^J' is no key" },
		{ "[colour]\nbad = rot\n", "f:2: 'rot' is no colour" },
		{ "[colour]\nbad = 256\n", "f:2: '256' is no colour" },
		{ "[colour]\nbad = #12345\n", "f:2: '#12345' is no colour" },
		{ "[colour]\nbad = red on\n", "f:2: a colour is missing" },
		{ "[colour]\nbad = red blink\n", "f:2: 'blink' is none of bold" },
		{ "[colour]\nbad =\n", "f:2: a colour is missing" },
		{ "[colour]\nworse = red\n", "f:2: there is no part 'worse' of the screen" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct drive *d = with(cases[i].text);
		const struct msg *m = d->app.msgs.n ? &d->app.msgs.list[d->app.msgs.n - 1] : NULL;

		if (!m || m->level != MSG_ERROR || strncmp(m->text, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("of '%s' it says: %s", cases[i].text, m ? m->text : "nothing");
		press(d, "a ^] d"); /* the defaults hold */
		sees(d, "Containers 4");
		drive_free(d);
	}
}

/* --- read again */

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct drive *reading(char path[static 32], const char *text)
{
	struct drive *d = drive_new("xterm-256color", 24, 80, false);
	int fd;

	snprintf(path, 32, "/tmp/berth-conf-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	write_file(path, text);
	config_load(&d->app, path);
	drive_settle(d);
	return d;
}

/* What is right counts, what is wrong is told with its line and leaves what was before. */
static void test_reload(void **state)
{
	char path[32];
	struct drive *d = reading(path, "[ui]\nmouse = off\nconfirm = all\n[keys]\ncontainers.x = exec\ncontainers.F5 = restart\n"
					"[console]\nprefix = ^A\n");

	press(d, "End S");
	sees(d, "Start migrate?");
	press(d, "Esc g x");
	sees(d, "New process");
	press(d, "Esc");
	write_file(path, "[ui]\nmouse = click\nconfirm = perhaps\n[keys]\ncontainers.x = fly\ncontainers.F9 = boot\n"
			 "[console]\nprefix = ?\n");
	press(d, ": \"reload\" Enter");
	sees(d, ":8: prefix is '?'");
	assert_true(d->app.mouse);
	press(d, "e");
	sees(d, "configuration read again, 3 things are wrong in ");
	sees(d, ":3: confirm is 'perhaps', which is");
	sees(d, ":5: there is no action 'fly'");
	press(d, "w");
	sees(d, "what was before is kept");
	press(d, "Esc End S");
	sees(d, "Start migrate?"); /* confirm is as it was */
	press(d, "Esc g x");
	sees(d, "New process"); /* so is x */
	press(d, "Esc F5");
	misses(d, "Restart web1?"); /* its line is gone */
	press(d, "a ^A d");
	sees(d, "Containers 4"); /* the prefix is as it was */
	write_file(path, "[keys]\n");
	press(d, ": \"reload\" Enter");
	sees(d, "configuration read again: ");
	press(d, "x");
	misses(d, "New process");
	drive_free(d);
	unlink(path);
	keys_reset();
}

/* A file that cannot be read leaves all. */
static void test_reload_without_file(void **state)
{
	char path[32];
	struct drive *d = reading(path, "[ui]\nconfirm = all\n[keys]\ncontainers.x = exec\n");

	unlink(path);
	press(d, ": \"reload\" Enter");
	sees(d, "No such file");
	press(d, "e");
	sees(d, "1 thing is wrong");
	press(d, "Esc x");
	sees(d, "New process");
	press(d, "Esc End S");
	sees(d, "Start migrate?");
	drive_free(d);
	keys_reset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_start_waits),
		cmocka_unit_test(test_mouse),
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_confirm_retry),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_clipboard),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_paste_guard),
		cmocka_unit_test(test_guest_clipboard),
		cmocka_unit_test(test_bell),
		cmocka_unit_test(test_logs),
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_issues),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_reload_without_file),
	};

	drive_environment();
	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
