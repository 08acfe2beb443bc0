/* SPDX-License-Identifier: Apache-2.0 */
/* view-events.c - what was done to containers and images, by whomever: all that is kept, then what comes. */
#include <stdio.h>
#include <string.h>

#include "tui/fmt.h"
#include "tui/text.h"
#include "tui/views.h"

static bool is_bad(const struct berth_event *ev)
{
	for (const char *const *a = ev->attributes; a && *a; a++)
		if (strncmp(*a, "exit_code=", 10) == 0 && strcmp(*a, "exit_code=0") != 0)
			return true;
	return strcmp(ev->action, "oom") == 0;
}

static void on_event(void *arg, const struct berth_event *ev)
{
	struct text_link *l = arg;
	AUTO_BUF struct buf b = { 0 };
	char what[32], at[FMT_MAX];

	if (!l->t)
		return;
	snprintf(what, sizeof(what), "%s%s", strcmp(ev->type, "image") == 0 ? "image " : "", ev->action);
	fmt_date(ev->time, at);
	if (buf_addf(&b, "%s  %-13s %-16s", at, what, *ev->name ? ev->name : ev->id) < 0)
		return;
	for (const char *const *a = ev->attributes; a && *a; a++)
		if (buf_addf(&b, "  %s", *a) < 0)
			return;
	text_add_n(l->t, is_bad(ev) ? ROLE_BAD : ROLE_TEXT, (const char *)b.p, b.len);
	if (l->t->follow)
		text_to_end(l->t);
	app_dirty(l->t->v.app);
}

static void on_end(void *arg, int rc, const struct berth_error *e)
{
	struct text_link *l = arg;

	l->op = NULL;
	if (l->t && rc < 0 && rc != -ECANCELED) {
		text_add(l->t, ROLE_BAD, "%s", e->text);
		app_dirty(l->t->v.app);
	}
	text_link_put(l);
}

static int events_open(struct view *v, const void *arg)
{
	const struct berth_events all = { .since = 1, .follow = true };
	struct textview *t = (struct textview *)v;
	struct berth_error e = { 0 };
	int rc = text_link_new(t);

	if (rc < 0)
		return rc;
	text_init(t);
	snprintf(t->title, sizeof(t->title), "Events");
	t->live = t->follow = true;
	if (berth_events(v->app->berth, &all, on_event, on_end, text_link_get(t), &t->link->op, &e) < 0) {
		text_link_put(t->link);
		text_add(t, ROLE_BAD, "%s", e.text);
	}
	return 0;
}

static void events_note(struct view *v, struct buf *b)
{
	const struct textview *t = (struct textview *)v;

	buf_adds(b, !t->n ? "Nothing has happened yet." : t->follow ? "The newest comes last, as it happens." : "G goes on to the newest.");
}

const struct view_class view_events = {
	.name = "events", .ctx = CTX_T, .text = text_all, .size = sizeof(struct textview), .open = events_open, .close = text_close,
	.title = text_title, .draw = text_draw, .hints = text_hints, .act = text_act, .find = text_find, .note = events_note,
};
