/* SPDX-License-Identifier: Apache-2.0 */
/* copy-held.c - a machine over the disk of a container that does not run. */
#include "engine/copy-held.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/lock.h"

int copy_held_take(struct copy_held *h, struct berth *b, const struct container *c, struct err *e)
{
	AUTO_CLOSE int dir = container_open(b->root, c->id, e);

	if (dir < 0)
		return dir;
	h->b = b;
	h->own.lock = h->own.base = -1;
	memcpy(h->target, c->id, sizeof(h->target));
	snprintf(h->name, sizeof(h->name), "%.127s", json_str(c->config, "name") ?: c->id);
	h->lock = lock_try(dir, "lock", false, e);
	if (h->lock == -EWOULDBLOCK)
		return err_set(e, -EBUSY, "container %s was started meanwhile", h->name);
	if (h->lock < 0)
		return h->lock;
	h->taken = true;
	h->own.base = container_base_open(b->root, c->config, e);
	return MIN(h->own.base, 0);
}

/* --- up */

static void fail(struct copy_held *h, int rc, const struct berth_error *be)
{
	struct err e = { 0 };

	h->cb(h, err_set(&e, rc, "%s", be->text), &e);
}

static void on_held(void *arg, int rc, const struct berth_error *be, const struct berth_streams *s)
{
	struct copy_held *h = arg;
	struct err e = { 0 };

	h->sub = NULL;
	if (rc == 0 && h->cancelled)
		h->cb(h, err_set(&e, -ECANCELED, "canceled"), &e);
	else if (rc < 0)
		fail(h, rc, be);
	else
		h->cb(h, 0, &e);
}

/* Ours gets the other's disk. */
static int share_disk(struct work *w, struct err *e)
{
	struct copy_held *h = container_of(w, struct copy_held, work);
	AUTO_CLOSE int from = container_open(h->b->root, h->target, e);
	AUTO_CLOSE int to = from < 0 ? from : container_open(h->b->root, h->id, e);

	if (to < 0)
		return to;
	if (unlinkat(to, "upper.ext4", 0) < 0 || linkat(from, "upper.ext4", to, "upper.ext4", 0) < 0)
		return err_sys(e, -errno, "cannot reach the disk of container %s", h->name);
	return 0;
}

static void on_shared(struct work *w, int rc, const struct err *we)
{
	struct copy_held *h = container_of(w, struct copy_held, work);
	struct berth_error be = { 0 };
	struct err e = *we;

	if (rc == 0 && h->cancelled)
		rc = err_set(&e, -ECANCELED, "canceled");
	if (rc < 0) {
		h->cb(h, rc, &e);
		return;
	}
	rc = eng_container_hold(h->b, h->id, on_held, h, &h->sub, &be);
	if (rc < 0)
		fail(h, rc, &be);
}

static void on_created(void *arg, int rc, const struct berth_error *be, const char *id)
{
	struct copy_held *h = arg;
	struct err e = { 0 };

	h->sub = NULL;
	if (rc < 0) {
		fail(h, rc, be);
		return;
	}
	snprintf(h->id, sizeof(h->id), "%s", id);
	rc = work_start(&h->work, h->b->loop, share_disk, on_shared);
	if (rc < 0)
		h->cb(h, err_sys(&e, rc, "cannot start a thread"), &e);
}

int copy_held_start(struct copy_held *h, copy_held_cb cb, struct err *e)
{
	static const char *const args[] = { "/", NULL }; /* never started */
	const struct berth_create c = { .rootfs = h->name, .args = args, .hostname = "localhost", .network = "none" };
	struct berth_error be = { 0 };
	int rc;

	h->cb = cb;
	rc = eng_container_create_owned(h->b, &c, &h->own, on_created, h, &h->sub, &be);
	return rc < 0 ? err_set(e, rc, "%s", be.text) : 0;
}

void copy_held_cancel(struct copy_held *h)
{
	h->cancelled = true;
	if (h->sub)
		berth_op_cancel(h->sub);
}

/* --- down */

static void over(struct copy_held *h)
{
	auto_close(&h->own.lock);
	auto_close(&h->own.base);
	auto_close(&h->lock);
	h->taken = false;
	h->cb(h, h->rc, &h->err);
}

static void on_removed(void *arg, int rc, const struct berth_error *be)
{
	struct copy_held *h = arg;

	if (rc < 0 && rc != -ENOENT && h->rc == 0)
		h->rc = err_set(&h->err, rc, "%s", be->text);
	over(h);
}

static int settle(struct work *w, struct err *e)
{
	struct copy_held *h = container_of(w, struct copy_held, work);
	int rc = 0;

	if (h->files) {
		rc = h->files->ops->settle(h->files, e);
		h->files->ops->close(h->files);
	}
	return rc;
}

static void on_settled(struct work *w, int rc, const struct err *e)
{
	struct copy_held *h = container_of(w, struct copy_held, work);

	h->rc = rc;
	h->err = *e;
	if (!*h->id || berth_container_remove(h->b, h->id, BERTH_REMOVE_FORCE, on_removed, h, NULL) < 0)
		over(h);
}

void copy_held_end(struct copy_held *h, struct copy_files *files, copy_held_cb cb)
{
	struct err e = { 0 };

	h->files = files;
	h->cb = cb;
	if (work_start(&h->work, h->b->loop, settle, on_settled) < 0)
		on_settled(&h->work, settle(&h->work, &e), &e);
}
