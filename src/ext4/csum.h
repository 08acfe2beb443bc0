/* SPDX-License-Identifier: Apache-2.0 */
/* csum.h - crc32c as ext4 uses it: no inversion at either end. See checksums.rst. */
#ifndef BERTH_EXT4_CSUM_H
#define BERTH_EXT4_CSUM_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc; a fresh one begins with ~0. n up to INT_MAX. */
uint32_t ext4_crc32c(uint32_t crc, const void *p, size_t n);
/* What the checksums of inode ino, its extents and its directory blocks begin with. */
uint32_t ext4_csum_inode_seed(uint32_t fs_seed, uint32_t ino);

#endif
