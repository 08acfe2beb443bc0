/* SPDX-License-Identifier: Apache-2.0 */
/* read-block.c - blocks by number, through the journal's newer ones and a cache of 1 MiB for what is not
 * data. */
#include <string.h>

#include "base/auto.h"
#include "ext4/reader-int.h"

int ext4_read_cache_init(struct ext4_reader *r)
{
	r->cache.slots = MAX(32u, (1u << 20) >> r->bits);
	r->cache.p = malloc((size_t)r->cache.slots << r->bits);
	r->cache.pblk = calloc(r->cache.slots, sizeof(*r->cache.pblk));
	return r->cache.p && r->cache.pblk ? 0 : -ENOMEM;
}

void ext4_read_cache_drop(struct ext4_reader *r)
{
	free(r->cache.p);
	free(r->cache.pblk);
}

static const struct ext4_overlay_block *newer(const struct ext4_reader *r, uint64_t pblk)
{
	const struct ext4_overlay_block *v = r->overlay.v;
	uint32_t lo = 0, hi = r->overlay.n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (v[mid].pblk < pblk)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->overlay.n && v[lo].pblk == pblk ? &v[lo] : NULL;
}

static int read_at(struct ext4_reader *r, uint64_t pblk, uint64_t off, void *p, size_t n, struct err *e)
{
	int rc = r->src->read(r->src, p, n, (pblk << r->bits) + off);

	return rc < 0 ? err_sys(e, rc, "cannot read block %llu", (unsigned long long)pblk) : 0;
}

/* Up to the end of one block. */
static int read_one(struct ext4_reader *r, uint64_t pblk, uint64_t off, void *p, size_t n, struct err *e)
{
	const struct ext4_overlay_block *o = newer(r, pblk);
	const be32 magic = htobe32(JBD2_MAGIC);
	int rc;

	if (!o)
		return read_at(r, pblk, off, p, n, e);
	rc = read_at(r, o->at, off, p, n, e);
	if (rc == 0 && o->escaped && off < sizeof(magic))
		memcpy(p, (const char *)&magic + off, MIN(n, sizeof(magic) - off));
	return rc;
}

static int in_range(const struct ext4_reader *r, uint64_t pblk, uint64_t n, struct err *e)
{
	/* block 0 of a file system of 1 KiB blocks is before its first */
	if (pblk < r->first_block || pblk >= r->nblocks || n > r->nblocks - pblk)
		return ext4_read_bad(e, "block %llu is outside of it", (unsigned long long)pblk);
	return 0;
}

int ext4_read_block(struct ext4_reader *r, uint64_t pblk, const uint8_t **ret, struct err *e)
{
	uint32_t slot = (uint32_t)((pblk ^ pblk >> 12) % r->cache.slots);
	uint8_t *p = r->cache.p + ((size_t)slot << r->bits);
	int rc = in_range(r, pblk, 1, e);

	if (rc < 0)
		return rc;
	if (r->cache.pblk[slot] != pblk + 1) {
		r->cache.pblk[slot] = 0;
		rc = read_one(r, pblk, 0, p, r->bs, e);
		if (rc < 0)
			return rc;
		r->cache.pblk[slot] = pblk + 1;
	}
	*ret = p;
	return 0;
}

int ext4_read_data(struct ext4_reader *r, uint64_t pblk, uint64_t off, void *p, size_t n, struct err *e)
{
	int rc;

	pblk += off >> r->bits;
	off &= r->bs - 1;
	rc = in_range(r, pblk, (off + n + r->bs - 1) >> r->bits, e);
	if (rc == 0 && !r->overlay.n)
		return n ? read_at(r, pblk, off, p, n, e) : 0;
	while (rc == 0 && n) {
		size_t piece = MIN(n, r->bs - off);

		rc = read_one(r, pblk++, off, p, piece, e);
		p = (char *)p + piece;
		n -= piece;
		off = 0;
	}
	return rc;
}
