/* SPDX-License-Identifier: Apache-2.0 */
/* check-bitmap.c - bitmaps and counters against what was found. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ext4/check-int.h"
#include "ext4/csum.h"

struct sums {
	uint64_t free_clusters, free_inodes;
};

static bool bit_of(const uint8_t *p, uint32_t i)
{
	return p && p[i / 8] & 1u << i % 8;
}

/* Bits that stand for nothing are set. */
static int check_padding(struct check *c, uint32_t g, const char *what, const uint8_t *p, uint32_t from,
			 struct err *e)
{
	for (uint32_t i = from; i < 8 * c->r->bs; i++)
		if (!bit_of(p, i))
			return check_find(c, e, "the %s bitmap of group %u is not filled up", what, g);
	return 0;
}

static uint32_t clusters_of(const struct check *c, uint32_t g)
{
	uint64_t all =
		(c->r->nblocks - c->r->first_block + (1ull << c->r->cluster_bits) - 1) >> c->r->cluster_bits;

	return (uint32_t)MIN(all - (uint64_t)g * c->clusters, c->clusters);
}

/* Over as many bytes as the bitmap has bits for; the high half only where descriptors are wide. */
static bool csum_ok(const struct check *c, const uint8_t *p, size_t n, le16 lo, le16 hi)
{
	uint32_t sum = ext4_crc32c(c->r->seed, p, n), want = le16toh(lo);

	if (c->r->desc_size < 64)
		return want == (sum & 0xffff);
	return (want | (uint32_t)le16toh(hi) << 16) == sum;
}

static int tell_bits(struct check *c, uint32_t g, const char *what, uint32_t wrong, uint32_t first,
		     bool marked, struct err *e)
{
	uint64_t number = !strcmp(what, "inode") ? (uint64_t)g * c->r->ipg + first + 1
						 : c->r->first_block + (((uint64_t)g * c->clusters + first)
									<< c->r->cluster_bits);

	return check_find(c, e, "the %s bitmap of group %u is wrong in %u places: %s %llu is %s", what, g,
			  wrong, what, (unsigned long long)number,
			  marked ? "marked and not in use" : "in use and not marked");
}

static int check_blocks(struct check *c, uint32_t g, const struct ext4_group_desc *d, struct sums *s,
			struct err *e)
{
	struct ext4_reader *r = c->r;
	bool wide = r->desc_size >= 64;
	uint32_t n = clusters_of(c, g), used = 0, wrong = 0, first = 0;
	uint32_t says = le16toh(d->free_blocks_lo) | (wide ? (uint32_t)le16toh(d->free_blocks_hi) << 16 : 0);
	bool none = (r->csum || r->gdt_csum) && le16toh(d->flags) & EXT4_BG_BLOCK_UNINIT, marked = false;
	const uint8_t *p = NULL, *found = c->used[g];
	int rc = 0;

	for (uint32_t i = 0; i < n; i++)
		used += bit_of(found, i);
	c->result.blocks += (uint64_t)used << r->cluster_bits;
	s->free_clusters += n - used;
	if (!none) {
		rc = ext4_read_block(r, ext4_u64(d->block_bitmap_lo, wide ? le32toh(d->block_bitmap_hi) : 0),
				     &p, e);
		if (rc < 0)
			return check_take(c, rc, e);
		if (r->csum &&
		    !csum_ok(c, p, c->clusters / 8, d->block_bitmap_csum_lo, d->block_bitmap_csum_hi))
			rc = check_find(c, e, "the checksum of the block bitmap of group %u is wrong", g);
	}
	for (uint32_t i = 0; p && i < c->clusters; i++) {
		bool want = i >= n || bit_of(found, i); /* what is behind the end is marked */

		if (bit_of(p, i) != want && !wrong++) {
			first = i;
			marked = !want;
		}
	}
	if (rc == 0 && wrong)
		rc = tell_bits(c, g, "block", wrong, first, marked, e);
	if (rc == 0 && p)
		rc = check_padding(c, g, "block", p, c->clusters, e);
	if (rc == 0 && says != n - used)
		rc = check_find(c, e, "group %u says that %u blocks are free, but %u are", g,
				says << r->cluster_bits, (n - used) << r->cluster_bits);
	return rc;
}

