/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c - SandboxContext/Copy: a file to or from the host, over a connection to a port that the host named; what a
 * folder holds travels as tar and gzip. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/tree-unpack.h"
#include "copy.h"
#include "files.h"
#include "gzip.h"
#include "net.h"
#include "sandbox.pb-c.h"
#include "task.h"
#include "vpath.h"

#define CHUNK (256u << 10)

#define NO_WAIT (O_NONBLOCK | O_NOCTTY) /* whatever has the name by now */

/* A blocking one: this is a process of its own. */
int vi_copy_dial(uint32_t port, struct err *e)
{
	int fd = vi_net_connect(port, e);

	if (fd >= 0)
		fcntl(fd, F_SETFL, 0);
	return fd == -ENOENT || fd == -ENODEV || fd == -ETIMEDOUT ? -ECONNREFUSED : fd;
}

/* What is sent is all there is: only a clean shutdown says so. */
int vi_copy_end(int sock, struct err *e)
{
	return shutdown(sock, SHUT_WR) < 0 ? err_sys(e, -errno, "cannot end the data") : 0;
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

/* --- folders */

int vi_copy_unpack(struct tree_into *into, int root, int sock, struct tree_stats *stats, struct err *e)
{
	AUTO_FREE struct vi_gzip_in *z = malloc(sizeof(*z));
	struct stat a, b;
	int rc = z ? vi_gzip_in_init(z, sock, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc < 0)
		return rc;
	into->is_root = fstat(root, &a) == 0 && fstat(into->dir, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
	rc = tree_unpack(into, &z->stream.src, stats, e);
	vi_gzip_in_finish(z);
	return rc;
}

int vi_copy_pack(int dir, const char *name, const char *as, int sock, bool plain, struct tree_stats *stats, struct err *e)
{
	AUTO_FREE struct vi_gzip_out *z = malloc(sizeof(*z));
	int rc;

	if (!z)
		return err_set(e, -ENOMEM, "out of memory");
	vi_gzip_out_init(z, sock, plain);
	rc = tree_pack(dir, name, as, &z->out, stats, e);
	if (rc == 0)
		rc = vi_gzip_out_end(z, e);
	return rc < 0 ? rc : vi_copy_end(sock, e);
}

int vi_copy_open_folder(int root, const char *path, const char *rest, mode_t mode, bool make, bool parents, struct err *e)
{
	char name[NAME_MAX + 1];
	AUTO_CLOSE int above = -1;
	int fd = vi_vpath_open(root, rest, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT || !make)
		return fd < 0 ? err_sys(e, fd, "cannot open '%s'", path) : fd;
	above = vi_vpath_parent(root, rest, parents, name);
	if (above < 0)
		return err_sys(e, above, "cannot make '%s'", path);
	if (mkdirat(above, name, mode ? mode : 0755) < 0)
		return err_sys(e, -errno, "cannot make '%s'", path);
	fd = vi_vpath_open(root, rest, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? err_sys(e, fd, "cannot open '%s'", path) : fd;
}

/* What the archive holds goes into the folder. */
static int copy_archive_in(const Sandbox__CopyRequest *req, struct err *e)
{
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_enter(req->path, &rest, e);
	AUTO_CLOSE int dir = root < 0 ? -1 : vi_copy_open_folder(root, req->path, rest, (mode_t)req->mode, true, req->create_parents, e);
	AUTO_CLOSE int sock = dir < 0 ? -1 : vi_copy_dial(req->vsock_port, e);
	struct tree_into into = { .dir = dir, .keep_owner = true };
	struct tree_stats stats = { 0 };

	if (root < 0 || dir < 0 || sock < 0)
		return root < 0 ? root : dir < 0 ? dir : sock;
	return vi_copy_unpack(&into, root, sock, &stats, e);
}

/* --- files */

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
	fd = vi_vpath_open(root, rest, O_WRONLY | O_CREAT | NO_WAIT, req->mode ? (mode_t)req->mode : 0644);
	if (fd < 0)
		return err_sys(e, fd, "cannot open '%s'", req->path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' is not a regular file", req->path);
	sock = vi_copy_dial(req->vsock_port, e);
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
	AUTO_CLOSE int look = root < 0 ? -1 : vi_vpath_open(root, rest, O_PATH, 0);
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
	r->st = st;
	if (S_ISDIR(st.st_mode)) {
		struct tree_stats stats = { 0 };

		vi_task_note(r);
		sock = vi_copy_dial(req->vsock_port, e);
		return sock < 0 ? sock : vi_copy_pack(look, ".", "", sock, false, &stats, e);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' is not a regular file or a folder", req->path);
	/* Another file may have its name by now: it is looked at again. */
	fd = vi_vpath_open(root, rest, O_RDONLY | NO_WAIT, 0);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_sys(e, fd < 0 ? fd : -EINVAL, "cannot open '%s'", req->path);
	r->value = (uint64_t)st.st_size;
	vi_task_note(r);
	sock = vi_copy_dial(req->vsock_port, e);
	if (sock < 0)
		return sock;
	rc = pour(fd, sock, req->path, "to the host", e);
	return rc < 0 ? rc : vi_copy_end(sock, e);
}

static int do_copy(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__CopyRequest *req = (const void *)msg;

	if (req->direction != SANDBOX__COPY_REQUEST__DIRECTION__COPY_IN &&
	    req->direction != SANDBOX__COPY_REQUEST__DIRECTION__COPY_OUT)
		return err_set(e, -EINVAL, "%d is not a direction", (int)req->direction);
	if (req->mode & ~07777u)
		return err_set(e, -EINVAL, "0%o is not a mode", req->mode);
	if (req->direction == SANDBOX__COPY_REQUEST__DIRECTION__COPY_OUT)
		return copy_out(req, r, e);
	return req->is_archive ? copy_archive_in(req, e) : copy_in(req, e);
}

static void on_metadata(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__CopyResponse resp = SANDBOX__COPY_RESPONSE__INIT;

	resp.status = SANDBOX__COPY_RESPONSE__STATUS__METADATA;
	resp.is_archive = S_ISDIR(r->st.st_mode);
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
