/* SPDX-License-Identifier: Apache-2.0 */
/* read-xattr.c - extended attributes: in the inode, in a block, values in inodes of their own. See
 * attributes.rst. */
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/reader-int.h"
#include "ext4/vec.h"

#define NAME_SYSTEM 7u /* "system." */

static const char *const prefixes[] = {
	[EXT4_XATTR_USER] = "user.",
	[EXT4_XATTR_ACL_ACCESS] = "system.posix_acl_access",
	[EXT4_XATTR_ACL_DEFAULT] = "system.posix_acl_default",
	[EXT4_XATTR_TRUSTED] = "trusted.",
	[EXT4_XATTR_SECURITY] = "security.",
	[NAME_SYSTEM] = "system.",
	[8] = "system.richacl",
};

uint64_t ext4_read_acl_block(const struct ext4_reader *r, const struct ext4_inode *in)
{
	bool wide = r->sb.feature_incompat & htole32(EXT4_INCOMPAT_64BIT);

	return ext4_u64(in->file_acl_lo, wide ? le16toh(in->file_acl_hi) : 0);
}

static uint32_t entry_len(const struct ext4_xattr_entry *en)
{
	return (sizeof(*en) + en->name_len + 3u) & ~3u;
}

/* Entries from first on, in what ends at end; offsets count from base. */
int ext4_read_xattrs_in(uint32_t ino, const uint8_t *first, const uint8_t *base, const uint8_t *end,
			ext4_xattr_cb fn, void *arg, struct err *e)
{
	const uint8_t *p = first;

	while (end - p >= 4) {
		const struct ext4_xattr_entry *en = (const void *)p;
		struct ext4_xattr_spot s = { .entry = en };
		uint64_t off;
		int rc;
		le32 four;

		memcpy(&four, p, sizeof(four));
		if (!four)
			return 0;
		if (end - p < (ptrdiff_t)sizeof(*en) || end - p < (ptrdiff_t)entry_len(en))
			return ext4_read_bad(e, "inode %u has an attribute whose name leaves its place", ino);
		s.len = le32toh(en->value_size);
		s.inum = le32toh(en->value_inum);
		off = le16toh(en->value_offs);
		if (!s.inum && s.len) {
			if (off > (uint64_t)(end - base) || s.len > (uint64_t)(end - base) - off)
				return ext4_read_bad(
					e, "inode %u has an attribute whose value leaves its place", ino);
			s.value = base + off;
		}
		if (!s.inum && !s.len)
			s.value = base;
		if (memchr(en + 1, 0, en->name_len))
			return ext4_read_bad(e, "inode %u has an attribute with a 0 in its name", ino);
		rc = fn(arg, &s, e);
		if (rc)
			return rc;
		p += entry_len(en);
	}
	return 0;
}

/* Where the inode's own attributes are; false if it has none. */
static bool spot_in_inode(const struct ext4_reader *r, const uint8_t *inode, const uint8_t **ret_first,
			  const uint8_t **ret_end)
{
	const struct ext4_inode *in = (const void *)inode;
	uint32_t at;
	le32 magic;

	if (r->isize <= 128)
		return false;
	at = 128u + le16toh(in->extra_isize);
	if (at % 4 || at + 8 > r->isize)
		return false;
	memcpy(&magic, inode + at, sizeof(magic));
	if (le32toh(magic) != EXT4_XATTR_MAGIC)
		return false;
	*ret_first = inode + at + 4;
	*ret_end = inode + r->isize;
	return true;
}

static int check_block(struct ext4_reader *r, uint32_t ino, uint64_t pblk, const uint8_t *p, struct err *e)
{
	const struct ext4_xattr_header *h = (const void *)p;
	const size_t at = offsetof(struct ext4_xattr_header, checksum);
	const le64 number = htole64(pblk);
	const le32 none = 0;
	uint32_t sum;

	if (le32toh(h->magic) != EXT4_XATTR_MAGIC || le32toh(h->blocks) != 1)
		return ext4_read_bad(e, "inode %u: block %llu has no attributes", ino,
				     (unsigned long long)pblk);
	if (!r->csum)
		return 0;
	sum = ext4_crc32c(r->seed, &number, sizeof(number));
	sum = ext4_crc32c(sum, p, at);
	sum = ext4_crc32c(sum, &none, sizeof(none));
	sum = ext4_crc32c(sum, p + at + 4, r->bs - at - 4);
	if (sum != le32toh(h->checksum))
		return ext4_read_bad(e, "inode %u: the checksum of attributes in block %llu is wrong", ino,
				     (unsigned long long)pblk);
	return 0;
}

