/* SPDX-License-Identifier: Apache-2.0 */
/* tree-unpack.c - a tar of anybody's, unpacked beneath a folder. */
#include "base/tree-unpack.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#define PIECE (64u << 10)
#define PAGE 4096u
#define FOLDERS_BYTES (8u << 20) /* of those whose modes and times wait for the end */

/* A folder gets its mode and time when nothing more is put into it. */
struct folder {
	struct folder *next;
	struct timespec mtime;
	mode_t mode;
	char path[];
};

struct unpack {
	const struct tree_into *into;
	struct tree_stats *stats;
	struct tar_walk walk;
	struct tar_member m;
	char path[PATH_MAX];   /* of the entry, clean */
	char *name;            /* its last part */
	char parent[PATH_MAX]; /* of parent_fd */
	int parent_fd;
	struct folder *folders; /* the newest first */
	size_t folders_bytes;
	char temp[32];
	uint8_t piece[PIECE];
};

static int say(const struct unpack *u, int rc, struct err *e)
{
	return err_sys(e, rc, "cannot write '%s'", u->path);
}

/* --- the folder that an entry lies in */

static int open_beneath(const struct unpack *u, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
				.resolve = (u->into->is_root ? RESOLVE_IN_ROOT : RESOLVE_BENEATH) | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, u->into->dir, *path ? path : ".", &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* The folder path[0..) up to part's end, which lies in the folder before part and is made there. */
static int make_folder(const struct unpack *u, char *path, char *part)
{
	AUTO_CLOSE int above = -1;

	if (part > path)
		part[-1] = 0;
	above = open_beneath(u, part > path ? path : "", O_PATH | O_DIRECTORY);
	if (part > path)
		part[-1] = '/';
	if (above < 0)
		return above;
	if (mkdirat(above, part, 0755) < 0 && errno != EEXIST)
		return -errno;
	return open_beneath(u, path, O_PATH | O_DIRECTORY);
}

/* path is changed while it is at work. */
static int open_parents(const struct unpack *u, char *path)
{
	int fd = open_beneath(u, path, O_PATH | O_DIRECTORY);

	for (char *part = path, *slash = path; fd == -ENOENT && slash; part = slash + 1) {
		slash = strchr(part, '/');
		if (slash)
			*slash = 0;
		fd = open_beneath(u, path, O_PATH | O_DIRECTORY);
		if (fd == -ENOENT)
			fd = make_folder(u, path, part);
		if (!slash)
			break;
		*slash = '/';
		if (fd < 0)
			break;
		close(fd);
		fd = -ENOENT;
	}
	return fd;
}

static int enter_parent(struct unpack *u, struct err *e)
{
	char *slash = strrchr(u->path, '/');
	size_t len = slash ? (size_t)(slash - u->path) : 0;
	int fd;

	u->name = slash ? slash + 1 : u->path;
	if (u->parent_fd >= 0 && strlen(u->parent) == len && memcmp(u->parent, u->path, len) == 0)
		return 0;
	auto_close(&u->parent_fd);
	u->parent_fd = -1;
	memcpy(u->parent, u->path, len);
	u->parent[len] = 0;
	fd = len ? open_parents(u, u->parent) : open_beneath(u, "", O_PATH | O_DIRECTORY);
	if (fd == -EXDEV)
		return err_set(e, -EXDEV, "'%s': a symlink on its way leads out of the folder", u->path);
	if (fd < 0)
		return say(u, fd, e);
	u->parent_fd = fd;
	return 0;
}

/* --- what an entry has besides its bytes */

static mode_t mode_of(const struct unpack *u)
{
	return u->m.mode & (u->into->foreign ? 01777 : 07777);
}

static int set_owner(struct unpack *u, const char *name, struct err *e)
{
	const struct tree_into *into = u->into;

	if (!into->keep_owner && !into->set_owner)
		return 0;
	/* -EINVAL: an owner that a user namespace does not know */
	if (fchownat(u->parent_fd, name, into->keep_owner ? u->m.uid : into->uid, into->keep_owner ? u->m.gid : into->gid,
		     AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != EINVAL)
		return err_sys(e, -errno, "cannot give '%s' its owner", u->path);
	return 0;
}

/* A file system without them is no reason to fail. */
static void set_xattrs(struct unpack *u, int fd)
{
	struct tar_xattr x;

	for (size_t at = 0; tar_next_xattr(&u->walk, &at, &x);)
		if (str_starts(x.name, "user.") || (!u->into->foreign && !strcmp(x.name, "security.capability")))
			(void)!fsetxattr(fd, x.name, x.value, x.len, 0);
}

static struct timespec mtime_of(const struct unpack *u)
{
	return (struct timespec){ .tv_sec = u->m.mtime, .tv_nsec = u->m.mtime_nsec };
}

static void set_mtime(struct unpack *u, const char *name)
{
	struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, mtime_of(u) };

	utimensat(u->parent_fd, name, t, AT_SYMLINK_NOFOLLOW); /* of a symlink on some file system: not possible */
}

/* What is there under the entry's name: its type, 0 if nothing is. */
static mode_t type_there(const struct unpack *u)
{
	struct stat st;

	return fstatat(u->parent_fd, u->name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode & S_IFMT;
}

static int check_no_folder(const struct unpack *u, struct err *e)
{
	return S_ISDIR(type_there(u)) ? err_set(e, -EISDIR, "cannot replace the folder '%s' by what is none", u->path) : 0;
}

/* --- files */

static bool all_zero(const uint8_t *p, size_t n)
{
	return n && !*p && memcmp(p, p + 1, n - 1) == 0;
}

/* What is zeros becomes a hole. */
static int put_piece(int fd, const uint8_t *p, size_t n)
{
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < n;) {
		size_t len = MIN(PAGE, n - at), more = at + len;
		bool hole = all_zero(p + at, len);

		while (more < n && all_zero(p + more, MIN(PAGE, n - more)) == hole)
			more += MIN(PAGE, n - more);
		if (!hole)
			rc = file_write_full(fd, p + at, more - at);
		else if (lseek(fd, (off_t)(more - at), SEEK_CUR) < 0)
			rc = -errno;
		at = more;
	}
	return rc;
}

static int take_bytes(struct unpack *u, int fd, struct err *e)
{
	uint64_t left = u->m.size;
	int rc = 0;

	while (left) {
		size_t n = (size_t)MIN(left, PIECE);

		rc = u->walk.src->read(u->walk.src, u->piece, n, e);
		if (rc == 0)
			return err_set(e, -EBADMSG, "the archive is cut short in '%s'", u->path);
		if (rc < 0)
			return rc;
		rc = put_piece(fd, u->piece, n);
		if (rc < 0)
			return say(u, rc, e);
		left -= n;
		u->walk.left -= n;
		u->stats->bytes += n;
	}
	return ftruncate(fd, (off_t)u->m.size) < 0 ? say(u, -errno, e) : 0;
}

/* Beside its place, under a name that nobody has. */
static int open_temp(struct unpack *u, struct err *e)
{
	uint64_t random;
	int fd = -EEXIST;

	for (int i = 0; i < 8 && fd == -EEXIST; i++) {
		if (file_random(&random, sizeof(random)) < 0)
			return say(u, -EIO, e);
		snprintf(u->temp, sizeof(u->temp), ".berth-%016llx", (unsigned long long)random);
		fd = openat(u->parent_fd, u->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		fd = fd < 0 ? -errno : fd;
	}
	return fd < 0 ? say(u, fd, e) : fd;
}

static int put_file(struct unpack *u, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	int rc = check_no_folder(u, e);

	if (rc == 0 && u->m.sparse)
		rc = err_set(e, -EOPNOTSUPP, "'%s' is sparse in a form of GNU tar's that is not known here", u->path);
	if (rc < 0)
		return rc;
	fd = open_temp(u, e);
	if (fd < 0)
		return fd;
	rc = take_bytes(u, fd, e);
	if (rc == 0)
		rc = set_owner(u, u->temp, e);
	if (rc == 0)
		set_xattrs(u, fd);
	if (rc == 0 && fchmod(fd, mode_of(u)) < 0)
		rc = say(u, -errno, e);
	if (rc == 0)
		set_mtime(u, u->temp);
	if (rc == 0 && renameat(u->parent_fd, u->temp, u->parent_fd, u->name) < 0)
		rc = say(u, -errno, e);
	if (rc < 0)
		unlinkat(u->parent_fd, u->temp, 0);
	return rc;
}

/* --- the others */

static int put_folder(struct unpack *u, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	size_t size = sizeof(struct folder) + strlen(u->path) + 1;
	struct folder *f;
	mode_t there = type_there(u);
	int rc;

	if (there && !S_ISDIR(there))
		return err_set(e, -ENOTDIR, "cannot replace '%s' by a folder", u->path);
	if (!there && mkdirat(u->parent_fd, u->name, 0700) < 0)
		return say(u, -errno, e);
	rc = set_owner(u, u->name, e);
	if (rc < 0)
		return rc;
	fd = openat(u->parent_fd, u->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		set_xattrs(u, fd);
	if (u->folders_bytes + size > FOLDERS_BYTES)
		return err_set(e, -EFBIG, "'%s': the archive has too many folders", u->path);
	f = malloc(size);
	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	u->folders_bytes += size;
	f->mode = mode_of(u);
	f->mtime = mtime_of(u);
	memcpy(f->path, u->path, strlen(u->path) + 1);
	f->next = u->folders;
	u->folders = f;
	return 0;
}

/* Makes room for what cannot be renamed into place. */
static int make_room(struct unpack *u, struct err *e)
{
	int rc = check_no_folder(u, e);

	if (rc == 0 && unlinkat(u->parent_fd, u->name, 0) < 0 && errno != ENOENT)
		rc = say(u, -errno, e);
	return rc;
}

/* A symlink or a FIFO. */
static int put_node(struct unpack *u, struct err *e)
{
	int rc = make_room(u, e), made = 0;

	if (rc == 0)
		made = u->m.kind == TAR_SYMLINK ? symlinkat(u->m.link, u->parent_fd, u->name) :
						  mkfifoat(u->parent_fd, u->name, mode_of(u) & 0777);
	if (made < 0)
		rc = say(u, -errno, e);
	if (rc == 0)
		rc = set_owner(u, u->name, e);
	if (rc == 0)
		set_mtime(u, u->name);
	return rc;
}

/* Is path what may be written at all? */
static int check_path(const struct unpack *u, const char *path, struct err *e)
{
	size_t n = u->into->only ? strlen(u->into->only) : 0;

	if (n && *path && (strncmp(path, u->into->only, n) != 0 || (path[n] && path[n] != '/')))
		return err_set(e, -EINVAL, "'%s' is not what was asked for", path);
	return 0;
}

static int put_hardlink(struct unpack *u, struct err *e)
{
	char target[PATH_MAX], *slash;
	AUTO_CLOSE int dir = -1;
	struct stat st;
	int rc = path_clean(u->m.link, target, sizeof(target));

	if (rc < 0)
		return err_set(e, -EINVAL, "'%s': a link to '%s', which leads out of the folder", u->path, u->m.link);
	rc = check_path(u, target, e);
	if (rc < 0 || strcmp(u->path, target) == 0)
		return rc;
	slash = strrchr(target, '/');
	if (slash)
		*slash = 0;
	dir = open_beneath(u, slash ? target : "", O_PATH | O_DIRECTORY);
	if (dir < 0)
		return err_sys(e, dir, "'%s': cannot link to '%s'", u->path, u->m.link);
	slash = slash ? slash + 1 : target;
	if (fstatat(dir, slash, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return err_set(e, -EISDIR, "'%s': a link to the folder '%s'", u->path, u->m.link);
	rc = make_room(u, e);
	if (rc == 0 && linkat(dir, slash, u->parent_fd, u->name, 0) < 0)
		rc = err_sys(e, -errno, "'%s': cannot link to '%s'", u->path, u->m.link);
	return rc;
}

static int put(struct unpack *u, struct err *e)
{
	int rc = path_clean(u->m.name, u->path, sizeof(u->path));

	if (rc < 0)
		return err_set(e, -EINVAL, "'%.200s' leads out of the folder", u->m.name);
	rc = check_path(u, u->path, e);
	if (rc < 0 || !*u->path) /* the folder itself stays as it is */
		return rc;
	rc = enter_parent(u, e);
	if (rc < 0)
		return rc;
	u->stats->entries++;
	switch (u->m.kind) {
	case TAR_FILE:
		return put_file(u, e);
	case TAR_DIR:
		return put_folder(u, e);
	case TAR_SYMLINK:
		return put_node(u, e);
	case TAR_HARDLINK:
		return put_hardlink(u, e);
	default:
		break;
	}
	if (u->m.type == '6')
		return put_node(u, e);
	if (u->m.type == 'S')
		return put_file(u, e); /* which says why not */
	u->stats->entries--;
	u->stats->left_out++;
	return 0;
}

/* --- the whole */

/* What follows the end of a tar is zeros. */
static int drain(struct unpack *u, struct err *e)
{
	int rc;

	while ((rc = u->walk.src->read(u->walk.src, u->piece, TAR_BLOCK, e)) == 1)
		if (!all_zero(u->piece, TAR_BLOCK))
			return err_set(e, -EBADMSG, "something follows the end of the archive");
	return rc;
}

static int end_folders(struct unpack *u, int rc, struct err *e)
{
	for (struct folder *f; (f = u->folders);) {
		AUTO_CLOSE int fd = rc < 0 ? -1 : open_beneath(u, f->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, f->mtime };

		/* another entry of the archive may have taken it away, and this is of no more use */
		if (fd >= 0 && fchmod(fd, f->mode) < 0)
			rc = err_sys(e, -errno, "cannot give '%s' its mode", f->path);
		if (fd >= 0)
			futimens(fd, t);
		u->folders = f->next;
		free(f);
	}
	return rc;
}

int tree_unpack(const struct tree_into *into, struct tar_src *src, struct tree_stats *stats, struct err *e)
{
	AUTO_FREE struct unpack *u = calloc(1, sizeof(*u));
	int rc = u ? 1 : err_set(e, -ENOMEM, "out of memory");

	if (!u)
		return rc;
	u->into = into;
	u->stats = stats;
	u->parent_fd = -1;
	u->walk.src = src;
	u->walk.attrs = true;
	while (rc == 1 && (rc = tar_next(&u->walk, &u->m, e)) == 1) {
		rc = put(u, e);
		rc = rc < 0 ? rc : 1;
	}
	if (rc == 0)
		rc = drain(u, e);
	rc = end_folders(u, rc, e);
	auto_close(&u->parent_fd);
	tar_walk_finish(&u->walk);
	return rc;
}
