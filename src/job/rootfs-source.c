/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs-source.c - resolving sources. */
#include "job/rootfs-source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "oci/ref.h"
#include "store/import.h"

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "cannot read the sources: out of memory");
}

/* Room for one more; its index or -ENOMEM. */
static int grow(struct rootfs_sources *v, struct err *e)
{
	struct unpack_source *u = reallocarray(v->unpack, v->n + 1, sizeof(*u));
	if (u)
		v->unpack = u;
	struct rootfs_layer *l = reallocarray(v->layers, v->n + 1, sizeof(*l));
	if (l)
		v->layers = l;
	if (!u || !l)
		return no_memory(e);
	u[v->n] = (struct unpack_source){ .kind = UNPACK_LAYER };
	l[v->n] = (struct rootfs_layer){ .fd = -1 };
	return 0;
}

int rootfs_sources_add_image(struct rootfs_sources *v, const struct oci_layout *from,
			     const struct oci_image *m, bool check, struct err *e)
{
	for (size_t i = 0; i < m->manifest.nlayers; i++) {
		const struct oci_desc *d = &m->manifest.layers[i];

		int rc = grow(v, e);
		if (rc < 0)
			return rc;
		struct unpack_source *u = &v->unpack[v->n];
		u->media = d->kind;
		u->size = d->size;
		u->diff_id = m->config.diff_ids[i];
		if (check)
			u->digest = d->digest;
		v->layers[v->n].from = from;
		v->layers[v->n].desc = *d;
		v->n++;
	}
	return 0;
}

int rootfs_sources_add_merged(struct rootfs_sources *v, const struct unpack_merged *m, struct err *e)
{
	int rc = grow(v, e);

	if (rc < 0)
		return rc;
	v->unpack[v->n].kind = UNPACK_MERGED;
	v->unpack[v->n++].merged = *m;
	return 0;
}

static int add_layout(struct rootfs_sources *v, const struct oci_ref *ref, const struct oci_platform *want,
		      struct err *e)
{
	AUTO(oci_image_finish) struct oci_image m = { 0 };
	struct oci_desc d;

	struct oci_layout **more = reallocarray(v->layouts, v->nlayouts + 1, sizeof(*more));
	if (!more)
		return no_memory(e);
	v->layouts = more;
	struct oci_layout *l = calloc(1, sizeof(*l));
	if (!l)
		return no_memory(e);
	int rc = oci_layout_open(ref->path, l, e);
	if (rc < 0) {
		free(l);
		return rc;
	}
	more[v->nlayouts++] = l;
	rc = oci_layout_find(l, ref->tag, &d, e);
	if (rc == 0)
		rc = oci_layout_image(l, &d, want, &m, e);
	return rc < 0 ? rc : rootfs_sources_add_image(v, l, &m, true, e);
}

static int add_store_image(struct rootfs_sources *v, struct store *s, const char *name,
			   const struct oci_platform *want, struct err *e)
{
	AUTO(store_image_finish) struct store_image m = { 0 };
	int rc = store_image_take_in(s, v->builtin, name, want, v->pace, &m, e);

	return rc < 0 ? rc : rootfs_sources_add_image(v, &s->layout, &m.image, false, e);
}

static int add_dir(struct rootfs_sources *v, const char *path, struct err *e)
{
	int rc = grow(v, e);
	if (rc < 0)
		return rc;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, -errno, "cannot open folder '%s'", path);
	v->unpack[v->n].kind = UNPACK_DIR;
	v->unpack[v->n].dir_fd = v->layers[v->n].fd = fd;
	v->n++;
	return 0;
}

static int add_tar(struct rootfs_sources *v, const char *path, struct err *e)
{
	int rc = grow(v, e);
	if (rc < 0)
		return rc;
	if (strcmp(path, "-") != 0 && access(path, R_OK) < 0)
		return err_sys(e, -errno, "cannot open '%s'", path);
	v->layers[v->n].path = strdup(path);
	if (!v->layers[v->n].path)
		return no_memory(e);
	v->n++;
	return 0;
}

int rootfs_source_check(const char *word, struct err *e)
{
	const char *path = word + strlen("tar:");
	struct stat st;

	if ((!str_starts(word, "dir:") && !str_starts(word, "tar:")) || !strcmp(word, "tar:-"))
		return 0;
	if (stat(path, &st) < 0 || access(path, R_OK) < 0)
		return err_sys(e, -errno, "cannot open '%s'", path);
	if (S_ISDIR(st.st_mode) != str_starts(word, "dir:"))
		return err_set(e, S_ISDIR(st.st_mode) ? -EISDIR : -ENOTDIR, "'%s' is %s folder", path,
			       S_ISDIR(st.st_mode) ? "a" : "not a");
	return 0;
}

int rootfs_sources_add(struct rootfs_sources *v, struct store *s, const char *word,
		       const struct oci_platform *platform, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	struct oci_platform host;

	oci_platform_host(&host);
	if (!platform)
		platform = &host;
	if (str_starts(word, "dir:"))
		return add_dir(v, word + strlen("dir:"), e);
	if (str_starts(word, "tar:"))
		return add_tar(v, word + strlen("tar:"), e);
	int rc = oci_ref_try(word, &ref, e);
	if (rc < 0)
		return rc;
	if (ref.transport == OCI_DIR)
		return add_layout(v, &ref, platform, e);
	if (!s)
		return ref.path ? err_set(e, -ENOTSUP, "cannot read '%s' without a store", ref.path) :
				  err_set(e, -ENOENT, "there is no image '%s'", word);
	return add_store_image(v, s, word, platform, e);
}

int rootfs_sources_open(const struct rootfs_sources *v, size_t i, struct err *e)
{
	const struct rootfs_layer *l = &v->layers[i];

	if (l->from)
		return oci_layout_blob_open(l->from, &l->desc, e);
	/* a FIFO that nobody writes to yet must not hold up the loop: the worker waits */
	int fd = strcmp(l->path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					   : open(l->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? err_sys(e, -errno, "cannot open '%s'", l->path) : fd;
}

void rootfs_sources_finish(struct rootfs_sources *v)
{
	for (size_t i = 0; i < v->n; i++) {
		if (v->layers[i].fd >= 0)
			close(v->layers[i].fd);
		free(v->layers[i].path);
	}
	for (size_t i = 0; i < v->nlayouts; i++) {
		oci_layout_finish(v->layouts[i]);
		free(v->layouts[i]);
	}
	free(v->layouts);
	free(v->unpack);
	free(v->layers);
	*v = (struct rootfs_sources){ 0 };
}
