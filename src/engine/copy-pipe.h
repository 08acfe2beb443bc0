/* SPDX-License-Identifier: Apache-2.0 */
/* copy-pipe.h - a tar that goes through a connected socket between two threads or machines. Blocking. */
#ifndef BERTH_ENGINE_COPY_PIPE_H
#define BERTH_ENGINE_COPY_PIPE_H

#include <sys/types.h>

#include "base/pace.h"
#include "base/tar.h"
#include "base/tree-pack.h"

/* pace may be NULL. */
struct copy_pipe_out {
	struct tree_out out;
	int fd;
	bool lost; /* the other end is gone: it has the words for why */
	struct pace *pace;
	size_t len;
	uint8_t block[128u << 10];
};
void copy_pipe_out_init(struct copy_pipe_out *p, int fd, struct pace *pace);
/* All of it is sent, and nothing follows. */
int copy_pipe_out_end(struct copy_pipe_out *p, struct err *e);

struct copy_pipe_in {
	struct tar_stream stream;
	int fd;
	bool lost; /* it was cut short, or the other end is gone */
	struct pace *pace;
	size_t at, len;
	uint8_t block[128u << 10];
};
void copy_pipe_in_init(struct copy_pipe_in *p, int fd, struct pace *pace);
/* Some bytes, as they come; 0 at the end. */
ssize_t copy_pipe_in_some(struct copy_pipe_in *p, void *to, size_t n, struct err *e);

#endif
