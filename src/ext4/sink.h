/* SPDX-License-Identifier: Apache-2.0 */
/* sink.h - the calls of fs_sink on a writer, for src/ext4 only. */
#ifndef BERTH_EXT4_SINK_H
#define BERTH_EXT4_SINK_H

#include "base/auto.h"
#include "ext4/writer-int.h"

extern const struct fs_sink_ops ext4_sink_ops;

static inline struct ext4_writer *ext4_sink_writer(struct fs_sink *s)
{
	return container_of(s, struct ext4_writer, sink);
}

/* Notes that the writer is of no use any more if rc says so; returns rc. */
int ext4_sink_settle(struct ext4_writer *w, int rc);
/* -ESTALE with words once it is not. */
int ext4_sink_ready(struct ext4_writer *w, struct err *e);

#endif
