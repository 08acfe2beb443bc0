/* SPDX-License-Identifier: Apache-2.0 */
/* reach.c - logins and clients for the jobs that talk to registries. */
#include "job/reach.h"

#include <stdlib.h>
#include <string.h>

#include "oci/cred.h"

int job_reach_init(struct job_reach *r, const struct job_desc *d, const char *host, const char *repo,
		   struct err *e)
{
	*r = (struct job_reach){ .host = strdup(host) };
	if (!r->host)
		return err_set(e, -ENOMEM, "out of memory");
	return d->creds ? oci_cred_split(d->creds, &r->cred, e) : oci_cred_find(host, repo, &r->cred, e);
}

void job_reach_finish(struct job_reach *r)
{
	free(r->host);
	oci_cred_finish(&r->cred);
	*r = (struct job_reach){ 0 };
}

static void warn(void *arg, const char *text)
{
	const struct job_calls *calls = arg;

	calls->event(calls->arg, job_event_text("warning", text), false);
}

int job_reach_open(const struct job_reach *r, uv_loop_t *loop, const struct job_desc *d,
		   const struct job_calls *calls, struct oci_reg **ret, struct err *e)
{
	struct oci_reg_opts o = {
		.host = r->host, .plain_http = d->plain_http, .insecure = d->insecure, .ca_file = d->ca_file,
		.cred = r->cred, .limits = { d->connect_ms, d->header_ms, d->stall_ms, d->total_ms },
		.retries = d->retries < 0 ? OCI_REG_RETRIES_DEFAULT : (unsigned)d->retries,
		.warn = warn, .warn_arg = (void *)calls,
	};

	return oci_reg_create(loop, &o, ret, e);
}
