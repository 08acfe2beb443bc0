/* SPDX-License-Identifier: Apache-2.0 */
/* mountopt.h - the option words of mount(8) and of the OCI runtime spec. */
#ifndef BERTH_GUEST_MOUNTOPT_H
#define BERTH_GUEST_MOUNTOPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct vi_mountopt {
	unsigned long flags;       /* MS_*, MS_BIND and MS_REC among them */
	unsigned long propagation; /* MS_PRIVATE … | MS_REC; 0: leave */
	struct buf data;           /* all other words, joined by ',' */
	bool copy_up;              /* tmpcopyup: a tmpfs begins with what it covers */
};

/* -ENOMEM; -EINVAL if the rest is longer than a page. */
int vi_mountopt_parse(const char *const *words, size_t n, struct vi_mountopt *ret, struct err *e);
void vi_mountopt_finish(struct vi_mountopt *o);

/* Mounts on path, which is resolved in the root that rootfd is and must exist. type is not used for a bind.
 * The working directory is another one afterwards: for children that live for one task. */
int vi_mount_at(const char *type, const char *source, int rootfd, const char *path,
		const struct vi_mountopt *o, struct err *e);

/* The mount as a descriptor, attached nowhere yet; goes with the last close. scratch: an empty folder. */
int vi_mount_detached(const char *type, const char *source, const char *scratch, const struct vi_mountopt *o,
		      struct err *e);
/* Attaches it on the file or folder that targetfd is. name is for the words only. */
int vi_mount_attach(int mountfd, int targetfd, const char *name, struct err *e);

#endif
