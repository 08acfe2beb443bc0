/* SPDX-License-Identifier: Apache-2.0 */
/* layout.c - reading an OCI image layout. */
#include "oci/layout.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"

#define MARKER_MAX 4096
#define INDEX_NEST_MAX 4

int oci_layout_check(const struct oci_layout *l, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_JSON cJSON *j = NULL;
	size_t len;

	int rc = file_load(l->fd, "oci-layout", MARKER_MAX, &text, &len, e);
	if (rc == -ENOENT)
		return err_set(e, -EINVAL, "'%s' is not an OCI image layout: it has no file 'oci-layout'",
			       l->name);
	if (rc == 0)
		rc = json_parse(text, len, "oci-layout", &j, e);
	if (rc < 0)
		return err_wrap(e, rc, "'%s'", l->name);

	const char *version = json_str(j, "imageLayoutVersion");
	if (!version || strncmp(version, "1.", 2) != 0)
		return err_set(e, -EINVAL, "'%s' is an image layout of version '%s', which is not known",
			       l->name, version ? version : "");
	return 0;
}

int oci_layout_open_folder(const char *path, struct oci_layout *ret, struct err *e)
{
	struct oci_layout l = { .fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) };
	if (l.fd < 0)
		return err_sys(e, -errno, "cannot open image layout '%s'", path);

	l.name = strdup(path);
	if (!l.name) {
		oci_layout_finish(&l);
		return err_set(e, -ENOMEM, "cannot open image layout: out of memory");
	}
	*ret = l;
	return 0;
}

int oci_layout_open(const char *path, struct oci_layout *ret, struct err *e)
{
	struct oci_layout l;
	int rc = oci_layout_open_folder(path, &l, e);

	if (rc < 0)
		return rc;
	rc = oci_layout_check(&l, e);
	if (rc < 0) {
		oci_layout_finish(&l);
		return rc;
	}
	*ret = l;
	return 0;
}

void oci_layout_finish(struct oci_layout *l)
{
	if (!l->name && l->fd <= 0)
		return;
	if (l->fd >= 0)
		close(l->fd);
	free(l->name);
	l->fd = -1;
	l->name = NULL;
}

static int load_index(const struct oci_layout *l, struct oci_index *ret, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;

	int rc = file_load(l->fd, "index.json", OCI_MANIFEST_MAX, &text, &len, e);
	if (rc == 0)
		rc = oci_index_parse(text, len, ret, e);
	return rc < 0 ? err_wrap(e, rc, "'%s'", l->name) : 0;
}

static const struct oci_desc *find_tag(const struct oci_index *x, const char *tag)
{
	const struct oci_desc *found = NULL;

	for (size_t i = 0; i < x->nentries; i++)
		if (!strcmp(x->entries[i].ref_name, tag))
			return &x->entries[i];
	for (size_t i = 0; i < x->nentries; i++) {
		const char *name = x->entries[i].ref_name, *colon = strrchr(name, ':');

		if (colon && !strcmp(colon + 1, tag)) {
			if (found)
				return NULL;
			found = &x->entries[i];
		}
	}
	return found;
}

static int not_found(const struct oci_layout *l, const struct oci_index *x, const char *tag, struct err *e)
{
	AUTO_BUF struct buf names = { 0 };

	for (size_t i = 0; i < x->nentries && names.len < 200; i++)
		if (x->entries[i].ref_name[0])
			buf_addf(&names, "%s'%s'", names.len ? ", " : "", x->entries[i].ref_name);
	const char *list = names.len ? (const char *)names.p : "no named image";
	if (tag)
		return err_set(e, -ENOENT, "'%s' has no image '%s'; it has %s", l->name, tag, list);
	return err_set(e, -ENOENT, "'%s' has several images or none, so one must be named; it has %s",
		       l->name, list);
}

int oci_layout_find(const struct oci_layout *l, const char *tag, struct oci_desc *ret, struct err *e)
{
	AUTO(oci_index_finish) struct oci_index x = { 0 };

	int rc = load_index(l, &x, e);
	if (rc < 0)
		return rc;
	const struct oci_desc *d = tag               ? find_tag(&x, tag)
				   : x.nentries == 1 ? x.entries
						     : find_tag(&x, "latest");
	if (!d)
		return not_found(l, &x, tag, e);
	*ret = *d;
	return 0;
}

