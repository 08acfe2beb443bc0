/* SPDX-License-Identifier: Apache-2.0 */
/* save.c - which images, and their blobs as a layout: sorted, without times, so that the same gives the same. */
#include "store/save.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/str.h"
#include "oci/ref.h"
#include "base/tar.h"
#include "store/content.h"
#include "store/lease.h"
#include "store/mark.h"
#include "store/verify.h"

#define CHUNK (256u << 10)
#define MARKER "{\"imageLayoutVersion\":\"1.0.0\"}"
#define CONTAINERD_NAME "io.containerd.image.name"

int store_form_parse(const char *word, enum store_form *ret)
{
	static const char *const words[] = { "oci-archive", "oci-dir", "docker-archive" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0) {
			*ret = (enum store_form)i;
			return 0;
		}
	return -EINVAL;
}

/* --- members */

int save_bytes(struct save_out *o, const void *p, size_t n, struct err *e)
{
	int rc = file_write_full(o->fd, p, n);

	return rc < 0 ? err_sys(e, rc, "cannot write the archive") : pace_step(o->pace, n, e);
}

int save_begin(struct save_out *o, const char *name, uint64_t size, struct err *e)
{
	uint8_t blocks[TAR_HEADER_MAX];
	int n = tar_header(name, size, blocks);

	return n < 0 ? err_sys(e, n, "cannot write '%s' to an archive", name) : save_bytes(o, blocks, (size_t)n, e);
}

int save_fill(struct save_out *o, uint64_t size, struct err *e)
{
	static const uint8_t zeros[TAR_BLOCK];
	size_t n = tar_fill(size);

	return n ? save_bytes(o, zeros, n, e) : 0;
}

int save_member(struct save_out *o, const char *name, const void *p, size_t n, struct err *e)
{
	int rc = save_begin(o, name, n, e);

	if (rc == 0)
		rc = save_bytes(o, p, n, e);
	return rc == 0 ? save_fill(o, n, e) : rc;
}

int save_end(struct save_out *o, struct err *e)
{
	static const uint8_t zeros[2 * TAR_BLOCK];

	return save_bytes(o, zeros, sizeof(zeros), e);
}

/* --- which images */

struct save {
	const struct store_save *o;
	struct save_image *v;
	size_t n;
	struct store_lease lease;
	struct store_mark mark;
	char **digests; /* sorted, present */
	size_t ndigests;
};

static void save_finish(struct save *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i].name);
		free(s->v[i].asked);
	}
	free(s->v);
	for (size_t i = 0; i < s->ndigests; i++)
		free(s->digests[i]);
	free(s->digests);
	store_mark_finish(&s->mark);
	store_lease_end(&s->lease);
}

/* The name that the index has for it; NULL: it was named otherwise. */
static char *full_name(const struct store_tags *t, const char *asked)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	AUTO_FREE char *full = NULL;

	if (oci_ref_parse(asked, &ref, NULL) < 0 || ref.transport != OCI_REGISTRY)
		return NULL;
	full = oci_ref_str(&ref);
	return full && !ref.digest && store_tags_find(t, full) ? TAKE(full) : NULL;
}

static bool is_there(const struct save *s, const struct save_image *m)
{
	for (size_t i = 0; i < s->n; i++)
		if (oci_digest_eq(&s->v[i].top.digest, &m->top.digest) &&
		    (m->name && s->v[i].name ? strcmp(m->name, s->v[i].name) == 0 : !m->name && !s->v[i].name))
			return true;
	return false;
}

