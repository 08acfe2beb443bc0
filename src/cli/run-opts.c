/* SPDX-License-Identifier: Apache-2.0 */
/* run-opts.c - the options of run and create. */
#include "cli/run-opts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

const struct cli_opt cli_run_opts[] = {
	{ 'i', "interactive", NULL, "keep standard input open" },
	{ 't', "tty", NULL, "give the process a terminal" },
	{ 'd', "detach", NULL, "run in the background and print the id" },
	{ 0, "rm", NULL, "remove the container when it ends" },
	{ 0, "name", "NAME", "name the container" },
	{ 0, "hostname", "NAME", "its host name (default: the short id)" },
	{ 0, "domainname", "NAME", "its domain name" },
	{ 'e', "env", "KEY[=VALUE]", "set an environment variable; KEY alone takes this shell's" },
	{ 0, "env-file", "FILE", "read environment variables from a file, one a line" },
	{ 'w', "workdir", "DIR", "working directory" },
	{ 'u', "user", "USER[:GROUP]", "user and group, by name or number of the container" },
	{ 0, "group-add", "GID", "add a group" },
	{ 0, "entrypoint", "PROGRAM", "in place of the image's; '' for none" },
	{ 'l', "label", "KEY=VALUE", "set a label" },
	{ 0, "stop-signal", "SIGNAL", "signal of berth stop (default: the image's or TERM)" },
	{ 0, "stop-timeout", "SECONDS", "wait this long before SIGKILL (default 10)" },
	{ 0, "cidfile", "FILE", "write the id to a file" },
	{ 0, "pull", "WHEN", "missing, always or never (default missing)" },
	{ 0, "platform", "OS/ARCH", "platform of the image" },
	{ 0, "kernel", "NAME", "boot this kernel of berth kernel ls, or a file if it has a '/'" },
	{ 0, "kernel-arg", "WORDS", "more words for the kernel's command line" },
	{ 0, "cpus", "N", "CPUs (default 1)" },
	{ 'm', "memory", "SIZE", "memory limit, as in 512m (default: the VM's 512 MiB)" },
	{ 0, "pids-limit", "N", "limit of processes" },
	{ 0, "shm-size", "SIZE", "size of /dev/shm (default 64m)" },
	{ 0, "ulimit", "NAME=SOFT[:HARD]", "set a limit of the process" },
	{ 0, "sysctl", "KEY=VALUE", "set a kernel parameter" },
	{ 0, "tmpfs", "PATH[:OPTIONS]", "mount a tmpfs" },
	{ 0, "read-only", NULL, "make the root file system read-only" },
	{ 0, "cap-add", "CAPABILITY", "give a capability, or ALL" },
	{ 0, "cap-drop", "CAPABILITY", "take a capability, or ALL" },
	{ 0, "privileged", NULL, "all capabilities, nothing masked" },
	{ 0, "security-opt", "OPTION", "seccomp=FILE, seccomp=unconfined, no-new-privileges" },
	{ 'v', "volume", "HOST:CTR[:ro]", "mount a file or folder of the host" },
	{ 0, "mount", "type=bind,src=…,dst=…[,ro]", "the same in words" },
	{ 0, "network", "NETWORK", "host-user (default) or none" },
	{ 0, "dns", "ADDRESS", "name server" },
	{ 0, "dns-search", "DOMAIN", "search domain" },
	{ 0, "add-host", "NAME:ADDRESS", "line of /etc/hosts; host-gateway is the host" },
	{ 'p', "publish", "[IP:]HOST:CTR", "publish a port" },
	{ 0, "rootfs", "FILE", "an ext4 file in place of IMAGE; it is only read, and must stay as it is" },
	{ 0, "root-size", "SIZE", "size of the writable disk (default 8g, sparse)" },
	{ 0, "accel", "KIND", "auto, kvm or tcg" },
	{ 0, "restart", "POLICY", "no (others are not there yet)" },
	{ 0, "detach-keys", "KEYS", "keys that detach (default ctrl-p,ctrl-q)" },
	{ 0, "sig-proxy", NULL, "pass signals on to the process (default true)", CLI_BOOL },
	{ 0, "plain-http", NULL, "pull without TLS" },
	{ 0, "tls-verify", NULL, "check the registry's certificate (default true)", CLI_BOOL },
	{ 0, "ca", "FILE", "certificates to trust" },
	{ 0, "creds", "USER:PASSWORD", "credentials of the registry", .secret = true },
	{ 0 },
};

