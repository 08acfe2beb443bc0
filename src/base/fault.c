/* SPDX-License-Identifier: Apache-2.0 */
/* fault.c - the points, and which of them is to fail. */
#include "base/fault.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#ifdef BERTH_FAULTS

static const struct fault_row table[FAULT_COUNT] = {
	[FAULT_FILE_WRITE] = { "file.write", -ENOSPC, "the bytes of a file that is replaced whole" },
	[FAULT_FILE_SYNC] = { "file.sync", -EIO, "its fsync" },
	[FAULT_FILE_RENAME] = { "file.rename", -EIO, "its new name" },
	[FAULT_BLOB_COMMIT] = { "blob.commit", -EIO, "a checked blob gets its name in the store" },
	[FAULT_ROOTFS_COMMIT] = { "rootfs.commit", -EIO, "an unpacked image becomes visible" },
	[FAULT_CONTAINER_NAME] = { "container.name", -EIO, "a container's folder becomes visible" },
	[FAULT_EXT4_WRITE] = { "ext4.write", -ENOSPC, "bytes of a file system" },
	[FAULT_SPAWN] = { "spawn", -EAGAIN, "a helper is started" },
	[FAULT_DISK_COPY] = { "disk.copy", -ENOSPC, "a running container's disk is copied" },
	[FAULT_WORKER_MEMORY] = { "worker.memory", -ENOMEM, "memory that a confined worker asks for" },
	[FAULT_PACK_WRITE] = { "pack.write", -ENOSPC, "bytes of a tar that is made of a file system" },
};

const struct fault_row *fault_table(void)
{
	return table;
}

int fault_at(enum fault_point p)
{
	static _Atomic unsigned long seen[FAULT_COUNT];
	const char *want = getenv("BERTH_FAULT"), *name = table[p].name;
	size_t n = strlen(name);
	unsigned long nth = 1;

	if (!want || strncmp(want, name, n) != 0 || (want[n] && want[n] != ':'))
		return 0;
	if (want[n] == ':')
		nth = strtoul(want + n + 1, NULL, 10);
	return ++seen[p] == nth ? table[p].code : 0;
}

#else

const struct fault_row *fault_table(void)
{
	return NULL;
}

#endif
