/* SPDX-License-Identifier: Apache-2.0 */
/* trash.c - one rename takes a container there and back; an image's entry is written before its name goes. */
#include "store/trash.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/str.h"
#include "oci/ref.h"
#include "store/events.h"
#include "store/image.h"
#include "store/tags.h"

#define META "meta.json"
#define META_MAX (1u << 20)
#define CONFIG_MAX (4u << 20)
#define LOCK ".lock"
#define DAY_NS (24ll * 3600 * 1000000000)

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "cannot use the trash: out of memory");
}

static int open_trash(struct store *s, struct err *e)
{
	int fd;

	if (mkdirat(s->fd, "trash", 0700) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "cannot make the trash");
	fd = openat(s->fd, "trash", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_sys(e, -errno, "cannot open the trash") : fd;
}

/* ---- entries ------------------------------------------------------------------------------------------ */

static int load_meta(int trash, const char *id, cJSON **ret, struct err *e)
{
	AUTO_CLOSE int dir = openat(trash, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_FREE char *text = NULL;
	size_t len;
	int rc = dir < 0 ? -errno : file_load(dir, META, META_MAX, &text, &len, e);

	if (rc == 0)
		rc = json_parse(text, len, META, ret, e);
	return rc < 0 ? err_wrap(e, rc, "trash '%.12s'", id) : 0;
}

static int save_meta(int dir, const cJSON *meta, struct err *e)
{
	AUTO_FREE char *text = json_print(meta);

	return text ? file_replace(dir, META, text, strlen(text), 0600, e) : no_memory(e);
}

static char *names_of(const cJSON *meta)
{
	AUTO_BUF struct buf b = { 0 };
	const cJSON *name;

	if (json_str(meta, "name"))
		return strdup(json_str(meta, "name"));
	cJSON_ArrayForEach(name, json_arr(meta, "names"))
		if (cJSON_IsString(name) && buf_addf(&b, "%s%s", b.len ? ", " : "", name->valuestring) < 0)
			return NULL;
	return b.len ? buf_steal(&b) : strdup("<none>");
}

static char *copy_or_null(const char *s, bool *ok)
{
	char *copy = s ? strdup(s) : NULL;

	*ok = *ok && (!s || copy);
	return copy;
}

static void entry_finish(struct store_trash *t)
{
	free(t->kind);
	free(t->name);
	free(t->image_digest);
	free(t->rootfs_key);
}

/* 1; 0 if there is nothing behind it: made by a move that never was. */
static int read_entry(int trash, const char *id, struct store_trash *ret, struct err *e)
{
	AUTO_JSON cJSON *meta = NULL;
	struct store_trash t = { .name = NULL };
	char folder[CONTAINER_ID_LEN + 16];
	const char *kind, *deleted;
	bool ok = true;
	int rc = load_meta(trash, id, &meta, e);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	kind = json_str(meta, "kind") ?: "";
	deleted = json_str(meta, "deleted");
	snprintf(folder, sizeof(folder), "%.64s/container", id);
	if (strcmp(kind, "container") == 0 && faccessat(trash, folder, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	memcpy(t.id, id, sizeof(t.id));
	t.kind = copy_or_null(kind, &ok);
	t.name = names_of(meta);
	t.image_digest = copy_or_null(json_str(meta, "image_digest"), &ok);
	t.rootfs_key = copy_or_null(json_str(meta, "rootfs_key"), &ok);
	t.size_bytes = (uint64_t)json_int(meta, "size_bytes", 0);
	if (!deleted || clock_parse_rfc3339(deleted, &t.deleted) < 0)
		t.deleted = 0;
	if (!ok || !t.name) {
		entry_finish(&t);
		return no_memory(e);
	}
	*ret = t;
	return 1;
}

static int newest_first(const void *a, const void *b)
{
	const struct store_trash *x = a, *y = b;

	return x->deleted == y->deleted ? strcmp(x->id, y->id) : x->deleted < y->deleted ? 1 : -1;
}

static int list_at(int trash, struct store_trash **ret, size_t *ret_n, struct err *e)
{
	AUTO_CLOSEDIR DIR *d = file_open_dir(trash, ".");
	int rc = 0;
	struct store_trash *v = NULL;
	size_t n = 0, cap = 0;

	if (!d)
		return err_sys(e, -errno, "cannot read the trash");
	for (struct dirent *de; rc >= 0 && (de = readdir(d));) {
		if (!str_is_hex(de->d_name, CONTAINER_ID_LEN))
			continue;
		if (n == cap) {
			void *more = realloc(v, (cap ? cap * 2 : 16) * sizeof(*v));

			if (!more) {
				rc = no_memory(e);
				break;
			}
			v = more;
			cap = cap ? cap * 2 : 16;
		}
		rc = read_entry(trash, de->d_name, &v[n], e);
		n += rc > 0;
	}
	if (rc < 0) {
		store_trash_list_free(v, n);
		return rc;
	}
	if (n)
		qsort(v, n, sizeof(*v), newest_first);
	*ret = v;
	*ret_n = n;
	return 0;
}

int store_trash_list(struct store *s, struct store_trash **ret, size_t *ret_n, struct err *e)
{
	AUTO_CLOSE int trash = open_trash(s, e);

	return trash < 0 ? trash : list_at(trash, ret, ret_n, e);
}

void store_trash_list_free(struct store_trash *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		entry_finish(&v[i]);
	free(v);
}

/* ---- purging: the entry's name goes first, so that nobody sees half of it ---------------------------------- */

static int remove_entry(int trash, const char *id, struct err *e)
{
	char old[CONTAINER_ID_LEN + 8];

	snprintf(old, sizeof(old), ".old-%.64s", id);
	if (renameat(trash, id, trash, old) < 0 && errno != ENOENT)
		return err_sys(e, -errno, "cannot remove '%.12s' from the trash", id);
	return file_remove_tree(trash, old, e);
}

/* What is too old, and what a killed process left. */
static int expire(int trash, struct err *e)
{
	AUTO_CLOSEDIR DIR *d = file_open_dir(trash, ".");
	int rc = 0;
	int64_t oldest = clock_real_ns() - TRASH_DAYS * DAY_NS;

	if (!d)
		return err_sys(e, -errno, "cannot read the trash");
	for (struct dirent *de; rc == 0 && (de = readdir(d));) {
		struct store_trash t = { .name = NULL };

		if (str_starts(de->d_name, ".old-"))
			rc = file_remove_tree(trash, de->d_name, e);
		if (!str_is_hex(de->d_name, CONTAINER_ID_LEN))
			continue;
		rc = read_entry(trash, de->d_name, &t, e);
		if (rc == 0 || (rc > 0 && t.deleted < oldest))
			rc = remove_entry(trash, de->d_name, e);
		else if (rc > 0)
			rc = 0;
		entry_finish(&t);
	}
	return rc;
}

/* An image's name as it is kept: "debian" is "docker.io/library/debian:latest". NULL: it is none. */
static char *full_name(const char *what)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };

	return oci_ref_parse(what, &ref, NULL) == 0 && ref.transport == OCI_REGISTRY ? oci_ref_str(&ref) : NULL;
}

/* The entry that is meant: its place in v, or -errno. */
static int find(const struct store_trash *v, size_t n, const char *what, struct err *e)
{
	AUTO_FREE char *full = full_name(what);
	int found = -1, named = -1;

	for (size_t i = 0; i < n; i++) {
		bool image = strcmp(v[i].kind, "image") == 0;

		if (named < 0 && strcmp(v[i].name, image && full ? full : what) == 0)
			named = (int)i;
		if (*what && str_starts(v[i].id, what)) {
			if (found >= 0)
				return err_set(e, -ENOTUNIQ, "'%s' is the beginning of several ids in the trash", what);
			found = (int)i;
		}
	}
	if (named >= 0 || found >= 0)
		return named >= 0 ? named : found;
	return err_set(e, -ENOENT, "there is no '%s' in the trash", what);
}

int store_trash_purge(struct store *s, const char *what, struct err *e)
{
	AUTO_CLOSE int trash = open_trash(s, e);
	AUTO_CLOSE int lock = trash < 0 ? trash : lock_wait(trash, LOCK, false, e);
	struct store_trash *v = NULL;
	size_t n = 0;
	int rc = lock < 0 ? lock : list_at(trash, &v, &n, e), gone = 0;

	if (rc < 0)
		return rc;
	if (what) {
		int i = find(v, n, what, e);

		rc = i < 0 ? i : remove_entry(trash, v[i].id, e);
		gone = rc == 0;
	}
	for (size_t i = 0; !what && i < n && rc == 0; i++) {
		rc = remove_entry(trash, v[i].id, e);
		gone += rc == 0;
	}
	if (!what && rc == 0)
		rc = file_remove_tree(s->fd, TRASH_QUARANTINE, e);
	store_trash_list_free(v, n);
	return rc < 0 ? rc : gone;
}

/* ---- taking in ------------------------------------------------------------------------------------------ */

static cJSON *new_meta(const char *kind)
{
	cJSON *meta = cJSON_CreateObject();
	char now[CLOCK_RFC3339_MAX];

	clock_rfc3339(clock_real_ns(), now);
	if (meta && cJSON_AddStringToObject(meta, "kind", kind) && cJSON_AddStringToObject(meta, "deleted", now))
		return meta;
	cJSON_Delete(meta);
	return NULL;
}

/* Makes trash/<id>/ with its meta.json, and expires what is old. The fd of the folder. */
static int new_entry(int trash, const char *id, const cJSON *meta, struct err *e)
{
	int rc = expire(trash, e), dir;

	if (rc < 0)
		return rc;
	if (mkdirat(trash, id, 0700) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "cannot make an entry in the trash");
	dir = openat(trash, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_sys(e, -errno, "cannot open an entry of the trash");
	rc = save_meta(dir, meta, e);
	if (rc < 0) {
		close(dir);
		remove_entry(trash, id, NULL);
		return rc;
	}
	file_sync_dir(trash, ".");
	return dir;
}

static uint64_t disk_bytes(const char *root, const char *id)
{
	AUTO_CLOSE int dir = container_open(root, id, NULL);
	static const char *const files[] = { "upper.ext4", "log", "screen" };
	uint64_t sum = 0;
	struct stat st;

	for (size_t i = 0; dir >= 0 && i < ARRAY_LEN(files); i++)
		if (fstatat(dir, files[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			sum += (uint64_t)st.st_blocks * 512;
	return sum;
}

static bool copy_str(cJSON *to, const cJSON *from, const char *key)
{
	const char *s = json_str(from, key);

	return !s || cJSON_AddStringToObject(to, key, s);
}

int store_trash_container(struct store *s, const char *id, struct err *e)
{
	AUTO_CLOSE int trash = open_trash(s, e);
	AUTO_CLOSE int lock = trash < 0 ? trash : lock_wait(trash, LOCK, false, e);
	AUTO_CLOSE int dir = -1;
	AUTO(container_finish) struct container c = { 0 };
	AUTO_JSON cJSON *meta = new_meta("container");
	int rc = lock < 0 ? lock : container_read(s->root, id, &c, e);

	if (rc < 0)
		return rc;
	if (!meta || !copy_str(meta, c.config, "name") || !copy_str(meta, c.config, "image_digest") ||
	    !copy_str(meta, c.config, "rootfs_key") ||
	    !cJSON_AddNumberToObject(meta, "size_bytes", (double)disk_bytes(s->root, id)))
		return no_memory(e);
	dir = new_entry(trash, id, meta, e);
	if (dir < 0)
		return dir;
	rc = container_move_out(s->root, id, dir, "container", e);
	if (rc < 0)
		remove_entry(trash, id, NULL);
	return rc;
}

static int image_meta(const struct store_image *m, cJSON **ret)
{
	cJSON *meta = new_meta("image"), *desc = oci_desc_json(&m->image.top);

	if (meta && desc && cJSON_AddItemToObject(meta, "desc", desc) &&
	    cJSON_AddStringToObject(meta, "image_digest", m->image.top.digest.text) &&
	    cJSON_AddNumberToObject(meta, "size_bytes", (double)(m->image.size + m->rootfs_bytes)) &&
	    (!*m->rootfs_key || cJSON_AddStringToObject(meta, "rootfs_key", m->rootfs_key))) {
		*ret = meta;
		return 0;
	}
	if (!meta || !cJSON_HasObjectItem(meta, "desc"))
		cJSON_Delete(desc);
	cJSON_Delete(meta);
	return -ENOMEM;
}

/* The names that will go: the one that it is called by or, by its id, all of them. */
static int add_names(cJSON *meta, const struct store_image *m, const char *called)
{
	AUTO_FREE char *full = full_name(called);
	const char *one[] = { NULL, NULL };
	const char *const *names = (const char *const *)m->names;
	cJSON *list;

	for (char **n = m->names; full && n && *n; n++)
		if (strcmp(*n, full) == 0) {
			one[0] = full;
			names = one;
		}
	list = names ? json_from_strv(names) : cJSON_CreateArray();
	if (list && cJSON_AddItemToObject(meta, "names", list))
		return 0;
	cJSON_Delete(list);
	return -ENOMEM;
}

int store_trash_image(struct store *s, const char *name, bool force, char ***ret_untagged,
		      char ret_id[static CONTAINER_ID_LEN + 1], struct err *e)
{
	AUTO_CLOSE int trash = open_trash(s, e);
	AUTO_CLOSE int lock = trash < 0 ? trash : lock_wait(trash, LOCK, false, e);
	AUTO_CLOSE int dir = -1;
	AUTO(store_image_finish) struct store_image m = { 0 };
	AUTO_JSON cJSON *meta = NULL;
	char **untagged = NULL, **deleted = NULL;
	cJSON *names;
	int rc = lock < 0 ? lock : store_image_find(s, name, NULL, &m, e);

	/* with the names: whoever is killed once they are gone has not lost them */
	if (rc == 0 && (image_meta(&m, &meta) < 0 || add_names(meta, &m, name) < 0 || container_new_id(ret_id) < 0))
		rc = no_memory(e);
	if (rc < 0)
		return rc;
	dir = new_entry(trash, ret_id, meta, e);
	if (dir < 0)
		return dir;
	rc = store_image_remove(s, name, force, &untagged, &deleted, e);
	if (rc < 0) {
		remove_entry(trash, ret_id, NULL);
		return rc;
	}
	strv_free(deleted);
	names = json_from_strv((const char *const *)untagged);
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "names");
	if (!names || !cJSON_AddItemToObject(meta, "names", names)) {
		cJSON_Delete(names);
		rc = no_memory(e);
	} else {
		rc = save_meta(dir, meta, e);
	}
	*ret_untagged = untagged;
	return rc;
}

int store_trash_broken(struct store *s, const struct oci_desc *d, struct err *e)
{
	AUTO_CLOSE int trash = open_trash(s, e);
	AUTO_CLOSE int lock = trash < 0 ? trash : lock_wait(trash, LOCK, false, e);
	AUTO_CLOSE int dir = -1;
	AUTO(store_tags_finish) struct store_tags t = { 0 };
	AUTO_JSON cJSON *meta = new_meta("image");
	char id[CONTAINER_ID_LEN + 1];
	cJSON *desc = oci_desc_json(d), *names = meta ? cJSON_AddArrayToObject(meta, "names") : NULL;
	int rc = lock < 0 ? lock : store_tags_load(s, &t, e);

	if (!names || !desc || !cJSON_AddItemToObject(meta, "desc", desc) ||
	    !cJSON_AddStringToObject(meta, "image_digest", d->digest.text) || container_new_id(id) < 0)
		return rc < 0 ? rc : no_memory(e);
	for (size_t i = 0; rc == 0 && i < t.n; i++)
		if (t.v[i].name && oci_digest_eq(&t.v[i].desc.digest, &d->digest) &&
		    !cJSON_AddItemToArray(names, cJSON_CreateString(t.v[i].name)))
			rc = no_memory(e);
	if (rc < 0)
		return rc;
	dir = new_entry(trash, id, meta, e);
	if (dir < 0)
		return dir;
	rc = store_tag_remove_digest(s, &d->digest, e);
	if (rc < 0)
		remove_entry(trash, id, NULL);
	return rc < 0 ? rc : 0;
}

/* ---- giving back ------------------------------------------------------------------------------------------ */

/* A name that was given to another image meanwhile is not taken from it. */
static int check_names(struct store *s, const cJSON *names, const struct oci_desc *d, struct err *e)
{
	AUTO(store_tags_finish) struct store_tags t = { 0 };
	const cJSON *name;
	int rc = store_tags_load(s, &t, e);

	if (rc < 0)
		return rc;
	cJSON_ArrayForEach(name, names) {
		const struct store_tag *now = cJSON_IsString(name) ? store_tags_find(&t, name->valuestring) : NULL;

		if (now && strcmp(now->desc.digest.text, d->digest.text) != 0)
			return err_set(e, -EEXIST, "the name '%s' is another image's by now", name->valuestring);
	}
	return 0;
}

static int restore_image(struct store *s, const cJSON *meta, struct err *e)
{
	const cJSON *names = json_arr(meta, "names"), *name;
	struct oci_desc d;
	int rc = oci_desc_parse(json_obj(meta, "desc"), &d, e);

	if (rc == 0)
		rc = check_names(s, names, &d, e);
	if (rc == 0 && !cJSON_GetArraySize(names))
		rc = store_tag_set(s, NULL, &d, e);
	cJSON_ArrayForEach(name, names)
		if (rc == 0 && cJSON_IsString(name))
			rc = store_tag_set(s, name->valuestring, &d, e);
	return rc;
}

int store_trash_restore(struct store *s, const char *what, char **ret_name, struct err *e)
{
	AUTO_CLOSE int trash = open_trash(s, e);
	AUTO_CLOSE int lock = trash < 0 ? trash : lock_wait(trash, LOCK, false, e);
	AUTO_CLOSE int dir = -1;
	AUTO_JSON cJSON *meta = NULL;
	struct store_trash *v = NULL, t = { .name = NULL };
	size_t n = 0;
	int rc = lock < 0 ? lock : list_at(trash, &v, &n, e), i = 0;

	if (rc < 0)
		return rc;
	i = find(v, n, what, e);
	if (i >= 0) {
		t = v[i];
		v[i] = (struct store_trash){ .name = NULL };
	}
	store_trash_list_free(v, n);
	rc = i < 0 ? i : load_meta(trash, t.id, &meta, e);
	if (rc == 0 && strcmp(t.kind, "image") == 0) {
		rc = restore_image(s, meta, e);
	} else if (rc == 0) {
		dir = openat(trash, t.id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		rc = container_move_in(s->root, dir, "container", t.id, e);
	}
	if (rc == 0)
		rc = remove_entry(trash, t.id, e);
	if (rc == 0 && strcmp(t.kind, "image") == 0)
		store_event(s->root, "image", "restore", t.image_digest ? t.image_digest : "", t.name, NULL);
	else if (rc == 0)
		store_event_container(s->root, t.id, "restore", NULL);
	if (i >= 0 && rc < 0)
		err_wrap(e, rc, "cannot give back '%s'", t.name);
	if (rc == 0 && ret_name) {
		*ret_name = t.name;
		t.name = NULL;
	}
	if (i >= 0)
		entry_finish(&t);
	return rc;
}
