/* SPDX-License-Identifier: Apache-2.0 */
/* Two layers, plain tars, onto an ext4 file system in memory: whatever they hold, what the writer finishes is one that
 * the reader finds nothing wrong with. The first two bytes say how many blocks the first layer has. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "ext4/io.h"
#include "ext4/reader.h"
#include "ext4/writer.h"
#include "oci/layer.h"

#define DISK (4u << 20)
#define CHUNK 61u /* so that entries are cut everywhere */

static uint8_t disk[DISK];

struct bytes {
	struct oci_layer_src src;
	const uint8_t *p;
	size_t n;
};

static ssize_t next(struct oci_layer_src *src, const void **ret, struct err *e)
{
	struct bytes *b = container_of(src, struct bytes, src);
	size_t n = MIN(b->n, (size_t)CHUNK);

	*ret = b->p;
	b->p += n;
	b->n -= n;
	return (ssize_t)n;
}

static int disk_truncate(struct ext4_io *io, uint64_t size)
{
	if (size == 0)
		memset(disk, 0, sizeof(disk));
	return size > DISK ? -ENOSPC : 0;
}

static int disk_write(struct ext4_io *io, const void *p, size_t n, uint64_t off)
{
	if (off > DISK || n > DISK - off)
		abort(); /* beyond the size that was asked for */
	memcpy(disk + off, p, n);
	return 0;
}

static int disk_punch(struct ext4_io *io, uint64_t off, uint64_t n)
{
	if (off > DISK || n > DISK - off)
		abort();
	memset(disk + off, 0, n);
	return 0;
}

static int disk_sync(struct ext4_io *io)
{
	return 0;
}

static int disk_read(struct ext4_src *s, void *p, size_t n, uint64_t off)
{
	memcpy(p, disk + off, n);
	return 0;
}

static void wrong(const char *what, const char *path, const struct err *e)
{
	fprintf(stderr, "%s '%s': %s\n", what, path, e->text);
	abort();
}

/* All that there is of an entry, read. */
static int look(void *arg, const struct ext4_walk_entry *en, struct err *e)
{
	struct ext4_reader *r = arg;
	struct ext4_attrs attrs = { 0 };
	struct ext4_file *f = NULL;
	AUTO_FREE char *target = NULL;
	static uint8_t buf[4096];

	if (ext4_attrs_load(r, en->st.ino, &attrs, e) < 0)
		wrong("attributes of", en->path, e);
	ext4_attrs_finish(&attrs);
	if (S_ISLNK(en->st.mode) && ext4_reader_link(r, en->st.ino, &target, e) < 0)
		wrong("target of", en->path, e);
	if (!S_ISREG(en->st.mode))
		return 0;
	if (ext4_file_open(r, en->st.ino, &f, e) < 0)
		wrong("file", en->path, e);
	for (uint64_t off = 0, n; off < ext4_file_size(f); off += n) {
		bool data;

		if (ext4_file_span(f, off, &data, &n, e) < 0 ||
		    (data && ext4_file_read(f, buf, MIN(n, sizeof(buf)), off, e) < 0))
			wrong("content of", en->path, e);
	}
	ext4_file_close(f);
	return 0;
}

static void check(void)
{
	struct ext4_src src = { .read = disk_read, .size = DISK };
	struct ext4_reader *r;
	struct err e = { 0 };

	if (ext4_reader_open_src(&src, &r, &e) < 0)
		wrong("the file system", "", &e);
	if (ext4_reader_walk(r, EXT4_ROOT_INO, UINT32_MAX, look, r, &e) < 0)
		wrong("the tree", "", &e);
	ext4_reader_close(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ext4_io io = { disk_truncate, disk_write, disk_punch, disk_sync };
	const struct ext4_opts opts = { .size = DISK, .max_memory = 4 << 20, .uuid = { 1 } };
	struct fs_sink *sink;
	size_t first;
	int rc;

	if (n < 2)
		return 0;
	first = MIN((size_t)(p[0] | p[1] << 8) * 512, n - 2);
	if (ext4_writer_create_io(&io, &opts, &sink, NULL) < 0)
		abort();
	struct bytes lower = { { next }, p + 2, first }, upper = { { next }, p + 2 + first, n - 2 - first };
	rc = oci_layer_apply(&lower.src, sink, NULL, NULL);
	if (rc == 0)
		rc = oci_layer_apply(&upper.src, sink, NULL, NULL);
	if (rc == 0)
		rc = ext4_writer_finish(sink, NULL, NULL);
	ext4_writer_destroy(sink);
	if (rc == 0)
		check();
	return 0;
}
