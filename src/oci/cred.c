/* SPDX-License-Identifier: Apache-2.0 */
/* cred.c - logins from the files and helpers that docker and podman use. */
#include "oci/cred.h"

#include <fcntl.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/str.h"
#include "oci/cred-helper.h"

void oci_cred_key_host(const char *key, char *ret, size_t size)
{
	size_t n;

	if (str_starts(key, "https://"))
		key += 8;
	else if (str_starts(key, "http://"))
		key += 7;
	n = strcspn(key, "/");
	if (n >= size)
		n = 0;
	memcpy(ret, key, n);
	ret[n] = 0;
	if (strcmp(ret, "index.docker.io") == 0 || strcmp(ret, "registry-1.docker.io") == 0)
		snprintf(ret, size, "docker.io");
}

/* How well a key names host and repo: 0 not, else the longer the better. */
static size_t key_rank(const char *key, const char *host, const char *repo)
{
	char h[300];
	const char *slash = strstr(key, "://") ? NULL : strchr(key, '/');

	oci_cred_key_host(key, h, sizeof h);
	if (!h[0] || strcmp(h, host) != 0)
		return 0;
	if (!slash || !slash[1])
		return 1;
	size_t n = strlen(slash + 1);
	if (!repo || strncmp(repo, slash + 1, n) != 0 || (repo[n] && repo[n] != '/'))
		return 0;
	return 1 + n;
}

static const cJSON *best_key(const cJSON *object, const char *host, const char *repo)
{
	const cJSON *it, *best = NULL;
	size_t best_rank = 0;

	cJSON_ArrayForEach(it, object) {
		size_t rank = key_rank(it->string, host, repo);

		if (rank > best_rank) {
			best = it;
			best_rank = rank;
		}
	}
	return best;
}

/* base64("user:password") */
static int decode_auth(const char *text, struct oci_cred *ret, struct err *e)
{
	size_t n = strlen(text);
	AUTO_FREE char *plain = NULL;

	if (!n || n % 4 || n > OCI_TOKEN_MAX)
		return err_set(e, -EINVAL, "its 'auth' is not base64");
	plain = calloc(1, n + 1);
	if (!plain)
		return err_set(e, -ENOMEM, "out of memory");
	if (EVP_DecodeBlock((uint8_t *)plain, (const uint8_t *)text, (int)n) < 0)
		return err_set(e, -EINVAL, "its 'auth' is not base64");

	int rc = oci_cred_split(plain, ret, NULL);

	explicit_bzero(plain, n);
	return rc < 0 ? err_set(e, rc, "its 'auth' is not of the form user:password") : 0;
}

