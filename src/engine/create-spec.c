/* SPDX-License-Identifier: Apache-2.0 */
/* create-spec.c - from what the user asked to the container's configuration. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/where.h"
#include "engine/create.h"
#include "oci/ref.h"

#define SHARE_PATH "/run/berth/share"
#define MEMORY_MIN (6ull << 20)
#define MEMORY_MAX (1ull << 40) /* what the addresses of a VM reach */
#define CPUS_MAX 64

/* --- taking the options */

static int take_ulimits(struct create_spec *s, struct eng_arena *a, const char *const *v, struct err *e)
{
	size_t n = strv_len(v);

	s->rlimits = eng_arena_take(a, calloc(n + 1, sizeof(*s->rlimits)));
	for (size_t i = 0; s->rlimits && i < n; i++) {
		char *text = (char *)eng_arena_str(a, v[i]), *value = text ? strchr(text, '=') : NULL, *hard;
		struct oci_rlimit *r = &s->rlimits[s->nrlimits++];

		hard = value ? strchr(value, ':') : NULL;
		if (hard)
			*hard++ = 0;
		if (value)
			*value++ = 0;
		r->name = text;
		r->soft = r->hard = UINT64_MAX;
		if (!value || (strcmp(value, "-1") != 0 && str_parse_u64(value, UINT64_MAX - 1, &r->soft) < 0) ||
		    (strcmp(hard ? hard : value, "-1") != 0 &&
		     str_parse_u64(hard ? hard : value, UINT64_MAX - 1, &r->hard) < 0))
			return err_set(e, -EINVAL, "'%s' is not a limit, as in nofile=1024:2048", v[i]);
		if (r->soft > r->hard)
			return err_set(e, -EINVAL, "'%s': the soft limit is above the hard one", v[i]);
	}
	return 0;
}

static int take_sysctls(struct create_spec *s, struct eng_arena *a, const char *const *v, struct err *e)
{
	size_t n = strv_len(v);

	s->sysctls = eng_arena_take(a, calloc(n + 1, sizeof(*s->sysctls)));
	for (size_t i = 0; s->sysctls && i < n; i++) {
		char *text = (char *)eng_arena_str(a, v[i]), *value = text ? strchr(text, '=') : NULL;

		if (!value || value == text)
			return err_set(e, -EINVAL, "'%s' is not a kernel parameter, as in net.core.somaxconn=1024",
				       v[i]);
		*value++ = 0;
		s->sysctls[s->nsysctls++] = (struct oci_pair){ text, value };
	}
	return 0;
}

static int take_mounts(struct create_spec *s, struct eng_arena *a, struct err *e)
{
	struct berth_mount *m = eng_arena_take(a, calloc(s->o.nmounts + 1, sizeof(*m)));

	for (size_t i = 0; m && i < s->o.nmounts; i++) {
		char real[PATH_MAX];

		m[i] = s->o.mounts[i];
		if (m[i].type && strcmp(m[i].type, "bind") != 0)
			return err_set(e, -ENOTSUP, "mounts of type '%s' are not there yet", m[i].type);
		if (*m[i].target != '/')
			return err_set(e, -EINVAL, "'%s' is not an absolute path in the container", m[i].target);
		if (!realpath(m[i].source, real))
			return err_sys(e, -errno, "cannot mount '%s'", m[i].source);
		m[i].source = eng_arena_str(a, real);
		m[i].target = eng_arena_str(a, m[i].target);
		m[i].type = "bind";
	}
	s->o.mounts = m;
	return 0;
}

static int take_ports(struct create_spec *s, struct eng_arena *a, struct err *e)
{
	struct berth_port *p = eng_arena_take(a, calloc(s->o.nports + 1, sizeof(*p)));

	for (size_t i = 0; p && i < s->o.nports; i++) {
		p[i] = s->o.ports[i];
		p[i].host_ip = eng_arena_str(a, p[i].host_ip ? p[i].host_ip : "0.0.0.0");
		p[i].proto = eng_arena_str(a, p[i].proto ? p[i].proto : "tcp");
		if (p[i].proto && strcmp(p[i].proto, "tcp") != 0)
			return err_set(e, -ENOTSUP, "publishing %s ports is not there yet: only tcp", p[i].proto);
	}
	s->o.ports = p;
	return 0;
}

