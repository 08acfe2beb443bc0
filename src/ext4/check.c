/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - the check's frame, and where the file system's own tables are. */
#include "ext4/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "ext4/check-int.h"

int check_find(struct check *c, struct err *e, const char *fmt, ...)
{
	char text[480];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++) /* names are in it: they must not move a terminal's cursor */
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (c->result.findings == EXT4_FINDINGS_MAX)
		return 1;
	c->result.findings++;
	return c->fn(c->arg, text, e);
}

int check_take(struct check *c, int rc, struct err *e)
{
	static const char prefix[] = "the file system is damaged: ";
	struct err was;
	char *at;

	if (rc != -EUCLEAN && rc != -EOPNOTSUPP)
		return rc;
	was = *e;
	at = strstr(was.text, prefix);
	if (at)
		memmove(at, at + sizeof(prefix) - 1, strlen(at + sizeof(prefix) - 1) + 1);
	*e = (struct err){ 0 };
	return check_find(c, e, "%s", was.text);
}

static void *take_memory(struct check *c, size_t n, struct err *e)
{
	void *p = NULL;

	if (n <= CHECK_MEM_MAX - c->memory)
		p = calloc(1, n);
	if (!p)
		err_set(e, -ENOMEM, "more than %u MiB are needed to check it", CHECK_MEM_MAX >> 20);
	else
		c->memory += n;
	return p;
}

int check_mark(struct check *c, uint32_t ino, uint64_t pblk, uint64_t n, uint64_t *ret, struct err *e)
{
	const struct ext4_reader *r = c->r;
	uint64_t twice = 0, first_twice = 0;

	for (uint64_t b = pblk; b < pblk + n; b++) {
		uint64_t cluster = (b - r->first_block) >> r->cluster_bits;
		uint32_t group = (uint32_t)(cluster / c->clusters), bit = (uint32_t)(cluster % c->clusters);
		uint8_t **v = &c->used[group];

		if (c->last_cluster == cluster + 1 && c->last_ino == ino && r->cluster_bits)
			continue; /* of a cluster, the blocks of one file follow each other */
		if (!*v && !(*v = take_memory(c, c->clusters / 8, e)))
			return e->code;
		c->last_cluster = cluster + 1;
		c->last_ino = ino;
		if ((*v)[bit / 8] & 1u << bit % 8) {
			/* clusters of the file system's own tables may be shared among them */
			if (!r->cluster_bits || ino) {
				first_twice = twice++ ? first_twice : b;
				continue;
			}
		} else if (ret) {
			(*ret)++;
		}
		(*v)[bit / 8] |= (uint8_t)(1u << bit % 8);
	}
	if (!twice)
		return 0;
	if (ino)
		return check_find(c, e, "inode %u has %llu blocks from %llu on that are something else's too",
				  ino, (unsigned long long)twice, (unsigned long long)first_twice);
	return check_find(c, e, "%llu blocks from %llu on are two tables' of the file system",
			  (unsigned long long)twice, (unsigned long long)first_twice);
}

struct check_inode *check_inode_known(struct check *c, uint32_t ino)
{
	struct check_inode *v = ino && ino <= c->r->ninodes ? c->inodes[(ino - 1) / c->r->ipg] : NULL;

	return v ? &v[(ino - 1) % c->r->ipg] : NULL;
}

struct check_inode *check_inode_of(struct check *c, uint32_t ino, struct err *e)
{
	struct check_inode **v = &c->inodes[(ino - 1) / c->r->ipg];

	if (!*v && !(*v = take_memory(c, c->r->ipg * sizeof(**v), e)))
		return NULL;
	return &(*v)[(ino - 1) % c->r->ipg];
}

/* --- the file system's own blocks */

static int mark_table(struct check *c, uint32_t group, const char *what, uint64_t pblk, uint64_t n,
		      struct err *e)
{
	const struct ext4_reader *r = c->r;
	bool flex = r->sb.feature_incompat & htole32(EXT4_INCOMPAT_FLEX_BG);
	uint64_t from = r->first_block + (uint64_t)group * r->bpg, to = MIN(from + r->bpg, r->nblocks);

	if (pblk <= r->first_block || pblk >= r->nblocks || n > r->nblocks - pblk ||
	    (!flex && (pblk < from || pblk + n > to)))
		return check_find(c, e, "group %u has its %s at block %llu, where it cannot be", group, what,
				  (unsigned long long)pblk);
	return check_mark(c, 0, pblk, n, NULL, e);
}

