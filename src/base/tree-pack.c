/* SPDX-License-Identifier: Apache-2.0 */
/* tree-pack.c - files and folders as a tar. */
#include "base/tree-pack.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/tar-entry.h"

#define PIECE (256u << 10)
#define LINKS_MAX 65536u /* files of several names that are remembered; the others are copied once a name */
#define XATTRS_MAX 32
#define XATTRS_BYTES (64u << 10)

struct link {
	dev_t dev;
	ino_t ino;
	char *path;
};

struct pack {
	struct tree_out *out;
	struct tree_stats *stats;
	struct link *links; /* a table with holes */
	size_t nlinks, cap;
	struct buf path, head;
	uint8_t *piece;
	char xattr_names[XATTRS_BYTES], xattr_values[XATTRS_BYTES];
};

/* --- files with several names */

static struct link *link_slot(struct pack *p, const struct stat *st)
{
	size_t i = (size_t)((uint64_t)st->st_ino * 0x9e3779b97f4a7c15u >> 20) & (p->cap - 1);

	while (p->links[i].path && (p->links[i].dev != st->st_dev || p->links[i].ino != st->st_ino))
		i = (i + 1) & (p->cap - 1);
	return &p->links[i];
}

static int grow_links(struct pack *p)
{
	struct link *old = p->links;
	size_t n = p->cap;

	p->cap = n ? 2 * n : 64;
	p->links = calloc(p->cap, sizeof(*p->links));
	if (!p->links) {
		p->links = old;
		p->cap = n;
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		if (old[i].path) {
			struct stat st = { .st_dev = old[i].dev, .st_ino = old[i].ino };

			*link_slot(p, &st) = old[i];
		}
	free(old);
	return 0;
}

/* The name that this file was written under, or NULL: it is new. */
static int find_link(struct pack *p, const struct stat *st, const char **ret)
{
	struct link *l;

	*ret = NULL;
	if (st->st_nlink < 2 || p->nlinks == LINKS_MAX)
		return 0;
	if (2 * p->nlinks >= p->cap && grow_links(p) < 0)
		return -ENOMEM;
	l = link_slot(p, st);
	*ret = l->path;
	if (l->path)
		return 0;
	l->path = strdup((char *)p->path.p);
	if (!l->path)
		return -ENOMEM;
	l->dev = st->st_dev;
	l->ino = st->st_ino;
	p->nlinks++;
	return 0;
}

/* --- one entry */

static bool wanted_xattr(const char *name)
{
	return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0;
}

/* Of an open file or folder; those that cannot be read are not there. */
static size_t load_xattrs(struct pack *p, int fd, struct fs_xattr v[static XATTRS_MAX])
{
	ssize_t len = flistxattr(fd, p->xattr_names, sizeof(p->xattr_names)), got;
	size_t n = 0, at = 0;

	for (char *name = p->xattr_names; len > 0 && name < p->xattr_names + len && n < XATTRS_MAX; name += strlen(name) + 1) {
		if (!wanted_xattr(name) || at == sizeof(p->xattr_values))
			continue;
		got = fgetxattr(fd, name, p->xattr_values + at, sizeof(p->xattr_values) - at);
		if (got < 0)
			continue;
		v[n++] = (struct fs_xattr){ name, p->xattr_values + at, (size_t)got };
		at += (size_t)got;
	}
	return n;
}

/* fd < 0: what has no attributes here. */
static int put_header(struct pack *p, int fd, const struct stat *st, char type, const char *link, struct err *e)
{
	struct fs_xattr xattrs[XATTRS_MAX];
	struct fs_attr a = { .mode = st->st_mode & 07777, .uid = st->st_uid, .gid = st->st_gid,
			     .mtime = { st->st_mtim.tv_sec, (uint32_t)st->st_mtim.tv_nsec }, .xattrs = xattrs };
	struct tar_entry en = { .name = (char *)p->path.p, .link = link, .type = type, .attr = &a,
				.size = type == '0' ? (uint64_t)st->st_size : 0 };

	if (p->path.len > TAR_NAME_MAX)
		return err_set(e, -ENAMETOOLONG, "'%.60s…': its path is longer than %d bytes", (char *)p->path.p, TAR_NAME_MAX);
	a.nxattrs = fd < 0 ? 0 : load_xattrs(p, fd, xattrs);
	buf_clear(&p->head);
	if (tar_entry_add(&p->head, &en) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	p->stats->entries++;
	return p->out->write(p->out, p->head.p, p->head.len, e);
}

/* Exactly so many bytes were promised: what a file lacks by now is zeros, what it has more is left. */
static int put_bytes(struct pack *p, int fd, uint64_t size, struct err *e)
{
	uint64_t left = size;
	bool ended = false;
	int rc = 0;

	while (rc == 0 && left) {
		size_t want = (size_t)MIN(left, PIECE);
		ssize_t n = ended ? 0 : read(fd, p->piece, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, -errno, "cannot read '%s'", (char *)p->path.p);
		ended = n == 0;
		if (ended)
			memset(p->piece, 0, want);
		want = ended ? want : (size_t)n;
		rc = p->out->write(p->out, p->piece, want, e);
		left -= want;
		p->stats->bytes += want;
	}
	memset(p->piece, 0, TAR_BLOCK);
	return rc < 0 ? rc : p->out->write(p->out, p->piece, tar_fill(size), e);
}

static int put_file(struct pack *p, int dir, const char *name, const struct stat *seen, struct err *e)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const char *first;
	struct stat st;
	int rc;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "cannot open '%s'", (char *)p->path.p);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_ino != seen->st_ino)
		return err_set(e, -EBUSY, "'%s' became another file meanwhile", (char *)p->path.p);
	if (find_link(p, &st, &first) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	if (first)
		return put_header(p, -1, &st, '1', first, e);
	rc = put_header(p, fd, &st, '0', NULL, e);
	return rc < 0 ? rc : put_bytes(p, fd, (uint64_t)st.st_size, e);
}

