/* SPDX-License-Identifier: Apache-2.0 */
/* tar-out.h - where a tar goes: a descriptor of the caller's, or a file that gets its name once it is whole. */
#ifndef BERTH_ENGINE_TAR_OUT_H
#define BERTH_ENGINE_TAR_OUT_H

#include "base/work.h"
#include "job/rootfs-output.h"

struct eng_tar_out;
typedef void (*eng_tar_out_cb)(struct eng_tar_out *o, int rc, const struct err *e);

/* Zeroed memory is fine for close and drop. */
struct eng_tar_out {
	int fd; /* to write to */
	bool named;
	struct rootfs_output file;
	struct work work;
	eng_tar_out_cb done;
};

/* path NULL: fd, which stays the caller's. */
int eng_tar_out_open(struct eng_tar_out *o, const char *path, int fd, struct err *e);
/* Nothing was begun: a file is gone. */
void eng_tar_out_drop(struct eng_tar_out *o);
/* The tar is written, or failed with rc: a file gets its name, or is gone. done comes once, maybe before this returns. */
void eng_tar_out_close(struct eng_tar_out *o, uv_loop_t *loop, int rc, const struct err *e, eng_tar_out_cb done);

#endif
