/* SPDX-License-Identifier: Apache-2.0 */
/* cred-helper.c - runs credential helpers. What they are told stands on their standard input only: the secret is
 * never on a command line or in the environment. */
#include "oci/cred-helper.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/spawn.h"
#include "oci/cred.h"

#define HELPER_MS 30000
#define HUB_KEY "https://index.docker.io/v1/"

const char *oci_cred_key(const char *host)
{
	return strcmp(host, "docker.io") == 0 ? HUB_KEY : host;
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
		if (n > 0 && buf_add(out, chunk, (size_t)n) < 0)
			return -ENOMEM;
		explicit_bzero(chunk, sizeof chunk);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static bool name_ok(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n < 128 && !s[n] && s[0] != '.';
}

/* A file in memory, read from its start. */
static int text_fd(const char *text, struct err *e)
{
	AUTO_CLOSE int fd = memfd_create("login", MFD_CLOEXEC);

	if (fd < 0 || file_write_full(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, -errno, "cannot talk to it");
	return TAKE_FD(fd);
}

/* docker-credential-NAME VERB with text on its standard input. out: what it printed. */
static int run(const char *name, const char *verb, const char *text, struct buf *out, bool *ret_ok, struct err *e)
{
	AUTO_FREE char *file = path_fmt("docker-credential-%s", name);
	const char *argv[] = { file, verb, NULL };
	int from[2], pidfd, status = 0;
	pid_t pid;

	if (!file)
		return err_set(e, -ENOMEM, "out of memory");
	if (!name_ok(name))
		return err_set(e, -EINVAL, "this is not the name of one");
	AUTO_CLOSE int in = text_fd(text, e);
	if (in < 0)
		return in;
	if (pipe2(from, O_CLOEXEC) < 0)
		return err_sys(e, -errno, "cannot make a pipe");
	AUTO_CLOSE int from_r = from[0];
	AUTO_CLOSE int from_w = from[1];

	struct spawn_fd fds[] = { { in, 0 }, { from_w, 1 } };
	struct spawn s = { .file = file, .argv = argv, .fds = fds, .nfds = 2 };
	int rc = spawn_start(&s, &pid, &pidfd, e);
	if (rc < 0)
		return rc;
	close(TAKE_FD(from_w));
	rc = read_within(from_r, clock_mono_ns() + (int64_t)HELPER_MS * 1000000, out);
	if (rc < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	close(pidfd);
	if (rc < 0)
		return err_sys(e, rc, "it gave no answer");
	*ret_ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return 0;
}

int oci_cred_helper_get(const char *name, const char *host, struct oci_cred *ret, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };
	bool ok = false;
	int rc = run(name, "get", oci_cred_key(host), &out, &ok, e);

	*ret = (struct oci_cred){ 0 };
	/* it knows none: not a failure, the registry will say what it wants */
	if (rc == 0 && ok)
		rc = oci_cred_parse_helper((char *)out.p, out.len, ret, e);
	if (out.p)
		explicit_bzero(out.p, out.len);
	return rc < 0 ? err_wrap(e, rc, "credential helper '%.60s'", name) : 0;
}

/* Its own words are what it prints when it fails. */
static int failed(const struct buf *out, struct err *e)
{
	return out->len ? err_set(e, -EIO, "%.*s", (int)strcspn((char *)out->p, "\r\n"), (char *)out->p) :
			  err_set(e, -EIO, "it failed");
}

int oci_cred_helper_store(const char *name, const char *host, const struct oci_cred *c, struct err *e)
{
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	AUTO_BUF struct buf out = { 0 };
	bool ok = false;

	if (!cJSON_AddStringToObject(j, "ServerURL", oci_cred_key(host)) ||
	    !cJSON_AddStringToObject(j, "Username", c->identity ? "<token>" : c->user) ||
	    !cJSON_AddStringToObject(j, "Secret", c->identity ? c->identity : c->password))
		return err_set(e, -ENOMEM, "out of memory");
	char *text = json_print(j);
	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = run(name, "store", text, &out, &ok, e);
	explicit_bzero(text, strlen(text));
	free(text);
	if (rc == 0 && !ok)
		rc = failed(&out, e);
	return rc < 0 ? err_wrap(e, rc, "credential helper '%.60s'", name) : 0;
}

int oci_cred_helper_erase(const char *name, const char *host, struct err *e)
{
	AUTO_BUF struct buf out = { 0 };
	bool ok = false;
	int rc = run(name, "erase", oci_cred_key(host), &out, &ok, e);

	if (rc == 0 && !ok && !(out.len && strstr((char *)out.p, "not found")))
		rc = failed(&out, e);
	return rc < 0 ? err_wrap(e, rc, "credential helper '%.60s'", name) : 0;
}