static int mark_group(struct check *c, uint32_t group, struct err *e)
{
	struct ext4_reader *r = c->r;
	bool wide = r->desc_size >= 64;
	struct ext4_group_desc d;
	int rc = ext4_read_desc(r, group, &d, e);

	if (rc < 0)
		return check_take(c, rc, e);
	rc = mark_table(c, group, "block bitmap",
			ext4_u64(d.block_bitmap_lo, wide ? le32toh(d.block_bitmap_hi) : 0), 1, e);
	if (rc == 0)
		rc = mark_table(c, group, "inode bitmap",
				ext4_u64(d.inode_bitmap_lo, wide ? le32toh(d.inode_bitmap_hi) : 0), 1, e);
	if (rc == 0)
		rc = mark_table(c, group, "inode table",
				ext4_u64(d.inode_table_lo, wide ? le32toh(d.inode_table_hi) : 0),
				((uint64_t)r->ipg * r->isize + r->bs - 1) >> r->bits, e);
	return rc;
}

/* The superblock's copy in a group, and the descriptors behind it. */
static int mark_super(struct check *c, uint32_t group, struct err *e)
{
	struct ext4_reader *r = c->r;
	uint32_t per = r->bs / r->desc_size, all = (r->ngroups + per - 1) / per, first_meta = UINT32_MAX, n,
		 nth;
	uint64_t at = r->first_block + (uint64_t)group * r->bpg;
	bool super = ext4_read_has_super(r, group);
	int rc = 0;

	/* with blocks of 1 KiB that begin at 0, both 0 and 1 */
	if (super && at + (at < EXT4_SB_OFFSET >> r->bits) < r->nblocks)
		rc = check_mark(c, 0, at, 1 + (at < EXT4_SB_OFFSET >> r->bits), NULL, e);
	at += at < EXT4_SB_OFFSET >> r->bits;
	if (r->sb.feature_incompat & htole32(EXT4_INCOMPAT_META_BG))
		first_meta = le32toh(r->sb.first_meta_bg);
	n = MIN(all, first_meta);
	if (rc == 0 && super && first_meta >= all)
		n += le16toh(r->sb.reserved_gdt_blocks);
	if (rc == 0 && super && n)
		rc = at + 1 + n <= r->nblocks
			     ? check_mark(c, 0, at + 1, n, NULL, e)
			     : check_find(c, e, "the descriptors of group %u do not fit", group);
	/* with meta_bg a block of descriptors lies in the first, second and last of the groups that it is of
	 */
	nth = group / per;
	if (rc == 0 && nth >= first_meta && (group % per < 2 || group % per == per - 1))
		rc = at + super < r->nblocks ? check_mark(c, 0, at + super, 1, NULL, e) : 0;
	return rc;
}

static int check_tables(struct check *c, struct err *e)
{
	int rc = 0;

	for (uint32_t g = 0; rc == 0 && g < c->r->ngroups; g++)
		rc = mark_super(c, g, e);
	for (uint32_t g = 0; rc == 0 && g < c->r->ngroups; g++)
		rc = mark_group(c, g, e);
	if (rc == 0 && c->r->sb.feature_incompat & htole32(EXT4_INCOMPAT_MMP)) {
		uint64_t pblk = le64toh(c->r->sb.mmp_block);

		rc = pblk > c->r->first_block && pblk < c->r->nblocks
			     ? check_mark(c, 0, pblk, 1, NULL, e)
			     : check_find(c, e, "the block of multiple mounts is at %llu, where it cannot be",
					  (unsigned long long)pblk);
	}
	return rc;
}

static int run(struct check *c, struct err *e)
{
	const struct ext4_super *sb = &c->r->sb;
	int rc;

	c->clusters = c->r->bpg >> c->r->cluster_bits;
	c->used = calloc(c->r->ngroups, sizeof(*c->used));
	c->inodes = calloc(c->r->ngroups, sizeof(*c->inodes));
	if (!c->used || !c->inodes)
		return err_set(e, -ENOMEM, "out of memory");
	c->orphans =
		c->r->replayed || sb->last_orphan || sb->feature_ro_compat & htole32(EXT4_RO_ORPHAN_PRESENT);
	rc = check_tables(c, e);
	if (rc == 0)
		rc = check_inodes(c, e);
	if (rc == 0)
		rc = check_dirs(c, e);
	if (rc == 0)
		rc = check_links(c, e);
	if (rc == 0)
		rc = check_bitmaps(c, e);
	return rc < 0 ? rc : 0;
}

int ext4_check(struct ext4_reader *r, ext4_finding_cb fn, void *arg, struct ext4_check_result *ret,
	       struct err *e)
{
	struct check c = { .r = r, .fn = fn, .arg = arg };
	struct err own = { 0 };
	int rc = run(&c, e ? e : &own);

	for (uint32_t g = 0; g < r->ngroups; g++) {
		if (c.used)
			free(c.used[g]);
		if (c.inodes)
			free(c.inodes[g]);
	}
	free(c.used);
	free(c.inodes);
	free(c.xattr_blocks);
	if (ret)
		*ret = c.result;
	return rc;
}
