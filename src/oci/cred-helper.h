/* SPDX-License-Identifier: Apache-2.0 */
/* cred-helper.h - docker's credential helpers: programs docker-credential-NAME that keep logins. */
#ifndef BERTH_OCI_CRED_HELPER_H
#define BERTH_OCI_CRED_HELPER_H

#include "oci/auth.h"

/* The key of host in docker's files and helpers: docker.io has one of its own. */
const char *oci_cred_key(const char *host);

/* Asks for the login of host; one that it does not know is no error, ret is nobody then. Blocks, 30 s at most,
 * as do the others. Errors name the helper. */
int oci_cred_helper_get(const char *name, const char *host, struct oci_cred *ret, struct err *e);
int oci_cred_helper_store(const char *name, const char *host, const struct oci_cred *c, struct err *e);
/* One that it does not know is no error. */
int oci_cred_helper_erase(const char *name, const char *host, struct err *e);

#endif
