/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - jobs that only ask a registry: is this login good, what tags are there, what does this name mean? */
#include "job/ask-inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "oci/manifest.h"

#define TAGS_MAX 500000
#define PAGES_MAX 20000
#define TAGS_OF_EVENT 1000
#define DATA_MAX (64u << 10)

static void on_end(struct loop_defer *d)
{
	struct ask *a = container_of(d, struct ask, defer);

	oci_reg_op_finish(&a->op);
	oci_reg_destroy(TAKE(a->reg));
	a->calls.done(a->calls.arg, a->rc, &a->err, a->hint);
}

static void end(struct ask *a, int rc, const struct err *e, const char *hint)
{
	a->rc = rc;
	if (rc < 0 && e != &a->err)
		a->err = *e;
	a->hint = hint;
	loop_defer(a->loop, &a->defer, on_end);
}

void ask_on_answer(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct ask *a = container_of(op, struct ask, op);
	struct err why = *e;
	const char *hint = op->hint;

	a->asking = false;
	if (rc == 0 && a->cancelled)
		rc = err_set(&why, -ECANCELED, "canceled");
	if (rc == 0 || (rc == -ENOENT && a->question->answers_missing)) {
		rc = a->question->answer(a, rc, &why);
		if (rc == 1) {
			a->asking = true;
			return;
		}
	}
	end(a, rc, &why, hint);
}

void ask_again(struct ask *a)
{
	oci_reg_op_finish(&a->op);
	a->op = (struct oci_reg_op){ 0 };
}

int ask_next_page(struct ask *a, const char *next, const char *of, struct err *e)
{
	if (++a->pages > PAGES_MAX || (a->op.path && strcmp(a->op.path, next) == 0))
		return err_set(e, -EPROTO, "the list of %s of '%s' has no end", of, a->ref.repo);
	ask_again(a);
	return 0;
}

static int work_prepare(struct work *w, struct err *e)
{
	struct ask *a = container_of(w, struct ask, work);

	return job_reach_init(&a->reach, a->desc, a->ref.host, a->ref.repo, e);
}

static void on_prepared(struct work *w, int rc, const struct err *e)
{
	struct ask *a = container_of(w, struct ask, work);
	struct err why = *e;

	if (rc == 0 && a->cancelled)
		rc = err_set(&why, -ECANCELED, "canceled");
	a->reach.want_refresh = a->question->login;
	if (rc == 0)
		rc = job_reach_open(&a->reach, a->loop, a->desc, &a->calls, &a->reg, &why);
	if (rc == 0)
		rc = a->question->first(a, &why);
	if (rc < 0)
		end(a, rc, &why, NULL);
	else
		a->asking = true;
}

void ask_cancel(void *job)
{
	struct ask *a = job;

	a->cancelled = true;
	work_cancel(&a->work);
	if (a->asking)
		oci_reg_cancel(&a->op);
}

void ask_destroy(void *job)
{
	struct ask *a = job;

	if (!a)
		return;
	oci_ref_finish(&a->ref);
	job_reach_finish(&a->reach);
	free(a);
}

int ask_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls,
		     const struct question *q, void **ret, struct err *e)
{
	struct ask *a = calloc(1, sizeof *a);
	int rc;

	if (!a)
		return err_set(e, -ENOMEM, "out of memory");
	a->loop = loop;
	a->desc = d;
	a->calls = *calls;
	a->question = q;
	if (q->login)
		rc = !oci_host_valid(d->ref)		   ? err_set(e, -EINVAL, "'%.100s' is not a host", d->ref) :
		     (a->ref.host = strdup(d->ref)) == NULL ? err_set(e, -ENOMEM, "out of memory") :
							      0;
	else
		rc = oci_ref_parse(d->ref, &a->ref, e);
	if (rc == 0 && a->ref.transport != OCI_REGISTRY)
		rc = err_set(e, -EINVAL, "'%.200s' is not in a registry", d->ref);
	if (rc == 0) {
		rc = work_start(&a->work, loop, work_prepare, on_prepared);
		if (rc < 0)
			err_sys(e, rc, "cannot start");
	}
	if (rc < 0) {
		ask_destroy(a);
		return rc;
	}
	*ret = a;
	return 0;
}

/* --- login */

static int login_first(struct ask *a, struct err *e)
{
	if (oci_cred_none(&a->reach.cred))
		return err_set(e, -ENOKEY, "no login of %s is kept", a->ref.host);
	return oci_reg_ping(&a->op, a->reg, ask_on_answer, e);
}

