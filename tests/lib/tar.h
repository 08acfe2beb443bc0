/* SPDX-License-Identifier: Apache-2.0 */
/* tar.h - tar streams made by hand, for tests: nothing is checked, all can be said. */
#ifndef BERTH_TESTS_TAR_H
#define BERTH_TESTS_TAR_H

#include <stdint.h>

#include "base/buf.h"

struct tar_entry {
	const char *name, *link;
	char type; /* '0' file … as in ustar; 0 counts as '0' */
	unsigned mode; /* 0: 0755 for folders, 0777 for links, else 0644 */
	unsigned uid, gid;
	long long mtime;
	unsigned major, minor;
	const char *data; /* NULL: none */
	size_t len; /* 0: strlen(data) */
	uint64_t size; /* says another size than there is data; 0: the data's */
};

void tar_add(struct buf *b, const struct tar_entry *e);
/* A PAX header for the entry that follows, of records "key=value" each; NULL ends them. */
void tar_pax(struct buf *b, const char *const *records);
/* A record with any bytes as value. */
void tar_pax_bytes(struct buf *b, const char *key, const void *value, size_t len);
/* The two blocks at the end. */
void tar_end(struct buf *b);

#endif
