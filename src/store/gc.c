/* SPDX-License-Identifier: Apache-2.0 */
/* gc.c - mark what is needed, sweep the rest, while no lease can grow. */
#include "store/gc.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/str.h"
#include "store/lease.h"
#include "store/mark.h"
#include "store/rootfs.h"
#include "store/usage.h"

#define PART_AGE_S (7 * 24 * 3600)
#define TMP_AGE_S 600

struct gc {
	struct store_mark mark;
	bool parts; /* of any age */
	struct store_gc_stats stats;
};

static void gc_finish(struct gc *g)
{
	store_mark_finish(&g->mark);
}

/* ---- sweep ------------------------------------------------------------------------------------------------
 */

static int remove_file(struct gc *g, int dirfd, const char *name, uint64_t *count, struct err *e)
{
	struct stat st = { 0 };

	fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW);
	if (unlinkat(dirfd, name, 0) < 0)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "cannot remove '%s'", name);
	g->stats.bytes += (uint64_t)st.st_blocks * 512;
	++*count;
	return 0;
}

static int sweep_blob(struct gc *g, const char *alg, int dirfd, const char *name, struct err *e)
{
	char digest[OCI_DIGEST_MAX];

	snprintf(digest, sizeof(digest), "%s:%.128s", alg, name);
	if (!oci_digest_valid(digest) || store_mark_has_digest(&g->mark, digest))
		return 0;
	return remove_file(g, dirfd, name, &g->stats.blobs, e);
}

static int on_sha256(void *arg, int dirfd, const char *name, struct err *e)
{
	struct gc *g = arg;

	return sweep_blob(g, "sha256", dirfd, name, e);
}

static int on_sha512(void *arg, int dirfd, const char *name, struct err *e)
{
	struct gc *g = arg;

	return sweep_blob(g, "sha512", dirfd, name, e);
}

/* Parts of downloads: those that nobody is at and that are old. */
static int on_part(void *arg, int dirfd, const char *name, struct err *e)
{
	struct gc *g = arg;
	struct stat st;

	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || (!g->parts && time(NULL) - st.st_mtime < PART_AGE_S) ||
	    flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	return remove_file(g, dirfd, name, &g->stats.parts, e);
}

static uint64_t folder_bytes(int dirfd, const char *name)
{
	char path[NAME_MAX + 16];
	struct stat st = { 0 };

	snprintf(path, sizeof(path), "%.255s/base.ext4", name);
	fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW);
	return (uint64_t)st.st_blocks * 512;
}

/* A root file system that nothing needs. Who makes one holds its key's lock. */
static int on_rootfs(void *arg, int dirfd, const char *name, struct err *e)
{
	struct gc *g = arg;
	char lock[STORE_KEY_MAX + 16], gone[STORE_KEY_MAX + 16];

	if (name[0] == '.' || store_mark_has_key(&g->mark, name))
		return 0;
	snprintf(lock, sizeof(lock), ".lock-%.90s", name);
	AUTO_CLOSE int held = lock_try(dirfd, lock, false, NULL);
	if (held < 0)
		return 0;
	g->stats.bytes += folder_bytes(dirfd, name);
	g->stats.rootfs++;
	/* its name goes first: nobody is to find half of it */
	snprintf(gone, sizeof(gone), ".tmp-%.90s", name);
	int rc = renameat(dirfd, name, dirfd, gone) < 0 && errno != ENOENT ?
			 err_sys(e, -errno, "cannot remove root file system '%s'", name) :
			 file_remove_tree(dirfd, gone, e);
	unlinkat(dirfd, lock, 0);
	return rc;
}

/* The folder of a build that died: its base.ext4 is locked by nobody, or was not even made. */
static int on_unfinished(void *arg, int dirfd, const char *name, struct err *e)
{
	struct gc *g = arg;
	char path[NAME_MAX + 16];

	if (!str_starts(name, ".tmp-"))
		return 0;
	snprintf(path, sizeof(path), "%.255s/base.ext4", name);
	AUTO_CLOSE int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 ? errno != ENOENT : flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	g->stats.bytes += folder_bytes(dirfd, name);
	g->stats.rootfs++;
	return file_remove_tree(dirfd, name, e);
}

/* What a killed process was about to rename. A file like that is written and renamed in one go, in a moment. */
static int on_temporary(void *arg, int dirfd, const char *name, struct err *e)
{
	struct gc *g = arg;
	struct stat st;

	if (!str_starts(name, ".tmp-") || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    time(NULL) - st.st_mtime < TMP_AGE_S)
		return 0;
	return remove_file(g, dirfd, name, &g->stats.parts, e);
}

/* The folder of a container that was being made, which its maker does under the lock of all names, or removed. */
static int on_half_container(void *arg, int dirfd, const char *name, struct err *e)
{
	struct gc *g = arg;
	bool made = str_starts(name, ".new-");

	if (!made && !str_starts(name, ".old-"))
		return 0;
	AUTO_CLOSE int lock = made ? lock_try(dirfd, ".lock", false, NULL) : -1;
	if (made && lock < 0)
		return 0;
	AUTO_CLOSE int dir = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return 0;
	g->stats.bytes += store_tree_bytes(dir, ".");
	return file_remove_tree(dirfd, name, e);
}

static int collect(struct gc *g, struct err *e)
{
	static const struct {
		const char *folder;
		bool hidden;
		int (*fn)(void *arg, int dirfd, const char *name, struct err *e);
	} steps[] = {
		{ "content/blobs/sha256", false, on_sha256 }, { "content/blobs/sha512", false, on_sha512 },
		{ "content/ingest", false, on_part },	      { "rootfs", false, on_rootfs },
		{ "rootfs", true, on_unfinished },	      { ".", true, on_temporary },
		{ "content", true, on_temporary },	      { "kernels", true, on_temporary },
		{ "containers", true, on_half_container },
	};
	struct store *s = g->mark.store;
	int rc = store_mark_all(&g->mark, true, e);

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = store_each_name(s->fd, steps[i].folder, steps[i].hidden, steps[i].fn, g, e);
	return rc;
}

int store_gc(struct store *s, bool parts, struct store_gc_stats *ret, struct err *e)
{
	AUTO(gc_finish) struct gc g = { .mark.store = s, .parts = parts };

	AUTO_CLOSE int guard = lock_wait(s->leases_fd, STORE_LEASES_LOCK, false, e);
	if (guard < 0)
		return guard;
	int rc = collect(&g, e);
	if (rc < 0)
		return err_wrap(e, rc, "cannot collect garbage");
	*ret = g.stats;
	return 0;
}

void store_gc_take_back(struct store_lease *l)
{
	AUTO(gc_finish) struct gc g = { .mark.store = l->store };
	AUTO_FREE struct oci_digest *v = TAKE(l->added);
	size_t n = l->nadded;
	char path[OCI_DIGEST_MAX + 8];

	store_lease_end(l);
	if (!n)
		return;
	AUTO_CLOSE int guard = lock_wait(g.mark.store->leases_fd, STORE_LEASES_LOCK, false, NULL);
	if (guard < 0 || store_mark_all(&g.mark, true, NULL) < 0)
		return; /* the next collection takes them */
	for (size_t i = 0; i < n; i++) {
		oci_digest_path(&v[i], path);
		if (!store_mark_has_digest(&g.mark, v[i].text))
			unlinkat(g.mark.store->layout.fd, path, 0);
	}
}
