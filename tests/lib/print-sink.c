/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/print-sink.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"

static struct print_sink *self(struct fs_sink *s)
{
	return container_of(s, struct print_sink, sink);
}

/* What every path must be like, whatever the archive held. */
static void check_path(const char *path)
{
	assert(strlen(path) <= PATH_MAX);
	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		assert(n > 0 && n <= NAME_MAX);
		assert(!(n == 1 && p[0] == '.') && !(n == 2 && p[0] == '.' && p[1] == '.'));
		p += n;
		p += *p == '/';
		assert(*p || p[-1] != '/');
	}
}

static int begin(struct print_sink *s, bool file_call, struct err *e)
{
	assert(s->in_file == file_call);
	if (++s->calls == s->fail_at)
		return err_set(e, -EIO, "call %d failed", s->calls);
	return 0;
}

static void add_bytes(struct buf *b, const void *p, size_t n)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < n; i++)
		buf_addf(b, c[i] > 32 && c[i] < 127 && c[i] != '%' ? "%c" : "%%%02X", c[i]);
}

static void add_path(struct print_sink *s, const char *what, const char *path)
{
	check_path(path);
	if (s->quiet)
		return;
	buf_adds(&s->text, what);
	buf_addc(&s->text, ' ');
	add_bytes(&s->text, *path ? path : "/", *path ? strlen(path) : 1);
}

static void add_attr(struct print_sink *s, const struct fs_attr *a)
{
	struct buf *b = &s->text;

	assert(a->mode <= 07777 && a->mtime.nsec < 1000000000);
	if (s->quiet)
		return;
	buf_addf(b, " %04o %u:%u %lld.%09u", a->mode, a->uid, a->gid, (long long)a->mtime.sec, a->mtime.nsec);
	if (a->atime.sec != a->mtime.sec || a->atime.nsec != a->mtime.nsec)
		buf_addf(b, " atime=%lld.%09u", (long long)a->atime.sec, a->atime.nsec);
	for (size_t i = 0; i < a->nxattrs; i++) {
		buf_addf(b, " %s=", a->xattrs[i].name);
		add_bytes(b, a->xattrs[i].value, MIN(a->xattrs[i].len, (size_t)64));
	}
}

static int end(struct print_sink *s)
{
	if (!s->quiet)
		buf_addc(&s->text, '\n');
	return 0;
}

static int layer(struct fs_sink *sink, struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, false, e);
	if (rc == 0 && !s->quiet)
		buf_adds(&s->text, "layer\n");
	return rc;
}

static int add_dir(struct fs_sink *sink, const char *path, const struct fs_attr *a, struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, false, e);
	if (rc < 0)
		return rc;
	add_path(s, "dir", path);
	add_attr(s, a);
	return end(s);
}

static int add_symlink(struct fs_sink *sink, const char *path, const char *target, const struct fs_attr *a,
		       struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, false, e);
	if (rc < 0)
		return rc;
	assert(*path && *target);
	add_path(s, "symlink", path);
	add_attr(s, a);
	if (!s->quiet) {
		buf_adds(&s->text, " -> ");
		add_bytes(&s->text, target, strlen(target));
	}
	return end(s);
}

static int add_node(struct fs_sink *sink, const char *path, uint32_t type, uint32_t major, uint32_t minor,
		    const struct fs_attr *a, struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, false, e);
	if (rc < 0)
		return rc;
	assert(*path);
	add_path(s,
		 type == S_IFCHR   ? "chr"
		 : type == S_IFBLK ? "blk"
		 : type == S_IFIFO ? "fifo"
				   : "sock",
		 path);
	add_attr(s, a);
	if (!s->quiet && (type == S_IFCHR || type == S_IFBLK))
		buf_addf(&s->text, " %u,%u", major, minor);
	return end(s);
}

static int add_link(struct fs_sink *sink, const char *path, const char *target, struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, false, e);
	if (rc < 0)
		return rc;
	assert(*path && *target);
	add_path(s, "link", path);
	add_path(s, " ->", target);
	return end(s);
}

static int add_file(struct fs_sink *sink, const char *path, uint64_t size, const struct fs_attr *a,
		    struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, false, e);
	if (rc < 0)
		return rc;
	assert(*path);
	add_path(s, "file", path);
	add_attr(s, a);
	if (!s->quiet)
		buf_addf(&s->text, " size=%ju", (uintmax_t)size);
	s->left = size;
	s->in_file = true;
	return 0;
}

static int write_data(struct fs_sink *sink, const void *p, size_t n, struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, true, e);
	if (rc < 0)
		return rc;
	assert(n <= s->left);
	s->left -= n;
	if (!s->quiet) {
		buf_addc(&s->text, ' ');
		if (n <= 64)
			add_bytes(&s->text, p, n);
		else
			buf_addf(&s->text, "[%zu]", n);
	}
	return 0;
}

static int hole(struct fs_sink *sink, uint64_t n, struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, true, e);
	if (rc < 0)
		return rc;
	assert(n <= s->left);
	s->left -= n;
	if (!s->quiet)
		buf_addf(&s->text, " hole(%ju)", (uintmax_t)n);
	return 0;
}

static int end_file(struct fs_sink *sink, struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, true, e);
	assert(s->left == 0);
	s->in_file = false;
	return rc < 0 ? rc : end(s);
}

static int whiteout(struct fs_sink *sink, const char *path, struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, false, e);
	if (rc < 0)
		return rc;
	assert(*path);
	add_path(s, "whiteout", path);
	return end(s);
}

static int opaque(struct fs_sink *sink, const char *path, struct err *e)
{
	struct print_sink *s = self(sink);

	int rc = begin(s, false, e);
	if (rc < 0)
		return rc;
	add_path(s, "opaque", path);
	return end(s);
}

static const struct fs_sink_ops print_ops = {
	.layer = layer,
	.add_dir = add_dir,
	.add_symlink = add_symlink,
	.add_node = add_node,
	.add_link = add_link,
	.add_file = add_file,
	.write = write_data,
	.hole = hole,
	.end_file = end_file,
	.whiteout = whiteout,
	.opaque = opaque,
};

void print_sink_init(struct print_sink *s)
{
	*s = (struct print_sink){ .sink.ops = &print_ops };
}

void print_sink_finish(struct print_sink *s)
{
	buf_finish(&s->text);
}
