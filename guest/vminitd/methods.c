/* SPDX-License-Identifier: Apache-2.0 */
/* methods.c - the table of methods, and the handlers that are short. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "container.h"
#include "events.h"
#include "files.h"
#include "pause.h"
#include "prepare.h"
#include "proclist.h"
#include "proxy.h"
#include "rpc/server.h"
#include "sandbox.pb-c.h"
#include "serve.h"
#include "stats.h"
#include "system.h"

#define PROTOCOL 1
#define EXIT_PORT 0x501 /* isa-debug-exit; QEMU exits with 2n+1 */
#define EXIT_CLEAN 5

int64_t vi_ready_ns;

/* --- the agent itself */

static void on_hello(struct rpc_call *call, const ProtobufCMessage *msg)
{
	static const char *const features[] = { "prepare", "events", "forward", "shutdown", "stats", "process-list", "pause", "tree" };
	Berth__Agent__V1__HelloResponse resp = BERTH__AGENT__V1__HELLO_RESPONSE__INIT;
	AUTO_FREE char *boot_id = NULL;
	struct utsname u;
	struct sysinfo s;

	uname(&u);
	sysinfo(&s);
	resp.protocol = PROTOCOL;
	resp.version = (char *)PACKAGE_VERSION;
	resp.features = (char **)features;
	resp.n_features = ARRAY_LEN(features);
	resp.kernel = u.release;
	resp.uptime_usec = (uint64_t)clock_mono_ns() / 1000;
	resp.ready_usec = (uint64_t)vi_ready_ns / 1000;
	if (file_load(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot_id, NULL, NULL) == 0) {
		boot_id[strcspn(boot_id, "\n")] = 0;
		resp.boot_id = boot_id;
	}
	resp.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	resp.memory_bytes = (uint64_t)s.totalram * s.mem_unit;
	rpc_call_reply(call, &resp.base);
}

static struct vi_timer shutdown_timer;

static void end_vm(void)
{
	vi_containers_kill();
	sync();
	vi_prepare_undo();
	sync();
	if (ioperm(EXIT_PORT, 4, 1) == 0 || iopl(3) == 0)
		outl(EXIT_CLEAN, EXIT_PORT);
	reboot(RB_AUTOBOOT);
}

static void on_shutdown_late(struct vi_timer *t)
{
	end_vm();
}

static void on_shutdown(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Berth__Agent__V1__ShutdownRequest *req = (const void *)msg;
	bool running = false;

	if (getpid() != 1) {
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "shutdown: this agent is not the first process of a VM");
		return;
	}
	list_each(struct vi_container, c, &vi_containers, link)
		if (c->init && c->init->started && !c->init->exited) {
			running = true;
			if (req->grace_ms)
				kill(c->init->pid, SIGTERM);
		}
	if (running && req->grace_ms)
		vi_timer_start(&shutdown_timer, req->grace_ms, on_shutdown_late);
	else
		end_vm();
}

/* --- processes */

static struct vi_process *find(struct rpc_call *call, const char *id, const char *container)
{
	struct vi_process *p = vi_process_find(id, container);

	if (!p && container && *container && !vi_container_find(container))
		rpc_call_fail(call, RPC_NOT_FOUND, "there is no container '%.64s'", container);
	else if (!p)
		rpc_call_fail(call, RPC_NOT_FOUND, "there is no process '%.64s'", id);
	return p;
}

static void fail(struct rpc_call *call, int rc, const struct err *e)
{
	if (rc == -EBUSY)
		rpc_call_fail(call, RPC_FAILED_PRECONDITION, "%s", e->text);
	else
		rpc_call_fail_err(call, rc, e);
}

