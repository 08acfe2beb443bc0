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

/* "https://host/v1/" and the like name the host. Writes it to ret, "" if it does not fit. */
void oci_cred_key_host(const char *key, char *ret, size_t size);
/* The text of such a file with the login of host set or, with c NULL, taken away; what else is in it stays. text may
 * be empty. ret_text is NULL if nothing changes. *ret_helper: who keeps it, the file gets an empty entry then.
 * The caller frees both. No I/O. -EINVAL with words. */
int oci_cred_edit(const char *text, size_t len, const char *host, const struct oci_cred *c, char **ret_text,
		  char **ret_helper, struct err *e);

/* docker's config.json, NULL if no environment variable tells where. The caller frees. */
char *oci_cred_docker_file(void);
/* The login for host from the files that are there, asking helpers (up to 30 s); none is no error. Blocks. */
int oci_cred_find(const char *host, const char *repo, struct oci_cred *ret, struct err *e);
/* The same from the files that are not docker's; *ret_file (may be NULL): in which one, the caller frees. */
int oci_cred_find_other(const char *host, const char *repo, struct oci_cred *ret, char **ret_file, struct err *e);

/* Keeps the login where docker would: in the helper that its file names, else in the file (0600, replaced in one
 * step; written through a symlink). *ret_where: "helper 'x'" or the file's name, the caller frees. Blocks. */
int oci_cred_store(const char *host, const struct oci_cred *c, char **ret_where, bool *ret_in_file, struct err *e);
/* Takes it away from both. *ret_found: there was one. */
int oci_cred_erase(const char *host, bool *ret_found, struct err *e);

#endif
