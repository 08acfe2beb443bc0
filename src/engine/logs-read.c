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
#include "base/clock.h"
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

/* Where the last *want lines of this file before end begin; *want is what the file had not. */
static off_t find_tail(int fd, off_t end, uint64_t *want)
{
	char chunk[64 << 10];
	off_t at;

	for (at = end; at > 0;) {
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

static off_t size_of(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* The time of the first line that begins at or behind this place; *ret_at is where. 0: none was found near. */
static int64_t time_near(int fd, off_t at, off_t *ret_at)
{
	char chunk[LINE_MAX_BYTES];
	ssize_t n = pread(fd, chunk, sizeof(chunk), at);
	char *p = chunk, *end = chunk + MAX(n, 0), *nl;

	if (at > 0) { /* in the midst of a line, perhaps */
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : end;
	}
	nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
	*ret_at = at + (p - chunk);
	return nl ? log_line_time(p, (size_t)(nl - p)) : 0;
}

/* Lines stand in the order of their time: where the first one of this time or later begins. */
static off_t find_time(int fd, int64_t time)
{
	off_t low = 0, high = size_of(fd), line;

	while (high - low > 1) {
		off_t mid = low + (high - low) / 2;
		int64_t t = time_near(fd, mid, &line);

		if (t && t < time)
			low = mid;
		else
			high = mid;
	}
	/* The line behind low is too early, the next one is it. */
	for (off_t at = low;; at = line + 1) {
		int64_t t = time_near(fd, at, &line);

		if (!t || t >= time)
			return t ? line : size_of(fd);
	}
}

/* The newest file that begins before that time, or the oldest one. */
static int file_of_time(struct log_reader *r, int files, int64_t time, struct err *e)
{
	off_t line;
	int rc = 0, i = 0;

	for (; i <= files; i++) {
		rc = open_file(r, i, e);
		if (rc < 0)
			return rc;
		int64_t t = r->fd < 0 ? 0 : time_near(r->fd, 0, &line);
		if (t && t < time)
			return i;
	}
	return files;
}

static void measure(struct log_reader *r, int from, off_t at)
{
	char name[24];
	struct stat st;

	for (int i = 0; i <= from; i++) {
		snprintf(name, sizeof(name), i ? "log.%d" : r->boot ? "boot.log" : "log", i);
		if (fstatat(r->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			r->size += (uint64_t)st.st_size;
	}
	r->size -= MIN(r->size, (uint64_t)at);
}

/* The file and the place to begin with. */
static int open_first(struct log_reader *r, struct err *e)
{
	int files = 0, first = 0, rc = 0;
	uint64_t want = r->tail > 0 ? (uint64_t)r->tail : 0;
	off_t at = 0;
	char name[24];

	do
		snprintf(name, sizeof(name), "log.%d", ++files);
	while (!r->boot && files < FILES_MAX && faccessat(r->dir, name, F_OK, 0) == 0);
	files--;
	r->opened = true;
	if (r->tail < 0) {
		measure(r, files, 0);
		return open_file(r, files, e);
	}
	if (r->around)
		first = rc = file_of_time(r, files, r->around, e);
	for (int i = first; i <= files && rc >= 0; i++) {
		rc = open_file(r, i, e);
		if (rc == 0 && r->fd >= 0) {
			at = r->around && i == first ? find_time(r->fd, r->around) : size_of(r->fd);
			at = want ? find_tail(r->fd, at, &want) : at; /* a tail of 0 */
		}
		if (!want)
			break;
	}
	measure(r, r->older, at);
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

int64_t log_line_time(const char *line, size_t n)
{
	char when[CLOCK_RFC3339_MAX] = "";
	const char *sp = memchr(line, ' ', n);
	int64_t ns;

	if (!sp || (size_t)(sp - line) >= sizeof(when))
		return 0;
	memcpy(when, line, (size_t)(sp - line));
	return clock_parse_rfc3339(when, &ns) < 0 ? 0 : ns;
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
	ok = filter_match(r->filter, &source, text) && (!r->find || filter_has(text, r->find));
	p[n] = after;
	return ok;
}

/* p[0..n), and the newline behind it. */
static int take_line(struct log_reader *r, char *p, size_t n)
{
	if (r->limit && r->passed >= r->limit) {
		r->ended = true;
		return 0;
	}
	r->lines++;
	if ((r->filter || r->find) && !passes(r, p, n))
		return 0;
	r->passed++;
	return buf_add(&r->text, p, n + 1);
}

/* A last line without its end. */
static int take_rest(struct log_reader *r)
{
	size_t n = r->raw.len;
	int rc = buf_addc(&r->raw, '\n');

	if (rc == 0)
		rc = take_line(r, (char *)r->raw.p, n);
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
		rc = take_line(r, p, (size_t)(nl - p));
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
			r->read += (uint64_t)n;
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