static int check_group_inodes(struct check *c, uint32_t g, const struct ext4_group_desc *d, struct sums *s,
			      struct err *e)
{
	struct ext4_reader *r = c->r;
	bool wide = r->desc_size >= 64, marked = false;
	uint32_t used = 0, dirs = 0, wrong = 0, first = 0;
	uint32_t says = le16toh(d->free_inodes_lo) | (wide ? (uint32_t)le16toh(d->free_inodes_hi) << 16 : 0);
	uint32_t says_dirs = le16toh(d->used_dirs_lo) | (wide ? (uint32_t)le16toh(d->used_dirs_hi) << 16 : 0);
	const uint8_t *p = NULL;
	int rc = 0;

	if (!((r->csum || r->gdt_csum) && le16toh(d->flags) & EXT4_BG_INODE_UNINIT)) {
		rc = ext4_read_block(r, ext4_u64(d->inode_bitmap_lo, wide ? le32toh(d->inode_bitmap_hi) : 0),
				     &p, e);
		if (rc < 0)
			return check_take(c, rc, e);
		if (r->csum &&
		    !csum_ok(c, p, (r->ipg + 7) / 8, d->inode_bitmap_csum_lo, d->inode_bitmap_csum_hi))
			rc = check_find(c, e, "the checksum of the inode bitmap of group %u is wrong", g);
	}
	for (uint32_t i = 0; i < r->ipg; i++) {
		uint32_t ino = g * r->ipg + i + 1;
		const struct check_inode *known = check_inode_known(c, ino);
		bool is_used = ino < r->first_ino || (known && known->flags & CHECK_USED);

		used += is_used;
		dirs += known && known->flags & CHECK_DIR ? 1 : 0;
		if ((p ? bit_of(p, i) : false) != is_used && (p || is_used) && !wrong++) {
			first = i;
			marked = !is_used;
		}
	}
	s->free_inodes += r->ipg - used;
	if (rc == 0 && wrong)
		rc = tell_bits(c, g, "inode", wrong, first, marked, e);
	if (rc == 0 && p)
		rc = check_padding(c, g, "inode", p, c->r->ipg, e);
	if (rc == 0 && says != r->ipg - used)
		rc = check_find(c, e, "group %u says that %u inodes are free, but %u are", g, says,
				r->ipg - used);
	if (rc == 0 && says_dirs != dirs)
		rc = check_find(c, e, "group %u says that it has %u directories, but it has %u", g, says_dirs,
				dirs);
	return rc;
}

/* The superblock's own counts are renewed when the file system is put away: not to be looked at before. */
static int check_sums(struct check *c, const struct sums *s, struct err *e)
{
	const struct ext4_super *sb = &c->r->sb;
	bool wide = sb->feature_incompat & htole32(EXT4_INCOMPAT_64BIT);
	uint64_t free = ext4_u64(sb->free_blocks_count_lo, wide ? le32toh(sb->free_blocks_count_hi) : 0);
	uint64_t want = s->free_clusters << c->r->cluster_bits;
	int rc = 0;

	if (c->r->replayed || c->orphans)
		return 0;
	if (free != want)
		rc = check_find(c, e, "the superblock says that %llu blocks are free, but %llu are",
				(unsigned long long)free, (unsigned long long)want);
	if (rc == 0 && le32toh(sb->free_inodes_count) != s->free_inodes)
		rc = check_find(c, e, "the superblock says that %u inodes are free, but %llu are",
				le32toh(sb->free_inodes_count), (unsigned long long)s->free_inodes);
	return rc;
}

int check_bitmaps(struct check *c, struct err *e)
{
	struct sums s = { 0 };
	unsigned before = c->result.findings;
	int rc = 0;

	for (uint32_t g = 0; rc == 0 && g < c->r->ngroups; g++) {
		struct ext4_group_desc d;

		rc = ext4_read_desc(c->r, g, &d, e);
		if (rc < 0) {
			*e = (struct err){ 0 }; /* told already */
			rc = 0;
			continue;
		}
		rc = check_blocks(c, g, &d, &s, e);
		if (rc == 0)
			rc = check_group_inodes(c, g, &d, &s, e);
	}
	/* after other faults the sums would only say them again */
	return rc == 0 && before == c->result.findings ? check_sums(c, &s, e) : rc;
}
