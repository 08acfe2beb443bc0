/* SPDX-License-Identifier: Apache-2.0 */
/* usage.c - the disk's blocks, counted by what they are for. */
#include "store/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/str.h"
#include "store/container.h"
#include "store/image.h"
#include "store/lease.h"
#include "store/mark.h"

#define DEPTH_MAX 64

struct count {
	struct store *store;
	struct store_usage *u;
	struct store_mark used, named; /* by containers; by images */
	const char *alg;
};

static void count_finish(struct count *c)
{
	store_mark_finish(&c->used);
	store_mark_finish(&c->named);
}

const char *store_usage_word(enum store_usage_kind k)
{
	static const char *const words[] = { "images", "rootfs", "containers", "volumes", "kernels", "trash", "parts" };

	return words[k];
}

static uint64_t bytes_at(int at, const char *name, int depth)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	uint64_t sum = (uint64_t)st.st_blocks * 512;
	if (!S_ISDIR(st.st_mode) || depth > DEPTH_MAX)
		return sum;
	AUTO_CLOSEDIR DIR *d = file_open_dir(at, name);
	for (struct dirent *de; d && (de = readdir(d));)
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			sum += bytes_at(dirfd(d), de->d_name, depth + 1);
	return sum;
}

uint64_t store_tree_bytes(int at, const char *name)
{
	return bytes_at(at, name, 0);
}

static void add(struct count *c, enum store_usage_kind k, uint64_t bytes, bool reclaimable)
{
	c->u[k].count++;
	c->u[k].bytes += bytes;
	c->u[k].reclaimable += reclaimable ? bytes : 0;
}

static int on_blob(void *arg, int dirfd, const char *name, struct err *e)
{
	struct count *c = arg;
	char digest[OCI_DIGEST_MAX];
	uint64_t bytes = bytes_at(dirfd, name, 0);

	snprintf(digest, sizeof(digest), "%s:%.128s", c->alg, name);
	if (store_mark_has_digest(&c->named, digest)) {
		c->u[STORE_USE_IMAGES].bytes += bytes;
		c->u[STORE_USE_IMAGES].reclaimable += store_mark_has_digest(&c->used, digest) ? 0 : bytes;
	} else if (store_mark_has_digest(&c->used, digest)) { /* of an image that has gone, but for its containers */
		c->u[STORE_USE_IMAGES].bytes += bytes;
	} else {
		add(c, STORE_USE_PARTS, bytes, true);
	}
	return 0;
}

static int on_part(void *arg, int dirfd, const char *name, struct err *e)
{
	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	add(arg, STORE_USE_PARTS, bytes_at(dirfd, name, 0), fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0);
	return 0;
}

static int on_rootfs(void *arg, int dirfd, const char *name, struct err *e)
{
	struct count *c = arg;

	if (name[0] != '.')
		add(c, STORE_USE_ROOTFS, bytes_at(dirfd, name, 0), !store_mark_has_key(&c->used, name));
	else if (str_starts(name, ".tmp-"))
		add(c, STORE_USE_PARTS, bytes_at(dirfd, name, 0), true);
	return 0;
}

static int on_container(void *arg, int dirfd, const char *name, struct err *e)
{
	AUTO_CLOSE int dir = str_is_hex(name, CONTAINER_ID_LEN) ?
				     openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) :
				     -1;

	if (dir >= 0)
		add(arg, STORE_USE_CONTAINERS, bytes_at(dirfd, name, 0), !lock_is_held(dir, "lock"));
	return 0;
}

static int on_volume(void *arg, int dirfd, const char *name, struct err *e)
{
	add(arg, STORE_USE_VOLUMES, bytes_at(dirfd, name, 0), false);
	return 0;
}

static int on_kernel(void *arg, int dirfd, const char *name, struct err *e)
{
	add(arg, STORE_USE_KERNELS, bytes_at(dirfd, name, 0), false);
	return 0;
}

static int on_trash(void *arg, int dirfd, const char *name, struct err *e)
{
	add(arg, STORE_USE_TRASH, bytes_at(dirfd, name, 0), true);
	return 0;
}

static int count_images(struct count *c, struct err *e)
{
	struct store_image *v = NULL;
	size_t n = 0;
	int rc = store_image_list(c->store, &v, &n, e);

	c->u[STORE_USE_IMAGES].count = n;
	store_image_list_free(v, n);
	return rc;
}

/* All that is named, in the trash or leased is an image's; the rest of the blobs was never finished. */
static int mark(struct count *c, struct err *e)
{
	int rc = store_mark_containers(&c->used, e);

	if (rc == 0)
		rc = store_mark_tags(&c->named, e);
	if (rc == 0)
		rc = store_mark_trash(&c->named, e);
	return rc == 0 ? store_mark_leases(&c->named, false, e) : rc;
}

int store_usage(struct store *s, struct store_usage ret[static STORE_USE_NKINDS], struct err *e)
{
	static const struct {
		const char *folder, *alg;
		bool hidden;
		int (*fn)(void *arg, int dirfd, const char *name, struct err *e);
	} steps[] = {
		{ "content/blobs/sha256", "sha256", false, on_blob }, { "content/blobs/sha512", "sha512", false, on_blob },
		{ "content/ingest", NULL, false, on_part },	      { "rootfs", NULL, true, on_rootfs },
		{ "containers", NULL, false, on_container },	      { "volumes", NULL, false, on_volume },
		{ "kernels", NULL, false, on_kernel },		      { "trash", NULL, false, on_trash },
	};
	struct store_usage u[STORE_USE_NKINDS] = { 0 };
	AUTO(count_finish) struct count c = { s, u, { .store = s }, { .store = s }, NULL };
	AUTO_CLOSE int guard = lock_wait(s->leases_fd, STORE_LEASES_LOCK, true, e); /* nothing is collected meanwhile */
	int rc = guard < 0 ? guard : mark(&c, e);

	if (rc == 0)
		rc = count_images(&c, e);
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++) {
		c.alg = steps[i].alg;
		rc = store_each_name(s->fd, steps[i].folder, steps[i].hidden, steps[i].fn, &c, e);
	}
	if (rc == 0)
		memcpy(ret, u, sizeof(u));
	return rc;
}
