/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - lines to read: a pane that scrolls, wraps, finds and filters. The views of text begin with one. */
#ifndef BERTH_TUI_TEXT_H
#define BERTH_TUI_TEXT_H

#include "base/filter.h"
#include "tui/app.h"

#define TEXT_LINES_MAX 20000

struct text_line {
	char *text;
	enum role role;
	bool err;      /* stderr */
	int64_t time;  /* 0: none */
};

struct textview {
	struct view v;
	char title[120];
	struct text_line *lines;
	size_t n, cap, dropped;
	size_t top;       /* among the lines that are shown */
	size_t *shown;    /* indexes of those that match only[] */
	size_t nshown, shown_cap;
	int pan, page;
	bool wrap;
	bool keep_end;    /* stays at the end when the screen changes */
	bool live, follow; /* live: lines come, and can be followed */
	int times;        /* 0 clock, 1 date, 2 none */
	char find[128], only[FILTER_TEXT_MAX + 1];
	struct filter *filter; /* of only[] */
	struct text_link *link;
};

/* What a call's callback holds on to: the view, or NULL once it is gone. */
struct text_link {
	struct textview *t;
	struct berth_op *op;
	int refs;
};

/* Of a view that asks the engine. text_link_get: for one call more. */
int text_link_new(struct textview *t);
struct text_link *text_link_get(struct textview *t);
void text_link_put(struct text_link *l);

void text_init(struct textview *t);
void text_clear(struct textview *t);
/* The line, until the next one comes, or NULL. */
struct text_line *text_add_n(struct textview *t, enum role role, const char *s, size_t n);
struct text_line *text_add(struct textview *t, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Text of many lines. */
void text_add_text(struct textview *t, const char *text, size_t len);
void text_to_end(struct textview *t);

/* For struct view_class. */
void text_close(struct view *v);
void text_title(struct view *v, struct buf *b);
void text_draw(struct view *v, struct canvas *c, int top, int bottom);
int text_hints(struct view *v, struct hint *ret, int max);
bool text_act(struct view *v, enum act act, int index);
void text_find(struct view *v, const char *text, bool done);

#endif