static int take_seccomp(struct create_spec *s, const char *word, struct err *e)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int rc;

	if (!word || strcmp(word, "unconfined") == 0)
		return 0;
	rc = file_load(AT_FDCWD, word, 1 << 20, &text, &len, e);
	return rc < 0 ? rc : json_parse(text, len, "the seccomp profile", &s->seccomp, e);
}

int create_check_limits(uint64_t memory, double cpus, struct err *e)
{
	if (!(cpus >= 0 && cpus <= CPUS_MAX))
		return err_set(e, -EINVAL, "a container has more than 0 and at most %d CPUs", CPUS_MAX);
	if (memory && memory < MEMORY_MIN)
		return err_set(e, -EINVAL, "a container needs at least 6 MiB of memory");
	if (memory >= MEMORY_MAX)
		return err_set(e, -EINVAL, "a container has less than 1 TiB of memory");
	return 0;
}

static int check(const struct create_spec *s, struct err *e)
{
	const struct berth_create *o = &s->o;
	int rc = create_check_limits(o->memory, o->cpus, e);

	if (rc < 0)
		return rc;

	if (o->rootfs && o->image)
		return err_set(e, -EINVAL, "a container is made from an image or from a file, not from both");
	if (!o->rootfs && (!o->image || !*o->image))
		return err_set(e, -EINVAL, "an image is missing");
	if (o->name && !container_name_valid(o->name))
		return err_set(e, -EINVAL, "'%s' is not a name: letters, digits, '.', '_', '-', at least two", o->name);
	if (o->hostname && (strlen(o->hostname) > 63 || !*o->hostname || strchr(o->hostname, '/')))
		return err_set(e, -EINVAL, "'%s' is not a host name of at most 63 bytes", o->hostname);
	if (o->network && strcmp(o->network, "host-user") != 0 && strcmp(o->network, "none") != 0)
		return err_set(e, -ENOTSUP, "there is no network '%s': host-user and none are there", o->network);
	if (o->nports && o->network && strcmp(o->network, "none") == 0)
		return err_set(e, -EINVAL, "a container without network cannot publish ports");
	if (o->restart && strcmp(o->restart, "no") != 0)
		return err_set(e, -ENOTSUP, "restart policies are not there yet");
	if (o->accel && strcmp(o->accel, "auto") != 0 && strcmp(o->accel, "kvm") != 0 && strcmp(o->accel, "tcg") != 0)
		return err_set(e, -EINVAL, "'%s' is not an accelerator: auto, kvm or tcg", o->accel);
	if (o->stop_signal && berth_signal_number(o->stop_signal) < 0)
		return err_set(e, -EINVAL, "'%s' is not a signal", o->stop_signal);
	return 0;
}

/* As docker does: "K" alone takes the value of this process; one that is not set stays "K", which takes the
 * image's away. */
static const char *const *take_env(struct eng_arena *a, const char *const *env)
{
	const char **v = eng_arena_take(a, calloc(strv_len(env) + 1, sizeof(*v)));
	size_t n = 0;

	for (; v && env && *env; env++) {
		const char *value = strchr(*env, '=') ? NULL : getenv(*env);

		v[n++] = value ? eng_arena_take(a, path_fmt("%s=%s", *env, value)) : eng_arena_str(a, *env);
	}
	return v;
}

/* Everything that is a string or a list of them becomes ours. */
static void copy_strings(struct create_spec *s, struct eng_arena *a)
{
	struct berth_create *o = &s->o;
	const char **strings[] = { &o->image,	&o->rootfs, &o->name,	 &o->hostname, &o->domainname, &o->user,
				   &o->workdir, &o->seccomp,	 &o->network,  &o->stop_signal, &o->restart,
				   &o->platform, &o->kernel,	 &o->kernel_args, &o->accel,
				   &o->pull_options.ca_file, &o->pull_options.creds };
	const char *const **lists[] = { &o->args,    &o->entrypoint, &o->labels,     &o->groups, &o->cap_add,
					&o->cap_drop, &o->tmpfs,     &o->dns,	     &o->dns_search, &o->add_hosts };

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		*strings[i] = eng_arena_str(a, *strings[i]);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		*lists[i] = eng_arena_strv(a, *lists[i]);
	o->env = take_env(a, o->env);
	s->image = o->image;
	s->platform = o->platform;
	s->pull_policy = o->pull;
	s->pull = o->pull_options;
	s->root_size = o->root_size;
}

