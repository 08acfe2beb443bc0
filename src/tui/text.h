/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - lines to read: a pane that scrolls, wraps, finds and filters. The views of text begin with one.
 *
 * Memory is bounded: the oldest lines go when there are too many. */
#ifndef BERTH_TUI_TEXT_H
#define BERTH_TUI_TEXT_H

#include "base/filter.h"
#include "tui/app.h"

#define TEXT_LINES_MAX 20000
#define TEXT_BYTES_MAX (8u << 20)

struct text_line {
	char *text;
	enum role role;
	bool err;      /* stderr */
	bool late;     /* came after younger ones */
	bool note;     /* of ours: no filter hides it */
	uint8_t from;  /* the owner's number of who wrote it */
	int64_t time;  /* 0: none */
	int64_t order; /* by which lines are sorted, where they are */
	uint64_t seq;  /* of the coming */
};

/* A row: a line, or how many more like it follow. */
struct text_row {
	size_t i;      /* of the line; of the first one that is folded */
	unsigned more; /* 0: the line itself */
};

enum text_times { TEXT_CLOCK, TEXT_SINCE, TEXT_DATE, TEXT_NO_TIME };

struct textview {
	struct view v;
	char title[120];
	struct text_line *lines;
	size_t n, cap, bytes;
	uint64_t seq;
	struct text_row *rows; /* what passes */
	size_t nrows, rows_cap;
	size_t passed;         /* lines in rows, those folded too, without notes */
	size_t matched;        /* rows that find[] is in */
	size_t top, mark;      /* rows; mark: 1 + that of the match, 0 none */
	int pan, page;
	bool wrap, fold, err_only;
	bool picks;            /* rows take clicks */
	bool live, follow;     /* live: lines come, and can be followed */
	enum text_times times;
	char find[128], only[FILTER_TEXT_MAX + 1];
	struct filter *filter; /* of only[] */
	struct text_link *link;
	/* Who wrote a line, for a column of name_width; NULL: no such column. */
	const char *(*name)(const struct textview *t, const struct text_line *l, enum role *role);
	int name_width;
	/* When its time counts from, for TEXT_SINCE. */
	int64_t (*since)(const struct textview *t, const struct text_line *l);
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
/* Lines are put in by hand: this one, at its place by order, of lines from which on all are sorted. Returns its
 * index. text_show_from is to be called for the least index before the next drawing. */
struct text_line *text_insert(struct textview *t, const struct text_line *l, const char *s, size_t n, size_t *ret_at);
void text_sort(struct textview *t);
void text_show_from(struct textview *t, size_t i);
/* Other lines are wanted: the one with the mark, or else that at the top, stays where it is, or what comes next of it. */
void text_show_again(struct textview *t);
/* Lines outside of these times go, but for notes. */
void text_keep(struct textview *t, int64_t from, int64_t to);
void text_to_end(struct textview *t);
void text_set_only(struct textview *t, const char *text);
bool text_is_error(const struct text_line *l);
/* A row as it would be saved: time, name, message. */
void text_row_plain(const struct textview *t, size_t row, struct buf *b);
/* Puts the mark on a row, and the row on the screen. */
void text_go(struct textview *t, size_t row);
/* "1,234" */
void text_number(uint64_t n, char ret[static 32]);

/* For struct view_class. */
void text_close(struct view *v);
void text_title(struct view *v, struct buf *b);
void text_draw(struct view *v, struct canvas *c, int top, int bottom);
/* Its rows as they are saved; the first one on the screen. */
int text_all(struct view *v, struct buf *b);
int text_hints(struct view *v, struct hint *ret, int max);
bool text_act(struct view *v, enum act act, int index);
void text_find(struct view *v, const char *text, bool done);

#endif
