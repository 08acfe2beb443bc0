/* SPDX-License-Identifier: Apache-2.0 */
/* upkeep.c - the store checked, mended, measured and pruned. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "engine/findings.h"
#include "engine/job.h"
#include "store/events.h"
#include "store/gc.h"
#include "store/prune.h"
#include "store/usage.h"

/* --- findings */

void eng_findings_finish(struct eng_findings *f)
{
	store_check_finish(&f->check);
}

void eng_findings_end(struct eng_pool *p, int rc, const struct berth_error *e)
{
	struct eng_findings *f = container_of(p, struct eng_findings, pool);
	size_t n = rc < 0 ? 0 : f->check.findings.n;
	AUTO_FREE struct berth_finding *v = calloc(n + 1, sizeof(*v));
	struct berth_findings all = { v, n, f->check.leftovers, f->check.leftover_bytes };
	struct berth_error be = { 0 };

	if (!v)
		e = eng_error(&be, rc = -ENOMEM, NULL, NULL);
	for (size_t i = 0; v && i < n; i++) {
		const struct store_finding *row = &f->check.findings.v[i];

		v[i] = (struct berth_finding){ row->kind, row->object, row->text, row->repaired };
	}
	f->done(p->op.arg, rc, e, rc < 0 ? NULL : &all);
}

/* --- check */

struct checking {
	struct eng_findings f;
	unsigned flags;
};

static void check_free(struct eng_pool *p)
{
	struct checking *c = container_of(p, struct checking, f.pool);

	eng_findings_finish(&c->f);
	free(c);
}

static int check_run(struct eng_pool *p, struct err *e)
{
	struct checking *c = container_of(p, struct checking, f.pool);
	int rc = store_check(p->op.b->store, !(c->flags & BERTH_CHECK_QUICK), &p->pace, &c->f.check, e);

	if (rc == 0 && c->flags & BERTH_CHECK_REPAIR && c->f.check.findings.n)
		rc = store_repair(p->op.b->store, &c->f.check, e);
	return rc;
}

int berth_system_check(struct berth *b, unsigned flags, berth_progress_cb progress, berth_findings_cb done, void *arg,
		       struct berth_op **op, struct berth_error *e)
{
	struct checking *c = calloc(1, sizeof(*c));

	if (!c)
		return eng_refuse(e, -ENOMEM, NULL);
	c->f.pool = (struct eng_pool){ .run = check_run, .end = eng_findings_end, .free = check_free, .progress = progress,
				       .view = { .verb = "check", .object = b->root, .stage = "reading" } };
	c->f.done = done;
	c->flags = flags;
	return eng_pool_start(&c->f.pool, b, arg, op, e);
}

/* --- df */

struct measuring {
	struct eng_pool pool;
	berth_usage_cb done;
	struct store_usage u[STORE_USE_NKINDS];
};

static void df_free(struct eng_pool *p)
{
	free(container_of(p, struct measuring, pool));
}

static int df_run(struct eng_pool *p, struct err *e)
{
	return store_usage(p->op.b->store, container_of(p, struct measuring, pool)->u, e);
}

static void df_end(struct eng_pool *p, int rc, const struct berth_error *e)
{
	struct measuring *m = container_of(p, struct measuring, pool);
	struct berth_usage rows[STORE_USE_NKINDS];

	for (int k = 0; k < STORE_USE_NKINDS; k++)
		rows[k] = (struct berth_usage){ store_usage_word((enum store_usage_kind)k), m->u[k].count, m->u[k].bytes,
						m->u[k].reclaimable };
	m->done(p->op.arg, rc, e, rows, rc < 0 ? 0 : STORE_USE_NKINDS);
}

int berth_system_df(struct berth *b, berth_usage_cb done, void *arg, struct berth_error *e)
{
	struct measuring *m = calloc(1, sizeof(*m));

	if (!m)
		return eng_refuse(e, -ENOMEM, NULL);
	m->pool = (struct eng_pool){ .run = df_run, .end = df_end, .free = df_free };
	m->done = done;
	return eng_pool_start(&m->pool, b, arg, NULL, e);
}

/* --- prune */

struct pruning {
	struct eng_pool pool;
	berth_pruned_cb done;
	unsigned flags;
	char **lines;
	size_t n;
	uint64_t bytes;
};

