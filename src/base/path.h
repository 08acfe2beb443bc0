/* SPDX-License-Identifier: Apache-2.0 */
/* path.h - names of files, and opening them beneath a root. */
#ifndef BERTH_BASE_PATH_H
#define BERTH_BASE_PATH_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* "a/b"; b absolute replaces a. The caller frees; NULL when out of memory. */
char *path_join(const char *a, const char *b);
char *path_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* mkdir -p; what exists keeps its mode. */
int path_mkdirs(const char *path, mode_t mode, struct err *e);
/* openat2 with RESOLVE_IN_ROOT: no symlink, "..", or absolute path leaves root. Returns fd or -errno. */
int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode);
/* openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS. Returns fd or -errno. */
int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode);
/* Cleans an archive's path into "a/b/c": drops empty and "." parts and leading '/'; ".." takes away the part
 * before it, by its name alone, as all other readers of images do. -EINVAL if there is none: it would leave the
 * tree; -ENAMETOOLONG over PATH_MAX or a part over 255. ret may be path itself. */
int path_clean(const char *path, char *ret, size_t size);

#endif
