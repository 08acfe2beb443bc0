/* SPDX-License-Identifier: Apache-2.0 */
/* findings.h - operations whose result is what they found wrong. */
#ifndef BERTH_ENGINE_FINDINGS_H
#define BERTH_ENGINE_FINDINGS_H

#include "engine/pool.h"
#include "store/check.h"

struct eng_findings {
	struct eng_pool pool;
	berth_findings_cb done;
	struct store_check check; /* filled by run */
};

/* An end for the pool. */
void eng_findings_end(struct eng_pool *p, int rc, const struct berth_error *e);
void eng_findings_finish(struct eng_findings *f);

#endif
