/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c - the superblock, the groups, the inodes. See super.rst, group_descr.rst, inodes.rst. */
#include "ext4/reader.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <linux/fs.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/reader-int.h"

int ext4_read_bad(struct err *e, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(e, -EUCLEAN, "the file system is damaged: %s", text);
}

/* --- open */

static const struct {
	uint32_t bit;
	const char *name;
} refused[] = {
	{ 0x0001, "compression" },
	{ 0x0008, "journal_dev" },
	{ 0x1000, "dirdata" },
};
#define INCOMPAT_KNOWN                                                                                       \
	(EXT4_INCOMPAT_FILETYPE | EXT4_INCOMPAT_RECOVER | EXT4_INCOMPAT_META_BG | EXT4_INCOMPAT_EXTENTS |    \
	 EXT4_INCOMPAT_64BIT | EXT4_INCOMPAT_MMP | EXT4_INCOMPAT_FLEX_BG | EXT4_INCOMPAT_EA_INODE |          \
	 EXT4_INCOMPAT_CSUM_SEED | EXT4_INCOMPAT_LARGEDIR | EXT4_INCOMPAT_INLINE_DATA |                      \
	 EXT4_INCOMPAT_ENCRYPT | EXT4_INCOMPAT_CASEFOLD)

static int check_features(const struct ext4_super *sb, struct err *e)
{
	uint32_t f = le32toh(sb->feature_incompat);

	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (f & refused[i].bit)
			return err_set(e, -EOPNOTSUPP, "a file system with the feature '%s' cannot be read",
				       refused[i].name);
	if (f & ~INCOMPAT_KNOWN)
		return err_set(e, -EOPNOTSUPP, "a file system with unknown features (0x%x) cannot be read",
			       f & ~INCOMPAT_KNOWN);
	return 0;
}

static bool is_power(uint32_t v)
{
	return v && !(v & (v - 1));
}

/* What all other arithmetic stands on. */
static int take_geometry(struct ext4_reader *r, struct err *e)
{
	const struct ext4_super *sb = &r->sb;
	bool wide = sb->feature_incompat & htole32(EXT4_INCOMPAT_64BIT);
	bool old = sb->rev_level == 0;
	uint32_t log_cluster = le32toh(sb->log_cluster_size), log_block = le32toh(sb->log_block_size), per;
	uint64_t groups;

	if (log_block > 6)
		return ext4_read_bad(e, "blocks of 1024 << %u bytes", log_block);
	r->bits = 10 + log_block;
	r->bs = 1u << r->bits;
	r->nblocks = ext4_u64(sb->blocks_count_lo, wide ? le32toh(sb->blocks_count_hi) : 0);
	r->first_block = le32toh(sb->first_data_block);
	r->bpg = le32toh(sb->blocks_per_group);
	r->ipg = le32toh(sb->inodes_per_group);
	r->ninodes = le32toh(sb->inodes_count);
	r->isize = old ? 128 : le16toh(sb->inode_size);
	r->first_ino = old ? 11 : le32toh(sb->first_ino);
	r->desc_size = wide ? le16toh(sb->desc_size) : 32;
	r->filetype = sb->feature_incompat & htole32(EXT4_INCOMPAT_FILETYPE);
	r->csum = sb->feature_ro_compat & htole32(EXT4_RO_METADATA_CSUM);
	r->gdt_csum = !r->csum && sb->feature_ro_compat & htole32(EXT4_RO_GDT_CSUM);
	per = r->bpg;
	if (sb->feature_ro_compat & htole32(EXT4_RO_BIGALLOC)) {
		if (log_cluster < log_block || log_cluster > 19)
			return ext4_read_bad(e, "clusters of 1024 << %u bytes", log_cluster);
		r->cluster_bits = log_cluster - log_block;
		per = le32toh(sb->clusters_per_group);
		if (per != r->bpg >> r->cluster_bits || (uint64_t)per << r->cluster_bits != r->bpg)
			return ext4_read_bad(e, "%u clusters of 2^%u blocks do not make a group of %u", per,
					     r->cluster_bits, r->bpg);
	}
	if (!per || per > 8 * r->bs || per % 8)
		return ext4_read_bad(e, "%u blocks in a group", r->bpg);
	if (!is_power(r->isize) || r->isize < 128 || r->isize > r->bs)
		return ext4_read_bad(e, "inodes of %u bytes", r->isize);
	if (!is_power(r->desc_size) || r->desc_size < (wide ? 64 : 32) || r->desc_size > 1024)
		return ext4_read_bad(e, "group descriptors of %u bytes", r->desc_size);
	if (r->first_block > 1 || (r->bs > 1024 && r->first_block) || r->nblocks <= r->first_block)
		return ext4_read_bad(e, "%llu blocks from block %u on", (unsigned long long)r->nblocks,
				     r->first_block);
	if (r->nblocks > r->src->size >> r->bits)
		return ext4_read_bad(e, "it has %llu blocks of %u bytes, but its file only %llu bytes",
				     (unsigned long long)r->nblocks, r->bs, (unsigned long long)r->src->size);
	groups = (r->nblocks - r->first_block + r->bpg - 1) / r->bpg;
	if (!r->ipg || r->ipg > 8 * r->bs || groups * r->ipg != r->ninodes || r->first_ino < 11 ||
	    r->first_ino > r->ninodes)
		return ext4_read_bad(e, "%u inodes in %llu groups of %u", r->ninodes,
				     (unsigned long long)groups, r->ipg);
	r->ngroups = (uint32_t)groups;
	r->seed = sb->feature_incompat & htole32(EXT4_INCOMPAT_CSUM_SEED)
			  ? le32toh(sb->checksum_seed)
			  : ext4_crc32c(~0u, sb->uuid, sizeof(sb->uuid));
	return 0;
}

