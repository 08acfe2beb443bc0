/* SPDX-License-Identifier: Apache-2.0 */
/* verify-rootfs.c - one unpacked image: its two files, and whether the file system agrees with itself; and that of any
 * other file system of ours. */
#include "store/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "ext4/check.h"
#include "ext4/csum.h"
#include "store/rootfs.h"

#define META_MAX (64u << 10)

static int verify_super(int fd, uint64_t size, struct err *e)
{
	struct ext4_super sb;
	const size_t covered = offsetof(struct ext4_super, checksum);
	uint64_t blocks, block_size;

	if (pread(fd, &sb, sizeof(sb), EXT4_SB_OFFSET) != (ssize_t)sizeof(sb) ||
	    le16toh(sb.magic) != EXT4_MAGIC)
		return err_set(e, -EBADMSG, "base.ext4 holds no file system");
	if (le32toh(sb.checksum) != ext4_crc32c(~0u, &sb, covered))
		return err_set(e, -EBADMSG, "the superblock of base.ext4 is damaged");
	blocks = le32toh(sb.blocks_count_lo) | (uint64_t)le32toh(sb.blocks_count_hi) << 32;
	block_size = UINT64_C(1024) << (le32toh(sb.log_block_size) & 31);
	if (blocks > size / block_size)
		return err_set(e, -EBADMSG, "base.ext4 is shorter than the file system in it");
	return 0;
}

/* The descriptor of base.ext4. */
static int open_base(struct store *s, const char *key, struct err *e)
{
	char path[STORE_KEY_MAX + 32];
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *meta = NULL;
	struct stat st;
	size_t len;

	snprintf(path, sizeof(path), "rootfs/%.95s/meta.json", key);
	int rc = file_load(s->fd, path, META_MAX, &text, &len, e);
	if (rc == 0)
		rc = json_parse(text, len, "meta.json", &meta, e);
	if (rc < 0)
		return rc == -ENOMEM ? rc : -EBADMSG;
	snprintf(path, sizeof(path), "rootfs/%.95s/base.ext4", key);
	AUTO_CLOSE int fd = openat(s->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno == ENOENT ? -EBADMSG : -errno, "cannot open base.ext4");
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EBADMSG, "base.ext4 is no file");
	if (json_int(meta, "size", -1) != (int64_t)st.st_size)
		return err_set(e, -EBADMSG, "base.ext4 has %jd bytes, not the %jd that meta.json tells",
			       (intmax_t)st.st_size, (intmax_t)json_int(meta, "size", -1));
	rc = verify_super(fd, (uint64_t)st.st_size, e);
	return rc < 0 ? rc : TAKE_FD(fd);
}

/* --- all that says where something is */

struct paced_src {
	struct ext4_src src;
	int fd;
	struct pace *pace;
};

static int paced_read(struct ext4_src *s, void *p, size_t n, uint64_t off)
{
	const struct paced_src *ps = container_of(s, struct paced_src, src);
	int rc = pace_step(ps->pace, 0, NULL);

	while (rc == 0 && n) {
		ssize_t got = pread(ps->fd, p, n, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		p = (uint8_t *)p + got;
		n -= (size_t)got;
		off += (uint64_t)got;
	}
	return rc;
}

/* The first is what is told. */
static int on_finding(void *arg, const char *text, struct err *e)
{
	struct err *first = arg;

	if (!first->code)
		err_set(first, -EBADMSG, "%s", text);
	return 0;
}

int store_ext4_verify(int fd, const char *name, struct pace *p, struct err *e)
{
	struct paced_src src = { { paced_read, 0 }, fd, p };
	struct ext4_check_result found;
	struct ext4_reader *r;
	struct err first = { 0 };
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot look at %s", name);
	src.src.size = (uint64_t)st.st_size;
	rc = ext4_reader_open_src(&src.src, &r, e);
	if (rc < 0) /* what cannot be read at all is damaged */
		return err_wrap(e, rc == -EUCLEAN || rc == -EINVAL || rc == -EIO ? -EBADMSG : rc, "%s", name);
	rc = ext4_check(r, on_finding, &first, &found, e);
	ext4_reader_close(r);
	if (rc < 0 || !found.findings)
		return rc;
	return found.findings == 1 ? err_set(e, -EBADMSG, "%s: %s", name, first.text) :
				     err_set(e, -EBADMSG, "%s: %s (and %u faults more)", name, first.text, found.findings - 1);
}

int store_rootfs_verify(struct store *s, const char *key, bool deep, struct pace *p, struct err *e)
{
	AUTO_CLOSE int fd = open_base(s, key, e);

	if (fd < 0)
		return fd;
	int rc = deep ? store_ext4_verify(fd, "base.ext4", p, e) : 0;
	return rc == -EOPNOTSUPP ? -EBADMSG : rc; /* nobody but us made it */
}
