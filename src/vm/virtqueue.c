/* SPDX-License-Identifier: Apache-2.0 */
/* virtqueue.c - the device's side of split virtqueues. */
#include "vm/virtqueue.h"

#include <endian.h>
#include <string.h>

#define DESC_NEXT 1
#define DESC_WRITE 2
#define DESC_INDIRECT 4
#define AVAIL_NO_INTERRUPT 1

static void *region_at(const struct guest_region *r, uint64_t base, uint64_t addr, uint64_t len)
{
	uint64_t off = addr - base;

	if (addr < base || off >= r->size || len > r->size - off)
		return NULL;
	return r->host + off;
}

void *guest_mem_at(const struct guest_mem *m, uint64_t gpa, uint64_t len)
{
	void *p = NULL;

	for (unsigned i = 0; i < m->n && !p; i++)
		p = region_at(&m->r[i], m->r[i].gpa, gpa, len);
	return p;
}

void *guest_mem_at_user(const struct guest_mem *m, uint64_t uva, uint64_t len)
{
	void *p = NULL;

	for (unsigned i = 0; i < m->n && !p; i++)
		p = region_at(&m->r[i], m->r[i].uva, uva, len);
	return p;
}

/* Ring fields are naturally aligned (checked by virtq_init); the compiler must neither tear nor repeat. */
static uint16_t load16(const void *p, int order)
{
	return le16toh(__atomic_load_n((const uint16_t *)p, order));
}

static void store16(void *p, uint16_t v, int order)
{
	__atomic_store_n((uint16_t *)p, htole16(v), order);
}

static uint16_t avail_idx(const struct virtq *q)
{
	return load16(q->avail + 2, __ATOMIC_ACQUIRE);
}

static int dead(struct virtq *q, const char *why)
{
	q->broken = why;
	return -EPROTO;
}

int virtq_init(struct virtq *q, const struct guest_mem *mem, unsigned num, uint16_t base, uint64_t desc_uva,
	       uint64_t avail_uva, uint64_t used_uva, bool event_idx, struct err *e)
{
	void *desc, *avail, *used;

	if (num == 0 || num > VIRTQ_SIZE_MAX || (num & (num - 1)))
		return err_set(e, -EINVAL, "virtqueue of %u entries", num);
	desc = guest_mem_at_user(mem, desc_uva, 16ull * num);
	avail = guest_mem_at_user(mem, avail_uva, 6 + 2ull * num);
	used = guest_mem_at_user(mem, used_uva, 6 + 8ull * num);
	if (!desc || !avail || !used)
		return err_set(e, -EINVAL, "virtqueue outside of guest memory");
	if (((uintptr_t)desc & 15) || ((uintptr_t)avail & 1) || ((uintptr_t)used & 3))
		return err_set(e, -EINVAL, "virtqueue is not aligned");
	*q = (struct virtq){ .mem = mem, .num = (uint16_t)num, .last_avail = base, .desc = desc, .avail = avail,
			     .used = used, .event_idx = event_idx };
	/* A device that comes back goes on where the used ring stands. */
	q->used_idx = q->signalled = load16(q->used + 2, __ATOMIC_RELAXED);
	return 0;
}

/* Descriptor i of a table, read once. */
static void desc_load(const struct virtq_desc *d, struct virtq_desc *ret)
{
	ret->addr = le64toh(__atomic_load_n(&d->addr, __ATOMIC_RELAXED));
	ret->len = le32toh(__atomic_load_n(&d->len, __ATOMIC_RELAXED));
	ret->flags = load16(&d->flags, __ATOMIC_RELAXED);
	ret->next = load16(&d->next, __ATOMIC_RELAXED);
}

/* An indirect table: alone in its chain, of whole entries, within memory. */
static const struct virtq_desc *indirect_table(struct virtq *q, const struct virtq_desc *d)
{
	void *p;

	if ((d->flags & DESC_NEXT) || d->len == 0 || d->len % sizeof(*d) ||
	    d->len / sizeof(*d) > VIRTQ_SIZE_MAX)
		return NULL;
	p = guest_mem_at(q->mem, d->addr, d->len);
	return p && ((uintptr_t)p & 7) == 0 ? p : NULL;
}

