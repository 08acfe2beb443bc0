/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - JSON from outside, parsed by cJSON within bounds, and typed ways into it. */
#ifndef BERTH_BASE_JSON_H
#define BERTH_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/err.h"

#define JSON_MAX_DEPTH 64

#define AUTO_JSON __attribute__((cleanup(json_auto_delete)))

static inline void json_auto_delete(cJSON **j)
{
	cJSON_Delete(*j);
}

/* text need not be terminated. -EINVAL for what is not JSON, has bytes after it, holds an embedded NUL
 * or is nested deeper than JSON_MAX_DEPTH. The caller deletes *ret. what names it in errors. */
int json_parse(const char *text, size_t len, const char *what, cJSON **ret, struct err *e);
/* NULL, or the member of that type; a member of another type counts as absent. j may be NULL. */
const char *json_str(const cJSON *j, const char *name);
const cJSON *json_obj(const cJSON *j, const char *name);
const cJSON *json_arr(const cJSON *j, const char *name);
bool json_bool(const cJSON *j, const char *name, bool or_else);
/* or_else when absent, not a number, not whole, or outside int64 as a double holds it exactly. */
int64_t json_int(const cJSON *j, const char *name, int64_t or_else);
/* A copy of an array of strings, NULL-terminated; other elements are left out. NULL: out of memory. */
char **json_strv(const cJSON *array);
/* Text of j, compact, or for people; the caller frees; NULL when out of memory. */
char *json_print(const cJSON *j);
char *json_print_indented(const cJSON *j);
/* An array of strings, or null for v == NULL. */
cJSON *json_from_strv(const char *const *v);

#endif
