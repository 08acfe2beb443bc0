/* SPDX-License-Identifier: Apache-2.0 */
/* spool.h - a stream made a file that can be read by offset. Blocking. */
#ifndef BERTH_STORE_SPOOL_H
#define BERTH_STORE_SPOOL_H

#include <sys/types.h>

#include "base/pace.h"
#include "store/store.h"

/* Opens what store_read_some reads, without a wait: for who writes to a FIFO it waits there. fd or -errno. */
int store_input_open(const char *path);
/* Up to n bytes of fd, less only at its end; waits in such a way that p can end it. */
ssize_t store_read_some(int fd, void *buf, size_t n, struct pace *p, struct err *e);
/* A file of no name in the store's file system; its room is given back when it is closed. */
int store_tmpfile(struct store *s, struct err *e);
/* *ret: the uncompressed bytes of fd, to be read by offset: fd itself, duplicated, if they are that already. -EFBIG over
 * max bytes (0: 64 GiB). */
int store_spool(struct store *s, int fd, const char *name, uint64_t max, struct pace *p, int *ret, struct err *e);

#endif
