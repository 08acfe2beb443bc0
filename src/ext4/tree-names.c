/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/tree-names.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "ext4/layout.h"
#include "ext4/sip.h"

#define LINKS_MAX 40

int names_init(struct ext4_tree *t, struct err *e)
{
	/* Number 0 is none. */
	t->nbuckets = 1024;
	t->buckets = calloc(t->nbuckets, sizeof(*t->buckets));
	t->last_path = malloc(PATH_MAX);
	if (!t->buckets || !t->last_path ||
	    ext4_vec_reserve(&t->names, &t->names_cap, 1, sizeof(*t->names)) < 0 ||
	    ext4_vec_reserve(&t->nodes, &t->nodes_cap, 1, sizeof(*t->nodes)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	t->names[0] = (struct tree_name){ 0 };
	t->nodes[0] = (struct tree_node){ 0 };
	t->nnames = t->nnodes = 1;
	/* The order of the buckets shows nowhere, so the key may differ from run to run. */
	return file_random(t->key, sizeof(t->key)) < 0 ? err_set(e, -EIO, "no random numbers") : 0;
}

int names_new_node(struct ext4_tree *t, uint32_t type, uint32_t *ret, struct err *e)
{
	int rc = ext4_mem_charge(t->mem, sizeof(*t->nodes), e);

	if (rc < 0)
		return rc;
	if (ext4_vec_reserve(&t->nodes, &t->nodes_cap, (uint64_t)t->nnodes + 1, sizeof(*t->nodes)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	*ret = t->nnodes++;
	t->nodes[*ret] = (struct tree_node){ .mode = (uint16_t)type };
	return 0;
}

int names_text(struct ext4_tree *t, const char *p, size_t n, uint32_t *ret, struct err *e)
{
	int rc = ext4_mem_charge(t->mem, n, e);

	if (rc < 0)
		return rc;
	if (ext4_vec_reserve(&t->arena, &t->arena_cap, (uint64_t)t->arena_len + n, 1) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	memcpy(t->arena + t->arena_len, p, n);
	*ret = t->arena_len;
	t->arena_len += (uint32_t)n;
	return 0;
}

static uint32_t hash(const struct ext4_tree *t, uint32_t dir, const char *name, size_t len)
{
	return ext4_sip(t->key, dir, name, len);
}

static uint32_t name_hash(const struct ext4_tree *t, uint32_t i)
{
	const char *text = t->arena + t->names[i].text;

	return hash(t, t->names[i].dir, text + 1, (uint8_t)text[0]);
}

static uint32_t lookup(const struct ext4_tree *t, uint32_t dir, const char *p, size_t len, uint32_t h)
{
	uint32_t i = t->buckets[h & (t->nbuckets - 1)];

	for (; i; i = t->names[i].chain) {
		const struct tree_name *n = &t->names[i];
		const char *text = t->arena + n->text;

		if (n->dir == dir && (uint8_t)text[0] == len && !memcmp(text + 1, p, len))
			return i;
	}
	return 0;
}

static int grow(struct ext4_tree *t, struct err *e)
{
	uint32_t n = t->nbuckets * 2, *b;
	int rc = ext4_mem_charge(t->mem, (n - t->nbuckets) * sizeof(*b), e);

	if (rc < 0)
		return rc;
	b = calloc(n, sizeof(*b));
	if (!b)
		return err_set(e, -ENOMEM, "out of memory");
	for (uint32_t i = 1; i < t->nnames; i++) {
		uint32_t *head = &b[name_hash(t, i) & (n - 1)];

		t->names[i].chain = *head;
		*head = i;
	}
	free(t->buckets);
	t->buckets = b;
	t->nbuckets = n;
	return 0;
}

/* The name p[0..len) in a directory, made if it is missing. */
static int place(struct ext4_tree *t, uint32_t dir, const char *p, size_t len, uint32_t *ret, struct err *e)
{
	uint32_t h = hash(t, dir, p, len), text, *bucket;
	char s[1 + EXT4_NAME_MAX];
	int rc;

	*ret = lookup(t, dir, p, len, h);
	if (*ret)
		return 0;
	s[0] = (char)len;
	memcpy(s + 1, p, len);
	if (t->nnames >= t->nbuckets && (rc = grow(t, e)) < 0)
		return rc;
	rc = ext4_mem_charge(t->mem, sizeof(*t->names), e);
	if (rc < 0 || (rc = names_text(t, s, 1 + len, &text, e)) < 0)
		return rc;
	if (ext4_vec_reserve(&t->names, &t->names_cap, (uint64_t)t->nnames + 1, sizeof(*t->names)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	bucket = &t->buckets[h & (t->nbuckets - 1)];
	*ret = t->nnames++;
	t->names[*ret] = (struct tree_name){ .dir = dir, .text = text, .chain = *bucket };
	*bucket = *ret;
	return 0;
}

void names_put(struct ext4_tree *t, uint32_t name, uint32_t node)
{
	struct tree_name *n = &t->names[name];
	struct tree_dir *dir = &t->nodes[n->dir].dir;

	n->node = node;
	n->layer = t->layer;
	if (n->listed)
		return;
	n->listed = 1;
	n->next = 0;
	if (dir->tail)
		t->names[dir->tail].next = name;
	else
		dir->head = name;
	dir->tail = name;
}

/* A walk along a path, symlinks in it followed. */
struct way {
	bool make; /* directories that are missing */
	unsigned links;
	uint32_t dir; /* where it stands; 0: there is no such place */
};

static int walk(struct ext4_tree *t, struct way *w, const char *path, size_t len, struct err *e);

static int follow(struct ext4_tree *t, struct way *w, uint32_t node, struct err *e)
{
	const struct tree_node *n = &t->nodes[node];
	AUTO_FREE char *target = NULL; /* a copy: the arena may move */

	if (++w->links > LINKS_MAX)
		return err_set(e, -ELOOP, "more than %d symbolic links in a path", LINKS_MAX);
	target = malloc(n->size);
	if (!target)
		return err_set(e, -ENOMEM, "out of memory");
	memcpy(target, t->arena + n->link.text, n->size);
	if (target[0] == '/')
		w->dir = TREE_ROOT;
	return walk(t, w, target, n->size, e);
}

static int step(struct ext4_tree *t, struct way *w, const char *p, size_t len, struct err *e)
{
	uint32_t name, node;
	int rc;

	if (len == 0 || (len == 1 && p[0] == '.'))
		return 0;
	if (len == 2 && p[0] == '.' && p[1] == '.') {
		w->dir = t->nodes[w->dir].dir.parent;
		return 0;
	}
	if (len > EXT4_NAME_MAX)
		return err_set(e, -ENAMETOOLONG, "a name of %zu bytes: '%.*s…'", len, 40, p);
	if (w->make) {
		rc = place(t, w->dir, p, len, &name, e);
		if (rc < 0)
			return rc;
	} else {
		name = lookup(t, w->dir, p, len, hash(t, w->dir, p, len));
	}
	node = name ? t->names[name].node : 0;
	if (node && tree_is_dir(&t->nodes[node])) {
		w->dir = node;
		return 0;
	}
	if (node && S_ISLNK(t->nodes[node].mode))
		return follow(t, w, node, e);
	if (!w->make) {
		w->dir = 0;
		return 0;
	}
	if (node && t->names[name].layer == t->layer)
		return err_set(e, -ENOTDIR, "'%.*s' is not a directory", (int)len, p);
	rc = names_make_dir(t, name, e);
	w->dir = rc < 0 ? 0 : t->names[name].node;
	return rc;
}

static int walk(struct ext4_tree *t, struct way *w, const char *path, size_t len, struct err *e)
{
	const char *end = path + len;

	while (path < end && w->dir) {
		const char *slash = memchr(path, '/', (size_t)(end - path));
		size_t n = (size_t)((slash ? slash : end) - path);
		int rc = step(t, w, path, n, e);

		if (rc < 0)
			return rc;
		path += n + 1;
	}
	return 0;
}

/* The directory that holds the last part of path, 0 if there is none, and that part. */
static int parent(struct ext4_tree *t, const char *path, bool make, uint32_t *ret, const char **ret_last,
		  struct err *e)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	struct way w = { .make = make, .dir = TREE_ROOT };
	int rc;

	*ret_last = slash ? slash + 1 : path;
	if (t->last_dir && t->last_len == len && !memcmp(t->last_path, path, len)) {
		*ret = t->last_dir;
		return 0;
	}
	if (len >= PATH_MAX)
		return err_set(e, -ENAMETOOLONG, "a path of %zu bytes", len);
	rc = walk(t, &w, path, len, e);
	if (rc < 0)
		return err_wrap(e, rc, "'%s'", path);
	*ret = w.dir;
	if (w.dir) {
		t->last_dir = w.dir;
		t->last_len = len;
		memcpy(t->last_path, path, len);
	}
	return 0;
}

int names_place(struct ext4_tree *t, const char *path, uint32_t *ret, struct err *e)
{
	const char *last;
	uint32_t dir;
	size_t len;
	int rc;

	if (!*path)
		return err_set(e, -EISDIR, "the root can only be a directory");
	rc = parent(t, path, true, &dir, &last, e);
	if (rc < 0)
		return rc;
	len = strlen(last);
	if (len == 0 || !strcmp(last, ".") || !strcmp(last, ".."))
		return err_set(e, -EINVAL, "'%s' names no file", path);
	if (len > EXT4_NAME_MAX)
		return err_set(e, -ENAMETOOLONG, "'%s': a name of %zu bytes", path, len);
	return place(t, dir, last, len, ret, e);
}

int names_find(struct ext4_tree *t, const char *path, uint32_t *ret, struct err *e)
{
	const char *last;
	uint32_t dir;
	size_t len;
	int rc;

	*ret = 0;
	if (!*path)
		return 0;
	rc = parent(t, path, false, &dir, &last, e);
	len = rc < 0 ? 0 : strlen(last);
	if (rc < 0 || !dir || len > EXT4_NAME_MAX)
		return rc;
	*ret = lookup(t, dir, last, len, hash(t, dir, last, len));
	return 0;
}
