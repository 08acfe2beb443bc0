/* SPDX-License-Identifier: Apache-2.0 */
/* proclist.h - Agent/ProcessList: the processes of a container, as ps prints them; ProcessSignal to one of them. */
#ifndef BERTH_GUEST_PROCLIST_H
#define BERTH_GUEST_PROCLIST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "rpc/server.h"

#define VI_PIDS_MAX 4096

struct vi_container;
struct vi_pids {
	pid_t pids[VI_PIDS_MAX]; /* in the VM, by number */
	size_t n;
	bool truncated;
};

/* Those of its cgroup and of all cgroups below it. */
void vi_container_pids(const struct vi_container *c, struct vi_pids *ret);
/* When a process began, of a clock tick of the start in /proc/PID/stat: ns since 1970. */
int64_t vi_proc_began(uint64_t ticks);

void vi_method_process_list(struct rpc_call *call, const ProtobufCMessage *msg);
void vi_method_process_signal(struct rpc_call *call, const ProtobufCMessage *msg);

#endif
