/* SPDX-License-Identifier: Apache-2.0 */
/* read-journal.c - what a journal that was not finished says of the file system.
 *
 * Three ways over the log, as the kernel does it: how far it is whole, which blocks were revoked, which
 * blocks have newer text. Nothing is copied: of each block is kept where in the journal its newest text
 * stands, so memory is bounded by the journal's length. See journal.rst. */
#include <string.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/reader-int.h"
#include "ext4/vec.h"

#define KNOWN                                                                                                \
	(JBD2_INCOMPAT_REVOKE | JBD2_INCOMPAT_64BIT | JBD2_INCOMPAT_ASYNC_COMMIT | JBD2_INCOMPAT_CSUM_V2 |   \
	 JBD2_INCOMPAT_CSUM_V3 | JBD2_INCOMPAT_FAST_COMMIT)
#define TAIL_CSUM 4u /* at the end of a block of tags or revocations */

struct revoked {
	uint64_t pblk;
	uint32_t seq;
};

struct journal {
	struct ext4_reader *r;
	struct ext4_map map;
	uint8_t *block; /* the one being looked at */
	uint32_t first, end; /* of the log, in blocks of the journal */
	uint32_t start, seq; /* of the oldest transaction */
	uint32_t stop; /* sequence behind the last whole transaction */
	uint32_t features, seed, tag_bytes;
	bool csum;
	bool old_csum; /* of a whole transaction, in its commit */
	uint32_t crc; /* of the one being looked at */
	struct revoked *revoked;
	uint32_t nrevoked, revoked_cap;
};

static int bad(struct err *e, const char *what)
{
	return ext4_read_bad(e, "its journal %s", what);
}

static uint32_t be32_at(const uint8_t *p)
{
	be32 v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

/* The block of the file system that is block n of the journal. */
static int place(struct journal *j, uint32_t n, uint64_t *ret, struct err *e)
{
	struct ext4_span s;
	int rc = ext4_map_find(&j->map, n, &s, e);

	if (rc < 0)
		return rc;
	if (!s.pblk || s.unwritten)
		return bad(e, "has a hole");
	*ret = s.pblk;
	return 0;
}

static int read_log(struct journal *j, uint32_t n, uint8_t *p, struct err *e)
{
	uint64_t pblk = 0;
	int rc = place(j, n, &pblk, e);

	return rc < 0 ? rc : ext4_read_data(j->r, pblk, 0, p, j->r->bs, e);
}

/* A checksum over the whole block, its own field taken as 0. */
static bool block_csum_ok(struct journal *j, size_t at)
{
	be32 none = 0;
	uint32_t want = be32_at(j->block + at), sum;

	sum = ext4_crc32c(j->seed, j->block, at);
	sum = ext4_crc32c(sum, &none, sizeof(none));
	sum = ext4_crc32c(sum, j->block + at + 4, j->r->bs - at - 4);
	return sum == want;
}

/* CRC-32 of the highest bit first, without inversion. */
static uint32_t crc32_be(uint32_t crc, const uint8_t *p, size_t n)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x04c11db7, 0x09823b6e, 0x0d4326d9, 0x130476dc, 0x17c56b6b,
		0x1a864db2, 0x1e475005, 0x2608edb8, 0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61,
		0x350c9b64, 0x31cd86d3, 0x3c8ea00a, 0x384fbdbd,
	};

	for (; n--; p++) {
		crc = crc << 4 ^ nibble[crc >> 28 ^ *p >> 4];
		crc = crc << 4 ^ nibble[crc >> 28 ^ (*p & 15)];
	}
	return crc;
}

/* Of the commit in j->block; one that was made without any is as good. */
static bool old_csum_ok(const struct journal *j)
{
	uint32_t kind = j->block[12], size = j->block[13], sum = be32_at(j->block + 16);

	return (kind == JBD2_CHECKSUM_CRC32 && size == 4 && sum == j->crc) || (!kind && !size && !sum);
}

/* --- tags */

struct tag {
	uint64_t pblk;
	uint32_t flags, csum;
};

