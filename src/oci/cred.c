/* SPDX-License-Identifier: Apache-2.0 */
/* cred.c - logins from the files and helpers that docker and podman use. */
#include "oci/cred.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/spawn.h"
#include "base/str.h"

#define HELPER_MS 30000
#define HUB_KEY "https://index.docker.io/v1/"

/* "https://host/v1/" and the like name the host. Writes it to ret, "" if it does not fit. */
static void key_host(const char *key, char *ret, size_t size)
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

	key_host(key, h, sizeof h);
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

/* What fd gives until its end, within the time. */
static int read_within(int fd, int64_t until_ns, struct buf *out)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = (until_ns - clock_mono_ns()) / 1000000;
		char chunk[4096];

		if (left <= 0 || out->len > OCI_TOKEN_MAX)
			return left <= 0 ? -ETIMEDOUT : -EFBIG;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (!p.revents)
			continue;
		ssize_t n = read(fd, chunk, sizeof chunk);
		if (n == 0)
			return 0;
		if (n > 0 && buf_add(out, chunk, (size_t)n) < 0)
			return -ENOMEM;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static bool helper_name_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n < 128 && !s[n] && s[0] != '.';
}

/* docker-credential-NAME get, the host on its standard input. The secret never is on a command line. */
static int run_helper(const char *name, const char *host, struct buf *out, bool *ret_found, struct err *e)
{
	AUTO_FREE char *file = path_fmt("docker-credential-%s", name);
	const char *argv[] = { file, "get", NULL };
	int in[2], from[2], pidfd, status = 0;
	pid_t pid;

	if (!file)
		return err_set(e, -ENOMEM, "out of memory");
	if (pipe2(in, O_CLOEXEC) < 0)
		return err_sys(e, -errno, "cannot make a pipe");
	AUTO_CLOSE int in_r = in[0];
	AUTO_CLOSE int in_w = in[1];
	if (pipe2(from, O_CLOEXEC) < 0)
		return err_sys(e, -errno, "cannot make a pipe");
	AUTO_CLOSE int from_r = from[0];
	AUTO_CLOSE int from_w = from[1];

	struct spawn_fd fds[] = { { in_r, 0 }, { from_w, 1 } };
	struct spawn s = { .file = file, .argv = argv, .fds = fds, .nfds = 2 };
	int rc = spawn_start(&s, &pid, &pidfd, e);
	if (rc < 0)
		return rc;
	close(TAKE_FD(in_r));
	close(TAKE_FD(from_w));
	if (file_write_full(in_w, host, strlen(host)) < 0)
		rc = 0; /* it did not want to know: what it says counts */
	close(TAKE_FD(in_w));
	rc = read_within(from_r, clock_mono_ns() + (int64_t)HELPER_MS * 1000000, out);
	if (rc < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	close(pidfd);
	if (rc < 0)
		return err_sys(e, rc, "it gave no answer");
	*ret_found = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return 0;
}

static int ask_helper(const char *name, const char *host, struct oci_cred *ret, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };
	bool found = false;
	int rc;

	if (!helper_name_ok(name))
		return err_set(e, -EINVAL, "'%.60s' is not the name of a credential helper", name);
	rc = run_helper(name, strcmp(host, "docker.io") == 0 ? HUB_KEY : host, &out, &found, e);
	if (rc == 0 && found)
		rc = oci_cred_parse_helper((char *)out.p, out.len, ret, e);
	if (out.p)
		explicit_bzero(out.p, out.len);
	/* it knows none: not a failure, the registry will say what it wants */
	return rc < 0 ? err_wrap(e, rc, "credential helper '%s'", name) : 0;
}

/* 1: found, 0: not in there. */
static int find_in(char *path, const char *host, const char *repo, struct oci_cred *ret, struct err *e)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *helper = NULL;
	AUTO_FREE char *own = path;
	size_t len;

	if (!own)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = file_load(AT_FDCWD, own, OCI_CRED_FILE_MAX, &text, &len, e);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc == 0) {
		rc = oci_cred_lookup(text, len, host, repo, ret, &helper, e);
		explicit_bzero(text, len);
	}
	if (rc < 0)
		return err_wrap(e, rc, "cannot read '%s'", own);
	if (helper) {
		rc = ask_helper(helper, host, ret, e);
		if (rc < 0)
			return rc;
	}
	return !oci_cred_none(ret);
}

int oci_cred_find(const char *host, const char *repo, struct oci_cred *ret, struct err *e)
{
	const char *home = getenv("HOME"), *docker = getenv("DOCKER_CONFIG"), *auth = getenv("REGISTRY_AUTH_FILE");
	const char *run = getenv("XDG_RUNTIME_DIR"), *config = getenv("XDG_CONFIG_HOME");
	int rc = 0;

	*ret = (struct oci_cred){ 0 };
	if (docker && *docker)
		rc = find_in(path_fmt("%s/config.json", docker), host, repo, ret, e);
	else if (home && *home)
		rc = find_in(path_fmt("%s/.docker/config.json", home), host, repo, ret, e);
	if (rc == 0 && auth && *auth)
		rc = find_in(path_fmt("%s", auth), host, repo, ret, e);
	if (rc == 0 && run && *run)
		rc = find_in(path_fmt("%s/containers/auth.json", run), host, repo, ret, e);
	if (rc == 0 && config && *config)
		rc = find_in(path_fmt("%s/containers/auth.json", config), host, repo, ret, e);
	else if (rc == 0 && home && *home)
		rc = find_in(path_fmt("%s/.config/containers/auth.json", home), host, repo, ret, e);
	return rc < 0 ? rc : 0;
}
