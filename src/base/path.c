/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - names of files, and opening them beneath a root. */
#include "base/path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

char *path_fmt(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return s;
}

char *path_join(const char *a, const char *b)
{
	if (*b == '/' || !*a)
		return strdup(b);
	return path_fmt("%s%s%s", a, a[strlen(a) - 1] == '/' ? "" : "/", b);
}

int path_mkdirs(const char *path, mode_t mode, struct err *e)
{
	AUTO_FREE char *p = strdup(path);
	struct stat st;

	if (!p)
		return err_sys(e, -ENOMEM, "cannot make directory '%s'", path);
	for (char *s = p + 1; *p; s++) {
		char c = *s;

		if (c && c != '/')
			continue;
		*s = 0;
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			return err_sys(e, -errno, "cannot make directory '%s'", p);
		*s = c;
		if (!c)
			break;
	}
	if (stat(path, &st) < 0)
		return err_sys(e, -errno, "cannot make directory '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return err_sys(e, -ENOTDIR, "cannot make directory '%s'", path);
	return 0;
}

static int open2(int dirfd, const char *path, int flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = resolve,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd < 0 ? -errno : (int)fd;
}

int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	return open2(rootfd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	return open2(dirfd, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int path_clean(const char *path, char *ret, size_t size)
{
	size_t out = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		if (n == 2 && path[0] == '.' && path[1] == '.') {
			if (!out)
				return -EINVAL;
			while (out && ret[out - 1] != '/')
				out--;
			out -= out > 0;
		} else if (n && !(n == 1 && path[0] == '.')) {
			if (out + n + 2 > size || out + n + 1 > PATH_MAX)
				return -ENAMETOOLONG;
			if (out)
				ret[out++] = '/';
			memmove(ret + out, path, n);
			out += n;
		}
		path += n;
		path += *path == '/';
	}
	if (!size)
		return -ENAMETOOLONG;
	ret[out] = 0;
	return 0;
}
