/* SPDX-License-Identifier: Apache-2.0 */
/* driver.c - a guest's side of the vsock device in this process. */
#include "driver.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#define NEXT 1
#define WRITE 2

void driver_init(struct driver *d, bool event_idx)
{
	*d = (struct driver){ .buf_alloc = 256 << 10 };
	/* Zeroed, page by page as it is touched. */
	d->mem = mmap(NULL, DRIVER_MEM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(d->mem != MAP_FAILED);
	d->map.n = 1;
	d->map.r[0] = (struct guest_region){ DRIVER_GPA, DRIVER_UVA, DRIVER_MEM, d->mem };
	d->heap = 4096;
	for (unsigned i = 0; i < VSOCK_NQUEUES; i++) {
		struct driver_ring *r = &d->ring[i];
		int rc;

		r->desc = d->heap;
		r->avail = r->desc + 16 * DRIVER_ENTRIES;
		r->used = r->avail + 4096;
		d->heap = r->used + 4096;
		d->heap = (d->heap + 4095) & ~4095ull;
		rc = virtq_init(&d->q[i], &d->map, DRIVER_ENTRIES, 0, DRIVER_UVA + r->desc, DRIVER_UVA + r->avail,
				DRIVER_UVA + r->used, event_idx, NULL);
		assert(rc == 0);
		(void)rc;
	}
}

void driver_finish(struct driver *d)
{
	munmap(d->mem, DRIVER_MEM);
}

uint64_t driver_alloc(struct driver *d, size_t n)
{
	uint64_t at = d->heap;

	d->heap += (n + 15) & ~15ull;
	assert(d->heap <= DRIVER_MEM);
	return DRIVER_GPA + at;
}

void *driver_at(struct driver *d, uint64_t gpa)
{
	return d->mem + (gpa - DRIVER_GPA);
}

void driver_desc(struct driver *d, unsigned queue, unsigned i, uint64_t gpa, uint32_t len, uint16_t flags,
		 uint16_t next)
{
	struct virtq_desc v = { gpa, len, flags, next };

	memcpy(d->mem + d->ring[queue].desc + 16 * i, &v, sizeof(v));
}

void driver_set_avail_idx(struct driver *d, unsigned queue, uint16_t idx)
{
	memcpy(d->mem + d->ring[queue].avail + 2, &idx, 2);
}

void driver_avail(struct driver *d, unsigned queue, uint16_t head)
{
	struct driver_ring *r = &d->ring[queue];

	memcpy(d->mem + r->avail + 4 + 2 * (r->posted % DRIVER_ENTRIES), &head, 2);
	driver_set_avail_idx(d, queue, ++r->posted);
}

static uint16_t used_idx(struct driver *d, unsigned queue)
{
	uint16_t v;

	memcpy(&v, d->mem + d->ring[queue].used + 2, 2);
	return v;
}

static void used_elem(struct driver *d, unsigned queue, uint32_t ret[2])
{
	struct driver_ring *r = &d->ring[queue];

	memcpy(ret, d->mem + r->used + 4 + 8 * (r->seen++ % DRIVER_ENTRIES), 8);
}

/* Header and data each in a descriptor of its own, as Linux 6.1 posts them. */
void driver_post(struct driver *d, unsigned n)
{
	for (; n; n--) {
		unsigned i = d->ring[VSOCK_QUEUE_RX].free;

		assert(i + 2 <= DRIVER_ENTRIES);
		driver_desc(d, VSOCK_QUEUE_RX, i, driver_alloc(d, VSOCK_HDR_LEN), VSOCK_HDR_LEN, WRITE | NEXT,
			    (uint16_t)(i + 1));
		driver_desc(d, VSOCK_QUEUE_RX, i + 1, driver_alloc(d, DRIVER_BUF), DRIVER_BUF, WRITE, 0);
		driver_avail(d, VSOCK_QUEUE_RX, (uint16_t)i);
		d->ring[VSOCK_QUEUE_RX].free += 2;
	}
}

static struct virtq_desc desc_of(struct driver *d, unsigned queue, unsigned i)
{
	struct virtq_desc v;

	memcpy(&v, d->mem + d->ring[queue].desc + 16 * i, sizeof(v));
	return v;
}

bool driver_recv(struct driver *d, struct driver_packet *ret)
{
	struct virtq_desc h, b;
	uint32_t elem[2];
	const uint8_t *p;

	if (used_idx(d, VSOCK_QUEUE_RX) == d->ring[VSOCK_QUEUE_RX].seen)
		return false;
	used_elem(d, VSOCK_QUEUE_RX, elem);
	h = desc_of(d, VSOCK_QUEUE_RX, elem[0]);
	b = desc_of(d, VSOCK_QUEUE_RX, h.next);
	p = driver_at(d, h.addr);
	*ret = (struct driver_packet){ 0 };
	memcpy(&ret->k.hport, p + 16, 4);
	memcpy(&ret->k.gport, p + 20, 4);
	memcpy(&ret->k.len, p + 24, 4);
	memcpy(&ret->k.op, p + 30, 2);
	memcpy(&ret->k.flags, p + 32, 4);
	memcpy(&ret->k.buf_alloc, p + 36, 4);
	memcpy(&ret->k.fwd_cnt, p + 40, 4);
	assert(elem[1] == VSOCK_HDR_LEN + ret->k.len && ret->k.len <= DRIVER_BUF);
	memcpy(ret->data, driver_at(d, b.addr), ret->k.len);
	driver_avail(d, VSOCK_QUEUE_RX, (uint16_t)elem[0]);
	return true;
}

void driver_send(struct driver *d, const struct vsock_packet *k, const void *data, size_t n, size_t hdr_split)
{
	struct driver_ring *r = &d->ring[VSOCK_QUEUE_TX];
	uint8_t raw[VSOCK_HDR_LEN];
	uint64_t host = VSOCK_CID_HOST, guest = DRIVER_CID, at;
	uint16_t type = VSOCK_TYPE_STREAM;
	unsigned i = (r->posted * 3u) % (DRIVER_ENTRIES - 3);

	/* Whatever the device gave back may be used again: this driver never has more than a few under way. */
	d->heap = d->heap > DRIVER_MEM - (1u << 20) ? 2u << 20 : d->heap;
	memcpy(raw, &guest, 8);
	memcpy(raw + 8, &host, 8);
	memcpy(raw + 16, &k->gport, 4);
	memcpy(raw + 20, &k->hport, 4);
	memcpy(raw + 24, &k->len, 4);
	memcpy(raw + 28, &type, 2);
	memcpy(raw + 30, &k->op, 2);
	memcpy(raw + 32, &k->flags, 4);
	memcpy(raw + 36, k->buf_alloc ? &k->buf_alloc : &d->buf_alloc, 4);
	memcpy(raw + 40, &k->fwd_cnt, 4);
	if (!hdr_split)
		hdr_split = VSOCK_HDR_LEN;
	at = driver_alloc(d, VSOCK_HDR_LEN);
	memcpy(driver_at(d, at), raw, VSOCK_HDR_LEN);
	driver_desc(d, VSOCK_QUEUE_TX, i, at, (uint32_t)hdr_split, NEXT, (uint16_t)(i + 1));
	driver_desc(d, VSOCK_QUEUE_TX, i + 1, at + hdr_split, (uint32_t)(VSOCK_HDR_LEN - hdr_split), n ? NEXT : 0,
		    (uint16_t)(i + 2));
	if (n) {
		at = driver_alloc(d, n);
		memcpy(driver_at(d, at), data, n);
		driver_desc(d, VSOCK_QUEUE_TX, i + 2, at, (uint32_t)n, 0, 0);
	}
	driver_avail(d, VSOCK_QUEUE_TX, (uint16_t)i);
}
