/* SPDX-License-Identifier: Apache-2.0 */
/* inode.c - inodes and the blocks of attributes that they share. See inodes.rst. */
#include <string.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/writer-int.h"

static int write_set(struct ext4_writer *w, uint32_t set, struct err *e)
{
	struct ext4_xattrs *x = &w->xattrs;
	struct xattr_set *s = &x->sets[set];

	s->blocks = x->nblock;
	for (uint32_t done = 0; done < s->total; done += EXT4_XATTR_REFS_MAX) {
		uint64_t pblk;
		uint32_t len;
		uint8_t *p;
		int rc;

		if (ext4_vec_reserve(&x->block, &x->block_cap, (uint64_t)x->nblock + 1, sizeof(*x->block)) <
		    0)
			return err_set(e, -ENOMEM, "out of memory");
		rc = ext4_alloc_some(&w->alloc, 1, &pblk, &len, e);
		if (rc < 0 || (rc = ext4_out_block(&w->out, pblk, &p, e)) < 0)
			return rc;
		ext4_xattrs_fill_block(x, set, p, pblk, MIN(s->total - done, EXT4_XATTR_REFS_MAX),
				       w->fs_seed);
		x->block[x->nblock++] = pblk;
	}
	return 0;
}

int xattr_blocks_write(struct ext4_writer *w, struct err *e)
{
	for (uint32_t i = 1; i < w->tree.nnodes; i++)
		if (w->tree.nodes[i].nlink && w->tree.nodes[i].xattrs)
			w->xattrs.sets[w->tree.nodes[i].xattrs].total++;
	for (uint32_t i = 1; i < w->xattrs.nsets; i++) {
		int rc = w->xattrs.sets[i].place == XATTR_INODE ? 0 : write_set(w, i, e);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Shows up for one inode of the set: which of its blocks it shares; 0 if none. */
static uint64_t take_xattr_block(struct ext4_writer *w, uint32_t set)
{
	struct xattr_set *s = &w->xattrs.sets[set];

	if (!set || s->place == XATTR_INODE)
		return 0;
	return w->xattrs.block[s->blocks + s->used++ / EXT4_XATTR_REFS_MAX];
}

/* super.rst's old and new encodings: the old one where it fits. */
static void fill_device(const uint32_t dev[2], uint8_t *block)
{
	uint32_t major = dev[0], minor = dev[1];
	le32 v[2] = { 0, 0 };

	if (major < 256 && minor < 256)
		v[0] = htole32(major << 8 | minor);
	else
		v[1] = htole32((minor & 0xff) | major << 8 | (minor & ~0xffu) << 12);
	memcpy(block, v, sizeof(v));
}

static void set_time(le32 *sec, le32 *extra, const uint32_t t[2])
{
	*sec = htole32(t[0]);
	*extra = htole32(t[1]);
}

/* i_block and i_size; returns the blocks that the contents take. big moves on as it is used. */
static uint64_t fill_contents(struct ext4_writer *w, uint32_t node, struct ext4_inode *in, uint32_t *big)
{
	const struct tree_node *n = &w->tree.nodes[node];
	struct ext4_run v[EXT4_EXT_IN_INODE];
	uint64_t blocks = 0;
	bool link = S_ISLNK(n->mode);

	if (S_ISCHR(n->mode) || S_ISBLK(n->mode))
		fill_device(n->dev, in->block);
	if (!link && !S_ISREG(n->mode) && !S_ISDIR(n->mode))
		return 0;
	in->size_lo = htole32((uint32_t)n->size);
	in->size_hi = htole32((uint32_t)(n->size >> 32));
	if (link && n->size < EXT4_FAST_LINK) {
		memcpy(in->block, w->tree.arena + n->link.text, n->size);
		return 0;
	}
	in->flags = htole32(EXT4_EXTENTS_FL | (n->indexed ? EXT4_INDEX_FL : 0));
	if (link) {
		v[0] = (struct ext4_run){ .pblk = n->link.pblk, .len = 1 };
		extent_inline(v, 1, in->block);
		return 1;
	}
	for (uint32_t i = 0; i < n->data.nruns; i++) {
		struct ext4_run r = tree_run(&w->tree, n, i);

		blocks += r.len;
		if (i < EXT4_EXT_IN_INODE)
			v[i] = r;
	}
	if (n->data.nruns <= EXT4_EXT_IN_INODE) {
		extent_inline(v, n->data.nruns, in->block);
		return blocks;
	}
	memcpy(in->block, w->big[*big].block, sizeof(in->block));
	return blocks + w->big[(*big)++].nblocks;
}

static void seal(struct ext4_writer *w, uint32_t ino, struct ext4_inode *in)
{
	uint32_t sum = ext4_crc32c(ext4_csum_inode_seed(w->fs_seed, ino), in, sizeof(*in));

	in->checksum_lo = htole16((uint16_t)sum);
	in->checksum_hi = htole16((uint16_t)(sum >> 16));
}

static void set_blocks(struct ext4_inode *in, uint64_t blocks)
{
	blocks *= EXT4_BLOCK / 512;
	in->blocks_lo = htole32((uint32_t)blocks);
	in->blocks_hi = htole16((uint16_t)(blocks >> 32));
}

static void own_time(struct ext4_writer *w, uint32_t ret[2])
{
	const struct fs_time t = { .sec = w->opts.time };

	tree_time(&t, ret);
}

static void fill_node(struct ext4_writer *w, uint32_t node, struct ext4_inode *in, uint32_t *big)
{
	const struct tree_node *n = &w->tree.nodes[node];
	uint64_t blocks = fill_contents(w, node, in, big), acl = take_xattr_block(w, n->xattrs);
	uint32_t born[2];

	in->mode = htole16(n->mode);
	in->uid_lo = htole16((uint16_t)n->uid);
	in->uid_hi = htole16((uint16_t)(n->uid >> 16));
	in->gid_lo = htole16((uint16_t)n->gid);
	in->gid_hi = htole16((uint16_t)(n->gid >> 16));
	in->links_count = htole16((uint16_t)n->nlink);
	in->extra_isize = htole16(EXT4_EXTRA_ISIZE);
	set_time(&in->atime, &in->atime_extra, n->atime);
	set_time(&in->ctime, &in->ctime_extra, n->ctime);
	set_time(&in->mtime, &in->mtime_extra, n->mtime);
	own_time(w, born);
	set_time(&in->crtime, &in->crtime_extra, born);
	if (acl) {
		in->file_acl_lo = htole32((uint32_t)acl);
		in->file_acl_hi = htole16((uint16_t)(acl >> 32));
		blocks++;
	}
	if (n->xattrs)
		ext4_xattrs_fill_inode(&w->xattrs, n->xattrs, in->xattr);
	set_blocks(in, blocks);
	seal(w, n->ino, in);
}

static void fill_journal(struct ext4_writer *w, struct ext4_inode *in)
{
	const struct ext4_run run = { .pblk = w->journal, .len = w->journal_blocks };
	uint64_t size = (uint64_t)w->journal_blocks << EXT4_BLOCK_BITS;
	uint32_t t[2];

	in->mode = htole16(S_IFREG | 0600);
	in->links_count = htole16(1);
	in->extra_isize = htole16(EXT4_EXTRA_ISIZE);
	in->flags = htole32(EXT4_EXTENTS_FL);
	in->size_lo = htole32((uint32_t)size);
	in->size_hi = htole32((uint32_t)(size >> 32));
	own_time(w, t);
	set_time(&in->atime, &in->atime_extra, t);
	set_time(&in->ctime, &in->ctime_extra, t);
	set_time(&in->mtime, &in->mtime_extra, t);
	set_time(&in->crtime, &in->crtime_extra, t);
	extent_inline(&run, 1, in->block);
	set_blocks(in, w->journal_blocks);
	seal(w, EXT4_JOURNAL_INO, in);
}

static uint64_t table_block(const struct ext4_writer *w, uint32_t ino)
{
	const struct ext4_group_desc *d = &w->desc[(ino - 1) / w->inodes_per_group];
	uint64_t table = le32toh(d->inode_table_lo) | (uint64_t)le32toh(d->inode_table_hi) << 32;

	return table + (ino - 1) % w->inodes_per_group / EXT4_INODES_PER_BLOCK;
}

static void count_dir(struct ext4_writer *w, uint32_t ino)
{
	struct ext4_group_desc *d = &w->desc[(ino - 1) / w->inodes_per_group];
	uint32_t n = (le16toh(d->used_dirs_lo) | (uint32_t)le16toh(d->used_dirs_hi) << 16) + 1;

	d->used_dirs_lo = htole16((uint16_t)n);
	d->used_dirs_hi = htole16((uint16_t)(n >> 16));
}

/* Reserved inodes but the root and the journal stay zeros. A table's unused rest is a hole. */
int inodes_write(struct ext4_writer *w, struct err *e)
{
	uint32_t node = TREE_ROOT, big = 0;
	uint8_t *p = NULL;

	for (uint32_t ino = 1; ino <= w->last_ino || ino < EXT4_FIRST_INO; ino++) {
		struct ext4_inode in = { 0 };
		uint32_t at = (ino - 1) % EXT4_INODES_PER_BLOCK;
		int rc = at ? 0 : ext4_out_block(&w->out, table_block(w, ino), &p, e);

		if (rc < 0)
			return rc;
		if (ino == EXT4_JOURNAL_INO && w->journal)
			fill_journal(w, &in);
		else if (ino != EXT4_ROOT_INO && ino < EXT4_FIRST_INO)
			continue;
		else {
			while (w->tree.nodes[node].ino != ino)
				node++;
			fill_node(w, node, &in, &big);
			if (tree_is_dir(&w->tree.nodes[node]))
				count_dir(w, ino);
		}
		memcpy(p + at * EXT4_INODE_SIZE, &in, sizeof(in));
	}
	return 0;
}
