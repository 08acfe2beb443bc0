/* SPDX-License-Identifier: Apache-2.0 */
/* system.c - SandboxContext's calls for the VM as a whole: SetTime, Setenv, Getenv, Sysctl, SetupEmulator, Kill. */
#include "system.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "prepare.h"
#include "sandbox.pb-c.h"
#include "task.h"

#define BINFMT "/proc/sys/fs/binfmt_misc"
#define BINFMT_LINE_MAX 1920 /* Documentation/admin-guide/binfmt-misc.rst */

void vi_method_set_time(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__SetTimeRequest *req = (const void *)msg;
	Sandbox__SetTimeResponse resp = SANDBOX__SET_TIME_RESPONSE__INIT;
	struct timespec t = { (time_t)req->sec, req->usec * 1000l };

	if (req->usec < 0 || req->usec > 999999)
		rpc_call_fail(call, RPC_INVALID_ARGUMENT, "set time: %d is not a number of microseconds", req->usec);
	else if (clock_settime(CLOCK_REALTIME, &t) < 0)
		vi_call_fail(call, "set time", -errno, NULL);
	else
		rpc_call_reply(call, &resp.base);
}

/* --- the agent's environment */

static bool is_key(struct rpc_call *call, const char *what, const char *key)
{
	if (*key && !strchr(key, '='))
		return true;
	rpc_call_fail(call, RPC_INVALID_ARGUMENT, "%s: '%.64s' is not the name of a variable", what, key);
	return false;
}

void vi_method_setenv(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__SetenvRequest *req = (const void *)msg;
	Sandbox__SetenvResponse resp = SANDBOX__SETENV_RESPONSE__INIT;

	if (!is_key(call, "setenv", req->key))
		return;
	if (req->opt_value_case ? setenv(req->key, req->value, 1) < 0 : unsetenv(req->key) < 0)
		vi_call_fail(call, "setenv", -errno, NULL);
	else
		rpc_call_reply(call, &resp.base);
}

void vi_method_getenv(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__GetenvRequest *req = (const void *)msg;
	Sandbox__GetenvResponse resp = SANDBOX__GETENV_RESPONSE__INIT;
	char *value;

	if (!is_key(call, "getenv", req->key))
		return;
	value = getenv(req->key);
	if (value) {
		resp.opt_value_case = SANDBOX__GETENV_RESPONSE__OPT_VALUE_VALUE;
		resp.value = value;
	}
	rpc_call_reply(call, &resp.base);
}

/* --- Sysctl */

void vi_method_sysctl(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__SysctlRequest *req = (const void *)msg;
	Sandbox__SysctlResponse resp = SANDBOX__SYSCTL_RESPONSE__INIT;
	struct err e = { 0 };

	for (size_t i = 0; i < req->n_settings; i++) {
		int rc = vi_sysctl_set(req->settings[i]->key, req->settings[i]->value, &e);

		if (rc < 0) {
			vi_call_fail(call, "sysctl", rc, &e);
			return;
		}
	}
	rpc_call_reply(call, &resp.base);
}

/* --- SetupEmulator: ":name:type:offset:magic:mask:interpreter:flags" */

static bool is_field(const char *s)
{
	return !strpbrk(s, ":\n");
}

static int register_emulator(const Sandbox__SetupEmulatorRequest *req, struct err *e)
{
	AUTO_FREE char *line = path_fmt(":%s:%s:%s:%s:%s:%s:%s", req->name, req->type, req->offset, req->magic, req->mask,
					req->binary_path, req->flags);
	AUTO_FREE char *entry = path_fmt(BINFMT "/%s", req->name);
	AUTO_CLOSE int fd = -1;
	int rc;

	if (!line || !entry)
		return err_sys(e, -ENOMEM, "cannot register '%s'", req->name);
	if (strlen(line) > BINFMT_LINE_MAX)
		return err_set(e, -EINVAL, "the entry '%.64s' is too long", req->name);
	if (access(BINFMT "/register", F_OK) < 0 && mount("binfmt_misc", BINFMT, "binfmt_misc", 0, NULL) < 0)
		return errno == ENOENT || errno == ENODEV ?
			       err_set(e, -EOPNOTSUPP, "this kernel has no binfmt_misc") :
			       err_sys(e, -errno, "cannot mount binfmt_misc");
	if (access(entry, F_OK) == 0)
		return err_set(e, -EEXIST, "the emulator '%s' is registered already", req->name);
	fd = open(BINFMT "/register", O_WRONLY | O_CLOEXEC);
	rc = fd < 0 ? -errno : file_write_full(fd, line, strlen(line));
	return rc < 0 ? err_sys(e, rc, "cannot register '%s'", req->name) : 0;
}

void vi_method_setup_emulator(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__SetupEmulatorRequest *req = (const void *)msg;
	Sandbox__SetupEmulatorResponse resp = SANDBOX__SETUP_EMULATOR_RESPONSE__INIT;
	struct err e = { 0 };
	int rc;

	if (!*req->name || strchr(req->name, '/') || *req->name == '.' || strcmp(req->name, "register") == 0 ||
	    strcmp(req->name, "status") == 0 || !is_field(req->name))
		rc = err_set(&e, -EINVAL, "'%.64s' is not a name", req->name);
	else if (strcmp(req->type, "M") != 0 && strcmp(req->type, "E") != 0)
		rc = err_set(&e, -EINVAL, "'%.64s' is not a type: M or E", req->type);
	else if (*req->binary_path != '/' || !is_field(req->binary_path))
		rc = err_set(&e, -EINVAL, "'%.200s' is not an absolute path", req->binary_path);
	else if (!is_field(req->offset) || !is_field(req->magic) || !is_field(req->mask) || !is_field(req->flags))
		rc = err_set(&e, -EINVAL, "a field has ':' or a newline in it");
	else
		rc = register_emulator(req, &e);
	if (rc < 0)
		vi_call_fail(call, "set up emulator", rc, &e);
	else
		rpc_call_reply(call, &resp.base);
}

/* --- Kill: any process of the VM but the agent */

void vi_method_kill(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__KillRequest *req = (const void *)msg;
	Sandbox__KillResponse resp = SANDBOX__KILL_RESPONSE__INIT;

	if (req->signal < 0 || req->signal > 64)
		rpc_call_fail(call, RPC_INVALID_ARGUMENT, "kill: %d is not a signal", req->signal);
	else if (req->pid == 0 || req->pid == -1 || req->pid == getpid() || req->pid == -getpgrp())
		rpc_call_fail(call, RPC_INVALID_ARGUMENT, "kill: %d would be the agent itself", req->pid);
	else if (kill(req->pid, req->signal) < 0)
		rpc_call_fail(call, errno == ESRCH ? RPC_NOT_FOUND : rpc_code_of_errno(errno), "kill: process %d: %s",
			      req->pid, err_str(errno));
	else
		rpc_call_reply(call, &resp.base);
}