static int login_answer(struct ask *a, int rc, struct err *e)
{
	cJSON *ev;

	if (a->op.asked && !a->op.used_cred)
		return err_set(e, -EACCES, "the login was not sent: the token server of %s is on another host", a->ref.host);
	ev = job_event("done");
	if (!ev || !cJSON_AddStringToObject(ev, "user", a->reach.cred.user ? a->reach.cred.user : "") ||
	    !cJSON_AddBoolToObject(ev, "asked", a->op.asked) ||
	    (oci_reg_refresh_token(a->reg) &&
	     !cJSON_AddStringToObject(ev, "identity", oci_reg_refresh_token(a->reg))))
		return err_set(e, -ENOMEM, "out of memory");
	a->calls.event(a->calls.arg, ev, false);
	return 0;
}

static int login_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, void **ret,
		       struct err *e)
{
	static const struct question q = { true, false, login_first, login_answer };

	return ask_start(loop, d, calls, &q, ret, e);
}

const struct job_kind job_kind_login = { "login", login_start, ask_cancel, ask_destroy };

/* --- tags */

static int tell_tags(struct ask *a, const cJSON *tags, struct err *e)
{
	const cJSON *it = tags ? tags->child : NULL;

	while (it) {
		cJSON *ev = job_event("tags"), *list = ev ? cJSON_AddArrayToObject(ev, "tags") : NULL;

		for (int n = 0; list && it && n < TAGS_OF_EVENT; it = it->next) {
			if (!cJSON_IsString(it) || !oci_tag_valid(it->valuestring))
				continue; /* nobody could ask for it */
			if (++a->ntags > TAGS_MAX || !cJSON_AddItemToArray(list, cJSON_CreateString(it->valuestring)))
				break;
			n++;
		}
		if (!list || a->ntags > TAGS_MAX) {
			cJSON_Delete(ev);
			return list ? err_set(e, -EFBIG, "repository '%s' has more than %d tags", a->ref.repo, TAGS_MAX) :
				      err_set(e, -ENOMEM, "out of memory");
		}
		a->calls.event(a->calls.arg, ev, false);
	}
	return 0;
}

static int tags_first(struct ask *a, struct err *e)
{
	return oci_reg_tags(&a->op, a->reg, &a->ref, NULL, ask_on_answer, e);
}

static int tags_answer(struct ask *a, int rc, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	AUTO_FREE char *next = TAKE(a->op.next);

	rc = json_parse((char *)a->op.body.p, a->op.body.len, "the list of tags", &j, e);
	if (rc == 0)
		rc = tell_tags(a, json_arr(j, "tags"), e);
	if (rc == 0 && !next) {
		a->calls.event(a->calls.arg, job_event("done"), false);
		return 0;
	}
	if (rc == 0)
		rc = ask_next_page(a, next, "tags", e);
	if (rc < 0)
		return rc;
	rc = oci_reg_tags(&a->op, a->reg, &a->ref, next, ask_on_answer, e);
	return rc < 0 ? rc : 1;
}

static int tags_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, void **ret,
		      struct err *e)
{
	static const struct question q = { false, false, tags_first, tags_answer };

	return ask_start(loop, d, calls, &q, ret, e);
}

const struct job_kind job_kind_tags = { "tags", tags_start, ask_cancel, ask_destroy };

/* --- a manifest */

static int manifest_first(struct ask *a, struct err *e)
{
	return oci_reg_manifest(&a->op, a->reg, &a->ref, NULL, false, ask_on_answer, e);
}

static int manifest_answer(struct ask *a, int rc, struct err *e)
{
	const struct buf *body = &a->op.body;
	enum oci_kind kind;
	cJSON *ev;

	rc = oci_doc_kind((char *)body->p, body->len, a->op.media_type, &kind, e);

	if (rc < 0)
		return rc;
	for (size_t at = 0; at < body->len; at += DATA_MAX) {
		AUTO_FREE char *part = strndup((char *)body->p + at, MIN(body->len - at, (size_t)DATA_MAX));

		ev = part ? job_event_text("data", part) : NULL;
		if (!ev)
			return err_set(e, -ENOMEM, "out of memory");
		a->calls.event(a->calls.arg, ev, false);
	}
	ev = job_event("done");
	if (!ev || !cJSON_AddStringToObject(ev, "digest", a->op.digest.text) ||
	    !cJSON_AddStringToObject(ev, "media_type", a->op.media_type) ||
	    !cJSON_AddNumberToObject(ev, "size", (double)body->len))
		return err_set(e, -ENOMEM, "out of memory");
	a->calls.event(a->calls.arg, ev, false);
	return 0;
}

static int manifest_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, void **ret,
			  struct err *e)
{
	static const struct question q = { false, false, manifest_first, manifest_answer };

	return ask_start(loop, d, calls, &q, ret, e);
}

const struct job_kind job_kind_manifest = { "manifest", manifest_start, ask_cancel, ask_destroy };