static void prune_free(struct eng_pool *p)
{
	struct pruning *r = container_of(p, struct pruning, pool);

	strv_free(r->lines);
	free(r);
}

static int add_line(struct pruning *r, const char *word, const char *what, struct err *e)
{
	char **more = reallocarray(r->lines, r->n + 2, sizeof(*more));

	if (more)
		r->lines = more;
	if (!more || asprintf(&more[r->n], "%s: %s", word, what) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	more[++r->n] = NULL;
	return 0;
}

/* A process that lives has it for itself, though it does not run now. */
static bool has_owner(const struct berth *b, const char *id)
{
	AUTO(container_finish) struct container c = { 0 };

	return container_read(b->root, id, &c, NULL) == 0 && json_bool(c.config, "owned", false) &&
	       !container_is_orphan(b->root, &c);
}

/* All that do not run, as docker does it. */
static int prune_containers(struct pruning *r, struct err *e)
{
	struct berth *b = r->pool.op.b;
	char **ids = NULL;
	int rc = container_ids(b->root, &ids, e);

	for (char **id = ids; rc == 0 && id && *id; id++) {
		AUTO_CLOSE int dir = container_open(b->root, *id, NULL);
		uint64_t bytes = dir < 0 ? 0 : store_tree_bytes(dir, ".");

		rc = pace_step(&r->pool.pace, 0, e);
		if (rc < 0)
			break;
		rc = has_owner(b, *id) ? -EBUSY : eng_container_take_away(b, *id, false, e);
		if (rc == 0) {
			r->bytes += bytes;
			rc = add_line(r, "Deleted container", *id, e);
		} else if (rc == -EBUSY || rc == -ENOENT) {
			rc = 0;
		}
	}
	strv_free(ids);
	return rc;
}

static int prune_images(struct pruning *r, struct err *e)
{
	struct berth *b = r->pool.op.b;
	struct store_pruned gone;
	struct err lines = { 0 };
	int rc = store_prune_images(b->store, r->flags & BERTH_PRUNE_ALL_IMAGES, &r->pool.pace, &gone, e), told = 0;

	for (size_t i = 0; i < gone.nuntagged && told == 0; i++) {
		store_event(b->root, "image", "untag", "", gone.untagged[i], NULL);
		told = add_line(r, "Untagged", gone.untagged[i], &lines);
	}
	for (size_t i = 0; i < gone.ndeleted && told == 0; i++) {
		store_event(b->root, "image", "delete", gone.deleted[i], "", NULL);
		told = add_line(r, "Deleted", gone.deleted[i], &lines);
	}
	store_pruned_finish(&gone);
	if (rc == 0 && told < 0) {
		*e = lines;
		rc = told;
	}
	return rc;
}

static int prune_run(struct eng_pool *p, struct err *e)
{
	struct pruning *r = container_of(p, struct pruning, pool);
	struct store_gc_stats gone = { 0 };
	int rc;

	eng_jobs_sweep(p->op.b->run_root);
	eng_take_orphans(p->op.b);
	rc = r->flags & BERTH_PRUNE_CONTAINERS ? prune_containers(r, e) : 0;
	if (rc == 0)
		rc = prune_images(r, e);
	if (rc == 0)
		rc = store_gc(p->op.b->store, r->flags & BERTH_PRUNE_PARTS, &gone, e);
	r->bytes += gone.bytes;
	return rc;
}

static void prune_end(struct eng_pool *p, int rc, const struct berth_error *e)
{
	struct pruning *r = container_of(p, struct pruning, pool);

	r->done(p->op.arg, rc, e, (const char *const *)r->lines, r->n, r->bytes);
}

int berth_prune(struct berth *b, unsigned flags, berth_pruned_cb done, void *arg, struct berth_op **op,
		struct berth_error *e)
{
	struct pruning *r = calloc(1, sizeof(*r));

	if (!r)
		return eng_refuse(e, -ENOMEM, NULL);
	r->pool = (struct eng_pool){ .run = prune_run, .end = prune_end, .free = prune_free };
	r->done = done;
	r->flags = flags;
	return eng_pool_start(&r->pool, b, arg, op, e);
}
