/* SPDX-License-Identifier: Apache-2.0 */
/* view-choose.c - values for a field of the form below: Enter takes one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/form.h"
#include "tui/prompt.h"
#include "tui/rows.h"

struct choose {
	struct view v;
	struct rows rows;
	struct formview *form; /* stands below, so it outlives us */
	int field;
	char title[40];
	char *text, **value; /* of the text */
	size_t n;
};

static size_t count(void *arg)
{
	return ((struct choose *)arg)->n;
}

static const char *id_of(void *arg, size_t i)
{
	return ((struct choose *)arg)->value[i];
}

static bool field(void *arg, size_t i, const char *name, struct buf *b)
{
	return !name && buf_adds(b, id_of(arg, i)) == 0;
}

static void cell(void *arg, size_t i, int column, char *ret, size_t max, enum role *role)
{
	(void)column;
	(void)role;
	snprintf(ret, max, "%s", id_of(arg, i));
}

static const char *const fields[] = { NULL };
static const struct column columns[] = { { .head = "VALUE", .want = 30, .most = 1000 } };
static const struct rows_source source = { count, id_of, field, NULL, fields, cell, columns, 1, -1, -1, NULL };

static int open_choose(struct view *v, const void *arg)
{
	const struct choose_arg *a = arg;
	struct choose *c = (struct choose *)v;
	char *save = NULL;

	c->form = a->form;
	c->field = a->field;
	snprintf(c->title, sizeof(c->title), "%s", a->title);
	c->text = strdup(a->values);
	c->value = c->text ? calloc(strlen(c->text) + 1, sizeof(*c->value)) : NULL;
	for (char *p = c->value ? strtok_r(c->text, "\n", &save) : NULL; p; p = strtok_r(NULL, "\n", &save))
		c->value[c->n++] = p;
	rows_init(&c->rows, &source, v);
	rows_update(&c->rows);
	return 0;
}

static void close_choose(struct view *v)
{
	struct choose *c = (struct choose *)v;

	rows_finish(&c->rows);
	free(c->value);
	free(c->text);
}

static void title(struct view *v, struct buf *b)
{
	const struct choose *c = (struct choose *)v;

	buf_addf(b, "%s > %s", c->form->cls->title, c->title);
}

static void draw(struct view *v, struct canvas *c, int top, int bottom)
{
	rows_draw(&((struct choose *)v)->rows, c, top, bottom);
}

static int hints(struct view *v, struct hint *ret, int max)
{
	(void)v;
	(void)max;
	ret[0] = (struct hint){ ACT_OPEN, "take it", NULL };
	ret[1] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[2] = (struct hint){ ACT_BACK, NULL, NULL };
	return 3;
}

static bool act(struct view *v, enum act act, int index)
{
	struct choose *c = (struct choose *)v;
	struct formview *f = c->form;
	long at = rows_focus(&c->rows);

	if (act != ACT_OPEN)
		return rows_act(&c->rows, act, index);
	if (at >= 0) {
		line_set(&f->line[c->field], c->value[at]);
		f->touched = true;
		f->pressed = false;
		if (f->cls->changed)
			f->cls->changed(f, c->field);
	}
	app_pop(v->app);
	return true;
}

static void note(struct view *v, struct buf *b)
{
	rows_note(&((struct choose *)v)->rows, b);
}

static void find(struct view *v, const char *text, bool done)
{
	(void)done;
	rows_filter(&((struct choose *)v)->rows, text);
}

static void found(struct view *v, struct buf *b)
{
	rows_found(&((struct choose *)v)->rows, b);
}

const struct view_class view_choose = {
	.name = "choose", .ctx = CTX_L, .size = sizeof(struct choose), .open = open_choose, .close = close_choose,
	.title = title, .draw = draw, .hints = hints, .act = act, .note = note, .find = find, .found = found,
};
