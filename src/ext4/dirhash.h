/* SPDX-License-Identifier: Apache-2.0 */
/* dirhash.h - the hash by which indexed directories are sorted: half MD4 over unsigned characters.
 * See directory.rst, "Hash Tree Directories". */
#ifndef BERTH_EXT4_DIRHASH_H
#define BERTH_EXT4_DIRHASH_H

#include <stddef.h>
#include <stdint.h>

/* The major hash, its lowest bit 0; seed as in the superblock, all zeros for the standard one. */
uint32_t ext4_dirhash(const void *name, size_t len, const uint32_t seed[4]);
/* The same over signed characters, as file systems of other makers say that theirs is. */
uint32_t ext4_dirhash_signed(const void *name, size_t len, const uint32_t seed[4]);

#endif
