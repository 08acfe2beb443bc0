/* SPDX-License-Identifier: Apache-2.0 */
/* tree-names.h - the table of names beneath tree.h: hashing, and the way along a path. */
#ifndef BERTH_EXT4_TREE_NAMES_H
#define BERTH_EXT4_TREE_NAMES_H

#include "ext4/tree.h"

int names_init(struct ext4_tree *t, struct err *e);
/* A node with its type and else zeros. Moves t->nodes, as adding a name moves t->names. */
int names_new_node(struct ext4_tree *t, uint32_t type, uint32_t *ret, struct err *e);
int names_text(struct ext4_tree *t, const char *p, size_t n, uint32_t *ret, struct err *e);
/* Gives a name its node, in the current layer. */
void names_put(struct ext4_tree *t, uint32_t name, uint32_t node);
/* The name at path, with its parents; made, with node 0, where it is missing. */
int names_place(struct ext4_tree *t, const char *path, uint32_t *ret, struct err *e);
/* The name at path, 0 when it or a parent is not there or path is the root. */
int names_find(struct ext4_tree *t, const char *path, uint32_t *ret, struct err *e);
/* tree.c: puts a directory that no layer described in the place of what the name had. */
int names_make_dir(struct ext4_tree *t, uint32_t name, struct err *e);

#endif
