/* SPDX-License-Identifier: Apache-2.0 */
/* torture.c - a guest's PID 1 that uses ext4 file systems as programs do, at random, beside a model in memory.
 *
 * Each disk by its serial: "out" takes the manifests (manifest.h) of all others, "= SERIAL" before each and "END" last.
 * "m-…" is only mounted and listed. "t-…" is written to, compared with the model, unmounted, mounted, compared again, and
 * listed; with an L in its name it gets a folder of very many names. From the kernel's command line: SEED, OPS, and
 * KILL=N: after N operations say "NOW" and go on for ever. The console says "ok SERIAL", or what is wrong. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "manifest.h"

#define AT "/m"
#define NFILES 48
#define NDIRS 6
#define SIZE_MAX_ (600u << 10)
#define BLOCK 4096u

struct node {
	int refs;
	size_t size;
	unsigned char *data; /* SIZE_MAX_ bytes, 0 from size on */
};
struct file {
	struct node *node; /* NULL: free */
	int dir;
	unsigned name;
};

static struct file files[NFILES];
static unsigned dirs[NDIRS]; /* a number in its name */
static unsigned names, ops, kill_at;
static uint64_t rnd;
static const char *disk = "?";
static FILE *out;

static __attribute__((noreturn)) void end(void)
{
	fflush(NULL);
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

static __attribute__((noreturn, format(printf, 1, 2))) void wrong(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	printf("wrong %s: ", disk);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" (errno: %s)\n", strerror(err));
	end();
}

static uint32_t any(uint32_t n)
{
	rnd = rnd * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((rnd >> 33) % n);
}

/* --- the model */

static const char *dir_path(int d)
{
	static char path[2][64];
	static int turn;
	char *p = path[turn ^= 1];

	if (d == 0)
		return AT;
	snprintf(path[turn], sizeof(path[turn]), AT "/dir%u", dirs[d]);
	return p;
}

static const char *path_of(const struct file *f)
{
	static char path[4][128];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/file%u", dir_path(f->dir), f->name);
	return path[turn];
}

static struct file *find(bool used)
{
	unsigned from = any(NFILES);

	for (unsigned i = 0; i < NFILES; i++) {
		struct file *f = &files[(from + i) % NFILES];

		if (!!f->node == used)
			return f;
	}
	return NULL;
}

static void drop(struct file *f)
{
	if (--f->node->refs == 0) {
		free(f->node->data);
		free(f->node);
	}
	f->node = NULL;
}

static void set_size(struct node *n, size_t size)
{
	if (size < n->size)
		memset(n->data + size, 0, n->size - size);
	n->size = size;
}

/* What could not be done for want of space is no fault; nor is what a file system cannot do at all. */
static bool done(int rc, const char *what, const struct file *f)
{
	if (rc >= 0)
		return true;
	if (errno == ENOSPC || errno == EOPNOTSUPP)
		return false;
	wrong("%s of %s", what, path_of(f));
}

static int open_it(const struct file *f)
{
	int fd = open(path_of(f), O_RDWR | O_CLOEXEC);

	if (fd < 0)
		wrong("open %s", path_of(f));
	return fd;
}

static void compare(const struct file *f)
{
	static unsigned char got[SIZE_MAX_ + 1];
	int fd = open_it(f);
	ssize_t n = read(fd, got, sizeof(got));

	close(fd);
	if (n != (ssize_t)f->node->size)
		wrong("%s has %zd bytes in place of %zu", path_of(f), n, f->node->size);
	for (size_t i = 0; i < f->node->size; i++)
		if (got[i] != f->node->data[i])
			wrong("%s: byte %zu of %zu is %u in place of %u", path_of(f), i, f->node->size, got[i],
			      f->node->data[i]);
}

static void compare_all(void)
{
	for (int i = 0; i < NFILES; i++)
		if (files[i].node)
			compare(&files[i]);
}

/* --- operations */

