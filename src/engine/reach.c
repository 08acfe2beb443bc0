/* SPDX-License-Identifier: Apache-2.0 */
/* reach.c - the descriptions of jobs that talk to registries: what the caller said, else the configuration. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "engine/create.h"
#include "oci/ref.h"

static char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static char *host_platform(void)
{
	struct oci_platform p;
	char text[OCI_PLATFORM_MAX];

	oci_platform_host(&p);
	oci_platform_str(&p, text);
	return strdup(text);
}

static char *nonce(void)
{
	uint64_t n;
	char text[17];

	if (file_random(&n, sizeof n) < 0)
		return NULL;
	snprintf(text, sizeof text, "%016llx", (unsigned long long)n);
	return strdup(text);
}

/* Calls add for the right side of each word "host=…" of an option. */
static int each_of_host(const struct conf *c, enum conf_id id, const char *host,
			int (*add)(const struct conf *c, struct buf *b, const char *word, size_t n), char **ret)
{
	AUTO_BUF struct buf b = { 0 };
	const char *p = conf_text(c, id);
	size_t len = strlen(host);

	while (*(p += strspn(p, " \t"))) {
		size_t n = strcspn(p, " \t");

		if (n > len + 1 && strncmp(p, host, len) == 0 && p[len] == '=' &&
		    ((b.len && buf_addc(&b, ' ') < 0) || add(c, &b, p + len + 1, n - len - 1) < 0))
			return -ENOMEM;
		p += n;
	}
	if (b.len && !(*ret = buf_steal(&b)))
		return -ENOMEM;
	return 0;
}

static int add_word(const struct conf *c, struct buf *b, const char *word, size_t n)
{
	return buf_add(b, word, n);
}

static int add_mirror(const struct conf *c, struct buf *b, const char *word, size_t n)
{
	AUTO_FREE char *host = strndup(word, strcspn(word, "/ \t"));
	const char *how;

	if (!host)
		return -ENOMEM;
	how = conf_has_word(c, CONF_PULL_PLAIN_HTTP, host) ? "plain:" :
	      conf_has_word(c, CONF_PULL_NO_VERIFY, host)  ? "insecure:" :
							     "tls:";
	return buf_adds(b, how) < 0 ? -ENOMEM : buf_add(b, word, n);
}

int eng_reach_desc(const struct berth *b, const char *kind, const char *ref, const char *host,
		   const struct berth_reach *r, bool own, struct job_desc *ret, struct err *e)
{
	const struct conf *c = &b->conf->conf;

	*ret = (struct job_desc){
		.kind = strdup(kind), .root = strdup(b->root), .run_root = strdup(b->run_root), .ref = strdup(ref),
		.platform = host_platform(),
		.plain_http = r->plain_http || conf_has_word(c, CONF_PULL_PLAIN_HTTP, host),
		.insecure = r->tls_no_verify || conf_has_word(c, CONF_PULL_NO_VERIFY, host),
		.ca_file = copy(r->ca_file), .creds = copy(r->creds), .nonce = own ? nonce() : NULL,
		.parallel = (unsigned)conf_number(c, CONF_PULL_PARALLEL), .retries = -1,
	};
	bool whole = each_of_host(c, CONF_PULL_TOKEN_SERVERS, host, add_word, &ret->token_hosts) == 0 &&
		     (strcmp(kind, "pull") != 0 || each_of_host(c, CONF_PULL_MIRRORS, host, add_mirror, &ret->mirrors) == 0);

	if (whole && ret->kind && ret->root && ret->run_root && ret->ref && ret->platform &&
	    (ret->ca_file || !r->ca_file) && (ret->creds || !r->creds) && (ret->nonce || !own))
		return 0;
	job_desc_finish(ret);
	return err_set(e, -ENOMEM, "out of memory");
}

