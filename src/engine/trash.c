/* SPDX-License-Identifier: Apache-2.0 */
/* trash.c - what was deleted: listed, given back, gone for good. */
#include "store/trash.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "engine/engine.h"
#include "store/gc.h"

struct trash_op {
	struct berth_op op;
	struct work work;
	union {
		berth_trash_cb list;
		berth_lines_cb lines;
		berth_done_cb done;
	} cb;
	char *what; /* NULL: all */
	struct store_trash *v;
	size_t n;
	char *name;
};

static void op_free(struct trash_op *o)
{
	store_trash_list_free(o->v, o->n);
	free(o->what);
	free(o->name);
	free(o);
}

/* Takes o over. */
static int op_start(struct berth *b, struct trash_op *o, const char *what, void *arg,
		    int (*run)(struct work *w, struct err *e),
		    void (*done)(struct work *w, int rc, const struct err *e), struct berth_error *be)
{
	int rc = -ENOMEM;

	if (o && (!what || (o->what = strdup(what)))) {
		eng_op_begin(b, &o->op, arg, NULL, NULL);
		rc = work_start(&o->work, b->loop, run, done);
		if (rc < 0)
			list_remove(&o->op.link);
	}
	if (rc < 0) {
		if (o)
			op_free(o);
		return eng_refuse(be, rc, NULL);
	}
	return 0;
}

/* --- list */

static int list_in_pool(struct work *w, struct err *e)
{
	struct trash_op *o = container_of(w, struct trash_op, work);

	return store_trash_list(o->op.b->store, &o->v, &o->n, e);
}

static void on_listed(struct work *w, int rc, const struct err *e)
{
	struct trash_op *o = container_of(w, struct trash_op, work);
	AUTO_FREE struct berth_trash *view = rc == 0 ? calloc(o->n + 1, sizeof(*view)) : NULL;
	struct berth_error be = { 0 };

	for (size_t i = 0; view && i < o->n; i++)
		view[i] = (struct berth_trash){ .id = o->v[i].id, .kind = o->v[i].kind, .name = o->v[i].name,
						.deleted = o->v[i].deleted, .size_bytes = o->v[i].size_bytes };
	if (rc == 0 && !view)
		rc = -ENOMEM;
	eng_op_end(&o->op);
	o->cb.list(o->op.arg, rc, eng_error(&be, rc, e, NULL), view, view ? o->n : 0);
	op_free(o);
}

int berth_trash_list(struct berth *b, berth_trash_cb done, void *arg, struct berth_error *e)
{
	struct trash_op *o = calloc(1, sizeof(*o));

	if (o)
		o->cb.list = done;
	return op_start(b, o, NULL, arg, list_in_pool, on_listed, e);
}

/* --- restore */

static int restore_in_pool(struct work *w, struct err *e)
{
	struct trash_op *o = container_of(w, struct trash_op, work);

	return store_trash_restore(o->op.b->store, o->what, &o->name, e);
}

static void on_restored(struct work *w, int rc, const struct err *e)
{
	struct trash_op *o = container_of(w, struct trash_op, work);
	const char *lines[] = { o->name, NULL };
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	o->cb.lines(o->op.arg, rc,
		    eng_error(&be, rc, e, rc == -EEXIST ? "berth rename gives the other container another name" : NULL),
		    lines, rc == 0);
	op_free(o);
}

int berth_trash_restore(struct berth *b, const char *what, berth_lines_cb done, void *arg, struct berth_error *e)
{
	struct trash_op *o = calloc(1, sizeof(*o));

	if (o)
		o->cb.lines = done;
	return op_start(b, o, what, arg, restore_in_pool, on_restored, e);
}

/* --- purge */

static int purge_in_pool(struct work *w, struct err *e)
{
	struct trash_op *o = container_of(w, struct trash_op, work);
	struct store_gc_stats gone;
	int rc = store_trash_purge(o->op.b->store, o->what, e);

	return rc < 0 ? rc : store_gc(o->op.b->store, false, &gone, e);
}

static void on_purged(struct work *w, int rc, const struct err *e)
{
	struct trash_op *o = container_of(w, struct trash_op, work);
	struct berth_error be = { 0 };

	eng_op_end(&o->op);
	o->cb.done(o->op.arg, rc, eng_error(&be, rc, e, NULL));
	op_free(o);
}

int berth_trash_purge(struct berth *b, const char *what, berth_done_cb done, void *arg, struct berth_error *e)
{
	struct trash_op *o = calloc(1, sizeof(*o));

	if (o)
		o->cb.done = done;
	return op_start(b, o, what, arg, purge_in_pool, on_purged, e);
}