static void fill(unsigned char *p, size_t n)
{
	uint32_t v = any(~0u) | 1;

	for (size_t i = 0; i < n; i++) {
		v = v * 1103515245 + 12345;
		p[i] = (unsigned char)(v >> 16) | 1;
	}
}

static void op_write(struct file *f, int fd, bool append)
{
	static unsigned char data[32768];
	size_t n = 1 + any(any(3) ? 2000 : sizeof(data)), at = append ? f->node->size : any(SIZE_MAX_);
	ssize_t w;

	if (any(6) == 0) { /* small enough for an inode */
		n = 1 + any(60);
		at = any(100);
	}
	if (at + n > SIZE_MAX_)
		return;
	fill(data, n);
	w = pwrite(fd, data, n, (off_t)at);
	if (!done((int)w, "write", f) || !w)
		return;
	memcpy(f->node->data + at, data, (size_t)w);
	if (at + (size_t)w > f->node->size)
		f->node->size = at + (size_t)w;
}

static void op_mmap(struct file *f, int fd)
{
	size_t n = f->node->size;
	unsigned char *p = n ? mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0) : NULL;

	if (p == MAP_FAILED)
		wrong("mmap of %s", path_of(f));
	if (p && memcmp(p, f->node->data, n))
		wrong("%s is other by mmap", path_of(f));
	if (p)
		munmap(p, n);
}

static void op_truncate(struct file *f, int fd)
{
	size_t n = any(4) ? any((uint32_t)f->node->size + 1) : any(any(2) ? 100 : SIZE_MAX_);

	if (done(ftruncate(fd, (off_t)n), "truncate", f))
		set_size(f->node, n);
}

static void op_range(struct file *f, int fd)
{
	static const int modes[] = { 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     FALLOC_FL_ZERO_RANGE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE };
	int mode = modes[any(6)];
	size_t at = any(SIZE_MAX_ - 70000), n = 1 + any(any(2) ? 65536 : 9000), size = f->node->size;
	unsigned char *p = f->node->data;
	struct stat st;
	int rc;

	if (mode == FALLOC_FL_COLLAPSE_RANGE || mode == FALLOC_FL_INSERT_RANGE) {
		at &= ~(65536u - 1); /* of any block or cluster size */
		n = 65536;
		if (at >= size || (mode == FALLOC_FL_COLLAPSE_RANGE ? at + n >= size : size + n > SIZE_MAX_))
			return;
	}
	rc = fallocate(fd, mode, (off_t)at, (off_t)n);
	if (!done(rc, "fallocate", f)) {
		if (fstat(fd, &st) < 0)
			wrong("fstat");
		/* some of it was done */
		if ((size_t)st.st_size > size && !(mode & FALLOC_FL_KEEP_SIZE))
			f->node->size = (size_t)st.st_size;
		for (size_t i = at; mode == FALLOC_FL_ZERO_RANGE && i < at + n && i < size; i++) {
			unsigned char byte;

			if (pread(fd, &byte, 1, (off_t)i) == 1 && byte == 0)
				p[i] = 0;
		}
		return;
	}
	if (mode == FALLOC_FL_COLLAPSE_RANGE) {
		memmove(p + at, p + at + n, size - at - n);
		set_size(f->node, size - n);
	} else if (mode == FALLOC_FL_INSERT_RANGE) {
		memmove(p + at + n, p + at, size - at);
		memset(p + at, 0, n);
		f->node->size = size + n;
	} else {
		if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
			memset(p + at, 0, n);
		if (!(mode & FALLOC_FL_KEEP_SIZE) && at + n > size)
			f->node->size = at + n;
	}
}

