/* SPDX-License-Identifier: Apache-2.0 */
/* t-golden.c - the designed screens (golden.h): each is drawn through curses for three terminals, read back by our
 * terminal engine and compared, in colour and without. A `_` in a file is the cursor. */
#include "tests/tui/golden.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/auto.h"
#include "base/path.h"

#define ROWS_MAX 64
#define DIFFERENCES_MAX 400

struct text {
	char *row[ROWS_MAX];
	int n;
};

/* A row that is expected otherwise than it was drawn. */
struct difference {
	char screen[32];
	int row; /* from 1 */
	char *reason, *want;
};
static struct difference differences[DIFFERENCES_MAX];
static size_t ndifferences;

static void text_free(struct text *t)
{
	for (int i = 0; i < t->n; i++)
		free(t->row[i]);
	t->n = 0;
}

static void add_row(struct text *t, const char *p, size_t n)
{
	while (n && p[n - 1] == ' ')
		n--;
	assert_in_range(t->n, 0, ROWS_MAX - 1);
	t->row[t->n++] = strndup(p, n);
}

static char *file_text(const char *name)
{
	AUTO_FREE char *path = path_fmt("%s/tests/tui/%s", getenv("abs_top_srcdir") ?: ".", name);
	FILE *f = fopen(path, "re");
	AUTO_BUF struct buf b = { 0 };
	char chunk[4096];
	size_t n;

	if (!f)
		fail_msg("cannot open '%s': %s", path, strerror(errno));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	fclose(f);
	return b.p ? buf_steal(&b) : strdup("");
}

static void text_split(struct text *t, const char *p)
{
	for (; *p; p += strcspn(p, "\n"), p += *p == '\n')
		add_row(t, p, strcspn(p, "\n"));
}

/* ---- accepted-differences: "SCREEN ROW[-ROW] REASON", then a line "|TEXT" for each of the rows --------------- */

