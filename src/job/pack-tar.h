/* SPDX-License-Identifier: Apache-2.0 */
/* pack-tar.h - entries of ext4 file systems as a PAX tar: names of any bytes, nanoseconds, attributes, ACLs,
 * devices, hard links, holes. Sockets are left out: tar has none. */
#ifndef BERTH_JOB_PACK_TAR_H
#define BERTH_JOB_PACK_TAR_H

#include <stdint.h>

#include "ext4/reader.h"

struct pack_out;
struct pack_tar;

/* out outlives it. */
int pack_tar_create(struct pack_out *out, struct pack_tar **ret, struct err *e);
/* moved is called whenever bytes went out, within a large file too. */
void pack_tar_watch(struct pack_tar *t, void (*moved)(void *arg), void *arg);
/* path: without a leading '/'; "" is the root, "./" in the tar. */
int pack_tar_add(struct pack_tar *t, struct ext4_reader *r, const char *path, const struct ext4_stat *st,
		 struct err *e);
/* An empty file of that name, as the markers of layers are. */
int pack_tar_mark(struct pack_tar *t, const char *path, struct err *e);
/* The end of the tar. */
int pack_tar_end(struct pack_tar *t, struct err *e);
void pack_tar_destroy(struct pack_tar *t);
uint64_t pack_tar_entries(const struct pack_tar *t);
uint64_t pack_tar_left_out(const struct pack_tar *t); /* sockets */

#endif