char *run_spec_own(struct run_spec *s, char *p)
{
	s->words = cli_must(realloc(s->words, (s->nwords + 2) * sizeof(*s->words)));
	s->words[s->nwords++] = cli_must(p);
	s->words[s->nwords] = NULL;
	return p;
}

static const char *const *list_of(struct run_spec *s, const struct cli_args *a, const char *name)
{
	const char **v = cli_values(a, name);

	if (v)
		s->lists[s->nlists++] = v;
	return v;
}

/* --- environment */

static int add_env_file(struct run_spec *s, const struct cli_cmd *cmd, const char *path, const char ***v, size_t *n)
{
	AUTO_FREE char *text = NULL;
	struct err e = { 0 };

	if (file_load(AT_FDCWD, path, 1 << 20, &text, NULL, &e) < 0)
		return cli_usage(cmd, "%s", e.text);
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		line[strcspn(line, "\r")] = 0;
		if (!*line || *line == '#')
			continue;
		*v = cli_must(realloc(*v, (*n + 2) * sizeof(**v)));
		(*v)[(*n)++] = run_spec_own(s, strdup(line));
		(*v)[*n] = NULL;
	}
	return 0;
}

const char **run_env(struct run_spec *s, const struct cli_args *a, int *ret_code)
{
	AUTO_FREE const char **files = cli_values(a, "env-file");
	AUTO_FREE const char **given = cli_values(a, "env");
	const char **v = cli_must(calloc(1, sizeof(*v)));
	size_t n = 0;

	*ret_code = 0;
	for (const char **f = files; *ret_code == 0 && f && *f; f++)
		*ret_code = add_env_file(s, a->cmd, *f, &v, &n);
	for (const char **g = given; *ret_code == 0 && g && *g; g++) {
		if (**g == '=' || !**g) {
			*ret_code = cli_usage(a->cmd, "'%s' is not a variable, as in KEY=VALUE", *g);
			break;
		}
		v = cli_must(realloc(v, (n + 2) * sizeof(*v)));
		v[n++] = *g;
		v[n] = NULL;
	}
	s->lists[s->nlists++] = v;
	return v;
}

/* --- ports: [IP:]HOST:CTR[/tcp]; HOST 0 or "", or CTR alone: any free one */

static int parse_port(const struct cli_cmd *cmd, const char *word, uint64_t least, uint16_t *ret)
{
	uint64_t v;

	if (str_parse_u64(word, 65535, &v) < 0 || v < least)
		return cli_usage(cmd, "'%s' is not a port", word);
	*ret = (uint16_t)v;
	return 0;
}

static int take_port(struct run_spec *s, const struct cli_cmd *cmd, const char *spec, struct berth_port *p)
{
	char *text = run_spec_own(s, strdup(spec)), *slash, *inner, *outer = NULL, *ip = NULL;
	int rc;

	slash = strrchr(text, '/');
	if (slash)
		*slash++ = 0;
	p->proto = slash ? slash : "tcp";
	if (strcmp(p->proto, "tcp") != 0 && strcmp(p->proto, "udp") != 0)
		return cli_usage(cmd, "'%s' is not a protocol: tcp or udp", p->proto);
	inner = strrchr(text, ':');
	if (inner) {
		*inner++ = 0;
		outer = strrchr(text, ':');
		if (outer) {
			*outer++ = 0;
			ip = text;
		} else {
			outer = text;
		}
	} else {
		inner = text;
	}
	if (ip && *ip == '[' && ip[strlen(ip) - 1] == ']') {
		ip[strlen(ip) - 1] = 0;
		ip++;
	}
	p->host_ip = ip && *ip ? ip : NULL;
	rc = parse_port(cmd, inner, 1, &p->container_port);
	return rc || !outer || !*outer ? rc : parse_port(cmd, outer, 0, &p->host_port);
}

static int take_ports(struct run_spec *s, const struct cli_args *a)
{
	AUTO_FREE const char **v = cli_values(a, "publish");
	size_t n = strv_len(v);
	int rc = 0;

	s->ports = cli_must(calloc(n + 1, sizeof(*s->ports)));
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = take_port(s, a->cmd, v[i], &s->ports[s->c.nports++]);
	s->c.ports = s->ports;
	return rc;
}

/* --- mounts: HOST:CTR[:ro], type=bind,src=…,dst=…[,ro] */

