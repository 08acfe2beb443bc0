/* SPDX-License-Identifier: Apache-2.0 */
/* dx.c - directories as hash trees: block 0 the root, then inner nodes if one level is not enough, then
 * leaves full of entries in the order of their hashes. See directory.rst, "Hash Tree Directories". */
#include <string.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/writer-int.h"

static int by_hash(const void *p, const void *q)
{
	const struct dx_entry *a = p, *b = q;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name;
}

/* Where each leaf begins in the sorted entries. */
struct leaves {
	uint32_t *first; /* n + 1 of them */
	uint32_t n, cap;
};

static uint32_t entry_bytes(const struct ext4_tree *t, uint32_t name)
{
	return (8 + (uint32_t)(uint8_t)t->arena[t->names[name].text] + 3) & ~3u;
}

static int split(const struct ext4_tree *t, const struct dx_entry *v, uint32_t n, struct leaves *l,
		 struct err *e)
{
	const uint32_t room = EXT4_BLOCK - sizeof(struct ext4_dir_tail);
	uint32_t used = room + 1;

	for (uint32_t i = 0; i <= n; i++) {
		uint32_t len = i < n ? entry_bytes(t, v[i].name) : room + 1;

		if (used + len > room) {
			if (ext4_vec_reserve(&l->first, &l->cap, (uint64_t)l->n + 1, sizeof(*l->first)) < 0)
				return err_set(e, -ENOMEM, "out of memory");
			l->first[l->n++] = i;
			used = 0;
		}
		used += len;
	}
	l->n--;
	return 0;
}

/* The directory's blocks, given out in order. */
struct blocks {
	struct ext4_writer *w;
	struct ext4_filling f;
	uint64_t pblk; /* of the piece in use */
	uint32_t left, total, next;
};

static int next_block(struct blocks *b, uint8_t **ret, struct err *e)
{
	int rc;

	if (!b->left) {
		rc = ext4_alloc_some(&b->w->alloc, b->total - b->next, &b->pblk, &b->left, e);
		if (rc < 0 || (rc = runs_append(&b->f, b->next, b->pblk, b->left, e)) < 0)
			return rc;
	}
	rc = ext4_out_block(&b->w->out, b->pblk, ret, e);
	b->pblk++;
	b->left--;
	b->next++;
	return rc;
}

struct index {
	const struct dx_entry *v;
	const struct leaves *l;
	uint32_t seed;
};

/* What an index says of leaf i: its first hash, with bit 0 set if the leaf before ends with the same. */
static uint32_t leaf_hash(const struct index *x, uint32_t i)
{
	uint32_t first = x->l->first[i];

	return x->v[first].hash | (first && x->v[first - 1].hash == x->v[first].hash);
}

/* n index entries at p + offset: entry i stands for leaf leaf + i * step and points to block + i. The
 * checksum covers what is used, then the tail without its own field. */
static void put_index(const struct index *x, uint8_t *p, uint32_t offset, uint32_t max, uint32_t n,
		      uint32_t leaf, uint32_t step, uint32_t block)
{
	struct ext4_dx_tail tail = { 0 };
	le16 limit[2] = { htole16((uint16_t)max), htole16((uint16_t)n) };
	uint32_t sum;

	for (uint32_t i = 0; i < n; i++) {
		struct ext4_dx_entry en = {
			.hash = i ? htole32(leaf_hash(x, leaf + i * step)) : 0,
			.block = htole32(block + i),
		};

		memcpy(p + offset + i * sizeof(en), &en, sizeof(en));
	}
	memcpy(p + offset, limit, sizeof(limit));
	sum = ext4_crc32c(x->seed, p, offset + n * sizeof(struct ext4_dx_entry));
	tail.checksum = htole32(ext4_crc32c(sum, &tail, sizeof(tail)));
	memcpy(p + offset + max * sizeof(struct ext4_dx_entry), &tail, sizeof(tail));
}

