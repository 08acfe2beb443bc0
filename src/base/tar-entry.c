/* SPDX-License-Identifier: Apache-2.0 */
/* tar-entry.c - what tar writes of one file. */
#include "base/tar-entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OCTAL_MAX (UINT64_C(1) << 33) /* of 11 digits */

void tar_set_number(char *field, size_t n, uint64_t v)
{
	if (v < UINT64_C(1) << (3 * (n - 1))) {
		snprintf(field, n, "%0*" PRIo64, (int)n - 1, v);
		return;
	}
	memset(field, 0, n);
	for (size_t i = 0; i < 8 && i < n; i++)
		field[n - 1 - i] = (char)(v >> (8 * i));
	field[0] = (char)0x80;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself. */
static int add_record(struct buf *b, const char *prefix, const char *key, const void *value, size_t len)
{
	size_t rest = 3 + strlen(prefix) + strlen(key) + len, digits = 1, all;

	for (size_t n = 10; rest + digits >= n; n *= 10)
		digits++;
	all = rest + digits;
	if (buf_addf(b, "%zu %s%s=", all, prefix, key) < 0 || buf_add(b, value, len) < 0)
		return -ENOMEM;
	return buf_addc(b, '\n');
}

static int add_mtime(struct buf *b, const struct fs_time *t)
{
	bool minus = t->sec < 0;
	uint32_t nsec = minus && t->nsec ? 1000000000 - t->nsec : t->nsec;
	uint64_t sec = minus ? (uint64_t)-(t->sec + (t->nsec != 0)) : (uint64_t)t->sec;
	char text[48];
	int n = snprintf(text, sizeof(text), "%s%" PRIu64 ".%09u", minus ? "-" : "", sec, nsec);

	return add_record(b, "", "mtime", text, (size_t)n);
}

static int add_records(struct buf *b, const struct tar_entry *en)
{
	const struct fs_attr *a = en->attr;
	int rc = 0;

	if (strlen(en->name) > sizeof(((struct tar_raw *)NULL)->name))
		rc = add_record(b, "", "path", en->name, strlen(en->name));
	if (rc == 0 && en->link && strlen(en->link) > sizeof(((struct tar_raw *)NULL)->link))
		rc = add_record(b, "", "linkpath", en->link, strlen(en->link));
	if (rc == 0 && (a->mtime.nsec || a->mtime.sec < 0 || (uint64_t)a->mtime.sec >= OCTAL_MAX))
		rc = add_mtime(b, &a->mtime);
	for (size_t i = 0; rc == 0 && i < a->nxattrs; i++)
		rc = add_record(b, "SCHILY.xattr.", a->xattrs[i].name, a->xattrs[i].value, a->xattrs[i].len);
	return rc;
}

static int add_block(struct buf *b, const char *name, const char *link, char type, uint64_t size, const struct fs_attr *a)
{
	struct tar_raw h = { .type = type, .magic = "ustar", .version = { '0', '0' } };

	memcpy(h.name, name, strnlen(name, sizeof(h.name)));
	if (link)
		memcpy(h.link, link, strnlen(link, sizeof(h.link)));
	tar_set_number(h.mode, sizeof(h.mode), a->mode & 07777);
	tar_set_number(h.uid, sizeof(h.uid), a->uid);
	tar_set_number(h.gid, sizeof(h.gid), a->gid);
	tar_set_number(h.size, sizeof(h.size), size);
	tar_set_number(h.mtime, sizeof(h.mtime), a->mtime.sec < 0 || (uint64_t)a->mtime.sec >= OCTAL_MAX ? 0 :
					     (uint64_t)a->mtime.sec);
	snprintf(h.sum, sizeof(h.sum), "%06o", tar_checksum(&h));
	h.sum[7] = ' ';
	return buf_add(b, &h, sizeof(h));
}

int tar_entry_add(struct buf *b, const struct tar_entry *en)
{
	static const uint8_t zeros[TAR_BLOCK];
	static const struct fs_attr plain = { .mode = 0644 };
	struct buf pax = { 0 };
	int rc = add_records(&pax, en);

	if (rc == 0 && pax.len) {
		rc = add_block(b, "PaxHeaders/name", NULL, 'x', pax.len, &plain);
		if (rc == 0)
			rc = buf_add(b, pax.p, pax.len);
		if (rc == 0)
			rc = buf_add(b, zeros, tar_fill(pax.len));
	}
	buf_finish(&pax);
	return rc < 0 ? rc : add_block(b, en->name, en->link, en->type, en->size, en->attr);
}
