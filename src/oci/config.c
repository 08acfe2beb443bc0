/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - the image configuration. */
#include "oci/config.h"

#include <string.h>

#include "base/auto.h"
#include "base/json.h"
#include "base/str.h"
#include "oci/manifest.h"

#define STRINGS_MAX 16384 /* of one list: environment, arguments, labels, … */

void oci_config_finish(struct oci_config *c)
{
	char *texts[] = { c->created, c->author, c->user, c->working_dir, c->stop_signal };
	char **lists[] = { c->env, c->entrypoint, c->cmd, c->shell, c->volumes, c->exposed_ports, c->health.test };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		strv_free(lists[i]);
	for (size_t i = 0; i < c->nlabels; i++) {
		free(c->labels[i].key);
		free(c->labels[i].value);
	}
	free(c->labels);
	free(c->diff_ids);
	for (size_t i = 0; i < c->nhistory; i++) {
		free(c->history[i].created);
		free(c->history[i].created_by);
		free(c->history[i].author);
		free(c->history[i].comment);
	}
	free(c->history);
	*c = (struct oci_config){ 0 };
}

/* Any string member, or NULL. */
static int get_str(const cJSON *j, const char *name, char **ret, struct err *e)
{
	const char *s = json_str(j, name);

	if (!s)
		return 0;
	*ret = strdup(s);
	return *ret ? 0 : err_set(e, -ENOMEM, "out of memory");
}

static int count(const cJSON *j, const char *name, size_t max, size_t *ret, struct err *e)
{
	size_t n = 0;
	const cJSON *it;

	cJSON_ArrayForEach(it, j)
		n++;
	if (n > max)
		return err_set(e, -EFBIG, "'%s' has %zu entries, more than %zu", name, n, max);
	*ret = n;
	return 0;
}

/* A list that decides what runs: absent or null, or an array of strings and nothing else. */
static int get_list(const cJSON *j, const char *name, char ***ret, struct err *e)
{
	const cJSON *a = cJSON_GetObjectItemCaseSensitive(j, name), *it;
	size_t n = 0;

	if (!a || cJSON_IsNull(a))
		return 0;
	if (!cJSON_IsArray(a))
		return err_set(e, -EINVAL, "'%s' is not a list", name);
	int rc = count(a, name, STRINGS_MAX, &n, e);
	if (rc < 0)
		return rc;
	cJSON_ArrayForEach(it, a)
		if (!cJSON_IsString(it))
			return err_set(e, -EINVAL, "'%s' holds what is not a string", name);
	*ret = json_strv(a);
	return *ret ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* The names of an object's members. */
static int get_keys(const cJSON *j, const char *name, char ***ret, struct err *e)
{
	const cJSON *o = json_obj(j, name), *it;
	size_t n = 0, i = 0;

	if (!o)
		return 0;
	int rc = count(o, name, STRINGS_MAX, &n, e);
	if (rc < 0)
		return rc;
	*ret = calloc(n + 1, sizeof **ret);
	if (!*ret)
		return err_set(e, -ENOMEM, "out of memory");
	cJSON_ArrayForEach(it, o) {
		(*ret)[i] = strdup(it->string);
		if (!(*ret)[i++])
			return err_set(e, -ENOMEM, "out of memory");
	}
	return 0;
}

static int get_labels(const cJSON *j, struct oci_config *c, struct err *e)
{
	const cJSON *o = json_obj(j, "Labels"), *it;
	size_t n = 0;

	if (!o)
		return 0;
	int rc = count(o, "Labels", STRINGS_MAX, &n, e);
	if (rc < 0)
		return rc;
	c->labels = calloc(n ? n : 1, sizeof *c->labels);
	if (!c->labels)
		return err_set(e, -ENOMEM, "out of memory");
	cJSON_ArrayForEach(it, o) {
		struct oci_pair *p = &c->labels[c->nlabels];

		if (!cJSON_IsString(it))
			continue;
		c->nlabels++;
		p->key = strdup(it->string);
		p->value = strdup(it->valuestring);
		if (!p->key || !p->value)
			return err_set(e, -ENOMEM, "out of memory");
	}
	return 0;
}

static int get_health(const cJSON *j, struct oci_config *c, struct err *e)
{
	const cJSON *h = json_obj(j, "Healthcheck");

	if (!h)
		return 0;
	c->has_health = true;
	c->health.interval_ns = json_int(h, "Interval", 0);
	c->health.timeout_ns = json_int(h, "Timeout", 0);
	c->health.start_period_ns = json_int(h, "StartPeriod", 0);
	c->health.start_interval_ns = json_int(h, "StartInterval", 0);
	c->health.retries = json_int(h, "Retries", 0);
	return get_list(h, "Test", &c->health.test, e);
}

static int get_process(const cJSON *j, struct oci_config *c, struct err *e)
{
	static const char *const texts[] = { "User", "WorkingDir", "StopSignal" };
	char **to[] = { &c->user, &c->working_dir, &c->stop_signal };
	static const char *const lists[] = { "Env", "Entrypoint", "Cmd", "Shell" };
	char ***lto[] = { &c->env, &c->entrypoint, &c->cmd, &c->shell };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(texts); i++) {
		const cJSON *it = cJSON_GetObjectItemCaseSensitive(j, texts[i]);

		if (it && !cJSON_IsNull(it) && !cJSON_IsString(it))
			return err_set(e, -EINVAL, "'%s' is not a string", texts[i]);
		rc = get_str(j, texts[i], to[i], e);
	}
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(lists); i++)
		rc = get_list(j, lists[i], lto[i], e);
	if (rc == 0)
		rc = get_keys(j, "Volumes", &c->volumes, e);
	if (rc == 0)
		rc = get_keys(j, "ExposedPorts", &c->exposed_ports, e);
	if (rc == 0)
		rc = get_labels(j, c, e);
	if (rc == 0)
		rc = get_health(j, c, e);
	return rc;
}

