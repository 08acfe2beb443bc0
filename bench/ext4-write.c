/* SPDX-License-Identifier: Apache-2.0 */
/* ext4-write - how fast the ext4 writer is, beside mke2fs.
 *
 *   ext4-write IMAGE DIR       writes the tree DIR into IMAGE, as mke2fs -d DIR IMAGE SIZE does
 *   ext4-write IMAGE -n N      writes N files of 0 to 64 KiB, 100 in each directory
 *   ext4-write IMAGE -m        an empty file system for a container, 100 times
 *
 * Prints milliseconds, MB/s and what the writer says of itself. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/path.h"
#include "ext4/mkfs.h"
#include "ext4/writer.h"

static struct fs_sink *sink;
static struct err err;
static uint64_t total;

static void must(int rc)
{
	if (rc < 0) {
		fprintf(stderr, "ext4-write: %s\n", err.text);
		exit(1);
	}
}

static struct fs_time when(struct timespec t)
{
	return (struct fs_time){ .sec = t.tv_sec, .nsec = (uint32_t)t.tv_nsec };
}

/* The first name of each inode that has several. */
struct seen {
	ino_t ino;
	char *path;
	struct seen *next;
};
static struct seen *seen[4096];

static const char *first_name(const struct stat *st, const char *path)
{
	struct seen **head = &seen[st->st_ino % ARRAY_LEN(seen)], *s;

	for (s = *head; s; s = s->next)
		if (s->ino == st->st_ino)
			return s->path;
	s = malloc(sizeof(*s));
	*s = (struct seen){ .ino = st->st_ino, .path = strdup(path), .next = *head };
	*head = s;
	return NULL;
}

#define XATTRS_MAX 16

static size_t read_xattrs(int dirfd, const char *name, struct fs_xattr *v, char *buf, size_t size)
{
	AUTO_FREE char *path = path_fmt("/proc/self/fd/%d/%s", dirfd, name);
	ssize_t n = llistxattr(path, buf, size);
	char *value = buf + (n > 0 ? n : 0);
	size_t count = 0;

	for (char *p = buf; n > 0 && p < buf + n && count < XATTRS_MAX; p += strlen(p) + 1) {
		ssize_t len = lgetxattr(path, p, value, size - (size_t)(value - buf));

		if (len < 0)
			continue;
		v[count++] = (struct fs_xattr){ .name = p, .value = value, .len = (size_t)len };
		value += len;
	}
	return count;
}

static void copy_data(int fd, uint64_t size)
{
	static char buf[1 << 18];

	for (uint64_t left = size; left;) {
		ssize_t n = read(fd, buf, MIN(left, sizeof(buf)));

		if (n <= 0)
			must(err_set(&err, -EIO, "a file became shorter"));
		must(sink->ops->write(sink, buf, (size_t)n, &err));
		left -= (uint64_t)n;
	}
	must(sink->ops->end_file(sink, &err));
	total += size;
}

static void copy_tree(int fd, const char *at);

static void copy_entry(int dirfd, const char *name, const char *path)
{
	static char buf[1 << 17];
	struct fs_xattr x[XATTRS_MAX];
	struct fs_attr a = { .xattrs = x };
	char target[4096];
	struct stat st;
	ssize_t n;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		must(err_sys(&err, -errno, "cannot stat '%s'", path));
	if (!S_ISDIR(st.st_mode) && st.st_nlink > 1) {
		const char *first = first_name(&st, path);

		if (first) {
			must(sink->ops->add_link(sink, path, first, &err));
			return;
		}
	}
	a.mode = st.st_mode & 07777;
	a.uid = st.st_uid;
	a.gid = st.st_gid;
	a.mtime = when(st.st_mtim);
	a.atime = when(st.st_atim);
	a.ctime = when(st.st_ctim);
	a.nxattrs = read_xattrs(dirfd, name, x, buf, sizeof(buf));
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR: {
		int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY);

		must(sink->ops->add_dir(sink, path, &a, &err));
		copy_tree(fd, path);
		break;
	}
	case S_IFREG: {
		AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY);

		must(sink->ops->add_file(sink, path, (uint64_t)st.st_size, &a, &err));
		copy_data(fd, (uint64_t)st.st_size);
		break;
	}
	case S_IFLNK:
		n = readlinkat(dirfd, name, target, sizeof(target) - 1);
		target[MAX(n, 0)] = 0;
		must(sink->ops->add_symlink(sink, path, target, &a, &err));
		break;
	default:
		must(sink->ops->add_node(sink, path, st.st_mode & S_IFMT, major(st.st_rdev),
					 minor(st.st_rdev), &a, &err));
	}
}

static void copy_tree(int fd, const char *at)
{
	AUTO_CLOSEDIR DIR *d = fdopendir(fd);
	struct dirent *de;

	while (d && (de = readdir(d))) {
		AUTO_FREE char *path = NULL;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		path = *at ? path_fmt("%s/%s", at, de->d_name) : strdup(de->d_name);
		copy_entry(dirfd(d), de->d_name, path);
	}
}

static void synthetic(unsigned long n)
{
	static char buf[65536];
	const struct fs_attr a = { .mode = 0644, .mtime = { 1700000000, 1 } };
	uint32_t x = 1;

	memset(buf, 'x', sizeof(buf));
	for (unsigned long i = 0; i < n; i++) {
		char path[64];
		size_t len;

		x = x * 1664525 + 1013904223;
		len = (x >> 16) % sizeof(buf);
		snprintf(path, sizeof(path), "d%lu/e%lu/file-%lu", i / 10000, i / 100, i);
		must(sink->ops->add_file(sink, path, len, &a, &err));
		must(sink->ops->write(sink, buf, len, &err));
		must(sink->ops->end_file(sink, &err));
		total += len;
	}
}

static void many_mkfs(int fd)
{
	const struct ext4_mkfs_opts o = {
		.fs = { .uuid = { 1 }, .journal = EXT4_JOURNAL_ORDERED },
		.overlay = true,
	};
	int64_t start = clock_mono_ns();

	for (int i = 0; i < 100; i++)
		must(ext4_mkfs(fd, &o, &err));
	printf("mkfs of 8 GiB: %.3f ms\n", (double)(clock_mono_ns() - start) / 1e8);
}

int main(int argc, char **argv)
{
	const struct ext4_opts opts = { .uuid = { 1 }, .sync = true };
	struct ext4_stats st;
	int64_t start;
	double ms;
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: ext4-write IMAGE DIR | -n N | -m\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		must(err_sys(&err, -errno, "cannot open '%s'", argv[1]));
	if (!strcmp(argv[2], "-m")) {
		many_mkfs(fd);
		return 0;
	}
	start = clock_mono_ns();
	must(ext4_writer_create(fd, &opts, &sink, &err));
	must(sink->ops->layer(sink, &err));
	if (!strcmp(argv[2], "-n") && argc > 3)
		synthetic(strtoul(argv[3], NULL, 10));
	else
		copy_tree(open(argv[2], O_RDONLY | O_DIRECTORY), "");
	must(ext4_writer_finish(sink, &st, &err));
	ext4_writer_destroy(sink);
	ms = (double)(clock_mono_ns() - start) / 1e6;
	printf("%.1f ms, %.0f MB/s; size %llu MiB, used %llu MiB, %llu inodes, memory %llu KiB\n", ms,
	       (double)total / 1e3 / ms, (unsigned long long)(st.size >> 20),
	       (unsigned long long)(st.used >> 20), (unsigned long long)st.inodes,
	       (unsigned long long)(st.memory >> 10));
	return 0;
}
