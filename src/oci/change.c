/* SPDX-License-Identifier: Apache-2.0 */
/* change.c - one instruction at a time. Dockerfile reference, docker's "import --change". */
#include "oci/change.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/str.h"

#define BLANKS " \t"

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "out of memory");
}

/* Takes v over. */
static int set(cJSON *config, const char *key, cJSON *v, struct err *e)
{
	cJSON_DeleteItemFromObjectCaseSensitive(config, key);
	if (v && cJSON_AddItemToObject(config, key, v))
		return 0;
	cJSON_Delete(v);
	return no_memory(e);
}

/* --- words: blanks part them, quotes and '\' keep them together */

/* The next word of *p into b; 1, 0 at the end. */
static int next_word(const char **p, struct buf *b, struct err *e)
{
	const char *s = *p + strspn(*p, BLANKS);
	char quote = 0;

	if (!*s)
		return 0;
	buf_clear(b);
	for (; *s && (quote || !strchr(BLANKS, *s)); s++) {
		if (*s == '\\' && s[1] && quote != '\'') {
			s++;
		} else if (quote ? *s == quote : *s == '"' || *s == '\'') {
			quote = quote ? 0 : *s;
			continue;
		}
		if (buf_addc(b, *s) < 0)
			return no_memory(e);
	}
	if (quote)
		return err_set(e, -EINVAL, "a quote is not closed in '%.100s'", *p);
	*p = s;
	return b->len || buf_adds(b, "") == 0 ? 1 : no_memory(e);
}

static const char *text_of(const struct buf *b)
{
	return b->p ? (const char *)b->p : "";
}

/* --- instructions */

/* ["a", "b"], or words for a shell. */
static int set_command(cJSON *config, const char *key, const char *rest, struct err *e)
{
	const char *shell[] = { "/bin/sh", "-c", rest, NULL };
	cJSON *v = NULL;
	const cJSON *it;

	if (*rest == '[') {
		if (json_parse(rest, strlen(rest), key, &v, NULL) == 0 && cJSON_IsArray(v)) {
			cJSON_ArrayForEach(it, v)
				if (!cJSON_IsString(it)) {
					cJSON_Delete(v);
					return err_set(e, -EINVAL, "'%.100s' is not a list of texts", rest);
				}
			return set(config, key, v, e);
		}
		cJSON_Delete(v);
	}
	return set(config, key, json_from_strv(shell), e);
}

static int set_cmd(cJSON *config, const char *rest, struct err *e)
{
	return set_command(config, "Cmd", rest, e);
}

static int set_entrypoint(cJSON *config, const char *rest, struct err *e)
{
	return set_command(config, "Entrypoint", rest, e);
}

static int put_env(cJSON *config, const char *pair, struct err *e)
{
	cJSON *env = cJSON_GetObjectItemCaseSensitive(config, "Env");
	size_t n = strcspn(pair, "=") + 1;

	if (!cJSON_IsArray(env)) {
		cJSON_DeleteItemFromObjectCaseSensitive(config, "Env");
		env = cJSON_AddArrayToObject(config, "Env");
	}
	for (cJSON *it = env ? env->child : NULL, *next; it; it = next) {
		next = it->next;
		if (cJSON_IsString(it) && strncmp(it->valuestring, pair, n) == 0)
			cJSON_Delete(cJSON_DetachItemViaPointer(env, it));
	}
	return env && cJSON_AddItemToArray(env, cJSON_CreateString(pair)) ? 0 : no_memory(e);
}

static int put_label(cJSON *config, const char *pair, struct err *e)
{
	AUTO_FREE char *key = strndup(pair, strcspn(pair, "="));
	cJSON *labels = cJSON_GetObjectItemCaseSensitive(config, "Labels");

	if (!cJSON_IsObject(labels)) {
		cJSON_DeleteItemFromObjectCaseSensitive(config, "Labels");
		labels = cJSON_AddObjectToObject(config, "Labels");
	}
	if (!key || !labels)
		return no_memory(e);
	cJSON_DeleteItemFromObjectCaseSensitive(labels, key);
	return cJSON_AddStringToObject(labels, key, pair + strlen(key) + 1) ? 0 : no_memory(e);
}

/* KEY=VALUE …, or the old KEY VALUE. */
static int each_pair(cJSON *config, const char *rest, int (*put)(cJSON *config, const char *pair, struct err *e),
		     struct err *e)
{
	AUTO_BUF struct buf word = { 0 };
	const char *p = rest;
	size_t key = strcspn(rest, BLANKS);
	int rc;

	if (memchr(rest, '=', key) == NULL && rest[key]) {
		if (buf_addf(&word, "%.*s=%s", (int)key, rest, rest + key + strspn(rest + key, BLANKS)) < 0)
			return no_memory(e);
		return put(config, text_of(&word), e);
	}
	while ((rc = next_word(&p, &word, e)) == 1) {
		if (!strchr(text_of(&word), '=') || *text_of(&word) == '=')
			return err_set(e, -EINVAL, "'%.100s' is not KEY=VALUE", text_of(&word));
		rc = put(config, text_of(&word), e);
		if (rc < 0)
			return rc;
	}
	return rc;
}

