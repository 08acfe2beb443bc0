/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/acl.h"

#include <endian.h>
#include <string.h>

enum { USER_OBJ = 0x01, USER = 0x02, GROUP_OBJ = 0x04, GROUP = 0x08, MASK = 0x10, OTHER = 0x20 };

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return le32toh(v);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static int bad(struct err *e, const char *why)
{
	return err_set(e, -EINVAL, "a POSIX ACL %s", why);
}

/* Tags come in this order, one each but for named users and groups; a mask must be there if one of those
 * is. Fills perm by the kind of tag. */
static int check(const uint8_t *p, size_t n, uint16_t *ret_seen, uint16_t perm[0x21], struct err *e)
{
	uint16_t seen = 0, last = 0;

	for (; n; p += 8, n -= 8) {
		uint16_t tag = get16(p);

		if (tag != USER_OBJ && tag != USER && tag != GROUP_OBJ && tag != GROUP && tag != MASK &&
		    tag != OTHER)
			return bad(e, "with an unknown tag");
		if (get16(p + 2) > 7)
			return bad(e, "with unknown permissions");
		if (tag < last || (tag == last && tag != USER && tag != GROUP))
			return bad(e, "out of order");
		last = tag;
		seen |= tag;
		perm[tag] = get16(p + 2);
	}
	if ((seen & (USER_OBJ | GROUP_OBJ | OTHER)) != (USER_OBJ | GROUP_OBJ | OTHER))
		return bad(e, "without user, group or others");
	if ((seen & (USER | GROUP)) && !(seen & MASK))
		return bad(e, "without a mask");
	*ret_seen = seen;
	return 0;
}

int ext4_acl_convert(const void *p, size_t n, bool access, uint32_t *mode, uint8_t *ret, struct err *e)
{
	const uint8_t *in = p;
	uint8_t *out = ret;
	uint16_t perm[0x21] = { 0 }, seen = 0;
	const uint32_t version = htole32(1);
	int rc;

	if (n < 4 || n % 8 != 4 || get32(in) != 2)
		return bad(e, "of an unknown form");
	if (n == 4)
		return 0;
	rc = check(in + 4, n - 4, &seen, perm, e);
	if (rc < 0)
		return rc;
	if (access)
		*mode = (*mode & ~0777u) | (uint32_t)perm[USER_OBJ] << 6 |
			(uint32_t)perm[seen & MASK ? MASK : GROUP_OBJ] << 3 | perm[OTHER];
	if (access && seen == (USER_OBJ | GROUP_OBJ | OTHER))
		return 0;
	memcpy(out, &version, 4);
	out += 4;
	for (size_t i = 4; i < n; i += 8) {
		uint16_t tag = get16(in + i);
		size_t len = tag == USER || tag == GROUP ? 8 : 4;

		memcpy(out, in + i, len);
		out += len;
	}
	return (int)(out - ret);
}
