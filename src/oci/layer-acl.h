/* SPDX-License-Identifier: Apache-2.0 */
/* layer-acl.h - a tar entry's POSIX ACLs in the form in which Linux keeps them in xattrs. */
#ifndef BERTH_OCI_LAYER_ACL_H
#define BERTH_OCI_LAYER_ACL_H

#include <archive_entry.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends to ret the value of system.posix_acl_access (type ARCHIVE_ENTRY_ACL_TYPE_ACCESS) or
 * system.posix_acl_default (…_DEFAULT), nothing if the entry has no such ACL or one that the mode says as
 * well. include/uapi/linux/posix_acl_xattr.h, little endian:
 *   0: u32 version 2   then for each entry   0: u16 tag   2: u16 permissions   4: u32 id (or 0xffffffff)
 * For an access ACL *mode's nine permission bits become those that the kernel would set.
 * -EINVAL with words for an ACL that names users without their ids; -ENOMEM. */
int layer_acl_xattr(struct archive_entry *ae, int type, struct buf *ret, uint32_t *mode, struct err *e);

#endif
