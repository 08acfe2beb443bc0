/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs-output.c - a file without a name where the file system can do that, else under a temporary one. */
#include "job/rootfs-output.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#define MODE 0644
#define TMP_PREFIX ".berth-"
#define TMP_SALT 8u /* bytes, twice as many digits */
#define TRIES 100

/* --- temporary names. Who has one holds a lock on its file, so that what a killed process left can be told from what
 * is at work. */

static bool is_tmp_name(const char *name)
{
	size_t n = strlen(TMP_PREFIX);

	return !strncmp(name, TMP_PREFIX, n) && strlen(name + n) == 2 * TMP_SALT &&
	       strspn(name + n, "0123456789abcdef") == 2 * TMP_SALT;
}

static bool is_named(const struct rootfs_output *o)
{
	struct stat a, b;

	return fstat(o->fd, &a) == 0 && fstatat(o->dir_fd, o->tmp, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Takes a file away that nobody holds. */
static void sweep_one(int dir, const char *name)
{
	struct rootfs_output o = { .dir_fd = dir };
	AUTO_CLOSE int fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	o.fd = fd;
	strcpy(o.tmp, name);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0 && is_named(&o))
		unlinkat(dir, name, 0);
}

static void sweep(int dir)
{
	AUTO_CLOSEDIR DIR *d = file_open_dir(dir, ".");
	struct dirent *ent;

	while (d && (ent = readdir(d)))
		if (is_tmp_name(ent->d_name))
			sweep_one(dir, ent->d_name);
}

static int make_tmp_name(struct rootfs_output *o)
{
	uint8_t salt[TMP_SALT];
	int rc = file_random(salt, sizeof(salt));

	strcpy(o->tmp, TMP_PREFIX);
	str_hex(salt, sizeof(salt), o->tmp + strlen(o->tmp));
	return rc;
}

/* -EAGAIN: somebody took it for a left one before it was locked. A file system without locks has none that go. */
static int open_named(struct rootfs_output *o)
{
	int rc = make_tmp_name(o);

	if (rc < 0)
		return rc;
	o->fd = openat(o->dir_fd, o->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, MODE);
	rc = o->fd < 0 ? -errno : 0;
	if (rc == 0 && ((flock(o->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) || !is_named(o))) {
		close(o->fd);
		o->fd = -1;
		rc = -EAGAIN;
	}
	if (rc < 0)
		o->tmp[0] = 0;
	return rc;
}

static int open_file(struct rootfs_output *o)
{
	int rc = -EAGAIN;

	o->fd = openat(o->dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, MODE);
	if (o->fd >= 0)
		flock(o->fd, LOCK_EX | LOCK_NB); /* it may get a name for a moment (commit) */
	if (o->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return o->fd < 0 ? -errno : 0;
	sweep(o->dir_fd);
	for (int i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = open_named(o);
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
		sweep(o->dir_fd);
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
