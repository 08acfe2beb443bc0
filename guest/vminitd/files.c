/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - SandboxContext's calls for files: Stat, Mkdir, WriteFile, FilesystemOperation, Sync. */
#include "files.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "sandbox.pb-c.h"
#include "task.h"
#include "vpath.h"

#define MODE_BITS 07777u

/* --- Stat: of what a symlink leads to */

static int do_stat(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__StatRequest *req = (const void *)msg;
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_enter(req->path, &rest, e);
	AUTO_CLOSE int fd = root < 0 ? -1 : vi_vpath_open(root, rest, O_PATH, 0);

	if (root < 0)
		return root;
	if (fd < 0)
		return err_sys(e, fd, "cannot find '%s'", req->path);
	return fstat(fd, &r->st) < 0 ? err_sys(e, -errno, "cannot ask about '%s'", req->path) : 0;
}

static void set_time(Google__Protobuf__Timestamp *ret, const struct timespec *t)
{
	google__protobuf__timestamp__init(ret);
	ret->seconds = t->tv_sec;
	ret->nanos = (int32_t)t->tv_nsec;
}

static void on_stat(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__StatResponse resp = SANDBOX__STAT_RESPONSE__INIT;
	Sandbox__Stat st = SANDBOX__STAT__INIT;
	Google__Protobuf__Timestamp a, m, c;

	st.dev = r->st.st_dev;
	st.ino = r->st.st_ino;
	st.mode = r->st.st_mode;
	st.nlink = r->st.st_nlink;
	st.uid = r->st.st_uid;
	st.gid = r->st.st_gid;
	st.rdev = r->st.st_rdev;
	st.size = r->st.st_size;
	st.blksize = r->st.st_blksize;
	st.blocks = r->st.st_blocks;
	set_time(&a, &r->st.st_atim);
	set_time(&m, &r->st.st_mtim);
	set_time(&c, &r->st.st_ctim);
	st.atime = &a;
	st.mtime = &m;
	st.ctime = &c;
	resp.stat = &st;
	rpc_call_reply(call, &resp.base);
}

void vi_method_stat(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "stat", do_stat, on_stat);
}

/* --- Mkdir */

static int do_mkdir(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__MkdirRequest *req = (const void *)msg;
	mode_t mode = req->perms ? (mode_t)req->perms : 0755;
	char name[NAME_MAX + 1];
	const char *rest;
	AUTO_CLOSE int root = -1;
	AUTO_CLOSE int dir = -1;
	struct stat st;

	if (req->perms & ~MODE_BITS)
		return err_set(e, -EINVAL, "0%o is not a mode", req->perms);
	root = vi_vpath_enter(req->path, &rest, e);
	if (root < 0)
		return root;
	dir = vi_vpath_parent(root, rest, req->all, name);
	if (dir < 0)
		return err_sys(e, dir, "cannot make '%s'", req->path);
	if (*name && mkdirat(dir, name, mode) == 0)
		return fchmodat(dir, name, mode, 0) < 0 ? err_sys(e, -errno, "cannot set the mode of '%s'", req->path) : 0;
	if (*name && errno != EEXIST)
		return err_sys(e, -errno, "cannot make '%s'", req->path);
	if (req->all) {
		AUTO_CLOSE int there = vi_vpath_open(root, rest, O_PATH, 0);

		if (there >= 0 && fstat(there, &st) == 0 && S_ISDIR(st.st_mode))
			return 0;
	}
	return err_sys(e, -EEXIST, "cannot make '%s'", req->path);
}

static void on_mkdir(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__MkdirResponse resp = SANDBOX__MKDIR_RESPONSE__INIT;

	rpc_call_reply(call, &resp.base);
}

void vi_method_mkdir(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "mkdir", do_mkdir, on_mkdir);
}

/* --- WriteFile */

