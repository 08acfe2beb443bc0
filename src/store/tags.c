/* SPDX-License-Identifier: Apache-2.0 */
/* tags.c - index.json, read by anybody at any time, replaced whole under a lock. Entries and members that are
 * not ours stay as they are. */
#include "store/tags.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/lock.h"
#include "store/content.h"

#define INDEX_FILE "index.json"
#define INDEX_LOCK ".index.lock"
#define INDEX_MAX (64u << 20)

static int load(struct store *s, cJSON **ret, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	struct err why = { 0 };
	int rc = file_load(s->layout.fd, INDEX_FILE, INDEX_MAX, &text, &len, &why);
	if (rc == 0)
		rc = json_parse(text, len, INDEX_FILE, ret, &why);
	if (rc == 0 && !json_arr(*ret, "manifests"))
		rc = err_set(&why, -EINVAL, "index.json has no manifests");
	if (rc == 0)
		return 0;
	return err_set(e, rc, "store '%s': %.100s%s", s->root, why.text,
		       rc == -EINVAL || rc == -ENOENT ? "; 'berth system check --repair' mends it" : "");
}

static int save(struct store *s, const cJSON *j, struct err *e)
{
	AUTO_FREE char *text = json_print(j);

	if (!text)
		return err_set(e, -ENOMEM, "cannot write index.json: out of memory");
	int rc = file_replace(s->layout.fd, INDEX_FILE, text, strlen(text), 0600, e);
	return rc < 0 ? err_wrap(e, rc, "store '%s'", s->root) : 0;
}

static const char *name_of(const cJSON *entry)
{
	return json_str(json_obj(entry, "annotations"), OCI_REF_NAME);
}

/* ---- reading ------------------------------------------------------------------------------------------ */

int store_tags_load(struct store *s, struct store_tags *ret, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	struct store_tags t = { 0 };
	const cJSON *entry;

	int rc = load(s, &j, e);
	if (rc < 0)
		return rc;
	const cJSON *list = json_arr(j, "manifests");
	t.v = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*t.v));
	if (!t.v)
		return err_set(e, -ENOMEM, "cannot read index.json: out of memory");
	cJSON_ArrayForEach(entry, list)
	{
		struct store_tag *tag = &t.v[t.n];
		const char *name = name_of(entry);

		if (oci_desc_parse(entry, &tag->desc, NULL) < 0)
			continue;
		tag->name = name ? strdup(name) : NULL;
		t.n++;
		if (name && !tag->name) {
			store_tags_finish(&t);
			return err_set(e, -ENOMEM, "cannot read index.json: out of memory");
		}
	}
	*ret = t;
	return 0;
}

void store_tags_finish(struct store_tags *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].name);
	free(t->v);
	*t = (struct store_tags){ 0 };
}

const struct store_tag *store_tags_find(const struct store_tags *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].name && !strcmp(t->v[i].name, name))
			return &t->v[i];
	return NULL;
}

/* ---- changing ----------------------------------------------------------------------------------------- */

static size_t count_digest(const cJSON *list, const char *digest)
{
	const cJSON *entry;
	size_t n = 0;

	cJSON_ArrayForEach(entry, list)
	{
		const char *d = json_str(entry, "digest");

		n += d && !strcmp(d, digest);
	}
	return n;
}

/* The entry that has the name gives it up: it goes, or stays without a name if it is the digest's last. */
static void unname(cJSON *list, const char *name, bool keep)
{
	cJSON *entry = list->child, *next;

	for (; entry; entry = next) {
		const char *n = name_of(entry), *digest = json_str(entry, "digest");

		next = entry->next;
		if (!n || strcmp(n, name) != 0)
			continue;
		if (keep && digest && count_digest(list, digest) == 1)
			cJSON_DeleteItemFromObject(cJSON_GetObjectItemCaseSensitive(entry, "annotations"),
						   OCI_REF_NAME);
		else
			cJSON_Delete(cJSON_DetachItemViaPointer(list, entry));
	}
}

/* Entries of that digest that have no name are not needed once there is one. */
static void drop_unnamed(cJSON *list, const char *digest)
{
	cJSON *entry = list->child, *next;

	for (; entry; entry = next) {
		const char *d = json_str(entry, "digest");

		next = entry->next;
		if (!name_of(entry) && d && !strcmp(d, digest))
			cJSON_Delete(cJSON_DetachItemViaPointer(list, entry));
	}
}

static int add_entry(cJSON *list, const char *name, const struct oci_desc *d)
{
	cJSON *entry = oci_desc_json(d);
	cJSON *notes = entry ? cJSON_AddObjectToObject(entry, "annotations") : NULL;

	if (!notes || (name && !cJSON_AddStringToObject(notes, OCI_REF_NAME, name)) ||
	    !cJSON_AddItemToArray(list, entry)) {
		cJSON_Delete(entry);
		return -ENOMEM;
	}
	return 0;
}

static bool same(const cJSON *list, const char *name, const struct oci_desc *d)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, list)
	{
		const char *n = name_of(entry), *digest = json_str(entry, "digest");

		if (n && digest && !strcmp(n, name) && !strcmp(digest, d->digest.text))
			return true;
	}
	return false;
}

int store_tag_set(struct store *s, const char *name, const struct oci_desc *d, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;

	AUTO_CLOSE int lock = lock_wait(s->layout.fd, INDEX_LOCK, false, e);
	if (lock < 0)
		return lock;
	if (!store_blob_has(s, d))
		return err_set(e, -ENOENT, "cannot name '%s': the store does not have it", d->digest.text);
	int rc = load(s, &j, e);
	if (rc < 0)
		return rc;
	cJSON *list = cJSON_GetObjectItemCaseSensitive(j, "manifests");
	if (name ? same(list, name, d) : count_digest(list, d->digest.text) > 0)
		return 0;
	if (name) {
		unname(list, name, true);
		drop_unnamed(list, d->digest.text);
	}
	return add_entry(list, name, d) < 0 ? err_set(e, -ENOMEM, "cannot name an image: out of memory")
					    : save(s, j, e);
}

int store_tag_remove(struct store *s, const char *name, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;

	AUTO_CLOSE int lock = lock_wait(s->layout.fd, INDEX_LOCK, false, e);
	if (lock < 0)
		return lock;
	int rc = load(s, &j, e);
	if (rc < 0)
		return rc;
	cJSON *list = cJSON_GetObjectItemCaseSensitive(j, "manifests");
	int before = cJSON_GetArraySize(list);
	unname(list, name, false);
	if (cJSON_GetArraySize(list) == before)
		return err_set(e, -ENOENT, "there is no image '%s'", name);
	return save(s, j, e);
}

int store_tag_remove_digest(struct store *s, const struct oci_digest *d, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	int n = 0;

	AUTO_CLOSE int lock = lock_wait(s->layout.fd, INDEX_LOCK, false, e);
	if (lock < 0)
		return lock;
	int rc = load(s, &j, e);
	if (rc < 0)
		return rc;
	cJSON *list = cJSON_GetObjectItemCaseSensitive(j, "manifests"), *entry = list->child, *next;
	for (; entry; entry = next) {
		const char *have = json_str(entry, "digest");

		next = entry->next;
		if (have && !strcmp(have, d->text)) {
			cJSON_Delete(cJSON_DetachItemViaPointer(list, entry));
			n++;
		}
	}
	rc = n ? save(s, j, e) : 0;
	return rc < 0 ? rc : n;
}
