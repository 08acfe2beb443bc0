/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - whole files: read with a bound, replaced in one step, removed with all below. */
#include "base/file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fault.h"
#include "base/path.h"
#include "base/str.h"

int file_write_full(int fd, const void *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p = (const char *)p + w;
		n -= (size_t)w;
	}
	return 0;
}

ssize_t file_read_full(int fd, void *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, (char *)p + got, n - got);

		if (r < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

int file_read_all(int fd, size_t max, char **ret, size_t *ret_len)
{
	AUTO_BUF struct buf b = { 0 };
	char *text;

	for (;;) {
		ssize_t r;

		if (buf_reserve(&b, 8192) < 0)
			return -ENOMEM;
		r = file_read_full(fd, b.p + b.len, 8192);
		if (r < 0)
			return (int)r;
		b.len += (size_t)r;
		if (b.len > max)
			return -EFBIG;
		if (r < 8192)
			break;
	}
	b.p[b.len] = 0;
	if (ret_len)
		*ret_len = b.len;
	text = buf_steal(&b);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

int file_load(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int rc;

	if (fd < 0)
		return err_sys(e, -errno, "cannot open '%s'", path);
	rc = file_read_all(fd, max, ret, ret_len);
	if (rc == -EFBIG)
		return err_set(e, rc, "'%s' is larger than %zu bytes", path, max);
	if (rc < 0)
		return err_sys(e, rc, "cannot read '%s'", path);
	return 0;
}

int file_random(void *p, size_t n)
{
	while (n) {
		ssize_t r = getrandom(p, n, 0);

		if (r < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		p = (char *)p + r;
		n -= (size_t)r;
	}
	return 0;
}

int file_sync_dir(int dirfd, const char *path)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

static int replace(int dirfd, const char *path, const void *p, size_t n, mode_t mode, bool sync, struct err *e)
{
	const char *slash = strrchr(path, '/');
	AUTO_FREE char *dir = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) :
								    strdup(".");
	AUTO_FREE char *tmp = NULL;
	AUTO_CLOSE int fd = -1;
	uint64_t salt = 0;
	int rc;

	file_random(&salt, sizeof(salt));
	tmp = path_fmt("%s/.tmp-%016llx", dir ? dir : ".", (unsigned long long)salt);
	if (!dir || !tmp)
		return err_sys(e, -ENOMEM, "cannot write '%s'", path);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_sys(e, -errno, "cannot write '%s'", path);
	rc = fault_at(FAULT_FILE_WRITE) ?: file_write_full(fd, p, n);
	if (rc == 0 && sync)
		rc = fault_at(FAULT_FILE_SYNC) ?: fsync(fd) < 0 ? -errno : 0;
	if (rc == 0)
		rc = fault_at(FAULT_FILE_RENAME) ?: renameat(dirfd, tmp, dirfd, path) < 0 ? -errno : 0;
	if (rc < 0) {
		unlinkat(dirfd, tmp, 0);
		return err_sys(e, rc, "cannot write '%s'", path);
	}
	rc = sync ? file_sync_dir(dirfd, dir) : 0;
	if (rc < 0)
		return err_sys(e, rc, "cannot sync the folder of '%s'", path);
	return 0;
}

int file_replace(int dirfd, const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	return replace(dirfd, path, p, n, mode, true, e);
}

int file_swap(int dirfd, const char *path, const void *p, size_t n, mode_t mode, struct err *e)
{
	return replace(dirfd, path, p, n, mode, false, e);
}

DIR *file_open_dir(int dirfd, const char *path)
{
	AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d)
		TAKE_FD(fd);
	return d;
}

static int remove_at(int at, const char *name)
{
	AUTO_CLOSEDIR DIR *d = NULL;
	struct dirent *ent;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	d = file_open_dir(at, name);
	if (!d)
		return -errno;
	while ((ent = readdir(d))) {
		int rc;

		if (strcmp(ent->d_name, ".") == 0 || strcmp(ent->d_name, "..") == 0)
			continue;
		rc = remove_at(dirfd(d), ent->d_name);
		if (rc < 0)
			return rc;
	}
	if (unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int file_remove_tree(int dirfd, const char *path, struct err *e)
{
	int rc = remove_at(dirfd, path);

	if (rc < 0)
		return err_sys(e, rc, "cannot remove '%s'", path);
	return 0;
}
