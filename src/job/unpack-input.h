/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-input.h - the stored bytes of one source: a file, a stream, or a file that grows while it is read.
 */
#ifndef BERTH_JOB_UNPACK_INPUT_H
#define BERTH_JOB_UNPACK_INPUT_H

#include <pthread.h>
#include <stdbool.h>

#include "job/unpack.h"

/* What is shared by all inputs of a pipe. */
struct input_gate {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an input was fed or grew, or stop was set */
	bool stop;
};

struct input {
	struct unpack_source src;
	bool fed, complete;
	int fd; /* -1: none */
	uint64_t avail; /* bytes there so far; UINT64_MAX: up to the end */
	uint64_t pos; /* bytes read */
	bool stream; /* cannot be read by offset */
};

/* Waits until the input was fed. -ECANCELED when stopped. */
int input_wait(struct input *in, struct input_gate *g);
/* Up to n bytes, 0 at the end, -ECANCELED when stopped, -EBADMSG with words for a size that is not src's. */
ssize_t input_read(struct input *in, struct input_gate *g, void *p, size_t n, struct err *e);

#endif
