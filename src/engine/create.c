/* SPDX-License-Identifier: Apache-2.0 */
/* create.c - a container made: its image found or pulled, its root file system built if need be, its folder
 * written. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/where.h"
#include "engine/create.h"
#include "engine/engine.h"
#include "engine/job.h"
#include "ext4/mkfs.h"
#include "ext4/reader.h"
#include "job/rootfs.h"
#include "oci/ref.h"
#include "store/events.h"
#include "store/image.h"
#include "store/import.h"
#include "store/kernel.h"
#include "store/load.h"

struct create {
	struct berth_op op;
	struct create_spec spec; /* copies of what was asked */
	struct eng_arena arena;
	berth_progress_cb progress;
	berth_created_cb done;
	struct work work;
	struct eng_job job;
	struct rootfs_create rootfs;
	struct eng_progress view;
	bool pulled, in_job, in_rootfs, cancelled;
	bool have_image, have_rootfs;
	struct store_image image;
	char id[CONTAINER_ID_LEN + 1];
	struct err err;
	char hint[256];
};

static void look(struct create *c);

static void end(struct create *c, int rc, const struct err *e, const char *hint)
{
	struct berth_error be = { 0 };

	eng_op_end(&c->op);
	c->done(c->op.arg, rc, eng_error(&be, rc, e, hint), rc < 0 ? NULL : c->id);
	if (c->have_image)
		store_image_finish(&c->image);
	eng_progress_finish(&c->view);
	create_spec_finish(&c->spec);
	eng_arena_finish(&c->arena);
	free(c);
}

/* --- the image, from the network */

static void on_job_event(struct eng_job *job, const char *name, const cJSON *event)
{
	struct create *c = job->data;

	if (eng_progress_take(&c->view, name, event) && c->progress)
		c->progress(c->op.arg, &c->view.view);
}

static void on_pulled(struct eng_job *job, int rc, const struct err *e)
{
	struct create *c = job->data;
	struct err pe = *e;

	c->in_job = false;
	snprintf(c->hint, sizeof(c->hint), "%s", job->hint ? job->hint : "");
	eng_job_finish(job);
	if (rc == 0 && c->cancelled)
		rc = err_set(&pe, -ECANCELED, "canceled");
	if (rc < 0) {
		end(c, rc, &pe, c->hint);
		return;
	}
	c->pulled = true;
	look(c);
}

static void pull(struct create *c)
{
	struct job_desc d = { 0 };
	struct err e = { 0 };
	int rc = eng_pull_desc(c->op.b, &c->spec.pull, c->spec.image, c->spec.platform, &d, &e);

	c->job.event = on_job_event;
	c->job.data = c;
	if (rc == 0)
		rc = eng_job_start(&c->job, c->op.b->loop, &d, on_pulled, &e);
	job_desc_finish(&d);
	if (rc < 0)
		end(c, rc, &e, NULL);
	else
		c->in_job = true;
}

/* --- its root file system */

static void on_rootfs(struct rootfs_create *op, int rc, const struct err *e)
{
	struct create *c = op->data;
	struct err re = *e;

	c->in_rootfs = false;
	if (rc == 0 && c->cancelled)
		rc = err_set(&re, -ECANCELED, "canceled");
	if (rc < 0)
		end(c, rc, &re, NULL);
	else
		look(c);
}

static void build_rootfs(struct create *c)
{
	struct err e = { 0 };
	char *name = c->image.names && *c->image.names ? *c->image.names : NULL;
	int rc;

	c->rootfs.data = c;
	rc = rootfs_ensure_start(&c->rootfs, c->op.b->loop, c->op.b->store,
				 name ? name : c->image.image.manifest.config.digest.text, NULL, NULL, on_rootfs, &e);
	if (rc < 0)
		end(c, rc, &e, NULL);
	else
		c->in_rootfs = true;
}

/* --- in the pool: find the image, and write the container if all is there */

static int find_image(struct create *c, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	AUTO_FREE char *builtin = eng_builtin_images();

	if (!builtin)
		return -ENOMEM;
	if (c->have_image) {
		store_image_finish(&c->image);
		c->have_image = false;
	}
	if (c->spec.pull_policy == BERTH_PULL_ALWAYS && !c->pulled)
		return 0;
	int rc = store_image_take_in(c->op.b->store, builtin, c->spec.image, c->spec.platform_given,
				     NULL, &c->image, e);
	c->have_image = rc == 0;
	if (rc != -ENOENT || c->pulled || c->spec.pull_policy == BERTH_PULL_NEVER)
		return rc;
	int is_ref = oci_ref_try(c->spec.image, &ref, e);
	return is_ref < 0 ? is_ref : ref.transport != OCI_REGISTRY ? rc : 0; /* 0: it is to be pulled */
}

