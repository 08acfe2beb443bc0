/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a log. The first byte says how many of the last lines are wanted and whether a filter is; a form feed ends
 * a file, the oldest comes first. What the tail gives is the end of the whole. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "engine/logs-read.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define FILES 4
#define LONG_LINE 60000 /* longer lines may be dropped */

static char folder[] = "/tmp/berth-fuzz-log.XXXXXX";
static int dir = -1;

static void clear(void)
{
	for (int i = 0; i < FILES; i++) {
		char name[16];

		snprintf(name, sizeof(name), i ? "log.%d" : "log", i);
		unlinkat(dir, name, 0);
	}
}

static void put_away(void)
{
	clear();
	rmdir(folder);
}

static void write_file(int i, const uint8_t *p, size_t n)
{
	char name[16];

	snprintf(name, sizeof(name), i ? "log.%d" : "log", i);
	AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	if (i && n && p[n - 1] != '\n') /* files are changed at the end of a line */
		assert(write(fd, "\n", 1) == 1);
}

static void read_all(int64_t tail, const char *filter, struct buf *ret, uint64_t *ret_lines)
{
	static const struct filter_source source = { 0 };
	struct log_reader r = { .name = "x", .dir = dir, .tail = tail, .fd = -1 };

	assert(!filter || filter_parse(filter, &source, &r.filter, NULL) == 0);
	do {
		assert(log_read(&r, NULL) == 0);
		assert(r.text.len == 0 || r.text.p[r.text.len - 1] == '\n');
		if (r.text.len)
			assert(buf_add(ret, r.text.p, r.text.len) == 0);
		buf_clear(&r.text);
	} while (!r.ended);
	*ret_lines = r.lines;
	log_read_finish(&r);
}

static size_t count(const struct buf *b, size_t *ret_longest)
{
	size_t lines = 0, length = 0;

	for (size_t i = 0; i < b->len; i++) {
		length = b->p[i] == '\n' ? 0 : length + 1;
		lines += b->p[i] == '\n';
		if (length > *ret_longest)
			*ret_longest = length;
	}
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO_BUF struct buf all = { 0 };
	AUTO_BUF struct buf end = { 0 };
	AUTO_BUF struct buf some = { 0 };
	uint64_t lines, ignored;
	size_t longest = 0, have, tail = n ? *p & 15 : 0;
	int files = 1, at;

	if (!n)
		return 0;
	if (dir < 0) {
		assert(mkdtemp(folder));
		dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		atexit(put_away);
	}
	clear();
	p++;
	n--;
	for (size_t i = 0; i < n && files < FILES; i++)
		files += p[i] == '\f';
	for (at = files; at > 0; at--) {
		const uint8_t *ff = at > 1 ? memchr(p, '\f', n) : NULL;
		size_t len = ff ? (size_t)(ff - p) : n;

		write_file(at - 1, p, len);
		p += len + (ff != NULL);
		n -= len + (ff != NULL);
	}
	read_all(-1, NULL, &all, &lines);
	have = count(&all, &longest);
	if (longest > LONG_LINE)
		return 0;
	assert(lines == have);
	read_all((int64_t)tail, NULL, &end, &ignored);
	assert(count(&end, &longest) == (tail < have ? tail : have));
	assert(end.len <= all.len && (!end.len || memcmp(end.p, all.p + all.len - end.len, end.len) == 0));
	read_all(-1, "a", &some, &ignored);
	assert(some.len <= all.len && ignored == have);
	return 0;
}