/* The tag at *at; false at the end of them. */
static bool next_tag(const struct journal *j, uint32_t *at, struct tag *ret)
{
	uint32_t room = j->r->bs - (j->csum ? TAIL_CSUM : 0);
	const uint8_t *p = j->block + *at;

	if (*at + j->tag_bytes > room)
		return false;
	ret->pblk = be32_at(p);
	if (j->features & JBD2_INCOMPAT_CSUM_V3) {
		ret->flags = be32_at(p + 4);
		ret->csum = be32_at(p + 12);
	} else {
		ret->flags = be32_at(p + 4) & 0xffff;
		ret->csum = be32_at(p + 4) >> 16;
	}
	if (j->features & JBD2_INCOMPAT_64BIT)
		ret->pblk |= (uint64_t)be32_at(p + 8) << 32;
	*at += j->tag_bytes + (ret->flags & JBD2_TAG_SAME_UUID ? 0 : 16);
	return true;
}

static bool data_csum_ok(struct journal *j, const struct tag *t, uint32_t seq, const uint8_t *p)
{
	const be32 number = htobe32(seq);
	uint32_t sum = ext4_crc32c(ext4_crc32c(j->seed, &number, sizeof(number)), p, j->r->bs);

	return t->csum == (j->features & JBD2_INCOMPAT_CSUM_V3 ? sum : sum & 0xffff);
}

static bool is_revoked(const struct journal *j, uint64_t pblk, uint32_t seq)
{
	/* sorted by number, the newest first */
	uint32_t at = ext4_vec_find(j->revoked, j->nrevoked, sizeof(*j->revoked), pblk);

	return at < j->nrevoked && j->revoked[at].pblk == pblk && (int32_t)(j->revoked[at].seq - seq) >= 0;
}

static int take_block(struct journal *j, const struct tag *t, uint32_t seq, uint32_t log, uint8_t *tmp,
		      struct err *e)
{
	struct ext4_overlay *o = &j->r->overlay;
	struct ext4_overlay_block b = { .pblk = t->pblk, .seq = seq, .escaped = t->flags & JBD2_TAG_ESCAPE };
	int rc;

