/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/sink.h"

#include <linux/limits.h>
#include <string.h>

#include "base/auto.h"

#define MAJOR_MAX 4095u
#define MINOR_MAX 1048575u

int ext4_sink_settle(struct ext4_writer *w, int rc)
{
	if (rc < 0) {
		w->over = true;
		w->failed = rc;
	}
	return rc;
}

int ext4_sink_ready(struct ext4_writer *w, struct err *e)
{
	if (w->over)
		return err_set(e, w->failed ? w->failed : -ESTALE, "the file system is %s",
			       w->failed ? "given up after an error" : "finished");
	return 0;
}

static int ready(struct ext4_writer *w, bool in_file, struct err *e)
{
	int rc = ext4_sink_ready(w, e);

	if (rc < 0)
		return rc;
	if (in_file != (w->file.node != 0))
		return err_set(e, -EINVAL,
			       in_file ? "there is no file to write to" : "a file is not complete");
	return 0;
}

static int attr(struct ext4_writer *w, uint32_t type, const struct fs_attr *a, struct tree_attr *ret,
		struct err *e)
{
	uint32_t mode = type | (a->mode & 07777);
	int rc;

	*ret = (struct tree_attr){ .uid = a->uid, .gid = a->gid };
	rc = ext4_xattrs_add(&w->xattrs, a->xattrs, a->nxattrs, &mode, &ret->xattrs, e);
	ret->mode = (uint16_t)(mode & 07777);
	tree_time(&a->mtime, ret->mtime);
	tree_time(&a->atime, ret->atime);
	tree_time(&a->ctime, ret->ctime);
	return rc;
}

static int add_entry(struct ext4_writer *w, const char *path, uint32_t type, const struct fs_attr *a,
		     uint32_t *ret, struct err *e)
{
	struct tree_attr t;
	int rc = ready(w, false, e);

	if (rc < 0)
		return rc;
	rc = attr(w, type, a, &t, e);
	if (rc < 0)
		return err_wrap(e, rc, "'%s'", path);
	if (type == S_IFDIR)
		return tree_add_dir(&w->tree, path, &t, e);
	return tree_add(&w->tree, path, type, &t, ret, e);
}

static int op_layer(struct fs_sink *s, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);
	int rc = ready(w, false, e);

	return ext4_sink_settle(w, rc < 0 ? rc : tree_layer(&w->tree, e));
}

static int op_add_dir(struct fs_sink *s, const char *path, const struct fs_attr *a, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);

	return ext4_sink_settle(w, add_entry(w, path, S_IFDIR, a, NULL, e));
}

static int add_symlink(struct ext4_writer *w, const char *path, const char *target, const struct fs_attr *a,
		       struct err *e)
{
	size_t len = strlen(target);
	struct fs_attr as_linux_has_them = *a;
	uint32_t node, text;
	int rc;

	as_linux_has_them.mode = 0777;
	if (len == 0 || len >= EXT4_BLOCK)
		return err_set(e, len ? -ENAMETOOLONG : -EINVAL,
			       "symbolic link '%s' with a target of %zu bytes", path, len);
	rc = add_entry(w, path, S_IFLNK, &as_linux_has_them, &node, e);
	if (rc < 0 || (rc = tree_text(&w->tree, target, len, &text, e)) < 0)
		return rc;
	w->tree.nodes[node].link.text = text;
	w->tree.nodes[node].size = len;
	return 0;
}

static int op_add_symlink(struct fs_sink *s, const char *path, const char *target, const struct fs_attr *a,
			  struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);

	return ext4_sink_settle(w, add_symlink(w, path, target, a, e));
}

static int add_node(struct ext4_writer *w, const char *path, uint32_t type, uint32_t major, uint32_t minor,
		    const struct fs_attr *a, struct err *e)
{
	bool device = type == S_IFCHR || type == S_IFBLK;
	uint32_t node;
	int rc;

	if (!device && type != S_IFIFO && type != S_IFSOCK)
		return err_set(e, -EINVAL, "'%s' is of an unknown type 0%o", path, type);
	if (device && (major > MAJOR_MAX || minor > MINOR_MAX))
		return err_set(e, -EINVAL, "device '%s' has number %u:%u, at most %u:%u are possible", path,
			       major, minor, MAJOR_MAX, MINOR_MAX);
	rc = add_entry(w, path, type, a, &node, e);
	if (rc == 0 && device) {
		w->tree.nodes[node].dev[0] = major;
		w->tree.nodes[node].dev[1] = minor;
	}
	return rc;
}

static int op_add_node(struct fs_sink *s, const char *path, uint32_t type, uint32_t major, uint32_t minor,
		       const struct fs_attr *a, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);

	return ext4_sink_settle(w, add_node(w, path, type, major, minor, a, e));
}

static int op_add_link(struct fs_sink *s, const char *path, const char *target, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);
	int rc = ready(w, false, e);

	rc = rc < 0 ? rc : tree_add_link(&w->tree, path, target, e);
	return ext4_sink_settle(w, rc < 0 ? err_wrap(e, rc, "'%s'", path) : 0);
}

