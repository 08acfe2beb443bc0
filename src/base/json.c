/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - JSON from outside, parsed by cJSON within bounds. */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/reserve.h"

/* cJSON's own limit is a compile-time constant of the system's library: look before it parses. */
static bool too_deep(const char *p, size_t n)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < n; i++) {
		if (in_string) {
			if (p[i] == '\\')
				i++;
			else if (p[i] == '"')
				in_string = false;
		} else if (p[i] == '"') {
			in_string = true;
		} else if (p[i] == '{' || p[i] == '[') {
			if (++depth > JSON_MAX_DEPTH)
				return true;
		} else if (p[i] == '}' || p[i] == ']') {
			depth--;
		}
	}
	return false;
}

int json_parse(const char *text, size_t len, const char *what, cJSON **ret, struct err *e)
{
	const char *end = NULL;
	cJSON *j;

	if (memchr(text, 0, len))
		return err_set(e, -EINVAL, "%s is not JSON: it holds a NUL byte", what);
	if (too_deep(text, len))
		return err_set(e, -EINVAL, "%s is nested deeper than %d", what, JSON_MAX_DEPTH);
	j = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (!j)
		return err_set(e, -EINVAL, "%s is not JSON: error at byte %zu", what,
			       end ? (size_t)(end - text) : 0);
	while (end < text + len && (*end == ' ' || *end == '\n' || *end == '\r' || *end == '\t'))
		end++;
	if (end != text + len) {
		cJSON_Delete(j);
		return err_set(e, -EINVAL, "%s has more than one JSON value", what);
	}
	*ret = j;
	return 0;
}

const char *json_str(const cJSON *j, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, name));
}

const cJSON *json_obj(const cJSON *j, const char *name)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(j, name);

	return cJSON_IsObject(m) ? m : NULL;
}

const cJSON *json_arr(const cJSON *j, const char *name)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(j, name);

	return cJSON_IsArray(m) ? m : NULL;
}

bool json_bool(const cJSON *j, const char *name, bool or_else)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(j, name);

	return cJSON_IsBool(m) ? cJSON_IsTrue(m) : or_else;
}

int64_t json_int(const cJSON *j, const char *name, int64_t or_else)
{
	const cJSON *m = cJSON_GetObjectItemCaseSensitive(j, name);

	if (!cJSON_IsNumber(m) || !(fabs(m->valuedouble) <= 9007199254740992.0) ||
	    trunc(m->valuedouble) != m->valuedouble)
		return or_else;
	return (int64_t)m->valuedouble;
}

char **json_strv(const cJSON *array)
{
	int n = cJSON_GetArraySize(array), k = 0;
	char **v = calloc((size_t)n + 1, sizeof(*v));
	const cJSON *m;

	if (!v)
		return NULL;
	cJSON_ArrayForEach(m, array) {
		if (!cJSON_IsString(m))
			continue;
		v[k] = strdup(m->valuestring);
		if (!v[k++]) {
			while (k--)
				free(v[k]);
			free(v);
			return NULL;
		}
	}
	return v;
}

/* Text of cJSON's, for free(). */
static char *ours(char *text)
{
	char *copy;

	if (!text || !reserve_holds(text))
		return text;
	copy = strdup(text);
	reserve_free(text);
	return copy;
}

char *json_print(const cJSON *j)
{
	return ours(cJSON_PrintUnformatted(j));
}

char *json_print_indented(const cJSON *j)
{
	return ours(cJSON_Print(j));
}

cJSON *json_from_strv(const char *const *v)
{
	cJSON *a;

	if (!v)
		return cJSON_CreateNull();
	a = cJSON_CreateArray();
	for (; a && *v; v++)
		cJSON_AddItemToArray(a, cJSON_CreateString(*v));
	return a;
}
