/* SPDX-License-Identifier: Apache-2.0 */
/* check-index.c - the hash tree of a directory: each block has one place in it, and no name is where its hash
 * is not looked for. See directory.rst, "Hash Tree Directories". */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ext4/check-int.h"
#include "ext4/dirhash.h"

enum { HALF_MD4 = 1, HALF_MD4_UNSIGNED = 4 };

struct leaf {
	uint32_t min, max; /* of the hashes in it; min > max: there are none */
	uint32_t refs; /* of the index */
};

struct tree {
	struct check *c;
	uint32_t ino, n; /* blocks */
	uint32_t seed[4];
	bool unsigned_chars, hashes; /* hashes: of a kind that can be computed here */
	struct leaf *v;
	struct ext4_file *f;
};

static int bad(struct tree *t, uint64_t lblk, struct err *e, const char *what)
{
	return check_find(t->c, e, "directory inode %u, block %llu of its index: %s", t->ino,
			  (unsigned long long)lblk, what);
}

static int on_entry(void *arg, const struct ext4_entry *en, struct err *e)
{
	struct tree *t = arg;
	struct leaf *l;
	uint32_t hash;

	(void)e;
	if (en->lblk == 0 || en->lblk >= t->n)
		return 0;
	hash = t->unsigned_chars ? ext4_dirhash(en->name, en->len, t->seed)
				 : ext4_dirhash_signed(en->name, en->len, t->seed);
	l = &t->v[en->lblk];
	l->min = MIN(l->min, hash);
	l->max = MAX(l->max, hash);
	return 0;
}

/* Entries of a node at offset `at`: its limit and its count. */
static int node_entries(struct tree *t, const uint8_t *p, uint64_t lblk, uint32_t at, uint32_t *ret,
			struct err *e)
{
	uint32_t bs = t->c->r->bs, limit = p[at] | (uint32_t)p[at + 1] << 8,
		 n = p[at + 2] | (uint32_t)p[at + 3] << 8;
	uint32_t room = (bs - at) / (uint32_t)sizeof(struct ext4_dx_entry) - (t->c->r->csum ? 1 : 0);

	*ret = 0;
	if (limit != room || !n || n > limit)
		return bad(t, lblk, e, "it has a wrong number of entries");
	*ret = n;
	return 0;
}

static void entry(const uint8_t *p, uint32_t at, uint32_t i, uint32_t *ret_hash, uint32_t *ret_block)
{
	struct ext4_dx_entry x;

	memcpy(&x, p + at + i * sizeof(x), sizeof(x));
	*ret_hash = le32toh(x.hash);
	*ret_block = le32toh(x.block) & 0x0fffffff;
}

static int check_leaf(struct tree *t, uint32_t block, uint32_t lo, uint64_t hi, struct err *e)
{
	const struct leaf *l = &t->v[block];

	if (!t->hashes || l->min > l->max || (l->min >= (lo & ~1u) && l->max < hi))
		return 0;
	return bad(t, block, e, "a name is where its hash is not looked for");
}

/* levels: below this node. It falls with each step, so this ends. */
static int check_node(struct tree *t, uint32_t lblk, uint32_t at, unsigned levels, uint32_t lo, uint64_t hi,
		      struct err *e)
{
	AUTO_FREE uint8_t *p = malloc(t->c->r->bs);
	uint32_t n, before = lo;
	int rc = p ? ext4_file_read(t->f, p, t->c->r->bs, (uint64_t)lblk << t->c->r->bits, e)
		   : err_set(e, -ENOMEM, "out of memory");

	if (rc == 0)
		rc = node_entries(t, p, lblk, at, &n, e);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		uint32_t hash, block, next, unused;
		uint64_t to = hi;

