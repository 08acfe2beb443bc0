/* SPDX-License-Identifier: Apache-2.0 */
/* mounts.c - SandboxContext's Mount and Umount. What is mounted is found in the VM, where it goes in the container. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "files.h"
#include "mountopt.h"
#include "sandbox.pb-c.h"
#include "task.h"
#include "vpath.h"

/* The mount point, made if it is not there: a folder, or a file for one that is bound. */
static int open_target(int root, const char *rest, bool folder)
{
	char name[NAME_MAX + 1];
	AUTO_CLOSE int dir = -1;
	const char *in = *(rest + strspn(rest, "/")) ? rest : ".";
	int fd = path_open_in_root(root, in, O_PATH | O_CLOEXEC, 0);

	if (fd != -ENOENT)
		return fd;
	dir = vi_vpath_parent(root, rest, true, name);
	if (dir < 0)
		return dir;
	if (folder) {
		if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
			return -errno;
	} else {
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (fd < 0)
			return -errno;
		close(fd);
	}
	return path_open_in_root(root, in, O_PATH | O_CLOEXEC, 0);
}

static int check_bind(const Sandbox__MountRequest *req, bool *folder, struct err *e)
{
	struct stat st;

	if (*req->source != '/')
		return err_set(e, -EINVAL, "'%.200s' is not an absolute path", req->source);
	if (stat(req->source, &st) < 0)
		return err_sys(e, -errno, "cannot bind '%s'", req->source);
	*folder = S_ISDIR(st.st_mode);
	return 0;
}

/* In place: a remount, or only a change of propagation. */
static int mount_in_place(const Sandbox__MountRequest *req, const struct vi_mountopt *o, struct err *e)
{
	const char *rest;
	AUTO_CLOSE int root = vi_vpath_enter(req->destination, &rest, e);

	rest = root >= 0 && *(rest + strspn(rest, "/")) ? rest : ".";
	return root < 0 ? root : vi_mount_at(req->type, req->source, root, rest, o, e);
}

static int mount_new(const Sandbox__MountRequest *req, const struct vi_mountopt *o, bool folder, struct err *e)
{
	char scratch[] = "/tmp/mount-XXXXXX";
	AUTO_CLOSE int mounted = -1;
	AUTO_CLOSE int root = -1;
	AUTO_CLOSE int target = -1;
	const char *rest;

	if (!mkdtemp(scratch))
		return err_sys(e, -errno, "cannot make a folder to mount on");
	mounted = vi_mount_detached(*req->type ? req->type : NULL, req->source, scratch, o, e);
	rmdir(scratch);
	if (mounted < 0)
		return mounted;
	root = vi_vpath_enter(req->destination, &rest, e);
	if (root < 0)
		return root;
	target = open_target(root, rest, folder);
	if (target < 0)
		return err_sys(e, target, "cannot make mount point '%s'", req->destination);
	return vi_mount_attach(mounted, target, req->destination, e);
}

static int do_mount(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__MountRequest *req = (const void *)msg;
	struct vi_mountopt o = { 0 };
	struct vi_container *owner;
	const char *rest;
	bool folder = true;
	int rc = vi_vpath_owner(req->destination, &owner, &rest, e);

	if (rc == 0)
		rc = vi_mountopt_parse((const char *const *)req->options, req->n_options, &o, e);
	if (rc == 0 && strcmp(req->type, "bind") == 0 && !(o.flags & MS_BIND))
		o.flags |= MS_BIND;
	if (rc == 0 && !(o.flags & (MS_BIND | MS_REMOUNT)) && !*req->type && !o.propagation)
		rc = err_set(e, -EINVAL, "a type is missing");
	if (rc == 0 && o.flags & MS_BIND && !(o.flags & MS_REMOUNT))
		rc = check_bind(req, &folder, e);
	if (rc < 0)
		return rc;
	if (o.flags & MS_REMOUNT || (o.propagation && !*req->type && !(o.flags & MS_BIND)))
		return mount_in_place(req, &o, e);
	return mount_new(req, &o, folder, e);
}

static void on_mounted(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__MountResponse resp = SANDBOX__MOUNT_RESPONSE__INIT;

	rpc_call_reply(call, &resp.base);
}

void vi_method_mount(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "mount", do_mount, on_mounted);
}

/* --- Umount */

/* The kernel wants a path; a descriptor that stayed open would keep the mount busy. proc: /proc/self/fd of the VM. */
static int name_of(int proc, int fd, char ret[static PATH_MAX])
{
	char number[16];
	ssize_t n;

	snprintf(number, sizeof(number), "%d", fd);
	n = readlinkat(proc, number, ret, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	ret[n] = 0;
	return *ret == '/' ? 0 : -EINVAL;
}

static int do_umount(const ProtobufCMessage *msg, struct vi_task_result *r, struct err *e)
{
	const Sandbox__UmountRequest *req = (const void *)msg;
	AUTO_CLOSE int proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int target = -1;
	char path[PATH_MAX];
	const char *rest;
	int root = vi_vpath_enter(req->path, &rest, e), rc;

	if (root < 0)
		return root;
	rest += strspn(rest, "/");
	target = path_open_in_root(root, *rest ? rest : ".", O_PATH | O_CLOEXEC, 0);
	rc = target < 0 ? target : proc < 0 ? -ENOENT : name_of(proc, target, path);
	close(root);
	if (target >= 0)
		close(TAKE_FD(target));
	if (rc == 0 && (chdir("/") < 0 || umount2(path, req->flags | UMOUNT_NOFOLLOW) < 0))
		rc = -errno;
	return rc < 0 ? err_sys(e, rc, "cannot unmount '%s'", req->path) : 0;
}

static void on_unmounted(struct rpc_call *call, const ProtobufCMessage *msg, const struct vi_task_result *r)
{
	Sandbox__UmountResponse resp = SANDBOX__UMOUNT_RESPONSE__INIT;

	rpc_call_reply(call, &resp.base);
}

void vi_method_umount(struct rpc_call *call, const ProtobufCMessage *msg)
{
	vi_task_start(call, msg, "umount", do_umount, on_unmounted);
}
