/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"

const struct ext4_opts image_opts = {
	.uuid = { 0xbe, 0x47, 3, 4, 5, 6, 0x47, 8, 0x89, 10, 11, 12, 13, 14, 15, 16 },
};

static const struct fs_attr file_attr = { .mode = 0644, .mtime = { 1000, 0 } };
static const struct fs_attr dir_attr = { .mode = 0755, .mtime = { 1000, 0 } };

void image_must(int rc, const struct err *e, const char *file, int line)
{
	if (rc < 0) {
		print_error("%s\n", e->text);
		_fail(file, line);
	}
}

void image_open(struct image *im, const struct ext4_opts *opts)
{
	const char *dir = getenv("TMPDIR");

	*im = (struct image){ .fd = -1 };
	snprintf(im->path, sizeof(im->path), "%.40s/ext4-XXXXXX", dir ? dir : "/tmp");
	im->fd = mkstemp(im->path);
	assert_true(im->fd >= 0);
	if (!opts)
		return;
	MUST(im, ext4_writer_create(im->fd, opts, &im->s, &im->e));
	MUST(im, im->s->ops->layer(im->s, &im->e));
}

static char *run(const char *cmd, int *ret_status)
{
	struct buf b = { 0 };
	char piece[4096];
	FILE *f = popen(cmd, "r");
	size_t n;

	assert_non_null(f);
	buf_adds(&b, "");
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&b, piece, n);
	*ret_status = pclose(f);
	return buf_steal(&b);
}

static char *with_path(const char *fmt, const char *path)
{
	const char *at = strstr(fmt, "%s");
	struct buf b = { 0 };

	buf_adds(&b, "PATH=$PATH:/usr/sbin:/sbin; ");
	buf_add(&b, fmt, at ? (size_t)(at - fmt) : strlen(fmt));
	if (at) {
		buf_adds(&b, path);
		buf_adds(&b, at + 2);
	}
	return buf_steal(&b);
}

char *image_run(struct image *im, const char *fmt)
{
	char *cmd = with_path(fmt, im->path), *out;
	int status;

	out = run(cmd, &status);
	free(cmd);
	return out;
}

void image_check(struct image *im)
{
	char *cmd = with_path("command -v e2fsck >/dev/null || exit 99; e2fsck -fn %s 2>&1", im->path);
	int status;
	char *out = run(cmd, &status);

	free(cmd);
	if (WEXITSTATUS(status) == 99) {
		free(out);
		print_message("e2fsck is not installed\n");
		image_remove(im);
		skip();
	}
	if (status != 0 || strcasestr(out, "optimiz") || strcasestr(out, "fix") || strcasestr(out, "? no")) {
		print_error("e2fsck: %s\n", out);
		fail();
	}
	free(out);
}

void image_finish(struct image *im)
{
	MUST(im, ext4_writer_finish(im->s, &im->st, &im->e));
	ext4_writer_destroy(im->s);
	im->s = NULL;
	image_check(im);
}

void image_remove(struct image *im)
{
	ext4_writer_destroy(im->s);
	close(im->fd);
	unlink(im->path);
}

char *image_debugfs(struct image *im, const char *cmd)
{
	char *fmt = path_fmt("debugfs -R '%s' %%s 2>/dev/null", cmd), *out;

	out = image_run(im, fmt);
	free(fmt);
	return out;
}

void image_says(struct image *im, const char *cmd, ...)
{
	char *out = image_debugfs(im, cmd);
	const char *word;
	va_list ap;

	va_start(ap, cmd);
	while ((word = va_arg(ap, const char *))) {
		if (!strstr(out, word)) {
			print_error("debugfs '%s' does not say '%s' but:\n%s\n", cmd, word, out);
			fail();
		}
	}
	va_end(ap);
	free(out);
}

void image_dir(struct image *im, const char *path)
{
	MUST(im, im->s->ops->add_dir(im->s, path, &dir_attr, &im->e));
}

void image_file(struct image *im, const char *path, const char *text)
{
	MUST(im, im->s->ops->add_file(im->s, path, strlen(text), &file_attr, &im->e));
	MUST(im, im->s->ops->write(im->s, text, strlen(text), &im->e));
	MUST(im, im->s->ops->end_file(im->s, &im->e));
}

void image_link(struct image *im, const char *path, const char *target)
{
	MUST(im, im->s->ops->add_link(im->s, path, target, &im->e));
}
