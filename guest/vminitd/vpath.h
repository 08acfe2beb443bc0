/* SPDX-License-Identifier: Apache-2.0 */
/* vpath.h - the paths of requests: absolute in the VM's root; what lies in a container's root is resolved there, and
 * never leaves it. */
#ifndef BERTH_GUEST_VPATH_H
#define BERTH_GUEST_VPATH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct vi_container;

/* Whose a path is: the container with the longest root.path at its head, and the rest of the path in it; NULL: the
 * VM's own, and rest is all of it. rest points into path. -EINVAL for one that is not absolute or too long. */
int vi_vpath_owner(const char *path, struct vi_container **ret, const char **rest, struct err *e);

/* The folder in which *rest is to be resolved, by path_open_in_root: the container's root as its init sees it, or as it
 * lies in the VM before its start; or the VM's root. */
int vi_vpath_root(const char *path, const char **rest, struct err *e);
/* The same for a child with a task of its own, which enters the container's mount namespace if it is started. */
int vi_vpath_enter(const char *path, const char **rest, struct err *e);

/* What path is in root, "" for the root itself, with O_CLOEXEC; nothing leaves the root. */
int vi_vpath_open(int root, const char *path, int flags, mode_t mode);
/* Opens the folder that path lies in, and gives the last name, "" for the root itself; nothing leaves the root. make:
 * folders that are missing are made (0755). */
int vi_vpath_parent(int root, const char *path, bool make, char name[static NAME_MAX + 1]);

#endif
