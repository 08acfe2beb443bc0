/* SPDX-License-Identifier: Apache-2.0 */
/* watch.h - a descriptor on the loop, without libuv's rule that its owner must outlive the closing.
 *
 * The owner may go as soon as watch_close has returned: no callback comes after it. */
#ifndef BERTH_BASE_WATCH_H
#define BERTH_BASE_WATCH_H

#include <uv.h>

struct watch;

/* events: UV_READABLE, UV_WRITABLE; UV_READABLE | UV_WRITABLE also when the descriptor has an error. */
typedef void (*watch_cb)(void *arg, int events);

/* Takes fd (non-blocking) over, also when it fails; nothing is watched before watch_set. NULL: out of
 * memory, or fd is of a kind that cannot be waited for. */
struct watch *watch_new(uv_loop_t *loop, int fd, watch_cb cb, void *arg);
/* What to wait for, 0: nothing. */
void watch_set(struct watch *w, int events);
int watch_fd(const struct watch *w);
/* Closes the descriptor. NULL is fine. */
void watch_close(struct watch *w);
/* The same, but the descriptor is the caller's from then on. */
int watch_release(struct watch *w);

#endif
