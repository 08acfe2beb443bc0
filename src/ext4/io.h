/* SPDX-License-Identifier: Apache-2.0 */
/* io.h - where a file system is written to: a file, or in tests what fails at call n. */
#ifndef BERTH_EXT4_IO_H
#define BERTH_EXT4_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns 0 or -errno. Storage reads as zeros where nothing was written. */
struct ext4_io {
	int (*truncate)(struct ext4_io *io, uint64_t size);
	/* All n bytes. */
	int (*write)(struct ext4_io *io, const void *p, size_t n, uint64_t off);
	/* Makes n bytes zeros again. off and n are multiples of 4096. */
	int (*punch)(struct ext4_io *io, uint64_t off, uint64_t n);
	int (*sync)(struct ext4_io *io);
};

struct ext4_io_fd {
	struct ext4_io io;
	int fd; /* the caller's */
	bool early; /* as in struct ext4_opts */
	uint64_t at, n; /* written and not yet sent */
	bool past_cache, is_direct; /* see below; O_DIRECT is set */
};

void ext4_io_fd_init(struct ext4_io_fd *f, int fd);
/* From now on whole blocks beyond the first 32 MiB go to the disk past the page cache, where the file system can do
 * that: to find pages for them and to copy them there takes longer than to write them, and they would push out what
 * is in use. false: no longer, and O_DIRECT is off. */
void ext4_io_fd_past_cache(struct ext4_io_fd *f, bool past);

#endif
