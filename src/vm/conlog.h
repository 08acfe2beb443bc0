/* SPDX-License-Identifier: Apache-2.0 */
/* conlog.h - what the guest's kernel says: its last words kept, all of it in a file of bounded size. */
#ifndef BERTH_VM_CONLOG_H
#define BERTH_VM_CONLOG_H

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"

#define CONLOG_TAIL_MAX (8u << 10)
#define CONLOG_FILE_MAX (1u << 20)

struct vm_conlog;

/* Takes fd over, also when it fails. logfd (may be -1) is duplicated; it is written until it has
 * CONLOG_FILE_MAX bytes. */
int vm_conlog_create(uv_loop_t *loop, int fd, int logfd, struct vm_conlog **ret, struct err *e);
void vm_conlog_destroy(struct vm_conlog *c);
/* Reads what has arrived, then appends the last lines (at most n) for a person to read. */
int vm_conlog_tail(struct vm_conlog *c, unsigned nlines, struct buf *ret);

#endif
