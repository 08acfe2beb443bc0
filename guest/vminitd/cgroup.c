/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup.c - a container's place in the cgroup v2 tree. Kernel: Documentation/admin-guide/cgroup-v2.rst. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "container.h"

#define ROOT "/sys/fs/cgroup"
static const char *const controllers[] = { "+cpuset", "+cpu", "+io", "+memory", "+hugetlb", "+pids" };

static int write_at(int dir, const char *name, const char *text)
{
	AUTO_CLOSE int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : file_write_full(fd, text, strlen(text));
}

/* One at a time: a controller that is not there must not keep the others away. */
static void enable_controllers(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < ARRAY_LEN(controllers); i++)
		write_at(fd, "cgroup.subtree_control", controllers[i]);
}

int vi_cgroup_make(struct vi_container *c, struct err *e)
{
	AUTO_FREE char *path = path_fmt(ROOT "%s%s", *c->spec.cgroup == '/' ? "" : "/", c->spec.cgroup);

	if (!path)
		return err_sys(e, -ENOMEM, "cannot make a cgroup");
	if (strstr(path, ".."))
		return err_set(e, -EINVAL, "'%s' is not a cgroup", c->spec.cgroup);
	/* Every folder from the root down hands its controllers on. */
	for (char *p = path + strlen(ROOT); *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_sys(e, -errno, "cannot make cgroup '%s'", path);
		enable_controllers(path);
		*p = '/';
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "cannot make cgroup '%s'", path);
	c->cgroup_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->cgroup_fd < 0)
		return err_sys(e, -errno, "cannot open cgroup '%s'", path);
	for (size_t i = 0; i < c->spec.ncg; i++) {
		int rc = write_at(c->cgroup_fd, c->spec.cg[i].key, c->spec.cg[i].value);

		/* No swap accounting in this kernel, no hugepages of that size: nothing to limit. */
		if (rc == -ENOENT && (str_starts(c->spec.cg[i].key, "memory.swap") ||
				      str_starts(c->spec.cg[i].key, "hugetlb.")))
			continue;
		if (rc < 0)
			return err_sys(e, rc, "cannot set %s to '%s'", c->spec.cg[i].key, c->spec.cg[i].value);
	}
	c->cgroup = TAKE(path);
	return 0;
}

void vi_cgroup_kill(struct vi_container *c)
{
	if (c->cgroup_fd >= 0)
		write_at(c->cgroup_fd, "cgroup.kill", "1");
}

struct removal {
	struct vi_timer timer;
	char *path;
	int tries;
};

/* The dead leave their cgroup a moment after they were reaped. */
static void try_remove(struct vi_timer *t)
{
	struct removal *r = container_of(t, struct removal, timer);

	if (rmdir(r->path) < 0 && errno == EBUSY && ++r->tries < 100) {
		vi_timer_start(t, 10 * r->tries, try_remove);
		return;
	}
	free(r->path);
	free(r);
}

void vi_cgroup_remove(struct vi_container *c)
{
	struct removal *r = c->cgroup ? calloc(1, sizeof(*r)) : NULL;

	vi_cgroup_kill(c);
	if (c->cgroup_fd >= 0)
		close(c->cgroup_fd);
	c->cgroup_fd = -1;
	if (!r)
		return;
	r->path = TAKE(c->cgroup);
	try_remove(&r->timer);
}

uint64_t vi_cgroup_number(const struct vi_container *c, const char *file, const char *key)
{
	AUTO_FREE char *text = NULL;
	char *save = NULL;

	if (c->cgroup_fd < 0 || file_load(c->cgroup_fd, file, 65536, &text, NULL, NULL) < 0)
		return 0;
	if (!key)
		return strtoull(text, NULL, 10);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t n = strlen(key);

		if (strncmp(line, key, n) == 0 && line[n] == ' ')
			return strtoull(line + n + 1, NULL, 10);
	}
	return 0;
}