static int make_upper(int dir, uint64_t size, struct err *e)
{
	AUTO_CLOSE int fd = openat(dir, "upper.ext4", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct ext4_mkfs_opts o = { .fs = { .size = size, .journal = EXT4_JOURNAL_ORDERED }, .overlay = true };
	int rc;

	if (fd < 0)
		return err_sys(e, -errno, "cannot make the container's disk");
	file_random(o.fs.uuid, sizeof(o.fs.uuid));
	rc = ext4_mkfs(fd, &o, e);
	return rc < 0 ? err_wrap(e, rc, "the container's disk") : 0;
}

static int link_base(int dir, int base, struct err *e)
{
	AUTO_FREE char *self = path_fmt("/proc/self/fd/%d", base);

	if (!self)
		return err_set(e, -ENOMEM, "out of memory");
	return linkat(AT_FDCWD, self, dir, "base.ext4", AT_SYMLINK_FOLLOW) < 0 ?
		       err_sys(e, -errno, "cannot give the container its disk") : 0;
}

static int write_container(struct create *c, struct err *e)
{
	struct eng_owned *own = c->spec.own;
	AUTO_JSON cJSON *config = NULL;
	AUTO_CLOSE int dir = -1;
	int rc = container_new_id(c->id);

	if (rc < 0)
		return err_sys(e, rc, "cannot make an id");
	rc = create_config(&c->spec, c->id, &c->image, &config, e);
	if (rc < 0)
		return rc;
	dir = own ? container_create_owned(c->op.b->root, config, &own->lock, e) : container_create(c->op.b->root, config, e);
	if (dir < 0)
		return dir;
	rc = own ? link_base(dir, own->base, e) : 0;
	if (rc == 0)
		rc = make_upper(dir, c->spec.root_size, e);
	if (rc < 0)
		container_remove(c->op.b->root, c->id, NULL);
	else
		store_event_container(c->op.b->root, c->id, "create", NULL);
	return rc;
}

/* What cannot be the base of a container is told now, not by a guest that does not start. */
static int check_file(const char *path, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct ext4_reader *r;
	struct stat st;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EINVAL, "'%s' is not a file", path);
	rc = ext4_reader_open(fd, &r, e);
	if (rc < 0)
		return err_wrap(e, rc, "'%s'", path);
	struct ext4_info info;
	ext4_reader_info(r, &info);
	ext4_reader_close(r);
	return info.replayed ? err_set(e, -EINVAL, "the journal of '%s' is not finished: e2fsck finishes it", path) : 0;
}

static int look_in_pool(struct work *w, struct err *e)
{
	struct create *c = container_of(w, struct create, work);
	AUTO_FREE char *kernel = NULL;
	int rc = c->spec.o.kernel ? store_kernel_find(c->op.b->root, c->spec.o.kernel, &kernel, e) : 0;

	if (rc == -ENOENT)
		return -EINVAL; /* not the image's */
	if (rc == 0 && c->spec.o.rootfs) {
		rc = c->spec.own ? 0 : check_file(c->spec.o.rootfs, e);
		if (rc == 0)
			rc = write_container(c, e);
		c->have_rootfs = true;
		return rc == -ENOENT ? -EINVAL : rc;
	}
	if (rc == 0)
		rc = find_image(c, e);
	if (rc < 0 || !c->have_image)
		return rc;
	c->have_rootfs = store_rootfs_has(c->op.b->store, c->image.rootfs_key, NULL);
	return c->have_rootfs ? write_container(c, e) : 0;
}

static void on_looked(struct work *w, int rc, const struct err *we)
{
	struct create *c = container_of(w, struct create, work);
	struct err e = *we;

	if (rc < 0)
		end(c, rc, &e, rc == -ENOENT ? "berth pull gets images, berth images lists them" : NULL);
	else if (c->have_rootfs)
		end(c, 0, NULL, NULL);
	else if (c->cancelled)
		end(c, err_set(&e, -ECANCELED, "canceled"), &e, NULL);
	else if (!c->have_image)
		pull(c);
	else
		build_rootfs(c);
}

static void look(struct create *c)
{
	struct err e = { 0 };
	int rc = work_start(&c->work, c->op.b->loop, look_in_pool, on_looked);

	if (rc < 0)
		end(c, err_sys(&e, rc, "cannot start a thread"), &e, NULL);
}

static void cancel(struct berth_op *op)
{
	struct create *c = container_of(op, struct create, op);

	c->cancelled = true;
	if (c->in_job)
		eng_job_cancel(&c->job);
	if (c->in_rootfs)
		rootfs_create_cancel(&c->rootfs);
}

static int begin(struct berth *b, const struct berth_create *o, struct eng_owned *own, berth_progress_cb progress,
		 berth_created_cb done, void *arg, struct berth_op **ret, struct berth_error *be)
{
	struct create *c = calloc(1, sizeof(*c));
	struct err e = { 0 };
	int rc = c ? create_spec_init(&c->spec, &c->arena, &b->conf->conf, o, &e) : -ENOMEM;

	if (rc == 0) {
		c->spec.own = own;
		c->progress = progress;
		c->done = done;
		c->view.view.verb = "pull";
		c->view.view.object = c->spec.image;
		eng_op_begin(b, &c->op, arg, cancel, ret);
		rc = work_start(&c->work, b->loop, look_in_pool, on_looked);
		if (rc < 0)
			list_remove(&c->op.link);
	}
	if (rc < 0) {
		if (c) {
			create_spec_finish(&c->spec);
			eng_arena_finish(&c->arena);
		}
		free(c);
		return eng_refuse(be, rc, &e);
	}
	return 0;
}

int berth_container_create(struct berth *b, const struct berth_create *o, berth_progress_cb progress,
			   berth_created_cb done, void *arg, struct berth_op **ret, struct berth_error *be)
{
	return begin(b, o, NULL, progress, done, arg, ret, be);
}

int eng_container_create_owned(struct berth *b, const struct berth_create *o, struct eng_owned *own, berth_created_cb done,
			       void *arg, struct berth_op **ret, struct berth_error *be)
{
	return begin(b, o, own, NULL, done, arg, ret, be);
}
