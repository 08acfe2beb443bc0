/* SPDX-License-Identifier: Apache-2.0 */
/* check-inode.c - every inode that is in use: what it says of itself, the blocks that it has, its attributes.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ext4/check-int.h"
#include "ext4/vec.h"

enum { INO_BAD = 1, INO_RESIZE = 7 };

struct one {
	struct check *c;
	uint32_t ino;
	const uint8_t *inode;
	uint64_t blocks; /* clusters that are its own */
	uint64_t end; /* behind its last block with data, in blocks of the file */
	bool ea; /* has attributes in other inodes */
};

static int on_node(void *arg, uint64_t pblk, struct err *e)
{
	struct one *o = arg;
	uint64_t cluster = o->c->last_cluster;
	uint32_t ino = o->c->last_ino;
	int rc = check_mark(o->c, o->ino, pblk, 1, &o->blocks, e);

	/* the pieces in two neighbouring nodes may be of one cluster */
	o->c->last_cluster = cluster;
	o->c->last_ino = ino;
	return rc;
}

/* The inode that keeps room for more descriptors has blocks that are marked already: only the top of its map
 * is new. */
static int mark_resize(struct one *o, struct err *e)
{
	const struct ext4_inode *in = (const void *)o->inode;
	le32 top;

	memcpy(&top, in->block + 13 * sizeof(top), sizeof(top));
	if (!top)
		return 0;
	if (le32toh(top) <= o->c->r->first_block || le32toh(top) >= o->c->r->nblocks)
		return check_find(o->c, e, "inode %u has block %u, which is outside of the file system",
				  o->ino, le32toh(top));
	return check_mark(o->c, o->ino, le32toh(top), 1, NULL, e);
}

static int mark_blocks(struct one *o, struct err *e)
{
	const struct ext4_inode *in = (const void *)o->inode;
	struct ext4_map m;
	int rc = 0;

	ext4_map_init(&m, o->c->r, o->ino, in);
	m.on_node = on_node;
	m.arg = o;
	for (uint64_t lblk = 0; rc == 0 && lblk < 1ull << 32;) {
		struct ext4_span s;

		rc = ext4_map_find(&m, lblk, &s, e);
		if (rc < 0) {
			rc = check_take(o->c, rc, e);
			break;
		}
		if (s.pblk && !s.unwritten)
			o->end = s.lblk + s.len;
		if (s.pblk)
			rc = check_mark(o->c, o->ino, s.pblk, s.len, &o->blocks, e);
		lblk += s.len;
	}
	ext4_map_finish(&m);
	return rc;
}

static bool has_map(const struct ext4_inode *in)
{
	uint32_t mode = le16toh(in->mode);

	if (le32toh(in->flags) & EXT4_INLINE_DATA_FL)
		return false;
	if (S_ISLNK(mode))
		return le32toh(in->flags) & EXT4_EXTENTS_FL || ext4_read_size(in) >= EXT4_FAST_LINK;
	return S_ISREG(mode) || S_ISDIR(mode);
}

/* --- attributes */

static int on_attr(void *arg, const struct ext4_xattr_spot *s, struct err *e)
{
	struct one *o = arg;
	struct check_inode *to;

	if (!s->inum)
		return 0;
	o->ea = true;
	if (s->inum > o->c->r->ninodes)
		return check_find(o->c, e, "inode %u has an attribute in inode %u, which there is not",
				  o->ino, s->inum);
	to = check_inode_of(o->c, s->inum, e);
	if (!to)
		return e->code;
	to->found += to->found < UINT16_MAX;
	return 0;
}

