/* SPDX-License-Identifier: Apache-2.0 */
/* lock.h - locks between processes: flock on a file that exists for that purpose. A lock ends with the
 * last descriptor of it, so it can be handed to a child and never stays behind. */
#ifndef BERTH_BASE_LOCK_H
#define BERTH_BASE_LOCK_H

#include <stdbool.h>

#include "base/err.h"

/* Returns a CLOEXEC fd that holds the lock, or -errno; -EWOULDBLOCK when somebody else has it. */
int lock_try(int dirfd, const char *name, bool shared, struct err *e);
/* The same, waiting; for short critical sections off the loop thread only. */
int lock_wait(int dirfd, const char *name, bool shared, struct err *e);
/* true if some process holds name exclusively. A missing file is not held. */
bool lock_is_held(int dirfd, const char *name);

#endif
