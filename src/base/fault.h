/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h - places where a test makes the next step fail: BERTH_FAULT=NAME[:NTH] in the environment, NTH counted from
 * 1 in each process (default 1). Only in builds with --enable-faults; in others a point is a constant 0. */
#ifndef BERTH_BASE_FAULT_H
#define BERTH_BASE_FAULT_H

enum fault_point {
	FAULT_FILE_WRITE,    /* a file that is replaced whole: its bytes */
	FAULT_FILE_SYNC,     /* … its fsync */
	FAULT_FILE_RENAME,   /* … its new name */
	FAULT_BLOB_COMMIT,   /* a checked blob gets its name in the store */
	FAULT_ROOTFS_COMMIT, /* an unpacked image becomes visible */
	FAULT_CONTAINER_NAME, /* a container's folder becomes visible */
	FAULT_EXT4_WRITE,    /* bytes of a file system */
	FAULT_SPAWN,         /* a helper is started */
	FAULT_PACK_WRITE,    /* bytes of a tar that is made of a file system */
	FAULT_DISK_COPY,     /* a running container's disk is copied */
	FAULT_WORKER_MEMORY, /* memory that a confined worker asks for */
	FAULT_COUNT
};

struct fault_row {
	const char *name; /* "file.write" */
	int code;         /* negative errno that the point fails with */
	const char *what;
};
/* FAULT_COUNT rows; NULL in a build without. */
const struct fault_row *fault_table(void);

#ifdef BERTH_FAULTS
/* 0, or the negative errno with which this is to fail. */
int fault_at(enum fault_point p);
#else
static inline int fault_at(enum fault_point p)
{
	(void)p;
	return 0;
}
#endif

#endif