static int set(char **to, const char *value, struct err *e)
{
	*to = value ? strdup(value) : NULL;
	return !value || *to ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static int from_entry(const cJSON *entry, struct oci_cred *ret, struct err *e)
{
	const char *auth = json_str(entry, "auth"), *identity = json_str(entry, "identitytoken");
	const char *user = json_str(entry, "username"), *password = json_str(entry, "password");
	struct oci_cred c AUTO(oci_cred_finish) = { 0 };
	int rc = 0;

	if (auth && *auth)
		rc = decode_auth(auth, &c, e);
	else if (user && *user && password)
		rc = set(&c.user, user, e) < 0 ? -ENOMEM : set(&c.password, password, e);
	if (rc == 0 && identity && *identity)
		rc = set(&c.identity, identity, e);
	if (rc < 0)
		return rc;
	*ret = c;
	c = (struct oci_cred){ 0 };
	return 0;
}

int oci_cred_lookup(const char *text, size_t len, const char *host, const char *repo, struct oci_cred *ret,
		    char **ret_helper, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	const cJSON *helper, *entry;
	const char *store;
	int rc = json_parse(text, len, "it", &j, e);

	*ret = (struct oci_cred){ 0 };
	*ret_helper = NULL;
	if (rc < 0)
		return rc;
	helper = best_key(json_obj(j, "credHelpers"), host, repo);
	if (cJSON_IsString(helper) && *helper->valuestring)
		return set(ret_helper, helper->valuestring, e);
	entry = best_key(json_obj(j, "auths"), host, repo);
	if (cJSON_IsObject(entry)) {
		rc = from_entry(entry, ret, e);
		if (rc < 0)
			return err_wrap(e, rc, "the entry of '%s'", entry->string);
		if (!oci_cred_none(ret))
			return 0;
	}
	store = json_str(j, "credsStore");
	return store && *store ? set(ret_helper, store, e) : 0;
}

int oci_cred_parse_helper(const char *text, size_t len, struct oci_cred *ret, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	struct oci_cred c AUTO(oci_cred_finish) = { 0 };
	int rc = json_parse(text, len, "its answer", &j, e);

	if (rc < 0)
		return rc;
	const char *user = json_str(j, "Username"), *secret = json_str(j, "Secret");

	if (!user || !secret)
		return err_set(e, -EINVAL, "its answer lacks Username or Secret");
	if (strcmp(user, "<token>") == 0)
		rc = set(&c.identity, secret, e);
	else
		rc = set(&c.user, user, e) < 0 ? -ENOMEM : set(&c.password, secret, e);
	if (rc < 0)
		return rc;
	*ret = c;
	c = (struct oci_cred){ 0 };
	return 0;
}

/* 1: found, 0: not in there. */
static int find_in(const char *path, const char *host, const char *repo, struct oci_cred *ret, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *helper = NULL;
	size_t len;
	int rc = file_load(AT_FDCWD, path, OCI_CRED_FILE_MAX, &text, &len, e);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc == 0) {
		rc = oci_cred_lookup(text, len, host, repo, ret, &helper, e);
		explicit_bzero(text, len);
	}
	if (rc < 0)
		return err_wrap(e, rc, "cannot read '%s'", path);
	if (helper) {
		rc = oci_cred_helper_get(helper, host, ret, e);
		if (rc < 0)
			return rc;
	}
	return !oci_cred_none(ret);
}

char *oci_cred_docker_file(void)
{
	const char *home = getenv("HOME"), *docker = getenv("DOCKER_CONFIG");

	if (docker && *docker)
		return path_fmt("%s/config.json", docker);
	return home && *home ? path_fmt("%s/.docker/config.json", home) : NULL;
}

/* The others, which are only read; NULL where the environment names none. */
static char *other_file(unsigned i)
{
	const char *home = getenv("HOME"), *auth = getenv("REGISTRY_AUTH_FILE");
	const char *run = getenv("XDG_RUNTIME_DIR"), *config = getenv("XDG_CONFIG_HOME");

	if (i == 0)
		return auth && *auth ? strdup(auth) : NULL;
	if (i == 1)
		return run && *run ? path_fmt("%s/containers/auth.json", run) : NULL;
	if (config && *config)
		return path_fmt("%s/containers/auth.json", config);
	return home && *home ? path_fmt("%s/.config/containers/auth.json", home) : NULL;
}

int oci_cred_find_other(const char *host, const char *repo, struct oci_cred *ret, char **ret_file, struct err *e)
{
	int rc = 0;

	*ret = (struct oci_cred){ 0 };
	for (unsigned i = 0; i < 3 && rc == 0; i++) {
		AUTO_FREE char *file = other_file(i);

		if (!file)
			continue;
		rc = find_in(file, host, repo, ret, e);
		if (rc == 1 && ret_file)
			*ret_file = TAKE(file);
	}
	return rc < 0 ? rc : 0;
}

int oci_cred_find(const char *host, const char *repo, struct oci_cred *ret, struct err *e)
{
	AUTO_FREE char *docker = oci_cred_docker_file();
	int rc;

	*ret = (struct oci_cred){ 0 };
	rc = docker ? find_in(docker, host, repo, ret, e) : 0;
	if (rc == 0)
		rc = oci_cred_find_other(host, repo, ret, NULL, e);
	return rc < 0 ? rc : 0;
}
