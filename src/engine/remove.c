/* SPDX-License-Identifier: Apache-2.0 */
/* remove.c - a container taken away: stopped first if asked to, then its folder goes. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/str.h"
#include "engine/engine.h"
#include "store/events.h"
#include "store/trash.h"

struct removal {
	struct berth_op op;
	struct work work;
	berth_done_cb done;
	char name[256];
	unsigned flags;
	bool stopped, running;
	bool silent; /* its shim does not answer: it is killed */
};

static void look(struct removal *r);

static void end(struct removal *r, int rc, const struct err *e, const char *hint)
{
	struct berth_error be = { 0 };

	eng_op_end(&r->op);
	r->done(r->op.arg, rc, eng_error(&be, rc, e, hint));
	free(r);
}

/* The caller holds its lock. */
static int take_away(struct berth *b, const char *id, bool trash, struct err *e)
{
	AUTO_FREE char *run_dir = eng_run_dir(b, id);
	AUTO(container_finish) struct container c = { 0 };
	int rc;

	if (run_dir)
		file_remove_tree(AT_FDCWD, run_dir, NULL); /* of a shim that was killed */
	container_read(b->root, id, &c, NULL);
	rc = trash ? store_trash_container(b->store, id, e) : container_remove(b->root, id, e);
	if (rc == 0 && c.config)
		store_event(b->root, "container", "delete", id, json_str(c.config, "name") ?: "",
			    (const char *[]){ "image", json_str(c.config, "image") ?: "", trash ? "trash" : NULL, id, NULL });
	return rc;
}

int eng_container_take_away(struct berth *b, const char *id, bool trash, struct err *e)
{
	AUTO_CLOSE int dir = container_open(b->root, id, e);
	AUTO_CLOSE int lock = dir < 0 ? dir : lock_try(dir, "lock", false, e);

	if (lock == -EWOULDBLOCK)
		return err_set(e, -EBUSY, "container %.12s is running", id);
	return lock < 0 ? lock : take_away(b, id, trash, e);
}

bool eng_take_orphan(struct berth *b, const struct container *c)
{
	return !c->alive && container_is_orphan(b->root, c) && eng_container_take_away(b, c->id, false, NULL) == 0;
}

void eng_take_orphans(struct berth *b)
{
	char **ids = NULL;

	if (container_ids(b->root, &ids, NULL) < 0)
		return;
	for (char **id = ids; *id; id++) {
		AUTO(container_finish) struct container c = { 0 };

		if (container_read(b->root, *id, &c, NULL) == 0)
			eng_take_orphan(b, &c);
	}
	strv_free(ids);
}

static int remove_in_pool(struct work *w, struct err *e)
{
	struct removal *r = container_of(w, struct removal, work);
	AUTO_CLOSE int dir = -1;
	AUTO_CLOSE int lock = -1;
	AUTO(container_finish) struct container c = { 0 };
	char id[CONTAINER_ID_LEN + 1];
	int rc = container_find(r->op.b->root, r->name, id, e);

	if (rc < 0)
		return r->stopped && rc == -ENOENT ? 0 : rc; /* --rm was quicker */
	dir = container_open(r->op.b->root, id, e);
	if (dir < 0)
		return dir;
	lock = lock_try(dir, "lock", false, e);
	r->running = lock == -EWOULDBLOCK;
	if (r->running && !(r->flags & BERTH_REMOVE_FORCE)) {
		bool known = container_read(r->op.b->root, id, &c, NULL) == 0 && c.alive;

		return err_set(e, -EBUSY, "container %s is %s", r->name, known ? container_state_word(&c) : "running");
	}
	if (r->running && r->silent) {
		r->silent = false;
		rc = eng_shim_kill(r->op.b, r->name, e);
		if (rc == 0)
			lock = lock_try(dir, "lock", false, e);
		if (rc < 0)
			return rc;
		r->running = lock == -EWOULDBLOCK;
	}
	if (r->running)
		return 0;
	return lock < 0 ? lock : take_away(r->op.b, id, r->flags & BERTH_REMOVE_TRASH, e);
}

static void on_stopped(void *arg, int rc, const struct berth_error *be)
{
	struct removal *r = arg;
	struct err e = { 0 };

	r->stopped = true;
	r->silent = rc == -ETIMEDOUT;
	if (rc < 0 && rc != -ENOENT && !r->silent)
		end(r, err_set(&e, rc, "%s", be->text), &e, NULL);
	else
		look(r);
}

static void on_removed(struct work *w, int rc, const struct err *we)
{
	struct removal *r = container_of(w, struct removal, work);
	struct berth_error be = { 0 };
	struct err e = *we;

	if (rc == 0 && r->running && r->stopped)
		rc = err_set(&e, -EBUSY, "container %s is still running", r->name);
	if (rc == 0 && r->running) {
		rc = berth_container_stop(r->op.b, r->name, 0, on_stopped, r, &be);
		if (rc == 0)
			return;
		err_set(&e, rc, "%s", be.text);
	}
	end(r, rc, &e, rc == -EBUSY && !(r->flags & BERTH_REMOVE_FORCE) ? "berth stop ends it, berth rm -f does both" : NULL);
}

static void look(struct removal *r)
{
	struct err e = { 0 };
	int rc = work_start(&r->work, r->op.b->loop, remove_in_pool, on_removed);

	if (rc < 0)
		end(r, err_sys(&e, rc, "cannot start a thread"), &e, NULL);
}

int berth_container_remove(struct berth *b, const char *name, unsigned flags, berth_done_cb done, void *arg,
			   struct berth_error *be)
{
	struct removal *r = calloc(1, sizeof(*r));
	unsigned console;
	struct err e = { 0 };
	int rc = r ? eng_split_console(name, r->name, &console, &e) : -ENOMEM;

	if (rc == 0) {
		r->flags = flags;
		r->done = done;
		eng_op_begin(b, &r->op, arg, NULL, NULL);
		rc = work_start(&r->work, b->loop, remove_in_pool, on_removed);
		if (rc < 0)
			list_remove(&r->op.link);
	}
	if (rc < 0) {
		free(r);
		return eng_refuse(be, rc, &e);
	}
	return 0;
}
