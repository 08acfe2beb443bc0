/* SPDX-License-Identifier: Apache-2.0 */
/* dir.c - inode numbers, and directories that fit into one block. See directory.rst. */
#include <string.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/dirhash.h"
#include "ext4/writer-int.h"

/* In the order in which they came, which is that of their data on the disk. */
int dirs_number(struct ext4_writer *w, struct err *e)
{
	uint32_t ino = EXT4_FIRST_INO;

	for (uint32_t i = 1; i < w->tree.nnodes; i++) {
		if (w->tree.nodes[i].nlink)
			w->tree.nodes[i].ino = i == TREE_ROOT ? EXT4_ROOT_INO : ino++;
	}
	w->last_ino = ino - 1;
	return 0;
}

static uint8_t ftype(uint16_t mode)
{
	static const struct {
		uint16_t type;
		uint8_t ft;
	} rows[] = {
		{ S_IFREG, EXT4_FT_REG },     { S_IFDIR, EXT4_FT_DIR },  { S_IFCHR, EXT4_FT_CHR },
		{ S_IFBLK, EXT4_FT_BLK },     { S_IFIFO, EXT4_FT_FIFO }, { S_IFSOCK, EXT4_FT_SOCK },
		{ S_IFLNK, EXT4_FT_SYMLINK },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == (mode & S_IFMT))
			return rows[i].ft;
	return EXT4_FT_UNKNOWN;
}

static uint32_t rec_len(uint32_t name_len)
{
	return (8 + name_len + 3) & ~3u;
}

static void put(uint8_t *p, uint32_t ino, uint32_t len, const char *name, uint32_t name_len, uint8_t ft)
{
	struct ext4_dirent d = {
		.ino = htole32(ino),
		.rec_len = htole16((uint16_t)len),
		.name_len = (uint8_t)name_len,
		.ftype = ft,
	};

	memcpy(p, &d, sizeof(d));
	memcpy(p + sizeof(d), name, name_len);
}

uint32_t dir_fill(struct ext4_writer *w, uint8_t *p, uint32_t used, const struct dx_entry *v, uint32_t n,
		  uint32_t *ret_last)
{
	const uint32_t room = EXT4_BLOCK - sizeof(struct ext4_dir_tail);
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct tree_name *name = &w->tree.names[v[i].name];
		const struct tree_node *node = &w->tree.nodes[name->node];
		const char *text = w->tree.arena + name->text;
		uint32_t len = rec_len((uint8_t)text[0]);

		if (used + len > room)
			break;
		put(p + used, node->ino, len, text + 1, (uint8_t)text[0], ftype(node->mode));
		*ret_last = used;
		used += len;
	}
	return i;
}

void dir_dots(uint8_t *p, uint32_t ino, uint32_t parent_ino)
{
	put(p, ino, 12, ".", 1, EXT4_FT_DIR);
	put(p + 12, parent_ino, 12, "..", 2, EXT4_FT_DIR);
}

void dir_seal(uint8_t *p, uint32_t last, uint32_t seed)
{
	struct ext4_dir_tail t = { .rec_len = htole16(sizeof(t)), .ftype = EXT4_FT_CSUM };
	const uint32_t end = EXT4_BLOCK - sizeof(t);
	const le16 len = htole16((uint16_t)(end - last));

	memcpy(p + last + offsetof(struct ext4_dirent, rec_len), &len, sizeof(len));
	t.checksum = htole32(ext4_crc32c(seed, p, end));
	memcpy(p + end, &t, sizeof(t));
}

/* A directory on the way to the disk. */
struct listing {
	struct dx_entry *v;
	uint32_t n, cap, subdirs;
	uint32_t bytes; /* that the entries take, at most a little over a block */
};

static int list(struct ext4_writer *w, uint32_t node, struct listing *l, struct err *e)
{
	const struct ext4_tree *t = &w->tree;

	l->n = l->subdirs = l->bytes = 0;
	for (uint32_t c = t->nodes[node].dir.head; c; c = t->names[c].next) {
		if (!t->names[c].node)
			continue;
		if (ext4_vec_reserve(&l->v, &l->cap, (uint64_t)l->n + 1, sizeof(*l->v)) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		l->v[l->n++] = (struct dx_entry){ .name = c };
		l->subdirs += tree_is_dir(&t->nodes[t->names[c].node]);
		if (l->bytes <= EXT4_BLOCK)
			l->bytes += rec_len((uint8_t)t->arena[t->names[c].text]);
	}
	return 0;
}

static int write_one_block(struct ext4_writer *w, uint32_t node, uint32_t parent_ino, const struct listing *l,
			   struct err *e)
{
	struct tree_node *n = &w->tree.nodes[node];
	struct ext4_run run = { 0 };
	uint32_t last = 12;
	uint8_t *p;
	int rc = ext4_alloc_some(&w->alloc, 1, &run.pblk, &run.len, e);

	if (rc < 0 || (rc = ext4_out_block(&w->out, run.pblk, &p, e)) < 0)
		return rc;
	dir_dots(p, n->ino, parent_ino);
	dir_fill(w, p, 24, l->v, l->n, &last);
	dir_seal(p, last, ext4_csum_inode_seed(w->fs_seed, n->ino));
	n->size = EXT4_BLOCK;
	return tree_set_runs(&w->tree, node, &run, 1, e);
}

static int write_dir(struct ext4_writer *w, uint32_t node, struct listing *l, struct err *e)
{
	struct ext4_tree *t = &w->tree;
	uint32_t parent_ino = t->nodes[t->nodes[node].dir.parent].ino;
	int rc = list(w, node, l, e);

	if (rc < 0)
		return rc;
	/* dir_nlink: 1 stands for too many to count */
	t->nodes[node].nlink = l->subdirs + 2 > EXT4_LINK_MAX ? 1 : l->subdirs + 2;
	if (l->bytes + 24 + sizeof(struct ext4_dir_tail) <= EXT4_BLOCK)
		return write_one_block(w, node, parent_ino, l, e);
	for (uint32_t i = 0; i < l->n; i++) {
		const char *text = t->arena + t->names[l->v[i].name].text;

		l->v[i].hash = ext4_dirhash(text + 1, (uint8_t)text[0], w->hash_seed);
	}
	return dx_write(w, node, parent_ino, l->v, l->n, e);
}

static int write_link(struct ext4_writer *w, struct tree_node *n, struct err *e)
{
	uint32_t len;
	uint8_t *p;
	int rc = ext4_alloc_some(&w->alloc, 1, &n->link.pblk, &len, e);

	if (rc < 0 || (rc = ext4_out_block(&w->out, n->link.pblk, &p, e)) < 0)
		return rc;
	memcpy(p, w->tree.arena + n->link.text, n->size);
	return 0;
}

int dirs_write(struct ext4_writer *w, struct err *e)
{
	struct listing l = { 0 };
	int rc = 0;

	for (uint32_t i = 1; i < w->tree.nnodes && rc == 0; i++) {
		struct tree_node *n = &w->tree.nodes[i];

		if (!n->nlink)
			continue;
		if (S_ISLNK(n->mode) && n->size >= EXT4_FAST_LINK)
			rc = write_link(w, n, e);
		else if (tree_is_dir(n))
			rc = write_dir(w, i, &l, e);
	}
	free(l.v);
	return rc;
}
