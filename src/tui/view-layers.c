/* SPDX-License-Identifier: Apache-2.0 */
/* view-layers.c - the layers of an image, and which other images have them too. */
#include <stdio.h>
#include <string.h>

#include "tui/fmt.h"
#include "tui/prompt.h"
#include "tui/rows.h"
#include "tui/view-images.h"
#include "tui/views.h"

struct layers {
	struct view v;
	struct rows rows;
	char id[80]; /* of the image */
};

static const struct img *image_of(const struct layers *l)
{
	const struct model *m = &l->v.app->model;

	for (size_t i = 0; i < m->nimgs; i++)
		if (strcmp(m->imgs[i].id, l->id) == 0)
			return &m->imgs[i];
	return NULL;
}

static size_t count(void *arg)
{
	const struct img *i = image_of(arg);

	return i ? i->layers : 0;
}

static const char *id_of(void *arg, size_t i)
{
	return image_of(arg)->layer[i].digest;
}

/* The names of the others that have it, a line each. */
static void sharers(const struct layers *l, size_t i, struct buf *b, const char *between)
{
	const struct model *m = &l->v.app->model;
	const struct img *own = image_of(l);

	for (size_t k = 0; k < m->nimgs; k++)
		if (strcmp(m->imgs[k].id, own->id) != 0 && img_has_layer(&m->imgs[k], own->layer[i].digest))
			buf_addf(b, "%s%s", b->len ? between : "", m->imgs[k].name);
}

static bool field(void *arg, size_t i, const char *name, struct buf *b)
{
	if (!name || strcmp(name, "id") == 0) {
		const char *digest = image_of(arg)->layer[i].digest, *hex = strchr(digest, ':');

		buf_addf(b, "%s\n", hex ? hex + 1 : digest);
	}
	if (!name || strcmp(name, "shared") == 0)
		sharers(arg, i, b, "\n");
	return true;
}

static enum filter_number number(void *arg, size_t i, const char *name, double *ret)
{
	(void)name;
	*ret = (double)image_of(arg)->layer[i].size;
	return FILTER_AMOUNT;
}

static const char *const fields[] = { "id", "shared", "size", NULL };

static void cell(void *arg, size_t i, int column, char *ret, size_t max, enum role *role)
{
	AUTO_BUF struct buf names = { 0 };

	(void)role;
	if (column == 0) {
		snprintf(ret, max, "%zu", i + 1);
	} else if (column == 1) {
		fmt_short(image_of(arg)->layer[i].digest, ret);
	} else if (column == 2) {
		fmt_size_fine(image_of(arg)->layer[i].size, ret);
	} else {
		sharers(arg, i, &names, ", ");
		snprintf(ret, max, "%s", names.p ? (const char *)names.p : "-");
	}
}

static const struct column columns[] = {
	{ .head = "NR", .want = 3 },
	{ .head = "LAYER", .want = 12 },
	{ .head = "SIZE", .want = 6, .right = true, .sort = "size" },
	{ .head = "SHARED WITH", .want = 30, .narrow = 14, .gap = 1, .most = 80 },
};
static const struct rows_source source = { count, id_of, field, number, fields, cell, columns, ARRAY_LEN(columns), -1, -1,
					   NULL };

static int open_layers(struct view *v, const void *arg)
{
	struct layers *l = (struct layers *)v;

	snprintf(l->id, sizeof(l->id), "%s", (const char *)arg);
	rows_init(&l->rows, &source, v);
	rows_update(&l->rows);
	return 0;
}

static void close_layers(struct view *v)
{
	rows_finish(&((struct layers *)v)->rows);
}

static void title(struct view *v, struct buf *b)
{
	const struct img *i = image_of((struct layers *)v);

	buf_addf(b, "Images > %s > Layers", i ? i->name : "gone");
}

static void draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct layers *l = (struct layers *)v;
	int y = rows_draw(&l->rows, c, top, bottom);

	if (app_prompting(v->app))
		prompt_help_draw(c, y, bottom);
}

static int hints(struct view *v, struct hint *ret, int max)
{
	(void)v;
	(void)max;
	ret[0] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[1] = (struct hint){ ACT_BACK, NULL, NULL };
	return 2;
}

static bool act(struct view *v, enum act act, int index)
{
	return rows_act(&((struct layers *)v)->rows, act, index);
}

static void changed(struct view *v, unsigned what)
{
	if (what & MODEL_IMGS)
		rows_update(&((struct layers *)v)->rows);
}

/* The digest whole, which nothing else shows. */
static void note(struct view *v, struct buf *b)
{
	const struct img *i = image_of((struct layers *)v);
	long at = rows_focus(&((struct layers *)v)->rows);

	rows_note(&((struct layers *)v)->rows, b);
	if (!b->len && i && at >= 0 && (unsigned)at < i->layers)
		buf_adds(b, i->layer[at].digest);
}

static void find(struct view *v, const char *text, bool done)
{
	(void)done;
	rows_filter(&((struct layers *)v)->rows, text);
}

static void found(struct view *v, struct buf *b)
{
	rows_found(&((struct layers *)v)->rows, b);
}

const struct view_class view_layers = {
	.name = "layers", .ctx = CTX_L, .size = sizeof(struct layers), .open = open_layers, .close = close_layers,
	.title = title, .draw = draw, .hints = hints, .act = act, .changed = changed, .note = note, .find = find,
	.found = found, .fields = fields,
};
