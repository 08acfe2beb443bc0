/* SPDX-License-Identifier: Apache-2.0 */
/* copy-plan.c - what docker's cp makes of two paths. */
#include "engine/copy-plan.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

/* Adds the parts of path, "." and ".." seen to. */
static int add_parts(char ret[static PATH_MAX], const char *path)
{
	size_t len = strlen(ret);

	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len > 0 && ret[--len] != '/')
				;
			ret[len] = 0;
		} else if (!(n == 1 && *path == '.')) {
			if (n > NAME_MAX || len + n + 2 > PATH_MAX)
				return -ENAMETOOLONG;
			ret[len++] = '/';
			memcpy(ret + len, path, n);
			len += n;
			ret[len] = 0;
		}
		path += n;
	}
	return 0;
}

static int too_long(struct err *e, const char *path)
{
	return err_set(e, -ENAMETOOLONG, "'%.60s…' is too long for a path", path);
}

int copy_end_parse(const char *path, const char *cwd, struct copy_end *ret, struct err *e)
{
	size_t n = strlen(path);

	memset(ret, 0, sizeof(*ret));
	if (n >= PATH_MAX || (*path != '/' && add_parts(ret->path, cwd) < 0) || add_parts(ret->path, path) < 0)
		return too_long(e, path);
	ret->contents = !strcmp(path, ".") || str_ends(path, "/.");
	ret->is_folder = ret->contents || str_ends(path, "/");
	if (!*ret->path)
		strcpy(ret->path, "/");
	snprintf(ret->name, sizeof(ret->name), "%s", strrchr(ret->path, '/') + 1);
	return 0;
}

int copy_end_follow(struct copy_end *end, const char *link, struct err *e)
{
	char path[PATH_MAX] = "";
	int rc = 0;

	if (*link != '/') {
		*strrchr(end->path, '/') = 0;
		rc = add_parts(path, end->path);
	}
	if (rc == 0)
		rc = add_parts(path, link);
	if (rc < 0)
		return too_long(e, link);
	strcpy(end->path, *path ? path : "/");
	return 0;
}

/* In the folder above dst, under dst's own name. */
static int beside(const struct copy_end *dst, struct copy_plan *ret)
{
	char *slash;

	strcpy(ret->folder, dst->path);
	slash = strrchr(ret->folder, '/');
	snprintf(ret->name, sizeof(ret->name), "%s", slash + 1);
	slash[slash == ret->folder] = 0;
	return 0;
}

static int within(const struct copy_end *src, const struct copy_end *dst, struct copy_plan *ret)
{
	strcpy(ret->folder, dst->path);
	snprintf(ret->name, sizeof(ret->name), "%s", src->contents ? "" : src->name);
	return 0;
}

int copy_plan_make(const struct copy_end *src, const struct copy_end *dst, bool parents, struct copy_plan *ret, struct err *e)
{
	*ret = (struct copy_plan){ .make = parents };
	if (src->is_folder && !S_ISDIR(src->mode))
		return err_set(e, -ENOTDIR, "'%s' is not a folder", src->path);
	if (!S_ISDIR(src->mode) && !S_ISREG(src->mode) && !S_ISLNK(src->mode) && !S_ISFIFO(src->mode))
		return err_set(e, -EINVAL, "'%s' is neither a file nor a folder", src->path);
	if (dst->exists && S_ISDIR(dst->mode))
		return within(src, dst, ret);
	if (dst->exists && S_ISDIR(src->mode))
		return err_set(e, -ENOTDIR, "cannot copy the folder '%s' to '%s': it is a file", src->path, dst->path);
	if (dst->exists && dst->is_folder)
		return err_set(e, -ENOTDIR, "'%s' is not a folder", dst->path);
	if (dst->exists && !S_ISREG(dst->mode) && !S_ISFIFO(dst->mode))
		return err_set(e, -EINVAL, "'%s' is neither a file nor a folder", dst->path);
	if (dst->exists || S_ISDIR(src->mode))
		return beside(dst, ret);
	if (dst->is_folder)
		return parents ? within(src, dst, ret) : err_set(e, -ENOENT, "there is no folder '%s'", dst->path);
	return beside(dst, ret);
}
