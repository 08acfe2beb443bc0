/* SPDX-License-Identifier: Apache-2.0 */
/* rows.h - a list on the screen: cursor, scrolling, filter, columns. The cursor stays on the same object
 * when the list changes. */
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
	bool grow;  /* gets what is left over */
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
};

void rows_init(struct rows *r, const struct rows_source *source, void *arg);
void rows_finish(struct rows *r);
/* The elements changed, or the filter. */
void rows_update(struct rows *r);
void rows_filter(struct rows *r, const char *text);
/* Element under the cursor, or -1. */
long rows_focus(const struct rows *r);
/* Moves the cursor; true if the action was one. */
bool rows_act(struct rows *r, enum act act);
/* Heads at row top, then elements. */
void rows_draw(struct rows *r, struct canvas *c, int top, int bottom);
/* What the message line says while a filter is set; nothing without one. */
void rows_note(const struct rows *r, struct buf *b);

#endif
