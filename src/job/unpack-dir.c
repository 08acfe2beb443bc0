/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-dir.c - a walk beneath a folder, no path of which is resolved beyond it. */
#include "job/unpack-dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#define CHUNK (256u << 10)
#define XATTRS_MAX (1u << 20) /* bytes of one file's xattrs */

struct walk {
	struct fs_sink *sink;
	uint64_t *entries;
	int root;
	dev_t dev;
	void *links; /* tsearch tree of struct link */
	uint8_t *chunk;
	struct fs_xattr *xattrs;
	size_t nxattrs;
	char *names, *values; /* XATTRS_MAX bytes each, what xattrs point into */
};

/* The first name of an inode that has several. */
struct link {
	ino_t ino;
	char *path;
};

static int link_compare(const void *a, const void *b)
{
	ino_t x = ((const struct link *)a)->ino, y = ((const struct link *)b)->ino;

	return x < y ? -1 : x > y;
}

static void link_free(void *p)
{
	struct link *l = p;

	free(l->path);
	free(l);
}

static void walk_finish(struct walk *w)
{
	tdestroy(w->links, link_free);
	free(w->chunk);
	free(w->xattrs);
	free(w->names);
	free(w->values);
}

static void free_strv(char ***v)
{
	strv_free(*v);
}

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "cannot read a folder: out of memory");
}

/* 1 and the path that this inode has in the tree, or 0 and it is remembered as path. */
static int find_link(struct walk *w, ino_t ino, const char *path, const char **ret, struct err *e)
{
	struct link key = { .ino = ino }, **found = tfind(&key, &w->links, link_compare);

	if (found) {
		*ret = (*found)->path;
		return 1;
	}
	struct link *l = malloc(sizeof(*l));
	if (!l || !(l->path = strdup(path))) {
		free(l);
		return no_memory(e);
	}
	l->ino = ino;
	if (!tsearch(l, &w->links, link_compare)) {
		link_free(l);
		return no_memory(e);
	}
	return 0;
}

static bool of_the_host(const char *name)
{
	return !strcmp(name, "security.selinux") || !strcmp(name, "security.ima") ||
	       !strcmp(name, "security.evm");
}

/* fd, or name in the working directory if fd < 0. */
static int read_xattrs(struct walk *w, int fd, const char *name, struct err *e)
{
	size_t used = 0;
	ssize_t n = fd >= 0 ? flistxattr(fd, w->names, XATTRS_MAX) : llistxattr(name, w->names, XATTRS_MAX);

	w->nxattrs = 0;
	if (n < 0)
		return errno == ENOTSUP ? 0 : err_sys(e, -errno, "cannot read the attributes of '%s'", name);
	for (const char *x = w->names; x < w->names + n; x += strlen(x) + 1) {
		if (of_the_host(x))
			continue;
		char *value = w->values + used;
		ssize_t len = fd >= 0 ? fgetxattr(fd, x, value, XATTRS_MAX - used)
				      : lgetxattr(name, x, value, XATTRS_MAX - used);
		if (len < 0)
			return err_sys(e, -errno, "cannot read attribute '%s' of '%s'", x, name);
		struct fs_xattr *v = reallocarray(w->xattrs, w->nxattrs + 1, sizeof(*v));
		if (!v)
			return no_memory(e);
		w->xattrs = v;
		v[w->nxattrs++] = (struct fs_xattr){ x, value, (size_t)len };
		used += (size_t)len;
	}
	return 0;
}

static struct fs_attr attr_of(const struct walk *w, const struct stat *st)
{
	struct fs_time t = { st->st_mtim.tv_sec, (uint32_t)st->st_mtim.tv_nsec };

	return (struct fs_attr){ .mode = st->st_mode & 07777,
				 .uid = st->st_uid,
				 .gid = st->st_gid,
				 .mtime = t,
				 .atime = t,
				 .ctime = t,
				 .xattrs = w->xattrs,
				 .nxattrs = w->nxattrs };
}

