/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - first all that refers to something, while nothing is collected; then the bytes of all blobs, and of
 * what is unpacked, which may come and go meanwhile. */
#include "store/check.h"

#include <fcntl.h>
#include <stdio.h>
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
#include "store/lease.h"
#include "store/mark.h"
#include "store/rootfs.h"
#include "store/tags.h"
#include "store/usage.h"
#include "store/verify.h"

#define JSON_MAX (16u << 20)
#define OLD_S (7 * 24 * 3600)

struct check {
	struct store *store;
	struct store_check *out;
	struct pace *pace;
	struct store_mark mark;
	bool marked; /* what is needed is known */
	const char *alg;
};

static int found(struct check *c, enum store_wrong wrong, const char *kind, const char *object, const char *text,
		 struct err *e)
{
	return store_finding_add(&c->out->findings, wrong, kind, object, e, "%s", text);
}

static void leftover(struct check *c, int dirfd, const char *name)
{
	c->out->leftovers++;
	c->out->leftover_bytes += store_tree_bytes(dirfd, name);
}

static bool is_old(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - st.st_mtime > OLD_S;
}

/* --- what each store has */

static int check_layout(struct check *c, struct err *e)
{
	struct err why = { 0 };
	struct stat st;
	int rc = oci_layout_check(&c->store->layout, &why);

	rc = rc < 0 ? found(c, STORE_BROKEN, "layout", STORE_MARKER, why.text, e) : 0;
	for (size_t i = 0; rc == 0 && store_folders[i]; i++)
		if (fstatat(c->store->fd, store_folders[i], &st, 0) < 0 || !S_ISDIR(st.st_mode))
			rc = found(c, STORE_BROKEN, "layout", store_folders[i], "there is no such folder", e);
	return rc;
}

/* --- names and what they lead to */

static int check_index(struct check *c, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *j = NULL;
	const cJSON *entry, *list;
	struct err why = { 0 };
	struct oci_desc d;
	size_t len;
	int rc = file_load(c->store->layout.fd, "index.json", JSON_MAX, &text, &len, &why);

	if (rc == 0)
		rc = json_parse(text, len, "index.json", &j, &why);
	list = rc == 0 ? json_arr(j, "manifests") : NULL;
	if (rc == 0 && !list)
		rc = err_set(&why, -EINVAL, "it has no manifests");
	if (rc == -ENOENT || rc == -EINVAL || rc == -EFBIG)
		return found(c, STORE_BROKEN, "index", "index.json", why.text, e);
	if (rc < 0) {
		*e = why;
		return rc;
	}
	cJSON_ArrayForEach(entry, list)
		if (rc == 0 && oci_desc_parse(entry, &d, &why) < 0)
			rc = found(c, STORE_BROKEN, "index", "index.json", why.text, e);
	return rc;
}

static int check_tags(struct check *c, struct err *e)
{
	AUTO(store_tags_finish) struct store_tags t = { 0 };
	int rc = store_tags_load(c->store, &t, e);

	for (size_t i = 0; rc == 0 && i < t.n; i++) {
		c->out->images++;
		rc = store_image_verify(c->store, &t.v[i].desc, t.v[i].name ? t.v[i].name : t.v[i].desc.digest.text,
					false, c->pace, &c->out->findings, e);
	}
	return rc;
}

/* --- folders */

static int load_json(int dir, const char *name, cJSON **ret, struct err *why)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int rc = file_load(dir, name, JSON_MAX, &text, &len, why);

	return rc < 0 ? rc : json_parse(text, len, name, ret, why);
}

/* As a container is made: its folder appears with these two; the disk follows, and is there once it was started. */
static int look_into_container(struct check *c, int dir, struct err *why)
{
	AUTO_JSON cJSON *config = NULL;
	AUTO_JSON cJSON *spec = NULL;
	AUTO_JSON cJSON *state = NULL;
	const char *key;
	int rc = load_json(dir, "config.json", &config, why);

	if (rc == 0 && !json_str(config, "name"))
		rc = err_set(why, -EINVAL, "config.json has no name");
	if (rc == 0)
		rc = load_json(dir, "spec.json", &spec, why);
	if (rc == 0 && faccessat(dir, "state.json", F_OK, 0) == 0)
		rc = load_json(dir, "state.json", &state, why);
	if (rc == 0 && json_str(state, "started") && faccessat(dir, "upper.ext4", F_OK, 0) < 0)
		rc = err_set(why, -ENOENT, "its disk 'upper.ext4' is missing");
	key = json_str(config, "rootfs_key");
	if (rc == 0 && key)
		rc = store_rootfs_verify(c->store, key, false, NULL, why) == -EBADMSG ?
			     err_set(why, -EBADMSG, "its root file system '%s' is missing or damaged", key) :
			     0;
	return rc;
}

