/* SPDX-License-Identifier: Apache-2.0 */
/* unpack.h - layers into one ext4 file, by a confined process of its own (berth-unpack).
 *
 * The worker gets descriptors only: a control socket, the output, and one input per layer when it asks for
 * it. It can open nothing (Landlock, seccomp). Layers are taken lowest first, each checked against its
 * digest and diff_id; a layer can be unpacked while it is still being downloaded into a file. */
#ifndef BERTH_JOB_UNPACK_H
#define BERTH_JOB_UNPACK_H

#include <stdbool.h>

#include "base/err.h"
#include "base/fs-sink.h"
#include "base/loop.h"
#include "base/spawn.h"
#include "oci/desc.h"

enum unpack_kind {
	UNPACK_LAYER, /* a blob, asked for by want: a file or a stream of the layer's bytes as stored */
	UNPACK_DIR, /* the folder dir_fd, read with all below it on its file system */
	UNPACK_MERGED, /* two file systems: what scripts wrote, over what they were given */
};

#define UNPACK_DIRS_MAX 64
#define UNPACK_MAX_SIZE (UINT64_C(64) << 30)

/* Both are the caller's, open until the end. What berth itself put there is left out. */
struct unpack_merged {
	int base, upper;
	const char *dir; /* of upper, that lies over the root of base */
	struct fs_time since, stamp; /* what was written since then has the time stamp */
};

struct unpack_source {
	enum unpack_kind kind;
	enum oci_kind media; /* OCI_KIND_OTHER: told by its first bytes */
	struct oci_digest digest; /* of the stored bytes, none: not checked (the store did) */
	struct oci_digest diff_id; /* of the tar stream; none: not checked */
	uint64_t size; /* of the stored bytes; 0: not known */
	int dir_fd; /* of an UNPACK_DIR; duplicated by start */
	struct unpack_merged merged;
};

struct unpack_opts {
	const char *helper; /* path of berth-unpack; NULL: found by itself */
	const struct unpack_source *sources; /* lowest first */
	size_t nsources;
	int fd; /* of the output, an empty file, read and write; stays the caller's */
	uint64_t size; /* of the file system; 0: the smallest power of two ≥ 1.25 × used + 64 MiB */
	uint64_t max_size; /* of all tar streams together; 0: UNPACK_MAX_SIZE */
	const char *uuid, *label; /* NULL: derived from the sources' diff_ids, none */
	const char *journal; /* "ordered", "writeback", "data"; NULL: none */
	bool lost_found; /* it gets a folder of that name, as mke2fs makes it */
	bool unsynced; /* the caller syncs the output */
	struct unpack_spare *spare; /* is used if there is one, and is none then; NULL */
};

struct unpack_progress {
	size_t layer; /* that is being written */
	uint64_t layer_in; /* stored bytes of it taken so far */
	uint64_t in, raw, entries; /* of all: stored bytes, tar bytes, entries */
};

struct unpack_result {
	uint64_t in, raw, entries;
	uint64_t used, size; /* of the file system, bytes */
	bool landlock; /* false: the kernel has none, the worker was held by seccomp alone */
};

/* A worker that waits for something to do: started when it is likely that there will be layers, so that its start costs
 * no time when they come. Zeroed memory: none. */
struct unpack_spare {
	pid_t pid;
	int pidfd, sock;
};

int unpack_spare_start(struct unpack_spare *s, struct err *e);
void unpack_spare_finish(struct unpack_spare *s);

struct unpack;
typedef void (*unpack_cb)(struct unpack *u, int rc, const struct err *e);

struct unpack {
	/* Of the caller, before start; called on the loop thread. */
	void (*want)(struct unpack *u, size_t source); /* answer by unpack_feed, now or later */
	void (*progress)(struct unpack *u,
			 const struct unpack_progress *p); /* may be NULL; 10 times a second */
	void *data;

	struct unpack_result result; /* valid in the callback if rc is 0 */

	/* used inside */
	struct spawn_child child;
	uv_poll_t poll;
	uv_loop_t *loop;
	unpack_cb cb;
	struct err err;
	int rc, sock;
	struct unpack_source *sources;
	size_t nsources, fed; /* fed: that was fed last */
	uint64_t avail, avail_sent; /* of that one */
	bool complete, avail_due; /* avail_due: the socket was full */
	bool done, closed, exited,
		cancelled; /* done: the worker said how it went; closed: and will say no more */
};

/* base/loop.h tells the contract. The output is fsynced when cb comes with 0, unless it was to be left; the caller
 * removes it after anything else. Errors of the images' content are -EBADMSG, -EINVAL, -EFBIG; -ENOSPC if the size does not
 * suffice or the disk is full. */
int unpack_start(struct unpack *u, uv_loop_t *loop, const struct unpack_opts *opts, unpack_cb cb,
		 struct err *e);
void unpack_cancel(struct unpack *u);

/* The input of source i, for which want was called: fd is duplicated, the caller closes his.
 * avail: UINT64_MAX for a whole file or a stream that ends by itself; else the bytes that are there so far of
 * a file that grows: it is read by offset, and unpack_avail tells of more. */
int unpack_feed(struct unpack *u, size_t i, int fd, uint64_t avail, struct err *e);
/* There are avail bytes now; complete: and there will be no more. Of a source that was not wanted yet or is
 * through: no effect. */
void unpack_avail(struct unpack *u, size_t i, uint64_t avail, bool complete);

#endif