static void on_create_process(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__CreateProcessRequest *req = (const void *)msg;
	Sandbox__CreateProcessResponse resp = SANDBOX__CREATE_PROCESS_RESPONSE__INIT;
	const char *container = req->opt_container_id_case ? req->containerid : req->id;
	const uint32_t port[VI_NSTDIO] = { req->opt_stdin_case ? req->stdin : 0,
					   req->opt_stdout_case ? req->stdout : 0,
					   req->opt_stderr_case ? req->stderr : 0 };
	struct err e = { 0 };
	int rc;

	if (req->opt_oci_runtime_path_case) {
		rpc_call_fail(call, RPC_FAILED_PRECONDITION,
			      "create process '%.64s': this agent runs containers itself, not by '%.200s'", req->id,
			      req->ociruntimepath);
		return;
	}
	rc = vi_process_create(req->id, container, port, req->configuration.data, req->configuration.len, &e);
	if (rc < 0)
		fail(call, rc, &e);
	else
		rpc_call_reply(call, &resp.base);
}

#define CONTAINER_OF(req) ((req)->opt_container_id_case ? (req)->containerid : "")

static void on_start_process(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__StartProcessRequest *req = (const void *)msg;
	struct vi_process *p = find(call, req->id, CONTAINER_OF(req));

	if (p)
		vi_process_start(p, call);
}

static void on_wait_process(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__WaitProcessRequest *req = (const void *)msg;
	struct vi_process *p = find(call, req->id, CONTAINER_OF(req));

	if (p)
		vi_process_wait(p, call);
}

static void on_kill_process(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__KillProcessRequest *req = (const void *)msg;
	Sandbox__KillProcessResponse resp = SANDBOX__KILL_PROCESS_RESPONSE__INIT;
	struct vi_process *p = find(call, req->id, CONTAINER_OF(req));
	struct err e = { 0 };
	int rc = p ? vi_process_kill(p, req->signal, &e) : 1;

	if (rc < 0)
		fail(call, rc, &e);
	else if (rc == 0)
		rpc_call_reply(call, &resp.base);
}

static void on_resize_process(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__ResizeProcessRequest *req = (const void *)msg;
	Sandbox__ResizeProcessResponse resp = SANDBOX__RESIZE_PROCESS_RESPONSE__INIT;
	struct vi_process *p = find(call, req->id, CONTAINER_OF(req));
	struct err e = { 0 };
	int rc = p ? vi_process_resize(p, req->rows, req->columns, &e) : 1;

	if (rc < 0)
		fail(call, rc, &e);
	else if (rc == 0)
		rpc_call_reply(call, &resp.base);
}

static void on_close_process_stdin(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__CloseProcessStdinRequest *req = (const void *)msg;
	Sandbox__CloseProcessStdinResponse resp = SANDBOX__CLOSE_PROCESS_STDIN_RESPONSE__INIT;
	struct vi_process *p = find(call, req->id, CONTAINER_OF(req));

	if (!p)
		return;
	vi_process_close_stdin(p);
	rpc_call_reply(call, &resp.base);
}

static void on_delete_process(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__DeleteProcessRequest *req = (const void *)msg;
	Sandbox__DeleteProcessResponse resp = SANDBOX__DELETE_PROCESS_RESPONSE__INIT;
	const char *container = CONTAINER_OF(req);
	struct vi_process *p = vi_process_find(req->id, container);
	struct err e = { 0 };
	int rc;

	if (!p) {
		/* Twice is no error while the container lives. */
		if (*container && strcmp(container, req->id) != 0 && vi_container_find(container))
			rpc_call_reply(call, &resp.base);
		else
			rpc_call_fail(call, RPC_NOT_FOUND, "there is no process '%.64s'", req->id);
		return;
	}
	rc = vi_process_delete(p, &e);
	if (rc < 0)
		fail(call, rc, &e);
	else
		rpc_call_reply(call, &resp.base);
}

/* --- the table */

