/* SPDX-License-Identifier: Apache-2.0 */
/* instruction.c - a line of a Containerfile, applied to a configuration. */
#include "oci/instruction.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/path.h"
#include "base/str.h"

#define LINE_MAX_BYTES (64u << 10)

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "out of memory");
}

/* Replaces the member; v is taken over. */
static int put(cJSON *config, const char *key, cJSON *v, struct err *e)
{
	if (!v)
		return no_memory(e);
	cJSON_DeleteItemFromObjectCaseSensitive(config, key);
	return cJSON_AddItemToObject(config, key, v) ? 0 : no_memory(e);
}

static cJSON *object_of(cJSON *config, const char *key)
{
	cJSON *o = cJSON_GetObjectItemCaseSensitive(config, key);

	if (cJSON_IsObject(o))
		return o;
	cJSON_DeleteItemFromObjectCaseSensitive(config, key);
	return cJSON_AddObjectToObject(config, key);
}

/* ["a", "b"]: a JSON array of strings, or NULL. */
static cJSON *parse_array(const char *text)
{
	const char *end = NULL;
	cJSON *j = *text == '[' ? cJSON_ParseWithOpts(text, &end, false) : NULL, *item;
	bool ok = cJSON_IsArray(j) && end[strspn(end, " \t")] == 0;

	cJSON_ArrayForEach(item, j) ok = ok && cJSON_IsString(item);
	if (ok)
		return j;
	cJSON_Delete(j);
	return NULL;
}

/* The next word of *p, quotes and backslashes taken out; NULL at the end. The caller frees. *ret_open: a
 * quote was not closed. */
static char *next_word(const char **p, bool *ret_open)
{
	struct buf b = { 0 };
	const char *s = *p + strspn(*p, " \t");
	char quote = 0;

	*ret_open = false;
	if (!*s)
		return NULL;
	buf_adds(&b, "");
	for (; *s && (quote || (*s != ' ' && *s != '\t')); s++) {
		if (*s == quote)
			quote = 0;
		else if (!quote && (*s == '"' || *s == '\''))
			quote = *s;
		else if (*s == '\\' && s[1] && quote != '\'')
			buf_addc(&b, *++s);
		else
			buf_addc(&b, *s);
	}
	*p = s;
	*ret_open = quote;
	return buf_steal(&b);
}

/* --- one function an instruction; text is what stands behind it, never empty */

static cJSON *command_of(const char *text)
{
	cJSON *j = parse_array(text);

	if (j)
		return j;
	return cJSON_CreateStringArray((const char *const[]){ "/bin/sh", "-c", text }, 3);
}

static int take_cmd(cJSON *c, const char *text, struct err *e)
{
	return put(c, "Cmd", command_of(text), e);
}

static int take_entrypoint(cJSON *c, const char *text, struct err *e)
{
	return put(c, "Entrypoint", command_of(text), e);
}

static int take_user(cJSON *c, const char *text, struct err *e)
{
	return put(c, "User", cJSON_CreateString(text), e);
}

static int take_stop_signal(cJSON *c, const char *text, struct err *e)
{
	return put(c, "StopSignal", cJSON_CreateString(text), e);
}

static int take_workdir(cJSON *c, const char *text, struct err *e)
{
	const char *was = json_str(c, "WorkingDir");
	AUTO_FREE char *path = *text == '/' ? strdup(text) : path_fmt("%s/%s", was && *was ? was : "", text);

	return path ? put(c, "WorkingDir", cJSON_CreateString(path), e) : no_memory(e);
}

static int set_env(cJSON *c, const char *key, const char *value, struct err *e)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(c, "Env"), *item;
	AUTO_FREE char *text = path_fmt("%s=%s", key, value);
	size_t n = strlen(key);
	int i = 0;

	if (!text)
		return no_memory(e);
	if (!cJSON_IsArray(list)) {
		cJSON_DeleteItemFromObjectCaseSensitive(c, "Env");
		list = cJSON_AddArrayToObject(c, "Env");
	}
	cJSON_ArrayForEach(item, list)
	{
		if (cJSON_IsString(item) && !strncmp(item->valuestring, key, n) &&
		    item->valuestring[n] == '=')
			return cJSON_ReplaceItemInArray(list, i, cJSON_CreateString(text)) ? 0 : no_memory(e);
		i++;
	}
	return cJSON_AddItemToArray(list, cJSON_CreateString(text)) ? 0 : no_memory(e);
}