static int take_super(struct ext4_reader *r, const void *p, struct err *e)
{
	int rc;

	memcpy(&r->sb, p, sizeof(r->sb));
	if (le16toh(r->sb.magic) != EXT4_MAGIC)
		return err_set(e, -EINVAL, "there is no ext4 file system in it");
	if (r->sb.feature_ro_compat & htole32(EXT4_RO_METADATA_CSUM)) {
		uint32_t sum = ext4_crc32c(~0u, &r->sb, offsetof(struct ext4_super, checksum));

		if (r->sb.checksum_type != 1)
			return ext4_read_bad(e, "checksums of the unknown kind %u", r->sb.checksum_type);
		if (sum != le32toh(r->sb.checksum))
			return ext4_read_bad(e, "the superblock's checksum is wrong");
	}
	rc = check_features(&r->sb, e);
	return rc < 0 ? rc : take_geometry(r, e);
}

/* The superblock as the journal left it must still be of the same shape. */
static int retake_super(struct ext4_reader *r, struct err *e)
{
	struct ext4_reader was = *r;
	const uint8_t *p;
	int rc = ext4_read_block(r, EXT4_SB_OFFSET >> r->bits, &p, e);

	if (rc < 0 || (rc = take_super(r, p + EXT4_SB_OFFSET % r->bs, e)) < 0)
		return rc;
	if (r->bs != was.bs || r->nblocks < was.nblocks || r->isize != was.isize || r->bpg != was.bpg ||
	    r->ipg != was.ipg)
		return ext4_read_bad(e, "its journal has another superblock");
	return 0;
}

