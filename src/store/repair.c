/* SPDX-License-Identifier: Apache-2.0 */
/* repair.c - nothing that somebody may still want is deleted: it goes aside, where purging the trash takes it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "store/check.h"
#include "store/container.h"
#include "store/gc.h"
#include "store/lease.h"
#include "store/mark.h"
#include "store/tags.h"
#include "store/trash.h"
#include "store/verify.h"

#define INDEX_MAX (64u << 20)

struct repair {
	struct store *store;
	struct store_check *check;
};

/* Moves `from` (in the store's folder) to trash/.quarantine/, under a name that is free. */
static int set_aside(struct repair *r, const char *from, struct store_finding *f, struct err *e)
{
	const char *slash = strrchr(from, '/');
	int fd = r->store->fd;

	if ((mkdirat(fd, "trash", 0700) < 0 && errno != EEXIST) ||
	    (mkdirat(fd, TRASH_QUARANTINE, 0700) < 0 && errno != EEXIST))
		return err_sys(e, -errno, "cannot make a folder for what is broken");
	for (int n = 0; n < 10000; n++) {
		AUTO_FREE char *to = n ? path_fmt(TRASH_QUARANTINE "/%s.%d", slash ? slash + 1 : from, n) :
					 path_fmt(TRASH_QUARANTINE "/%s", slash ? slash + 1 : from);

		if (!to)
			return err_set(e, -ENOMEM, "out of memory");
		if (renameat2(fd, from, fd, to, RENAME_NOREPLACE) == 0)
			return store_finding_repaired(f, e, "moved to %s", to);
		if (errno == ENOENT)
			return store_finding_repaired(f, e, "it has gone by itself");
		if (errno != EEXIST)
			return err_sys(e, -errno, "cannot move '%s' aside", from);
	}
	return err_set(e, -EEXIST, "cannot move '%s' aside: " TRASH_QUARANTINE " has too many of that name", from);
}

static int mend_blob(struct repair *r, struct store_finding *f, struct err *e)
{
	AUTO_FREE char *path = path_fmt("content/blobs/%s", f->object);
	char *colon = path ? strchr(path, ':') : NULL;

	if (!colon)
		return err_set(e, -ENOMEM, "out of memory");
	*colon = '/';
	return set_aside(r, path, f, e);
}

static bool container_has_key(struct repair *r, const char *key)
{
	struct store_mark m = { .store = r->store };
	bool has = store_mark_containers(&m, NULL) < 0 || store_mark_has_key(&m, key);

	store_mark_finish(&m);
	return has;
}

static int mend_rootfs(struct repair *r, struct store_finding *f, struct err *e)
{
	AUTO_FREE char *path = path_fmt("rootfs/%s", f->object);

	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	return container_has_key(r, f->object) ? 0 : set_aside(r, path, f, e);
}

