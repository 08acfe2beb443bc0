/* SPDX-License-Identifier: Apache-2.0 */
/* vec.h - growing arrays whose elements are known by number, and the bound on what they may take. */
#ifndef BERTH_EXT4_VEC_H
#define BERTH_EXT4_VEC_H

#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"

/* Makes room for n elements of size bytes in *(void **)pp, which holds *cap. 0 or -ENOMEM. Grown by
 * half: the kernel moves large blocks by page tables, and what is not used yet takes no memory. */
static inline int ext4_vec_reserve(void *pp, uint32_t *cap, uint64_t n, size_t size)
{
	uint64_t want = n <= 16 ? 16 : n + n / 2;
	void *p;

	if (n <= *cap)
		return 0;
	if (want > UINT32_MAX)
		return -ENOMEM;
	p = realloc(*(void **)pp, want * size);
	if (!p)
		return -ENOMEM;
	*(void **)pp = p;
	*cap = (uint32_t)want;
	return 0;
}

/* v: n elements of size bytes, in the order of the block number, a uint64_t, that each begins with. Which is the first of
 * at least pblk; n if none is. */
static inline uint32_t ext4_vec_find(const void *v, uint32_t n, size_t size, uint64_t pblk)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (*(const uint64_t *)((const char *)v + mid * size) < pblk)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct ext4_mem {
	uint64_t used, max; /* bytes */
};

static inline int ext4_mem_charge(struct ext4_mem *m, uint64_t n, struct err *e)
{
	if (n > m->max - m->used)
		return err_set(e, -ENOMEM,
			       "too many entries: names, inodes and attributes take more than %llu MiB",
			       (unsigned long long)(m->max >> 20));
	m->used += n;
	return 0;
}

#endif
