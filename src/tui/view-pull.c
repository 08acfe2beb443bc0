/* SPDX-License-Identifier: Apache-2.0 */
/* view-pull.c - a pull on its way, a line a layer. Leaving it lets the pull go on. */
#include <stdio.h>
#include <string.h>

#include "tui/fmt.h"
#include "tui/task.h"
#include "tui/views.h"

struct pullview {
	struct view v;
	struct task *t;
	size_t top;
};

static int pull_open(struct view *v, const void *arg)
{
	((struct pullview *)v)->t = (struct task *)arg;
	return 0;
}

static void pull_title(struct view *v, struct buf *b)
{
	buf_addf(b, "Images > %s", ((struct pullview *)v)->t->object);
}

static void draw_layer(struct canvas *c, int y, const struct berth_layer *l)
{
	static const char *const words[] = { "waiting", "shared", "download", "check", "unpack", "done" };
	static const enum role roles[] = { ROLE_DIM, ROLE_TEXT, ROLE_BUSY, ROLE_BUSY, ROLE_BUSY, ROLE_OK };
	char id[FMT_MAX], size[FMT_MAX], done[FMT_MAX], bar[32];
	bool moving = l->state == BERTH_LAYER_DOWNLOAD || l->state == BERTH_LAYER_UNPACK;

	fmt_short(l->digest, id);
	fmt_size(l->size, size);
	canvas_text(c, y, 3, 12, ROLE_TEXT, id);
	canvas_right(c, y, 23, ROLE_TEXT, size);
	canvas_text(c, y, 25, 9, roles[l->state], words[l->state]);
	if (moving && c->cols >= 60) {
		fmt_bar(l->done, l->size, 24, bar, sizeof(bar));
		fmt_size(l->done, done);
		canvas_text(c, y, 35, -1, ROLE_TEXT, bar);
		if (l->size)
			canvas_textf(c, y, 60, -1, ROLE_TEXT, "%3u%% %6s",
				     (unsigned)(MIN(l->done, l->size) * 100 / l->size), done);
	} else if (l->state == BERTH_LAYER_SHARED) {
		canvas_text(c, y, 35, -1, ROLE_TEXT, "was here, not downloaded");
	} else if (l->state == BERTH_LAYER_DONE && l->took_ms) {
		fmt_took(l->took_ms, done);
		canvas_text(c, y, 35, -1, ROLE_TEXT, done);
	}
}

static void pull_draw(struct view *v, struct canvas *c, int top, int bottom)
{
	const struct task *t = ((struct pullview *)v)->t;
	char done[FMT_MAX], total[FMT_MAX], rate[FMT_MAX], line[200];
	size_t here = 0;
	int y = top;

	for (size_t i = 0; i < t->nlayers; i++)
		here += t->layers[i].state == BERTH_LAYER_DONE || t->layers[i].state == BERTH_LAYER_SHARED;
	fmt_size(t->done, done);
	fmt_size(t->total, total);
	fmt_size(t->rate, rate);
	snprintf(line, sizeof(line), "Pull %.120s", t->object);
	canvas_cut(c, y, 1, c->cols - 28, ROLE_TITLE, line);
	if (t->total) {
		snprintf(line, sizeof(line), "%u%%  %s of %s", (unsigned)(MIN(t->done, t->total) * 100 / t->total), done,
			 total);
		canvas_right(c, y, c->cols - 1, ROLE_TEXT, line);
	}
	y++;
	if (!t->op)
		canvas_cut(c, y, 1, -1, t->failed ? ROLE_BAD : ROLE_OK, t->failed ? t->error : "done");
	else if (t->rate && t->total > t->done)
		canvas_textf(c, y, 1, -1, ROLE_TEXT, "%s/s   %llu s left   %zu of %zu layers done", rate,
			     (unsigned long long)((t->total - t->done) / t->rate + 1), here, t->nlayers);
	else
		canvas_cut(c, y, 1, -1, ROLE_TEXT, *t->stage ? t->stage : "asking the registry");
	y += 2;
	if (t->nlayers && y < bottom) {
		canvas_text(c, y, 3, -1, ROLE_HEAD, "LAYER");
		canvas_right(c, y, 23, ROLE_HEAD, "SIZE");
		canvas_text(c, y++, 25, -1, ROLE_HEAD, "STATE");
	}
	for (size_t i = ((struct pullview *)v)->top; i < t->nlayers && y < bottom; i++)
		draw_layer(c, y++, &t->layers[i]);
	canvas_cursor(c, top, 1);
}

static int pull_hints(struct view *v, struct hint *ret, int max)
{
	const struct task *t = ((struct pullview *)v)->t;

	ret[0] = (struct hint){ ACT_BACK, t->op ? "back, the pull goes on" : "back", NULL };
	ret[1] = (struct hint){ ACT_CANCEL, NULL, NULL };
	ret[2] = (struct hint){ ACT_VIEW_MESSAGES, "messages", "e" };
	return t->op ? 3 : 1;
}

static void answer(struct app *app, char key, const char *id, void *arg)
{
	struct task *t = key == 'y' ? task_find(app, id) : NULL;

	if (t)
		task_cancel(t);
}

static bool pull_act(struct view *v, enum act act, int index)
{
	struct pullview *p = (struct pullview *)v;
	char text[300];

	if (act == ACT_CANCEL && p->t->op) {
		snprintf(text, sizeof(text), "Cancel the pull of %s?\nParts that were fetched are kept.", p->t->object);
		app_ask(v->app, p->t->object, "cancel", text, answer, NULL);
		return true;
	}
	if (act == ACT_DOWN && p->top + 1 < p->t->nlayers)
		p->top++;
	else if (act == ACT_UP && p->top > 0)
		p->top--;
	else if (act == ACT_OPEN)
		app_pop(v->app);
	else
		return false;
	return true;
}

static void pull_note(struct view *v, struct buf *b)
{
	const struct task *t = ((struct pullview *)v)->t;

	if (*t->note)
		buf_adds(b, t->note);
	else if (*t->digest)
		buf_adds(b, t->digest);
}

const struct view_class view_pull = {
	.name = "pull", .ctx = CTX_J, .size = sizeof(struct pullview), .open = pull_open, .title = pull_title,
	.draw = pull_draw, .hints = pull_hints, .act = pull_act, .note = pull_note,
};
