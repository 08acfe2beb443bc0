/* SPDX-License-Identifier: Apache-2.0 */
/* out.h - blocks on their way to the disk, joined into large writes.
 *
 * Blocks come mostly in the order of their numbers; one that does not follow the last begins a new
 * write. The last block in the buffer may still be filled. */
#ifndef BERTH_EXT4_OUT_H
#define BERTH_EXT4_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ext4/io.h"

struct ext4_out {
	struct ext4_io *io;
	uint8_t *buf;
	size_t len; /* bytes in buf */
	uint64_t base; /* offset on the disk of buf[0] */
};

int ext4_out_init(struct ext4_out *o, struct ext4_io *io, struct err *e);
void ext4_out_finish(struct ext4_out *o);
/* Room for up to max blocks from pblk on: where they go and, in *ret_n, how many of them fit (at least
 * one). The caller fills them, and adds what it filled to len. */
int ext4_out_room(struct ext4_out *o, uint64_t pblk, uint32_t max, uint8_t **ret, uint32_t *ret_n,
		  struct err *e);
/* One block of zeros to be filled at once: *ret is good until the next call. */
int ext4_out_block(struct ext4_out *o, uint64_t pblk, uint8_t **ret, struct err *e);
int ext4_out_flush(struct ext4_out *o, struct err *e);

#endif
