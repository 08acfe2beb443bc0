/* SPDX-License-Identifier: Apache-2.0 */
/* spec-cgroup.c - linux.resources, written as cgroup v2 files and device rules.
 *
 * Sources: runtime-spec config-linux.md; the kernel's Documentation/admin-guide/cgroup-v2.rst. */
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/path.h"
#include "spec-json.h"

static int add(struct vi_spec *s, const char *key, char *value, struct err *e)
{
	struct vi_setting *v = realloc(s->cg, (s->ncg + 1) * sizeof(*v));

	if (v)
		s->cg = v;
	if (!v || !value) {
		free(value);
		return err_sys(e, -ENOMEM, "cannot read 'resources'");
	}
	s->cg[s->ncg++] = (struct vi_setting){ key, value };
	return 0;
}

static int add_limit(struct vi_spec *s, const char *key, uint64_t n, struct err *e)
{
	return add(s, key, n == UINT64_MAX ? strdup("max") : path_fmt("%" PRIu64, n), e);
}

static int parse_memory(json_t *res, struct vi_spec *s, struct err *e)
{
	uint64_t limit = 0, low = 0, swap = 0;
	json_t *o = NULL;
	int rc;

	if ((rc = vi_json_obj(res, "memory", &o, e)) < 0 || (rc = vi_json_u64(o, "limit", &limit, e)) < 0 ||
	    (rc = vi_json_u64(o, "reservation", &low, e)) < 0 || (rc = vi_json_u64(o, "swap", &swap, e)) < 0)
		return rc;
	if (limit && (rc = add_limit(s, "memory.max", limit, e)) < 0)
		return rc;
	if (low && (rc = add_limit(s, "memory.low", low, e)) < 0)
		return rc;
	if (!swap)
		return 0;
	/* there, swap counts memory and swap together */
	if (swap != UINT64_MAX && (!limit || limit == UINT64_MAX || swap < limit))
		return err_set(e, -EINVAL, "'memory.swap' needs a 'memory.limit' that is not larger");
	return add_limit(s, "memory.swap.max", swap == UINT64_MAX ? swap : swap - limit, e);
}

static int parse_cpu(json_t *res, struct vi_spec *s, struct err *e)
{
	int64_t shares = 0, quota = 0, period = 0, idle = 0, burst = 0;
	const char *cpus = NULL, *mems = NULL;
	json_t *o = NULL;
	int rc;

	if ((rc = vi_json_obj(res, "cpu", &o, e)) < 0 ||
	    (rc = vi_json_int(o, "shares", 0, 262144, &shares, e)) < 0 ||
	    (rc = vi_json_int(o, "quota", -1, INT64_MAX / 1024, &quota, e)) < 0 ||
	    (rc = vi_json_int(o, "period", 0, 1000000, &period, e)) < 0 ||
	    (rc = vi_json_int(o, "burst", 0, INT64_MAX / 1024, &burst, e)) < 0 ||
	    (rc = vi_json_int(o, "idle", 0, 1, &idle, e)) < 0 || (rc = vi_json_str(o, "cpus", &cpus, e)) < 0 ||
	    (rc = vi_json_str(o, "mems", &mems, e)) < 0)
		return rc;
	if (shares >= 2) /* 2..262144 → 1..10000 */
		rc = add(s, "cpu.weight", path_fmt("%" PRId64, 1 + (shares - 2) * 9999 / 262142), e);
	if (rc == 0 && (quota || period)) {
		period = period ? period : 100000;
		rc = add(s, "cpu.max",
			 quota > 0 ? path_fmt("%" PRId64 " %" PRId64, quota, period) : path_fmt("max %" PRId64, period), e);
	}
	if (rc == 0 && burst)
		rc = add(s, "cpu.max.burst", path_fmt("%" PRId64, burst), e);
	if (rc == 0 && idle)
		rc = add(s, "cpu.idle", strdup("1"), e);
	if (rc == 0 && cpus && *cpus)
		rc = add(s, "cpuset.cpus", strdup(cpus), e);
	if (rc == 0 && mems && *mems)
		rc = add(s, "cpuset.mems", strdup(mems), e);
	return rc;
}

static int parse_throttle(json_t *io, const char *list_key, const char *word, struct vi_spec *s, struct err *e)
{
	json_t *list = NULL;
	int rc = vi_json_list(io, list_key, &list, e);

	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		json_t *o = json_array_get(list, i);
		int64_t major = 0, minor = 0;
		uint64_t rate = 0;

		if ((rc = vi_json_int(o, "major", 0, 4095, &major, e)) == 0 &&
		    (rc = vi_json_int(o, "minor", 0, 1048575, &minor, e)) == 0 &&
		    (rc = vi_json_u64(o, "rate", &rate, e)) == 0)
			rc = add(s, "io.max",
				 rate == UINT64_MAX ? path_fmt("%d:%d %s=max", (int)major, (int)minor, word) :
						      path_fmt("%d:%d %s=%" PRIu64, (int)major, (int)minor, word, rate),
				 e);
	}
	return rc;
}

