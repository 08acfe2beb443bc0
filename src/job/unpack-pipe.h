/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-pipe.h - from stored layers to a sink on several cores: one thread reads and checks what is stored, one
 * inflates, one checks the tar streams' digests, and the caller's own parses tar and fills the sink. Between them
 * stand two rings of buffers; memory is bounded by these. Used by the worker process only. */
#ifndef BERTH_JOB_UNPACK_PIPE_H
#define BERTH_JOB_UNPACK_PIPE_H

#include <stdbool.h>

#include "base/fs-sink.h"
#include "job/unpack.h"

struct unpack_pipe;

struct unpack_counts {
	size_t layer;
	uint64_t layer_in, in, raw, entries;
};

/* want is called, from any thread of the pipe, when source i's input is needed next. */
int unpack_pipe_create(size_t nsources, uint64_t max_size, void (*want)(void *arg, size_t i), void *arg,
		       struct unpack_pipe **ret, struct err *e);
/* After unpack_pipe_run has returned. */
void unpack_pipe_destroy(struct unpack_pipe *p);

/* Any thread: source i, its fd taken over. avail: bytes there so far, UINT64_MAX: up to the end. */
int unpack_pipe_feed(struct unpack_pipe *p, size_t i, const struct unpack_source *src, int fd, uint64_t avail,
		     struct err *e);
void unpack_pipe_avail(struct unpack_pipe *p, size_t i, uint64_t avail, bool complete);
void unpack_pipe_counts(struct unpack_pipe *p, struct unpack_counts *ret);

/* Puts all sources into sink, in order; returns when all is there and all digests are right, or at the first
 * error. The sink is used by the calling thread only. */
int unpack_pipe_run(struct unpack_pipe *p, struct fs_sink *sink, struct err *e);

#endif
