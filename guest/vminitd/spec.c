/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c - config.json: root, process, mounts, namespaces. What goes to cgroups is in spec-cgroup.c. */
#include "spec.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/auto.h"
#include "spec-json.h"

int vi_json_load(const void *p, size_t n, json_t **ret, struct err *e)
{
	json_error_t je;
	json_t *j;

	if (n > VI_SPEC_MAX)
		return err_set(e, -EINVAL, "configuration is larger than %u bytes", VI_SPEC_MAX);
	if (!n)
		return err_set(e, -EINVAL, "configuration is empty");
	j = json_loadb(p, n, 0, &je);
	/* RLIM_INFINITY is larger than the library's integers: then all numbers are read as reals */
	if (!j && json_error_code(&je) == json_error_numeric_overflow)
		j = json_loadb(p, n, JSON_DECODE_INT_AS_REAL, &je);
	if (!j)
		return err_set(e, -EINVAL, "configuration is not JSON: %s at line %d", je.text, je.line);
	if (!json_is_object(j)) {
		json_decref(j);
		return err_set(e, -EINVAL, "configuration is not a JSON object");
	}
	*ret = j;
	return 0;
}

int vi_json_str(json_t *o, const char *key, const char **ret, struct err *e)
{
	json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_string(v))
		return err_set(e, -EINVAL, "'%s' is not a string", key);
	*ret = json_string_value(v);
	return 0;
}

int vi_json_bool(json_t *o, const char *key, bool *ret, struct err *e)
{
	json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_boolean(v))
		return err_set(e, -EINVAL, "'%s' is not true or false", key);
	*ret = json_is_true(v);
	return 0;
}

static int number(json_t *v, const char *key, double min, double max, double *ret_real, int64_t *ret, struct err *e)
{
	double d;

	if (!json_is_number(v))
		return err_set(e, -EINVAL, "'%s' is not a number", key);
	d = json_number_value(v);
	if (!(d >= min && d <= max) || d != floor(d))
		return err_set(e, -EINVAL, "'%s' is out of range", key);
	*ret_real = d;
	*ret = json_is_integer(v) ? json_integer_value(v) : d >= 9.2e18 ? INT64_MAX : (int64_t)d;
	return 0;
}

int vi_json_int(json_t *o, const char *key, int64_t min, int64_t max, int64_t *ret, struct err *e)
{
	json_t *v = json_object_get(o, key);
	double d;

	if (!v || json_is_null(v))
		return 0;
	return number(v, key, (double)min, (double)max, &d, ret, e);
}

int vi_json_u64(json_t *o, const char *key, uint64_t *ret, struct err *e)
{
	json_t *v = json_object_get(o, key);
	int64_t i;
	double d;
	int rc;

	if (!v || json_is_null(v))
		return 0;
	rc = number(v, key, -1, 18446744073709551615.0, &d, &i, e);
	if (rc < 0)
		return rc;
	/* -1 and what is beyond an integer both mean "no limit" */
	*ret = d < 0 || d >= 18446744073709551615.0 ? UINT64_MAX : json_is_integer(v) ? (uint64_t)i : (uint64_t)d;
	return 0;
}

int vi_json_obj(json_t *o, const char *key, json_t **ret, struct err *e)
{
	json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_object(v))
		return err_set(e, -EINVAL, "'%s' is not an object", key);
	*ret = v;
	return 0;
}

int vi_json_list(json_t *o, const char *key, json_t **ret, struct err *e)
{
	json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return 0;
	if (!json_is_array(v))
		return err_set(e, -EINVAL, "'%s' is not a list", key);
	if (json_array_size(v) > VI_LIST_MAX)
		return err_set(e, -EINVAL, "'%s' has more than %d members", key, VI_LIST_MAX);
	*ret = v;
	return 0;
}

int vi_json_strv(json_t *o, const char *key, const char ***ret, size_t *ret_n, struct err *e)
{
	AUTO_FREE const char **v = NULL;
	json_t *list = NULL;
	size_t n = 0;
	int rc = vi_json_list(o, key, &list, e);

	if (rc < 0)
		return rc;
	v = calloc(json_array_size(list) + 1, sizeof(*v));
	if (!v)
		return err_sys(e, -ENOMEM, "cannot read '%s'", key);
	for (; n < json_array_size(list); n++) {
		v[n] = json_string_value(json_array_get(list, n));
		if (!v[n])
			return err_set(e, -EINVAL, "'%s' holds what is not a string", key);
	}
	free(*ret);
	*ret = TAKE(v);
	if (ret_n)
		*ret_n = n;
	return 0;
}