static int copy_range(struct walk *w, int fd, const char *path, uint64_t off, uint64_t end, struct err *e)
{
	while (off < end) {
		ssize_t n = pread(fd, w->chunk, MIN((uint64_t)CHUNK, end - off), (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, -errno, "cannot read '%s'", path);
		if (n == 0)
			return err_set(e, -EAGAIN, "'%s' became shorter while it was read", path);
		int rc = w->sink->ops->write(w->sink, w->chunk, (size_t)n, e);
		if (rc < 0)
			return rc;
		off += (uint64_t)n;
	}
	return 0;
}

static int copy_data(struct walk *w, int fd, const char *path, uint64_t size, struct err *e)
{
	uint64_t pos = 0;
	int rc = 0;

	while (pos < size && rc == 0) {
		off_t data = lseek(fd, (off_t)pos, SEEK_DATA), end;

		if (data < 0 && errno != ENXIO)
			data = (off_t)pos; /* a file system that knows no holes */
		uint64_t from = data < 0 ? size : MIN((uint64_t)data, size);
		if (from > pos)
			rc = w->sink->ops->hole(w->sink, from - pos, e);
		if (rc < 0 || from == size)
			break;
		end = lseek(fd, (off_t)from, SEEK_HOLE);
		pos = end > (off_t)from ? MIN((uint64_t)end, size) : size;
		rc = copy_range(w, fd, path, from, pos, e);
	}
	return rc;
}

static int add_file(struct walk *w, int dir, const char *name, const char *path, struct err *e)
{
	struct stat st;

	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EAGAIN, "'%s' changed while it was read", path);
	int rc = read_xattrs(w, fd, path, e);
	if (rc < 0)
		return rc;
	struct fs_attr a = attr_of(w, &st);
	rc = w->sink->ops->add_file(w->sink, path, (uint64_t)st.st_size, &a, e);
	if (rc == 0)
		rc = copy_data(w, fd, path, (uint64_t)st.st_size, e);
	return rc < 0 ? rc : w->sink->ops->end_file(w->sink, e);
}

static int add_other(struct walk *w, int dir, const char *name, const char *path, const struct stat *st,
		     struct err *e)
{
	char target[PATH_MAX];

	if (fchdir(dir) < 0)
		return err_sys(e, -errno, "cannot enter the folder of '%s'", path);
	int rc = read_xattrs(w, -1, name, e);
	if (rc < 0)
		return rc;
	struct fs_attr a = attr_of(w, st);
	if (!S_ISLNK(st->st_mode))
		return w->sink->ops->add_node(w->sink, path, st->st_mode & S_IFMT, major(st->st_rdev),
					      minor(st->st_rdev), &a, e);
	ssize_t n = readlinkat(dir, name, target, sizeof(target));
	if (n < 0 || n == sizeof(target))
		return err_sys(e, n < 0 ? -errno : -ENAMETOOLONG, "cannot read link '%s'", path);
	target[n] = 0;
	return w->sink->ops->add_symlink(w->sink, path, target, &a, e);
}

/* What is no folder. */
static int add_entry(struct walk *w, int dir, const char *name, const char *path, const struct stat *st,
		     struct err *e)
{
	const char *first = NULL;