static int do_write(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__WriteFileRequest *req = (const void *)msg;
	bool append = req->flags && req->flags->append, create = req->flags && req->flags->create_if_missing;
	int flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | (append ? O_APPEND : 0) | (create ? O_CREAT : 0), rc;
	mode_t mode = req->mode ? (mode_t)req->mode : 0644;
	const char *rest;
	AUTO_CLOSE int root = -1;
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (req->mode & ~MODE_BITS)
		return err_set(e, -EINVAL, "0%o is not a mode", req->mode);
	root = vi_vpath_enter(req->path, &rest, e);
	if (root < 0)
		return root;
	if (req->flags && req->flags->create_parent_dirs) {
		char name[NAME_MAX + 1];
		AUTO_CLOSE int dir = vi_vpath_parent(root, rest, true, name);

		if (dir < 0)
			return err_sys(e, dir, "cannot make the folder of '%s'", req->path);
	}
	fd = vi_vpath_open(root, rest, flags, create ? mode : 0);
	if (fd < 0)
		return err_sys(e, fd, "cannot open '%s'", req->path);
	/* Not with O_TRUNC: the open of a device or a FIFO has happened by now, and does no harm. */
	rc = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !append && ftruncate(fd, 0) < 0 ? -errno : 0;
	if (rc == 0)
		rc = file_write_full(fd, req->data.data, req->data.len);
	return rc < 0 ? err_sys(e, rc, "cannot write '%s'", req->path) : 0;
}

static void on_written(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__WriteFileResponse resp = SANDBOX__WRITE_FILE_RESPONSE__INIT;

	rpc_call_reply(call, &resp.base);
}

void vi_method_write_file(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "write file", do_write, on_written);
}

/* --- FilesystemOperation */

static int operate(int fd, const Sandbox__FilesystemOperationRequest *req, uint64_t *trimmed, struct err *e)
{
	struct fstrim_range range = { .len = UINT64_MAX };

	switch (req->operation_case) {
	case SANDBOX__FILESYSTEM_OPERATION_REQUEST__OPERATION_TRIM:
		if (ioctl(fd, FITRIM, &range) < 0)
			return err_sys(e, -errno, "cannot trim '%s'", req->path);
		*trimmed = range.len;
		return 0;
	case SANDBOX__FILESYSTEM_OPERATION_REQUEST__OPERATION_FREEZE:
		return ioctl(fd, FIFREEZE, 0) < 0 ? err_sys(e, -errno, "cannot freeze '%s'", req->path) : 0;
	default:
		if (ioctl(fd, FITHAW, 0) == 0)
			return 0;
		return errno == EINVAL ? err_set(e, -EBUSY, "cannot thaw '%s': it is not frozen", req->path) :
					 err_sys(e, -errno, "cannot thaw '%s'", req->path);
	}
}

static int do_operation(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__FilesystemOperationRequest *req = (const void *)msg;
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_enter(req->path, &rest, e);
	AUTO_CLOSE int fd = root < 0 ? -1 : vi_vpath_open(root, rest, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);

	if (root < 0)
		return root;
	if (fd == -ELOOP)
		return err_set(e, -EINVAL, "'%s' is a symlink", req->path);
	if (fd < 0)
		return err_sys(e, fd, "cannot open '%s'", req->path);
	return operate(fd, req, &r->value, e);
}

static void on_operated(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	const Sandbox__FilesystemOperationRequest *req = (const void *)msg;
	Sandbox__FilesystemOperationResponse resp = SANDBOX__FILESYSTEM_OPERATION_RESPONSE__INIT;
	Sandbox__FiTrimResult trim = SANDBOX__FI_TRIM_RESULT__INIT;

	if (req->operation_case == SANDBOX__FILESYSTEM_OPERATION_REQUEST__OPERATION_TRIM) {
		trim.trimmed_bytes = r->value;
		resp.result_case = SANDBOX__FILESYSTEM_OPERATION_RESPONSE__RESULT_TRIM;
		resp.trim = &trim;
	}
	rpc_call_reply(call, &resp.base);
}

void vi_method_filesystem_operation(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__FilesystemOperationRequest *req = (const void *)msg;

	if (req->operation_case == SANDBOX__FILESYSTEM_OPERATION_REQUEST__OPERATION__NOT_SET)
		rpc_call_fail(call, RPC_INVALID_ARGUMENT, "filesystem operation: none is named");
	else if (req->operation_case == SANDBOX__FILESYSTEM_OPERATION_REQUEST__OPERATION_TRIM &&
		 req->trim->schedule_case == SANDBOX__FI_TRIM_PARAMS__SCHEDULE__NOT_SET)
		rpc_call_fail(call, RPC_INVALID_ARGUMENT, "filesystem operation: trim has no schedule");
	else
		vi_task_start(call, msg, "filesystem operation", do_operation, on_operated);
}

/* --- Sync */

static int do_sync(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	sync();
	return 0;
}

static void on_synced(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__SyncResponse resp = SANDBOX__SYNC_RESPONSE__INIT;

	rpc_call_reply(call, &resp.base);
}

void vi_method_sync(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "sync", do_sync, on_synced);
}