static int mend_container(struct repair *r, struct store_finding *f, struct err *e)
{
	AUTO_FREE char *path = path_fmt("containers/%s", f->object);

	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	if (f->wrong == STORE_DAMAGED) /* its base, which a pull makes again, or its disk, of which there is no other */
		return 0;
	AUTO_CLOSE int dir = openat(r->store->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_CLOSE int lock = dir < 0 ? -1 : lock_try(dir, "lock", false, NULL);
	return dir >= 0 && lock < 0 ? 0 : set_aside(r, path, f, e);
}

static int mend_trash(struct repair *r, struct store_finding *f, struct err *e)
{
	AUTO_FREE char *path = path_fmt("trash/%s", f->object);

	return path ? set_aside(r, path, f, e) : err_set(e, -ENOMEM, "out of memory");
}

/* --- the index: its names cannot be had back, the images can */

struct roots {
	struct store *store;
	struct store_mark inner; /* what others lead to */
	bool add;
};

static int on_document(void *arg, int dirfd, const char *name, struct err *e)
{
	struct roots *r = arg;
	AUTO_FREE char *text = NULL;
	struct oci_desc d = { .size = 0 };
	char digest[OCI_DIGEST_MAX];
	enum oci_kind kind;
	struct stat st;
	size_t len;

	snprintf(digest, sizeof(digest), "sha256:%.128s", name);
	if (oci_digest_parse(digest, &d.digest, NULL) < 0 || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_size > OCI_MANIFEST_MAX || (r->add && store_mark_has_digest(&r->inner, digest)))
		return 0;
	d.size = (uint64_t)st.st_size;
	if (oci_layout_blob_load(&r->store->layout, &d, OCI_MANIFEST_MAX, &text, &len, NULL) < 0 ||
	    oci_doc_kind(text, len, NULL, &kind, NULL) < 0)
		return 0;
	if (r->add) {
		struct store_findings f = { 0 };
		int rc = store_image_verify(r->store, &d, digest, false, NULL, &f, e);

		snprintf(d.media_type, sizeof(d.media_type), "%s",
			 kind == OCI_KIND_INDEX ? OCI_MT_INDEX : OCI_MT_MANIFEST);
		if (rc == 0 && f.n == 0)
			rc = store_tag_set(r->store, NULL, &d, e);
		store_findings_finish(&f);
		return rc;
	}
	if (kind == OCI_KIND_INDEX) {
		AUTO(oci_index_finish) struct oci_index x = { 0 };

		if (oci_index_parse(text, len, &x, NULL) == 0)
			for (size_t i = 0; i < x.nentries; i++)
				if (store_mark_desc(&r->inner, &x.entries[i], e) < 0)
					return -ENOMEM;
	}
	return 0;
}

/* Those of the entries that can be read; NULL if the text itself cannot. */
static char *readable_index(struct repair *r)
{
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *j = NULL;
	struct oci_desc d;
	size_t len;

	if (file_load(r->store->layout.fd, "index.json", INDEX_MAX, &text, &len, NULL) < 0 ||
	    json_parse(text, len, "", &j, NULL) < 0 || !json_arr(j, "manifests"))
		return NULL;
	cJSON *list = cJSON_GetObjectItemCaseSensitive(j, "manifests");
	for (cJSON *entry = list->child, *next; entry; entry = next) {
		next = entry->next;
		if (oci_desc_parse(entry, &d, NULL) < 0)
			cJSON_Delete(cJSON_DetachItemViaPointer(list, entry));
	}
	return json_print(j);
}

static int mend_index(struct repair *r, struct store_finding *f, struct err *e)
{
	static const char empty[] = "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MT_INDEX "\",\"manifests\":[]}";
	struct roots roots = { .store = r->store, .inner.store = r->store };
	AUTO_FREE char *rest = readable_index(r);
	int rc = set_aside(r, "content/index.json", f, e);

	if (rc == 0 && rest) {
		rc = file_replace(r->store->layout.fd, "index.json", rest, strlen(rest), 0600, e);
		return rc < 0 ? rc : store_finding_repaired(f, e, "what cannot be read was left out");
	}
	if (rc == 0)
		rc = file_replace(r->store->layout.fd, "index.json", empty, strlen(empty), 0600, e);
	store_mark_trash(&roots.inner, NULL); /* what is there is not named; one that cannot be read is told elsewhere */
	if (rc == 0)
		rc = store_each_name(r->store->layout.fd, "blobs/sha256", false, on_document, &roots, e);
	roots.add = true;
	if (rc == 0)
		rc = store_each_name(r->store->layout.fd, "blobs/sha256", false, on_document, &roots, e);
	store_mark_finish(&roots.inner);
	return rc < 0 ? rc : store_finding_repaired(f, e, "made again, without the names: berth tag gives new ones");
}

/* What stands where the folder or the marker should be goes aside; store_make makes both, and nothing that is there. */
static int mend_layout(struct repair *r, struct store_finding *f, struct err *e)
{
	struct stat st;
	int rc = 0;

	if (fstatat(r->store->fd, f->object, &st, AT_SYMLINK_NOFOLLOW) == 0)
		rc = set_aside(r, f->object, f, e);
	if (rc == 0)
		rc = store_make(r->store, e);
	return rc < 0 ? rc : store_finding_repaired(f, e, "made again");
}

/* --- images that are not whole */

static int trash_image(struct repair *r, const struct store_tag *tag, struct err *e)
{
	AUTO(store_findings_finish) struct store_findings now = { 0 };
	int rc = store_image_verify(r->store, &tag->desc, "", false, NULL, &now, e);

	return rc < 0 || now.n == 0 ? rc : store_trash_broken(r->store, &tag->desc, e);
}

static int mend_images(struct repair *r, struct err *e)
{
	AUTO(store_tags_finish) struct store_tags t = { 0 };
	int rc = store_tags_load(r->store, &t, e);

	for (size_t i = 0; rc == 0 && i < t.n; i++)
		rc = trash_image(r, &t.v[i], e);
	for (size_t i = 0; rc == 0 && i < r->check->findings.n; i++) {
		struct store_finding *f = &r->check->findings.v[i];

		if (strcmp(f->kind, "image") == 0 && !f->repaired)
			rc = store_finding_repaired(f, e, "moved to the trash: berth pull brings it anew");
	}
	return rc;
}

static int mend(struct repair *r, struct store_finding *f, struct err *e)
{
	static const struct {
		const char *kind;
		int (*fn)(struct repair *r, struct store_finding *f, struct err *e);
	} how[] = {
		{ "blob", mend_blob }, { "rootfs", mend_rootfs }, { "container", mend_container },
		{ "trash", mend_trash }, { "index", mend_index }, { "layout", mend_layout },
	};

	for (size_t i = 0; !f->repaired && i < ARRAY_LEN(how); i++)
		if (strcmp(f->kind, how[i].kind) == 0)
			return how[i].fn(r, f, e);
	return 0;
}

int store_repair(struct store *s, struct store_check *c, struct err *e)
{
	struct repair r = { s, c };
	struct store_gc_stats gone;
	int rc = 0;
	{
		AUTO_CLOSE int guard = lock_wait(s->leases_fd, STORE_LEASES_LOCK, false, e);

		rc = guard < 0 ? guard : 0;
		for (size_t i = 0; rc == 0 && i < c->findings.n; i++)
			rc = mend(&r, &c->findings.v[i], e);
		if (rc == 0)
			rc = mend_images(&r, e);
	}
	if (rc == 0)
		rc = store_gc(s, false, &gone, e);
	for (size_t i = 0; rc == 0 && i < c->findings.n; i++)
		if (strcmp(c->findings.v[i].kind, "part") == 0)
			rc = store_finding_repaired(&c->findings.v[i], e, "removed");
	return rc < 0 ? err_wrap(e, rc, "cannot repair the store") : 0;
}
