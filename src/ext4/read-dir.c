/* SPDX-License-Identifier: Apache-2.0 */
/* read-dir.c - the entries of a directory, block by block. An index of hashes lies in blocks that look like
 * empty ones to who reads on, and is passed over; its checksums count. See directory.rst. */
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/reader-int.h"
#include "ext4/vec.h"

struct scan {
	struct ext4_reader *r;
	uint32_t ino, seed;
	bool indexed;
	ext4_entry_cb fn;
	void *arg;
};

static int bad(const struct scan *s, uint64_t lblk, struct err *e, const char *what)
{
	return ext4_read_bad(e, "directory inode %u, block %llu of it: %s", s->ino, (unsigned long long)lblk,
			     what);
}

/* In blocks of 64 KiB a length does not fit its 16 bits. */
static uint32_t rec_len(const struct ext4_reader *r, const struct ext4_dirent *d)
{
	uint32_t n = le16toh(d->rec_len);

	if (r->bs < 65536)
		return n;
	return n == 65535 || !n ? r->bs : (n & 65532) | (n & 3) << 16;
}

static int one_entry(struct scan *s, const struct ext4_dirent *d, uint64_t lblk, struct err *e)
{
	struct ext4_entry en = {
		.name = (const uint8_t *)d->name,
		.ino = le32toh(d->ino),
		.len = d->name_len,
		.ftype = s->r->filetype && d->ftype <= EXT4_FT_SYMLINK ? d->ftype : EXT4_FT_UNKNOWN,
		.lblk = lblk,
	};

	if (!en.len || memchr(en.name, 0, en.len) || memchr(en.name, '/', en.len))
		return bad(s, lblk, e, "a name is none");
	if (en.ino > s->r->ninodes || (en.ino < s->r->first_ino && en.ino != EXT4_ROOT_INO))
		return bad(s, lblk, e, "an entry names an inode that no file can have");
	return s->fn(s->arg, &en, e);
}

/* Entries in p[0..n). */
static int entries(struct scan *s, const uint8_t *p, uint32_t n, uint64_t lblk, struct err *e)
{
	for (uint32_t at = 0; at < n;) {
		const struct ext4_dirent *d = (const void *)(p + at);
		uint32_t len;
		int rc;

		if (n - at < sizeof(*d))
			return bad(s, lblk, e, "its last entry is cut off");
		len = rec_len(s->r, d);
		if (len < sizeof(*d) || len % 4 || len > n - at)
			return bad(s, lblk, e, "an entry has a wrong length");
		if (d->ino && sizeof(*d) + d->name_len > len)
			return bad(s, lblk, e, "a name is longer than its entry");
		if (d->ino && (rc = one_entry(s, d, lblk, e)) != 0)
			return rc;
		at += len;
	}
	return 0;
}

/* Where the index begins in a block that holds one; 0 for a block of entries. */
static uint32_t index_at(const struct scan *s, const uint8_t *p, uint64_t lblk)
{
	const struct ext4_dirent *d = (const void *)p;

	if (!s->indexed)
		return 0;
	if (lblk == 0)
		return EXT4_DX_ROOT_OFFSET;
	return !d->ino && rec_len(s->r, d) == s->r->bs ? EXT4_DX_NODE_OFFSET : 0;
}

static int check_block(const struct scan *s, const uint8_t *p, uint64_t lblk, struct err *e)
{
	uint32_t bs = s->r->bs, at = index_at(s, p, lblk), limit, count, sum, end;
	const struct ext4_dir_tail *t = (const void *)(p + bs - sizeof(*t));
	const struct ext4_dx_tail *dx;
	const le32 none = 0;

	if (!s->r->csum)
		return 0;
	if (!at) {
		if (t->zero || le16toh(t->rec_len) != sizeof(*t) || t->zero2 || t->ftype != EXT4_FT_CSUM)
			return bad(s, lblk, e, "there is no checksum");
		if (le32toh(t->checksum) != ext4_crc32c(s->seed, p, bs - sizeof(*t)))
			return bad(s, lblk, e, "the checksum is wrong");
		return 0;
	}
	limit = p[at] | (uint32_t)p[at + 1] << 8;
	count = p[at + 2] | (uint32_t)p[at + 3] << 8;
	end = at + limit * (uint32_t)sizeof(struct ext4_dx_entry);
	if (count > limit || end + sizeof(*dx) > bs)
		return bad(s, lblk, e, "its index has a wrong number of entries");
	dx = (const void *)(p + end);
	sum = ext4_crc32c(s->seed, p, at + count * sizeof(struct ext4_dx_entry));
	sum = ext4_crc32c(sum, &dx->reserved, sizeof(dx->reserved));
	sum = ext4_crc32c(sum, &none, sizeof(none));
	return sum == le32toh(dx->checksum) ? 0 : bad(s, lblk, e, "the checksum of its index is wrong");
}

static int read_blocks(struct scan *s, const struct ext4_inode *in, struct err *e)
{
	AUTO_FREE uint8_t *p = malloc(s->r->bs);
	uint64_t size = ext4_read_size(in), n = size >> s->r->bits;
	struct ext4_map m;
	int rc = 0;

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	if (!size || size & (s->r->bs - 1) || n > s->r->nblocks || n > UINT32_MAX)
		return ext4_read_bad(e, "directory inode %u has a size of %llu", s->ino,
				     (unsigned long long)size);
	ext4_map_init(&m, s->r, s->ino, in);
	for (uint64_t lblk = 0; rc == 0 && lblk < n; lblk++) {
		struct ext4_span at;
		const uint8_t *block;

		rc = ext4_map_find(&m, lblk, &at, e);
		if (rc == 0 && (!at.pblk || at.unwritten))
			rc = bad(s, lblk, e, "it is a hole");
		if (rc == 0 && (rc = ext4_read_block(s->r, at.pblk, &block, e)) == 0) {
			memcpy(p, block, s->r->bs); /* fn may read other blocks */
			rc = check_block(s, p, lblk, e);
		}
		if (rc == 0)
			rc = entries(s, p, s->r->bs, lblk, e);
	}
	ext4_map_finish(&m);
	return rc;
}

