/* SPDX-License-Identifier: Apache-2.0 */
/* ref.c - the names of images: split, normalised, checked, printed. */
#include "oci/ref.h"

#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/str.h"
#include "oci/digest.h"

#define DEFAULT_HOST "docker.io"
#define OFFICIAL "library/"

static bool lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool alnum(char c)
{
	return lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

bool oci_tag_valid(const char *s)
{
	size_t n = strlen(s);

	if (!n || n > OCI_TAG_MAX || !(alnum(s[0]) || s[0] == '_'))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!alnum(s[i]) && !strchr("_.-", s[i]))
			return false;
	return true;
}

/* Words of [a-z0-9], joined by '.', '_', "__" or any number of '-'. Returns its end, NULL if there is none. */
static const char *repo_part(const char *s)
{
	for (;;) {
		if (!lower_or_digit(*s))
			return NULL;
		while (lower_or_digit(*s))
			s++;
		if (*s == '.')
			s++;
		else if (*s == '_')
			s += s[1] == '_' ? 2 : 1;
		else if (*s == '-')
			s += strspn(s, "-");
		else
			return s;
	}
}

bool oci_repo_valid(const char *s)
{
	for (;; s++) {
		s = repo_part(s);
		if (!s)
			return false;
		if (!*s)
			return true;
		if (*s != '/')
			return false;
	}
}

/* Letters, digits and inner '-', joined by '.'. Returns its end, NULL if it is none. */
static const char *host_name(const char *s)
{
	for (;; s++) {
		const char *start = s;

		while (alnum(*s) || *s == '-')
			s++;
		if (s == start || *start == '-' || s[-1] == '-')
			return NULL;
		if (*s != '.')
			return s;
	}
}

bool oci_host_valid(const char *s)
{
	uint64_t port;

	if (*s == '[') {
		size_t n = strspn(s + 1, "0123456789abcdefABCDEF:.");

		if (n < 2 || s[n + 1] != ']')
			return false;
		s += n + 2;
	} else {
		s = host_name(s);
		if (!s)
			return false;
	}
	if (!*s)
		return true;
	return *s == ':' && str_parse_u64(s + 1, 65535, &port) == 0 && port > 0;
}

void oci_ref_finish(struct oci_ref *r)
{
	free(r->host);
	free(r->repo);
	free(r->tag);
	free(r->digest);
	free(r->path);
	*r = (struct oci_ref){ 0 };
}

static bool dup_to(const char *s, char **ret)
{
	*ret = s ? strdup(s) : NULL;
	return !s || *ret;
}

int oci_ref_copy(const struct oci_ref *r, struct oci_ref *ret)
{
	struct oci_ref c AUTO(oci_ref_finish) = { .transport = r->transport };

	if (!dup_to(r->host, &c.host) || !dup_to(r->repo, &c.repo) || !dup_to(r->tag, &c.tag) ||
	    !dup_to(r->digest, &c.digest) || !dup_to(r->path, &c.path))
		return -ENOMEM;
	*ret = c;
	c = (struct oci_ref){ 0 };
	return 0;
}

