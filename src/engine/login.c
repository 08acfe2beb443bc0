/* SPDX-License-Identifier: Apache-2.0 */
/* login.c - logins of registries: asked by a job whether they are right, kept and forgotten in the pool. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"
#include "engine/create.h"
#include "engine/engine.h"
#include "engine/job.h"
#include "oci/cred.h"
#include "oci/ref.h"

struct login {
	struct berth_op op;
	struct eng_job job;
	struct work work;
	berth_login_cb done;
	berth_logout_cb out;
	char *host, *user;
	struct oci_cred cred;
	char *kept; /* or, of a logout, what is left */
	bool in_file, asked, found, cancelled, in_job;
};

static void login_free(struct login *l)
{
	oci_cred_finish(&l->cred);
	free(l->host);
	free(l->user);
	free(l->kept);
	free(l);
}

/* "https://host/v1/" as docker's users write it is host; nothing is docker.io. */
static char *clean_host(const char *given, struct err *e)
{
	const char *p = given && *given ? given : "docker.io";
	AUTO_FREE char *host = NULL;
	size_t n;

	if (str_starts(p, "https://"))
		p += 8;
	else if (str_starts(p, "http://"))
		p += 7;
	n = strcspn(p, "/");
	if (p[n] && strcmp(p + n, "/") != 0 && strcmp(p + n, "/v1/") != 0 && strcmp(p + n, "/v2/") != 0) {
		err_set(e, -EINVAL, "'%.100s' is not the host of a registry: a login is for all of it", given);
		return NULL;
	}
	host = strndup(p, n);
	if (!host || !oci_host_valid(host)) {
		err_set(e, host ? -EINVAL : -ENOMEM, "'%.100s' is not the host of a registry", given ? given : "");
		return NULL;
	}
	if (strcasecmp(host, "index.docker.io") == 0 || strcasecmp(host, "registry-1.docker.io") == 0) {
		free(host);
		host = strdup("docker.io");
	}
	return TAKE(host);
}

static void finish(struct login *l, int rc, const struct err *e, const char *hint)
{
	struct berth_error be = { 0 };
	struct berth_login_result r = { l->host, l->cred.user ? l->cred.user : l->user, l->kept, l->in_file, l->asked };

	eng_op_end(&l->op);
	l->done(l->op.arg, rc, eng_error(&be, rc, e, hint), rc < 0 ? NULL : &r);
	if (l->in_job)
		eng_job_finish(&l->job);
	login_free(l);
}

/* --- keeping */

static int keep_in_pool(struct work *w, struct err *e)
{
	struct login *l = container_of(w, struct login, work);

	return oci_cred_store(l->host, &l->cred, &l->kept, &l->in_file, e);
}

static void on_kept(struct work *w, int rc, const struct err *e)
{
	finish(container_of(w, struct login, work), rc, e, NULL);
}

static void on_asked(struct eng_job *job, int rc, const struct err *e)
{
	struct login *l = job->data;
	struct err why = *e;
	const char *user = json_str(job->result, "user"), *identity = json_str(job->result, "identity");

	if (rc == 0 && l->cancelled)
		rc = err_set(&why, -ECANCELED, "canceled");
	if (rc < 0) {
		finish(l, rc, &why, rc == -EACCES ? NULL : job->hint);
		return;
	}
	l->asked = json_bool(job->result, "asked", true);
	if (oci_cred_none(&l->cred)) { /* the one that is kept is right */
		l->user = strdup(user ? user : "");
		finish(l, 0, NULL, NULL);
		return;
	}
	if (identity && !(l->cred.identity = strdup(identity))) {
		finish(l, -ENOMEM, NULL, NULL);
		return;
	}
	if (identity) { /* that is kept, and the password is not */
		explicit_bzero(l->cred.password, strlen(l->cred.password));
		free(TAKE(l->cred.password));
	}
	rc = work_start(&l->work, l->op.b->loop, keep_in_pool, on_kept);
	if (rc < 0)
		finish(l, rc, NULL, NULL);
}

static void cancel(struct berth_op *op)
{
	struct login *l = container_of(op, struct login, op);

	l->cancelled = true;
	eng_job_cancel(&l->job);
}

static int ask(struct login *l, struct berth *b, const struct berth_login *o, struct err *e)
{
	AUTO_FREE char *creds = NULL;
	struct berth_reach reach = o->reach;
	struct job_desc d = { 0 };
	int rc;

	if (o->user && (strchr(o->user, ':') || !*o->user))
		return err_set(e, -EINVAL, "'%.60s' is not the name of a user", o->user);
	if (!o->user != !o->password)
		return err_set(e, -EINVAL, "a login is a user and a password");
	if (o->user && (!(l->cred.user = strdup(o->user)) || !(l->cred.password = strdup(o->password)) ||
			asprintf(&creds, "%s:%s", o->user, o->password) < 0))
		return err_set(e, -ENOMEM, "out of memory");
	reach.creds = creds;
	rc = eng_reach_desc(b, "login", l->host, l->host, &reach, true, &d, e);
	if (creds)
		explicit_bzero(creds, strlen(creds));
	if (rc < 0)
		return rc;
	l->job.data = l;
	rc = eng_job_start(&l->job, b->loop, &d, on_asked, e);
	job_desc_finish(&d);
	l->in_job = rc == 0;
	return rc;
}

int berth_login(struct berth *b, const struct berth_login *o, berth_login_cb done, void *arg, struct berth_op **op,
		struct berth_error *be)
{
	struct login *l = calloc(1, sizeof(*l));
	struct err e = { 0 };
	int rc;

	if (!l)
		return eng_refuse(be, -ENOMEM, NULL);
	l->done = done;
	l->host = clean_host(o->host, &e);
	rc = l->host ? ask(l, b, o, &e) : e.code;
	if (rc < 0) {
		login_free(l);
		return eng_refuse(be, rc, &e);
	}
	eng_op_begin(b, &l->op, arg, cancel, op);
	return 0;
}

/* --- logging out */

static int forget_in_pool(struct work *w, struct err *e)
{
	struct login *l = container_of(w, struct login, work);
	struct oci_cred other AUTO(oci_cred_finish) = { 0 };
	int rc = oci_cred_erase(l->host, &l->found, e);

	if (rc == 0)
		rc = oci_cred_find_other(l->host, NULL, &other, &l->kept, NULL) < 0 ? 0 : rc;
	return rc;
}

static void on_forgotten(struct work *w, int rc, const struct err *e)
{
	struct login *l = container_of(w, struct login, work);
	struct berth_error be = { 0 };

	eng_op_end(&l->op);
	l->out(l->op.arg, rc, eng_error(&be, rc, e, NULL), l->found, l->kept);
	login_free(l);
}

int berth_logout(struct berth *b, const char *host, berth_logout_cb done, void *arg, struct berth_error *be)
{
	struct login *l = calloc(1, sizeof(*l));
	struct err e = { 0 };
	int rc;

	if (!l)
		return eng_refuse(be, -ENOMEM, NULL);
	l->out = done;
	l->host = clean_host(host, &e);
	rc = l->host ? 0 : e.code;
	if (rc == 0) {
		eng_op_begin(b, &l->op, arg, NULL, NULL);
		rc = work_start(&l->work, b->loop, forget_in_pool, on_forgotten);
		if (rc < 0)
			list_remove(&l->op.link);
	}
	if (rc < 0) {
		login_free(l);
		return eng_refuse(be, rc, &e);
	}
	return 0;
}