static int op_add_file(struct fs_sink *s, const char *path, uint64_t size, const struct fs_attr *a,
		       struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);
	uint32_t node;
	int rc;

	if (size > (uint64_t)EXT4_MAX_LBLK << EXT4_BLOCK_BITS)
		rc = err_set(e, -EFBIG, "'%s' has %llu bytes, more than ext4 allows", path,
			     (unsigned long long)size);
	else
		rc = add_entry(w, path, S_IFREG, a, &node, e);
	if (rc == 0) {
		w->file.node = node;
		w->file.size = size;
		w->file.off = 0;
		w->file.nruns = 0;
	}
	return ext4_sink_settle(w, rc);
}

/* A block that has bytes is the last in the buffer, until it is full. */
static uint32_t open_bytes(const struct ext4_writer *w)
{
	return (uint32_t)(w->out.len % EXT4_BLOCK);
}

static void fill_block(struct ext4_writer *w, const uint8_t *p, size_t n)
{
	if (p)
		memcpy(w->out.buf + w->out.len, p, n);
	else
		memset(w->out.buf + w->out.len, 0, n);
	w->out.len += n;
	w->file.off += n;
}

/* At the start of a block, or behind a hole in it: blocks for what follows, as many bytes as fit. */
static int write_blocks(struct ext4_writer *w, const uint8_t *p, size_t n, size_t *ret, struct err *e)
{
	struct ext4_filling *f = &w->file;
	uint32_t skip = (uint32_t)(f->off % EXT4_BLOCK), len, room;
	uint64_t want = (skip + (uint64_t)n + EXT4_BLOCK - 1) / EXT4_BLOCK, pblk;
	uint32_t lblk = (uint32_t)(f->off / EXT4_BLOCK);
	uint8_t *to;
	int rc = ext4_alloc_some(&w->alloc, (uint32_t)MIN(want, EXT4_EXT_MAX_LEN), &pblk, &len, e);

	if (rc < 0 || (rc = runs_append(f, lblk, pblk, len, e)) < 0)
		return rc;
	*ret = MIN(n, (uint64_t)len * EXT4_BLOCK - skip);
	n = *ret;
	for (; len; pblk += room, len -= room) {
		size_t k;

		rc = ext4_out_room(&w->out, pblk, len, &to, &room, e);
		if (rc < 0)
			return rc;
		k = MIN(n, (size_t)room * EXT4_BLOCK - skip);
		memset(to, 0, skip);
		w->out.len += skip;
		skip = 0;
		fill_block(w, p, k);
		p += k;
		n -= k;
	}
	return 0;
}

static int write_file(struct ext4_writer *w, const uint8_t *p, size_t n, struct err *e)
{
	if (n > w->file.size - w->file.off)
		return err_set(e, -EFBIG, "a file is longer than announced");
	while (n) {
		uint32_t open = open_bytes(w);
		size_t k;

		if (open) {
			k = MIN(n, EXT4_BLOCK - open);
			fill_block(w, p, k);
		} else {
			int rc = write_blocks(w, p, n, &k, e);

			if (rc < 0)
				return rc;
		}
		p += k;
		n -= k;
	}
	return 0;
}

static int op_write(struct fs_sink *s, const void *p, size_t n, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);
	int rc = ready(w, true, e);

	return ext4_sink_settle(w, rc < 0 ? rc : write_file(w, p, n, e));
}

static int op_hole(struct fs_sink *s, uint64_t n, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);
	int rc = ready(w, true, e);

	if (rc == 0 && n > w->file.size - w->file.off)
		rc = err_set(e, -EFBIG, "a file is longer than announced");
	if (rc == 0) {
		uint32_t open = open_bytes(w);

		if (open && n) {
			size_t k = MIN(n, EXT4_BLOCK - open);

			fill_block(w, NULL, k);
			n -= k;
		}
		w->file.off += n;
	}
	return ext4_sink_settle(w, rc);
}

static int end_file(struct ext4_writer *w, struct err *e)
{
	struct ext4_filling *f = &w->file;
	uint32_t open = open_bytes(w), node = f->node;

	if (f->off != f->size)
		return err_set(e, -EINVAL, "a file of %llu bytes ends after %llu",
			       (unsigned long long)f->size, (unsigned long long)f->off);
	if (open)
		fill_block(w, NULL, EXT4_BLOCK - open);
	f->node = 0;
	w->tree.nodes[node].size = f->size;
	return tree_set_runs(&w->tree, node, f->runs, f->nruns, e);
}

static int op_end_file(struct fs_sink *s, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);
	int rc = ready(w, true, e);

	return ext4_sink_settle(w, rc < 0 ? rc : end_file(w, e));
}

static int op_whiteout(struct fs_sink *s, const char *path, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);
	int rc = ready(w, false, e);

	return ext4_sink_settle(w, rc < 0 ? rc : tree_whiteout(&w->tree, path, e));
}

static int op_opaque(struct fs_sink *s, const char *path, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);
	int rc = ready(w, false, e);

	return ext4_sink_settle(w, rc < 0 ? rc : tree_opaque(&w->tree, path, e));
}

const struct fs_sink_ops ext4_sink_ops = {
	.layer = op_layer,
	.add_dir = op_add_dir,
	.add_symlink = op_add_symlink,
	.add_node = op_add_node,
	.add_link = op_add_link,
	.add_file = op_add_file,
	.write = op_write,
	.hole = op_hole,
	.end_file = op_end_file,
	.whiteout = op_whiteout,
	.opaque = op_opaque,
};
