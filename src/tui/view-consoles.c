/* SPDX-License-Identifier: Apache-2.0 */
/* view-consoles.c - all consoles, with viewers and sizes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/act.h"
#include "tui/fmt.h"
#include "tui/prompt.h"
#include "tui/rows.h"
#include "tui/task.h"
#include "tui/views.h"

struct listview {
	struct view v;
	struct rows rows;
};

static struct app *app_of(void *arg)
{
	return ((struct listview *)arg)->v.app;
}

static void list_close(struct view *v)
{
	rows_finish(&((struct listview *)v)->rows);
}

static void list_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	int y = rows_draw(&((struct listview *)v)->rows, c, top, bottom);

	if (app_prompting(v->app))
		prompt_help_draw(c, y, bottom);
}

static void list_found(struct view *v, struct buf *b)
{
	rows_found(&((struct listview *)v)->rows, b);
}

static void list_find(struct view *v, const char *text, bool done)
{
	rows_filter(&((struct listview *)v)->rows, text);
}

static void list_note(struct view *v, struct buf *b)
{
	rows_note(&((struct listview *)v)->rows, b);
}

static size_t con_count(void *arg)
{
	return app_of(arg)->model.ncons;
}

static const struct con *con_at(void *arg, size_t i)
{
	return &app_of(arg)->model.cons[i];
}

static const char *con_id(void *arg, size_t i)
{
	return con_at(arg, i)->id;
}

static bool con_field(void *arg, size_t i, const char *name, struct buf *b)
{
	const struct con *c = con_at(arg, i);

	if (name)
		return buf_adds(b, strcmp(name, "command") == 0 ? c->command : c->container) == 0;
	return buf_addf(b, "%s\n%s", c->container, c->command) == 0;
}

static const char *const con_fields[] = { "container", "command", NULL };

static void con_cell(void *arg, size_t i, int column, char *ret, size_t max, enum role *role)
{
	const struct con *c = con_at(arg, i);

	if (column == 0)
		snprintf(ret, max, "%s:%u", c->container, c->n);
	else if (column == 1) {
		snprintf(ret, max, c->alive ? "+ up" : "x exit %d", c->exit_code);
		*role = c->alive ? ROLE_OK : ROLE_TEXT;
	} else if (column == 2)
		snprintf(ret, max, c->rows ? "%ux%u" : "-", c->cols, c->rows);
	else if (column == 3)
		snprintf(ret, max, "%u", c->viewers);
	else
		snprintf(ret, max, "%s", c->command);
}

static const struct column con_columns[] = {
	{ .head = "CONSOLE", .want = 16 },
	{ .head = "STATE", .want = 10, .sign = 2 },
	{ .head = "SIZE", .want = 8, .prio = 2 },
	{ .head = "VIEWERS", .want = 7, .prio = 1, .right = true },
	{ .head = "COMMAND", .want = 20, .narrow = 10, .most = 1000 },
};
static const struct rows_source con_source = { con_count, con_id, con_field, NULL, con_fields, con_cell, con_columns,
					       ARRAY_LEN(con_columns), -1, -1, NULL };

static int con_open(struct view *v, const void *arg)
{
	rows_init(&((struct listview *)v)->rows, &con_source, v);
	rows_update(&((struct listview *)v)->rows);
	model_refresh(v->app, MODEL_CONS);
	return 0;
}

static void con_title(struct view *v, struct buf *b)
{
	buf_addf(b, "Consoles %zu", v->app->model.ncons);
}

static int con_hints(struct view *v, struct hint *ret, int max)
{
	ret[0] = (struct hint){ ACT_OPEN, NULL, NULL };
	ret[1] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[2] = (struct hint){ ACT_BACK, NULL, NULL };
	return 3;
}

static bool con_act(struct view *v, enum act act, int index)
{
	long i = rows_focus(&((struct listview *)v)->rows);
	const struct con *c = i < 0 || (size_t)i >= v->app->model.ncons ? NULL : &v->app->model.cons[i];
	char id[65];
	const struct ctr *ctr;

	if (rows_act(&((struct listview *)v)->rows, act, index))
		return true;
	if (!c || act != ACT_OPEN)
		return false;
	snprintf(id, sizeof(id), "%.64s", c->id);
	ctr = model_ctr(&v->app->model, id);
	if (ctr)
		act_console(v->app, ctr, c->n);
	return true;
}

static void con_changed(struct view *v, unsigned what)
{
	if (what & MODEL_CONS)
		rows_update(&((struct listview *)v)->rows);
}

static void con_note(struct view *v, struct buf *b)
{
	list_note(v, b);
	if (!b->len && !v->app->model.ncons)
		buf_adds(b, "No consoles: no container runs.");
}

const struct view_class view_consoles = {
	.name = "consoles", .ctx = CTX_L, .size = sizeof(struct listview), .open = con_open, .close = list_close,
	.title = con_title, .draw = list_draw, .hints = con_hints, .act = con_act, .changed = con_changed,
	.note = con_note, .find = list_find, .found = list_found, .fields = con_fields,
};