static int take_volume(struct run_spec *s, const struct cli_cmd *cmd, const char *spec, struct berth_mount *m)
{
	char *text = run_spec_own(s, strdup(spec)), *target = strchr(text, ':'), *options;

	if (!target || target == text)
		return cli_usage(cmd, "'%s' is not a mount, as in /host/folder:/folder:ro", spec);
	*target++ = 0;
	options = strchr(target, ':');
	if (options)
		*options++ = 0;
	if (!strchr(text, '/') && strcmp(text, ".") != 0 && strcmp(text, "..") != 0)
		return cli_usage(cmd, "there are no named volumes yet: '%s' must be a path, as in ./%s", text, text);
	m->type = "bind";
	m->source = text;
	m->target = target;
	for (char *save = NULL, *o = options ? strtok_r(options, ",", &save) : NULL; o; o = strtok_r(NULL, ",", &save))
		if (strcmp(o, "ro") == 0)
			m->readonly = true;
		else if (strcmp(o, "rw") != 0 && strcmp(o, "z") != 0 && strcmp(o, "Z") != 0)
			return cli_usage(cmd, "'%s' is not an option of a mount: ro or rw", o);
	return 0;
}

static int take_mount(struct run_spec *s, const struct cli_cmd *cmd, const char *spec, struct berth_mount *m)
{
	char *text = run_spec_own(s, strdup(spec)), *save = NULL;

	m->type = "bind";
	for (char *o = strtok_r(text, ",", &save); o; o = strtok_r(NULL, ",", &save)) {
		char *value = strchr(o, '=');

		if (value)
			*value++ = 0;
		if (strcmp(o, "type") == 0 && value)
			m->type = value;
		else if ((strcmp(o, "src") == 0 || strcmp(o, "source") == 0) && value)
			m->source = value;
		else if ((strcmp(o, "dst") == 0 || strcmp(o, "target") == 0 || strcmp(o, "destination") == 0) && value)
			m->target = value;
		else if (strcmp(o, "ro") == 0 || strcmp(o, "readonly") == 0)
			m->readonly = !value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
		else
			return cli_usage(cmd, "'%s' is not a word of --mount", o);
	}
	if (!m->target || (strcmp(m->type, "bind") == 0 && !m->source))
		return cli_usage(cmd, "'%s' is not a mount, as in type=bind,src=/host,dst=/folder", spec);
	return 0;
}

static int take_mounts(struct run_spec *s, const struct cli_args *a)
{
	AUTO_FREE const char **v = cli_values(a, "volume");
	AUTO_FREE const char **m = cli_values(a, "mount");
	size_t n = strv_len(v), k = strv_len(m);
	int rc = 0;

	s->mounts = cli_must(calloc(n + k + 1, sizeof(*s->mounts)));
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = take_volume(s, a->cmd, v[i], &s->mounts[s->c.nmounts++]);
	for (size_t i = 0; rc == 0 && i < k; i++)
		rc = take_mount(s, a->cmd, m[i], &s->mounts[s->c.nmounts++]);
	s->c.mounts = s->mounts;
	return rc;
}

/* --- the rest */

static int take_size(const struct cli_args *a, const char *name, uint64_t *ret)
{
	const char *word = cli_value(a, name);
	struct err e = { 0 };

	if (word && str_parse_size(word, ret, &e) < 0)
		return cli_usage(a->cmd, "--%s: %s", name, e.text);
	return 0;
}

static int take_security(struct run_spec *s, const struct cli_args *a)
{
	AUTO_FREE const char **v = cli_values(a, "security-opt");

	for (const char **o = v; o && *o; o++) {
		if (strcmp(*o, "no-new-privileges") == 0 || strcmp(*o, "no-new-privileges=true") == 0 ||
		    strcmp(*o, "no-new-privileges:true") == 0)
			s->c.no_new_privs = true;
		else if (strncmp(*o, "seccomp=", 8) == 0)
			s->c.seccomp = *o + 8;
		else
			return cli_usage(a->cmd, "'%s' is not a security option: seccomp=FILE, seccomp=unconfined, "
						 "no-new-privileges", *o);
	}
	return 0;
}

int cli_cpus(const struct cli_args *a, double *ret)
{
	const char *word = cli_value(a, "cpus");
	char *end = NULL;

	if (!word)
		return 0;
	*ret = strtod(word, &end);
	if (end == word || *end || !(*ret > 0))
		return cli_usage(a->cmd, "'%s' is not a number of CPUs", word);
	return 0;
}

int cli_take_limits(const struct cli_args *a, struct berth_limits *ret)
{
	const char *pids = cli_value(a, "pids-limit");
	int rc = take_size(a, "memory", &ret->memory_bytes);

	if (rc == 0)
		rc = cli_cpus(a, &ret->cpus);
	if (rc == 0 && pids && strcmp(pids, "-1") != 0 && str_parse_u64(pids, INT32_MAX, &ret->pids) < 0)
		return cli_usage(a->cmd, "'%s' is not a number of processes", pids);
	return rc;
}

