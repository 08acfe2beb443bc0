/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - from an image's config and a user's options to the OCI runtime spec's config.json of a container,
 * by docker's rules, and to the process of an exec.
 *
 * Source: github.com/opencontainers/runtime-spec, config.md and config-linux.md, version 1.1. The user is not
 * resolved here but in the guest: process.user.username holds "name[:group]" or numbers as given. There is no
 * network namespace: the virtual machine is one. No I/O. */
#ifndef BERTH_OCI_SPEC_H
#define BERTH_OCI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "oci/config.h"

#define OCI_PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define OCI_SHM_DEFAULT (64ull << 20)
#define OCI_CPU_PERIOD 100000 /* µs, of which a container has a part */

struct oci_mount {
	const char *type, *source, *destination;
	const char *const *options; /* NULL-terminated, or NULL */
};

struct oci_rlimit {
	const char *name;    /* "nofile" or "RLIMIT_NOFILE" */
	uint64_t soft, hard; /* UINT64_MAX: unlimited */
};

enum oci_seccomp { OCI_SECCOMP_DEFAULT, OCI_SECCOMP_NONE, OCI_SECCOMP_GIVEN };

/* All of it may be zero but root_path and id. Nothing is taken over. */
struct oci_spec_opts {
	const struct oci_config *config; /* of the image; NULL: none */
	const char *id;                  /* 64 hex digits; the first 12 are the host's default name */
	const char *root_path;           /* in the guest */
	bool readonly;

	/* --- the process */
	bool entrypoint_given;           /* entrypoint holds, also when it is NULL or [""]: none */
	const char *const *entrypoint;
	const char *const *cmd;          /* arguments behind the image; NULL or empty: none given */
	const char *const *env;          /* "K=V" sets, "K" takes K away */
	const char *user, *cwd;          /* NULL: the image's */
	const uint32_t *groups;          /* additional ones, by number */
	size_t ngroups;
	bool umask_given;
	unsigned umask;
	bool tty;
	unsigned rows, cols;
	const struct oci_rlimit *rlimits;
	size_t nrlimits;
	const char *const *cap_add, *const *cap_drop; /* "NET_ADMIN", "CAP_NET_ADMIN", "ALL" */
	bool privileged, no_new_privileges;
	enum oci_seccomp seccomp;
	const cJSON *seccomp_json;       /* of GIVEN */
	int oom_score_adj;

	/* --- its surroundings */
	const char *hostname, *domainname; /* NULL: from id; none */
	const struct oci_mount *mounts;
	size_t nmounts;
	const char *const *tmpfs;        /* "PATH[:options]" */
	uint64_t shm_size;               /* bytes; 0: 64 MiB */
	const struct oci_pair *sysctls;
	size_t nsysctls;
	const char *const *annotations;  /* "K=V" */

	/* --- limits; 0: none */
	uint64_t memory, memory_swap, memory_reservation; /* bytes; swap as docker means it: with memory */
	double cpus;
	uint64_t cpu_shares, pids;
	const char *cpuset;
	uint64_t blkio_weight;
};

/* "nofile=1024:2048", "core=-1" (unlimited), "nproc=100": both limits; name points into text, a copy of s that
 * the caller keeps. -EINVAL with words. */
int oci_rlimit_parse(char *text, struct oci_rlimit *ret, struct err *e);

/* The words to run: docker's rules for ENTRYPOINT and CMD. -EINVAL "no command …". NULL-terminated, the
 * caller's to strv_free. */
int oci_spec_args(const struct oci_spec_opts *o, char ***ret, struct err *e);
/* The environment: PATH, HOSTNAME and TERM by default, then the image's, then the user's. */
int oci_spec_env(const struct oci_spec_opts *o, char ***ret, struct err *e);
/* Other limits in a spec as oci_spec_build makes it; 0: as it is. -ENOMEM, or -EINVAL if it has no resources. */
int oci_spec_set_limits(cJSON *spec, uint64_t memory, double cpus, uint64_t pids, struct err *e);
/* All of config.json; the caller deletes it. -EINVAL with words for a bad option. */
int oci_spec_build(const struct oci_spec_opts *o, cJSON **ret, struct err *e);

struct oci_exec_opts {
	const char *const *args;
	const char *const *env;   /* as above, over the container's */
	const char *user, *cwd;   /* NULL: the container's */
	bool tty, privileged, no_new_privileges;
	unsigned rows, cols;
	const struct oci_rlimit *rlimits;
	size_t nrlimits;
};

/* The process of an exec in the container whose config.json is spec: an object {"process": …}. */
int oci_spec_exec(const cJSON *spec, const struct oci_exec_opts *o, cJSON **ret, struct err *e);

/* spec-seccomp.c: the default profile for the architecture ("amd64", Go's word), as linux.seccomp. caps: the
 * names that the process has; each lifts the rules that it makes needless. NULL: out of memory. */
cJSON *oci_seccomp_default(const char *arch, const char *const *caps);

/* spec-caps.c: the names of capabilities. */
#define OCI_NCAPS 41
extern const char *const oci_cap_names[OCI_NCAPS]; /* by number: "CAP_CHOWN" is 0 */
/* As a bit mask, docker's defaults with add and drop ("ALL" works in both). -EINVAL. */
int oci_caps(const char *const *add, const char *const *drop, uint64_t *ret, struct err *e);

#endif
