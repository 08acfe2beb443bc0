/* SPDX-License-Identifier: Apache-2.0 */
/* crilog.h - the container's log as CRI lines, rotated.
 *
 *   2026-11-24T14:02:11.017123456Z stdout F a whole line
 *   2026-11-24T14:02:11.017123456Z stderr P a piece of one that goes on (at most 16 KiB)
 *
 * Kubernetes "CRI logging" format. Written to "log" in the container's folder; at max_bytes it becomes
 * "log.1" and so on, max_files of them in all. */
#ifndef BERTH_SHIM_CRILOG_H
#define BERTH_SHIM_CRILOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum crilog_stream { CRILOG_STDOUT, CRILOG_STDERR, CRILOG_NSTREAMS };

struct crilog {
	int dir;            /* the caller's */
	int fd;
	uint64_t size;      /* of the file being written */
	uint64_t max_bytes;
	unsigned max_files;
	int failed;         /* -errno of the first write that failed: told once, then the log is silent */
	struct buf out;     /* lines not written yet */
	struct {
		struct buf rest; /* the beginning of a line whose end has not come */
		int64_t since;   /* when it began */
	} part[CRILOG_NSTREAMS];
};

/* Appends to the log that is there. */
int crilog_open(struct crilog *l, int dir, uint64_t max_bytes, unsigned max_files, struct err *e);
/* Takes bytes of a stream as they come. 0, or once -errno with words when the disk refuses. */
int crilog_add(struct crilog *l, enum crilog_stream s, const void *p, size_t n, struct err *e);
/* Writes unfinished lines out as pieces and closes. At ease with a zeroed log. */
void crilog_finish(struct crilog *l);

#endif
