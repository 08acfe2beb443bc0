/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/merge.h"

#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/str.h"
#include "ext4/reader-int.h"
#include "ext4/vec.h"

struct side {
	struct ext4_reader *r;
	struct ext4_seen seen;
};

struct level {
	struct ext4_names upper, lower; /* either may be empty */
	uint32_t iu, il, path_len;
	bool opaque; /* the lower names are hidden, and only say what was there */
};

struct merge {
	struct side upper, lower;
	struct level *v;
	uint32_t depth, cap;
	uint64_t memory;
	struct buf path;
	bool upper_only;
	ext4_merge_cb fn;
	void *arg;
};

bool ext4_merge_own_attr(const char *name)
{
	return str_starts(name, "trusted.overlay.") || str_starts(name, "user.overlay.");
}

/* Whether an upper folder hides the lower one; what we cannot follow is refused. */
static int read_marks(struct merge *m, const struct ext4_stat *st, bool *ret_opaque, struct err *e)
{
	struct ext4_attrs a = { 0 };
	int rc = ext4_attrs_load(m->upper.r, st->ino, &a, e);

	*ret_opaque = false;
	for (size_t i = 0; rc == 0 && i < a.n; i++) {
		const char *name = a.v[i].name;

		if (!strcmp(name, "trusted.overlay.opaque"))
			*ret_opaque = a.v[i].len == 1 && *(const char *)a.v[i].value == 'y';
		else if (!strcmp(name, "trusted.overlay.redirect") ||
			 !strcmp(name, "trusted.overlay.metacopy"))
			rc = err_set(e, -EOPNOTSUPP,
				     "'%s' is redirected by overlayfs (%s), which is not understood",
				     m->path.p, name);
	}
	ext4_attrs_finish(&a);
	return rc;
}

static bool is_whiteout(const struct ext4_stat *st)
{
	return S_ISCHR(st->mode) && !st->major && !st->minor;
}

/* --- levels */

static int load_side(struct merge *m, struct side *s, uint32_t ino, struct ext4_names *ret, struct err *e)
{
	int rc = ext4_seen_add(&s->seen, ino);

	if (rc > 0)
		return ext4_read_bad(e, "directory inode %u has two places, '%s' is one", ino, m->path.p);
	if (rc < 0)
		return err_set(e, -ENOMEM, "out of memory");
	rc = ext4_names_load(s->r, ino, ret, e);
	if (rc == 0)
		m->memory += ret->arena.cap + ret->cap * sizeof(*ret->v);
	return rc;
}

static void leave(struct merge *m)
{
	struct level *l = &m->v[--m->depth];

	m->memory -= l->upper.arena.cap + l->upper.cap * sizeof(*l->upper.v);
	m->memory -= l->lower.arena.cap + l->lower.cap * sizeof(*l->lower.v);
	ext4_names_finish(&l->upper);
	ext4_names_finish(&l->lower);
}