static void op_create(void)
{
	struct file *f = find(false);
	struct node *n = f ? calloc(1, sizeof(*n)) : NULL;
	int fd;

	if (!n)
		return;
	*f = (struct file){ NULL, (int)any(NDIRS), ++names };
	fd = open(path_of(f), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	n->data = calloc(1, SIZE_MAX_ + 65536);
	if (!done(fd, "create", f) || !n->data) {
		free(n->data);
		free(n);
		return;
	}
	n->refs = 1;
	f->node = n;
	close(fd);
}

static void op_name(struct file *f)
{
	struct file *to = find(any(3) == 0), was = *f;

	if (!to || to == f)
		return;
	if (any(2)) {
		struct file next = { f->node, to->node ? to->dir : (int)any(NDIRS), to->node ? to->name : ++names };

		/* two names of one file: rename does nothing */
		if ((to->node && to->node == f->node) || !done(rename(path_of(f), path_of(&next)), "rename", f))
			return;
		if (to->node)
			drop(to);
		*to = next;
		f->node = NULL;
	} else if (!to->node) {
		*to = (struct file){ f->node, (int)any(NDIRS), ++names };
		if (done(link(path_of(&was), path_of(to)), "link", f))
			f->node->refs++;
		else
			to->node = NULL;
	}
}

/* Goes on being written to after it has lost its name. */
static void op_unlink(struct file *f, int fd)
{
	if (!done(unlink(path_of(f)), "unlink", f))
		return;
	if (any(2))
		op_write(f, fd, false);
	drop(f);
}

static void op_attr(struct file *f)
{
	static char value[3000];
	char name[32];

	snprintf(name, sizeof(name), any(2) ? "user.a%u" : "trusted.b%u", any(4));
	memset(value, 'a' + (int)any(26), sizeof(value));
	if (any(4))
		done(setxattr(path_of(f), name, value, any(4) ? any(60) : any(sizeof(value)), 0), "setxattr", f);
	else if (removexattr(path_of(f), name) < 0 && errno != ENODATA && errno != ENOSPC)
		wrong("removexattr");
}

static void op_other(struct file *f)
{
	static char target[300];
	char path[64];
	struct timespec t[2] = { { 0, UTIME_OMIT }, { (time_t)any(~0u) * 4 - 2000000000, any(1000000000) } };

	switch (any(6)) {
	case 0:
		done(chmod(path_of(f), any(07777)), "chmod", f);
		break;
	case 1:
		done(utimensat(AT_FDCWD, path_of(f), t, 0), "utimensat", f);
		break;
	case 2:
		done(chown(path_of(f), any(200000), any(70000)), "chown", f);
		break;
	case 3: /* a symlink, short or long */
		memset(target, 'x', sizeof(target));
		target[1 + any(sizeof(target) - 1)] = 0;
		target[sizeof(target) - 1] = 0;
		snprintf(path, sizeof(path), "%s/link%u", dir_path((int)any(NDIRS)), any(9));
		unlink(path);
		done(symlink(target, path), "symlink", f);
		break;
	case 4:
		snprintf(path, sizeof(path), "%s/node%u", dir_path((int)any(NDIRS)), any(9));
		unlink(path);
		done(mknod(path, any(2) ? S_IFCHR | 0600 : S_IFIFO | 0600, makedev(any(4000), any(1000000))), "mknod", f);
		break;
	default: { /* a folder gets another name */
		int d = 1 + (int)any(NDIRS - 1);
		char from[64];

		snprintf(from, sizeof(from), "%s", dir_path(d));
		snprintf(path, sizeof(path), AT "/dir%u", ++names);
		if (done(rename(from, path), "rename of a folder", f))
			dirs[d] = names;
	}
	}
}

static void step(void)
{
	struct file *f = find(true);
	unsigned what = any(30);
	int fd;

	if (!f || what < 3) {
		op_create();
		return;
	}
	if (what == 3) {
		op_name(f);
		return;
	}
	fd = open_it(f);
	if (what < 14)
		op_write(f, fd, what < 7);
	else if (what < 16)
		op_truncate(f, fd);
	else if (what < 20)
		op_range(f, fd);
	else if (what == 20)
		op_unlink(f, fd);
	else if (what < 23)
		op_attr(f);
	else if (what < 26)
		op_other(f);
	else if (what == 26)
		done(fsync(fd), "fsync", f);
	else if (what == 27)
		op_mmap(f, fd);
	else
		compare(f);
	close(fd);
	if (any(400) == 0) {
		int drop_fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

		sync();
		if (drop_fd < 0 || write(drop_fd, "3", 1) != 1)
			wrong("drop_caches");
		close(drop_fd);
	}
}

/* A file of very many pieces, and a folder of very many names of it. */
static void build_big(void)
{
	struct statfs fs;
	unsigned pieces, many, width;
	char path[400];
	int fd;

	if (statfs(AT, &fs) < 0)
		wrong("statfs");
	bool small = (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize < 16u << 20;
	pieces = small ? 20 : 2500;
	many = strchr(disk, 'L') ? 45000 : small ? 30 : 7000;
	width = small ? 30 : 240;
	fd = open(AT "/pieces", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || mkdir(AT "/many", 0700) < 0)
		wrong("cannot begin");
	/* backwards, so that neighbours do not merge; some are only promised */
	for (unsigned i = pieces; i-- > 0;) {
		if (i % 5 == 0 ? fallocate(fd, 0, (off_t)(2 * i) * BLOCK, BLOCK) < 0 && errno != EOPNOTSUPP :
				 pwrite(fd, &i, sizeof(i), (off_t)(2 * i) * BLOCK + 5) < 0)
			wrong("piece %u", i);
		if (i % 64 == 0)
			fsync(fd);
	}
	close(fd);
	for (unsigned i = 0; i < many; i++) {
		snprintf(path, sizeof(path), AT "/many/%0*u", (int)width, i * 2654435761u);
		if (link(AT "/pieces", path) < 0)
			wrong("name %u", i);
	}
	for (unsigned i = 0; i < many; i += 3) { /* and some go */
		snprintf(path, sizeof(path), AT "/many/%0*u", (int)width, i * 2654435761u);
		if (unlink(path) < 0)
			wrong("unlink of name %u", i);
	}
	/* else it would be listed once for each */
	if (strchr(disk, 'L') && truncate(AT "/pieces", 10) < 0)
		wrong("truncate");
}

/* --- the list */

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int not_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static uint64_t attributes(const char *path)
{
	static char list[8192], value[70000];
	char *v[64];
	ssize_t n = llistxattr(path, list, sizeof(list));
	uint64_t h = 0;
	int k = 0;

	if (n < 0)
		wrong("attributes of %s", path);
	for (char *p = list; p < list + n && k < 64; p += strlen(p) + 1)
		v[k++] = p;
	qsort(v, (size_t)k, sizeof(*v), by_text);
	for (int i = 0; i < k; i++) {
		ssize_t len = lgetxattr(path, v[i], value, sizeof(value));

		if (len < 0)
			wrong("attribute %s of %s", v[i], path);
		h = manifest_hash(h, v[i], strlen(v[i]));
		h = manifest_hash(h, value, (size_t)len);
	}
	return h;
}

static uint64_t contents(const char *path, const struct stat *st)
{
	static unsigned char chunk[MANIFEST_CHUNK];
	static ino_t last_ino;
	static uint64_t last;
	uint64_t h = 0;
	ssize_t n;
	int fd;

	if (st->st_ino == last_ino && st->st_nlink > 100) /* a file of very many names is read once */
		return last;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		wrong("open %s", path);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		h = manifest_hash(h, chunk, (size_t)n);
	if (n < 0)
		wrong("read %s", path);
	close(fd);
	last_ino = st->st_ino;
	last = h;
	return h;
}

static void list(const char *path)
{
	struct dirent **v;
	char target[4096], sub[4096];
	uint64_t h = 0;
	struct stat st;
	ssize_t len;
	int n;

	if (lstat(path, &st) < 0)
		wrong("lstat %s", path);
	if (S_ISREG(st.st_mode)) {
		h = contents(path, &st);
	} else if (S_ISLNK(st.st_mode)) {
		len = readlink(path, target, sizeof(target));
		if (len < 0)
			wrong("readlink %s", path);
		h = manifest_hash(0, target, (size_t)len);
	}
	fprintf(out, MANIFEST_FORMAT, path[sizeof(AT) - 1] ? path + sizeof(AT) : "", st.st_mode, (unsigned)st.st_nlink,
		st.st_uid, st.st_gid, (unsigned long long)st.st_size, (long long)st.st_mtim.tv_sec,
		(unsigned)st.st_mtim.tv_nsec, (unsigned long long)h, (unsigned long long)attributes(path));
	if (!S_ISDIR(st.st_mode))
		return;
	n = scandir(path, &v, not_dots, by_name);
	if (n < 0)
		wrong("read folder %s", path);
	for (int i = 0; i < n; i++) {
		snprintf(sub, sizeof(sub), "%s/%s", path, v[i]->d_name);
		list(sub);
		free(v[i]);
	}
	free(v);
}

/* --- a disk */

static void mount_it(const char *dev)
{
	if (mount(dev, AT, "ext4", 0, NULL) < 0)
		wrong("mount");
}

static void unmount(void)
{
	if (umount(AT) < 0)
		wrong("umount");
}

static void torture(const char *dev)
{
	memset(files, 0, sizeof(files));
	mount_it(dev);
	for (unsigned d = 1; d < NDIRS; d++) {
		dirs[d] = ++names;
		if (mkdir(dir_path((int)d), 0755) < 0)
			wrong("mkdir");
	}
	build_big();
	for (unsigned i = 0; kill_at || i < ops; i++) {
		step();
		if (kill_at && i == kill_at)
			printf("NOW\n");
	}
	compare_all();
	unmount();
	mount_it(dev);
	compare_all();
	for (int i = 0; i < NFILES; i++)
		if (files[i].node)
			drop(&files[i]);
}

static void use(const char *dev)
{
	if (disk[0] == 't')
		torture(dev);
	else
		mount_it(dev);
	fprintf(out, "= %s\n", disk);
	list(AT);
	unmount();
	printf("ok %s\n", disk);
}

static char *serial_of(const char *name)
{
	static char text[32];
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/block/%s/serial", name);
	f = fopen(path, "re");
	text[0] = 0;
	if (f) {
		if (!fgets(text, sizeof(text), f))
			text[0] = 0;
		fclose(f);
	}
	text[strcspn(text, "\n")] = 0;
	return text;
}

static void each_disk(bool is_out)
{
	struct dirent **v;
	int n = scandir("/sys/block", &v, not_dots, by_name);
	char dev[300];

	for (int i = 0; i < n; i++) {
		const char *serial = serial_of(v[i]->d_name);

		snprintf(dev, sizeof(dev), "/dev/%s", v[i]->d_name);
		if (!*serial || is_out != !strcmp(serial, "out"))
			continue;
		disk = strdup(serial);
		if (is_out)
			out = fopen(dev, "r+e");
		else
			use(dev);
	}
}

int main(void)
{
	const char *seed = getenv("SEED"), *n = getenv("OPS"), *k = getenv("KILL");
	int console;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mkdir(AT, 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	console = open("/dev/hvc0", O_RDWR | O_CLOEXEC);
	dup2(console, 1);
	dup2(console, 2);
	setvbuf(stdout, NULL, _IOLBF, 0);
	rnd = seed ? strtoull(seed, NULL, 10) : 1;
	ops = n ? (unsigned)atoi(n) : 1000;
	kill_at = k ? (unsigned)atoi(k) : 0;
	each_disk(true);
	if (!out)
		wrong("there is no disk 'out'");
	each_disk(false);
	disk = "out";
	fprintf(out, "END\n");
	if (fclose(out) != 0)
		wrong("cannot write");
	end();
}
