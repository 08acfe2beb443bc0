/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "ext4/csum.h"
#include "ext4/sink.h"
#include "ext4/writer-int.h"

#define MEMORY_MAX (UINT64_C(240) << 20) /* 256 MiB with all that is around it */

/* Before all the work: what the host does not take as a file would only be seen at its end. */
static int try_size(struct ext4_writer *w, struct err *e)
{
	int rc = w->opts.size ? w->io->truncate(w->io, w->opts.size) : 0;

	if (rc == -EFBIG)
		return err_set(e, rc,
			       "the host's file system, or the limit of this process (ulimit -f), takes no file of %llu bytes: "
			       "choose a smaller size, or a place on xfs, btrfs or tmpfs (ext4 ends 4 KiB below 16 TiB)",
			       (unsigned long long)w->opts.size);
	if (rc < 0)
		return err_sys(e, rc, "cannot give the file system its size");
	return 0;
}

static int set_up(struct ext4_writer *w, struct err *e)
{
	int rc;

	w->mem.max = w->opts.max_memory ? w->opts.max_memory : MEMORY_MAX;
	w->fs_seed = ext4_crc32c(~0u, w->opts.uuid, sizeof(w->opts.uuid));
	memcpy(w->hash_seed, w->opts.uuid, sizeof(w->hash_seed));
	for (int i = 0; i < 4; i++)
		w->hash_seed[i] = le32toh(w->hash_seed[i]);
	rc = place_known(w, e);
	if (rc < 0 || (rc = try_size(w, e)) < 0)
		return rc;
	rc = w->io->truncate(w->io, 0);
	if (rc < 0)
		return err_sys(e, rc, "cannot empty the file");
	if ((rc = ext4_out_init(&w->out, w->io, e)) < 0 ||
	    (rc = ext4_xattrs_init(&w->xattrs, &w->mem, e)) < 0)
		return rc;
	rc = tree_init(&w->tree, &w->mem, &w->alloc, w->opts.time, e);
	if (rc == 0 && w->opts.lost_found) {
		struct fs_time now = { .sec = w->opts.time };
		struct fs_attr a = { .mode = 0700, .mtime = now, .ctime = now, .atime = now };

		rc = w->sink.ops->add_dir(&w->sink, "lost+found", &a, e);
	}
	return rc;
}

static int create(struct ext4_writer *w, const struct ext4_opts *opts, struct fs_sink **ret, struct err *e)
{
	int rc;

	w->opts = *opts;
	w->sink.ops = &ext4_sink_ops;
	rc = ext4_opts_check(opts, e);
	if (rc == 0)
		rc = set_up(w, e);
	if (rc < 0) {
		ext4_writer_destroy(&w->sink);
		return rc;
	}
	*ret = &w->sink;
	return 0;
}

int ext4_writer_create_io(struct ext4_io *io, const struct ext4_opts *opts, struct fs_sink **ret,
			  struct err *e)
{
	struct ext4_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_set(e, -ENOMEM, "out of memory");
	w->io = io;
	return create(w, opts, ret, e);
}

int ext4_writer_create(int fd, const struct ext4_opts *opts, struct fs_sink **ret, struct err *e)
{
	struct ext4_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return err_set(e, -ENOMEM, "out of memory");
	ext4_io_fd_init(&w->fd_io, fd);
	w->fd_io.early = opts->sync || opts->early;
	ext4_io_fd_past_cache(&w->fd_io, w->fd_io.early);
	w->io = &w->fd_io.io;
	return create(w, opts, ret, e);
}

void ext4_writer_destroy(struct fs_sink *s)
{
	struct ext4_writer *w;

	if (!s)
		return;
	w = ext4_sink_writer(s);
	tree_finish(&w->tree);
	ext4_xattrs_finish(&w->xattrs);
	ext4_out_finish(&w->out);
	ext4_alloc_finish(&w->alloc);
	free(w->file.runs);
	free(w->big);
	free(w->desc);
	free(w);
}

static int check_inodes(struct ext4_writer *w, struct err *e)
{
	uint64_t n = (uint64_t)w->alloc.geo.ngroups * w->inodes_per_group;

	if (w->last_ino > n)
		return err_set(e, -ENOSPC, "the file system has %llu inodes, the tree needs %u",
			       (unsigned long long)n, w->last_ino);
	return 0;
}

static int finish(struct ext4_writer *w, struct err *e)
{
	int rc = dirs_number(w, e);

	if (rc < 0)
		return rc;
	/* what is not data is read first and often: it stays in the page cache */
	ext4_io_fd_past_cache(&w->fd_io, false);
	if (w->opts.size && (rc = check_inodes(w, e)) < 0)
		return rc;
	if ((rc = dirs_write(w, e)) < 0 || (rc = extents_write(w, e)) < 0 ||
	    (rc = xattr_blocks_write(w, e)) < 0)
		return rc;
	if (!w->opts.size && (rc = place_at_finish(w, e)) < 0)
		return rc;
	if ((rc = bitmaps_write(w, e)) < 0 || (rc = inodes_write(w, e)) < 0 ||
	    (rc = journal_write(w, e)) < 0 || (rc = ext4_out_flush(&w->out, e)) < 0)
		return rc;
	return super_write(w, e);
}

int ext4_writer_finish(struct fs_sink *s, struct ext4_stats *ret, struct err *e)
{
	struct ext4_writer *w = ext4_sink_writer(s);
	int rc = ext4_sink_ready(w, e);

	if (rc == 0 && w->file.node)
		rc = err_set(e, -EINVAL, "a file is not complete");
	rc = ext4_sink_settle(w, rc < 0 ? rc : finish(w, e));
	if (rc < 0)
		return rc;
	w->over = true;
	if (ret)
		*ret = (struct ext4_stats){
			.size = w->alloc.geo.nblocks << EXT4_BLOCK_BITS,
			.used = (w->alloc.geo.nblocks - w->free_blocks) << EXT4_BLOCK_BITS,
			.inodes = w->last_ino + 1 - EXT4_FIRST_INO,
			.memory = w->mem.used,
			.dropped_xattrs = w->xattrs.dropped,
		};
	return 0;
}
