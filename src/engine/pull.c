/* SPDX-License-Identifier: Apache-2.0 */
/* pull.c - images fetched and pushed by jobs, and the jobs that run. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "engine/create.h"
#include "engine/engine.h"
#include "engine/job.h"
#include "oci/ref.h"

struct pull_op {
	struct berth_op op;
	struct eng_job job;
	struct eng_progress view;
	char *object;
	berth_progress_cb progress;
	berth_pulled_cb pulled; /* one of the three */
	berth_pushed_cb pushed;
	berth_done_cb done;
};

static void on_event(struct eng_job *job, const char *name, const cJSON *event)
{
	struct pull_op *p = job->data;

	p->view.view.job = job->id;
	if (eng_progress_take(&p->view, name, event) && p->progress)
		p->progress(p->op.arg, &p->view.view);
}

static void on_end(struct eng_job *job, int rc, const struct err *e)
{
	struct pull_op *p = job->data;
	struct berth_error be = { 0 };
	const struct berth_error *err = eng_error(&be, rc, e, job->hint);
	const char *digest = json_str(job->result, "digest"), *image = json_str(job->result, "image");

	if (rc == 0 && !digest && !p->done) /* it goes on without us */
		err = eng_error(&be, rc = -ECANCELED, NULL, NULL);
	eng_op_end(&p->op);
	if (p->pulled)
		p->pulled(p->op.arg, rc, err, digest, image);
	else if (p->pushed)
		p->pushed(p->op.arg, rc, err, digest, (uint64_t)json_int(job->result, "sent", 0));
	else
		p->done(p->op.arg, rc, err);
	eng_job_finish(job);
	eng_progress_finish(&p->view);
	free(p->object);
	free(p);
}

static void cancel(struct berth_op *op)
{
	eng_job_cancel(&container_of(op, struct pull_op, op)->job);
}

static void keep(struct berth_op *op)
{
	eng_job_detach(&container_of(op, struct pull_op, op)->job);
}

static struct pull_op *pull_new(const char *verb, const char *object, berth_progress_cb progress)
{
	struct pull_op *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->object = strdup(object);
	p->progress = progress;
	p->job.event = on_event;
	p->job.data = p;
	p->view.view.verb = verb;
	p->view.view.object = p->object;
	return p;
}

/* d is finished. p may be NULL: there was no memory for it. */
static int start(struct berth *b, struct pull_op *p, struct job_desc *d, int rc, void *arg, struct berth_op **op,
		 struct err *e, struct berth_error *be)
{
	if (rc == 0) {
		free(p->object);
		p->object = strdup(d->ref);
		p->view.view.object = p->object;
		rc = eng_job_start(&p->job, b->loop, d, on_end, e);
	}
	job_desc_finish(d);
	if (rc < 0) {
		if (p)
			free(p->object);
		free(p);
		return eng_refuse(be, rc, e);
	}
	eng_op_begin(b, &p->op, arg, cancel, op);
	p->op.keep = keep;
	return 0;
}

int berth_pull(struct berth *b, const struct berth_pull *o, berth_progress_cb progress, berth_pulled_cb done,
	       void *arg, struct berth_op **op, struct berth_error *be)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	struct job_desc d = { 0 };
	struct err e = { 0 };

	if (oci_ref_parse(o->ref, &ref, NULL) == 0 && ref.transport != OCI_REGISTRY)
		return eng_pull_file(b, &ref, progress, done, arg, op, be);
	struct pull_op *p = pull_new("pull", o->ref, progress);
	int rc = p ? eng_pull_desc(b, o, o->ref, o->platform, &d, &e) : -ENOMEM;

	if (p)
		p->pulled = done;
	return start(b, p, &d, rc, arg, op, &e, be);
}

int berth_push(struct berth *b, const struct berth_push *o, berth_progress_cb progress, berth_pushed_cb done,
	       void *arg, struct berth_op **op, struct berth_error *be)
{
	struct pull_op *p = pull_new("push", o->dest ? o->dest : o->ref, progress);
	struct job_desc d = { 0 };
	struct err e = { 0 };
	int rc = p ? eng_push_desc(b, o, &d, &e) : -ENOMEM;

	if (p)
		p->pushed = done;
	return start(b, p, &d, rc, arg, op, &e, be);
}

