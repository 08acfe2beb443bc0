/* SPDX-License-Identifier: Apache-2.0 */
/* manifest FILE - what our reader sees in an ext4 file, as manifest.h says. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "ext4/reader.h"
#include "manifest.h"

static int contents(struct ext4_reader *r, uint32_t ino, uint64_t *h, struct err *e)
{
	static unsigned char chunk[MANIFEST_CHUNK];
	struct ext4_file *f;
	int rc = ext4_file_open(r, ino, &f, e);

	*h = 0;

	if (rc < 0)
		return rc;
	for (uint64_t at = 0, size = ext4_file_size(f); rc == 0 && at < size; at += sizeof(chunk)) {
		size_t n = size - at < sizeof(chunk) ? (size_t)(size - at) : sizeof(chunk);

		rc = ext4_file_read(f, chunk, n, at, e);
		*h = manifest_hash(*h, chunk, n);
	}
	ext4_file_close(f);
	return rc;
}

static int attributes(struct ext4_reader *r, uint32_t ino, uint64_t *h, struct err *e)
{
	struct ext4_attrs a;
	int rc = ext4_attrs_load(r, ino, &a, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < a.n; i++) {
		*h = manifest_hash(*h, a.v[i].name, strlen(a.v[i].name));
		*h = manifest_hash(*h, a.v[i].value, a.v[i].len);
	}
	ext4_attrs_finish(&a);
	return 0;
}

/* A file of very many names is read once. */
static int contents_once(struct ext4_reader *r, const struct ext4_stat *st, uint64_t *h, struct err *e)
{
	static uint32_t last_ino;
	static uint64_t last;
	int rc = last_ino == st->ino ? 0 : contents(r, st->ino, &last, e);

	last_ino = rc == 0 ? st->ino : 0;
	*h = last;
	return rc;
}

static int on_entry(void *arg, const struct ext4_walk_entry *en, struct err *e)
{
	const struct ext4_stat *st = &en->st;
	uint64_t data = 0, attrs = 0;
	AUTO_FREE char *target = NULL;
	int rc = attributes(arg, st->ino, &attrs, e);

	if (rc == 0 && S_ISREG(st->mode))
		rc = contents_once(arg, st, &data, e);
	if (rc == 0 && S_ISLNK(st->mode) && (rc = ext4_reader_link(arg, st->ino, &target, e)) == 0)
		data = manifest_hash(0, target, strlen(target));
	if (rc < 0)
		return err_wrap(e, rc, "'%s'", en->path);
	printf(MANIFEST_FORMAT, en->path, st->mode, st->nlink, st->uid, st->gid, (unsigned long long)st->size,
	       (long long)st->mtime.sec, st->mtime.nsec, (unsigned long long)data, (unsigned long long)attrs);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	struct ext4_reader *r;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 2;
	if (ext4_reader_open(fd, &r, &e) < 0 || ext4_reader_walk(r, EXT4_ROOT_INO, ~0u, on_entry, r, &e) < 0) {
		fprintf(stderr, "manifest: %s\n", e.text);
		return 1;
	}
	ext4_reader_close(r);
	return fflush(stdout) != 0;
}