static int set_label(cJSON *c, const char *key, const char *value, struct err *e)
{
	cJSON *o = object_of(c, "Labels");

	return o ? put(o, key, cJSON_CreateString(value), e) : no_memory(e);
}

/* K=V K=V …, or the old form "K the rest". */
static int take_pairs(cJSON *c, const char *text,
		      int (*set)(cJSON *c, const char *key, const char *value, struct err *e), struct err *e)
{
	size_t first = strcspn(text, " \t=");
	bool open;
	int rc = 0;

	if (text[first] != '=') {
		AUTO_FREE char *key = strndup(text, first);
		const char *value = text + first + strspn(text + first, " \t");

		if (!*value)
			return err_set(e, -EINVAL, "'%s' has no value", text);
		return key ? set(c, key, value, e) : no_memory(e);
	}
	while (rc == 0) {
		AUTO_FREE char *word = next_word(&text, &open);
		char *value = word ? strchr(word, '=') : NULL;

		if (!word)
			break;
		if (open)
			return err_set(e, -EINVAL, "a quote is not closed");
		if (!value || value == word)
			return err_set(e, -EINVAL, "'%s' is not written KEY=VALUE", word);
		*value++ = 0;
		rc = set(c, word, value, e);
	}
	return rc;
}

static int take_env(cJSON *c, const char *text, struct err *e)
{
	return take_pairs(c, text, set_env, e);
}

static int take_label(cJSON *c, const char *text, struct err *e)
{
	return take_pairs(c, text, set_label, e);
}

