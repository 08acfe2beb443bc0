/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - what a registry has, asked by jobs: lists of tags, manifests, what refers to them. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "engine/create.h"
#include "engine/engine.h"
#include "engine/job.h"
#include "oci/ref.h"

struct asking {
	struct berth_op op;
	struct eng_job job;
	berth_lines_cb tags;
	berth_manifest_cb manifest;
	berth_referrers_cb referrers; /* one of the three */
	struct buf text;  /* of the manifest; or all tags, each with a 0 behind it */
	cJSON *list;      /* of referrers */
	size_t ntags;
	bool no_memory;
};

static void asking_free(struct asking *a)
{
	buf_finish(&a->text);
	cJSON_Delete(a->list);
	free(a);
}

static void on_event(struct eng_job *job, const char *name, const cJSON *event)
{
	struct asking *a = job->data;
	const cJSON *it;
	const char *text = json_str(event, "text");

	if (strcmp(name, "data") == 0 && text && buf_adds(&a->text, text) < 0)
		a->no_memory = true;
	if (strcmp(name, "referrer") == 0 && a->list && json_obj(event, "referrer")) {
		cJSON *one = cJSON_Duplicate(json_obj(event, "referrer"), true);

		if (!one || !cJSON_AddItemToArray(a->list, one))
			a->no_memory = true;
	}
	if (strcmp(name, "tags") != 0)
		return;
	cJSON_ArrayForEach(it, json_arr(event, "tags"))
	{
		if (!cJSON_IsString(it))
			continue;
		if (buf_add(&a->text, it->valuestring, strlen(it->valuestring) + 1) < 0)
			a->no_memory = true;
		else
			a->ntags++;
	}
}

static void tell_tags(struct asking *a, int rc, const struct berth_error *e)
{
	const char **lines = calloc(a->ntags + 1, sizeof(*lines)), *p = (char *)a->text.p;
	struct berth_error be = { 0 };

	if (!lines) {
		rc = -ENOMEM;
		e = eng_error(&be, rc, NULL, NULL);
	}
	for (size_t i = 0; lines && i < a->ntags; i++, p += strlen(p) + 1)
		lines[i] = p;
	a->tags(a->op.arg, rc, e, lines, rc < 0 ? 0 : a->ntags);
	free(lines);
}

static void tell_referrers(struct asking *a, int rc, const struct berth_error *e, const char *digest)
{
	AUTO_FREE char *json = rc == 0 ? json_print(a->list) : NULL;
	struct berth_error be = { 0 };

	if (rc == 0 && !json) {
		rc = -ENOMEM;
		e = eng_error(&be, rc, NULL, NULL);
	}
	a->referrers(a->op.arg, rc, e, digest, json);
}

static void on_end(struct eng_job *job, int rc, const struct err *e)
{
	struct asking *a = job->data;
	struct berth_error be = { 0 };

	if (rc == 0 && a->no_memory)
		rc = -ENOMEM;
	const struct berth_error *err = eng_error(&be, rc, e, job->hint);

	eng_op_end(&a->op);
	if (a->tags)
		tell_tags(a, rc, err);
	else if (a->referrers)
		tell_referrers(a, rc, err, json_str(job->result, "digest"));
	else
		a->manifest(a->op.arg, rc, err, json_str(job->result, "digest"), json_str(job->result, "media_type"),
			    a->text.p ? (char *)a->text.p : "", a->text.len);
	eng_job_finish(job);
	asking_free(a);
}

static void cancel(struct berth_op *op)
{
	eng_job_cancel(&container_of(op, struct asking, op)->job);
}

static int start(struct berth *b, struct asking *a, const char *kind, const char *name, const struct berth_reach *r,
		 void *arg, struct berth_op **op, struct berth_error *be)
{
	static const struct berth_reach usual = { 0 };
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	AUTO_FREE char *full = NULL;
	struct job_desc d = { 0 };
	struct err e = { 0 };
	int rc = a ? oci_ref_parse(name, &ref, &e) : -ENOMEM;

	if (rc == 0 && ref.transport != OCI_REGISTRY)
		rc = err_set(&e, -EINVAL, "'%s' is not in a registry", name);
	if (rc == 0 && !(full = oci_ref_str(&ref)))
		rc = -ENOMEM;
	if (rc == 0)
		rc = eng_reach_desc(b, kind, full, ref.host, r ? r : &usual, true, &d, &e);
	if (rc == 0) {
		a->job.event = on_event;
		a->job.data = a;
		rc = eng_job_start(&a->job, b->loop, &d, on_end, &e);
		job_desc_finish(&d);
	}
	if (rc < 0) {
		if (a)
			asking_free(a);
		return eng_refuse(be, rc, &e);
	}
	eng_op_begin(b, &a->op, arg, cancel, op);
	return 0;
}

int berth_registry_tags(struct berth *b, const char *ref, const struct berth_reach *r, berth_lines_cb done, void *arg,
			struct berth_op **op, struct berth_error *e)
{
	struct asking *a = calloc(1, sizeof(*a));

	if (a)
		a->tags = done;
	return start(b, a, "tags", ref, r, arg, op, e);
}

int berth_registry_manifest(struct berth *b, const char *ref, const struct berth_reach *r, berth_manifest_cb done,
			    void *arg, struct berth_op **op, struct berth_error *e)
{
	struct asking *a = calloc(1, sizeof(*a));

	if (a)
		a->manifest = done;
	return start(b, a, "manifest", ref, r, arg, op, e);
}

int berth_registry_referrers(struct berth *b, const char *ref, const struct berth_reach *r, berth_referrers_cb done,
			     void *arg, struct berth_op **op, struct berth_error *e)
{
	struct asking *a = calloc(1, sizeof(*a));

	if (a && !(a->list = cJSON_CreateArray())) {
		free(a);
		a = NULL;
	}
	if (a)
		a->referrers = done;
	return start(b, a, "referrers", ref, r, arg, op, e);
}
