/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - the tree while it grows: names, nodes (inodes to be) and the rules of layers.
 *
 * Names and nodes are known by number, from 1 on; 0 is none. Neither is ever reused, so a number stays
 * good. A name that was removed keeps its place with node 0 and may come back. No recursion is as deep
 * as the tree. */
#ifndef BERTH_EXT4_TREE_H
#define BERTH_EXT4_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fs-sink.h"
#include "ext4/alloc.h"
#include "ext4/vec.h"

enum { TREE_ROOT = 1 };

struct tree_name {
	uint32_t dir; /* node of the directory it is in */
	uint32_t text; /* in the arena: u8 length, then the bytes */
	uint32_t node; /* 0: removed */
	uint32_t chain; /* next name of the same hash bucket */
	uint32_t next; /* next name of the same directory, in the order they came */
	uint16_t layer; /* that put it there last */
	uint16_t listed; /* it is in the directory's list */
};

struct tree_dir {
	uint32_t head, tail; /* names in it, removed ones among them */
	uint32_t parent; /* node; the root's is itself */
	uint16_t pruned; /* layer that last hid what lower layers put here */
};
struct tree_data {
	uint64_t pblk; /* nruns 1: the run; more: first of them in tree.runs */
	uint32_t nruns; /* 0: nothing but holes */
	uint32_t len; /* nruns 1: blocks of the run, which begins at block 0 of the file */
};
struct tree_link {
	uint64_t pblk; /* of a target too long for the inode, set when it is written */
	uint32_t text; /* in the arena, not terminated; node.size is its length */
};

struct tree_node {
	uint64_t size;
	union {
		struct tree_dir dir;
		struct tree_data data; /* regular files, and directories once they are written */
		struct tree_link link;
		uint32_t dev[2]; /* major, minor */
	};
	uint32_t uid, gid;
	uint32_t atime[2], ctime[2], mtime[2]; /* as on the disk: seconds, then the extra word */
	uint32_t xattrs; /* a set of xattr.h; 0 for none */
	uint32_t nlink; /* names; 0: the node is gone */
	uint32_t ino; /* given at finish */
	uint16_t mode; /* type and permissions */
	uint16_t indexed; /* the directory's blocks are a hash tree */
};

struct ext4_tree {
	struct ext4_mem *mem;
	struct ext4_alloc *alloc;
	struct tree_name *names;
	struct tree_node *nodes;
	struct ext4_run *runs; /* of files with more than one */
	char *arena;
	uint32_t *buckets;
	uint32_t nnames, names_cap, nnodes, nodes_cap, nruns, runs_cap, arena_len, arena_cap, nbuckets;
	uint64_t key[2];
	uint16_t layer;
	char *last_path; /* the parent found last, PATH_MAX bytes */
	size_t last_len;
	uint32_t last_dir; /* 0: none */
};

/* mem and alloc are lent. The tree has a root of mode 0755, owner 0:0, time at. */
int tree_init(struct ext4_tree *t, struct ext4_mem *mem, struct ext4_alloc *alloc, int64_t at, struct err *e);
void tree_finish(struct ext4_tree *t);
int tree_layer(struct ext4_tree *t, struct err *e);

/* An attribute set and mode, checked, ready for a node. */
struct tree_attr {
	uint32_t uid, gid, xattrs;
	uint32_t atime[2], ctime[2], mtime[2];
	uint16_t mode; /* permissions */
};
void tree_time(const struct fs_time *t, uint32_t ret[2]);

/* Makes or renews the directory at path. */
int tree_add_dir(struct ext4_tree *t, const char *path, const struct tree_attr *a, struct err *e);
/* Puts a new node of another type (S_IFREG…) there and returns its number; its contents are the
 * caller's to fill in. What stood there goes. */
int tree_add(struct ext4_tree *t, const char *path, uint32_t type, const struct tree_attr *a, uint32_t *ret,
	     struct err *e);
/* Bytes for a node: where they are in the arena. */
int tree_text(struct ext4_tree *t, const char *p, size_t n, uint32_t *ret, struct err *e);
/* Appends runs for a node and fills in its data. */
int tree_set_runs(struct ext4_tree *t, uint32_t node, const struct ext4_run *runs, uint32_t n, struct err *e);
/* The run i of a node's data. */
struct ext4_run tree_run(const struct ext4_tree *t, const struct tree_node *n, uint32_t i);
int tree_add_link(struct ext4_tree *t, const char *path, const char *target, struct err *e);
int tree_whiteout(struct ext4_tree *t, const char *path, struct err *e);
int tree_opaque(struct ext4_tree *t, const char *path, struct err *e);

static inline bool tree_is_dir(const struct tree_node *n)
{
	return S_ISDIR(n->mode);
}

#endif
