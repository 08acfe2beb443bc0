/* SPDX-License-Identifier: Apache-2.0 */
/* copy-held.h - a machine over the disk of a container that does not run, so that files can be copied into it: a container of
 * our own (store/container.h: owned) with the same base and, by a second name, the same disk; its process is never started.
 * The container's lock is held meanwhile, so nobody starts it. */
#ifndef BERTH_ENGINE_COPY_HELD_H
#define BERTH_ENGINE_COPY_HELD_H

#include "engine/copy-files.h"
#include "engine/create.h"

struct copy_held;
typedef void (*copy_held_cb)(struct copy_held *h, int rc, const struct err *e);

struct copy_held {
	bool taken;
	char id[CONTAINER_ID_LEN + 1]; /* of our own container, once it is there */
	/* used inside */
	char target[CONTAINER_ID_LEN + 1], name[128];
	struct berth *b;
	struct eng_owned own;
	int lock, rc;
	struct berth_op *sub;
	struct work work;
	struct copy_files *files;
	bool cancelled;
	copy_held_cb cb;
	struct err err;
};

/* In the pool: nobody can start the container any more. -EBUSY if somebody just did. */
int copy_held_take(struct copy_held *h, struct berth *b, const struct container *c, struct err *e);
/* The contract of base/loop.h. In cb: the machine is up. */
int copy_held_start(struct copy_held *h, copy_held_cb cb, struct err *e);
void copy_held_cancel(struct copy_held *h);
/* Ends it, whatever it came to. files may be NULL; they are closed, after all that was written is on the disk. cb's rc is of
 * that. */
void copy_held_end(struct copy_held *h, struct copy_files *files, copy_held_cb cb);

#endif
