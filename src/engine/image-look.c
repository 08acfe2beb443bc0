/* SPDX-License-Identifier: Apache-2.0 */
/* image-look.c - what an image was made by, and whether it is still what it was. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "engine/findings.h"
#include "store/image.h"
#include "store/verify.h"

/* --- history */

struct history {
	struct eng_pool pool;
	berth_image_steps_cb done;
	char *ref;
	struct eng_arena arena;
	struct berth_image_step *rows;
	size_t n;
};

static void history_free(struct eng_pool *p)
{
	struct history *h = container_of(p, struct history, pool);

	eng_arena_finish(&h->arena);
	free(h->rows);
	free(h->ref);
	free(h);
}

static struct berth_image_step step_of(struct history *h, const struct oci_history *s)
{
	int64_t ns = 0;

	if (s && s->created)
		clock_parse_rfc3339(s->created, &ns);
	return (struct berth_image_step){
		.created = ns,
		.created_by = eng_arena_str(&h->arena, s && s->created_by ? s->created_by : ""),
		.comment = eng_arena_str(&h->arena, s && s->comment ? s->comment : ""),
		.author = eng_arena_str(&h->arena, s && s->author ? s->author : ""),
	};
}

/* Layers lie under the steps that say to have made one; those that are left over come on top, without words. */
static int steps_of(struct history *h, const struct oci_image *m, struct err *e)
{
	size_t nsteps = m->config.nhistory, layer = 0, max = nsteps + m->manifest.nlayers;
	struct berth_image_step *v = calloc(max + 1, sizeof(*v));

	if (!v)
		return err_set(e, -ENOMEM, "out of memory");
	h->rows = v;
	for (size_t i = 0; i < nsteps || layer < m->manifest.nlayers; i++) {
		const struct oci_history *s = i < nsteps ? &m->config.history[i] : NULL;
		struct berth_image_step *row = &v[max - 1 - i];

		*row = step_of(h, s);
		h->n++;
		if ((!s || !s->empty_layer) && layer < m->manifest.nlayers) {
			row->layer = eng_arena_str(&h->arena, m->manifest.layers[layer].digest.text);
			row->size_bytes = m->manifest.layers[layer++].size;
		}
	}
	memmove(v, v + max - h->n, h->n * sizeof(*v));
	if (h->n)
		v[0].id = eng_arena_str(&h->arena, m->manifest.config.digest.text);
	return h->arena.failed ? err_set(e, -ENOMEM, "out of memory") : 0;
}

static int history_run(struct eng_pool *p, struct err *e)
{
	struct history *h = container_of(p, struct history, pool);
	AUTO(store_image_finish) struct store_image m = { 0 };
	int rc = eng_image_find(p->op.b, h->ref, &m, e);

	return rc < 0 ? rc : steps_of(h, &m.image, e);
}

static void history_end(struct eng_pool *p, int rc, const struct berth_error *e)
{
	struct history *h = container_of(p, struct history, pool);

	h->done(p->op.arg, rc, e, h->rows, rc < 0 ? 0 : h->n);
}

int berth_image_history(struct berth *b, const char *ref, berth_image_steps_cb done, void *arg, struct berth_error *e)
{
	struct history *h = calloc(1, sizeof(*h));

	if (!h || !(h->ref = strdup(ref))) {
		free(h);
		return eng_refuse(e, -ENOMEM, NULL);
	}
	h->pool = (struct eng_pool){ .run = history_run, .end = history_end, .free = history_free };
	h->done = done;
	return eng_pool_start(&h->pool, b, arg, NULL, e);
}

/* --- verify */

struct verifying {
	struct eng_findings f;
	char *ref;
};

static void verify_free(struct eng_pool *p)
{
	struct verifying *v = container_of(p, struct verifying, f.pool);

	eng_findings_finish(&v->f);
	free(v->ref);
	free(v);
}

static int verify_run(struct eng_pool *p, struct err *e)
{
	struct verifying *v = container_of(p, struct verifying, f.pool);
	struct oci_desc d;
	int rc = eng_image_resolve(p->op.b, v->ref, &d, e);

	return rc < 0 ? rc : store_image_verify(p->op.b->store, &d, v->ref, true, &p->pace, &v->f.check.findings, e);
}

int berth_image_verify(struct berth *b, const char *ref, berth_progress_cb progress, berth_findings_cb done, void *arg,
		       struct berth_op **op, struct berth_error *e)
{
	struct verifying *v = calloc(1, sizeof(*v));

	if (!v || !(v->ref = strdup(ref))) {
		free(v);
		return eng_refuse(e, -ENOMEM, NULL);
	}
	v->f.pool = (struct eng_pool){ .run = verify_run, .end = eng_findings_end, .free = verify_free, .progress = progress,
				       .view = { .verb = "verify", .object = v->ref, .stage = "reading" } };
	v->f.done = done;
	return eng_pool_start(&v->f.pool, b, arg, op, e);
}