	__atomic_fetch_add(w->entries, 1, __ATOMIC_RELAXED);
	if (st->st_nlink > 1) {
		int rc = find_link(w, st->st_ino, path, &first, e);
		if (rc != 0)
			return rc < 0 ? rc : w->sink->ops->add_link(w->sink, path, first, e);
	}
	return S_ISREG(st->st_mode) ? add_file(w, dir, name, path, e) : add_other(w, dir, name, path, st, e);
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in dir, sorted; NULL-terminated. */
static int list_names(int dir, const char *path, char ***ret, struct err *e)
{
	AUTO(free_strv) char **v = NULL;
	size_t n = 0;
	int fd = dup(dir);
	AUTO_CLOSEDIR DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return err_sys(e, -errno, "cannot read folder '%s'", path);
	}
	for (struct dirent *de; errno = 0, (de = readdir(d));) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if ((n & (n + 1)) == 0) { /* grow to the next power of two */
			char **more = reallocarray(v, 2 * n + 2, sizeof(*v));
			if (!more)
				return no_memory(e);
			v = more;
		}
		v[n] = strdup(de->d_name);
		if (!v[n++])
			return no_memory(e);
		v[n] = NULL;
	}
	if (errno)
		return err_sys(e, -errno, "cannot read folder '%s'", path);
	if (n)
		qsort(v, n, sizeof(*v), by_bytes);
	*ret = TAKE(v);
	return 0;
}

static int walk_dir(struct walk *w, const char *path, struct err *e);

/* Adds all of dir but folders; of those, the names stay in v. */
static int add_entries(struct walk *w, int dir, const char *path, char **v, struct err *e)
{
	char child[PATH_MAX + 1];
	struct stat st;
	size_t kept = 0;

	for (size_t i = 0; v && v[i]; i++) {
		if (snprintf(child, sizeof(child), "%s%s%s", path, *path ? "/" : "", v[i]) > PATH_MAX)
			return err_set(e, -ENAMETOOLONG, "'%s/%s': the path is too long", path, v[i]);
		if (fstatat(dir, v[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(e, -errno, "cannot look at '%s'", child);
		if (S_ISDIR(st.st_mode)) {
			char *name = v[i];
			v[i] = v[kept];
			v[kept++] = name;
			continue;
		}
		int rc = add_entry(w, dir, v[i], child, &st, e);
		if (rc < 0)
			return rc;
	}
	for (size_t i = kept; v && v[i]; i++)
		free(TAKE(v[i]));
	return 0;
}

static int walk_below(struct walk *w, const char *path, char **v, struct err *e)
{
	for (size_t i = 0; v && v[i]; i++) {
		AUTO_FREE char *child = path_fmt("%s%s%s", path, *path ? "/" : "", v[i]);
		if (!child)
			return no_memory(e);
		int rc = walk_dir(w, child, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int walk_dir(struct walk *w, const char *path, struct err *e)
{
	AUTO(free_strv) char **v = NULL;
	struct stat st;

	AUTO_CLOSE int dir =
		path_open_beneath(w->root, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (dir < 0 || fstat(dir, &st) < 0)
		return err_sys(e, dir < 0 ? dir : -errno, "cannot open folder '%s'", path);
	int rc = read_xattrs(w, dir, path, e);
	if (rc < 0)
		return rc;
	struct fs_attr a = attr_of(w, &st);
	__atomic_fetch_add(w->entries, 1, __ATOMIC_RELAXED);
	rc = w->sink->ops->add_dir(w->sink, path, &a, e);
	if (rc < 0 || st.st_dev != w->dev) /* a mount point: the folder alone */
		return rc;
	rc = list_names(dir, path, &v, e);
	if (rc == 0)
		rc = add_entries(w, dir, path, v, e);
	if (rc < 0)
		return rc;
	close(TAKE_FD(dir)); /* a deep tree must not hold a descriptor for each level */
	return walk_below(w, path, v, e);
}

int unpack_dir(int fd, struct fs_sink *sink, uint64_t *entries, struct err *e)
{
	AUTO(walk_finish) struct walk w = { .sink = sink, .entries = entries, .root = fd };
	struct stat st;

	w.chunk = malloc(CHUNK);
	w.names = malloc(XATTRS_MAX);
	w.values = malloc(XATTRS_MAX);
	if (!w.chunk || !w.names || !w.values)
		return no_memory(e);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot look at the folder");
	w.dev = st.st_dev;
	return walk_dir(&w, "", e);
}
