/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs-output.h - a file that appears under its name only when it is whole. Blocking. */
#ifndef BERTH_JOB_ROOTFS_OUTPUT_H
#define BERTH_JOB_ROOTFS_OUTPUT_H

#include <stdbool.h>

#include "base/err.h"

struct rootfs_output {
	int dir_fd, fd; /* of its folder; of the file, empty, read and write */
	char *name; /* in the folder */
	char tmp[32]; /* its name so far, "" if it has none (O_TMPFILE) */
};

int rootfs_output_begin(const char *path, struct rootfs_output *ret, struct err *e);
/* Gives it its name, in place of what has it. */
int rootfs_output_commit(struct rootfs_output *o, struct err *e);
/* Ends it; without a commit nothing is left. Zeroed memory is fine. */
void rootfs_output_finish(struct rootfs_output *o);

#endif
