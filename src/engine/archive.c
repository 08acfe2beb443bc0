/* SPDX-License-Identifier: Apache-2.0 */
/* archive.c - images out of the store into archives, and into it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/pool.h"
#include "job/rootfs-output.h"
#include "oci/ref.h"
#include "store/events.h"
#include "store/image.h"
#include "store/import-tar.h"
#include "store/load.h"
#include "store/save.h"
#include "store/spool.h"

static char *const_words(enum store_form f)
{
	static char *const words[] = { (char *)"oci-archive", (char *)"oci-dir", (char *)"docker-archive" };

	return words[f];
}

/* --- save */

struct saving {
	struct eng_pool pool;
	berth_done_cb done;
	char **names, *path;
	int fd;
	enum store_form form;
	bool has_platform;
	struct oci_platform platform;
};

static void save_free(struct eng_pool *p)
{
	struct saving *s = container_of(p, struct saving, pool);

	if (s->fd >= 0)
		close(s->fd);
	strv_free(s->names);
	free(s->path);
	free(s);
}

/* A folder that is there must be empty; it is filled under another name and comes whole. */
static int save_dir(struct saving *s, const struct store_save *o, struct err *e)
{
	AUTO_FREE char *tmp = NULL;
	uint8_t salt[8];
	char hex[17];
	size_t n = strlen(s->path);

	while (n > 1 && s->path[n - 1] == '/')
		s->path[--n] = 0;
	if (rmdir(s->path) < 0 && errno != ENOENT)
		return err_set(e, -EEXIST, "'%s' is there already and is no empty folder", s->path);
	if (file_random(salt, sizeof(salt)) < 0)
		return err_set(e, -EIO, "cannot make a folder");
	str_hex(salt, sizeof(salt), hex);
	tmp = path_fmt("%s.berth-%s", s->path, hex);
	if (!tmp)
		return err_set(e, -ENOMEM, "out of memory");
	if (mkdir(tmp, 0755) < 0)
		return err_sys(e, -errno, "cannot make folder '%s'", tmp);
	AUTO_CLOSE int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = dir < 0 ? err_sys(e, -errno, "cannot open folder '%s'", tmp) : store_save_dir(o, dir, e);
	if (rc == 0 && rename(tmp, s->path) < 0)
		rc = err_sys(e, -errno, "cannot write '%s'", s->path);
	if (rc < 0)
		file_remove_tree(AT_FDCWD, tmp, NULL);
	return rc;
}