int oci_layout_blob_open(const struct oci_layout *l, const struct oci_desc *d, struct err *e)
{
	char path[OCI_DIGEST_MAX + 8];
	struct stat st;

	oci_digest_path(&d->digest, path);
	AUTO_CLOSE int fd = path_open_beneath(l->fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(e, fd, "cannot open blob '%s' of '%s'", d->digest.text, l->name);
	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot read blob '%s' of '%s'", d->digest.text, l->name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "blob '%s' of '%s' is not a file", d->digest.text, l->name);
	if (d->size && (uint64_t)st.st_size != d->size)
		return err_set(e, -EBADMSG, "blob '%s' of '%s' has %jd bytes in place of %ju", d->digest.text,
			       l->name, (intmax_t)st.st_size, (uintmax_t)d->size);
	return TAKE_FD(fd);
}

int oci_layout_blob_load(const struct oci_layout *l, const struct oci_desc *d, size_t max, char **ret,
			 size_t *ret_len, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct oci_digest have;
	size_t len;

	AUTO_CLOSE int fd = oci_layout_blob_open(l, d, e);
	if (fd < 0)
		return fd;
	int rc = file_read_all(fd, max, &text, &len);
	if (rc == 0)
		rc = oci_digest_of(oci_digest_alg(&d->digest), text, len, &have);
	if (rc < 0)
		return err_sys(e, rc, "cannot read blob '%s' of '%s'", d->digest.text, l->name);
	if (!oci_digest_eq(&have, &d->digest))
		return err_set(e, -EBADMSG, "blob '%s' of '%s' is damaged: its digest is %s", d->digest.text,
			       l->name, have.text);
	*ret = TAKE(text);
	*ret_len = len;
	return 0;
}

/* From an index one step down; *d becomes the chosen entry. */
static int descend(const char *text, size_t len, const struct oci_platform *want, struct oci_desc *d,
		   struct err *e)
{
	AUTO(oci_index_finish) struct oci_index x = { 0 };
	const struct oci_desc *next;

	int rc = oci_index_parse(text, len, &x, e);
	if (rc == 0)
		rc = oci_index_choose(&x, want, &next, e);
	if (rc == 0)
		*d = *next;
	return rc;
}

static int load_config(const struct oci_layout *l, struct oci_image *m, struct err *e)
{
	int rc = oci_manifest_check_image(&m->manifest, e);
	if (rc == 0)
		rc = oci_layout_blob_load(l, &m->manifest.config, OCI_MANIFEST_MAX, &m->config_json,
					  &m->config_len, e);
	if (rc == 0)
		rc = oci_config_parse(m->config_json, m->config_len, &m->config, e);
	if (rc == 0 && m->config.ndiff_ids != m->manifest.nlayers)
		return err_set(e, -EINVAL, "the image has %zu layers, but its config lists %zu",
			       m->manifest.nlayers, m->config.ndiff_ids);
	return rc;
}

/* m->artifact: it may be one. */
static int load_image(const struct oci_layout *l, const struct oci_platform *want, struct oci_image *m,
		      struct err *e)
{
	struct oci_desc d = m->top;

	for (int depth = 0; depth <= INDEX_NEST_MAX; depth++) {
		AUTO_FREE char *text = NULL;
		size_t len;
		enum oci_kind kind;

		int rc = oci_layout_blob_load(l, &d, OCI_MANIFEST_MAX, &text, &len, e);
		if (rc == 0)
			rc = oci_doc_kind(text, len, d.media_type, &kind, e);
		if (rc < 0)
			return rc;
		if (kind == OCI_KIND_INDEX) {
			rc = descend(text, len, want, &d, e);
			if (rc < 0)
				return rc;
			continue;
		}
		rc = oci_manifest_parse(text, len, &m->manifest, e);
		if (rc < 0)
			return rc;
		m->manifest_desc = d;
		m->manifest_desc.size = len;
		m->artifact = m->artifact && oci_manifest_is_artifact(&m->manifest);
		return m->artifact ? 0 : load_config(l, m, e);
	}
	return err_set(e, -EINVAL, "image indexes nested more than %d deep", INDEX_NEST_MAX);
}

static int find_image(const struct oci_layout *l, const struct oci_desc *d, const struct oci_platform *want,
		      bool artifact, struct oci_image *ret, struct err *e)
{
	struct oci_image m = { .top = *d, .artifact = artifact };

	int rc = load_image(l, want, &m, e);
	if (rc < 0) {
		oci_image_finish(&m);
		return err_wrap(e, rc, "image '%s'", d->digest.text);
	}
	m.size = m.manifest_desc.size + m.manifest.config.size;
	for (size_t i = 0; i < m.manifest.nlayers; i++)
		m.size += m.manifest.layers[i].size;
	*ret = m;
	return 0;
}

int oci_layout_image(const struct oci_layout *l, const struct oci_desc *d, const struct oci_platform *want,
		     struct oci_image *ret, struct err *e)
{
	return find_image(l, d, want, false, ret, e);
}

int oci_layout_any(const struct oci_layout *l, const struct oci_desc *d, const struct oci_platform *want,
		   struct oci_image *ret, struct err *e)
{
	return find_image(l, d, want, true, ret, e);
}

const struct oci_digest *oci_image_id(const struct oci_image *m)
{
	return m->artifact ? &m->manifest_desc.digest : &m->manifest.config.digest;
}

void oci_image_finish(struct oci_image *m)
{
	oci_manifest_finish(&m->manifest);
	oci_config_finish(&m->config);
	free(m->config_json);
	*m = (struct oci_image){ 0 };
}
