/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - what the container uses, sampled only while somebody subscribes. */
#ifndef BERTH_SHIM_STATS_H
#define BERTH_SHIM_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/list.h"
#include "base/work.h"
#include "rpc/client.h"
#include "rpc/server.h"

struct sandbox;

/* One reading. CPU time is told by its difference to an earlier one. */
struct stats_reading {
	int64_t mono_ns; /* 0: none yet */
	uint64_t cpu_usec, memory, memory_limit, pids;
	uint64_t net_rx, net_tx, block_read, block_write;
	uint64_t host_pss;
};

struct stats {
	struct sandbox *sb;
	uv_timer_t timer;
	struct list subscribers;
	struct rpc_unary ask;
	struct work measure;   /* of the host's side, in the pool */
	uint64_t measured;
	bool asking, measuring, failed;
	struct stats_reading now, last;
};

void stats_init(struct stats *s, struct sandbox *sb);
void stats_finish(struct stats *s);
/* A Stats call: one message each interval_ms, or for 0 one and the end. */
void stats_subscribe(struct stats *s, struct rpc_call *call, uint32_t interval_ms);
/* The container runs now. */
void stats_go(struct stats *s);
/* It is over: so are the subscriptions. */
void stats_end(struct stats *s);

/* When the next of regular samples is due: at a multiple of the interval, the same for all shims, so that who
 * watches many containers is woken once. All in ns. */
int64_t stats_next_due(int64_t now, int64_t interval);

#endif