static int save_file(struct saving *s, const struct store_save *o, struct err *e)
{
	struct rootfs_output out;
	struct stat st;
	int rc;

	if (stat(s->path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		AUTO_CLOSE int fd = open(s->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

		return fd < 0 ? err_sys(e, -errno, "cannot write '%s'", s->path) : store_save_archive(o, s->form, fd, e);
	}
	rc = rootfs_output_begin(s->path, &out, e);
	if (rc < 0)
		return rc;
	rc = store_save_archive(o, s->form, out.fd, e);
	if (rc == 0 && fsync(out.fd) < 0)
		rc = err_sys(e, -errno, "cannot write '%s'", s->path);
	if (rc == 0)
		rc = rootfs_output_commit(&out, e);
	rootfs_output_finish(&out);
	return rc;
}

/* What comes with berth or is in a file is taken in first; the latter is then known by its digest. */
static int take_in(struct saving *s, struct err *e)
{
	int rc = 0;

	for (char **name = s->names; rc == 0 && *name; name++) {
		AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
		struct oci_desc d;

		rc = eng_image_resolve(s->pool.op.b, *name, &d, e);
		if (rc == 0)
			rc = MIN(oci_ref_try(*name, &ref, e), 0);
		if (rc < 0 || ref.transport == OCI_REGISTRY)
			continue;
		char *digest = strdup(d.digest.text);
		if (!digest)
			return err_set(e, -ENOMEM, "out of memory");
		free(*name);
		*name = digest;
	}
	return rc;
}

static int save_run(struct eng_pool *p, struct err *e)
{
	struct saving *s = container_of(p, struct saving, pool);
	const struct store_save o = { p->op.b->store, (const char *const *)s->names,
				      s->has_platform ? &s->platform : NULL, &p->pace };
	int rc = take_in(s, e);

	if (rc < 0)
		return rc;
	rc = s->form == STORE_OCI_DIR ? save_dir(s, &o, e) :
	     s->path		      ? save_file(s, &o, e) :
					store_save_archive(&o, s->form, s->fd, e);
	return rc < 0 ? err_wrap(e, rc, "cannot save") : 0;
}

static void save_end_cb(struct eng_pool *p, int rc, const struct berth_error *e)
{
	container_of(p, struct saving, pool)->done(p->op.arg, rc, e);
}

int berth_image_save(struct berth *b, const struct berth_save *o, berth_progress_cb progress, berth_done_cb done, void *arg,
		     struct berth_op **op, struct berth_error *be)
{
	struct saving *s = calloc(1, sizeof(*s));
	struct err e = { 0 };
	int rc = s ? 0 : -ENOMEM;

	if (rc < 0)
		return eng_refuse(be, rc, NULL);
	s->fd = -1;
	s->pool = (struct eng_pool){ .run = save_run, .end = save_end_cb, .free = save_free, .progress = progress,
				    .listed = true };
	s->done = done;
	if (store_form_parse(o->format ? o->format : "oci-archive", &s->form) < 0)
		rc = err_set(&e, -EINVAL, "'%s' is not a form of images: oci-archive, docker-archive, oci-dir", o->format);
	else if (s->form == STORE_OCI_DIR && !o->path)
		rc = err_set(&e, -EINVAL, "a folder needs a path");
	else if (o->platform && oci_platform_parse(o->platform, &s->platform, &e) < 0)
		rc = -EINVAL;
	s->has_platform = o->platform;
	if (rc == 0 && (!(s->names = strv_copy(o->refs)) || (o->path && !(s->path = strdup(o->path)))))
		rc = -ENOMEM;
	if (rc == 0 && !o->path && (s->fd = fcntl(o->fd, F_DUPFD_CLOEXEC, 3)) < 0)
		rc = err_sys(&e, -errno, "cannot write");
	if (rc < 0) {
		save_free(&s->pool);
		return eng_refuse(be, rc, &e);
	}
	s->pool.view = (struct berth_progress){ .verb = "save", .object = s->path ? s->path : "-",
						.stage = const_words(s->form) };
	return eng_pool_start(&s->pool, b, arg, op, be);
}

/* --- load */

struct loading {
	struct eng_pool pool;
	union {
		berth_loaded_cb loaded;
		berth_pulled_cb imported;
	} done;
	char *path, *tag; /* path NULL: fd */
	int fd;
	uint64_t max;
	struct store_loaded out;
	/* import */
	char *name, *message, **changes;
	struct oci_platform platform;
	struct oci_desc top;
	struct oci_digest id;
};

static void load_free(struct eng_pool *p)
{
	struct loading *l = container_of(p, struct loading, pool);

	if (l->fd >= 0)
		close(l->fd);
	store_loaded_finish(&l->out);
	strv_free(l->changes);
	free(l->path);
	free(l->tag);
	free(l->name);
	free(l->message);
	free(l);
}

static int open_input(struct loading *l, struct err *e)
{
	int fd = l->path ? store_input_open(l->path) : l->fd;

	if (fd < 0)
		return err_sys(e, fd, "cannot open '%s'", l->path);
	l->fd = fd;
	return 0;
}

static const char *input_name(const struct loading *l)
{
	return l->path ? l->path : "standard input";
}

/* events want the config's digest */
static void tell(struct berth *b, const char *action, const struct oci_desc *d, const char *name)
{
	AUTO(store_image_finish) struct store_image m = { 0 };

	if (store_image_find(b->store, d->digest.text, NULL, &m, NULL) == 0)
		store_event(b->root, "image", action, m.image.manifest.config.digest.text, name ? name : "",
			    (const char *[]){ "digest", d->digest.text, NULL });
}

static int load_run(struct eng_pool *p, struct err *e)
{
	struct loading *l = container_of(p, struct loading, pool);
	struct store_source src;
	int rc = open_input(l, e);

	if (rc == 0)
		rc = store_source_open(p->op.b->store, l->fd, input_name(l), l->max, &p->pace, &src, e);
	if (rc < 0)
		return rc;
	rc = store_load(p->op.b->store, &src, l->tag, false, &p->pace, &l->out, e);
	store_source_finish(&src);
	for (size_t i = 0; rc == 0 && i < l->out.n; i++)
		tell(p->op.b, "load", &l->out.v[i], l->out.names[i]);
	return rc;
}

static void load_end(struct eng_pool *p, int rc, const struct berth_error *e)
{
	struct loading *l = container_of(p, struct loading, pool);
	size_t n = rc < 0 ? 0 : l->out.n;
	AUTO_FREE struct berth_loaded *v = calloc(n + 1, sizeof(*v));
	struct eng_arena a = { 0 };
	struct berth_error be = { 0 };

	for (size_t i = 0; v && i < n; i++) {
		AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
		AUTO_FREE char *name = NULL;

		if (l->out.names[i] && oci_ref_parse(l->out.names[i], &ref, NULL) == 0)
			name = oci_ref_familiar(&ref);
		v[i] = (struct berth_loaded){ eng_arena_str(&a, name), l->out.v[i].digest.text };
	}
	if (!v || a.failed)
		e = eng_error(&be, rc = -ENOMEM, NULL, NULL);
	l->done.loaded(p->op.arg, rc, e, v, rc < 0 ? 0 : n);
	eng_arena_finish(&a);
}

static int input_set(struct loading *l, const char *path, int fd, struct err *e)
{
	l->fd = -1;
	if (path)
		return (l->path = strdup(path)) ? 0 : -ENOMEM;
	l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return l->fd < 0 ? err_sys(e, -errno, "cannot read") : 0;
}

int berth_image_load(struct berth *b, const struct berth_load *o, berth_progress_cb progress, berth_loaded_cb done, void *arg,
		     struct berth_op **op, struct berth_error *be)
{
	struct loading *l = calloc(1, sizeof(*l));
	struct err e = { 0 };
	int rc = l ? input_set(l, o->path, o->fd, &e) : -ENOMEM;

	if (rc == 0 && o->tag && !(l->tag = strdup(o->tag)))
		rc = -ENOMEM;
	if (l)
		l->pool = (struct eng_pool){ .run = load_run, .end = load_end, .free = load_free, .progress = progress,
					     .listed = true, .view = { .verb = "load", .object = input_name(l), .stage = "reading" } };
	if (rc < 0) {
		if (l)
			load_free(&l->pool);
		return eng_refuse(be, rc, &e);
	}
	l->max = o->max_size;
	l->done.loaded = done;
	return eng_pool_start(&l->pool, b, arg, op, be);
}

/* --- "oci-archive:FILE" in place of a name */

static void pull_end(struct eng_pool *p, int rc, const struct berth_error *e)
{
	struct loading *l = container_of(p, struct loading, pool);
	AUTO(store_image_finish) struct store_image m = { 0 };
	const char *digest = rc < 0 ? NULL : l->out.v[0].digest.text;

	/* one image more or less is read in a moment */
	if (digest && store_image_find(p->op.b->store, digest, NULL, &m, NULL) < 0)
		m = (struct store_image){ 0 };
	l->done.imported(p->op.arg, rc, e, digest, digest ? oci_image_id(&m.image)->text : NULL);
}

int eng_pull_file(struct berth *b, const struct oci_ref *ref, berth_progress_cb progress, berth_pulled_cb done, void *arg,
		  struct berth_op **op, struct berth_error *be)
{
	struct loading *l = calloc(1, sizeof(*l));

	if (!l)
		return eng_refuse(be, -ENOMEM, NULL);
	l->fd = -1;
	l->pool = (struct eng_pool){ .run = load_run, .end = pull_end, .free = load_free, .progress = progress };
	l->done.imported = done;
	if (!(l->path = strdup(ref->path)) || (ref->tag && !(l->tag = strdup(ref->tag)))) {
		load_free(&l->pool);
		return eng_refuse(be, -ENOMEM, NULL);
	}
	l->pool.view = (struct berth_progress){ .verb = "pull", .object = l->path, .stage = "reading" };
	return eng_pool_start(&l->pool, b, arg, op, be);
}

/* --- import */

static int import_run(struct eng_pool *p, struct err *e)
{
	struct loading *l = container_of(p, struct loading, pool);
	const struct store_import_tar o = { .source = l->path ? l->path : "-", .name = l->name, .message = l->message,
					    .changes = (const char *const *)l->changes, .platform = l->platform,
					    .max = l->max };
	int rc = open_input(l, e);

	if (rc == 0)
		rc = store_import_tar(p->op.b->store, &o, l->fd, &p->pace, &l->top, &l->id, e);
	if (rc == 0)
		tell(p->op.b, "import", &l->top, l->name);
	return rc;
}

static void import_end(struct eng_pool *p, int rc, const struct berth_error *e)
{
	struct loading *l = container_of(p, struct loading, pool);

	l->done.imported(p->op.arg, rc, e, rc < 0 ? NULL : l->top.digest.text, rc < 0 ? NULL : l->id.text);
}

static int import_name(struct loading *l, const char *name, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	int rc = oci_ref_parse_name(name, &ref, e);

	return rc < 0 ? rc : (l->name = oci_ref_str(&ref)) ? 0 : -ENOMEM;
}

int berth_image_import(struct berth *b, const struct berth_import *o, berth_progress_cb progress, berth_pulled_cb done,
		       void *arg, struct berth_op **op, struct berth_error *be)
{
	struct loading *l = calloc(1, sizeof(*l));
	struct err e = { 0 };
	int rc = l ? input_set(l, o->path, o->fd, &e) : -ENOMEM;

	if (rc == 0 && o->name)
		rc = import_name(l, o->name, &e);
	if (rc == 0)
		oci_platform_host(&l->platform);
	if (rc == 0 && o->platform)
		rc = oci_platform_parse(o->platform, &l->platform, &e);
	if (rc == 0 && ((o->message && !(l->message = strdup(o->message))) ||
			(o->changes && !(l->changes = strv_copy(o->changes)))))
		rc = -ENOMEM;
	if (l)
		l->pool = (struct eng_pool){ .run = import_run, .end = import_end, .free = load_free, .progress = progress,
					     .listed = true, .view = { .verb = "import", .object = input_name(l), .stage = "reading" } };
	if (rc < 0) {
		if (l)
			load_free(&l->pool);
		return eng_refuse(be, rc, &e);
	}
	l->max = o->max_size;
	l->done.imported = done;
	return eng_pool_start(&l->pool, b, arg, op, be);
}
