/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c - the OCI runtime specification of a container. */
#include "oci/spec.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"
#include "oci/spec-lists.h"

static void add_strings(cJSON *array, const char *const *v)
{
	for (; v && *v; v++)
		cJSON_AddItemToArray(array, cJSON_CreateString(*v));
}

/* --- what runs */

/* docker: an entrypoint given on the command line also drops the image's Cmd. */
static int build_args(const struct oci_spec_opts *o, cJSON *process, struct err *e)
{
	const struct oci_config *img = o->image;
	const char *const *entry = o->entrypoint, *const *args = o->args;
	cJSON *all = cJSON_AddArrayToObject(process, "args");

	if (!entry && img)
		entry = (const char *const *)img->entrypoint;
	if ((!args || !*args) && !o->entrypoint && img)
		args = (const char *const *)img->cmd;
	add_strings(all, entry);
	add_strings(all, args);
	if (cJSON_GetArraySize(all) == 0)
		return err_set(e, -EINVAL, "no command to run: neither the image nor the command line names one");
	return 0;
}

static size_t key_len(const char *env)
{
	return strcspn(env, "=");
}

static bool same_key(const char *a, const char *b)
{
	size_t n = key_len(a);

	return n == key_len(b) && strncmp(a, b, n) == 0;
}

static bool named_in(const char *const *v, const char *env)
{
	for (; v && *v; v++)
		if (same_key(*v, env))
			return true;
	return false;
}

static void build_env(const struct oci_spec_opts *o, cJSON *process)
{
	const char *const *own = o->image ? (const char *const *)o->image->env : NULL;
	cJSON *env = cJSON_AddArrayToObject(process, "env");

	if (!named_in(own, "PATH") && !named_in(o->env, "PATH"))
		cJSON_AddItemToArray(env, cJSON_CreateString("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
							     "/usr/bin:/sbin:/bin"));
	if (o->hostname && !named_in(own, "HOSTNAME") && !named_in(o->env, "HOSTNAME")) {
		AUTO_BUF struct buf b = { 0 };

		if (buf_addf(&b, "HOSTNAME=%s", o->hostname) == 0)
			cJSON_AddItemToArray(env, cJSON_CreateString((char *)b.p));
	}
	if (o->tty && !named_in(own, "TERM") && !named_in(o->env, "TERM"))
		cJSON_AddItemToArray(env, cJSON_CreateString("TERM=xterm-256color"));
	for (const char *const *v = own; v && *v; v++)
		if (!named_in(o->env, *v))
			cJSON_AddItemToArray(env, cJSON_CreateString(*v));
	for (const char *const *v = o->env; v && *v; v++)
		if (strchr(*v, '='))
			cJSON_AddItemToArray(env, cJSON_CreateString(*v));
}

static void build_user(const struct oci_spec_opts *o, cJSON *process)
{
	const char *user = o->user && *o->user ? o->user : o->image && o->image->user ? o->image->user : "";
	cJSON *u = cJSON_AddObjectToObject(process, "user");

	cJSON_AddNumberToObject(u, "uid", 0);
	cJSON_AddNumberToObject(u, "gid", 0);
	if (*user)
		cJSON_AddStringToObject(u, "username", user);
	if (o->groups && *o->groups) {
		cJSON *gids = cJSON_AddArrayToObject(u, "additionalGids");
		uint64_t gid;

		for (const char *const *g = o->groups; *g; g++)
			if (str_parse_u64(*g, UINT32_MAX - 1, &gid) == 0)
				cJSON_AddItemToArray(gids, cJSON_CreateNumber((double)gid));
	}
}

/* --- what it may */

static int cap_index(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (int i = 0; spec_caps[i]; i++)
		if (strcasecmp(spec_caps[i] + 4, name) == 0)
			return i;
	return -1;
}

static int change_caps(uint64_t *set, const char *const *names, bool add, struct err *e)
{
	for (; names && *names; names++) {
		int i = cap_index(*names);

		if (strcasecmp(*names, "ALL") == 0)
			*set = add ? (1ull << spec_ncaps) - 1 : 0;
		else if (i < 0)
			return err_set(e, -EINVAL, "'%s' is not a capability", *names);
		else
			*set = add ? *set | 1ull << i : *set & ~(1ull << i);
	}
	return 0;
}

