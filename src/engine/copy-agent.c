/* SPDX-License-Identifier: Apache-2.0 */
/* copy-agent.c - the files of a container that runs, by its agent: calls by the VM's way in, and the bytes over a
 * connection that the guest opens to a socket beside it. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sock.h"
#include "engine/copy-files.h"
#include "rpc/msg.h"
#include "rpc/sync.h"
#include "vm/agent.h"
#include "vm/way-in.h"

#define AGENT_PORT 1024
#define ANSWER_MS 20000
#define PORT_FIRST 0x50000000u /* nobody gives these out */
#define PORT_MASK 0x0fffffffu

struct by_agent {
	struct copy_files files;
	char root[128], id[CONTAINER_ID_LEN + 1];
	int dir, fd, listener;
	uint32_t port;
	bool bound, has_rpc;
	int stopped;
	struct rpc_sync rpc;
};

static struct by_agent *of(struct copy_files *f)
{
	return container_of(f, struct by_agent, files);
}

/* The words of the agent name paths as the VM sees them. */
static int in_our_words(const struct by_agent *a, int rc, struct err *e)
{
	size_t n = strlen(a->root);

	for (char *p; rc < 0 && e && (p = strstr(e->text, a->root));)
		memmove(p, p + n, strlen(p + n) + 1);
	return rc;
}

/* A path of the container's, as the agent takes it; the caller frees. */
static char *guest_path(const struct by_agent *a, const char *path)
{
	return path_fmt("%s%s", a->root, path);
}

static int call(struct by_agent *a, const struct rpc_method *m, const ProtobufCMessage *req, int64_t timeout_ms, ProtobufCMessage **ret,
		struct err *e)
{
	return in_our_words(a, rpc_sync_unary(&a->rpc, m, req, timeout_ms, ret, e), e);
}

static int look(struct copy_files *f, const char *path, struct copy_look *ret, struct err *e)
{
	struct by_agent *a = of(f);
	AUTO_FREE char *where = guest_path(a, path);
	AGENT(LookRequest) req = BERTH__AGENT__V1__LOOK_REQUEST__INIT;
	ProtobufCMessage *msg = NULL;
	const AGENT(LookResponse) *resp;
	int rc;

	if (!where)
		return err_set(e, -ENOMEM, "out of memory");
	req.path = where;
	rc = call(a, &agent_look, &req.base, ANSWER_MS, &msg, e);
	if (rc < 0)
		return rc;
	resp = (const void *)msg;
	*ret = (struct copy_look){ .mode = resp->mode, .size = resp->size, .target_mode = resp->target_mode };
	if (resp->link.len && resp->link.len < sizeof(ret->link))
		memcpy(ret->link, resp->link.data, resp->link.len);
	rpc_msg_free(msg);
	return 0;
}

/* --- the connection for the bytes */

static int offer(struct by_agent *a, struct err *e)
{
	char name[sizeof(WAY_IN_SOCKET) + 12];
	int rc = file_random(&a->port, sizeof(a->port));

	if (rc < 0)
		return err_sys(e, rc, "cannot choose a port");
	a->port = PORT_FIRST | (a->port & PORT_MASK);
	snprintf(name, sizeof(name), WAY_IN_SOCKET "_%u", a->port);
	a->listener = sock_listen_at(a->dir, name, e);
	a->bound = a->listener >= 0;
	return a->listener < 0 ? a->listener : 0;
}

static int connect_agent(struct copy_files *f, struct err *e)
{
	struct by_agent *a = of(f);
	struct pollfd p = { .fd = a->listener, .events = POLLIN };
	int fd = -1;

	while (fd < 0 && !__atomic_load_n(&a->stopped, __ATOMIC_RELAXED)) {
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return err_sys(e, -errno, "cannot wait for the guest");
		fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0 && errno != EAGAIN && errno != EINTR)
			break;
		if (fd >= 0 && sock_check_peer(fd, geteuid()) < 0) {
			close(fd);
			fd = -1;
		}
	}
	return fd < 0 ? err_set(e, -ECANCELED, "canceled") : fd;
}

static int tree(struct by_agent *a, AGENT(TreeRequest) *req, const char *path, const char *name, struct tree_stats *stats, struct err *e)
{
	AUTO_FREE char *where = guest_path(a, path);
	ProtobufCMessage *msg = NULL;
	const AGENT(TreeResponse) *resp;
	int rc;

	if (!where)
		return err_set(e, -ENOMEM, "out of memory");
	req->path = where;
	req->vsock_port = a->port;
	req->name.data = (uint8_t *)name;
	req->name.len = strlen(name);
	rc = call(a, &agent_tree, &req->base, 0, &msg, e);
	if (rc < 0)
		return rc;
	resp = (const void *)msg;
	*stats = (struct tree_stats){ resp->entries, resp->bytes, resp->left_out };
	rpc_msg_free(msg);
	return 0;
}

