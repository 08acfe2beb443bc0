/* SPDX-License-Identifier: Apache-2.0 */
/* super.c - bitmaps, group descriptors, journal and superblock. See super.rst, group_descr.rst,
 * bitmaps.rst, journal.rst.
 *
 * A group in which nothing lies but perhaps a copy of the superblock is marked uninitialised: its
 * bitmaps are holes that nobody reads. */
#include <string.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/writer-int.h"

int journal_write(struct ext4_writer *w, struct err *e)
{
	struct jbd2_super s = {
		.magic = htobe32(JBD2_MAGIC),
		.blocktype = htobe32(JBD2_SUPERBLOCK_V2),
		.blocksize = htobe32(EXT4_BLOCK),
		.maxlen = htobe32(w->journal_blocks),
		.first = htobe32(1),
		.sequence = htobe32(1),
		.nr_users = htobe32(1),
	};
	uint8_t *p;
	int rc;

	if (!w->journal)
		return 0;
	memcpy(s.uuid, w->opts.uuid, sizeof(s.uuid));
	rc = ext4_out_block(&w->out, w->journal, &p, e);
	if (rc == 0)
		memcpy(p, &s, sizeof(s));
	return rc;
}

/* Sets (or clears) n bits from bit on. */
static void set_bits(uint8_t *p, uint32_t bit, uint32_t n, bool value)
{
	for (; n && bit % 8; bit++, n--)
		p[bit / 8] = (uint8_t)(value ? p[bit / 8] | 1u << bit % 8 : p[bit / 8] & ~(1u << bit % 8));
	memset(p + bit / 8, value ? 0xff : 0, n / 8);
	bit += n & ~7u;
	for (n %= 8; n; bit++, n--)
		p[bit / 8] = (uint8_t)(value ? p[bit / 8] | 1u << bit % 8 : p[bit / 8] & ~(1u << bit % 8));
}

static uint32_t count_zeros(const uint8_t *p, uint32_t nbits)
{
	uint32_t ones = 0;

	for (uint32_t i = 0; i < EXT4_BLOCK; i += 8) {
		uint64_t word;

		memcpy(&word, p + i, 8);
		ones += (uint32_t)__builtin_popcountll(word);
	}
	/* bits behind nbits are set */
	return nbits - (ones - (EXT4_GROUP_BLOCKS - nbits));
}

/* The bits of group g; *next is the first free run that may reach into it or what follows. */
static void fill_block_bitmap(const struct ext4_alloc *a, uint32_t g, uint32_t *next, uint8_t *p)
{
	uint64_t start = (uint64_t)g * EXT4_GROUP_BLOCKS, end = start + ext4_geo_group_len(&a->geo, g);

	if (a->top > start)
		set_bits(p, 0, (uint32_t)(MIN(a->top, end) - start), true);
	if (ext4_geo_has_super(&a->geo, g)) {
		set_bits(p, 0, 1 + a->geo.gdt_reserved, false);
		set_bits(p, 0, 1 + a->geo.gdt_blocks, true);
	}
	while (*next < a->nfree && a->free[*next].pblk < end) {
		const struct ext4_run *r = &a->free[*next];
		uint64_t from = MAX(r->pblk, start), to = MIN(r->pblk + r->len, end);

		if (to > from)
			set_bits(p, (uint32_t)(from - start), (uint32_t)(to - from), false);
		if (r->pblk + r->len > end)
			break;
		++*next;
	}
	set_bits(p, (uint32_t)(end - start), EXT4_GROUP_BLOCKS - (uint32_t)(end - start), true);
}

static uint64_t desc_block(le32 lo, le32 hi)
{
	return le32toh(lo) | (uint64_t)le32toh(hi) << 32;
}

static int write_block_bitmaps(struct ext4_writer *w, struct err *e)
{
	const struct ext4_alloc *a = &w->alloc;
	uint32_t next = 0;

	w->free_blocks = 0;
	for (uint32_t g = 0; g < a->geo.ngroups; g++) {
		struct ext4_group_desc *d = &w->desc[g];
		uint32_t len = ext4_geo_group_len(&a->geo, g), nfree, sum;
		uint16_t flags = EXT4_BG_INODE_ZEROED;
		uint8_t *p;
		int rc;

		if ((uint64_t)g * EXT4_GROUP_BLOCKS >= a->top && g != a->geo.ngroups - 1) {
			flags |= EXT4_BG_BLOCK_UNINIT;
			nfree = len - (ext4_geo_has_super(&a->geo, g) ? 1 + a->geo.gdt_blocks : 0);
		} else {
			rc = ext4_out_block(&w->out, desc_block(d->block_bitmap_lo, d->block_bitmap_hi), &p,
					    e);
			if (rc < 0)
				return rc;
			fill_block_bitmap(a, g, &next, p);
			nfree = count_zeros(p, len);
			sum = ext4_crc32c(w->fs_seed, p, EXT4_BLOCK);
			d->block_bitmap_csum_lo = htole16((uint16_t)sum);
			d->block_bitmap_csum_hi = htole16((uint16_t)(sum >> 16));
		}
		d->flags = htole16(flags);
		d->free_blocks_lo = htole16((uint16_t)nfree);
		d->free_blocks_hi = htole16((uint16_t)(nfree >> 16));
		w->free_blocks += nfree;
	}
	return 0;
}

