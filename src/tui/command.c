/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - a line that names a command of the shell: what it is, completed, and run once it may be. */
#include "tui/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/form.h"
#include "tui/views.h"

const struct tui_command *command_of(const struct app *app, const char *line)
{
	const struct tui_command *best = NULL;
	size_t longest = 0;

	for (const struct tui_command *c = app->commands; c && c->name; c++) {
		size_t n = strlen(c->name);

		if (n > longest && strncmp(line, c->name, n) == 0 && (line[n] == ' ' || !line[n])) {
			best = c;
			longest = n;
		}
	}
	return best;
}

static void answer(struct app *app, char key, const char *id, void *arg)
{
	char *line = arg;

	(void)id;
	if (key == 'y') {
		app_cli(app, "berth %s", line);
		app_push(app, &view_command, line);
	}
	free(line);
}

/* All of it is seen, in as many rows as it takes. */
static void ask(struct app *app, const char *line)
{
	AUTO_BUF struct buf whole = { 0 }, b = { 0 };
	char *copy = strdup(line);

	buf_addf(&whole, "berth %s", line);
	buf_adds(&b, "Run this command?");
	for (size_t at = 0, n; at < whole.len; at += n) {
		n = canvas_fit((const char *)whole.p + at, whole.len - at, MAX(1, app_cols(app) - 1));
		if (!n)
			break;
		buf_addf(&b, "\n%.*s", (int)n, (const char *)whole.p + at);
	}
	if (!copy || !b.p || b.len >= sizeof(app->ask.text)) {
		app_info(app, copy ? "the command is too long to be asked about" : "out of memory");
		free(copy);
		return;
	}
	app_ask(app, "", "run it", (const char *)b.p, answer, copy);
}

bool command_run(struct app *app, const char *line)
{
	const struct tui_command *c = command_of(app, line);
	char text[LINE_MAX_BYTES];
	const char *words[FORM_WORDS + 1];

	snprintf(text, sizeof(text), "%s", line);
	if (!c || form_split(text, words) < 1) {
		app_info(app, c ? "a quote is open, or there are too many words" : "there is no such command");
		return false;
	}
	if (c->looks)
		app_push(app, &view_command, line);
	else if (!app_refuses(app, c->name))
		ask(app, line);
	return true;
}

/* --- names */

struct common {
	char text[200];
	size_t n;
	int found;
};

static void take(struct common *m, const char *word, size_t n, const char *name)
{
	size_t i = 0;

	if (strncmp(name, word, n) != 0)
		return;
	if (!m->found++)
		snprintf(m->text, sizeof(m->text), "%s", name);
	while (m->text[i] && m->text[i] == name[i])
		i++;
	m->text[i] = 0;
}

bool command_complete(const struct app *app, struct line *line)
{
	const struct model *m = &app->model;
	struct common all = { .text = "" };
	const char *word = line->text + line->len;
	size_t n;

	while (word > line->text && word[-1] != ' ')
		word--;
	n = strlen(word);
	for (size_t i = 0; i < m->nctrs; i++)
		take(&all, word, n, m->ctrs[i].name);
	for (size_t i = 0; i < m->nimgs; i++)
		take(&all, word, n, m->imgs[i].name);
	if (strlen(all.text) <= n && all.found != 1)
		return false;
	line->cur = line->len;
	line_paste(line, all.text + n, strlen(all.text) - n);
	if (all.found == 1)
		line_paste(line, " ", 1);
	return true;
}
