/* SPDX-License-Identifier: Apache-2.0 */
#include "job/unpack-merged.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ext4/merge.h"
#include "job/links.h"
#include "job/own-files.h"

#define PIECE (1u << 20)

struct merge {
	const struct unpack_merged *m;
	const struct merged_count *count;
	struct fs_sink *sink;
	struct ext4_reader *base, *upper;
	struct links links;
	struct fs_xattr *xattrs; /* room for those that are handed on */
	uint8_t *piece;
};

static void merge_finish(struct merge *g)
{
	ext4_reader_close(g->base);
	ext4_reader_close(g->upper);
	links_finish(&g->links);
	free(g->xattrs);
	free(g->piece);
}

static int add_raw(struct merge *g, uint64_t n, struct err *e)
{
	uint64_t raw = __atomic_add_fetch(g->count->raw, n, __ATOMIC_RELAXED);

	return raw > g->count->max_raw ? err_set(e, -EFBIG, "the files have more than the %" PRIu64 " bytes allowed",
						 g->count->max_raw) : 0;
}

static int copy_span(struct merge *g, struct ext4_file *f, uint64_t at, uint64_t len, struct err *e)
{
	int rc = add_raw(g, len, e);

	for (uint64_t end = at + len; rc == 0 && at < end;) {
		size_t n = MIN(end - at, PIECE);

		rc = ext4_file_read(f, g->piece, n, at, e);
		if (rc == 0)
			rc = g->sink->ops->write(g->sink, g->piece, n, e);
		at += n;
	}
	return rc;
}

static int copy_data(struct merge *g, struct ext4_file *f, struct err *e)
{
	uint64_t size = ext4_file_size(f), len = 0;
	int rc = 0;

	for (uint64_t at = 0; rc == 0 && at < size; at += len) {
		bool data;

		rc = ext4_file_span(f, at, &data, &len, e);
		if (rc == 0)
			rc = data ? copy_span(g, f, at, len, e) : g->sink->ops->hole(g->sink, len, e);
	}
	return rc;
}

static int add_file(struct merge *g, struct ext4_reader *from, const char *path, const struct ext4_stat *st,
		    const struct fs_attr *a, struct err *e)
{
	struct ext4_file *f;
	int rc = ext4_file_open(from, st->ino, &f, e);

	if (rc < 0)
		return rc;
	rc = g->sink->ops->add_file(g->sink, path, ext4_file_size(f), a, e);
	if (rc == 0)
		rc = copy_data(g, f, e);
	if (rc == 0)
		rc = g->sink->ops->end_file(g->sink, e);
	ext4_file_close(f);
	return rc;
}

static int add_symlink(struct merge *g, struct ext4_reader *from, const char *path, const struct ext4_stat *st,
		       const struct fs_attr *a, struct err *e)
{
	AUTO_FREE char *target = NULL;
	int rc = ext4_reader_link(from, st->ino, &target, e);

	return rc < 0 ? rc : g->sink->ops->add_symlink(g->sink, path, target, a, e);
}

/* Without those of overlayfs' own. */
static int take_attrs(struct merge *g, const struct ext4_attrs *all, struct fs_attr *a, struct err *e)
{
	struct fs_xattr *v = reallocarray(g->xattrs, all->n + 1, sizeof(*v));

	if (!v)
		return err_set(e, -ENOMEM, "out of memory");
	g->xattrs = v;
	a->xattrs = v;
	for (size_t i = 0; i < all->n; i++)
		if (!ext4_merge_own_attr(all->v[i].name))
			v[a->nxattrs++] = all->v[i];
	return 0;
}

static int add_with(struct merge *g, struct ext4_reader *from, const char *path, const struct ext4_stat *st,
		    const struct fs_attr *a, struct err *e)
{
	if (S_ISDIR(st->mode))
		return g->sink->ops->add_dir(g->sink, path, a, e);
	if (S_ISREG(st->mode))
		return add_file(g, from, path, st, a, e);
	if (S_ISLNK(st->mode))
		return add_symlink(g, from, path, st, a, e);
	return g->sink->ops->add_node(g->sink, path, st->mode & S_IFMT, st->major, st->minor, a, e);
}

static int add(struct merge *g, struct ext4_reader *from, const char *path, const struct ext4_stat *st, struct err *e)
{
	struct fs_attr a = { .mode = st->mode & 07777, .uid = st->uid, .gid = st->gid, .mtime = st->mtime,
			     .atime = st->mtime, .ctime = st->mtime };
	struct ext4_attrs attrs = { 0 };
	const char *first = NULL;
	int rc = 0;

	__atomic_fetch_add(g->count->entries, 1, __ATOMIC_RELAXED);
	if (!S_ISDIR(st->mode) && st->nlink > 1)
		rc = links_find(&g->links, from, st->ino, path, &first, e);
	if (rc < 0 || first)
		return rc < 0 ? rc : g->sink->ops->add_link(g->sink, path, first, e);
	rc = ext4_attrs_load(from, st->ino, &attrs, e);
	if (rc == 0)
		rc = take_attrs(g, &attrs, &a, e);
	if (rc == 0)
		rc = add_with(g, from, path, st, &a, e);
	ext4_attrs_finish(&attrs);
	return rc;
}

static bool is_since(const struct fs_time *t, const struct fs_time *since)
{
	return t->sec > since->sec || (t->sec == since->sec && t->nsec >= since->nsec);
}

static int on_entry(void *arg, const struct ext4_merge_entry *en, struct err *e)
{
	struct merge *g = arg;
	struct ext4_stat st = en->st;
	struct ext4_reader *from = en->from;
	bool upper = from == g->upper;
	int own = upper ? own_entry(en, e) : 0, rc;

	if (own < 0)
		return own;
	if (en->kind == EXT4_MERGE_GONE || own) {
		if (en->kind != EXT4_MERGE_CHANGED || S_ISDIR(en->lower.mode))
			return 0;
		st = en->lower;
		from = g->base;
	} else if (upper && is_since(&st.mtime, &g->m->since)) {
		st.mtime = own_way_only(en) ? en->lower.mtime : g->m->stamp;
	}
	rc = add(g, from, en->path, &st, e);
	return rc < 0 ? err_wrap(e, rc, "'/%s'", en->path) : 0;
}

int unpack_merged(int base, const struct unpack_merged *m, const struct merged_count *count, struct fs_sink *sink,
		  struct err *e)
{
	AUTO(merge_finish) struct merge g = { .m = m, .count = count, .sink = sink };
	uint32_t dir;
	int rc;

	g.piece = malloc(PIECE);
	if (!g.piece)
		return err_set(e, -ENOMEM, "out of memory");
	rc = ext4_reader_open(base, &g.base, e);
	if (rc < 0)
		return rc;
	rc = ext4_reader_open(m->upper, &g.upper, e);
	if (rc == 0)
		rc = ext4_reader_find(g.upper, m->dir, false, &dir, e);
	if (rc < 0)
		return err_wrap(e, rc, "the container's disk");
	return ext4_merge_walk(g.base, g.upper, dir, false, on_entry, &g, e);
}
