/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/csum.h"

#include <endian.h>
#include <isa-l/crc.h>

uint32_t ext4_crc32c(uint32_t crc, const void *p, size_t n)
{
	return crc32_iscsi((unsigned char *)p, (int)n, crc);
}

uint32_t ext4_csum_inode_seed(uint32_t fs_seed, uint32_t ino)
{
	const uint32_t key[2] = { htole32(ino), 0 }; /* the second: i_generation, always 0 here */

	return ext4_crc32c(fs_seed, key, sizeof(key));
}
