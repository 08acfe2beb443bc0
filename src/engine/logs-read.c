/* SPDX-License-Identifier: Apache-2.0 */
/* logs-read.c - a log's files, in the pool. */
#include "engine/logs-read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/lock.h"

#define LINE_MAX_BYTES (64u << 10) /* no line of ours is that long */
#define FILES_MAX 100

static int open_file(struct log_reader *r, int n, struct err *e)
{
	char name[24];

	snprintf(name, sizeof(name), n ? "log.%d" : r->boot ? "boot.log" : "log", n);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = openat(r->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	r->older = n;
	if (r->fd < 0 && errno != ENOENT)
		return err_sys(e, -errno, "cannot read the log of container %s", r->name);
	return 0;
}

/* Where the last *want lines of this file begin, read from its end; *want is what the file had not. */
static off_t find_tail(int fd, uint64_t *want)
{
	char chunk[64 << 10];
	struct stat st;
	off_t at, end;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	for (end = at = st.st_size; at > 0;) {
		size_t n = (size_t)MIN(at, (off_t)sizeof(chunk));
		ssize_t r = pread(fd, chunk, n, at - (off_t)n);

		if (r != (ssize_t)n)
			return 0;
		at -= (off_t)n;
		for (size_t i = n; i-- > 0;) {
			if (chunk[i] != '\n' || at + (off_t)i + 1 == end)
				continue;
			if (--*want == 0)
				return at + (off_t)i + 1;
		}
	}
	if (end > 0)
		--*want; /* the first line of the file */
	return 0;
}

/* The file and the place to begin with. */
static int open_first(struct log_reader *r, struct err *e)
{
	int files = 0, rc = 0;
	uint64_t want = r->tail > 0 ? (uint64_t)r->tail : 0;
	off_t at = 0;
	char name[24];

	do
		snprintf(name, sizeof(name), "log.%d", ++files);
	while (!r->boot && files < FILES_MAX && faccessat(r->dir, name, F_OK, 0) == 0);
	files--;
	r->opened = true;
	if (r->tail < 0)
		return open_file(r, files, e);
	for (int i = 0; i <= files && rc == 0; i++) {
		rc = open_file(r, i, e);
		if (rc == 0 && r->fd >= 0 && !want)
			at = lseek(r->fd, 0, SEEK_END); /* a tail of 0 */
		else if (rc == 0)
			at = find_tail(r->fd, &want);
		if (!want)
			break;
	}
	if (rc == 0 && r->fd >= 0 && lseek(r->fd, at, SEEK_SET) < 0)
		return err_sys(e, -errno, "cannot read the log of container %s", r->name);
	return rc;
}

static bool was_replaced(const struct log_reader *r)
{
	struct stat mine, now;

	return r->fd < 0 || (fstat(r->fd, &mine) == 0 && fstatat(r->dir, "log", &now, 0) == 0 &&
			     (mine.st_ino != now.st_ino || mine.st_dev != now.st_dev));
}

static uint64_t behind(const struct log_reader *r)
{
	struct stat st;
	off_t at = r->fd < 0 ? -1 : lseek(r->fd, 0, SEEK_CUR);

	return at < 0 || fstat(r->fd, &st) < 0 || st.st_size < at ? 0 : (uint64_t)(st.st_size - at);
}

static void skip_ahead(struct log_reader *r)
{
	uint64_t left = behind(r);

	if (!r->behind_max || !r->caught_up || left <= r->behind_max ||
	    lseek(r->fd, (off_t)(left - LOG_READ_CHUNK / 2), SEEK_CUR) < 0)
		return;
	r->skipped += left - LOG_READ_CHUNK / 2 + r->raw.len;
	buf_clear(&r->raw);
	r->drop = true;
}

/* --- lines */

char *log_line_message(char *line, size_t n)
{
	char *sp = memchr(line, ' ', n);

	return !sp || line + n - sp < 10 ? NULL : sp + 10;
}

static const char *message_of(void *arg, const char *field)
{
	return field ? NULL : arg;
}

/* p[0..n) is a line, with a byte behind it that may be written. */
static bool passes(const struct log_reader *r, char *p, size_t n)
{
	static const struct filter_source source = { message_of, NULL, NULL };
	char *text = r->boot ? p : log_line_message(p, n), after = p[n];
	bool ok;

	if (!text)
		return true;
	p[n] = 0;
	ok = filter_match(r->filter, &source, text);
	p[n] = after;
	return ok;
}

/* A last line without its end. */
static int take_rest(struct log_reader *r)
{
	size_t n = r->raw.len;
	int rc = buf_addc(&r->raw, '\n');

	r->lines++;
	if (rc == 0 && (!r->filter || passes(r, (char *)r->raw.p, n)))
		rc = buf_add(&r->text, r->raw.p, n + 1);
	buf_clear(&r->raw);
	return rc;
}

static int take_lines(struct log_reader *r)
{
	char *p = (char *)r->raw.p, *last = p + r->raw.len, *nl;
	int rc = 0;

	for (; rc == 0 && p < last && (nl = memchr(p, '\n', (size_t)(last - p))); p = nl + 1) {
		if (r->drop) {
			r->skipped += (uint64_t)(nl + 1 - p);
			r->drop = false;
			continue;
		}
		r->lines++;
		if (!r->filter || passes(r, p, (size_t)(nl - p)))
			rc = buf_add(&r->text, p, (size_t)(nl + 1 - p));
	}
	if (r->raw.p)
		buf_consume(&r->raw, (size_t)(p - (char *)r->raw.p));
	if (rc == 0 && r->ended && r->raw.len)
		return take_rest(r);
	if (r->raw.len > LINE_MAX_BYTES)
		buf_clear(&r->raw);
	return rc;
}

int log_read(struct log_reader *r, struct err *e)
{
	ssize_t n;
	int rc = r->opened ? 0 : open_first(r, e);

	r->got = false;
	while (rc == 0) {
		bool alive = lock_is_held(r->dir, "lock"); /* asked before the end of the file is seen */

		skip_ahead(r);
		if (buf_reserve(&r->raw, LOG_READ_CHUNK) < 0)
			return err_sys(e, -ENOMEM, "cannot read the log of container %s", r->name);
		n = r->fd < 0 ? 0 : read(r->fd, r->raw.p + r->raw.len, LOG_READ_CHUNK);
		if (n < 0)
			return err_sys(e, -errno, "cannot read the log of container %s", r->name);
		if (n > 0) {
			r->raw.len += (size_t)n;
			r->got = true;
			break;
		}
		if (r->older > 0) {
			rc = open_file(r, r->older - 1, e);
		} else if (!r->boot && was_replaced(r) && faccessat(r->dir, "log", F_OK, 0) == 0) {
			r->rotated = r->fd >= 0 && r->caught_up;
			rc = open_file(r, 0, e);
		} else {
			r->ended = !alive || !r->follow;
			r->caught_up = true;
			break;
		}
	}
	if (rc == 0 && take_lines(r) < 0)
		rc = err_sys(e, -ENOMEM, "cannot read the log of container %s", r->name);
	r->behind = behind(r);
	return rc;
}

void log_read_finish(struct log_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	buf_finish(&r->text);
	buf_finish(&r->raw);
	filter_free(r->filter);
}