/* What was not asked for is as the configuration has it. */
static void take_defaults(struct create_spec *s, const struct conf *c)
{
	struct berth_create *o = &s->o;

	if (!o->cpus)
		o->cpus = (double)conf_number(c, CONF_RUN_CPUS) / 1000;
	if (!o->memory)
		o->memory = conf_number(c, CONF_RUN_MEMORY);
	if (!o->pids_limit)
		o->pids_limit = conf_number(c, CONF_RUN_PIDS_LIMIT);
	if (!o->root_size && conf_given(c, CONF_RUN_ROOT_SIZE))
		o->root_size = conf_number(c, CONF_RUN_ROOT_SIZE);
	if (!o->network && !o->nports)
		o->network = conf_text(c, CONF_RUN_NETWORK);
	if (!o->stop_timeout_set && o->stop_timeout_ms <= 0) {
		o->stop_timeout_ms = (int64_t)conf_number(c, CONF_RUN_STOP_TIMEOUT);
		o->stop_timeout_set = true;
	}
	s->log_size = conf_number(c, CONF_RUN_LOG_SIZE);
	s->log_files = (unsigned)conf_number(c, CONF_RUN_LOG_FILES);
}

int create_spec_init(struct create_spec *s, struct eng_arena *a, const struct conf *conf, const struct berth_create *in,
		     struct err *e)
{
	struct berth_create *o = &s->o;
	int rc;

	*o = *in;
	take_defaults(s, conf);
	rc = check(s, e);
	if (rc < 0)
		return rc;
	copy_strings(s, a);
	rc = take_ulimits(s, a, o->ulimits, e);
	if (rc == 0)
		rc = take_sysctls(s, a, o->sysctls, e);
	if (rc == 0)
		rc = take_mounts(s, a, e);
	if (rc == 0)
		rc = take_ports(s, a, e);
	if (rc == 0)
		rc = take_seccomp(s, o->seccomp, e);
	if (rc == 0 && o->platform) {
		rc = oci_platform_parse(o->platform, &s->platform_value, e);
		s->platform_given = &s->platform_value;
	}
	return rc == 0 && a->failed ? err_sys(e, -ENOMEM, "cannot make a container") : rc;
}

void create_spec_finish(struct create_spec *s)
{
	cJSON_Delete(s->seccomp);
	s->seccomp = NULL;
}

/* --- the configuration */

/* "busybox-3f9a": the image's last word and some of the id. */
static void pick_name(const char *image, const char *id, char ret[static 80])
{
	const char *base = strrchr(image, '/');
	size_t n = 0;

	base = base ? base + 1 : image;
	for (; *base && *base != ':' && *base != '@' && n < 60; base++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-", *base))
			ret[n++] = *base;
	while (n && strchr("_.-", ret[0]))
		memmove(ret, ret + 1, n--);
	if (!n) {
		strcpy(ret, "berth");
		n = 5;
	}
	snprintf(ret + n, 80 - n, "-%.6s", id);
}

static int build_spec(const struct create_spec *s, const char *id, const char *hostname,
		      const struct store_image *image, cJSON **ret, struct err *e)
{
	const struct berth_create *o = &s->o;
	AUTO_FREE struct oci_mount *mounts = calloc(o->nmounts + 1, sizeof(*mounts));
	AUTO_FREE char (*sources)[48] = calloc(o->nmounts + 1, sizeof(*sources));
	AUTO_FREE char *root = path_fmt("/run/berth/%s/rootfs", id);
	AUTO_FREE uint32_t *gids = calloc(strv_len(o->groups) + 1, sizeof(*gids));
	struct oci_spec_opts so = {
		.config = &image->image.config, .id = id, .root_path = root, .readonly = o->readonly,
		.entrypoint_given = o->entrypoint != NULL, .entrypoint = o->entrypoint, .cmd = o->args,
		.env = o->env, .user = o->user, .cwd = o->workdir, .groups = gids, .umask = -1, .tty = o->tty,
		.rlimits = s->rlimits, .nrlimits = s->nrlimits, .cap_add = o->cap_add, .cap_drop = o->cap_drop,
		.privileged = o->privileged, .no_new_privileges = o->no_new_privs,
		.seccomp = s->seccomp ? OCI_SECCOMP_GIVEN : o->seccomp ? OCI_SECCOMP_NONE : OCI_SECCOMP_DEFAULT,
		.seccomp_json = s->seccomp, .hostname = hostname, .domainname = o->domainname, .mounts = mounts,
		.nmounts = o->nmounts, .tmpfs = o->tmpfs, .shm_size = o->shm_size, .sysctls = s->sysctls,
		.nsysctls = s->nsysctls, .memory = o->memory, .cpus = o->cpus, .pids = o->pids_limit,
	};
	static const char *const rw[] = { "rbind", NULL }, *const ro[] = { "rbind", "ro", NULL };

	if (!mounts || !sources || !root || !gids)
		return err_sys(e, -ENOMEM, "cannot describe the container");
	for (const char *const *g = o->groups; g && *g; g++) {
		uint64_t v;

		if (str_parse_u64(*g, UINT32_MAX - 1, &v) < 0)
			return err_set(e, -EINVAL, "'%s' is not the number of a group", *g);
		gids[so.ngroups++] = (uint32_t)v;
	}
	for (size_t i = 0; i < o->nmounts; i++) {
		snprintf(sources[i], sizeof(sources[i]), SHARE_PATH "/%zu", i);
		mounts[i] = (struct oci_mount){ "bind", sources[i], o->mounts[i].target, o->mounts[i].readonly ? ro : rw };
	}
	return oci_spec_build(&so, ret, e);
}

static void add_ports(cJSON *j, const struct berth_create *o)
{
	cJSON *list = cJSON_AddArrayToObject(j, "ports");

	for (size_t i = 0; i < o->nports; i++) {
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "host_ip", o->ports[i].host_ip);
		cJSON_AddNumberToObject(row, "host_port", o->ports[i].host_port);
		cJSON_AddNumberToObject(row, "container_port", o->ports[i].container_port);
		cJSON_AddStringToObject(row, "proto", o->ports[i].proto);
		cJSON_AddItemToArray(list, row);
	}
}

