/* SPDX-License-Identifier: Apache-2.0 */
/* app-draw.c - the frame around a view: title, messages, questions, hints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/app.h"
#include "tui/fmt.h"
#include "tui/prompt.h"
#include "tui/task.h"

#define MIN_ROWS 10 /* below, title and hints go */
#define MIN_COLS 40
#define LEAST_ROWS 4 /* below, nothing can be used but Esc, q and the prefix */
#define LEAST_COLS 20

static void draw_title(struct app *app, struct canvas *c)
{
	AUTO_BUF struct buf b = { 0 };
	char right[64], padded[64];
	bool wide = c->cols >= 60;
	size_t jobs = 0;
	int end = c->cols;

	for (size_t i = 0; i < app->model.njobs; i++)
		jobs += strcmp(app->model.jobs[i].state, "running") == 0 ||
			strcmp(app->model.jobs[i].state, "waiting") == 0;
	jobs += (size_t)task_asking(app);
	snprintf(right, sizeof(right), "%s%zu job%s  %zu msg%s", app->read_only ? "READ-ONLY  " : "", jobs,
		 jobs == 1 ? "" : "s", app->msgs.unread, app->msgs.unread_error ? "!" : "");
	snprintf(padded, sizeof(padded), "%-13s", right); /* "1 job" begins where "0 jobs" does */
	if (app->top->cls->own_right != (wide ? OWN_WIDE : OWN_NARROW))
		end = canvas_right(c, 0, c->cols - 1, app->msgs.unread_error ? ROLE_BAD : ROLE_HINT, padded);
	if (app->top->cls->title_right && wide) {
		app->top->cls->title_right(app->top, &b);
		if (b.p)
			end = canvas_right(c, 0, end - 2, ROLE_HINT, (const char *)b.p);
		buf_clear(&b);
	}
	if (wide)
		canvas_text(c, 0, 1, -1, ROLE_DIM, "berth");
	app->top->cls->title(app->top, &b);
	if (b.p)
		canvas_cut(c, 0, wide ? 8 : 0, end - (wide ? 10 : 1), ROLE_TITLE, (const char *)b.p);
}

/* A click presses the first of "Tab/Down". */
static void draw_hint_zone(struct canvas *c, int y, int x, int width, const char *keys)
{
	char first[16];

	snprintf(first, sizeof(first), "%.*s", keys[1] ? (int)strcspn(keys, "/") : 1, keys);
	canvas_zone_key(c, y, x, width, first);
}

/* One hint; false if there is no room before column end. */
static bool draw_hint(struct canvas *c, int y, int *x, int end, const char *keys, const char *word)
{
	int need = canvas_width(keys) + (*word ? 1 + canvas_width(word) : 0);

	if (*x + need > end)
		return false;
	draw_hint_zone(c, y, *x, need, keys);
	*x += canvas_text(c, y, *x, -1, ROLE_KEY, keys);
	if (*word)
		*x += 1 + canvas_text(c, y, *x + 1, -1, ROLE_HINT, word);
	*x += c->cols < 60 ? 1 : 2;
	return true;
}

static void draw_hints(struct app *app, struct canvas *c, int y)
{
	struct hint hints[HINTS_MAX];
	struct view *v = app->top;
	int n = v->cls->hints ? v->cls->hints(v, hints, HINTS_MAX) : 0, x = c->cols >= 60;
	const struct key *help = keys_row(view_ctx(v), ACT_HELP);
	char first[16];

	for (int i = 0; i < n; i++) {
		const struct key *row = keys_row(view_ctx(v), hints[i].act);
		int room;

		if (!row || !*row->keys || (app->read_only && keys_changes(row)))
			continue;
		if (hints[i].act == ACT_HELP)
			help = NULL; /* the view has a place of its own for it */
		room = c->cols - (!help ? 0 : c->cols < 60 ? 7 : 3);
		keys_first(row, first, sizeof(first));
		if (!draw_hint(c, y, &x, room, hints[i].keys ? hints[i].keys : first,
			       hints[i].word ? hints[i].word : row->name))
			break;
	}
	if (help) {
		keys_first(help, first, sizeof(first));
		if (!draw_hint(c, y, &x, c->cols, first, "help") && !draw_hint(c, y, &x, c->cols, first, "all"))
			draw_hint(c, y, &x, c->cols, first, "");
	}
}

static void draw_message(struct app *app, struct canvas *c, int y)
{
	const struct msg *m = msgs_shown(&app->msgs);
	struct view *v = app->top;
	AUTO_BUF struct buf b = { 0 };
	char at[FMT_MAX];

	if (m) {
		fmt_clock(m->time, at);
		if (m->level == MSG_ERROR)
			canvas_text(c, y, 0, 1, ROLE_BAD, "!");
		if (c->cols >= 60)
			buf_addf(&b, "%s ", at);
		buf_adds(&b, m->text);
		if (b.p)
			canvas_cut(c, y, m->level == MSG_ERROR ? 2 : 1, -1,
				   m->level == MSG_ERROR ? ROLE_BAD : ROLE_TEXT, (const char *)b.p);
		return;
	}
	if (v->cls->note)
		v->cls->note(v, &b);
	if (b.p)
		canvas_cut(c, y, c->cols >= 60, -1, ROLE_TEXT, (const char *)b.p);
}

