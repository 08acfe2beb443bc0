/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-out.h - the file system that the unpacker writes. */
#ifndef BERTH_JOB_UNPACK_OUT_H
#define BERTH_JOB_UNPACK_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/fs-sink.h"

struct out_opts {
	uint64_t size;
	bool lost_found;
	bool sync; /* at the end */
	char uuid[40], label[20], journal[16]; /* "" if not given */
};

struct out;

int out_open(int fd, const struct out_opts *o, struct out **ret, struct err *e);
struct fs_sink *out_sink(struct out *o);
/* All that remains to be written, and fsync if that is wanted. */
int out_close(struct out *o, uint64_t *ret_used, uint64_t *ret_size, struct err *e);
void out_destroy(struct out *o);

#endif
