/* SPDX-License-Identifier: Apache-2.0 */
/* diff.c - what a container changed: its upper file system against its image's; and both as one tar. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "engine/disks.h"
#include "engine/own-job.h"
#include "engine/tar-out.h"
#include "ext4/merge.h"
#include "ext4/vec.h"
#include "job/own-files.h"
#include "job/pack.h"

#define CHANGES_MAX 4000000u

struct diff_op {
	struct berth_op op;
	struct eng_disks disks;
	struct work work;
	berth_changes_cb done;
	struct berth_file_change *v; /* paths are offsets into text until the end */
	uint32_t n, cap;
	struct buf text;
	bool in_disks;
	_Atomic bool cancelled;
};

static void end(struct diff_op *o, int rc, const struct err *e)
{
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	for (uint32_t i = 0; rc == 0 && i < o->n; i++)
		o->v[i].path = (char *)o->text.p + (uintptr_t)o->v[i].path;
	o->done(o->op.arg, rc, eng_error(&be, rc, e, NULL), rc < 0 ? NULL : o->v, rc < 0 ? 0 : o->n);
	eng_disks_finish(&o->disks);
	free(o->v);
	buf_finish(&o->text);
	free(o);
}

static int add(struct diff_op *o, char kind, const char *path, size_t len, struct err *e)
{
	struct berth_file_change c = { kind, (const char *)(uintptr_t)o->text.len };

	if (o->n == CHANGES_MAX)
		return err_set(e, -E2BIG, "more than %u changes", CHANGES_MAX);
	if (ext4_vec_reserve(&o->v, &o->cap, o->n + 1ull, sizeof(*o->v)) < 0 || buf_addc(&o->text, '/') < 0 ||
	    buf_add(&o->text, path, len) < 0 || buf_addc(&o->text, 0) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	o->v[o->n++] = c;
	return 0;
}

/* A folder that is in the upper one because of what is in it. When the files in /etc that are berth's own were written
 * says nothing. */
static bool same_dir(const struct ext4_merge_entry *en)
{
	const struct ext4_stat *a = &en->st, *b = &en->lower;

	return S_ISDIR(a->mode) && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid && !en->opaque &&
	       ((a->mtime.sec == b->mtime.sec && a->mtime.nsec == b->mtime.nsec) || !strcmp(en->path, "etc"));
}

/* The folders above a change are changed too, those that were not told yet: a path's own folders come right
 * before. */
static int add_parents(struct diff_op *o, const char *path, struct err *e)
{
	int rc = 0;

	for (const char *slash = strchr(path, '/'); rc == 0 && slash; slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path);
		bool told = false;

		for (uint32_t i = o->n; i-- > 0 && !told;) {
			const char *p = (char *)o->text.p + (uintptr_t)o->v[i].path + 1;

			told = !strncmp(p, path, len) && (p[len] == 0 || p[len] == '/');
			if (strncmp(p, path, MIN(strlen(p), strcspn(path, "/"))) < 0)
				break; /* sorted: what comes before is of other folders */
		}
		if (!told)
			rc = add(o, 'C', path, len, e);
	}
	return rc;
}

static int on_entry(void *arg, const struct ext4_merge_entry *en, struct err *e)
{
	struct diff_op *o = arg;
	char kind = en->kind == EXT4_MERGE_ADDED ? 'A' : en->kind == EXT4_MERGE_GONE ? 'D' : 'C';
	int rc;

	if (o->cancelled)
		return err_set(e, -ECANCELED, "canceled");
	if (!*en->path || (kind == 'C' && same_dir(en)))
		return 0;
	rc = own_entry(en, e);
	if (rc != 0)
		return MIN(rc, 0);
	rc = add_parents(o, en->path, e);
	return rc < 0 ? rc : add(o, kind, en->path, strlen(en->path), e);
}

static int compare(struct eng_disks *d, struct diff_op *o, struct err *e)
{
	struct ext4_reader *base = NULL, *upper = NULL;
	uint32_t dir;
	int rc = ext4_reader_open(d->base, &base, e);

	if (rc < 0)
		err_wrap(e, rc, "the image's file system");
	if (rc == 0 && (rc = ext4_reader_open(d->upper, &upper, e)) < 0)
		err_wrap(e, rc, "the disk of container %s", d->name);
	if (rc == 0 && (rc = ext4_reader_find(upper, ENG_UPPER_DIR, false, &dir, e)) < 0)
		err_wrap(e, rc, "the disk of container %s", d->name);
	if (rc == 0)
		rc = ext4_merge_walk(base, upper, dir, true, on_entry, o, e);
	ext4_reader_close(base);
	ext4_reader_close(upper);
	return rc < 0 ? rc : eng_disks_check(d, e);
}

static int compare_in_pool(struct work *w, struct err *e)
{
	struct diff_op *o = container_of(w, struct diff_op, work);

	return compare(&o->disks, o, e);
}

static void on_compared(struct work *w, int rc, const struct err *e)
{
	end(container_of(w, struct diff_op, work), rc, e);
}

