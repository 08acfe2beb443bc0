/* SPDX-License-Identifier: Apache-2.0 */
/* copy-disk.c - the files of a container that does not run, read from its disks by our own reader. What is mounted into it
 * when it runs is not there. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/tar-entry.h"
#include "engine/copy-files.h"
#include "engine/copy-pipe.h"
#include "engine/disks.h"
#include "ext4/merge.h"
#include "job/links.h"

#define PIECE (256u << 10)
#define LINKS_MAX 40
#define DEPTH_MAX 512
#define XATTRS_MAX 32

struct by_disk {
	struct copy_files files;
	int base, upper, ours, theirs;
	int64_t written_ns;
	struct ext4_reader *lower_r, *upper_r;
	uint32_t upper_dir;
	/* of out */
	struct copy_pipe_out pipe;
	struct links links;
	struct tree_stats *stats;
	const char *name;
	struct buf head;
	uint8_t *piece;
};

static struct by_disk *of(struct copy_files *f)
{
	return container_of(f, struct by_disk, files);
}

/* --- a path */

struct place {
	struct ext4_merge_node node;
	struct ext4_stat st;
	struct ext4_reader *from;
};

struct way {
	struct place v[DEPTH_MAX]; /* from the root on */
	unsigned depth, links;
	char rest[2 * PATH_MAX];
};

static int at_root(struct by_disk *d, struct way *w, struct err *e)
{
	struct place *p = &w->v[0];

	w->depth = 0;
	p->node = (struct ext4_merge_node){ EXT4_ROOT_INO, d->upper_dir };
	p->from = d->upper_r;
	return ext4_reader_stat(d->upper_r, d->upper_dir, &p->st, e);
}

/* A symlink's target comes before what is left of the path. */
static int go_by_link(struct by_disk *d, struct way *w, struct err *e)
{
	struct place *p = &w->v[w->depth];
	AUTO_FREE char *link = NULL;
	char rest[2 * PATH_MAX];
	int rc = ++w->links > LINKS_MAX ? err_set(e, -ELOOP, "too many symlinks") : ext4_reader_link(p->from, p->st.ino, &link, e);

	if (rc < 0)
		return rc;
	if ((size_t)snprintf(rest, sizeof(rest), "%s/%s", link, w->rest) >= sizeof(rest))
		return err_set(e, -ENAMETOOLONG, "a path through symlinks is too long");
	strcpy(w->rest, rest);
	if (*link == '/')
		return at_root(d, w, e);
	w->depth--;
	return 0;
}

static int go(struct by_disk *d, struct way *w, bool follow, struct err *e)
{
	int rc = at_root(d, w, e);

	while (rc == 0) {
		struct place *p = &w->v[w->depth];
		size_t n = strspn(w->rest, "/"), len = strcspn(w->rest + n, "/");
		char name[NAME_MAX + 1];

		if (S_ISLNK(p->st.mode) && (len || follow)) {
			rc = go_by_link(d, w, e);
			continue;
		}
		if (!len)
			return 0;
		if (!S_ISDIR(p->st.mode))
			return err_set(e, -ENOENT, "%s", err_str(-ENOTDIR));
		if (len > NAME_MAX || w->depth + 1 == DEPTH_MAX)
			return err_set(e, -ENAMETOOLONG, "%s", err_str(-ENAMETOOLONG));
		memcpy(name, w->rest + n, len);
		name[len] = 0;
		memmove(w->rest, w->rest + n + len, strlen(w->rest + n + len) + 1);
		if (!strcmp(name, ".")) {
			continue;
		} else if (!strcmp(name, "..")) {
			w->depth -= w->depth > 0;
			continue;
		}
		rc = ext4_merge_step(d->lower_r, d->upper_r, &p->node, name, &p[1].node, &p[1].st, &p[1].from, e);
		w->depth++;
	}
	return rc;
}

