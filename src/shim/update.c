/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - other limits for a container that runs: its cgroup's files in the guest, written by the agent. */
#include "shim/update.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "oci/spec.h"
#include "shim.pb-c.h"
#include "shim/sandbox.h"
#include "vm/agent.h"

#define WRITE_MS 20000

struct update {
	struct rpc_unary op;
	struct sandbox *sb;
	struct rpc_call *call; /* NULL: the client has gone */
	struct {
		const char *file;
		char value[48];
	} todo[3];
	int n, at;
	Shim__UpdateResponse resp;
};

static void on_client_gone(struct rpc_call *call)
{
	struct update *u = rpc_call_context(call);

	u->call = NULL;
	rpc_call_fail(call, RPC_CANCELLED, "canceled");
}

static void next(struct update *u);

static void on_written(struct rpc_unary *op, int rc, const ProtobufCMessage *msg, const struct err *e)
{
	struct update *u = container_of(op, struct update, op);
	struct err we = { 0 };

	if (rc == 0) {
		u->at++;
		next(u);
		return;
	}
	if (u->call) {
		err_set(&we, rc, "cannot set %s to '%s' in the guest: %s", u->todo[u->at].file, u->todo[u->at].value, e->text);
		rpc_call_fail_err(u->call, rc == -ENOTCONN || rc == -ECANCELED ? -EIO : rc, &we);
	}
	free(u);
}

static void next(struct update *u)
{
	Sandbox__WriteFileRequest req = SANDBOX__WRITE_FILE_REQUEST__INIT;
	char path[128];
	struct err e = { 0 };
	int rc;

	if (u->at == u->n) {
		if (u->call)
			rpc_call_reply(u->call, &u->resp.base);
		free(u);
		return;
	}
	snprintf(path, sizeof(path), "/sys/fs/cgroup/container/%s/%s", u->sb->id, u->todo[u->at].file);
	req.path = path;
	req.data.data = (uint8_t *)u->todo[u->at].value;
	req.data.len = strlen(u->todo[u->at].value);
	rc = u->sb->agent ? rpc_unary_start(&u->op, u->sb->agent, &agent_write_file, &req.base, WRITE_MS, on_written, &e) :
			    err_set(&e, -EIO, "container %.12s has ended", u->sb->id);
	if (rc < 0) {
		if (u->call)
			rpc_call_fail_err(u->call, rc, &e);
		free(u);
	}
}

static char *add(struct update *u, const char *file)
{
	u->todo[u->n].file = file;
	return u->todo[u->n++].value;
}

void update_limits(struct sandbox *sb, struct rpc_call *call, uint64_t memory, double cpus, uint64_t pids)
{
	struct update *u = calloc(1, sizeof(*u));
	struct sandbox_room room = sandbox_room(sb);
	size_t max = sizeof(u->todo[0].value);

	if (!u) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
		return;
	}
	u->sb = sb;
	u->call = call;
	shim__update_response__init(&u->resp);
	u->resp.memory_waits = memory > room.memory;
	u->resp.cpus_wait = cpus > room.cpus;
	if (memory)
		snprintf(add(u, "memory.max"), max, "%" PRIu64, MIN(memory, room.memory));
	if (cpus > 0)
		snprintf(add(u, "cpu.max"), max, "%.0f %d", MIN(cpus, room.cpus) * OCI_CPU_PERIOD, OCI_CPU_PERIOD);
	if (pids)
		snprintf(add(u, "pids.max"), max, "%" PRIu64, pids);
	rpc_call_set_context(call, u);
	rpc_call_on_cancel(call, on_client_gone);
	next(u);
}