static int parse_io(json_t *res, struct vi_spec *s, struct err *e)
{
	int64_t weight = 0;
	json_t *o = NULL;
	int rc;

	if ((rc = vi_json_obj(res, "blockIO", &o, e)) < 0 || (rc = vi_json_int(o, "weight", 0, 1000, &weight, e)) < 0)
		return rc;
	if (weight && (rc = add(s, "io.weight", path_fmt("default %d", (int)(1 + (weight - 10) * 9999 / 990)), e)) < 0)
		return rc;
	if ((rc = parse_throttle(o, "throttleReadBpsDevice", "rbps", s, e)) < 0 ||
	    (rc = parse_throttle(o, "throttleWriteBpsDevice", "wbps", s, e)) < 0 ||
	    (rc = parse_throttle(o, "throttleReadIOPSDevice", "riops", s, e)) < 0)
		return rc;
	return parse_throttle(o, "throttleWriteIOPSDevice", "wiops", s, e);
}

static int parse_rest(json_t *res, struct vi_spec *s, struct err *e)
{
	json_t *pids = NULL, *unified = NULL, *v;
	int64_t limit = INT64_MIN;
	const char *key;
	int rc;

	if ((rc = vi_json_obj(res, "pids", &pids, e)) < 0 ||
	    (rc = vi_json_int(pids, "limit", -1, INT64_MAX / 1024, &limit, e)) < 0 ||
	    (rc = vi_json_obj(res, "unified", &unified, e)) < 0)
		return rc;
	/* 0 and below mean no limit, as other runtimes read it */
	if (limit != INT64_MIN && (rc = add_limit(s, "pids.max", limit > 0 ? (uint64_t)limit : UINT64_MAX, e)) < 0)
		return rc;
	json_object_foreach(unified, key, v) {
		if (!json_is_string(v) || strchr(key, '/') || !strchr(key, '.') || *key == '.' ||
		    strncmp(key, "cgroup.", 7) == 0)
			return err_set(e, -EINVAL, "'unified' has a wrong entry '%s'", key);
		if ((rc = add(s, key, strdup(json_string_value(v)), e)) < 0)
			return rc;
	}
	return 0;
}

static int parse_devrules(json_t *res, struct vi_spec *s, struct err *e)
{
	json_t *list = NULL;
	int rc = vi_json_list(res, "devices", &list, e);

	if (rc < 0 || !json_array_size(list))
		return rc;
	if (json_array_size(list) > 256)
		return err_set(e, -EINVAL, "more than 256 device rules");
	s->devrules = calloc(json_array_size(list), sizeof(*s->devrules));
	if (!s->devrules)
		return err_sys(e, -ENOMEM, "cannot read 'devices'");
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct vi_devrule *r = &s->devrules[s->ndevrules++];
		const char *type = "a", *access = "rwm";
		json_t *o = json_array_get(list, i);

		r->major = r->minor = -1;
		if ((rc = vi_json_bool(o, "allow", &r->allow, e)) < 0 || (rc = vi_json_str(o, "type", &type, e)) < 0 ||
		    (rc = vi_json_str(o, "access", &access, e)) < 0 ||
		    (rc = vi_json_int(o, "major", -1, UINT32_MAX, &r->major, e)) < 0 ||
		    (rc = vi_json_int(o, "minor", -1, UINT32_MAX, &r->minor, e)) < 0)
			return rc;
		r->type = *type ? *type : 'a';
		if (!strchr("abcu", r->type) || (*type && type[1]))
			return err_set(e, -EINVAL, "device rule has unknown type '%s'", type);
		r->type = r->type == 'u' ? 'c' : r->type;
		for (const char *a = access; *a; a++) {
			if (!strchr("rwm", *a))
				return err_set(e, -EINVAL, "device rule has unknown access '%s'", access);
			r->access |= *a == 'r' ? BPF_DEVCG_ACC_READ :
				     *a == 'w' ? BPF_DEVCG_ACC_WRITE :
						 BPF_DEVCG_ACC_MKNOD;
		}
	}
	return 0;
}

/* The path is ours to make: absolute, without "..", whatever form it was given in. */
static int parse_path(json_t *lin, const char *id, struct vi_spec *s, struct err *e)
{
	const char *path = NULL;
	char clean[1024];
	int rc = vi_json_str(lin, "cgroupsPath", &path, e);

	if (rc < 0)
		return rc;
	if (path && strchr(path, ':'))
		return err_set(e, -EINVAL, "'cgroupsPath' in systemd's form is not supported: '%s'", path);
	if (path && *path && (path_clean(path, clean, sizeof(clean)) < 0 || !*clean))
		return err_set(e, -EINVAL, "'cgroupsPath' is not a path: '%s'", path);
	s->cgroup = path && *path ? path_fmt("/%s", clean) : path_fmt("/container/%s", id);
	return s->cgroup ? 0 : err_sys(e, -ENOMEM, "cannot read 'cgroupsPath'");
}

int vi_spec_parse_cgroup(json_t *lin, const char *id, struct vi_spec *s, struct err *e)
{
	json_t *res = NULL;
	int rc;

	if ((rc = parse_path(lin, id, s, e)) < 0 || (rc = vi_json_obj(lin, "resources", &res, e)) < 0 ||
	    (rc = parse_memory(res, s, e)) < 0 || (rc = parse_cpu(res, s, e)) < 0 || (rc = parse_io(res, s, e)) < 0 ||
	    (rc = parse_rest(res, s, e)) < 0)
		return rc;
	return parse_devrules(res, s, e);
}