static int find(struct by_disk *d, const char *path, bool follow, struct place *ret, struct err *e)
{
	AUTO_FREE struct way *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return err_set(e, -ENOMEM, "out of memory");
	snprintf(w->rest, sizeof(w->rest), "%s", path);
	rc = go(d, w, follow, e);
	if (rc == 0)
		*ret = w->v[w->depth];
	return rc < 0 ? err_set(e, rc, "cannot find '%s': %s", path, err_str(rc)) : 0;
}

static int look(struct copy_files *f, const char *path, struct copy_look *ret, struct err *e)
{
	struct by_disk *d = of(f);
	struct place p, target;
	AUTO_FREE char *link = NULL;
	int rc = find(d, path, false, &p, e);

	if (rc < 0)
		return rc;
	*ret = (struct copy_look){ .mode = p.st.mode, .size = p.st.size, .target_mode = p.st.mode };
	if (!S_ISLNK(p.st.mode))
		return 0;
	rc = ext4_reader_link(p.from, p.st.ino, &link, e);
	if (rc < 0)
		return rc;
	snprintf(ret->link, sizeof(ret->link), "%s", link);
	ret->target_mode = find(d, path, true, &target, NULL) == 0 ? target.st.mode : 0;
	return 0;
}

/* --- the tar */

static int put(struct by_disk *d, struct tar_entry *en, struct err *e)
{
	buf_clear(&d->head);
	if (tar_entry_add(&d->head, en) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	d->stats->entries++;
	return d->pipe.out.write(&d->pipe.out, d->head.p, d->head.len, e);
}

static int put_bytes(struct by_disk *d, struct ext4_reader *r, uint32_t ino, uint64_t size, struct err *e)
{
	struct ext4_file *f;
	int rc = ext4_file_open(r, ino, &f, e);

	if (rc < 0)
		return rc;
	for (uint64_t at = 0; rc == 0 && at < size;) {
		size_t n = (size_t)MIN(size - at, PIECE);

		rc = ext4_file_read(f, d->piece, n, at, e);
		if (rc == 0)
			rc = d->pipe.out.write(&d->pipe.out, d->piece, n, e);
		at += n;
		d->stats->bytes += n;
	}
	ext4_file_close(f);
	memset(d->piece, 0, TAR_BLOCK);
	return rc < 0 ? rc : d->pipe.out.write(&d->pipe.out, d->piece, tar_fill(size), e);
}

/* Those that tree_pack takes. */
static size_t choose(struct ext4_attrs *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n && n < XATTRS_MAX; i++)
		if ((str_starts(a->v[i].name, "user.") && !ext4_merge_own_attr(a->v[i].name)) ||
		    !strcmp(a->v[i].name, "security.capability"))
			a->v[n++] = a->v[i];
	return n;
}

static int put_entry(struct by_disk *d, const struct ext4_merge_entry *m, const char *path, struct err *e)
{
	const struct ext4_stat *st = &m->st;
	struct ext4_attrs attrs = { 0 };
	AUTO_FREE char *link = NULL;
	const char *first = NULL;
	struct fs_attr a = { .mode = st->mode & 07777, .uid = st->uid, .gid = st->gid, .mtime = st->mtime };
	struct tar_entry en = { .name = path, .attr = &a };
	int rc = 0;

	en.type = S_ISDIR(st->mode) ? '5' : S_ISREG(st->mode) ? '0' : S_ISLNK(st->mode) ? '2' : S_ISFIFO(st->mode) ? '6' : 0;
	if (!en.type) {
		d->stats->left_out++;
		return 0;
	}
	if (en.type != '5' && st->nlink > 1)
		rc = links_find(&d->links, m->from, st->ino, path, &first, e);
	if (rc == 0 && first) {
		en.type = '1';
		en.link = first;
		return put(d, &en, e);
	}
	if (rc == 0 && en.type == '2') {
		rc = ext4_reader_link(m->from, st->ino, &link, e);
		en.link = link;
	} else if (rc == 0) {
		rc = ext4_attrs_load(m->from, st->ino, &attrs, e);
		a.xattrs = attrs.v;
		a.nxattrs = rc < 0 ? 0 : choose(&attrs);
	}
	en.size = en.type == '0' ? st->size : 0;
	if (rc == 0)
		rc = put(d, &en, e);
	ext4_attrs_finish(&attrs);
	return rc == 0 && en.type == '0' ? put_bytes(d, m->from, st->ino, st->size, e) : rc;
}

