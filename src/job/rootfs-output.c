/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs-output.c - a file without a name where the file system can do that, else under a temporary one. */
#include "job/rootfs-output.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#define MODE 0644

static int make_tmp_name(struct rootfs_output *o)
{
	uint8_t salt[8];
	int rc = file_random(salt, sizeof(salt));

	strcpy(o->tmp, ".berth-");
	str_hex(salt, sizeof(salt), o->tmp + strlen(o->tmp));
	return rc;
}

static int open_file(struct rootfs_output *o)
{
	o->fd = openat(o->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, MODE);
	if (o->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return o->fd < 0 ? -errno : 0;
	int rc = make_tmp_name(o);
	if (rc < 0)
		return rc;
	o->fd = openat(o->dir_fd, o->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
	if (o->fd < 0) {
		rc = -errno;
		o->tmp[0] = 0;
	}
	return rc;
}

int rootfs_output_begin(const char *path, struct rootfs_output *ret, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct rootfs_output o = { .dir_fd = -1, .fd = -1 };
	struct stat st;

	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") ||
	    (stat(path, &st) == 0 && !S_ISREG(st.st_mode)))
		return err_set(e, -EINVAL, "cannot write '%s': not the name of a file", path);
	AUTO_FREE char *folder = slash == path ? strdup("/")
				 : slash       ? strndup(path, (size_t)(slash - path))
					       : strdup(".");
	o.name = strdup(name);
	int rc = folder && o.name ? 0 : -ENOMEM;
	if (rc == 0) {
		o.dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = o.dir_fd < 0 ? -errno : open_file(&o);
	}
	if (rc < 0) {
		free(o.name);
		if (o.dir_fd >= 0)
			close(o.dir_fd);
		return err_sys(e, rc, "cannot write '%s'", path);
	}
	*ret = o;
	return 0;
}

static int sync_folder(const struct rootfs_output *o, struct err *e)
{
	int rc = file_sync_dir(o->dir_fd, ".");

	return rc < 0 ? err_sys(e, rc, "cannot write '%s'", o->name) : 0;
}

int rootfs_output_commit(struct rootfs_output *o, struct err *e)
{
	int rc = 0;

	if (!o->tmp[0]) {
		AUTO_FREE char *self = path_fmt("/proc/self/fd/%d", o->fd);

		/* a new name is given in one step; to replace one takes two */
		if (self && linkat(AT_FDCWD, self, o->dir_fd, o->name, AT_SYMLINK_FOLLOW) == 0)
			return sync_folder(o, e);
		rc = self ? make_tmp_name(o) : -ENOMEM;
		if (rc == 0 && linkat(AT_FDCWD, self, o->dir_fd, o->tmp, AT_SYMLINK_FOLLOW) < 0) {
			rc = -errno;
			o->tmp[0] = 0;
		}
	}
	if (rc == 0 && renameat(o->dir_fd, o->tmp, o->dir_fd, o->name) < 0)
		rc = -errno;
	if (rc < 0)
		return err_sys(e, rc, "cannot write '%s'", o->name);
	o->tmp[0] = 0;
	return sync_folder(o, e);
}

void rootfs_output_finish(struct rootfs_output *o)
{
	if (!o->name)
		return;
	if (o->tmp[0])
		unlinkat(o->dir_fd, o->tmp, 0);
	close(o->fd);
	close(o->dir_fd);
	free(o->name);
	*o = (struct rootfs_output){ .dir_fd = -1, .fd = -1 };
}
