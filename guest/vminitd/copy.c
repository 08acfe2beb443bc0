/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c - SandboxContext/Copy: a file to or from the host, over a connection to a port that the host named. Folders,
 * which travel as archives, are not carried yet. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "files.h"
#include "net.h"
#include "sandbox.pb-c.h"
#include "task.h"
#include "vpath.h"

#define CHUNK (256u << 10)

static int open_in(int root, const char *rest, int flags, mode_t mode)
{
	rest += strspn(rest, "/");
	flags |= flags & O_PATH ? O_CLOEXEC : O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	return path_open_in_root(root, *rest ? rest : ".", flags, mode);
}

/* A blocking one: this is a process of its own. */
static int dial(uint32_t port, struct err *e)
{
	int fd = vi_net_connect(port, e);

	if (fd >= 0)
		fcntl(fd, F_SETFL, 0);
	return fd == -ENOENT || fd == -ENODEV || fd == -ETIMEDOUT ? -ECONNREFUSED : fd;
}

/* Until the end of from, in order; the words say which end failed. */
static int pour(int from, int to, const char *read_what, const char *write_what, struct err *e)
{
	AUTO_FREE char *buf = malloc(CHUNK);
	ssize_t n = 0;
	int rc = 0;

	if (!buf)
		return err_sys(e, -ENOMEM, "cannot copy");
	while (rc == 0 && ((n = read(from, buf, CHUNK)) > 0 || (n < 0 && errno == EINTR)))
		rc = n > 0 ? file_write_full(to, buf, (size_t)n) : 0;
	if (rc < 0)
		return err_sys(e, rc, "cannot write %s", write_what);
	return n < 0 ? err_sys(e, -errno, "cannot read %s", read_what) : 0;
}

static int copy_in(const Sandbox__CopyRequest *req, struct err *e)
{
	char name[NAME_MAX + 1];
	const char *rest;
	AUTO_CLOSE int root = -1;
	AUTO_CLOSE int sock = -1;
	AUTO_CLOSE int fd = -1;
	struct stat st;

	root = vi_vpath_enter(req->path, &rest, e);
	if (root < 0)
		return root;
	if (req->create_parents) {
		AUTO_CLOSE int dir = vi_vpath_parent(root, rest, true, name);

		if (dir < 0)
			return err_sys(e, dir, "cannot make the folder of '%s'", req->path);
	}
	fd = open_in(root, rest, O_WRONLY | O_CREAT, req->mode ? (mode_t)req->mode : 0644);
	if (fd < 0)
		return err_sys(e, fd, "cannot open '%s'", req->path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' is not a regular file", req->path);
	sock = dial(req->vsock_port, e);
	if (sock < 0)
		return sock;
	if (ftruncate(fd, 0) < 0 || (req->mode && fchmod(fd, (mode_t)req->mode) < 0))
		return err_sys(e, -errno, "cannot empty '%s'", req->path);
	return pour(sock, fd, "the host's data", req->path, e);
}

/* What is said first: METADATA. */
static int copy_out(const Sandbox__CopyRequest *req, struct vi_task_result *r, struct err *e)
{
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_enter(req->path, &rest, e);
	AUTO_CLOSE int look = root < 0 ? -1 : open_in(root, rest, O_PATH, 0);
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int sock = -1;
	struct stat st;
	int rc;

	if (root < 0)
		return root;
	if (look < 0)
		return err_sys(e, look, "cannot find '%s'", req->path);
	if (fstat(look, &st) < 0)
		return err_sys(e, -errno, "cannot ask about '%s'", req->path);
	if (S_ISDIR(st.st_mode))
		return err_set(e, -EOPNOTSUPP, "this agent cannot send folders: '%s'", req->path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' is not a regular file", req->path);
	/* Another file may have its name by now: it is looked at again. */
	fd = open_in(root, rest, O_RDONLY, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_sys(e, fd < 0 ? fd : -EINVAL, "cannot open '%s'", req->path);
	r->value = (uint64_t)st.st_size;
	vi_task_note(r);
	sock = dial(req->vsock_port, e);
	if (sock < 0)
		return sock;
	rc = pour(fd, sock, req->path, "to the host", e);
	if (rc == 0 && shutdown(sock, SHUT_WR) < 0)
		rc = err_sys(e, -errno, "cannot end the data");
	return rc;
}

static int do_copy(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__CopyRequest *req = (const void *)msg;

	if (req->direction != SANDBOX__COPY_REQUEST__DIRECTION__COPY_IN &&
	    req->direction != SANDBOX__COPY_REQUEST__DIRECTION__COPY_OUT)
		return err_set(e, -EINVAL, "%d is not a direction", (int)req->direction);
	if (req->mode & ~07777u)
		return err_set(e, -EINVAL, "0%o is not a mode", req->mode);
	if (req->is_archive)
		return err_set(e, -EOPNOTSUPP, "this agent cannot take archives: '%s'", req->path);
	return req->direction == SANDBOX__COPY_REQUEST__DIRECTION__COPY_IN ? copy_in(req, e) : copy_out(req, r, e);
}

static void on_metadata(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__CopyResponse resp = SANDBOX__COPY_RESPONSE__INIT;

	resp.status = SANDBOX__COPY_RESPONSE__STATUS__METADATA;
	resp.total_size = r->value;
	rpc_call_send(call, &resp.base);
}

static void on_copied(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__CopyResponse resp = SANDBOX__COPY_RESPONSE__INIT;

	resp.status = SANDBOX__COPY_RESPONSE__STATUS__COMPLETE;
	rpc_call_reply(call, &resp.base);
}

void vi_method_copy(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start_noting(call, msg, "copy", do_copy, on_metadata, on_copied);
}
