/* SPDX-License-Identifier: Apache-2.0 */
/* spec.c - the runtime spec of a container. Builders return false when out of memory; cJSON_Delete of the root
 * frees what they added. */
#include "oci/spec.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"

#define HOSTNAME_MAX 64

static bool empty(const char *const *v)
{
	return !v || !*v;
}

/* --- words to run */

static char **join(const char *const *a, const char *const *b)
{
	size_t n = a ? strv_len(a) : 0, m = b ? strv_len(b) : 0;
	char **v = calloc(n + m + 1, sizeof *v);

	for (size_t i = 0; v && i < n + m; i++) {
		v[i] = strdup(i < n ? a[i] : b[i - n]);
		if (!v[i]) {
			strv_free(v);
			return NULL;
		}
	}
	return v;
}

int oci_spec_args(const struct oci_spec_opts *o, char ***ret, struct err *e)
{
	const struct oci_config *c = o->config;
	const char *const *entrypoint = o->entrypoint, *const *cmd = o->cmd;

	if (!o->entrypoint_given) {
		entrypoint = c ? (const char *const *)c->entrypoint : NULL;
		/* the image's arguments belong to the image's entry point: another one drops them */
		if (empty(cmd) && c)
			cmd = (const char *const *)c->cmd;
	}
	if (!empty(entrypoint) && !entrypoint[0][0] && !entrypoint[1])
		entrypoint = NULL;
	if (empty(entrypoint) && empty(cmd))
		return err_set(e, -EINVAL, "no command is given, and the image names none");
	*ret = join(entrypoint, cmd);
	if (!*ret)
		return err_set(e, -ENOMEM, "out of memory");
	if (!(*ret)[0][0]) {
		strv_free(*ret);
		return err_set(e, -EINVAL, "the command is an empty word");
	}
	return 0;
}

/* --- environment */

struct env {
	char **v;
	size_t n, cap;
};

static bool env_set(struct env *env, const char *entry)
{
	size_t len = strcspn(entry, "="), i;
	bool value = entry[len] == '=';

	for (i = 0; i < env->n; i++)
		if (strncmp(env->v[i], entry, len) == 0 && env->v[i][len] == '=')
			break;
	if (i < env->n)
		free(env->v[i]);
	if (!value) { /* a name alone takes it away */
		if (i < env->n)
			memmove(&env->v[i], &env->v[i + 1], (env->n-- - i) * sizeof *env->v);
		return true;
	}
	char *copy = strdup(entry);
	if (i < env->n) {
		env->v[i] = copy;
		if (!copy)
			memmove(&env->v[i], &env->v[i + 1], (env->n-- - i) * sizeof *env->v);
		return copy != NULL;
	}
	if (copy && env->n + 1 >= env->cap) {
		size_t cap = env->cap ? 2 * env->cap : 16;
		char **v = realloc(env->v, cap * sizeof *v);

		if (!v) {
			free(copy);
			return false;
		}
		env->v = v;
		env->cap = cap;
	}
	if (!copy)
		return false;
	env->v[env->n++] = copy;
	env->v[env->n] = NULL;
	return true;
}

static bool env_set_all(struct env *env, const char *const *v)
{
	for (; v && *v; v++)
		if (**v && **v != '=' && !env_set(env, *v))
			return false;
	return true;
}

static void default_hostname(const struct oci_spec_opts *o, char ret[static HOSTNAME_MAX + 1])
{
	if (o->hostname)
		snprintf(ret, HOSTNAME_MAX + 1, "%s", o->hostname);
	else
		snprintf(ret, HOSTNAME_MAX + 1, "%.12s", o->id ? o->id : "");
}

int oci_spec_env(const struct oci_spec_opts *o, char ***ret, struct err *e)
{
	struct env env = { 0 };
	char host[HOSTNAME_MAX + 1], entry[HOSTNAME_MAX + 16];

	default_hostname(o, host);
	snprintf(entry, sizeof entry, "HOSTNAME=%s", host);
	if (!env_set(&env, "PATH=" OCI_PATH_DEFAULT) || !env_set(&env, entry) ||
	    (o->tty && !env_set(&env, "TERM=xterm")) ||
	    (o->config && !env_set_all(&env, (const char *const *)o->config->env)) || !env_set_all(&env, o->env)) {
		strv_free(env.v);
		return err_set(e, -ENOMEM, "out of memory");
	}
	*ret = env.v;
	return 0;
}

