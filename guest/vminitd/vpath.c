/* SPDX-License-Identifier: Apache-2.0 */
/* vpath.c - the paths of requests. */
#include "vpath.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "container.h"

/* The next component of *p, empty ones and "." left out; its length, 0 at the end. */
static size_t next_part(const char **p, const char **part)
{
	for (;;) {
		size_t n;

		*p += strspn(*p, "/");
		n = strcspn(*p, "/");
		*part = *p;
		*p += n;
		if (n != 1 || **part != '.')
			return n;
	}
}

/* Where path goes on behind root, or NULL if it does not lie in it. ".." in either matches nothing: behind a root it
 * is the container's affair. */
static const char *behind(const char *path, const char *root)
{
	const char *a, *b;

	for (;;) {
		size_t n = next_part(&root, &b), m;

		if (!n)
			return path;
		m = next_part(&path, &a);
		if (m != n || memcmp(a, b, n) != 0 || (n == 2 && memcmp(a, "..", 2) == 0))
			return NULL;
	}
}

static bool has_dotdot(const char *from, const char *to)
{
	const char *part;

	for (size_t n; from < to && (n = next_part(&from, &part));)
		if (n == 2 && memcmp(part, "..", 2) == 0 && part < to)
			return true;
	return false;
}

int vi_vpath_owner(const char *path, struct vi_container **ret, const char **rest, struct err *e)
{
	struct vi_container *found = NULL;
	const char *at = path;

	if (*path != '/')
		return err_set(e, -EINVAL, "'%.200s' is not an absolute path", path);
	if (strlen(path) >= PATH_MAX)
		return err_set(e, -EINVAL, "'%.60s…' is too long for a path", path);
	list_each(struct vi_container, c, &vi_containers, link) {
		const char *p = behind(path, c->spec.root_path);

		if (p && (!found || p > at)) {
			found = c;
			at = p;
		}
	}
	/* ".." on the way could lead into a container's root unseen. */
	if (!found && has_dotdot(path, path + strlen(path)))
		return err_set(e, -EINVAL, "'%.200s' has '..' in it", path);
	*ret = found;
	*rest = at;
	return 0;
}

static bool is_started(const struct vi_container *c)
{
	return c->init && c->init->started && !c->init->exited;
}

static int open_folder(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, -errno, "cannot open root '%s'", path) : fd;
}

int vi_vpath_root(const char *path, const char **rest, struct err *e)
{
	struct vi_container *c;
	char proc[64];
	int rc = vi_vpath_owner(path, &c, rest, e);

	if (rc < 0)
		return rc;
	if (!c)
		return open_folder("/", e);
	snprintf(proc, sizeof(proc), "/proc/%d/root", c->init ? c->init->pid : 0);
	return open_folder(is_started(c) ? proc : c->spec.root_path, e);
}

int vi_vpath_enter(const char *path, const char **rest, struct err *e)
{
	struct vi_container *c;
	AUTO_CLOSE int ns = -1;
	char proc[64];
	int rc = vi_vpath_owner(path, &c, rest, e);

	if (rc < 0)
		return rc;
	if (!c || !is_started(c))
		return open_folder(c ? c->spec.root_path : "/", e);
	snprintf(proc, sizeof(proc), "/proc/%d/ns/mnt", c->init->pid);
	ns = open(proc, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNS) < 0)
		return err_sys(e, errno == ENOENT ? -ESRCH : -errno, "cannot enter container '%s'", c->id);
	return open_folder("/", e);
}

/* Without "..", which a root swallows, and in one form. */
static int clamp(const char *path, char ret[static PATH_MAX])
{
	size_t len = 0, n;
	const char *part;

	for (*ret = 0; (n = next_part(&path, &part));) {
		if (n == 2 && memcmp(part, "..", 2) == 0) {
			while (len && ret[--len] != '/')
				;
			ret[len] = 0;
			continue;
		}
		if (n > NAME_MAX || len + n + 2 > PATH_MAX)
			return -ENAMETOOLONG;
		if (len)
			ret[len++] = '/';
		memcpy(ret + len, part, n);
		len += n;
		ret[len] = 0;
	}
	return 0;
}

int vi_vpath_open(int root, const char *path, int flags, mode_t mode)
{
	path += strspn(path, "/");
	return path_open_in_root(root, *path ? path : ".", flags | O_CLOEXEC, mode);
}

int vi_vpath_parent(int root, const char *path, bool make, char name[static NAME_MAX + 1])
{
	char clean[PATH_MAX], *p = clean, *slash;
	int dir = fcntl(root, F_DUPFD_CLOEXEC, 3), rc = clamp(path, clean);

	if (dir < 0 || rc < 0) {
		if (dir >= 0)
			close(dir);
		return rc < 0 ? rc : -EMFILE;
	}
	for (; (slash = strchr(p, '/')); p = slash + 1) {
		int next;

		*slash = 0;
		next = path_open_in_root(root, clean, O_PATH | O_DIRECTORY, 0);
		if (next == -ENOENT && make) {
			if (mkdirat(dir, p, 0755) < 0 && errno != EEXIST)
				next = -errno;
			else
				next = path_open_in_root(root, clean, O_PATH | O_DIRECTORY, 0);
		}
		*slash = '/';
		close(dir);
		if (next < 0)
			return next;
		dir = next;
	}
	memcpy(name, p, strlen(p) + 1); /* clamp bounds it */
	return dir;
}