/* A directory in its inode: the parent's number, entries, and more of them in an attribute. */
static int read_inline(struct scan *s, const uint8_t *inode, struct err *e)
{
	const struct ext4_inode *in = (const void *)inode;
	AUTO_FREE uint8_t *copy = NULL;
	struct ext4_entry dot = { (const uint8_t *)"..", 0, 1, EXT4_FT_DIR, 0 };
	const uint8_t *more;
	uint32_t n;
	le32 parent;
	int rc;

	memcpy(&parent, in->block, sizeof(parent));
	dot.ino = s->ino;
	if ((rc = s->fn(s->arg, &dot, e)) != 0)
		return rc;
	dot.ino = le32toh(parent);
	dot.len = 2;
	if ((rc = s->fn(s->arg, &dot, e)) != 0)
		return rc;
	rc = entries(s, in->block + 4, sizeof(in->block) - 4, 0, e);
	if (rc)
		return rc;
	more = ext4_read_inline(s->r, inode, &n);
	if (!n)
		return 0;
	copy = malloc(n);
	if (!copy)
		return err_set(e, -ENOMEM, "out of memory");
	memcpy(copy, more, n);
	return entries(s, copy, n, 0, e);
}

int ext4_read_dir(struct ext4_reader *r, uint32_t ino, const uint8_t *inode, ext4_entry_cb fn, void *arg,
		  struct err *e)
{
	const struct ext4_inode *in = (const void *)inode;
	struct scan s = { r, ino, ext4_read_seed(r, ino, in), in->flags & htole32(EXT4_INDEX_FL), fn, arg };
	int rc;

	if (!S_ISDIR(le16toh(in->mode)))
		return err_set(e, -ENOTDIR, "inode %u is no directory", ino);
	rc = ext4_read_refuse(in, ino, e);
	if (rc < 0)
		return rc;
	return in->flags & htole32(EXT4_INLINE_DATA_FL) ? read_inline(&s, inode, e) : read_blocks(&s, in, e);
}

/* --- all names, sorted */

struct gathering {
	struct ext4_names *v;
	uint32_t ino;
	unsigned dots;
};

static bool is_dots(const struct ext4_entry *en)
{
	return en->name[0] == '.' && (en->len == 1 || (en->len == 2 && en->name[1] == '.'));
}

static int gather(void *arg, const struct ext4_entry *en, struct err *e)
{
	struct gathering *g = arg;
	struct ext4_names *v = g->v;

	if (is_dots(en) || g->dots < 2) {
		/* these two first, and once */
		if (!is_dots(en) || en->len != g->dots + 1 || (g->dots == 0 && en->ino != g->ino))
			return ext4_read_bad(e, "directory inode %u does not begin with '.' and '..'",
					     g->ino);
		g->dots++;
		v->parent = en->ino;
		return 0;
	}
	if (v->arena.len + v->n * sizeof(*v->v) > EXT4_READ_MEM_MAX)
		return err_set(e, -E2BIG, "directory inode %u has more names than fit into %u MiB", g->ino,
			       EXT4_READ_MEM_MAX >> 20);
	if (ext4_vec_reserve(&v->v, &v->cap, v->n + 1ull, sizeof(*v->v)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	v->v[v->n++] =
		(struct ext4_name){ en->ino, (uint32_t)v->arena.len, (uint8_t)en->len, (uint8_t)en->ftype };
	if (buf_add(&v->arena, en->name, en->len) < 0 || buf_addc(&v->arena, 0) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

const char *ext4_names_text(const struct ext4_names *v, uint32_t i)
{
	return (const char *)v->arena.p + v->v[i].text;
}

static int by_text(const void *p, const void *q, void *arena)
{
	const struct ext4_name *a = p, *b = q;

	return strcmp((const char *)arena + a->text, (const char *)arena + b->text);
}

int ext4_names_load(struct ext4_reader *r, uint32_t ino, struct ext4_names *ret, struct err *e)
{
	AUTO_FREE uint8_t *inode = malloc(r->isize);
	struct ext4_names v = { 0 };
	struct gathering g = { &v, ino, 0 };
	int rc = inode ? ext4_read_inode(r, ino, inode, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc == 0)
		rc = ext4_read_dir(r, ino, inode, gather, &g, e);
	if (rc == 0 && g.dots < 2)
		rc = ext4_read_bad(e, "directory inode %u has no '.' and '..'", ino);
	if (rc == 0 && v.n)
		qsort_r(v.v, v.n, sizeof(*v.v), by_text, v.arena.p);
	for (uint32_t i = 1; rc == 0 && i < v.n; i++)
		if (!strcmp(ext4_names_text(&v, i - 1), ext4_names_text(&v, i)))
			rc = ext4_read_bad(e, "directory inode %u has a name twice: '%s'", ino,
					   ext4_names_text(&v, i));
	if (rc < 0) {
		ext4_names_finish(&v);
		return rc;
	}
	*ret = v;
	return 0;
}

void ext4_names_finish(struct ext4_names *v)
{
	free(v->v);
	buf_finish(&v->arena);
	*v = (struct ext4_names){ 0 };
}

const struct ext4_name *ext4_names_find(const struct ext4_names *v, const char *name)
{
	uint32_t lo = 0, hi = v->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int d = strcmp(ext4_names_text(v, mid), name);

		if (d == 0)
			return &v->v[mid];
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