static int chain_load(struct virtq *q, unsigned head, bool writable, struct virtq_chain *ret)
{
	const struct virtq_desc *table = q->desc;
	unsigned count = q->num, i = head, seen = 0;
	bool indirect = false;
	struct virtq_desc d;

	ret->head = (uint16_t)head;
	ret->niov = 0;
	ret->len = 0;
	for (;; i = d.next) {
		if (i >= count || seen++ >= count)
			return dead(q, "descriptor index or loop");
		desc_load(&table[i], &d);
		if (d.flags & DESC_INDIRECT) {
			if (ret->niov || indirect)
				return dead(q, "indirect table within a chain");
			table = indirect_table(q, &d);
			if (!table)
				return dead(q, "indirect table");
			indirect = true;
			count = d.len / sizeof(d);
			seen = 0;
			d.next = 0;
			continue;
		}
		if (!!(d.flags & DESC_WRITE) != writable)
			return dead(q, "direction of a buffer");
		if (d.len) {
			void *p = guest_mem_at(q->mem, d.addr, d.len);

			if (!p)
				return dead(q, "buffer outside of memory");
			if (ret->niov == VIRTQ_IOV_MAX)
				return dead(q, "too many buffers in a chain");
			ret->iov[ret->niov++] = (struct iovec){ p, d.len };
			ret->len += d.len;
		}
		if (!(d.flags & DESC_NEXT))
			break;
	}
	return ret->niov ? 1 : dead(q, "chain without bytes");
}

int virtq_peek(struct virtq *q, unsigned ahead, bool writable, struct virtq_chain *ret)
{
	uint16_t posted, at;

	if (q->broken)
		return -EPROTO;
	posted = (uint16_t)(avail_idx(q) - q->last_avail);
	if (posted > q->num)
		return dead(q, "ring index jumped");
	if (posted <= ahead)
		return 0;
	at = (uint16_t)(q->last_avail + ahead) & (q->num - 1);
	return chain_load(q, load16(q->avail + 4 + 2u * at, __ATOMIC_RELAXED), writable, ret);
}

void virtq_push(struct virtq *q, uint16_t head, uint32_t written)
{
	uint8_t *elem = q->used + 4 + 8u * (q->used_idx & (q->num - 1));
	uint32_t id = htole32(head), len = htole32(written);

	memcpy(elem, &id, 4);
	memcpy(elem + 4, &len, 4);
	q->last_avail++;
	store16(q->used + 2, ++q->used_idx, __ATOMIC_RELEASE);
}

bool virtq_arm(struct virtq *q)
{
	if (q->broken)
		return false;
	if (q->event_idx)
		store16(q->used + 4 + 8u * q->num, q->last_avail, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return avail_idx(q) != q->last_avail;
}

bool virtq_wants_signal(struct virtq *q)
{
	uint16_t now = q->used_idx, before = q->signalled, event;

	if (now == before)
		return false;
	q->signalled = now;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!q->event_idx)
		return !(load16(q->avail, __ATOMIC_RELAXED) & AVAIL_NO_INTERRUPT);
	event = load16(q->avail + 4 + 2u * q->num, __ATOMIC_RELAXED);
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

/* Drops the first n bytes, of which there are enough. */
static void chain_skip(struct virtq_chain *c, size_t n)
{
	unsigned k = 0;

	c->len -= n;
	while (n && n >= c->iov[k].iov_len)
		n -= c->iov[k++].iov_len;
	c->niov = (uint16_t)(c->niov - k);
	memmove(c->iov, c->iov + k, c->niov * sizeof(c->iov[0]));
	if (n) {
		c->iov[0].iov_base = (uint8_t *)c->iov[0].iov_base + n;
		c->iov[0].iov_len -= n;
	}
}

bool virtq_chain_read(struct virtq_chain *c, void *p, size_t n)
{
	size_t done = 0;

	if (n > c->len)
		return false;
	for (unsigned i = 0; done < n; i++) {
		size_t k = c->iov[i].iov_len < n - done ? c->iov[i].iov_len : n - done;

		memcpy((uint8_t *)p + done, c->iov[i].iov_base, k);
		done += k;
	}
	chain_skip(c, n);
	return true;
}

unsigned virtq_chain_split(struct virtq_chain *c, size_t n, struct iovec *ret, unsigned max)
{
	size_t left = n;
	unsigned k = 0;

	if (n > c->len)
		return 0;
	for (; left; k++) {
		if (k == max)
			return 0;
		ret[k] = c->iov[k];
		if (ret[k].iov_len > left)
			ret[k].iov_len = left;
		left -= ret[k].iov_len;
	}
	chain_skip(c, n);
	return k;
}

void virtq_chain_cut(struct virtq_chain *c, size_t n)
{
	size_t left = n;
	unsigned i = 0;

	if (n >= c->len)
		return;
	for (; left; i++) {
		if (c->iov[i].iov_len > left)
			c->iov[i].iov_len = left;
		left -= c->iov[i].iov_len;
	}
	c->niov = (uint16_t)i;
	c->len = n;
}
