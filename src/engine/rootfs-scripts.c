/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rootfs-scripts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "ext4/reader.h"
#include "job/folder.h"
#include "store/spool.h"

#define SCRIPT_MAX (16u << 20)

/* As file_read_all, but the wait for who writes can be ended. */
static int read_all(int fd, struct pace *p, char **ret, size_t *len, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t n = 0, cap = 0;

	while (n == cap) {
		char *more = n > SCRIPT_MAX ? NULL : realloc(text, cap = cap ? 2 * cap : 16384);
		ssize_t got;

		if (!more)
			return n > SCRIPT_MAX ? err_sys(e, -EFBIG, "cannot read") : err_set(e, -ENOMEM, "out of memory");
		text = more;
		got = store_read_some(fd, text + n, cap - n, p, e);
		if (got < 0)
			return (int)got;
		n += (size_t)got;
	}
	*ret = TAKE(text);
	*len = n;
	return 0;
}

static int load(const char *path, struct pace *p, char **ret, size_t *len, struct err *e)
{
	bool in = !strcmp(path, "-");
	AUTO_CLOSE int fd = in ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : store_input_open(path);
	struct stat st;
	int rc;

	if (in && fd < 0)
		return err_sys(e, -errno, "cannot read the script on standard input");
	if (fd < 0)
		return err_sys(e, fd, "cannot open script '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot read script '%s'", path);
	if (S_ISDIR(st.st_mode))
		return err_set(e, -EISDIR, "cannot run '%s': it is a folder", path);
	rc = read_all(fd, p, ret, len, e);
	if (rc >= 0 || rc == -ECANCELED)
		return rc;
	return in ? err_wrap(e, rc, "the script on standard input") : err_wrap(e, rc, "script '%s'", path);
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(path, "-") ? "script" : slash ? slash + 1 : path;
}

static int write_copy(const struct rootfs_script *s, const char *name, const char *text, size_t len)
{
	AUTO_FREE char *path = path_join(s->folder, name);
	AUTO_CLOSE int fd = path && mkdir(s->folder, 0755) == 0 ?
				    open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755) : -1;
	int rc = fd < 0 ? -errno : file_write_full(fd, text, len);

	return rc == 0 && fchmod(fd, 0755) < 0 ? -errno : rc; /* whatever the umask is */
}

static int add(struct rootfs_scripts *all, const char *path, struct pace *p, struct err *e)
{
	struct rootfs_script *s = &all->v[all->n];
	const char *name = base_of(path);
	AUTO_FREE char *text = NULL;
	char **arg = s->argv;
	size_t len = 0;
	int rc = load(path, p, &text, &len, e);

	if (rc < 0)
		return rc;
	s->called = path;
	s->folder = path_fmt("%s/%zu", all->dir, all->n);
	all->n++;
	/* a line "#!" says what runs it; the kernel looks at it, not a shell */
	if (len < 2 || memcmp(text, "#!", 2))
		*arg++ = strdup("/bin/sh");
	*arg = path_fmt(ROOTFS_SCRIPTS_AT "/%s", name);
	if (!s->folder || !s->argv[0] || !*arg)
		return err_set(e, -ENOMEM, "out of memory");
	rc = write_copy(s, name, text, len);
	return rc < 0 ? err_sys(e, rc, "cannot copy script '%s' to '%s'", path, s->folder) : 0;
}

int rootfs_scripts_load(const char *folder, const char *const *paths, struct pace *p, struct rootfs_scripts *ret,
			struct err *e)
{
	size_t n = strv_len(paths);
	int rc = 0;

	ret->v = calloc(n + 1, sizeof(*ret->v));
	ret->dir = path_join(folder, JOB_FOLDER_SCRIPTS);
	if (!ret->dir || !ret->v)
		return err_set(e, -ENOMEM, "out of memory");
	if (mkdir(ret->dir, 0700) < 0)
		return err_sys(e, -errno, "cannot make '%s'", ret->dir);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add(ret, paths[i], p, e);
	return rc;
}

void rootfs_scripts_finish(struct rootfs_scripts *s)
{
	if (s->dir)
		file_remove_tree(AT_FDCWD, s->dir, NULL);
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].folder);
		free(s->v[i].argv[0]);
		free(s->v[i].argv[1]);
	}
	free(s->v);
	free(s->dir);
	*s = (struct rootfs_scripts){ 0 };
}

static int on_entry(void *arg, const struct ext4_walk_entry *en, struct err *e)
{
	struct fs_time *newest = arg;
	const struct fs_time *t = &en->st.mtime;

	if (t->sec > newest->sec || (t->sec == newest->sec && t->nsec > newest->nsec))
		*newest = *t;
	return 0;
}

int rootfs_newest(int fd, struct fs_time *ret, struct err *e)
{
	struct fs_time newest = { INT64_MIN, 0 };
	struct ext4_reader *r;
	int rc;

	rc = ext4_reader_open(fd, &r, e);
	if (rc < 0)
		return rc;
	rc = ext4_reader_walk(r, EXT4_ROOT_INO, ~0u, on_entry, &newest, e);
	ext4_reader_close(r);
	if (rc == 0)
		*ret = newest;
	return rc;
}
