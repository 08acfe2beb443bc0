/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - a folder or an archive, looked into by name. */
#include "store/source.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/inflate.h"
#include "base/tar.h"
#include "store/spool.h"

#define MEMBERS_MAX 100000
#define LINKS_MAX 8
#define PATH_LEN_MAX 4096

struct store_source_member {
	char *name;    /* clean: "a/b" */
	char *link;    /* clean, of a link; else NULL */
	uint64_t off, size;
	size_t place;  /* in the archive: the last of a name counts */
};

/* --- the members of an archive */

struct at {
	struct tar_src src;
	int fd;
	uint64_t off, size;
	struct pace *pace;
};

static int read_at(struct tar_src *s, void *p, size_t n, struct err *e)
{
	struct at *a = container_of(s, struct at, src);
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(a->fd, (char *)p + got, n - got, (off_t)(a->off + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, -errno, "cannot read the archive");
		if (r == 0)
			return got ? err_set(e, -EBADMSG, "the archive is cut short") : 0;
		got += (size_t)r;
	}
	a->off += n;
	return 1;
}

static int skip_at(struct tar_src *s, uint64_t n, struct err *e)
{
	struct at *a = container_of(s, struct at, src);

	if (n > a->size - a->off)
		return err_set(e, -EBADMSG, "the archive is cut short");
	a->off += n;
	return pace_step(a->pace, 0, e);
}

static int by_name(const void *a, const void *b)
{
	const struct store_source_member *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->place < y->place ? -1 : x->place > y->place;
}

