/* SPDX-License-Identifier: Apache-2.0 */
/* msgs.h - what was said: results, errors, and the commands that do the same. */
#ifndef BERTH_TUI_MSGS_H
#define BERTH_TUI_MSGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MSGS_MAX 2000

enum msg_level { MSG_CLI, MSG_INFO, MSG_ERROR };

struct msg {
	enum msg_level level;
	unsigned count; /* how often in a row */
	int64_t time;   /* ns since 1970, of the last */
	char *text;
};

struct msgs {
	struct msg *list; /* oldest first */
	size_t n;
	size_t unread;
	bool unread_error;
	size_t shown; /* 1 + index of the one on the message line; 0: none */
};

/* A text that cannot be kept is dropped. */
void msgs_add(struct msgs *m, enum msg_level level, int64_t time, const char *text);
void msgs_read(struct msgs *m);
/* The message line's; NULL: none. */
const struct msg *msgs_shown(const struct msgs *m);
void msgs_hide(struct msgs *m);
void msgs_finish(struct msgs *m);

#endif
