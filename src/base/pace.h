/* SPDX-License-Identifier: Apache-2.0 */
/* pace.h - how far a long function in the pool is, as the loop's thread sees it, and the wish that it ends. */
#ifndef BERTH_BASE_PACE_H
#define BERTH_BASE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Zeroed memory is fine. */
struct pace {
	int cancelled;
	uint64_t done, total; /* bytes */
};

static inline void pace_cancel(struct pace *p)
{
	__atomic_store_n(&p->cancelled, 1, __ATOMIC_RELAXED);
}

static inline void pace_expect(struct pace *p, uint64_t n)
{
	if (p)
		__atomic_add_fetch(&p->total, n, __ATOMIC_RELAXED);
}

/* n bytes more are done: 0, or -ECANCELED. p may be NULL. */
static inline int pace_step(struct pace *p, uint64_t n, struct err *e)
{
	if (!p)
		return 0;
	__atomic_add_fetch(&p->done, n, __ATOMIC_RELAXED);
	return __atomic_load_n(&p->cancelled, __ATOMIC_RELAXED) ? err_set(e, -ECANCELED, "canceled") : 0;
}

static inline void pace_look(const struct pace *p, uint64_t *done, uint64_t *total)
{
	*done = __atomic_load_n(&p->done, __ATOMIC_RELAXED);
	*total = __atomic_load_n(&p->total, __ATOMIC_RELAXED);
}

#endif
