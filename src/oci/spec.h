/* SPDX-License-Identifier: Apache-2.0 */
/* spec.h - the OCI runtime specification of a container, from its image's configuration and what the user
 * asked for. runtime-spec config.md and config-linux.md 1.1; the rules of Entrypoint and Cmd, the default
 * capabilities, masked paths and mounts are docker's. No I/O. */
#ifndef BERTH_OCI_SPEC_H
#define BERTH_OCI_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "oci/config.h"

struct oci_spec_bind {
	const char *source; /* in the VM */
	const char *target;
	bool readonly;
};

/* Lists end with NULL and may be NULL; so may strings. */
struct oci_spec_opts {
	const struct oci_config *image; /* NULL: none */
	const char *root;               /* in the VM */
	const char *const *entrypoint;  /* NULL: the image's; empty: none */
	const char *const *args;        /* NULL or empty: the image's Cmd, if the entrypoint is the image's too */
	const char *const *env;         /* "K=V"; "K" alone removes the image's */
	const char *user, *workdir, *hostname, *domainname;
	const char *const *groups;
	bool tty, readonly, privileged, no_new_privs;
	const char *const *cap_add, *const *cap_drop; /* with or without CAP_; ALL */
	const cJSON *seccomp;           /* a profile of the runtime-spec's form; NULL: the default */
	bool seccomp_off;
	const char *const *sysctls;     /* "key=value" */
	const char *const *ulimits;     /* "nofile=1024:2048" */
	const char *const *tmpfs;       /* "/path[:options]" */
	const struct oci_spec_bind *binds;
	size_t nbinds;
	uint64_t memory, pids_limit, shm_size; /* bytes; 0: none, none, 64 MiB */
	double cpus;                    /* of the container; 0: no limit */
};

/* -EINVAL with words: nothing to run, an unknown capability or limit, a malformed option. */
int oci_spec_build(const struct oci_spec_opts *o, cJSON **ret, struct err *e);
/* What the container runs, as `ps` shows it: args of the specification. */
const cJSON *oci_spec_args(const cJSON *spec);

#endif
