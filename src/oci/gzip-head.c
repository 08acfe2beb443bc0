/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/gzip-head.h"

#include <stdbool.h>
#include <stddef.h>

#include <isa-l/crc.h>

#define DEFLATE 8
#define FIXED_LEN 10
#define SUM_LEN 2
#define EXTRA_LEN 2

enum { PART_FIXED, PART_EXTRA_LEN, PART_EXTRA, PART_NAME, PART_COMMENT, PART_SUM, PART_END };

static bool has(const struct gzip_head *h, int part)
{
	static const uint8_t flags[] = {
		[PART_EXTRA_LEN] = 4, [PART_EXTRA] = 4, [PART_NAME] = 8, [PART_COMMENT] = 16, [PART_SUM] = 2,
	};

	return h->flags & flags[part] && (part != PART_EXTRA || h->extra);
}

static int fixed(struct gzip_head *h, uint8_t c, struct err *e)
{
	if ((h->at == 0 && c != 0x1f) || (h->at == 1 && c != 0x8b))
		return err_set(e, -EBADMSG, "gzip: no gzip header where one must be");
	if (h->at == 2 && c != DEFLATE)
		return err_set(e, -EBADMSG, "gzip: unknown compression method");
	if (h->at == 3)
		h->flags = c;
	return h->at == FIXED_LEN - 1;
}

/* 1: the part is complete. */
static int take(struct gzip_head *h, uint8_t c, struct err *e)
{
	switch (h->part) {
	case PART_FIXED:
		return fixed(h, c, e);
	case PART_EXTRA_LEN:
		h->extra |= (uint16_t)(c << 8 * h->at);
		return h->at == EXTRA_LEN - 1;
	case PART_EXTRA:
		return h->at + 1 == h->extra;
	case PART_SUM:
		h->sum |= (uint16_t)(c << 8 * h->at);
		if (h->at < SUM_LEN - 1)
			return 0;
		return h->sum == (h->crc & 0xffff) ? 1 : err_set(e, -EBADMSG, "gzip: wrong check sum");
	default:
		return c == 0;
	}
}

int gzip_head_take(struct gzip_head *h, uint8_t c, struct err *e)
{
	int rc = take(h, c, e);

	if (rc < 0)
		return rc;
	if (h->part != PART_SUM)
		h->crc = crc32_gzip_refl(h->crc, &c, 1);
	h->at += h->part <= PART_EXTRA || h->part == PART_SUM; /* names may be of any length */
	if (rc == 0)
		return 0;
	h->at = 0;
	do
		h->part++;
	while (h->part < PART_END && !has(h, h->part));
	return h->part == PART_END;
}
