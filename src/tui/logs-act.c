/* SPDX-License-Identifier: Apache-2.0 */
/* logs-act.c - what can be done in logs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "tui/logs.h"
#include "tui/views.h"

#define SECOND 1000000000ll

const char *logs_name(const struct textview *t, const struct text_line *l, enum role *role)
{
	const struct logview *v = (const struct logview *)t;

	*role = (enum role)(ROLE_SOURCE_FIRST + l->from % ROLE_SOURCES);
	return l->from < v->nsrc ? v->src[l->from]->name : "?";
}

int64_t logs_since(const struct textview *t, const struct text_line *l)
{
	const struct logview *v = (const struct logview *)t;

	return l->from < v->nsrc ? v->src[l->from]->started : 0;
}

/* "14:02", "14:02:11" on the day of the last line, or "10m" before it. */
static int parse_time(const struct textview *t, const char *text, int64_t *ret)
{
	int64_t last = t->n ? t->lines[t->n - 1].time : 0, ms;
	time_t day = last / SECOND;
	struct tm tm;
	int h, m, s = 0, used = 0;

	if (sscanf(text, "%2d:%2d%n:%2d%n", &h, &m, &used, &s, &used) >= 2 && !text[used] && localtime_r(&day, &tm)) {
		tm.tm_hour = h;
		tm.tm_min = m;
		tm.tm_sec = s;
		tm.tm_isdst = -1;
		*ret = (int64_t)mktime(&tm) * SECOND;
		return h < 24 && m < 60 && s < 60 ? 0 : -EINVAL;
	}
	if (str_parse_duration(text + (*text == '-'), &ms, NULL) < 0)
		return -EINVAL;
	*ret = last - ms * 1000000;
	return 0;
}

static void go_to_time(struct textview *t, const char *text)
{
	int64_t when;
	size_t i = 0;

	if (parse_time(t, text, &when) < 0) {
		app_info(t->v.app, "'%s' is not a time, as in 14:02, 14:02:11 or 10m", text);
		return;
	}
	while (i < t->nrows && t->lines[t->rows[i].i].time < when)
		i++;
	if (i == t->nrows)
		app_info(t->v.app, "there is no line from then on");
	else
		text_go(t, i);
}

bool logs_act(struct view *view, enum act act, int index)
{
	struct logview *v = (struct logview *)view;
	struct textview *t = &v->t;
	char name[100];

	switch (act) {
	case ACT_FOLD:
	case ACT_STDERR:
		t->fold = act == ACT_FOLD ? !t->fold : t->fold;
		t->err_only = act == ACT_STDERR ? !t->err_only : t->err_only;
		text_show_again(t);
		if (t->follow)
			text_to_end(t);
		return true;
	case ACT_SOURCES:
		app_push(view->app, &view_sources, v);
		return true;
	case ACT_GOTO:
		app_prompt(view->app, '@', "");
		return true;
	case ACT_SAVE:
		snprintf(name, sizeof(name), "%s.log", v->nsrc == 1 ? v->src[0]->name : "berth");
		app_prompt(view->app, '>', name);
		return true;
	case ACT_FIND_NEXT:
	case ACT_FIND_PREV:
		return logs_search_step(v, act == ACT_FIND_NEXT ? 1 : -1) || text_act(view, act, index);
	case ACT_FOLLOW:
	case ACT_END:
		if (!v->around)
			return text_act(view, act, index);
		t->follow = true;
		logs_read(v);
		return true;
	case ACT_BACK:
	case ACT_INTERRUPT:
		logs_search_stop(v);
		if (!text_act(view, act, index))
			return false;
		if (*v->read_only || v->around)
			logs_read(v);
		return true;
	default:
		return text_act(view, act, index);
	}
}

void logs_find(struct view *view, const char *text, bool done)
{
	struct logview *v = (struct logview *)view;

	switch (view->app->prompt.lead) {
	case '@':
		if (done && *text)
			go_to_time(&v->t, text);
		return;
	default:
		text_find(view, text, done && view->app->prompt.lead != '/');
		if (view->app->prompt.lead == '&' && done && strcmp(v->read_only, v->t.only) != 0)
			logs_read(v); /* the whole log, by its reader */
		if (view->app->prompt.lead == '/') {
			logs_search_stop(v);
			if (done && *text) {
				v->t.mark = 0;
				logs_search_start(v, v->t.matched ? 0 : -1);
				if (v->t.matched)
					text_act(view, ACT_FIND_NEXT, 0);
			}
		}
	}
}
