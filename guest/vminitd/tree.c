/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c - Agent/Look and Agent/Tree: what docker's cp needs to know of a container's files, and to move. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "base/auto.h"
#include "base/path.h"
#include "copy.h"
#include "files.h"
#include "task.h"
#include "vpath.h"

typedef Berth__Agent__V1__LookRequest look_request;
typedef Berth__Agent__V1__TreeRequest tree_request;

/* --- Look */

static int do_look(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const look_request *req = (const void *)msg;
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_enter(req->path, &rest, e);
	AUTO_CLOSE int fd = root < 0 ? -1 : vi_vpath_open(root, rest, O_PATH | O_NOFOLLOW, 0);
	AUTO_CLOSE int target = -1;
	ssize_t n = 0;

	if (root < 0)
		return root;
	if (fd < 0)
		return err_sys(e, fd, "cannot find '%s'", req->path);
	if (fstat(fd, &r->st) < 0)
		return err_sys(e, -errno, "cannot ask about '%s'", req->path);
	r->target = r->st;
	if (!S_ISLNK(r->st.st_mode))
		return 0;
	n = readlinkat(fd, "", r->text, sizeof(r->text));
	if (n < 0 || n == (ssize_t)sizeof(r->text))
		return err_sys(e, n < 0 ? -errno : -ENAMETOOLONG, "cannot read the symlink '%s'", req->path);
	r->text_len = (uint32_t)n;
	target = vi_vpath_open(root, rest, O_PATH, 0);
	if (target < 0 || fstat(target, &r->target) < 0)
		memset(&r->target, 0, sizeof(r->target));
	return 0;
}

static void on_looked(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Berth__Agent__V1__LookResponse resp = BERTH__AGENT__V1__LOOK_RESPONSE__INIT;

	resp.mode = r->st.st_mode;
	resp.size = (uint64_t)r->st.st_size;
	resp.target_mode = r->target.st_mode;
	resp.link.len = MIN(r->text_len, sizeof(r->text));
	resp.link.data = (uint8_t *)r->text;
	rpc_call_reply(call, &resp.base);
}

void vi_method_look(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "look", do_look, on_looked);
}

/* --- Tree */

static int tree_out(const tree_request *req, const char *name, struct tree_stats *stats, struct err *e)
{
	char last[NAME_MAX + 1];
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_enter(req->path, &rest, e);
	AUTO_CLOSE int dir = root < 0 ? -1 : vi_vpath_parent(root, rest, false, last);
	AUTO_CLOSE int sock = -1;

	if (root < 0)
		return root;
	if (dir < 0)
		return err_sys(e, dir, "cannot find '%s'", req->path);
	sock = vi_copy_dial(req->vsock_port, e);
	return sock < 0 ? sock : vi_copy_pack(dir, *last ? last : ".", name, sock, true, stats, e);
}

static int tree_in(const tree_request *req, const char *name, struct tree_stats *stats, struct err *e)
{
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_enter(req->path, &rest, e);
	AUTO_CLOSE int dir = root < 0 ? -1 : vi_copy_open_folder(root, req->path, rest, 0, req->parents, req->parents, e);
	AUTO_CLOSE int sock = dir < 0 ? -1 : vi_copy_dial(req->vsock_port, e);
	struct tree_into into = { .dir = dir, .only = *name ? name : NULL, .keep_owner = req->keep_owner, .set_owner = true };

	if (root < 0 || dir < 0 || sock < 0)
		return root < 0 ? root : dir < 0 ? dir : sock;
	return vi_copy_unpack(&into, root, sock, stats, e);
}

static int do_tree(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const tree_request *req = (const void *)msg;
	char name[NAME_MAX + 1] = "";
	struct tree_stats stats = { 0 };
	int rc;

	if (req->name.len > NAME_MAX || memchr(req->name.data ? (char *)req->name.data : "", 0, req->name.len) ||
	    memchr(req->name.data ? (char *)req->name.data : "", '/', req->name.len))
		return err_set(e, -EINVAL, "the name in the tar is none");
	if (req->name.len)
		memcpy(name, req->name.data, req->name.len);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return err_set(e, -EINVAL, "the name in the tar is none");
	rc = req->direction == BERTH__AGENT__V1__TREE_REQUEST__DIRECTION__OUT ? tree_out(req, name, &stats, e) :
									       tree_in(req, name, &stats, e);
	r->value = stats.bytes;
	r->entries = stats.entries;
	r->left_out = stats.left_out;
	return rc;
}

static void on_tree(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Berth__Agent__V1__TreeResponse resp = BERTH__AGENT__V1__TREE_RESPONSE__INIT;

	resp.entries = r->entries;
	resp.bytes = r->value;
	resp.left_out = r->left_out;
	rpc_call_reply(call, &resp.base);
}

void vi_method_tree(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "copy", do_tree, on_tree);
}