	if (t->pblk < j->r->first_block || t->pblk >= j->r->nblocks)
		return bad(e, "has a block from outside of the file system");
	if (is_revoked(j, t->pblk, seq))
		return 0;
	rc = place(j, log, &b.at, e);
	if (rc == 0 && j->csum) {
		rc = read_log(j, log, tmp, e);
		if (rc == 0 && !data_csum_ok(j, t, seq, tmp))
			return bad(e, "has a block whose checksum is wrong");
	}
	if (rc < 0)
		return rc;
	if (ext4_vec_reserve(&o->v, &o->cap, (uint64_t)o->n + 1, sizeof(*o->v)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	o->v[o->n++] = b;
	return 0;
}

/* --- the ways over the log */

enum way { WAY_SCAN, WAY_REVOKE, WAY_REPLAY };

static uint32_t wrap(const struct journal *j, uint32_t n)
{
	return n >= j->end ? n - j->end + j->first : n;
}

/* The blocks that a descriptor announces; *ret: how many. */
static int descriptor(struct journal *j, enum way way, uint32_t seq, uint32_t log, uint32_t left,
		      uint32_t *ret, struct err *e)
{
	bool tmp_needed = way == WAY_REPLAY || (way == WAY_SCAN && j->old_csum);
	AUTO_FREE uint8_t *tmp = tmp_needed ? malloc(j->r->bs) : NULL;
	uint32_t at = sizeof(struct jbd2_header), n = 0;
	struct tag t;
	int rc = 0;

	if (tmp_needed && !tmp)
		return err_set(e, -ENOMEM, "out of memory");
	j->crc = crc32_be(j->crc, j->block, way == WAY_SCAN && j->old_csum ? j->r->bs : 0);
	while (rc == 0 && n < left && next_tag(j, &at, &t)) {
		if (way == WAY_REPLAY)
			rc = take_block(j, &t, seq, wrap(j, log + n), tmp, e);
		else if (tmp_needed && (rc = read_log(j, wrap(j, log + n), tmp, e)) == 0)
			j->crc = crc32_be(j->crc, tmp, j->r->bs);
		n++;
		if (t.flags & JBD2_TAG_LAST)
			break;
	}
	*ret = n;
	return rc;
}

static int revocations(struct journal *j, uint32_t seq, struct err *e)
{
	uint32_t len = be32_at(j->block + sizeof(struct jbd2_header));
	uint32_t one = j->features & JBD2_INCOMPAT_64BIT ? 8 : 4;

	if (len > j->r->bs - (j->csum ? TAIL_CSUM : 0))
		return bad(e, "has a wrong list of revocations");
	for (uint32_t at = sizeof(struct jbd2_header) + 4; at + one <= len; at += one) {
		struct revoked v = { be32_at(j->block + at), seq };

		if (one == 8)
			v.pblk = v.pblk << 32 | be32_at(j->block + at + 4);
		if (ext4_vec_reserve(&j->revoked, &j->revoked_cap, (uint64_t)j->nrevoked + 1, sizeof(v)) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		j->revoked[j->nrevoked++] = v;
	}
	return 0;
}

/* From the start to j->stop, or as far as it goes, which then is j->stop. */
static int walk(struct journal *j, enum way way, struct err *e)
{
	uint32_t at = j->start, seq = j->seq, left = j->end - j->first, n = 0;
	bool doubt = false; /* something of this transaction has a wrong checksum */

	while (left && (way == WAY_SCAN || seq != j->stop)) {
		int rc = read_log(j, at, j->block, e);
		uint32_t type = be32_at(j->block + 4);

		if (rc < 0)
			return rc;
		if (be32_at(j->block) != JBD2_MAGIC || be32_at(j->block + 8) != seq)
			break;
		at = wrap(j, at + 1);
		left--;
		if (type == JBD2_DESCRIPTOR) {
			doubt |= j->csum && !block_csum_ok(j, j->r->bs - TAIL_CSUM);
			rc = descriptor(j, way, seq, at, left, &n, e);
			if (rc < 0)
				return rc;
			at = wrap(j, at + n);
			left -= n;
		} else if (type == JBD2_REVOKE) {
			doubt |= j->csum && !block_csum_ok(j, j->r->bs - TAIL_CSUM);
			if (way == WAY_REVOKE && (rc = revocations(j, seq, e)) < 0)
				return rc;
		} else if (type == JBD2_COMMIT) {
			if (j->csum && !block_csum_ok(j, 16))
				break;
			if (way == WAY_SCAN && j->old_csum && !old_csum_ok(j))
				break;
			j->crc = ~0u;
			/* what was cut off by a crash has no commit behind it */
			if (doubt)
				return bad(e, "has a transaction whose checksum is wrong");
			seq++;
		} else {
			break;
		}
	}
	if (way == WAY_SCAN)
		j->stop = seq;
	return 0;
}

static int by_revoked(const void *p, const void *q)
{
	const struct revoked *a = p, *b = q;

	if (a->pblk != b->pblk)
		return a->pblk < b->pblk ? -1 : 1;
	return (int32_t)(b->seq - a->seq) > 0 ? 1 : b->seq == a->seq ? 0 : -1;
}

static int by_block(const void *p, const void *q)
{
	const struct ext4_overlay_block *a = p, *b = q;

	if (a->pblk != b->pblk)
		return a->pblk < b->pblk ? -1 : 1;
	return (int32_t)(a->seq - b->seq) < 0 ? -1 : a->seq != b->seq;
}

/* Of each block the newest stays. */
static void settle(struct ext4_overlay *o)
{
	uint32_t n = 0;

	if (o->n)
		qsort(o->v, o->n, sizeof(*o->v), by_block);
	for (uint32_t i = 0; i < o->n; i++)
		if (i + 1 == o->n || o->v[i + 1].pblk != o->v[i].pblk)
			o->v[n++] = o->v[i];
	o->n = n;
}

/* --- its superblock */

static int fast_commits(struct journal *j, uint32_t count, struct err *e)
{
	int rc;

	if (!(j->features & JBD2_INCOMPAT_FAST_COMMIT))
		return 0;
	count = count ? count : 256;
	if (count >= j->end - j->first)
		return bad(e, "has no room for its log");
	j->end -= count;
	rc = read_log(j, j->end, j->block, e);
	/* a head (tag 9, le16) opens the area when there is something in it */
	if (rc == 0 && j->block[0] == 9 && j->block[1] == 0)
		return err_set(e, -EOPNOTSUPP,
			       "its journal has fast commits: mount it once, or run e2fsck on it");
	return rc;
}

static int take_super(struct journal *j, uint64_t size, struct err *e)
{
	struct jbd2_super sb;
	const uint8_t *raw = (const void *)&sb;
	be32 none = 0;
	uint32_t maxlen;
	int rc = read_log(j, 0, j->block, e);

	if (rc < 0)
		return rc;
	memcpy(&sb, j->block, sizeof(sb));
	if (be32toh(sb.magic) != JBD2_MAGIC || be32toh(sb.blocksize) != j->r->bs)
		return bad(e, "has no superblock");
	if (be32toh(sb.blocktype) == JBD2_SUPER_V2)
		j->features = be32toh(sb.incompat);
	if (j->features & ~KNOWN)
		return err_set(e, -EOPNOTSUPP, "its journal has unknown features (0x%x): run e2fsck on it",
			       j->features & ~KNOWN);
	j->old_csum = be32toh(sb.blocktype) == JBD2_SUPER_V2 && be32toh(sb.compat) & JBD2_COMPAT_CHECKSUM;
	j->crc = ~0u;
	j->csum = j->features & (JBD2_INCOMPAT_CSUM_V2 | JBD2_INCOMPAT_CSUM_V3);
	if (!j->csum && j->features & JBD2_INCOMPAT_ASYNC_COMMIT)
		return err_set(e, -EOPNOTSUPP, "its journal commits without order: run e2fsck on it");
	if (j->csum) {
		uint32_t sum = ext4_crc32c(~0u, raw, 0xfc);

		sum = ext4_crc32c(ext4_crc32c(sum, &none, 4), raw + 0x100, sizeof(sb) - 0x100);
		if (sum != be32_at(raw + 0xfc))
			return bad(e, "has a superblock whose checksum is wrong");
	}
	j->seed = ext4_crc32c(~0u, sb.uuid, sizeof(sb.uuid));
	j->tag_bytes = j->features & JBD2_INCOMPAT_CSUM_V3
			       ? 16
			       : (j->features & JBD2_INCOMPAT_64BIT ? 12 : 8) +
					 (j->features & JBD2_INCOMPAT_CSUM_V2 ? 2 : 0);
	maxlen = be32toh(sb.maxlen);
	j->first = be32toh(sb.first);
	j->end = maxlen;
	j->start = be32toh(sb.start);
	j->seq = be32toh(sb.sequence);
	if (!j->first || j->first >= maxlen || (uint64_t)maxlen << j->r->bits > size)
		return bad(e, "has a wrong length");
	if (!j->start)
		return 0;
	rc = fast_commits(j, be32_at(raw + 0x54), e);
	if (rc == 0 && (j->start < j->first || j->start >= j->end))
		return bad(e, "begins outside of itself");
	return rc;
}

static int replay(struct journal *j, uint64_t size, struct err *e)
{
	int rc = take_super(j, size, e);

	if (rc < 0 || !j->start)
		return rc;
	if ((rc = walk(j, WAY_SCAN, e)) < 0 || (rc = walk(j, WAY_REVOKE, e)) < 0)
		return rc;
	if (j->nrevoked)
		qsort(j->revoked, j->nrevoked, sizeof(*j->revoked), by_revoked);
	rc = walk(j, WAY_REPLAY, e);
	settle(&j->r->overlay);
	j->r->replayed = j->stop - j->seq;
	return rc;
}

int ext4_read_journal(struct ext4_reader *r, struct err *e)
{
	struct journal j = { .r = r };
	AUTO_FREE uint8_t *inode = malloc(r->isize);
	const struct ext4_inode *in = (const void *)inode;
	uint32_t ino = le32toh(r->sb.journal_inum);
	int rc;

	if (!(r->sb.feature_incompat & htole32(EXT4_INCOMPAT_RECOVER)))
		return 0;
	if (!ino)
		return err_set(e, -EOPNOTSUPP,
			       "its journal is on another device and not finished: mount it once, or run "
			       "e2fsck on it");
	j.block = malloc(r->bs);
	rc = inode && j.block ? ext4_read_inode(r, ino, inode, e) : err_set(e, -ENOMEM, "out of memory");
	if (rc == 0) {
		ext4_map_init(&j.map, r, ino, in);
		rc = replay(&j, ext4_read_size(in), e);
		ext4_map_finish(&j.map);
	}
	free(j.block);
	free(j.revoked);
	/* blocks were read as they are without it */
	memset(r->cache.pblk, 0, r->cache.slots * sizeof(*r->cache.pblk));
	return rc;
}
