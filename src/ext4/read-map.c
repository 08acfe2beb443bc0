/* SPDX-License-Identifier: Apache-2.0 */
/* read-map.c - where the blocks of a file are: extent trees, and the block maps of older file systems.
 *
 * A tree is walked from its root for each question, but the blocks of the last way stay in memory, one a
 * level, so that reading on costs nothing. A node may speak only of the blocks that its parent gives it,
 * depth falls by one with each level, and no file may have more blocks than the file system: so no image
 * makes it walk for ever. See ifork.rst. */
#include <string.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/reader-int.h"

#define LBLK_END (1ull << 32)

void ext4_map_init(struct ext4_map *m, struct ext4_reader *r, uint32_t ino, const struct ext4_inode *in)
{
	*m = (struct ext4_map){
		.r = r,
		.ino = ino,
		.seed = ext4_read_seed(r, ino, in),
		.flags = le32toh(in->flags),
	};
	memcpy(m->root, in->block, sizeof(m->root));
}

void ext4_map_finish(struct ext4_map *m)
{
	for (size_t i = 0; i < ARRAY_LEN(m->level); i++)
		free(m->level[i].p);
}

static int bad(const struct ext4_map *m, uint64_t pblk, struct err *e, const char *what)
{
	if (pblk)
		return ext4_read_bad(e, "inode %u, block %llu: %s", m->ino, (unsigned long long)pblk, what);
	return ext4_read_bad(e, "inode %u: %s", m->ino, what);
}

static int bad_range(const struct ext4_map *m, uint64_t pblk, uint64_t n, struct err *e)
{
	return ext4_read_bad(e, "inode %u has the blocks %llu to %llu, which are outside of it", m->ino,
			     (unsigned long long)pblk, (unsigned long long)(pblk + n - 1));
}

static bool inside(const struct ext4_reader *r, uint64_t pblk, uint64_t n)
{
	return pblk > r->first_block && pblk < r->nblocks && n <= r->nblocks - pblk;
}

/* The block of a level: 1 if it is another one than before. */
static int load(struct ext4_map *m, unsigned d, uint64_t pblk, struct err *e)
{
	struct ext4_reader *r = m->r;
	const uint8_t *p;
	int rc;

	if (!inside(r, pblk, 1))
		return bad_range(m, pblk, 1, e);
	if (m->level[d].pblk == pblk) /* which 0, none, is not */
		return 0;
	if (!m->level[d].p && !(m->level[d].p = malloc(r->bs)))
		return err_set(e, -ENOMEM, "out of memory");
	m->level[d].pblk = 0;
	rc = ext4_read_block(r, pblk, &p, e);
	if (rc < 0)
		return err_wrap(e, rc, "inode %u", m->ino);
	memcpy(m->level[d].p, p, r->bs);
	if (m->on_node && (rc = m->on_node(m->arg, pblk, e)) < 0)
		return rc;
	m->level[d].pblk = pblk;
	return 1;
}

/* --- extents */

static uint64_t extent_start(const struct ext4_extent *x)
{
	return ext4_u64(x->start_lo, le16toh(x->start_hi));
}

static uint32_t extent_len(const struct ext4_extent *x)
{
	uint32_t n = le16toh(x->len);

	return n > EXT4_EXT_MAX_LEN ? n - EXT4_EXT_MAX_LEN : n;
}

static int check_leaf(const struct ext4_map *m, uint64_t pblk, const struct ext4_extent *x, uint32_t n,
		      uint64_t lo, uint64_t hi, struct err *e)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = le32toh(x[i].block), len = extent_len(&x[i]);

		if (!len || at < lo || at + len > hi)
			return bad(m, pblk, e, "an extent is out of order, or overlaps another");
		if (!inside(m->r, extent_start(&x[i]), len))
			return bad_range(m, extent_start(&x[i]), len, e);
		lo = at + len;
	}
	return 0;
}

static int check_index(const struct ext4_map *m, uint64_t pblk, const struct ext4_extent_idx *x, uint32_t n,
		       uint64_t lo, uint64_t hi, struct err *e)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = le32toh(x[i].block);

		if (at < lo || at >= hi)
			return bad(m, pblk, e, "an index of extents is out of order");
		lo = at + 1;
	}
	return 0;
}

/* cap: bytes that the node may take. */
static int check_node(const struct ext4_map *m, uint64_t pblk, const uint8_t *p, size_t cap, unsigned depth,
		      uint64_t lo, uint64_t hi, struct err *e)
{
	const struct ext4_extent_header *h = (const void *)p;
	uint32_t n = le16toh(h->entries), max = le16toh(h->max);

	if (le16toh(h->magic) != EXT4_EXT_MAGIC)
		return bad(m, pblk, e, "there is no extent tree where it has to be");
	if (le16toh(h->depth) != depth)
		return bad(m, pblk, e, "a part of the extent tree has the wrong depth");
	if (n > max || max > (cap - sizeof(*h)) / sizeof(struct ext4_extent) || (depth && !n))
		return bad(m, pblk, e, "a part of the extent tree has a wrong number of entries");
	if (pblk && m->r->csum) {
		size_t at = sizeof(*h) + max * sizeof(struct ext4_extent);
		le32 sum;

		if (at + sizeof(sum) > cap)
			return bad(m, pblk, e, "a part of the extent tree has no place for its checksum");
		memcpy(&sum, p + at, sizeof(sum));
		if (le32toh(sum) != ext4_crc32c(m->seed, p, at))
			return bad(m, pblk, e, "the checksum of a part of the extent tree is wrong");
	}
	return depth ? check_index(m, pblk, (const void *)(h + 1), n, lo, hi, e)
		     : check_leaf(m, pblk, (const void *)(h + 1), n, lo, hi, e);
}

