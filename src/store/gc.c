/* SPDX-License-Identifier: Apache-2.0 */
/* gc.c - mark what is needed, sweep the rest, while no lease can grow. */
#include "store/gc.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/str.h"
#include "store/container.h"
#include "store/content.h"
#include "store/rootfs.h"
#include "store/tags.h"
#include "store/trash.h"

#define PART_AGE_S (7 * 24 * 3600)
#define LEASE_MAX (16u << 20)
#define NEST_MAX 4

struct gc {
	struct store *store;
	void *digests, *keys; /* tsearch trees of strings: what is needed */
	struct store_gc_stats stats;
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void gc_finish(struct gc *g)
{
	tdestroy(g->digests, free);
	tdestroy(g->keys, free);
}

/* 1 if it was new, 0 if it was there. */
static int remember(void **tree, const char *s, struct err *e)
{
	if (tfind(s, tree, compare))
		return 0;
	char *copy = strdup(s);
	if (!copy || !tsearch(copy, tree, compare)) {
		free(copy);
		return err_set(e, -ENOMEM, "cannot collect garbage: out of memory");
	}
	return 1;
}

/* ---- mark --------------------------------------------------------------------------------------------- */

static int mark(struct gc *g, const struct oci_desc *d, int depth, struct err *e);

static int mark_config(struct gc *g, const struct oci_manifest *m, struct err *e)
{
	AUTO(oci_config_finish) struct oci_config c = { 0 };
	AUTO_FREE char *text = NULL;
	char key[STORE_KEY_MAX];
	size_t len;

	int rc = remember(&g->digests, m->config.digest.text, e);
	if (rc < 0)
		return rc;
	/* One that is damaged or no image's has no root file system. */
	if (store_blob_load(g->store, &m->config, OCI_MANIFEST_MAX, &text, &len, NULL) < 0 ||
	    oci_config_parse(text, len, &c, NULL) < 0 || store_rootfs_key(&c, key, NULL) < 0)
		return 0;
	rc = remember(&g->keys, key, e);
	return rc < 0 ? rc : 0;
}

static int mark_manifest(struct gc *g, const char *text, size_t len, struct err *e)
{
	AUTO(oci_manifest_finish) struct oci_manifest m = { 0 };

	if (oci_manifest_parse(text, len, &m, NULL) < 0)
		return 0;
	for (size_t i = 0; i < m.nlayers; i++) {
		int rc = remember(&g->digests, m.layers[i].digest.text, e);
		if (rc < 0)
			return rc;
	}
	return mark_config(g, &m, e);
}

static int mark_index(struct gc *g, const char *text, size_t len, int depth, struct err *e)
{
	AUTO(oci_index_finish) struct oci_index x = { 0 };
	int rc = 0;

	if (oci_index_parse(text, len, &x, NULL) < 0)
		return 0;
	for (size_t i = 0; i < x.nentries && rc == 0; i++)
		rc = mark(g, &x.entries[i], depth + 1, e);
	return rc;
}

/* d and all that it leads to. What is not there, or no document, leads nowhere. */
static int mark(struct gc *g, const struct oci_desc *d, int depth, struct err *e)
{
	AUTO_FREE char *text = NULL;
	enum oci_kind kind;
	size_t len;

	int rc = remember(&g->digests, d->digest.text, e);
	if (rc <= 0 || depth > NEST_MAX)
		return rc < 0 ? rc : 0;
	if (oci_kind_is_layer(d->kind) ||
	    store_blob_load(g->store, d, OCI_MANIFEST_MAX, &text, &len, NULL) < 0 ||
	    oci_doc_kind(text, len, d->media_type, &kind, NULL) < 0)
		return 0;
	return kind == OCI_KIND_INDEX ? mark_index(g, text, len, depth, e) : mark_manifest(g, text, len, e);
}

static int mark_tags(struct gc *g, struct err *e)
{
	AUTO(store_tags_finish) struct store_tags t = { 0 };

	int rc = store_tags_load(g->store, &t, e);
	for (size_t i = 0; i < t.n && rc == 0; i++)
		rc = mark(g, &t.v[i].desc, 0, e);
	return rc;
}

static int mark_container(struct gc *g, const char *id, struct err *e)
{
	AUTO(container_finish) struct container c = { 0 };
	struct oci_desc d = { .size = 0 };

	int rc = container_read(g->store->root, id, &c, e);
	if (rc == -ENOENT) /* removed meanwhile */
		return 0;
	if (rc < 0)
		return err_wrap(e, rc, "cannot tell what container '%s' needs", id);
	const char *key = json_str(c.config, "rootfs_key"), *digest = json_str(c.config, "image_digest");
	rc = key ? remember(&g->keys, key, e) : 0;
	if (rc >= 0 && digest && oci_digest_parse(digest, &d.digest, NULL) == 0)
		rc = mark(g, &d, 0, e);
	return rc < 0 ? rc : 0;
}

static int mark_trash(struct gc *g, struct err *e)
{
	struct store_trash *v = NULL;
	size_t n = 0;
	int rc = store_trash_list(g->store, &v, &n, e);

	for (size_t i = 0; i < n && rc >= 0; i++) {
		struct oci_desc d = { .size = 0 };

		rc = v[i].rootfs_key ? remember(&g->keys, v[i].rootfs_key, e) : 0;
		if (rc >= 0 && v[i].image_digest && oci_digest_parse(v[i].image_digest, &d.digest, NULL) == 0)
			rc = mark(g, &d, 0, e);
	}
	store_trash_list_free(v, n);
	return rc < 0 ? rc : 0;
}

static int mark_containers(struct gc *g, struct err *e)
{
	char **ids = NULL;

	int rc = container_ids(g->store->root, &ids, e);
	for (size_t i = 0; rc == 0 && ids && ids[i]; i++)
		rc = mark_container(g, ids[i], e);
	strv_free(ids);
	return rc;
}

/* The lease's digests, or its end if nobody holds it. */
static int mark_lease(struct gc *g, const char *name, struct err *e)
{
	AUTO_FREE char *text = NULL;
	char *save = NULL;

	AUTO_CLOSE int fd = openat(g->store->leases_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "cannot open lease '%s'", name);
	if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
		unlinkat(g->store->leases_fd, name, 0);
		return 0;
	}
	int rc = file_read_all(fd, LEASE_MAX, &text, NULL);
	if (rc < 0)
		return err_sys(e, rc, "cannot read lease '%s'", name);
	for (char *p = strtok_r(text, "\n", &save); p && rc >= 0; p = strtok_r(NULL, "\n", &save)) {
		struct oci_desc d = { .size = 0 };

		if (oci_digest_parse(p, &d.digest, NULL) == 0)
			rc = mark(g, &d, 0, e);
	}
	return rc < 0 ? rc : 0;
}

