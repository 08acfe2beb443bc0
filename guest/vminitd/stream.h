/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - bytes between a process and the host: one socket a stream, back-pressure in each alone. */
#ifndef BERTH_GUEST_STREAM_H
#define BERTH_GUEST_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "loop.h"

/* One direction: from src to dst. Zeroed memory is one that never was. */
struct vi_stream {
	struct vi_watch src, dst;
	bool live;
	bool copy;        /* read and write in place of splice */
	bool shut_dst;    /* shutdown(SHUT_WR) at the end instead of close: dst has another direction too */
	bool keep_src;    /* src is closed by its owner: a pty's master */
	bool drain;       /* the process ended: say when all that is there now has gone */
	char *buf;        /* of copy */
	size_t off, len;
	void (*drained)(struct vi_stream *s); /* after vi_stream_drain; once; or when it ended first */
	void (*ended)(struct vi_stream *s);   /* both descriptors are done with; once */
	void *arg;
};

/* Takes both descriptors over (but for keep_src, shut_dst), non-blocking ones. */
int vi_stream_start(struct vi_stream *s, int src, int dst);
/* drained comes now or once src has nothing more to read and dst took all. */
void vi_stream_drain(struct vi_stream *s);
/* Ends it at once, without callbacks. */
void vi_stream_close(struct vi_stream *s);

#endif