static int on_entry(void *arg, const struct ext4_merge_entry *m, struct err *e)
{
	struct by_disk *d = arg;
	AUTO_BUF struct buf path = { 0 };

	if (m->kind == EXT4_MERGE_GONE || (!*d->name && !*m->path))
		return 0;
	if (buf_addf(&path, "%s%s%s%s", d->name, *d->name && *m->path ? "/" : "", m->path, S_ISDIR(m->st.mode) ? "/" : "") < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return put_entry(d, m, (char *)path.p, e);
}

static int64_t written(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
}

static int out(struct copy_files *f, const char *path, const char *name, struct tree_stats *stats, struct err *e)
{
	struct by_disk *d = of(f);
	struct place p;
	int rc = find(d, path, false, &p, e);

	copy_pipe_out_init(&d->pipe, d->theirs, NULL);
	d->stats = stats;
	d->name = name;
	d->piece = malloc(PIECE);
	if (rc == 0 && !d->piece)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = ext4_merge_walk_from(d->lower_r, p.node.lower, d->upper_r, p.node.upper, on_entry, d, e);
	if (rc == 0) {
		memset(d->piece, 0, 2 * TAR_BLOCK);
		rc = d->pipe.out.write(&d->pipe.out, d->piece, 2 * TAR_BLOCK, e);
	}
	if (rc == 0)
		rc = copy_pipe_out_end(&d->pipe, e);
	shutdown(d->theirs, SHUT_RDWR);
	if (rc == 0 && written(d->upper) != d->written_ns)
		rc = err_set(e, -EAGAIN, "the container was started while its disk was read");
	return rc;
}

static int connect_disk(struct copy_files *f, struct err *e)
{
	int fd = fcntl(of(f)->ours, F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? err_sys(e, -errno, "cannot read the container's disk") : fd;
}

static void stop(struct copy_files *f, bool hard)
{
	shutdown(of(f)->theirs, SHUT_RDWR);
}

static void close_disk(struct copy_files *f)
{
	struct by_disk *d = of(f);

	ext4_reader_close(d->lower_r);
	ext4_reader_close(d->upper_r);
	links_finish(&d->links);
	buf_finish(&d->head);
	free(d->piece);
	auto_close(&d->ours);
	auto_close(&d->theirs);
	auto_close(&d->base);
	auto_close(&d->upper);
	free(d);
}

static int open_disks(const struct berth *b, struct container *c, struct by_disk *d, struct err *e)
{
	AUTO_CLOSE int dir = container_open(b->root, c->id, e);
	int pair[2], rc;

	if (dir < 0)
		return dir;
	d->base = container_base_open(b->root, c->config, e);
	if (d->base < 0)
		return d->base;
	d->upper = openat(dir, "upper.ext4", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (d->upper < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, -errno, "cannot open the container's disk");
	d->ours = pair[0];
	d->theirs = pair[1];
	d->written_ns = written(d->upper);
	rc = ext4_reader_open(d->base, &d->lower_r, e);
	if (rc == 0)
		rc = ext4_reader_open(d->upper, &d->upper_r, e);
	if (rc == 0)
		rc = ext4_reader_find(d->upper_r, ENG_UPPER_DIR, false, &d->upper_dir, e);
	return rc;
}

int copy_files_disk(const struct berth *b, struct container *c, struct copy_files **ret, struct err *e)
{
	static const struct copy_files_ops ops = { look, out, NULL, connect_disk, stop, NULL, close_disk };
	struct by_disk *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return err_set(e, -ENOMEM, "out of memory");
	d->files.ops = &ops;
	d->base = d->upper = d->ours = d->theirs = -1;
	rc = open_disks(b, c, d, e);
	if (rc < 0) {
		close_disk(&d->files);
		return rc;
	}
	*ret = &d->files;
	return 0;
}
