/* SPDX-License-Identifier: Apache-2.0 */
/* read-data.c - the contents of files and the targets of symlinks. See ifork.rst, "Inline Data". */
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ext4/reader-int.h"

struct ext4_file {
	struct ext4_map map;
	uint64_t size;
	uint8_t *inside; /* its first bytes, where they lie in the inode; zeros behind them */
	uint64_t inside_len;
	struct ext4_span span; /* the last one that was asked for */
	uint64_t told, mapped; /* up to which block spans were told, and how many blocks those have */
};

int ext4_read_refuse(const struct ext4_inode *in, uint32_t ino, struct err *e)
{
	uint32_t f = le32toh(in->flags);

	if (f & EXT4_ENCRYPT_FL)
		return err_set(e, -EOPNOTSUPP, "inode %u is encrypted, which cannot be read here", ino);
	if (f & EXT4_VERITY_FL)
		return err_set(e, -EOPNOTSUPP, "inode %u carries fs-verity, which cannot be read here", ino);
	if (f & EXT4_CASEFOLD_FL)
		return err_set(e, -EOPNOTSUPP, "inode %u folds case, which cannot be read here", ino);
	return 0;
}

/* The two places of inline data, one behind the other. A file may be longer: mke2fs -d and kernels before 6.17 leave the
 * data where it is when a size grows, and what is behind it reads as zeros. */
static int take_inline(struct ext4_reader *r, const uint8_t *inode, struct ext4_file *f, struct err *e)
{
	const struct ext4_inode *in = (const void *)inode;
	uint32_t more = 0;
	const uint8_t *tail = ext4_read_inline(r, inode, &more);
	uint64_t n = MIN(f->size, sizeof(in->block) + more);
	uint8_t *p = calloc(1, n + 1);

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	memcpy(p, in->block, MIN(n, sizeof(in->block)));
	if (n > sizeof(in->block))
		memcpy(p + sizeof(in->block), tail, n - sizeof(in->block));
	f->inside = p;
	f->inside_len = n;
	return 0;
}

int ext4_file_open_as(struct ext4_reader *r, uint32_t ino, const uint8_t *inode, struct ext4_file **ret,
		      struct err *e)
{
	const struct ext4_inode *in = (const void *)inode;
	struct ext4_file *f;
	int rc = ext4_read_refuse(in, ino, e);

	if (rc < 0)
		return rc;
	f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	ext4_map_init(&f->map, r, ino, in);
	f->size = ext4_read_size(in);
	if (f->size > 0xffffffffull << r->bits)
		rc = ext4_read_bad(e, "inode %u has a size of %llu", ino, (unsigned long long)f->size);
	else if (f->map.flags & EXT4_INLINE_DATA_FL)
		rc = take_inline(r, inode, f, e);
	if (rc < 0) {
		ext4_file_close(f);
		return rc;
	}
	*ret = f;
	return 0;
}

int ext4_file_open(struct ext4_reader *r, uint32_t ino, struct ext4_file **ret, struct err *e)
{
	AUTO_FREE uint8_t *inode = malloc(r->isize);
	int rc = inode ? ext4_read_inode(r, ino, inode, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc < 0)
		return rc;
	if (!S_ISREG(le16toh(((struct ext4_inode *)inode)->mode)))
		return err_set(e, S_ISDIR(le16toh(((struct ext4_inode *)inode)->mode)) ? -EISDIR : -EINVAL,
			       "inode %u is no regular file", ino);
	return ext4_file_open_as(r, ino, inode, ret, e);
}

void ext4_file_close(struct ext4_file *f)
{
	if (!f)
		return;
	ext4_map_finish(&f->map);
	free(f->inside);
	free(f);
}

uint64_t ext4_file_size(const struct ext4_file *f)
{
	return f->size;
}

