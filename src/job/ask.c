/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - jobs that only ask a registry: is this login good? */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/work.h"
#include "job/kind.h"
#include "job/reach.h"
#include "oci/ref.h"

struct ask;

struct question {
	bool of_host; /* the description's ref is a host; else a reference */
	/* The first request; on_answer is its callback. */
	int (*first)(struct ask *a, struct err *e);
	/* What came: tells the clients. 1: another request is under way, 0: that was it, < 0. */
	int (*answer)(struct ask *a, struct err *e);
};

struct ask {
	uv_loop_t *loop;
	const struct job_desc *desc;
	struct job_calls calls;
	const struct question *question;
	struct oci_ref ref;
	struct job_reach reach;
	struct oci_reg *reg;
	struct oci_reg_op op;
	struct work work;
	struct loop_defer defer;
	bool asking, cancelled;
	int rc;
	struct err err;
	const char *hint;
};

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

static void on_answer(struct oci_reg_op *op, int rc, const struct err *e)
{
	struct ask *a = container_of(op, struct ask, op);
	struct err why = *e;
	const char *hint = op->hint;

	a->asking = false;
	if (rc == 0 && a->cancelled)
		rc = err_set(&why, -ECANCELED, "canceled");
	if (rc == 0) {
		rc = a->question->answer(a, &why);
		if (rc == 1) {
			a->asking = true;
			return;
		}
	}
	end(a, rc, &why, hint);
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
	if (rc == 0)
		rc = job_reach_open(&a->reach, a->loop, a->desc, &a->calls, &a->reg, &why);
	if (rc == 0)
		rc = a->question->first(a, &why);
	if (rc < 0)
		end(a, rc, &why, NULL);
	else
		a->asking = true;
}

static void ask_cancel(void *job)
{
	struct ask *a = job;

	a->cancelled = true;
	work_cancel(&a->work);
	if (a->asking)
		oci_reg_cancel(&a->op);
}

static void ask_destroy(void *job)
{
	struct ask *a = job;

	if (!a)
		return;
	oci_ref_finish(&a->ref);
	job_reach_finish(&a->reach);
	free(a);
}

static int ask_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls,
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
	if (q->of_host)
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
	return oci_reg_ping(&a->op, a->reg, on_answer, e);
}

static int login_answer(struct ask *a, struct err *e)
{
	cJSON *ev;

	if (a->op.asked && !a->op.used_cred)
		return err_set(e, -EACCES, "the login was not sent: the token server of %s is on another host", a->ref.host);
	ev = job_event("done");
	if (!ev || !cJSON_AddStringToObject(ev, "user", a->reach.cred.user ? a->reach.cred.user : "") ||
	    !cJSON_AddBoolToObject(ev, "asked", a->op.asked))
		return err_set(e, -ENOMEM, "out of memory");
	a->calls.event(a->calls.arg, ev, false);
	return 0;
}

static int login_start(uv_loop_t *loop, const struct job_desc *d, const struct job_calls *calls, void **ret,
		       struct err *e)
{
	static const struct question q = { true, login_first, login_answer };

	return ask_start(loop, d, calls, &q, ret, e);
}

const struct job_kind job_kind_login = { "login", login_start, ask_cancel, ask_destroy };
