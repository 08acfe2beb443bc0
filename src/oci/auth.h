/* SPDX-License-Identifier: Apache-2.0 */
/* auth.h - how a registry asks who we are and what we answer: challenges (RFC 9110, "WWW-Authenticate";
 * the distribution project's token protocol), credentials, and where credentials may go. No I/O. */
#ifndef BERTH_OCI_AUTH_H
#define BERTH_OCI_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OCI_AUTH_MAX 8192   /* bytes of one parameter of a challenge */
#define OCI_TOKEN_MAX 65536 /* bytes of a token */

enum oci_auth { OCI_AUTH_NONE, OCI_AUTH_BASIC, OCI_AUTH_BEARER };

/* Strings are owned; NULL if not given. */
struct oci_challenge {
	enum oci_auth kind;
	char *realm, *service, *scope, *error;
};

/* The best of all challenges in header, which may be several fields joined by ", ": Bearer with a realm, else
 * Basic, else NONE. What does not parse ends the list there. 0 or -ENOMEM. */
int oci_challenge_parse(const char *header, struct oci_challenge *ret);
void oci_challenge_finish(struct oci_challenge *c);

/* Zeroed memory: nobody. identity: an OAuth2 refresh token, then there may be no password. */
struct oci_cred {
	char *user, *password, *identity;
};

void oci_cred_finish(struct oci_cred *c);
static inline bool oci_cred_none(const struct oci_cred *c)
{
	return !c->user && !c->identity;
}
/* "user:password" as on a command line. -EINVAL. */
int oci_cred_split(const char *s, struct oci_cred *ret, struct err *e);
/* The value of an Authorization field for them, "Basic …"; the caller frees; NULL: out of memory. */
char *oci_cred_basic(const struct oci_cred *c);

/* Of an URL: scheme and host as they stand there, lower case; port, or the scheme's default. -EINVAL for what
 * is not http or https, has user information or control characters. */
struct oci_origin {
	bool tls;
	char host[256]; /* "example.com", "127.0.0.1", "[::1]" */
	uint16_t port;
};

int oci_origin_parse(const char *url, struct oci_origin *ret, struct err *e);
bool oci_origin_eq(const struct oci_origin *a, const struct oci_origin *b);
/* localhost, 127.0.0.0/8, ::1. */
bool oci_host_is_loopback(const char *host);

/* true if credentials of the registry may go to its token realm: to the same host, not from TLS to plain
 * text, or to the one that the registry is known to use (docker.io: auth.docker.io). */
bool oci_realm_trusted(const struct oci_origin *registry, const struct oci_origin *realm);

/* What a realm answers. ret_refresh (may be NULL): the refresh token that came with it, or NULL. -EINVAL with words; the
 * caller frees both. */
int oci_token_parse(const char *text, size_t len, char **ret_token, char **ret_refresh, int64_t *ret_seconds,
		    struct err *e);

#endif