static cJSON *cap_sets(uint64_t set)
{
	static const char *const names[] = { "bounding", "effective", "permitted" };
	cJSON *caps = cJSON_CreateObject();

	for (size_t s = 0; s < ARRAY_LEN(names); s++) {
		cJSON *list = cJSON_AddArrayToObject(caps, names[s]);

		for (int i = 0; i < spec_ncaps; i++)
			if (set & 1ull << i)
				cJSON_AddItemToArray(list, cJSON_CreateString(spec_caps[i]));
	}
	return caps;
}

static int build_caps(const struct oci_spec_opts *o, cJSON *process, struct err *e)
{
	uint64_t set = 0;
	int rc = 0;

	if (o->privileged)
		set = (1ull << spec_ncaps) - 1;
	else
		for (size_t i = 0; spec_default_caps[i]; i++)
			set |= 1ull << cap_index(spec_default_caps[i]);
	/* --cap-drop ALL --cap-add X leaves X, in whatever order they stand. */
	rc = change_caps(&set, o->cap_drop, false, e);
	if (rc == 0)
		rc = change_caps(&set, o->cap_add, true, e);
	if (rc == 0)
		cJSON_AddItemToObject(process, "capabilities", cap_sets(set));
	return rc;
}

static int limit_number(const char *s, double *ret)
{
	uint64_t v;

	if (strcmp(s, "-1") == 0 || strcmp(s, "unlimited") == 0) {
		*ret = 18446744073709551615.0;
		return 0;
	}
	if (str_parse_u64(s, 1ull << 53, &v) < 0)
		return -EINVAL;
	*ret = (double)v;
	return 0;
}

static int build_ulimits(const struct oci_spec_opts *o, cJSON *process, struct err *e)
{
	cJSON *list = cJSON_AddArrayToObject(process, "rlimits");

	for (const char *const *u = o->ulimits; u && *u; u++) {
		AUTO_FREE char *text = strdup(*u);
		char *value = text ? strchr(text, '=') : NULL, *hard, type[32] = "RLIMIT_";
		double soft_n, hard_n;
		cJSON *row;

		if (!value || value == text || value - text > 20)
			return err_set(e, -EINVAL, "'%s' is not a limit, as in nofile=1024:2048", *u);
		*value++ = 0;
		hard = strchr(value, ':');
		if (hard)
			*hard++ = 0;
		if (limit_number(value, &soft_n) < 0 || limit_number(hard ? hard : value, &hard_n) < 0)
			return err_set(e, -EINVAL, "'%s' is not a limit, as in nofile=1024:2048", *u);
		for (size_t i = 0; text[i]; i++)
			type[7 + i] = (char)toupper((unsigned char)text[i]);
		row = cJSON_CreateObject();
		cJSON_AddStringToObject(row, "type", type);
		cJSON_AddNumberToObject(row, "soft", soft_n);
		cJSON_AddNumberToObject(row, "hard", hard_n);
		cJSON_AddItemToArray(list, row);
	}
	return 0;
}

/* --- what it sees */

static void add_mount(cJSON *mounts, const char *type, const char *source, const char *target, const char *options)
{
	cJSON *m = cJSON_CreateObject(), *list;
	AUTO_FREE char *words = strdup(options);

	cJSON_AddStringToObject(m, "destination", target);
	cJSON_AddStringToObject(m, "type", type);
	cJSON_AddStringToObject(m, "source", source);
	list = cJSON_AddArrayToObject(m, "options");
	for (char *save = NULL, *w = words ? strtok_r(words, ",", &save) : NULL; w; w = strtok_r(NULL, ",", &save))
		cJSON_AddItemToArray(list, cJSON_CreateString(w));
	cJSON_AddItemToArray(mounts, m);
}

