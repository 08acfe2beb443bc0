/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - what every asynchronous operation stands on: results known at once are told later.
 *
 * The contract of all operations (X_start / X_cancel / callback): X_start returned < 0: nothing began and
 * the callback never comes. It returned 0: the callback comes exactly once, on the loop thread, never
 * before X_start has returned; calling it is the last touch of the op, so it may free it. X_cancel asks,
 * any number of times; the callback still comes, with -ECANCELED or the result that won. Inputs are
 * copied by X_start; the struct err of a callback lives for the callback only. */
#ifndef BERTH_BASE_LOOP_H
#define BERTH_BASE_LOOP_H

#include <stdbool.h>

#include <uv.h>

#include "base/list.h"

/* A call owed to the caller, made in the loop's next turn. Zeroed memory is an idle one. Embed it; the
 * loop stays alive while it is pending. */
struct loop_defer {
	struct list link; /* used inside */
	void (*fn)(struct loop_defer *d);
	bool pending;
};

/* Calls fn(d) from the loop, soon, once. If d is pending already, nothing changes but fn.
 * Loop thread only. 0, or -ENOMEM on the first use of a loop. */
int loop_defer(uv_loop_t *loop, struct loop_defer *d, void (*fn)(struct loop_defer *d));
/* Takes the call back if it has not been made. */
void loop_defer_cancel(struct loop_defer *d);
/* Frees what loop_defer keeps for loop, once the calls that are owed have been made; a later loop_defer makes it
 * anew. To be called before uv_loop_close; then run the loop until it has nothing to do. */
void loop_finish(uv_loop_t *loop);

#endif
