/* SPDX-License-Identifier: Apache-2.0 */
/* task.h - what may block, or needs another mount namespace, done by a child; the call is answered when it is. */
#ifndef BERTH_GUEST_TASK_H
#define BERTH_GUEST_TASK_H

#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "rpc/server.h"

struct vi_task_result {
	int rc;
	struct err err;
	uint64_t value;
	struct stat st, target;
	uint64_t entries, left_out;
	uint32_t text_len;
	char text[PATH_MAX];
};

/* In the child, where msg is the call's request: all descriptors but 0, 1, 2 are closed, umask is 0. Returns rc. */
typedef int (*vi_task_fn)(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e);
/* In the agent, rc 0: answers the call. Failures are answered already. */
typedef void (*vi_task_done)(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r);
/* what: the words before an error's. A call that is cancelled ends its child. */
void vi_task_start(struct rpc_call *call, const ProtobufCMessage *msg, const char *what, vi_task_fn fn,
		   vi_task_done done);
/* The same for one that has something to say on its way: noted, for each vi_task_note of the child. */
void vi_task_start_noting(struct rpc_call *call, const ProtobufCMessage *msg, const char *what, vi_task_fn fn,
			  vi_task_done noted, vi_task_done done);
/* In the child. */
void vi_task_note(const struct vi_task_result *r);

/* The call failed: the status of an errno, INTERNAL for those without a better one. */
void vi_call_fail(struct rpc_call *call, const char *what, int rc, const struct err *e);

#endif