static int get_diff_ids(const cJSON *j, struct oci_config *c, struct err *e)
{
	const cJSON *ids = json_arr(json_obj(j, "rootfs"), "diff_ids"), *it;
	size_t n = 0;

	if (!ids)
		return err_set(e, -EINVAL, "it has no 'rootfs' with 'diff_ids'");
	int rc = count(ids, "diff_ids", OCI_LAYERS_MAX, &n, e);
	if (rc < 0)
		return rc;
	c->diff_ids = calloc(n ? n : 1, sizeof *c->diff_ids);
	if (!c->diff_ids)
		return err_set(e, -ENOMEM, "out of memory");
	cJSON_ArrayForEach(it, ids) {
		rc = oci_digest_parse(cJSON_IsString(it) ? it->valuestring : "", &c->diff_ids[c->ndiff_ids], e);
		if (rc < 0)
			return rc;
		c->ndiff_ids++;
	}
	return 0;
}

static int get_history(const cJSON *j, struct oci_config *c, struct err *e)
{
	const cJSON *a = json_arr(j, "history"), *it;
	size_t n = 0;
	int rc = count(a, "history", STRINGS_MAX, &n, e);

	if (rc < 0 || !n)
		return rc;
	c->history = calloc(n, sizeof *c->history);
	if (!c->history)
		return err_set(e, -ENOMEM, "out of memory");
	cJSON_ArrayForEach(it, a) {
		struct oci_history *h = &c->history[c->nhistory++];

		h->empty_layer = json_bool(it, "empty_layer", false);
		rc = get_str(it, "created", &h->created, e);
		if (rc == 0)
			rc = get_str(it, "created_by", &h->created_by, e);
		if (rc == 0)
			rc = get_str(it, "author", &h->author, e);
		if (rc == 0)
			rc = get_str(it, "comment", &h->comment, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void get_word(const cJSON *j, const char *name, char *ret, size_t size)
{
	const char *s = json_str(j, name);

	if (s && strlen(s) < size)
		strcpy(ret, s);
}

static int config_parse(const char *text, size_t len, struct oci_config *c, struct err *e)
{
	AUTO_JSON cJSON *j = NULL;

	if (len > OCI_MANIFEST_MAX)
		return err_set(e, -EFBIG, "it is larger than %u MiB", OCI_MANIFEST_MAX >> 20);
	int rc = json_parse(text, len, "image config", &j, e);
	if (rc < 0)
		return rc;
	if (!cJSON_IsObject(j))
		return err_set(e, -EINVAL, "it is not a JSON object");
	get_word(j, "os", c->platform.os, sizeof c->platform.os);
	get_word(j, "architecture", c->platform.arch, sizeof c->platform.arch);
	get_word(j, "variant", c->platform.variant, sizeof c->platform.variant);
	rc = get_str(j, "created", &c->created, e);
	if (rc == 0)
		rc = get_str(j, "author", &c->author, e);
	if (rc == 0)
		rc = get_process(json_obj(j, "config"), c, e);
	if (rc == 0)
		rc = get_diff_ids(j, c, e);
	if (rc == 0)
		rc = get_history(j, c, e);
	return rc;
}

int oci_config_parse(const char *text, size_t len, struct oci_config *ret, struct err *e)
{
	struct oci_config c AUTO(oci_config_finish) = { 0 };
	int rc = config_parse(text, len, &c, e);

	if (rc < 0)
		return err_wrap(e, rc, "cannot read the image's config");
	*ret = c;
	c = (struct oci_config){ 0 };
	return 0;
}

int oci_chain_id(const struct oci_digest *diff_ids, size_t n, struct oci_digest *ret)
{
	struct oci_digest id = diff_ids[0];
	char both[2 * OCI_DIGEST_MAX];

	for (size_t i = 1; i < n; i++) {
		size_t a = strlen(id.text), b = strlen(diff_ids[i].text);

		memcpy(both, id.text, a);
		both[a] = ' ';
		memcpy(both + a + 1, diff_ids[i].text, b);
		int rc = oci_digest_of(OCI_SHA256, both, a + 1 + b, &id);
		if (rc < 0)
			return rc;
	}
	*ret = id;
	return 0;
}
