/* SPDX-License-Identifier: Apache-2.0 */
/* pull.h - an image from a registry into the store: manifest, config and layers, several at once, unpacked
 * into its root file system while they come, and named when all of it is there. */
#ifndef BERTH_JOB_PULL_H
#define BERTH_JOB_PULL_H

#include <uv.h>

#include "base/err.h"
#include "base/json.h"
#include "job/proto.h"

struct pull;

struct pull_calls {
	/* An event for the clients, which now owns it. droppable: one like it follows soon. */
	void (*event)(void *arg, cJSON *event, bool droppable);
	/* The contract of base/loop.h; the last call. hint may be NULL. After it pull_destroy. */
	void (*done)(void *arg, int rc, const struct err *e, const char *hint);
	void *arg;
};

/* d is copied where needed and must stay until done. */
int pull_start(uv_loop_t *loop, const struct job_desc *d, const struct pull_calls *calls, struct pull **ret,
	       struct err *e);
void pull_cancel(struct pull *p);
void pull_destroy(struct pull *p);

#endif