		entry(p, at, i, &hash, &block);
		hash = i ? hash : lo; /* the first has none of its own */
		if (i + 1 < n) {
			entry(p, at, i + 1, &next, &unused);
			to = next;
		}
		if (hash < before || to > hi || to < hash)
			return bad(t, lblk, e, "its hashes are out of order");
		before = hash;
		if (!block || block >= t->n)
			return bad(t, lblk, e, "it leads to a block that there is not");
		if (t->v[block].refs++)
			return bad(t, lblk, e, "it leads to a block a second time");
		rc = levels ? check_node(t, block, EXT4_DX_NODE_OFFSET, levels - 1, hash, to, e)
			    : check_leaf(t, block, hash, to, e);
	}
	return rc;
}

/* *ret: levels of nodes below the root; -1 if it is no root, which was told. */
static int check_root(struct tree *t, int *ret, struct err *e)
{
	AUTO_FREE uint8_t *p = malloc(t->c->r->bs);
	const struct ext4_super *sb = &t->c->r->sb;
	bool large = sb->feature_incompat & htole32(EXT4_INCOMPAT_LARGEDIR);
	struct ext4_dx_root_info info;
	int rc = p ? ext4_file_read(t->f, p, t->c->r->bs, 0, e) : err_set(e, -ENOMEM, "out of memory");
	uint8_t version;

	*ret = -1;
	if (rc < 0)
		return rc;
	memcpy(&info, p + EXT4_DX_ROOT_OFFSET - sizeof(info), sizeof(info));
	if (info.reserved || info.info_len != sizeof(info) || info.levels > (large ? 2 : 1))
		return bad(t, 0, e, "its root is none");
	version = info.hash_version;
	if (version <= 2 && le32toh(sb->flags) & EXT4_FLAGS_UNSIGNED_HASH)
		version += 3;
	t->hashes = version == HALF_MD4 || version == HALF_MD4_UNSIGNED;
	t->unsigned_chars = version == HALF_MD4_UNSIGNED;
	for (unsigned i = 0; i < 4; i++)
		t->seed[i] = le32toh(sb->hash_seed[i]);
	*ret = info.levels;
	return 0;
}

int check_index(struct check *c, uint32_t ino, struct err *e)
{
	AUTO_FREE uint8_t *inode = malloc(c->r->isize);
	const struct ext4_inode *in = (const void *)inode;
	struct tree t = { .c = c, .ino = ino };
	int levels = -1;
	int rc = inode ? ext4_read_inode(c->r, ino, inode, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc < 0 || !(in->flags & htole32(EXT4_INDEX_FL)) || in->flags & htole32(EXT4_INLINE_DATA_FL))
		return rc;
	if (!(c->r->sb.feature_compat & htole32(EXT4_COMPAT_DIR_INDEX)))
		return check_find(c, e, "directory inode %u has an index, which this file system has not",
				  ino);
	rc = ext4_file_open_as(c->r, ino, inode, &t.f, e);
	if (rc < 0)
		return check_take(c, rc, e);
	t.n = (uint32_t)(ext4_file_size(t.f) >> c->r->bits);
	t.v = calloc(t.n, sizeof(*t.v));
	for (uint32_t i = 0; t.v && i < t.n; i++)
		t.v[i].min = UINT32_MAX;
	rc = t.v ? check_root(&t, &levels, e) : err_set(e, -ENOMEM, "out of memory");
	if (rc == 0 && levels >= 0) {
		unsigned before = c->result.findings;

		rc = t.hashes ? check_take(c, ext4_read_dir(c->r, ino, inode, on_entry, &t, e), e) : 0;
		if (rc == 0)
			rc = check_node(&t, 0, EXT4_DX_ROOT_OFFSET, (unsigned)levels, 0, 1ull << 32, e);
		for (uint32_t i = 1; rc == 0 && before == c->result.findings && i < t.n; i++)
			if (!t.v[i].refs)
				rc = bad(&t, i, e, "nothing leads to it");
	}
	ext4_file_close(t.f);
	free(t.v);
	return check_take(c, rc, e);
}
