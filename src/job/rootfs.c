/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs.c - three steps: resolve the sources (pool), unpack (worker process), make the result visible
 * (pool). */
#include "job/rootfs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "base/work.h"
#include "job/rootfs-output.h"
#include "job/rootfs-source.h"

#define LOCK_RETRY_US 50000

struct rootfs_job {
	struct rootfs_create *op;
	uv_loop_t *loop;
	struct work work;
	struct unpack unpack;
	struct rootfs_sources sources;
	struct store *store;
	struct oci_platform platform;
	bool has_platform;
	struct pace pace; /* the pool looks at whether it is cancelled */
	bool unpacking;
	struct err err; /* what went wrong on the way, if err.code is set */

	/* a file */
	char **words;
	struct unpack_merged merged;
	struct rootfs_output output;
	int fd; /* in its place, the caller's */
	struct unpack_opts opts; /* its strings are among these */
	char *path, *uuid, *label, *journal, *helper, *builtin, *upper_dir;

	/* the store's */
	char *image;
	struct store_rootfs_build build;
	bool there; /* somebody has made it */
};

static void job_destroy(struct rootfs_job *j)
{
	if (!j)
		return;
	rootfs_sources_finish(&j->sources);
	rootfs_output_finish(&j->output);
	store_rootfs_finish(&j->build);
	strv_free(j->words);
	free(j->path);
	free(j->uuid);
	free(j->label);
	free(j->journal);
	free(j->helper);
	free(j->builtin);
	free(j->upper_dir);
	free(j->image);
	free(j);
}

static void finish(struct rootfs_job *j, int rc, const struct err *why)
{
	struct rootfs_create *op = j->op;
	struct err e = *why;

	if (rc == 0)
		op->result = j->unpack.result;
	op->job = NULL;
	job_destroy(j);
	op->cb(op, rc, &e);
}

static bool is_cancelled(struct rootfs_job *j)
{
	return pace_step(&j->pace, 0, NULL) < 0;
}

/* ---- the last step ----------------------------------------------------------------------------------------
 */

static char *meta_text(const struct rootfs_job *j)
{
	const struct unpack_result *r = &j->unpack.result;
	AUTO_JSON cJSON *m = cJSON_CreateObject();
	char created[CLOCK_RFC3339_MAX];

	clock_rfc3339(clock_real_ns(), created);
	if (!m || !cJSON_AddStringToObject(m, "key", j->build.key) ||
	    !cJSON_AddStringToObject(m, "created", created) ||
	    !cJSON_AddNumberToObject(m, "size", (double)r->size) ||
	    !cJSON_AddNumberToObject(m, "used", (double)r->used) ||
	    !cJSON_AddNumberToObject(m, "entries", (double)r->entries) ||
	    !cJSON_AddNumberToObject(m, "raw", (double)r->raw))
		return NULL;
	return json_print(m);
}

static int commit_work(struct work *w, struct err *e)
{
	struct rootfs_job *j = container_of(w, struct rootfs_job, work);

	if (!j->image)
		return j->path ? rootfs_output_commit(&j->output, e) : 0;
	AUTO_FREE char *meta = meta_text(j);
	return meta ? store_rootfs_commit(&j->build, meta, e) : err_set(e, -ENOMEM, "out of memory");
}

static void on_committed(struct work *w, int rc, const struct err *e)
{
	finish(container_of(w, struct rootfs_job, work), rc, e);
}

/* ---- the worker process
 * ------------------------------------------------------------------------------------ */

static void on_unpacked(struct unpack *u, int rc, const struct err *e)
{
	struct rootfs_job *j = container_of(u, struct rootfs_job, unpack);

	j->unpacking = false;
	if (j->err.code)
		return finish(j, j->err.code, &j->err);
	if (rc == 0)
		rc = work_start(&j->work, j->loop, commit_work, on_committed);
	if (rc < 0)
		finish(j, rc, e);
}

static void on_want(struct unpack *u, size_t i)
{
	struct rootfs_job *j = container_of(u, struct rootfs_job, unpack);

	if (j->err.code)
		return;
	AUTO_CLOSE int fd = rootfs_sources_open(&j->sources, i, &j->err);
	if (fd < 0 || unpack_feed(u, i, fd, UINT64_MAX, &j->err) < 0)
		unpack_cancel(u);
}

static void on_progress(struct unpack *u, const struct unpack_progress *p)
{
	struct rootfs_job *j = container_of(u, struct rootfs_job, unpack);

	if (j->op->progress)
		j->op->progress(j->op, p);
}

static int unpack(struct rootfs_job *j, struct err *e)
{
	j->unpack.want = on_want;
	j->unpack.progress = on_progress;
	j->opts.sources = j->sources.unpack;
	j->opts.nsources = j->sources.n;
	j->opts.fd = j->image ? j->build.fd : j->path ? j->output.fd : j->fd;
	j->opts.uuid = j->uuid;
	j->opts.label = j->label;
	j->opts.journal = j->journal;
	j->opts.helper = j->helper;
	int rc = unpack_start(&j->unpack, j->loop, &j->opts, on_unpacked, e);
	j->unpacking = rc == 0;
	return rc;
}

/* ---- the first step
 * ------------------------------------------------------------------------------------------ */