static int build_mounts(const struct oci_spec_opts *o, cJSON *spec, struct err *e)
{
	cJSON *mounts = cJSON_AddArrayToObject(spec, "mounts");
	char shm[64];

	snprintf(shm, sizeof(shm), "nosuid,noexec,nodev,mode=1777,size=%llu",
		 (unsigned long long)(o->shm_size ? o->shm_size : 64 << 20));
	add_mount(mounts, "proc", "proc", "/proc", "nosuid,noexec,nodev");
	add_mount(mounts, "tmpfs", "tmpfs", "/dev", "nosuid,strictatime,mode=755,size=65536k");
	add_mount(mounts, "devpts", "devpts", "/dev/pts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	add_mount(mounts, "sysfs", "sysfs", "/sys", o->privileged ? "nosuid,noexec,nodev" : "nosuid,noexec,nodev,ro");
	add_mount(mounts, "cgroup", "cgroup", "/sys/fs/cgroup",
		  o->privileged ? "nosuid,noexec,nodev" : "nosuid,noexec,nodev,ro");
	add_mount(mounts, "mqueue", "mqueue", "/dev/mqueue", "nosuid,noexec,nodev");
	add_mount(mounts, "tmpfs", "shm", "/dev/shm", shm);
	for (const char *const *t = o->tmpfs; t && *t; t++) {
		AUTO_FREE char *path = strndup(*t, strcspn(*t, ":"));
		const char *options = strchr(*t, ':');

		if (!path || *path != '/')
			return err_set(e, -EINVAL, "'%s' is not an absolute path for a tmpfs", *t);
		add_mount(mounts, "tmpfs", "tmpfs", path, options ? options + 1 : "nosuid,nodev,mode=1777");
	}
	for (size_t i = 0; i < o->nbinds; i++) {
		if (*o->binds[i].target != '/')
			return err_set(e, -EINVAL, "'%s' is not an absolute path to mount on", o->binds[i].target);
		add_mount(mounts, "bind", o->binds[i].source, o->binds[i].target,
			  o->binds[i].readonly ? "rbind,ro" : "rbind");
	}
	return 0;
}

static cJSON *string_list(const char *const *v)
{
	cJSON *a = cJSON_CreateArray();

	add_strings(a, v);
	return a;
}

/* The VM is the wall; this list keeps a container away from what would reach around it: the way to the host
 * that the agent uses, the kernel's own code, and devices that are not its. */
static cJSON *default_seccomp(void)
{
	cJSON *s = cJSON_CreateObject(), *calls, *row, *args, *arg;

	cJSON_AddStringToObject(s, "defaultAction", "SCMP_ACT_ALLOW");
	calls = cJSON_AddArrayToObject(s, "syscalls");
	row = cJSON_CreateObject();
	cJSON_AddItemToObject(row, "names", string_list((const char *const[]){ "socket", NULL }));
	cJSON_AddStringToObject(row, "action", "SCMP_ACT_ERRNO");
	cJSON_AddNumberToObject(row, "errnoRet", 97 /* EAFNOSUPPORT */);
	args = cJSON_AddArrayToObject(row, "args");
	arg = cJSON_CreateObject();
	cJSON_AddNumberToObject(arg, "index", 0);
	cJSON_AddNumberToObject(arg, "value", 40 /* AF_VSOCK */);
	cJSON_AddStringToObject(arg, "op", "SCMP_CMP_EQ");
	cJSON_AddItemToArray(args, arg);
	cJSON_AddItemToArray(calls, row);
	row = cJSON_CreateObject();
	cJSON_AddItemToObject(row, "names", string_list(spec_denied_syscalls));
	cJSON_AddStringToObject(row, "action", "SCMP_ACT_ERRNO");
	cJSON_AddNumberToObject(row, "errnoRet", 1);
	cJSON_AddItemToArray(calls, row);
	return s;
}

static int build_sysctls(const struct oci_spec_opts *o, cJSON *linux_, struct err *e)
{
	cJSON *map;

	if (!o->sysctls || !*o->sysctls)
		return 0;
	map = cJSON_AddObjectToObject(linux_, "sysctl");
	for (const char *const *s = o->sysctls; *s; s++) {
		AUTO_FREE char *key = strndup(*s, strcspn(*s, "="));

		if (!key || !*key || !strchr(*s, '='))
			return err_set(e, -EINVAL, "'%s' is not a kernel parameter, as in net.core.somaxconn=1024", *s);
		cJSON_AddStringToObject(map, key, strchr(*s, '=') + 1);
	}
	return 0;
}

static void build_resources(const struct oci_spec_opts *o, cJSON *linux_)
{
	cJSON *r = cJSON_AddObjectToObject(linux_, "resources"), *part;

	if (o->memory) {
		part = cJSON_AddObjectToObject(r, "memory");
		cJSON_AddNumberToObject(part, "limit", (double)o->memory);
	}
	if (o->cpus > 0) {
		part = cJSON_AddObjectToObject(r, "cpu");
		cJSON_AddNumberToObject(part, "quota", (double)(int64_t)(o->cpus * 100000));
		cJSON_AddNumberToObject(part, "period", 100000);
	}
	if (o->pids_limit) {
		part = cJSON_AddObjectToObject(r, "pids");
		cJSON_AddNumberToObject(part, "limit", (double)o->pids_limit);
	}
}

static int build_linux(const struct oci_spec_opts *o, cJSON *spec, struct err *e)
{
	static const char *const kinds[] = { "pid", "ipc", "uts", "mount", "cgroup" };
	cJSON *l = cJSON_AddObjectToObject(spec, "linux"), *ns = cJSON_AddArrayToObject(l, "namespaces");
	int rc;

	/* The network namespace is the VM's: it holds this container alone. */
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "type", kinds[i]);
		cJSON_AddItemToArray(ns, row);
	}
	rc = build_sysctls(o, l, e);
	if (rc < 0)
		return rc;
	build_resources(o, l);
	if (!o->privileged) {
		cJSON_AddItemToObject(l, "maskedPaths", string_list(spec_masked_paths));
		cJSON_AddItemToObject(l, "readonlyPaths", string_list(spec_readonly_paths));
	}
	if (o->seccomp)
		cJSON_AddItemToObject(l, "seccomp", cJSON_Duplicate(o->seccomp, 1));
	else if (!o->seccomp_off && !o->privileged)
		cJSON_AddItemToObject(l, "seccomp", default_seccomp());
	return 0;
}

