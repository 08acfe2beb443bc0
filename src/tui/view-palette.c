/* SPDX-License-Identifier: Apache-2.0 */
/* view-palette.c - every action that can be done in the view below, and every command of the shell, by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/filter.h"
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
};

static void narrow(struct palette *p)
{
	p->n = p->cur = p->top = 0;
	for (int rank = 0; rank < PALETTE_RANKS; rank++)
		for (int i = 0; i < p->nall; i++)
			if (palette_rank(&p->all[i], p->line.text) == rank)
				p->list[p->n++] = i;
}

static int palette_open(struct view *v, const void *arg)
{
	struct palette *p = (struct palette *)v;
	struct view *below = (struct view *)arg;

	if (below->cls->object)
		snprintf(p->object, sizeof(p->object), "%s", below->cls->object(below) ?: "");
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
	char name[100];


	snprintf(name, sizeof(name), "%s%s%s", e->name, e->of_object && *p->object ? " " : "", e->of_object ? p->object : "");
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

static void palette_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct palette *p = (struct palette *)v;
	int rows = MIN(ROWS, bottom - top), y = bottom - rows, x;

	if (!v->below->cls->full && y > top)
		v->below->cls->draw(v->below, c, top, y);
	c->nzones = 0; /* the view below is not to be reached */
	for (int i = y; i < bottom; i++)
		canvas_blank(c, i, 0, c->cols, ROLE_TEXT);
	canvas_textf(c, y, 1, -1, ROLE_HEAD, "%d of %d match", p->n, p->nall);
	if (c->cols >= COL_ASKS + 8) {
		canvas_text(c, y, COL_KEY, -1, ROLE_HEAD, "KEY");
		canvas_text(c, y, COL_ASKS, -1, ROLE_HEAD, "ASKS");
	}
	rows -= 1 + (rows > 6);
	if (p->cur < p->top || p->cur >= p->top + rows)
		p->top = p->cur < p->top ? p->cur : p->cur - rows + 1;
	for (int i = 0; i < rows && p->top + i < p->n; i++)
		draw_entry(p, c, y + 1 + i, p->top + i);
	if (bottom >= c->rows)
		bottom = c->rows - 1;
	canvas_blank(c, bottom, 0, c->cols, ROLE_TEXT);
	canvas_text(c, bottom, 0, 1, ROLE_KEY, ":");
	x = line_draw(&p->line, c, bottom, 1, c->cols - 2, ROLE_INPUT);
	canvas_cursor(c, bottom, x);
	c->cursor_visible = true;
}

static void choose(struct palette *p)
{
	struct palette_entry e = { .act = ACT_NONE };
	struct app *app = p->v.app;
	char object[80];

	if (p->cur < p->n)
		e = p->all[p->list[p->cur]];
	snprintf(object, sizeof(object), "%s", p->object);
	app_drop(app, &p->v);
	if (p->cur < 0 || !e.name)
		return;
	if (e.act != ACT_NONE)
		app_act(app, e.act, 0);
	else
		app_info(app, "in a shell: berth %s%s%s   (berth %s --help)", e.name, *object ? " " : "", object, e.name);
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
	if (keys_is("Down", 4, ev))
		p->cur += p->cur + 1 < p->n;
	else if (keys_is("Up", 2, ev))
		p->cur -= p->cur > 0;
	else if (keys_is("Esc", 3, ev) || keys_is("^C", 2, ev))
		app_drop(app, v);
	else if (keys_is("Tab", 3, ev) && p->cur < p->n) {
		line_set(&p->line, p->all[p->list[p->cur]].name);
		narrow(p);
	} else if (keys_is("Enter", 5, ev))
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
	ret[0] = (struct hint){ ACT_ACCEPT, "do it", "Enter" };
	ret[1] = (struct hint){ ACT_NEXT_FIELD, "complete", "Tab" };
	ret[2] = (struct hint){ ACT_NEXT_FIELD, "choose", "Up/Down" };
	ret[3] = (struct hint){ ACT_BACK, "close", "Esc" };
	return 4;
}

const struct view_class view_palette = {
	.name = "palette", .ctx = CTX_F, .size = sizeof(struct palette), .open = palette_open, .close = palette_close,
	.title = palette_title, .draw = palette_draw, .hints = palette_hints, .input = palette_input, .act = palette_act,
};
