/* SPDX-License-Identifier: Apache-2.0 */
/* gzip-head.h - the header of a gzip member, RFC 1952, byte by byte: ISA-L does not get the check sum of a header right
 * that comes in pieces. No I/O. */
#ifndef BERTH_OCI_GZIP_HEAD_H
#define BERTH_OCI_GZIP_HEAD_H

#include <stdint.h>

#include "base/err.h"

/* Zeroed at the beginning. */
struct gzip_head {
	uint8_t part, flags;
	uint16_t extra; /* bytes of the extra field */
	uint16_t sum;   /* as the header says */
	uint32_t at;    /* bytes of this part that have come; of a name no more than matters */
	uint32_t crc;   /* of all before the sum */
};

/* The next byte: 1: it was the last; 0: more must come; -EBADMSG with words. */
int gzip_head_take(struct gzip_head *h, uint8_t c, struct err *e);

#endif