static int put_symlink(struct pack *p, int dir, const char *name, const struct stat *st, struct err *e)
{
	char target[TAR_NAME_MAX + 1];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "cannot read '%s'", (char *)p->path.p);
	if (n == (ssize_t)sizeof(target))
		return err_set(e, -ENAMETOOLONG, "'%s': where it leads is too long", (char *)p->path.p);
	target[n] = 0;
	return put_header(p, -1, st, '2', target, e);
}

/* --- folders */

static int put_entry(struct pack *p, int dir, const char *name, unsigned depth, dev_t dev, struct err *e);

/* A mount of these within a tree that is copied is the kernel's, not somebody's files. */
static bool is_pseudo(int fd)
{
	static const long magics[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP2_SUPER_MAGIC, CGROUP_SUPER_MAGIC,
				       DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if ((long)fs.f_type == magics[i])
			return true;
	return false;
}

static int put_children(struct pack *p, int fd, unsigned depth, dev_t dev, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	AUTO_CLOSEDIR DIR *d = copy < 0 ? NULL : fdopendir(copy);
	size_t len = p->path.len;
	struct dirent *de;
	int rc = 0;

	if (!d) {
		rc = -errno;
		if (copy >= 0)
			close(copy);
		return err_sys(e, rc, "cannot read '%s'", (char *)p->path.p);
	}
	while (rc == 0 && (errno = 0, de = readdir(d))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (buf_adds(&p->path, de->d_name) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		rc = put_entry(p, dirfd(d), de->d_name, depth + 1, dev, e);
		p->path.len = len;
		p->path.p[len] = 0;
	}
	return rc == 0 && errno ? err_sys(e, -errno, "cannot read '%s'", (char *)p->path.p) : rc;
}

/* dev: of the folder above. */
static int put_folder(struct pack *p, int dir, const char *name, unsigned depth, dev_t dev, struct err *e)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return errno == ENOENT && depth ? 0 : err_sys(e, -errno, "cannot open '%s'", (char *)p->path.p);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot ask about '%s'", (char *)p->path.p);
	if (depth > TREE_DEPTH_MAX)
		return err_set(e, -ELOOP, "'%.60s…' lies deeper than %d folders", (char *)p->path.p, TREE_DEPTH_MAX);
	if (p->path.len) {
		if (p->path.p[p->path.len - 1] != '/' && buf_addc(&p->path, '/') < 0)
			return err_set(e, -ENOMEM, "out of memory");
		rc = put_header(p, fd, &st, '5', NULL, e);
	}
	if (rc == 0 && !(depth && st.st_dev != dev && is_pseudo(fd)))
		rc = put_children(p, fd, depth, st.st_dev, e);
	return rc;
}

static int put_entry(struct pack *p, int dir, const char *name, unsigned depth, dev_t dev, struct err *e)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT && depth ? 0 : err_sys(e, -errno, "cannot find '%s'", depth ? (char *)p->path.p : name);
	if (S_ISDIR(st.st_mode))
		return put_folder(p, dir, name, depth, dev, e);
	if (!p->path.len)
		return err_set(e, -ENOTDIR, "'%s' is not a folder", name);
	if (S_ISREG(st.st_mode))
		return put_file(p, dir, name, &st, e);
	if (S_ISLNK(st.st_mode))
		return put_symlink(p, dir, name, &st, e);
	if (S_ISFIFO(st.st_mode))
		return put_header(p, -1, &st, '6', NULL, e);
	p->stats->left_out++;
	return 0;
}

int tree_pack(int dir, const char *name, const char *as, struct tree_out *out, struct tree_stats *stats, struct err *e)
{
	AUTO_FREE struct pack *p = calloc(1, sizeof(*p));
	int rc = p && (p->piece = malloc(PIECE)) && buf_adds(&p->path, as) == 0 ? 0 : err_set(e, -ENOMEM, "out of memory");

	if (rc == 0) {
		p->out = out;
		p->stats = stats;
		rc = put_entry(p, dir, name, 0, 0, e);
	}
	if (rc == 0) {
		memset(p->piece, 0, 2 * TAR_BLOCK);
		rc = out->write(out, p->piece, 2 * TAR_BLOCK, e);
	}
	if (!p)
		return rc;
	for (size_t i = 0; i < p->cap; i++)
		free(p->links[i].path);
	free(p->links);
	buf_finish(&p->path);
	buf_finish(&p->head);
	free(p->piece);
	return rc;
}
