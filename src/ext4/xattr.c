/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/xattr.h"

#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "ext4/acl.h"
#include "ext4/csum.h"
#include "ext4/layout.h"
#include "ext4/sip.h"

#define ENTRIES_MAX 256u /* more than inode and block can hold */
#define VALUE_MAX EXT4_XATTR_IN_BLOCK
#define SET_MAX (VALUE_MAX + EXT4_XATTR_IN_INODE + 4 * ENTRIES_MAX)

/* An entry, and its head in the arena; name and value stand behind the head. */
struct head {
	uint8_t index, name_len;
	uint16_t len; /* of the value */
};
struct entry {
	struct head h;
	const uint8_t *name, *value;
};

static const struct {
	const char *prefix;
	uint8_t index;
	bool whole; /* the prefix is all of the name */
} prefixes[] = {
	{ "user.", EXT4_XATTR_USER, false },
	{ "system.posix_acl_access", EXT4_XATTR_ACL_ACCESS, true },
	{ "system.posix_acl_default", EXT4_XATTR_ACL_DEFAULT, true },
	{ "trusted.", EXT4_XATTR_TRUSTED, false },
	{ "security.", EXT4_XATTR_SECURITY, false },
};

int ext4_xattrs_init(struct ext4_xattrs *x, struct ext4_mem *mem, struct err *e)
{
	*x = (struct ext4_xattrs){ .mem = mem, .nbuckets = 256, .nsets = 1 };
	x->buckets = calloc(x->nbuckets, sizeof(*x->buckets));
	if (!x->buckets || ext4_vec_reserve(&x->sets, &x->sets_cap, 1, sizeof(*x->sets)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	x->sets[0] = (struct xattr_set){ 0 };
	return file_random(x->key, sizeof(x->key)) < 0 ? err_set(e, -EIO, "no random numbers") : 0;
}

void ext4_xattrs_finish(struct ext4_xattrs *x)
{
	free(x->sets);
	free(x->arena);
	free(x->buckets);
	free(x->block);
	*x = (struct ext4_xattrs){ 0 };
}

static uint32_t pad4(uint32_t n)
{
	return (n + 3) & ~3u;
}

static uint32_t cost(const struct head *h)
{
	return (uint32_t)sizeof(struct ext4_xattr_entry) + pad4(h->name_len) + pad4(h->len);
}

/* The order in which the kernel looks for them: index, length of the name, name. */
static int compare(const void *p, const void *q)
{
	const struct entry *a = p, *b = q;

	if (a->h.index != b->h.index)
		return a->h.index - b->h.index;
	if (a->h.name_len != b->h.name_len)
		return a->h.name_len - b->h.name_len;
	return memcmp(a->name, b->name, a->h.name_len);
}

/* Name and number; false for a name that ext4 has no number for. */
static bool split(const char *name, struct entry *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		size_t n = strlen(prefixes[i].prefix);

		if (strncmp(name, prefixes[i].prefix, n) != 0 || prefixes[i].whole != (name[n] == 0))
			continue;
		ret->h.index = prefixes[i].index;
		ret->name = (const uint8_t *)name + n;
		ret->h.name_len = (uint8_t)strlen(name + n);
		return true;
	}
	return false;
}

/* The bytes of a set in the making. */
struct draft {
	struct entry v[ENTRIES_MAX];
	uint32_t n;
	uint8_t acl[2][VALUE_MAX]; /* converted */
};

static int add_acl(struct draft *d, struct entry *en, const struct fs_xattr *a, uint32_t *mode, struct err *e)
{
	bool access = en->h.index == EXT4_XATTR_ACL_ACCESS;
	int rc;

	if (!access && !S_ISDIR(*mode))
		return err_set(e, -EINVAL, "a default ACL of what is no directory");
	if (S_ISLNK(*mode))
		return err_set(e, -EINVAL, "an ACL of a symbolic link");
	rc = ext4_acl_convert(a->value, a->len, access, mode, d->acl[access], e);
	if (rc <= 0)
		return rc;
	en->value = d->acl[access];
	en->h.len = (uint16_t)rc;
	return 1;
}

/* A later attribute of the same name wins. */
static int draft_add(struct ext4_xattrs *x, struct draft *d, const struct fs_xattr *a, uint32_t *mode,
		     struct err *e)
{
	struct entry en = { 0 };
	uint32_t i;
	int rc = 1;

	if (!split(a->name, &en)) {
		x->dropped++;
		return 0;
	}
	if (strlen(a->name) > XATTR_NAME_MAX)
		return err_set(e, -ERANGE, "an attribute's name of %zu bytes", strlen(a->name));
	if (a->len > VALUE_MAX || d->n == ENTRIES_MAX)
		return err_set(e, -E2BIG, "attribute '%s' of %zu bytes does not fit into ext4", a->name,
			       a->len);
	en.value = a->value;
	en.h.len = (uint16_t)a->len;
	if (en.h.index == EXT4_XATTR_ACL_ACCESS || en.h.index == EXT4_XATTR_ACL_DEFAULT)
		rc = add_acl(d, &en, a, mode, e);
	if (rc <= 0)
		return rc;
	for (i = 0; i < d->n; i++)
		if (compare(&d->v[i], &en) == 0)
			break;
	d->v[i] = en;
	d->n += i == d->n;
	return 0;
}

/* true if entry i of a set that lies in both places is in the inode: each that still fits, in order. */
static bool goes_in_inode(const struct head *h, uint32_t *room)
{
	if (cost(h) > *room)
		return false;
	*room -= cost(h);
	return true;
}

#define INODE_ROOM (EXT4_XATTR_IN_INODE - 4) /* 4 zero bytes end the entries */
#define BLOCK_ROOM (EXT4_XATTR_IN_BLOCK - 4)

static int choose_place(const struct draft *d, uint8_t *ret, struct err *e)
{
	uint32_t all = 0, rest = 0, room = INODE_ROOM;

	for (uint32_t i = 0; i < d->n; i++) {
		all += cost(&d->v[i].h);
		if (!goes_in_inode(&d->v[i].h, &room))
			rest += cost(&d->v[i].h);
	}
	*ret = all <= INODE_ROOM ? XATTR_INODE : all <= BLOCK_ROOM ? XATTR_BLOCK : XATTR_BOTH;
	if (*ret == XATTR_BOTH && rest > BLOCK_ROOM)
		return err_set(e, -E2BIG, "extended attributes of %u bytes do not fit into ext4", all);
	return 0;
}

static void put(uint8_t **p, const void *q, size_t n)
{
	if (n)
		memcpy(*p, q, n);
	*p += n;
}

static int grow(struct ext4_xattrs *x, struct err *e)
{
	uint32_t n = x->nbuckets * 2, *b = calloc(n, sizeof(*b));

	if (!b)
		return err_set(e, -ENOMEM, "out of memory");
	for (uint32_t i = 1; i < x->nsets; i++) {
		uint32_t *head = &b[x->sets[i].hash & (n - 1)];

		x->sets[i].chain = *head;
		*head = i;
	}
	free(x->buckets);
	x->buckets = b;
	x->nbuckets = n;
	return 0;
}

/* Finds or keeps the set. */
static int intern(struct ext4_xattrs *x, const uint8_t *text, uint32_t len, const struct xattr_set *like,
		  uint32_t *ret, struct err *e)
{
	uint32_t h = ext4_sip(x->key, 0, text, len), *bucket;
	int rc;

	for (uint32_t i = x->buckets[h & (x->nbuckets - 1)]; i; i = x->sets[i].chain) {
		if (x->sets[i].hash == h && x->sets[i].len == len &&
		    !memcmp(x->arena + x->sets[i].text, text, len)) {
			*ret = i;
			return 0;
		}
	}
	rc = ext4_mem_charge(x->mem, len + sizeof(*x->sets), e);
	if (rc < 0 || (x->nsets >= x->nbuckets && (rc = grow(x, e)) < 0))
		return rc;
	if (ext4_vec_reserve(&x->arena, &x->arena_cap, (uint64_t)x->arena_len + len, 1) < 0 ||
	    ext4_vec_reserve(&x->sets, &x->sets_cap, (uint64_t)x->nsets + 1, sizeof(*x->sets)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	memcpy(x->arena + x->arena_len, text, len);
	*ret = x->nsets++;
	x->sets[*ret] = *like;
	x->sets[*ret].text = x->arena_len;
	x->sets[*ret].len = len;
	x->sets[*ret].hash = h;
	bucket = &x->buckets[h & (x->nbuckets - 1)];
	x->sets[*ret].chain = *bucket;
	*bucket = *ret;
	x->arena_len += len;
	return 0;
}

int ext4_xattrs_add(struct ext4_xattrs *x, const struct fs_xattr *v, size_t n, uint32_t *mode, uint32_t *ret,
		    struct err *e)
{
	struct xattr_set set = { 0 };
	AUTO_FREE struct draft *d = NULL;
	AUTO_FREE uint8_t *text = NULL;
	uint8_t *p;
	int rc;

	*ret = 0;
	if (!n)
		return 0;
	d = malloc(sizeof(*d));
	if (!d)
		return err_set(e, -ENOMEM, "out of memory");
	d->n = 0;
	for (size_t i = 0; i < n; i++) {
		rc = draft_add(x, d, &v[i], mode, e);
		if (rc < 0)
			return rc;
	}
	if (!d->n)
		return 0;
	qsort(d->v, d->n, sizeof(d->v[0]), compare);
	rc = choose_place(d, &set.place, e);
	if (rc < 0)
		return rc;
	set.n = (uint16_t)d->n;
	p = text = malloc(SET_MAX);
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < d->n; i++) {
		put(&p, &d->v[i].h, sizeof(struct head));
		put(&p, d->v[i].name, d->v[i].h.name_len);
		put(&p, d->v[i].value, d->v[i].h.len);
	}
	return intern(x, text, (uint32_t)(p - text), &set, ret, e);
}

static const uint8_t *next_entry(const uint8_t *p, struct entry *ret)
{
	memcpy(&ret->h, p, sizeof(ret->h));
	ret->name = p + sizeof(ret->h);
	ret->value = ret->name + ret->h.name_len;
	return ret->value + ret->h.len;
}

/* attributes.rst: over the name byte by byte, then over the value in words, filled with zeros. */
static uint32_t entry_hash(const struct entry *en)
{
	uint32_t h = 0;

	for (uint32_t i = 0; i < en->h.name_len; i++)
		h = h << 5 ^ h >> 27 ^ en->name[i];
	for (uint32_t i = 0; i < en->h.len; i += 4) {
		uint32_t word = 0;

		memcpy(&word, en->value + i, MIN(4u, en->h.len - i));
		h = h << 16 ^ h >> 16 ^ le32toh(word);
	}
	return h;
}

/* Entries upwards from p + first, values downwards from p + size; offsets count from p + base. Returns
 * the hash of them all. */
struct area {
	uint8_t *p, *end;
	const uint8_t *base;
	uint32_t hash;
};

static void put_entry(struct area *a, const struct entry *en)
{
	struct ext4_xattr_entry disk = {
		.name_len = en->h.name_len,
		.name_index = en->h.index,
		.value_size = htole32(en->h.len),
		.hash = htole32(entry_hash(en)),
	};

	a->end -= pad4(en->h.len);
	if (en->h.len) {
		disk.value_offs = htole16((uint16_t)(a->end - a->base));
		memcpy(a->end, en->value, en->h.len);
	}
	memcpy(a->p, &disk, sizeof(disk));
	memcpy(a->p + sizeof(disk), en->name, en->h.name_len);
	a->p += sizeof(disk) + pad4(en->h.name_len);
	a->hash = a->hash << 16 ^ a->hash >> 16 ^ le32toh(disk.hash);
}

static void fill(const struct ext4_xattrs *x, uint32_t set, bool inode, struct area *a)
{
	const struct xattr_set *s = &x->sets[set];
	const uint8_t *p = x->arena + s->text;
	uint32_t room = INODE_ROOM;

	for (uint32_t i = 0; i < s->n; i++) {
		struct entry en;
		bool here = s->place != XATTR_BLOCK;

		p = next_entry(p, &en);
		if (s->place == XATTR_BOTH)
			here = goes_in_inode(&en.h, &room);
		if (here == inode)
			put_entry(a, &en);
	}
}

void ext4_xattrs_fill_inode(const struct ext4_xattrs *x, uint32_t set, uint8_t *p)
{
	struct area a = { .p = p + 4, .base = p + 4, .end = p + 4 + EXT4_XATTR_IN_INODE };
	const uint32_t magic = htole32(EXT4_XATTR_MAGIC);

	if (x->sets[set].place == XATTR_BLOCK)
		return;
	fill(x, set, true, &a);
	if (a.p != p + 4)
		memcpy(p, &magic, 4);
}

void ext4_xattrs_fill_block(const struct ext4_xattrs *x, uint32_t set, uint8_t *p, uint64_t pblk,
			    uint32_t refs, uint32_t fs_seed)
{
	struct ext4_xattr_header h = {
		.magic = htole32(EXT4_XATTR_MAGIC),
		.refcount = htole32(refs),
		.blocks = htole32(1),
	};
	struct area a = { .p = p + sizeof(h), .base = p, .end = p + EXT4_BLOCK };
	const uint64_t where = htole64(pblk);

	fill(x, set, false, &a);
	h.hash = htole32(a.hash);
	memcpy(p, &h, sizeof(h));
	h.checksum = htole32(ext4_crc32c(ext4_crc32c(fs_seed, &where, sizeof(where)), p, EXT4_BLOCK));
	memcpy(p, &h, sizeof(h));
}
