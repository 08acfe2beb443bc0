/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-merged.h - two file systems, joined as a container saw them, handed to a sink as they are: all that ext4 can
 * hold comes over, sockets too, which no tar knows. Nothing is opened, and each number in them is checked. */
#ifndef BERTH_JOB_UNPACK_MERGED_H
#define BERTH_JOB_UNPACK_MERGED_H

#include "base/fs-sink.h"
#include "job/unpack.h"

struct merged_count {
	uint64_t *raw, *entries; /* atomic; grow */
	uint64_t max_raw; /* -EFBIG beyond it */
};

/* base and m->upper are read. */
int unpack_merged(int base, const struct unpack_merged *m, const struct merged_count *count, struct fs_sink *sink,
		  struct err *e);

#endif
