/* SPDX-License-Identifier: Apache-2.0 */
/* agent.c - the guest agent's methods. */
#include "vm/agent.h"

#define OURS(word, Name, lower, how)                                                                    \
	const struct rpc_method agent_##word = { "/berth.agent.v1.Agent/" #Name,                        \
						 &berth__agent__v1__##lower##_request__descriptor,      \
						 &berth__agent__v1__##lower##_response__descriptor, how, NULL }
#define THEIRS(word, Name, lower)                                                                       \
	const struct rpc_method agent_##word = {                                                        \
		"/com.apple.containerization.sandbox.v3.SandboxContext/" #Name,                         \
		&sandbox__##lower##_request__descriptor,              \
		&sandbox__##lower##_response__descriptor, RPC_UNARY, NULL \
	}

OURS(hello, Hello, hello, RPC_UNARY);
OURS(prepare, Prepare, prepare, RPC_UNARY);
OURS(process_list, ProcessList, process_list, RPC_UNARY);
OURS(process_signal, ProcessSignal, process_signal, RPC_UNARY);
OURS(pause, Pause, pause, RPC_UNARY);
OURS(resume, Resume, resume, RPC_UNARY);
OURS(look, Look, look, RPC_UNARY);
OURS(tree, Tree, tree, RPC_UNARY);
OURS(shutdown, Shutdown, shutdown, RPC_UNARY);
const struct rpc_method agent_events = { "/berth.agent.v1.Agent/Events",
					 &berth__agent__v1__events_request__descriptor,
					 &berth__agent__v1__event__descriptor, RPC_SERVER_STREAM, NULL };

THEIRS(create_process, CreateProcess, create_process);
THEIRS(start_process, StartProcess, start_process);
THEIRS(kill_process, KillProcess, kill_process);
THEIRS(wait_process, WaitProcess, wait_process);
THEIRS(resize_process, ResizeProcess, resize_process);
THEIRS(delete_process, DeleteProcess, delete_process);
THEIRS(container_statistics, ContainerStatistics, container_statistics);
THEIRS(write_file, WriteFile, write_file);
THEIRS(filesystem_operation, FilesystemOperation, filesystem_operation);