static int take_numbers(struct run_spec *s, const struct cli_args *a)
{
	const char *timeout = cli_value(a, "stop-timeout"), *pull = cli_value(a, "pull");
	struct berth_limits l = { 0 };
	uint64_t v;
	int rc = cli_take_limits(a, &l);

	s->c.memory = l.memory_bytes;
	s->c.cpus = l.cpus;
	s->c.pids_limit = l.pids;
	if (rc == 0)
		rc = take_size(a, "shm-size", &s->c.shm_size);
	if (rc == 0)
		rc = take_size(a, "root-size", &s->c.root_size);
	if (rc)
		return rc;
	if (timeout) {
		if (str_parse_u64(timeout, 1000000, &v) < 0)
			return cli_usage(a->cmd, "'%s' is not a number of seconds", timeout);
		s->c.stop_timeout_ms = (int64_t)v * 1000;
		s->c.stop_timeout_set = true;
	}
	if (!pull || strcmp(pull, "missing") == 0)
		s->c.pull = BERTH_PULL_MISSING;
	else if (strcmp(pull, "always") == 0)
		s->c.pull = BERTH_PULL_ALWAYS;
	else if (strcmp(pull, "never") == 0)
		s->c.pull = BERTH_PULL_NEVER;
	else
		return cli_usage(a->cmd, "'%s' is not a time to pull: missing, always or never", pull);
	return 0;
}

int run_spec_init(struct run_spec *s, const struct cli_args *a)
{
	static const char *const none[] = { NULL };
	struct berth_create *c = &s->c;
	const char *entrypoint = cli_value(a, "entrypoint");
	int rc;

	*s = (struct run_spec){ 0 };
	c->rootfs = cli_value(a, "rootfs");
	if (c->rootfs)
		c->args = a->argv;
	else
		c->image = a->argv[0];
	if (!c->rootfs && a->argc > 1)
		c->args = a->argv + 1;
	if (entrypoint && !*entrypoint) {
		c->entrypoint = none;
	} else if (entrypoint) {
		const char **v = cli_must(calloc(2, sizeof(*v)));

		v[0] = entrypoint;
		s->lists[s->nlists++] = v;
		c->entrypoint = v;
	}
	c->name = cli_value(a, "name");
	c->hostname = cli_value(a, "hostname");
	c->domainname = cli_value(a, "domainname");
	c->tty = cli_flag(a, "tty");
	c->open_stdin = cli_flag(a, "interactive");
	c->remove = cli_flag(a, "rm");
	c->user = cli_value(a, "user");
	c->workdir = cli_value(a, "workdir");
	c->groups = list_of(s, a, "group-add");
	c->labels = list_of(s, a, "label");
	c->readonly = cli_flag(a, "read-only");
	c->privileged = cli_flag(a, "privileged");
	c->cap_add = list_of(s, a, "cap-add");
	c->cap_drop = list_of(s, a, "cap-drop");
	c->sysctls = list_of(s, a, "sysctl");
	c->ulimits = list_of(s, a, "ulimit");
	c->tmpfs = list_of(s, a, "tmpfs");
	c->network = cli_value(a, "network");
	c->dns = list_of(s, a, "dns");
	c->dns_search = list_of(s, a, "dns-search");
	c->add_hosts = list_of(s, a, "add-host");
	c->stop_signal = cli_value(a, "stop-signal");
	c->restart = cli_value(a, "restart");
	c->platform = cli_value(a, "platform");
	c->kernel = cli_value(a, "kernel");
	c->kernel_args = cli_value(a, "kernel-arg");
	c->accel = cli_value(a, "accel");
	c->pull_options.plain_http = cli_flag(a, "plain-http");
	c->pull_options.tls_no_verify = cli_value(a, "tls-verify") && !cli_flag(a, "tls-verify");
	c->pull_options.ca_file = cli_value(a, "ca");
	c->pull_options.creds = cli_value(a, "creds");
	c->env = run_env(s, a, &rc);
	if (rc == 0)
		rc = take_numbers(s, a);
	if (rc == 0)
		rc = take_security(s, a);
	if (rc == 0)
		rc = take_ports(s, a);
	if (rc == 0)
		rc = take_mounts(s, a);
	return rc;
}

void run_spec_finish(struct run_spec *s)
{
	for (size_t i = 0; i < s->nlists; i++)
		free(s->lists[i]);
	free(s->ports);
	free(s->mounts);
	strv_free(s->words);
	*s = (struct run_spec){ 0 };
}
