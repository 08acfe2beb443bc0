/* SPDX-License-Identifier: Apache-2.0 */
/* procsignal.c - Agent/ProcessSignal: one process of a container, by its number there. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "container.h"
#include "proc-stat.h"
#include "proclist.h"

#define SAME_NS 2000000000ll /* starts are told in wall-clock time, which may have been set by a little */

/* Has this process that number in its container, and did it begin then? */
static bool is_meant(pid_t pid, const Berth__Agent__V1__ProcessSignalRequest *req)
{
	AUTO_FREE char *path = path_fmt("/proc/%d", pid);
	AUTO_CLOSE int dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	AUTO_FREE char *stat = NULL;
	AUTO_FREE char *status = NULL;
	struct vi_proc_stat s;

	if (dir < 0 || file_load(dir, "status", 65536, &status, NULL, NULL) < 0 ||
	    vi_proc_status_number(status, "NSpid", true) != req->ns_pid)
		return false;
	return !req->start_time_ns || (file_load(dir, "stat", 4096, &stat, NULL, NULL) == 0 && vi_proc_stat_parse(stat, &s) == 0 &&
				       llabs(vi_proc_began(s.start) - req->start_time_ns) < SAME_NS);
}

/* By a descriptor that was there before it was looked at, so that it is that one and no later one. */
static int send_signal(const struct vi_pids *l, const Berth__Agent__V1__ProcessSignalRequest *req)
{
	for (size_t i = 0; i < l->n; i++) {
		AUTO_CLOSE int fd = (int)syscall(SYS_pidfd_open, l->pids[i], 0);

		if (fd >= 0 && is_meant(l->pids[i], req))
			return syscall(SYS_pidfd_send_signal, fd, req->signal, NULL, 0) < 0 ? -errno : 0;
	}
	return -ESRCH;
}

void vi_method_process_signal(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Berth__Agent__V1__ProcessSignalRequest *req = (const void *)msg;
	Berth__Agent__V1__ProcessSignalResponse resp = BERTH__AGENT__V1__PROCESS_SIGNAL_RESPONSE__INIT;
	const struct vi_container *c = vi_container_find(req->container_id);
	AUTO_FREE struct vi_pids *l = NULL;
	int rc;

	if (!c) {
		rpc_call_fail(call, RPC_NOT_FOUND, "signal: there is no container '%.64s'", req->container_id);
		return;
	}
	if (req->signal < 1 || req->signal > 64) {
		rpc_call_fail(call, RPC_INVALID_ARGUMENT, "signal: %d is not a signal", req->signal);
		return;
	}
	l = malloc(sizeof(*l));
	if (!l) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "signal: out of memory");
		return;
	}
	vi_container_pids(c, l);
	rc = send_signal(l, req);
	if (rc == -ESRCH)
		rpc_call_fail(call, RPC_NOT_FOUND, "signal: process %d is not there any more", req->ns_pid);
	else if (rc < 0)
		rpc_call_fail(call, rpc_code_of_errno(-rc), "signal: process %d: %s", req->ns_pid, err_str(-rc));
	else
		rpc_call_reply(call, &resp.base);
}