/* The last of n entries that begins at or before lblk, -1 if there is none. Both kinds begin with the block.
 */
static int last_before(const struct ext4_extent *v, uint32_t n, uint64_t lblk)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (le32toh(v[mid].block) <= lblk)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (int)lo - 1;
}

static int find_in_leaf(const struct ext4_extent *v, uint32_t n, uint64_t hi, uint64_t lblk,
			struct ext4_span *ret)
{
	int i = last_before(v, n, lblk);
	uint64_t next = i + 1 < (int)n ? le32toh(v[i + 1].block) : hi;

	*ret = (struct ext4_span){ .lblk = lblk, .len = next - lblk };
	if (i >= 0 && lblk < le32toh(v[i].block) + (uint64_t)extent_len(&v[i])) {
		uint64_t into = lblk - le32toh(v[i].block);

		ret->pblk = extent_start(&v[i]) + into;
		ret->len = extent_len(&v[i]) - into;
		ret->unwritten = le16toh(v[i].len) > EXT4_EXT_MAX_LEN;
	}
	return 0;
}

static int find_extent(struct ext4_map *m, uint64_t lblk, struct ext4_span *ret, struct err *e)
{
	const uint8_t *node = m->root;
	unsigned depth = le16toh(((const struct ext4_extent_header *)m->root)->depth);
	uint64_t lo = 0, hi = LBLK_END;
	int rc;

	if (depth > EXT4_MAP_DEPTH)
		return bad(m, 0, e, "its extent tree is too deep");
	rc = check_node(m, 0, m->root, sizeof(m->root), depth, lo, hi, e);
	if (rc < 0)
		return rc;
	for (;; depth--) {
		const struct ext4_extent_header *h = (const void *)node;
		const struct ext4_extent_idx *x = (const void *)(h + 1);
		uint32_t n = le16toh(h->entries);
		uint64_t child;
		int i;

		if (!depth)
			return find_in_leaf((const void *)(h + 1), n, hi, lblk, ret);
		i = last_before((const void *)(h + 1), n, lblk);
		if (i < 0) {
			*ret = (struct ext4_span){ .lblk = lblk, .len = le32toh(x[0].block) - lblk };
			return 0;
		}
		lo = le32toh(x[i].block);
		hi = i + 1 < (int)n ? le32toh(x[i + 1].block) : hi;
		child = ext4_u64(x[i].leaf_lo, le16toh(x[i].leaf_hi));
		rc = load(m, depth - 1, child, e);
		if (rc < 0)
			return rc;
		node = m->level[depth - 1].p;
		/* the same block under other parents would be another part of the tree */
		if (rc || m->level[depth - 1].lo != lo || m->level[depth - 1].hi != hi) {
			rc = check_node(m, child, node, m->r->bs, depth - 1, lo, hi, e);
			if (rc < 0) {
				m->level[depth - 1].pblk = 0;
				return rc;
			}
			m->level[depth - 1].lo = lo;
			m->level[depth - 1].hi = hi;
		}
	}
}

/* --- block maps */

/* Entries i to n of a table, as far as they lie one behind the other. */
static int find_in_table(const struct ext4_map *m, const le32 *v, uint64_t i, uint64_t n, uint64_t lblk,
			 struct ext4_span *ret, struct err *e)
{
	uint64_t first = le32toh(v[i]), k = 1;

	while (i + k < n && le32toh(v[i + k]) == (first ? first + k : 0))
		k++;
	if (first && !inside(m->r, first, k))
		return bad_range(m, first, k, e);
	*ret = (struct ext4_span){ .pblk = first, .lblk = lblk, .len = k };
	return 0;
}

static int find_block(struct ext4_map *m, uint64_t lblk, struct ext4_span *ret, struct err *e)
{
	const uint64_t per = m->r->bs / 4;
	uint64_t n = lblk - 12, span = per, next;
	unsigned depth = 1;
	le32 root[15];

	memcpy(root, m->root, sizeof(root));
	if (lblk < 12)
		return find_in_table(m, root, lblk, 12, lblk, ret, e);
	for (; depth <= 3 && n >= span; depth++) {
		n -= span;
		span *= per;
	}
	if (depth > 3) {
		*ret = (struct ext4_span){ .lblk = lblk, .len = LBLK_END - lblk };
		return 0;
	}
	next = le32toh(root[11 + depth]);
	for (;;) {
		const le32 *table;
		uint64_t i;
		int rc;

		if (!next) {
			*ret = (struct ext4_span){ .lblk = lblk, .len = span - n };
			return 0;
		}
		rc = load(m, --depth, next, e);
		if (rc < 0)
			return rc;
		table = (const void *)m->level[depth].p;
		span /= per;
		i = n / span;
		n %= span;
		if (!depth)
			return find_in_table(m, table, i, per, lblk, ret, e);
		next = le32toh(table[i]);
	}
}

int ext4_map_find(struct ext4_map *m, uint64_t lblk, struct ext4_span *ret, struct err *e)
{
	return m->flags & EXT4_EXTENTS_FL ? find_extent(m, lblk, ret, e) : find_block(m, lblk, ret, e);
}