static int open_all(struct ext4_reader *r, struct err *e)
{
	uint8_t p[sizeof(struct ext4_super)];
	int rc;

	if (r->src->size < EXT4_SB_OFFSET + sizeof(p))
		return err_set(e, -EINVAL, "there is no ext4 file system in it");
	rc = r->src->read(r->src, p, sizeof(p), EXT4_SB_OFFSET);
	if (rc < 0)
		return err_sys(e, rc, "cannot read the superblock");
	if ((rc = take_super(r, p, e)) < 0)
		return rc;
	if (ext4_read_cache_init(r) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	rc = ext4_read_journal(r, e);
	if (rc == 0 && r->overlay.n)
		rc = retake_super(r, e);
	return rc;
}

static int fd_read(struct ext4_src *s, void *p, size_t n, uint64_t off)
{
	int fd = container_of(s, struct ext4_src_fd, src)->fd;

	while (n) {
		ssize_t got = pread(fd, p, n, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		p = (char *)p + got;
		n -= (size_t)got;
		off += (uint64_t)got;
	}
	return 0;
}

static int open_reader(struct ext4_reader *r, struct ext4_src *src, struct ext4_reader **ret, struct err *e)
{
	int rc;

	r->src = src;
	rc = open_all(r, e);
	if (rc < 0) {
		ext4_reader_close(r);
		return rc;
	}
	*ret = r;
	return 0;
}

int ext4_reader_open(int fd, struct ext4_reader **ret, struct err *e)
{
	struct ext4_reader *r;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot look at the file");
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(e, -EINVAL, "it is neither a file nor a block device");
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(e, -ENOMEM, "out of memory");
	r->fd_src = (struct ext4_src_fd){ { fd_read, (uint64_t)st.st_size }, fd };
	if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, &r->fd_src.src.size) < 0) {
		free(r);
		return err_sys(e, -errno, "cannot ask for the device's size");
	}
	return open_reader(r, &r->fd_src.src, ret, e);
}

int ext4_reader_open_src(struct ext4_src *src, struct ext4_reader **ret, struct err *e)
{
	struct ext4_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return err_set(e, -ENOMEM, "out of memory");
	return open_reader(r, src, ret, e);
}

void ext4_reader_close(struct ext4_reader *r)
{
	if (!r)
		return;
	ext4_read_cache_drop(r);
	free(r->overlay.v);
	free(r);
}

void ext4_reader_info(const struct ext4_reader *r, struct ext4_info *ret)
{
	const struct ext4_super *sb = &r->sb;
	bool wide = sb->feature_incompat & htole32(EXT4_INCOMPAT_64BIT);

	*ret = (struct ext4_info){
		.size = r->nblocks << r->bits,
		.free = ext4_u64(sb->free_blocks_count_lo, wide ? le32toh(sb->free_blocks_count_hi) : 0)
			<< r->bits,
		.block_size = r->bs,
		.inodes = r->ninodes,
		.free_inodes = le32toh(sb->free_inodes_count),
		.replayed = r->overlay.n > 0,
		.transactions = r->replayed,
	};
	memcpy(ret->uuid, sb->uuid, 16);
	memcpy(ret->label, sb->volume_name, 16);
}

/* --- groups */

static bool is_power_of(uint32_t v, uint32_t base)
{
	while (v > 1 && v % base == 0)
		v /= base;
	return v == 1;
}

