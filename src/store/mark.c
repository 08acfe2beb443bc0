/* SPDX-License-Identifier: Apache-2.0 */
/* mark.c - from index.json, containers, the trash and leases down to blobs. */
#include "store/mark.h"

#include <dirent.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "store/container.h"
#include "store/content.h"
#include "store/rootfs.h"
#include "store/tags.h"
#include "store/trash.h"

#define LEASE_MAX (16u << 20)
#define NEST_MAX 4

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

void store_mark_finish(struct store_mark *g)
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
		return err_set(e, -ENOMEM, "out of memory");
	}
	return 1;
}

static int mark(struct store_mark *g, const struct oci_desc *d, int depth, struct err *e);

/* A document that is not there, or no longer what it was. Anything else may be well the next time. */
static bool nowhere(int rc)
{
	return rc == -ENOENT || rc == -EBADMSG || rc == -EFBIG || rc == -EINVAL;
}

static int mark_config(struct store_mark *g, const struct oci_manifest *m, struct err *e)
{
	AUTO(oci_config_finish) struct oci_config c = { 0 };
	AUTO_FREE char *text = NULL;
	char key[STORE_KEY_MAX];
	size_t len;

	int rc = remember(&g->digests, m->config.digest.text, e);
	if (rc < 0)
		return rc;
	rc = store_blob_load(g->store, &m->config, OCI_MANIFEST_MAX, &text, &len, e);
	if (rc < 0)
		return nowhere(rc) ? 0 : rc;
	/* One that is damaged or no image's has no root file system. */
	if (oci_config_parse(text, len, &c, NULL) < 0 || store_rootfs_key(&c, key, NULL) < 0)
		return 0;
	rc = remember(&g->keys, key, e);
	return rc < 0 ? rc : 0;
}

static int mark_manifest(struct store_mark *g, const char *text, size_t len, struct err *e)
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

static int mark_index(struct store_mark *g, const char *text, size_t len, int depth, struct err *e)
{
	AUTO(oci_index_finish) struct oci_index x = { 0 };
	int rc = 0;

	if (oci_index_parse(text, len, &x, NULL) < 0)
		return 0;
	for (size_t i = 0; i < x.nentries && rc == 0; i++)
		rc = mark(g, &x.entries[i], depth + 1, e);
	return rc;
}

/* d and all that it leads to. */
static int mark(struct store_mark *g, const struct oci_desc *d, int depth, struct err *e)
{
	AUTO_FREE char *text = NULL;
	enum oci_kind kind;
	size_t len;

	int rc = remember(&g->digests, d->digest.text, e);
	if (rc <= 0 || depth > NEST_MAX || oci_kind_is_layer(d->kind))
		return rc < 0 ? rc : 0;
	rc = store_blob_load(g->store, d, OCI_MANIFEST_MAX, &text, &len, e);
	if (rc < 0)
		return nowhere(rc) ? 0 : rc;
	if (oci_doc_kind(text, len, d->media_type, &kind, NULL) < 0)
		return 0;
	return kind == OCI_KIND_INDEX ? mark_index(g, text, len, depth, e) : mark_manifest(g, text, len, e);
}

int store_mark_tags(struct store_mark *g, struct err *e)
{
	AUTO(store_tags_finish) struct store_tags t = { 0 };

	int rc = store_tags_load(g->store, &t, e);
	for (size_t i = 0; i < t.n && rc == 0; i++)
		rc = mark(g, &t.v[i].desc, 0, e);
	return rc;
}

static int mark_container(struct store_mark *g, const char *id, struct err *e)
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

int store_mark_trash(struct store_mark *g, struct err *e)
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

int store_mark_containers(struct store_mark *g, struct err *e)
{
	char **ids = NULL;

	int rc = container_ids(g->store->root, &ids, e);
	for (size_t i = 0; rc == 0 && ids && ids[i]; i++)
		rc = mark_container(g, ids[i], e);
	strv_free(ids);
	return rc;
}

struct leases {
	struct store_mark *mark;
	bool sweep;
};

/* The lease's digests, or its end if nobody holds it. */
static int on_lease(void *arg, int dirfd, const char *name, struct err *e)
{
	const struct leases *all = arg;
	struct store_mark *g = all->mark;
	AUTO_FREE char *text = NULL;
	char *save = NULL;

	AUTO_CLOSE int fd = openat(g->store->leases_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "cannot open lease '%s'", name);
	if (flock(fd, LOCK_SH | LOCK_NB) == 0) {
		if (all->sweep)
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

int store_mark_leases(struct store_mark *g, bool sweep, struct err *e)
{
	struct leases all = { g, sweep };

	return store_each_name(g->store->leases_fd, ".", false, on_lease, &all, e);
}

int store_mark_desc(struct store_mark *g, const struct oci_desc *d, struct err *e)
{
	int rc = mark(g, d, 0, e);

	return rc < 0 ? rc : 0;
}

int store_mark_all(struct store_mark *g, bool sweep, struct err *e)
{
	/* Leases first: who has given his blobs a name ends his, without waiting for a collection. */
	int rc = store_mark_leases(g, sweep, e);

	if (rc == 0)
		rc = store_mark_tags(g, e);
	if (rc == 0)
		rc = store_mark_trash(g, e); /* before and after the containers: one may come back meanwhile, or go */
	if (rc == 0)
		rc = store_mark_containers(g, e);
	if (rc == 0)
		rc = store_mark_trash(g, e);
	return rc;
}

struct listing {
	char **v;
	size_t n;
	bool failed;
};

static void list_one(const void *node, VISIT which, void *arg)
{
	struct listing *l = arg;

	if ((which != postorder && which != leaf) || l->failed)
		return;
	char **more = reallocarray(l->v, l->n + 1, sizeof(*more));
	if (more)
		l->v = more;
	if (!more || !(more[l->n] = strdup(*(char *const *)node)))
		l->failed = true;
	else
		l->n++;
}

int store_mark_digests(const struct store_mark *g, char ***ret, size_t *ret_n, struct err *e)
{
	struct listing l = { .v = NULL };

	twalk_r(g->digests, list_one, &l);
	if (l.failed) {
		for (size_t i = 0; i < l.n; i++)
			free(l.v[i]);
		free(l.v);
		return err_set(e, -ENOMEM, "out of memory");
	}
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}

bool store_mark_has_digest(const struct store_mark *g, const char *digest)
{
	return tfind(digest, &g->digests, compare) != NULL;
}

bool store_mark_has_key(const struct store_mark *g, const char *key)
{
	return tfind(key, &g->keys, compare) != NULL;
}

int store_each_name(int at, const char *dir, bool hidden, int (*fn)(void *arg, int dirfd, const char *name, struct err *e),
		    void *arg, struct err *e)
{
	AUTO_CLOSEDIR DIR *d = file_open_dir(at, dir);
	int rc = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, -errno, "cannot read folder '%s'", dir);
	for (struct dirent *de; rc == 0 && (de = readdir(d));)
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0 &&
		    (hidden || de->d_name[0] != '.'))
			rc = fn(arg, dirfd(d), de->d_name, e);
	return rc;
}
