/* SPDX-License-Identifier: Apache-2.0 */
/* acl.h - POSIX ACLs from the form in which the kernel shows them to the form on the disk. */
#ifndef BERTH_EXT4_ACL_H
#define BERTH_EXT4_ACL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* p[0..n): le32 2, then le16 tag, le16 permissions, le32 id. ret, of at least n bytes: le32 1, then
 * entries of 4 bytes, or 8 where there is an id; see attributes.rst, "POSIX ACLs". Returns the bytes
 * written, 0 for an ACL that says no more than a mode does; *mode gets its permissions if access is
 * true. -EINVAL with words for what the kernel would refuse. */
int ext4_acl_convert(const void *p, size_t n, bool access, uint32_t *mode, uint8_t *ret, struct err *e);

#endif
