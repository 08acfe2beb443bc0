/* SPDX-License-Identifier: Apache-2.0 */
/* tui-doc.c - prints docs/TUI.md: the UI is driven to each of its views, over a store and a clock that stand still,
 * and what a terminal then shows is written down. `make tui-doc` puts it into the source, tests/tui/doc.sh holds the
 * two against each other. */
#include "tests/tui/tui-doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "tui/keys.h"

/* The row of "C:logs". */
static const struct key *row_of(const char *name, size_t n)
{
	const char *colon = memchr(name, ':', n);

	for (int i = 0; colon && i < keys_count; i++) {
		const char *letter = keys_ctx_letter(keys_table[i].ctx);
		size_t nletter = (size_t)(colon - name), nname = n - nletter - 1;

		if (strlen(letter) == nletter && memcmp(letter, name, nletter) == 0 &&
		    strlen(keys_table[i].name) == nname && memcmp(keys_table[i].name, colon + 1, nname) == 0)
			return &keys_table[i];
	}
	fprintf(stderr, "tui-doc: the table of keys has no '%.*s'\n", (int)n, name);
	exit(1);
}

/* The text with its keys, for people as code. */
static char *with_keys(const char *text, bool code)
{
	AUTO_BUF struct buf b = { 0 };

	while (*text) {
		size_t n = strcspn(text, "{");
		char key[16];

		buf_add(&b, text, n);
		text += n;
		if (!*text)
			break;
		n = strcspn(text, "}");
		keys_first(row_of(text + 1, n - 1), key, sizeof(key));
		if (code)
			buf_addf(&b, strchr(key, '`') ? "`` %s ``" : "`%s`", key);
		else
			buf_adds(&b, key);
		text += n + (text[n] == '}');
	}
	buf_addc(&b, 0);
	return buf_steal(&b);
}

static const struct scene *scene_of(const char *name)
{
	const struct scene *const all[] = { scenes_lists, scenes_views, scenes_guests };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (const struct scene *s = all[i]; s->name; s++)
			if (strcmp(s->name, name) == 0)
				return s;
	fprintf(stderr, "tui-doc: there is no scene '%s'\n", name);
	exit(1);
}

static const struct doc_page *page_now; /* for fill, which is given the store alone */

static void fill(struct fake *f)
{
	const struct scene *s = page_now->scene ? scene_of(page_now->scene) : NULL;

	if (s && s->model)
		s->model(f);
	if (page_now->model)
		page_now->model(f);
}

static void print_screen(const struct doc_page *p)
{
	const struct scene *s = p->scene ? scene_of(p->scene) : NULL;
	const struct drive_options o = { .term = "xterm-256color", .rows = p->rows ?: 24, .cols = p->cols ?: 80, .model = fill };
	AUTO_FREE char *keys = with_keys(p->keys ?: s && s->keys ? s->keys : "", false);
	struct drive *d;

	page_now = p;
	d = drive_open(&o);
	if (s && s->play)
		s->play(d);
	drive_settle(d);
	if (!drive_keys(d, keys)) {
		fprintf(stderr, "tui-doc: '%s': there is a word among '%s' that is no key\n", p->title, keys);
		exit(1);
	}
	printf("\n```text\n%s```\n", drive_screen(d));
	drive_free(d);
}

static void print_features(void)
{
	static const char *const words[] = { [DOC_YES] = "yes", [DOC_PARTLY] = "partly", [DOC_NO] = "not yet" };

	printf("\n## What there is\n\n| | | |\n|---|---|---|\n");
	for (const struct doc_feature *f = doc_features; f->what; f++) {
		AUTO_FREE char *what = with_keys(f->what, true), *note = with_keys(f->note, true);

		printf("| %s | %s |%s%s |\n", what, words[f->have], *note ? " " : "", note);
	}
}

int main(void)
{
	drive_environment();
	setenv("TERM", "xterm-256color", 1);
	printf("# The terminal UI\n\n"
	       "Screens of `berth` alone on a terminal of 24 rows and 80 columns. This file is made by the tests "
	       "(`make tui-doc`), which\nfail when it is not what the program shows: the UI runs over a store that stands "
	       "still, its bytes go through curses to\na terminal, and what is then on the screen is below. Colours, reversed "
	       "names and the cursor are not seen here.\n"
	       "All keys: `berth list-keys`, or berth-tui(7).\n");
	print_features();
	for (const struct doc_page *p = doc_pages; p->title; p++) {
		AUTO_FREE char *what = with_keys(p->what, true);

		if (p->group)
			printf("\n## %s\n", p->group);
		printf("\n### %s\n\n%s\n", p->title, what);
		print_screen(p);
	}
	return ferror(stdout) || fflush(stdout) != 0;
}
