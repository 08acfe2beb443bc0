/* SPDX-License-Identifier: Apache-2.0 */
#include "ext4/mkfs.h"

#include "base/auto.h"

static int make(struct fs_sink *s, const struct ext4_mkfs_opts *opts, struct err *e)
{
	const struct fs_time when = { .sec = opts->fs.time };
	const struct fs_attr a = {
		.mode = opts->root_mode ? opts->root_mode : 0755,
		.mtime = when,
		.atime = when,
		.ctime = when,
	};
	int rc = s->ops->add_dir(s, "", &a, e);

	if (rc == 0 && opts->overlay)
		rc = s->ops->add_dir(s, "upper", &a, e);
	if (rc == 0 && opts->overlay)
		rc = s->ops->add_dir(s, "work", &a, e);
	return rc < 0 ? rc : ext4_writer_finish(s, NULL, e);
}

int ext4_mkfs(int fd, const struct ext4_mkfs_opts *opts, struct err *e)
{
	struct ext4_opts fs = opts->fs;
	struct fs_sink *s;
	int rc;

	if (!fs.size)
		fs.size = EXT4_MKFS_SIZE;
	rc = ext4_writer_create(fd, &fs, &s, e);
	if (rc < 0)
		return rc;
	rc = make(s, opts, e);
	ext4_writer_destroy(s);
	return rc;
}
