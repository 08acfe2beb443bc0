/* SPDX-License-Identifier: Apache-2.0 */
/* reach.c - logins, certificates and clients for the jobs that talk to registries. */
#include "job/reach.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/cred.h"

#define PEM_MAX (1u << 20) /* bytes of all certificates to trust */

/* --- certs.d */

/* The i-th folder that may be there, NULL where the environment names none; *more is false behind the last. */
static char *certs_folder(unsigned i, const char *host, bool *more)
{
	static const char *const system[] = { "/etc/berth", "/etc/containers", "/etc/docker" };
	const char *home = getenv("HOME"), *config = getenv("XDG_CONFIG_HOME");
	const char *const own[] = { "berth", "containers" };

	*more = i + 1 < ARRAY_LEN(own) + ARRAY_LEN(system);
	if (i >= ARRAY_LEN(own))
		return path_fmt("%s/certs.d/%s", system[i - ARRAY_LEN(own)], host);
	if (config && *config)
		return path_fmt("%s/%s/certs.d/%s", config, own[i], host);
	return home && *home ? path_fmt("%s/.config/%s/certs.d/%s", home, own[i], host) : NULL;
}

static int add_ca(struct buf *pem, const char *path, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int rc = file_load(AT_FDCWD, path, PEM_MAX, &text, &len, e);

	if (rc < 0)
		return rc;
	if (pem->len + len + 1 > PEM_MAX)
		return err_set(e, -EFBIG, "the certificates beside '%s' are larger than %u MiB", path, PEM_MAX >> 20);
	return buf_add(pem, text, len) < 0 || buf_addc(pem, '\n') < 0 ? err_set(e, -ENOMEM, "out of memory") : 0;
}

/* NAME.crt are to be trusted; NAME.cert with NAME.key is ours. */
static int take_file(struct job_reach *r, struct buf *pem, const char *dir, const char *name, struct err *e)
{
	AUTO_FREE char *path = path_fmt("%s/%s", dir, name);

	if (!path)
		return err_set(e, -ENOMEM, "out of memory");
	if (str_ends(name, ".crt"))
		return add_ca(pem, path, e);
	if (!str_ends(name, ".cert") || r->cert_file)
		return 0;
	r->key_file = path_fmt("%.*s.key", (int)(strlen(path) - 5), path);
	r->cert_file = TAKE(path);
	if (!r->key_file)
		return err_set(e, -ENOMEM, "out of memory");
	if (access(r->key_file, R_OK) < 0)
		return err_sys(e, -errno, "cannot read '%s', the key of the certificate beside it", r->key_file);
	return 0;
}

static int take_folder(struct job_reach *r, const char *dir, DIR *d, struct err *e)
{
	AUTO_BUF struct buf pem = { 0 };
	struct dirent *ent;
	int rc = 0;

	while (rc == 0 && (ent = readdir(d)))
		rc = take_file(r, &pem, dir, ent->d_name, e);
	if (rc == 0 && pem.len && !(r->ca_pem = buf_steal(&pem)))
		rc = err_set(e, -ENOMEM, "out of memory");
	return rc;
}

/* The first folder that is there counts, alone. */
static int find_certs(struct job_reach *r, struct err *e)
{
	bool more = true;

	for (unsigned i = 0; more; i++) {
		AUTO_FREE char *dir = certs_folder(i, r->host, &more);
		AUTO_CLOSEDIR DIR *d = dir ? opendir(dir) : NULL;

		if (d)
			return take_folder(r, dir, d, e);
	}
	return 0;
}

/* --- a registry */

int job_reach_init_mirror(struct job_reach *r, const char *host, const char *repo, bool plain_http, bool insecure,
			  struct err *e)
{
	*r = (struct job_reach){ .host = strdup(host), .plain_http = plain_http, .insecure = insecure };
	if (!r->host)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = oci_cred_find(host, repo, &r->cred, e);
	return rc < 0 ? rc : find_certs(r, e);
}

int job_reach_init(struct job_reach *r, const struct job_desc *d, const char *host, const char *repo,
		   struct err *e)
{
	*r = (struct job_reach){ .host = strdup(host), .plain_http = d->plain_http, .insecure = d->insecure, .own = true };
	if (!r->host)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = d->creds ? oci_cred_split(d->creds, &r->cred, e) : oci_cred_find(host, repo, &r->cred, e);
	return rc < 0 ? rc : find_certs(r, e);
}

void job_reach_finish(struct job_reach *r)
{
	free(r->host);
	free(r->ca_pem);
	free(r->cert_file);
	free(r->key_file);
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
		.host = r->host, .plain_http = r->plain_http, .insecure = r->insecure, .cred = r->cred,
		.want_refresh = r->want_refresh,
		.ca_file = r->own ? d->ca_file : NULL, .token_hosts = r->own ? d->token_hosts : NULL,
		.ca_pem = r->ca_pem, .cert_file = r->cert_file, .key_file = r->key_file,
		.limits = { d->connect_ms, d->header_ms, d->stall_ms, d->total_ms },
		.retries = d->retries < 0 ? OCI_REG_RETRIES_DEFAULT : (unsigned)d->retries,
		.warn = warn, .warn_arg = (void *)calls,
	};

	return oci_reg_create(loop, &o, ret, e);
}
