/* SPDX-License-Identifier: Apache-2.0 */
/* view-palette.c - every action that can be done in the view below, and every command of the shell, by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filter.h"
#include "tui/command.h"
#include "tui/form.h"
#include "tui/line.h"
#include "tui/palette.h"
#include "tui/views.h"

#define ROWS 11 /* of the palette, its head included; the view below keeps the rest */
#define COL_WHAT 23
#define COL_KEY 57
#define COL_ASKS 65

struct palette {
	struct view v;
	struct line line;
	struct palette_entry *all;
	int *list; /* of those that match, the best first */
	int nall, n, cur, top;
	char object[80];
	enum key_ctx ctx;              /* of the view below */
	struct history_search search;
};

/* What is typed; "container stop" is "stop", as in the shell. */
static const char *typed(const struct palette *p)
{
	static const char word[] = "container ";
	const char *text = p->line.text;

	return strncmp(text, word, strlen(word)) == 0 && !command_of(p->v.app, text) ? text + strlen(word) : text;
}

/* A command is being typed out: what stands behind its name is its own. */
static const struct tui_command *typed_command(const struct palette *p)
{
	const char *text = typed(p);
	const struct tui_command *c = strchr(text, ' ') ? command_of(p->v.app, text) : NULL;

	return c && text[strlen(c->name)] == ' ' ? c : NULL;
}

static void narrow(struct palette *p)
{
	p->n = p->cur = p->top = 0;
	for (int rank = 0; rank < PALETTE_RANKS; rank++)
		for (int i = 0; i < p->nall; i++)
			if (palette_rank(&p->all[i], typed(p)) == rank)
				p->list[p->n++] = i;
}

static int palette_open(struct view *v, const void *arg)
{
	struct palette *p = (struct palette *)v;
	struct view *below = (struct view *)arg;

	if (below->cls->object)
		snprintf(p->object, sizeof(p->object), "%s", below->cls->object(below) ?: "");
	p->ctx = view_ctx(below);
	p->nall = palette_fill(v->app, view_ctx(below), &p->all);
	p->list = p->nall > 0 ? calloc((size_t)p->nall, sizeof(*p->list)) : NULL;
	if (!p->list) {
		free(p->all);
		app_error(v->app, "out of memory: no palette");
		return -ENOMEM;
	}
	narrow(p);
	return 0;
}

static void palette_close(struct view *v)
{
	free(((struct palette *)v)->all);
	free(((struct palette *)v)->list);
}

static void palette_title(struct view *v, struct buf *b)
{
	if (v->below->cls->title)
		v->below->cls->title(v->below, b);
}

static void draw_entry(const struct palette *p, struct canvas *c, int y, int i)
{
	const struct palette_entry *e = &p->all[p->list[i]];
	bool here = i == p->cur;
	char name[120];


	snprintf(name, sizeof(name), "%s%s%s", e->words, e->of_object && *p->object ? " " : "", e->of_object ? p->object : "");
	if (here) {
		canvas_text(c, y, 0, 1, ROLE_KEY, ">");
		canvas_cursor(c, y, 3);
	}
	canvas_zone(c, y, 0, c->cols, ZONE_ROW, (size_t)i, here);
	canvas_cut(c, y, 3, COL_WHAT - 4, here ? ROLE_CURSOR : ROLE_TEXT, name);
	canvas_cut(c, y, COL_WHAT, MIN(c->cols, COL_KEY) - COL_WHAT - 1, ROLE_TEXT, e->what);
	if (c->cols < COL_ASKS + 8)
		return;
	canvas_text(c, y, COL_KEY, 7, ROLE_KEY, e->keys);
	canvas_text(c, y, COL_ASKS, -1, ROLE_TEXT, e->asks);
}