bool ext4_read_has_super(const struct ext4_reader *r, uint32_t group)
{
	const struct ext4_super *sb = &r->sb;

	if (group == 0)
		return true;
	if (sb->feature_compat & htole32(EXT4_COMPAT_SPARSE_SUPER2))
		return group == le32toh(sb->backup_bgs[0]) || group == le32toh(sb->backup_bgs[1]);
	if (!(sb->feature_ro_compat & htole32(EXT4_RO_SPARSE_SUPER)))
		return true;
	return group == 1 || is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

uint64_t ext4_read_desc_block(const struct ext4_reader *r, uint32_t nth)
{
	uint32_t per = r->bs / r->desc_size, group = nth * per;
	uint32_t sb_block = EXT4_SB_OFFSET >> r->bits;

	if (!(r->sb.feature_incompat & htole32(EXT4_INCOMPAT_META_BG)) || nth < le32toh(r->sb.first_meta_bg))
		return (uint64_t)sb_block + 1 + nth;
	return r->first_block + (uint64_t)group * r->bpg + (ext4_read_has_super(r, group) ? 1 : 0) +
	       (r->bs == 1024 && nth == 0 && r->first_block == 0 ? 1 : 0);
}

static uint16_t crc16(uint16_t crc, const void *p, size_t n)
{
	for (const uint8_t *at = p; n--; at++) {
		crc ^= *at;
		for (unsigned i = 0; i < 8; i++)
			crc = crc & 1 ? crc >> 1 ^ 0xa001 : crc >> 1;
	}
	return crc;
}

/* Over the descriptor without its checksum. */
static uint16_t desc_csum(const struct ext4_reader *r, uint32_t group, const uint8_t *p)
{
	const le32 number = htole32(group);
	const size_t at = offsetof(struct ext4_group_desc, checksum);
	const le16 none = 0;
	uint32_t sum;

	if (r->gdt_csum) {
		uint16_t crc = crc16(0xffff, r->sb.uuid, sizeof(r->sb.uuid));

		crc = crc16(crc, &number, sizeof(number));
		crc = crc16(crc, p, at);
		return r->desc_size > at + 2 ? crc16(crc, p + at + 2, r->desc_size - at - 2) : crc;
	}
	sum = ext4_crc32c(r->seed, &number, sizeof(number));
	sum = ext4_crc32c(sum, p, at);
	sum = ext4_crc32c(sum, &none, sizeof(none));
	if (r->desc_size > at + 2)
		sum = ext4_crc32c(sum, p + at + 2, r->desc_size - at - 2);
	return (uint16_t)sum;
}

int ext4_read_desc(struct ext4_reader *r, uint32_t group, struct ext4_group_desc *ret, struct err *e)
{
	uint32_t per = r->bs / r->desc_size;
	const uint8_t *p;
	int rc;

	rc = ext4_read_block(r, ext4_read_desc_block(r, group / per), &p, e);
	if (rc < 0)
		return err_wrap(e, rc, "descriptor of group %u", group);
	p += (size_t)(group % per) * r->desc_size;
	*ret = (struct ext4_group_desc){ 0 };
	memcpy(ret, p, MIN(r->desc_size, sizeof(*ret)));
	if ((r->csum || r->gdt_csum) && desc_csum(r, group, p) != le16toh(ret->checksum))
		return ext4_read_bad(e, "the checksum of the descriptor of group %u is wrong", group);
	return 0;
}

/* --- inodes */

uint32_t ext4_read_seed(const struct ext4_reader *r, uint32_t ino, const struct ext4_inode *in)
{
	const le32 number = htole32(ino);

	return ext4_crc32c(ext4_crc32c(r->seed, &number, sizeof(number)), &in->generation, sizeof(le32));
}

static bool inode_csum_ok(const struct ext4_reader *r, uint32_t ino, const uint8_t *p)
{
	const struct ext4_inode *in = (const void *)p;
	const size_t lo = offsetof(struct ext4_inode, checksum_lo),
		     hi = offsetof(struct ext4_inode, checksum_hi);
	uint32_t want = le16toh(in->checksum_lo), sum = ext4_read_seed(r, ino, in);
	bool wide = r->isize > 128 && le16toh(in->extra_isize) >= 4;
	const le16 none = 0;

	sum = ext4_crc32c(sum, p, lo);
	sum = ext4_crc32c(sum, &none, 2);
	sum = ext4_crc32c(sum, p + lo + 2, 128 - lo - 2);
	if (r->isize > 128) {
		sum = ext4_crc32c(sum, p + 128, hi - 128);
		if (wide) {
			sum = ext4_crc32c(sum, &none, 2);
			want |= (uint32_t)le16toh(in->checksum_hi) << 16;
		} else {
			sum = ext4_crc32c(sum, p + hi, 2);
		}
		sum = ext4_crc32c(sum, p + hi + 2, r->isize - hi - 2);
	}
	return want == (wide ? sum : sum & 0xffff);
}

int ext4_read_inode(struct ext4_reader *r, uint32_t ino, uint8_t *p, struct err *e)
{
	uint32_t group = (ino - 1) / r->ipg, index = (ino - 1) % r->ipg;
	struct ext4_group_desc d;
	const uint8_t *block;
	uint64_t table, off = (uint64_t)index * r->isize;
	int rc;

	if (!ino || ino > r->ninodes)
		return ext4_read_bad(e, "there is no inode %u", ino);
	rc = ext4_read_desc(r, group, &d, e);
	if (rc < 0)
		return err_wrap(e, rc, "inode %u", ino);
	if ((r->csum || r->gdt_csum) && le16toh(d.flags) & EXT4_BG_INODE_UNINIT)
		return ext4_read_bad(e, "inode %u lies in group %u, which has no inodes", ino, group);
	table = ext4_u64(d.inode_table_lo, r->desc_size >= 64 ? le32toh(d.inode_table_hi) : 0);
	rc = ext4_read_block(r, table + (off >> r->bits), &block, e);
	if (rc < 0)
		return err_wrap(e, rc, "inode %u", ino);
	memcpy(p, block + (off & (r->bs - 1)), r->isize);
	if (r->csum && !inode_csum_ok(r, ino, p))
		return ext4_read_bad(e, "the checksum of inode %u is wrong", ino);
	return 0;
}

static struct fs_time time_of(const uint8_t *p, le32 sec, size_t extra_at, bool has)
{
	struct fs_time t = { (int32_t)le32toh(sec), 0 };
	le32 extra;

	if (has) {
		memcpy(&extra, p + extra_at, sizeof(extra));
		t.sec += (int64_t)(le32toh(extra) & 3) << 32;
		t.nsec = le32toh(extra) >> 2;
		if (t.nsec > 999999999)
			t.nsec = 0;
	}
	return t;
}

static void device_of(const uint8_t *block, struct ext4_stat *st)
{
	le32 v[2];
	uint32_t dev;

	memcpy(v, block, sizeof(v));
	if (v[0]) {
		dev = le32toh(v[0]);
		st->major = dev >> 8 & 0xff;
		st->minor = dev & 0xff;
	} else {
		dev = le32toh(v[1]);
		st->major = dev >> 8 & 0xfff;
		st->minor = (dev & 0xff) | (dev >> 12 & 0xfff00);
	}
}

void ext4_read_stat(const struct ext4_reader *r, uint32_t ino, const struct ext4_inode *in,
		    struct ext4_stat *st)
{
	const uint8_t *p = (const void *)in;
	uint32_t extra = r->isize > 128 ? MIN(le16toh(in->extra_isize), r->isize - 128) : 0;
	bool huge = r->sb.feature_ro_compat & htole32(EXT4_RO_HUGE_FILE);

	*st = (struct ext4_stat){
		.ino = ino,
		.mode = le16toh(in->mode),
		.uid = le16toh(in->uid_lo) | (uint32_t)le16toh(in->uid_hi) << 16,
		.gid = le16toh(in->gid_lo) | (uint32_t)le16toh(in->gid_hi) << 16,
		.nlink = le16toh(in->links_count),
		.size = ext4_read_size(in),
		.blocks = ext4_u64(in->blocks_lo, huge ? le16toh(in->blocks_hi) : 0),
		.flags = le32toh(in->flags),
		.ctime = time_of(p, in->ctime, 0x84, extra >= 8),
		.mtime = time_of(p, in->mtime, 0x88, extra >= 12),
		.atime = time_of(p, in->atime, 0x8c, extra >= 16),
	};
	if (huge && st->flags & EXT4_HUGE_FILE_FL)
		st->blocks <<= r->bits - 9;
	if (S_ISCHR(st->mode) || S_ISBLK(st->mode))
		device_of(in->block, st);
}

int ext4_reader_stat(struct ext4_reader *r, uint32_t ino, struct ext4_stat *ret, struct err *e)
{
	AUTO_FREE uint8_t *p = malloc(r->isize);
	const struct ext4_inode *in = (const void *)p;
	int rc;

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	rc = ext4_read_inode(r, ino, p, e);
	if (rc < 0)
		return rc;
	if (!in->links_count && !(ino < r->first_ino))
		return ext4_read_bad(e, "inode %u is not in use", ino);
	ext4_read_stat(r, ino, in, ret);
	return 0;
}