static int on_container(void *arg, int dirfd, const char *name, struct err *e)
{
	struct check *c = arg;
	struct err why = { 0 };

	if (str_starts(name, ".new-") || str_starts(name, ".old-"))
		leftover(c, dirfd, name);
	if (!str_is_hex(name, CONTAINER_ID_LEN))
		return 0;
	AUTO_CLOSE int dir = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0 && errno == ENOENT)
		return 0;
	c->out->containers++;
	int rc = dir < 0 ? err_sys(&why, -errno, "cannot open its folder") : look_into_container(c, dir, &why);
	struct stat st;
	if (rc == 0 || rc == -ENOMEM || fstatat(dirfd, name, &st, 0) < 0) /* removed meanwhile */
		return rc == -ENOMEM ? rc : 0;
	return found(c, rc == -EBADMSG ? STORE_DAMAGED : STORE_BROKEN, "container", name, why.text, e);
}

static int on_rootfs(void *arg, int dirfd, const char *name, struct err *e)
{
	struct check *c = arg;
	struct err why = { 0 };

	if (name[0] == '.') {
		if (str_starts(name, ".tmp-"))
			leftover(c, dirfd, name);
		return 0;
	}
	int rc = store_rootfs_verify(c->store, name, false, NULL, &why);
	if (rc == 0 && c->marked && !store_mark_has_key(&c->mark, name))
		leftover(c, dirfd, name);
	return rc == -EBADMSG ? found(c, STORE_DAMAGED, "rootfs", name, why.text, e) : 0;
}

static int on_trash(void *arg, int dirfd, const char *name, struct err *e)
{
	AUTO_JSON cJSON *meta = NULL;
	struct err why = { 0 };

	if (!str_is_hex(name, CONTAINER_ID_LEN))
		return 0;
	AUTO_CLOSE int dir = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int rc = dir < 0 ? -errno : load_json(dir, "meta.json", &meta, &why);
	return rc == 0 || rc == -ENOENT ? 0 : found(arg, STORE_BROKEN, "trash", name, why.text, e);
}

static int on_kernel(void *arg, int dirfd, const char *name, struct err *e)
{
	AUTO_CLOSE int dir = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (dir < 0 || faccessat(dir, "vmlinux", R_OK, 0) == 0)
		return 0;
	return found(arg, STORE_BROKEN, "kernel", name, "it has no file 'vmlinux'", e);
}

static int on_part(void *arg, int dirfd, const char *name, struct err *e)
{
	struct check *c = arg;

	AUTO_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0)
		return 0;
	leftover(c, dirfd, name);
	return is_old(dirfd, name) ? found(c, STORE_BROKEN, "part", name, "nobody goes on with this part of a download", e) :
				     0;
}

static int on_lease(void *arg, int dirfd, const char *name, struct err *e)
{
	if (!lock_is_held(dirfd, name))
		leftover(arg, dirfd, name);
	return 0;
}

/* --- the bytes of blobs */

static int on_blob(void *arg, int dirfd, const char *name, struct err *e)
{
	struct check *c = arg;
	struct oci_desc d = { .size = 0 };
	char digest[OCI_DIGEST_MAX];
	struct err why = { 0 };

	snprintf(digest, sizeof(digest), "%s:%.128s", c->alg, name);
	if (oci_digest_parse(digest, &d.digest, NULL) < 0)
		return found(c, STORE_BROKEN, "blob", digest, "this is no name of a blob", e);
	c->out->blobs++;
	if (c->marked && !store_mark_has_digest(&c->mark, digest)) {
		leftover(c, dirfd, name);
		if (is_old(dirfd, name))
			return found(c, STORE_BROKEN, "blob", digest, "nothing needs it", e);
	}
	int rc = c->pace ? store_blob_verify(c->store, &d, c->pace, &why) : 0;
	if (rc == -EBADMSG || rc == -EINVAL)
		return found(c, STORE_DAMAGED, "blob", digest, why.text, e);
	if (rc < 0 && rc != -ENOENT)
		*e = why;
	return rc == -ENOENT ? 0 : rc;
}

static int expect_blob(void *arg, int dirfd, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		pace_expect(arg, (uint64_t)st.st_size);
	return 0;
}

static int check_blobs(struct check *c, struct err *e)
{
	static const char *const algs[] = { "sha256", "sha512" };
	char folder[32];
	int rc = 0;

	for (size_t i = 0; rc == 0 && c->pace && i < ARRAY_LEN(algs); i++) {
		snprintf(folder, sizeof(folder), "blobs/%s", algs[i]);
		rc = store_each_name(c->store->layout.fd, folder, true, expect_blob, c->pace, e);
	}
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(algs); i++) {
		snprintf(folder, sizeof(folder), "blobs/%s", algs[i]);
		c->alg = algs[i];
		rc = store_each_name(c->store->layout.fd, folder, true, on_blob, c, e);
	}
	return rc;
}