static int write_inode_bitmaps(struct ext4_writer *w, struct err *e)
{
	uint32_t per_group = w->inodes_per_group, last = MAX(w->last_ino, EXT4_FIRST_INO - 1);

	for (uint32_t g = 0; g < w->alloc.geo.ngroups; g++) {
		struct ext4_group_desc *d = &w->desc[g];
		uint64_t base = (uint64_t)g * per_group;
		uint32_t used = last > base ? (uint32_t)MIN(last - base, per_group) : 0, sum;
		uint32_t nfree = per_group - used;
		uint8_t *p;
		int rc;

		d->free_inodes_lo = d->itable_unused_lo = htole16((uint16_t)nfree);
		d->free_inodes_hi = d->itable_unused_hi = htole16((uint16_t)(nfree >> 16));
		if (!used) {
			d->flags |= htole16(EXT4_BG_INODE_UNINIT);
			continue;
		}
		rc = ext4_out_block(&w->out, desc_block(d->inode_bitmap_lo, d->inode_bitmap_hi), &p, e);
		if (rc < 0)
			return rc;
		set_bits(p, 0, used, true);
		set_bits(p, per_group, 8 * EXT4_BLOCK - per_group, true);
		sum = ext4_crc32c(w->fs_seed, p, per_group / 8);
		d->inode_bitmap_csum_lo = htole16((uint16_t)sum);
		d->inode_bitmap_csum_hi = htole16((uint16_t)(sum >> 16));
	}
	return 0;
}

int bitmaps_write(struct ext4_writer *w, struct err *e)
{
	int rc;

	ext4_alloc_merge(&w->alloc);
	rc = write_block_bitmaps(w, e);
	return rc < 0 ? rc : write_inode_bitmaps(w, e);
}

static void fill_journal(const struct ext4_writer *w, struct ext4_super *s)
{
	static const uint32_t modes[] = {
		[EXT4_JOURNAL_ORDERED] = EXT4_DEFM_JMODE_ORDERED,
		[EXT4_JOURNAL_WRITEBACK] = EXT4_DEFM_JMODE_WBACK,
		[EXT4_JOURNAL_DATA] = EXT4_DEFM_JMODE_DATA,
	};
	const struct ext4_run run = { .pblk = w->journal, .len = w->journal_blocks };
	uint8_t block[60];

	if (!w->journal)
		return;
	s->feature_compat |= htole32(EXT4_COMPAT_HAS_JOURNAL);
	s->default_mount_opts |= htole32(modes[w->opts.journal]);
	s->journal_inum = htole32(EXT4_JOURNAL_INO);
	s->jnl_backup_type = 1;
	extent_inline(&run, 1, block);
	memcpy(s->jnl_blocks, block, sizeof(block));
	s->jnl_blocks[16] = htole32(w->journal_blocks << EXT4_BLOCK_BITS);
}

