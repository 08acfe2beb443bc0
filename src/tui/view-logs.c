/* SPDX-License-Identifier: Apache-2.0 */
/* view-logs.c - what a container writes, line by line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/text.h"
#include "tui/views.h"

#define LOG_TAIL 2000

static void on_log_line(void *arg, const struct berth_log_line *line)
{
	struct text_link *l = arg;
	struct text_line *r;

	if (!l->t)
		return;
	r = text_add_n(l->t, ROLE_TEXT, line->text, line->len && line->text[line->len - 1] == '\r' ? line->len - 1 : line->len);
	if (r) {
		r->err = line->stream == 2;
		r->time = line->time;
	}
	if (l->t->follow)
		text_to_end(l->t);
	app_dirty(l->t->v.app);
}

static void on_log_end(void *arg, int rc, const struct berth_error *e)
{
	struct text_link *l = arg;

	l->op = NULL;
	if (l->t && rc < 0 && rc != -ECANCELED)
		text_add(l->t, ROLE_BAD, "%s", e->text);
	else if (l->t && rc == 0)
		text_add(l->t, ROLE_DIM, "the container has ended");
	if (l->t)
		app_dirty(l->t->v.app);
	text_link_put(l);
}

static int logs_open(struct view *v, const void *arg)
{
	const struct ctr_arg *a = arg;
	struct textview *t = (struct textview *)v;
	struct berth_logs logs = { .name = a->id, .follow = true, .tail = LOG_TAIL };
	struct berth_error e = { 0 };
	int rc = text_link_new(t);

	if (rc < 0)
		return rc;
	text_init(t);
	t->live = t->follow = true;
	snprintf(t->title, sizeof(t->title), "Logs > %s", a->name);
	rc = berth_logs(v->app->berth, &logs, on_log_line, on_log_end, text_link_get(t), &t->link->op, &e);
	if (rc < 0) {
		text_link_put(t->link);
		text_add(t, ROLE_BAD, "%s", e.text);
	}
	return 0;
}

static int logs_hints(struct view *v, struct hint *ret, int max)
{
	ret[0] = (struct hint){ ACT_FOLLOW, NULL, NULL };
	ret[1] = (struct hint){ ACT_ONLY, "only", NULL };
	ret[2] = (struct hint){ ACT_FIND, NULL, NULL };
	ret[3] = (struct hint){ ACT_WRAP, NULL, NULL };
	ret[4] = (struct hint){ ACT_TIME, NULL, NULL };
	ret[5] = (struct hint){ ACT_BACK, NULL, NULL };
	return 6;
}

const struct view_class view_logs = {
	.name = "logs", .ctx = CTX_O, .size = sizeof(struct textview), .open = logs_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = logs_hints, .act = text_act, .find = text_find,
};
