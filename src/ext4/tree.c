/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/tree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ext4/layout.h"
#include "ext4/tree-names.h"

#define LAYERS_MAX 65000

int tree_init(struct ext4_tree *t, struct ext4_mem *mem, struct ext4_alloc *alloc, int64_t at, struct err *e)
{
	struct fs_time when = { .sec = at };
	struct tree_node *root;
	uint32_t n;
	int rc;

	*t = (struct ext4_tree){ .mem = mem, .alloc = alloc };
	rc = names_init(t, e);
	if (rc < 0 || (rc = names_new_node(t, S_IFDIR, &n, e)) < 0)
		return rc;
	root = &t->nodes[n];
	root->mode = S_IFDIR | 0755;
	root->nlink = 1;
	root->dir.parent = TREE_ROOT;
	tree_time(&when, root->mtime);
	tree_time(&when, root->ctime);
	tree_time(&when, root->atime);
	return 0;
}

void tree_finish(struct ext4_tree *t)
{
	free(t->names);
	free(t->nodes);
	free(t->runs);
	free(t->arena);
	free(t->buckets);
	free(t->last_path);
	*t = (struct ext4_tree){ 0 };
}

int tree_layer(struct ext4_tree *t, struct err *e)
{
	if (t->layer == LAYERS_MAX)
		return err_set(e, -E2BIG, "more than %d layers", LAYERS_MAX);
	t->layer++;
	return 0;
}

/* inodes.rst, "Inode Timestamps": 34 bits of seconds from 1901 on, the lower 32 of them signed. */
void tree_time(const struct fs_time *t, uint32_t ret[2])
{
	const int64_t min = INT32_MIN, max = (INT64_C(1) << 34) + INT32_MIN - 1;
	int64_t sec = t->sec;
	uint32_t nsec = MIN(t->nsec, 999999999u);

	if (sec < min || sec > max) {
		nsec = sec < min ? 0 : 999999999u;
		sec = sec < min ? min : max;
	}
	ret[0] = (uint32_t)sec;
	ret[1] = nsec << 2 | (uint32_t)((sec - (int32_t)ret[0]) >> 32 & 3);
}

static void set_attr(struct tree_node *n, const struct tree_attr *a)
{
	n->mode = (uint16_t)((n->mode & S_IFMT) | (a->mode & 07777));
	n->uid = a->uid;
	n->gid = a->gid;
	n->xattrs = a->xattrs;
	memcpy(n->atime, a->atime, sizeof(n->atime));
	memcpy(n->ctime, a->ctime, sizeof(n->ctime));
	memcpy(n->mtime, a->mtime, sizeof(n->mtime));
}