/* --- process */

static bool add_strv(cJSON *j, const char *name, const char *const *v)
{
	cJSON *a = cJSON_AddArrayToObject(j, name);

	for (; a && v && *v; v++)
		if (!cJSON_AddItemToArray(a, cJSON_CreateString(*v)))
			return false;
	return a != NULL;
}

static bool limit_value(const char *s, uint64_t *ret)
{
	if (strcmp(s, "-1") == 0 || strcmp(s, "unlimited") == 0) {
		*ret = UINT64_MAX;
		return true;
	}
	return str_parse_u64(s, UINT64_MAX, ret) == 0;
}

int oci_rlimit_parse(char *text, struct oci_rlimit *ret, struct err *e)
{
	char *eq = strchr(text, '='), *colon = eq ? strchr(eq, ':') : NULL;
	struct oci_rlimit l = { .name = text };

	if (!eq || eq == text)
		return err_set(e, -EINVAL, "'%.60s' is not a limit, as in nofile=1024:2048", text);
	*eq = 0;
	if (colon)
		*colon = 0;
	if (!limit_value(eq + 1, &l.soft) || !limit_value(colon ? colon + 1 : eq + 1, &l.hard) || l.soft > l.hard)
		return err_set(e, -EINVAL, "limit '%.40s' has no valid values, as in nofile=1024:2048", text);
	*ret = l;
	return 0;
}