static int write_root(struct blocks *b, const struct index *x, uint32_t ino, uint32_t parent_ino,
		      uint32_t inner, struct err *e)
{
	struct ext4_dx_root_info info = {
		.hash_version = EXT4_DX_HALF_MD4,
		.info_len = sizeof(info),
		.levels = inner ? 1 : 0,
	};
	const le16 rest = htole16(EXT4_BLOCK - 12);
	uint8_t *p;
	int rc = next_block(b, &p, e);

	if (rc < 0)
		return rc;
	dir_dots(p, ino, parent_ino);
	memcpy(p + 12 + offsetof(struct ext4_dirent, rec_len), &rest, sizeof(rest));
	memcpy(p + 24, &info, sizeof(info));
	put_index(x, p, EXT4_DX_ROOT_OFFSET, EXT4_DX_ROOT_MAX, inner ? inner : x->l->n, 0,
		  inner ? EXT4_DX_NODE_MAX : 1, 1);
	return 0;
}

static int write_inner(struct blocks *b, const struct index *x, uint32_t inner, struct err *e)
{
	for (uint32_t i = 0; i < inner; i++) {
		const le16 whole = htole16(EXT4_BLOCK);
		uint32_t leaf = i * EXT4_DX_NODE_MAX, n = MIN(x->l->n - leaf, EXT4_DX_NODE_MAX);
		uint8_t *p;
		int rc = next_block(b, &p, e);

		if (rc < 0)
			return rc;
		memcpy(p + offsetof(struct ext4_dirent, rec_len), &whole, sizeof(whole));
		put_index(x, p, EXT4_DX_NODE_OFFSET, EXT4_DX_NODE_MAX, n, leaf, 1, 1 + inner + leaf);
	}
	return 0;
}

static int write_leaves(struct blocks *b, const struct index *x, struct err *e)
{
	for (uint32_t i = 0; i < x->l->n; i++) {
		uint32_t first = x->l->first[i], last = 0;
		uint8_t *p;
		int rc = next_block(b, &p, e);

		if (rc < 0)
			return rc;
		dir_fill(b->w, p, 0, x->v + first, x->l->first[i + 1] - first, &last);
		dir_seal(p, last, x->seed);
	}
	return 0;
}

static int write_all(struct blocks *b, const struct index *x, uint32_t node, uint32_t parent_ino,
		     struct err *e)
{
	uint32_t inner = 0, ino = b->w->tree.nodes[node].ino;
	int rc;

	if (x->l->n > EXT4_DX_ROOT_MAX)
		inner = (x->l->n + EXT4_DX_NODE_MAX - 1) / EXT4_DX_NODE_MAX;
	if (inner > EXT4_DX_ROOT_MAX)
		return err_set(e, -ENOSPC, "a directory with too many names for ext4");
	b->total = 1 + inner + x->l->n;
	rc = write_root(b, x, ino, parent_ino, inner, e);
	if (rc < 0 || (rc = write_inner(b, x, inner, e)) < 0 || (rc = write_leaves(b, x, e)) < 0)
		return rc;
	b->w->tree.nodes[node].size = (uint64_t)b->total << EXT4_BLOCK_BITS;
	b->w->tree.nodes[node].indexed = 1;
	return tree_set_runs(&b->w->tree, node, b->f.runs, b->f.nruns, e);
}

int dx_write(struct ext4_writer *w, uint32_t node, uint32_t parent_ino, struct dx_entry *v, uint32_t n,
	     struct err *e)
{
	struct blocks b = { .w = w };
	struct leaves l = { 0 };
	struct index x = {
		.v = v,
		.l = &l,
		.seed = ext4_csum_inode_seed(w->fs_seed, w->tree.nodes[node].ino),
	};
	int rc;

	qsort(v, n, sizeof(*v), by_hash);
	rc = split(&w->tree, v, n, &l, e);
	if (rc == 0)
		rc = write_all(&b, &x, node, parent_ino, e);
	free(l.first);
	free(b.f.runs);
	return rc;
}
