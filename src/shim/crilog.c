/* SPDX-License-Identifier: Apache-2.0 */
/* crilog.c - the container's log as CRI lines, rotated. */
#include "shim/crilog.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"

#define PIECE_MAX (16u << 10)
#define BATCH (256u << 10)

static const char *const stream_word[] = { "stdout", "stderr" };

static int open_file(struct crilog *l, struct err *e)
{
	struct stat st;

	l->fd = openat(l->dir, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return err_sys(e, -errno, "cannot open the container's log");
	l->size = (uint64_t)st.st_size;
	return 0;
}

int crilog_open(struct crilog *l, int dir, uint64_t max_bytes, unsigned max_files, struct err *e)
{
	*l = (struct crilog){ .dir = dir, .fd = -1, .max_bytes = max_bytes, .max_files = max_files };
	return open_file(l, e);
}

static int rotate(struct crilog *l, struct err *e)
{
	char from[24], to[24];

	close(TAKE_FD(l->fd));
	for (unsigned i = l->max_files - 1; i > 0; i--) {
		snprintf(to, sizeof(to), "log.%u", i);
		snprintf(from, sizeof(from), i > 1 ? "log.%u" : "log", i - 1);
		if (renameat(l->dir, from, l->dir, to) < 0 && errno != ENOENT)
			return err_sys(e, -errno, "cannot rotate the container's log");
	}
	if (l->max_files <= 1)
		unlinkat(l->dir, "log", 0);
	return open_file(l, e);
}

static int write_out(struct crilog *l, struct err *e)
{
	int rc = 0;

	if (l->out.len == 0)
		return 0;
	if (l->size && l->size + l->out.len > l->max_bytes)
		rc = rotate(l, e);
	if (rc == 0) {
		rc = file_write_full(l->fd, l->out.p, l->out.len);
		if (rc < 0)
			err_sys(e, rc, "cannot write the container's log");
		l->size += l->out.len;
	}
	buf_clear(&l->out);
	l->failed = rc;
	return rc;
}

static int add_line(struct crilog *l, enum crilog_stream s, int64_t when, bool whole, const void *p, size_t n)
{
	char stamp[CLOCK_RFC3339_MAX];
	int rc;

	clock_rfc3339(when, stamp);
	rc = buf_addf(&l->out, "%s %s %c ", stamp, stream_word[s], whole ? 'F' : 'P');
	if (rc == 0)
		rc = buf_add(&l->out, p, n);
	return rc < 0 ? rc : buf_addc(&l->out, '\n');
}

int crilog_add(struct crilog *l, enum crilog_stream s, const void *data, size_t n, struct err *e)
{
	struct buf *rest = &l->part[s].rest;
	const char *p = data;
	int64_t now = clock_real_ns();
	int rc = 0;

	if (l->failed || l->fd < 0)
		return 0;
	while (n && rc == 0) {
		const char *nl = memchr(p, '\n', MIN(n, PIECE_MAX - rest->len));
		size_t len = nl ? (size_t)(nl - p) : MIN(n, PIECE_MAX - rest->len);

		if (!nl && rest->len + len < PIECE_MAX) {
			if (rest->len == 0)
				l->part[s].since = now;
			rc = buf_add(rest, p, len);
		} else if (rest->len) {
			rc = buf_add(rest, p, len);
			if (rc == 0)
				rc = add_line(l, s, l->part[s].since, nl != NULL, rest->p, rest->len);
			buf_clear(rest);
		} else {
			rc = add_line(l, s, now, nl != NULL, p, len);
		}
		p += len + (nl != NULL);
		n -= len + (nl != NULL);
		if (rc == 0 && l->out.len >= BATCH)
			rc = write_out(l, e);
	}
	if (rc == -ENOMEM)
		l->failed = err_sys(e, rc, "cannot write the container's log");
	return rc < 0 ? rc : write_out(l, e);
}

void crilog_finish(struct crilog *l)
{
	if (l->dir == 0 && l->fd == 0)
		return;
	for (int s = 0; s < CRILOG_NSTREAMS; s++) {
		if (l->part[s].rest.len && !l->failed)
			add_line(l, s, l->part[s].since, false, l->part[s].rest.p, l->part[s].rest.len);
		buf_finish(&l->part[s].rest);
	}
	if (!l->failed && l->fd >= 0)
		write_out(l, NULL);
	buf_finish(&l->out);
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct crilog){ .dir = -1, .fd = -1 };
}