/* 0 for a side that has nothing there. */
static int enter(struct merge *m, uint32_t upper, uint32_t lower, bool opaque, struct err *e)
{
	struct level *l;
	int rc = 0;

	if (ext4_vec_reserve(&m->v, &m->cap, m->depth + 1ull, sizeof(*m->v)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	l = &m->v[m->depth++];
	*l = (struct level){ .path_len = (uint32_t)m->path.len, .opaque = opaque };
	if (upper)
		rc = load_side(m, &m->upper, upper, &l->upper, e);
	if (rc == 0 && lower)
		rc = load_side(m, &m->lower, lower, &l->lower, e);
	if (rc == 0 && m->memory > EXT4_READ_MEM_MAX)
		return err_set(e, -E2BIG, "its folders have more names than fit into %u MiB",
			       EXT4_READ_MEM_MAX >> 20);
	return rc;
}

static int set_path(struct merge *m, const struct level *l, const char *name, struct err *e)
{
	m->path.len = l->path_len;
	if (l->path_len + strlen(name) > EXT4_READ_PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "a path of more than %u bytes", EXT4_READ_PATH_MAX);
	if ((m->path.len && buf_addc(&m->path, '/') < 0) || buf_adds(&m->path, name) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

/* --- one name */

static int only_lower(struct merge *m, const char *name, uint32_t ino, bool gone, bool hidden, struct err *e)
{
	struct ext4_merge_entry en = {
		.path = (char *)m->path.p,
		.name = name,
		.kind = gone ? EXT4_MERGE_GONE : EXT4_MERGE_LOWER,
		.from = m->lower.r,
		.hidden = hidden,
	};
	int rc;

	if (!gone && m->upper_only)
		return 0;
	rc = ext4_reader_stat(m->lower.r, ino, &en.st, e);
	if (rc == 0)
		rc = m->fn(m->arg, &en, e);
	if (rc || gone || !S_ISDIR(en.st.mode))
		return rc;
	return enter(m, 0, ino, false, e);
}

/* lower: 0 where it has nothing. */
static int in_upper(struct merge *m, const char *name, uint32_t upper, uint32_t lower, bool hidden,
		    struct err *e)
{
	struct ext4_merge_entry en = {
		.path = (char *)m->path.p,
		.name = name,
		.kind = lower ? EXT4_MERGE_CHANGED : EXT4_MERGE_ADDED,
		.from = m->upper.r,
		.hidden = hidden,
	};
	bool both;
	int rc = ext4_reader_stat(m->upper.r, upper, &en.st, e);

	if (rc < 0)
		return rc;
	if (is_whiteout(&en.st))
		return lower ? only_lower(m, name, lower, true, hidden, e) : 0;
	if (lower && (rc = ext4_reader_stat(m->lower.r, lower, &en.lower, e)) < 0)
		return rc;
	both = S_ISDIR(en.st.mode) && lower && S_ISDIR(en.lower.mode);
	if (S_ISDIR(en.st.mode) || S_ISREG(en.st.mode)) {
		rc = read_marks(m, &en.st, &en.opaque, e);
		if (rc < 0)
			return rc;
	}
	/* below an opaque folder no other needs the mark */
	en.opaque = (en.opaque || hidden) && both;
	rc = m->fn(m->arg, &en, e);
	if (rc || !S_ISDIR(en.st.mode))
		return rc;
	return enter(m, upper, both ? lower : 0, en.opaque, e);
}

/* The next name of the two lists; 0 when both are through, 1 after one was seen to. */
static int next(struct merge *m, struct err *e)
{
	struct level *l = &m->v[m->depth - 1];
	const char *a = l->iu < l->upper.n ? ext4_names_text(&l->upper, l->iu) : NULL;
	const char *b = l->il < l->lower.n ? ext4_names_text(&l->lower, l->il) : NULL;
	bool hidden = l->opaque;
	int d = !a ? 1 : !b ? -1 : strcmp(a, b), rc;
	uint32_t upper = 0, lower = 0;
	char name[EXT4_NAME_MAX + 1];

	if (!a && !b)
		return 0;
	snprintf(name, sizeof(name), "%s", d <= 0 ? a : b); /* entering a folder moves the levels */
	if (d <= 0)
		upper = l->upper.v[l->iu++].ino;
	if (d >= 0)
		lower = l->lower.v[l->il++].ino;
	rc = set_path(m, l, name, e);
	if (rc == 0)
		rc = upper ? in_upper(m, name, upper, lower, hidden, e)
			   : only_lower(m, name, lower, hidden, hidden, e);
	if (rc < 0)
		return err_wrap(e, rc, "'%s'", m->path.p);
	return rc ? rc : 1;
}

static int run(struct merge *m, uint32_t upper, uint32_t lower, struct err *e)
{
	int rc = buf_adds(&m->path, "");

	if (rc < 0 || buf_reserve(&m->path, 1) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	rc = upper ? in_upper(m, "", upper, lower, false, e) : only_lower(m, "", lower, false, false, e);
	while (rc >= 0 && m->depth) {
		rc = next(m, e);
		if (rc == 0)
			leave(m);
	}
	return rc < 0 ? rc : 0;
}

static int walk(struct merge *m, uint32_t upper, uint32_t lower, struct err *e)
{
	int rc = run(m, upper, lower, e);

	while (m->depth)
		leave(m);
	free(m->v);
	buf_finish(&m->path);
	ext4_seen_finish(&m->upper.seen);
	ext4_seen_finish(&m->lower.seen);
	return rc;
}

int ext4_merge_walk(struct ext4_reader *lower, struct ext4_reader *upper, uint32_t upper_dir, bool upper_only,
		    ext4_merge_cb fn, void *arg, struct err *e)
{
	struct merge m = { .upper = { .r = upper },
			   .lower = { .r = lower },
			   .upper_only = upper_only,
			   .fn = fn,
			   .arg = arg };

	return walk(&m, upper_dir, EXT4_ROOT_INO, e);
}

int ext4_merge_walk_from(struct ext4_reader *lower, uint32_t lower_ino, struct ext4_reader *upper, uint32_t upper_ino,
			 ext4_merge_cb fn, void *arg, struct err *e)
{
	struct merge m = { .upper = { .r = upper }, .lower = { .r = lower }, .fn = fn, .arg = arg };

	return walk(&m, upper_ino, lower_ino, e);
}

/* --- one step, without a walk */

static int find_name(struct ext4_reader *r, uint32_t dir, const char *name, uint32_t *ret, struct err *e)
{
	struct ext4_names v = { 0 };
	const struct ext4_name *found;
	int rc = dir ? ext4_names_load(r, dir, &v, e) : 0;

	found = rc == 0 && dir ? ext4_names_find(&v, name) : NULL;
	*ret = found ? found->ino : 0;
	ext4_names_finish(&v);
	return rc;
}

int ext4_merge_step(struct ext4_reader *lower, struct ext4_reader *upper, const struct ext4_merge_node *at, const char *name,
		    struct ext4_merge_node *ret, struct ext4_stat *st, struct ext4_reader **from, struct err *e)
{
	struct merge m = { .upper = { .r = upper }, .lower = { .r = lower } };
	struct ext4_stat below;
	bool opaque = false;
	int rc = find_name(upper, at->upper, name, &ret->upper, e);

	if (rc == 0)
		rc = find_name(lower, at->lower, name, &ret->lower, e);
	if (rc == 0)
		rc = ret->upper ? ext4_reader_stat(upper, ret->upper, st, e) :
		     ret->lower ? ext4_reader_stat(lower, ret->lower, st, e) : -ENOENT;
	if (rc == 0 && ret->upper && is_whiteout(st))
		rc = -ENOENT;
	if (rc < 0)
		return rc == -ENOENT ? err_set(e, rc, "'%s': %s", name, err_str(rc)) : rc;
	*from = ret->upper ? upper : lower;
	if (!ret->upper || !ret->lower)
		return 0;
	if (S_ISDIR(st->mode) && (rc = buf_adds(&m.path, name)) == 0)
		rc = read_marks(&m, st, &opaque, e);
	buf_finish(&m.path);
	if (rc == 0)
		rc = ext4_reader_stat(lower, ret->lower, &below, e);
	if (rc == 0 && (opaque || !S_ISDIR(st->mode) || !S_ISDIR(below.mode)))
		ret->lower = 0;
	return rc;
}
