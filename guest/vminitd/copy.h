/* SPDX-License-Identifier: Apache-2.0 */
/* copy.h - what the calls that copy share; all of it in a task of its own. */
#ifndef BERTH_GUEST_COPY_H
#define BERTH_GUEST_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/tree-unpack.h"

/* A connection to a port of the host's; < 0. */
int vi_copy_dial(uint32_t port, struct err *e);
/* Nothing more is sent over it. */
int vi_copy_end(int sock, struct err *e);
/* The archive that comes over sock, gzip or not, to its end. into->is_root is set. */
int vi_copy_unpack(struct tree_into *into, int root, int sock, struct tree_stats *stats, struct err *e);
/* The folder path, made if it is missing, with those above it. */
int vi_copy_open_folder(int root, const char *path, const char *rest, mode_t mode, bool make, bool parents, struct err *e);
/* As tree_pack, as gzip or not, with the end. */
int vi_copy_pack(int dir, const char *name, const char *as, int sock, bool plain, struct tree_stats *stats, struct err *e);

#endif
