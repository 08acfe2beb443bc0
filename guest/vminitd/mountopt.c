/* SPDX-License-Identifier: Apache-2.0 */
/* mountopt.c - mount options: words to flags, and the calls they need. */
#include "mountopt.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"

static const struct {
	const char *word;
	unsigned long set, clear, propagation;
} words[] = {
	{ "defaults" },
	{ "auto" },
	{ "noauto" },
	{ "nofail" },
	{ "_netdev" },
	{ "ro", .set = MS_RDONLY },
	{ "rw", .clear = MS_RDONLY },
	{ "suid", .clear = MS_NOSUID },
	{ "nosuid", .set = MS_NOSUID },
	{ "dev", .clear = MS_NODEV },
	{ "nodev", .set = MS_NODEV },
	{ "exec", .clear = MS_NOEXEC },
	{ "noexec", .set = MS_NOEXEC },
	{ "sync", .set = MS_SYNCHRONOUS },
	{ "async", .clear = MS_SYNCHRONOUS },
	{ "dirsync", .set = MS_DIRSYNC },
	{ "remount", .set = MS_REMOUNT },
	{ "mand", .set = MS_MANDLOCK },
	{ "nomand", .clear = MS_MANDLOCK },
	{ "atime", .clear = MS_NOATIME },
	{ "noatime", .set = MS_NOATIME },
	{ "diratime", .clear = MS_NODIRATIME },
	{ "nodiratime", .set = MS_NODIRATIME },
	{ "relatime", .set = MS_RELATIME },
	{ "norelatime", .clear = MS_RELATIME },
	{ "strictatime", .set = MS_STRICTATIME },
	{ "nostrictatime", .clear = MS_STRICTATIME },
	{ "lazytime", .set = MS_LAZYTIME },
	{ "silent", .set = MS_SILENT },
	{ "loud", .clear = MS_SILENT },
	{ "iversion", .set = MS_I_VERSION },
	{ "noiversion", .clear = MS_I_VERSION },
	{ "nosymfollow", .set = 256 /* MS_NOSYMFOLLOW */ },
	{ "bind", .set = MS_BIND },
	{ "rbind", .set = MS_BIND | MS_REC },
	{ "private", .propagation = MS_PRIVATE },
	{ "rprivate", .propagation = MS_PRIVATE | MS_REC },
	{ "slave", .propagation = MS_SLAVE },
	{ "rslave", .propagation = MS_SLAVE | MS_REC },
	{ "shared", .propagation = MS_SHARED },
	{ "rshared", .propagation = MS_SHARED | MS_REC },
	{ "unbindable", .propagation = MS_UNBINDABLE },
	{ "runbindable", .propagation = MS_UNBINDABLE | MS_REC },
};

static int add_word(struct vi_mountopt *o, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, word) == 0) {
			o->flags = (o->flags & ~words[i].clear) | words[i].set;
			if (words[i].propagation)
				o->propagation = words[i].propagation;
			return 0;
		}
	}
	if (strcmp(word, "tmpcopyup") == 0) {
		o->copy_up = true;
		return 0;
	}
	if (!*word)
		return 0;
	return buf_addf(&o->data, "%s%s", o->data.len ? "," : "", word);
}

int vi_mountopt_parse(const char *const *list, size_t n, struct vi_mountopt *ret, struct err *e)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < n; i++) {
		if (add_word(ret, list[i]) < 0) {
			vi_mountopt_finish(ret);
			return err_sys(e, -ENOMEM, "cannot read mount options");
		}
	}
	if (ret->data.len >= 4096) {
		vi_mountopt_finish(ret);
		return err_set(e, -EINVAL, "mount options are longer than a page");
	}
	return 0;
}

void vi_mountopt_finish(struct vi_mountopt *o)
{
	buf_finish(&o->data);
}

