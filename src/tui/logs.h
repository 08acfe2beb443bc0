/* SPDX-License-Identifier: Apache-2.0 */
/* logs.h - the view of logs, between its parts. */
#ifndef BERTH_TUI_LOGS_H
#define BERTH_TUI_LOGS_H

#include "tui/text.h"

#define LOG_SOURCES_MAX 64
#define LOG_AROUND_LINES 1000 /* of each source, before and behind a place */

struct logview;

/* A container whose log is shown. Its call may outlive the view. */
struct logsrc {
	struct logview *view; /* NULL once it is not shown any more */
	int refs, at;
	char id[65], name[80];
	struct berth_op *op;
	int64_t started, last; /* its run; time of its last line */
	bool older, told;      /* lines of an earlier run came; and the line that says so */
	bool caught_up, ended;
	uint64_t lines, behind;
	int64_t from_time, to_time; /* of its lines around a place: what is outside was not read; 0: no such bound */
	unsigned earlier, got;      /* lines before that place, lines in all */
};

struct logview {
	struct textview t;
	struct logsrc *src[LOG_SOURCES_MAX];
	int nsrc;
	bool loading;     /* not all sources have come to their ends yet */
	bool unsorted;    /* lines stand where they came */
	size_t changed;   /* the first line that is new to the rows; SIZE_MAX: none */
	char read_only[FILTER_TEXT_MAX + 1]; /* the filter that the readers have */
	/* Lines around a time in place of those at the end, which are not followed then; 0: the end. */
	int64_t around;
	int around_from;  /* the source of the line that is looked for there */
	struct log_search *search; /* of find[] in the whole logs; NULL: none */
};

void logsrc_put(struct logsrc *s);
void logs_read(struct logview *v);
/* Those around that line, on which the mark is then put. */
void logs_read_around(struct logview *v, int64_t time, int from);

/* Shows this one too, or no more; the last one stays. */
void logs_toggle(struct logview *v, const struct ctr *c);
bool logs_has(const struct logview *v, const char *id);

/* logs-search.c: all lines around a place have come; and find[] in the whole logs. A step is true if it was done, or will be. */
void logs_show_around(struct logview *v);
void logs_search_start(struct logview *v, int step /* to be done then, or 0 */);
void logs_search_stop(struct logview *v);
bool logs_search_step(struct logview *v, int step);
/* A line that came after the search began. */
void logs_search_line(struct logview *v, const struct text_line *l, const char *text);
/* "3 of 4", "3, searching 34%"; false: nothing is searched for. */
bool logs_search_text(struct logview *v, bool roomy, char *ret, size_t max);

/* logs-act.c */
const char *logs_name(const struct textview *t, const struct text_line *l, enum role *role);
int64_t logs_since(const struct textview *t, const struct text_line *l);
bool logs_act(struct view *v, enum act act, int index);
void logs_find(struct view *v, const char *text, bool done);

#endif