/* "[k/c/N] "; N is what all other keys are, unless n is one of these. */
static void list_keys(const char *keys, char *ret)
{
	*ret++ = '[';
	for (const char *k = keys; *k; k++) {
		*ret++ = *k;
		*ret++ = '/';
	}
	if (strchr(keys, 'n'))
		ret--;
	else
		*ret++ = 'N';
	strcpy(ret, "] ");
}

static void blank_rows(struct canvas *c, int y, int bottom)
{
	for (; y < bottom; y++)
		canvas_blank(c, y, 0, c->cols, ROLE_TEXT);
}

/* Its lines, the first of which stands out, in rows [y, bottom). */
static void draw_question(struct canvas *c, int y, int bottom, const char *text)
{
	const char *rest = strchr(text, '\n');
	AUTO_FREE char *first = strndup(text, strcspn(text, "\n"));

	if (first)
		y = canvas_wrapped(c, y, 0, bottom, ROLE_WARN, first);
	if (rest)
		canvas_wrapped(c, y, 0, bottom, ROLE_TEXT, rest + 1);
}

/* What the keys mean, each kept together, from row y on. Returns how many rows that is; NULL: only that. */
static int draw_answers(struct canvas *c, int y, int left, int cols, const char *s)
{
	int rows = 1, x = left;

	while (*s) {
		const char *end = strstr(s, "  ") ?: s + strlen(s);
		int width = canvas_widthn(s, (size_t)(end - s)), gap = (int)strspn(end, " ");

		if (x > left && x + width > cols - left) {
			x = left;
			rows++;
		}
		if (c)
			canvas_textn(c, y + rows - 1, x, -1, ROLE_HINT, s, (size_t)(end - s));
		x += width + gap;
		s = end + gap;
	}
	return rows;
}

/* The question, from the bottom up: what the keys mean, where they are typed, what is asked. */
static void draw_ask(struct app *app, struct canvas *c)
{
	struct ask *a = &app->ask;
	int left = c->cols >= 60, answers = draw_answers(NULL, 0, left, c->cols, a->answers);
	int input = c->rows - 1 - MIN(answers, MAX(1, c->rows / 5)), x;
	int y = MAX(0, input - canvas_wrapped_rows(c->cols, a->text));
	char keys[2 * sizeof(a->keys) + 4];

	blank_rows(c, y > 1 ? y - 1 : y, c->rows); /* apart from what it stands over */
	draw_question(c, y, input, a->text);
	if (*a->want)
		snprintf(keys, sizeof(keys), "> ");
	else if (strcmp(a->keys, "y") == 0)
		snprintf(keys, sizeof(keys), "[y/N] ");
	else
		list_keys(a->keys, keys);
	x = canvas_text(c, input, 0, -1, ROLE_WARN, keys);
	if (*a->want)
		x = line_draw(&a->line, c, input, x, c->cols - x, ROLE_INPUT);
	draw_answers(c, input + 1, left, c->cols, a->answers);
	canvas_cursor(c, input, x);
	c->cursor_visible = true;
	a->shown = true;
}

static void draw_too_small(struct canvas *c)
{
	char text[64];

	snprintf(text, sizeof(text), "too small: %dx%d, %dx%d needed", c->cols, c->rows, MIN_COLS, MIN_ROWS);
	if (c->cols < 18)
		canvas_text(c, 0, 0, -1, ROLE_TEXT, text);
	else
		canvas_wrapped(c, 0, 0, c->rows, ROLE_TEXT, text);
	canvas_cursor(c, 0, 0);
}

void app_draw(struct app *app, struct canvas *c)
{
	struct view *v = app->top;
	bool small = c->rows < MIN_ROWS || c->cols < MIN_COLS;
	int message = small ? c->rows - 1 : c->rows - 2;

	if (c->rows < LEAST_ROWS || c->cols < LEAST_COLS) {
		draw_too_small(c);
		return;
	}
	canvas_cursor(c, 0, 0);
	if (v->cls->full) {
		v->cls->draw(v, c, 0, c->rows);
	} else {
		v->cls->draw(v, c, small ? 0 : 1, message);
		if (!small)
			draw_title(app, c);
		if (!small)
			draw_hints(app, c, c->rows - 1);
		draw_message(app, c, message);
	}
	if (app_prompting(app))
		prompt_draw(app, c, message);
	if (app->ask.active)
		draw_ask(app, c);
}
