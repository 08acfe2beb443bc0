/* SPDX-License-Identifier: Apache-2.0 */
/* spool.c - decompressed on the way, if need be. */
#include "store/spool.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/str.h"
#include "oci/inflate.h"

#define CHUNK (256u << 10)
#define MAX_DEFAULT (UINT64_C(64) << 30)
#define LOOK_MS 100 /* between looks at whether it is still wanted */

int store_input_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

ssize_t store_read_some(int fd, void *buf, size_t n, struct pace *p, struct err *e)
{
	size_t got = 0;

	while (got < n) {
		struct pollfd in = { fd, POLLIN, 0 };
		int rc = pace_step(p, 0, e);

		if (rc < 0)
			return rc;
		if (poll(&in, 1, LOOK_MS) == 0)
			continue;
		ssize_t r = read(fd, (char *)buf + got, n - got);
		if (r < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (r < 0)
			return err_sys(e, -errno, "cannot read");
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

int store_tmpfile(struct store *s, struct err *e)
{
	int fd = openat(s->fd, "cache", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	uint8_t salt[8];
	char name[64] = "cache/.tmp-";

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd < 0 ? err_sys(e, -errno, "cannot make a file in the store") : fd;
	if (file_random(salt, sizeof(salt)) < 0)
		return err_set(e, -EIO, "cannot make a file in the store");
	str_hex(salt, sizeof(salt), name + strlen(name));
	fd = openat(s->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, -errno, "cannot make a file in the store");
	unlinkat(s->fd, name, 0);
	return fd;
}

struct spool {
	int fd;
	const char *name;
	uint64_t size, max;
	struct oci_inflate *inflate;
	uint8_t *in, *out;
};

static void spool_finish(struct spool *s)
{
	oci_inflate_destroy(s->inflate);
	free(s->in);
	free(s->out);
	if (s->fd >= 0)
		close(s->fd);
}

static int put(struct spool *s, const void *p, size_t n, struct err *e)
{
	if (n > s->max - s->size)
		return err_set(e, -EFBIG, "'%s' has more than %ju bytes", s->name, (uintmax_t)s->max);
	s->size += n;
	int rc = file_write_full(s->fd, p, n);
	return rc < 0 ? err_sys(e, rc, "cannot write to the store") : 0;
}

static int inflate(struct spool *s, size_t n, struct err *e)
{
	for (size_t at = 0, used = 0, made = 1; made || at < n; at += used) {
		int rc = oci_inflate_run(s->inflate, s->in + at, n - at, &used, s->out, CHUNK, &made, e);

		if (rc == 0 && made)
			rc = put(s, s->out, made, e);
		if (rc < 0)
			return rc;
		if (!used && !made)
			break;
	}
	return 0;
}

static int copy(struct spool *s, int fd, struct pace *p, struct err *e)
{
	for (;;) {
		ssize_t n = store_read_some(fd, s->in, CHUNK, p, e);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return oci_inflate_end(s->inflate, e);
		int rc = inflate(s, (size_t)n, e);
		if (rc == 0)
			rc = pace_step(p, (uint64_t)n, e);
		if (rc < 0)
			return rc;
	}
}

static bool is_compressed(const uint8_t *p, ssize_t n)
{
	return n >= 4 && ((p[0] == 0x1f && p[1] == 0x8b) || memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0);
}

int store_spool(struct store *s, int fd, const char *name, uint64_t max, struct pace *p, int *ret, struct err *e)
{
	AUTO(spool_finish) struct spool to = { .fd = -1, .name = name, .max = max ? max : MAX_DEFAULT };
	uint8_t head[4];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot read '%s'", name);
	if (S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0 && !is_compressed(head, pread(fd, head, 4, 0))) {
		*ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		return *ret < 0 ? err_sys(e, -errno, "cannot read '%s'", name) : 0;
	}
	if (S_ISREG(st.st_mode))
		pace_expect(p, (uint64_t)st.st_size);
	to.in = malloc(CHUNK);
	to.out = malloc(CHUNK);
	if (!to.in || !to.out)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = oci_inflate_create(OCI_INFLATE_AUTO, &to.inflate, e);
	if (rc == 0)
		rc = to.fd = store_tmpfile(s, e);
	if (rc >= 0)
		rc = copy(&to, fd, p, e);
	if (rc < 0)
		return err_wrap(e, rc, "'%s'", name);
	*ret = TAKE_FD(to.fd);
	return 0;
}