static int set_env(cJSON *config, const char *rest, struct err *e)
{
	return each_pair(config, rest, put_env, e);
}

static int set_label(cJSON *config, const char *rest, struct err *e)
{
	return each_pair(config, rest, put_label, e);
}

/* The words are members of an object, whose values say nothing. */
static int put_members(cJSON *config, const char *key, const char *rest, bool ports, struct err *e)
{
	AUTO_BUF struct buf word = { 0 };
	cJSON *o = cJSON_GetObjectItemCaseSensitive(config, key);
	const char *p = rest;
	int rc;

	if (!cJSON_IsObject(o)) {
		cJSON_DeleteItemFromObjectCaseSensitive(config, key);
		o = cJSON_AddObjectToObject(config, key);
	}
	while (o && (rc = next_word(&p, &word, e)) == 1) {
		uint64_t port;
		size_t digits = strspn(text_of(&word), "0123456789");
		AUTO_FREE char *number = strndup(text_of(&word), digits);

		if (!number)
			return no_memory(e);
		if (ports && (str_parse_u64(number, 65535, &port) < 0 || port == 0 ||
			      (word.len > digits && strcmp(text_of(&word) + digits, "/tcp") != 0 &&
			       strcmp(text_of(&word) + digits, "/udp") != 0)))
			return err_set(e, -EINVAL, "'%.100s' is no port", text_of(&word));
		if (ports && word.len == digits && buf_adds(&word, "/tcp") < 0)
			return no_memory(e);
		if (!cJSON_HasObjectItem(o, text_of(&word)) && !cJSON_AddObjectToObject(o, text_of(&word)))
			return no_memory(e);
	}
	return o ? rc : no_memory(e);
}

static int set_expose(cJSON *config, const char *rest, struct err *e)
{
	return put_members(config, "ExposedPorts", rest, true, e);
}

static int set_volume(cJSON *config, const char *rest, struct err *e)
{
	AUTO_JSON cJSON *v = NULL;
	const cJSON *it;
	int rc = 0;

	if (*rest != '[' || json_parse(rest, strlen(rest), "VOLUME", &v, NULL) < 0)
		return put_members(config, "Volumes", rest, false, e);
	cJSON_ArrayForEach(it, v)
		if (rc == 0)
			rc = cJSON_IsString(it) ? put_members(config, "Volumes", it->valuestring, false, e) :
						  err_set(e, -EINVAL, "'%.100s' is not a list of texts", rest);
	return rc;
}

static int set_user(cJSON *config, const char *rest, struct err *e)
{
	return set(config, "User", cJSON_CreateString(rest), e);
}

static int set_workdir(cJSON *config, const char *rest, struct err *e)
{
	return *rest == '/' ? set(config, "WorkingDir", cJSON_CreateString(rest), e) :
			      err_set(e, -EINVAL, "'%.100s' is no absolute path", rest);
}

static int set_stopsignal(cJSON *config, const char *rest, struct err *e)
{
	return set(config, "StopSignal", cJSON_CreateString(rest), e);
}

int oci_change_apply(cJSON *config, const char *instruction, struct err *e)
{
	static const struct {
		const char *word;
		int (*fn)(cJSON *config, const char *rest, struct err *e);
	} table[] = {
		{ "CMD", set_cmd },	    { "ENTRYPOINT", set_entrypoint }, { "ENV", set_env },
		{ "EXPOSE", set_expose },   { "LABEL", set_label },	      { "STOPSIGNAL", set_stopsignal },
		{ "USER", set_user },	    { "VOLUME", set_volume },	      { "WORKDIR", set_workdir },
	};
	const char *p = instruction + strspn(instruction, BLANKS);
	size_t n = strcspn(p, BLANKS "=");
	cJSON *inner = cJSON_GetObjectItemCaseSensitive(config, "config");

	if (!cJSON_IsObject(inner)) {
		cJSON_DeleteItemFromObjectCaseSensitive(config, "config");
		inner = cJSON_AddObjectToObject(config, "config");
	}
	if (!inner)
		return no_memory(e);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (strlen(table[i].word) != n || strncasecmp(table[i].word, p, n) != 0)
			continue;
		AUTO_FREE char *rest = strdup(p + n + (p[n] == '=') + strspn(p + n + (p[n] == '='), BLANKS));
		if (!rest)
			return no_memory(e);
		for (size_t len = strlen(rest); len && strchr(BLANKS "\r\n", rest[len - 1]); len--)
			rest[len - 1] = 0;
		if (!*rest)
			return err_set(e, -EINVAL, "'%.100s' says nothing", instruction);
		int rc = table[i].fn(inner, rest, e);
		return rc < 0 ? err_wrap(e, rc, "%s", table[i].word) : 0;
	}
	return err_set(e, -EINVAL, "'%.100s' is no instruction that changes an image: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, "
				   "STOPSIGNAL, USER, VOLUME, WORKDIR", instruction);
}
