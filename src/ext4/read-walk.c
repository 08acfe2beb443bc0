/* SPDX-License-Identifier: Apache-2.0 */
/* read-walk.c - paths, and whole trees. No recursion: how deep an image is does not reach our stack. */
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ext4/reader-int.h"
#include "ext4/vec.h"

#define LINKS_MAX 40 /* symlinks on the way to one file, as in the kernel */

/* --- paths */

struct finding {
	const char *name;
	size_t len;
	uint32_t ino;
};

static int match(void *arg, const struct ext4_entry *en, struct err *e)
{
	struct finding *f = arg;

	(void)e;
	if (en->len != f->len || memcmp(en->name, f->name, f->len))
		return 0;
	f->ino = en->ino;
	return 1;
}

static int look_up(struct ext4_reader *r, uint32_t dir, const char *name, size_t len, uint32_t *ret,
		   struct err *e)
{
	AUTO_FREE uint8_t *inode = malloc(r->isize);
	struct finding f = { name, len, 0 };
	int rc = inode ? ext4_read_inode(r, dir, inode, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc == 0)
		rc = ext4_read_dir(r, dir, inode, match, &f, e);
	if (rc < 0)
		return rc;
	if (!rc)
		return err_set(e, -ENOENT, "no such file or folder");
	*ret = f.ino;
	return 0;
}

/* The rest of the way after a symlink: its target, then what was left. */
static int follow_link(struct ext4_reader *r, uint32_t link, char **rest, const char *left, struct err *e)
{
	AUTO_FREE char *target = NULL;
	struct buf b = { 0 };
	int rc = ext4_reader_link(r, link, &target, e);

	if (rc < 0)
		return rc;
	if (strlen(left) + strlen(target) > EXT4_READ_PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "the path is too long");
	if (buf_addf(&b, "%s/%s", target, left) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	free(*rest);
	*rest = buf_steal(&b);
	return *rest ? 0 : err_set(e, -ENOMEM, "out of memory");
}

int ext4_reader_find(struct ext4_reader *r, const char *path, bool follow, uint32_t *ret, struct err *e)
{
	AUTO_FREE char *rest = strdup(path);
	const char *p = rest;
	uint32_t at = EXT4_ROOT_INO, links = 0;

	if (!rest)
		return err_set(e, -ENOMEM, "out of memory");
	while (*(p += strspn(p, "/"))) {
		size_t n = strcspn(p, "/");
		const char *left = p + n;
		struct ext4_stat st;
		uint32_t next = 0;
		int rc = ext4_reader_stat(r, at, &st, e);

		if (rc < 0)
			return rc;
		if (!S_ISDIR(st.mode))
			return err_set(e, -ENOTDIR, "a part of the path is no folder");
		if (n == 1 && *p == '.') {
			p = left;
			continue;
		}
		rc = look_up(r, at, p, n, &next, e);
		if (rc == 0)
			rc = ext4_reader_stat(r, next, &st, e);
		if (rc < 0)
			return rc;
		p = left;
		if (!S_ISLNK(st.mode) || (!follow && !left[strspn(left, "/")])) {
			at = next;
			continue;
		}
		if (++links > LINKS_MAX)
			return err_set(e, -ELOOP, "too many symlinks");
		rc = follow_link(r, next, &rest, left, e);
		if (rc < 0)
			return rc;
		p = rest;
		at = *p == '/' ? EXT4_ROOT_INO : at;
	}
	*ret = at;
	return 0;
}

/* --- trees */

struct level {
	struct ext4_names names;
	uint32_t next, path_len, ino;
};

struct walk {
	struct ext4_reader *r;
	struct level *v;
	uint32_t depth, cap;
	struct buf path;
	struct ext4_seen dirs;
	uint64_t memory; /* of all names */
};

static int enter(struct walk *w, uint32_t ino, struct err *e)
{
	struct level *l;
	int rc = ext4_seen_add(&w->dirs, ino);

	if (rc > 0)
		return ext4_read_bad(e, "directory inode %u has two places, '%s' is one", ino, w->path.p);
	if (rc < 0 || ext4_vec_reserve(&w->v, &w->cap, w->depth + 1ull, sizeof(*w->v)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	l = &w->v[w->depth];
	*l = (struct level){ .path_len = (uint32_t)w->path.len, .ino = ino };
	rc = ext4_names_load(w->r, ino, &l->names, e);
	if (rc < 0)
		return rc;
	w->depth++;
	w->memory += l->names.arena.cap + l->names.cap * sizeof(*l->names.v);
	if (w->memory > EXT4_READ_MEM_MAX)
		return err_set(e, -E2BIG, "its folders have more names than fit into %u MiB",
			       EXT4_READ_MEM_MAX >> 20);
	return 0;
}

static void leave(struct walk *w)
{
	struct ext4_names *n = &w->v[--w->depth].names;

	w->memory -= n->arena.cap + n->cap * sizeof(*n->v);
	ext4_names_finish(n);
}

static int set_path(struct walk *w, const struct level *l, const char *name, struct err *e)
{
	w->path.len = l->path_len;
	if (l->path_len + strlen(name) > EXT4_READ_PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "a path of more than %u bytes", EXT4_READ_PATH_MAX);
	if ((w->path.len && buf_addc(&w->path, '/') < 0) || buf_adds(&w->path, name) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

static int visit(struct walk *w, uint32_t ino, const char *name, ext4_walk_cb fn, void *arg, bool *ret_dir,
		 struct err *e)
{
	struct ext4_walk_entry en = { .path = (char *)w->path.p, .name = name };
	int rc = ext4_reader_stat(w->r, ino, &en.st, e);

	*ret_dir = S_ISDIR(en.st.mode);
	return rc < 0 ? err_wrap(e, rc, "'%s'", en.path) : fn(arg, &en, e);
}

static int run(struct walk *w, uint32_t ino, unsigned max_depth, ext4_walk_cb fn, void *arg, struct err *e)
{
	bool dir;
	int rc = buf_adds(&w->path, "");

	if (rc < 0 || buf_reserve(&w->path, 1) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	rc = visit(w, ino, "", fn, arg, &dir, e);
	if (rc == 0 && dir)
		rc = enter(w, ino, e);
	while (rc == 0 && w->depth) {
		struct level *l = &w->v[w->depth - 1];
		const struct ext4_name *n;
		uint32_t child;

		if (l->next == l->names.n) {
			leave(w);
			continue;
		}
		n = &l->names.v[l->next];
		child = n->ino;
		rc = set_path(w, l, ext4_names_text(&l->names, l->next), e);
		if (rc == 0)
			rc = visit(w, child, ext4_names_text(&l->names, l->next), fn, arg, &dir, e);
		l->next++;
		if (rc == 0 && dir && w->depth - 1 < max_depth)
			rc = enter(w, child, e);
	}
	return rc;
}

int ext4_reader_walk(struct ext4_reader *r, uint32_t ino, unsigned max_depth, ext4_walk_cb fn, void *arg,
		     struct err *e)
{
	struct walk w = { .r = r };
	int rc = run(&w, ino, max_depth, fn, arg, e);

	while (w.depth)
		leave(&w);
	free(w.v);
	buf_finish(&w.path);
	ext4_seen_finish(&w.dirs);
	return rc;
}
