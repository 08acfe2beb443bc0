/* SPDX-License-Identifier: Apache-2.0 */
/* disks.h - the two file systems of a container, as they are at one moment.
 *
 * Of one that runs, the upper is frozen by the guest and copied (by reflink where the host's file system can,
 * else what is used of it) into a file without a name, then thawed; if this process dies, the shim thaws. Of
 * one that does not run, the upper itself. */
#ifndef BERTH_ENGINE_DISKS_H
#define BERTH_ENGINE_DISKS_H

#include "base/loop.h"
#include "engine/engine.h"
#include "rpc/client.h"

#define ENG_UPPER_DIR "/upper" /* the folder of the upper that overlayfs joins */

struct eng_disks;
typedef void (*eng_disks_cb)(struct eng_disks *d, int rc, const struct err *e);

struct eng_disks {
	struct container ctr; /* with its specification */
	int base, upper; /* open for reading, in the callback and until eng_disks_finish */
	/* used inside */
	struct berth *b;
	char name[256];
	struct work work;
	struct rpc_client *client;
	struct rpc_stream stream;
	bool streaming, copying, copied, cancelled;
	int disk; /* of the container itself */
	int64_t written_ns; /* when that was last written */
	int rc;
	struct err err;
	struct loop_defer end;
	eng_disks_cb cb;
};

/* The contract of base/loop.h. d is zeroed memory. */
int eng_disks_start(struct eng_disks *d, struct berth *b, const char *name, eng_disks_cb cb, struct err *e);
void eng_disks_cancel(struct eng_disks *d);
/* Once all is read: -EAGAIN with words if the container was started meanwhile, and what was read may be of
 * two moments. */
int eng_disks_check(const struct eng_disks *d, struct err *e);
void eng_disks_finish(struct eng_disks *d);

#endif