/* A symlink's target as seen from the archive's top; NULL: it leads out of it. */
static char *target_of(const struct tar_member *m, const char *name)
{
	AUTO_FREE char *joined = NULL;
	const char *slash = strrchr(name, '/');
	char out[PATH_LEN_MAX + 1];
	size_t n = 0;

	if (m->kind == TAR_HARDLINK)
		return path_clean(m->link, out, sizeof(out)) < 0 ? NULL : strdup(out);
	if (m->link[0] == '/')
		return NULL;
	joined = slash ? path_fmt("%.*s/%s", (int)(slash - name), name, m->link) : strdup(m->link);
	if (!joined)
		return NULL;
	/* ".." takes a part away that must be there */
	for (char *save = NULL, *part = strtok_r(joined, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (strcmp(part, ".") == 0)
			continue;
		if (strcmp(part, "..") == 0) {
			if (!n)
				return NULL;
			while (n && out[n - 1] != '/')
				n--;
			n -= n > 0;
			continue;
		}
		if (n + strlen(part) + 2 > sizeof(out))
			return NULL;
		if (n)
			out[n++] = '/';
		memcpy(out + n, part, strlen(part));
		n += strlen(part);
	}
	out[n] = 0;
	return n ? strdup(out) : NULL;
}

static int add_member(struct store_source *src, const struct tar_member *m, uint64_t off, struct err *e)
{
	char name[PATH_LEN_MAX + 1];
	AUTO_FREE char *link = NULL;

	int rc = path_clean(m->name, name, sizeof(name));
	if (rc < 0)
		return err_set(e, -EINVAL, "the archive '%s' has a member '%.200s', which is no place in it", src->name, m->name);
	if (m->kind == TAR_DIR || !*name)
		return 0;
	if (m->kind == TAR_OTHER)
		return err_set(e, -EINVAL, "the archive '%s' has a member '%.200s' that is no file", src->name, name);
	if (m->kind != TAR_FILE && !(link = target_of(m, name)))
		return err_set(e, -EINVAL, "the archive '%s' has a link '%.200s' that leads out of it", src->name, name);
	if (src->n == MEMBERS_MAX)
		return err_set(e, -EFBIG, "the archive '%s' has more than %d members", src->name, MEMBERS_MAX);
	if ((src->n & (src->n - 1)) == 0) { /* a power of two: double */
		void *more = reallocarray(src->v, src->n ? src->n * 2 : 1, sizeof(*src->v));

		if (!more)
			return err_set(e, -ENOMEM, "out of memory");
		src->v = more;
	}
	char *copy = strdup(name);
	if (!copy)
		return err_set(e, -ENOMEM, "out of memory");
	src->v[src->n] = (struct store_source_member){ copy, TAKE(link), off, m->size, src->n };
	src->n++;
	return 0;
}

static int index_archive(struct store_source *src, struct pace *p, struct err *e)
{
	AUTO_FREE struct tar_member *m = malloc(sizeof(*m));
	struct at a = { .src = { read_at, skip_at }, .fd = src->fd, .pace = p };
	struct tar_walk w = { .src = &a.src };
	struct stat st;
	int rc;

	if (!m)
		return err_set(e, -ENOMEM, "out of memory");
	if (fstat(src->fd, &st) < 0)
		return err_sys(e, -errno, "cannot read '%s'", src->name);
	a.size = (uint64_t)st.st_size;
	while ((rc = tar_next(&w, m, e)) == 1) {
		if (w.left > a.size - a.off)
			return err_set(e, -EBADMSG, "'%s': the archive is cut short", src->name);
		rc = add_member(src, m, a.off, e);
		if (rc < 0)
			return rc;
	}
	if (rc < 0)
		return err_wrap(e, rc, "'%s'", src->name);
	if (src->n)
		qsort(src->v, src->n, sizeof(*src->v), by_name);
	return 0;
}

/* The last of that name; NULL. */
static const struct store_source_member *member(const struct store_source *src, const char *name)
{
	size_t lo = 0, hi = src->n;

	while (lo < hi) { /* the first that is greater */
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(src->v[mid].name, name) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && strcmp(src->v[lo - 1].name, name) == 0 ? &src->v[lo - 1] : NULL;
}

/* --- opening */

int store_source_open(struct store *s, int fd, const char *name, uint64_t max, struct pace *p, struct store_source *ret,
		      struct err *e)
{
	struct store_source src = { .name = name, .dir_fd = -1, .fd = -1 };
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot read '%s'", name);
	if (S_ISDIR(st.st_mode)) {
		src.dir_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (src.dir_fd < 0)
			return err_sys(e, -errno, "cannot read '%s'", name);
		*ret = src;
		return 0;
	}
	rc = store_spool(s, fd, name, max, p, &src.fd, e);
	if (rc == 0)
		rc = index_archive(&src, p, e);
	if (rc < 0) {
		store_source_finish(&src);
		return rc;
	}
	*ret = src;
	return 0;
}

void store_source_of_layout(const struct oci_layout *l, struct store_source *ret)
{
	*ret = (struct store_source){ .name = l->name, .dir_fd = l->fd, .fd = -1 };
}

void store_source_finish(struct store_source *src)
{
	for (size_t i = 0; i < src->n; i++) {
		free(src->v[i].name);
		free(src->v[i].link);
	}
	free(src->v);
	if (src->fd >= 0)
		close(src->fd);
	if (src->dir_fd >= 0)
		close(src->dir_fd);
	*src = (struct store_source){ .dir_fd = -1, .fd = -1 };
}

/* --- looking up */

static int find_in_dir(const struct store_source *src, const char *path, struct store_range *ret, struct err *e)
{
	struct stat st;
	AUTO_CLOSE int fd = path_open_beneath(src->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);

	if (fd < 0)
		return err_sys(e, fd, "cannot open '%s' of '%s'", path, src->name);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot read '%s' of '%s'", path, src->name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' of '%s' is not a file", path, src->name);
	*ret = (struct store_range){ TAKE_FD(fd), true, 0, (uint64_t)st.st_size };
	return 0;
}

int store_source_find(const struct store_source *src, const char *path, struct store_range *ret, struct err *e)
{
	char clean[PATH_LEN_MAX + 1];
	const char *name = clean;

	if (path_clean(path, clean, sizeof(clean)) < 0 || !*clean)
		return err_set(e, -EINVAL, "'%.200s' is no place in '%s'", path, src->name);
	if (src->dir_fd >= 0)
		return find_in_dir(src, clean, ret, e);
	for (int i = 0; i <= LINKS_MAX; i++) {
		const struct store_source_member *m = member(src, name);

		if (!m)
			return err_set(e, -ENOENT, "'%s' has no '%.200s'", src->name, name);
		if (!m->link) {
			*ret = (struct store_range){ src->fd, false, m->off, m->size };
			return 0;
		}
		name = m->link;
	}
	return err_set(e, -ELOOP, "'%s' has too many links at '%.200s'", src->name, clean);
}

void store_range_finish(struct store_range *r)
{
	if (r->own)
		close(r->fd);
	*r = (struct store_range){ .fd = -1 };
}

bool store_source_has(const struct store_source *src, const char *path)
{
	AUTO(store_range_finish) struct store_range r = { .fd = -1 };

	return store_source_find(src, path, &r, NULL) == 0;
}

int store_source_text(const struct store_source *src, const char *path, size_t max, char **ret, size_t *ret_len,
		      struct err *e)
{
	AUTO(store_range_finish) struct store_range r = { .fd = -1 };
	AUTO_FREE char *text = NULL;
	int rc = store_source_find(src, path, &r, e);

	if (rc < 0)
		return rc;
	if (r.size > max)
		return err_set(e, -EFBIG, "'%s' of '%s' is larger than %zu bytes", path, src->name, max);
	text = malloc((size_t)r.size + 1);
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t got = 0; got < r.size;) {
		ssize_t n = pread(r.fd, text + got, (size_t)r.size - got, (off_t)(r.off + got));

		if (n <= 0)
			return err_sys(e, n < 0 ? -errno : -EIO, "cannot read '%s' of '%s'", path, src->name);
		got += (size_t)n;
	}
	text[r.size] = 0;
	*ret_len = (size_t)r.size;
	*ret = TAKE(text);
	return 0;
}
