/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/alloc.h"

#include <stdlib.h>

#include "base/auto.h"
#include "ext4/layout.h"
#include "ext4/vec.h"

uint32_t ext4_geo_groups(uint64_t nblocks)
{
	return (uint32_t)((nblocks + EXT4_GROUP_BLOCKS - 1) / EXT4_GROUP_BLOCKS);
}

static const uint32_t bases[] = { 3, 5, 7 };

bool ext4_geo_has_super(const struct ext4_geo *g, uint32_t group)
{
	if (group <= 1)
		return true;
	if (g->super2)
		return group == g->ngroups - 1;
	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		uint64_t p = bases[i];

		while (p < group)
			p *= bases[i];
		if (p == group)
			return true;
	}
	return false;
}

uint32_t ext4_geo_next_super(const struct ext4_geo *g, uint32_t group)
{
	uint64_t best = UINT32_MAX;

	if (group == 0)
		return 1;
	if (g->super2)
		return group < g->ngroups - 1 ? g->ngroups - 1 : UINT32_MAX;
	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		uint64_t p = bases[i];

		while (p <= group)
			p *= bases[i];
		best = MIN(best, p);
	}
	return (uint32_t)best;
}

uint32_t ext4_geo_group_len(const struct ext4_geo *g, uint32_t group)
{
	uint64_t start = (uint64_t)group * EXT4_GROUP_BLOCKS;

	return (uint32_t)MIN(g->nblocks - start, EXT4_GROUP_BLOCKS);
}

static void set_stop(struct ext4_alloc *a, uint32_t group)
{
	uint32_t next = ext4_geo_next_super(&a->geo, group);

	a->stop = next == UINT32_MAX ? UINT64_MAX : (uint64_t)next * EXT4_GROUP_BLOCKS;
}

void ext4_alloc_init(struct ext4_alloc *a, const struct ext4_geo *geo, uint64_t limit)
{
	*a = (struct ext4_alloc){ .geo = *geo, .limit = limit, .top = 1 + geo->gdt_reserved };
	set_stop(a, 0);
}

void ext4_alloc_finish(struct ext4_alloc *a)
{
	free(a->free);
	*a = (struct ext4_alloc){ 0 };
}

/* Steps over the copy of the superblock that begins at stop. */
static void step(struct ext4_alloc *a)
{
	a->top = a->stop + 1 + a->geo.gdt_reserved;
	set_stop(a, (uint32_t)(a->stop / EXT4_GROUP_BLOCKS));
}

static int no_space(struct ext4_alloc *a, struct err *e)
{
	return err_set(e, -ENOSPC, "the file system is full: its size is %llu MiB",
		       (unsigned long long)(a->limit >> (20 - EXT4_BLOCK_BITS)));
}

static int take_free(struct ext4_alloc *a, uint32_t max, uint64_t *ret, uint32_t *ret_len, struct err *e)
{
	struct ext4_run *r;
	uint32_t n;

	if (!a->nfree)
		return no_space(a, e);
	if (a->nmerged != a->nfree)
		ext4_alloc_merge(a);
	r = &a->free[a->nfree - 1];
	n = MIN(max, r->len);
	r->len -= n;
	*ret = r->pblk + r->len;
	*ret_len = n;
	if (!r->len)
		a->nfree--;
	a->nmerged = a->nfree;
	return 0;
}

int ext4_alloc_some(struct ext4_alloc *a, uint32_t max, uint64_t *ret, uint32_t *ret_len, struct err *e)
{
	uint64_t end;

	if (a->top >= a->stop)
		step(a);
	end = MIN(a->stop, a->limit);
	if (a->top >= end)
		return take_free(a, max, ret, ret_len, e);
	*ret = a->top;
	*ret_len = (uint32_t)MIN(end - a->top, max);
	a->top += *ret_len;
	return 0;
}

int ext4_alloc_all(struct ext4_alloc *a, uint32_t n, uint64_t *ret, struct err *e)
{
	for (;;) {
		if (a->top >= a->stop)
			step(a);
		if (a->top >= a->limit || n > a->limit - a->top)
			return no_space(a, e);
		if (n <= a->stop - a->top)
			break;
		if (ext4_alloc_free(a, a->top, (uint32_t)(a->stop - a->top)) < 0)
			return err_set(e, -ENOMEM, "out of memory");
		step(a);
	}
	*ret = a->top;
	a->top += n;
	return 0;
}

int ext4_alloc_free(struct ext4_alloc *a, uint64_t pblk, uint32_t len)
{
	if (ext4_vec_reserve(&a->free, &a->free_cap, (uint64_t)a->nfree + 1, sizeof(*a->free)) < 0)
		return -ENOMEM;
	a->free[a->nfree++] = (struct ext4_run){ .pblk = pblk, .len = len };
	return 0;
}

static int by_block(const void *p, const void *q)
{
	const struct ext4_run *a = p, *b = q;

	return a->pblk < b->pblk ? -1 : a->pblk > b->pblk;
}

void ext4_alloc_merge(struct ext4_alloc *a)
{
	uint32_t n = 0;

	if (a->nmerged == a->nfree)
		return;
	qsort(a->free, a->nfree, sizeof(*a->free), by_block);
	for (uint32_t i = 0; i < a->nfree; i++) {
		struct ext4_run *last = n ? &a->free[n - 1] : NULL;
		struct ext4_run r = a->free[i];

		/* len is kept below 2^31, so that a run never overflows it */
		if (last && last->pblk + last->len == r.pblk && last->len < UINT32_C(1) << 30 &&
		    r.len < UINT32_C(1) << 30)
			last->len += r.len;
		else
			a->free[n++] = r;
	}
	a->nfree = a->nmerged = n;
}
