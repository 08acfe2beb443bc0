/* SPDX-License-Identifier: Apache-2.0 */
/* verify.h - are blobs, images and root file systems what they say they are? Blocking, read-only. */
#ifndef BERTH_STORE_VERIFY_H
#define BERTH_STORE_VERIFY_H

#include "base/pace.h"
#include "store/finding.h"
#include "store/store.h"

/* Reads the whole blob: 0, -ENOENT, -EBADMSG with words if size (d->size 0: any) or digest are others. */
int store_blob_verify(struct store *s, const struct oci_desc *d, struct pace *p, struct err *e);
/* The same, and what is in the layer has that diff_id. */
int store_layer_verify(struct store *s, const struct oci_desc *d, const struct oci_digest *diff_id, struct pace *p,
		       struct err *e);
/* rootfs/<key>: meta.json reads and tells of the file that is there, whose superblock is whole; with deep also whether
 * the file system agrees with itself (ext4/check.h), which reads what tells of files and not their contents. -EBADMSG. */
int store_rootfs_verify(struct store *s, const char *key, bool deep, struct pace *p, struct err *e);

/* The same of the file system in any file, which words call name. -EBADMSG; -EOPNOTSUPP for what the reader does not know. */
int store_ext4_verify(int fd, const char *name, struct pace *p, struct err *e);

/* All that d leads to: documents parse, blobs are there with their size; with deep their bytes and diff_ids too. Of an
 * index one image must be whole, others may be there in part: pulls of one platform leave it so. What is wrong is
 * added to out under the name of the image; < 0 only if it could not be found out. */
int store_image_verify(struct store *s, const struct oci_desc *d, const char *name, bool deep, struct pace *p,
		       struct store_findings *out, struct err *e);

#endif