/* --- process */

static int parse_caps(json_t *caps, struct vi_caps *ret, struct err *e)
{
	struct {
		const char *key;
		uint64_t *set;
	} sets[] = {
		{ "bounding", &ret->bounding },       { "effective", &ret->effective },
		{ "permitted", &ret->permitted },     { "inheritable", &ret->inheritable },
		{ "ambient", &ret->ambient },
	};

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		AUTO_FREE const char **names = NULL;
		int rc = vi_json_strv(caps, sets[i].key, &names, NULL, e);

		if (rc < 0)
			return rc;
		for (const char **n = names; *n; n++) {
			int bit;

			if (vi_cap_parse(*n, &bit) < 0)
				return err_set(e, -EINVAL, "unknown capability '%s'", *n);
			*sets[i].set |= 1ull << bit;
		}
	}
	return 0;
}

static int parse_rlimits(json_t *process, struct vi_process_spec *s, struct err *e)
{
	json_t *list = NULL;
	int rc = vi_json_list(process, "rlimits", &list, e);

	if (rc < 0 || !json_array_size(list))
		return rc;
	s->rlimits = calloc(json_array_size(list), sizeof(*s->rlimits));
	if (!s->rlimits)
		return err_sys(e, -ENOMEM, "cannot read 'rlimits'");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *o = json_array_get(list, i);
		struct vi_rlimit *r = &s->rlimits[s->nrlimits++];
		uint64_t soft = 0, hard = 0;
		const char *type = "";

		if ((rc = vi_json_str(o, "type", &type, e)) < 0 || (rc = vi_json_u64(o, "soft", &soft, e)) < 0 ||
		    (rc = vi_json_u64(o, "hard", &hard, e)) < 0)
			return rc;
		if (vi_rlimit_parse(type, &r->resource) < 0)
			return err_set(e, -EINVAL, "unknown rlimit '%s'", type);
		if (soft > hard)
			return err_set(e, -EINVAL, "rlimit '%s': soft is over hard", type);
		r->lim = (struct rlimit){ soft, hard };
	}
	return 0;
}

static int parse_user(json_t *process, struct vi_process_spec *s, struct err *e)
{
	json_t *user = NULL, *gids = NULL;
	int64_t uid = 0, gid = 0, mask = -1;
	int rc;

	s->umask = -1;
	if ((rc = vi_json_obj(process, "user", &user, e)) < 0 || !user)
		return rc;
	if ((rc = vi_json_int(user, "uid", 0, UINT32_MAX - 1, &uid, e)) < 0 ||
	    (rc = vi_json_int(user, "gid", 0, UINT32_MAX - 1, &gid, e)) < 0 ||
	    (rc = vi_json_int(user, "umask", 0, 0777, &mask, e)) < 0 ||
	    (rc = vi_json_str(user, "username", &s->user, e)) < 0 ||
	    (rc = vi_json_list(user, "additionalGids", &gids, e)) < 0)
		return rc;
	s->uid = (uid_t)uid;
	s->gid = (gid_t)gid;
	s->umask = (int)mask;
	if (s->user && !*s->user)
		s->user = NULL;
	if (!json_array_size(gids))
		return 0;
	s->gids = calloc(json_array_size(gids), sizeof(*s->gids));
	if (!s->gids)
		return err_sys(e, -ENOMEM, "cannot read 'additionalGids'");
	for (; s->ngids < json_array_size(gids); s->ngids++) {
		int64_t g;
		double d;

		rc = number(json_array_get(gids, s->ngids), "additionalGids", 0, UINT32_MAX - 1, &d, &g, e);
		if (rc < 0)
			return rc;
		s->gids[s->ngids] = (gid_t)g;
	}
	return 0;
}