/* ---- folders --------------------------------------------------------------------------------------------
 */

/* Calls fn for each name in dir that does not begin with '.' unless hidden is set; stops at an error. */
static int each_name(struct gc *g, int at, const char *dir, bool hidden,
		     int (*fn)(struct gc *g, int dirfd, const char *name, struct err *e), struct err *e)
{
	int fd = openat(at, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	int rc = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "cannot read folder '%s'", dir);
	for (struct dirent *de; rc == 0 && (de = readdir(d));)
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0 &&
		    (hidden || de->d_name[0] != '.'))
			rc = fn(g, dirfd(d), de->d_name, e);
	return rc;
}

static int on_lease(struct gc *g, int dirfd, const char *name, struct err *e)
{
	return mark_lease(g, name, e);
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
	if (!oci_digest_valid(digest) || tfind(digest, &g->digests, compare))
		return 0;
	return remove_file(g, dirfd, name, &g->stats.blobs, e);
}

static int on_sha256(struct gc *g, int dirfd, const char *name, struct err *e)
{
	return sweep_blob(g, "sha256", dirfd, name, e);
}

static int on_sha512(struct gc *g, int dirfd, const char *name, struct err *e)
{
	return sweep_blob(g, "sha512", dirfd, name, e);
}

/* Parts of downloads: those that nobody is at and that are old. */
static int on_part(struct gc *g, int dirfd, const char *name, struct err *e)
{
	struct stat st;

	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || time(NULL) - st.st_mtime < PART_AGE_S ||
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
static int on_rootfs(struct gc *g, int dirfd, const char *name, struct err *e)
{
	char lock[STORE_KEY_MAX + 16];

	if (name[0] == '.' || tfind(name, &g->keys, compare))
		return 0;
	snprintf(lock, sizeof(lock), ".lock-%.90s", name);
	AUTO_CLOSE int held = lock_try(dirfd, lock, false, NULL);
	if (held < 0)
		return 0;
	g->stats.bytes += folder_bytes(dirfd, name);
	g->stats.rootfs++;
	int rc = file_remove_tree(dirfd, name, e);
	unlinkat(dirfd, lock, 0);
	return rc;
}

/* The folder of a build that died: its base.ext4 is locked by nobody, or was not even made. */
static int on_unfinished(struct gc *g, int dirfd, const char *name, struct err *e)
{
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

static int collect(struct gc *g, struct err *e)
{
	int rc = mark_tags(g, e);

	if (rc == 0)
		rc = mark_trash(g, e); /* before and after the containers: one may come back meanwhile, or go */
	if (rc == 0)
		rc = mark_containers(g, e);
	if (rc == 0)
		rc = mark_trash(g, e);
	if (rc == 0)
		rc = each_name(g, g->store->leases_fd, ".", false, on_lease, e);
	if (rc == 0)
		rc = each_name(g, g->store->layout.fd, "blobs/sha256", false, on_sha256, e);
	if (rc == 0)
		rc = each_name(g, g->store->layout.fd, "blobs/sha512", false, on_sha512, e);
	if (rc == 0)
		rc = each_name(g, g->store->layout.fd, "ingest", false, on_part, e);
	if (rc == 0)
		rc = each_name(g, g->store->fd, "rootfs", false, on_rootfs, e);
	if (rc == 0)
		rc = each_name(g, g->store->fd, "rootfs", true, on_unfinished, e);
	return rc;
}

int store_gc(struct store *s, struct store_gc_stats *ret, struct err *e)
{
	AUTO(gc_finish) struct gc g = { .store = s };

	AUTO_CLOSE int guard = lock_wait(s->leases_fd, STORE_LEASES_LOCK, false, e);
	if (guard < 0)
		return guard;
	int rc = collect(&g, e);
	if (rc < 0)
		return err_wrap(e, rc, "cannot collect garbage");
	*ret = g.stats;
	return 0;
}
