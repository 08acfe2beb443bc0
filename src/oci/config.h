/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - the image configuration: what to run and how, and the layers' digests and history.
 *
 * OCI image specification, config.md; docker's additions Healthcheck, Shell, OnBuild. No I/O. */
#ifndef BERTH_OCI_CONFIG_H
#define BERTH_OCI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "oci/desc.h"

struct oci_pair {
	char *key, *value;
};

struct oci_health {
	char **test; /* ["CMD", …], ["CMD-SHELL", "…"] or ["NONE"]; NULL: inherited, that is none */
	int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns; /* 0: default */
	int64_t retries;
};

struct oci_history {
	char *created, *created_by, *author, *comment; /* NULL if not given */
	bool empty_layer;
};

/* Strings are owned; NULL if not given. Arrays of strings end with NULL; NULL if not given. */
struct oci_config {
	struct oci_platform platform;
	char *created, *author;
	char *user, *working_dir, *stop_signal;
	char **env, **entrypoint, **cmd, **shell;
	char **volumes, **exposed_ports; /* the keys of the objects: "/data", "8080/tcp" */
	struct oci_pair *labels;
	size_t nlabels;
	bool has_health;
	struct oci_health health;
	struct oci_digest *diff_ids; /* of the unpacked layers, lowest first */
	size_t ndiff_ids;
	struct oci_history *history;
	size_t nhistory;
};

/* -EINVAL, -EFBIG, -ENOMEM with words. Members of the wrong type count as absent, but for those that
 * decide what runs: Env, Entrypoint, Cmd, User, WorkingDir and rootfs are checked. */
int oci_config_parse(const char *text, size_t len, struct oci_config *ret, struct err *e);
void oci_config_finish(struct oci_config *c);

/* The chain id of the first n layers (OCI config.md, "Layer ChainID"); n >= 1, n <= ndiff_ids. */
int oci_chain_id(const struct oci_digest *diff_ids, size_t n, struct oci_digest *ret);

#endif
