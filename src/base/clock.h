/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - time, monotonic and of the day. */
#ifndef BERTH_BASE_CLOCK_H
#define BERTH_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_RFC3339_MAX 40

int64_t clock_mono_ns(void);
int64_t clock_real_ns(void);
/* "2026-11-24T14:02:11.017123456Z", always UTC with 9 digits. */
void clock_rfc3339(int64_t real_ns, char ret[static CLOCK_RFC3339_MAX]);
/* RFC 3339 with any number of fraction digits and any offset. -EINVAL. */
int clock_parse_rfc3339(const char *s, int64_t *ret_ns);

#endif