static void add_mounts(cJSON *j, const struct berth_create *o)
{
	cJSON *list = cJSON_AddArrayToObject(j, "mounts");

	for (size_t i = 0; i < o->nmounts; i++) {
		cJSON *row = cJSON_CreateObject();

		cJSON_AddStringToObject(row, "type", o->mounts[i].type);
		cJSON_AddStringToObject(row, "source", o->mounts[i].source);
		cJSON_AddStringToObject(row, "target", o->mounts[i].target);
		cJSON_AddBoolToObject(row, "readonly", o->mounts[i].readonly);
		cJSON_AddItemToArray(list, row);
	}
}

static void add_labels(cJSON *j, const struct berth_create *o, const struct oci_config *image)
{
	cJSON *map = cJSON_AddObjectToObject(j, "labels");

	for (size_t i = 0; i < image->nlabels; i++)
		cJSON_AddStringToObject(map, image->labels[i].key, image->labels[i].value);
	for (const char *const *l = o->labels; l && *l; l++) {
		AUTO_FREE char *key = strndup(*l, strcspn(*l, "="));

		if (!key)
			continue;
		cJSON_DeleteItemFromObjectCaseSensitive(map, key);
		cJSON_AddStringToObject(map, key, strchr(*l, '=') ? strchr(*l, '=') + 1 : "");
	}
}

static void add_list(cJSON *j, const char *name, const char *const *v)
{
	if (v)
		cJSON_AddItemToObject(j, name, json_from_strv(v));
}

static int stop_signal(const struct berth_create *o, const struct oci_config *image)
{
	int sig = berth_signal_number(o->stop_signal ? o->stop_signal : image->stop_signal ? image->stop_signal : "TERM");

	return sig < 0 ? 15 : sig;
}

/* A file's path must mean the same to the shim, which runs elsewhere. */
static int add_kernel(cJSON *j, const char *kernel, struct err *e)
{
	AUTO_FREE char *path = kernel && strchr(kernel, '/') ? realpath(kernel, NULL) : NULL;

	if (kernel && strchr(kernel, '/') && !path)
		return err_set(e, -EINVAL, "cannot find kernel '%s': %s", kernel, err_str(-errno));
	if (kernel)
		cJSON_AddStringToObject(j, "kernel", path ? path : kernel);
	return 0;
}

