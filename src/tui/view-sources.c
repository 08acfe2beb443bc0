/* SPDX-License-Identifier: Apache-2.0 */
/* view-sources.c - of which containers the view below shows the logs. */
#include <stdio.h>
#include <string.h>

#include "tui/logs.h"
#include "tui/views.h"

struct sources {
	struct view v;
	struct logview *logs;
	size_t cur, top;
};

static int sources_open(struct view *v, const void *arg)
{
	((struct sources *)v)->logs = (struct logview *)arg;
	return 0;
}

static void sources_title(struct view *v, struct buf *b)
{
	buf_adds(b, "Logs > Sources");
}

static void sources_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	struct sources *s = (struct sources *)v;
	const struct model *m = &v->app->model;
	size_t rows = (size_t)MAX(1, bottom - top);

	if (s->cur < s->top || s->cur >= s->top + rows)
		s->top = s->cur < s->top ? s->cur : s->cur - rows + 1;
	for (size_t i = s->top; i < m->nctrs && top < bottom; i++, top++) {
		const struct ctr *ctr = &m->ctrs[i];
		char state[40];

		ctr_state_text(ctr, state, sizeof(state));
		if (i == s->cur) {
			canvas_text(c, top, 0, 1, ROLE_KEY, ">");
			canvas_cursor(c, top, 3);
		}
		canvas_zone(c, top, 0, c->cols, ZONE_ROW, i, i == s->cur);
		canvas_text(c, top, 1, 1, ROLE_MARK, logs_has(s->logs, ctr->id) ? "*" : " ");
		canvas_cut(c, top, 3, 24, i == s->cur ? ROLE_CURSOR : ROLE_TEXT, ctr->name);
		canvas_cut(c, top, 28, 14, (enum role)ctr_state_role(ctr), state);
		canvas_cut(c, top, 43, -1, ROLE_TEXT, ctr->image);
	}
}

static int sources_hints(struct view *v, struct hint *ret, int max)
{
	ret[0] = (struct hint){ ACT_MARK, "show or not", "Space" };
	ret[1] = (struct hint){ ACT_DOWN, "move", "j/k" };
	ret[2] = (struct hint){ ACT_BACK, NULL, NULL };
	return 3;
}

static bool sources_act(struct view *v, enum act act, int index)
{
	struct sources *s = (struct sources *)v;
	size_t n = v->app->model.nctrs;

	switch (act) {
	case ACT_DOWN:
		s->cur += s->cur + 1 < n;
		return true;
	case ACT_UP:
		s->cur -= s->cur > 0;
		return true;
	case ACT_TOP:
	case ACT_END:
		s->cur = act == ACT_TOP || !n ? 0 : n - 1;
		return true;
	case ACT_PICK:
		s->cur = n ? MIN(n - 1, (size_t)MAX(index, 0)) : 0;
		return true;
	case ACT_MARK:
	case ACT_OPEN:
		if (s->cur < n)
			logs_toggle(s->logs, &v->app->model.ctrs[s->cur]);
		return true;
	default:
		return false;
	}
}

static void sources_changed(struct view *v, unsigned what)
{
	struct sources *s = (struct sources *)v;
	size_t n = v->app->model.nctrs;

	if (s->cur >= n)
		s->cur = n ? n - 1 : 0;
}

const struct view_class view_sources = {
	.name = "sources", .ctx = CTX_L, .size = sizeof(struct sources), .open = sources_open, .title = sources_title,
	.draw = sources_draw, .hints = sources_hints, .act = sources_act, .changed = sources_changed,
};