static int out(struct copy_files *f, const char *path, const char *name, struct tree_stats *stats, struct err *e)
{
	AGENT(TreeRequest) req = BERTH__AGENT__V1__TREE_REQUEST__INIT;

	req.direction = BERTH__AGENT__V1__TREE_REQUEST__DIRECTION__OUT;
	return tree(of(f), &req, path, name, stats, e);
}

static int in(struct copy_files *f, const struct copy_plan *p, bool keep_owner, struct tree_stats *stats, struct err *e)
{
	AGENT(TreeRequest) req = BERTH__AGENT__V1__TREE_REQUEST__INIT;

	req.direction = BERTH__AGENT__V1__TREE_REQUEST__DIRECTION__IN;
	req.keep_owner = keep_owner;
	req.parents = p->make;
	return tree(of(f), &req, p->folder, p->name, stats, e);
}

static void stop(struct copy_files *f, bool hard)
{
	struct by_agent *a = of(f);

	__atomic_store_n(&a->stopped, 1, __ATOMIC_RELAXED);
	shutdown(a->listener, SHUT_RDWR);
	if (hard)
		shutdown(a->fd, SHUT_RDWR);
}

static int settle(struct copy_files *f, struct err *e)
{
	Sandbox__FilesystemOperationRequest req = SANDBOX__FILESYSTEM_OPERATION_REQUEST__INIT;
	Sandbox__FiFreezeParams freeze = SANDBOX__FI_FREEZE_PARAMS__INIT;
	AUTO_FREE char *path = path_fmt("/run/berth/%s/upper", of(f)->id);

	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	req.path = path;
	req.freeze = &freeze;
	req.operation_case = SANDBOX__FILESYSTEM_OPERATION_REQUEST__OPERATION_FREEZE;
	return call(of(f), &agent_filesystem_operation, &req.base, ANSWER_MS, NULL, e);
}

static void close_agent(struct copy_files *f)
{
	struct by_agent *a = of(f);
	char name[sizeof(WAY_IN_SOCKET) + 12];

	if (a->has_rpc)
		rpc_sync_finish(&a->rpc);
	snprintf(name, sizeof(name), WAY_IN_SOCKET "_%u", a->port);
	if (a->bound)
		unlinkat(a->dir, name, 0);
	auto_close(&a->listener);
	auto_close(&a->fd);
	auto_close(&a->dir);
	free(a);
}

/* --- the way in */

static int say_port(int fd, struct err *e)
{
	char line[64], c = 0;
	size_t n = (size_t)snprintf(line, sizeof(line), "CONNECT %d\n", AGENT_PORT);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (send(fd, line, n, MSG_NOSIGNAL) != (ssize_t)n)
		return err_sys(e, -errno, "cannot speak to the guest");
	for (n = 0; n + 1 < sizeof(line) && c != '\n'; n++) {
		if (poll(&p, 1, ANSWER_MS) <= 0)
			return err_set(e, -ETIMEDOUT, "the guest does not answer");
		if (recv(fd, &c, 1, 0) != 1)
			return err_set(e, -ENOTCONN, "the guest does not answer");
		line[n] = c;
	}
	return strncmp(line, "OK ", 3) == 0 ? 0 : err_set(e, -EPROTO, "the guest's agent cannot be reached");
}

static int enter(const struct berth *b, struct by_agent *a, struct err *e)
{
	AUTO_FREE char *dir = eng_run_dir(b, a->id);
	int rc;

	if (!dir)
		return err_set(e, -ENOMEM, "out of memory");
	a->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	a->fd = a->dir < 0 ? -errno : sock_connect_at(a->dir, WAY_IN_SOCKET, NULL);
	if (a->fd < 0)
		return err_sys(e, a->fd, "cannot reach the guest");
	rc = say_port(a->fd, e);
	if (rc == 0)
		rc = rpc_sync_init(&a->rpc, a->fd, e);
	a->has_rpc = rc == 0;
	return rc < 0 ? rc : offer(a, e);
}

int copy_files_agent(const struct berth *b, const struct container *c, struct copy_files **ret, struct err *e)
{
	static const struct copy_files_ops ops = { look, out, in, connect_agent, stop, settle, close_agent };
	struct by_agent *a = calloc(1, sizeof(*a));
	int rc;

	if (!a)
		return err_set(e, -ENOMEM, "out of memory");
	a->files.ops = &ops;
	a->dir = a->fd = a->listener = -1;
	memcpy(a->id, c->id, sizeof(a->id));
	snprintf(a->root, sizeof(a->root), "/run/berth/%s/rootfs", c->id);
	rc = enter(b, a, e);
	if (rc < 0) {
		close_agent(&a->files);
		return rc;
	}
	*ret = &a->files;
	return 0;
}