static void fill_super(const struct ext4_writer *w, struct ext4_super *s)
{
	const struct ext4_geo *g = &w->alloc.geo;
	uint32_t ninodes = g->ngroups * w->inodes_per_group;
	le32 when = htole32((uint32_t)w->opts.time);

	*s = (struct ext4_super){
		.inodes_count = htole32(ninodes),
		.blocks_count_lo = htole32((uint32_t)g->nblocks),
		.blocks_count_hi = htole32((uint32_t)(g->nblocks >> 32)),
		.free_blocks_count_lo = htole32((uint32_t)w->free_blocks),
		.free_blocks_count_hi = htole32((uint32_t)(w->free_blocks >> 32)),
		.free_inodes_count = htole32(ninodes - MAX(w->last_ino, EXT4_FIRST_INO - 1)),
		.log_block_size = htole32(EXT4_BLOCK_BITS - 10),
		.log_cluster_size = htole32(EXT4_BLOCK_BITS - 10),
		.blocks_per_group = htole32(EXT4_GROUP_BLOCKS),
		.clusters_per_group = htole32(EXT4_GROUP_BLOCKS),
		.inodes_per_group = htole32(w->inodes_per_group),
		.wtime = when,
		.lastcheck = when,
		.mkfs_time = when,
		.max_mnt_count = htole16(0xffff),
		.magic = htole16(EXT4_MAGIC),
		.state = htole16(1),
		.errors = htole16(2),
		.rev_level = htole32(1),
		.first_ino = htole32(EXT4_FIRST_INO),
		.inode_size = htole16(EXT4_INODE_SIZE),
		.feature_compat = htole32(EXT4_COMPAT_EXT_ATTR | EXT4_COMPAT_DIR_INDEX |
					  (g->super2 ? EXT4_COMPAT_SPARSE_SUPER2 : 0)),
		.feature_incompat = htole32(EXT4_INCOMPAT_FILETYPE | EXT4_INCOMPAT_EXTENTS |
					    EXT4_INCOMPAT_64BIT | EXT4_INCOMPAT_FLEX_BG),
		.feature_ro_compat = htole32(EXT4_RO_SPARSE_SUPER | EXT4_RO_LARGE_FILE | EXT4_RO_HUGE_FILE |
					     EXT4_RO_DIR_NLINK | EXT4_RO_EXTRA_ISIZE | EXT4_RO_METADATA_CSUM),
		.def_hash_version = EXT4_DX_HALF_MD4,
		.desc_size = htole16(EXT4_DESC_SIZE),
		.default_mount_opts = htole32(EXT4_DEFM_XATTR_USER | EXT4_DEFM_ACL),
		.min_extra_isize = htole16(EXT4_EXTRA_ISIZE),
		.want_extra_isize = htole16(EXT4_EXTRA_ISIZE),
		.flags = htole32(EXT4_FLAGS_UNSIGNED_HASH),
		.log_groups_per_flex = 4,
		.checksum_type = 1,
	};
	memcpy(s->uuid, w->opts.uuid, sizeof(s->uuid));
	for (int i = 0; i < 4; i++)
		s->hash_seed[i] = htole32(w->hash_seed[i]);
	if (w->opts.label)
		memcpy(s->volume_name, w->opts.label, strlen(w->opts.label));
	if (g->super2) {
		s->backup_bgs[0] = htole32(1);
		s->backup_bgs[1] = htole32(g->ngroups - 1);
	}
	fill_journal(w, s);
}

static void seal_super(struct ext4_super *s, uint32_t group)
{
	s->block_group_nr = htole16((uint16_t)group);
	s->checksum = htole32(ext4_crc32c(~0u, s, offsetof(struct ext4_super, checksum)));
}

static void seal_descs(struct ext4_writer *w)
{
	for (uint32_t g = 0; g < w->alloc.geo.ngroups; g++) {
		const le32 number = htole32(g);
		uint32_t sum = ext4_crc32c(w->fs_seed, &number, sizeof(number));

		w->desc[g].checksum = 0;
		w->desc[g].checksum = htole16((uint16_t)ext4_crc32c(sum, &w->desc[g], EXT4_DESC_SIZE));
	}
}

static int put(struct ext4_writer *w, const void *p, size_t n, uint64_t off, struct err *e)
{
	int rc = w->io->write(w->io, p, n, off);

	return rc < 0 ? err_sys(e, rc, "cannot write the file system") : 0;
}

static int sync_io(struct ext4_writer *w, struct err *e)
{
	int rc = w->opts.sync ? w->io->sync(w->io) : 0;

	return rc < 0 ? err_sys(e, rc, "cannot sync the file system") : 0;
}

/* Blocks that were written and then given up are zeros again, so that they take no room. */
static int punch_free(struct ext4_writer *w, struct err *e)
{
	for (uint32_t i = 0; i < w->alloc.nfree; i++) {
		const struct ext4_run *r = &w->alloc.free[i];
		int rc = w->io->punch(w->io, r->pblk << EXT4_BLOCK_BITS, (uint64_t)r->len << EXT4_BLOCK_BITS);

		if (rc < 0)
			return err_sys(e, rc, "cannot free blocks");
	}
	return 0;
}

int super_write(struct ext4_writer *w, struct err *e)
{
	const struct ext4_geo *g = &w->alloc.geo;
	const size_t gdt = (size_t)g->gdt_blocks * EXT4_BLOCK;
	struct ext4_super s;
	uint32_t group = 0;
	int rc;

	fill_super(w, &s);
	seal_descs(w);
	rc = w->io->truncate(w->io, g->nblocks << EXT4_BLOCK_BITS);
	if (rc < 0)
		return err_sys(e, rc, "cannot give the file system its size");
	rc = punch_free(w, e);
	if (rc < 0 || (rc = put(w, w->desc, gdt, EXT4_BLOCK, e)) < 0)
		return rc;
	while ((group = ext4_geo_next_super(g, group)) < g->ngroups) {
		uint64_t off = (uint64_t)group * EXT4_GROUP_BLOCKS << EXT4_BLOCK_BITS;

		seal_super(&s, group);
		rc = put(w, &s, sizeof(s), off, e);
		if (rc < 0 || (rc = put(w, w->desc, gdt, off + EXT4_BLOCK, e)) < 0)
			return rc;
	}
	rc = sync_io(w, e);
	if (rc < 0)
		return rc;
	seal_super(&s, 0);
	rc = put(w, &s, sizeof(s), EXT4_SB_OFFSET, e);
	return rc < 0 ? rc : sync_io(w, e);
}