static int parse_process(json_t *process, struct vi_process_spec *s, struct err *e)
{
	json_t *size = NULL, *caps = NULL;
	int64_t rows = 0, cols = 0, oom = INT64_MIN;
	size_t nargs = 0;
	int rc;

	s->cwd = "/";
	if ((rc = vi_json_bool(process, "terminal", &s->terminal, e)) < 0 ||
	    (rc = vi_json_obj(process, "consoleSize", &size, e)) < 0 ||
	    (rc = vi_json_int(size, "height", 0, USHRT_MAX, &rows, e)) < 0 ||
	    (rc = vi_json_int(size, "width", 0, USHRT_MAX, &cols, e)) < 0 ||
	    (rc = vi_json_strv(process, "args", &s->args, &nargs, e)) < 0 ||
	    (rc = vi_json_strv(process, "env", &s->env, NULL, e)) < 0 ||
	    (rc = vi_json_str(process, "cwd", &s->cwd, e)) < 0 ||
	    (rc = vi_json_bool(process, "noNewPrivileges", &s->no_new_privs, e)) < 0 ||
	    (rc = vi_json_int(process, "oomScoreAdj", -1000, 1000, &oom, e)) < 0 ||
	    (rc = vi_json_obj(process, "capabilities", &caps, e)) < 0 || (rc = parse_user(process, s, e)) < 0 ||
	    (rc = parse_rlimits(process, s, e)) < 0)
		return rc;
	s->rows = (unsigned)rows;
	s->cols = (unsigned)cols;
	s->have_oom = oom != INT64_MIN;
	s->oom_score_adj = (int)oom;
	if (!nargs || !*s->args[0])
		return err_set(e, -EINVAL, "'process.args' is empty");
	if (!*s->cwd)
		s->cwd = "/";
	if (*s->cwd != '/')
		return err_set(e, -EINVAL, "'process.cwd' is not an absolute path: '%s'", s->cwd);
	s->have_caps = caps != NULL;
	return caps ? parse_caps(caps, &s->caps, e) : 0;
}