static const struct oci_platform *platform_of(const struct rootfs_job *j)
{
	return j->has_platform ? &j->platform : NULL;
}

static int resolve_file(struct rootfs_job *j, struct err *e)
{
	/* what can be wrong with any name is told before the first source is read */
	int rc = j->path ? rootfs_output_begin(j->path, &j->output, e) : 0;

	for (char **w = j->words; rc == 0 && w && *w; w++)
		rc = rootfs_source_check(*w, e);
	if (j->merged.dir)
		return rc < 0 ? rc : rootfs_sources_add_merged(&j->sources, &j->merged, e);
	j->sources.builtin = j->builtin;
	j->sources.pace = &j->pace;
	for (char **w = j->words; rc == 0 && *w; w++)
		rc = rootfs_sources_add(&j->sources, j->store, *w, platform_of(j), e);
	if (rc == 0 && j->sources.n == 0)
		return err_set(e, -EINVAL, "there is no layer to unpack");
	return rc;
}

static int resolve_image(struct rootfs_job *j, struct err *e)
{
	AUTO(store_image_finish) struct store_image m = { 0 };

	int rc = store_image_find(j->store, j->image, platform_of(j), &m, e);
	if (rc < 0)
		return rc;
	do { /* -EWOULDBLOCK: another process makes it; a wait on its lock could not be cancelled */
		rc = store_rootfs_begin(j->store, m.rootfs_key, false, &j->build, e);
	} while (rc == -EWOULDBLOCK && !is_cancelled(j) && usleep(LOCK_RETRY_US) == 0);
	j->there = rc == 1;
	if (rc != 0)
		return rc < 0 ? rc : 0;
	return rootfs_sources_add_image(&j->sources, &j->store->layout, &m.image, false, e);
}

static int resolve_work(struct work *w, struct err *e)
{
	struct rootfs_job *j = container_of(w, struct rootfs_job, work);

	return j->image ? resolve_image(j, e) : resolve_file(j, e);
}

static void on_resolved(struct work *w, int rc, const struct err *why)
{
	struct rootfs_job *j = container_of(w, struct rootfs_job, work);
	struct err e = *why;

	if (is_cancelled(j))
		rc = err_set(&e, -ECANCELED, "canceled");
	else if (rc == 0 && !j->there && (rc = unpack(j, &e)) == 0)
		return;
	finish(j, rc, &e);
}

/* ---- from the caller
 * ------------------------------------------------------------------------------------------- */

static bool copy(char **ret, const char *s)
{
	*ret = s ? strdup(s) : NULL;
	return *ret || !s;
}

static int begin(struct rootfs_create *op, uv_loop_t *loop, struct rootfs_job *j, rootfs_create_cb cb,
		 struct err *e)
{
	j->op = op;
	j->loop = loop;
	op->job = j;
	op->cb = cb;
	op->result = (struct unpack_result){ 0 };
	int rc = work_start(&j->work, loop, resolve_work, on_resolved);
	if (rc < 0) {
		op->job = NULL;
		job_destroy(j);
		return err_sys(e, rc, "cannot begin");
	}
	return 0;
}

static struct rootfs_job *job_create(struct store *s, const struct oci_platform *platform)
{
	struct rootfs_job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->store = s;
	j->build.lock_fd = j->output.fd = -1;
	j->has_platform = platform;
	if (platform)
		j->platform = *platform;
	return j;
}

int rootfs_create_start(struct rootfs_create *op, uv_loop_t *loop, const struct rootfs_opts *o,
			rootfs_create_cb cb, struct err *e)
{
	struct rootfs_job *j = job_create(o->store, o->platform);

	if (!j || (o->sources && !(j->words = strv_copy(o->sources))) || !copy(&j->path, o->output) ||
	    !copy(&j->upper_dir, o->merged ? o->merged->dir : NULL) ||
	    !copy(&j->uuid, o->uuid) || !copy(&j->label, o->label) || !copy(&j->journal, o->journal) ||
	    !copy(&j->helper, o->helper) || !copy(&j->builtin, o->builtin)) {
		job_destroy(j);
		return err_set(e, -ENOMEM, "cannot make a root file system: out of memory");
	}
	j->opts.size = o->size;
	j->opts.max_size = o->max_size;
	j->opts.lost_found = o->lost_found;
	j->fd = o->fd;
	if (o->merged) {
		j->merged = *o->merged;
		j->merged.dir = j->upper_dir;
	}
	return begin(op, loop, j, cb, e);
}

int rootfs_ensure_start(struct rootfs_create *op, uv_loop_t *loop, struct store *s, const char *name,
			const struct oci_platform *platform, const char *helper, rootfs_create_cb cb,
			struct err *e)
{
	struct rootfs_job *j = job_create(s, platform);

	if (!j || !(j->image = strdup(name)) || !copy(&j->helper, helper)) {
		job_destroy(j);
		return err_set(e, -ENOMEM, "cannot unpack '%s': out of memory", name);
	}
	return begin(op, loop, j, cb, e);
}

void rootfs_create_cancel(struct rootfs_create *op)
{
	struct rootfs_job *j = op->job;

	if (!j)
		return;
	pace_cancel(&j->pace);
	if (j->unpacking)
		unpack_cancel(&j->unpack);
	else
		work_cancel(&j->work);
}
