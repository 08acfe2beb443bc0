/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h - a list on the screen: cursor, scrolling, filter, order, marks, columns. The cursor stays on the same
 * object when the list changes; a mark never is on a row that is not shown. */
#ifndef BERTH_TUI_ROWS_H
#define BERTH_TUI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/filter.h"
#include "tui/canvas.h"
#include "tui/keys.h"

struct column {
	const char *head;
	int want;   /* columns wished for; a cell that is longer is cut */
	int prio;   /* the lowest goes first when there is no room; 0 never goes */
	bool right; /* aligned */
	int most;   /* columns that it takes of what is left over; 0: no more than wished for */
	int gap;    /* blanks before it beyond the usual one; -1: none at all */
	int narrow; /* want below 60 columns of screen; 0: as above */
	int sign;   /* its cells begin with a sign of so many columns: the head stands behind it */
	const char *sort; /* the number() field by which it is sorted, the greatest first; NULL: by its text */
};

#define ROWS_COLUMNS_MAX 10

/* What the owner of a list answers. i counts all of its elements. */
struct rows_source {
	size_t (*count)(void *arg);
	const char *(*id)(void *arg, size_t i);
	/* For filters (base/filter.h): appends a field's values, a line each; field NULL: what plain words are looked
	 * for in. false: there is no such field. number may be NULL. */
	bool (*field)(void *arg, size_t i, const char *field, struct buf *b);
	enum filter_number (*number)(void *arg, size_t i, const char *field, double *ret);
	const char *const *fields;
	/* The text of a cell; *role too if it is not plain. */
	void (*cell)(void *arg, size_t i, int column, char *ret, size_t max, enum role *role);
	const struct column *columns;
	int ncolumns;
	/* The order while no column was chosen: this column, and within it; -1: as the owner counts. */
	int order, then;
	bool (*used)(void *arg, size_t i); /* shown by "only those"; NULL: there is no such choice */
	bool marks; /* something can be done to several of them */
};

struct rows {
	const struct rows_source *source;
	void *arg;
	size_t *index; /* of the elements that are shown */
	size_t n, total;
	size_t cur, top;
	char id[160];     /* of the focused element; "" none */
	char filter[FILTER_TEXT_MAX + 1]; /* as typed */
	struct filter *compiled;          /* the newest that could be understood; NULL: all */
	struct buf text;                  /* of the element that is asked */
	char error[240];                  /* why what was typed could not; "" */
	int page;         /* rows of the last drawing */
	bool shown[ROWS_COLUMNS_MAX]; /* columns that had room */
	int sort;         /* the column; -1: none */
	bool reverse;
	bool some;        /* only those that are used */
	char **marks;     /* ids */
	size_t nmarks;
};

void rows_init(struct rows *r, const struct rows_source *source, void *arg);
void rows_finish(struct rows *r);
/* The elements changed, or the filter. */
void rows_update(struct rows *r);
void rows_filter(struct rows *r, const char *text);
/* Element under the cursor, or -1. */
long rows_focus(const struct rows *r);
/* Moves, marks, sorts; true if the action was one. ACT_BACK: marks, then the filter go; false if there are none. */
bool rows_act(struct rows *r, enum act act, int index);
/* Heads at row top, then elements. Returns the first row that is free. */
int rows_draw(struct rows *r, struct canvas *c, int top, int bottom);
bool rows_marked(const struct rows *r, size_t i);
/* What an action is for: the marked elements in their order on the screen, else the focused one. Returns how many
 * of at most max. */
size_t rows_targets(const struct rows *r, size_t *ret, size_t max);
/* "2 marked: UPPER-case keys act on a, b.  Space marks, Esc clears.", if there are any. */
void rows_marks_note(const struct rows *r, struct buf *b);
/* "2 of 6" */
void rows_found(const struct rows *r, struct buf *b);
/* "Sorted by STATE, then UP." */
void rows_order(const struct rows *r, struct buf *b);
/* What the message line says while a filter is set; nothing without one. */
void rows_note(const struct rows *r, struct buf *b);

#endif
