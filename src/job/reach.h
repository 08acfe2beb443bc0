/* SPDX-License-Identifier: Apache-2.0 */
/* reach.h - how a job comes to a registry: the login, and the client made with all that the job's description
 * says about TLS, limits and tries. */
#ifndef BERTH_JOB_REACH_H
#define BERTH_JOB_REACH_H

#include "job/kind.h"
#include "oci/auth.h"
#include "oci/registry.h"

/* Zeroed memory is an empty one. */
struct job_reach {
	char *host; /* as in references */
	struct oci_cred cred;
	bool want_refresh; /* see struct oci_reg_opts; set before open */
	bool plain_http, insecure, own; /* own: the registry that the job is about, not a mirror of it */
	/* Of the folder certs.d/HOST that docker and podman have too. */
	char *ca_pem, *cert_file, *key_file;
};

/* Finds the login for host: that of the description, else what docker or podman keep for it or for repo (may be
 * NULL); and its certificates. Blocks. */
int job_reach_init(struct job_reach *r, const struct job_desc *d, const char *host, const char *repo,
		   struct err *e);
/* The same for a mirror, a word of the description's: nothing of the description is for it. */
int job_reach_init_mirror(struct job_reach *r, const char *host, const char *repo, bool plain_http, bool insecure,
			  struct err *e);
void job_reach_finish(struct job_reach *r);

/* The client. calls stays until it is destroyed: it gets its warnings. */
int job_reach_open(const struct job_reach *r, uv_loop_t *loop, const struct job_desc *d,
		   const struct job_calls *calls, struct oci_reg **ret, struct err *e);

#endif