static int load_differences(void **state)
{
	AUTO_FREE char *all = file_text("accepted-differences");
	struct text t = { 0 };
	char *save = NULL;
	int lineno = 0, left = 0, row = 0;
	char screen[32] = "", reason[200] = "";

	for (char *line = strtok_r(all, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int to, at = 0;

		lineno++;
		if (*line == '#')
			continue;
		if (*line == '|') {
			struct difference *d = &differences[ndifferences++];

			if (!left || ndifferences == DIFFERENCES_MAX)
				fail_msg("accepted-differences: a row too many: %s", line);
			add_row(&t, line + 1, strlen(line + 1));
			*d = (struct difference){ .row = row++, .reason = strdup(reason), .want = strdup(t.row[t.n - 1]) };
			snprintf(d->screen, sizeof(d->screen), "%s", screen);
			text_free(&t);
			left--;
			continue;
		}
		if (left)
			fail_msg("accepted-differences: %s: %d rows are missing", screen, left);
		if (sscanf(line, "%31s %d-%d %n", screen, &row, &to, &at) != 3 || !at) {
			if (sscanf(line, "%31s %d %n", screen, &row, &at) != 2 || !at)
				fail_msg("accepted-differences: not SCREEN ROW REASON: %s", line);
			to = row;
		}
		if (!line[at] || to < row)
			fail_msg("accepted-differences: no reason: %s", line);
		snprintf(reason, sizeof(reason), "%s", line + at);
		left = to - row + 1;
	}
	return left ? -1 : 0;
}

static int free_differences(void **state)
{
	for (size_t i = 0; i < ndifferences; i++) {
		free(differences[i].reason);
		free(differences[i].want);
	}
	return 0;
}

/* The file with the accepted differences in place. */
static void expected(const char *name, struct text *t)
{
	AUTO_FREE char *path = path_fmt("golden/%s", name), *all = file_text(path);

	text_split(t, all);
	for (size_t i = 0; i < ndifferences; i++) {
		const struct difference *d = &differences[i];

		if (strcmp(d->screen, name) != 0)
			continue;
		if (d->row < 1 || d->row > t->n)
			fail_msg("accepted-differences: %s has no row %d", name, d->row);
		if (strcmp(t->row[d->row - 1], d->want) == 0)
			fail_msg("accepted-differences: %s %d is no difference", name, d->row);
		free(t->row[d->row - 1]);
		t->row[d->row - 1] = strdup(d->want);
	}
}

/* ---- comparing ---------------------------------------------------------------------------------------------- */

/* The screen's row y with the cursor, if it stands there on nothing, as `_`. */
static char *with_cursor(struct drive *d, const char *row, int y)
{
	struct vt_cursor at = vt_cursor(d->vt);
	size_t n = strlen(row), want = (size_t)at.col + 1;
	char *s = malloc(MAX(n, want) + 1);

	memcpy(s, row, n + 1);
	if (at.row != y || !at.visible || (want <= n && row[at.col] != ' '))
		return s;
	if (want > n) {
		memset(s + n, ' ', want - n);
		s[want] = 0;
	}
	s[at.col] = '_';
	return s;
}

static bool same_row(struct drive *d, const char *want, const char *got, int y)
{
	AUTO_FREE char *cursor = with_cursor(d, got, y);

	return strcmp(want, strchr(want, '_') && strcmp(want, got) != 0 ? cursor : got) == 0;
}

static void print_text(const char *head, const struct text *t, const bool *differs)
{
	print_error("%s\n", head);
	for (int i = 0; i < t->n; i++)
		print_error("%c%2d|%s\n", differs[i] ? '*' : ' ', i + 1, t->row[i]);
}

static int compare(struct drive *d, const struct scene *s, const char *how)
{
	struct text want = { 0 }, got = { 0 };
	bool differs[ROWS_MAX] = { false };
	int bad = 0;

	expected(s->name, &want);
	text_split(&got, drive_screen(d));
	while (want.n < s->rows)
		add_row(&want, "", 0);
	for (int i = 0; i < want.n; i++) {
		differs[i] = i >= got.n || !same_row(d, want.row[i], got.row[i], i);
		bad += differs[i];
	}
	if (bad) {
		print_error("\n%s (%s): %d rows differ\n", s->name, how, bad);
		print_text("expected:", &want, differs);
		print_text("drawn:", &got, differs);
	}
	text_free(&want);
	text_free(&got);
	return bad;
}

static struct drive *play(const struct scene *s, const char *term, bool mono)
{
	const struct drive_options o = { term, s->rows, s->cols, mono, s->model };
	struct drive *d = drive_open(&o);

	if (s->play)
		s->play(d);
	drive_settle(d);
	if (s->keys && !drive_keys(d, s->keys))
		fail_msg("%s: there is a word among '%s' that is no key", s->name, s->keys);
	return d;
}

/* Without colours each cell has the same text and the same attributes, and no colour. */
static int compare_mono(const struct scene *s)
{
	struct drive *color = play(s, "xterm-256color", false), *mono;
	AUTO_FREE struct vt_cell *was = calloc((size_t)s->rows * (size_t)s->cols, sizeof(*was));
	int bad = 0, y, x;

	for (y = 0; y < s->rows; y++)
		for (x = 0; x < s->cols; x++) {
			const struct vt_cell *c = drive_cell(color, y, x);

			if (c)
				was[y * s->cols + x] = *c;
		}
	drive_free(color); /* one curses at a time */
	mono = play(s, "xterm-256color", true);
	for (y = 0; y < s->rows; y++)
		for (x = 0; x < s->cols && !bad; x++) {
			const struct vt_cell *c = drive_cell(mono, y, x), none = { 0 };
			struct vt_cell now = c ? *c : none, then = was[y * s->cols + x];

			if (now.fg || now.bg)
				print_error("%s: a colour at row %d, column %d without colours\n", s->name, y + 1, x + 1);
			else if ((now.ch ?: ' ') != (then.ch ?: ' ') || now.attr != then.attr)
				print_error("%s: row %d, column %d: %c with attributes %x in colour, %c with %x without\n",
					    s->name, y + 1, x + 1, then.ch ?: ' ', then.attr, now.ch ?: ' ', now.attr);
			else
				continue;
			bad++;
		}
	bad += compare(mono, s, "without colours");
	drive_free(mono);
	return bad;
}

static void each(const struct scene *scenes)
{
	static const char *const terms[] = { "xterm-256color", "tmux-256color", "vt100" };
	int bad = 0;

	for (const struct scene *s = scenes; s->name; s++) {
		int wrong = 0;

		for (size_t i = 0; i < ARRAY_LEN(terms) && !wrong; i++) {
			struct drive *d = play(s, terms[i], false);

			wrong = compare(d, s, terms[i]);
			drive_free(d);
		}
		bad += wrong ? wrong : compare_mono(s);
	}
	assert_int_equal(bad, 0);
}

static void test_lists(void **state)
{
	each(scenes_lists);
}

static void test_views(void **state)
{
	each(scenes_views);
}

static void test_guests(void **state)
{
	each(scenes_guests);
}

static bool has_scene(const char *name)
{
	const struct scene *const all[] = { scenes_lists, scenes_views, scenes_guests };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (const struct scene *s = all[i]; s->name; s++)
			if (strcmp(s->name, name) == 0)
				return true;
	return false;
}

static void test_differences_name_screens(void **state)
{
	for (size_t i = 0; i < ndifferences; i++)
		if (!has_scene(differences[i].screen))
			fail_msg("accepted-differences: no screen '%s' is compared", differences[i].screen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differences_name_screens),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_guests),
	};

	drive_environment();
	return cmocka_run_group_tests_name("golden", tests, load_differences, free_differences);
}