/* DIR[:TAG] behind the transport's word. */
static int parse_path(const char *s, struct oci_ref *r, struct err *e)
{
	const char *colon = strchr(s, ':');
	size_t n = colon ? (size_t)(colon - s) : strlen(s);

	if (!n)
		return err_set(e, -EINVAL, "the name of a folder or file is missing");
	r->path = strndup(s, n);
	if (!r->path)
		return err_set(e, -ENOMEM, "out of memory");
	if (!colon)
		return 0;
	if (!colon[1] || strlen(colon + 1) > OCI_NAME_MAX + OCI_TAG_MAX)
		return err_set(e, -EINVAL, "the tag behind ':' is empty or too long");
	for (const char *p = colon + 1; *p; p++)
		if (!isgraph((unsigned char)*p))
			return err_set(e, -EINVAL, "the tag holds a blank or a control character");
	return dup_to(colon + 1, &r->tag) ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* Cuts "@digest" and ":tag" off name, which is ours to change. */
static int split_tail(char *name, struct oci_ref *r, struct err *e)
{
	char *at = strchr(name, '@');
	char *slash, *colon;

	if (at) {
		struct oci_digest d;

		*at = 0;
		if (oci_digest_parse(at + 1, &d, e) < 0)
			return -EINVAL;
		if (!dup_to(d.text, &r->digest))
			return err_set(e, -ENOMEM, "out of memory");
	}
	slash = strrchr(name, '/');
	colon = strrchr(slash ? slash : name, ':');
	if (!colon)
		return 0;
	*colon = 0;
	if (!oci_tag_valid(colon + 1))
		return err_set(e, -EINVAL, "'%s' is not a tag", colon + 1);
	return dup_to(colon + 1, &r->tag) ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* true if the part of name before its first '/', n bytes, is a host. */
static bool is_host(const char *name, size_t n)
{
	if (n == 9 && memcmp(name, "localhost", 9) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (name[i] == '.' || name[i] == ':' || (name[i] >= 'A' && name[i] <= 'Z'))
			return true;
	return false;
}

static int parse_name(const char *name, struct oci_ref *r, struct err *e)
{
	const char *slash = strchr(name, '/');
	AUTO_FREE char *host = NULL;

	if (slash && is_host(name, (size_t)(slash - name))) {
		host = strndup(name, (size_t)(slash - name));
		name = slash + 1;
	} else {
		host = strdup(DEFAULT_HOST);
	}
	if (!host)
		return err_set(e, -ENOMEM, "out of memory");
	if (!oci_host_valid(host))
		return err_set(e, -EINVAL, "'%s' is not the name of a host", host);
	if (strcmp(host, "index.docker.io") == 0)
		strcpy(host, DEFAULT_HOST);
	if (str_is_hex(name, 64))
		return err_set(e, -EINVAL, "it has the form of an image id");
	for (const char *p = name; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			return err_set(e, -EINVAL, "the name of a repository is in lower case");
	if (!oci_repo_valid(name))
		return err_set(e, -EINVAL, "'%s' is not the name of a repository", name);

	bool official = strcmp(host, DEFAULT_HOST) == 0 && !strchr(name, '/');
	size_t n = strlen(name) + sizeof OFFICIAL;

	r->repo = malloc(n);
	if (!r->repo)
		return err_set(e, -ENOMEM, "out of memory");
	snprintf(r->repo, n, "%s%s", official ? OFFICIAL : "", name);
	r->host = TAKE(host);
	if (strlen(r->host) + 1 + strlen(r->repo) > OCI_NAME_MAX)
		return err_set(e, -EINVAL, "the name is longer than %d characters", OCI_NAME_MAX);
	return 0;
}

static int parse(const char *s, struct oci_ref *r, struct err *e)
{
	static const struct {
		const char *word;
		enum oci_transport transport;
	} transports[] = {
		{ "oci:", OCI_DIR }, { "oci-archive:", OCI_ARCHIVE }, { "docker-archive:", DOCKER_ARCHIVE },
	};

	if (strlen(s) > OCI_REF_MAX)
		return err_set(e, -EINVAL, "it is longer than %d characters", OCI_REF_MAX);
	for (size_t i = 0; i < ARRAY_LEN(transports); i++)
		if (str_starts(s, transports[i].word)) {
			r->transport = transports[i].transport;
			return parse_path(s + strlen(transports[i].word), r, e);
		}
	if (str_starts(s, "docker://"))
		s += strlen("docker://");
	if (!*s)
		return err_set(e, -EINVAL, "it is empty");

	AUTO_FREE char *name = strdup(s);
	if (!name)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = split_tail(name, r, e);
	if (rc < 0)
		return rc;
	rc = parse_name(name, r, e);
	if (rc < 0)
		return rc;
	if (!r->tag && !r->digest && !dup_to("latest", &r->tag))
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

int oci_ref_parse(const char *s, struct oci_ref *ret, struct err *e)
{
	struct oci_ref r AUTO(oci_ref_finish) = { 0 };
	int rc = parse(s, &r, e);

	if (rc < 0)
		return err_wrap(e, rc, "cannot understand image name '%.80s'", s);
	*ret = r;
	r = (struct oci_ref){ 0 };
	return 0;
}

int oci_ref_try(const char *s, struct oci_ref *ret, struct err *e)
{
	int rc = oci_ref_parse(s, ret, NULL);

	return rc == -ENOMEM ? err_set(e, rc, "out of memory") : rc == 0;
}

int oci_ref_parse_name(const char *s, struct oci_ref *ret, struct err *e)
{
	struct oci_ref r AUTO(oci_ref_finish) = { 0 };
	int rc = oci_ref_parse(s, &r, e);

	if (rc == 0 && (r.transport != OCI_REGISTRY || r.digest))
		rc = err_set(e, -EINVAL, "'%.80s' is not a name to give: it is written [HOST/]NAME[:TAG]", s);
	if (rc < 0)
		return rc;
	*ret = r;
	r = (struct oci_ref){ 0 };
	return 0;
}

static const char *path_word(enum oci_transport t)
{
	return t == OCI_DIR ? "oci:" : t == OCI_ARCHIVE ? "oci-archive:" : "docker-archive:";
}

static bool is_transport(const char *repo)
{
	return strcmp(repo, "oci") == 0 || strcmp(repo, "oci-archive") == 0 || strcmp(repo, "docker-archive") == 0;
}

/* host and repository; familiar: without what parse fills in. */
static int add_name(struct buf *b, const struct oci_ref *r, bool familiar)
{
	bool hub = familiar && strcmp(r->host, DEFAULT_HOST) == 0;
	const char *repo = r->repo;

	/* "library/a" is shown as "a" only if that reads back as the same */
	if (hub && str_starts(repo, OFFICIAL) && !strchr(repo + strlen(OFFICIAL), '/'))
		repo += is_transport(repo + strlen(OFFICIAL)) ? 0 : strlen(OFFICIAL); /* "oci:1" would be a folder */
	else if (hub && is_host(repo, strcspn(repo, "/")))
		hub = false;
	return hub ? buf_adds(b, repo) : buf_addf(b, "%s/%s", r->host, repo);
}

static char *print(const struct oci_ref *r, bool familiar)
{
	AUTO_BUF struct buf b = { 0 };
	int rc;

	if (r->transport != OCI_REGISTRY) {
		rc = buf_addf(&b, "%s%s%s%s", path_word(r->transport), r->path, r->tag ? ":" : "",
			      r->tag ? r->tag : "");
	} else {
		rc = add_name(&b, r, familiar);
		if (rc == 0 && r->tag)
			rc = buf_addf(&b, ":%s", r->tag);
		if (rc == 0 && r->digest)
			rc = buf_addf(&b, "@%s", r->digest);
	}
	return rc < 0 ? NULL : buf_steal(&b);
}

char *oci_ref_str(const struct oci_ref *r)
{
	return print(r, false);
}

char *oci_ref_familiar(const struct oci_ref *r)
{
	return print(r, true);
}

char *oci_ref_name(const struct oci_ref *r, bool familiar)
{
	AUTO_BUF struct buf b = { 0 };
	int rc = r->transport == OCI_REGISTRY ? add_name(&b, r, familiar) :
						buf_addf(&b, "%s%s", path_word(r->transport), r->path);

	return rc < 0 ? NULL : buf_steal(&b);
}

const char *oci_ref_api_host(const struct oci_ref *r)
{
	return strcmp(r->host, DEFAULT_HOST) == 0 ? "registry-1.docker.io" : r->host;
}
