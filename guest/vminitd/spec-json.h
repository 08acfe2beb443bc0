/* SPDX-License-Identifier: Apache-2.0 */
/* spec-json.h - members of JSON objects, each with its type checked. Private to spec*.c and seccomp.c.
 *
 * What is missing or null leaves *ret as it was and is no error; another type is -EINVAL. The object
 * may be NULL. Strings and objects are lent by the tree. */
#ifndef BERTH_GUEST_SPEC_JSON_H
#define BERTH_GUEST_SPEC_JSON_H

#include "spec.h"

int vi_json_load(const void *p, size_t n, json_t **ret, struct err *e);
int vi_json_str(json_t *o, const char *key, const char **ret, struct err *e);
int vi_json_bool(json_t *o, const char *key, bool *ret, struct err *e);
int vi_json_int(json_t *o, const char *key, int64_t min, int64_t max, int64_t *ret, struct err *e);
/* UINT64_MAX for -1 and for all that is as large: "no limit". */
int vi_json_u64(json_t *o, const char *key, uint64_t *ret, struct err *e);
int vi_json_obj(json_t *o, const char *key, json_t **ret, struct err *e);
int vi_json_list(json_t *o, const char *key, json_t **ret, struct err *e);
/* A NULL-terminated array, the caller's to free; *ret is freed first. Empty if missing. */
int vi_json_strv(json_t *o, const char *key, const char ***ret, size_t *ret_n, struct err *e);

/* linux.resources and linux.cgroupsPath. */
int vi_spec_parse_cgroup(json_t *lin, const char *id, struct vi_spec *s, struct err *e);

#endif