static const unsigned long attr_map[][2] = {
	{ MS_RDONLY, MOUNT_ATTR_RDONLY },   { MS_NOSUID, MOUNT_ATTR_NOSUID },
	{ MS_NODEV, MOUNT_ATTR_NODEV },	    { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ MS_NOATIME, MOUNT_ATTR_NOATIME }, { MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
};

/* Adds to a mount what its options ask for; a bind keeps the flags of its source. */
static int set_attributes(int mountfd, const struct vi_mountopt *o)
{
	struct mount_attr a = { .propagation = o->propagation & ~MS_REC };
	unsigned flags = AT_EMPTY_PATH | (o->propagation & MS_REC ? AT_RECURSIVE : 0);

	if (a.propagation && syscall(SYS_mount_setattr, mountfd, "", flags, &a, sizeof(a)) < 0)
		return -errno;
	if (!(o->flags & MS_BIND))
		return 0;
	a.propagation = 0;
	for (size_t i = 0; i < ARRAY_LEN(attr_map); i++)
		if (o->flags & attr_map[i][0])
			a.attr_set |= attr_map[i][1];
	if (a.attr_set & MOUNT_ATTR_NOATIME)
		a.attr_clr |= MOUNT_ATTR__ATIME;
	if (a.attr_set && syscall(SYS_mount_setattr, mountfd, "", AT_EMPTY_PATH, &a, sizeof(a)) < 0)
		return -errno;
	return 0;
}

static int open_tree_clone(const char *path, bool recursive)
{
	long fd = syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
			  (recursive ? AT_RECURSIVE : 0));

	return fd < 0 ? -errno : (int)fd;
}

static int fs_error(const char *type, const char *source, const char *name, const struct vi_mountopt *o, int rc,
		    struct err *e)
{
	const char *data = o->data.len ? (const char *)o->data.p : NULL;

	return err_sys(e, rc, "cannot mount %s '%s' on '%s'%s%s%s", type ? type : "", source ? source : "", name,
		       data ? " (" : "", data ? data : "", data ? ")" : "");
}

int vi_mount_attach(int mountfd, int targetfd, const char *name, struct err *e)
{
	if (syscall(SYS_move_mount, mountfd, "", targetfd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(e, -errno, "cannot mount on '%s'", name);
	return 0;
}

static int bind_detached(const char *source, const struct vi_mountopt *o, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	int rc;

	if (!source || !*source)
		return err_set(e, -EINVAL, "a bind mount needs a source");
	fd = open_tree_clone(source, o->flags & MS_REC);
	if (fd < 0)
		return err_sys(e, fd, "cannot bind '%s'", source);
	rc = set_attributes(fd, o);
	if (rc < 0)
		return err_sys(e, rc, "cannot set the flags of the bind of '%s'", source);
	return TAKE_FD(fd);
}

int vi_mount_detached(const char *type, const char *source, const char *scratch, const struct vi_mountopt *o,
		      struct err *e)
{
	AUTO_CLOSE int fd = -1;
	int rc;

	if (o->flags & MS_BIND)
		return bind_detached(source, o, e);
	if (o->flags & MS_REMOUNT)
		return err_set(e, -EINVAL, "a remount cannot be detached");
	if (mount(source, scratch, type, o->flags, o->data.len ? o->data.p : NULL) < 0)
		return fs_error(type, source, scratch, o, -errno, e);
	fd = open_tree_clone(scratch, false);
	umount2(scratch, MNT_DETACH);
	if (fd < 0)
		return fs_error(type, source, scratch, o, fd, e);
	rc = set_attributes(fd, o);
	if (rc < 0)
		return fs_error(type, source, scratch, o, rc, e);
	return TAKE_FD(fd);
}

int vi_mount_at(const char *type, const char *source, int rootfd, const char *path, const struct vi_mountopt *o,
		struct err *e)
{
	AUTO_CLOSE int target = path_open_in_root(rootfd, path, O_PATH, 0);
	AUTO_CLOSE int mounted = -1;
	int rc = 0;

	if (target < 0)
		return err_sys(e, target, "cannot open mount point '%s'", path);
	if (o->flags & MS_BIND && !(o->flags & MS_REMOUNT)) {
		mounted = bind_detached(source, o, e);
		return mounted < 0 ? mounted : vi_mount_attach(mounted, target, path, e);
	}
	/* by the working directory, since /proc may not be there */
	if (fchdir(target) < 0 || mount(source, ".", type, o->flags, o->data.len ? o->data.p : NULL) < 0)
		return fs_error(type, source, path, o, -errno, e);
	if (o->propagation) {
		mounted = path_open_in_root(rootfd, path, O_PATH, 0);
		rc = mounted < 0 ? mounted : set_attributes(mounted, o);
		if (rc < 0)
			return err_sys(e, rc, "cannot set the propagation of '%s'", path);
	}
	return 0;
}
