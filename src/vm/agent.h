/* SPDX-License-Identifier: Apache-2.0 */
/* agent.h - the host's side of the guest agent's API: its methods, to be called with rpc/client.h. */
#ifndef BERTH_VM_AGENT_H
#define BERTH_VM_AGENT_H

#include "agent.pb-c.h"
#include "rpc/method.h"
#include "sandbox.pb-c.h"

#define AGENT_PROTOCOL 1

/* A message of our own service as a C type; those of the other are Sandbox__X. */
#define AGENT(X) Berth__Agent__V1__##X

extern const struct rpc_method agent_hello, agent_prepare, agent_events, agent_process_list, agent_process_signal,
	agent_pause, agent_resume, agent_look, agent_tree, agent_shutdown;
extern const struct rpc_method agent_create_process, agent_start_process, agent_kill_process,
	agent_wait_process, agent_resize_process, agent_delete_process, agent_container_statistics,
	agent_filesystem_operation, agent_write_file;

#endif
