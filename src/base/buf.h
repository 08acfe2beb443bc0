/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - a growing string of bytes. Zeroed memory is an empty buffer. */
#ifndef BERTH_BASE_BUF_H
#define BERTH_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *p;      /* NULL while nothing was added; p[len] is always 0 otherwise */
	size_t len, cap; /* bytes */
};

/* Frees the bytes and leaves an empty buffer. */
void buf_finish(struct buf *b);
/* Makes room for n more bytes. 0 or -ENOMEM. */
int buf_reserve(struct buf *b, size_t n);
int buf_add(struct buf *b, const void *p, size_t n);
int buf_adds(struct buf *b, const char *s);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vaddf(struct buf *b, const char *fmt, va_list ap);
/* Drops n bytes at the head; n may be more than there are. */
void buf_consume(struct buf *b, size_t n);
void buf_clear(struct buf *b);
/* The bytes as a C string that the caller frees; the buffer is empty then. NULL: out of memory. */
char *buf_steal(struct buf *b);

#define AUTO_BUF __attribute__((cleanup(buf_finish)))

#endif