/* --- what the unpacked images say of themselves */

static bool is_told(const struct check *c, const char *kind, const char *object)
{
	for (size_t i = 0; i < c->out->findings.n; i++)
		if (!strcmp(c->out->findings.v[i].kind, kind) && !strcmp(c->out->findings.v[i].object, object))
			return true;
	return false;
}

static int on_rootfs_deep(void *arg, int dirfd, const char *name, struct err *e)
{
	struct check *c = arg;
	struct err why = { 0 };

	if (name[0] == '.' || is_told(c, "rootfs", name))
		return 0;
	int rc = store_rootfs_verify(c->store, name, true, c->pace, &why);
	if (rc == -EBADMSG && faccessat(dirfd, name, F_OK, 0) == 0) /* not removed meanwhile */
		return found(c, STORE_DAMAGED, "rootfs", name, why.text, e);
	if (rc == -ECANCELED || rc == -ENOMEM)
		*e = why;
	return rc == -ECANCELED || rc == -ENOMEM ? rc : 0;
}

/* --- and the disks of the containers */

static int64_t written_ns(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

/* Of one that runs it is the guest's; and one that is started meanwhile tells nothing. A guest may give it features that
 * our reader does not know, which is no fault. */
static int verify_disk(struct check *c, int dir, struct err *why)
{
	AUTO_CLOSE int fd = openat(dir, "upper.ext4", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int64_t before = fd < 0 ? 0 : written_ns(fd);

	if (fd < 0 || lock_is_held(dir, "lock"))
		return 0;
	int rc = store_ext4_verify(fd, "its disk 'upper.ext4'", c->pace, why);
	if (rc == -EBADMSG && (lock_is_held(dir, "lock") || written_ns(fd) != before))
		return 0;
	return rc;
}

static int on_container_deep(void *arg, int dirfd, const char *name, struct err *e)
{
	struct check *c = arg;
	AUTO_JSON cJSON *state = NULL;
	struct err why = { 0 };
	struct stat st;

	if (!str_is_hex(name, CONTAINER_ID_LEN) || is_told(c, "container", name))
		return 0;
	AUTO_CLOSE int dir = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0 || load_json(dir, "state.json", &state, NULL) < 0 || !json_str(state, "started"))
		return 0; /* its disk may be in the making */
	int rc = verify_disk(c, dir, &why);
	if (rc == -EBADMSG && fstatat(dirfd, name, &st, 0) == 0) /* not removed meanwhile */
		return store_finding_add(&c->out->findings, STORE_DAMAGED, "container", name, e,
					 "%s; 'e2fsck -f' mends it as far as that goes", why.text);
	if (rc == -ECANCELED || rc == -ENOMEM)
		*e = why;
	return rc == -ECANCELED || rc == -ENOMEM ? rc : 0;
}

/* --- all of it */

static int check_references(struct check *c, struct err *e)
{
	static const struct {
		const char *folder;
		bool hidden;
		int (*fn)(void *arg, int dirfd, const char *name, struct err *e);
	} steps[] = {
		{ "containers", true, on_container }, { "rootfs", true, on_rootfs },	   { "trash", false, on_trash },
		{ "kernels", false, on_kernel },      { "content/ingest", false, on_part }, { "leases", false, on_lease },
	};
	AUTO_CLOSE int guard = lock_wait(c->store->leases_fd, STORE_LEASES_LOCK, true, e);
	size_t before = c->out->findings.n;
	int rc = guard < 0 ? guard : check_index(c, e);

	if (rc == 0 && c->out->findings.n == before)
		rc = check_tags(c, e);
	if (rc == 0) /* mended after the index, which is made of more than nothing */
		rc = check_layout(c, e);
	if (rc == 0) /* what cannot be read is told below */
		c->marked = store_mark_all(&c->mark, false, NULL) == 0;
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(steps); i++)
		rc = store_each_name(c->store->fd, steps[i].folder, steps[i].hidden, steps[i].fn, c, e);
	return rc;
}

int store_check(struct store *s, bool deep, struct pace *p, struct store_check *ret, struct err *e)
{
	struct pace own = { 0 };
	struct check c = { s, ret, deep ? (p ? p : &own) : NULL, { .store = s }, false, NULL };

	*ret = (struct store_check){ 0 };
	int rc = check_references(&c, e);
	if (rc == 0)
		rc = check_blobs(&c, e);
	if (rc == 0 && deep)
		rc = store_each_name(s->fd, "rootfs", false, on_rootfs_deep, &c, e);
	if (rc == 0 && deep)
		rc = store_each_name(s->fd, "containers", true, on_container_deep, &c, e);
	store_mark_finish(&c.mark);
	if (rc < 0)
		store_check_finish(ret);
	return rc;
}

void store_check_finish(struct store_check *c)
{
	store_findings_finish(&c->findings);
}
