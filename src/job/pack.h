/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - a tar made of file systems by berth-pack, the confined worker that reads them. */
#ifndef BERTH_JOB_PACK_H
#define BERTH_JOB_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/spawn.h"
#include "oci/digest.h"

enum pack_mode {
	PACK_TREE, /* base from path on */
	PACK_MERGED, /* the folder path of upper over base */
	PACK_LAYER, /* what that folder changes, as a compressed layer */
};

struct pack_opts {
	enum pack_mode mode;
	int base, upper; /* file systems; upper -1 for a tree */
	int out; /* where the tar goes */
	const char *path;
	const char *helper; /* path of berth-pack; NULL: beside the other helpers */
};

struct pack_result {
	uint64_t raw, written; /* bytes */
	uint64_t entries, left_out; /* left out: sockets */
	struct oci_digest digest, diff_id; /* of a layer */
};

struct pack;
typedef void (*pack_cb)(struct pack *op, int rc, const struct err *e);

struct pack {
	void (*progress)(struct pack *op, uint64_t raw); /* may be NULL */
	struct pack_result result; /* valid in the callback if rc is 0 */
	/* used inside */
	struct spawn_child child;
	uv_poll_t poll;
	uv_loop_t *loop;
	struct buf said;
	int say, rc;
	struct err err;
	bool ended, cancelled, exited;
	pack_cb cb;
};

/* The descriptors are needed only until this returns. The contract of base/loop.h. */
int pack_start(struct pack *op, uv_loop_t *loop, const struct pack_opts *o, pack_cb cb, struct err *e);
void pack_cancel(struct pack *op);

#endif
