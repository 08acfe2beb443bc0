/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fault.h"

static int fd_truncate(struct ext4_io *io, uint64_t size)
{
	struct ext4_io_fd *f = container_of(io, struct ext4_io_fd, io);

	return ftruncate(f->fd, (off_t)size) < 0 ? -errno : 0;
}

#define EARLY_STEP (UINT64_C(32) << 20)

/* A hint alone: what goes wrong with it is told by the sync. */
static void send_early(struct ext4_io_fd *f, size_t n, uint64_t off)
{
	if (f->n && (off != f->at + f->n || f->n >= EARLY_STEP)) {
		sync_file_range(f->fd, (off_t)f->at, (off_t)f->n, SYNC_FILE_RANGE_WRITE);
		f->n = 0;
	}
	if (!f->n)
		f->at = off;
	f->n += n;
}

#define DIRECT_FROM (UINT64_C(32) << 20)
#define DIRECT_ALIGN 4096

static void set_direct(struct ext4_io_fd *f, bool on)
{
	int flags = f->is_direct == on ? -1 : fcntl(f->fd, F_GETFL);

	if (flags >= 0 && fcntl(f->fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0)
		f->is_direct = on;
}

void ext4_io_fd_past_cache(struct ext4_io_fd *f, bool past)
{
	f->past_cache = past;
	if (!past)
		set_direct(f, false);
}

/* One pwrite, past the page cache if that may be. What the file system does not take that way, it gets the usual one. */
static ssize_t write_some(struct ext4_io_fd *f, const char *p, size_t n, uint64_t off)
{
	if (f->past_cache)
		set_direct(f, off >= DIRECT_FROM && ((uintptr_t)p | n | off) % DIRECT_ALIGN == 0);
	if (f->early && !f->is_direct)
		send_early(f, n, off);
	ssize_t r = pwrite(f->fd, p, n, (off_t)off);
	if (r >= 0 || errno != EINVAL || !f->is_direct)
		return r;
	ext4_io_fd_past_cache(f, false);
	return pwrite(f->fd, p, n, (off_t)off);
}

static int fd_write(struct ext4_io *io, const void *p, size_t n, uint64_t off)
{
	struct ext4_io_fd *f = container_of(io, struct ext4_io_fd, io);
	const char *c = p;
	int rc = fault_at(FAULT_EXT4_WRITE);

	if (rc < 0)
		return rc;
	while (n) {
		ssize_t r = write_some(f, c, n, off);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		c += r;
		n -= (size_t)r;
		off += (uint64_t)r;
	}
	return 0;
}

static int fd_punch(struct ext4_io *io, uint64_t off, uint64_t n)
{
	static const char zeros[65536];
	struct ext4_io_fd *f = container_of(io, struct ext4_io_fd, io);

	if (fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off, (off_t)n) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		return -errno;
	while (n) {
		size_t k = MIN(n, sizeof(zeros));
		int rc = fd_write(io, zeros, k, off);

		if (rc < 0)
			return rc;
		off += k;
		n -= k;
	}
	return 0;
}

static int fd_sync(struct ext4_io *io)
{
	struct ext4_io_fd *f = container_of(io, struct ext4_io_fd, io);

	return fsync(f->fd) < 0 ? -errno : 0;
}

void ext4_io_fd_init(struct ext4_io_fd *f, int fd)
{
	*f = (struct ext4_io_fd){
		.io = { .truncate = fd_truncate, .write = fd_write, .punch = fd_punch, .sync = fd_sync },
		.fd = fd,
	};
}
