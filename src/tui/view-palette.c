/* SPDX-License-Identifier: Apache-2.0 */
/* view-palette.c - every action of the view below, narrowed by typing. */
#include "base/filter.h"
#include "tui/views.h"

struct palette {
	struct view v;
	struct line line;
	const struct key *list[128];
	int n, cur;
	enum key_ctx ctx;
};

static void narrow(struct palette *p)
{
	enum key_ctx in[4];

	p->n = p->cur = 0;
	keys_contexts(p->ctx, in);
	for (int c = 0; in[c] != CTX_NONE; c++)
		for (int i = 0; i < keys_count && p->n < (int)ARRAY_LEN(p->list); i++)
			if (keys_table[i].ctx == in[c] && keys_table[i].act != ACT_PALETTE &&
			    (filter_has(keys_table[i].name, p->line.text) || filter_has(keys_table[i].what, p->line.text)))
				p->list[p->n++] = &keys_table[i];
}

static int palette_open(struct view *v, const void *arg)
{
	struct palette *p = (struct palette *)v;

	p->ctx = ((const struct view *)arg)->cls->ctx;
	narrow(p);
	return 0;
}

static void palette_title(struct view *v, struct buf *b)
{
	const struct palette *p = (struct palette *)v;

	buf_addf(b, "Commands  %d match", p->n);
}

static void palette_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct palette *p = (struct palette *)v;
	int rows = bottom - top - 1, first = p->cur >= rows ? p->cur - rows + 1 : 0;

	for (int i = first; i < p->n && i - first < rows; i++) {
		const struct key *k = p->list[i];
		int y = top + i - first;
		char key[16];

		keys_first(k, key, sizeof(key));
		if (i == p->cur)
			canvas_text(c, y, 0, 1, ROLE_KEY, ">");
		canvas_cut(c, y, 3, 16, i == p->cur ? ROLE_CURSOR : ROLE_TEXT, k->name);
		canvas_cut(c, y, 20, 6, ROLE_KEY, key);
		canvas_cut(c, y, 27, -1, ROLE_TEXT, k->what);
	}
	canvas_text(c, bottom - 1, 0, 1, ROLE_KEY, ":");
	canvas_cursor(c, bottom - 1, line_draw(&p->line, c, bottom - 1, 1, c->cols - 2, ROLE_INPUT));
	c->cursor_visible = true;
}

static bool palette_input(struct view *v, const struct input_event *ev)
{
	struct palette *p = (struct palette *)v;
	struct app *app = v->app;

	if (ev->type == INPUT_KEY && (keys_is("Down", 4, ev) || keys_is("Tab", 3, ev)))
		p->cur += p->cur + 1 < p->n;
	else if (ev->type == INPUT_KEY && keys_is("Up", 2, ev))
		p->cur -= p->cur > 0;
	else if (keys_is("Esc", 3, ev) || keys_is("^C", 2, ev))
		app_drop(app, v);
	else if (keys_is("Enter", 5, ev)) {
		enum act act = p->cur < p->n ? p->list[p->cur]->act : ACT_NONE;

		app_drop(app, v);
		if (act != ACT_NONE)
			app_act(app, act, 0);
	} else if (ev->type == INPUT_KEY && line_key(&p->line, ev)) {
		narrow(p);
	}
	app_dirty(app);
	return true;
}

static int palette_hints(struct view *v, struct hint *ret, int max)
{
	ret[0] = (struct hint){ ACT_ACCEPT, "do it", "Enter" };
	ret[1] = (struct hint){ ACT_NEXT_FIELD, "choose", "Up/Down" };
	ret[2] = (struct hint){ ACT_BACK, "close", "Esc" };
	return 3;
}

const struct view_class view_palette = {
	.name = "palette", .ctx = CTX_F, .size = sizeof(struct palette), .open = palette_open, .title = palette_title,
	.draw = palette_draw, .hints = palette_hints, .input = palette_input,
};
