/* SPDX-License-Identifier: Apache-2.0 */
/* extent.c - extent trees, packed full from the leaves up. See ifork.rst, "Extent Tree". */
#include <string.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/writer-int.h"

int runs_append(struct ext4_filling *f, uint32_t lblk, uint64_t pblk, uint32_t n, struct err *e)
{
	struct ext4_run *last = f->nruns ? &f->runs[f->nruns - 1] : NULL;

	if (last && last->pblk + last->len == pblk && last->lblk + last->len == lblk) {
		uint32_t k = MIN(n, EXT4_EXT_MAX_LEN - last->len);

		last->len += k;
		lblk += k;
		pblk += k;
		n -= k;
	}
	while (n) {
		uint32_t k = MIN(n, EXT4_EXT_MAX_LEN);

		if (ext4_vec_reserve(&f->runs, &f->runs_cap, (uint64_t)f->nruns + 1, sizeof(*f->runs)) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		f->runs[f->nruns++] = (struct ext4_run){ .pblk = pblk, .lblk = lblk, .len = k };
		lblk += k;
		pblk += k;
		n -= k;
	}
	return 0;
}

static void header(uint8_t *p, uint32_t entries, uint32_t max, uint32_t depth)
{
	struct ext4_extent_header h = {
		.magic = htole16(EXT4_EXT_MAGIC),
		.entries = htole16((uint16_t)entries),
		.max = htole16((uint16_t)max),
		.depth = htole16((uint16_t)depth),
	};

	memcpy(p, &h, sizeof(h));
}

/* A node with the runs, or with index entries that point to blocks (depth > 0: pblk is a block of the
 * tree, lblk the first it covers). */
static void fill(uint8_t *p, const struct ext4_run *v, uint32_t n, uint32_t max, uint32_t depth)
{
	header(p, n, max, depth);
	for (uint32_t i = 0; i < n; i++) {
		struct ext4_extent x = {
			.block = htole32(v[i].lblk),
			.len = htole16((uint16_t)v[i].len),
			.start_hi = htole16((uint16_t)(v[i].pblk >> 32)),
			.start_lo = htole32((uint32_t)v[i].pblk),
		};
		struct ext4_extent_idx idx = {
			.block = htole32(v[i].lblk),
			.leaf_lo = htole32((uint32_t)v[i].pblk),
			.leaf_hi = htole16((uint16_t)(v[i].pblk >> 32)),
		};

		if (depth)
			memcpy(p + 12 + i * sizeof(idx), &idx, sizeof(idx));
		else
			memcpy(p + 12 + i * sizeof(x), &x, sizeof(x));
	}
}

void extent_inline(const struct ext4_run *runs, uint32_t n, uint8_t ret[60])
{
	memset(ret, 0, 60);
	fill(ret, runs, n, EXT4_EXT_IN_INODE, 0);
}

/* Writes one level: blocks of up to 340 entries each, whose own entries replace the front of v. */
static int write_level(struct ext4_writer *w, struct ext4_run *v, uint32_t *n, uint32_t depth, uint32_t seed,
		       struct err *e)
{
	uint32_t nblocks = 0;

	for (uint32_t i = 0; i < *n; i += EXT4_EXT_IN_BLOCK) {
		uint32_t k = MIN(*n - i, EXT4_EXT_IN_BLOCK), got, sum;
		uint64_t pblk;
		uint8_t *p;
		int rc = ext4_alloc_some(&w->alloc, 1, &pblk, &got, e);

		if (rc < 0 || (rc = ext4_out_block(&w->out, pblk, &p, e)) < 0)
			return rc;
		fill(p, v + i, k, EXT4_EXT_IN_BLOCK, depth);
		sum = htole32(ext4_crc32c(seed, p, EXT4_BLOCK - 4));
		memcpy(p + EXT4_BLOCK - 4, &sum, 4);
		v[nblocks++] = (struct ext4_run){ .pblk = pblk, .lblk = v[i].lblk };
	}
	*n = nblocks;
	return 0;
}

static int write_tree(struct ext4_writer *w, uint32_t node, struct err *e)
{
	const struct tree_node *nd = &w->tree.nodes[node];
	uint32_t n = nd->data.nruns, depth = 0, seed = ext4_csum_inode_seed(w->fs_seed, nd->ino);
	AUTO_FREE struct ext4_run *v = malloc(n * sizeof(*v));
	struct ext4_big big = { .node = node };

	if (!v || ext4_vec_reserve(&w->big, &w->big_cap, (uint64_t)w->nbig + 1, sizeof(big)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < n; i++)
		v[i] = tree_run(&w->tree, nd, i);
	while (n > EXT4_EXT_IN_INODE) {
		int rc = write_level(w, v, &n, depth++, seed, e);

		if (rc < 0)
			return rc;
		big.nblocks += n;
	}
	fill(big.block, v, n, EXT4_EXT_IN_INODE, depth);
	w->big[w->nbig++] = big;
	return 0;
}

int extents_write(struct ext4_writer *w, struct err *e)
{
	for (uint32_t i = 1; i < w->tree.nnodes; i++) {
		const struct tree_node *n = &w->tree.nodes[i];
		int rc;

		if (!n->nlink || (!S_ISREG(n->mode) && !S_ISDIR(n->mode)) ||
		    n->data.nruns <= EXT4_EXT_IN_INODE)
			continue;
		rc = write_tree(w, i, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}