/* Found under a lease, so that it stays; and whole, or it is refused. */
static int add_image(struct save *s, const struct store_tags *t, const char *asked, struct err *e)
{
	AUTO(store_findings_finish) struct store_findings f = { 0 };
	struct save_image m = { .name = NULL };
	int rc = store_image_resolve(s->o->store, asked, &m.top, e);

	if (rc == 0)
		rc = store_lease_add(&s->lease, &m.top.digest, e);
	if (rc == 0)
		rc = store_image_verify(s->o->store, &m.top, asked, false, NULL, &f, e);
	if (rc == 0 && f.n)
		rc = err_set(e, -EBADMSG, "image '%s' is not whole: %s", asked, f.v[0].text);
	if (rc < 0)
		return rc;
	m.name = full_name(t, asked);
	if (is_there(s, &m)) {
		free(m.name);
		return 0;
	}
	m.asked = strdup(asked);
	s->v[s->n++] = m;
	return m.asked ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static int find_images(struct save *s, struct err *e)
{
	AUTO(store_tags_finish) struct store_tags t = { 0 };
	int rc = store_lease_begin(s->o->store, &s->lease, e);

	if (rc == 0)
		rc = store_tags_load(s->o->store, &t, e);
	s->v = calloc(strv_len(s->o->names) + 1, sizeof(*s->v));
	if (rc == 0 && !s->v)
		rc = err_set(e, -ENOMEM, "out of memory");
	for (const char *const *name = s->o->names; rc == 0 && *name; name++)
		rc = add_image(s, &t, *name, e);
	return rc;
}

/* --- a layout */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that is there of what the images lead to. */
static int list_blobs(struct save *s, struct err *e)
{
	const char *digest = NULL;
	int rc = 0;

	s->mark.store = s->o->store;
	for (size_t i = 0; rc == 0 && i < s->n; i++)
		rc = store_mark_desc(&s->mark, &s->v[i].top, e);
	if (rc == 0)
		rc = store_mark_digests(&s->mark, &s->digests, &s->ndigests, e);
	for (size_t i = 0; rc == 0 && i < s->ndigests; i++) {
		struct oci_desc d = { .size = 0 };
		struct stat st;
		char path[OCI_DIGEST_MAX + 8];

		digest = s->digests[i];
		rc = oci_digest_parse(digest, &d.digest, e);
		oci_digest_path(&d.digest, path);
		if (rc == 0 && fstatat(s->o->store->layout.fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			pace_expect(s->o->pace, (uint64_t)st.st_size);
	}
	if (rc == 0 && s->ndigests)
		qsort(s->digests, s->ndigests, sizeof(*s->digests), by_text);
	return rc;
}

static char *index_text(const struct save *s)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	cJSON *list;

	if (!j || !cJSON_AddNumberToObject(j, "schemaVersion", 2) ||
	    !cJSON_AddStringToObject(j, "mediaType", OCI_MT_INDEX) || !(list = cJSON_AddArrayToObject(j, "manifests")))
		return NULL;
	for (size_t i = 0; i < s->n; i++) {
		cJSON *entry = oci_desc_json(&s->v[i].top), *notes;

		if (!entry || !cJSON_AddItemToArray(list, entry)) {
			cJSON_Delete(entry);
			return NULL;
		}
		if (!s->v[i].name)
			continue;
		notes = cJSON_AddObjectToObject(entry, "annotations");
		if (!notes || !cJSON_AddStringToObject(notes, OCI_REF_NAME, s->v[i].name) ||
		    !cJSON_AddStringToObject(notes, CONTAINERD_NAME, s->v[i].name))
			return NULL;
	}
	return json_print(j);
}

/* The blob's bytes into out; what came is what its name says, or it fails. */
static int copy_blob(struct save *s, const struct oci_digest *d, int fd, struct save_out *out, struct err *e)
{
	AUTO(oci_hash_finish) struct oci_hash hash = { 0 };
	AUTO_FREE uint8_t *chunk = malloc(CHUNK);
	struct oci_digest have;

	if (!chunk || oci_hash_init(&hash, oci_digest_alg(d)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	for (;;) {
		ssize_t n = file_read_full(fd, chunk, CHUNK);

		if (n < 0)
			return err_sys(e, (int)n, "cannot read blob '%s'", d->text);
		if (n == 0)
			break;
		int rc = oci_hash_add(&hash, chunk, (size_t)n) < 0 ? err_set(e, -ENOMEM, "out of memory") :
								     save_bytes(out, chunk, (size_t)n, e);
		if (rc < 0)
			return rc;
	}
	if (oci_hash_end(&hash, &have) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return oci_digest_eq(&have, d) ? 0 : err_set(e, -EBADMSG, "blob '%s' is damaged: its digest is %s", d->text, have.text);
}

static int open_blob(struct save *s, const char *digest, struct oci_desc *d, uint64_t *size, struct err *e)
{
	struct stat st;
	int rc = oci_digest_parse(digest, &d->digest, e);

	d->size = 0;
	if (rc < 0)
		return rc;
	AUTO_CLOSE int fd = store_blob_open(s->o->store, d, e);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot read blob '%s'", digest);
	*size = (uint64_t)st.st_size;
	return TAKE_FD(fd);
}

static int write_archive(struct save *s, struct save_out *out, struct err *e)
{
	AUTO_FREE char *index = index_text(s);
	const char *alg = "";
	int rc = index ? save_begin(out, "blobs/", 0, e) : err_set(e, -ENOMEM, "out of memory");

	for (size_t i = 0; rc == 0 && i < s->ndigests; i++) {
		char path[OCI_DIGEST_MAX + 8], folder[24];
		struct oci_desc d;
		uint64_t size;

		AUTO_CLOSE int fd = open_blob(s, s->digests[i], &d, &size, e);
		if (fd == -ENOENT) /* of a platform that was not pulled */
			continue;
		if (fd < 0)
			return fd;
		if (strcmp(alg, oci_alg_name(oci_digest_alg(&d.digest))) != 0) {
			alg = oci_alg_name(oci_digest_alg(&d.digest));
			snprintf(folder, sizeof(folder), "blobs/%s/", alg);
			rc = save_begin(out, folder, 0, e);
		}
		oci_digest_path(&d.digest, path);
		if (rc == 0)
			rc = save_begin(out, path, size, e);
		if (rc == 0)
			rc = copy_blob(s, &d.digest, fd, out, e);
		if (rc == 0)
			rc = save_fill(out, size, e);
	}
	if (rc == 0)
		rc = save_member(out, "index.json", index, strlen(index), e);
	if (rc == 0)
		rc = save_member(out, "oci-layout", MARKER, strlen(MARKER), e);
	return rc == 0 ? save_end(out, e) : rc;
}

int store_save_archive(const struct store_save *o, enum store_form form, int fd, struct err *e)
{
	AUTO(save_finish) struct save s = { .o = o, .lease.fd = -1 };
	struct save_out out = { fd, o->pace };
	int rc = find_images(&s, e);

	if (rc == 0 && form == STORE_DOCKER_ARCHIVE)
		return store_save_docker(o, s.v, s.n, &out, e);
	if (rc == 0)
		rc = list_blobs(&s, e);
	return rc == 0 ? write_archive(&s, &out, e) : rc;
}

/* --- a folder */

static int write_blob(struct save *s, const char *digest, int dir, struct err *e)
{
	char path[OCI_DIGEST_MAX + 8], folder[24];
	struct save_out out = { -1, s->o->pace };
	struct oci_desc d;
	uint64_t size;

	AUTO_CLOSE int fd = open_blob(s, digest, &d, &size, e);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	snprintf(folder, sizeof(folder), "blobs/%s", oci_alg_name(oci_digest_alg(&d.digest)));
	oci_digest_path(&d.digest, path);
	if (mkdirat(dir, folder, 0755) < 0 && errno != EEXIST)
		return err_sys(e, -errno, "cannot make folder '%s'", folder);
	AUTO_CLOSE int to = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (to < 0)
		return err_sys(e, -errno, "cannot write '%s'", path);
	out.fd = to;
	int rc = copy_blob(s, &d.digest, fd, &out, e);
	return rc == 0 && fsync(to) < 0 ? err_sys(e, -errno, "cannot write '%s'", path) : rc;
}

int store_save_dir(const struct store_save *o, int dir, struct err *e)
{
	AUTO(save_finish) struct save s = { .o = o, .lease.fd = -1 };
	AUTO_FREE char *index = NULL;
	int rc = find_images(&s, e);

	if (rc == 0)
		rc = list_blobs(&s, e);
	if (rc == 0 && mkdirat(dir, "blobs", 0755) < 0)
		rc = err_sys(e, -errno, "cannot make folder 'blobs'");
	for (size_t i = 0; rc == 0 && i < s.ndigests; i++)
		rc = write_blob(&s, s.digests[i], dir, e);
	index = index_text(&s);
	if (rc == 0 && !index)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = file_replace(dir, "index.json", index, strlen(index), 0644, e);
	return rc == 0 ? file_replace(dir, "oci-layout", MARKER, strlen(MARKER), 0644, e) : rc;
}