static int add_port(cJSON *ports, const char *word, struct err *e)
{
	AUTO_FREE char *port = strdup(word);
	char *proto = port ? strchr(port, '/') : NULL, *last;
	uint64_t from, to;

	if (!port)
		return no_memory(e);
	if (proto)
		*proto++ = 0;
	last = strchr(port, '-');
	if (last)
		*last++ = 0;
	if (str_parse_u64(port, 65535, &from) < 0 || str_parse_u64(last ? last : port, 65535, &to) < 0 ||
	    !from || from > to ||
	    (proto && strcmp(proto, "tcp") && strcmp(proto, "udp") && strcmp(proto, "sctp")))
		return err_set(e, -EINVAL, "'%s' is no port, as in 80, 53/udp or 8000-8010", word);
	for (; from <= to; from++) {
		char key[24];
		int rc;

		snprintf(key, sizeof(key), "%u/%s", (unsigned)from, proto ? proto : "tcp");
		rc = put(ports, key, cJSON_CreateObject(), e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int take_expose(cJSON *c, const char *text, struct err *e)
{
	cJSON *ports = object_of(c, "ExposedPorts");
	bool open;
	int rc = ports ? 0 : no_memory(e);

	while (rc == 0) {
		AUTO_FREE char *word = next_word(&text, &open);

		if (!word)
			break;
		rc = add_port(ports, word, e);
	}
	return rc;
}

static int take_volume(cJSON *c, const char *text, struct err *e)
{
	AUTO_JSON cJSON *list = parse_array(text);
	cJSON *volumes = object_of(c, "Volumes"), *item;
	bool open;
	int rc = volumes ? 0 : no_memory(e);

	cJSON_ArrayForEach(item, list) if (rc == 0) rc =
		put(volumes, item->valuestring, cJSON_CreateObject(), e);
	while (rc == 0 && !list) {
		AUTO_FREE char *word = next_word(&text, &open);

		if (!word)
			break;
		rc = put(volumes, word, cJSON_CreateObject(), e);
	}
	return rc;
}

static int take_onbuild(cJSON *c, const char *text, struct err *e)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(c, "OnBuild");

	if (!strncasecmp(text, "ONBUILD ", 8) || !strncasecmp(text, "FROM ", 5))
		return err_set(e, -EINVAL, "ONBUILD does not take '%s'", text);
	if (!cJSON_IsArray(list)) {
		cJSON_DeleteItemFromObjectCaseSensitive(c, "OnBuild");
		list = cJSON_AddArrayToObject(c, "OnBuild");
	}
	return cJSON_AddItemToArray(list, cJSON_CreateString(text)) ? 0 : no_memory(e);
}

/* --name=VALUE of a health check. */
static int health_option(cJSON *h, const char *word, struct err *e)
{
	static const struct {
		const char *name, *key;
	} times[] = { { "--interval=", "Interval" },
		      { "--timeout=", "Timeout" },
		      { "--start-period=", "StartPeriod" },
		      { "--start-interval=", "StartInterval" } };
	uint64_t retries;
	int64_t ms;

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		if (!str_starts(word, times[i].name))
			continue;
		if (str_parse_duration(word + strlen(times[i].name), &ms, e) < 0)
			return -EINVAL;
		return put(h, times[i].key, cJSON_CreateNumber((double)ms * 1e6), e);
	}
	if (!str_starts(word, "--retries="))
		return err_set(e, -EINVAL, "HEALTHCHECK has no option '%s'", word);
	if (str_parse_u64(word + strlen("--retries="), 1000000, &retries) < 0)
		return err_set(e, -EINVAL, "'%s' is no number of retries", word);
	return put(h, "Retries", cJSON_CreateNumber((double)retries), e);
}

static int take_health(cJSON *c, const char *text, struct err *e)
{
	AUTO_JSON cJSON *h = cJSON_CreateObject();
	cJSON *test;
	bool open;
	int rc = h ? 0 : no_memory(e);

	while (rc == 0 && str_starts(text, "--")) {
		AUTO_FREE char *word = next_word(&text, &open);

		rc = word ? health_option(h, word, e) : no_memory(e);
		text += strspn(text, " \t");
	}
	if (rc < 0)
		return rc;
	if (!strcasecmp(text, "NONE")) {
		test = cJSON_CreateStringArray((const char *const[]){ "NONE" }, 1);
	} else if (!strncasecmp(text, "CMD", 3) && (text[3] == ' ' || text[3] == '\t' || text[3] == '[')) {
		text += 3 + strspn(text + 3, " \t");
		test = parse_array(text);
		if (test)
			cJSON_InsertItemInArray(test, 0, cJSON_CreateString("CMD"));
		else
			test = cJSON_CreateStringArray((const char *const[]){ "CMD-SHELL", text }, 2);
	} else {
		return err_set(e, -EINVAL, "HEALTHCHECK is followed by NONE or CMD");
	}
	rc = put(h, "Test", test, e);
	return rc < 0 ? rc : put(c, "Healthcheck", TAKE(h), e);
}

static const struct {
	const char *name;
	int (*take)(cJSON *config, const char *text, struct err *e);
} instructions[] = {
	{ "CMD", take_cmd },         { "ENTRYPOINT", take_entrypoint },  { "ENV", take_env },
	{ "EXPOSE", take_expose },   { "HEALTHCHECK", take_health },     { "LABEL", take_label },
	{ "ONBUILD", take_onbuild }, { "STOPSIGNAL", take_stop_signal }, { "USER", take_user },
	{ "VOLUME", take_volume },   { "WORKDIR", take_workdir },
};

int oci_instruction_apply(cJSON *config, const char *line, struct err *e)
{
	AUTO_FREE char *copy = strndup(line, LINE_MAX_BYTES + 1);
	char *name, *text;
	size_t n;

	if (!copy)
		return no_memory(e);
	if (strlen(copy) > LINE_MAX_BYTES)
		return err_set(e, -EFBIG, "an instruction of more than %u bytes", LINE_MAX_BYTES);
	name = copy + strspn(copy, " \t");
	n = strcspn(name, " \t=");
	text = name + n + strspn(name + n, name[n] == '=' ? "=" : " \t");
	text += strspn(text, " \t");
	for (size_t len = strlen(text); len && isspace((unsigned char)text[len - 1]); len--)
		text[len - 1] = 0;
	for (size_t i = 0; i < ARRAY_LEN(instructions); i++) {
		if (strlen(instructions[i].name) != n || strncasecmp(name, instructions[i].name, n))
			continue;
		if (!*text)
			return err_set(e, -EINVAL, "%s says nothing", instructions[i].name);
		return err_wrap(e, instructions[i].take(config, text, e), "%s", instructions[i].name);
	}
	return err_set(
		e, -EINVAL,
		"'%.*s' is no instruction that can be applied: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, "
		"LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME and WORKDIR can",
		(int)MIN(n, 40u), name);
}