int vi_process_spec_parse(const void *p, size_t n, struct vi_process_spec *ret, struct err *e)
{
	struct vi_process_spec s = { 0 };
	json_t *process;
	int rc = vi_json_load(p, n, &s.json, e);

	if (rc < 0)
		return rc;
	process = s.json;
	if (!json_object_get(process, "args") && json_object_get(process, "process"))
		rc = vi_json_obj(s.json, "process", &process, e);
	else if (!json_object_get(process, "args"))
		rc = err_set(e, -EINVAL, "configuration has no 'process'");
	if (rc == 0)
		rc = parse_process(process, &s, e);
	if (rc < 0) {
		vi_process_spec_finish(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

void vi_process_spec_finish(struct vi_process_spec *s)
{
	free(s->gids);
	free(s->args);
	free(s->env);
	free(s->rlimits);
	json_decref(s->json);
	memset(s, 0, sizeof(*s));
}

/* --- the container */

static const struct {
	const char *name;
	int flag;
} namespaces[] = {
	{ "mount", CLONE_NEWNS },     { "pid", CLONE_NEWPID },         { "uts", CLONE_NEWUTS },
	{ "ipc", CLONE_NEWIPC },      { "cgroup", CLONE_NEWCGROUP },   { "network", CLONE_NEWNET },
};

static int add_namespace(struct vi_spec *s, const char *type, const char *path, struct err *e)
{
	for (size_t i = 0; i < s->nns; i++)
		if (strcmp(type, "mount") == 0 && s->ns[i].flag == CLONE_NEWNS)
			return 0;
	for (size_t i = 0; i < ARRAY_LEN(namespaces); i++) {
		if (strcmp(namespaces[i].name, type) != 0)
			continue;
		for (size_t k = 0; k < s->nns; k++)
			if (s->ns[k].flag == namespaces[i].flag)
				return err_set(e, -EINVAL, "namespace '%s' is there twice", type);
		s->ns[s->nns++] = (struct vi_namespace){ namespaces[i].flag, path };
		return 0;
	}
	if (strcmp(type, "user") == 0 || strcmp(type, "time") == 0)
		return err_set(e, -EOPNOTSUPP, "%s namespaces are not supported: the VM is the boundary", type);
	return err_set(e, -EINVAL, "unknown namespace '%s'", type);
}

static int parse_namespaces(json_t *lin, struct vi_spec *s, struct err *e)
{
	json_t *list = NULL;
	int rc = vi_json_list(lin, "namespaces", &list, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *type = "", *path = NULL;
		json_t *o = json_array_get(list, i);

		if ((rc = vi_json_str(o, "type", &type, e)) < 0 || (rc = vi_json_str(o, "path", &path, e)) < 0)
			return rc;
		if (path && *path && *path != '/')
			return err_set(e, -EINVAL, "namespace path '%s' is not absolute", path);
		if ((rc = add_namespace(s, type, path && *path ? path : NULL, e)) < 0)
			return rc;
	}
	/* No list: all but the network, which is the VM's. A mount namespace is always needed. */
	for (size_t i = 0; i < (list ? 1 : 5); i++)
		if ((rc = add_namespace(s, namespaces[i].name, NULL, e)) < 0)
			return rc;
	return 0;
}

static int parse_mounts(json_t *root, struct vi_spec *s, struct err *e)
{
	json_t *list = NULL;
	int rc = vi_json_list(root, "mounts", &list, e);

	if (rc < 0 || !json_array_size(list))
		return rc;
	s->mounts = calloc(json_array_size(list), sizeof(*s->mounts));
	if (!s->mounts)
		return err_sys(e, -ENOMEM, "cannot read 'mounts'");
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct vi_mount *m = &s->mounts[s->nmounts++];
		json_t *o = json_array_get(list, i);

		if ((rc = vi_json_str(o, "destination", &m->dest, e)) < 0 ||
		    (rc = vi_json_str(o, "type", &m->type, e)) < 0 ||
		    (rc = vi_json_str(o, "source", &m->source, e)) < 0 ||
		    (rc = vi_json_strv(o, "options", &m->options, &m->noptions, e)) < 0)
			return rc;
		if (!m->dest || *m->dest != '/')
			return err_set(e, -EINVAL, "mount destination '%s' is not an absolute path",
				       m->dest ? m->dest : "");
	}
	return 0;
}

static int parse_devices(json_t *lin, struct vi_spec *s, struct err *e)
{
	json_t *list = NULL;
	int rc = vi_json_list(lin, "devices", &list, e);

	if (rc < 0 || !json_array_size(list))
		return rc;
	s->devices = calloc(json_array_size(list), sizeof(*s->devices));
	if (!s->devices)
		return err_sys(e, -ENOMEM, "cannot read 'devices'");
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct vi_device *d = &s->devices[s->ndevices++];
		json_t *o = json_array_get(list, i);
		int64_t major = 0, minor = 0, mode = 0666, uid = 0, gid = 0;
		const char *type = "";

		if ((rc = vi_json_str(o, "path", &d->path, e)) < 0 || (rc = vi_json_str(o, "type", &type, e)) < 0 ||
		    (rc = vi_json_int(o, "major", 0, 4095, &major, e)) < 0 ||
		    (rc = vi_json_int(o, "minor", 0, 1048575, &minor, e)) < 0 ||
		    (rc = vi_json_int(o, "fileMode", 0, 0177777, &mode, e)) < 0 ||
		    (rc = vi_json_int(o, "uid", 0, UINT32_MAX - 1, &uid, e)) < 0 ||
		    (rc = vi_json_int(o, "gid", 0, UINT32_MAX - 1, &gid, e)) < 0)
			return rc;
		if (!d->path || *d->path != '/')
			return err_set(e, -EINVAL, "device path '%s' is not absolute", d->path ? d->path : "");
		d->mode = (mode_t)(mode & 07777);
		if (strcmp(type, "c") == 0 || strcmp(type, "u") == 0)
			d->mode |= S_IFCHR;
		else if (strcmp(type, "b") == 0)
			d->mode |= S_IFBLK;
		else if (strcmp(type, "p") == 0)
			d->mode |= S_IFIFO;
		else
			return err_set(e, -EINVAL, "device '%s' has unknown type '%s'", d->path, type);
		d->dev = makedev((unsigned)major, (unsigned)minor);
		d->uid = (uid_t)uid;
		d->gid = (gid_t)gid;
	}
	return 0;
}

static int parse_sysctl(json_t *lin, struct vi_spec *s, struct err *e)
{
	json_t *o = NULL, *v;
	const char *key;
	int rc = vi_json_obj(lin, "sysctl", &o, e);

	if (rc < 0 || !json_object_size(o))
		return rc;
	s->sysctl = calloc(json_object_size(o), sizeof(*s->sysctl));
	if (!s->sysctl)
		return err_sys(e, -ENOMEM, "cannot read 'sysctl'");
	json_object_foreach(o, key, v) {
		if (!json_is_string(v))
			return err_set(e, -EINVAL, "sysctl '%s' is not a string", key);
		s->sysctl[s->nsysctl] = (struct vi_setting){ key, strdup(json_string_value(v)) };
		if (!s->sysctl[s->nsysctl++].value)
			return err_sys(e, -ENOMEM, "cannot read 'sysctl'");
	}
	return 0;
}

static int parse_propagation(json_t *lin, struct vi_spec *s, struct err *e)
{
	const char *word = "";
	int rc = vi_json_str(lin, "rootfsPropagation", &word, e);

	if (rc < 0)
		return rc;
	if (!*word || strcmp(word, "private") == 0 || strcmp(word, "rprivate") == 0)
		s->propagation = MS_PRIVATE | MS_REC;
	else if (strcmp(word, "slave") == 0 || strcmp(word, "rslave") == 0)
		s->propagation = MS_SLAVE | MS_REC;
	else if (strcmp(word, "shared") == 0 || strcmp(word, "rshared") == 0)
		s->propagation = MS_SHARED | MS_REC;
	else if (strcmp(word, "unbindable") == 0 || strcmp(word, "runbindable") == 0)
		s->propagation = MS_UNBINDABLE | MS_REC;
	else
		return err_set(e, -EINVAL, "unknown rootfsPropagation '%s'", word);
	return 0;
}

static int parse_linux(json_t *root, const char *id, struct vi_spec *s, struct err *e)
{
	json_t *lin = NULL;
	int rc;

	if ((rc = vi_json_obj(root, "linux", &lin, e)) < 0 || (rc = parse_namespaces(lin, s, e)) < 0 ||
	    (rc = parse_devices(lin, s, e)) < 0 || (rc = parse_sysctl(lin, s, e)) < 0 ||
	    (rc = parse_propagation(lin, s, e)) < 0 || (rc = vi_json_strv(lin, "maskedPaths", &s->masked, NULL, e)) < 0 ||
	    (rc = vi_json_strv(lin, "readonlyPaths", &s->readonly, NULL, e)) < 0 ||
	    (rc = vi_json_obj(lin, "seccomp", &s->seccomp, e)) < 0)
		return rc;
	return vi_spec_parse_cgroup(lin, id, s, e);
}

static int parse_root(struct vi_spec *s, struct err *e)
{
	json_t *root = NULL;
	int rc;

	if ((rc = vi_json_obj(s->json, "root", &root, e)) < 0)
		return rc;
	if (!root)
		return err_set(e, -EINVAL, "configuration has no 'root'");
	if ((rc = vi_json_str(root, "path", &s->root_path, e)) < 0 ||
	    (rc = vi_json_bool(root, "readonly", &s->root_readonly, e)) < 0 ||
	    (rc = vi_json_str(s->json, "hostname", &s->hostname, e)) < 0 ||
	    (rc = vi_json_str(s->json, "domainname", &s->domainname, e)) < 0)
		return rc;
	if (!s->root_path || *s->root_path != '/')
		return err_set(e, -EINVAL, "'root.path' is not an absolute path: '%s'", s->root_path ? s->root_path : "");
	if (s->hostname && strlen(s->hostname) > 64)
		return err_set(e, -EINVAL, "'hostname' has more than 64 bytes");
	if (s->domainname && strlen(s->domainname) > 64)
		return err_set(e, -EINVAL, "'domainname' has more than 64 bytes");
	return 0;
}

int vi_spec_parse(const void *p, size_t n, const char *id, struct vi_spec *ret, struct err *e)
{
	struct vi_spec s = { 0 };
	json_t *process = NULL;
	int rc;

	if ((rc = vi_json_load(p, n, &s.json, e)) == 0 && (rc = parse_root(&s, e)) == 0 &&
	    (rc = vi_json_obj(s.json, "process", &process, e)) == 0) {
		if (!process)
			rc = err_set(e, -EINVAL, "configuration has no 'process'");
		else if ((rc = parse_process(process, &s.process, e)) == 0 && (rc = parse_mounts(s.json, &s, e)) == 0)
			rc = parse_linux(s.json, id, &s, e);
	}
	if (rc < 0) {
		vi_spec_finish(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

static void settings_free(struct vi_setting *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].value);
	free(v);
}

void vi_spec_finish(struct vi_spec *s)
{
	vi_process_spec_finish(&s->process);
	for (size_t i = 0; i < s->nmounts; i++)
		free(s->mounts[i].options);
	free(s->mounts);
	free(s->cgroup);
	settings_free(s->cg, s->ncg);
	settings_free(s->sysctl, s->nsysctl);
	free(s->masked);
	free(s->readonly);
	free(s->devices);
	free(s->devrules);
	json_decref(s->json);
	memset(s, 0, sizeof(*s));
}
