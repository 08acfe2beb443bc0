/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs-scripts.h - the scripts of a root file system as files that its VMs are given, and the time that what they
 * write gets. Blocking. */
#ifndef BERTH_ENGINE_ROOTFS_SCRIPTS_H
#define BERTH_ENGINE_ROOTFS_SCRIPTS_H

#include "base/err.h"
#include "base/fs-sink.h"
#include "base/pace.h"

#define ROOTFS_SCRIPTS_AT "/dev/berth" /* in the VM; /dev is a tmpfs there, so that nothing of it stays */

/* One script is a copy in a folder of its own, which is what the VM sees. */
struct rootfs_script {
	const char *called; /* as the user named it */
	char *folder;
	char *argv[3]; /* what to run there; NULL-terminated */
};

struct rootfs_scripts {
	struct rootfs_script *v;
	size_t n;
	char *dir; /* of all folders */
};

/* They are copied into a folder in `folder`. paths: NULL-terminated, the caller's, and outlive ret; "-" is standard
 * input. p ends a wait for who writes them. Zeroed memory is fine for finish, which deletes the copies. */
int rootfs_scripts_load(const char *folder, const char *const *paths, struct pace *p, struct rootfs_scripts *ret,
			struct err *e);
void rootfs_scripts_finish(struct rootfs_scripts *s);

/* The newest time of a file in the file system fd. */
int rootfs_newest(int fd, struct fs_time *ret, struct err *e);

#endif
