/* SPDX-License-Identifier: Apache-2.0 */
/* cred.h - the logins that docker and podman keep: ~/.docker/config.json ("auths", "credHelpers",
 * "credsStore") and containers' auth.json. */
#ifndef BERTH_OCI_CRED_H
#define BERTH_OCI_CRED_H

#include "base/err.h"
#include "oci/auth.h"

#define OCI_CRED_FILE_MAX (1u << 20)

/* Looks host ("docker.io", "localhost:5000") up in the text of such a file; repo ("a/b", may be NULL) for
 * entries of "host/a". Fills ret, or *ret_helper with the name of the helper to ask (the caller frees), or
 * neither. No I/O. -EINVAL with words. */
int oci_cred_lookup(const char *text, size_t len, const char *host, const char *repo, struct oci_cred *ret,
		    char **ret_helper, struct err *e);
/* What docker-credential-HELPER printed. -EINVAL. */
int oci_cred_parse_helper(const char *text, size_t len, struct oci_cred *ret, struct err *e);

/* The login for host from the files that are there, asking helpers (up to 30 s); none is no error. Blocks. */
int oci_cred_find(const char *host, const char *repo, struct oci_cred *ret, struct err *e);

#endif