static int add_rlimits(cJSON *p, const struct oci_rlimit *v, size_t n, bool defaults, struct err *e)
{
	static const struct oci_rlimit nofile = { "RLIMIT_NOFILE", 1024, 524288 };
	cJSON *a = cJSON_AddArrayToObject(p, "rlimits");
	bool have_nofile = false;

	for (size_t i = 0; a && i <= n; i++) {
		const struct oci_rlimit *l = i < n ? &v[i] : &nofile;
		char name[32] = "RLIMIT_";
		cJSON *o;

		if (i == n && (have_nofile || !defaults))
			break;
		if (strlen(l->name) > 20)
			return err_set(e, -EINVAL, "there is no limit '%.40s'", l->name);
		snprintf(name, sizeof name, "%s%s", strncasecmp(l->name, "RLIMIT_", 7) == 0 ? "" : "RLIMIT_", l->name);
		for (char *c = name; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		have_nofile = have_nofile || strcmp(name, "RLIMIT_NOFILE") == 0;
		if (l->soft > l->hard)
			return err_set(e, -EINVAL, "the soft limit of '%s' is over the hard one", l->name);
		o = cJSON_CreateObject();
		/* doubles hold 2^64 well enough: it means unlimited */
		if (!o || !cJSON_AddItemToArray(a, o) || !cJSON_AddStringToObject(o, "type", name) ||
		    !cJSON_AddNumberToObject(o, "soft", (double)l->soft) ||
		    !cJSON_AddNumberToObject(o, "hard", (double)l->hard))
			return err_set(e, -ENOMEM, "out of memory");
	}
	return a ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* The names of the capabilities in mask, NULL-terminated, pointing to constants. */
static void cap_list(uint64_t mask, const char *ret[static OCI_NCAPS + 1])
{
	size_t n = 0;

	for (int i = 0; i < OCI_NCAPS; i++)
		if (mask & (1ull << i))
			ret[n++] = oci_cap_names[i];
	ret[n] = NULL;
}

static bool add_caps(cJSON *p, const char *const *caps)
{
	/* nothing inheritable or ambient: another user than root gets none of them when it is executed */
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	cJSON *o = cJSON_AddObjectToObject(p, "capabilities");

	for (size_t i = 0; o && i < ARRAY_LEN(sets); i++)
		if (!add_strv(o, sets[i], caps))
			return false;
	return o != NULL;
}

static bool add_user(cJSON *p, const struct oci_spec_opts *o)
{
	const char *user = o->user ? o->user : o->config && o->config->user ? o->config->user : "";
	cJSON *u = cJSON_AddObjectToObject(p, "user");
	cJSON *gids;

	if (!u || !cJSON_AddNumberToObject(u, "uid", 0) || !cJSON_AddNumberToObject(u, "gid", 0) ||
	    (*user && !cJSON_AddStringToObject(u, "username", user)) ||
	    (o->umask_given && !cJSON_AddNumberToObject(u, "umask", o->umask)))
		return false;
	if (!o->ngroups)
		return true;
	gids = cJSON_AddArrayToObject(u, "additionalGids");
	for (size_t i = 0; gids && i < o->ngroups; i++)
		if (!cJSON_AddItemToArray(gids, cJSON_CreateNumber(o->groups[i])))
			return false;
	return gids != NULL;
}

static bool add_console(cJSON *p, bool tty, unsigned rows, unsigned cols)
{
	cJSON *size;

	if (!cJSON_AddBoolToObject(p, "terminal", tty))
		return false;
	if (!tty || !rows || !cols)
		return true;
	size = cJSON_AddObjectToObject(p, "consoleSize");
	return size && cJSON_AddNumberToObject(size, "height", rows) && cJSON_AddNumberToObject(size, "width", cols);
}

static int add_cwd(cJSON *p, const struct oci_spec_opts *o, struct err *e)
{
	const char *image = o->config && o->config->working_dir ? o->config->working_dir : "";
	AUTO_FREE char *cwd = NULL;

	if (o->cwd && *o->cwd && *o->cwd != '/')
		return err_set(e, -EINVAL, "the working directory '%.200s' is not an absolute path", o->cwd);
	if (asprintf(&cwd, "%s%s", *image == '/' ? "" : "/", image) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return cJSON_AddStringToObject(p, "cwd", o->cwd && *o->cwd ? o->cwd : cwd) ?
		       0 : err_set(e, -ENOMEM, "out of memory");
}

static int add_words(cJSON *p, const struct oci_spec_opts *o, struct err *e)
{
	char **args = NULL, **env = NULL;
	int rc = oci_spec_args(o, &args, e);

	if (rc == 0)
		rc = oci_spec_env(o, &env, e);
	if (rc == 0 && (!add_strv(p, "args", (const char *const *)args) || !add_strv(p, "env", (const char *const *)env)))
		rc = err_set(e, -ENOMEM, "out of memory");
	if (args)
		strv_free(args);
	if (env)
		strv_free(env);
	return rc;
}

static int add_process(cJSON *spec, const struct oci_spec_opts *o, const char *const *caps, struct err *e)
{
	cJSON *p = cJSON_AddObjectToObject(spec, "process");
	int rc = p && add_console(p, o->tty, o->rows, o->cols) && add_user(p, o) && add_caps(p, caps) &&
				 cJSON_AddBoolToObject(p, "noNewPrivileges", o->no_new_privileges) ?
			 0 : err_set(e, -ENOMEM, "out of memory");

	if (rc == 0)
		rc = add_words(p, o, e);
	if (rc == 0)
		rc = add_cwd(p, o, e);
	if (rc == 0)
		rc = add_rlimits(p, o->rlimits, o->nrlimits, true, e);
	if (rc == 0 && o->oom_score_adj && !cJSON_AddNumberToObject(p, "oomScoreAdj", o->oom_score_adj))
		rc = err_set(e, -ENOMEM, "out of memory");
	return rc;
}

/* --- mounts */

static bool add_mount(cJSON *list, const struct oci_mount *m)
{
	cJSON *o = cJSON_CreateObject();

	return o && cJSON_AddItemToArray(list, o) && cJSON_AddStringToObject(o, "destination", m->destination) &&
	       (!m->type || cJSON_AddStringToObject(o, "type", m->type)) &&
	       (!m->source || cJSON_AddStringToObject(o, "source", m->source)) && add_strv(o, "options", m->options);
}

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1] && path[1] != '/';
	return n;
}

/* "/a/b", without '/' at its end, or NULL for what is no place to mount on. */
static bool destination_ok(const char *path)
{
	return *path == '/' && path[1] && !strstr(path, "/../") && !str_ends(path, "/..");
}

static bool same_path(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	while (n > 1 && a[n - 1] == '/')
		n--;
	while (m > 1 && b[m - 1] == '/')
		m--;
	return n == m && memcmp(a, b, n) == 0;
}

#define OPTS(...) (const char *const[]){ __VA_ARGS__, NULL }

/* "PATH[:size=1m,mode=700]" as a mount; options and their text are of the caller. */
static int parse_tmpfs(const char *s, char *text, size_t size, const char *options[static 32], struct oci_mount *ret,
		       struct err *e)
{
	char *opt, *save = NULL;
	size_t n = 0;

	if (strlen(s) >= size)
		return err_set(e, -EINVAL, "tmpfs '%.60s…' is too long", s);
	strcpy(text, s);
	options[n++] = "nosuid";
	options[n++] = "nodev";
	opt = strchr(text, ':');
	if (opt)
		*opt++ = 0;
	else
		options[n++] = "noexec";
	for (opt = opt ? strtok_r(opt, ",", &save) : NULL; opt; opt = strtok_r(NULL, ",", &save)) {
		if (n == 31)
			return err_set(e, -EINVAL, "tmpfs '%.60s' has too many options", text);
		options[n++] = opt;
	}
	options[n] = NULL;
	*ret = (struct oci_mount){ "tmpfs", "tmpfs", text, options };
	return destination_ok(text) ? 0 : err_set(e, -EINVAL, "'%.200s' is not an absolute path", text);
}

static bool user_mounts_at(const struct oci_spec_opts *o, const char *path)
{
	for (size_t i = 0; i < o->nmounts; i++)
		if (same_path(o->mounts[i].destination, path))
			return true;
	for (const char *const *t = o->tmpfs; t && *t; t++) {
		size_t n = strcspn(*t, ":");

		if (strncmp(*t, path, n) == 0 && !path[n])
			return true;
	}
	return false;
}

static bool add_system_mounts(cJSON *list, const struct oci_spec_opts *o)
{
	char shm[32];
	const char *ro = o->privileged ? "rw" : "ro";

	snprintf(shm, sizeof shm, "size=%llu",
		 (unsigned long long)(o->shm_size ? o->shm_size : OCI_SHM_DEFAULT));
	const struct oci_mount mounts[] = {
		{ "proc", "proc", "/proc", OPTS("nosuid", "noexec", "nodev") },
		{ "sysfs", "sysfs", "/sys", OPTS("nosuid", "noexec", "nodev", ro) },
		{ "cgroup2", "cgroup", "/sys/fs/cgroup", OPTS("nosuid", "noexec", "nodev", "relatime", ro) },
		{ "tmpfs", "tmpfs", "/dev", OPTS("nosuid", "strictatime", "mode=755", "size=65536k") },
		{ "devpts", "devpts", "/dev/pts",
		  OPTS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5") },
		{ "mqueue", "mqueue", "/dev/mqueue", OPTS("nosuid", "noexec", "nodev") },
		{ "tmpfs", "shm", "/dev/shm", OPTS("nosuid", "noexec", "nodev", "mode=1777", shm) },
	};

	for (size_t i = 0; i < ARRAY_LEN(mounts); i++)
		if (!user_mounts_at(o, mounts[i].destination) && !add_mount(list, &mounts[i]))
			return false;
	return true;
}

/* The user's, those nearer to the root first, so that none hides another. */
static int add_user_mounts(cJSON *list, const struct oci_spec_opts *o, struct err *e)
{
	size_t deepest = 0, left = 0;

	for (size_t i = 0; i < o->nmounts; i++) {
		if (!destination_ok(o->mounts[i].destination))
			return err_set(e, -EINVAL, "'%.200s' is not a path to mount on", o->mounts[i].destination);
		deepest = MAX(deepest, depth(o->mounts[i].destination));
	}
	for (const char *const *t = o->tmpfs; t && *t; t++)
		deepest = MAX(deepest, depth(*t));
	left = o->nmounts + (o->tmpfs ? strv_len(o->tmpfs) : 0);
	for (size_t d = 0; d <= deepest && left; d++) {
		for (size_t i = 0; i < o->nmounts; i++)
			if (depth(o->mounts[i].destination) == d && left-- && !add_mount(list, &o->mounts[i]))
				return err_set(e, -ENOMEM, "out of memory");
		for (const char *const *t = o->tmpfs; t && *t; t++) {
			const char *options[32];
			char text[512];
			struct oci_mount m;

			if (depth(*t) != d)
				continue;
			int rc = parse_tmpfs(*t, text, sizeof text, options, &m, e);
			if (rc < 0)
				return rc;
			left--;
			if (!add_mount(list, &m))
				return err_set(e, -ENOMEM, "out of memory");
		}
	}
	return 0;
}

/* --- linux */

static bool add_namespaces(cJSON *linux_)
{
	static const char *const kinds[] = { "pid", "mount", "uts", "ipc", "cgroup" };
	cJSON *a = cJSON_AddArrayToObject(linux_, "namespaces");

	for (size_t i = 0; a && i < ARRAY_LEN(kinds); i++) {
		cJSON *o = cJSON_CreateObject();

		if (!o || !cJSON_AddItemToArray(a, o) || !cJSON_AddStringToObject(o, "type", kinds[i]))
			return false;
	}
	return a != NULL;
}

static bool add_paths(cJSON *linux_)
{
	return add_strv(linux_, "maskedPaths",
			OPTS("/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys",
			     "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
			     "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap")) &&
	       add_strv(linux_, "readonlyPaths",
			OPTS("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"));
}

static bool add_device_rule(cJSON *list, bool allow, const char *type, int major, int minor, const char *access)
{
	cJSON *o = cJSON_CreateObject();

	return o && cJSON_AddItemToArray(list, o) && cJSON_AddBoolToObject(o, "allow", allow) &&
	       (!type || cJSON_AddStringToObject(o, "type", type)) &&
	       (major < 0 || cJSON_AddNumberToObject(o, "major", major)) &&
	       (minor < 0 || cJSON_AddNumberToObject(o, "minor", minor)) &&
	       cJSON_AddStringToObject(o, "access", access);
}

static bool add_device_rules(cJSON *resources, bool privileged)
{
	/* null, zero, full, random, urandom, tty, console, ptmx, pts */
	static const struct {
		int major, minor;
	} allowed[] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 }, { 5, 1 }, { 5, 2 }, { 136, -1 } };
	cJSON *list = cJSON_AddArrayToObject(resources, "devices");

	if (!list)
		return false;
	if (privileged)
		return add_device_rule(list, true, NULL, -1, -1, "rwm");
	if (!add_device_rule(list, false, NULL, -1, -1, "rwm") || !add_device_rule(list, true, "c", -1, -1, "m") ||
	    !add_device_rule(list, true, "b", -1, -1, "m"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (!add_device_rule(list, true, "c", allowed[i].major, allowed[i].minor, "rwm"))
			return false;
	return true;
}

static bool add_memory(cJSON *r, const struct oci_spec_opts *o)
{
	cJSON *m;

	if (!o->memory && !o->memory_swap && !o->memory_reservation)
		return true;
	m = cJSON_AddObjectToObject(r, "memory");
	return m && (!o->memory || cJSON_AddNumberToObject(m, "limit", (double)o->memory)) &&
	       (!o->memory_swap || cJSON_AddNumberToObject(m, "swap", (double)o->memory_swap)) &&
	       (!o->memory_reservation || cJSON_AddNumberToObject(m, "reservation", (double)o->memory_reservation));
}

static bool add_cpu(cJSON *r, const struct oci_spec_opts *o)
{
	cJSON *c;

	if (o->cpus <= 0 && !o->cpu_shares && !o->cpuset)
		return true;
	c = cJSON_AddObjectToObject(r, "cpu");
	return c && (o->cpus <= 0 || (cJSON_AddNumberToObject(c, "quota", (double)(uint64_t)(o->cpus * OCI_CPU_PERIOD + 0.5)) &&
				      cJSON_AddNumberToObject(c, "period", OCI_CPU_PERIOD))) &&
	       (!o->cpu_shares || cJSON_AddNumberToObject(c, "shares", (double)o->cpu_shares)) &&
	       (!o->cpuset || cJSON_AddStringToObject(c, "cpus", o->cpuset));
}

static bool add_pids(cJSON *r, const struct oci_spec_opts *o)
{
	cJSON *p = o->pids ? cJSON_AddObjectToObject(r, "pids") : NULL;

	return !o->pids || (p && cJSON_AddNumberToObject(p, "limit", (double)o->pids));
}

static bool add_resources(cJSON *linux_, const struct oci_spec_opts *o)
{
	cJSON *r = cJSON_AddObjectToObject(linux_, "resources"), *x;

	if (!r || !add_device_rules(r, o->privileged) || !add_memory(r, o) || !add_cpu(r, o) || !add_pids(r, o))
		return false;
	return !o->blkio_weight || ((x = cJSON_AddObjectToObject(r, "blockIO")) &&
				    cJSON_AddNumberToObject(x, "weight", (double)o->blkio_weight));
}

int oci_spec_set_limits(cJSON *spec, uint64_t memory, double cpus, uint64_t pids, struct err *e)
{
	struct oci_spec_opts o = { .memory = memory, .cpus = cpus, .pids = pids };
	cJSON *r = cJSON_GetObjectItemCaseSensitive(json_obj(spec, "linux"), "resources");

	if (!cJSON_IsObject(r))
		return err_set(e, -EINVAL, "the container's specification has no 'resources'");
	if (memory)
		cJSON_DeleteItemFromObjectCaseSensitive(r, "memory");
	if (cpus > 0)
		cJSON_DeleteItemFromObjectCaseSensitive(r, "cpu");
	if (pids)
		cJSON_DeleteItemFromObjectCaseSensitive(r, "pids");
	return add_memory(r, &o) && add_cpu(r, &o) && add_pids(r, &o) ? 0 : err_sys(e, -ENOMEM, "cannot write limits");
}

static bool add_sysctls(cJSON *linux_, const struct oci_spec_opts *o)
{
	cJSON *s = NULL;

	for (size_t i = 0; i < o->nsysctls; i++) {
		if (!s)
			s = cJSON_AddObjectToObject(linux_, "sysctl");
		if (!s)
			return false;
		cJSON_DeleteItemFromObjectCaseSensitive(s, o->sysctls[i].key);
		if (!cJSON_AddStringToObject(s, o->sysctls[i].key, o->sysctls[i].value))
			return false;
	}
	return true;
}

static bool add_seccomp(cJSON *linux_, const struct oci_spec_opts *o, const char *const *caps)
{
	struct oci_platform host;
	cJSON *profile;

	if (o->seccomp == OCI_SECCOMP_NONE || (o->privileged && o->seccomp == OCI_SECCOMP_DEFAULT))
		return true;
	oci_platform_host(&host);
	profile = o->seccomp == OCI_SECCOMP_GIVEN ? cJSON_Duplicate(o->seccomp_json, true) :
						    oci_seccomp_default(host.arch, caps);
	if (profile && cJSON_AddItemToObject(linux_, "seccomp", profile))
		return true;
	cJSON_Delete(profile);
	return false;
}

static bool add_linux(cJSON *spec, const struct oci_spec_opts *o, const char *const *caps)
{
	cJSON *l = cJSON_AddObjectToObject(spec, "linux");

	return l && add_namespaces(l) && add_resources(l, o) && (o->privileged || add_paths(l)) && add_sysctls(l, o) &&
	       add_seccomp(l, o, caps);
}

/* --- all of it */

static bool add_annotations(cJSON *spec, const char *const *v)
{
	cJSON *a = NULL;

	for (; v && *v; v++) {
		size_t n = strcspn(*v, "=");
		AUTO_FREE char *key = strndup(*v, n);

		if (!a)
			a = cJSON_AddObjectToObject(spec, "annotations");
		if (!a || !key)
			return false;
		cJSON_DeleteItemFromObjectCaseSensitive(a, key);
		if (!cJSON_AddStringToObject(a, key, (*v)[n] ? *v + n + 1 : ""))
			return false;
	}
	return true;
}

static bool add_root(cJSON *spec, const struct oci_spec_opts *o)
{
	cJSON *root = cJSON_AddObjectToObject(spec, "root");

	return root && cJSON_AddStringToObject(root, "path", o->root_path) &&
	       cJSON_AddBoolToObject(root, "readonly", o->readonly);
}

static int add_names(cJSON *spec, const struct oci_spec_opts *o, struct err *e)
{
	char host[HOSTNAME_MAX + 1];

	if (o->hostname && strlen(o->hostname) > HOSTNAME_MAX)
		return err_set(e, -EINVAL, "the host's name is longer than %d bytes", HOSTNAME_MAX);
	default_hostname(o, host);
	if (!cJSON_AddStringToObject(spec, "hostname", host) ||
	    (o->domainname && *o->domainname && !cJSON_AddStringToObject(spec, "domainname", o->domainname)))
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

int oci_spec_build(const struct oci_spec_opts *o, cJSON **ret, struct err *e)
{
	AUTO_JSON cJSON *spec = cJSON_CreateObject();
	const char *caps[OCI_NCAPS + 1];
	uint64_t mask = (1ull << OCI_NCAPS) - 1;
	cJSON *mounts;
	int rc = 0;

	if (!spec || !cJSON_AddStringToObject(spec, "ociVersion", "1.1.0") || !add_root(spec, o))
		return err_set(e, -ENOMEM, "out of memory");
	if (!o->privileged)
		rc = oci_caps(o->cap_add, o->cap_drop, &mask, e);
	if (rc < 0)
		return rc;
	cap_list(mask, caps);
	rc = add_process(spec, o, caps, e);
	if (rc == 0)
		rc = add_names(spec, o, e);
	if (rc < 0)
		return rc;
	mounts = cJSON_AddArrayToObject(spec, "mounts");
	if (!mounts || !add_system_mounts(mounts, o))
		return err_set(e, -ENOMEM, "out of memory");
	rc = add_user_mounts(mounts, o, e);
	if (rc < 0)
		return rc;
	if (!add_linux(spec, o, caps) || !add_annotations(spec, o->annotations))
		return err_set(e, -ENOMEM, "out of memory");
	*ret = TAKE(spec);
	return 0;
}

/* --- exec */

/* The container's environment with that of the exec over it. */
static bool exec_env(cJSON *p, const cJSON *old, const struct oci_exec_opts *o)
{
	char **base = json_strv(json_arr(old, "env"));
	struct env env = { 0 };
	bool ok = base && env_set_all(&env, (const char *const *)base) &&
		  (!o->tty || env_set(&env, "TERM=xterm")) && env_set_all(&env, o->env) &&
		  add_strv(p, "env", (const char *const *)env.v);

	if (base)
		strv_free(base);
	if (env.v)
		strv_free(env.v);
	return ok;
}

static bool exec_user(cJSON *p, const cJSON *old, const char *user)
{
	cJSON *u;

	if (!user || !*user) {
		u = cJSON_Duplicate(json_obj(old, "user"), true);
		return !json_obj(old, "user") || (u && cJSON_AddItemToObject(p, "user", u));
	}
	u = cJSON_AddObjectToObject(p, "user");
	return u && cJSON_AddNumberToObject(u, "uid", 0) && cJSON_AddNumberToObject(u, "gid", 0) &&
	       cJSON_AddStringToObject(u, "username", user);
}

static bool exec_caps(cJSON *p, const cJSON *old, bool privileged)
{
	const char *caps[OCI_NCAPS + 1];
	cJSON *same;

	if (privileged) {
		cap_list((1ull << OCI_NCAPS) - 1, caps);
		return add_caps(p, caps);
	}
	if (!json_obj(old, "capabilities"))
		return true;
	same = cJSON_Duplicate(json_obj(old, "capabilities"), true);
	return same && cJSON_AddItemToObject(p, "capabilities", same);
}

int oci_spec_exec(const cJSON *spec, const struct oci_exec_opts *o, cJSON **ret, struct err *e)
{
	const cJSON *old = json_obj(spec, "process");
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	cJSON *p = j ? cJSON_AddObjectToObject(j, "process") : NULL;
	const char *cwd = o->cwd && *o->cwd ? o->cwd : json_str(old, "cwd");

	if (empty(o->args) || !o->args[0][0])
		return err_set(e, -EINVAL, "no command is given");
	if (cwd && *cwd != '/')
		return err_set(e, -EINVAL, "the working directory '%.200s' is not an absolute path", cwd);
	if (!p || !add_console(p, o->tty, o->rows, o->cols) || !add_strv(p, "args", o->args) ||
	    !exec_env(p, old, o) || !exec_user(p, old, o->user) || !exec_caps(p, old, o->privileged) ||
	    !cJSON_AddStringToObject(p, "cwd", cwd ? cwd : "/") ||
	    !cJSON_AddBoolToObject(p, "noNewPrivileges",
				   o->no_new_privileges || json_bool(old, "noNewPrivileges", false)))
		return err_set(e, -ENOMEM, "out of memory");
	if (o->nrlimits) {
		int rc = add_rlimits(p, o->rlimits, o->nrlimits, false, e);
		if (rc < 0)
			return rc;
	} else if (json_arr(old, "rlimits")) {
		cJSON *same = cJSON_Duplicate(json_arr(old, "rlimits"), true);

		if (!same || !cJSON_AddItemToObject(p, "rlimits", same))
			return err_set(e, -ENOMEM, "out of memory");
	}
	*ret = TAKE(j);
	return 0;
}
