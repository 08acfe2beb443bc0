/* SPDX-License-Identifier: Apache-2.0 */
/* logs-read.h - the files of a log, read in pieces by the pool: from the first line or the last ones, filtered,
 * across rotation. */
#ifndef BERTH_ENGINE_LOGS_READ_H
#define BERTH_ENGINE_LOGS_READ_H

#include "base/buf.h"
#include "base/err.h"
#include "base/filter.h"

#define LOG_READ_CHUNK (256u << 10)

struct log_reader {
	/* given */
	const char *name;      /* of the container, for errors */
	int dir;               /* its folder */
	bool boot, follow;
	int64_t tail;          /* -1: all */
	uint64_t behind_max;
	struct filter *filter; /* NULL: all */
	const char *find;      /* a text that lines must have; NULL: none */
	int64_t around;        /* ns; where tail counts from; 0: the end */
	uint64_t limit;        /* of lines; 0: none */
	/* told, of the last piece */
	struct buf text;       /* whole lines as they stand in the file; the caller clears it */
	uint64_t lines, behind, skipped;
	uint64_t read, size;   /* bytes, of all files */
	bool caught_up, rotated;
	bool got;              /* it found something: there may be more */
	bool ended;            /* nothing will come any more */
	/* used inside */
	uint64_t passed;       /* lines that were told */
	int fd, older;         /* file log.N that is read; 0: "log" */
	bool opened, drop;     /* drop: the rest of a line that was skipped into */
	struct buf raw;        /* read, no newline seen yet */
};

/* fd is to be -1 in the beginning. */
int log_read(struct log_reader *r, struct err *e);
void log_read_finish(struct log_reader *r);

/* The message within a line of the file: TIME STREAM TAG message; NULL: it is no such line. */
char *log_line_message(char *line, size_t n);
/* Its time; 0: it has none. */
int64_t log_line_time(const char *line, size_t n);

#endif
