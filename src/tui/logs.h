/* SPDX-License-Identifier: Apache-2.0 */
/* logs.h - the view of logs, between its parts. */
#ifndef BERTH_TUI_LOGS_H
#define BERTH_TUI_LOGS_H

#include "tui/text.h"

#define LOG_SOURCES_MAX 64

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
};

struct logview {
	struct textview t;
	struct logsrc *src[LOG_SOURCES_MAX];
	int nsrc;
	bool loading;     /* not all sources have come to their ends yet */
	bool unsorted;    /* lines stand where they came */
	size_t changed;   /* the first line that is new to the rows; SIZE_MAX: none */
	char read_only[FILTER_TEXT_MAX + 1]; /* the filter that the readers have */
	struct logs_save *save;
};

void logsrc_put(struct logsrc *s);
void logs_read(struct logview *v);
/* Shows this one too, or no more; the last one stays. */
void logs_toggle(struct logview *v, const struct ctr *c);
bool logs_has(const struct logview *v, const char *id);

/* logs-act.c */
const char *logs_name(const struct textview *t, const struct text_line *l, enum role *role);
int64_t logs_since(const struct textview *t, const struct text_line *l);
bool logs_act(struct view *v, enum act act, int index);
void logs_find(struct view *v, const char *text, bool done);

#endif
