/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/out.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ext4/layout.h"

/* Large enough that a call costs nothing, small enough to stay in a core's cache. */
#define OUT_SIZE (512u << 10)

int ext4_out_init(struct ext4_out *o, struct ext4_io *io, struct err *e)
{
	*o = (struct ext4_out){ .io = io };
	if (posix_memalign((void **)&o->buf, EXT4_BLOCK, OUT_SIZE)) {
		o->buf = NULL;
		return err_set(e, -ENOMEM, "out of memory");
	}
	return 0;
}

void ext4_out_finish(struct ext4_out *o)
{
	free(o->buf);
	*o = (struct ext4_out){ 0 };
}

int ext4_out_flush(struct ext4_out *o, struct err *e)
{
	int rc = o->len ? o->io->write(o->io, o->buf, o->len, o->base) : 0;

	o->base += o->len;
	o->len = 0;
	return rc < 0 ? err_sys(e, rc, "cannot write the file system") : 0;
}

int ext4_out_room(struct ext4_out *o, uint64_t pblk, uint32_t max, uint8_t **ret, uint32_t *ret_n,
		  struct err *e)
{
	uint64_t off = pblk << EXT4_BLOCK_BITS;
	int rc;

	if (o->len == OUT_SIZE || o->base + o->len != off) {
		rc = ext4_out_flush(o, e);
		if (rc < 0)
			return rc;
		o->base = off;
	}
	*ret = o->buf + o->len;
	*ret_n = MIN(max, (uint32_t)((OUT_SIZE - o->len) >> EXT4_BLOCK_BITS));
	return 0;
}

int ext4_out_block(struct ext4_out *o, uint64_t pblk, uint8_t **ret, struct err *e)
{
	uint32_t n;
	int rc = ext4_out_room(o, pblk, 1, ret, &n, e);

	if (rc < 0)
		return rc;
	memset(*ret, 0, EXT4_BLOCK);
	o->len += EXT4_BLOCK;
	return 0;
}
