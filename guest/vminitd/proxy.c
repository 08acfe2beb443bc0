/* SPDX-License-Identifier: Apache-2.0 */
/* proxy.c - unix sockets of the guest joined with vsock ports: INTO listens on the socket and dials the host's port,
 * OUT_OF listens on the guest's port and dials the socket. */
#include "proxy.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/log.h"
#include "base/path.h"
#include "container.h"
#include "join.h"
#include "net.h"
#include "sandbox.pb-c.h"
#include "task.h"
#include "vpath.h"

#define PROXIES_MAX 256
#define CONNS_MAX 1024
#define BACKLOG 128

struct proxy {
	struct list link;
	char id[VI_ID_MAX + 1];
	uint32_t port;
	bool into;
	char *path;               /* of the request */
	struct vi_watch listener;
	int dir;                  /* INTO: the folder that the socket is in */
	char name[NAME_MAX + 1];
	struct stat made;         /* and what it is, so that no other is removed */
};

static struct list proxies = { &proxies, &proxies };
static int nproxies, nconns;

static void proxy_free(struct proxy *p)
{
	struct stat st;

	list_remove(&p->link);
	if (p->listener.fd >= 0) {
		vi_watch_stop(&p->listener);
		close(p->listener.fd);
	}
	if (p->dir >= 0) {
		if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == p->made.st_ino &&
		    st.st_dev == p->made.st_dev)
			unlinkat(p->dir, p->name, 0);
		close(p->dir);
	}
	free(p->path);
	free(p);
	nproxies--;
}

static struct proxy *proxy_find(const char *id)
{
	list_each(struct proxy, p, &proxies, link)
		if (strcmp(p->id, id) == 0)
			return p;
	return NULL;
}

/* The address of a name in a folder, whatever the folder's own name, and whosever namespace it is in. */
static int address_in(int dir, const char *name, struct sockaddr_un *ret)
{
	int n;

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dir, name);
	return n < (int)sizeof(ret->sun_path) ? 0 : -ENAMETOOLONG;
}

/* The folder of the socket, and its name. */
static int open_place(const char *path, char name[static NAME_MAX + 1], struct err *e)
{
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_root(path, &rest, e);
	int dir = root < 0 ? -1 : vi_vpath_parent(root, rest, false, name);

	if (root < 0)
		return root;
	if (dir < 0)
		return err_sys(e, dir, "cannot find the folder of '%s'", path);
	if (*name)
		return dir;
	close(dir);
	return err_set(e, -EINVAL, "'%s' is not the name of a socket", path);
}

/* --- connections */

static void on_conn_end(void *arg)
{
	nconns--;
}

/* A link in the place of the socket would lead out of the container. */
static int dial_socket(const struct proxy *p, struct err *e)
{
	char name[NAME_MAX + 1];
	AUTO_CLOSE int dir = open_place(p->path, name, e);
	AUTO_CLOSE int fd = -1;
	struct sockaddr_un a;
	struct stat st;
	int rc;

	if (dir < 0)
		return dir;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(st.st_mode))
		return err_set(e, -ECONNREFUSED, "there is no socket '%s'", p->path);
	rc = address_in(dir, name, &a);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (rc == 0 && (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0))
		rc = -errno;
	return rc < 0 ? err_sys(e, rc, "cannot connect to '%s'", p->path) : TAKE_FD(fd);
}

