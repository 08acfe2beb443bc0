/* SPDX-License-Identifier: Apache-2.0 */
/* cred-store.c - logins kept and forgotten, in docker's config.json or the helper that it names. */
#include "oci/cred.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "oci/cred-helper.h"

/* --- the text */

static cJSON *entry_of(const struct oci_cred *c)
{
	AUTO_JSON cJSON *entry = cJSON_CreateObject();
	AUTO_BUF struct buf plain = { 0 };
	AUTO_FREE char *auth = NULL;

	if (!entry || buf_addf(&plain, "%s:%s", c->user ? c->user : "", c->password ? c->password : "") < 0)
		return NULL;
	auth = malloc((plain.len + 2) / 3 * 4 + 1);
	if (auth)
		EVP_EncodeBlock((uint8_t *)auth, plain.p, (int)plain.len);
	explicit_bzero(plain.p, plain.len);
	bool ok = auth && cJSON_AddStringToObject(entry, "auth", auth) &&
		  (!c->identity || cJSON_AddStringToObject(entry, "identitytoken", c->identity));
	if (auth)
		explicit_bzero(auth, strlen(auth));
	return ok ? TAKE(entry) : NULL;
}

/* true for a key that names the host itself ("host", "https://host/v1/") and no part of it ("host/team"). */
static bool names_host(const char *key, const char *host)
{
	char h[300];
	const char *slash = strstr(key, "://") ? NULL : strchr(key, '/');

	oci_cred_key_host(key, h, sizeof h);
	return strcmp(h, host) == 0 && (!slash || !slash[1]);
}

static bool drop_entries(cJSON *auths, const char *host)
{
	bool dropped = false;

	for (cJSON *it = auths ? auths->child : NULL, *next; it; it = next) {
		next = it->next;
		if (!names_host(it->string, host))
			continue;
		cJSON_Delete(cJSON_DetachItemViaPointer(auths, it));
		dropped = true;
	}
	return dropped;
}

static const char *helper_of(const cJSON *j, const char *host)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, json_obj(j, "credHelpers"))
	{
		if (names_host(it->string, host) && cJSON_IsString(it) && *it->valuestring)
			return it->valuestring;
	}
	const char *store = json_str(j, "credsStore");
	return store && *store ? store : NULL;
}

static int load(const char *text, size_t len, cJSON **ret, cJSON **ret_auths, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	int rc = len ? json_parse(text, len, "it", &j, e) : 0;

	if (rc < 0)
		return rc;
	if (!len)
		j = cJSON_CreateObject();
	if (!j)
		return err_set(e, -ENOMEM, "out of memory");
	if (!cJSON_IsObject(j))
		return err_set(e, -EINVAL, "it is not a JSON object");
	*ret_auths = cJSON_GetObjectItemCaseSensitive(j, "auths");
	if (*ret_auths && !cJSON_IsObject(*ret_auths))
		return err_set(e, -EINVAL, "its 'auths' is not an object");
	*ret = TAKE(j);
	return 0;
}

int oci_cred_edit(const char *text, size_t len, const char *host, const struct oci_cred *c, char **ret_text,
		  char **ret_helper, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;
	AUTO_FREE char *helper = NULL;
	cJSON *auths = NULL;
	int rc = load(text, len, &j, &auths, e);

	if (rc < 0)
		return rc;
	const char *name = helper_of(j, host);
	helper = name ? strdup(name) : NULL;
	if (name && !helper)
		return err_set(e, -ENOMEM, "out of memory");
	bool changed = drop_entries(auths, host);
	if (c) {
		cJSON *entry = helper ? cJSON_CreateObject() : entry_of(c);

		if (!auths)
			auths = cJSON_AddObjectToObject(j, "auths");
		if (!entry || !auths || !cJSON_AddItemToObject(auths, oci_cred_key(host), entry)) {
			cJSON_Delete(entry);
			return err_set(e, -ENOMEM, "out of memory");
		}
		changed = true;
	}
	*ret_text = NULL;
	if (changed && !(*ret_text = json_print_indented(j)))
		return err_set(e, -ENOMEM, "out of memory");
	*ret_helper = TAKE(helper);
	return 0;
}