/* --- jobs */

struct jobs_op {
	struct berth_op op;
	struct work work;
	berth_jobs_cb list;
	berth_done_cb done;
	char *id;
	struct eng_job_info *v;
	size_t n;
};

static int load_jobs(struct work *w, struct err *e)
{
	struct jobs_op *o = container_of(w, struct jobs_op, work);

	return eng_job_list(o->op.b->run_root, &o->v, &o->n, e);
}

static void on_jobs(struct work *w, int rc, const struct err *e)
{
	struct jobs_op *o = container_of(w, struct jobs_op, work);
	struct berth_job *rows = calloc(o->n + 1, sizeof(*rows));
	struct berth_error be = { 0 };

	if (!rows)
		rc = -ENOMEM;
	for (size_t i = 0; rc == 0 && i < o->n; i++) {
		rows[i] = (struct berth_job){ .id = o->v[i].id, .verb = o->v[i].kind, .object = o->v[i].ref,
					      .state = "running" };
		if (!o->v[i].started || clock_parse_rfc3339(o->v[i].started, &rows[i].started) < 0)
			rows[i].started = 0;
	}
	eng_op_end(&o->op);
	o->list(o->op.arg, rc, eng_error(&be, rc, e, NULL), rows, rc < 0 ? 0 : o->n);
	eng_job_list_free(o->v, o->n);
	free(rows);
	free(o);
}

int berth_job_list(struct berth *b, berth_jobs_cb done, void *arg, struct berth_error *be)
{
	struct jobs_op *o = calloc(1, sizeof(*o));
	int rc;

	if (!o)
		return eng_refuse(be, -ENOMEM, NULL);
	o->list = done;
	eng_op_begin(b, &o->op, arg, NULL, NULL);
	rc = work_start(&o->work, b->loop, load_jobs, on_jobs);
	if (rc < 0) {
		list_remove(&o->op.link);
		free(o);
		return eng_refuse(be, rc, NULL);
	}
	return 0;
}

static int join(struct berth *b, const char *id, berth_progress_cb progress, berth_done_cb done, void *arg,
		struct berth_op **op, struct pull_op **ret, struct berth_error *be)
{
	struct pull_op *p = pull_new("job", id, progress);
	struct err e = { 0 };
	int rc = p ? eng_job_join(&p->job, b->loop, b->run_root, id, on_end, &e) : -ENOMEM;

	if (rc < 0) {
		if (p)
			free(p->object);
		free(p);
		return eng_refuse(be, rc, &e);
	}
	p->done = done;
	eng_op_begin(b, &p->op, arg, keep, op); /* to leave is not to cancel */
	p->op.keep = keep;
	*ret = p;
	return 0;
}

int berth_job_follow(struct berth *b, const char *id, berth_progress_cb progress, berth_done_cb done, void *arg,
		     struct berth_op **op, struct berth_error *e)
{
	struct pull_op *p;

	return join(b, id, progress, done, arg, op, &p, e);
}

struct cancel_op {
	berth_done_cb done;
	void *arg;
};

static void on_cancelled(void *arg, int rc, const struct berth_error *e)
{
	struct cancel_op *c = arg;

	/* That it ended canceled is what was asked for. */
	c->done(c->arg, rc == -ECANCELED ? 0 : rc, rc == -ECANCELED ? NULL : e);
	free(c);
}

int berth_job_cancel(struct berth *b, const char *id, berth_done_cb done, void *arg, struct berth_error *e)
{
	struct cancel_op *c = malloc(sizeof(*c));
	struct pull_op *p;
	int rc;

	if (!c)
		return eng_refuse(e, -ENOMEM, NULL);
	*c = (struct cancel_op){ done, arg };
	rc = join(b, id, NULL, on_cancelled, c, NULL, &p, e);
	if (rc < 0)
		free(c);
	else
		eng_job_cancel_all(&p->job);
	return rc;
}
