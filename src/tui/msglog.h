/* SPDX-License-Identifier: Apache-2.0 */
/* msglog.h - messages on the disk, so that they outlive the interface: $XDG_STATE_HOME/berth/messages.log, 0600, a line
 * each, put aside as messages.log.1 when it has grown to MSGLOG_MAX. The commands that do the same are among them. */
#ifndef BERTH_TUI_MSGLOG_H
#define BERTH_TUI_MSGLOG_H

#include "base/buf.h"
#include "base/work.h"
#include "tui/msgs.h"

#define MSGLOG_MAX (1 << 20)

struct msglog {
	uv_loop_t *loop;
	char *path; /* NULL: nothing is kept */
	struct buf pending, writing;
	struct work work;
	bool busy;
	bool broken; /* it could not be written; told once */
	void (*failed)(void *arg, const struct err *e);
	void *arg;
};

/* path NULL: that of this user. What cannot be done is told by failed, if at all. */
void msglog_open(struct msglog *l, uv_loop_t *loop, const char *path);
/* "2026-11-24T14:02:11Z error text"; written in the pool. */
void msglog_add(struct msglog *l, enum msg_level level, int64_t time, const char *text);
/* Writes what is left; no callback comes later. The loop has ended its work. */
void msglog_close(struct msglog *l);

#endif
