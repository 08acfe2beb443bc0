/* SPDX-License-Identifier: Apache-2.0 */
/* layer-past.h - the headers of the entry at hand, as they stand in the stream, for what libarchive does not tell of
 * them: whether a time of a PAX record that is less than a second from 1970 lies before it. Nothing is copied but what
 * a header loses by the end of a chunk. */
#ifndef BERTH_OCI_LAYER_PAST_H
#define BERTH_OCI_LAYER_PAST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct layer_past {
	const uint8_t *chunk; /* the last that came */
	size_t len;
	uint64_t at; /* its offset in the stream */
	struct buf kept; /* what is right before it */
	uint64_t from; /* where the headers begin */
	bool on; /* headers are being read */
};

void layer_past_finish(struct layer_past *p);
/* Headers begin at that offset; and they are over. */
void layer_past_begin(struct layer_past *p, uint64_t from);
void layer_past_end(struct layer_past *p);
/* Before the chunk that was lent goes, and with the next. */
int layer_past_keep(struct layer_past *p);
void layer_past_chunk(struct layer_past *p, const void *chunk, size_t len);
/* Does the PAX record key of the entry whose headers begin at that offset hold a number with a minus? 1, 0, -errno with
 * words. */
int layer_past_minus(const struct layer_past *p, uint64_t at, const char *key, struct err *e);

#endif