int tree_set_runs(struct ext4_tree *t, uint32_t node, const struct ext4_run *runs, uint32_t n, struct err *e)
{
	struct tree_data *d = &t->nodes[node].data;
	int rc;

	*d = (struct tree_data){ .nruns = n };
	if (!n)
		return 0;
	if (n == 1 && runs[0].lblk == 0) {
		d->pblk = runs[0].pblk;
		d->len = runs[0].len;
		return 0;
	}
	rc = ext4_mem_charge(t->mem, n * sizeof(*runs), e);
	if (rc < 0)
		return rc;
	if (ext4_vec_reserve(&t->runs, &t->runs_cap, (uint64_t)t->nruns + n, sizeof(*runs)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	memcpy(t->runs + t->nruns, runs, n * sizeof(*runs));
	d->pblk = t->nruns; /* len stays 0: not the one run that fits here */
	t->nruns += n;
	return 0;
}

struct ext4_run tree_run(const struct ext4_tree *t, const struct tree_node *n, uint32_t i)
{
	if (n->data.len)
		return (struct ext4_run){ .pblk = n->data.pblk, .len = n->data.len };
	return t->runs[n->data.pblk + i];
}

/* The node has no name any more: its blocks are free. */
static int drop_node(struct ext4_tree *t, uint32_t node, struct err *e)
{
	struct tree_node *n = &t->nodes[node];

	if (S_ISDIR(n->mode) || S_ISLNK(n->mode))
		t->last_dir = 0;
	if (S_ISREG(n->mode)) {
		for (uint32_t i = 0; i < n->data.nruns; i++) {
			struct ext4_run r = tree_run(t, n, i);

			if (ext4_alloc_free(t->alloc, r.pblk, r.len) < 0)
				return err_set(e, -ENOMEM, "out of memory");
		}
	}
	n->nlink = 0;
	return 0;
}

/* Takes name i away, which leaves its directory's list later. */
static int unlink_name(struct ext4_tree *t, uint32_t i, struct err *e)
{
	uint32_t node = t->names[i].node;

	t->names[i].node = 0;
	if (--t->nodes[node].nlink)
		return 0;
	return drop_node(t, node, e);
}

/* Takes name i away and all that is below it. The stack of directories to visit runs through dir.parent
 * of the nodes that go. */
static int remove_all(struct ext4_tree *t, uint32_t i, struct err *e)
{
	uint32_t todo = 0, node = t->names[i].node;
	int rc;

	if (!tree_is_dir(&t->nodes[node]))
		return unlink_name(t, i, e);
	t->names[i].node = 0;
	t->nodes[node].dir.parent = 0;
	for (todo = node; todo;) {
		struct tree_node *n = &t->nodes[todo];
		uint32_t below = n->dir.parent;

		for (uint32_t c = n->dir.head; c; c = t->names[c].next) {
			uint32_t child = t->names[c].node;

			if (!child)
				continue;
			if (!tree_is_dir(&t->nodes[child])) {
				rc = unlink_name(t, c, e);
				if (rc < 0)
					return rc;
				continue;
			}
			t->names[c].node = 0;
			t->nodes[child].dir.parent = below;
			below = child;
		}
		rc = drop_node(t, todo, e);
		if (rc < 0)
			return rc;
		todo = below;
	}
	return 0;
}

static int new_dir(struct ext4_tree *t, uint32_t name, struct err *e)
{
	struct tree_node *n;
	uint32_t node;
	int rc = names_new_node(t, S_IFDIR, &node, e);

	if (rc < 0)
		return rc;
	n = &t->nodes[node];
	n->nlink = 1;
	n->dir.parent = t->names[name].dir;
	names_put(t, name, node);
	return 0;
}

/* What a directory has that no layer describes: the times of above, which somebody described. */
static void implied_attr(struct ext4_tree *t, uint32_t node, uint32_t above)
{
	struct tree_node *n = &t->nodes[node];
	struct tree_attr a = { .mode = 0755 };
	const uint32_t *when = t->nodes[above].mtime;

	memcpy(a.mtime, when, sizeof(a.mtime));
	memcpy(a.ctime, when, sizeof(a.ctime));
	memcpy(a.atime, when, sizeof(a.atime));
	set_attr(n, &a);
}

int names_make_dir(struct ext4_tree *t, uint32_t name, struct err *e)
{
	int rc = t->names[name].node ? remove_all(t, name, e) : 0;

	if (rc < 0 || (rc = new_dir(t, name, e)) < 0)
		return rc;
	implied_attr(t, t->names[name].node, t->names[name].dir);
	return 0;
}

int tree_add_dir(struct ext4_tree *t, const char *path, const struct tree_attr *a, struct err *e)
{
	uint32_t name;
	int rc;

	if (!*path) {
		set_attr(&t->nodes[TREE_ROOT], a);
		return 0;
	}
	rc = names_place(t, path, &name, e);
	if (rc < 0)
		return rc;
	if (t->names[name].node && !tree_is_dir(&t->nodes[t->names[name].node]) &&
	    (rc = remove_all(t, name, e)) < 0)
		return rc;
	if (!t->names[name].node && (rc = new_dir(t, name, e)) < 0)
		return rc;
	t->names[name].layer = t->layer;
	set_attr(&t->nodes[t->names[name].node], a);
	return 0;
}

int tree_add(struct ext4_tree *t, const char *path, uint32_t type, const struct tree_attr *a, uint32_t *ret,
	     struct err *e)
{
	uint32_t name, node;
	int rc = names_place(t, path, &name, e);

	if (rc < 0 || (t->names[name].node && (rc = remove_all(t, name, e)) < 0) ||
	    (rc = names_new_node(t, type, &node, e)) < 0)
		return rc;
	t->nodes[node].nlink = 1;
	set_attr(&t->nodes[node], a);
	names_put(t, name, node);
	*ret = node;
	return 0;
}

int tree_add_link(struct ext4_tree *t, const char *path, const char *target, struct err *e)
{
	uint32_t from, to, node;
	int rc = names_find(t, target, &from, e);

	if (rc < 0)
		return rc;
	node = from ? t->names[from].node : 0;
	if (!node)
		return err_set(e, *target ? -ENOENT : -EPERM,
			       *target ? "a hard link's target '%s' is not there"
				       : "a hard link cannot have the root as its target%s",
			       target);
	if (tree_is_dir(&t->nodes[node]))
		return err_set(e, -EPERM, "a hard link's target '%s' is a directory", target);
	rc = names_place(t, path, &to, e);
	if (rc < 0)
		return rc;
	if (!t->nodes[node].nlink) /* making parents took the target away */
		return err_set(e, -ENOENT, "a hard link's target '%s' is not there", target);
	if (t->names[to].node == node) {
		t->names[to].layer = t->layer;
		return 0;
	}
	if (t->nodes[node].nlink >= EXT4_LINK_MAX)
		return err_set(e, -EMLINK, "'%s' has %u names, which is all that ext4 allows", target,
			       EXT4_LINK_MAX);
	t->nodes[node].nlink++;
	if (t->names[to].node && (rc = remove_all(t, to, e)) < 0)
		return rc;
	names_put(t, to, node);
	return 0;
}

/* Hiding what lower layers put below a directory, children first: a directory stays while something of
 * this layer is below it, and is then one that this layer implied. */
struct frame {
	uint32_t node, name; /* name 0: the directory stays whatever it holds */
	uint32_t prev, cur; /* names, where it stands */
	bool kept; /* something is left */
	bool back; /* what is below cur was seen */
};

struct walk {
	struct frame *f;
	uint32_t n, cap;
};

static int push(struct ext4_tree *t, struct walk *w, uint32_t node, uint32_t name, struct err *e)
{
	if (ext4_vec_reserve(&w->f, &w->cap, (uint64_t)w->n + 1, sizeof(*w->f)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	w->f[w->n++] = (struct frame){ .node = node, .name = name, .cur = t->nodes[node].dir.head };
	return 0;
}

/* The nearest directory above that will not be an implied one itself: those of lower layers in which
 * something is kept will be. */
static uint32_t described_above(const struct ext4_tree *t, const struct walk *w)
{
	for (uint32_t i = w->n; i-- > 0;)
		if (!w->f[i].name || t->names[w->f[i].name].layer == t->layer)
			return w->f[i].node;
	return t->names[w->f[0].name].dir;
}

/* All of a directory's names were seen. */
static int leave(struct ext4_tree *t, struct walk *w, struct err *e)
{
	struct frame f = w->f[w->n - 1];
	struct tree_name *name = &t->names[f.name];
	uint32_t above = f.name ? described_above(t, w) : 0;
	int rc = 0;

	w->n--;
	t->nodes[f.node].dir.tail = f.prev;
	t->nodes[f.node].dir.pruned = t->layer;
	if (!f.name)
		return 0;
	if (name->layer < t->layer) {
		if (f.kept) {
			name->layer = t->layer;
			implied_attr(t, f.node, above);
		} else {
			rc = unlink_name(t, f.name, e);
		}
	}
	return rc;
}

/* One name of the directory on top; twice for a directory, before and behind what is below it. */
static int visit(struct ext4_tree *t, struct walk *w, struct err *e)
{
	struct frame *f = &w->f[w->n - 1];
	uint32_t c = f->cur;
	struct tree_name *name = &t->names[c];
	bool lower = name->layer < t->layer;
	int rc;

	if (name->node && tree_is_dir(&t->nodes[name->node])) {
		if (!f->back && (lower || t->nodes[name->node].dir.pruned != t->layer)) {
			f->back = true;
			return push(t, w, name->node, c, e);
		}
	} else if (name->node && lower) {
		rc = unlink_name(t, c, e);
		if (rc < 0)
			return rc;
	}
	f->back = false;
	f->cur = name->next;
	if (name->node) {
		f->kept = true;
		f->prev = c;
		return 0;
	}
	name->listed = 0;
	if (f->prev)
		t->names[f->prev].next = f->cur;
	else
		t->nodes[f->node].dir.head = f->cur;
	return 0;
}

/* name 0: hides what is in the directory; else hides the directory too. */
static int prune(struct ext4_tree *t, uint32_t node, uint32_t name, struct err *e)
{
	struct walk w = { 0 };
	int rc = push(t, &w, node, name, e);

	while (rc == 0 && w.n)
		rc = w.f[w.n - 1].cur ? visit(t, &w, e) : leave(t, &w, e);
	free(w.f);
	return rc;
}

/* What a layer hides: a path through symlinks that lead nowhere is not there. */
static int find_hidden(struct ext4_tree *t, const char *path, uint32_t *ret, struct err *e)
{
	int rc = names_find(t, path, ret, e);

	return rc == -ELOOP ? 0 : rc;
}

int tree_whiteout(struct ext4_tree *t, const char *path, struct err *e)
{
	uint32_t name, node;
	int rc;

	if (!*path)
		return prune(t, TREE_ROOT, 0, e);
	rc = find_hidden(t, path, &name, e);
	if (rc < 0 || !name || !(node = t->names[name].node))
		return rc;
	if (tree_is_dir(&t->nodes[node]))
		return prune(t, node, name, e);
	return t->names[name].layer < t->layer ? unlink_name(t, name, e) : 0;
}

int tree_opaque(struct ext4_tree *t, const char *path, struct err *e)
{
	uint32_t name, node = TREE_ROOT;
	int rc;

	if (*path) {
		rc = find_hidden(t, path, &name, e);
		if (rc < 0 || !name || !(node = t->names[name].node))
			return rc;
	}
	/* once in a layer is enough: what comes later is this layer's own */
	if (!tree_is_dir(&t->nodes[node]) || t->nodes[node].dir.pruned == t->layer)
		return 0;
	return prune(t, node, 0, e);
}

int tree_text(struct ext4_tree *t, const char *p, size_t n, uint32_t *ret, struct err *e)
{
	return names_text(t, p, n, ret, e);
}