static void draw_command(const struct palette *p, const struct tui_command *cmd, struct canvas *c, int y, int bottom)
{
	const char *const lines[] = {
		cmd->what, "",
		cmd->looks		? "Enter runs it and shows what it says." :
		p->v.app->read_only ? "It may change something, which this berth does not: it is read-only." :
				      "It may change something, so Enter asks first; what it says is shown.",
		"Tab completes names of containers and images, ^R looks for what was run before.",
	};

	canvas_textf(c, y++, 1, -1, ROLE_HEAD, "berth %s %s", cmd->name, cmd->args);
	for (size_t i = 0; i < ARRAY_LEN(lines) && y < bottom; i++, y++)
		canvas_cut(c, y, 1, -1, ROLE_TEXT, lines[i]);
}

static void draw_list(struct palette *p, struct canvas *c, int y, int rows)
{
	canvas_textf(c, y, 1, -1, ROLE_HEAD, "%d of %d match", p->n, p->nall);
	if (!p->n && rows > 1)
		canvas_text(c, y + 1, 1, -1, ROLE_TEXT, "No action and no command is called so.");
	if (c->cols >= COL_ASKS + 8) {
		canvas_text(c, y, COL_KEY, -1, ROLE_HEAD, "KEY");
		canvas_text(c, y, COL_ASKS, -1, ROLE_HEAD, "ASKS");
	}
	rows -= 1 + (rows > 6);
	if (p->cur < p->top || p->cur >= p->top + rows)
		p->top = p->cur < p->top ? p->cur : p->cur - rows + 1;
	for (int i = 0; i < rows && p->top + i < p->n; i++)
		draw_entry(p, c, y + 1 + i, p->top + i);
}

static void palette_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct palette *p = (struct palette *)v;
	const struct tui_command *cmd = typed_command(p);
	AUTO_BUF struct buf note = { 0 };
	int rows = MIN(ROWS, bottom - top), y = bottom - rows, x;

	if (!v->below->cls->full && y > top)
		v->below->cls->draw(v->below, c, top, y);
	c->nzones = 0; /* the view below is not to be reached */
	for (int i = y; i < bottom; i++)
		canvas_blank(c, i, 0, c->cols, ROLE_TEXT);
	if (cmd)
		draw_command(p, cmd, c, y, bottom);
	else
		draw_list(p, c, y, rows);
	if (bottom >= c->rows)
		bottom = c->rows - 1;
	canvas_blank(c, bottom, 0, c->cols, ROLE_TEXT);
	canvas_text(c, bottom, 0, 1, ROLE_KEY, ":");
	if (p->search.on)
		history_note(&p->search, &note);
	x = line_draw(&p->line, c, bottom, 1, c->cols - (note.len ? 22 : 2), ROLE_INPUT);
	if (note.p)
		canvas_cut(c, bottom, c->cols - 18, -1, ROLE_HINT, (const char *)note.p);
	canvas_cursor(c, bottom, x);
	c->cursor_visible = true;
}

/* "rename " and what it would be done to, for the rest to be typed. */
static void type_out(struct palette *p, const struct palette_entry *e)
{
	AUTO_BUF struct buf b = { 0 };
	char line[LINE_MAX_BYTES];
	const struct tui_command *c;

	snprintf(line, sizeof(line), "%s ", e->name);
	c = command_of(p->v.app, line);
	buf_adds(&b, e->name);
	if (c && *p->object && strstr(c->args, p->ctx == CTX_I ? "IMAGE" : p->ctx == CTX_C || p->ctx == CTX_D ? "CONTAINER" : "\n"))
		form_quote(&b, p->object);
	buf_addc(&b, ' ');
	line_set(&p->line, b.p ? (const char *)b.p : line);
	narrow(p);
}

/* A command line: run, or asked about. */
static void run_line(struct palette *p)
{
	struct app *app = p->v.app;
	char line[LINE_MAX_BYTES];

	snprintf(line, sizeof(line), "%s", typed(p));
	for (size_t n = strlen(line); n && line[n - 1] == ' ';)
		line[--n] = 0;
	app_drop(app, &p->v);
	command_run(app, line);
}

