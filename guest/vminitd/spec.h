/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - a container's configuration: the part of the OCI runtime spec that the agent carries out.
 *
 * Source: github.com/opencontainers/runtime-spec, config.md and config-linux.md, version 1.1. What is
 * not known is ignored, as the spec asks; what is known and wrong is -EINVAL with words. The structs
 * point into the JSON tree, which they own. */
#ifndef BERTH_GUEST_SPEC_H
#define BERTH_GUEST_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"

#define VI_SPEC_MAX (4u << 20)  /* bytes of JSON */
#define VI_LIST_MAX 4096        /* members of any list */

/* The five capability sets, as bit masks of CAP_*. */
struct vi_caps {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

struct vi_rlimit {
	int resource;
	struct rlimit lim;
};

/* process: what is run. */
struct vi_process_spec {
	json_t *json;       /* owned */
	bool terminal;
	unsigned rows, cols; /* of the terminal; 0 if not said */
	const char *user;   /* "name[:group]", to be looked up in the container; NULL: uid and gid count */
	uid_t uid;
	gid_t gid;
	gid_t *gids;
	size_t ngids;
	int umask;          /* -1 if not said */
	const char **args;  /* NULL-terminated, at least one */
	const char **env;   /* NULL-terminated */
	const char *cwd;
	bool have_caps;
	struct vi_caps caps;
	struct vi_rlimit *rlimits;
	size_t nrlimits;
	bool no_new_privs;
	bool have_oom;
	int oom_score_adj;
};

struct vi_mount {
	const char *dest, *type, *source;
	const char **options;
	size_t noptions;
};

struct vi_device {
	const char *path;
	mode_t mode; /* with the type */
	dev_t dev;
	uid_t uid;
	gid_t gid;
};

/* One rule of linux.resources.devices; type 'a', 'b' or 'c'; numbers -1 for any. */
struct vi_devrule {
	bool allow;
	char type;
	int64_t major, minor;
	unsigned access; /* BPF_DEVCG_ACC_* */
};

/* Text for a file of the container's cgroup: {"memory.max", "1048576"}. */
struct vi_setting {
	const char *key;
	char *value;
};

struct vi_namespace {
	int flag;         /* CLONE_NEW* */
	const char *path; /* to join; NULL: a new one */
};

struct vi_spec {
	json_t *json; /* owned */
	const char *root_path;
	bool root_readonly;
	const char *hostname, *domainname;
	struct vi_process_spec process;
	struct vi_mount *mounts;
	size_t nmounts;
	struct vi_namespace ns[8];
	size_t nns;
	char *cgroup; /* owned; absolute within the hierarchy */
	struct vi_setting *cg;
	size_t ncg;
	struct vi_setting *sysctl;
	size_t nsysctl;
	const char **masked, **readonly; /* NULL-terminated */
	struct vi_device *devices;
	size_t ndevices;
	struct vi_devrule *devrules;
	size_t ndevrules;
	unsigned long propagation; /* MS_* of the root */
	json_t *seccomp;           /* borrowed of json; NULL: none */
};

/* Reads a whole config.json. id gives the default cgroup. -EINVAL, -EOPNOTSUPP or -ENOMEM. */
int vi_spec_parse(const void *p, size_t n, const char *id, struct vi_spec *ret, struct err *e);
void vi_spec_finish(struct vi_spec *s);

/* Reads the process member alone, as an exec needs it; p is either a whole config or a bare process. */
int vi_process_spec_parse(const void *p, size_t n, struct vi_process_spec *ret, struct err *e);
void vi_process_spec_finish(struct vi_process_spec *s);

/* The capabilities of a container whose configuration names none. */
extern const struct vi_caps vi_caps_default;
/* "CAP_NET_ADMIN" in any case, with or without "CAP_". -EINVAL. */
int vi_cap_parse(const char *name, int *ret);
/* "RLIMIT_NOFILE". -EINVAL. */
int vi_rlimit_parse(const char *name, int *ret);

#endif
