/* SPDX-License-Identifier: Apache-2.0 */
/* tar-entry.h - what tar writes of one file: its header, with all that a header can say, and the PAX records for the rest. */
#ifndef BERTH_BASE_TAR_ENTRY_H
#define BERTH_BASE_TAR_ENTRY_H

#include <stdint.h>

#include "base/buf.h"
#include "base/fs-sink.h"
#include "base/tar.h"

/* The block as it lies in the archive. */
struct tar_raw {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], fill[12];
};
_Static_assert(sizeof(struct tar_raw) == TAR_BLOCK, "");

unsigned tar_checksum(const struct tar_raw *h);
/* Octal, or base-256 for what is too large for it. */
void tar_set_number(char *field, size_t n, uint64_t v);

struct tar_entry {
	const char *name; /* a folder's ends in '/' */
	const char *link; /* NULL: it is none */
	char type;        /* '0' file, '1' hard link, '2' symlink, '5' folder, '6' FIFO */
	uint64_t size;
	const struct fs_attr *attr;
};
/* Adds all that stands before the entry's bytes. -ENOMEM. */
int tar_entry_add(struct buf *b, const struct tar_entry *en);

#endif
