/* SPDX-License-Identifier: Apache-2.0 */
/* unpack-dir.h - a folder of this machine as a layer. */
#ifndef BERTH_JOB_UNPACK_DIR_H
#define BERTH_JOB_UNPACK_DIR_H

#include "base/fs-sink.h"

/* Puts the folder fd and all below it on the same file system into sink's present layer: owners, modes,
 * mtimes, xattrs and ACLs, hard links, holes; names in byte order, so that the same tree gives the same
 * calls. Access and change times become the mtime. Labels that belong to the host (SELinux, IMA, EVM) stay
 * out. *entries counts what was added (atomically). Changes the working directory. -errno with words that
 * name the path. */
int unpack_dir(int fd, struct fs_sink *sink, uint64_t *entries, struct err *e);

#endif