static void on_connection(struct vi_watch *w, uint32_t events)
{
	struct proxy *p = container_of(w, struct proxy, listener);

	for (int fd; (fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
		struct err e = { 0 };
		int other = nconns >= CONNS_MAX ? err_set(&e, -EMFILE, "too many connections") :
			    p->into ? vi_net_connect(p->port, &e) : dial_socket(p, &e);

		if (other < 0) {
			log_warn("proxy '%s': %s", p->id, e.text);
			close(fd);
			continue;
		}
		nconns++;
		if (vi_join(fd, other, on_conn_end, NULL) < 0)
			nconns--;
	}
}

/* --- the methods */

static int listen_socket(struct proxy *p, const Sandbox__ProxyVsockRequest *req, struct err *e)
{
	mode_t mode = req->opt_guest_socket_permissions_case ? req->guestsocketpermissions & 0777 : 0;
	struct sockaddr_un a;
	int rc;

	p->dir = open_place(p->path, p->name, e);
	if (p->dir < 0)
		return p->dir;
	rc = address_in(p->dir, p->name, &a);
	p->listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (rc == 0 && (p->listener.fd < 0 || bind(p->listener.fd, (struct sockaddr *)&a, sizeof(a)) < 0))
		rc = errno == EADDRINUSE ? -EEXIST : -errno;
	if (rc < 0) {
		close(TAKE_FD(p->dir)); /* what is there is not ours */
		return err_sys(e, rc, "cannot listen on '%s'", p->path);
	}
	if (fstatat(p->dir, p->name, &p->made, AT_SYMLINK_NOFOLLOW) < 0 ||
	    (mode && fchmodat(p->dir, p->name, mode, 0) < 0) || listen(p->listener.fd, BACKLOG) < 0)
		return err_sys(e, -errno, "cannot listen on '%s'", p->path);
	return 0;
}

static int proxy_start(const Sandbox__ProxyVsockRequest *req, struct err *e)
{
	struct proxy *p;
	int rc;

	if (!*req->id || strlen(req->id) > VI_ID_MAX)
		return err_set(e, -EINVAL, "'%.64s' is not an id", req->id);
	if (*req->guestpath != '/')
		return err_set(e, -EINVAL, "'%.200s' is not an absolute path", req->guestpath);
	if (req->action != SANDBOX__PROXY_VSOCK_REQUEST__ACTION__INTO &&
	    req->action != SANDBOX__PROXY_VSOCK_REQUEST__ACTION__OUT_OF)
		return err_set(e, -EINVAL, "%d is not an action", (int)req->action);
	if (proxy_find(req->id))
		return err_set(e, -EEXIST, "'%s' is there already", req->id);
	if (nproxies >= PROXIES_MAX)
		return err_set(e, -EMFILE, "there are %d already", nproxies);
	p = calloc(1, sizeof(*p));
	if (!p)
		return err_sys(e, -ENOMEM, "cannot make it");
	nproxies++;
	list_init(&p->link);
	snprintf(p->id, sizeof(p->id), "%s", req->id);
	p->listener.fd = p->dir = -1;
	p->listener.ready = on_connection;
	p->port = req->vsock_port;
	p->into = req->action == SANDBOX__PROXY_VSOCK_REQUEST__ACTION__INTO;
	p->path = strdup(req->guestpath);
	if (!p->path)
		rc = err_sys(e, -ENOMEM, "cannot make it");
	else if (p->into)
		rc = listen_socket(p, req, e);
	else
		rc = p->listener.fd = vi_net_listen(p->port, e);
	if (rc >= 0)
		rc = vi_watch_set(&p->listener, EPOLLIN);
	if (rc < 0) {
		proxy_free(p);
		return rc == -EADDRINUSE ? -EEXIST : rc;
	}
	list_append(&proxies, &p->link);
	return 0;
}

void vi_method_proxy_vsock(struct rpc_call *call, const ProtobufCMessage *msg)
{
	Sandbox__ProxyVsockResponse resp = SANDBOX__PROXY_VSOCK_RESPONSE__INIT;
	struct err e = { 0 };
	int rc = proxy_start((const void *)msg, &e);

	if (rc < 0)
		vi_call_fail(call, "proxy vsock", rc, &e);
	else
		rpc_call_reply(call, &resp.base);
}

/* Connections that are open go on. */
void vi_method_stop_vsock_proxy(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__StopVsockProxyRequest *req = (const void *)msg;
	Sandbox__StopVsockProxyResponse resp = SANDBOX__STOP_VSOCK_PROXY_RESPONSE__INIT;
	struct proxy *p = proxy_find(req->id);

	if (!p) {
		rpc_call_fail(call, RPC_NOT_FOUND, "stop vsock proxy: there is no proxy '%.64s'", req->id);
		return;
	}
	proxy_free(p);
	rpc_call_reply(call, &resp.base);
}
