/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry and its token server answer: challenges, addresses, tokens, and the files with logins. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "oci/auth.h"
#include "oci/cred.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	AUTO_FREE char *text = strndup((const char *)p, n);
	AUTO_FREE char *token = NULL;
	AUTO_FREE char *helper = NULL;
	struct oci_challenge c AUTO(oci_challenge_finish) = { 0 };
	struct oci_cred cred AUTO(oci_cred_finish) = { 0 }, other AUTO(oci_cred_finish) = { 0 };
	struct oci_origin o;
	int64_t seconds;

	assert(oci_challenge_parse(text, &c) == 0);
	assert(c.kind != OCI_AUTH_BEARER || (c.realm && *c.realm));
	if (c.realm)
		assert(strlen(c.realm) <= OCI_AUTH_MAX);
	if (oci_origin_parse(text, &o, NULL) == 0) {
		assert(o.host[0] && o.port);
		assert(oci_realm_trusted(&o, &o));
		oci_host_is_loopback(o.host);
	}
	if (oci_token_parse(text, strlen(text), &token, &seconds, NULL) == 0)
		assert(seconds > 0 && strlen(token) <= OCI_TOKEN_MAX);
	oci_cred_lookup(text, strlen(text), "docker.io", "library/x", &cred, &helper, NULL);
	oci_cred_parse_helper(text, strlen(text), &other, NULL);
	return 0;
}