/* What its base is, and what the user calls it. */
static int add_base(cJSON *j, const struct create_spec *s, const struct store_image *image, struct err *e)
{
	AUTO_FREE char *path = s->o.rootfs && !s->own ? realpath(s->o.rootfs, NULL) : NULL;
	char platform[OCI_PLATFORM_MAX], stamp[48];
	struct oci_platform host;
	struct stat st;

	oci_platform_host(&host);
	oci_platform_str(s->o.rootfs ? &host : &image->image.config.platform, platform);
	cJSON_AddStringToObject(j, "platform", platform);
	if (s->own) {
		cJSON_AddStringToObject(j, "image", s->o.rootfs);
		cJSON_AddBoolToObject(j, "own_base", true);
		cJSON_AddBoolToObject(j, "owned", true);
		return 0;
	}
	if (s->o.rootfs) {
		if (!path || stat(path, &st) < 0)
			return err_sys(e, -errno, "cannot open '%s'", s->o.rootfs);
		container_base_stamp(&st, stamp);
		cJSON_AddStringToObject(j, "image", s->o.rootfs);
		cJSON_AddStringToObject(j, "rootfs_file", path);
		cJSON_AddStringToObject(j, "rootfs_stamp", stamp);
		return 0;
	}
	cJSON_AddStringToObject(j, "image", s->o.image);
	cJSON_AddStringToObject(j, "image_id", image->image.manifest.config.digest.text);
	cJSON_AddStringToObject(j, "image_digest", image->image.top.digest.text);
	cJSON_AddStringToObject(j, "rootfs_key", image->rootfs_key);
	return 0;
}

int create_config(const struct create_spec *s, const char *id, const struct store_image *image, cJSON **ret,
		  struct err *e)
{
	const struct berth_create *o = &s->o;
	AUTO_JSON cJSON *j = cJSON_CreateObject();
	cJSON *spec = NULL;
	char name[80], hostname[16], now[CLOCK_RFC3339_MAX];
	int rc;

	pick_name(o->rootfs ? o->rootfs : o->image, id, name);
	snprintf(hostname, sizeof(hostname), "%.12s", id);
	rc = build_spec(s, id, o->hostname ? o->hostname : hostname, image, &spec, e);
	if (rc < 0)
		return rc;
	cJSON_AddItemToObject(j, "spec", spec);
	clock_rfc3339(clock_real_ns(), now);
	cJSON_AddStringToObject(j, "id", id);
	cJSON_AddStringToObject(j, "name", o->name ? o->name : name);
	rc = add_base(j, s, image, e);
	if (rc < 0)
		return rc;
	cJSON_AddItemToObject(j, "command", cJSON_Duplicate(json_arr(json_obj(spec, "process"), "args"), 1));
	cJSON_AddBoolToObject(j, "tty", o->tty);
	cJSON_AddBoolToObject(j, "open_stdin", o->open_stdin);
	cJSON_AddBoolToObject(j, "remove", o->remove);
	add_labels(j, o, &image->image.config);
	cJSON_AddStringToObject(j, "hostname", o->hostname ? o->hostname : hostname);
	cJSON_AddStringToObject(j, "network", o->network ? o->network : "host-user");
	add_list(j, "dns", o->dns);
	add_list(j, "dns_search", o->dns_search);
	add_list(j, "add_hosts", o->add_hosts);
	add_ports(j, o);
	add_mounts(j, o);
	cJSON_AddNumberToObject(j, "memory_bytes", (double)o->memory);
	cJSON_AddNumberToObject(j, "cpus", o->cpus > 0 ? o->cpus : 1);
	cJSON_AddNumberToObject(j, "root_size", (double)o->root_size);
	rc = add_kernel(j, o->kernel, e);
	if (rc < 0)
		return rc;
	if (o->kernel_args)
		cJSON_AddStringToObject(j, "kernel_args", o->kernel_args);
	cJSON_AddStringToObject(j, "accel", o->accel ? o->accel : "auto");
	cJSON_AddNumberToObject(j, "stop_signal", stop_signal(o, &image->image.config));
	cJSON_AddNumberToObject(j, "stop_timeout_ms", o->stop_timeout_set ? (double)o->stop_timeout_ms : 10000);
	cJSON_AddNumberToObject(j, "log_size", (double)s->log_size);
	cJSON_AddNumberToObject(j, "log_files", s->log_files);
	cJSON_AddStringToObject(j, "restart", "no");
	cJSON_AddStringToObject(j, "created", now);
	*ret = TAKE(j);
	return 0;
}

/* --- what images need */

char *eng_builtin_images(void)
{
	AUTO_FREE char *beside = where_helper("images/busybox");

	if (beside && access(beside, F_OK) == 0)
		return TAKE(beside);
	return strdup(BERTH_DATADIR "/images/busybox");
}