/* --- the file */

struct file {
	char *path;   /* without symlinks */
	int dir;      /* of its folder, flock held: two logins at once both count */
	char *text;
	size_t len;
};

static void file_finish(struct file *f)
{
	if (f->text)
		explicit_bzero(f->text, f->len);
	free(f->text);
	free(f->path);
	if (f->dir >= 0)
		close(f->dir);
}

/* text is NULL if there is no file. make: the folder too. */
static int file_begin(struct file *f, bool make, struct err *e)
{
	AUTO_FREE char *path = oci_cred_docker_file();
	char *slash;

	*f = (struct file){ .dir = -1 };
	if (!path)
		return err_set(e, -ENOENT, "neither HOME nor DOCKER_CONFIG says where logins are kept");
	f->path = realpath(path, NULL);
	if (!f->path)
		f->path = TAKE(path);
	slash = strrchr(f->path, '/');
	AUTO_FREE char *dir = slash ? strndup(f->path, slash == f->path ? 1 : (size_t)(slash - f->path)) : strdup(".");
	if (!dir)
		return err_set(e, -ENOMEM, "out of memory");
	int rc = make ? path_mkdirs(dir, 0700, e) : 0;
	if (rc < 0)
		return rc;
	f->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir < 0)
		return !make && (errno == ENOENT || errno == ENOTDIR) ? 0 : err_sys(e, -errno, "cannot open '%s'", dir);
	while (flock(f->dir, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, -errno, "cannot lock '%s'", dir);
	rc = file_load(AT_FDCWD, f->path, OCI_CRED_FILE_MAX, &f->text, &f->len, e);
	return rc == -ENOENT ? 0 : rc;
}

static int file_write(struct file *f, const char *text, struct err *e)
{
	const char *slash = strrchr(f->path, '/');

	return file_replace(f->dir, slash ? slash + 1 : f->path, text, strlen(text), 0600, e);
}

static void wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
}

int oci_cred_store(const char *host, const struct oci_cred *c, char **ret_where, bool *ret_in_file, struct err *e)
{
	struct file f AUTO(file_finish) = { .dir = -1 };
	char *text AUTO(wipe) = NULL;
	AUTO_FREE char *helper = NULL;
	int rc = file_begin(&f, true, e);

	if (rc == 0)
		rc = oci_cred_edit(f.text, f.len, host, c, &text, &helper, e);
	if (rc < 0)
		return f.path ? err_wrap(e, rc, "cannot keep the login in '%s'", f.path) : rc;
	if (helper)
		rc = oci_cred_helper_store(helper, host, c, e);
	if (rc == 0)
		rc = file_write(&f, text, e);
	if (rc < 0)
		return err_wrap(e, rc, "cannot keep the login");
	*ret_in_file = !helper;
	*ret_where = helper ? path_fmt("helper '%s'", helper) : TAKE(f.path);
	return *ret_where ? 0 : err_set(e, -ENOMEM, "out of memory");
}

int oci_cred_erase(const char *host, bool *ret_found, struct err *e)
{
	struct file f AUTO(file_finish) = { .dir = -1 };
	struct oci_cred had AUTO(oci_cred_finish) = { 0 };
	char *text AUTO(wipe) = NULL;
	AUTO_FREE char *helper = NULL;
	int rc = file_begin(&f, false, e);

	*ret_found = false;
	if (rc == 0 && !f.text)
		return 0;
	if (rc == 0)
		rc = oci_cred_edit(f.text, f.len, host, NULL, &text, &helper, e);
	if (rc < 0)
		return f.path ? err_wrap(e, rc, "cannot take the login out of '%s'", f.path) : rc;
	*ret_found = text != NULL;
	if (helper) {
		rc = oci_cred_helper_get(helper, host, &had, e);
		*ret_found = *ret_found || !oci_cred_none(&had);
		if (rc == 0 && !oci_cred_none(&had))
			rc = oci_cred_helper_erase(helper, host, e);
	}
	if (rc == 0 && text)
		rc = file_write(&f, text, e);
	return rc < 0 ? err_wrap(e, rc, "cannot forget the login of %s", host) : 0;
}
