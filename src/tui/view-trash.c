/* SPDX-License-Identifier: Apache-2.0 */
/* view-trash.c - what was deleted and can be given back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/act.h"
#include "tui/fmt.h"
#include "tui/prompt.h"
#include "tui/rows.h"
#include "tui/views.h"

struct trash {
	struct view v;
	struct rows rows;
};

static const struct trashrow *at(void *arg, size_t i)
{
	return &((struct trash *)arg)->v.app->model.trash[i];
}

static size_t count(void *arg)
{
	return ((struct trash *)arg)->v.app->model.ntrash;
}

static const char *id_of(void *arg, size_t i)
{
	return at(arg, i)->id;
}

static bool field(void *arg, size_t i, const char *name, struct buf *b)
{
	const struct trashrow *t = at(arg, i);

	if (name)
		return buf_adds(b, strcmp(name, "id") == 0 ? t->id : strcmp(name, "kind") == 0 ? t->kind : t->name) == 0;
	return buf_addf(b, "%s\n%s", t->name, t->kind) == 0;
}

static enum filter_number number(void *arg, size_t i, const char *name, double *ret)
{
	const struct trashrow *t = at(arg, i);
	bool age = strcmp(name, "age") == 0;

	*ret = age ? (double)(((struct trash *)arg)->v.app->now() - t->deleted) / 1e9 : (double)t->size;
	return age ? FILTER_SECONDS : FILTER_AMOUNT;
}

static const char *const fields[] = { "name", "kind", "id", "size", "age", NULL };

static void cell(void *arg, size_t i, int column, char *ret, size_t max, enum role *role)
{
	const struct trashrow *t = at(arg, i);
	char span[FMT_MAX];

	switch (column) {
	case 0:
		snprintf(ret, max, "%s", t->name);
		break;
	case 1:
		snprintf(ret, max, "%s", t->kind);
		break;
	case 2:
		fmt_size(t->size, ret);
		break;
	default:
		fmt_span(((struct trash *)arg)->v.app->now() - t->deleted, span);
		snprintf(ret, max, "%s ago", span);
	}
}

static const struct column columns[] = {
	{ .head = "NAME", .want = 24, .narrow = 15, .most = 80 },
	{ .head = "KIND", .want = 9, .prio = 2 },
	{ .head = "SIZE", .want = 6, .prio = 1, .right = true, .sort = "size" },
	{ .head = "DELETED", .want = 11, .prio = 3, .gap = 1, .sort = "age" },
};
static const struct rows_source source = { count, id_of, field, number, fields, cell, columns, ARRAY_LEN(columns), -1, -1, NULL,
					   true };

static const struct trashrow *focus(struct view *v)
{
	long i = rows_focus(&((struct trash *)v)->rows);

	return i < 0 || (size_t)i >= v->app->model.ntrash ? NULL : &v->app->model.trash[i];
}

static int open_trash(struct view *v, const void *arg)
{
	(void)arg;
	rows_init(&((struct trash *)v)->rows, &source, v);
	rows_update(&((struct trash *)v)->rows);
	return 0;
}

static void close_trash(struct view *v)
{
	rows_finish(&((struct trash *)v)->rows);
}

static void title(struct view *v, struct buf *b)
{
	const struct model *m = &v->app->model;
	uint64_t size = 0;
	char text[FMT_MAX];

	for (size_t i = 0; i < m->ntrash; i++)
		size += m->trash[i].size;
	fmt_size(size, text);
	buf_addf(b, m->ntrash ? "Trash %zu  %s, kept 7 days" : "Trash 0", m->ntrash, text);
}

static void draw(struct view *v, struct canvas *c, int top, int bottom)
{
	int y = rows_draw(&((struct trash *)v)->rows, c, top, bottom);
	AUTO_BUF struct buf marks = { 0 };

	rows_marks_note(&((struct trash *)v)->rows, &marks);
	if (marks.p && bottom - y > 1)
		canvas_cut(c, y + 1, 1, -1, ROLE_TEXT, (const char *)marks.p);

	if (app_prompting(v->app))
		prompt_help_draw(c, y, bottom);
}

static void found(struct view *v, struct buf *b)
{
	rows_found(&((struct trash *)v)->rows, b);
}

static int hints(struct view *v, struct hint *ret, int max)
{
	int n = 0;

	if (focus(v)) {
		ret[n++] = (struct hint){ ACT_UNDO, "give back", NULL };
		ret[n++] = (struct hint){ ACT_PURGE, NULL, NULL };
		ret[n++] = (struct hint){ ACT_FREE, "empty the trash", NULL };
		ret[n++] = (struct hint){ ACT_FIND, NULL, NULL };
	}
	ret[n++] = (struct hint){ ACT_BACK, NULL, NULL };
	return n;
}

static void restore_marked(struct trash *t)
{
	size_t *i = calloc(t->rows.n, sizeof(*i));

	if (i)
		act_restore_many(t->v.app, i, rows_targets(&t->rows, i, t->rows.n));
	free(i);
}

static bool act(struct view *v, enum act a, int index)
{
	struct rows *r = &((struct trash *)v)->rows;
	const struct trashrow *t = focus(v);

	if (rows_act(r, a, index))
		return true;
	if (!t)
		return false;
	if (a == ACT_UNDO && r->nmarks)
		restore_marked((struct trash *)v);
	else if (a == ACT_UNDO || a == ACT_OPEN)
		act_restore(v->app, t->id, t->kind, t->name);
	else if (a == ACT_PURGE)
		act_purge(v->app, t);
	else if (a == ACT_FREE)
		act_empty_trash(v->app);
	else
		return false;
	return true;
}

static void changed(struct view *v, unsigned what)
{
	if (what & MODEL_TRASH)
		rows_update(&((struct trash *)v)->rows);
}

static void note(struct view *v, struct buf *b)
{
	const struct rows *r = &((struct trash *)v)->rows;
	const struct trashrow *t = focus(v);
	char text[FMT_MAX];

	rows_note(r, b);
	if (b->len)
		return;
	if (t) {
		fmt_clock(t->deleted, text);
		buf_addf(b, "%s  %s  deleted %s", t->kind, t->name, text);
	} else {
		buf_adds(b, "The trash is empty: what is deleted here stays for 7 days.");
	}
}

static void find(struct view *v, const char *text, bool done)
{
	(void)done;
	rows_filter(&((struct trash *)v)->rows, text);
}

const struct view_class view_trash = {
	.name = "trash", .ctx = CTX_X, .size = sizeof(struct trash), .open = open_trash, .close = close_trash,
	.title = title, .draw = draw, .hints = hints, .act = act, .changed = changed, .note = note, .find = find,
	.found = found, .fields = fields,
};