static void on_disks(struct eng_disks *d, int rc, const struct err *we)
{
	struct diff_op *o = container_of(d, struct diff_op, disks);
	struct err e = *we;

	o->in_disks = false;
	if (rc == 0 && (rc = work_start(&o->work, o->op.b->loop, compare_in_pool, on_compared)) < 0)
		err_sys(&e, rc, "cannot start a thread");
	if (rc < 0)
		end(o, rc, &e);
}

static void cancel(struct berth_op *op)
{
	struct diff_op *o = container_of(op, struct diff_op, op);

	o->cancelled = true;
	if (o->in_disks)
		eng_disks_cancel(&o->disks);
}

int berth_container_diff(struct berth *b, const char *name, berth_changes_cb done, void *arg,
			 struct berth_op **op, struct berth_error *be)
{
	struct diff_op *o = calloc(1, sizeof(*o));
	struct err e = { 0 };
	int rc = o ? eng_disks_start(&o->disks, b, name, on_disks, &e) : -ENOMEM;

	if (rc < 0) {
		free(o);
		return eng_refuse(be, rc, &e);
	}
	o->done = done;
	o->in_disks = true;
	eng_op_begin(b, &o->op, arg, cancel, op);
	return 0;
}

/* --- export */

struct export_op {
	struct berth_op op;
	struct eng_disks disks;
	struct pack pack;
	struct eng_progress view;
	struct eng_own_job *job;
	struct eng_arena arena;
	berth_progress_cb progress;
	berth_tar_cb done;
	struct eng_tar_out out;
	bool in_disks;
};

static void on_export_closed(struct eng_tar_out *out, int rc, const struct err *e)
{
	struct export_op *o = container_of(out, struct export_op, out);
	const struct pack_result *p = &o->pack.result;
	struct berth_tar_result r = { p->raw, p->entries, p->left_out };
	struct berth_error be = { 0 };

	eng_own_job_end(o->job, rc, e);
	eng_op_end(&o->op);
	o->done(o->op.arg, rc, eng_error(&be, rc, e, NULL), rc < 0 ? NULL : &r);
	eng_disks_finish(&o->disks);
	eng_arena_finish(&o->arena);
	free(o);
}

static void end_export(struct export_op *o, int rc, const struct err *e)
{
	eng_tar_out_close(&o->out, o->op.b->loop, rc, e, on_export_closed);
}

static void on_packed(struct pack *p, int rc, const struct err *pe)
{
	struct export_op *o = container_of(p, struct export_op, pack);
	struct err e = *pe;

	if (rc == 0)
		rc = eng_disks_check(&o->disks, &e);
	end_export(o, rc, &e);
}

static void on_pack_progress(struct pack *p, uint64_t raw)
{
	struct export_op *o = container_of(p, struct export_op, pack);

	o->view.view.done = raw;
	eng_own_job_tell(o->job, &o->view.view);
	if (o->progress)
		o->progress(o->op.arg, &o->view.view);
}

static void on_export_disks(struct eng_disks *d, int rc, const struct err *de)
{
	struct export_op *o = container_of(d, struct export_op, disks);
	const struct pack_opts opts = {
		.mode = PACK_MERGED, .base = d->base, .upper = d->upper, .out = o->out.fd, .path = ENG_UPPER_DIR
	};
	struct err e = *de;

	o->in_disks = false;
	o->pack.progress = on_pack_progress;
	if (rc == 0)
		rc = pack_start(&o->pack, o->op.b->loop, &opts, on_packed, &e);
	if (rc < 0)
		end_export(o, rc, &e);
}

static void cancel_export(struct berth_op *op)
{
	struct export_op *o = container_of(op, struct export_op, op);

	if (o->in_disks)
		eng_disks_cancel(&o->disks);
	else
		pack_cancel(&o->pack);
}

int berth_container_export(struct berth *b, const char *name, const char *path, int fd, berth_progress_cb progress,
			   berth_tar_cb done, void *arg, struct berth_op **op, struct berth_error *be)
{
	struct export_op *o = calloc(1, sizeof(*o));
	struct err e = { 0 };
	int rc = o ? eng_tar_out_open(&o->out, path, fd, &e) : -ENOMEM;

	if (rc == 0)
		rc = eng_own_job_begin(&o->job, b, "export", name, &o->op, &e);
	if (rc == 0)
		rc = eng_disks_start(&o->disks, b, name, on_export_disks, &e);
	if (rc < 0) {
		if (o) {
			eng_own_job_end(o->job, rc, &e);
			eng_tar_out_drop(&o->out);
		}
		free(o);
		return eng_refuse(be, rc, &e);
	}
	o->progress = progress;
	o->done = done;
	o->in_disks = true;
	o->view.view.verb = "export";
	o->view.view.object = eng_arena_str(&o->arena, name);
	o->view.view.stage = "reading";
	eng_op_begin(b, &o->op, arg, cancel_export, op);
	return 0;
}
