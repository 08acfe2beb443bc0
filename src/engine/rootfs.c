/* SPDX-License-Identifier: Apache-2.0 */
/* rootfs.c - root file systems made as files. */
#include "job/rootfs.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "engine/create.h"
#include "engine/engine.h"
#include "engine/own-job.h"
#include "engine/rootfs-run.h"
#include "ext4/writer.h"

struct rootfs_op {
	struct berth_op op;
	struct rootfs_create create;
	struct eng_arena arena;
	struct eng_progress view;
	struct eng_own_job *job;
	berth_progress_cb progress;
	berth_rootfs_cb done;
};

static void on_progress(struct rootfs_create *c, const struct unpack_progress *p)
{
	struct rootfs_op *o = c->data;

	o->view.view.done = p->raw;
	eng_own_job_tell(o->job, &o->view.view);
	if (o->progress)
		o->progress(o->op.arg, &o->view.view);
}

static void on_made(struct rootfs_create *c, int rc, const struct err *e)
{
	struct rootfs_op *o = c->data;
	struct berth_rootfs_result r = { c->result.size, c->result.used, c->result.entries };
	struct berth_error be = { 0 };

	eng_own_job_end(o->job, rc, e);
	eng_op_end(&o->op);
	o->done(o->op.arg, rc, eng_error(&be, rc, e, NULL), rc < 0 ? NULL : &r);
	eng_arena_finish(&o->arena);
	free(o);
}

static void cancel(struct berth_op *op)
{
	rootfs_create_cancel(&container_of(op, struct rootfs_op, op)->create);
}

static int begin(struct berth *b, const char *output, const struct rootfs_opts *opts, berth_progress_cb progress, berth_rootfs_cb done,
		 void *arg, struct berth_op **ret, struct err *e)
{
	struct rootfs_op *o = calloc(1, sizeof(*o));
	int rc;

	if (!o)
		return -ENOMEM;
	o->create.progress = on_progress;
	o->create.data = o;
	o->progress = progress;
	o->done = done;
	o->view.view.verb = "rootfs create";
	o->view.view.object = eng_arena_str(&o->arena, output);
	o->view.view.stage = "unpacking";
	rc = o->arena.failed ? -ENOMEM : eng_own_job_begin(&o->job, b, "rootfs", output, &o->op, e);
	if (rc == 0)
		rc = rootfs_create_start(&o->create, b->loop, opts, on_made, e);
	if (rc < 0) {
		eng_own_job_end(o->job, rc, e);
		eng_arena_finish(&o->arena);
		free(o);
		return rc;
	}
	eng_op_begin(b, &o->op, arg, cancel, ret);
	return 0;
}

/* What needs no file to be judged. */
static int check(const struct berth_rootfs *r, struct err *e)
{
	struct ext4_opts o = { .size = r->size, .label = r->label };
	int rc = r->journal ? ext4_parse_journal(r->journal, &o.journal, e) : 0;
	unsigned from_stdin = 0;

	if (rc == 0 && r->uuid)
		rc = ext4_parse_uuid(r->uuid, o.uuid, e);
	if (rc == 0)
		rc = ext4_opts_check(&o, e);
	for (const char *const *s = r->sources; *s; s++)
		from_stdin += !strcmp(*s, "tar:-");
	for (const char *const *s = r->scripts; s && *s; s++)
		from_stdin += !strcmp(*s, "-");
	if (rc == 0 && from_stdin > 1)
		rc = err_set(e, -EINVAL, "standard input can be one source or script only");
	return rc;
}

int berth_rootfs_create(struct berth *b, const struct berth_rootfs *r, berth_progress_cb progress,
			berth_rootfs_cb done, void *arg, struct berth_op **ret, struct berth_error *be)
{
	AUTO_FREE char *builtin = eng_builtin_images();
	struct oci_platform platform;
	struct err e = { 0 };
	const struct rootfs_opts opts = {
		.store = b->store, .builtin = builtin, .sources = r->sources,
		.output = r->fd > 0 ? NULL : r->output, .fd = r->fd, .platform = r->platform ? &platform : NULL,
		.size = r->size, .max_size = r->max_size, .uuid = r->uuid, .label = r->label, .journal = r->journal,
		.lost_found = r->lost_found,
	};
	int rc = !builtin ? -ENOMEM : r->platform ? oci_platform_parse(r->platform, &platform, &e) : 0;

	if (rc == 0)
		rc = check(r, &e);
	if (rc == 0 && r->scripts && *r->scripts)
		rc = eng_rootfs_run(b, r, &opts, progress, done, arg, ret, &e);
	else if (rc == 0)
		rc = begin(b, r->output, &opts, progress, done, arg, ret, &e);
	return rc < 0 ? eng_refuse(be, rc, &e) : 0;
}