#define OURS(Name, lower)                                                                               \
	{ "/berth.agent.v1.Agent/" #Name, &berth__agent__v1__##lower##_request__descriptor,             \
	  &berth__agent__v1__##lower##_response__descriptor, RPC_UNARY, on_##lower }
#define THEIRS(Name, lower)                                                                             \
	{ "/com.apple.containerization.sandbox.v3.SandboxContext/" #Name, &sandbox__##lower##_request__descriptor, \
	  &sandbox__##lower##_response__descriptor, RPC_UNARY, on_##lower }

#define on_prepare vi_method_prepare
#define on_pause vi_method_pause
#define on_look vi_method_look
#define on_tree vi_method_tree
#define on_stat vi_method_stat
#define on_mkdir vi_method_mkdir
#define on_write_file vi_method_write_file
#define on_filesystem_operation vi_method_filesystem_operation
#define on_sync vi_method_sync
#define on_mount vi_method_mount
#define on_umount vi_method_umount
#define on_set_time vi_method_set_time
#define on_setenv vi_method_setenv
#define on_getenv vi_method_getenv
#define on_sysctl vi_method_sysctl
#define on_setup_emulator vi_method_setup_emulator
#define on_kill vi_method_kill
#define on_ip_link_set vi_method_ip_link_set
#define on_ip_addr_add vi_method_ip_addr_add
#define on_ip_route_add_link vi_method_ip_route_add_link
#define on_ip_route_add_default vi_method_ip_route_add_default
#define on_configure_dns vi_method_configure_dns
#define on_configure_hosts vi_method_configure_hosts
#define on_proxy_vsock vi_method_proxy_vsock
#define on_stop_vsock_proxy vi_method_stop_vsock_proxy
#define on_resume vi_method_resume
#define on_process_list vi_method_process_list
#define on_process_signal vi_method_process_signal
#define on_container_statistics vi_method_container_statistics

const struct rpc_method vi_methods[] = {
	OURS(Hello, hello),
	OURS(Prepare, prepare),
	{ "/berth.agent.v1.Agent/Events", &berth__agent__v1__events_request__descriptor,
	  &berth__agent__v1__event__descriptor, RPC_SERVER_STREAM, vi_method_events },
	OURS(ProcessList, process_list),
	OURS(ProcessSignal, process_signal),
	{ "/com.apple.containerization.sandbox.v3.SandboxContext/Copy", &sandbox__copy_request__descriptor,
	  &sandbox__copy_response__descriptor, RPC_SERVER_STREAM, vi_method_copy },
	OURS(Pause, pause),
	OURS(Resume, resume),
	OURS(Look, look),
	OURS(Tree, tree),
	OURS(Shutdown, shutdown),
	THEIRS(CreateProcess, create_process),
	THEIRS(DeleteProcess, delete_process),
	THEIRS(StartProcess, start_process),
	THEIRS(KillProcess, kill_process),
	THEIRS(WaitProcess, wait_process),
	THEIRS(ResizeProcess, resize_process),
	THEIRS(CloseProcessStdin, close_process_stdin),
	THEIRS(ContainerStatistics, container_statistics),
	THEIRS(Stat, stat),
	THEIRS(Mkdir, mkdir),
	THEIRS(WriteFile, write_file),
	THEIRS(FilesystemOperation, filesystem_operation),
	THEIRS(Sync, sync),
	THEIRS(Mount, mount),
	THEIRS(Umount, umount),
	THEIRS(SetTime, set_time),
	THEIRS(Setenv, setenv),
	THEIRS(Getenv, getenv),
	THEIRS(Sysctl, sysctl),
	THEIRS(SetupEmulator, setup_emulator),
	THEIRS(Kill, kill),
	THEIRS(IpLinkSet, ip_link_set),
	THEIRS(IpAddrAdd, ip_addr_add),
	THEIRS(IpRouteAddLink, ip_route_add_link),
	THEIRS(IpRouteAddDefault, ip_route_add_default),
	THEIRS(ConfigureDns, configure_dns),
	THEIRS(ConfigureHosts, configure_hosts),
	THEIRS(ProxyVsock, proxy_vsock),
	THEIRS(StopVsockProxy, stop_vsock_proxy),
	{ 0 },
};
