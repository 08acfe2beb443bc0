/* SPDX-License-Identifier: Apache-2.0 */
/* ask.h - calls of clients that the guest's agent answers: the process list, signals to one process, pause and unpause, limits. */
#ifndef BERTH_SHIM_ASK_H
#define BERTH_SHIM_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "rpc/server.h"

struct sandbox;

void ask_top(struct sandbox *sb, struct rpc_call *call);
/* started_ns 0: whatever process has the number. */
void ask_signal(struct sandbox *sb, struct rpc_call *call, int32_t pid, int64_t started_ns, int sig);
void ask_pause(struct sandbox *sb, struct rpc_call *call);
void ask_unpause(struct sandbox *sb, struct rpc_call *call);
/* 0: the limit stays as it is. */
void ask_update(struct sandbox *sb, struct rpc_call *call, uint64_t memory, double cpus, uint64_t pids);
void ask_freeze(struct sandbox *sb, struct rpc_call *call);
/* The same without a client: a signal that ends the container is to be heard. */
void ask_thaw(struct sandbox *sb);
/* The agent says so, whoever asked it. */
void ask_note_frozen(struct sandbox *sb, bool frozen);

#endif