int ext4_read_xattrs(struct ext4_reader *r, uint32_t ino, const uint8_t *inode, ext4_xattr_cb fn, void *arg,
		     struct err *e)
{
	const struct ext4_inode *in = (const void *)inode;
	uint64_t pblk = ext4_read_acl_block(r, in);
	const uint8_t *first, *end, *p;
	AUTO_FREE uint8_t *copy = NULL;
	int rc = 0;

	if (spot_in_inode(r, inode, &first, &end))
		rc = ext4_read_xattrs_in(ino, first, first, end, fn, arg, e);
	if (rc || !pblk)
		return rc;
	rc = ext4_read_block(r, pblk, &p, e);
	if (rc < 0)
		return err_wrap(e, rc, "attributes of inode %u", ino);
	rc = check_block(r, ino, pblk, p, e);
	if (rc < 0)
		return rc;
	copy = malloc(r->bs); /* fn may read other blocks */
	if (!copy)
		return err_set(e, -ENOMEM, "out of memory");
	memcpy(copy, p, r->bs);
	return ext4_read_xattrs_in(ino, copy + sizeof(struct ext4_xattr_header), copy, copy + r->bs, fn, arg,
				   e);
}

/* --- inline data */

struct inline_at {
	const uint8_t *value;
	uint32_t len;
};

static bool is_inline(const struct ext4_xattr_entry *en)
{
	return en->name_index == NAME_SYSTEM && en->name_len == 4 && !memcmp(en + 1, "data", 4);
}

static int look_for_inline(void *arg, const struct ext4_xattr_spot *s, struct err *e)
{
	struct inline_at *at = arg;

	(void)e;
	if (!is_inline(s->entry) || !s->value)
		return 0;
	*at = (struct inline_at){ s->value, s->len };
	return 1;
}

const uint8_t *ext4_read_inline(const struct ext4_reader *r, const uint8_t *inode, uint32_t *ret_len)
{
	struct inline_at at = { 0 };
	const uint8_t *first, *end;

	if (spot_in_inode(r, inode, &first, &end))
		ext4_read_xattrs_in(0, first, first, end, look_for_inline, &at, NULL);
	*ret_len = at.len;
	return at.value;
}

/* --- all of them */

struct gathering {
	struct ext4_reader *r;
	uint32_t ino;
	struct buf text; /* names, each with its 0, and values */
	struct {
		uint32_t name, value, len;
	} * v;
	uint32_t n, cap;
};

static int read_ea_inode(struct gathering *g, const struct ext4_xattr_spot *s, uint8_t *p, struct err *e)
{
	AUTO_FREE uint8_t *inode = malloc(g->r->isize);
	const struct ext4_inode *in = (const void *)inode;
	struct ext4_file *f;
	int rc = inode ? ext4_read_inode(g->r, s->inum, inode, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc < 0)
		return rc;
	if (!(in->flags & htole32(EXT4_EA_INODE_FL)) || !S_ISREG(le16toh(in->mode)) ||
	    ext4_read_size(in) < s->len)
		return ext4_read_bad(e, "inode %u has an attribute in inode %u, which holds none", g->ino,
				     s->inum);
	rc = ext4_file_open_as(g->r, s->inum, inode, &f, e);
	if (rc < 0)
		return rc;
	rc = ext4_file_read(f, p, s->len, 0, e);
	ext4_file_close(f);
	return rc;
}

/* From the form on the disk (version 1) to the kernel's for programs (version 2); see acl.h for the first.
 * Returns the bytes, or -1. */