/* A block of attributes may be several inodes': it is marked once, and its users are counted. */
static int mark_attr_block(struct one *o, uint64_t pblk, struct err *e)
{
	struct check *c = o->c;
	const struct ext4_xattr_header *h;
	uint32_t at = ext4_vec_find(c->xattr_blocks, c->nxattr_blocks, sizeof(*c->xattr_blocks), pblk);
	const uint8_t *p;
	int rc;

	if (at < c->nxattr_blocks && c->xattr_blocks[at].pblk == pblk) {
		c->xattr_blocks[at].refs++;
		return 0;
	}
	rc = ext4_read_block(c->r, pblk, &p, e);
	if (rc < 0)
		return check_take(c, rc, e);
	h = (const void *)p;
	if (ext4_vec_reserve(&c->xattr_blocks, &c->xattr_cap, c->nxattr_blocks + 1ull,
			     sizeof(*c->xattr_blocks)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	memmove(&c->xattr_blocks[at + 1], &c->xattr_blocks[at],
		(c->nxattr_blocks - at) * sizeof(*c->xattr_blocks));
	c->xattr_blocks[at] = (struct check_xattr_block){ pblk, 1, le32toh(h->refcount) };
	c->nxattr_blocks++;
	return check_mark(c, o->ino, pblk, 1, NULL, e);
}

static int check_attrs(struct one *o, struct err *e)
{
	const struct ext4_inode *in = (const void *)o->inode;
	uint64_t pblk = ext4_read_acl_block(o->c->r, in);
	int rc = ext4_read_xattrs(o->c->r, o->ino, o->inode, on_attr, o, e);

	rc = check_take(o->c, rc, e);
	if (rc || !pblk)
		return rc;
	if (pblk <= o->c->r->first_block || pblk >= o->c->r->nblocks)
		return 0; /* told already */
	o->blocks++;
	return mark_attr_block(o, pblk, e);
}

/* --- one inode */

static uint8_t ftype_of(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return EXT4_FT_REG;
	case S_IFDIR:
		return EXT4_FT_DIR;
	case S_IFCHR:
		return EXT4_FT_CHR;
	case S_IFBLK:
		return EXT4_FT_BLK;
	case S_IFIFO:
		return EXT4_FT_FIFO;
	case S_IFSOCK:
		return EXT4_FT_SOCK;
	case S_IFLNK:
		return EXT4_FT_SYMLINK;
	default:
		return EXT4_FT_UNKNOWN;
	}
}

/* The largest file that a map can tell of. */
static uint64_t size_max(const struct ext4_reader *r, uint32_t flags)
{
	uint64_t per = r->bs / 4, blocks = 12 + per + per * per + per * per * per;

	return (flags & EXT4_EXTENTS_FL ? UINT32_MAX : MIN(blocks, UINT32_MAX)) << r->bits;
}

static int check_fields(struct one *o, const struct ext4_stat *st, struct err *e)
{
	const struct ext4_inode *in = (const void *)o->inode;
	const struct ext4_reader *r = o->c->r;
	bool wide = r->sb.feature_incompat & htole32(EXT4_INCOMPAT_64BIT),
	     inl = st->flags & EXT4_INLINE_DATA_FL;
	AUTO_FREE char *target = NULL;
	int rc = 0;

	if (r->isize > 128 && (le16toh(in->extra_isize) > r->isize - 128 || le16toh(in->extra_isize) % 4))
		rc = check_find(o->c, e, "inode %u has %u bytes of extra fields", o->ino,
				le16toh(in->extra_isize));
	if (rc == 0 && in->links_count && in->dtime && o->ino >= r->first_ino)
		rc = check_find(o->c, e, "inode %u is in use and has a time of deletion", o->ino);
	if (rc == 0 && (in->obso_faddr || (in->file_acl_hi && !wide)))
		rc = check_find(o->c, e, "inode %u has values in fields that have none", o->ino);
	if (rc == 0 && st->flags & EXT4_CASEFOLD_FL &&
	    (!S_ISDIR(st->mode) || !(r->sb.feature_incompat & htole32(EXT4_INCOMPAT_CASEFOLD))))
		rc = check_find(o->c, e, "inode %u folds case, which it cannot", o->ino);
	if (rc == 0 && S_ISREG(st->mode) && !inl &&
	    (st->size > size_max(r, st->flags) || (o->end && st->size <= (o->end - 1) << r->bits)))
		rc = check_find(o->c, e, "inode %u has a size of %llu, which does not go with its blocks",
				o->ino, (unsigned long long)st->size);
	if (rc == 0 && S_ISLNK(st->mode) &&
	    !(st->flags & (EXT4_ENCRYPT_FL | EXT4_CASEFOLD_FL | EXT4_VERITY_FL)))
		rc = check_take(o->c, ext4_reader_link(o->c->r, o->ino, &target, e), e);
	if (rc == 0 && !S_ISREG(st->mode) && !S_ISDIR(st->mode) && !S_ISLNK(st->mode) && st->size)
		rc = check_find(o->c, e, "inode %u is a device, FIFO or socket and has a size", o->ino);
	return rc;
}

static int check_counts(struct one *o, const struct ext4_stat *st, struct err *e)
{
	const struct ext4_reader *r = o->c->r;
	uint64_t own = o->blocks << (r->bits - 9 + r->cluster_bits);

	if (st->blocks != own && !o->ea)
		return check_find(o->c, e, "inode %u says that it has %llu sectors, but it has %llu", o->ino,
				  (unsigned long long)st->blocks, (unsigned long long)own);
	return 0;
}

static int check_one(struct check *c, uint32_t ino, const uint8_t *inode, struct err *e)
{
	const struct ext4_inode *in = (const void *)inode;
	struct check_inode *known = check_inode_of(c, ino, e);
	struct one o = { .c = c, .ino = ino, .inode = inode };
	unsigned before = c->result.findings;
	struct ext4_stat st;
	int rc;

	if (!known)
		return e->code;
	ext4_read_stat(c->r, ino, in, &st);
	known->flags |= CHECK_USED;
	known->links = le16toh(in->links_count);
	known->ftype = ftype_of(st.mode);
	c->result.inodes++;
	if (!known->links && ino >= c->r->first_ino)
		known->flags |= CHECK_ORPHAN;
	if (st.flags & EXT4_EA_INODE_FL)
		known->flags |= CHECK_EA;
	if (st.flags & (EXT4_ENCRYPT_FL | EXT4_CASEFOLD_FL | EXT4_VERITY_FL))
		known->flags |= CHECK_ODD;
	if (S_ISDIR(st.mode)) {
		known->flags |= CHECK_DIR;
		c->result.dirs++;
	}
	if (ino == INO_RESIZE)
		return mark_resize(&o, e);
	if (known->ftype == EXT4_FT_UNKNOWN && ino != INO_BAD)
		return check_find(c, e, "inode %u is of no kind that there is (mode %o)", ino, st.mode);
	if (ino == INO_BAD || has_map(in))
		rc = mark_blocks(&o, e);
	else
		rc = 0;
	if (rc == 0)
		rc = check_attrs(&o, e);
	if (rc == 0 && c->result.findings == before && ino != INO_BAD)
		rc = check_counts(&o, &st, e);
	return rc == 0 && ino != INO_BAD ? check_fields(&o, &st, e) : rc;
}

/* --- all of them */

static bool bit_of(const uint8_t *p, uint32_t i)
{
	return p[i / 8] & 1u << i % 8;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	return !n || (!*p && !memcmp(p, p + 1, n - 1));
}

static int check_group(struct check *c, uint32_t g, uint8_t *inode, uint8_t *bitmap, struct err *e)
{
	struct ext4_reader *r = c->r;
	const struct ext4_inode *in = (const void *)inode;
	struct ext4_group_desc d;
	uint32_t unused = 0;
	const uint8_t *p;
	int rc = ext4_read_desc(r, g, &d, e);

	if (rc < 0)
		return (*e = (struct err){ 0 }, 0); /* told already */
	if (r->csum || r->gdt_csum) {
		if (le16toh(d.flags) & EXT4_BG_INODE_UNINIT)
			return 0;
		unused = le16toh(d.itable_unused_lo) |
			 (r->desc_size >= 64 ? (uint32_t)le16toh(d.itable_unused_hi) << 16 : 0);
		if (unused > r->ipg)
			return check_find(c, e, "group %u has %u inodes that were never used", g, unused);
	}
	rc = ext4_read_block(
		r, ext4_u64(d.inode_bitmap_lo, r->desc_size >= 64 ? le32toh(d.inode_bitmap_hi) : 0), &p, e);
	if (rc < 0)
		return (*e = (struct err){ 0 }, 0);
	memcpy(bitmap, p, r->bs);
	for (uint32_t i = 0; rc == 0 && i < r->ipg - unused; i++) {
		uint32_t ino = g * r->ipg + i + 1;
		bool marked = bit_of(bitmap, i);

		rc = ext4_read_inode(r, ino, inode, e);
		/* reserved ones that were never used need no checksum */
		if (rc == -EUCLEAN && (!marked || (ino < r->first_ino && is_zero(inode, r->isize)))) {
			*e = (struct err){ 0 }; /* nothing says that it is one */
			rc = 0;
			continue;
		}
		if (rc < 0) {
			rc = check_take(c, rc, e);
			continue;
		}
		/* reserved ones are in use if they are something; others if they have names, or are about to
		 * be deleted */
		if (ino < r->first_ino && ino != EXT4_ROOT_INO
			    ? !in->mode && !in->links_count && !in->blocks_lo
			    : !in->links_count && !(marked && in->mode))
			continue;
		if (!in->links_count && ino >= r->first_ino && !c->orphans) {
			rc = check_find(c, e, "inode %u is marked as in use and has no name", ino);
			continue;
		}
		rc = check_one(c, ino, inode, e);
	}
	return rc;
}

int check_inodes(struct check *c, struct err *e)
{
	AUTO_FREE uint8_t *inode = malloc(c->r->isize);
	AUTO_FREE uint8_t *bitmap = malloc(c->r->bs);
	int rc = inode && bitmap ? 0 : err_set(e, -ENOMEM, "out of memory");

	for (uint32_t g = 0; rc == 0 && g < c->r->ngroups; g++)
		rc = check_group(c, g, inode, bitmap, e);
	for (uint32_t i = 0; rc == 0 && i < c->nxattr_blocks; i++)
		if (c->xattr_blocks[i].refs != c->xattr_blocks[i].says)
			rc = check_find(
				c, e,
				"the attributes in block %llu say that %u inodes have them, but %u have",
				(unsigned long long)c->xattr_blocks[i].pblk, c->xattr_blocks[i].says,
				c->xattr_blocks[i].refs);
	return rc;
}
