/* SPDX-License-Identifier: Apache-2.0 */
/* sip.h - SipHash-1-3, so that an image cannot choose names that share a bucket. */
#ifndef BERTH_EXT4_SIP_H
#define BERTH_EXT4_SIP_H

#include <stddef.h>
#include <stdint.h>

/* Of word, then p[0..n), under a key that nobody outside knows. */
uint32_t ext4_sip(const uint64_t key[2], uint64_t word, const void *p, size_t n);

#endif