static int widen_acl(const uint8_t *p, uint32_t n, uint8_t *ret)
{
	const le32 version = htole32(2), nobody = htole32(UINT32_MAX);
	uint32_t at = 4, out = 4;
	le32 first;

	if (n < 4 || (memcpy(&first, p, 4), le32toh(first) != 1))
		return -1;
	memcpy(ret, &version, 4);
	while (at < n) {
		bool has_id;

		if (n - at < 4)
			return -1;
		has_id = p[at + 1] == 0 && (p[at] == 0x02 || p[at] == 0x08);
		if (has_id && n - at < 8)
			return -1;
		memcpy(ret + out, p + at, 4);
		memcpy(ret + out + 4, has_id ? p + at + 4 : (const uint8_t *)&nobody, 4);
		at += has_id ? 8 : 4;
		out += 8;
	}
	return (int)out;
}

static int gather(void *arg, const struct ext4_xattr_spot *s, struct err *e)
{
	struct gathering *g = arg;
	uint32_t index = s->entry->name_index, at, len = s->len;
	bool acl = index == EXT4_XATTR_ACL_ACCESS || index == EXT4_XATTR_ACL_DEFAULT;
	AUTO_FREE uint8_t *value = NULL;
	int rc;

	if (is_inline(s->entry))
		return 0;
	if (index >= ARRAY_LEN(prefixes) || !prefixes[index])
		return 0; /* the encryption's, the Hurd's: of no use elsewhere */
	if (len > EXT4_XATTRS_MAX || g->text.len + len + 512 > EXT4_XATTRS_MAX)
		return err_set(e, -E2BIG, "inode %u has more than 1 MiB of attributes", g->ino);
	value = malloc(acl ? 2 * (size_t)len + 4 : (size_t)len + 1);
	if (!value || ext4_vec_reserve(&g->v, &g->cap, g->n + 1ull, sizeof(*g->v)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	at = (uint32_t)g->text.len;
	rc = buf_adds(&g->text, prefixes[index]);
	if (rc == 0)
		rc = buf_add(&g->text, s->entry + 1, s->entry->name_len);
	if (rc == 0)
		rc = buf_addc(&g->text, 0);
	g->v[g->n].name = at;
	g->v[g->n].value = (uint32_t)g->text.len;
	if (rc < 0)
		return err_set(e, rc, "out of memory");
	if (s->inum)
		rc = read_ea_inode(g, s, value, e);
	else if (acl && (rc = widen_acl(s->value, len, value)) < 0)
		rc = ext4_read_bad(e, "inode %u has an ACL that is none", g->ino);
	else if (acl)
		len = (uint32_t)rc;
	else if (len)
		memcpy(value, s->value, len);
	if (rc < 0)
		return rc;
	g->v[g->n++].len = len;
	rc = buf_add(&g->text, value, len);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct fs_xattr *)a)->name, ((const struct fs_xattr *)b)->name);
}

int ext4_attrs_load(struct ext4_reader *r, uint32_t ino, struct ext4_attrs *ret, struct err *e)
{
	AUTO_FREE uint8_t *inode = malloc(r->isize);
	struct gathering g = { .r = r, .ino = ino };
	struct fs_xattr *v = NULL;
	int rc = inode ? ext4_read_inode(r, ino, inode, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc == 0)
		rc = ext4_read_xattrs(r, ino, inode, gather, &g, e);
	if (rc == 0 && g.n && !(v = calloc(g.n, sizeof(*v))))
		rc = err_set(e, -ENOMEM, "out of memory");
	for (uint32_t i = 0; rc == 0 && i < g.n; i++)
		v[i] = (struct fs_xattr){ (char *)g.text.p + g.v[i].name, g.text.p + g.v[i].value,
					  g.v[i].len };
	if (v)
		qsort(v, g.n, sizeof(*v), by_name);
	free(g.v);
	if (rc < 0) {
		buf_finish(&g.text);
		return rc;
	}
	*ret = (struct ext4_attrs){ v, g.n, g.text.p };
	return 0;
}

void ext4_attrs_finish(struct ext4_attrs *a)
{
	free(a->v);
	free(a->mem);
	*a = (struct ext4_attrs){ 0 };
}
