/* SPDX-License-Identifier: Apache-2.0 */
/* fmt.h - times and sizes as the screens show them. */
#ifndef BERTH_TUI_FMT_H
#define BERTH_TUI_FMT_H

#include <stddef.h>
#include <stdint.h>

#define FMT_MAX 24

/* "2d4h", "51m", "8s". */
void fmt_span(int64_t ns, char ret[static FMT_MAX]);
/* "14:02", local time. */
void fmt_clock(int64_t ns, char ret[static FMT_MAX]);
/* "14:02:11" */
void fmt_clock_s(int64_t ns, char ret[static FMT_MAX]);
/* "14:02:11.017" or "24 Nov 14:02:11". */
void fmt_clock_ms(int64_t ns, char ret[static FMT_MAX]);
/* "2026-11-24T14:02:11.017", local time. */
void fmt_iso_ms(int64_t ns, char ret[static FMT_MAX]);
void fmt_date(int64_t ns, char ret[static FMT_MAX]);
/* "212M", "-" for 0. */
void fmt_size(uint64_t bytes, char ret[static FMT_MAX]);
/* "41.2G", "128B", "0B". */
void fmt_size_fine(uint64_t bytes, char ret[static FMT_MAX]);
/* "0.8 s", "412 ms". */
void fmt_took(int64_t ms, char ret[static FMT_MAX]);
/* "[####----]" of width cells in all. */
void fmt_bar(uint64_t done, uint64_t total, int width, char *ret, size_t max);
/* 12 digits of "sha256:…" or of an id. */
void fmt_short(const char *digest, char ret[static FMT_MAX]);
/* As fmt_short with the algorithm before it. */
void fmt_digest(const char *digest, char ret[static FMT_MAX]);

#endif
