/* SPDX-License-Identifier: Apache-2.0 */
/* layer-acl.c - from libarchive's list of ACL entries to the kernel's xattr. */
#include "oci/layer-acl.h"

#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>

#include "base/auto.h"

#define ACL_VERSION 2
#define ACL_NO_ID UINT32_MAX

enum {
	TAG_USER_OBJ = 0x01,
	TAG_USER = 0x02,
	TAG_GROUP_OBJ = 0x04,
	TAG_GROUP = 0x08,
	TAG_MASK = 0x10,
	TAG_OTHER = 0x20
};

struct entry {
	uint16_t tag, perm;
	uint32_t id;
};

/* The order in which the kernel wants them. */
static int compare(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->tag != b->tag)
		return a->tag < b->tag ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

static uint16_t tag_of(int tag)
{
	switch (tag) {
	case ARCHIVE_ENTRY_ACL_USER_OBJ:
		return TAG_USER_OBJ;
	case ARCHIVE_ENTRY_ACL_USER:
		return TAG_USER;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
		return TAG_GROUP_OBJ;
	case ARCHIVE_ENTRY_ACL_GROUP:
		return TAG_GROUP;
	case ARCHIVE_ENTRY_ACL_MASK:
		return TAG_MASK;
	case ARCHIVE_ENTRY_ACL_OTHER:
		return TAG_OTHER;
	default:
		return 0;
	}
}

/* Fills v (room for n) with the entries of that type; their number or -EINVAL. */
static int collect(struct archive_entry *ae, int want, struct entry *v, int n, struct err *e)
{
	int type, perm, tag, id, got = 0;
	const char *name;

	while (got < n && archive_entry_acl_next(ae, want, &type, &perm, &tag, &id, &name) == ARCHIVE_OK) {
		bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;
		uint16_t t = tag_of(tag);

		if (!t)
			return err_set(e, -EINVAL, "an ACL that is not of the POSIX kind");
		if (named && id < 0)
			return err_set(e, -EINVAL, "an ACL for '%s' that does not say the number",
				       name ? name : "?");
		v[got++] = (struct entry){ t, (uint16_t)(perm & 7), named ? (uint32_t)id : ACL_NO_ID };
	}
	return got;
}

static void set_mode(const struct entry *v, int n, uint32_t *mode)
{
	uint32_t user = 0, group = 0, other = 0;
	bool mask = false;

	for (int i = 0; i < n; i++) {
		if (v[i].tag == TAG_USER_OBJ)
			user = v[i].perm;
		else if (v[i].tag == TAG_OTHER)
			other = v[i].perm;
		else if (v[i].tag == TAG_MASK || (v[i].tag == TAG_GROUP_OBJ && !mask))
			group = v[i].perm, mask = v[i].tag == TAG_MASK;
	}
	*mode = (*mode & 07000) | user << 6 | group << 3 | other;
}

int layer_acl_xattr(struct archive_entry *ae, int type, struct buf *ret, uint32_t *mode, struct err *e)
{
	int n = archive_entry_acl_reset(ae, type);
	if (n <= 0)
		return 0;
	AUTO_FREE struct entry *v = calloc((size_t)n, sizeof(*v));
	if (!v)
		return err_set(e, -ENOMEM, "cannot read an ACL: out of memory");

	n = collect(ae, type, v, n, e);
	if (n <= 0)
		return n;
	qsort(v, (size_t)n, sizeof(*v), compare);
	if (type == ARCHIVE_ENTRY_ACL_TYPE_ACCESS) {
		set_mode(v, n, mode);
		if (n <= 3)
			return 0;
	}

	uint32_t version = htole32(ACL_VERSION);
	int rc = buf_add(ret, &version, sizeof(version));
	for (int i = 0; i < n && rc == 0; i++) {
		struct entry d = { htole16(v[i].tag), htole16(v[i].perm), htole32(v[i].id) };
		rc = buf_add(ret, &d, sizeof(d));
	}
	return rc < 0 ? err_set(e, rc, "cannot read an ACL: out of memory") : 0;
}