/* The span that holds block lblk, from there on. */
static int find(struct ext4_file *f, uint64_t lblk, struct ext4_span *ret, struct err *e)
{
	struct ext4_span *s = &f->span;
	int rc = 0;

	if (lblk < s->lblk || lblk >= s->lblk + s->len)
		rc = ext4_map_find(&f->map, lblk, s, e);
	if (rc < 0) {
		*s = (struct ext4_span){ 0 };
		return rc;
	}
	*ret = *s;
	ret->pblk += s->pblk ? lblk - s->lblk : 0;
	ret->len -= lblk - s->lblk;
	ret->lblk = lblk;
	return 0;
}

static bool is_data(const struct ext4_span *s)
{
	return s->pblk && !s->unwritten;
}

int ext4_file_span(struct ext4_file *f, uint64_t off, bool *ret_data, uint64_t *ret_len, struct err *e)
{
	uint32_t bits = f->map.r->bits;
	struct ext4_span s;
	int rc;

	if (f->inside) {
		*ret_data = off < f->inside_len;
		*ret_len = (*ret_data ? f->inside_len : f->size) - off;
		return 0;
	}
	rc = find(f, off >> bits, &s, e);
	if (rc < 0)
		return rc;
	*ret_data = is_data(&s);
	*ret_len = MIN((s.lblk + s.len) << bits, f->size) - off;
	if (s.lblk >= f->told) {
		f->mapped += is_data(&s) ? s.len : 0;
		f->told = s.lblk + s.len;
		if (f->mapped > f->map.r->nblocks)
			return ext4_read_bad(e, "inode %u has more blocks than there are", f->map.ino);
	}
	return 0;
}

int ext4_file_read(struct ext4_file *f, void *p, size_t n, uint64_t off, struct err *e)
{
	struct ext4_reader *r = f->map.r;

	if (off > f->size || n > f->size - off)
		return err_set(e, -EINVAL, "inode %u ends at %llu", f->map.ino, (unsigned long long)f->size);
	if (f->inside) {
		size_t k = off < f->inside_len ? MIN(n, f->inside_len - off) : 0;

		if (k)
			memcpy(p, f->inside + off, k);
		memset((uint8_t *)p + k, 0, n - k);
		return 0;
	}
	while (n) {
		struct ext4_span s;
		int rc = find(f, off >> r->bits, &s, e);
		uint64_t into = off & (r->bs - 1);
		size_t piece;

		if (rc < 0)
			return rc;
		piece = MIN(n, (s.len << r->bits) - into);
		if (!is_data(&s))
			memset(p, 0, piece);
		else if ((rc = ext4_read_data(r, s.pblk, into, p, piece, e)) < 0)
			return err_wrap(e, rc, "inode %u", f->map.ino);
		p = (char *)p + piece;
		off += piece;
		n -= piece;
	}
	return 0;
}

int ext4_reader_link(struct ext4_reader *r, uint32_t ino, char **ret, struct err *e)
{
	AUTO_FREE uint8_t *inode = malloc(r->isize);
	AUTO_FREE char *text = NULL;
	const struct ext4_inode *in = (const void *)inode;
	struct ext4_file *f;
	uint64_t size;
	int rc = inode ? ext4_read_inode(r, ino, inode, e) : err_set(e, -ENOMEM, "out of memory");

	if (rc < 0)
		return rc;
	size = ext4_read_size(in);
	if (!S_ISLNK(le16toh(in->mode)))
		return err_set(e, -EINVAL, "inode %u is no symlink", ino);
	if (!size || size > 4096)
		return ext4_read_bad(e, "inode %u is a symlink of %llu bytes", ino, (unsigned long long)size);
	if ((rc = ext4_read_refuse(in, ino, e)) < 0)
		return rc;
	text = calloc(1, size + 1);
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	if (size < EXT4_FAST_LINK && !(in->flags & htole32(EXT4_EXTENTS_FL | EXT4_INLINE_DATA_FL))) {
		memcpy(text, in->block, size);
	} else {
		if ((rc = ext4_file_open_as(r, ino, inode, &f, e)) < 0)
			return rc;
		rc = ext4_file_read(f, text, size, 0, e);
		ext4_file_close(f);
		if (rc < 0)
			return rc;
	}
	if (strlen(text) != size)
		return ext4_read_bad(e, "inode %u is a symlink with a 0 in its target", ino);
	*ret = TAKE(text);
	return 0;
}