int eng_pull_desc(const struct berth *b, const struct berth_pull *p, const char *name, const char *platform,
		  struct job_desc *ret, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	const struct berth_reach reach = { p->plain_http, p->tls_no_verify, p->ca_file, p->creds };
	AUTO_FREE char *full = NULL;
	int rc = oci_ref_parse(name, &ref, e);

	if (rc < 0)
		return rc;
	if (ref.transport != OCI_REGISTRY)
		return err_set(e, -EINVAL, "'%s' is not in a registry", name);
	full = oci_ref_str(&ref);
	if (!full)
		return err_set(e, -ENOMEM, "out of memory");
	rc = eng_reach_desc(b, "pull", full, ref.host, &reach, false, ret, e);
	if (rc < 0)
		return err_wrap(e, rc, "cannot pull '%s'", name);
	ret->platform_given = platform != NULL;
	if (platform) {
		free(ret->platform);
		ret->platform = strdup(platform);
	}
	ret->unpack = !p->no_unpack;
	ret->parallel = p->parallel ?: ret->parallel;
	ret->max_size = p->max_size ?: conf_number(&b->conf->conf, CONF_PULL_MAX_SIZE);
	if (ret->platform)
		return 0;
	job_desc_finish(ret);
	return err_sys(e, -ENOMEM, "cannot pull '%s'", name);
}

/* The source as the job finds it, whose working folder is another. */
static int push_src(const char *name, char **ret, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	int rc = oci_ref_try(name, &ref, e);
	bool file = ref.transport != OCI_REGISTRY;

	if (rc < 0)
		return rc;
	if (file && ref.path[0] != '/') {
		AUTO_FREE char *cwd = getcwd(NULL, 0);
		char *path = cwd ? path_join(cwd, ref.path) : NULL;

		if (!path)
			return err_sys(e, -errno, "cannot tell the current folder");
		free(ref.path);
		ref.path = path;
	}
	*ret = file ? oci_ref_str(&ref) : strdup(name);
	return *ret ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* Where berth push does not write, with who does. */
static int refuse_dest(const struct berth_push *p, const struct oci_ref *ref, struct err *e)
{
	static const char *const forms[] = { [OCI_DIR] = "oci-dir", [OCI_ARCHIVE] = "oci-archive",
					     [DOCKER_ARCHIVE] = "docker-archive" };

	if (!p->dest)
		return err_set(e, -EINVAL, "'%.80s' is in no registry; where is it to go? berth push %.80s [HOST/]NAME[:TAG]",
			       p->ref, p->ref);
	return err_set(e, -EINVAL, "'%.60s' is in no registry; to have a file: berth save --format %s -o %.60s %.60s", p->dest,
		       forms[ref->transport], ref->path, p->ref);
}

int eng_push_desc(const struct berth *b, const struct berth_push *p, struct job_desc *ret, struct err *e)
{
	AUTO(oci_ref_finish) struct oci_ref ref = { 0 };
	const char *dest = p->dest ? p->dest : p->ref;
	AUTO_FREE char *full = NULL;
	AUTO_FREE char *src = NULL;
	int rc = oci_ref_parse(dest, &ref, e);

	if (rc == 0)
		rc = push_src(p->ref, &src, e);
	if (rc < 0)
		return rc;
	if (ref.transport != OCI_REGISTRY)
		return refuse_dest(p, &ref, e);
	full = oci_ref_str(&ref);
	if (!full)
		return err_set(e, -ENOMEM, "out of memory");
	rc = eng_reach_desc(b, "push", full, ref.host, &p->reach, false, ret, e);
	if (rc < 0)
		return err_wrap(e, rc, "cannot push '%s'", dest);
	ret->src = TAKE(src);
	ret->all_platforms = p->all_platforms;
	ret->piece_size = conf_number(&b->conf->conf, CONF_PUSH_PIECE_SIZE);
	ret->parallel = p->parallel ?: ret->parallel;
	if (p->platform) {
		free(ret->platform);
		ret->platform = strdup(p->platform);
	}
	if (ret->src && ret->platform)
		return 0;
	job_desc_finish(ret);
	return err_sys(e, -ENOMEM, "cannot push '%s'", dest);
}
