/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.h - a line about each file, written by the kernel's guest (torture.c) and by our reader (manifest.c):
 *   PATH TAB MODE LINKS UID GID SIZE SECONDS.NANOSECONDS CONTENTS ATTRIBUTES
 * numbers in octal (MODE), decimal and, for the last two, hexadecimal hashes. */
#ifndef BERTH_TESTS_EXT4_MANIFEST_H
#define BERTH_TESTS_EXT4_MANIFEST_H

#include <stdint.h>
#include <string.h>

#define MANIFEST_FORMAT "%s\t%o %u %u %u %llu %lld.%09u %llx %llx\n"
#define MANIFEST_CHUNK 65536u /* contents are hashed in pieces of this */

/* n: a multiple of 8, but in the last piece. */
static inline uint64_t manifest_hash(uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t word;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	for (; n; n--, p++)
		h = (h ^ *p) * 0x100000001b3u;
	return h;
}

#endif