const cJSON *oci_spec_args(const cJSON *spec)
{
	return json_arr(json_obj(spec, "process"), "args");
}

int oci_spec_build(const struct oci_spec_opts *o, cJSON **ret, struct err *e)
{
	AUTO_JSON cJSON *spec = cJSON_CreateObject();
	cJSON *process, *root;
	const char *cwd = o->workdir && *o->workdir ? o->workdir :
			  o->image && o->image->working_dir && *o->image->working_dir ? o->image->working_dir : "/";
	int rc;

	if (!spec)
		return err_sys(e, -ENOMEM, "cannot describe the container");
	if (*cwd != '/')
		return err_set(e, -EINVAL, "the working directory '%s' is not an absolute path", cwd);
	cJSON_AddStringToObject(spec, "ociVersion", "1.1.0");
	root = cJSON_AddObjectToObject(spec, "root");
	cJSON_AddStringToObject(root, "path", o->root);
	cJSON_AddBoolToObject(root, "readonly", o->readonly);
	if (o->hostname)
		cJSON_AddStringToObject(spec, "hostname", o->hostname);
	if (o->domainname)
		cJSON_AddStringToObject(spec, "domainname", o->domainname);
	process = cJSON_AddObjectToObject(spec, "process");
	cJSON_AddBoolToObject(process, "terminal", o->tty);
	cJSON_AddStringToObject(process, "cwd", cwd);
	cJSON_AddBoolToObject(process, "noNewPrivileges", o->no_new_privs);
	rc = build_args(o, process, e);
	if (rc == 0)
		rc = build_caps(o, process, e);
	if (rc == 0)
		rc = build_ulimits(o, process, e);
	if (rc < 0)
		return rc;
	build_env(o, process);
	build_user(o, process);
	rc = build_mounts(o, spec, e);
	if (rc == 0)
		rc = build_linux(o, spec, e);
	if (rc < 0)
		return rc;
	*ret = TAKE(spec);
	return 0;
}