static void choose(struct palette *p)
{
	struct palette_entry e = { .act = ACT_NONE };
	struct app *app = p->v.app;

	if (!p->n && !typed_command(p))
		return; /* the list says that there is nothing */
	history_add(&app->commands_past, p->line.text);
	if (typed_command(p)) {
		run_line(p);
		return;
	}
	if (p->cur < p->n)
		e = p->all[p->list[p->cur]];
	if (e.name && e.act == ACT_NONE) {
		type_out(p, &e);
		return;
	}
	app_drop(app, &p->v);
	if (e.name)
		app_act(app, e.act, 0);
}

/* Its whole name; of a command that is typed out, names. */
static void complete(struct palette *p)
{
	if (typed_command(p))
		command_complete(p->v.app, &p->line);
	else if (p->cur < p->n && p->all[p->list[p->cur]].act == ACT_NONE)
		type_out(p, &p->all[p->list[p->cur]]);
	else if (p->cur < p->n)
		line_set(&p->line, p->all[p->list[p->cur]].words);
	narrow(p);
}

static bool palette_input(struct view *v, const struct input_event *ev)
{
	struct palette *p = (struct palette *)v;
	struct app *app = v->app;

	if (ev->type == INPUT_PASTE && ev->first) {
		line_paste(&p->line, ev->text, ev->n);
		narrow(p);
	}
	if (ev->type != INPUT_KEY)
		return true;
	app_dirty(app);
	if (p->search.on && history_input(&p->search, &app->commands_past, &p->line, ev))
		narrow(p);
	else if (history_key(ev)) {
		history_begin(&p->search, &app->commands_past, &p->line);
		narrow(p);
	} else if (keys_is("Down", 4, ev))
		p->cur += p->cur + 1 < p->n;
	else if (keys_is("Up", 2, ev))
		p->cur -= p->cur > 0;
	else if (keys_is("Esc", 3, ev) || keys_is("^C", 2, ev))
		app_drop(app, v);
	else if (keys_is("Tab", 3, ev))
		complete(p);
	else if (keys_is("Enter", 5, ev))
		choose(p);
	else if (line_key(&p->line, ev))
		narrow(p);
	else
		return false;
	return true;
}

static bool palette_act(struct view *v, enum act act, int index)
{
	struct palette *p = (struct palette *)v;

	if (act == ACT_PICK)
		p->cur = MAX(0, MIN(index, p->n - 1));
	return act == ACT_PICK;
}

static int palette_hints(struct view *v, struct hint *ret, int max)
{
	const struct palette *p = (struct palette *)v;
	const struct tui_command *c = typed_command(p);
	int n = 0;

	(void)max;
	if (p->search.on) {
		ret[n++] = (struct hint){ ACT_ACCEPT, "take it", "Enter" };
		ret[n++] = (struct hint){ ACT_HISTORY, "an older one", NULL };
		ret[n++] = (struct hint){ ACT_BACK, "back", "Esc" };
		return n;
	}
	ret[n++] = (struct hint){ ACT_ACCEPT, c ? c->looks ? "run it" : "ask, then run it" : "do it", "Enter" };
	ret[n++] = (struct hint){ ACT_NEXT_FIELD, "complete", "Tab" };
	if (!c)
		ret[n++] = (struct hint){ ACT_NEXT_FIELD, "choose", "Up/Down" };
	ret[n++] = (struct hint){ ACT_HISTORY, "history", NULL };
	ret[n++] = (struct hint){ ACT_BACK, "close", "Esc" };
	return n;
}

const struct view_class view_palette = {
	.name = "palette", .ctx = CTX_F, .size = sizeof(struct palette), .open = palette_open, .close = palette_close,
	.title = palette_title, .draw = palette_draw, .hints = palette_hints, .input = palette_input, .act = palette_act,
};
