/* SPDX-License-Identifier: Apache-2.0 */
/* str.h - strings: hex, sizes, durations, and text from outside made safe to show. */
#ifndef BERTH_BASE_STR_H
#define BERTH_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* n bytes as 2n lower-case hex digits and a 0. */
void str_hex(const void *p, size_t n, char *ret);
/* true if s is len lower-case hex digits. */
bool str_is_hex(const char *s, size_t len);

/* An integer written in full, no sign, no blanks. -EINVAL or -ERANGE over max. */
int str_parse_u64(const char *s, uint64_t max, uint64_t *ret);
/* "512m", "8G", "1.5GiB", "1024" (bytes): units of 1024. -EINVAL or -ERANGE. */
int str_parse_size(const char *s, uint64_t *ret, struct err *e);
/* "10s", "1m30s", "2h", "3d", "250ms", "5" (seconds). Milliseconds. */
int str_parse_duration(const char *s, int64_t *ret_ms, struct err *e);
/* "71M", "1.4G", "128B", in units of 1024, at most 6 characters. */
void str_size(uint64_t bytes, char ret[static 8]);

/* Appends text from outside for a person to read: C0, DEL as ^X, C1 and broken UTF-8 as <9b>, bidi
 * controls as <U+202E>. */
int str_add_clean(struct buf *b, const char *s, size_t n);

/* true if all of it is UTF-8. */
bool str_is_utf8(const char *s);

/* A NULL-terminated array of strings, the caller's to free. */
char **strv_copy(const char *const *v);
void strv_free(char **v);
size_t strv_len(const char *const *v);

#endif
