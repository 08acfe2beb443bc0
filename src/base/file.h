/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - whole files: read with a bound, replaced in one step, removed with all below. */
#ifndef BERTH_BASE_FILE_H
#define BERTH_BASE_FILE_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* All n bytes, in spite of EINTR and short writes. 0 or -errno. */
int file_write_full(int fd, const void *p, size_t n);
/* Up to n bytes, less only at the end of the file. Bytes read or -errno. */
ssize_t file_read_full(int fd, void *p, size_t n);
/* The rest of fd as a string, which the caller frees. -EFBIG over max bytes. */
int file_read_all(int fd, size_t max, char **ret, size_t *ret_len);
/* The file's text. -errno with words; max as above. ret_len may be NULL. */
int file_load(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct err *e);
/* Old text or new text, never a mix: temporary file in the same folder, fsync, rename, fsync of the
 * folder. */
int file_replace(int dirfd, const char *path, const void *p, size_t n, mode_t mode, struct err *e);
/* The same without the waits for the disk: for what a crash of the host makes worthless anyway. */
int file_swap(int dirfd, const char *path, const void *p, size_t n, mode_t mode, struct err *e);
/* Writes to the disk what the folder dirfd/path ("." for dirfd itself) holds by name. */
int file_sync_dir(int dirfd, const char *path);
/* The folder dirfd/path ("." for dirfd itself, which stays as it is), to be read; no symlink. NULL: errno tells. */
DIR *file_open_dir(int dirfd, const char *path);
/* rm -rf beneath dirfd; what is not there is no error. Follows no symlink. */
int file_remove_tree(int dirfd, const char *path, struct err *e);
/* n random bytes. */
int file_random(void *p, size_t n);

#endif
